/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes: user, parents and place of a process, for the columns of --with (record/schema.h: struct skep_process).
 *
 * What the kernel knew when the row was made comes first. The rest is asked of /proc, and kept a second; of one that has ended
 * for a minute, since its number may be another's later.
 *
 *	skep_process_add(&processes, "", &process, SKEP_PROCESS_PARENTS, &out);	// "bash 812, sshd 700, systemd 1"
 *	skep_processes_fini(&processes);
 */
#pragma once

#include "record/schema.h"
#include "who/place.h"

#define SKEP_PROCESSES_KEPT 1024 /* a place for each number modulo this */
#define SKEP_PARENTS_MAX 16

struct skep_known_process;

struct skep_processes {
	struct skep_known_process *known; /* made on first use */
	struct skep_places places;
	int own_ns; /* 1: the kernel's numbers are other ones than /proc has; -1: not; 0: not looked at yet */
};

void skep_process_add(struct skep_processes *processes, const char *root,
		      const struct skep_process *process, enum skep_process_what what,
		      struct skep_str *out);
void skep_processes_fini(struct skep_processes *processes);
