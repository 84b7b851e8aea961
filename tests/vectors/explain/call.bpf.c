/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Helpers and functions that may not be called like this. */
#include "bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u32);
} table SEC(".maps");
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 4);
	__uint(key_size, 4);
	__uint(value_size, 4);
} programs SEC(".maps");
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} ring SEC(".maps");

/// wrong_kind: call
///   at: bpf_get_stackid
///   says: programs of kind xdp cannot call
///   hint: programs of kind kprobe,
///   fixed: no
SEC("xdp") int wrong_kind(struct xdp_md *ctx)
{
	return bpf_get_stackid(ctx, &counts, 0) & 1;
}

/// sleeps: call
///   at: bpf_copy_from_user
///   fixed: no
SEC("tracepoint/syscalls/sys_enter_getpid") int sleeps(void *ctx)
{
	char text[8] = {};

	bpf_copy_from_user(text, sizeof(text), (void *)1000);
	return text[0];
}

/// wrong_map: call
///   at: bpf_ringbuf_output(&counts
///   says: does not work on map counts
SEC("tracepoint/syscalls/sys_enter_getpid") int wrong_map(void *ctx)
{
	__u64 x = 1;

#ifdef FIXED
	bpf_ringbuf_output(&ring, &x, sizeof(x), 0);
#else
	bpf_ringbuf_output(&counts, &x, sizeof(x), 0);
#endif
	return 0;
}

/// tail_on_array: call
///   at: bpf_tail_call(ctx, &table
///   says: does not work on map table
SEC("xdp") int tail_on_array(struct xdp_md *ctx)
{
#ifdef FIXED
	bpf_tail_call(ctx, &programs, 1);
#else
	bpf_tail_call(ctx, &table, 1);
#endif
	return 2;
}

/// look_into_programs: call
///   at: bpf_map_lookup_elem(&programs
SEC("xdp") int look_into_programs(struct xdp_md *ctx)
{
	__u32 key = 0;

#ifdef FIXED
	return bpf_map_lookup_elem(&counts, &key) ? 1 : 2;
#else
	return bpf_map_lookup_elem(&programs, &key) ? 1 : 2;
#endif
}

/// redirect_table: call
///   at: bpf_redirect_map(&table
///   fixed: no
SEC("xdp") int redirect_table(struct xdp_md *ctx)
{
	return bpf_redirect_map(&table, 1, 0);
}

/// size_unbounded: bounds
///   at: bpf_probe_read_kernel
///   name: n
///   hint: bound it
SEC("tracepoint/syscalls/sys_enter_getpid") int size_unbounded(void *ctx)
{
	char text[32] = {};
	__u32 n = bpf_get_prandom_u32();

#ifdef FIXED
	n &= 31;
#endif
	bpf_probe_read_kernel(text, n, (void *)8);
	return text[1];
}

/// size_too_large: bounds
///   at: bpf_probe_read_kernel
///   says: 64 bytes from `x` on
SEC("tracepoint/syscalls/sys_enter_getpid") int size_too_large(void *ctx)
{
	__u64 x[2] = {};

#ifdef FIXED
	bpf_probe_read_kernel(x, sizeof(x), (void *)8);
#else
	bpf_probe_read_kernel(x, 64, (void *)8);
#endif
	return x[1];
}

/// no_key: type
///   at: bpf_map_lookup_elem(&counts, 0)
///   says: which is a number here
SEC("xdp") int no_key(struct xdp_md *ctx)
{
#ifdef FIXED
	__u32 key = 0;

	return bpf_map_lookup_elem(&counts, &key) ? 1 : 2;
#else
	return bpf_map_lookup_elem(&counts, 0) ? 1 : 2;
#endif
}

/// key_by_value: type
///   at: (void *)(long)ctx->rx_queue_index
///   name: ctx->rx_queue_index
SEC("xdp") int key_by_value(struct xdp_md *ctx)
{
#ifdef FIXED
	__u32 key = ctx->rx_queue_index;

	return bpf_map_lookup_elem(&counts, &key) ? 1 : 2;
#else
	return bpf_map_lookup_elem(&counts, (void *)(long)ctx->rx_queue_index) ? 1 : 2;
#endif
}

/// no_map: type|call
///   at: bpf_map_delete_elem(&key, &key)
SEC("xdp") int no_map(struct xdp_md *ctx)
{
	__u32 key = 1;

#ifdef FIXED
	bpf_map_delete_elem(&counts, &key);
#else
	bpf_map_delete_elem(&key, &key);
#endif
	return 2;
}

/// no_helper: call
///   at: 99999
///   fixed: no
SEC("xdp") int no_helper(struct xdp_md *ctx)
{
	return ((int (*)(void *))99999)(ctx);
}

static noinline int again(int n)
{
	if (n < 2)
		return bpf_get_prandom_u32() & 1;
	return again(n - 1) + again(n - 2);
}

/// recursion: limit
///   at: again(
///   says: `again` calls itself
///   fixed: no
SEC("xdp") int recursion(struct xdp_md *ctx)
{
	return again(ctx->rx_queue_index);
}

static noinline int inner(char c)
{
	volatile char text[300];

	text[bpf_get_prandom_u32() & 255] = c;
	return text[7];
}

/// stack_of_all: limit
///   says: of stack together
///   hint: per-CPU array
///   fixed: no
SEC("xdp") int stack_of_all(struct xdp_md *ctx)
{
	volatile char text[300];

	text[bpf_get_prandom_u32() & 255] = 1;
	return inner(text[3]) + text[1];
}

/// moved_context: type
///   at: bpf_xdp_adjust_head
SEC("xdp") int moved_context(struct xdp_md *ctx)
{
#ifdef FIXED
	bpf_xdp_adjust_head(ctx, 2);
#else
	bpf_xdp_adjust_head((void *)ctx + 8, 2);
#endif
	return 2;
}

char gpl[] SEC("license") = "GPL";
