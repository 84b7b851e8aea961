/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a tool's programs cost an event of the workload: the time that they add, and what the kernel accounts to them.
 *
 *	r = cost_time(&w, 100, &ns);				without the kernel's statistics
 *	r = cost_account(pid, &w, 10, &before, &after);		with them
 *	cost_add_account(&samples, &before, &after, 10, &floors, &w);
 */
#pragma once

#include "progs.h"

#define COST_MAX_ROUNDS 20
#define COST_MAX_KINDS 8

/* Of one tool, round by round. */
struct cost_samples {
	double wall[COST_MAX_ROUNDS], account[COST_MAX_ROUNDS], runs[COST_MAX_ROUNDS];
	unsigned n;
	double floor_ns; /* what as many empty programs add to a call */
	bool failed;
	char kind[64];
};

/* What empty programs cost, of the kinds met so far. */
struct cost_floors {
	unsigned n;
	uint32_t types[COST_MAX_KINDS];
	struct progs_floor v[COST_MAX_KINDS];
};

/* ns per call: the median over batches, of which there are at most WORKLOAD_MAX_BATCHES. */
int cost_time(struct workload *w, unsigned n_batches, double *ret_ns);

/* What the programs of `pid` have run before and after so many batches. */
int cost_account(pid_t pid, struct workload *w, unsigned n_batches, struct progs *ret_before,
		 struct progs *ret_after);

/* Sets the sample of the round s->n of what they ran, and does not count it: who sets the time does. */
void cost_add_account(struct cost_samples *s, const struct progs *before, const struct progs *after,
		      unsigned n_batches, struct cost_floors *floors, struct workload *w);
