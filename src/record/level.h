/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Levels: the last rows that an interval made, for who looks only now and then, as Prometheus does. Their texts, and numbers that
 * tell things apart (pid, port), are keys; the other numbers are what is there now.
 *
 *	struct skep_level level = {};
 *	skep_level_add(&level, schema, payload, resolver);	// a row whose schema is one of a level
 *	skep_level_snapshot(&level, arena, &snapshot);		// all, as a map would hold them
 *	skep_level_fini(&level);
 *
 * When a key comes again, a new interval has begun; what the one before that had is gone. At most SKEP_LEVEL_ROWS_MAX rows are one
 * interval's; when one has more, it is known that some may not be there.
 */
#pragma once

#include "base/arena.h"
#include "base/hash.h"
#include "record/snapshot.h"

#define SKEP_LEVEL_ROWS_MAX 1000

struct skep_level_batch {
	struct skep_hash rows; /* the keys' text to the payload */
	struct skep_arena *arena;
	bool is_cut; /* a part of an interval that had too many rows */
};

struct skep_level {
	const struct skep_schema *schema; /* NULL: nothing was added yet */
	struct skep_level_batch now, before;
};

/* What a snapshot of such rows looks like; in @arena. */
struct skep_snapshot skep_level_shape(const struct skep_schema *schema, struct skep_arena *arena);
void skep_level_add(struct skep_level *l, const struct skep_schema *schema, const void *payload,
		    const struct skep_resolver *resolver);
void skep_level_snapshot(const struct skep_level *l, struct skep_arena *arena,
			 struct skep_snapshot *ret_snapshot);
/* Whether rows of the last two intervals may be missing, as there were more than SKEP_LEVEL_ROWS_MAX. */
bool skep_level_is_cut(const struct skep_level *l);
void skep_level_fini(struct skep_level *l);
