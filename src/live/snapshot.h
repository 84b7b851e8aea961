/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading maps of a plan: from whatever store they are kept in to a snapshot (record/snapshot.h), CPUs added up,
 * sorted; and emptying them.
 *
 *	r = skep_map_read(arena, plan, engine, loaded, index, NULL, SIZE_MAX, NULL, &snapshot);
 *	skep_snapshot_text(&snapshot, 0, 0, 0, resolver, &out);
 *
 * Programs go on writing meanwhile: each number is one that the map really held, the whole is not one moment.
 */
#pragma once

#include "base/arena.h"
#include "base/breath.h"
#include "lang/plan.h"
#include "obj/engine.h"
#include "record/carry.h"

/*
 * @key: only the entry with this key (of shape.key_size bytes); NULL: all, or as many as @max says. @breath: has a turn now and
 * then; what is read for somebody who cannot wait is not sorted when that would take long. NULL: nobody waits. The snapshot
 * lives in @arena.
 */
int skep_map_read(struct skep_arena *arena, const struct skep_plan *plan,
		  const struct skep_engine *engine, struct skep_loaded *loaded, size_t index,
		  const void *key, size_t max, const struct skep_breath *breath,
		  struct skep_snapshot *ret_snapshot) _must_check_;
/* Removes all entries; what they held goes to @total and @carry, unless these are NULL. */
int skep_map_clear(const struct skep_plan *plan, const struct skep_engine *engine,
		   struct skep_loaded *loaded, size_t index, struct skep_total *total,
		   struct skep_carry *carry) _must_check_;
/* Keeps the keys and makes all values zero. */
int skep_map_zero(const struct skep_plan *plan, const struct skep_engine *engine,
		  struct skep_loaded *loaded, size_t index, struct skep_total *total,
		  struct skep_carry *carry) _must_check_;
