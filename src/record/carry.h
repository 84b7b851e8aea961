/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Carry: what came to a map between its print and the clear() behind it. Programs go on counting meanwhile, so that a script which
 * prints and clears every second would lose some of it each time. It is of the next print instead.
 *
 *	skep_carry_print(&carry, &snapshot, arena);	// the map is printed: what was carried over is in it, too
 *	skep_carry_empty(&carry);			// it is being emptied:
 *	skep_carry_add(&carry, &shape, &entry);		// of this, as it was when it was taken out
 *	skep_carry_done(&carry);
 *
 * For what is counted or added up (total.h); a map that is emptied without having been printed is just empty. Where keys are so
 * many that not all were kept in mind (SKEP_TOTAL_KEYS_MAX), only those that were are carried over.
 */
#pragma once

#include "record/total.h"

struct skep_carry {
	struct skep_total shown; /* what the print found in the map */
	struct skep_total left;	 /* what has come since, until it was taken out */
	bool printed;
};

void skep_carry_print(struct skep_carry *c, struct skep_snapshot *snapshot,
		      struct skep_arena *arena);
void skep_carry_empty(struct skep_carry *c);
void skep_carry_add(struct skep_carry *c, const struct skep_snapshot *shape,
		    const struct skep_snapshot_entry *entry);
void skep_carry_done(struct skep_carry *c);
void skep_carry_fini(struct skep_carry *c);
