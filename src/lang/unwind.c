/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/unwind.h"

#include <errno.h>

#include "isa/arch.h"
#include "lang/unwind_priv.h"

#define NEWS_BYTES 16384
#define MAP_INNER \
	(1u << 12) /* the kernel's BPF_F_INNER_MAP: elements of the same array may differ in size */
#define USER_CS 0x33 /* x86-64: the code segment of 64-bit programs */

static const char *fp_name(void)
{
#if defined(__aarch64__)
	return "r29";
#else
	return "bp";
#endif
}

static bool has_types(struct skep_compiler *c)
{
	static const char *const members[][2] = {
		{ "vm_area_struct", "vm_start" },
		{ "vm_area_struct", "vm_end" },
		{ "vm_area_struct", "vm_pgoff" },
		{ "vm_area_struct", "vm_flags" },
		{ "vm_area_struct", "vm_file" },
		{ "file", "f_inode" },
		{ "inode", "i_ino" },
		{ "inode", "i_sb" },
		{ "super_block", "s_dev" },
		{ "mm_struct", "start_stack" },
	};
	struct skep_field f;

	for (size_t i = 0; i < ARRAY_SIZE(members); i++)
		if (!skep_unwind_member(c, members[i][0], members[i][1], &f))
			return false;
	return true;
}

bool skep_unwind_possible(struct skep_lower *l)
{
	return !l->untyped && skep_arch() && skep_lower_task(l) &&
	       l->c->world->has(l->c->world, SKEP_WORLD_LOOP) && has_types(l->c);
}

static int add_map(struct skep_unwinder *u, const struct skep_spec_map *map)
{
	return (int)skep_gen_map(u->gen, map);
}

static void make_maps(struct skep_unwinder *u)
{
	static const struct skep_spec_map table = {
		.name = "unwind_table",
		.type = SKEP_MAP_ARRAY,
		.key_size = 4,
		.value_size = SKEP_UNWIND_BLOCK,
		.max_entries = 1,
		.flags = MAP_INNER,
	};

	u->maps.tables = add_map(u, &(struct skep_spec_map){ .name = "unwind_tables",
							     .type = SKEP_MAP_ARRAY_OF_MAPS,
							     .key_size = 4,
							     .value_size = 4,
							     .max_entries = SKEP_UNWIND_TABLES,
							     .inner = &table });
	u->maps.areas =
		add_map(u, &(struct skep_spec_map){ .name = "unwind_areas",
						    .type = SKEP_MAP_LPM_TRIE,
						    .key_size = sizeof(struct skep_unwind_area_key),
						    .value_size = sizeof(struct skep_unwind_area),
						    .max_entries = SKEP_UNWIND_AREAS,
						    .flags = SKEP_MAP_NO_PREALLOC });
	u->maps.binaries = add_map(
		u, &(struct skep_spec_map){ .name = "unwind_binaries",
					    .type = SKEP_MAP_HASH,
					    .key_size = sizeof(struct skep_unwind_binary_key),
					    .value_size = 4,
					    .max_entries = SKEP_UNWIND_TABLES });
	u->maps.asks = add_map(u, &(struct skep_spec_map){ .name = "unwind_asks",
							   .type = SKEP_MAP_LRU_HASH,
							   .key_size = 4,
							   .value_size = 8,
							   .max_entries = SKEP_UNWIND_ASKS });
	u->maps.news = add_map(u, &(struct skep_spec_map){ .name = "unwind_news",
							   .type = SKEP_MAP_RINGBUF,
							   .max_entries = NEWS_BYTES });
}

static struct skep_fn *make_walk(struct skep_unwinder *u)
{
	struct skep_fn *step = skep_unwind_make_step(u);
	struct skep_fn *fn = skep_gen_subprog(u->gen, "unwind", 2);
	struct skep_block *some = skep_ir_block(fn), *none = skep_ir_block(fn);
	struct skep_val *walk = skep_ir_param(fn, 0), *holder = skep_ir_slot(fn, 8, "walk");
	struct skep_val *zero = skep_ir_const(fn, 0);

