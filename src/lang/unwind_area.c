/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is mapped at an address of the current process: first in the trie that user space fills, then by asking the kernel,
 * which answers only where it may take the lock of the process's memory, and not twice in one interrupt.
 */
#include "lang/need.h"
#include "lang/unwind_priv.h"

#define VM_EXEC 4
#define PAGE_SHIFT 12
#define RETURNS_MAX 32 /* functions with a return probe that are looked through for one frame */

bool skep_unwind_member(struct skep_compiler *c, const char *type, const char *member,
			struct skep_field *ret_field)
{
	const char *name = skep_arena_printf(c->arena, "struct %s", type);
	const struct skep_type *t = skep_type_of_kernel(&c->types, name);

	return t && skep_type_field(&c->types, t, member, SKEP_SPACE_BTF, ret_field) &&
	       !ret_field->bit_size;
}

struct skep_val *skep_unwind_peek(struct skep_unwinder *u, struct skep_fn *fn,
				  struct skep_val *buffer, struct skep_val *object,
				  const char *type, const char *name)
{
	struct skep_val *zero = skep_ir_const(fn, 0);
	struct skep_field f;
	int off = 0;

	if (!skep_unwind_member(u->c, type, name, &f) || f.type->size > 8)
		return zero;
	object = skep_need_at(&u->c->types, fn, object, &off, &f);
	skep_ir_store(fn, buffer, 0, 8, zero);
	skep_ir_call(fn, SKEP_HELPER_PROBE_READ_KERNEL, 0, 3, buffer,
		     skep_ir_const(fn, f.type->size),
		     skep_ir_opi(fn, SKEP_OP_ADD, object, (uint64_t)off));
	return skep_ir_load(fn, buffer, 0, f.type->size, 0);
}

/*
 * (task, area, &walk): writes down what the area is, in the form that the helper find_vma calls. Also called with an area that
 * was found without the lock, so nothing of it is sure, and everything is read as memory.
 */
static struct skep_fn *make_look(struct skep_unwinder *u)
{
	struct skep_fn *fn = skep_gen_subprog(u->gen, "unwind_look", 3);
	struct skep_val *area = skep_ir_param(fn, 1);
	struct skep_val *walk = skep_ir_load(fn, skep_ir_param(fn, 2), 0, 8, 0);
	struct skep_val *zero = skep_ir_const(fn, 0), *start, *file, *inode, *v;
	struct skep_val *buffer = skep_ir_slot(fn, 8, "member");
	struct skep_block *mapped = skep_ir_block(fn), *done = skep_ir_block(fn);

	start = skep_unwind_peek(u, fn, buffer, area, "vm_area_struct", "vm_start");
	WALK_STORE(fn, walk, start, start);
	WALK_STORE(fn, walk, end,
		   skep_unwind_peek(u, fn, buffer, area, "vm_area_struct", "vm_end"));
	v = skep_unwind_peek(u, fn, buffer, area, "vm_area_struct", "vm_pgoff");
	v = skep_ir_op(fn, SKEP_OP_SUB, start, skep_ir_opi(fn, SKEP_OP_SHL, v, PAGE_SHIFT));
	WALK_STORE(fn, walk, bias, v);
	v = skep_unwind_peek(u, fn, buffer, area, "vm_area_struct", "vm_flags");
	WALK_STORE(fn, walk, executable, skep_ir_opi(fn, SKEP_OP_AND, v, VM_EXEC));
	WALK_STORE(fn, walk, owner,
		   skep_unwind_peek(u, fn, buffer, area, "vm_area_struct", "vm_mm"));
	file = skep_unwind_peek(u, fn, buffer, area, "vm_area_struct", "vm_file");
	skep_ir_branch(fn, SKEP_CC_NE, file, zero, mapped, done);
	skep_ir_at(fn, mapped);
	inode = skep_unwind_peek(u, fn, buffer, file, "file", "f_inode");
	WALK_STORE(fn, walk, inode, skep_unwind_peek(u, fn, buffer, inode, "inode", "i_ino"));
	v = skep_unwind_peek(u, fn, buffer, inode, "inode", "i_sb");
	WALK_STORE(fn, walk, dev, skep_unwind_peek(u, fn, buffer, v, "super_block", "s_dev"));
	skep_ir_jump(fn, done);
	skep_ir_at(fn, done);
	skep_ir_ret(fn, zero);
	skep_lower_name(u->c, fn, "ustack: the area of an address");
	return fn;
}

