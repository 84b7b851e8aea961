/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was computed already on every way here is not computed again: pure values, pure loads, pure
 * calls, and the outcome of comparisons that a branch on the way here has settled.
 */
#include "gen/ir.h"

/* How far up the dominator tree settled comparisons are looked for. */
#define MAX_CLIMB 32

struct table {
	struct skep_val **vals;
	size_t mask;
};

static bool is_pure(const struct skep_val *v)
{
	switch (v->kind) {
	case IR_PHI:
	case IR_OP:
	case IR_EXT:
	case IR_BSWAP:
	case IR_CMP:
		return true;
	case IR_LOAD:
		return v->flags & SKEP_LOAD_PURE;
	case IR_CALL:
	case IR_KFUNC:
		return v->flags & SKEP_CALL_PURE;
	default:
		return false;
	}
}

static uint64_t mix(uint64_t h, uint64_t n)
{
	h = (h ^ n) * UINT64_C(0x9e3779b97f4a7c15);
	return h ^ h >> 32;
}

static uint64_t hash(const struct skep_val *v)
{
	uint64_t h = mix(v->kind | v->sub << 8 | v->size << 16 | v->flags << 24, (uint64_t)v->imm);

	if (v->kind == IR_PHI)
		h = mix(v->kind, v->block->id);
	for (unsigned k = 0; k < v->n_args; k++) {
		const struct skep_val *arg = v->args[k];

		h = ir_floats(arg) ? mix(h, arg->kind + (uint64_t)arg->imm * 8)
				   : mix(h, arg->id + 1000);
	}
	return h;
}

static bool equal(const struct skep_val *a, const struct skep_val *b)
{
	if (a->kind != b->kind || a->n_args != b->n_args)
		return false;
	if (a->kind == IR_PHI ? a->block != b->block
			      : a->sub != b->sub || a->size != b->size || a->flags != b->flags ||
					a->imm != b->imm || !ir_same_needs(a->needs, b->needs))
		return false;
	if (a->kind == IR_KFUNC && !skep_streq(a->name, b->name))
		return false;
	for (unsigned k = 0; k < a->n_args; k++)
		if (!ir_same(a->args[k], b->args[k]))
			return false;
	return true;
}

/* Operands of what commutes in one order, so that both orders are found. */
static void sort_args(struct skep_val *v)
{
	struct skep_val *a = v->args[0], *b = v->args[1];

	if (v->kind != IR_OP || !ir_commutes(v->sub) || ir_floats(a) || ir_floats(b) ||
	    a->id < b->id)
		return;
	v->args[0] = b;
	v->args[1] = a;
}

/*
 * One candidate a hash is kept: the newest, unless an older one dominates the place. That finds
 * nearly everything, and never searches long.
 */
static bool number_val(struct table *t, struct skep_val *v)
{
	size_t i;

	sort_args(v);
	for (i = hash(v) & t->mask; t->vals[i]; i = (i + 1) & t->mask) {
		struct skep_val *old = t->vals[i];

		if (!equal(old, v))
			continue;
		if (!ir_dominates(old->block, v->block))
			break;
		v->fwd = old;
		ir_remove(v);
		return true;
	}
	t->vals[i] = v;
	return false;
}

/* What a branch that leads to @block on its only way in says of the operands of @v: 1, 0, or -1. */
static int settled_by(const struct skep_block *block, const struct skep_val *v)
{
	const struct skep_val *branch;
	enum skep_cc cc;

	if (block->n_preds != 1)
		return -1;
	branch = block->preds[0]->last;
	if (branch->kind != IR_BRANCH || !ir_same(branch->args[0], v->args[0]))
		return -1;
	cc = branch->sub;
	if (block == block->preds[0]->succ[1])
		cc = ir_cc_not(cc);
	if (ir_same(branch->args[1], v->args[1]))
		return ir_cc_implies(cc, v->sub);
	/* Known to be a constant: compare that. */
	if (cc == SKEP_CC_EQ && ir_is_const(branch->args[1]) && ir_is_const(v->args[1]))
		return skep_ir_cc_eval(v->sub, (uint64_t)branch->args[1]->imm,
				       (uint64_t)v->args[1]->imm);
	return -1;
}

static int settled(const struct skep_val *v)
{
	const struct skep_block *block = v->block;
	int known = -1;

	for (unsigned i = 0; i < MAX_CLIMB && known < 0; i++) {
		known = settled_by(block, v);
		if (block == block->idom)
			break;
		block = block->idom;
	}
	return known;
}

static bool visit(struct table *t, struct skep_val *v)
{
	int known;

	for (unsigned k = 0; k < v->n_args; k++)
		v->args[k] = ir_real(v->args[k]);
	if (v->kind == IR_BRANCH) {
		known = settled(v);
		if (known < 0)
			return false;
		ir_cut_branch(v, known);
		return true;
	}
	if (v->kind == IR_CMP) {
		known = settled(v);
		if (known >= 0) {
			v->fwd = ir_const(v->block->fn, (uint64_t)known);
			ir_remove(v);
			return true;
		}
	}
	return is_pure(v) && number_val(t, v);
}

bool ir_cse(struct skep_fn *fn)
{
	struct table t = { .mask = 63 };
	struct skep_val *next;
	bool changed = false;

	while (t.mask < (size_t)fn->n_vals * 2)
		t.mask = t.mask * 2 + 1;
	t.vals = skep_arena_calloc(fn->scratch, t.mask + 1, sizeof(struct skep_val *));
	for (unsigned i = 0; i < fn->n_order; i++)
		for (struct skep_val *v = fn->order[i]->first; v; v = next) {
			next = v->next;
			changed |= visit(&t, v);
		}
	return changed;
}
