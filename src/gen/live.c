/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Liveness. For each value: the blocks it enters alive (by walking up from each use to the
 * definition, so the work is as large as the answer), the instruction where it dies, whether it
 * lives across a call, how long it lives and how often it is touched.
 */
#include "gen/regs.h"

void ir_set_init(struct ir_set *set, struct skep_fn *fn)
{
	set->n = 0;
	set->members = skep_arena_calloc(fn->scratch, fn->n_vals, sizeof(*set->members));
	set->where = skep_arena_calloc(fn->scratch, fn->n_vals, sizeof(*set->where));
}

/*
 * Users of value i: user[start[i]] to user[start[i + 1] - 1], in the order of the code, once for
 * each argument.
 */
void ir_uses_collect(struct skep_fn *fn, struct ir_uses *ret_uses)
{
	struct ir_uses uses;

	uses.start = skep_arena_calloc(fn->scratch, (size_t)fn->n_vals + 2, sizeof(*uses.start));
	for (unsigned i = 0; i < fn->n_order; i++)
		for (struct skep_val *v = fn->order[i]->first; v; v = v->next)
			for (unsigned k = 0; k < v->n_args; k++)
				if (!ir_floats(v->args[k]))
					uses.start[v->args[k]->id + 2]++;
	for (uint32_t i = 1; i < fn->n_vals + 2; i++)
		uses.start[i] += uses.start[i - 1];
	uses.user = skep_arena_calloc(fn->scratch, uses.start[fn->n_vals + 1], sizeof(*uses.user));
	/*
	 * start[i + 1] moves from where value i begins to where it ends, which is where value i + 1
	 * begins.
	 */
	for (unsigned i = 0; i < fn->n_order; i++)
		for (struct skep_val *v = fn->order[i]->first; v; v = v->next)
			for (unsigned k = 0; k < v->n_args; k++)
				if (!ir_floats(v->args[k]))
					uses.user[uses.start[v->args[k]->id + 1]++] = v;
	*ret_uses = uses;
}

struct marker {
	struct skep_fn *fn;
	struct skep_block **stack;
	unsigned n, cap;
};

static void push(struct marker *m, struct skep_block *block)
{
	m->stack = ir_grow(m->fn->scratch, m->stack, m->n, &m->cap, sizeof(*m->stack));
	m->stack[m->n++] = block;
}

/* Marks @v as entering @block and everything on the way up to its definition. */
static void mark_up(struct marker *m, struct skep_val *v, struct skep_block *block)
{
	push(m, block);
	while (m->n) {
		block = m->stack[--m->n];
		if (block == v->block)
			continue;
		/* Values are marked one after another, so only the newest entry can be this one. */
		if (block->n_live_in && block->live_in[block->n_live_in - 1] == v)
			continue;
		block->live_in = ir_grow(m->fn->scratch, block->live_in, block->n_live_in,
					 &block->cap_live_in, sizeof(*block->live_in));
		block->live_in[block->n_live_in++] = v;
		for (unsigned i = 0; i < block->n_preds; i++)
			push(m, block->preds[i]);
	}
}

static void mark_value(struct marker *m, const struct ir_uses *uses, struct skep_val *v)
{
	uint32_t branches = 0;

	for (uint32_t i = uses->start[v->id]; i < uses->start[v->id + 1]; i++) {
		struct skep_val *user = uses->user[i];

		branches += user->kind == IR_BRANCH;
		if (user->kind != IR_PHI) {
			if (user->block != v->block)
				mark_up(m, v, user->block);
			continue;
		}
		for (unsigned k = 0; k < user->n_args; k++)
			if (user->args[k] == v)
				mark_up(m, v, user->block->preds[k]);
	}
	v->decides = branches && branches < uses->start[v->id + 1] - uses->start[v->id];
	v->dead = uses->start[v->id] == uses->start[v->id + 1];
}

void ir_live_out(struct skep_block *block, struct ir_set *set)
{
	for (unsigned s = 0; s < block->n_succ; s++) {
		struct skep_block *to = block->succ[s];
		unsigned k;

		for (unsigned i = 0; i < to->n_live_in; i++)
			ir_set_add(set, to->live_in[i]);
		if (to->first->kind != IR_PHI)
			continue;
		k = ir_pred_index(to, block);
		for (struct skep_val *phi = to->first; phi->kind == IR_PHI; phi = phi->next)
			if (!ir_floats(phi->args[k]))
				ir_set_add(set, phi->args[k]);
	}
}

