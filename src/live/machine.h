/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs of a plan that user space runs itself, because the kernel lacks a helper that they call (by_machine in
 * lang/plan.h): in the machine of `vm`, on the maps that the kernel has.
 *
 *	r = skep_machine_open(plan, engine, loaded, diag, &machine);	// NULL when the plan has none
 *	r = skep_machine_run(machine, prog, &sink, diag);		// its rows are handed to the sink
 *	skep_machine_close(machine);
 *
 * - Maps of the script, their losses and the globals are the kernel's; what programs have besides (texts, room for large
 *   values, the ring) is a copy of their own.
 * - A value that the program changed goes back as a whole when it is looked up again, and at the end of the run: what the
 *   kernel's programs made of the same value meanwhile is lost. A walk sees each key once that was there when it began.
 * - Memory of the kernel and of other processes cannot be read: that gives zeroes and is counted, as any failed read.
 */
#pragma once

#include "lang/plan.h"
#include "obj/engine.h"

struct skep_machine;
void skep_machine_close(struct skep_machine *machine); /* accepts NULL */
SKEP_DEFINE_CLEANUP(struct skep_machine, skep_machine_close)

/* @engine, with the plan @loaded, has the maps. All are borrowed until close. */
int skep_machine_open(const struct skep_plan *plan, const struct skep_engine *engine,
		      struct skep_loaded *loaded, struct skep_diag *diag,
		      struct skep_machine **ret_machine) _must_check_;
/* Runs the plan's program @prog once. What goes wrong is told. */
int skep_machine_run(struct skep_machine *machine, size_t prog, const struct skep_ring_sink *sink,
		     struct skep_diag *diag) _must_check_;
