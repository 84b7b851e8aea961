/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Encoding of AArch64, as much as the JIT needs. (Arm Architecture Reference Manual for A-profile, part C4: tables of
 * fields there, words with the fields at zero here.) Every instruction is a word.
 *
 *	a_rrr(j, W64, A_ADD, X0, X1, X2);		add x0, x1, x2
 *	a_add(j, W64, X0, X1, -8);			sub x0, x1, #8: any constant, in as many instructions as it takes
 *	a_mem(j, A_LDR, 4, X0, X1, 12);			ldr w0, [x1, #12]: any offset
 *	at = a_over(j, A_CBZ | A_ON(X0)); ... a_here(j, at);
 *
 * Constants and far offsets lose X16; nothing else is lost unless it says so.
 */
#pragma once

#include "vm/jit/emit.h"

enum {
	X0,
	X1,
	X2,
	X3,
	X4,
	X5,
	X6,
	X7,
	X9 = 9,
	X10,
	X11,
	X12,
	X13,
	X16 = 16,
	X17,
	X19 = 19,
	X20,
	X21,
	X22,
	X23,
	X24,
	X29 = 29,
	X30,
	XZR = 31, /* of most instructions */
	XSP = 31, /* of loads, stores, and sums with constants */
};

/*
 * Where registers of programs are: arguments where C wants them, for the run comes first; R0 where C returns it. R10 is not
 * there: FRAME is the lowest byte of its frame, so that what is in the frame has offsets that fit into one instruction.
 */
static const uint8_t a_regs[SKEP_N_REGS] = { X0, X1, X2, X3, X4, X5, X19, X20, X21, X22, XZR };
#define FRAME X23
#define RUN X24 /* the run behind its stack, so that distances are short */
/* Free within an instruction: X6 (what shared code gets and gives), X9 to X13, X16, X17. */

enum {
	W64 = 1u << 31, /* else 32 bits, which clear the upper half */
};

/* Of a_rrr. */
enum {
	A_ADD = 0x0b000000,
	A_ADDS = 0x2b000000,
	A_SUB = 0x4b000000,
	A_SUBS = 0x6b000000,
	A_AND = 0x0a000000,
	A_ORR = 0x2a000000,
	A_ORN = 0x2a200000,
	A_EOR = 0x4a000000,
	A_ANDS = 0x6a000000,
	A_UDIV = 0x1ac00800,
	A_SDIV = 0x1ac00c00,
	A_LSLV = 0x1ac02000,
	A_LSRV = 0x1ac02400,
	A_ASRV = 0x1ac02800,
	A_MADD = 0x1b000000,   /* A_PLUS: what is added */
	A_MSUB = 0x1b008000,   /* A_PLUS: what it is taken from */
	A_UMADDL = 0x1ba00000, /* 64 bits from 32 times 32 */
	A_CSEL = 0x1a800000,   /* A_WHEN */
};
#define A_PLUS(reg) ((uint32_t)(reg) << 10)
#define A_LEFT(count) ((uint32_t)(count) << 10) /* of A_ADD: the second operand is shifted */
#define A_WHEN(cc) ((uint32_t)(cc) << 12)

/* Of a_bits: a field is moved, zeroes or the sign around it. Of one register: a_rrr without the third. */
enum {
	A_UBFM = 0x53000000,
	A_SBFM = 0x13000000,
	A_REV16 = 0x5ac00400,
	A_REV32 = 0x5ac00800,
	A_REV64 = 0x5ac00c00,
};

/* Of a_mem. */
enum {
	A_STR = 0,
	A_LDR = 1 << 22,
	A_LDRS = 2 << 22, /* sign-extended to 64 bits */
};

/* Branches: words with everything but the distance. */
enum {
	A_B = 0x14000000,
	A_BL = 0x94000000,
	A_BCC = 0x54000000, /* | condition */
	A_CBZ = 0x34000000, /* | A_ON, | W64 */
	A_CBNZ = 0x35000000,
};
#define A_ON(reg) ((uint32_t)(reg))

/* Conditions. ^ 1 is the opposite. */
enum {
	CC_EQ = 0,
	CC_NE = 1,
	CC_HS = 2, /* unsigned: higher or same, lower, higher, lower or same */
	CC_LO = 3,
	CC_MI = 4,
	CC_PL = 5,
	CC_HI = 8,
	CC_LS = 9,
	CC_GE = 10,
	CC_LT = 11,
	CC_GT = 12,
	CC_LE = 13,
};

static inline void a_word(struct jit *j, uint32_t word)
{
	jit_bytes(j, word, 4);
}

static inline void a_rrr(struct jit *j, uint32_t w, uint32_t op, unsigned d, unsigned n, unsigned m)
{
	a_word(j, w | op | m << 16 | n << 5 | d);
}

/* d = n, in either width. */
static inline void a_mov(struct jit *j, uint32_t w, unsigned d, unsigned n)
{
	if (d != n || !w)
		a_rrr(j, w, A_ORR, d, XZR, n);
}

static inline void a_bits(struct jit *j, uint32_t w, uint32_t op, unsigned d, unsigned n,
			  unsigned immr, unsigned imms)
{
	a_word(j, w | (w ? 1u << 22 : 0) | op | immr << 16 | imms << 10 | n << 5 | d);
}

/* n -= 1, for conditions. */
static inline void a_count_down(struct jit *j, unsigned n)
{
	a_word(j, W64 | 0x71000000 | 1 << 10 | n << 5 | n);
}

static inline void a_push(struct jit *j, unsigned a, unsigned b)
{
	a_word(j, 0xa9bf0000 | b << 10 | XSP << 5 | a); /* stp a, b, [sp, #-16]! */
}

static inline void a_pop(struct jit *j, unsigned a, unsigned b)
{
	a_word(j, 0xa8c10000 | b << 10 | XSP << 5 | a);
}

static inline void a_store_pair(struct jit *j, unsigned a, unsigned b, unsigned base, unsigned off)
{
	a_word(j, 0xa9000000 | off / 8 << 15 | b << 10 | base << 5 | a);
}

static inline void a_load_pair(struct jit *j, unsigned a, unsigned b, unsigned base, unsigned off)
{
	a_word(j, 0xa9400000 | off / 8 << 15 | b << 10 | base << 5 | a);
}

static inline void a_branch_reg(struct jit *j, uint32_t op, unsigned n)
{
	a_word(j, op | n << 5);
}
#define A_BR 0xd61f0000
#define A_BLR 0xd63f0000
#define A_RET 0xd65f0000

/* arm64_encode.c */

/* d = value, in one to four instructions. */
void a_const(struct jit *j, unsigned d, uint64_t value);
/* d = n + value. */
void a_add(struct jit *j, uint32_t w, unsigned d, unsigned n, int64_t value);
/* Compares n with a constant, for conditions. */
void a_compare(struct jit *j, uint32_t w, unsigned n, int64_t value);
/* d = n op value, of A_AND, A_ORR, A_EOR, A_ANDS. */
void a_logic(struct jit *j, uint32_t w, uint32_t op, unsigned d, unsigned n, uint64_t value);
/* Loads or stores @bytes at base + off. */
void a_mem(struct jit *j, uint32_t op, unsigned bytes, unsigned t, unsigned base, int64_t off);

/* A branch whose distance a_set fills in; returns its offset. Conditions reach 1 MB, unless j->far. */
uint32_t a_branch(struct jit *j, uint32_t branch);
/* Notes in j->too_far when it cannot. */
void a_set(struct jit *j, uint32_t at, uint32_t target);
static inline uint32_t a_opposite(uint32_t branch)
{
	return branch >> 24 == A_BCC >> 24 ? branch ^ 1 : branch ^ (A_CBZ ^ A_CBNZ);
}

/* Over what is emitted until a_here. */
static inline uint32_t a_over(struct jit *j, uint32_t branch)
{
	a_word(j, branch);
	return (uint32_t)j->len - 4;
}

static inline void a_here(struct jit *j, uint32_t over)
{
	a_set(j, over, (uint32_t)j->len);
}

/* Back to code that is there. */
static inline void a_back(struct jit *j, uint32_t branch, uint32_t target)
{
	a_set(j, a_branch(j, branch), target);
}

/* Members of the run, seen from RUN. */
#define RUN_START offsetof(struct skep_vm_run, vm)
#define RUN_OFF(member) ((int64_t)offsetof(struct skep_vm_run, member) - (int64_t)RUN_START)

static inline void a_run_load(struct jit *j, unsigned bytes, unsigned t, int64_t off)
{
	a_mem(j, A_LDR, bytes, t, RUN, off);
}

static inline void a_run_store(struct jit *j, unsigned bytes, unsigned t, int64_t off)
{
	a_mem(j, A_STR, bytes, t, RUN, off);
}

/* arm64.c */

/* What a register holds, for reading: @spare if it is none of the machine's. */
unsigned a_value(struct jit *j, unsigned reg, unsigned spare);

/* Where memory is that reg + off names. */
struct a_place {
	unsigned base;
	int64_t off;
};
static inline struct a_place a_place(unsigned reg, int32_t off)
{
	if (reg == SKEP_R10)
		return (struct a_place){ FRAME, (int64_t)off + SKEP_STACK_SIZE };
	return (struct a_place){ a_regs[reg], off };
}

/* Calls of C through shared code. What they get more is in X6. */
enum a_call {
	A_CALL_HELPER,
	A_CALL_OWN_HELPER,
	A_CALL_CALLX,
	A_CALL_ACCESS,
	A_CALL_FAULT,
	A_CALL_PACKET,
	A_CALL_TAIL,
	A_N_CALLS,
};
void a_call_shared(struct jit *j, enum a_call which, uint32_t insn);

/* A branch to code at the end. */
struct jit_rest *a_rest(struct jit *j, enum jit_rest_kind kind, uint32_t insn, uint32_t branch);
/* Where what was left for the end since @first goes on: here. */
static inline void a_rests_here(struct jit *j, size_t first)
{
	for (size_t k = first; k < j->n_rests; k++)
		j->rests[k].back = (uint32_t)j->len;
}

/* arm64_flow.c */
uint32_t a_flow(struct jit *j, uint32_t i);
/* arm64_mem.c */
void a_memory(struct jit *j, uint32_t i);
void a_rest_access(struct jit *j, const struct jit_rest *rest);
