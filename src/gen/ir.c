/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks, values and slots as such: made, put into a block, taken out. */
#include <string.h>

#include "gen/ir.h"

void *ir_grow(struct skep_arena *arena, void *data, unsigned len, unsigned *cap, size_t size)
{
	void *bigger;

	if (len < *cap)
		return data;
	*cap = *cap ? *cap * 2 : 4;
	bigger = skep_arena_calloc(arena, *cap, size);
	if (len)
		memcpy(bigger, data, len * size);
	return bigger;
}

struct skep_val *ir_new(struct skep_fn *fn, enum ir_kind kind, unsigned n_args)
{
	struct skep_val *v = skep_arena_alloc(fn->arena, sizeof(*v));

	v->kind = kind;
	v->id = fn->n_vals++;
	v->n_args = n_args;
	v->args = v->args_in;
	if (n_args > ARRAY_SIZE(v->args_in))
		v->args = skep_arena_calloc(fn->arena, n_args, sizeof(*v->args));
	v->loc = fn->loc;
	v->reg = -1;
	v->hint = -1;
	v->want = -1;
	return v;
}

struct skep_val *ir_const(struct skep_fn *fn, uint64_t value)
{
	struct skep_val *v = ir_new(fn, IR_CONST, 0);

	v->imm = (int64_t)value;
	return v;
}

struct ir_slot *ir_slot_new(struct skep_fn *fn, unsigned size, const char *name)
{
	struct ir_slot *slot = skep_arena_alloc(fn->arena, sizeof(*slot));

	slot->name = name;
	/* What cannot fit anyway must not wrap around either. */
	slot->size = size > UINT32_MAX - 8 ? UINT32_MAX - 7 : ALIGN_UP(MAX(size, 1u), 8u);
	slot->id = fn->n_slots;
	fn->slots = ir_grow(fn->arena, fn->slots, fn->n_slots, &fn->cap_slots, sizeof(*fn->slots));
	fn->slots[fn->n_slots++] = slot;
	return slot;
}

struct skep_val *ir_slot_addr(struct skep_fn *fn, struct ir_slot *slot, int64_t off)
{
	struct skep_val *v = ir_new(fn, IR_SLOT, 0);

	v->slot = slot;
	v->imm = off;
	return v;
}

struct skep_block *ir_block_new(struct skep_fn *fn)
{
	struct skep_block *block = skep_arena_alloc(fn->arena, sizeof(*block));

	block->id = fn->next_block++;
	block->fn = fn;
	fn->blocks =
		ir_grow(fn->arena, fn->blocks, fn->n_blocks, &fn->cap_blocks, sizeof(*fn->blocks));
	fn->blocks[fn->n_blocks++] = block;
	return block;
}

void ir_append(struct skep_block *block, struct skep_val *v)
{
	v->block = block;
	v->prev = block->last;
	v->next = NULL;
	if (block->last)
		block->last->next = v;
	else
		block->first = v;
	block->last = v;
}

void ir_insert_before(struct skep_val *at, struct skep_val *v)
{
	v->block = at->block;
	v->prev = at->prev;
	v->next = at;
	if (at->prev)
		at->prev->next = v;
	else
		at->block->first = v;
	at->prev = v;
}

void ir_insert_after(struct skep_val *at, struct skep_val *v)
{
	if (at->next)
		ir_insert_before(at->next, v);
	else
		ir_append(at->block, v);
}

void ir_remove(struct skep_val *v)
{
	struct skep_block *block = v->block;

	if (v->prev)
		v->prev->next = v->next;
	else
		block->first = v->next;
	if (v->next)
		v->next->prev = v->prev;
	else
		block->last = v->prev;
	v->prev = v->next = NULL;
	v->block = NULL;
}

struct skep_val *ir_op_before(struct skep_val *at, enum skep_ir_op op, struct skep_val *a,
			      struct skep_val *b)
{
	struct skep_val *v = ir_new(at->block->fn, IR_OP, 2);

	v->sub = op;
	v->args[0] = a;
	v->args[1] = b;
	v->loc = at->loc;
	ir_insert_before(at, v);
	return v;
}

void ir_count_uses(struct skep_fn *fn)
{
	for (unsigned i = 0; i < fn->n_order; i++)
		for (struct skep_val *v = fn->order[i]->first; v; v = v->next)
			v->n_uses = 0;
	for (unsigned i = 0; i < fn->n_order; i++)
		for (struct skep_val *v = fn->order[i]->first; v; v = v->next)
			for (unsigned k = 0; k < v->n_args; k++) {
				v->args[k] = ir_real(v->args[k]);
				v->args[k]->n_uses++;
			}
}
