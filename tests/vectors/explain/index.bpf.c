/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Indices: too large, negative, checked too late. */
#include "bpf.h"

struct val {
	__u32 slots[8];
	__u64 total;
};
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, struct val);
} table SEC(".maps");
unsigned char values[16];

/// unchecked: bounds
///   at: values[idx]
///   says: `idx` may be 0 to 255 here, but `values` has 16 bytes
///   hint: if (idx < 16)
SEC("xdp") int unchecked(struct xdp_md *ctx)
{
	unsigned char *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	unsigned idx;

	if (data + 20 > end)
		return 1;
	idx = data[3];
#ifdef FIXED
	if (idx >= 16)
		return 1;
#endif
	return values[idx];
}

/// unbounded: bounds
///   at: return values[queue]
///   says: nothing bounds `ctx->rx_queue_index` here, but `values` has 16 bytes
///   hint: if (ctx->rx_queue_index < 16)
SEC("xdp") int unbounded(struct xdp_md *ctx)
{
	__u32 queue = ctx->rx_queue_index;

#ifdef FIXED
	if (queue >= 16)
		return 1;
#endif
	return values[queue];
}

/// one_too_many: bounds
///   at: values[n]
///   says: `ctx->rx_queue_index` may be 0 to 16 here
///   hint: if (ctx->rx_queue_index < 16)
SEC("xdp") int one_too_many(struct xdp_md *ctx)
{
	__u32 n = ctx->rx_queue_index;

#ifdef FIXED
	if (n > 15)
#else
	if (n > 16)
#endif
		return 1;
	return values[n];
}

/// negative: bounds
///   at: values[n]
///   says: -2147483648, which it may be here
///   hint: unsigned
SEC("xdp") int negative(struct xdp_md *ctx)
{
#ifdef FIXED
	__u32 n = ctx->rx_queue_index;
#else
	int n = ctx->rx_queue_index;
#endif

	if (n >= 16)
		return 1;
	return values[n];
}

/// mask: bounds
///   at: values[hash & 31]
///   says: `bpf_get_prandom_u32() & 31` may be 0 to 31 here
///   hint: & 31) < 16)
SEC("xdp") int mask(struct xdp_md *ctx)
{
	__u32 hash = bpf_get_prandom_u32();

#ifdef FIXED
	return values[hash & 15];
#else
	return values[hash & 31];
#endif
}

/// in_value: bounds
///   at: v->slots[i]++
///   says: has 40 bytes
SEC("xdp") int in_value(struct xdp_md *ctx)
{
	__u32 key = 0, i = ctx->rx_queue_index;
	struct val *v = bpf_map_lookup_elem(&table, &key);

	if (!v)
		return 2;
#ifdef FIXED
	if (i >= 8)
		return 2;
#endif
	v->slots[i]++;
	return 2;
}

/// behind_value: bounds
///   at: ((__u64 *)v)[5]
///   says: bytes 40 to 47 of a value of map table, which has 40
SEC("xdp") int behind_value(struct xdp_md *ctx)
{
	__u32 key = 0;
	struct val *v = bpf_map_lookup_elem(&table, &key);

	if (!v)
		return 2;
#ifdef FIXED
	return v->total;
#else
	return ((__u64 *)v)[5];
#endif
}

/// from_map: bounds
///   at: values[v->slots[0]]
///   says: nothing bounds `v->slots[0]`
SEC("xdp") int from_map(struct xdp_md *ctx)
{
	__u32 key = 0;
	struct val *v = bpf_map_lookup_elem(&table, &key);

	if (!v)
		return 2;
#ifdef FIXED
	if (v->slots[0] < 16) {
		__u32 at = v->slots[0];

		return at < 16 ? values[at] : 0;
	}
	return 2;
#else
	return values[v->slots[0]];
#endif
}

/// too_late: bounds
///   at: values[n]
///   says: nothing bounds `ctx->rx_queue_index`
SEC("xdp") int too_late(struct xdp_md *ctx)
{
	volatile unsigned char got;
	__u32 n = ctx->rx_queue_index;

#ifdef FIXED
	if (n >= 16)
		return 2;
#endif
	got = values[n];
	if (n >= 16)
		return 2;
	return got;
}

/// on_stack: bounds
///   at: text[n & 63]
///   says: may be 0 to 63 here, which from `text` on leaves the stack
///   hint: against the array's size
SEC("xdp") int on_stack(struct xdp_md *ctx)
{
	volatile char text[32] = {};
	__u32 n = bpf_get_prandom_u32();

#ifdef FIXED
	text[n & 31] = 1;
#else
	text[n & 63] = 1;
#endif
	return text[3];
}

/// to_the_end: bounds
///   at: while (text[n])
///   says: `n` is too large here: this reads
///   hint: check it against the array's size
SEC("tracepoint/syscalls/sys_enter_getpid") int to_the_end(void *ctx)
{
	char text[16] = {};
	int n = 0;

	bpf_get_current_comm(text, sizeof(text));
#ifdef FIXED
	while (n < sizeof(text) && text[n])
#else
	while (text[n])
#endif
		n++;
	return n;
}

char gpl[] SEC("license") = "GPL";
