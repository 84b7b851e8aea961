/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by group.c (cgroups) and container.c only. */
#pragma once

#include "base/vec.h"
#include "who/group.h"

/* A mounted hierarchy of cgroups. */
struct skep_hierarchy {
	const char *path;
	bool is_v1;
	const char *controller; /* one of its; NULL: it has none */
};

struct skep_hierarchies {
	char *text; /* what the paths point into */
	struct {
		SKEP_VEC(struct skep_hierarchy);
	} list;
};

int skep_hierarchies_read(const char *root, struct skep_hierarchies *ret) _must_check_;
void skep_hierarchies_fini(struct skep_hierarchies *hierarchies);
/* The group at @below, a path from the hierarchy's root. -ENOENT. */
int skep_hierarchy_group(const char *root, const struct skep_hierarchy *hierarchy,
			 const char *below, struct skep_diag *diag,
			 struct skep_group *ret_group) _must_check_;
/* The first controller that we know in a list with commas, or NULL. */
const char *skep_cgroup_controller(const char *list);
/* The number in a link of /proc/PID/ns. */
int skep_namespace_inode(const char *path, uint64_t *ret_inode) _must_check_;
