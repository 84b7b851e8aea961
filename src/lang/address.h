/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Address: inet and macaddr values compared with text.
 *
 *	pkt.ip.saddr == "192.0.2.1"	pkt.saddr == "2001:db8::/32"	pkt.eth.src == "02:00:00:00:00:01"
 *
 * The text is read when the script is compiled. A network is all addresses that begin as it does.
 */
#pragma once

#include "lang/check.h"
#include "lang/lower.h"

/* Whether == goes between these: an address and a text that is known. */
bool skep_address_compares(const struct skep_expr *a, const struct skep_expr *b);
/* Whether the text is such an address; -EINVAL with a message. */
int skep_address_check(struct skep_check *k, const struct skep_expr *a,
		       const struct skep_expr *b) _must_check_;
/* "192.0.2.1", "192.0.2.0/24", "2001:db8::/32". */
bool skep_address_is_network(const char *text);
/* Whether the bytes of an inet value are of such a network. */
void skep_address_match(struct skep_lower *l, const struct skep_value *value, const char *network,
			struct skep_block *equal, struct skep_block *different);
int skep_address_lower(struct skep_lower *l, const struct skep_expr *a, const struct skep_expr *b,
		       struct skep_block *equal, struct skep_block *different) _must_check_;
