/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Builtin: a word or function of the language. One constant record, in a file of builtin/ by theme, one row in
 * builtin/table.c.
 *
 * `check` sees a call whose argument count is right and whose arguments are already checked (unless RAW), and sets
 * expr->type. `lower` makes its code.
 */
#pragma once

#include "lang/check.h"
#include "lang/lower.h"

enum skep_builtin_flags {
	SKEP_BUILTIN_BARE =
		1 << 0, /* may stand without parentheses when it takes no argument: pid, kstack */
	SKEP_BUILTIN_UNSAFE = 1 << 1,	 /* needs --unsafe */
	SKEP_BUILTIN_AGG = 1 << 2,	 /* only as the value assigned to a map: count() */
	SKEP_BUILTIN_STATEMENT = 1 << 3, /* gives no value: printf, clear */
	SKEP_BUILTIN_STEADY = 1 << 5,	 /* the same value throughout one run of a program */
	SKEP_BUILTIN_RAW = 1 << 4,	 /* check looks at the arguments itself */
	SKEP_BUILTIN_COMPTIME =
		1 << 10, /* a truth that check finds: call.state is not NULL when it holds */
};

struct skep_builtin {
	const char *name;
	const char *usage; /* "str(pointer[, length])" */
	unsigned min_args, max_args;
	unsigned flags;
	int (*check)(struct skep_check *k, struct skep_expr *call);
	/* ret_value is NULL when the value is not wanted (a statement). Aggregations are lowered by lower_agg instead. */
	int (*lower)(struct skep_lower *l, const struct skep_expr *call,
		     struct skep_value *ret_value);
	/* AGG: adds to the map's value of this CPU at addr + off. */
	int (*lower_agg)(struct skep_lower *l, const struct skep_expr *call,
			 const struct skep_map_info *map, struct skep_val *addr, int off);
};

extern const struct skep_builtin *const skep_builtins[]; /* NULL-terminated */
const struct skep_builtin *skep_builtin_find(const char *name);
/*
 * The nearest names, for "unknown function", or those that stand without parentheses unless it is @called.
 * Comma-separated; "" when nothing is near.
 */
char *skep_builtin_nearest(struct skep_compiler *c, const char *name, bool called);
