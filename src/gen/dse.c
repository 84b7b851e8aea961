/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stores: constants side by side become one store; dead stores to the stack go: what is overwritten
 * before anybody can read it, and what is never read at all. Only for slots whose address goes
 * nowhere but into loads, stores and the arguments of calls; a call reads all of the slots it is
 * given.
 */
#include <string.h>

#include "gen/ir.h"

#define SLOT_WORDS (SKEP_GEN_STACK_MAX / 64)

struct slot_state {
	bool complex; /* its address is computed with or stored */
	bool read;    /* by a load, an atomic operation or a call, anywhere */
	unsigned epoch;
	uint64_t doomed[SLOT_WORDS]; /* bytes that are overwritten before they are read */
};

struct dse {
	struct slot_state *slots;
	/* States of another epoch know nothing or, at the end of a run, doom everything. */
	unsigned epoch;
};

static void classify(struct dse *d, struct skep_val *v)
{
	for (unsigned k = 0; k < v->n_args; k++) {
		struct slot_state *s;

		v->args[k] = ir_real(v->args[k]);
		if (v->args[k]->kind != IR_SLOT)
			continue;
		s = &d->slots[v->args[k]->slot->id];
		if (v->kind == IR_LOAD || v->kind == IR_ATOMIC || ir_is_call(v))
			s->read = true;
		if (k == 0 ? v->kind != IR_LOAD && v->kind != IR_STORE && v->kind != IR_ATOMIC &&
				     !ir_is_call(v)
			   : !ir_is_call(v))
			s->complex = true;
	}
}

static struct slot_state *state(struct dse *d, const struct skep_val *addr, bool at_end)
{
	struct slot_state *s = &d->slots[addr->slot->id];

	if (s->epoch != d->epoch) {
		s->epoch = d->epoch;
		memset(s->doomed, at_end ? 0xff : 0, sizeof(s->doomed));
	}
	return s;
}

/* Bytes of the slot that the access covers, if they all lie inside what is tracked. */
static bool covers(const struct skep_val *v, unsigned *ret_word, uint64_t *ret_mask)
{
	int64_t off = v->args[0]->imm + v->imm;

	if (off < 0 || off + v->size > SKEP_GEN_STACK_MAX || off % 64 + v->size > 64)
		return false;
	*ret_word = (unsigned)off / 64;
	*ret_mask = (v->size == 8 ? 0xffu : (1u << v->size) - 1) * (UINT64_C(1) << off % 64);
	return true;
}

/* One step backwards; true when @v is a store that nobody needs. */
static bool step(struct dse *d, struct skep_val *v, bool at_end)
{
	struct slot_state *s;
	unsigned word;
	uint64_t mask;

	if (ir_is_call(v)) {
		for (unsigned k = 0; k < v->n_args; k++)
			if (v->args[k]->kind == IR_SLOT)
				memset(state(d, v->args[k], at_end)->doomed, 0, sizeof(s->doomed));
		return false;
	}
	if ((v->kind != IR_LOAD && v->kind != IR_STORE && v->kind != IR_ATOMIC) ||
	    v->args[0]->kind != IR_SLOT)
		return false;
	s = state(d, v->args[0], at_end);
	if (!covers(v, &word, &mask)) {
		memset(s->doomed, 0, sizeof(s->doomed));
		return false;
	}
	if (v->kind != IR_STORE) {
		s->doomed[word] &= ~mask;
		return false;
	}
	if (!s->complex && (!s->read || (s->doomed[word] & mask) == mask))
		return true;
	s->doomed[word] |= mask;
	return false;
}

/* True when @off from @addr is a multiple of @size as far as the kernel checks it. */
static bool is_aligned(const struct skep_val *addr, int64_t off, unsigned size)
{
	if (addr->kind == IR_OP || addr->kind == IR_PHI)
		return false; /* may be anywhere in a slot */
	if (ir_floats(addr))
		off += addr->imm;
	return off % size == 0;
}

/* Two constants stored next to each other are one store of twice the size. */
static bool join_stores(struct skep_val *v)
{
	struct skep_val *next = v->next, *low, *high;
	uint64_t n;

	if (v->kind != IR_STORE || next->kind != IR_STORE || v->size == 8 ||
	    next->size != v->size || !ir_is_const(v->args[1]) || !ir_is_const(next->args[1]) ||
	    !ir_same(v->args[0], next->args[0]))
		return false;
	low = v->imm < next->imm ? v : next;
	high = low == v ? next : v;
	if (low->imm + low->size != high->imm || !is_aligned(low->args[0], low->imm, 2 * low->size))
		return false;
	n = (uint64_t)high->args[1]->imm << low->size * 8;
	n |= (uint64_t)low->args[1]->imm & ir_low_mask(low->size);
	n = ir_extend_eval(n, low->size * 2, true);
	if (!ir_fits_s32((int64_t)n))
		return false;
	v->imm = low->imm;
	v->size *= 2;
	v->args[1] = ir_const(v->block->fn, n);
	ir_remove(next);
	return true;
}

static bool join_all_stores(struct skep_block *block)
{
	bool changed = false;

	for (struct skep_val *v = block->first; v->next; v = v->next)
		while (v->next && join_stores(v)) {
			changed = true;
			/* The one before may be its other half now. */
			if (v->prev)
				v = v->prev;
		}
	return changed;
}

bool ir_dse(struct skep_fn *fn)
{
	struct dse d = {};
	struct skep_val *prev;
	bool changed = false;

	for (unsigned i = 0; i < fn->n_order; i++)
		if (fn->order[i]->first)
			changed |= join_all_stores(fn->order[i]);
	if (!fn->n_slots)
		return changed;
	d.slots = skep_arena_calloc(fn->scratch, fn->n_slots, sizeof(*d.slots));
	for (unsigned i = 0; i < fn->n_order; i++)
		for (struct skep_val *v = fn->order[i]->first; v; v = v->next)
			classify(&d, v);
	for (unsigned i = 0; i < fn->n_order; i++) {
		bool at_end = fn->order[i]->last->kind == IR_RET;

		d.epoch++;
		for (struct skep_val *v = fn->order[i]->last; v; v = prev) {
			prev = v->prev;
			if (!step(&d, v, at_end))
				continue;
			ir_remove(v);
			changed = true;
		}
	}
	return changed;
}
