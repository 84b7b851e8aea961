/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of the domain name system, as far as names of addresses need it: RFC 1035 section 4, RFC 3596 (AAAA).
 *
 * All bytes are somebody else's. Names may be compressed (a pointer leads to an earlier place, so a walk ends); a name that
 * is longer than 255 bytes, leads forwards or leaves the message makes the message bad. Nothing is copied.
 *
 *	r = skep_dns_parse(bytes, len, &message);
 *	if (r == 0 && message.is_answer)
 *		r = skep_dns_addresses(&message, found, data);	// those that belong to the name that was asked for
 */
#pragma once

#include "base/str.h"

#define SKEP_DNS_TYPE_A 1
#define SKEP_DNS_TYPE_CNAME 5
#define SKEP_DNS_TYPE_AAAA 28
#define SKEP_DNS_RECORDS_MAX 64 /* of an answer that are looked at */
#define SKEP_DNS_CHAIN_MAX 16	/* aliases that are followed */
#define SKEP_DNS_TEXT_MAX 1024	/* of a name: 255 bytes, each of which may become four */

struct skep_dns_message {
	const uint8_t *data;
	size_t len;
	uint16_t id;
	bool is_answer;
	bool is_cut; /* what is missing was asked for again over TCP */
	uint8_t error;
	uint16_t type;	 /* of the question */
	size_t question; /* where its name is */
	size_t answers;	 /* where they begin */
	uint16_t n_answers;
};

/* -EBADMSG: not a message with one question of the Internet's class. */
int skep_dns_parse(const void *data, size_t len, struct skep_dns_message *ret_message) _must_check_;
/* The name at @at, in small letters: "www.example.org"; what is no letter, digit or sign stands as "\065". */
int skep_dns_name_text(const struct skep_dns_message *message, size_t at,
		       char ret_text[static SKEP_DNS_TEXT_MAX]) _must_check_;
/* @address: 16 bytes, those of IPv4 as ::ffff:a.b.c.d. */
typedef void skep_dns_found_fn(void *data, const uint8_t address[static 16], uint32_t ttl_s);
/*
 * Each address that the answers give to the name in the question, or to what it is an alias of, whatever their order. How
 * many; -EBADMSG, and none.
 */
int skep_dns_addresses(const struct skep_dns_message *message, skep_dns_found_fn *found,
		       void *data) _must_check_;
