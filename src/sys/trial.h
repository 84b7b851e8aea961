/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trials: programs of a few instructions that are loaded only to see what the kernel says, and closed at once.
 *
 *	const struct skep_trial xdp = { .kind = SKEP_PROG_XDP };
 *	fd = skep_trial_load(&xdp);				// r0 = 0; exit
 *	if (skep_trial_helper(&xdp, SKEP_HELPER_REDIRECT) == 0) ...
 *
 * A call has no proper arguments: a kernel that allows it complains about them, others complain about the call. So the answer
 * is worth something only where the program without the call can be loaded.
 */
#pragma once

#include "base/macros.h"

/* What the program is loaded as. */
struct skep_trial {
	uint32_t kind, attach_type;
	uint32_t
		btf_id; /* what it is verified against: function, type of a tracepoint, struct of functions */
	uint32_t flags;
};

/* The program that does nothing: a descriptor. */
int skep_trial_load(const struct skep_trial *trial) _must_check_;
/* Whether it may call the helper: 0, -EOPNOTSUPP, or why that cannot be told. */
int skep_trial_helper(const struct skep_trial *trial, int32_t id) _must_check_;
/* The same of a function of the kernel (kfunc), by its id in the kernel's types. */
int skep_trial_function(const struct skep_trial *trial, uint32_t id) _must_check_;
/* Whether the kernel has a helper of this number for any kind of programs. */
int skep_trial_helper_known(int32_t id) _must_check_;
