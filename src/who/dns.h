/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of addresses, from the answers to what others ask the domain name system: whoever connects to a name has asked for
 * it before. Nothing is asked, nothing is sent.
 *
 *	packets of UDP port 53 ──► question: waits ──► its answer ──► address: the name that was asked for
 *
 * An answer counts when its question was seen: from the same addresses and ports, with the same number, name and type; and
 * only the first one, as for the program that asked. So who wants to give an address a wrong name has to know what was asked.
 * The name is the one in the question, whatever aliases lead to the address; of several the one that was asked for last.
 *
 * Bounds: SKEP_DNS_WAITING questions wait at most 30 s, SKEP_DNS_ADDRESSES addresses have names; the oldest makes room, which is
 * counted. A name holds as long as its answer says, an hour at least and a day at most: connections outlive the time to live.
 *
 *	skep_dns_packet(dns, packet, len, now_s);		// from the header of IP on
 *	name = skep_dns_find(dns, address, now_s);		// 16 bytes, IPv4 as ::ffff:a.b.c.d; NULL: not known
 */
#pragma once

#include "base/macros.h"

#define SKEP_DNS_WAITING 512
#define SKEP_DNS_ADDRESSES 4096
#define SKEP_DNS_HOLD_S 3600
#define SKEP_DNS_WAIT_S 30

struct skep_dns;

struct skep_dns_counts {
	uint64_t answers; /* that were taken */
	uint64_t unasked; /* whose question was not seen */
	uint64_t
		cut; /* that have no room in a packet, or came in pieces: they go over TCP, or are not put together */
	uint64_t bad; /* packets that are no messages */
	uint64_t
		pushed_out; /* questions that made room while they waited: their answers are unasked */
	uint64_t forgotten; /* addresses that made room while their name still held */
};

struct skep_dns *skep_dns_new(void);
void skep_dns_free(struct skep_dns *dns);
void skep_dns_packet(struct skep_dns *dns, const uint8_t *packet, size_t len, uint64_t now_s);
const char *skep_dns_find(const struct skep_dns *dns, const uint8_t address[static 16],
			  uint64_t now_s);
const struct skep_dns_counts *skep_dns_counts(const struct skep_dns *dns);
