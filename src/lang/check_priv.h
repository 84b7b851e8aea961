/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checking, what its files share with each other and nobody else. check.h is the interface for
 * builtins and providers.
 *
 *	check.c		rounds, instances, messages
 *	check_stmt.c	statements, variables
 *	check_loop.c	loops
 *	check_expr.c	values, operators
 *	check_access.c	fields, indices, pointers
 *	check_cast.c	casts, sizeof, offsetof
 *	check_map.c	maps and assignments
 *	check_name.c	words and calls
 *	check_fn.c	functions of the script
 *	check_const.c	constants
 *	check_rewrite.c	what is something else in short
 *	check_unify.c	how two types become one
 */
#pragma once

#include "lang/check.h"

/* Reports at @loc; -EINVAL. Silent outside of the final round, as c->diag is NULL there. */
int skep_check_error(struct skep_check *k, struct skep_loc loc, const char *fmt, ...)
	_printf_(3, 4);

/* How a value is kept: numbers have 64 bits. @in_map: typed kernel pointers lose their type. */
const struct skep_type *skep_check_promote(struct skep_check *k, const struct skep_type *type,
					   bool in_map);
/* The type that holds values of both (both promoted); NULL: there is none. */
const struct skep_type *skep_check_unify(struct skep_check *k, const struct skep_type *a,
					 const struct skep_type *b);
/* Something that if, &&, ! and predicates take. */
int skep_check_truth(struct skep_check *k, struct skep_expr *expr, const char *what) _must_check_;
/* The condition of `if comptime`. Not *ret_known: its types are not known yet. */
int skep_check_comptime(struct skep_check *k, struct skep_expr *cond, bool *ret_known,
			bool *ret_value) _must_check_;
/* The literal 0, which is also the NULL pointer. */
bool skep_check_is_zero(const struct skep_expr *expr);
/* check_never.c: warns of a comparison that has one answer. */
void skep_check_never(struct skep_check *k, const struct skep_expr *expr);
/* "5": a number that is written as a text. */
bool skep_check_quoted_number(const struct skep_expr *expr);
/* True, and told: @expr is a parameter that is not a number. */
bool skep_check_not_number(struct skep_check *k, const struct skep_expr *expr);
int skep_check_arith(struct skep_check *k, struct skep_expr *expr, enum skep_binary op,
		     struct skep_expr *left, struct skep_expr *right,
		     const struct skep_type **ret_type) _must_check_;

int skep_check_tuple(struct skep_check *k, struct skep_expr *expr) _must_check_;
/* check_rewrite.c: the tree becomes what the expression stands for. */
void skep_check_become_number(struct skep_check *k, struct skep_expr *expr, int64_t value);
void skep_check_become_text(struct skep_check *k, struct skep_expr *expr, const char *s);
/* `args` as a value: a record of all of them. */
int skep_check_whole_args(struct skep_check *k, struct skep_expr *expr) _must_check_;
/* A cast of a pointer to string[@size]. */
int skep_check_text_cast(struct skep_check *k, struct skep_expr *expr, uint32_t size) _must_check_;
int skep_check_call(struct skep_check *k, struct skep_expr *expr) _must_check_;
int skep_check_fn_call(struct skep_check *k, struct skep_expr *expr,
		       struct skep_fn_node *fn) _must_check_;
int skep_check_unroll(struct skep_check *k, struct skep_stmt *stmt) _must_check_;
/* while and for */
int skep_check_loop(struct skep_check *k, struct skep_stmt *stmt) _must_check_;
int skep_check_return(struct skep_check *k, struct skep_stmt *stmt) _must_check_;
/* Functions with the same name, or one that the language has. */
int skep_check_fn_names(struct skep_compiler *c) _must_check_;
void skep_check_fn_unused(struct skep_compiler *c);
int skep_check_field(struct skep_check *k, struct skep_expr *expr) _must_check_;
int skep_check_index(struct skep_check *k, struct skep_expr *expr) _must_check_;
int skep_check_deref(struct skep_check *k, struct skep_expr *expr) _must_check_;
int skep_check_addr(struct skep_check *k, struct skep_expr *expr) _must_check_;
int skep_check_cast(struct skep_check *k, struct skep_expr *expr) _must_check_;
/* The number that sizeof or offsetof of a type is; false: it has no such field. */
bool skep_check_layout_of(struct skep_check *k, const struct skep_expr *expr,
			  const struct skep_type *type, uint64_t *ret_value);
/* Numbers of an enum are computed with in 64 bits, and keep their names. */
const struct skep_type *skep_check_wide_enum(struct skep_compiler *c, const struct skep_type *type);
/* A constant by its name: of the script's enums, of C's headers, of the kernel's enums. */
/* *ret_of (or NULL): the enum that it is of, as 64 bits wide; NULL when it is of none. */
bool skep_check_constant(struct skep_compiler *c, const char *name, int64_t *ret_value,
			 const struct skep_type **ret_of, uint32_t *ret_need);
int skep_check_layout(struct skep_check *k, struct skep_expr *expr) _must_check_;
/* Whether a program can read the aggregation @m as a number. */
int skep_check_agg_number(struct skep_check *k, const struct skep_map_info *m,
			  struct skep_loc loc) _must_check_;
int skep_check_map_read(struct skep_check *k, struct skep_expr *expr) _must_check_;
int skep_check_assign(struct skep_check *k, struct skep_expr *expr) _must_check_;
/* ++ and -- */
int skep_check_step(struct skep_check *k, struct skep_expr *expr) _must_check_;
/* A type as written; NULL after a message. 0 with NULL in *ret_type: not known yet. */
int skep_check_type_name(struct skep_check *k, const struct skep_type_name *name,
			 const struct skep_type **ret_type) _must_check_;

/* The variable in scope, or NULL. */
struct skep_local *skep_check_local(const struct skep_check *k, const char *name);
/*
 * A variable that began by an assignment in a block that has ended, in scope again; NULL: there is none. Scripts of older
 * versions set a variable in both branches of an if and use it behind them. With @value, which it is about to get, only one
 * that can hold it; without, it is read, and may never have been set.
 */
struct skep_local *skep_check_revive(struct skep_check *k, const char *name,
				     const struct skep_expr *value);
/* Variables that came after the first @scope ones go out of scope. */
void skep_check_scope_end(struct skep_check *k, size_t scope);
/* A new variable; *slot remembers it from pass to pass. */
struct skep_local *skep_check_declare(struct skep_check *k, const char *name, struct skep_loc loc,
				      struct skep_local **slot);
/* A value of @type (NULL: not known yet) goes into the variable. */
int skep_check_local_set(struct skep_check *k, struct skep_local *local,
			 const struct skep_expr *value, struct skep_loc loc) _must_check_;
/* One statement; variables that it begins stay in scope. */
int skep_check_stmt(struct skep_check *k, struct skep_stmt *stmt) _must_check_;
