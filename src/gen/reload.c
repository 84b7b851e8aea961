/* SPDX-License-Identifier: Apache-2.0 */
/* Code for values that spill has chosen: stored once, or made again, before each use. */
#include "gen/regs.h"

/*
 * Made again with one instruction and no slot. Not what a branch decides on: the verifier takes
 * what the branch proves for one load, not for another one of the same place.
 */
bool ir_is_cheap(const struct skep_val *v)
{
	if (v->kind == IR_MAT || v->reload)
		return true;
	return v->kind == IR_LOAD && v->flags & SKEP_LOAD_PURE && !v->decides &&
	       !v->args[0]->spilled &&
	       (v->args[0]->kind == IR_PARAM || v->args[0]->kind == IR_SLOT);
}

#define AT_HAND 3 /* instructions for which a value stays in its register after it was stored */

struct rewriter {
	struct skep_fn *fn;
	struct ir_slot **home; /* by value id; NULL for what is made again */
	uint32_t n_home, seq, last_call;
};

static struct ir_slot *home(struct rewriter *r, const struct skep_val *v)
{
	return v->id < r->n_home ? r->home[v->id] : NULL;
}

static struct ir_slot *spill_slot(struct skep_fn *fn, bool movable)
{
	struct ir_slot *slot = ir_slot_new(fn, 8, "values that do not fit in registers");

	slot->spill = true;
	slot->movable = movable;
	return slot;
}

static struct skep_val *load_slot(struct skep_fn *fn, struct ir_slot *slot, struct skep_val *at)
{
	struct skep_val *v = ir_new(fn, IR_LOAD, 1);

	v->args[0] = ir_slot_addr(fn, slot, 0);
	v->size = 8;
	v->loc = at->loc;
	v->reload = true;
	v->pinned = true;
	ir_insert_before(at, v);
	return v;
}

/*
 * Stores @value before @at. What a branch decides on (@decides) is copied first, for kernels that
 * otherwise do not see that two loads from the slot are the same number: copying is what makes them
 * remember.
 */
static void store_slot(struct skep_val *at, struct ir_slot *slot, struct skep_val *value,
		       bool decides)
{
	struct skep_fn *fn = at->block->fn;
	struct skep_val *v = ir_new(fn, IR_STORE, 2), *copy;

	if (decides && !ir_floats(value)) {
		copy = ir_new(fn, IR_COPY, 1);
		copy->args[0] = value;
		copy->pinned = true;
		copy->loc = value->loc;
		ir_insert_before(at, copy);
		value = copy;
	}
	v->args[0] = ir_slot_addr(fn, slot, 0);
	v->args[1] = value;
	v->size = 8;
	v->loc = value->loc;
	ir_insert_before(at, v);
}

static struct skep_val *clone(struct skep_val *v, struct skep_val *at)
{
	struct skep_val *copy = ir_new(at->block->fn, v->kind, v->n_args);

	for (unsigned k = 0; k < v->n_args; k++)
		copy->args[k] = v->args[k];
	copy->imm = v->imm;
	copy->needs = v->needs;
	copy->size = v->size;
	copy->flags = v->flags;
	copy->loc = at->loc;
	copy->reload = copy->pinned = true;
	ir_insert_before(at, copy);
	return copy;
}

/* @v in a register before @at. */
static struct skep_val *again(struct rewriter *r, struct skep_val *v, struct skep_val *at)
{
	struct ir_slot *slot = home(r, v);

	return slot ? load_slot(r->fn, slot, at) : clone(v, at);
}

/* The same, and a later instruction nearby may use it too. Right behind where it is made it is at hand. */
static struct skep_val *again_shared(struct rewriter *r, struct skep_val *v, struct skep_val *at)
{
	struct skep_val *last = v->web;

	if (last == v && v->block == at->block && v->pos >= r->last_call &&
	    r->seq - v->pos <= AT_HAND)
		return v;
	if (last == v)
		last = NULL;
	if (last && last->block == at->block && last->pos > r->last_call &&
	    r->seq - last->pos <= 12 && !v->reload && v->kind != IR_MAT) {
		last->pinned = false;
		return last;
	}
	v->web = again(r, v, at);
	v->web->pos = r->seq;
	return v->web;
}

static void rewrite_uses(struct rewriter *r, struct skep_val *v)
{
	for (unsigned k = 0; k < v->n_args && v->kind != IR_PHI; k++) {
		struct skep_val *arg = v->args[k], *now;

		if (!arg->spilled)
			continue;
		now = again_shared(r, arg, v);
		for (unsigned j = k; j < v->n_args; j++)
			if (v->args[j] == arg)
				v->args[j] = now;
	}
}

