/* SPDX-License-Identifier: Apache-2.0 */
/* How tight the operators between two values bind: one table for the parser and the preprocessor. */
#pragma once

#include "base/macros.h"
#include "lang/ast.h"

/* As in C: 1 for ||, more the tighter an operator binds; 0: it is none that stands between values. */
unsigned skep_binary_precedence(enum skep_binary op);
