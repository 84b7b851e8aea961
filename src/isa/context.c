/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "isa/context.h"

#define K(kind) SKEP_KIND(SKEP_PROG_##kind)

/* Kinds that share struct __sk_buff, by what they see of it. */
#define TC (K(SCHED_CLS) | K(SCHED_ACT))
#define LWT (K(LWT_IN) | K(LWT_OUT) | K(LWT_XMIT) | K(LWT_SEG6LOCAL))
#define SKB (K(SOCKET_FILTER) | TC | K(CGROUP_SKB) | LWT | K(SK_SKB))
#define SKB_DATA (TC | K(CGROUP_SKB) | LWT | K(SK_SKB) | K(FLOW_DISSECTOR))
#define SKB_SOCK (K(CGROUP_SKB) | K(SK_SKB))
#define ALL (~0ull)
#define NONE 0

#define N SKEP_CTX_NARROW
#define P SKEP_CTX_PAIR
#define W SKEP_CTX_NARROW_WRITE
#define H SKEP_CTX_HEAD

/* One field: number (scalar) or pointer (kind), @readers and @writers sets of kinds. */
#define NUMBER(field, at, bytes, n, bits, reads, writes)                                          \
	{                                                                                         \
		.name = #field, .offset = (at), .size = (bytes), .count = (n),                    \
		.kind = SKEP_CTX_SCALAR, .flags = (bits), .readers = (reads), .writers = (writes) \
	}
#define POINTER(field, at, bytes, what, reads)                               \
	{                                                                    \
		.name = #field, .offset = (at), .size = (bytes), .count = 1, \
		.kind = SKEP_CTX_##what, .readers = (reads)                  \
	}

/* clang-format off */
static const struct skep_ctx_field sk_buff[] = {
	NUMBER(len, 0, 4, 1, N, SKB, NONE),
	NUMBER(pkt_type, 4, 4, 1, N, SKB, NONE),
	NUMBER(mark, 8, 4, 1, N, SKB & ~K(SK_SKB), TC | K(CGROUP_SKB) | LWT),
	NUMBER(queue_mapping, 12, 4, 1, N, SKB, TC),
	NUMBER(protocol, 16, 4, 1, N, SKB, NONE),
	NUMBER(vlan_present, 20, 4, 1, N, SKB, NONE),
	NUMBER(vlan_tci, 24, 4, 1, N, SKB, NONE),
	NUMBER(vlan_proto, 28, 4, 1, N, SKB, NONE),
	NUMBER(priority, 32, 4, 1, N, SKB, TC | K(CGROUP_SKB) | LWT | K(SK_SKB)),
	NUMBER(ingress_ifindex, 36, 4, 1, N, SKB, NONE),
	NUMBER(ifindex, 40, 4, 1, N, SKB, NONE),
	NUMBER(tc_index, 44, 4, 1, N, SKB, TC | K(SK_SKB)),
	NUMBER(cb, 48, 4, 5, N | P | W, SKB, SKB & ~K(SK_SKB)),
	NUMBER(hash, 68, 4, 1, N, SKB, NONE),
	NUMBER(tc_classid, 72, 4, 1, N, TC, TC),
	POINTER(data, 76, 4, PACKET, SKB_DATA),
	POINTER(data_end, 80, 4, PACKET_END, SKB_DATA),
	NUMBER(napi_id, 84, 4, 1, N, SKB, NONE),
	NUMBER(family, 88, 4, 1, N, SKB_SOCK, NONE),
	NUMBER(remote_ip4, 92, 4, 1, 0, SKB_SOCK, NONE),
	NUMBER(local_ip4, 96, 4, 1, 0, SKB_SOCK, NONE),
	NUMBER(remote_ip6, 100, 4, 4, 0, SKB_SOCK, NONE),
	NUMBER(local_ip6, 116, 4, 4, 0, SKB_SOCK, NONE),
	NUMBER(remote_port, 132, 4, 1, N, SKB_SOCK, NONE),
	NUMBER(local_port, 136, 4, 1, N, SKB_SOCK, NONE),
	POINTER(data_meta, 140, 4, PACKET_META, TC),
	POINTER(flow_keys, 144, 8, FLOW_KEYS, K(FLOW_DISSECTOR)),
	NUMBER(tstamp, 152, 8, 1, 0, TC | K(CGROUP_SKB), TC | K(CGROUP_SKB)),
	NUMBER(wire_len, 160, 4, 1, N, TC, NONE),
	NUMBER(gso_segs, 164, 4, 1, N, SKB, NONE),
	POINTER(sk, 168, 8, SOCK_COMMON_OR_NULL, SKB),
	NUMBER(gso_size, 176, 4, 1, N, SKB, NONE),
	NUMBER(tstamp_type, 180, 1, 1, 0, TC, NONE),
	NUMBER(hwtstamp, 184, 8, 1, 0, TC | K(CGROUP_SKB), NONE),
};

