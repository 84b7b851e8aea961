/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scope of the command line: --pid, --comm, --user, --cgroup, --container and --children, from words to numbers.
 *
 *	r = skep_live_scope_find(arena, &options->scope, &child, diag, &scope);	// NULL in scope: nothing was given
 */
#pragma once

#include "base/arena.h"
#include "base/diag.h"
#include "gen/scope.h"

/* As they were given; NULL: not at all. */
struct skep_live_scope {
	const char *pid, *comm, *user, *cgroup, *container;
	bool children;
};

/* The command of -c, which waits. */
struct skep_live_child {
	int pid;	    /* 0: there is none */
	const char *cgroup; /* that it and what it starts are in, with --children; else NULL */
};

/* Wrong spelling: -EINVAL. What does not exist is not noticed yet. */
int skep_live_scope_check(const struct skep_live_scope *words, struct skep_diag *diag) _must_check_;
/* -ENOENT, -ESRCH, -ENOTSUP, with the diag. */
int skep_live_scope_find(struct skep_arena *arena, const struct skep_live_scope *words,
			 const struct skep_live_child *child, struct skep_diag *diag,
			 struct skep_scope **ret_scope) _must_check_;
