/* SPDX-License-Identifier: Apache-2.0 */
/* The dump of the tree, what its files share. skep_ast_dump (lang/ast.h) is what others call. */
#pragma once

#include "lang/ast.h"

struct skep_dump {
	struct skep_str *out;
	bool types;
};

/* NULL is nothing. */
void skep_dump_expr(struct skep_dump *d, const struct skep_expr *e, unsigned depth);
void skep_dump_def(struct skep_dump *d, const struct skep_c_def *def);
