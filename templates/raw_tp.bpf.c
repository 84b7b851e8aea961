/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * PROGRAM: how often each process makes a system call.
 *
 * A raw tracepoint gives what the kernel passes to a tracepoint, before it is put into fields: it is the fastest, and its
 * arguments are numbers of which one has to know what they mean. Here: registers, and the number of the system call.
 */
#include "vmlinux.h" /* types of the kernel; skep build makes it */
#include <bpf/bpf_helpers.h>

/* Each CPU counts for itself, so that none waits for another; readers add up. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 10240);
	__type(key, u32);
	__type(value, u64);
} counts SEC(".maps");

/* The section says where it is attached: raw_tp/EVENT. */
SEC("raw_tp/sys_enter")
int PROGRAM(struct bpf_raw_tracepoint_args *ctx)
{
	u32 pid = bpf_get_current_pid_tgid() >> 32;
	u64 one = 1, *count = bpf_map_lookup_elem(&counts, &pid);

	if (count)
		(*count)++;
	else
		bpf_map_update_elem(&counts, &pid, &one, BPF_NOEXIST);
	return 0;
}

/* Most helpers are for programs under the GPL, or a license that goes with it. */
char LICENSE[] SEC("license") = "GPL";
