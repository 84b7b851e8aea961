/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What arithmetic means, once: for constants that the checker computes, for the types of results, and for the code of
 * what runs. Numbers are held in 64 bits, each with the sign of its own type.
 *
 *	/  %  <  <=  >  >=	unsigned when a side is an unsigned number of 64 bits, as in C; numbers without a sign
 *				of fewer bits fit the signed operation, which then gives the true answer
 *	>>			as the sign of what is shifted says
 *	~			the bits that the number's type has, when it has no sign; else all
 *	+  -  *  <<  &  |  ^	the same bits either way; a product of two numbers of 32 bits without a sign has none either
 *
 * A variable or a map that was given a number of fewer bits remembers how many (`narrow` of its type), so that it
 * counts like the number itself.
 *
 *	op = skep_arith_op(SKEP_BINARY_DIV, a->type, b->type);		what lowering emits
 *	skep_arith_fold(SKEP_BINARY_DIV, a->type, x, b->type, y, &value);	the same on constants
 */
#pragma once

#include "base/macros.h"
#include "gen/gen.h"
#include "lang/ast.h"

/* Whether an operation on these two types is unsigned. */
bool skep_arith_unsigned(const struct skep_type *a, const struct skep_type *b);
/* The same for a comparison, where a constant that is not negative goes with either sign. */
bool skep_arith_unsigned_compare(const struct skep_expr *a, const struct skep_expr *b);
/* The type of a result, of two integers. */
const struct skep_type *skep_arith_type(enum skep_binary op, const struct skep_type *a,
					const struct skep_type *b);
/* @op must be arithmetic. */
enum skep_ir_op skep_arith_op(enum skep_binary op, const struct skep_type *a,
			      const struct skep_type *b);
/* @op must be a comparison. */
enum skep_cc skep_arith_cc(enum skep_binary op, bool is_unsigned);
/*
 * The result of arithmetic on two constants. False for comparisons and logic, and where there is none: division by zero,
 * the lowest number divided by -1.
 */
bool skep_arith_fold(enum skep_binary op, const struct skep_type *a, int64_t x,
		     const struct skep_type *b, int64_t y, int64_t *ret_value);
/* The result of a comparison or of logic, 0 or 1. */
int64_t skep_arith_compare(enum skep_binary op, int64_t x, int64_t y, bool is_unsigned);
/* ~: the type of the result, and the bits that change. */
const struct skep_type *skep_arith_not_type(struct skep_arena *arena, const struct skep_type *type);
uint64_t skep_arith_not_mask(const struct skep_type *type);
