/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walk through a packet, once and from the outside in. It goes as deep as somebody asks; a header that is cut
 * short, or is none after all, ends it.
 *
 *	eth ─► vlan ─► vlan ─┬─► arp
 *	                     ├─► ip ────────────────────────┬─► tcp
 *	                     └─► ip6 ─► extensions, four ───┼─► udp
 *	                                                    └─► icmp, icmp6
 *
 * XDP reads where the packet lies, each header after one comparison with the packet's end. A struct __sk_buff may keep
 * its packet in pieces, so there the kernel copies each header to the stack (skb_load_bytes), wherever it is.
 */
#include "lang/lower_priv.h"
#include "lang/packet.h"

#define ETHERTYPE_IP 0x0800
#define ETHERTYPE_ARP 0x0806
#define ETHERTYPE_IP6 0x86dd
#define ETHERTYPE_VLAN 0x8100
#define ETHERTYPE_QINQ 0x88a8
#define VLANS_MAX 2

#define ETH_SIZE 14
#define VLAN_SIZE 4
#define ARP_SIZE 28
#define IP_SIZE 20
#define IP6_SIZE 40
#define TCP_SIZE 20
#define UDP_SIZE 8
#define ICMP_SIZE 8
#define EXT_SIZE 8

#define PROTO_ICMP 1
#define PROTO_TCP 6
#define PROTO_UDP 17
#define PROTO_ICMP6 58
/* Extension headers of IPv6. */
#define EXT_HOPS 0
#define EXT_ROUTING 43
#define EXT_FRAGMENT 44
#define EXT_AUTH 51
#define EXT_OPTIONS 60

#define FAMILY_INET 2
#define FAMILY_INET6 10

/* struct __sk_buff */
#define SKB_LEN 0
#define SKB_PROTOCOL 16
#define SKB_VLAN_PRESENT 20
#define SKB_VLAN_TCI 24
/* struct xdp_md */
#define XDP_DATA 0
#define XDP_DATA_END 4

struct walk {
	struct skep_lower *l;
	struct skep_fn *fn;
	const struct skep_packet *p;
	struct skep_block *end;
	struct skep_val *data, *data_end; /* of a frame */
	struct skep_var *off;		  /* of the next header */
	struct skep_var *type;		  /* Ethernet's name of it */
	struct skep_var *next;		  /* IP's name of it */
};

static bool wants_header(const struct walk *w, enum skep_header header)
{
	return w->p->present[header] != NULL;
}

static struct skep_local *field_of(const struct walk *w, enum skep_header in, const char *name)
{
	const struct skep_packet_field *f = skep_packet_field_find(in, name);

	return f ? w->p->fields[f - skep_packet_fields] : NULL;
}

static bool wants_ports(const struct walk *w)
{
	return wants_header(w, SKEP_HEADER_PORTS);
}

static bool wants_transport(const struct walk *w)
{
	return wants_ports(w) || wants_header(w, SKEP_HEADER_TCP) ||
	       wants_header(w, SKEP_HEADER_UDP) || wants_header(w, SKEP_HEADER_ICMP) ||
	       wants_header(w, SKEP_HEADER_ICMP6) || field_of(w, SKEP_HEADER_PKT, "proto");
}

static bool wants_net(const struct walk *w)
{
	return wants_header(w, SKEP_HEADER_NET) || wants_header(w, SKEP_HEADER_IP) ||
	       wants_header(w, SKEP_HEADER_IP6) || wants_transport(w);
}

static bool wants_frame(const struct walk *w)
{
	return wants_header(w, SKEP_HEADER_ETH) || wants_header(w, SKEP_HEADER_VLAN) ||
	       wants_header(w, SKEP_HEADER_ARP);
}

/* --- code -------------------------------------------------------------------------------------------------- */

static struct skep_val *constant(struct walk *w, uint64_t n)
{
	return skep_ir_const(w->fn, n);
}

