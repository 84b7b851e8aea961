/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Macros of the script: a call becomes the macro's body with the arguments in the places of the parameters, before
 * anything has a type.
 *
 *	macro add(@m, key, $n) { @m[key] += $n; $n }		add(@sums, comm, $x)
 *	  ──►  { @sums[comm] += $x; $x }
 *
 * Hygiene: a variable of the body is another one than a variable of the same name where the macro is called (it gets a
 * name of its own, x'1, which messages show as it was written), and the body sees only the maps that it is given. What a
 * parameter stands for belongs to the caller.
 *
 * Several macros may have one name, when their parameters differ in number or in kind; the one that says most about its
 * arguments is taken. A macro that calls itself is an error.
 */
#pragma once

#include "lang/ast.h"

#define SKEP_MACRO_DEPTH_MAX 32 /* macros that call macros */
#define SKEP_MACRO_NODES_MAX \
	(1u << 18) /* expressions and statements that calls may become, in all */

/* Replaces all calls of macros in the script. -EINVAL: told. */
int skep_macro_expand(struct skep_arena *arena, struct skep_script *script,
		      struct skep_diag *diag) _must_check_;
/* Removes what makes the names of a macro's variables their own: "$x'1 is 5" becomes "$x is 5", in place. */
void skep_macro_show(char *text);
