/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Total: what a map held when it was emptied, for who looks only now and then, as Prometheus does. A script that prints and
 * clears every second would have shown him one second of every fifteen.
 *
 *	struct skep_total total = {};
 *	skep_total_empty(&total, &shape);		// the map is being emptied:
 *	skep_total_add(&total, &shape, &entry);		// of this
 *	skep_total_join(&total, &snapshot, arena);	// what it holds now, and what it held
 *	skep_total_fini(&total);
 *
 * What is counted or added up is added up further. Of a map that holds a level (snapshot.h) it is the last one. Of all others
 * nothing is kept. At most SKEP_TOTAL_KEYS_MAX keys with SKEP_TOTAL_NUMBERS_MAX numbers: the others are counted.
 */
#pragma once

#include "base/arena.h"
#include "base/hash.h"
#include "record/snapshot.h"

#define SKEP_TOTAL_KEYS_MAX 10000
#define SKEP_TOTAL_NUMBERS_MAX 250000

struct skep_total {
	struct skep_hash keys;	  /* to the numbers */
	struct skep_arena *arena; /* of both */
	size_t n_numbers;
	bool emptied;	    /* what is added next replaces a level */
	uint64_t n_no_room; /* entries that were not kept */
};

void skep_total_empty(struct skep_total *t, const struct skep_snapshot *shape);
void skep_total_add(struct skep_total *t, const struct skep_snapshot *shape,
		    const struct skep_snapshot_entry *entry);
/* The numbers that were kept for the key of @entry, or NULL. */
const uint64_t *skep_total_find(const struct skep_total *t, const struct skep_snapshot *shape,
				const struct skep_snapshot_entry *entry);
/* Entries and numbers are @arena's or the total's then. */
void skep_total_join(const struct skep_total *t, struct skep_snapshot *snapshot,
		     struct skep_arena *arena);
void skep_total_fini(struct skep_total *t);
