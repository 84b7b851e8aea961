/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Depth: how much stack the functions that call each other use together.
 *
 * Kinds of programs that may interrupt themselves get, in kernels that have it, a stack of their own for every function
 * that uses some: for these only the single function counts.
 */
#include "isa/attachtype.h"
#include "isa/table.h"
#include "verify/walk.h"

#define OWN_STACK_MIN 64  /* a function that uses less stays on the common stack */
#define TAIL_CALL_MAX 256 /* what callers of a function with a tail call may use */

struct chain {
	struct skep_walk *walk;
	bool own_stacks;
	uint32_t most; /* bytes of the deepest chain on the common stack */
	bool bad;
	uint32_t *
		seen; /* per function and depth of calls: 1 + the most bytes that it was looked at with */
};

static bool is_tail_call(struct skep_insn insn)
{
	return skep_insn_is_call(insn) && insn.src == SKEP_CALL_HELPER &&
	       insn.imm == SKEP_HELPER_TAIL_CALL;
}

static bool has_tail_call(const struct skep_walk *walk, uint32_t func)
{
	const struct skep_code_func *f = &walk->code.funcs[func];

	for (uint32_t i = f->first; i < f->end; i++)
		if (!walk->code.info[i].second && is_tail_call(walk->code.insns[i]))
			return true;
	return false;
}

static bool may_have_own_stacks(const struct skep_walk *walk)
{
	for (uint32_t func = 0; func < walk->code.n_funcs; func++)
		if (has_tail_call(walk, func))
			return false;
	switch (walk->prog->type) {
	case SKEP_PROG_KPROBE:
	case SKEP_PROG_TRACEPOINT:
	case SKEP_PROG_PERF_EVENT:
	case SKEP_PROG_RAW_TRACEPOINT:
		return true;
	case SKEP_PROG_TRACING:
		return walk->prog->attach_type != SKEP_AT_TRACE_ITER;
	default:
		return false;
	}
}

static void too_much(struct chain *c, uint32_t func, const char *what, uint32_t bytes,
		     uint32_t allowed)
{
	if (c->bad)
		return;
	c->bad = true;
	c->walk->insn = c->walk->code.funcs[func].first;
	skep_report(c->walk, SKEP_REASON_LIMIT, -1, "%s %u bytes of stack together", what, bytes);
	skep_report_hint(c->walk, "%u are allowed; keep large variables in a per-CPU array map",
			 allowed);
}

static void descend(struct chain *c, uint32_t func, uint32_t depth_bytes, unsigned depth)
{
	struct skep_walk *walk = c->walk;
	const struct skep_code_func *f = &walk->code.funcs[func];
	uint32_t own = ALIGN_UP(MAX(walk->stack_depth[func], 1), 16);

	uint32_t *seen = &c->seen[func * (SKEP_VERIFY_FRAMES_MAX + 1) + depth];

	if (*seen > depth_bytes)
		return;
	*seen = depth_bytes + 1;
	if (func && depth_bytes >= TAIL_CALL_MAX && has_tail_call(walk, func))
		too_much(c, func, "a function with a tail call has callers that use", depth_bytes,
			 TAIL_CALL_MAX - 1);
	if (!c->own_stacks || own < OWN_STACK_MIN)
		depth_bytes += own;
	c->most = MAX(c->most, MAX(depth_bytes, own));
	if (c->most > SKEP_STACK_SIZE)
		too_much(c, 0, "the functions that call each other use", c->most, SKEP_STACK_SIZE);
	for (uint32_t i = f->first; i < f->end && depth < SKEP_VERIFY_FRAMES_MAX && !c->bad; i++) {
		struct skep_insn insn = walk->code.insns[i];
		bool calls = skep_insn_is_call(insn) && insn.src == SKEP_CALL_LOCAL;
		int64_t target;

		if (walk->code.info[i].second ||
		    (!calls && !(skep_insn_is_wide(insn) && insn.src == SKEP_PSEUDO_FUNC)))
			continue;
		if (skep_insn_target(insn, i, &target))
			descend(c, walk->code.info[target].func, depth_bytes, depth + 1);
	}
}

void skep_check_depth(struct skep_walk *walk)
{
	struct chain c = {
		.walk = walk,
		.own_stacks = may_have_own_stacks(walk),
		.seen = skep_arena_calloc(walk->arena,
					  walk->code.n_funcs * (SKEP_VERIFY_FRAMES_MAX + 1),
					  sizeof(*c.seen)),
	};

	descend(&c, 0, 0, 0);
	walk->result->stack_bytes = c.most;
}
