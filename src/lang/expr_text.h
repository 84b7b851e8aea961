/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An expression as a short text, for the names of fields: "args.filename", "@start[tid]", "$x / 1000". What would be
 * long is shortened to "...".
 */
#pragma once

#include "lang/ast.h"

char *skep_expr_text(struct skep_arena *arena, const struct skep_expr *expr);
/* A number or a text as it stands in the script, a sign in front or not: its text would be no name for a field. */
bool skep_expr_is_literal(const struct skep_expr *expr);
/* "+"; SKEP_BINARY_NONE is "=". */
const char *skep_binary_text(enum skep_binary op);
