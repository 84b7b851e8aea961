/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scope of the command line: --pid, --comm, --user, --cgroup and --container, from words to numbers.
 *
 *	r = skep_trace_scope(arena, &options->scope, diag, &scope);	// NULL in scope: nothing was given
 */
#pragma once

#include "base/arena.h"
#include "base/diag.h"
#include "gen/scope.h"

/* As they were given; NULL: not at all. */
struct skep_trace_scope {
	const char *pid, *comm, *user, *cgroup, *container;
};

/* Wrong spelling: -EINVAL. What does not exist is not noticed yet. */
int skep_trace_scope_check(const struct skep_trace_scope *words,
			   struct skep_diag *diag) _must_check_;
/* -ENOENT, -ESRCH, -ENOTSUP, with the diag. */
int skep_trace_scope_find(struct skep_arena *arena, const struct skep_trace_scope *words,
			  struct skep_diag *diag, struct skep_scope **ret_scope) _must_check_;