static const struct skep_ctx_field xdp[] = {
	POINTER(data, 0, 4, PACKET, ALL),
	POINTER(data_end, 4, 4, PACKET_END, ALL),
	POINTER(data_meta, 8, 4, PACKET_META, ALL),
	NUMBER(ingress_ifindex, 12, 4, 1, 0, ALL, NONE),
	NUMBER(rx_queue_index, 16, 4, 1, 0, ALL, NONE),
	NUMBER(egress_ifindex, 20, 4, 1, 0, ALL, NONE), /* of programs in a devmap */
};

static const struct skep_ctx_field perf_event[] = {
	NUMBER(sample_period, 168, 8, 1, N, ALL, NONE),
	NUMBER(addr, 176, 8, 1, N, ALL, NONE),
};

static const struct skep_ctx_field sock[] = {
	NUMBER(bound_dev_if, 0, 4, 1, 0, ALL, ALL),
	NUMBER(family, 4, 4, 1, H, ALL, NONE),
	NUMBER(type, 8, 4, 1, H, ALL, NONE),
	NUMBER(protocol, 12, 4, 1, H, ALL, NONE),
	NUMBER(mark, 16, 4, 1, 0, ALL, ALL),
	NUMBER(priority, 20, 4, 1, 0, ALL, ALL),
	NUMBER(src_ip4, 24, 4, 1, N, ALL, NONE), /* of the POST_BIND places */
	NUMBER(src_ip6, 28, 4, 4, N, ALL, NONE),
	NUMBER(src_port, 44, 4, 1, H, ALL, NONE),
	NUMBER(dst_port, 48, 2, 1, N | SKEP_CTX_WIDE, ALL, NONE),
	NUMBER(dst_ip4, 52, 4, 1, N, ALL, NONE),
	NUMBER(dst_ip6, 56, 4, 4, N, ALL, NONE),
	NUMBER(state, 72, 4, 1, H, ALL, NONE),
	NUMBER(rx_queue_mapping, 76, 4, 1, H, ALL, NONE),
};

static const struct skep_ctx_field sock_ops[] = {
	NUMBER(op, 0, 4, 1, 0, ALL, NONE),
	NUMBER(reply, 4, 4, 1, 0, ALL, ALL),
	NUMBER(replylong, 8, 4, 3, 0, ALL, NONE),
	NUMBER(family, 20, 4, 1, 0, ALL, NONE),
	NUMBER(remote_ip4, 24, 4, 1, 0, ALL, NONE),
	NUMBER(local_ip4, 28, 4, 1, 0, ALL, NONE),
	NUMBER(remote_ip6, 32, 4, 4, 0, ALL, NONE),
	NUMBER(local_ip6, 48, 4, 4, 0, ALL, NONE),
	NUMBER(remote_port, 64, 4, 1, 0, ALL, NONE),
	NUMBER(local_port, 68, 4, 1, 0, ALL, NONE),
	NUMBER(is_fullsock, 72, 4, 1, 0, ALL, NONE),
	NUMBER(snd_cwnd, 76, 4, 1, 0, ALL, NONE),
	NUMBER(srtt_us, 80, 4, 1, 0, ALL, NONE),
	NUMBER(bpf_sock_ops_cb_flags, 84, 4, 1, 0, ALL, NONE),
	NUMBER(state, 88, 4, 1, 0, ALL, NONE),
	NUMBER(rtt_min, 92, 4, 1, 0, ALL, NONE),
	NUMBER(snd_ssthresh, 96, 4, 1, 0, ALL, NONE),
	NUMBER(rcv_nxt, 100, 4, 1, 0, ALL, NONE),
	NUMBER(snd_nxt, 104, 4, 1, 0, ALL, NONE),
	NUMBER(snd_una, 108, 4, 1, 0, ALL, NONE),
	NUMBER(mss_cache, 112, 4, 1, 0, ALL, NONE),
	NUMBER(ecn_flags, 116, 4, 1, 0, ALL, NONE),
	NUMBER(rate_delivered, 120, 4, 1, 0, ALL, NONE),
	NUMBER(rate_interval_us, 124, 4, 1, 0, ALL, NONE),
	NUMBER(packets_out, 128, 4, 1, 0, ALL, NONE),
	NUMBER(retrans_out, 132, 4, 1, 0, ALL, NONE),
	NUMBER(total_retrans, 136, 4, 1, 0, ALL, NONE),
	NUMBER(segs_in, 140, 4, 1, 0, ALL, NONE),
	NUMBER(data_segs_in, 144, 4, 1, 0, ALL, NONE),
	NUMBER(segs_out, 148, 4, 1, 0, ALL, NONE),
	NUMBER(data_segs_out, 152, 4, 1, 0, ALL, NONE),
	NUMBER(lost_out, 156, 4, 1, 0, ALL, NONE),
	NUMBER(sacked_out, 160, 4, 1, 0, ALL, NONE),
	NUMBER(sk_txhash, 164, 4, 1, 0, ALL, ALL),
	NUMBER(bytes_received, 168, 8, 1, 0, ALL, NONE),
	NUMBER(bytes_acked, 176, 8, 1, 0, ALL, NONE),
	POINTER(sk, 184, 8, SOCK_OR_NULL, ALL),
	POINTER(skb_data, 192, 8, PACKET, ALL),
	POINTER(skb_data_end, 200, 8, PACKET_END, ALL),
	NUMBER(skb_len, 208, 4, 1, 0, ALL, NONE),
	NUMBER(skb_tcp_flags, 212, 4, 1, H, ALL, NONE),
	NUMBER(skb_hwtstamp, 216, 8, 1, 0, ALL, NONE),
};

