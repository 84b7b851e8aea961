/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fit: makes a plan from a file (plan_file.h) fit the machine that runs it, without compiling anything.
 *
 *	what the plan has			what is done here
 *	CPU, number of CPUs, features		must be there
 *	needs: members, sizes, enumerators	looked up in this kernel's types; the code gets the difference
 *	needs: symbols, cgroups, interfaces	their numbers go into the code
 *	probes					looked for as a script's are; patterns find what is here
 *	names of enums				this kernel's
 *
 * What does not fit is refused with the place in the script: a plan that was fitted gives the same answers as its script
 * would here. On the very kernel whose types it was made with, types are not looked up again.
 *
 *	struct skep_fit_options options = { .kernel = id };
 *	r = skep_plan_fit(arena, world, &options, diag, plan);
 */
#pragma once

#include "lang/plan.h"
#include "lang/world.h"

struct skep_fit_options {
	const char *kernel; /* what this kernel is called in plan->portable->kernel; or NULL */
	int pid;	    /* -p, or 0 */
	int child;	    /* as of skep_compile_options */
	bool has_command;   /* -c */
	bool unsafe;	    /* --unsafe */
	unsigned (*kernel_hz)(void); /* as of skep_compile_options */
};

/* -ENOTSUP: this machine is too different; -EINVAL: a probe is missing. The diag says why. The plan is changed, once. */
int skep_plan_fit(struct skep_arena *arena, const struct skep_world *world,
		  const struct skep_fit_options *options, struct skep_diag *diag,
		  struct skep_plan *plan) _must_check_;
