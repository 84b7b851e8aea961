/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * PROGRAM: how often each task is given a CPU.
 *
 * A tracepoint with types: its arguments are pointers that the verifier knows, and that are followed as in the kernel itself.
 * Where a pointer leads to nothing, the kernel makes the read a zero.
 */
#include "vmlinux.h" /* types of the kernel; skep build makes it */
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, u32);
	__type(value, u64);
} switches SEC(".maps");

/* The section says where it is attached: tp_btf/EVENT. The arguments: skep -lv rawtracepoint:sched_switch */
SEC("tp_btf/sched_switch")
int BPF_PROG(PROGRAM, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	u64 one = 1, *count;
	u32 pid;

	if (!next) /* the kernel always has one, skep try has none */
		return 0;
	pid = next->pid;
	count = bpf_map_lookup_elem(&switches, &pid);
	if (count)
		__sync_fetch_and_add(count, 1);
	else
		bpf_map_update_elem(&switches, &pid, &one, BPF_NOEXIST);
	return 0;
}

/* Most helpers are for programs under the GPL, or a license that goes with it. */
char LICENSE[] SEC("license") = "GPL";
