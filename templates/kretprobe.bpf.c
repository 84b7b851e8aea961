/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * PROGRAM: what deleting a file came to: 0, or the number of an error.
 *
 * A kretprobe stands where a function returns; what it returns is the only thing that is known there.
 */
#include "vmlinux.h" /* types of the kernel; skep build makes it */
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, int);
	__type(value, u64);
} results SEC(".maps");

/* The section says where it is attached: kretprobe/FUNCTION. */
SEC("kretprobe/do_unlinkat")
int BPF_KRETPROBE(PROGRAM, int result)
{
	u64 one = 1, *count = bpf_map_lookup_elem(&results, &result);

	if (count)
		__sync_fetch_and_add(count, 1);
	else
		bpf_map_update_elem(&results, &result, &one, BPF_NOEXIST);
	return 0;
}

/* Most helpers are for programs under the GPL, or a license that goes with it. */
char LICENSE[] SEC("license") = "GPL";
