/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * PROGRAM: one socket for a range of ports.
 *
 * A program for socket lookup is asked which socket a new connection is for, where a network namespace has attached it. Here:
 * for ports 7000 to 7999 the socket that somebody has put into the map; for all others whatever the kernel finds.
 */
#include "vmlinux.h" /* types of the kernel; skep build makes it */
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_SOCKMAP);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64);
} sockets SEC(".maps");

/* Variables are shown, too: skep run tells their values at the end. */
u64 asked, steered;

SEC("sk_lookup")
int PROGRAM(struct bpf_sk_lookup *ctx)
{
	u32 first = 0;
	struct bpf_sock *sk;
	long error;

	__sync_fetch_and_add(&asked, 1);
	if (ctx->local_port < 7000 || ctx->local_port > 7999)
		return SK_PASS;
	sk = bpf_map_lookup_elem(&sockets, &first);
	if (!sk)
		return SK_PASS;
	error = bpf_sk_assign(ctx, sk, 0);
	/* Each reference is given back, or the verifier refuses. */
	bpf_sk_release(sk);
	if (!error)
		__sync_fetch_and_add(&steered, 1);
	return error ? SK_DROP : SK_PASS;
}

/* Most helpers are for programs under the GPL, or a license that goes with it. */
char LICENSE[] SEC("license") = "GPL";
