/* SPDX-License-Identifier: Apache-2.0 */
#include "cost.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tool.h"

static const struct progs_floor *floor_of(struct cost_floors *floors, uint32_t type,
					  struct workload *w)
{
	static const struct progs_floor none;
	unsigned i = 0;

	while (i < floors->n && floors->types[i] != type)
		i++;
	if (i == COST_MAX_KINDS)
		return &none;
	if (i < floors->n)
		return &floors->v[i];
	if (progs_floor(type, w, &floors->v[i]) < 0) {
		fprintf(stderr, "bench: no floor for programs of kind %s: nothing is subtracted\n",
			progs_kind(type));
		floors->v[i] = none;
	}
	floors->types[floors->n++] = type;
	return &floors->v[i];
}

int cost_time(struct workload *w, unsigned n_batches, double *ret_ns)
{
	static double batches[WORKLOAD_MAX_BATCHES];
	int r = workload_call(w, n_batches, batches);

	if (r == 0)
		*ret_ns = bench_median(batches, n_batches);
	return r;
}

int cost_account(pid_t pid, struct workload *w, unsigned n_batches, struct progs *ret_before,
		 struct progs *ret_after)
{
	static double batches[WORKLOAD_MAX_BATCHES];
	int stats = progs_stats_on(), r = stats < 0 ? stats : 0;

	if (r == 0 && (progs_of(pid, ret_before) < 0 || workload_call(w, n_batches, batches) < 0 ||
		       progs_of(pid, ret_after) < 0))
		r = -ESRCH;
	if (stats >= 0)
		close(stats);
	return r;
}

void cost_add_account(struct cost_samples *s, const struct progs *before, const struct progs *after,
		      unsigned n_batches, struct cost_floors *floors, struct workload *w)
{
	const double calls = (double)n_batches * workload_batch(w);
	const struct progs_floor *floor;
	double ns = 0, runs = 0;

	s->floor_ns = 0;
	s->kind[0] = '\0';
	for (unsigned i = 0; i < after->n; i++) {
		const struct prog *p = &after->v[i], *old = progs_find(before, p->id);
		double n = old ? (double)(p->n_runs - old->n_runs) : 0;
		size_t length = strlen(s->kind);

		if (n < calls / 2)
			continue;
		floor = floor_of(floors, p->type, w);
		ns += (double)(p->run_ns - old->run_ns) - n * floor->run_ns;
		s->floor_ns += floor->added_ns;
		runs += n;
		snprintf(s->kind + length, sizeof(s->kind) - length, "%s%s %u", length ? ", " : "",
			 progs_kind(p->type), p->n_insns);
	}
	s->account[s->n] = ns / calls;
	s->runs[s->n] = runs / calls;
}
