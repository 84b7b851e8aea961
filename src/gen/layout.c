/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of blocks: each is followed by the most likely block behind it that has no place yet,
 * so that most jumps vanish; cold blocks come last.
 */
#include "gen/emit.h"

/* True for a block that does nothing but jump on. */
static bool is_empty(struct skep_block *block)
{
	struct ir_moves moves;

	if (block->first != block->last || block->last->kind != IR_JUMP)
		return false;
	ir_edge_moves(block, &moves);
	return !moves.n;
}

struct skep_block *ir_target(struct skep_block *block)
{
	struct skep_block *to = block;

	for (unsigned i = 0; i < 64; i++) {
		if (!is_empty(to))
			return to;
		to = to->succ[0];
	}
	return block; /* a loop without anything in it, or as good as one */
}

bool ir_returns_for(struct skep_block *block, struct skep_block *next)
{
	struct skep_block *to;

	if (block->last->kind != IR_JUMP)
		return false;
	to = ir_target(block->succ[0]);
	return to != next && to->first->kind == IR_RET && ir_is_const(to->first->args[0]);
}

/* How much @block gains from lying right behind the one that leads to it. */
static int fitness(struct skep_block *block, const struct skep_block *behind)
{
	int n = 0;

	if (block->visited || (block->cold && !behind->cold))
		return -1;
	n += (int)MIN(block->depth, 8u) * 4;
	if (block->n_preds == 1)
		n += 2;
	return n;
}

/*
 * @head begins a loop with its test on top. It goes to the end of the loop: jumped to once, it
 * falls out of the loop and saves the jump back in each round. Returns the block that comes first
 * then.
 */
static struct skep_block *rotate(struct skep_block *head, const struct skep_block *behind)
{
	struct skep_block *latch = NULL, *body;
	unsigned in;

	if (head->last->kind != IR_BRANCH || head->last->sub == IR_CC_SET)
		return head;
	for (unsigned k = 0; k < head->n_preds; k++)
		if (head->preds[k]->rpo >= head->rpo)
			latch = head->preds[k];
	if (!latch || latch == head || latch == behind || latch->last->kind != IR_JUMP)
		return head;
	in = head->succ[0]->depth >= head->depth ? 0 : 1;
	body = ir_target(head->succ[in]);
	if (head->succ[!in]->depth >= head->depth || body->visited || body == head ||
	    body->n_preds != 1)
		return head;
	return body;
}

/*
 * A call that gives NULL is the exception: 1 when the first way of the branch is that, 0 when the
 * second, or -1.
 */
static int null_way(const struct skep_val *branch)
{
	if (branch->sub > SKEP_CC_NE || !ir_is_call(branch->args[0]) ||
	    !ir_is_const(branch->args[1]) || branch->args[1]->imm)
		return -1;
	return branch->sub == SKEP_CC_EQ;
}

static struct skep_block *follower(struct skep_block *block)
{
	struct skep_block *yes, *no;
	int a, b;

	if (!block->n_succ)
		return NULL;
	yes = ir_target(block->succ[0]);
	a = fitness(yes, block);
	if (block->n_succ == 1)
		return a >= 0 ? rotate(yes, block) : NULL;
	no = ir_target(block->succ[1]);
	b = fitness(no, block);
	/* "Jump unless any bit is set" does not exist, so the other way has to come next. */
	if (block->last->sub == IR_CC_SET && b >= 0)
		b += 100;
	if (a >= 0 && b >= 0 && null_way(block->last) >= 0) {
		a += null_way(block->last) == 0 ? 3 : 0;
		b += null_way(block->last) == 1 ? 3 : 0;
	}
	if (a < 0 && b < 0)
		return NULL;
	return b >= a ? no : yes;
}

/*
 * Drops blocks that nobody leads to any more because others return in their place: the kernel wants
 * no such code.
 */
static void drop_unused(struct emitter *e)
{
	unsigned n = 1;

	for (unsigned i = 0; i < e->n_layout; i++)
		e->layout[i]->visited = !i;
	for (unsigned i = 0; i < e->n_layout; i++) {
		struct skep_block *block = e->layout[i];
		struct skep_block *next = i + 1 < e->n_layout ? e->layout[i + 1] : NULL;

		for (unsigned k = 0; k < block->n_succ && !ir_returns_for(block, next); k++)
			ir_target(block->succ[k])->visited = true;
	}
	for (unsigned i = 1; i < e->n_layout; i++)
		if (e->layout[i]->visited)
			e->layout[n++] = e->layout[i];
	e->n_layout = n;
}

void ir_layout(struct emitter *e)
{
	struct skep_fn *fn = e->fn;

	e->layout = skep_arena_calloc(fn->scratch, fn->n_order, sizeof(*e->layout));
	for (unsigned i = 0; i < fn->n_order; i++)
		fn->order[i]->visited = false;
	for (unsigned cold = 0; cold < 2; cold++)
		for (unsigned i = 0; i < fn->n_order; i++) {
			struct skep_block *block = fn->order[i];

			if (i && ((block->cold && !cold) || ir_target(block) != block))
				continue;
			for (; block && !block->visited; block = follower(block)) {
				block->visited = true;
				e->layout[e->n_layout++] = block;
			}
		}
	drop_unused(e);
}
