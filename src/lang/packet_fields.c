/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fields of packets, as one table. Layouts: IEEE 802.3 and 802.1Q, RFC 826 (ARP), 791 (IPv4), 8200 (IPv6), 9293
 * (TCP), 768 (UDP), 792 and 4443 (ICMP).
 */
#include "lang/packet.h"

#define N(header, text, offset, bytes)                                                   \
	{                                                                                \
		.name = text, .in = SKEP_HEADER_##header, .needs = SKEP_HEADER_##header, \
		.off = offset, .size = bytes                                             \
	}
#define BITS(header, text, offset, bytes, low, n)                                        \
	{                                                                                \
		.name = text, .in = SKEP_HEADER_##header, .needs = SKEP_HEADER_##header, \
		.off = offset, .size = bytes, .shift = low, .bits = n                    \
	}
#define FLAG(header, text, offset, bytes, low)                                                 \
	{                                                                                      \
		.name = text, .in = SKEP_HEADER_##header, .needs = SKEP_HEADER_##header,       \
		.kind = SKEP_PACKET_BIT, .off = offset, .size = bytes, .shift = low, .bits = 1 \
	}
#define ADDRESS(header, text, offset, which, bytes)                                      \
	{                                                                                \
		.name = text, .in = SKEP_HEADER_##header, .needs = SKEP_HEADER_##header, \
		.kind = SKEP_PACKET_##which, .off = offset, .size = bytes                \
	}
/* Put together by the walk. */
#define MADE(header, text, need, which)                                                \
	{                                                                              \
		.name = text, .in = SKEP_HEADER_##header, .needs = SKEP_HEADER_##need, \
		.kind = SKEP_PACKET_##which                                            \
	}
/* In the context: struct __sk_buff, struct xdp_md. */
#define META(text, skb, xdp)                                                                   \
	{                                                                                      \
		.name = text, .in = SKEP_HEADER_PKT, .needs = SKEP_HEADER_PKT, .skb_off = skb, \
		.xdp_off = xdp                                                                 \
	}
#define AT(offset) ((offset) + 1)

/* clang-format off */
const struct skep_packet_field skep_packet_fields[] = {
	MADE(PKT, "len", PKT, NUMBER),
	META("ifindex", AT(40), AT(12)),
	META("queue", AT(12), AT(16)),
	META("mark", AT(8), 0),
	META("priority", AT(32), 0),
	META("hash", AT(68), 0),
	MADE(PKT, "saddr", NET, INET),
	MADE(PKT, "daddr", NET, INET),
	MADE(PKT, "proto", NET, NUMBER),
	MADE(PKT, "sport", PORTS, NUMBER),
	MADE(PKT, "dport", PORTS, NUMBER),
	ADDRESS(ETH, "dst", 0, MAC, 6),
	ADDRESS(ETH, "src", 6, MAC, 6),
	MADE(ETH, "proto", ETH, NUMBER),
	MADE(VLAN, "id", VLAN, NUMBER),
	MADE(VLAN, "prio", VLAN, NUMBER),
	N(ARP, "op", 6, 2),
	ADDRESS(ARP, "sha", 8, MAC, 6),
	ADDRESS(ARP, "spa", 14, INET4, 4),
	ADDRESS(ARP, "tha", 18, MAC, 6),
	ADDRESS(ARP, "tpa", 24, INET4, 4),
	ADDRESS(IP, "saddr", 12, INET4, 4),
	ADDRESS(IP, "daddr", 16, INET4, 4),
	N(IP, "protocol", 9, 1),
	N(IP, "ttl", 8, 1),
	N(IP, "tos", 1, 1),
	N(IP, "tot_len", 2, 2),
	N(IP, "id", 4, 2),
	BITS(IP, "frag_off", 6, 2, 0, 13),
	FLAG(IP, "mf", 6, 2, 13),
	FLAG(IP, "df", 6, 2, 14),
	BITS(IP, "ihl", 0, 1, 0, 4),
	ADDRESS(IP6, "saddr", 8, INET6, 16),
	ADDRESS(IP6, "daddr", 24, INET6, 16),
	N(IP6, "nexthdr", 6, 1),
	N(IP6, "hop_limit", 7, 1),
	N(IP6, "payload_len", 4, 2),
	BITS(IP6, "tclass", 0, 4, 20, 8),
	BITS(IP6, "flow", 0, 4, 0, 20),
	N(TCP, "sport", 0, 2),
	N(TCP, "dport", 2, 2),
	N(TCP, "seq", 4, 4),
	N(TCP, "ack_seq", 8, 4),
	N(TCP, "flags", 13, 1),
	FLAG(TCP, "fin", 13, 1, 0),
	FLAG(TCP, "syn", 13, 1, 1),
	FLAG(TCP, "rst", 13, 1, 2),
	FLAG(TCP, "psh", 13, 1, 3),
	FLAG(TCP, "ack", 13, 1, 4),
	FLAG(TCP, "urg", 13, 1, 5),
	N(TCP, "window", 14, 2),
	N(UDP, "sport", 0, 2),
	N(UDP, "dport", 2, 2),
	N(UDP, "len", 4, 2),
	N(ICMP, "type", 0, 1),
	N(ICMP, "code", 1, 1),
	N(ICMP, "id", 4, 2),
	N(ICMP, "seq", 6, 2),
	N(ICMP6, "type", 0, 1),
	N(ICMP6, "code", 1, 1),
	N(ICMP6, "id", 4, 2),
	N(ICMP6, "seq", 6, 2),
};
/* clang-format on */

const size_t skep_packet_n_fields = ARRAY_SIZE(skep_packet_fields);

static const char *const headers[SKEP_HEADER_MAX] = {
	[SKEP_HEADER_ETH] = "eth", [SKEP_HEADER_VLAN] = "vlan", [SKEP_HEADER_ARP] = "arp",
	[SKEP_HEADER_IP] = "ip",   [SKEP_HEADER_IP6] = "ip6",	[SKEP_HEADER_TCP] = "tcp",
	[SKEP_HEADER_UDP] = "udp", [SKEP_HEADER_ICMP] = "icmp", [SKEP_HEADER_ICMP6] = "icmp6",
};

const char *skep_header_name(enum skep_header header)
{
	return headers[header];
}

enum skep_header skep_header_find(const char *name)
{
	for (unsigned h = 0; h < SKEP_HEADER_MAX; h++)
		if (headers[h] && skep_streq(headers[h], name))
			return (enum skep_header)h;
	return SKEP_HEADER_MAX;
}

const struct skep_packet_field *skep_packet_field_find(enum skep_header in, const char *name)
{
	for (size_t i = 0; i < skep_packet_n_fields; i++)
		if (skep_packet_fields[i].in == in && skep_streq(skep_packet_fields[i].name, name))
			return &skep_packet_fields[i];
	return NULL;
}

const struct skep_type *skep_packet_type(struct skep_types *types,
					 const struct skep_packet_field *field)
{
	switch (field->kind) {
	case SKEP_PACKET_NUMBER:
		return skep_type_int(field->size ? field->size : 4, false);
	case SKEP_PACKET_BIT:
		return skep_type_int(1, false);
	case SKEP_PACKET_MAC:
		return skep_type_simple(types, SKEP_TYPE_MAC);
	default:
		return skep_type_simple(types, SKEP_TYPE_INET);
	}
}