static const struct skep_ctx_field cgroup_device[] = {
	NUMBER(access_type, 0, 4, 1, N, ALL, NONE),
	NUMBER(major, 4, 4, 1, 0, ALL, NONE),
	NUMBER(minor, 8, 4, 1, 0, ALL, NONE),
};

static const struct skep_ctx_field sk_msg[] = {
	POINTER(data, 0, 8, PACKET, ALL),
	POINTER(data_end, 8, 8, PACKET_END, ALL),
	NUMBER(family, 16, 4, 1, 0, ALL, NONE),
	NUMBER(remote_ip4, 20, 4, 1, 0, ALL, NONE),
	NUMBER(local_ip4, 24, 4, 1, 0, ALL, NONE),
	NUMBER(remote_ip6, 28, 4, 4, 0, ALL, NONE),
	NUMBER(local_ip6, 44, 4, 4, 0, ALL, NONE),
	NUMBER(remote_port, 60, 4, 1, 0, ALL, NONE),
	NUMBER(local_port, 64, 4, 1, 0, ALL, NONE),
	NUMBER(size, 68, 4, 1, 0, ALL, NONE),
	POINTER(sk, 72, 8, SOCK, ALL),
};

static const struct skep_ctx_field sock_addr[] = {
	NUMBER(user_family, 0, 4, 1, 0, ALL, NONE),
	NUMBER(user_ip4, 4, 4, 1, N, ALL, ALL),	     /* of the INET4 places */
	NUMBER(user_ip6, 8, 4, 4, N | P, ALL, ALL),  /* of the INET6 places */
	NUMBER(user_port, 24, 4, 1, N, ALL, ALL),
	NUMBER(family, 28, 4, 1, 0, ALL, NONE),
	NUMBER(type, 32, 4, 1, 0, ALL, NONE),
	NUMBER(protocol, 36, 4, 1, 0, ALL, NONE),
	NUMBER(msg_src_ip4, 40, 4, 1, N, ALL, ALL),    /* of UDP4_SENDMSG */
	NUMBER(msg_src_ip6, 44, 4, 4, N | P, ALL, ALL), /* of UDP6_SENDMSG */
	POINTER(sk, 64, 8, SOCK, ALL),
};

static const struct skep_ctx_field sk_reuseport[] = {
	POINTER(data, 0, 8, PACKET, ALL),
	POINTER(data_end, 8, 8, PACKET_END, ALL),
	NUMBER(len, 16, 4, 1, N, ALL, NONE),
	NUMBER(eth_protocol, 20, 4, 1, SKEP_CTX_HALF, ALL, NONE),
	NUMBER(ip_protocol, 24, 4, 1, N, ALL, NONE),
	NUMBER(bind_inany, 28, 4, 1, N, ALL, NONE),
	NUMBER(hash, 32, 4, 1, 0, ALL, NONE),
	POINTER(sk, 40, 8, SOCK, ALL),
	POINTER(migrating_sk, 48, 8, SOCK_COMMON_OR_NULL, ALL),
};

