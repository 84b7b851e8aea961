/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows that are spans: what stands in `as span { ... }`. Roles whose value is a field of the row lead to it; any other value is
 * a field of its own that is not shown.
 *
 * Rows of one name are one type, so they are spans all or none. Where only one statement says so and has no value of its own,
 * it says so for all.
 */
#pragma once

#include "lang/check.h"
#include "lang/compiler.h"

/* The arguments of a row from @first on, by the types of all. */
int skep_span_check(struct skep_check *k, const struct skep_expr_list *args, size_t first,
		    struct skep_loc loc) _must_check_;
/* Whether this role, the first of its three arguments, has a value of its own. */
bool skep_span_is_hidden(struct skep_expr *const *role);
/* What they come to for a row with @n_fields; hidden fields are numbered in their order behind these. */
void skep_span_shape(const struct skep_expr_list *args, size_t first, size_t n_fields,
		     struct skep_span_shape *ret_span);
/* Once all rows are known. -EINVAL: two of one name differ. */
int skep_span_settle(struct skep_compiler *c) _must_check_;
