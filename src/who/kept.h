/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kept stacks (struct skep_kept_maps): reading them, and taking those out that nobody holds any more, so that the map is
 * never full of stacks of long ago.
 *
 *	programs ─► map ──sweep──► copies here ──some sweeps later──► gone
 *	              └───── read ────┘
 *
 * A sweep moves every stack that was not marked out of the map, into copies. A program may hold the number of such a stack
 * that very moment and put it into a row or a map after it was looked for there. That does no harm: a number is made of what
 * is in the stack, so it means the same as long as there is a copy. A copy goes when SKEP_KEPT_SWEEPS sweeps in a row
 * did not find it marked; between two sweeps programs have put hundreds of new stacks into the map. So there are never more copies
 * than SKEP_KEPT_SWEEPS times SKEP_KEPT_STACKS, and those that are marked.
 *
 *	if (skep_kept_due(kept)) {
 *		skep_kept_mark(kept, id);	// each that a map holds; rows that hold one were shown
 *		skep_kept_sweep(kept);
 *	}
 */
#pragma once

#include "obj/engine.h"
#include "obj/unwind.h"

#define SKEP_KEPT_SWEEPS 4

struct skep_kept;

/* Everything is borrowed and must outlive the object. */
int skep_kept_new(const struct skep_engine *engine, struct skep_loaded *loaded,
		  const struct skep_kept_maps *maps, struct skep_kept **ret_kept) _must_check_;
void skep_kept_free(struct skep_kept *kept);

/* @addresses: room for SKEP_UNWIND_DEPTH of them, ended by 0 when there is room. -ENOENT: no such stack. */
int skep_kept_read(struct skep_kept *kept, uint64_t id, uint64_t *addresses) _must_check_;

/* Whether so many stacks were put into the map since the last sweep that there should be another one. */
bool skep_kept_due(struct skep_kept *kept);
/* Somebody holds this number. */
void skep_kept_mark(struct skep_kept *kept, uint64_t id);
/* All marks are taken back: it is not known who holds what. */
void skep_kept_forget(struct skep_kept *kept);
/* Takes out what is not marked; then marks are taken back. Stays in the map: what cannot be read. */
void skep_kept_sweep(struct skep_kept *kept);
