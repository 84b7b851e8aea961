/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Delta: what was added to a map since it was asked about last, for receivers that want sums of intervals.
 *
 *	struct skep_delta delta = {};
 *	if (skep_delta_takes(&snapshot)) {
 *		skep_delta_take(&delta, &snapshot, now_ns, &start_ns, arena);	// both are of the interval now
 *		...
 *	}
 *	skep_delta_fini(&delta);
 *
 * A map that was emptied (its start is another) begins anew, and so does a key of which any number went back: it was deleted and
 * came again. Keys to which nothing was added are left out. What is known of a map are the keys that it had the last time, with
 * the filled part of their numbers.
 */
#pragma once

#include "base/arena.h"
#include "base/hash.h"
#include "record/snapshot.h"

struct skep_delta {
	struct skep_hash maps, counts;
	struct skep_arena *arena; /* of both tables */
};

/* Counts, histograms and what only grows: sums of signed numbers are no amounts of an interval. */
bool skep_delta_takes(const struct skep_snapshot *snapshot);
/*
 * Makes of @snapshot, which counts since *@start_ns, what was added since the last time; its entries and numbers are then
 * @arena's. Of one that is a part, what is known of keys that are not there stays (up to SKEP_DELTA_KEYS_MAX).
 */
void skep_delta_take(struct skep_delta *d, struct skep_snapshot *snapshot, uint64_t time_ns,
		     uint64_t *start_ns, struct skep_arena *arena);
/* The same of one number, which has a name and only grows. */
uint64_t skep_delta_count(struct skep_delta *d, const char *name, uint64_t value, uint64_t time_ns,
			  uint64_t *start_ns);
void skep_delta_fini(struct skep_delta *d);

#define SKEP_DELTA_KEYS_MAX 200000
