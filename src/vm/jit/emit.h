/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seam between the JIT and a CPU: a file of this folder for each CPU fills in the jit_cpu_ functions, everything else
 * does not know the CPU.
 *
 *	jit_cpu_begin    code that all functions share: how C enters, how a fault leaves, calls of C
 *	jit_cpu_enter    the beginning of a function
 *	jit_cpu_insn     one instruction, or a few that are better together
 *	jit_cpu_rest     what is seldom needed (failed checks), behind everything else
 *	jit_cpu_patch    fills in a distance
 *	jit_cpu_again    whether all of it is emitted a second time
 *
 * A frame in machine code: the program's registers are in machine registers throughout. The frame pointer of a function that
 * needs none (struct jit_func, frame) is its caller's.
 *
 * Bound: an instruction makes at most JIT_INSN_MAX bytes, and so does one jit_cpu_rest.
 */
#pragma once

#include "vm/code.h"
#include "vm/jit/jit.h"

#define JIT_INSN_MAX 2048
#define JIT_INLINE_MAX 16 /* instructions of a function that is put where it is called */

enum jit_mark {
	JIT_SECOND = 1, /* of a 64-bit constant */
	JIT_TARGET = 2, /* a jump leads here, or a function begins */
	JIT_SHORT = 4,	/* its jump is a short one */
	JIT_LOOP = 8,	/* a jump leads back to here */
};

struct jit_func {
	uint32_t start, end;
	uint32_t entry;	 /* offset of its code */
	uint32_t frames; /* of the deepest chain of calls that begins here */
	uint8_t saves;	 /* bit 0: R6 ... bit 3: R9: written, so its caller's are kept */
	bool frame;	 /* uses R10, calls, or may fault */
	bool inlined;	 /* few plain instructions without jumps */
};

/* A distance that is filled in when everything has its place. */
struct jit_fix {
	enum jit_fix_kind {
		JIT_FIX_SHORT, /* to an instruction */
		JIT_FIX_LONG,
		JIT_FIX_CALL, /* to the function that begins at an instruction */
	} kind;
	uint32_t at;	      /* offset of the distance in the code */
	uint32_t insn, jumps; /* where to, and which instruction jumps */
};

/* Code that is left for the end. */
struct jit_rest {
	enum jit_rest_kind {
		JIT_REST_ACCESS, /* a check failed: ask memory.c */
		JIT_REST_FAULT,	 /* extra: an enum skep_vm_fault_kind */
		JIT_REST_HELPER, /* the long way of calling a helper */
		JIT_REST_CPU,	 /* the CPU's own kinds begin here */
	} kind;
	uint32_t at;	/* offset of the distance that leads here */
	uint32_t back;	/* offset where it goes on */
	uint32_t after; /* of ACCESS: where it goes on when the load was left out */
	uint32_t insn;
	uint8_t base; /* of ACCESS */
	uint8_t index, scale;
	int32_t disp;
	int32_t extra;
};

/* x86-64: what a register's value is, in terms of what machine registers hold: base + (index << scale) + disp. */
struct jit_sum {
	bool on;
	int8_t base, index; /* registers of the program; -1: none */
	uint8_t scale;
	int32_t disp;
};

/* Registers, as bits: R0 is the lowest. */
struct jit_regs {
	uint16_t reads, writes;
};

struct jit {
	const struct vm_prog *prog;
	bool checked;
	uint8_t *marks; /* enum jit_mark, of each instruction */
	struct jit_func *funcs;
	uint16_t *live;	      /* registers that are needed from each instruction on (live.c) */
	bool tails;	      /* it jumps to other programs */
	bool tails_and_calls; /* and calls: a call may come back from another program */

	uint8_t *code;
	size_t len, room;
	bool no_memory;
	const char *refused; /* why an instruction cannot be compiled */
	uint32_t *at;	     /* offset of each instruction's code */
	uint32_t insns_end;  /* behind the last one's */
	struct jit_fix *fixes;
	size_t n_fixes, room_fixes;
	struct jit_rest *rests;
	size_t n_rests, room_rests;