	WALK_STORE(fn, walk, back, zero);
	WALK_STORE(fn, walk, start, zero);
	WALK_STORE(fn, walk, end, zero);
	WALK_STORE(fn, walk, table, zero);
	WALK_STORE(fn, walk, n, zero);
	WALK_STORE(fn, walk, hash, zero);
	WALK_STORE(fn, walk, failed, zero);
	skep_ir_store(fn, holder, 0, 8, walk);
	skep_ir_call(fn, SKEP_HELPER_LOOP, 0, 4, skep_ir_param(fn, 1), skep_ir_func(fn, step),
		     holder, zero);
	skep_ir_branch(fn, SKEP_CC_NE, WALK_LOAD(fn, walk, n), zero, some, none);
	skep_ir_at(fn, none);
	skep_ir_ret(fn, skep_ir_const(fn, (uint64_t)-EFAULT));
	skep_ir_at(fn, some);
	skep_keep_stack(u->keep, fn, walk);
	skep_lower_name(u->c, fn, "ustack");
	return fn;
}

static struct skep_unwinder *unwinder(struct skep_lower *l)
{
	struct skep_unwinder *u = l->c->unwinder;

	if (u)
		return u;
	u = skep_arena_alloc(l->c->arena, sizeof(*u));
	*u = (struct skep_unwinder){ .c = l->c, .gen = l->gen };
#if defined(__aarch64__)
	u->has_link_register = true;
#endif
	make_maps(u);
	u->keep = skep_keeper(l);
	u->walk = make_walk(u);
	if (skep_arch_reg_offset(skep_arch(), "cs") >= 0)
		u->kernel_walk = skep_keep_kernel_walk(u->keep);
	l->c->unwinder = u;
	l->c->unwind_maps = &u->maps;
	return u;
}

static struct skep_val *reg(struct skep_lower *l, struct skep_val *regs, const char *name)
{
	return skep_ir_load(l->fn, regs, skep_arch_reg_offset(skep_arch(), name), 8, 0);
}

/* The registers of the user: those of a uprobe are its context, all else came into the kernel with them. */
static struct skep_val *user_registers(struct skep_lower *l)
{
	if (l->inst->attach.kind == SKEP_ATTACH_UPROBE ||
	    l->inst->attach.kind == SKEP_ATTACH_URETPROBE)
		return skep_ir_ctx(l->fn);
	return skep_ir_call(l->fn, SKEP_HELPER_TASK_PT_REGS, 0, 1, skep_lower_task(l));
}

static void start_walk(struct skep_lower *l, struct skep_val *regs, struct skep_val *walk)
{
	static const char *const start_stack[] = { "mm", "start_stack" };
	static const char *const trampoline[] = { "mm", "uprobes_state", "xol_area", "vaddr" };
	struct skep_fn *fn = l->fn;
	const struct skep_arch *arch = skep_arch();
	struct skep_val *process = skep_ir_opi(fn, SKEP_OP_SHL, skep_lower_tgid(l), 32), *v;

	v = skep_lower_task_field(l, start_stack, ARRAY_SIZE(start_stack));
	v = skep_ir_extend(fn, skep_ir_opi(fn, SKEP_OP_SHR, v, 4), 4, false);
	WALK_STORE(fn, walk, process, skep_ir_op(fn, SKEP_OP_OR, process, v));
	v = skep_lower_task_field(l, trampoline, ARRAY_SIZE(trampoline));
	WALK_STORE(fn, walk, trampoline, v ? v : skep_ir_const(fn, 0));
	WALK_STORE(fn, walk, on_call, skep_ir_const(fn, l->inst->on_call));
	WALK_STORE(fn, walk, pc, skep_ir_load(fn, regs, arch->ip, 8, 0));
	WALK_STORE(fn, walk, sp, skep_ir_load(fn, regs, arch->sp, 8, 0));
	WALK_STORE(fn, walk, fp, reg(l, regs, fp_name()));
	if (skep_arch_reg_offset(arch, "r30") >= 0)
		WALK_STORE(fn, walk, lr, reg(l, regs, "r30"));
}