/*
 * find_vma was refused, since somebody else changes this process's memory: looks into the kernel's tree without its lock, as
 * readers under RCU may. Jumps to @asked when the area is of this process and has the address in it; else goes on here.
 */
static void look_unlocked(struct skep_unwinder *u, struct skep_fn *fn, struct skep_val *walk,
			  struct skep_val *address, struct skep_fn *look, struct skep_block *asked)
{
	struct skep_fn *search = skep_unwind_make_search(u);
	struct skep_block *some = skep_ir_block(fn), *ours = skep_ir_block(fn),
			  *above = skep_ir_block(fn), *no = skep_ir_block(fn);
	struct skep_val *zero = skep_ir_const(fn, 0), *holder, *area, *mm;

	if (!search)
		return;
	holder = skep_ir_slot(fn, 8, "walk");
	skep_ir_store(fn, holder, 0, 8, walk);
	area = skep_ir_call_local(fn, search, 2, walk, address);
	skep_ir_branch(fn, SKEP_CC_NE, area, zero, some, no);
	skep_ir_at(fn, some);
	skep_ir_call_local(fn, look, 3, zero, area, holder);
	mm = skep_ir_call(fn, SKEP_HELPER_GET_CURRENT_TASK_BTF, 0, 0);
	mm = skep_unwind_peek(u, fn, skep_ir_slot(fn, 8, "member"), mm, "task_struct", "mm");
	skep_ir_branch(fn, SKEP_CC_EQ, WALK_LOAD(fn, walk, owner), mm, ours, no);
	skep_ir_at(fn, ours);
	skep_ir_branch(fn, SKEP_CC_UGE, address, WALK_LOAD(fn, walk, start), above, no);
	skep_ir_at(fn, above);
	skep_ir_branch(fn, SKEP_CC_ULT, address, WALK_LOAD(fn, walk, end), asked, no);
	skep_ir_at(fn, no);
	WALK_STORE(fn, walk, start, zero);
	WALK_STORE(fn, walk, end, zero);
}

/* Tells user space of a process whose areas it should know, but not too often. */
static void tell(struct skep_unwinder *u, struct skep_fn *fn, struct skep_val *walk,
		 struct skep_val *address)
{
	struct skep_block *seen = skep_ir_block(fn), *due = skep_ir_block(fn),
			  *done = skep_ir_block(fn);
	struct skep_val *now = skep_ir_call(fn, SKEP_HELPER_KTIME_GET_BOOT_NS, 0, 0), *asked;
	struct skep_val *asks = skep_ir_map(fn, (unsigned)u->maps.asks);
	struct skep_val *news = WALK_AT(fn, walk, news), *id = WALK_AT(fn, walk, id);

	skep_ir_store(fn, news, offsetof(struct skep_unwind_news, tgid), 4,
		      skep_ir_opi(fn, SKEP_OP_SHR, WALK_LOAD(fn, walk, process), 32));
	skep_ir_store(fn, news, offsetof(struct skep_unwind_news, zero), 4, skep_ir_const(fn, 0));
	skep_ir_store(fn, news, offsetof(struct skep_unwind_news, address), 8, address);
	asked = skep_ir_call(fn, SKEP_HELPER_MAP_LOOKUP_ELEM, 0, 2, asks, news);
	skep_ir_branch(fn, SKEP_CC_NE, asked, skep_ir_const(fn, 0), seen, due);
	skep_ir_at(fn, seen);
	skep_ir_branch(fn, SKEP_CC_ULT,
		       skep_ir_op(fn, SKEP_OP_SUB, now, skep_ir_load(fn, asked, 0, 8, 0)),
		       skep_ir_const(fn, SKEP_UNWIND_ASK_NS), done, due);
	skep_ir_at(fn, due);
	WALK_STORE(fn, walk, id, now);
	skep_ir_call(fn, SKEP_HELPER_MAP_UPDATE_ELEM, 0, 4, asks, news, id, skep_ir_const(fn, 0));
	skep_ir_call(fn, SKEP_HELPER_RINGBUF_OUTPUT, 0, 4, skep_ir_map(fn, (unsigned)u->maps.news),
		     news, skep_ir_const(fn, sizeof(struct skep_unwind_news)),
		     skep_ir_const(fn, 0));
	skep_ir_jump(fn, done);
	skep_ir_at(fn, done);
}

