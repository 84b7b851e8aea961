/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The stack, read-only data, the context, numbers that are taken for pointers. */
#include "bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__uint(map_flags, BPF_F_RDONLY_PROG);
	__type(key, __u32);
	__type(value, __u64);
} fixed SEC(".maps");
const volatile int limit = 10;
struct trace_enter {
	__u64 common;
	long nr;
	unsigned long args[6];
};

/// read_only_map: access
///   at: *v = 5
///   name: v
///   says: map fixed is read-only for programs
///   fixed: no
SEC("xdp") int read_only_map(struct xdp_md *ctx)
{
	__u32 key = 0;
	__u64 *v = bpf_map_lookup_elem(&fixed, &key);

	if (v)
		*v = 5;
	return 2;
}

/// constant: access
///   at: &limit = 11
///   says: `limit` cannot be written
///   hint: without const
///   fixed: no
SEC("xdp") int constant(struct xdp_md *ctx)
{
	*(volatile int *)&limit = 11;
	return 2;
}

/// number_as_pointer: type
///   at: *(__u64 *)
///   says: is a number here, not memory that could be read
///   hint: bpf_probe_read_
SEC("tracepoint/syscalls/sys_enter_read") int number_as_pointer(struct trace_enter *ctx)
{
#ifdef FIXED
	__u64 x = 0;

	bpf_probe_read_kernel(&x, sizeof(x), (void *)ctx->args[1]);
	return x == 5;
#else
	return *(__u64 *)ctx->args[1] == 5;
#endif
}

/// multiplied: type
///   at: * 3
///   says: the context cannot be an operand of `*`
SEC("xdp") int multiplied(struct xdp_md *ctx)
{
#ifdef FIXED
	return ctx->rx_queue_index * 3;
#else
	unsigned long p = (unsigned long)ctx;

	return *(int *)(p * 3);
#endif
}

/// context_outside: access|bounds|type
///   at: [40]
///   fixed: no
SEC("xdp") int context_outside(struct xdp_md *ctx)
{
	return ((__u32 *)ctx)[40];
}

/// context_written: access|type
///   at: ingress_ifindex = 3
///   fixed: no
SEC("xdp") int context_written(struct xdp_md *ctx)
{
	ctx->ingress_ifindex = 3;
	return 2;
}

/// context_index: access|bounds|type
///   at: ctx->args[n]
SEC("tracepoint/syscalls/sys_enter_read") int context_index(struct trace_enter *ctx)
{
	__u32 n = bpf_get_prandom_u32() & 3;

#ifdef FIXED
	return ctx->args[1] & n & 1;
#else
	return ctx->args[n] & 1;
#endif
}

/// misaligned: align
///   at: text + 1
///   says: misaligned
SEC("xdp") int misaligned(struct xdp_md *ctx)
{
	char text[24] = {};

#ifdef FIXED
	*(volatile __u64 *)(text + 8) = 7;
#else
	*(volatile __u64 *)(text + 1) = 7;
#endif
	return bpf_map_lookup_elem(&fixed, text) ? 1 : 2;
}

/// no_result: unset
///   at: nothing
///   fixed: no
__attribute__((naked)) SEC("xdp") int no_result(struct xdp_md *ctx)
{
	asm volatile("exit"); /* nothing is returned */
}

/// wrong_result: return
///   at: return
///   fixed: no
SEC("cgroup_skb/egress") int wrong_result(struct __sk_buff *skb)
{
	return 7;
}

char gpl[] SEC("license") = "GPL";
