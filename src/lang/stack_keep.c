/* SPDX-License-Identifier: Apache-2.0 */
/* Stacks that have a number from what is in them, in a map of our own: see obj/unwind.h and unwind_priv.h. */
#include <errno.h>

#include "lang/unwind_priv.h"

struct skep_keeper *skep_keeper(struct skep_lower *l)
{
	struct skep_keeper *k = l->c->keeper;

	if (k)
		return k;
	k = skep_arena_calloc(l->c->arena, 1, sizeof(*k));
	k->c = l->c;
	k->gen = l->gen;
	k->maps.stacks = (int)skep_gen_map(
		k->gen, &(struct skep_spec_map){ .name = "kept_stacks",
						 .type = SKEP_MAP_HASH,
						 .key_size = 8,
						 .value_size = SKEP_UNWIND_DEPTH * 8,
						 .max_entries = SKEP_KEPT_STACKS,
						 .flags = SKEP_MAP_NO_PREALLOC });
	k->maps.count = (int)skep_gen_map(k->gen, &(struct skep_spec_map){ .name = "kept_count",
									   .type = SKEP_MAP_ARRAY,
									   .key_size = 4,
									   .value_size = 8,
									   .max_entries = 1 });
	l->c->keeper = k;
	l->c->kept_maps = &k->maps;
	return k;
}

void skep_unwind_hash(struct skep_fn *fn, struct skep_val *walk, struct skep_val *pc)
{
	struct skep_val *hash = skep_ir_op(fn, SKEP_OP_XOR, WALK_LOAD(fn, walk, hash), pc);

	hash = skep_ir_opi(fn, SKEP_OP_MUL, hash, UINT64_C(0x9e3779b97f4a7c15));
	hash = skep_ir_op(fn, SKEP_OP_XOR, hash, skep_ir_opi(fn, SKEP_OP_SHR, hash, 29));
	WALK_STORE(fn, walk, hash, hash);
}

void skep_keep_stack(struct skep_keeper *k, struct skep_fn *fn, struct skep_val *walk)
{
	struct skep_block *fresh = skep_ir_block(fn), *known = skep_ir_block(fn),
			  *full = skep_ir_block(fn), *added = skep_ir_block(fn);
	struct skep_val *stacks = skep_ir_map(fn, (unsigned)k->maps.stacks), *id, *at, *n, *r;

	at = skep_ir_opi(fn, SKEP_OP_AND, WALK_LOAD(fn, walk, n), SKEP_UNWIND_DEPTH);
	at = skep_ir_op(fn, SKEP_OP_ADD, walk, skep_ir_opi(fn, SKEP_OP_SHL, at, 3));
	skep_ir_store(fn, at, (int)offsetof(struct walk, addresses), 8, skep_ir_const(fn, 0));
	id = skep_ir_opi(fn, SKEP_OP_AND, WALK_LOAD(fn, walk, hash),
			 (SKEP_UNWIND_ID - 1) &
				 ~((uint64_t)SKEP_UNWIND_DEPTH << SKEP_UNWIND_LENGTH_SHIFT));
	id = skep_ir_opi(fn, SKEP_OP_OR, id, SKEP_UNWIND_ID);
	n = skep_ir_opi(fn, SKEP_OP_AND, WALK_LOAD(fn, walk, n), SKEP_UNWIND_DEPTH);
	id = skep_ir_op(fn, SKEP_OP_OR, id,
			skep_ir_opi(fn, SKEP_OP_SHL, n, SKEP_UNWIND_LENGTH_SHIFT));
	WALK_STORE(fn, walk, id, id);
	r = skep_ir_call(fn, SKEP_HELPER_MAP_LOOKUP_ELEM, 0, 2, stacks, WALK_AT(fn, walk, id));
	skep_ir_branch(fn, SKEP_CC_NE, r, skep_ir_const(fn, 0), known, fresh);
	skep_ir_at(fn, fresh);
	r = skep_ir_call(fn, SKEP_HELPER_MAP_UPDATE_ELEM, 0, 4, stacks, WALK_AT(fn, walk, id),
			 WALK_AT(fn, walk, addresses), skep_ir_const(fn, 0));
	/* Before Linux 6.4 the kernel's function gives an int: of -E2BIG only the lower half is negative. */
	r = skep_ir_extend(fn, r, 4, true);
	skep_ir_branch(fn, SKEP_CC_SLT, r, skep_ir_const(fn, 0), full, added);
	skep_ir_at(fn, added);
	skep_ir_atomic_add(fn, skep_ir_map_value(fn, (unsigned)k->maps.count, 0), 0, 8,
			   skep_ir_const(fn, 1));
	skep_ir_jump(fn, known);
	skep_ir_at(fn, full);
	skep_ir_ret(fn, r);
	skep_ir_at(fn, known);
	skep_ir_ret(fn, WALK_LOAD(fn, walk, id));
}

