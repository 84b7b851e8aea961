/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Code generation: from calls that say what a program does to a spec the kernel takes.
 *
 * A front end (the tracing language, rules, policies) builds functions out of blocks and values;
 * this folder does what a compiler does: SSA, folding, common subexpressions, dead code, register
 * allocation over the whole function, emission with relocations and source lines.
 *
 *	struct skep_gen *gen = skep_gen_new(arena, "GPL", NULL);
 *	unsigned map = skep_gen_map(gen, &(struct skep_spec_map){ ... });
 *	struct skep_fn *fn = skep_gen_prog(gen, &(struct skep_spec_prog){ .name = "openat", ... });
 *	struct skep_val *id = skep_ir_load(fn, skep_ir_ctx(fn), 8, 8, SKEP_LOAD_PURE);
 *	struct skep_block *hit = skep_ir_block(fn), *out = skep_ir_block(fn);
 *	skep_ir_branch(fn, SKEP_CC_EQ, id, skep_ir_const(fn, 257), hit, out);
 *	skep_ir_at(fn, hit); ... skep_ir_jump(fn, out);
 *	skep_ir_at(fn, out); skep_ir_ret(fn, skep_ir_const(fn, 0));
 *	r = skep_gen_finish(gen, diag, &spec);
 *
 * Values are 64 bits wide and belong to one function. A value is a number or a pointer; the
 * kernel's verifier follows pointers through it, so address arithmetic is only skep_ir_add/sub of a
 * pointer and a number. Comparing a pointer that may be NULL with 0 in a branch is what makes it
 * usable in the block behind.
 *
 * Variables (skep_ir_var) are for what a script assigns more than once; they turn into SSA values
 * with phis, so they cost nothing. Every block must end in exactly one jump, branch or ret; the
 * builder ignores what is added behind it (unreachable code), so front ends need not track it.
 * Unreachable blocks are dropped.
 *
 * Limits: SKEP_GEN_STACK_MAX bytes of stack a function (the kernel's 512), the kernel's five call
 * arguments. Numbers that do not fit there are kept in a map, 4095 at the same time. A function that
 * needs more stack is refused with a diagnostic that names the largest objects.
 */
#pragma once

#include "base/arena.h"
#include "obj/spec.h"

#define SKEP_GEN_STACK_MAX 512

struct skep_gen;
struct skep_fn;	   /* a program or a subprogram under construction */
struct skep_block; /* straight-line code with one way in */
struct skep_val;   /* an SSA value */
struct skep_var;   /* a mutable 64-bit variable of one function */

/*
 * Binary operations on 64 bits; shifts use the low 6 bits; division by zero gives 0, modulo by zero
 * the dividend.
 */
enum skep_ir_op {
	SKEP_OP_ADD,
	SKEP_OP_SUB,
	SKEP_OP_MUL,
	SKEP_OP_UDIV,
	SKEP_OP_SDIV, /* emitted branch-free or with branches on kernels without cpu v4 */
	SKEP_OP_UMOD,
	SKEP_OP_SMOD,
	SKEP_OP_AND,
	SKEP_OP_OR,
	SKEP_OP_XOR,
	SKEP_OP_SHL,
	SKEP_OP_SHR, /* fills with zeroes */
	SKEP_OP_SAR, /* fills with the sign */
	SKEP_OP_MAX,
};

/* Conditions, on 64 bits; U is unsigned, S signed. */
enum skep_cc {
	SKEP_CC_EQ,
	SKEP_CC_NE,
	SKEP_CC_ULT,
	SKEP_CC_ULE,
	SKEP_CC_UGT,
	SKEP_CC_UGE,
	SKEP_CC_SLT,
	SKEP_CC_SLE,
	SKEP_CC_SGT,
	SKEP_CC_SGE,
	SKEP_CC_MAX,
};

/* How memory behaves: what the optimizer may assume of a load or a call. */
enum skep_ir_flags {
	/* The same address gives the same value during one run (context, frozen maps). */
	SKEP_LOAD_PURE = 1 << 0,
	/* Sign-extend what is narrower than 8 bytes. */
	SKEP_LOAD_SIGNED = 1 << 1,
	/* No effect, the same result during one run (pid, task): may be shared or dropped. */
	SKEP_CALL_PURE = 1 << 2,
	/* No effect, may be dropped when unused, not shared (a clock, a map lookup). */
	SKEP_CALL_NOEFFECT = 1 << 3,
};

/* What they give on numbers, in programs and wherever else. */
uint64_t skep_ir_op_eval(enum skep_ir_op op, uint64_t a, uint64_t b);
bool skep_ir_cc_eval(enum skep_cc cc, uint64_t a, uint64_t b);

/* --- a spec under construction ---------------------------------------------------------------- */

struct skep_gen_options {
	unsigned cpu;	    /* instruction set version to use at most, 3 or 4; 0 means 3 */
	unsigned opt_level; /* 0: none of the optional passes (for tests); otherwise all */
	unsigned
		stripes; /* CPUs, as a power of two: numbers that the stack has no room for go to a map; 0: to none */
};

/* @options NULL: the default machine, optimized. */
struct skep_gen *skep_gen_new(struct skep_arena *arena, const char *license,
			      const struct skep_gen_options *options);
/* Adds a map; returns its index. The record and what it points to are copied. */
unsigned skep_gen_map(struct skep_gen *gen, const struct skep_spec_map *map);
/*
 * The map for a change before finish (a value size that grows while code is made). Valid until the
 * next addition.
 */
struct skep_spec_map *skep_gen_map_at(struct skep_gen *gen, unsigned map);
/* Adds an attach record; returns its index. */
unsigned skep_gen_attach(struct skep_gen *gen, const struct skep_spec_attach *attach);
/* Begins a program: @proto gives everything but the code. Its entry block is current. */
struct skep_fn *skep_gen_prog(struct skep_gen *gen, const struct skep_spec_prog *proto);
/* Begins a subprogram or callback with up to 5 parameters. */
struct skep_fn *skep_gen_subprog(struct skep_gen *gen, const char *name, unsigned n_params);
unsigned skep_fn_index(const struct skep_fn *fn); /* its index in spec.progs */
/* How many programs and subprograms there are by now. */
unsigned skep_gen_n_fns(const struct skep_gen *gen);
/* Optimizes, allocates, emits everything. The spec lives in the arena. */
int skep_gen_finish(struct skep_gen *gen, struct skep_diag *diag,
		    struct skep_spec **ret_spec) _must_check_;

/*
 * The function as text, before or after optimization (-d ir). Only between building and finish /
 * after finish.
 */
void skep_gen_dump(const struct skep_gen *gen, struct skep_str *out);

/* --- blocks and control flow ------------------------------------------------------------------ */

struct skep_block *skep_ir_block(struct skep_fn *fn);
/* Code goes to the end of @block from now on. */
void skep_ir_at(struct skep_fn *fn, struct skep_block *block);
struct skep_block *skep_ir_here(const struct skep_fn *fn);
/* True when the current block has ended: what is built now is dropped. */
bool skep_ir_ended(const struct skep_fn *fn);
/* True when a jump or a branch leads to @block by now. */
bool skep_ir_reached(const struct skep_block *block);
/* The block runs rarely (an error path): it is laid out last and its values give way to others. */
void skep_ir_cold(struct skep_block *block);
/* Code built from now on belongs to this source place. */
/* Returns the place that it was until now. */
struct skep_loc skep_ir_loc(struct skep_fn *fn, struct skep_loc loc);

void skep_ir_jump(struct skep_fn *fn, struct skep_block *to);
void skep_ir_branch(struct skep_fn *fn, enum skep_cc cc, struct skep_val *a, struct skep_val *b,
		    struct skep_block *yes, struct skep_block *no);
void skep_ir_ret(struct skep_fn *fn, struct skep_val *value);

/* --- values ----------------------------------------------------------------------------------- */

struct skep_val *skep_ir_const(struct skep_fn *fn, uint64_t value);
/*
 * A number that is @value where the code is made and may be another where it runs: relocations of need @need (obj/spec.h)
 * make up for the difference. As part of an address it goes into the loads and stores. @wide: may be any 64 bits.
 */
struct skep_val *skep_ir_need(struct skep_fn *fn, uint32_t need, uint64_t value, bool wide);
/* The context pointer of a program, or parameter 0 of a subprogram, or what skep_ir_set_ctx says. */
struct skep_val *skep_ir_ctx(struct skep_fn *fn);
/* A subprogram that was handed the context of its program keeps it in the variable @ctx. */
void skep_ir_set_ctx(struct skep_fn *fn, struct skep_var *ctx);
/* Whether somebody has asked for the context. */
bool skep_ir_ctx_used(const struct skep_fn *fn);
struct skep_val *skep_ir_param(struct skep_fn *fn, unsigned index);
struct skep_val *skep_ir_op(struct skep_fn *fn, enum skep_ir_op op, struct skep_val *a,
			    struct skep_val *b);
/* a op constant */
struct skep_val *skep_ir_opi(struct skep_fn *fn, enum skep_ir_op op, struct skep_val *a,
			     uint64_t b);
/* The low @size bytes (1, 2, 4, 8), zero- or sign-extended. */
struct skep_val *skep_ir_extend(struct skep_fn *fn, struct skep_val *a, unsigned size,
				bool is_signed);
/* Byte order reversed of the low @size bytes (2, 4, 8); the rest becomes zero. */
struct skep_val *skep_ir_bswap(struct skep_fn *fn, struct skep_val *a, unsigned size);
/*
 * The address in a pointer as a number that the verifier does not follow, so that anything may be
 * computed with it.
 */
struct skep_val *skep_ir_number(struct skep_fn *fn, struct skep_val *ptr);
/* 1 or 0. In a branch on the result compared with 0 the comparison itself is used. */
struct skep_val *skep_ir_cmp(struct skep_fn *fn, enum skep_cc cc, struct skep_val *a,
			     struct skep_val *b);
/* Index of the highest bit set, without branches; 0 for 0. */
struct skep_val *skep_ir_log2(struct skep_fn *fn, struct skep_val *a);

struct skep_var *skep_ir_var(struct skep_fn *fn, const char *name);
void skep_ir_set(struct skep_fn *fn, struct skep_var *var, struct skep_val *value);
/* A variable that was never set on the way here reads as 0. */
struct skep_val *skep_ir_get(struct skep_fn *fn, struct skep_var *var);

/* --- memory ----------------------------------------------------------------------------------- */

/*
 * Address of @size fresh bytes of stack, aligned to 8. The same slot for the whole function: two
 * slots whose uses do not overlap may share bytes. @name is for messages.
 */
struct skep_val *skep_ir_slot(struct skep_fn *fn, unsigned size, const char *name);
/* *(size *)(addr + off); size 1, 2, 4, 8. */
struct skep_val *skep_ir_load(struct skep_fn *fn, struct skep_val *addr, int off, unsigned size,
			      unsigned flags);
void skep_ir_store(struct skep_fn *fn, struct skep_val *addr, int off, unsigned size,
		   struct skep_val *value);
/* Atomic *(size *)(addr + off) += value; size 4 or 8. */
void skep_ir_atomic_add(struct skep_fn *fn, struct skep_val *addr, int off, unsigned size,
			struct skep_val *value);
void skep_ir_zero(struct skep_fn *fn, struct skep_val *addr, int off, unsigned size);
/* Copies with 8-byte steps where both offsets allow it. Regions must not overlap. */
void skep_ir_copy(struct skep_fn *fn, struct skep_val *to, int to_off, struct skep_val *from,
		  int from_off, unsigned size);

/* --- the kernel ------------------------------------------------------------------------------- */

/* A map as helpers take it. */
struct skep_val *skep_ir_map(struct skep_fn *fn, unsigned map);
/* Address of byte @off of an array map's only element, without a lookup. */
struct skep_val *skep_ir_map_value(struct skep_fn *fn, unsigned map, unsigned off);
/*
 * A helper by its number (isa/helper.h). Before Linux 6.4 what changes a map gives an int whose upper half says nothing: its
 * result is compared with 0 only, or extended first.
 */
struct skep_val *skep_ir_call(struct skep_fn *fn, uint32_t helper, unsigned flags, unsigned n_args,
			      ...);
struct skep_val *skep_ir_call_kfunc(struct skep_fn *fn, const char *name, unsigned flags,
				    unsigned n_args, ...);
struct skep_val *skep_ir_call_local(struct skep_fn *fn, const struct skep_fn *callee,
				    unsigned n_args, ...);
/* Address of a subprogram, for helpers that take a callback. */
struct skep_val *skep_ir_func(struct skep_fn *fn, const struct skep_fn *callee);
