/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Show: what programs of a plan left in the ring and in maps, in the words of the script, after they ran outside of a
 * session. Nothing goes beyond the text: commands and files that the script would start or write are named.
 *
 *	skep_live_globals(plan, n_cpus, &globals);	// before the load, for plan->globals_map
 *	... load, run ...
 *	skep_live_show(plan, engine, loaded, SKEP_LIVE_TEXT, diag, &losses, &out);	// "hi 3\n@x[a, 2]: 1\n"
 */
#pragma once

#include "live/live.h"

/* What the programs are told of now and of this machine; of no process. */
void skep_live_globals(const struct skep_plan *plan, uint32_t n_cpus,
		       struct skep_plan_globals *ret_globals);

/*
 * Takes the rows out of the ring, and reads the maps. @format: TEXT or JSON, then a record a line. Give *ret_losses to
 * skep_losses_fini.
 */
int skep_live_show(struct skep_plan *plan, const struct skep_engine *engine,
		   struct skep_loaded *loaded, enum skep_live_format format, struct skep_diag *diag,
		   struct skep_losses *ret_losses, struct skep_str *out) _must_check_;
