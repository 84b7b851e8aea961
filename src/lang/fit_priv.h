/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of fit: probes are found before types are looked at, since what is not attached need not fit. */
#pragma once

#include "lang/compiler.h"
#include "lang/fit.h"

struct skep_fit {
	struct skep_arena *arena;
	const struct skep_world *world;
	const struct skep_fit_options *options;
	struct skep_diag *diag;
	struct skep_plan *plan;
	bool same_kernel;
	bool *dead; /* by program: what it would be attached to is not here */
};

/* fit_probes.c: targets of this machine for every attach record; records without any go. */
int skep_fit_probes(struct skep_fit *fit) _must_check_;
/* fit_needs.c */
int skep_fit_needs(struct skep_fit *fit) _must_check_;
/* Numbers of the kernel's types that programs are verified against. */
int skep_fit_attach_types(struct skep_fit *fit) _must_check_;
/* Names of enums in what user space shows. */
void skep_fit_enums(struct skep_fit *fit);
