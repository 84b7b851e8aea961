/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * PROGRAM: bytes that read() of the C library has given to each process.
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
} bytes SEC(".maps");

/* The section says where it is attached: uretprobe/FILE:FUNCTION. */
SEC("uretprobe/libc.so.6:read")
int BPF_KRETPROBE(PROGRAM, long result)
{
	u32 pid = bpf_get_current_pid_tgid() >> 32;
	u64 first = result, *sum;

	/* Below 0 it failed. */
	if (result <= 0)
		return 0;
	sum = bpf_map_lookup_elem(&bytes, &pid);
	if (sum)
		__sync_fetch_and_add(sum, result);
	else
		bpf_map_update_elem(&bytes, &pid, &first, BPF_NOEXIST);
	return 0;
}

/* Most helpers are for programs under the GPL, or a license that goes with it. */
char LICENSE[] SEC("license") = "GPL";