/* Goes on where the condition holds, else jumps to @no. */
static void only_if(struct walk *w, enum skep_cc cc, struct skep_val *a, uint64_t b,
		    struct skep_block *no)
{
	struct skep_block *yes = skep_ir_block(w->fn);

	skep_ir_branch(w->fn, cc, a, constant(w, b), yes, no);
	skep_ir_at(w->fn, yes);
}

static struct skep_val *context(struct walk *w, int off)
{
	return skep_ir_load(w->fn, skep_ir_ctx(w->fn), off, 4, SKEP_LOAD_PURE);
}

/* The address of @size bytes at @off of the packet; leaves for @absent when there are not as many. */
static struct skep_val *header_at(struct walk *w, struct skep_val *off, unsigned size,
				  const char *name, struct skep_block *absent)
{
	struct skep_block *there = skep_ir_block(w->fn);
	struct skep_val *at, *r;

	if (w->p->hook->packet == SKEP_PACKET_FRAME) {
		at = skep_ir_op(w->fn, SKEP_OP_ADD, w->data, off);
		skep_ir_branch(w->fn, SKEP_CC_ULE, skep_ir_opi(w->fn, SKEP_OP_ADD, at, size),
			       w->data_end, there, absent);
	} else {
		at = skep_ir_slot(w->fn, size, name);
		r = skep_ir_call(w->fn, SKEP_HELPER_SKB_LOAD_BYTES, 0, 4, skep_ir_ctx(w->fn), off,
				 at, constant(w, size));
		skep_ir_branch(w->fn, SKEP_CC_EQ, r, constant(w, 0), there, absent);
	}
	skep_ir_at(w->fn, there);
	return at;
}

/* A number as packets have it: the most significant byte first. */
static struct skep_val *number(struct walk *w, struct skep_val *header, int off, unsigned size)
{
	struct skep_val *v = skep_ir_load(w->fn, header, off, size, 0);

	if (size == 1 || __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
		return v;
	return skep_ir_bswap(w->fn, v, size);
}

static void set(struct walk *w, struct skep_local *local, struct skep_val *v)
{
	struct skep_value value = { .val = v };

	if (!local)
		return;
	value.type = local->type;
	(void)!skep_lower_local_set(w->l, local, &value);
}

static void mark(struct walk *w, enum skep_header header)
{
	set(w, w->p->present[header], constant(w, 1));
}

static void copy_bytes(struct walk *w, const struct skep_local *to, int to_off,
		       struct skep_val *header, int off, unsigned size)
{
	unsigned step;

	for (unsigned i = 0; i < size; i += step) {
		/* The stack is read at multiples of the size only. */
		step = size - i >= 4 && (unsigned)off % 4 == 0 ? 4 : 2;
		skep_ir_store(w->fn, to->addr, to->off + to_off + (int)i, step,
			      skep_ir_load(w->fn, header, off + (int)i, step, 0));
	}
}

/* The address type's family, then its bytes. */
static void set_address(struct walk *w, struct skep_local *local, bool is_v6,
			struct skep_val *header, int off)
{
	if (!local)
		return;
	local->written = true;
	skep_ir_store(w->fn, local->addr, local->off, 4,
		      constant(w, is_v6 ? FAMILY_INET6 : FAMILY_INET));
	copy_bytes(w, local, 4, header, off, is_v6 ? 16 : 4);
}

static void set_number(struct walk *w, const struct skep_packet_field *f, struct skep_local *local,
		       struct skep_val *header)
{
	struct skep_val *v = number(w, header, f->off, f->size);

