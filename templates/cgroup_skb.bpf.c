/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * PROGRAM: bytes that a group of processes sends.
 *
 * A program for a cgroup sees each packet of the processes in it, from the IP header on.
 */
#include "vmlinux.h" /* types of the kernel; skep build makes it */
#include <bpf/bpf_helpers.h>

/* A variable is a map, too: user space reads it by its name. */
u64 bytes;

SEC("cgroup_skb/egress")
int PROGRAM(struct __sk_buff *skb)
{
	__sync_fetch_and_add(&bytes, skb->len);
	return 1; /* it may pass; 0: it is dropped */
}

/* Most helpers are for programs under the GPL, or a license that goes with it. */
char LICENSE[] SEC("license") = "GPL";
