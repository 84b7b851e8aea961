/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Control flow: straight lines become one block, jumps to jumps go where they lead, and where a
 * block only asks what the way into it has decided already (as && and || leave behind), that way
 * leads on directly.
 */
#include "gen/ir.h"

static unsigned succ_index(const struct skep_block *block, const struct skep_block *succ)
{
	return block->succ[0] == succ ? 0 : 1;
}

/*
 * Both ways of a branch lead to one block: it is a jump. The predecessor list has the block once
 * already.
 */
static void same_ways(struct skep_block *block)
{
	if (block->n_succ != 2 || block->succ[0] != block->succ[1])
		return;
	block->n_succ = 1;
	block->last->kind = IR_JUMP;
	block->last->n_args = 0;
}

/* @block jumps to a block with no other way in: they become one. */
static bool merge(struct skep_block *block)
{
	struct skep_block *next;
	struct skep_val *v;

	if (block->last->kind != IR_JUMP)
		return false;
	next = block->succ[0];
	if (next->n_preds != 1 || next == block)
		return false;
	ir_remove(block->last);
	while (next->first) {
		v = next->first;
		ir_remove(v);
		if (v->kind == IR_PHI)
			v->fwd = v->args[0];
		else
			ir_append(block, v);
	}
	block->n_succ = next->n_succ;
	for (unsigned k = 0; k < next->n_succ; k++) {
		block->succ[k] = next->succ[k];
		next->succ[k]->preds[ir_pred_index(next->succ[k], next)] = block;
	}
	block->cold |= next->cold;
	next->n_succ = 0;
	next->n_preds = 0;
	return true;
}

/*
 * The edge from @pred to @block goes to @to, a successor of @block, instead. The phis of @to get
 * what they would have got through @block; phis of @block stand for what they are on this edge.
 */
static void redirect(struct skep_block *pred, struct skep_block *block, struct skep_block *to)
{
	unsigned from = ir_pred_index(block, pred), via = ir_pred_index(to, block);

	for (struct skep_val *phi = to->first; phi->kind == IR_PHI; phi = phi->next) {
		struct skep_val *arg = ir_real(phi->args[via]), **args;

		if (arg->kind == IR_PHI && arg->block == block)
			arg = ir_real(arg->args[from]);
		args = skep_arena_calloc(block->fn->arena, phi->n_args + 1, sizeof(*args));
		for (unsigned k = 0; k < phi->n_args; k++)
			args[k] = phi->args[k];
		args[phi->n_args++] = arg;
		arg->n_uses++; /* so that phis_stay errs on the safe side */
		phi->args = args;
	}
	ir_remove_pred(block, from);
	pred->succ[succ_index(pred, block)] = to;
	ir_add_pred(to, pred);
}

static bool is_pred(const struct skep_block *block, const struct skep_block *pred)
{
	return ir_pred_index(block, pred) < block->n_preds;
}

/* A block that only jumps on: its predecessors jump there themselves. */
static bool thread_jump(struct skep_block *block)
{
	struct skep_block *to;
	bool changed = false, phis;

	if (block->first->kind != IR_JUMP || block->succ[0] == block || block->rpo == 0)
		return false;
	to = block->succ[0];
	phis = to->first->kind == IR_PHI;
	for (unsigned k = block->n_preds; k-- > 0;) {
		struct skep_block *pred = block->preds[k];

		if (!is_pred(to, pred)) {
			redirect(pred, block, to);
		} else if (!phis) {
			ir_remove_pred(block, k);
			pred->succ[succ_index(pred, block)] = to;
			same_ways(pred);
		} else {
			continue;
		}
		changed = true;
	}
	return changed;
}

/* True when the phis of @block serve nobody but its branch and, on the edges out of it, phis. */
static bool phis_stay(const struct skep_block *block)
{
	for (const struct skep_val *phi = block->first; phi->kind == IR_PHI; phi = phi->next) {
		unsigned n = 0;

		for (unsigned k = 0; k < block->last->n_args; k++)
			n += block->last->args[k] == phi;
		for (unsigned s = 0; s < block->n_succ; s++) {
			unsigned via = ir_pred_index(block->succ[s], block);
			const struct skep_val *v = block->succ[s]->first;

			for (; v->kind == IR_PHI; v = v->next)
				n += v->args[via] == phi;
		}
		if (n != phi->n_uses)
			return false;
	}
	return true;
}

/*
 * The outcome of the branch of @block when it is entered through its @k-th predecessor: 1, 0, or
 * -1.
 */
static int outcome(const struct skep_block *block, unsigned k)
{
	struct skep_val ask = *block->last;
	struct skep_val *args[2];

	for (unsigned i = 0; i < 2; i++) {
		args[i] = block->last->args[i];
		if (args[i]->kind == IR_PHI && args[i]->block == block)
			args[i] = ir_real(args[i]->args[k]);
	}
	ask.args = args;
	return ir_decide(&ask);
}

/* A block of phis and a branch: ways in that decide the branch skip it. */
static bool thread_branch(struct skep_block *block)
{
	const struct skep_val *v = block->first;
	bool changed = false;

	if (block->last->kind != IR_BRANCH || v->kind != IR_PHI || block->rpo == 0)
		return false;
	while (v->kind == IR_PHI)
		v = v->next;
	if (v != block->last || block->succ[0] == block || block->succ[1] == block ||
	    !phis_stay(block))
		return false;
	for (unsigned k = block->n_preds; k-- > 0;) {
		int known = outcome(block, k);
		struct skep_block *to;

		if (known < 0)
			continue;
		to = block->succ[!known];
		if (is_pred(to, block->preds[k]))
			continue;
		redirect(block->preds[k], block, to);
		changed = true;
	}
	return changed;
}

bool ir_simplify(struct skep_fn *fn)
{
	bool changed = false;

	ir_cfg(fn);
	ir_count_uses(fn);
	for (unsigned i = 0; i < fn->n_order; i++) {
		struct skep_block *block = fn->order[i];

		if (!block->first || (i && !block->n_preds))
			continue;
		changed |= thread_branch(block);
	}
	if (changed) {
		ir_cfg(fn);
		ir_count_uses(fn);
	}
	for (unsigned i = 0; i < fn->n_order; i++)
		if (fn->order[i]->first && (!i || fn->order[i]->n_preds))
			changed |= thread_jump(fn->order[i]);
	ir_cfg(fn);
	for (unsigned i = 0; i < fn->n_order; i++)
		while (fn->order[i]->first && merge(fn->order[i]))
			changed = true;
	ir_cfg(fn);
	return changed;
}
