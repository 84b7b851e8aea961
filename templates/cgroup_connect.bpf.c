/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * PROGRAM: no connections to port 25 from a group of processes.
 *
 * A program for a cgroup is asked for each connect() of the processes in it, and may also change where it leads to.
 */
#include "vmlinux.h" /* types of the kernel; skep build makes it */
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

/* Set before it is loaded: skep run PROGRAM.bpf.c --set refused_port=80 */
const volatile u16 refused_port = 25;

/* Variables are shown, too: skep run tells their values at the end. */
u64 allowed, refused;

/* connect4 is IPv4, connect6 IPv6; bind4, sendmsg4, getpeername4 and so on ask likewise. */
SEC("cgroup/connect4")
int PROGRAM(struct bpf_sock_addr *ctx)
{
	/* Ports are in the network's byte order. */
	bool may = ctx->user_port != bpf_htons(refused_port);

	__sync_fetch_and_add(may ? &allowed : &refused, 1);
	/* 1: it may; 0: it fails with EPERM. */
	return may;
}

/* Most helpers are for programs under the GPL, or a license that goes with it. */
char LICENSE[] SEC("license") = "GPL";
