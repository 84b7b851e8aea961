/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scope of a script (gen/scope.h), behind the prologue of a probe's provider: before predicate and body. BEGIN, END
 * and interval are run by skep itself and are not narrowed, nor is a probe that calls in_scope(): that asks itself, and of
 * the task that it is about.
 *
 * With the setting skip_self what skep itself does is left out there, too, so that no tool shows how it is shown.
 */
#pragma once

#include "lang/lower.h"

/* -ENOTSUP, after a message at the probe. */
int skep_lower_scope(struct skep_lower *l) _must_check_;
/* A truth: whether this task is in the scope; all are when there is none. @task NULL: the current one. */
int skep_lower_in_scope(struct skep_lower *l, struct skep_val *task, bool is_typed,
			struct skep_val **ret_val) _must_check_;

/* The process that is left out: skep's own, or 0: who names processes with --pid or -p has said whom he wants. */
struct skep_val *skep_lower_self(struct skep_lower *l);

/* The option that the scope came from: "--children". */
const char *skep_scope_option(const struct skep_compile_options *o);

/* Warns once, at the first probe that runs in another task than the one it tells of, when a scope or -p asks who runs. */
void skep_scope_warn(struct skep_compiler *c);
