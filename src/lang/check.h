/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checking: gives every expression a type and every mistake a place, a cause and a remedy.
 *
 * The bodies are checked instance by instance, again and again until the types of maps and
 * variables no longer change (a map may be read in the first probe and written in the last). Only
 * in the last round (`final`) is an unknown type an error, and only then are messages about it
 * made, once. Lowering then checks each instance a last time just before it makes its code, so
 * that the annotations in the tree are those of this instance.
 */
#pragma once

#include "lang/compiler.h"

struct skep_check {
	struct skep_compiler *c;
	struct skep_instance *inst;
	bool final;   /* unknown types are errors now */
	bool changed; /* some map's or variable's type became known or wider */
	struct {
		SKEP_VEC(struct skep_local *);
	} locals; /* in scope, innermost last */
	struct {
		SKEP_VEC(struct skep_local *);
	} ended; /* of blocks that have ended, the latest last */
	unsigned loop_depth;
	unsigned copies;	 /* that the unrolls around make of what is checked now; 0 is 1 */
	struct skep_fn_node *fn; /* the function that is being checked, or NULL: the probe itself */
	unsigned fn_depth;
	bool fresh;	     /* the instance's first pass: variables are made anew */
	bool locals_changed; /* some variable's type became known or wider */
	bool never;  /* what is checked never runs, by a constant condition: fail() is silent */
	bool agg_ok; /* the expression checked next may be an aggregation */
	const struct skep_expr *addressed; /* the operand of a '&': only its place is wanted */
	bool as_stmt;			   /* the expression checked next need not have a value */
	struct skep_loc at; /* of the word or call that is checked now: for messages of providers */
};

/*
 * Errors: reported in the final round only; 0 is returned for "not known yet" in earlier rounds
 * with expr->type NULL.
 */
int skep_check_expr(struct skep_check *k, struct skep_expr *expr) _must_check_;
int skep_check_block(struct skep_check *k, const struct skep_block_node *block) _must_check_;
/* Before anything is matched: all that the probe's body does is `if comptime` something that is not so here. */
bool skep_check_is_for_others(struct skep_compiler *c, struct skep_probe_node *probe);
/*
 * Whether the body that is checked can have this helper: the kernel has it, or user space runs the body itself, which is
 * noted.
 */
bool skep_check_has(struct skep_check *k, enum skep_world_feature feature);
/* All statements and the predicate of one instance, in the final mode: for lowering. */
int skep_check_instance(struct skep_compiler *c, struct skep_instance *inst) _must_check_;

/*
 * The value of a constant integer expression (literals, $1, enum constants, arithmetic of them);
 * false: not constant.
 */
bool skep_check_const(struct skep_check *k, const struct skep_expr *expr, int64_t *ret_value);
/* The text of a string literal or a positional parameter used as text; NULL: neither. */
const char *skep_check_literal(struct skep_check *k, const struct skep_expr *expr);
/* This kind of probe has no args: says so, and what it has instead of args.@field (NULL: of args). */
int skep_check_no_args(struct skep_check *k, const struct skep_expr *expr, const char *field);
/* Says that @expr must be of a kind ("an integer") and has another; -EINVAL. For builtins. */
int skep_check_want(struct skep_check *k, const struct skep_expr *expr,
		    const char *what) _must_check_;
/*
 * A map named in a call that takes the map itself: print(@x), clear(@x), delete(@x[1]). Finds
 * expr->map.info and checks the keys when there are some; the map is not read. In the final round
 * a map that nothing assigns is an error.
 */
int skep_check_map(struct skep_check *k, struct skep_expr *expr) _must_check_;
/* The same for what user space does to all of a map: no program looks into it for that. */
int skep_check_map_whole(struct skep_check *k, struct skep_expr *expr) _must_check_;
/* The settings as a record, for the builtin `config`. */
int skep_check_config(struct skep_check *k, struct skep_expr *expr) _must_check_;
/* typeinfo(value): a number, the kind and the whole of its type. */
int skep_check_typeinfo(struct skep_check *k, struct skep_expr *call) _must_check_;
/* comptime(value): the number, or a message when it is not constant. */
int skep_check_comptime_value(struct skep_check *k, struct skep_expr *call) _must_check_;
/* exists(value.field): whether this kernel's types have it. Code that chose by it still refuses kernels that lack its choice. */
int skep_check_exists(struct skep_check *k, struct skep_expr *call) _must_check_;
/* The text of a type, for messages. */
const char *skep_check_type_text(struct skep_check *k, const struct skep_type *type);
