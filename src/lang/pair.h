/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pairs: the same functions probed where they begin and where they return, by two bodies of the script. Where the kernel
 * has kprobe sessions they become one program and one link, so that each function is hooked once:
 *
 *	kprobe:vfs_*    { A } ─┐
 *	                       ├─► program: returning? ── no ─► A      one link, of kind session
 *	kretprobe:vfs_* { B } ─┘                  └────── yes ► B
 *
 * The first of the two in the script owns the program; the other hangs from its `next`. Which pairs there are is seen in
 * what was matched, so that a script means the same with and without sessions.
 *
 *	skep_pair_all(c);                            // after skep_match_all
 *	if (skep_pair_is(inst))
 *		returning = skep_pair_returning(l);      // code
 */
#pragma once

#include "lang/lower.h"

/* Finds the pairs among the instances. Not for other machines: whether they have sessions is not known. */
void skep_pair_all(struct skep_compiler *c);
/* Whether an instance is one half of a pair. */
bool skep_pair_is(const struct skep_instance *inst);
/* Code: whether the function returns (not zero), rather than begins. */
struct skep_val *skep_pair_returning(struct skep_lower *l);
