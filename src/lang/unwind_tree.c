/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The areas of a process as the kernel keeps them: a maple tree (since 6.1). Its nodes are replaced, not changed, and freed when
 * no reader can hold them any more, so it can be searched without the lock; what is found must be looked at before it is
 * believed.
 *
 *	mm.mm_mt.ma_root ─► node ─► node ─► leaf ─► area		at most LEVELS of them
 *
 * A node is 256 bytes and aligned so; the address of one carries its kind in the bits below. Its pivots are the last addresses of
 * its slots, ascending; a slot leads to a node below, that of a leaf to an area, or to nothing.
 */
#include "lang/need.h"
#include "lang/unwind_priv.h"

#define LEVELS 12
#define NODE_BYTES 256u
#define KIND_SHIFT 3
#define KIND_MASK 15

enum kind { /* as in the kernel */
	KIND_LEAF = 1,
	KIND_RANGE = 2,
	KIND_GAPS = 3, /* fewer slots, and behind them how much room there is below each */
};

struct shape {
	struct skep_field pivot, slot;
	unsigned n_slots;
};

static bool read_shape(struct skep_unwinder *u, const char *type, struct shape *ret_shape)
{
	struct shape s;

	if (!skep_unwind_member(u->c, type, "pivot", &s.pivot) ||
	    !skep_unwind_member(u->c, type, "slot", &s.slot) || s.slot.type->size % 8)
		return false;
	s.n_slots = s.slot.type->size / 8;
	if (s.pivot.type->size != 8 * (s.n_slots - 1) ||
	    s.slot.offset + s.slot.type->size > NODE_BYTES ||
	    s.pivot.offset + s.pivot.type->size > NODE_BYTES)
		return false;
	*ret_shape = s;
	return true;
}

/* The slot that the wanted address belongs to becomes the place. */
static void choose(struct skep_unwinder *u, struct skep_fn *fn, struct skep_val *walk,
		   const struct shape *shape, struct skep_block *chosen)
{
	struct skep_val *wanted = WALK_LOAD(fn, walk, wanted), *node = WALK_AT(fn, walk, node);
	struct skep_val *pivots, *slots;
	int pivot = 0, slot = 0;

	pivots = skep_need_at(&u->c->types, fn, node, &pivot, &shape->pivot);
	slots = skep_need_at(&u->c->types, fn, node, &slot, &shape->slot);
	for (unsigned i = 0; i < shape->n_slots; i++) {
		struct skep_block *here = skep_ir_block(fn), *on = skep_ir_block(fn);

		if (i + 1 < shape->n_slots)
			skep_ir_branch(fn, SKEP_CC_ULE, wanted,
				       skep_ir_load(fn, pivots, pivot + 8 * (int)i, 8, 0), here,
				       on);
		else
			skep_ir_jump(fn, here);
		skep_ir_at(fn, here);
		WALK_STORE(fn, walk, place, skep_ir_load(fn, slots, slot + 8 * (int)i, 8, 0));
		skep_ir_jump(fn, chosen);
		skep_ir_at(fn, on);
	}
	skep_ir_jump(fn, chosen); /* never reached */
}

