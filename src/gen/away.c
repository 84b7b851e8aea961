/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When the stack has no room for all values that do not fit in registers, some are kept in a map instead: one array
 * element with a stripe for each CPU, since a program is never entered twice at once on a CPU. The address of the
 * function's part of it lies in one stack slot:
 *
 *	slot		 stripe of this CPU
 *	[r10 - 8] ─────► value 0 │ value 1 │ ...
 *
 * What comes back from a map is a number of which the verifier knows nothing. So only numbers go there (a pointer would be
 * none any more), and none of which a proof is wanted: what leads into an address, a call or a loop's count stays.
 */
#include <string.h>

#include "gen/regs.h"
#include "isa/helper.h"
#include "isa/mapkind.h"

/* The largest offset of a load. */
#define AREA_MAX 0x7ff8

struct judge {
	struct skep_fn *fn;
	bool *guarded; /* by value id: a proof may hang on it */
	bool *pointer; /* may be one */
	bool *own;     /* points to memory that never holds a pointer: a map's value, a record */
	bool *stored;  /* put into memory from which it may come back as a pointer */
	bool *tainted; /* by slot id: may hold a pointer */
	bool changed;
};

static void set(struct judge *j, bool *flags, uint32_t id)
{
	j->changed |= !flags[id];
	flags[id] = true;
}

static bool is_pointer(const struct judge *j, const struct skep_val *v)
{
	if (ir_floats(v))
		return v->kind != IR_CONST && v->kind != IR_NEED;
	return j->pointer[v->id];
}

static bool is_own(const struct judge *j, const struct skep_val *v)
{
	return ir_floats(v) ? v->kind == IR_MAPVAL : j->own[v->id];
}

static bool returns_pointer(const struct skep_val *call)
{
	const struct skep_helper *helper =
		call->kind == IR_CALL ? skep_helper_find((int32_t)call->imm) : NULL;

	return !helper || helper->ret > SKEP_HELPER_RET_INT;
}

static bool returns_own(const struct skep_val *call)
{
	const struct skep_helper *helper =
		call->kind == IR_CALL ? skep_helper_find((int32_t)call->imm) : NULL;

	return helper && helper->ret >= SKEP_HELPER_RET_MAP_VALUE &&
	       helper->ret <= SKEP_HELPER_RET_MEM_OR_NULL;
}

static bool passes_on(const struct skep_val *v)
{
	return v->kind == IR_PHI || v->kind == IR_MAT || v->kind == IR_COPY ||
	       (v->kind == IR_OP && (v->sub == SKEP_OP_ADD || v->sub == SKEP_OP_SUB));
}

/* Whether @v may be a pointer, given what is known of others so far. */
static bool may_point(const struct judge *j, const struct skep_val *v)
{
	const struct skep_val *from = v->n_args ? v->args[0] : NULL;

	if (v->kind == IR_PARAM)
		return true;
	if (ir_is_call(v))
		return returns_pointer(v);
	if (v->kind == IR_LOAD && from->kind == IR_LOAD && from->args[0]->kind == IR_SLOT &&
	    from->args[0]->slot->base)
		return false;
	if (v->kind == IR_LOAD && v->size == 8)
		return from->kind == IR_SLOT ? j->tainted[from->slot->id] : !is_own(j, from);
	if (!passes_on(v))
		return false;
	for (unsigned k = 0; k < v->n_args; k++)
		if (is_pointer(j, v->args[k]))
			return true;
	return false;
}

static bool may_own(const struct judge *j, const struct skep_val *v)
{
	bool any = false;

	if (ir_is_call(v))
		return returns_own(v);
	if (!passes_on(v))
		return false;
	for (unsigned k = 0; k < v->n_args; k++) {
		if (is_own(j, v->args[k]))
			any = true;
		else if (is_pointer(j, v->args[k]) || v->kind == IR_PHI)
			return v->kind == IR_PHI && ir_is_const(v->args[k]) && any;
	}
	return any;
}

static void forward(struct judge *j, const struct skep_val *v)
{
	if (ir_has_result(v)) {
		if (may_own(j, v))
			set(j, j->own, v->id);
		if (may_point(j, v))
			set(j, j->pointer, v->id);
	}
	if (v->kind == IR_STORE && v->size == 8 && is_pointer(j, v->args[1]) &&
	    v->args[0]->kind == IR_SLOT)
		set(j, j->tainted, v->args[0]->slot->id);
}

static void guard(struct judge *j, const struct skep_val *v)
{
	if (!ir_floats(v))
		set(j, j->guarded, v->id);
}

static bool any_guarded(const struct judge *j, const struct skep_val *v)
{
	for (unsigned k = 0; k < v->n_args; k++)
		if (!ir_floats(v->args[k]) && j->guarded[v->args[k]->id])
			return true;
	return false;
}

/* Whether all that @v takes may be a part of a proof. */
static bool proves(const struct judge *j, const struct skep_val *v)
{
	switch (v->kind) {
	case IR_CALL:
	case IR_KFUNC:
	case IR_LOCAL:
	case IR_RET:
		return true;
	case IR_CMP:
	case IR_BRANCH:
		return any_guarded(j, v);
	case IR_PHI:
		return v->block->depth || j->guarded[v->id];
	case IR_LOAD:
	case IR_STORE:
	case IR_ATOMIC:
		return false;
	default:
		return ir_has_result(v) && j->guarded[v->id];
	}
}

