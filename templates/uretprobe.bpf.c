/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * PROGRAM: how often malloc() had no memory to give, for each process.
 *
 * A uretprobe stands where a function of a program or library returns.
 */
#include "vmlinux.h" /* types of the kernel; skep build makes it */
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, u32);
	__type(value, u64);
} failures SEC(".maps");

/* The section says where it is attached: uretprobe/FILE:FUNCTION. */
SEC("uretprobe/libc.so.6:malloc")
int BPF_KRETPROBE(PROGRAM, void *result)
{
	u32 pid = bpf_get_current_pid_tgid() >> 32;
	u64 one = 1, *count;

	if (result)
		return 0;
	count = bpf_map_lookup_elem(&failures, &pid);
	if (count)
		__sync_fetch_and_add(count, 1);
	else
		bpf_map_update_elem(&failures, &pid, &one, BPF_NOEXIST);
	return 0;
}

/* Most helpers are for programs under the GPL, or a license that goes with it. */
char LICENSE[] SEC("license") = "GPL";
