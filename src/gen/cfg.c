/* SPDX-License-Identifier: Apache-2.0 */
/* The shape of a function: who reaches whom, who dominates whom, what is a loop. */
#include <string.h>

#include "gen/ir.h"

void ir_add_pred(struct skep_block *block, struct skep_block *pred)
{
	block->preds = ir_grow(block->fn->arena, block->preds, block->n_preds, &block->cap_preds,
			       sizeof(*block->preds));
	block->preds[block->n_preds++] = pred;
}

unsigned ir_pred_index(const struct skep_block *block, const struct skep_block *pred)
{
	unsigned i = 0;

	while (i < block->n_preds && block->preds[i] != pred)
		i++;
	return i;
}

void ir_remove_pred(struct skep_block *block, unsigned index)
{
	unsigned behind = block->n_preds - index - 1;

	memmove(&block->preds[index], &block->preds[index + 1], behind * sizeof(*block->preds));
	block->n_preds--;
	for (struct skep_val *v = block->first; v && v->kind == IR_PHI; v = v->next) {
		memmove(&v->args[index], &v->args[index + 1], behind * sizeof(*v->args));
		v->n_args--;
	}
}

/*
 * Reachable blocks in reverse postorder. The second way of a branch comes first, so the first lies
 * next to it.
 */
static void number(struct skep_fn *fn)
{
	struct {
		struct skep_block *block;
		unsigned next;
	} *stack = skep_arena_calloc(fn->scratch, fn->n_blocks, sizeof(*stack));
	unsigned depth = 0, n = fn->n_blocks;

	fn->order = skep_arena_calloc(fn->scratch, fn->n_blocks, sizeof(*fn->order));
	for (unsigned i = 0; i < fn->n_blocks; i++) {
		fn->blocks[i]->visited = false;
		fn->blocks[i]->rpo = UINT32_MAX;
	}
	stack[depth++].block = fn->blocks[0];
	fn->blocks[0]->visited = true;
	while (depth) {
		struct skep_block *block = stack[depth - 1].block, *to;

		if (stack[depth - 1].next == block->n_succ) {
			fn->order[--n] = block;
			depth--;
			continue;
		}
		to = block->succ[block->n_succ - 1 - stack[depth - 1].next++];
		if (to->visited)
			continue;
		to->visited = true;
		stack[depth].block = to;
		stack[depth++].next = 0;
	}
	fn->order += n;
	fn->n_order = fn->n_blocks - n;
	for (unsigned i = 0; i < fn->n_order; i++)
		fn->order[i]->rpo = i;
}

void ir_cfg(struct skep_fn *fn)
{
	number(fn);
	for (unsigned i = 0; i < fn->n_order; i++) {
		struct skep_block *block = fn->order[i];

		for (unsigned k = block->n_preds; k-- > 0;)
			if (block->preds[k]->rpo == UINT32_MAX)
				ir_remove_pred(block, k);
	}
	/* The first time there are no lists yet; afterwards whoever changes an edge keeps them. */
	for (unsigned i = 0; i < fn->n_order && !fn->has_preds; i++)
		for (unsigned k = 0; k < fn->order[i]->n_succ; k++)
			ir_add_pred(fn->order[i]->succ[k], fn->order[i]);
	fn->has_preds = true;
	/* Unreachable blocks are forgotten, so that nothing walks over them again. */
	memcpy(fn->blocks, fn->order, fn->n_order * sizeof(*fn->blocks));
	fn->n_blocks = fn->n_order;
}

static struct skep_block *meet(struct skep_block *a, struct skep_block *b)
{
	while (a != b) {
		while (a->rpo > b->rpo)
			a = a->idom;
		while (b->rpo > a->rpo)
			b = b->idom;
	}
	return a;
}

/* Numbers the tree so that dominance is a comparison of intervals. */
static void number_tree(struct skep_fn *fn)
{
	unsigned n = fn->n_order, clock = 0;
	uint32_t *size = skep_arena_calloc(fn->scratch, n, sizeof(*size));
	uint32_t *used = skep_arena_calloc(fn->scratch, n, sizeof(*used));

	for (unsigned i = n; i-- > 0;) {
		size[i]++;
		if (i)
			size[fn->order[i]->idom->rpo] += size[i];
	}
	for (unsigned i = 0; i < n; i++) {
		struct skep_block *block = fn->order[i];
		uint32_t parent = i ? block->idom->rpo : 0;

		block->dom_in = i ? fn->order[parent]->dom_in + 1 + used[parent] : clock;
		block->dom_out = block->dom_in + size[i];
		if (i)
			used[parent] += size[i];
	}
}

/*
 * Iterates over reverse postorder until stable: two rounds for reducible flow (Cooper, Harvey,
 * Kennedy).
 */
void ir_dominators(struct skep_fn *fn)
{
	bool changed = true;

	for (unsigned i = 0; i < fn->n_order; i++)
		fn->order[i]->idom = NULL;
	fn->order[0]->idom = fn->order[0];
	while (changed) {
		changed = false;
		for (unsigned i = 1; i < fn->n_order; i++) {
			struct skep_block *block = fn->order[i], *idom = NULL;

			for (unsigned k = 0; k < block->n_preds; k++)
				if (block->preds[k]->idom)
					idom = idom ? meet(idom, block->preds[k]) : block->preds[k];
			if (idom != block->idom) {
				block->idom = idom;
				changed = true;
			}
		}
	}
	number_tree(fn);
}

bool ir_dominates(const struct skep_block *a, const struct skep_block *b)
{
	return a->dom_in <= b->dom_in && b->dom_in < a->dom_out;
}

/* Everything that reaches @latch without passing @header is one level deeper. */
static void flood(struct skep_fn *fn, struct skep_block *header, struct skep_block *latch,
		  struct skep_block **stack)
{
	unsigned n = 0;

	for (unsigned i = 0; i < fn->n_order; i++)
		fn->order[i]->visited = false;
	header->visited = true;
	header->depth++;
	if (latch != header) {
		latch->visited = true;
		stack[n++] = latch;
	}
	while (n) {
		struct skep_block *block = stack[--n];

		block->depth++;
		for (unsigned k = 0; k < block->n_preds; k++)
			if (!block->preds[k]->visited) {
				block->preds[k]->visited = true;
				stack[n++] = block->preds[k];
			}
	}
}

/*
 * Needs dominators. Only an estimate of how often code runs: at most MAX_LATCHES edges back are
 * looked at.
 */
void ir_loops(struct skep_fn *fn)
{
	enum {
		MAX_LATCHES = 64
	};
	struct skep_block **stack = skep_arena_calloc(fn->scratch, fn->n_order, sizeof(*stack));
	unsigned seen = 0;

	for (unsigned i = 0; i < fn->n_order; i++)
		fn->order[i]->depth = 0;
	for (unsigned i = 0; i < fn->n_order; i++) {
		struct skep_block *block = fn->order[i];

		for (unsigned k = 0; k < block->n_succ; k++)
			if (ir_dominates(block->succ[k], block) && seen++ < MAX_LATCHES)
				flood(fn, block->succ[k], block, stack);
	}
}