static const struct skep_ctx_field cgroup_sysctl[] = {
	NUMBER(write, 0, 4, 1, N, ALL, NONE),
	NUMBER(file_pos, 4, 4, 1, N, ALL, ALL),
};

static const struct skep_ctx_field cgroup_sockopt[] = {
	POINTER(sk, 0, 8, SOCK, ALL),
	POINTER(optval, 8, 8, PACKET, ALL),
	POINTER(optval_end, 16, 8, PACKET_END, ALL),
	NUMBER(level, 24, 4, 1, 0, ALL, ALL), /* of SETSOCKOPT */
	NUMBER(optname, 28, 4, 1, 0, ALL, ALL),
	NUMBER(optlen, 32, 4, 1, 0, ALL, ALL),
	NUMBER(retval, 36, 4, 1, 0, ALL, ALL), /* of GETSOCKOPT */
};

static const struct skep_ctx_field sk_lookup[] = {
	POINTER(sk, 0, 8, SOCK_OR_NULL, ALL),
	NUMBER(family, 8, 4, 1, N, ALL, NONE),
	NUMBER(protocol, 12, 4, 1, N, ALL, NONE),
	NUMBER(remote_ip4, 16, 4, 1, N, ALL, NONE),
	NUMBER(remote_ip6, 20, 4, 4, N, ALL, NONE),
	NUMBER(remote_port, 36, 4, 1, N, ALL, NONE),
	NUMBER(local_ip4, 40, 4, 1, N, ALL, NONE),
	NUMBER(local_ip6, 44, 4, 4, N, ALL, NONE),
	NUMBER(local_port, 60, 4, 1, N, ALL, NONE),
	NUMBER(ingress_ifindex, 64, 4, 1, N, ALL, NONE),
};

static const struct skep_ctx_field raw_writable[] = {
	{ .name = "args", .size = 8, .count = 1, .kind = SKEP_CTX_BUFFER, .flags = SKEP_CTX_TAIL, .readers = ALL },
};

static const struct skep_ctx_field netfilter[] = {
	POINTER(state, 0, 8, OBJECT, ALL),
	POINTER(skb, 8, 8, OBJECT, ALL),
};

#define FIELDS(list) .fields = (list), .n_fields = ARRAY_SIZE(list)
#define RANGE(from, to, widths, write) .range = { (from), (to), (widths), (write) }
#define ANY_WIDTH (1 | 2 | 4 | 8)

/* struct pt_regs as programs see it: bpf_user_pt_regs_t. */
#if defined(__aarch64__)
#define REGS_SIZE 272
#else
#define REGS_SIZE 168
#endif

