/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Groups: the cgroups of the whole machine as they are made and removed, so that one which is gone before anybody looks has a
 * path all the same. A program on two tracepoints of the kernel writes each into a ring of its own.
 *
 *	r = skep_groups_open(&groups);
 *	r = skep_groups_read(groups, take, data);	// before a row is shown that may be of one of them
 *	skep_groups_close(groups);
 *
 * Only the hierarchies whose numbers skep knows: version 2, and that of memory of version 1.
 */
#pragma once

#include "base/macros.h"

#define SKEP_GROUPS_PATH \
	256 /* bytes of a path, its end included; of a longer one nothing is told */

struct skep_groups;

/* What the program writes; of `path` as much as there is. */
struct skep_group_news {
	uint64_t id;	    /* of its directory */
	uint32_t hierarchy; /* 0: version 2 */
	uint32_t zero;
	char maker[16]; /* comm of who made it, or removed it */
	char path[SKEP_GROUPS_PATH];
};

/* -ENOENT, -EOPNOTSUPP: this kernel tells nothing of them; -EPERM. */
int skep_groups_open(struct skep_groups **ret_groups) _must_check_;
void skep_groups_close(struct skep_groups *groups);
/* Becomes readable with the first that is written when all others were read. */
int skep_groups_fd(const struct skep_groups *groups);
/* All that are there. @is_v1: the number is one of the memory hierarchy. */
void skep_groups_read(struct skep_groups *groups,
		      void (*take)(void *data, const struct skep_group_news *news, bool is_v1),
		      void *data);
