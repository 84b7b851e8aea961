/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * PROGRAM: bytes that each process asks to read.
 *
 * fentry stands at the beginning of a function of the kernel as a kprobe does, costs a tenth, and has arguments with types.
 * Functions: skep -l 'fentry:vfs_*', arguments: skep -lv fentry:vfs_read
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

/* The section says where it is attached: fentry/FUNCTION. */
SEC("fentry/vfs_read")
int BPF_PROG(PROGRAM, struct file *file, char *buf, size_t count)
{
	u32 pid = bpf_get_current_pid_tgid() >> 32;
	u64 first = count, *sum = bpf_map_lookup_elem(&bytes, &pid);

	if (sum)
		__sync_fetch_and_add(sum, count);
	else
		bpf_map_update_elem(&bytes, &pid, &first, BPF_NOEXIST);
	return 0;
}

/* Most helpers are for programs under the GPL, or a license that goes with it. */
char LICENSE[] SEC("license") = "GPL";