/* Jumps to @known when the trie has the address; else goes on here. */
static void look_in_trie(struct skep_unwinder *u, struct skep_fn *fn, struct skep_val *walk,
			 struct skep_val *address, struct skep_block *known)
{
	struct skep_block *hit = skep_ir_block(fn), *miss = skep_ir_block(fn);
	struct skep_val *key = skep_ir_slot(fn, 24, "area"), *area;

	/* The key of 20 bytes lies so that both its large members are aligned. */
	skep_ir_store(fn, key, 4, 4, skep_ir_const(fn, 128));
	skep_ir_store(fn, key, 8, 8, WALK_LOAD(fn, walk, process));
	skep_ir_store(fn, key, 16, 8, skep_ir_bswap(fn, address, 8));
	area = skep_ir_call(fn, SKEP_HELPER_MAP_LOOKUP_ELEM, 0, 2,
			    skep_ir_map(fn, (unsigned)u->maps.areas),
			    skep_ir_opi(fn, SKEP_OP_ADD, key, 4));
	skep_ir_branch(fn, SKEP_CC_NE, area, skep_ir_const(fn, 0), hit, miss);
	skep_ir_at(fn, hit);
#define TAKE(member, size)                                                                      \
	WALK_STORE(fn, walk, member,                                                            \
		   skep_ir_load(fn, area, (int)offsetof(struct skep_unwind_area, member), size, \
				0))
	TAKE(start, 8);
	TAKE(end, 8);
	TAKE(bias, 8);
	TAKE(table, 4);
#undef TAKE
	skep_ir_jump(fn, known);
	skep_ir_at(fn, miss);
}

/* The table of the file in the area that was just found. Its key is in the walk. */
static void look_for_table(struct skep_unwinder *u, struct skep_fn *fn, struct skep_val *walk,
			   struct skep_block *known, struct skep_block *unknown)
{
	struct skep_block *hit = skep_ir_block(fn);
	struct skep_val *table =
		skep_ir_call(fn, SKEP_HELPER_MAP_LOOKUP_ELEM, 0, 2,
			     skep_ir_map(fn, (unsigned)u->maps.binaries), WALK_AT(fn, walk, dev));

	skep_ir_branch(fn, SKEP_CC_NE, table, skep_ir_const(fn, 0), hit, unknown);
	skep_ir_at(fn, hit);
	WALK_STORE(fn, walk, table, skep_ir_load(fn, table, 0, 4, 0));
	skep_ir_jump(fn, known);
}

static void returns(struct skep_fn *fn, struct skep_block *block, uint64_t value)
{
	skep_ir_at(fn, block);
	skep_ir_ret(fn, skep_ir_const(fn, value));
}

/*
 * The kernel keeps a list of the functions that shall return to its trampoline, the last call first: where the stack pointer
 * was when the function began, and where it returns to.
 */
struct returning {
	uint64_t entry; /* that is looked at; 0: none is left */
	uint64_t begin; /* that is looked for */
	uint64_t address;
};

/* (index, &returning), a callback of the helper loop, of which the verifier reads one step and not all. */
static struct skep_fn *make_return_step(struct skep_unwinder *u)
{
	struct skep_fn *fn = skep_gen_subprog(u->gen, "unwind_instance", 2);
	struct skep_block *some = skep_ir_block(fn), *other = skep_ir_block(fn),
			  *found = skep_ir_block(fn), *last = skep_ir_block(fn);
	struct skep_val *of = skep_ir_param(fn, 1), *zero = skep_ir_const(fn, 0), *entry, *v;
	struct skep_val *buffer = skep_ir_slot(fn, 8, "member");

	entry = skep_ir_load(fn, of, offsetof(struct returning, entry), 8, 0);
	skep_ir_branch(fn, SKEP_CC_NE, entry, zero, some, last);
	skep_ir_at(fn, some);
	v = skep_unwind_peek(u, fn, buffer, entry, "return_instance", "stack");
	skep_ir_branch(fn, SKEP_CC_EQ, v,
		       skep_ir_load(fn, of, offsetof(struct returning, begin), 8, 0), found, other);
	skep_ir_at(fn, other);
	v = skep_unwind_peek(u, fn, buffer, entry, "return_instance", "next");
	skep_ir_store(fn, of, offsetof(struct returning, entry), 8, v);
	skep_ir_ret(fn, zero);
	skep_ir_at(fn, found);
	v = skep_unwind_peek(u, fn, buffer, entry, "return_instance", "orig_ret_vaddr");
	skep_ir_store(fn, of, offsetof(struct returning, address), 8, v);
	skep_ir_jump(fn, last);
	returns(fn, last, 1);
	skep_lower_name(u->c, fn, "ustack: one of those that shall return");
	return fn;
}

