/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the unwinder: unwind.c (the walk), unwind_area.c and unwind_tree.c (what is mapped
 * where), unwind_step.c (one frame),
 * stack_keep.c (where what was found is kept). */
#pragma once

#include "lang/lower_priv.h"
#include "lang/unwind.h"
#include "obj/unwind.h"

/* One walk. Offsets of these are what the programs use. */
struct walk {
	uint64_t process;	   /* skep_unwind_process */
	uint64_t pc, sp, fp, lr;   /* of the frame that is next */
	uint64_t back;		   /* 1: pc is a return address, and the call is before it */
	uint64_t on_call;	   /* 1: the return address is on top of the stack, or in lr */
	uint64_t trampoline;	   /* where functions with a return probe return to; 0: none */
	uint64_t start, end, bias; /* the area that pc was last in */
	uint64_t table;		   /* of it; 0: none */
	uint64_t dev, inode;	   /* of it, when the kernel was asked */
	uint64_t executable, owner;
	uint64_t n, hash, failed;
	uint64_t id;
	struct skep_unwind_news news;
	uint64_t wanted, place; /* of a search in the kernel's tree: see unwind_tree.c */
	uint64_t node[32];
	uint64_t addresses[SKEP_UNWIND_DEPTH + 1];
};

/* Of one compilation: the map of stacks that have a number of their own, made when the first of them is lowered. */
struct skep_keeper {
	struct skep_compiler *c;
	struct skep_gen *gen;
	struct skep_kept_maps maps;
	struct skep_fn *kernel_walk; /* see skep_keep_kernel_walk; NULL until then */
};

#define SKEP_GET_STACK_USER (1 << 8) /* flag of the helpers get_stack and get_stackid */

struct skep_keeper *skep_keeper(struct skep_lower *l);
/* Ends @fn with the number of what @walk has found, which is kept now; or with an error. Equal stacks have equal numbers. */
void skep_keep_stack(struct skep_keeper *k, struct skep_fn *fn, struct skep_val *walk);
/* (walk, depth, context, flags): the number of the stack that the kernel walks; -EFAULT: there is none; or an error. */
struct skep_fn *skep_keep_kernel_walk(struct skep_keeper *k);

/* The unwinder of one compilation, made when the first ustack is lowered. */
struct skep_unwinder {
	struct skep_compiler *c;
	struct skep_gen *gen;
	struct skep_unwind_maps maps;
	struct skep_fn *walk; /* (walk, depth): the number */
	struct skep_keeper *keep;
	struct skep_fn *kernel_walk; /* for 32-bit programs; NULL where there are none */
	bool has_link_register;
};

/* What `find` says of an address. */
enum {
	AREA_FOUND,
	AREA_UNKNOWN, /* something may be there, or not */
	AREA_NONE,
};

/* Members of struct walk. */
#define WALK_LOAD(fn, w, m) skep_ir_load((fn), (w), (int)offsetof(struct walk, m), 8, 0)
#define WALK_STORE(fn, w, m, value) \
	skep_ir_store((fn), (w), (int)offsetof(struct walk, m), 8, (value))
#define WALK_AT(fn, w, m) skep_ir_opi((fn), SKEP_OP_ADD, (w), offsetof(struct walk, m))

/* (walk, address): AREA_*. Fills start, end, bias, table. */
struct skep_fn *skep_unwind_make_find(struct skep_unwinder *u);
/* (walk, address): the kernel's object for it, found without a lock, so nothing about it is sure; 0: none. NULL: not here. */
struct skep_fn *skep_unwind_make_search(struct skep_unwinder *u);
/* (walk): where the frame that returns to the trampoline really returns to; 0: nobody knows. */
struct skep_fn *skep_unwind_make_original(struct skep_unwinder *u);
/* (index, &walk), a callback of the helper loop: takes pc down and goes to the caller. 1: that was the last. */
struct skep_fn *skep_unwind_make_step(struct skep_unwinder *u);

/* Brings one more address into the hash of the stack. */
void skep_unwind_hash(struct skep_fn *fn, struct skep_val *walk, struct skep_val *pc);

/* A member of a kernel struct ("vm_area_struct"); false: there is none. */
bool skep_unwind_member(struct skep_compiler *c, const char *type, const char *member,
			struct skep_field *ret_field);
/*
 * Such a member of @object, read as memory through a @buffer of 8 bytes; 0 when it has none of that name. The verifier would
 * let it be read from the typed task at once, but for each pointer on the way it asks four times whether it is to be trusted:
 * each time it goes through all types of the kernel, 0.3 ms.
 */
struct skep_val *skep_unwind_peek(struct skep_unwinder *u, struct skep_fn *fn,
				  struct skep_val *buffer, struct skep_val *object,
				  const char *type, const char *name);
