/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions of the script: fn name($a : type, ...) : type { ... }
 *
 *	probe ──calls──► fn a ──calls──► fn b          probe->fns = { a, b }
 *
 * A function is checked and lowered anew for each instance of a probe that calls it, directly or through others, so
 * what it says of args or probe is said of that probe's. In the program it is a subprogram.
 *
 *	skep_fn_reach(arena, script);             // once, after parsing
 *	fn = skep_fn_find(script, "name");
 */
#pragma once

#include "base/arena.h"
#include "lang/ast.h"

#define SKEP_FN_PARAMS_MAX 5 /* what a call hands over in registers */
#define SKEP_FN_DEPTH_MAX 7  /* of functions that call each other; the program itself is one more */

/* NULL when there is none. */
struct skep_fn_node *skep_fn_find(const struct skep_script *script, const char *name);
/* One whose name is nearly this; NULL when there is none. */
const struct skep_fn_node *skep_fn_nearest(const struct skep_script *script, const char *name);
/* Fills the fns of all probes. */
void skep_fn_reach(struct skep_arena *arena, struct skep_script *script);
