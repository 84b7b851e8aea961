/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * PROGRAM: how much memory each process asks of the C library.
 *
 * A uprobe stands at a function of a program or library, in all processes that run it. Functions of one:
 * skep -l 'uprobe:/usr/bin/bash:*read*'
 */
#include "vmlinux.h" /* types of the kernel; skep build makes it */
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, u32);
	__type(value, u64);
} bytes SEC(".maps");

/* The section says where it is attached: uprobe/FILE:FUNCTION. A library is found as programs find it. */
SEC("uprobe/libc.so.6:malloc")
int BPF_KPROBE(PROGRAM, size_t size)
{
	u32 pid = bpf_get_current_pid_tgid() >> 32;
	u64 first = size, *sum = bpf_map_lookup_elem(&bytes, &pid);

	if (sum)
		__sync_fetch_and_add(sum, size);
	else
		bpf_map_update_elem(&bytes, &pid, &first, BPF_NOEXIST);
	return 0;
}

/* Most helpers are for programs under the GPL, or a license that goes with it. */
char LICENSE[] SEC("license") = "GPL";
