/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operators between two values: how tight they bind, and what they make of two constants. One table for the parser,
 * the preprocessor and the checker.
 */
#pragma once

#include "base/macros.h"
#include "lang/ast.h"

/* As in C: 1 for ||, more the tighter an operator binds; 0: it is none that stands between values. */
unsigned skep_binary_precedence(enum skep_binary op);
/*
 * The result of arithmetic on two constants of 64 bits. False for comparisons and logic, and where there is no result:
 * division by zero, the lowest number divided by -1.
 */
bool skep_binary_fold(enum skep_binary op, int64_t a, int64_t b, int64_t *ret_value);
/* The result of a comparison or of logic, 0 or 1. */
int64_t skep_binary_compare(enum skep_binary op, int64_t a, int64_t b, bool is_unsigned);
