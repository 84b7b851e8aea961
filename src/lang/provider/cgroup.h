/* SPDX-License-Identifier: Apache-2.0 */
/* What the two files of the cgroup provider share: the places, and what a probe is told at each. */
#pragma once

#include "lang/hook.h"

enum skep_cgroup_value {
	SKEP_CGROUP_U32,
	SKEP_CGROUP_LOW16, /* of 32 bits */
	SKEP_CGROUP_HIGH16,
	SKEP_CGROUP_PORT, /* 16 bits, the most significant byte first */
	SKEP_CGROUP_INET4,
	SKEP_CGROUP_INET6,
	SKEP_CGROUP_SYSCTL, /* text that helper `off` gives */
};

struct skep_cgroup_arg {
	const char *name;
	enum skep_cgroup_value value;
	uint16_t off; /* in the context */
};

/* A place in a cgroup where the kernel asks. */
struct skep_cgroup_place {
	const char *name;
	uint32_t prog_type, attach_type;
	struct skep_hook hook;
	const struct skep_cgroup_arg *args; /* ends with one without a name */
};

extern const struct skep_cgroup_place skep_cgroup_places[]; /* ends with one without a name */

/* The arguments of a place as a struct whose offsets are places in its list. */
const struct skep_struct *skep_cgroup_args(struct skep_types *types,
					   const struct skep_cgroup_place *place);
int skep_cgroup_lower_args(struct skep_lower *l, const struct skep_expr *expr,
			   const struct skep_field *field,
			   struct skep_value *ret_value) _must_check_;