/* Of a record of a tracepoint at most a page's worth of fields is reachable; arguments are at most 12 words. */
static const struct skep_context contexts[] = {
	[SKEP_PROG_SOCKET_FILTER] = { "struct __sk_buff", 192, FIELDS(sk_buff) },
	[SKEP_PROG_KPROBE] = { "struct pt_regs", REGS_SIZE, RANGE(0, REGS_SIZE, ANY_WIDTH, false) },
	[SKEP_PROG_SCHED_CLS] = { "struct __sk_buff", 192, FIELDS(sk_buff) },
	[SKEP_PROG_SCHED_ACT] = { "struct __sk_buff", 192, FIELDS(sk_buff) },
	[SKEP_PROG_TRACEPOINT] = { "", 8192, RANGE(8, 8192, ANY_WIDTH, false) },
	[SKEP_PROG_XDP] = { "struct xdp_md", 24, FIELDS(xdp) },
	[SKEP_PROG_PERF_EVENT] = { "struct bpf_perf_event_data", REGS_SIZE + 16,
		FIELDS(perf_event), RANGE(0, REGS_SIZE, 8, false) },
	[SKEP_PROG_CGROUP_SKB] = { "struct __sk_buff", 192, FIELDS(sk_buff) },
	[SKEP_PROG_CGROUP_SOCK] = { "struct bpf_sock", 80, FIELDS(sock) },
	[SKEP_PROG_LWT_IN] = { "struct __sk_buff", 192, FIELDS(sk_buff) },
	[SKEP_PROG_LWT_OUT] = { "struct __sk_buff", 192, FIELDS(sk_buff) },
	[SKEP_PROG_LWT_XMIT] = { "struct __sk_buff", 192, FIELDS(sk_buff) },
	[SKEP_PROG_SOCK_OPS] = { "struct bpf_sock_ops", 224, FIELDS(sock_ops) },
	[SKEP_PROG_SK_SKB] = { "struct __sk_buff", 192, FIELDS(sk_buff) },
	[SKEP_PROG_CGROUP_DEVICE] = { "struct bpf_cgroup_dev_ctx", 12, FIELDS(cgroup_device) },
	[SKEP_PROG_SK_MSG] = { "struct sk_msg_md", 80, FIELDS(sk_msg) },
	[SKEP_PROG_RAW_TRACEPOINT] = { "struct bpf_raw_tracepoint_args", 96,
		RANGE(0, 96, ANY_WIDTH, false) },
	[SKEP_PROG_CGROUP_SOCK_ADDR] = { "struct bpf_sock_addr", 72, FIELDS(sock_addr) },
	[SKEP_PROG_LWT_SEG6LOCAL] = { "struct __sk_buff", 192, FIELDS(sk_buff) },
	[SKEP_PROG_LIRC_MODE2] = { "__u32", 4, RANGE(0, 4, 4, false) },
	[SKEP_PROG_SK_REUSEPORT] = { "struct sk_reuseport_md", 56, FIELDS(sk_reuseport) },
	[SKEP_PROG_FLOW_DISSECTOR] = { "struct __sk_buff", 192, FIELDS(sk_buff) },
	[SKEP_PROG_CGROUP_SYSCTL] = { "struct bpf_sysctl", 8, FIELDS(cgroup_sysctl) },
	[SKEP_PROG_RAW_TRACEPOINT_WRITABLE] = { "struct bpf_raw_tracepoint_args", 96,
		FIELDS(raw_writable), RANGE(0, 96, ANY_WIDTH, false) },
	[SKEP_PROG_CGROUP_SOCKOPT] = { "struct bpf_sockopt", 40, FIELDS(cgroup_sockopt) },
	[SKEP_PROG_TRACING] = { "", 96, RANGE(0, 96, ANY_WIDTH, false) },
	[SKEP_PROG_LSM] = { "", 96, RANGE(0, 96, ANY_WIDTH, false) },
	[SKEP_PROG_SK_LOOKUP] = { "struct bpf_sk_lookup", 72, FIELDS(sk_lookup) },
	[SKEP_PROG_SYSCALL] = { "", 65535, RANGE(0, 65535, ANY_WIDTH, true) },
	[SKEP_PROG_NETFILTER] = { "struct bpf_nf_ctx", 16, FIELDS(netfilter) },
};
/* clang-format on */

const struct skep_context *skep_context_find(uint32_t prog_kind)
{
	if (prog_kind >= ARRAY_SIZE(contexts) || !contexts[prog_kind].type)
		return NULL;
	return &contexts[prog_kind];
}

const struct skep_ctx_field *skep_context_field(const struct skep_context *context, uint32_t offset)
{
	for (size_t i = 0; i < context->n_fields; i++) {
		const struct skep_ctx_field *f = &context->fields[i];

		if (offset >= f->offset && offset - f->offset < (uint32_t)f->size * f->count)
			return f;
	}
	return NULL;
}

/* Expected attach types that open or close fields; the kernel's UAPI numbers. */
enum {
	AT_INET_SOCK_CREATE = 2,
	AT_INET4_BIND = 8,
	AT_INET6_BIND = 9,
	AT_INET4_CONNECT = 10,
	AT_INET6_CONNECT = 11,
	AT_INET4_POST_BIND = 12,
	AT_INET6_POST_BIND = 13,
	AT_UDP4_SENDMSG = 14,
	AT_UDP6_SENDMSG = 15,
	AT_UDP4_RECVMSG = 19,
	AT_UDP6_RECVMSG = 20,
	AT_GETSOCKOPT = 21,
	AT_SETSOCKOPT = 22,
	AT_INET4_GETPEERNAME = 29,
	AT_INET6_GETPEERNAME = 30,
	AT_INET4_GETSOCKNAME = 31,
	AT_INET6_GETSOCKNAME = 32,
	AT_INET_SOCK_RELEASE = 34,
	AT_XDP_DEVMAP = 33,
};

