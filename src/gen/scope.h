/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scope: the code at the start of a program that leaves unless the current task is one of those that were asked for
 * (--pid, --comm, --user, --cgroup, --container); or, anywhere, unless another task that it has a pointer to is. One place for whatever is generated.
 *
 *	entry ─► is it one of the processes? its user? its name? its groups? ─► the program
 *	            └────────────┴─────────────┴──────────┴──────► out
 *
 * All that is given must hold; of several processes, one. Cheap tests come first.
 *
 * Groups are found in three ways, as machines differ:
 *
 *	cgroup		version 2: the ancestor of the task's cgroup at the group's level has its id
 *	cgroup v1	the same in the hierarchy of a controller, read from the task. On hosts that have both versions
 *			containers often live there alone
 *	pid namespace	the task's namespace at that level. Where containers have no cgroup of their own
 *
 * Everything below a group belongs to it. Ids and levels are constants in the code: a spec with a scope is for the
 * machine and the moment that it was made for.
 *
 *	struct skep_scope scope = { .pids = pids, .n_pids = 2 };
 *	r = skep_gen_scope(fn, &scope, &kernel, out, diag);	// what is built now runs for these two only
 */
#pragma once

#include "gen/gen.h"
#include "obj/btf.h"

#define SKEP_SCOPE_PIDS_MAX 64
#define SKEP_SCOPE_COMM_MAX 15

enum skep_scope_group_kind {
	SKEP_SCOPE_CGROUP,
	SKEP_SCOPE_CGROUP_V1,
	SKEP_SCOPE_PID_NS,
};

struct skep_scope_group {
	enum skep_scope_group_kind kind;
	uint64_t id;		/* of the cgroup's directory; the namespace's inode */
	unsigned level;		/* 0: the root, which holds every task */
	const char *controller; /* CGROUP_V1: one of its hierarchy, "memory" */
};

struct skep_scope {
	const uint32_t *pids; /* thread groups */
	size_t n_pids;
	const char *comm; /* of the thread, at most SKEP_SCOPE_COMM_MAX bytes; or NULL */
	bool has_uid;
	uint32_t uid;
	const struct skep_scope_group *groups;
	size_t n_groups;
};

/* What the code may stand on. */
struct skep_scope_kernel {
	const struct skep_btf *btf; /* of the kernel, or NULL */
	bool typed_task; /* the helper get_current_task_btf; of task: the verifier knows its type */
	bool no_ancestor; /* not the helper get_current_ancestor_cgroup_id: it is read from the task. Needs btf */
	struct skep_val *task; /* whom it is about, or NULL: the current one. Needs btf */
};

static inline bool skep_scope_is_empty(const struct skep_scope *scope)
{
	return !scope->n_pids && !scope->comm && !scope->has_uid && !scope->n_groups;
}

/*
 * Builds the tests at the end of the current block; the program goes on in the block that is current afterwards.
 * -ENOTSUP: the kernel's types do not say where the group of a task stands, and the diag says what is missing.
 */
int skep_gen_scope(struct skep_fn *fn, const struct skep_scope *scope,
		   const struct skep_scope_kernel *kernel, struct skep_block *out,
		   struct skep_diag *diag) _must_check_;
