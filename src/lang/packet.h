/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packet: `pkt`, the packet that a probe of a hook is asked about, as headers with named fields.
 *
 *	pkt.len  pkt.eth.proto  pkt.ip.saddr  pkt.tcp.dport	pkt.saddr  pkt.dport	exists(pkt.tcp)
 *	`- always there        `- if there is such a header     `- of whichever there is
 *
 * Before its predicate a program walks through the packet once, as far as the script's fields ask, and keeps these in
 * variables: every access is checked against the packet's end there, and nowhere else. Numbers are in the order of the
 * machine, addresses are addresses.
 *
 * A field whose header is not there is 0 (an address of no family), and every comparison with it is false, != too.
 * VLAN tags are stepped over, two at most; so are IPv6 extension headers, SKEP_PACKET_EXT_MAX at most. What follows a
 * fragment that is not the first is not there.
 *
 *	packet_fields.c	 what there is		packet_walk.c	the walk
 *	packet.c	 checking, uses
 */
#pragma once

#include "lang/check.h"
#include "lang/hook.h"

#define SKEP_PACKET_EXT_MAX 4

/* What a field needs to be there. */
enum skep_header {
	SKEP_HEADER_PKT,   /* always there */
	SKEP_HEADER_NET,   /* ip or ip6 */
	SKEP_HEADER_PORTS, /* tcp or udp */
	SKEP_HEADER_ETH,
	SKEP_HEADER_VLAN,
	SKEP_HEADER_ARP,
	SKEP_HEADER_IP,
	SKEP_HEADER_IP6,
	SKEP_HEADER_TCP,
	SKEP_HEADER_UDP,
	SKEP_HEADER_ICMP,
	SKEP_HEADER_ICMP6,
	SKEP_HEADER_MAX,
};

enum skep_packet_kind {
	SKEP_PACKET_NUMBER,
	SKEP_PACKET_BIT,
	SKEP_PACKET_MAC,
	SKEP_PACKET_INET4,
	SKEP_PACKET_INET6,
	SKEP_PACKET_INET, /* either */
};

struct skep_packet_field {
	const char *name;
	enum skep_header in;	/* whose name stands in front: pkt.tcp.dport; PKT: pkt.dport */
	enum skep_header needs; /* the header that must be there */
	enum skep_packet_kind kind;
	uint8_t size; /* bytes in the header; 0: it is put together by the walk (packet_walk.c) */
	uint8_t off;  /* in the header */
	uint8_t shift, bits;	  /* of the number, from its lowest bit; bits 0: all of it */
	uint8_t skb_off, xdp_off; /* of `pkt` itself: in the context, plus 1; 0: not there */
};

extern const struct skep_packet_field skep_packet_fields[];
extern const size_t skep_packet_n_fields;
/* "tcp"; NULL for those that have no name of their own. */
const char *skep_header_name(enum skep_header header);
/* SKEP_HEADER_MAX: none is called so. */
enum skep_header skep_header_find(const char *name);
/* The field @name of a header; NULL. */
const struct skep_packet_field *skep_packet_field_find(enum skep_header in, const char *name);
const struct skep_type *skep_packet_type(struct skep_types *types,
					 const struct skep_packet_field *field);

/* Whether @expr is pkt.X or pkt.X.Y. */
bool skep_packet_is(const struct skep_expr *expr);
int skep_packet_check(struct skep_check *k, struct skep_expr *expr) _must_check_;
/* exists(): pkt.X or pkt.X.Y without being read. */
int skep_packet_check_exists(struct skep_check *k, const struct skep_expr *expr) _must_check_;

/* What a program keeps of its packet. */
struct skep_packet {
	const struct skep_hook *hook;
	struct skep_local **fields; /* by index in skep_packet_fields; NULL: nobody asks */
	struct skep_local *present[SKEP_HEADER_MAX];
};

/* Walks through the packet as far as l->inst and those chained to it ask. */
void skep_packet_begin(struct skep_lower *l);
/* The same variables in the next body of the same program. */
void skep_packet_resume(struct skep_lower *l);
int skep_packet_lower(struct skep_lower *l, const struct skep_expr *expr,
		      struct skep_value *ret_value) _must_check_;
struct skep_val *skep_packet_lower_exists(struct skep_lower *l, const struct skep_expr *expr);
/* Goes on where every header that a comparison of @a and @b needs is there; else jumps to @no. */
void skep_packet_guard(struct skep_lower *l, struct skep_expr *a, struct skep_expr *b,
		       struct skep_block *no);

/* packet_walk.c */
void skep_packet_walk(struct skep_lower *l, const struct skep_packet *packet);