static bool is_inet6(uint32_t type)
{
	return type == AT_INET6_BIND || type == AT_INET6_CONNECT || type == AT_UDP6_SENDMSG ||
	       type == AT_UDP6_RECVMSG || type == AT_INET6_GETPEERNAME ||
	       type == AT_INET6_GETSOCKNAME;
}

static bool is_inet4(uint32_t type)
{
	return type == AT_INET4_BIND || type == AT_INET4_CONNECT || type == AT_UDP4_SENDMSG ||
	       type == AT_UDP4_RECVMSG || type == AT_INET4_GETPEERNAME ||
	       type == AT_INET4_GETSOCKNAME;
}

/* What the place of attachment says about a field that the kind of program has. */
static bool place_allows(uint32_t kind, uint32_t type, const struct skep_ctx_field *f, bool write)
{
	unsigned at = f->offset;

	switch (kind) {
	case SKEP_PROG_XDP:
		return at != 20 || type == AT_XDP_DEVMAP;
	case SKEP_PROG_CGROUP_SOCK:
		if (at == 0 || at == 16 || at == 20) /* what a program may set */
			return type == AT_INET_SOCK_CREATE || type == AT_INET_SOCK_RELEASE ||
			       type == 0;
		if (at == 24)
			return type == AT_INET4_POST_BIND;
		if (at == 28)
			return type == AT_INET6_POST_BIND;
		if (at == 44)
			return type == AT_INET4_POST_BIND || type == AT_INET6_POST_BIND;
		return true;
	case SKEP_PROG_CGROUP_SOCK_ADDR:
		if (at == 4)
			return is_inet4(type);
		if (at == 8)
			return is_inet6(type);
		if (at == 40)
			return type == AT_UDP4_SENDMSG;
		if (at == 44)
			return type == AT_UDP6_SENDMSG;
		return true;
	case SKEP_PROG_CGROUP_SOCKOPT:
		if (at == 36)
			return type == AT_GETSOCKOPT;
		if (write && (at == 24 || at == 28))
			return type == AT_SETSOCKOPT;
		return true;
	default:
		return true;
	}
}

/* A read or write of less than the whole. */
static bool part_allowed(const struct skep_ctx_field *f, unsigned within, unsigned size, bool write)
{
	if (write)
		return f->flags & SKEP_CTX_NARROW_WRITE;
	return (f->flags & SKEP_CTX_NARROW) || ((f->flags & SKEP_CTX_HEAD) && within == 0) ||
	       ((f->flags & SKEP_CTX_TAIL) && within != 0) ||
	       ((f->flags & SKEP_CTX_HALF) && size >= 2);
}

static int field_access(const struct skep_ctx_field *f, unsigned offset, unsigned size, bool write)
{
	unsigned within = (offset - f->offset) % f->size;
	bool doubled = size == 2u * f->size && within == 0;

	if (size == f->size && within == 0)
		return 0;
	if (doubled && (f->flags & SKEP_CTX_PAIR) &&
	    offset - f->offset + size <= (unsigned)f->size * f->count)
		return 0;
	if (doubled && (f->flags & SKEP_CTX_WIDE))
		return 0;
	if (size < f->size && part_allowed(f, within, size, write))
		return 0;
	return -EINVAL;
}

static int range_access(const struct skep_ctx_range *range, unsigned size, bool write)
{
	if (write && !range->writable)
		return -EACCES;
	return range->sizes & size ? 0 : -EINVAL;
}

int skep_context_access(uint32_t prog_kind, uint32_t attach_type, int64_t offset, unsigned size,
			bool write, const struct skep_ctx_field **ret_field)
{
	const struct skep_context *context = skep_context_find(prog_kind);
	const struct skep_ctx_field *field;
	int r;

	if (!context || offset < 0 || offset >= context->size || offset + size > context->size)
		return -EACCES;
	if ((size != 1 && size != 2 && size != 4 && size != 8) || offset % size != 0)
		return -EINVAL;
	field = skep_context_field(context, (uint32_t)offset);
	if (field) {
		if (!((write ? field->writers : field->readers) & SKEP_KIND(prog_kind)) ||
		    !place_allows(prog_kind, attach_type, field, write))
			return -EACCES;
		r = field_access(field, (unsigned)offset, size, write);
	} else if (offset >= context->range.offset && offset + size <= context->range.end) {
		r = range_access(&context->range, size, write);
	} else {
		return -EACCES;
	}
	if (r < 0)
		return r;
	*ret_field = field;
	return 0;
}
