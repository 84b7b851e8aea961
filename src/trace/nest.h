/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nest: a cgroup of its own for the command of -c, below ours, so that one test in the kernel tells whether a task is the
 * command or anything that it started, directly or not, also when its parents have ended (--children).
 *
 *	our cgroup ── skep-PID ── the command and all that it starts
 *
 *	r = skep_nest_make(&nest, child.pid, diag);	// while the child waits: it has started nothing yet
 *	... the scope of cgroup nest.path ...
 *	skep_nest_end(&nest, diag);			// what still runs goes back to our cgroup
 *
 * From then on signals that ask for an end wait until somebody takes them, as the loop does, and never end the process: a second
 * one, as timeout(1) sends it, would leave the group behind.
 *
 * Nothing is limited by it. It is left behind, empty at last, only where skep is killed without being asked.
 */
#pragma once

#include "base/diag.h"

struct skep_nest {
	char *dir;  /* NULL: there is none */
	char *path; /* from the root of its hierarchy */
};

/* -ENOTSUP: no cgroup2, or none can be made here. */
int skep_nest_make(struct skep_nest *ret_nest, int pid, struct skep_diag *diag) _must_check_;
/* Waits until what ends in it is gone, some seconds at most; a group that cannot be removed is told. */
void skep_nest_end(struct skep_nest *nest, struct skep_diag *diag);
