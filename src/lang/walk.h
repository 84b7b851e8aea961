/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walk: visits every expression under a statement or expression, outermost first.
 *
 *	static bool visit(void *data, struct skep_expr *expr) { ...; return true; }	// false: not into this one
 *	skep_walk_probe(probe, visit, &state);
 *
 * Of an `if comptime` that the checker has decided only the chosen branch is visited.
 *
 * The depth is what the parser allows (SKEP_PARSE_DEPTH_MAX).
 */
#pragma once

#include "lang/ast.h"

typedef bool (*skep_walk_fn)(void *data, struct skep_expr *expr);

void skep_walk_expr(struct skep_expr *expr, skep_walk_fn fn, void *data);
void skep_walk_block(const struct skep_block_node *block, skep_walk_fn fn, void *data);
/* Predicate and body. */
/* Whether a loop's body asks for more of $@name, a (key, value), than its key. */
bool skep_walk_wants_value(const struct skep_block_node *body, const char *name);
void skep_walk_probe(const struct skep_probe_node *probe, skep_walk_fn fn, void *data);