/* (index, &walk), for the helper loop: from a node to what is below. 1: it was a leaf, or it leads nowhere. */
static struct skep_fn *make_descend(struct skep_unwinder *u, const struct shape *range,
				    const struct shape *gaps)
{
	struct skep_fn *fn = skep_gen_subprog(u->gen, "unwind_descend", 2);
	struct skep_block *read = skep_ir_block(fn), *lost = skep_ir_block(fn),
			  *few = skep_ir_block(fn), *other = skep_ir_block(fn),
			  *leaf = skep_ir_block(fn), *inner = skep_ir_block(fn),
			  *many = skep_ir_block(fn), *down = skep_ir_block(fn),
			  *end = skep_ir_block(fn);
	struct skep_val *walk = skep_ir_load(fn, skep_ir_param(fn, 1), 0, 8, 0), *kind, *r;
	struct skep_val *place = WALK_LOAD(fn, walk, place);
	struct skep_var *last = skep_ir_var(fn, "last");

	kind = skep_ir_opi(fn, SKEP_OP_SHR, place, KIND_SHIFT);
	kind = skep_ir_opi(fn, SKEP_OP_AND, kind, KIND_MASK);
	skep_ir_set(fn, last, skep_ir_const(fn, 0));
	r = skep_ir_call(fn, SKEP_HELPER_PROBE_READ_KERNEL, 0, 3, WALK_AT(fn, walk, node),
			 skep_ir_const(fn, NODE_BYTES),
			 skep_ir_opi(fn, SKEP_OP_AND, place, ~(uint64_t)(NODE_BYTES - 1)));
	skep_ir_branch(fn, SKEP_CC_EQ, r, skep_ir_const(fn, 0), read, lost);
	skep_ir_at(fn, read);
	skep_ir_branch(fn, SKEP_CC_EQ, kind, skep_ir_const(fn, KIND_GAPS), few, other);
	skep_ir_at(fn, few);
	choose(u, fn, walk, gaps, down);
	skep_ir_at(fn, other);
	skep_ir_branch(fn, SKEP_CC_EQ, kind, skep_ir_const(fn, KIND_LEAF), leaf, inner);
	skep_ir_at(fn, leaf);
	skep_ir_set(fn, last, skep_ir_const(fn, 1));
	skep_ir_jump(fn, many);
	skep_ir_at(fn, inner);
	skep_ir_branch(fn, SKEP_CC_EQ, kind, skep_ir_const(fn, KIND_RANGE), many, lost);
	skep_ir_at(fn, many);
	choose(u, fn, walk, range, down);
	skep_ir_at(fn, lost);
	WALK_STORE(fn, walk, place, skep_ir_const(fn, 0));
	skep_ir_jump(fn, end);
	skep_ir_at(fn, end);
	skep_ir_ret(fn, skep_ir_const(fn, 1));
	skep_ir_at(fn, down);
	skep_ir_ret(fn, skep_ir_get(fn, last));
	skep_lower_name(u->c, fn, "ustack: one level of the tree of areas");
	return fn;
}

/* The root of the current process's tree of areas. */
static struct skep_val *load_root(struct skep_unwinder *u, struct skep_fn *fn)
{
	struct skep_val *buffer = skep_ir_slot(fn, 8, "member");
	struct skep_val *v = skep_ir_call(fn, SKEP_HELPER_GET_CURRENT_TASK_BTF, 0, 0);
	struct skep_field tree;
	int off = 0;

	if (!skep_unwind_member(u->c, "mm_struct", "mm_mt", &tree))
		return skep_ir_const(fn, 0);
	v = skep_unwind_peek(u, fn, buffer, v, "task_struct", "mm");
	v = skep_need_at(&u->c->types, fn, v, &off, &tree);
	return skep_unwind_peek(u, fn, buffer, skep_ir_opi(fn, SKEP_OP_ADD, v, (uint64_t)off),
				"maple_tree", "ma_root");
}

struct skep_fn *skep_unwind_make_search(struct skep_unwinder *u)
{
	struct shape range, gaps;
	struct skep_fn *fn, *descend;
	struct skep_val *walk, *holder;

	if (!read_shape(u, "maple_range_64", &range) || !read_shape(u, "maple_arange_64", &gaps))
		return NULL;
	descend = make_descend(u, &range, &gaps);
	fn = skep_gen_subprog(u->gen, "unwind_search", 2);
	walk = skep_ir_param(fn, 0);
	holder = skep_ir_slot(fn, 8, "walk");
	WALK_STORE(fn, walk, place, load_root(u, fn));
	WALK_STORE(fn, walk, wanted, skep_ir_param(fn, 1));
	skep_ir_store(fn, holder, 0, 8, walk);
	skep_ir_call(fn, SKEP_HELPER_LOOP, 0, 4, skep_ir_const(fn, LEVELS),
		     skep_ir_func(fn, descend), holder, skep_ir_const(fn, 0));
	skep_ir_ret(fn, WALK_LOAD(fn, walk, place));
	skep_lower_name(u->c, fn, "ustack: an area without the lock");
	return fn;
}