	if (f->shift)
		v = skep_ir_opi(w->fn, SKEP_OP_SHR, v, f->shift);
	if (f->bits)
		v = skep_ir_opi(w->fn, SKEP_OP_AND, v, (UINT64_C(1) << f->bits) - 1);
	set(w, local, v);
}

/* Keeps what somebody asks for of a header that is there. */
static void take(struct walk *w, enum skep_header which, struct skep_val *header)
{
	mark(w, which);
	for (size_t i = 0; i < skep_packet_n_fields; i++) {
		const struct skep_packet_field *f = &skep_packet_fields[i];
		struct skep_local *local = w->p->fields[i];

		if (!local || f->in != which || !f->size)
			continue;
		if (f->kind == SKEP_PACKET_MAC) {
			local->written = true;
			copy_bytes(w, local, 0, header, f->off, 6);
		} else if (f->kind == SKEP_PACKET_INET4 || f->kind == SKEP_PACKET_INET6) {
			set_address(w, local, f->kind == SKEP_PACKET_INET6, header, f->off);
		} else {
			set_number(w, f, local, header);
		}
	}
}

/* --- frames ------------------------------------------------------------------------------------------------ */

static void set_tag(struct walk *w, struct skep_val *tci)
{
	mark(w, SKEP_HEADER_VLAN);
	set(w, field_of(w, SKEP_HEADER_VLAN, "id"), skep_ir_opi(w->fn, SKEP_OP_AND, tci, 0xfff));
	set(w, field_of(w, SKEP_HEADER_VLAN, "prio"), skep_ir_opi(w->fn, SKEP_OP_SHR, tci, 13));
}

/* A tag that the kernel has taken off the packet, and keeps beside it. */
static void kept_tag(struct walk *w)
{
	struct skep_block *none = skep_ir_block(w->fn);

	if (!wants_header(w, SKEP_HEADER_VLAN) || w->p->hook->packet != SKEP_PACKET_SKB)
		return;
	only_if(w, SKEP_CC_NE, context(w, SKB_VLAN_PRESENT), 0, none);
	set_tag(w, context(w, SKB_VLAN_TCI));
	skep_ir_jump(w->fn, none);
	skep_ir_at(w->fn, none);
}

/* One tag in the packet, if the type says so. The outermost tag is the one that pkt.vlan shows. */
static void step_tag(struct walk *w, struct skep_block *done)
{
	struct skep_block *tag = skep_ir_block(w->fn), *other = skep_ir_block(w->fn),
			  *taken = skep_ir_block(w->fn);
	struct skep_local *present = w->p->present[SKEP_HEADER_VLAN];
	struct skep_val *header;

	skep_ir_branch(w->fn, SKEP_CC_EQ, skep_ir_get(w->fn, w->type), constant(w, ETHERTYPE_VLAN),
		       tag, other);
	skep_ir_at(w->fn, other);
	skep_ir_branch(w->fn, SKEP_CC_EQ, skep_ir_get(w->fn, w->type), constant(w, ETHERTYPE_QINQ),
		       tag, done);
	skep_ir_at(w->fn, tag);
	header = header_at(w, skep_ir_get(w->fn, w->off), VLAN_SIZE, "vlan", w->end);
	skep_ir_set(w->fn, w->type, number(w, header, 2, 2));
	skep_ir_set(w->fn, w->off,
		    skep_ir_opi(w->fn, SKEP_OP_ADD, skep_ir_get(w->fn, w->off), VLAN_SIZE));
	if (present) {
		only_if(w, SKEP_CC_EQ, skep_lower_local_get(w->l, present).val, 0, taken);
		set_tag(w, number(w, header, 0, 2));
	}
	skep_ir_jump(w->fn, taken);
	skep_ir_at(w->fn, taken);
}

static void walk_frame(struct walk *w)
{
	struct skep_block *done = skep_ir_block(w->fn);
	struct skep_val *header = header_at(w, constant(w, 0), ETH_SIZE, "eth", w->end);

	take(w, SKEP_HEADER_ETH, header);
	skep_ir_set(w->fn, w->type, number(w, header, 12, 2));
	skep_ir_set(w->fn, w->off, constant(w, ETH_SIZE));
	kept_tag(w);
	for (unsigned i = 0; i < VLANS_MAX; i++)
		step_tag(w, done);
	skep_ir_jump(w->fn, done);
	skep_ir_at(w->fn, done);
	set(w, field_of(w, SKEP_HEADER_ETH, "proto"), skep_ir_get(w->fn, w->type));
}

/* Of Ethernet and IPv4, which are the only ones that anybody has. */
static void walk_arp(struct walk *w)
{
	struct skep_val *header = header_at(w, skep_ir_get(w->fn, w->off), ARP_SIZE, "arp", w->end);

	only_if(w, SKEP_CC_EQ, number(w, header, 0, 2), 1, w->end);
	only_if(w, SKEP_CC_EQ, number(w, header, 2, 2), ETHERTYPE_IP, w->end);
	take(w, SKEP_HEADER_ARP, header);
	skep_ir_jump(w->fn, w->end);
}

/* --- IP ---------------------------------------------------------------------------------------------------- */

static void set_proto(struct walk *w, struct skep_val *v)
{
	skep_ir_set(w->fn, w->next, v);
	set(w, field_of(w, SKEP_HEADER_PKT, "proto"), v);
}

static void walk_ip(struct walk *w, struct skep_block *transport)
{
	struct skep_val *off = skep_ir_get(w->fn, w->off), *first, *size;
	struct skep_val *header = header_at(w, off, IP_SIZE, "ip", w->end);

	first = skep_ir_load(w->fn, header, 0, 1, 0);
	only_if(w, SKEP_CC_EQ, skep_ir_opi(w->fn, SKEP_OP_SHR, first, 4), 4, w->end);
	size = skep_ir_opi(w->fn, SKEP_OP_SHL, skep_ir_opi(w->fn, SKEP_OP_AND, first, 15), 2);
	only_if(w, SKEP_CC_UGE, size, IP_SIZE, w->end);
	take(w, SKEP_HEADER_IP, header);
	mark(w, SKEP_HEADER_NET);
	set_address(w, field_of(w, SKEP_HEADER_PKT, "saddr"), false, header, 12);
	set_address(w, field_of(w, SKEP_HEADER_PKT, "daddr"), false, header, 16);
	set_proto(w, number(w, header, 9, 1));
	skep_ir_set(w->fn, w->off, skep_ir_op(w->fn, SKEP_OP_ADD, off, size));
	/* What follows a later fragment is the middle of something. */
	only_if(w, SKEP_CC_EQ, skep_ir_opi(w->fn, SKEP_OP_AND, number(w, header, 6, 2), 0x1fff), 0,
		w->end);
	skep_ir_jump(w->fn, transport);
}

/* How much of the packet an extension header takes, as its second byte says. */
static void skip(struct walk *w, struct skep_val *header, struct skep_val *off, unsigned add,
		 unsigned unit)
{
	struct skep_val *n =
		skep_ir_opi(w->fn, SKEP_OP_ADD, skep_ir_load(w->fn, header, 1, 1, 0), add);

	n = skep_ir_opi(w->fn, SKEP_OP_MUL, n, unit);
	skep_ir_set(w->fn, w->off, skep_ir_op(w->fn, SKEP_OP_ADD, off, n));
}

static void dispatch(struct walk *w, struct skep_var *var, uint64_t n, struct skep_block *to)
{
	struct skep_block *other = skep_ir_block(w->fn);

	skep_ir_branch(w->fn, SKEP_CC_EQ, skep_ir_get(w->fn, var), constant(w, n), to, other);
	skep_ir_at(w->fn, other);
}

/* One extension header, if the next header is one; else what follows is the transport. */
static void step_extension(struct walk *w, struct skep_block *transport)
{
	struct skep_block *plain = skep_ir_block(w->fn), *auth = skep_ir_block(w->fn),
			  *fragment = skep_ir_block(w->fn), *join = skep_ir_block(w->fn);
	struct skep_val *off, *header;

	dispatch(w, w->next, EXT_HOPS, plain);
	dispatch(w, w->next, EXT_ROUTING, plain);
	dispatch(w, w->next, EXT_OPTIONS, plain);
	dispatch(w, w->next, EXT_FRAGMENT, fragment);
	dispatch(w, w->next, EXT_AUTH, auth);
	skep_ir_jump(w->fn, transport);

	skep_ir_at(w->fn, plain);
	off = skep_ir_get(w->fn, w->off);
	header = header_at(w, off, EXT_SIZE, "extension", w->end);
	set_proto(w, skep_ir_load(w->fn, header, 0, 1, 0));
	skip(w, header, off, 1, 8);
	skep_ir_jump(w->fn, join);

	skep_ir_at(w->fn, auth);
	off = skep_ir_get(w->fn, w->off);
	header = header_at(w, off, EXT_SIZE, "extension", w->end);
	set_proto(w, skep_ir_load(w->fn, header, 0, 1, 0));
	skip(w, header, off, 2, 4);
	skep_ir_jump(w->fn, join);

	skep_ir_at(w->fn, fragment);
	off = skep_ir_get(w->fn, w->off);
	header = header_at(w, off, EXT_SIZE, "extension", w->end);
	set_proto(w, skep_ir_load(w->fn, header, 0, 1, 0));
	skep_ir_set(w->fn, w->off, skep_ir_opi(w->fn, SKEP_OP_ADD, off, EXT_SIZE));
	only_if(w, SKEP_CC_ULT, number(w, header, 2, 2), 8, w->end);
	skep_ir_jump(w->fn, join);

	skep_ir_at(w->fn, join);
}

static void walk_ip6(struct walk *w, struct skep_block *transport)
{
	struct skep_val *off = skep_ir_get(w->fn, w->off), *first;
	struct skep_val *header = header_at(w, off, IP6_SIZE, "ip6", w->end);

	first = skep_ir_load(w->fn, header, 0, 1, 0);
	only_if(w, SKEP_CC_EQ, skep_ir_opi(w->fn, SKEP_OP_SHR, first, 4), 6, w->end);
	take(w, SKEP_HEADER_IP6, header);
	mark(w, SKEP_HEADER_NET);
	set_address(w, field_of(w, SKEP_HEADER_PKT, "saddr"), true, header, 8);
	set_address(w, field_of(w, SKEP_HEADER_PKT, "daddr"), true, header, 24);
	set_proto(w, number(w, header, 6, 1));
	skep_ir_set(w->fn, w->off, skep_ir_opi(w->fn, SKEP_OP_ADD, off, IP6_SIZE));
	for (unsigned i = 0; wants_transport(w) && i < SKEP_PACKET_EXT_MAX; i++)
		step_extension(w, transport);
	skep_ir_jump(w->fn, wants_transport(w) ? transport : w->end);
}

/* --- transport --------------------------------------------------------------------------------------------- */

static void transport_header(struct walk *w, enum skep_header which, unsigned size, bool ports)
{
	const char *name = skep_header_name(which);
	struct skep_val *header = header_at(w, skep_ir_get(w->fn, w->off), size, name, w->end);

	take(w, which, header);
	if (ports && wants_ports(w)) {
		mark(w, SKEP_HEADER_PORTS);
		set(w, field_of(w, SKEP_HEADER_PKT, "sport"), number(w, header, 0, 2));
		set(w, field_of(w, SKEP_HEADER_PKT, "dport"), number(w, header, 2, 2));
	}
	skep_ir_jump(w->fn, w->end);
}

static void walk_transport(struct walk *w)
{
	static const struct {
		uint64_t proto;
		enum skep_header header;
		unsigned size;
		bool ports;
	} kinds[] = {
		{ PROTO_TCP, SKEP_HEADER_TCP, TCP_SIZE, true },
		{ PROTO_UDP, SKEP_HEADER_UDP, UDP_SIZE, true },
		{ PROTO_ICMP, SKEP_HEADER_ICMP, ICMP_SIZE, false },
		{ PROTO_ICMP6, SKEP_HEADER_ICMP6, ICMP_SIZE, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct skep_block *other = skep_ir_block(w->fn);

		if (!wants_header(w, kinds[i].header) && !(kinds[i].ports && wants_ports(w)))
			continue;
		only_if(w, SKEP_CC_EQ, skep_ir_get(w->fn, w->next), kinds[i].proto, other);
		transport_header(w, kinds[i].header, kinds[i].size, kinds[i].ports);
		skep_ir_at(w->fn, other);
	}
	skep_ir_jump(w->fn, w->end);
}

/* --- the whole --------------------------------------------------------------------------------------------- */

static void take_context(struct walk *w)
{
	bool frame = w->p->hook->packet == SKEP_PACKET_FRAME;
	struct skep_local *len = field_of(w, SKEP_HEADER_PKT, "len");

	if (len && frame)
		set(w, len, skep_ir_op(w->fn, SKEP_OP_SUB, w->data_end, w->data));
	else if (len)
		set(w, len, context(w, SKB_LEN));
	for (size_t i = 0; i < skep_packet_n_fields; i++) {
		const struct skep_packet_field *f = &skep_packet_fields[i];
		uint8_t off = frame ? f->xdp_off : f->skb_off;

		if (off && w->p->fields[i])
			set(w, w->p->fields[i], context(w, off - 1));
	}
}

/* Where a packet begins with IP its kind stands in the context, as packets have it. */
static struct skep_val *kept_type(struct walk *w)
{
	struct skep_val *v = context(w, SKB_PROTOCOL);

	return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? v : skep_ir_bswap(w->fn, v, 2);
}

static void walk_net(struct walk *w)
{
	struct skep_block *ip = skep_ir_block(w->fn), *ip6 = skep_ir_block(w->fn),
			  *arp = skep_ir_block(w->fn), *transport = skep_ir_block(w->fn);

	dispatch(w, w->type, ETHERTYPE_IP, ip);
	dispatch(w, w->type, ETHERTYPE_IP6, ip6);
	if (wants_header(w, SKEP_HEADER_ARP))
		dispatch(w, w->type, ETHERTYPE_ARP, arp);
	skep_ir_jump(w->fn, w->end);
	skep_ir_at(w->fn, ip);
	walk_ip(w, transport);
	skep_ir_at(w->fn, ip6);
	walk_ip6(w, transport);
	if (wants_header(w, SKEP_HEADER_ARP)) {
		skep_ir_at(w->fn, arp);
		walk_arp(w);
	}
	skep_ir_at(w->fn, transport);
	walk_transport(w);
}

void skep_packet_walk(struct skep_lower *l, const struct skep_packet *packet)
{
	struct walk w = {
		.l = l,
		.fn = l->fn,
		.p = packet,
		.end = skep_ir_block(l->fn),
		.off = skep_ir_var(l->fn, "offset"),
		.type = skep_ir_var(l->fn, "ethertype"),
		.next = skep_ir_var(l->fn, "next header"),
	};

	/* Loaded once: to the verifier each load is another pointer, about which nothing is known yet. */
	if (packet->hook->packet == SKEP_PACKET_FRAME) {
		w.data = skep_ir_load(w.fn, skep_ir_ctx(w.fn), XDP_DATA, 4, 0);
		w.data_end = skep_ir_load(w.fn, skep_ir_ctx(w.fn), XDP_DATA_END, 4, 0);
	}
	take_context(&w);
	if (wants_net(&w) || wants_frame(&w)) {
		if (packet->hook->packet == SKEP_PACKET_IP) {
			skep_ir_set(w.fn, w.type, kept_type(&w));
			skep_ir_set(w.fn, w.off, constant(&w, 0));
		} else {
			walk_frame(&w);
		}
		if (wants_net(&w) || wants_header(&w, SKEP_HEADER_ARP))
			walk_net(&w);
	}
	skep_ir_jump(w.fn, w.end);
	skep_ir_at(w.fn, w.end);
}
