/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * PROGRAM: how many modules each Python program loads.
 *
 * A USDT probe is a place in a program that its authors marked, with a name and arguments. Those of a program:
 * skep -l 'usdt:/usr/bin/python3:*'
 */
#include "vmlinux.h" /* types of the kernel; skep build makes it */
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, u32);
	__type(value, u64);
} modules SEC(".maps");

/* The section says where it is attached: usdt/FILE:PROVIDER:NAME. Arguments: bpf_usdt_arg() of <bpf/usdt.bpf.h>. */
SEC("usdt//usr/bin/python3:python:import__find__load__start")
int PROGRAM(struct pt_regs *ctx)
{
	u32 pid = bpf_get_current_pid_tgid() >> 32;
	u64 one = 1, *count = bpf_map_lookup_elem(&modules, &pid);

	if (count)
		__sync_fetch_and_add(count, 1);
	else
		bpf_map_update_elem(&modules, &pid, &one, BPF_NOEXIST);
	return 0;
}

/* Most helpers are for programs under the GPL, or a license that goes with it. */
char LICENSE[] SEC("license") = "GPL";