	/* While emitting. */
	const struct jit_func *func;
	uint16_t stackish; /* registers that probably point to the stack: only a hint */
	const struct skep_vm_map *r1_map; /* what R1 holds for certain, or NULL */
	bool fast_shifts;		  /* of any register by any other (x86-64: BMI2) */
	bool lse;			  /* atomics in one instruction (arm64) */
	bool far, too_far; /* arm64: conditions reach anything; something was too far */
	struct jit_sum lazy[SKEP_N_REGS]; /* x86-64: values not computed yet */
	uint32_t out, calls[8];		  /* offsets of shared code */
	struct jit_rest no_rest;	  /* what is written when there is no memory */
};

/* plan.c: functions, marks, and what cannot be compiled. -EINVAL: j->refused, at *@ret_insn. -ENOMEM. */
int jit_plan(struct jit *j, uint32_t *ret_insn) _must_check_;
/* Whether it is a jump (no call, no exit), and where to. */
bool jit_is_jump(const struct jit *j, uint32_t i, int64_t *ret_target);
/* live.c: fills in j->live; what an instruction reads and writes; what is needed behind it. R10 is in none of it. */
int jit_live(struct jit *j) _must_check_;
struct jit_regs jit_regs_of(const struct jit *j, uint32_t i);
uint16_t jit_live_after(const struct jit *j, uint32_t i);
/* The function that begins at an instruction. */
const struct jit_func *jit_func_at(const struct jit *j, uint32_t start);

static inline void jit_byte(struct jit *j, unsigned byte)
{
	j->code[j->len++] = (uint8_t)byte;
}

/* The next instruction belongs to the same function and is reached from this one only. */
static inline bool jit_goes_on(const struct jit *j, uint32_t i)
{
	return i + 1 < j->func->end && !(j->marks[i + 1] & JIT_TARGET);
}

/* hints.c: what an instruction does to stackish and r1_map. */
void jit_follow(struct jit *j, uint32_t i);

void jit_bytes(struct jit *j, uint64_t value, unsigned n); /* little end first */
/* Notes a distance at offset @at, which instruction @jumps has to instruction @insn. */
void jit_fix(struct jit *j, enum jit_fix_kind kind, uint32_t at, uint32_t insn, uint32_t jumps);
/* Notes code for the end. Fill it in at once. */
struct jit_rest *jit_rest(struct jit *j, enum jit_rest_kind kind, uint32_t insn);

bool jit_cpu_here(void);
void jit_cpu_begin(struct jit *j);
void jit_cpu_enter(struct jit *j);
/* Returns how many instructions it was. */
uint32_t jit_cpu_insn(struct jit *j, uint32_t i);
void jit_cpu_rest(struct jit *j, const struct jit_rest *rest);
/* False: too far. */
bool jit_cpu_patch(struct jit *j, const struct jit_fix *fix, uint32_t target);
/* After everything was emitted: whether it should be once more, now that it is known how far apart things are. */
bool jit_cpu_again(struct jit *j);

/* What code calls (glue.c). All take the run, R1 to R5, and one thing more; run->op and the stack are set. */
typedef uint64_t jit_glue_fn(struct skep_vm_run *run, uint64_t r1, uint64_t r2, uint64_t r3,
			     uint64_t r4, uint64_t r5, uint64_t extra);
jit_glue_fn jit_glue_helper;	 /* the helper of run->op */
jit_glue_fn jit_glue_own_helper; /* likewise of the embedder */
jit_glue_fn jit_glue_callx;	 /* extra: the register; returns R0 */
jit_glue_fn jit_glue_access;	 /* extra: an address; sets the fault when it may not be accessed */
jit_glue_fn jit_glue_fault;	 /* extra: kind */
jit_glue_fn jit_glue_packet;	 /* extra: offset; UINT64_MAX: outside of the packet */
jit_glue_fn jit_glue_tail;	 /* returns where to jump, or 0 */

/* Bytes of an access, and what it does. */
struct jit_access {
	uint8_t bytes;
	bool write, aligned;
};
struct jit_access jit_access_of(struct skep_insn insn);
/* A load has just been written, whose checks are the rests from @first on: they may have to leave it out. */
void jit_may_be_absent(struct jit *j, size_t first);
