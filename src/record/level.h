/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Levels: the rows of the last interval, for who looks only now and then, as Prometheus does. Their texts, and numbers that
 * tell things apart (SKEP_ROLE_KEY), are keys; the other numbers are what is there now, or what has come since the interval before
 * (SKEP_ROLE_TOTAL), and then all that came is added up, so that nobody misses it.
 *
 *	struct skep_level level = {};
 *	skep_level_add(&level, schema, payload, resolver);	// a row whose schema is one of a level
 *	skep_level_turn(&level, probe);				// that probe has run: its rows are what there is
 *	skep_level_snapshot(&level, SKEP_ROLE_MEASURE, arena, &snapshot);	// as a map would hold them
 *	skep_level_snapshot(&level, SKEP_ROLE_TOTAL, arena, &snapshot);
 *	skep_level_fini(&level);
 *
 * When the probe runs and makes no such row, there is none. At most SKEP_LEVEL_ROWS_MAX rows are one interval's; when one has more,
 * it is known that some are not there. Of SKEP_LEVEL_TOTALS_MAX that add up, those are forgotten that the last interval has not; when
 * they come again they begin anew, which is what counters of Prometheus may do.
 */
#pragma once

#include "base/arena.h"
#include "base/hash.h"
#include "record/snapshot.h"

#define SKEP_LEVEL_ROWS_MAX 1000
#define SKEP_LEVEL_TOTALS_MAX (2 * SKEP_LEVEL_ROWS_MAX)

struct skep_level_batch {
	struct skep_hash rows; /* the keys' text to the payload */
	struct skep_arena *arena;
	bool is_cut; /* there were too many rows */
};

struct skep_level {
	const struct skep_schema *schema; /* NULL: nothing was added yet */
	/* Of the interval that is at it, of the last one, and of all, with what adds up. */
	struct skep_level_batch now, last, totals;
	size_t probe; /* that has made the last one */
};

/* What a snapshot of such rows looks like, with the numbers that are this; in @arena. */
struct skep_snapshot skep_level_shape(const struct skep_schema *schema, enum skep_field_role role,
				      struct skep_arena *arena);
void skep_level_add(struct skep_level *l, const struct skep_schema *schema, const void *payload,
		    const struct skep_resolver *resolver);
/* Interval probe @probe has run, and made the rows that were added since any has. */
void skep_level_turn(struct skep_level *l, size_t probe);
void skep_level_snapshot(const struct skep_level *l, enum skep_field_role role,
			 struct skep_arena *arena, struct skep_snapshot *ret_snapshot);
/* Whether rows of the last interval are missing, as there were more than SKEP_LEVEL_ROWS_MAX. */
bool skep_level_is_cut(const struct skep_level *l);
void skep_level_fini(struct skep_level *l);
