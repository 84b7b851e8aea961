/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Pointers that may be NULL. How expectations are written: tests/vectors/explain/README.md. */
#include "bpf.h"

struct val {
	__u64 count, bytes;
};
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, struct val);
} counts SEC(".maps");
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct val);
} scratch SEC(".maps");
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

/// lookup: null
///   at: found->count++
///   name: found
///   says: may be NULL
///   hint: if (!found) return
SEC("xdp") int lookup(struct xdp_md *ctx)
{
	__u32 key = ctx->ingress_ifindex;
	struct val *found = bpf_map_lookup_elem(&counts, &key);

#ifdef FIXED
	if (!found)
		return 2;
#endif
	found->count++;
	return 2;
}

/// store_only: null
///   at: found->bytes = 7
///   name: found
///   hint: if (!found) return
SEC("xdp") int store_only(struct xdp_md *ctx)
{
	__u32 key = 0;
	struct val *found = bpf_map_lookup_elem(&counts, &key);

#ifdef FIXED
	if (!found)
		return 2;
#endif
	found->bytes = 7;
	return 2;
}

/// array_too: null
///   at: mine->count += 1
///   name: mine
SEC("xdp") int array_too(struct xdp_md *ctx)
{
	__u32 zero = bpf_get_smp_processor_id() & 1;
	struct val *mine = bpf_map_lookup_elem(&scratch, &zero);

#ifdef FIXED
	if (!mine)
		return 2;
#endif
	mine->count += 1;
	return 2;
}

/// wrong_one: null
///   at: second->count
///   name: second
SEC("xdp") int wrong_one(struct xdp_md *ctx)
{
	__u32 a = 1, b = ctx->rx_queue_index;
	struct val *first = bpf_map_lookup_elem(&counts, &a);
	struct val *second = bpf_map_lookup_elem(&counts, &b);

	if (!first)
		return 2;
#ifdef FIXED
	if (!second)
		return 2;
#endif
	first->count = second->count;
	return 2;
}

/// looked_again: null
///   at: found->bytes += 1
///   name: found
SEC("xdp") int looked_again(struct xdp_md *ctx)
{
	__u32 key = ctx->rx_queue_index;
	struct val init = {}, *found = bpf_map_lookup_elem(&counts, &key);

	if (!found) {
		bpf_map_update_elem(&counts, &key, &init, 0);
		found = bpf_map_lookup_elem(&counts, &key);
	}
#ifdef FIXED
	if (!found)
		return 2;
#endif
	found->bytes += 1;
	return 2;
}

static noinline void bump(struct val *v)
{
	v->count += bpf_ktime_get_ns();
}

/// in_function: null
///   at: v->count += bpf_ktime_get_ns()
///   name: v
SEC("xdp") int in_function(struct xdp_md *ctx)
{
	__u32 key = 3;
	struct val *found = bpf_map_lookup_elem(&counts, &key);

#ifdef FIXED
	if (found)
#endif
		bump(found);
	return 2;
}

/// record: null
///   at: e->
///   name: e
///   hint: if (!e) return
SEC("tracepoint/syscalls/sys_enter_getpid") int record(void *ctx)
{
	struct val *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);

#ifdef FIXED
	if (!e)
		return 0;
#endif
	e->count = 1;
	e->bytes = 2;
	bpf_ringbuf_submit(e, 0);
	return 0;
}

/// submit_null: null
///   at: bpf_ringbuf_submit(e, 0)
///   name: e
SEC("tracepoint/syscalls/sys_enter_getpid") int submit_null(void *ctx)
{
	struct val *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);

#ifdef FIXED
	if (!e)
		return 0;
#endif
	bpf_ringbuf_submit(e, 0);
	return 0;
}

/// as_key: null
///   at: bpf_map_lookup_elem(&scratch, found)
///   name: found
SEC("xdp") int as_key(struct xdp_md *ctx)
{
	__u32 key = 5;
	void *found = bpf_map_lookup_elem(&counts, &key);

#ifdef FIXED
	if (!found)
		return 2;
#endif
	return bpf_map_lookup_elem(&scratch, found) ? 1 : 2;
}

char gpl[] SEC("license") = "GPL";