/* True when on some way into the block another phi takes over the old value of @phi. */
static bool is_read_on_entry(const struct skep_val *phi)
{
	for (const struct skep_val *v = phi->block->first; v->kind == IR_PHI; v = v->next)
		for (unsigned k = 0; v != phi && k < v->n_args; k++)
			if (v->args[k] == phi)
				return true;
	return false;
}

/*
 * Where the stores for spilled phis go at the end of a block: in front of what is read into
 * registers for other phis, so that those registers are not taken yet; but behind @arg, which is to
 * be stored.
 */
static struct skep_val *edge(struct skep_block *block, const struct skep_val *arg)
{
	struct skep_val *at = block->last;

	while (at->prev && at->prev != arg && at->prev->reload && at->prev->pinned)
		at = at->prev;
	return at;
}

/*
 * A spilled phi: each way in stores to its slot. Where its old value is still wanted by another
 * one, the ways in store to a second slot, which the block itself copies.
 */
static void rewrite_phi(struct rewriter *r, struct skep_val *phi)
{
	struct ir_slot *slot = home(r, phi), *into = slot;

	if (is_read_on_entry(phi)) {
		struct skep_val *at = phi, *copy;

		while (at->kind == IR_PHI)
			at = at->next;
		into = spill_slot(r->fn, phi->movable);
		copy = load_slot(r->fn, into, at);
		store_slot(at, slot, copy, false);
	}
	for (unsigned k = 0; k < phi->n_args; k++) {
		struct skep_val *arg = phi->args[k], *mat, *end;

		end = edge(phi->block->preds[k], arg);
		if (arg == phi && into == slot)
			continue;
		if (arg->spilled) {
			arg = again(r, arg, end);
		} else if (ir_floats(arg) && (!ir_is_const(arg) || !ir_fits_s32(arg->imm))) {
			mat = ir_new(r->fn, IR_MAT, 1);
			mat->args[0] = arg;
			mat->pinned = true;
			ir_insert_before(end, mat);
			arg = mat;
		}
		store_slot(end, into, arg, phi->decides);
	}
}

/* Arguments of phis that stay in registers. */
static void rewrite_phi_args(struct rewriter *r, struct skep_block *block)
{
	for (struct skep_val *v = block->first; v->kind == IR_PHI; v = v->next)
		for (unsigned k = 0; k < v->n_args && !v->spilled; k++)
			if (v->args[k]->spilled)
				v->args[k] = again(r, v->args[k], block->preds[k]->last);
}

static void store_def(struct rewriter *r, struct skep_val *v)
{
	struct skep_val *at = v;

	while (v->kind == IR_PARAM && at->next->kind == IR_PARAM)
		at = at->next;
	store_slot(at->next, home(r, v), v, v->decides);
	v->spilled = false;
	v->pinned = true;
}

static void rewrite_defs(struct rewriter *r, struct ir_vals *spilled)
{
	for (size_t i = 0; i < spilled->len; i++)
		if (spilled->data[i]->kind == IR_PHI)
			rewrite_phi(r, spilled->data[i]);
	for (unsigned i = 0; i < r->fn->n_order; i++)
		rewrite_phi_args(r, r->fn->order[i]);
	for (size_t i = 0; i < spilled->len; i++) {
		struct skep_val *v = spilled->data[i];

		if (v->kind != IR_PHI && home(r, v))
			store_def(r, v);
		else
			ir_remove(v);
	}
}

void ir_rewrite_spilled(struct skep_fn *fn)
{
	struct rewriter r = { .fn = fn, .n_home = fn->n_vals };
	struct ir_vals spilled = {};

	if (fn->gen->options.stripes)
		ir_judge_spilled(fn);
	r.home = skep_arena_calloc(fn->scratch, fn->n_vals, sizeof(*r.home));
	for (unsigned i = 0; i < fn->n_order; i++)
		for (struct skep_val *v = fn->order[i]->first; v; v = v->next) {
			v->web = NULL;
			if (!v->spilled)
				continue;
			if (!ir_is_cheap(v))
				r.home[v->id] = spill_slot(fn, v->movable);
			skep_vec_add(&spilled, v);
		}
	for (unsigned i = 0; i < fn->n_order; i++)
		for (struct skep_val *v = fn->order[i]->first; v; v = v->next) {
			r.seq++;
			rewrite_uses(&r, v);
			if (v->spilled && v->kind != IR_PHI && v->kind != IR_PARAM && home(&r, v)) {
				v->web = v;
				v->pos = r.seq;
			}
			if (ir_is_call(v))
				r.last_call = r.seq;
		}
	rewrite_defs(&r, &spilled);
	skep_vec_fini(&spilled);
}
