/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * PROGRAM: which processes delete files.
 *
 * A kprobe stands at the beginning of nearly any function of the kernel. Functions come and go with versions: what one may
 * rely on is a tracepoint. Names: skep -l 'kprobe:*unlink*'
 */
#include "vmlinux.h" /* types of the kernel; skep build makes it */
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, u32);
	__type(value, u64);
} deleted SEC(".maps");

/* The section says where it is attached: kprobe/FUNCTION. BPF_KPROBE takes the arguments out of the registers. */
SEC("kprobe/do_unlinkat")
int BPF_KPROBE(PROGRAM, int folder, struct filename *name)
{
	u32 pid = bpf_get_current_pid_tgid() >> 32;
	u64 one = 1, *count = bpf_map_lookup_elem(&deleted, &pid);

	if (count)
		__sync_fetch_and_add(count, 1);
	else
		bpf_map_update_elem(&deleted, &pid, &one, BPF_NOEXIST);
	return 0;
}

/* Most helpers are for programs under the GPL, or a license that goes with it. */
char LICENSE[] SEC("license") = "GPL";
