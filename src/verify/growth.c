/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Growth: why there are too many paths.
 *
 * Each instruction counts how often it was processed, went both ways, and jumped back. A jump back makes a loop of what
 * lies between its target and itself. A branch belongs to the smallest loop around it: each time it goes both ways there
 * is a path more, and in a loop each of them meets it again.
 */
#include <string.h>

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

/* Where the branch leads is part of the loop, both ways. */
static bool stays_inside(const struct skep_walk *walk, const struct skep_verify_growth *loop,
			 uint32_t insn)
{
	int64_t target;

	return skep_insn_target(walk->code.insns[insn], insn, &target) && target >= loop->first &&
	       target <= loop->last && insn + 1 <= loop->last;
}

static bool begins_loop(const struct skep_spec_line *line)
{
	return line && line->text && (strstr(line->text, "for (") || strstr(line->text, "while ("));
}

/* The line that begins the loop, if its text says so; else that of the jump. */
static const struct skep_spec_line *line_of(const struct skep_walk *walk, uint32_t first,
					    uint32_t last)
{
	const struct skep_spec_line *best = NULL;

	for (size_t i = 0; i < walk->n_lines; i++) {
		const struct skep_spec_line *line = &walk->lines[i];

		if (line->insn < first || line->insn > last || !begins_loop(line))
			continue;
		if (!best || line->loc.line < best->loc.line)
			best = line;
	}
	return best ? best : skep_walk_line(walk, last);
}

/*
 * Compilers give one loop of the source several jumps back, to different places: loops of one line that overlap are one.
 * Each round then comes by the last of these places, @heads.
 */
static size_t join_loops(const struct skep_walk *walk, struct skep_verify_growth *loops,
			 uint32_t *heads, size_t n)
{
	size_t kept = 0;

	for (size_t k = 0; k < n; k++) {
		struct skep_verify_growth *l = &loops[k], *into = NULL;

		l->line = line_of(walk, l->first, l->last);
		for (size_t i = 0; i < kept && begins_loop(l->line); i++)
			if (loops[i].line == l->line && loops[i].first <= l->last &&
			    l->first <= loops[i].last)
				into = &loops[i];
		if (into) {
			heads[into - loops] = MAX(heads[into - loops], l->first);
			into->first = MIN(into->first, l->first);
			into->last = MAX(into->last, l->last);
			into->rounds += l->rounds;
		} else {
			heads[kept] = l->first;
			loops[kept++] = *l;
		}
	}
	return kept;
}

/* Work is that of all instructions in the loop; partings are those of the loop itself, not of loops inside of it. */
static void sum_up(const struct skep_walk *walk, struct skep_verify_growth *loops, size_t n,
		   struct skep_verify_growth *loop, uint32_t head)
{
	double born = 0, rounds = walk->counts[head].visits;
	uint32_t most = 0;

	loop->processed = 0;
	loop->path_rounds = count_on_path(walk, head);
	for (uint32_t i = loop->first; i <= loop->last; i++) {
		const struct skep_walk_counts *c = &walk->counts[i];
		uint32_t met = c->splits ? count_on_path(walk, i) : 0;

		loop->processed += c->visits;
		if (loop_around(loops, n, i) != loop)
			continue;
		born -= c->known;
		if (c->splits)
			add_branch(loop, &(struct skep_growth_branch){ i, c->splits, met,
								       skep_walk_line(walk, i) });
		if (!c->splits || !stays_inside(walk, loop, i))
			continue;
		born += c->splits;
		/* Most paths come to the head to leave; a branch of each round, the first one, sees those that do not. */
		if (met > most || (met == most && c->visits < rounds)) {
			most = met;
			rounds = c->visits;
		}
	}
	loop->factor = 1 + born / MAX(rounds, 1.0);
	loop->one_path = (uint64_t)loop->path_rounds * 2 > loop->rounds;
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
	}
	return n;
}

static int by_weight(const void *a, const void *b)
{
	const struct skep_verify_growth *x = a, *y = b;

	bool x_grows = x->one_path || x->factor >= SKEP_GROWTH_FACTOR;
	bool y_grows = y->one_path || y->factor >= SKEP_GROWTH_FACTOR;

	if (x_grows != y_grows)
		return y_grows - x_grows;
	return (x->processed < y->processed) - (x->processed > y->processed);
}

/* The finding is about the heaviest loop, not about where the walk happened to be. */
static void tell_loop(struct skep_walk *walk, struct skep_finding *finding,
		      const struct skep_verify_growth *loop, size_t n)
{
	if (!n || !loop->rounds)
		return;
	finding->insn = loop->last;
	finding->line = loop->line;
	if (loop->one_path)
		skep_report_hint(
			walk,
			"give the loop a constant and smaller bound: for (i = 0; i < 100 && ...), or use bpf_loop()");
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
	uint32_t *heads = skep_arena_calloc(walk->arena, walk->code.n_insns + 1, sizeof(*heads));
	struct skep_verify_growth outside = {};
	size_t n;

	if (!finding || !walk->counts)
		return;
	n = find_loops(walk, loops);
	for (uint32_t i = 0; i < walk->code.n_insns; i++) {
		const struct skep_walk_counts *c = &walk->counts[i];

		if (!c->visits || loop_around(loops, n, i))
			continue;
		outside.processed += c->visits;
		if (c->splits)
			add_branch(&outside, &(struct skep_growth_branch){
						     i, c->splits, count_on_path(walk, i),
						     skep_walk_line(walk, i) });
	}
	n = join_loops(walk, loops, heads, n);
	for (size_t k = 0; k < n; k++)
		sum_up(walk, loops, n, &loops[k], heads[k]);
	if (outside.n_branches && outside.branches[0].splits > 1)
		loops[n++] = outside;
	qsort(loops, n, sizeof(*loops), by_weight);
	tell_loop(walk, finding, &loops[0], n);
	finding->growth = loops;
	finding->n_growth = MIN(n, (size_t)SKEP_GROWTH_LOOPS);
}