/* The number of a 64-bit program's stack, or of a 32-bit one's. */
static void walk_either(struct skep_lower *l, struct skep_val *walk, uint32_t depth,
			struct skep_var *id)
{
	const struct skep_unwinder *u = unwinder(l);
	struct skep_fn *fn = l->fn;
	struct skep_block *wide = skep_ir_block(fn), *narrow = skep_ir_block(fn),
			  *done = skep_ir_block(fn);
	struct skep_val *regs = user_registers(l), *n = skep_ir_const(fn, depth);

	if (u->kernel_walk)
		skep_ir_branch(fn, SKEP_CC_EQ, reg(l, regs, "cs"), skep_ir_const(fn, USER_CS), wide,
			       narrow);
	else
		skep_ir_jump(fn, wide);
	skep_ir_at(fn, wide);
	start_walk(l, regs, walk);
	skep_ir_set(fn, id, skep_ir_call_local(fn, u->walk, 2, walk, n));
	skep_ir_jump(fn, done);
	skep_ir_cold(narrow);
	skep_ir_at(fn, narrow);
	if (u->kernel_walk)
		skep_ir_set(fn, id,
			    skep_ir_call_local(fn, u->kernel_walk, 4, walk, n, skep_ir_ctx(fn),
					       skep_ir_const(fn, SKEP_GET_STACK_USER)));
	skep_ir_jump(fn, done);
	skep_ir_at(fn, done);
}

struct skep_val *skep_lower_unwind(struct skep_lower *l, uint32_t depth)
{
	static const char *const mm[] = { "mm" };
	struct skep_fn *fn = l->fn;
	struct skep_block *user = skep_ir_block(fn), *bad = skep_ir_block(fn),
			  *lost = skep_ir_block(fn), *good = skep_ir_block(fn),
			  *done = skep_ir_block(fn);
	struct skep_val *zero = skep_ir_const(fn, 0), *walk;
	struct skep_var *id = skep_ir_var(fn, "stack");
	int off;

	walk = skep_lower_object(l, sizeof(struct walk), "ustack", &off);
	walk = skep_lower_at(l, walk, off);
	skep_ir_set(fn, id, skep_ir_const(fn, (uint64_t)-EFAULT));
	/* The kernel's own threads have no memory of a user. */
	skep_ir_branch(fn, SKEP_CC_NE, skep_lower_task_field(l, mm, 1), zero, user, done);
	skep_ir_at(fn, user);
	walk_either(l, walk, depth, id);
	skep_ir_branch(fn, SKEP_CC_SLT, skep_ir_get(fn, id), zero, bad, good);
	skep_ir_cold(bad);
	skep_ir_at(fn, bad);
	skep_ir_branch(fn, SKEP_CC_EQ, skep_ir_get(fn, id), skep_ir_const(fn, (uint64_t)-EFAULT),
		       done, lost);
	skep_ir_cold(lost);
	skep_ir_at(fn, lost);
	skep_lower_loss(l, SKEP_LOSS_STACK);
	skep_ir_jump(fn, done);
	skep_ir_at(fn, good);
	/* What we run ourselves, BEGIN for one, has our own stack: that it ends early is nobody's loss. */
	if (!l->inst || l->inst->attach.kind != SKEP_ATTACH_USER) {
		struct skep_block *cut = skep_ir_block(fn);

		skep_ir_branch(fn, SKEP_CC_NE, WALK_LOAD(fn, walk, failed), zero, cut, done);
		skep_ir_cold(cut);
		skep_ir_at(fn, cut);
		skep_lower_loss(l, SKEP_LOSS_UNWIND);
	}
	skep_ir_jump(fn, done);
	skep_ir_at(fn, done);
	return skep_ir_get(fn, id);
}
