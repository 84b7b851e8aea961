/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is taken and not given back, or used afterwards. */
#include "bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} ring SEC(".maps");

/// leaked: reference
///   says: `e`, which bpf_ringbuf_reserve returned in line
///   hint: bpf_ringbuf_discard() on every path
SEC("tracepoint/syscalls/sys_enter_getpid") int leaked(void *ctx)
{
	__u64 *e = bpf_ringbuf_reserve(&ring, 8, 0);

	if (!e)
		return 0;
	*e = 1;
#ifdef FIXED
	bpf_ringbuf_submit(e, 0);
#endif
	return 0;
}

/// one_path: reference
///   says: is not given back at the end of the program
SEC("tracepoint/syscalls/sys_enter_getpid") int one_path(void *ctx)
{
	__u64 *e = bpf_ringbuf_reserve(&ring, 8, 0);

	if (!e)
		return 0;
	*e = bpf_get_current_pid_tgid();
	if (*e & 1) {
#ifdef FIXED
		bpf_ringbuf_discard(e, 0);
#endif
		return 0;
	}
	bpf_ringbuf_submit(e, 0);
	return 0;
}

/// used_after: unset
///   at: *e == 3
///   name: e
///   says: bpf_ringbuf_submit has given back what it pointed to
SEC("tracepoint/syscalls/sys_enter_getpid") int used_after(void *ctx)
{
	volatile __u64 *e = bpf_ringbuf_reserve(&ring, 8, 0);
	__u64 x;

	if (!e)
		return 0;
	*e = 3;
#ifdef FIXED
	x = *e;
	bpf_ringbuf_submit((void *)e, 0);
	return x == 3;
#else
	bpf_ringbuf_submit((void *)e, 0);
	return *e == 3;
#endif
}

/// twice: type
///   at: bpf_ringbuf_discard(e, 0)
///   name: e
///   hint: before bpf_ringbuf_submit() only
SEC("tracepoint/syscalls/sys_enter_getpid") int twice(void *ctx)
{
	__u64 *e = bpf_ringbuf_reserve(&ring, 8, 0);

	if (!e)
		return 0;
	*e = 1;
	bpf_ringbuf_submit(e, 0);
#ifndef FIXED
	bpf_ringbuf_discard(e, 0);
#endif
	return 0;
}

/// record_too_small: bounds
///   at: e[1]
///   says: the reserved record, which has 8
SEC("tracepoint/syscalls/sys_enter_getpid") int record_too_small(void *ctx)
{
	__u64 *e = bpf_ringbuf_reserve(&ring, 8, 0);

	if (!e)
		return 0;
#ifdef FIXED
	e[0] = 1;
#else
	e[1] = 1;
#endif
	bpf_ringbuf_submit(e, 0);
	return 0;
}

/// middle: type
///   at: bpf_ringbuf_submit(e + 1, 0)
SEC("tracepoint/syscalls/sys_enter_getpid") int middle(void *ctx)
{
	__u64 *e = bpf_ringbuf_reserve(&ring, 16, 0);

	if (!e)
		return 0;
	e[0] = e[1] = 1;
#ifdef FIXED
	bpf_ringbuf_submit(e, 0);
#else
	bpf_ringbuf_submit(e + 1, 0);
#endif
	return 0;
}

/// socket: reference
///   says: bpf_sk_lookup_tcp returned in line
///   hint: bpf_sk_release() on every path
SEC("tc") int socket(struct __sk_buff *skb)
{
	struct bpf_sock_tuple tuple = {};
	struct bpf_sock *sk = bpf_sk_lookup_tcp(skb, &tuple, sizeof(tuple.ipv4), -1, 0);

	if (!sk)
		return 0;
#ifdef FIXED
	bpf_sk_release(sk);
#endif
	return 1;
}

/// socket_null: null
///   at: bpf_sk_release(sk)
///   name: sk
SEC("tc") int socket_null(struct __sk_buff *skb)
{
	struct bpf_sock_tuple tuple = {};
	struct bpf_sock *sk = bpf_sk_lookup_tcp(skb, &tuple, sizeof(tuple.ipv4), -1, 0);

#ifdef FIXED
	if (!sk)
		return 0;
#endif
	bpf_sk_release(sk);
	return 1;
}

/// size_not_constant: bounds
///   at: bpf_ringbuf_reserve
///   says: has to be a known constant
SEC("tracepoint/syscalls/sys_enter_getpid") int size_not_constant(void *ctx)
{
#ifdef FIXED
	void *e = bpf_ringbuf_reserve(&ring, 64, 0);
#else
	void *e = bpf_ringbuf_reserve(&ring, bpf_get_prandom_u32() & 63, 0);
#endif

	if (e)
		bpf_ringbuf_discard(e, 0);
	return 0;
}

char gpl[] SEC("license") = "GPL";