struct skep_fn *skep_unwind_make_original(struct skep_unwinder *u)
{
	struct skep_fn *step = make_return_step(u);
	struct skep_fn *fn = skep_gen_subprog(u->gen, "unwind_return", 1);
	struct skep_val *zero = skep_ir_const(fn, 0), *begin, *v;
	struct skep_val *buffer = skep_ir_slot(fn, 8, "member"),
			*of = skep_ir_slot(fn, sizeof(struct returning), "returning");

	begin = WALK_LOAD(fn, skep_ir_param(fn, 0), sp);
	if (!u->has_link_register) /* the call has pushed the return address */
		begin = skep_ir_opi(fn, SKEP_OP_SUB, begin, 8);
	skep_ir_store(fn, of, offsetof(struct returning, begin), 8, begin);
	skep_ir_store(fn, of, offsetof(struct returning, address), 8, zero);
	v = skep_ir_call(fn, SKEP_HELPER_GET_CURRENT_TASK_BTF, 0, 0);
	v = skep_unwind_peek(u, fn, buffer, v, "task_struct", "utask");
	v = skep_unwind_peek(u, fn, buffer, v, "uprobe_task", "return_instances");
	skep_ir_store(fn, of, offsetof(struct returning, entry), 8, v);
	skep_ir_call(fn, SKEP_HELPER_LOOP, 0, 4, skep_ir_const(fn, RETURNS_MAX),
		     skep_ir_func(fn, step), of, zero);
	skep_ir_ret(fn, skep_ir_load(fn, of, offsetof(struct returning, address), 8, 0));
	skep_lower_name(u->c, fn, "ustack: what a return probe has replaced");
	return fn;
}

struct skep_fn *skep_unwind_make_find(struct skep_unwinder *u)
{
	struct skep_fn *look = make_look(u);
	struct skep_fn *fn = skep_gen_subprog(u->gen, "unwind_find", 2);
	struct skep_block *known = skep_ir_block(fn), *unknown = skep_ir_block(fn),
			  *none = skep_ir_block(fn), *asked = skep_ir_block(fn),
			  *refused = skep_ir_block(fn), *code = skep_ir_block(fn),
			  *busy = skep_ir_block(fn);
	struct skep_val *walk = skep_ir_param(fn, 0), *address = skep_ir_param(fn, 1);
	struct skep_val *zero = skep_ir_const(fn, 0), *holder = skep_ir_slot(fn, 8, "walk"), *r;

	look_in_trie(u, fn, walk, address, known);
	WALK_STORE(fn, walk, table, zero);
	WALK_STORE(fn, walk, start, zero);
	WALK_STORE(fn, walk, end, zero);
	WALK_STORE(fn, walk, inode, zero);
	WALK_STORE(fn, walk, dev, zero);
	skep_ir_store(fn, holder, 0, 8, walk);
	r = skep_ir_call(fn, SKEP_HELPER_FIND_VMA, 0, 5,
			 skep_ir_call(fn, SKEP_HELPER_GET_CURRENT_TASK_BTF, 0, 0), address,
			 skep_ir_func(fn, look), holder, zero);
	skep_ir_branch(fn, SKEP_CC_EQ, r, zero, asked, refused);
	skep_ir_at(fn, refused); /* -ENOENT: nothing is there; all else: it could not look */
	skep_ir_branch(fn, SKEP_CC_EQ, r, skep_ir_const(fn, (uint64_t)-2), none, busy);
	skep_ir_cold(busy);
	skep_ir_at(fn, busy);
	look_unlocked(u, fn, walk, address, look, asked);
	tell(u, fn, walk, address);
	skep_ir_jump(fn, unknown);
	skep_ir_at(fn, asked);
	skep_ir_branch(fn, SKEP_CC_NE, WALK_LOAD(fn, walk, executable), zero, code, none);
	skep_ir_at(fn, code);
	tell(u, fn, walk, address);
	look_for_table(u, fn, walk, known, unknown);
	returns(fn, known, AREA_FOUND);
	returns(fn, unknown, AREA_UNKNOWN);
	returns(fn, none, AREA_NONE);
	skep_lower_name(u->c, fn, "ustack: what an address belongs to");
	return fn;
}
