/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Packets that are read where nothing proves that they have a byte. */
#include "bpf.h"

#define START(ctx) ((void *)(long)(ctx)->data)
#define END(ctx) ((void *)(long)(ctx)->data_end)

/// no_check: bounds
///   at: eth->h_proto
///   says: eth->h_proto
///   hint: (void *)eth +
SEC("xdp") int no_check(struct xdp_md *ctx)
{
	struct ethhdr *eth = START(ctx);

#ifdef FIXED
	if ((void *)(eth + 1) > END(ctx))
		return 2;
#endif
	return eth->h_proto == 8 ? 1 : 2;
}

/// too_short: bounds
///   at: ip->ttl
///   says: this reads `ip->ttl`, byte 22 of the packet, but only the first 14 are proven
///   hint: (void *)(ip + 1) > (void *)end
SEC("xdp") int too_short(struct xdp_md *ctx)
{
	void *end = END(ctx);
	struct ethhdr *eth = START(ctx);
	struct iphdr *ip = (void *)(eth + 1);

#ifdef FIXED
	if ((void *)(ip + 1) > end)
#else
	if ((void *)(eth + 1) > end)
#endif
		return 2;
	return ip->ttl < 2 ? 1 : 2;
}

/// no_bound: bounds
///   at: sum += *p++
///   says: `*p++`
///   hint: needs a bound of its own
SEC("xdp") int no_bound(struct xdp_md *ctx)
{
	unsigned char *p = START(ctx), *end = END(ctx);
	__u64 sum = 0;

#ifdef FIXED
	for (int i = 0; i < 64; i++) {
#else
	while (1) {
#endif
		if (p + 1 > end)
			break;
		sum += *p++;
	}
	return sum & 3;
}

/// off_by_one: bounds
///   at: return p[4]
///   says: byte 4 of the packet, but only the first 4 are proven
SEC("xdp") int off_by_one(struct xdp_md *ctx)
{
	unsigned char *p = START(ctx), *end = END(ctx);

#ifdef FIXED
	if (p + 5 > end)
#else
	if (p + 4 > end)
#endif
		return 2;
	return p[4] & 3;
}

/// reversed: bounds
///   at: return p[0]
///   says: nothing proves that the packet has any
SEC("xdp") int reversed(struct xdp_md *ctx)
{
	unsigned char *p = START(ctx), *end = END(ctx);

#ifdef FIXED
	if (p + 20 <= end)
#else
	if (p + 20 >= end)
#endif
		return p[0] & 3;
	return 2;
}

/// header_length: bounds
///   at: tcp->dest
///   says: tcp->dest
SEC("xdp") int header_length(struct xdp_md *ctx)
{
	void *end = END(ctx);
	struct ethhdr *eth = START(ctx);
	struct iphdr *ip = (void *)(eth + 1);
	struct tcphdr *tcp;

	if ((void *)(ip + 1) > end)
		return 2;
	tcp = (void *)ip + ip->ihl * 4;
#ifdef FIXED
	if ((void *)(tcp + 1) > end)
		return 2;
#endif
	return tcp->dest == 22 ? 1 : 2;
}

/// moved_head: unset
///   at: p[1] ^ 1
///   says: which bpf_xdp_adjust_head may have moved
///   hint: compare again
SEC("xdp") int moved_head(struct xdp_md *ctx)
{
	unsigned char *p = START(ctx), *end = END(ctx);

	if (p + 8 > end || bpf_xdp_adjust_head(ctx, 2))
		return 2;
#ifdef FIXED
	p = START(ctx);
	if (p + 8 > (unsigned char *)END(ctx))
		return 2;
#endif
	return (p[1] ^ 1) & 3;
}

/// written: bounds
///   at: p[13] = 9
///   says: byte 13 of the packet, but only the first 13
SEC("xdp") int written(struct xdp_md *ctx)
{
	unsigned char *p = START(ctx), *end = END(ctx);

#ifdef FIXED
	if (p + 14 > end)
#else
	if (p + 13 > end)
#endif
		return 2;
	p[13] = 9;
	return 3;
}

/// by_index: bounds
///   at: return p[at]
///   says: of the packet
SEC("xdp") int by_index(struct xdp_md *ctx)
{
	unsigned char *p = START(ctx), *end = END(ctx);
	unsigned at;

	if (p + 20 > end)
		return 2;
	at = p[3];
#ifdef FIXED
	if (p + at + 1 > end)
		return 2;
#endif
	return p[at];
}

/// read_only: access
///   at: p[0] = 1
///   says: cannot write the packet
///   fixed: no
SEC("cgroup_skb/egress") int read_only(struct __sk_buff *skb)
{
	unsigned char *p = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;

	if (p + 1 <= end)
		p[0] = 1;
	return 1;
}

/// past_the_end: type
///   at: *(unsigned char *)end
///   name: end
///   says: is the end of the packet here
SEC("xdp") int past_the_end(struct xdp_md *ctx)
{
	void *p = START(ctx), *end = END(ctx);

#ifdef FIXED
	if (p + 1 > end)
		return 1;
	return *(unsigned char *)p;
#else
	return *(unsigned char *)end;
#endif
}

char gpl[] SEC("license") = "GPL";