static void backward(struct judge *j, const struct skep_val *v)
{
	bool all = proves(j, v), address = v->kind >= IR_LOAD && v->kind <= IR_ATOMIC;

	if (v->kind == IR_PHI && all)
		guard(j, v);
	for (unsigned k = 0; k < v->n_args; k++)
		if (all || (address && k == 0))
			guard(j, v->args[k]);
	if (v->kind == IR_STORE && v->size == 8 && !ir_floats(v->args[1]) && !is_own(j, v->args[0]))
		set(j, j->stored, v->args[1]->id);
	for (unsigned k = 0; k < v->n_args && passes_on(v) && j->stored[v->id]; k++)
		if (!ir_floats(v->args[k]))
			set(j, j->stored, v->args[k]->id);
}

static bool *flags(struct skep_fn *fn, size_t n)
{
	return skep_arena_calloc(fn->scratch, n + 1, sizeof(bool));
}

/* Which of the values that were chosen to be spilled may be kept in a map. */
void ir_judge_spilled(struct skep_fn *fn)
{
	struct judge j = {
		.fn = fn,
		.guarded = flags(fn, fn->n_vals),
		.pointer = flags(fn, fn->n_vals),
		.own = flags(fn, fn->n_vals),
		.stored = flags(fn, fn->n_vals),
		.tainted = flags(fn, fn->n_slots),
	};

	do {
		j.changed = false;
		for (unsigned i = 0; i < fn->n_order; i++)
			for (struct skep_val *v = fn->order[i]->first; v; v = v->next)
				forward(&j, v);
		for (unsigned i = fn->n_order; i-- > 0;)
			for (struct skep_val *v = fn->order[i]->last; v; v = v->prev)
				backward(&j, v);
	} while (j.changed);
	for (unsigned i = 0; i < fn->n_order; i++)
		for (struct skep_val *v = fn->order[i]->first; v; v = v->next)
			if (v->spilled)
				v->movable = !j.guarded[v->id] &&
					     (!j.pointer[v->id] || !j.stored[v->id]);
}

/* --- moving ----------------------------------------------------------------------------------- */

static struct skep_val *put(struct skep_val *at, struct skep_val *v, unsigned size)
{
	v->size = (uint8_t)size;
	v->loc = at->loc;
	ir_insert_before(at, v);
	return v;
}

/* Where the function begins: the address of its stripe into the slot. */
static void prepare(struct skep_fn *fn, struct ir_slot *base, unsigned map, unsigned off,
		    unsigned stripe)
{
	struct skep_val *at = fn->order[0]->first, *call, *addr, *store;

	while (at->kind == IR_PARAM)
		at = at->next;
	call = ir_new(fn, IR_CALL, 0);
	call->imm = SKEP_HELPER_GET_SMP_PROCESSOR_ID;
	put(at, call, 0);
	call = ir_op_before(at, SKEP_OP_AND, call, ir_const(fn, fn->gen->options.stripes - 1));
	call = ir_op_before(at, SKEP_OP_MUL, call, ir_const(fn, stripe));
	addr = ir_new(fn, IR_MAT, 1);
	addr->args[0] = ir_new(fn, IR_MAPVAL, 0);
	addr->args[0]->map = map;
	addr->args[0]->imm = off;
	put(at, addr, 0);
	addr = ir_op_before(at, SKEP_OP_ADD, addr, call);
	store = ir_new(fn, IR_STORE, 2);
	store->args[0] = ir_slot_addr(fn, base, 0);
	store->args[1] = addr;
	put(at, store, 8);
}

static unsigned area(struct skep_gen *gen, unsigned bytes)
{
	struct skep_spec_map *map;
	unsigned at;

	if (!gen->has_away) {
		gen->away_map = skep_gen_map(gen, &(struct skep_spec_map){
							  .name = "values",
							  .type = SKEP_MAP_ARRAY,
							  .key_size = 4,
							  .max_entries = 1,
						  });
		gen->has_away = true;
	}
	map = skep_gen_map_at(gen, gen->away_map);
	at = map->value_size;
	map->value_size += bytes * gen->options.stripes;
	return at;
}

static void redirect(struct skep_fn *fn, struct skep_val *v, struct ir_slot *base, int off)
{
	struct skep_val *addr = ir_new(fn, IR_LOAD, 1);

	addr->args[0] = ir_slot_addr(fn, base, 0);
	addr->reload = addr->pinned = true;
	put(v, addr, 8);
	v->args[0] = addr;
	v->imm = off;
}

bool ir_move_away(struct skep_fn *fn)
{
	unsigned n = 0;

	for (unsigned i = 0; i < fn->n_slots; i++)
		if (fn->slots[i]->away && !fn->slots[i]->gone)
			fn->slots[i]->off = (int)n++ * 8;
	if (!n || n * 8 > AREA_MAX)
		return false;

	unsigned stripe = ALIGN_UP(n * 8, 64u), off = area(fn->gen, stripe);
	struct ir_slot *base = ir_slot_new(fn, 8, "where values are that do not fit");

	base->base = true;
	for (unsigned i = 0; i < fn->n_order; i++)
		for (struct skep_val *v = fn->order[i]->first; v; v = v->next)
			if ((v->kind == IR_LOAD || v->kind == IR_STORE) &&
			    v->args[0]->kind == IR_SLOT && v->args[0]->slot->away &&
			    !v->args[0]->slot->gone)
				redirect(fn, v, base, v->args[0]->slot->off);
	prepare(fn, base, fn->gen->away_map, off, stripe);
	for (unsigned i = 0; i < fn->n_slots; i++) {
		fn->slots[i]->gone |= fn->slots[i]->away;
		fn->slots[i]->off = 0;
	}
	return true;
}
