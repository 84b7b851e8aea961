/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What rows.c loads: skep build rows.bpf.c; or without rows.c: skep run rows.bpf.c --set target=PID. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "row.bpf.h"

struct event {
	skep_pid_t pid;
	char comm[16];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	SKEP_ROWS(64 * 1024, struct event);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, skep_pid_t);
	__type(value, u64);
} calls SEC(".maps");

const volatile u32 target = 0;

SEC("tp/syscalls/sys_enter_getppid")
int sees(void *ctx)
{
	u32 pid = bpf_get_current_pid_tgid() >> 32;
	u64 one = 1, *n = bpf_map_lookup_elem(&calls, &pid);
	struct event *e;

	if (pid != target)
		return 0;
	if (n)
		__sync_fetch_and_add(n, 1);
	else
		bpf_map_update_elem(&calls, &pid, &one, BPF_NOEXIST);
	e = SKEP_RESERVE(&events, struct event);
	if (!e)
		return 0;
	e->pid = pid;
	bpf_get_current_comm(e->comm, sizeof(e->comm));
	bpf_ringbuf_submit(e, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