/* (index, &walk), for the helper loop. */
static struct skep_fn *make_hash_step(struct skep_keeper *k)
{
	struct skep_fn *fn = skep_gen_subprog(k->gen, "stack_hash", 2);
	struct skep_val *walk = skep_ir_load(fn, skep_ir_param(fn, 1), 0, 8, 0), *at;

	at = skep_ir_opi(fn, SKEP_OP_AND, skep_ir_param(fn, 0), SKEP_UNWIND_DEPTH);
	at = skep_ir_op(fn, SKEP_OP_ADD, walk, skep_ir_opi(fn, SKEP_OP_SHL, at, 3));
	skep_unwind_hash(fn, walk,
			 skep_ir_load(fn, at, (int)offsetof(struct walk, addresses), 8, 0));
	skep_ir_ret(fn, skep_ir_const(fn, 0));
	skep_lower_name(k->c, fn, "one frame of a stack");
	return fn;
}

static struct skep_fn *make_kernel_walk(struct skep_keeper *k)
{
	struct skep_fn *step = make_hash_step(k);
	struct skep_fn *fn = skep_gen_subprog(k->gen, "stack_walk", 4);
	struct skep_block *some = skep_ir_block(fn), *none = skep_ir_block(fn);
	struct skep_val *walk = skep_ir_param(fn, 0), *holder = skep_ir_slot(fn, 8, "walk"), *r;

	WALK_STORE(fn, walk, hash, skep_ir_const(fn, 0));
	WALK_STORE(fn, walk, failed, skep_ir_const(fn, 0));
	skep_ir_store(fn, holder, 0, 8, walk);
	r = skep_ir_call(fn, SKEP_HELPER_GET_STACK, 0, 4, skep_ir_param(fn, 2),
			 WALK_AT(fn, walk, addresses),
			 skep_ir_opi(fn, SKEP_OP_SHL, skep_ir_param(fn, 1), 3),
			 skep_ir_param(fn, 3));
	skep_ir_branch(fn, SKEP_CC_SGT, r, skep_ir_const(fn, 0), some, none);
	skep_ir_at(fn, none);
	skep_ir_ret(fn, skep_ir_const(fn, (uint64_t)-EFAULT));
	skep_ir_at(fn, some);
	r = skep_ir_opi(fn, SKEP_OP_SHR, r, 3);
	WALK_STORE(fn, walk, n, r);
	skep_ir_call(fn, SKEP_HELPER_LOOP, 0, 4, r, skep_ir_func(fn, step), holder,
		     skep_ir_const(fn, 0));
	skep_keep_stack(k, fn, walk);
	skep_lower_name(k->c, fn, "a stack by the kernel's walk");
	return fn;
}

struct skep_fn *skep_keep_kernel_walk(struct skep_keeper *k)
{
	if (!k->kernel_walk)
		k->kernel_walk = make_kernel_walk(k);
	return k->kernel_walk;
}

bool skep_keep_possible(const struct skep_lower *l)
{
	return l->c->world->has && l->c->world->has(l->c->world, SKEP_WORLD_LOOP);
}

struct skep_val *skep_keep_kernel_stack(struct skep_lower *l, uint64_t flags, uint32_t depth)
{
	struct skep_fn *walk_fn = skep_keep_kernel_walk(skep_keeper(l));
	struct skep_val *walk;
	int off;

	walk = skep_lower_object(l, sizeof(struct walk), "stack", &off);
	walk = skep_lower_at(l, walk, off);
	return skep_ir_call_local(l->fn, walk_fn, 4, walk, skep_ir_const(l->fn, depth),
				  skep_ir_ctx(l->fn), skep_ir_const(l->fn, flags));
}
