/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of kernel addresses, for who asks now and then over hours.
 *
 *	address ─► known (small, stays) ─► table of all symbols (megabytes: loaded when an address is new, given back
 *	                                   when no new one has come for a while)
 *
 * Stacks repeat: behind the first of them the table is hardly wanted. What is known is bounded; when it is full it is
 * forgotten as a whole.
 *
 *	struct skep_ksyms ksyms = {};
 *	if (skep_ksyms_find(&ksyms, address, &symbol)) …	its texts live until the next call
 *	timeout_ms = skep_ksyms_rest(&ksyms);			when there is nothing else to do
 *	skep_ksyms_fini(&ksyms);
 */
#pragma once

#include "base/arena.h"
#include "base/hash.h"
#include "sys/kallsyms.h"

#define SKEP_KSYMS_KNOWN_MAX 8192
#define SKEP_KSYMS_REST_MS 500

struct skep_ksyms {
	struct skep_kallsyms *table; /* NULL: not loaded */
	int error;		     /* of an attempt to load it: not tried again */
	uint64_t wanted_ns;	     /* when the table was last of use */
	struct skep_hash known;	     /* addresses: symbols, in `arena` */
	struct skep_arena *arena;
};

void skep_ksyms_fini(struct skep_ksyms *ksyms);

/* The function that an address lies in. False: there is none, or names cannot be read. */
bool skep_ksyms_find(struct skep_ksyms *ksyms, uint64_t address, struct skep_ksym *ret_symbol);

/* Gives the table back when it was of no use for SKEP_KSYMS_REST_MS; else in how many ms to ask again; -1: nothing to wait for. */
int skep_ksyms_rest(struct skep_ksyms *ksyms);