static float frequency(const struct skep_block *block)
{
	float f = block->cold ? 0.1f : 1.0f;

	for (unsigned i = 0; i < MIN(block->depth, 6u); i++)
		f *= 8;
	return f;
}

/* Positions from @from up to where @v was seen first on the way back belong to its life. */
static void add_range(struct skep_fn *fn, struct skep_val *v, uint32_t from)
{
	struct ir_range *range;

	if (!v->ranges)
		v->end = v->last_pos;
	if (v->ranges && v->ranges->from == v->last_pos) {
		v->ranges->from = from; /* the block behind goes on where this one ends */
	} else {
		range = skep_arena_alloc(fn->scratch, sizeof(*range));
		*range = (struct ir_range){ .from = from, .to = v->last_pos, .next = v->ranges };
		v->ranges = range;
	}
	v->span += v->last_pos - from;
}

/* One instruction backwards: @set is what lives behind it, and becomes what lives before it. */
static void step_back(struct skep_val *v, struct ir_set *set, float often)
{
	if (ir_has_result(v)) {
		v->weight += often;
		if (ir_set_has(set, v)) {
			ir_set_remove(set, v);
			add_range(v->block->fn, v, v->pos);
		}
	}
	if (ir_is_call(v))
		for (uint32_t i = 0; i < set->n; i++)
			set->members[i]->kept = true;
	v->dies = 0;
	for (unsigned k = 0; k < v->n_args; k++) {
		struct skep_val *arg = v->args[k];

		if (ir_floats(arg))
			continue;
		arg->weight += often;
		if (ir_set_has(set, arg))
			continue;
		v->dies |= (uint8_t)(1 << k);
		arg->last_pos = v->pos + !ir_may_share(v, k);
		ir_set_add(set, arg);
	}
}

/* Blocks are walked from the last to the first, so ranges come in descending order. */
static void walk_back(struct skep_block *block, struct ir_set *set)
{
	uint32_t end = block->last->pos + 1;
	float often = frequency(block);

	ir_live_out(block, set);
	for (uint32_t i = 0; i < set->n; i++)
		set->members[i]->last_pos = end;
	for (struct skep_val *v = block->last; v && v->kind != IR_PHI; v = v->prev)
		step_back(v, set, often);
	for (uint32_t i = 0; i < set->n; i++)
		add_range(block->fn, set->members[i], block->first->pos);
	for (struct skep_val *v = block->first; v->kind == IR_PHI; v = v->next) {
		v->weight += often;
		for (unsigned k = 0; k < v->n_args; k++)
			v->args[k]->weight += frequency(block->preds[k]);
	}
	ir_set_clear(set);
}

/* Phis of a block are all at its first position. */
static uint32_t number(struct skep_fn *fn)
{
	uint32_t pos = 1;

	for (unsigned i = 0; i < fn->n_order; i++)
		for (struct skep_val *v = fn->order[i]->first; v; v = v->next) {
			v->kept = v->moved = false;
			v->weight = 0;
			v->span = 0;
			v->ranges = NULL;
			v->pos = pos;
			pos += v->kind != IR_PHI || v->next->kind != IR_PHI;
		}
	return pos;
}

void ir_live(struct skep_fn *fn)
{
	struct marker m = { .fn = fn };
	struct ir_uses uses;
	struct ir_set set;

	fn->n_pos = number(fn);
	ir_uses_collect(fn, &uses);
	ir_set_init(&set, fn);
	for (unsigned i = 0; i < fn->n_order; i++)
		fn->order[i]->n_live_in = 0;
	for (unsigned i = 0; i < fn->n_order; i++)
		for (struct skep_val *v = fn->order[i]->first; v; v = v->next)
			if (ir_has_result(v))
				mark_value(&m, &uses, v);
	for (unsigned i = fn->n_order; i-- > 0;)
		walk_back(fn->order[i], &set);
}
