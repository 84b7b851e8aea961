/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Growth: why there are too many paths.
 *
 * Each instruction counts how often it was processed, went both ways, and jumped back. A jump back makes a loop of what
 * lies between its target and itself. A branch belongs to the smallest loop around it: each time it goes both ways there
 * is a path more, and in a loop each of them meets it again.
 */
#include "isa/table.h"
#include "verify/walk.h"

/* The smallest loop around the instruction, or NULL. */
static struct skep_verify_growth *loop_around(struct skep_verify_growth *loops, size_t n,
					      uint32_t insn)
{
	struct skep_verify_growth *best = NULL;

	for (size_t i = 0; i < n; i++)
		if (loops[i].first <= insn && insn <= loops[i].last &&
		    (!best || loops[i].last - loops[i].first < best->last - best->first))
			best = &loops[i];
	return best;
}

/* Where the branch leads is part of the loop, both ways. */
static bool stays_inside(const struct skep_walk *walk, const struct skep_verify_growth *loop,
			 uint32_t insn)
{
	int64_t target;

	return skep_insn_target(walk->code.insns[insn], insn, &target) && target >= loop->first &&
	       target <= loop->last && insn + 1 <= loop->last;
}

/* What instruction @insn does to the factor of the smallest loop around it. */
static void multiply(const struct skep_walk *walk, struct skep_verify_growth *loop, uint32_t insn)
{
	const struct skep_walk_counts *c = &walk->counts[insn];

	if (c->splits && stays_inside(walk, loop, insn))
		loop->factor *= 1 + (double)c->splits / c->visits;
	if (c->known)
		loop->factor *= (double)c->visits / ((double)c->visits + c->known);
}

/* A loop for each target of jumps back; several jumps to one target are one loop. */
static size_t find_loops(const struct skep_walk *walk, struct skep_verify_growth *loops)
{
	size_t n = 0;

	for (uint32_t i = 0; i < walk->code.n_insns; i++) {
		int64_t target;
		size_t k;

		if (!walk->counts[i].backs || skep_insn_is_exit(walk->code.insns[i]) ||
		    !skep_insn_target(walk->code.insns[i], i, &target) || target > i)
			continue;
		for (k = 0; k < n && loops[k].first != (uint32_t)target; k++)
			;
		n = MAX(n, k + 1);
		loops[k].first = (uint32_t)target;
		loops[k].last = i;
		loops[k].rounds += walk->counts[i].backs;
		loops[k].factor = 1;
		loops[k].line = skep_walk_line(walk, i);
	}
	return n;
}

/* Keeps the branches that part the most. */
static void add_branch(struct skep_verify_growth *loop, const struct skep_growth_branch *branch)
{
	size_t at = loop->n_branches;

	while (at > 0 && loop->branches[at - 1].splits < branch->splits)
		at--;
	if (at == SKEP_GROWTH_BRANCHES)
		return;
	loop->n_branches = MIN(loop->n_branches + 1, (size_t)SKEP_GROWTH_BRANCHES);
	for (size_t i = loop->n_branches - 1; i > at; i--)
		loop->branches[i] = loop->branches[i - 1];
	loop->branches[at] = *branch;
}

static uint32_t count_on_path(const struct skep_walk *walk, uint32_t insn)
{
	uint32_t n = 0;

	for (const struct skep_state *s = walk->state; s; s = s->parent)
		for (size_t i = 0; i < s->trace.len; i++)
			n += s->trace.data[i].insn == insn;
	return n;
}

static int by_weight(const void *a, const void *b)
{
	const struct skep_verify_growth *x = a, *y = b;

	return (x->processed < y->processed) - (x->processed > y->processed);
}

/* The finding is about the heaviest loop, not about where the walk happened to be. */
static void tell_loop(struct skep_walk *walk, struct skep_finding *finding,
		      const struct skep_verify_growth *loop, size_t n)
{
	if (!n || !loop->rounds)
		return;
	finding->insn = loop->last;
	finding->line = skep_walk_line(walk, loop->last);
	if (loop->endless)
		skep_report_hint(
			walk,
			"give the loop a constant bound, too: for (i = 0; i < 100 && ...), or use bpf_loop()");
	else
		skep_report_hint(
			walk,
			"go fewer rounds, calculate instead of branching, or make the body a function for bpf_loop()");
}

void skep_growth(struct skep_walk *walk)
{
	struct skep_finding *finding = walk->reported;
	struct skep_verify_growth *loops =
		skep_arena_calloc(walk->arena, walk->code.n_insns + 1, sizeof(*loops));
	struct skep_verify_growth outside = {};
	size_t n;

	if (!finding || !walk->counts)
		return;
	n = find_loops(walk, loops);
	for (uint32_t i = 0; i < walk->code.n_insns; i++) {
		const struct skep_walk_counts *c = &walk->counts[i];
		struct skep_verify_growth *loop = loop_around(loops, n, i);

		if (!c->visits)
			continue;
		if (loop)
			multiply(walk, loop, i);
		loop = loop ? loop : &outside;
		if (loop == &outside)
			loop->processed += c->visits;
		if (c->splits)
			add_branch(loop, &(struct skep_growth_branch){ i, c->splits,
								       count_on_path(walk, i),
								       skep_walk_line(walk, i) });
	}
	for (size_t k = 0; k < n; k++) {
		loops[k].processed = 0;
		for (uint32_t i = loops[k].first; i <= loops[k].last; i++)
			loops[k].processed += walk->counts[i].visits;
		loops[k].path_rounds = count_on_path(walk, loops[k].first);
		loops[k].endless = (uint64_t)loops[k].path_rounds * 2 > loops[k].rounds;
	}
	if (outside.n_branches && outside.branches[0].splits > 1)
		loops[n++] = outside;
	qsort(loops, n, sizeof(*loops), by_weight);
	tell_loop(walk, finding, &loops[0], n);
	finding->growth = loops;
	finding->n_growth = MIN(n, (size_t)SKEP_GROWTH_LOOPS);
}
