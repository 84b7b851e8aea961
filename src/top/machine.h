/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine as a whole: processors, memory, pressure, load. From four small files of /proc; what is not there stays -1.
 *
 *	skep_top_machine_look(&machine);	// rates are of the time since the last look
 */
#pragma once

#include "base/macros.h"

struct skep_top_machine {
	unsigned n_cpus;
	double user, system, iowait, busy; /* percent of all processors; -1: not known yet */
	uint64_t mem_total, mem_used, swap_total, swap_used; /* bytes */
	double psi_cpu, psi_mem, psi_io; /* percent of the last ten seconds; -1: not there */
	double load[3];
	uint64_t uptime_s;
	uint64_t ticks[8]; /* of the last look */
};

void skep_top_machine_look(struct skep_top_machine *m);
/* Of the text of /proc/stat. Exposed for tests. */
void skep_top_machine_stat(struct skep_top_machine *m, const char *text);
void skep_top_machine_memory(struct skep_top_machine *m, const char *text);
