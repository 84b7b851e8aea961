/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Encoding of x86-64, as much as the JIT needs. (Intel SDM volume 2, chapter 2; AMD APM volume 3, chapter 1.)
 *
 *	x_rr(j, W64, X_ADD, RAX, RBX);			add rbx, rax: the second is what is changed
 *	x_rm(j, 0, X_LOAD, RAX, RBP, -8);		mov eax, [rbp - 8]
 *	x_ri(j, W64, X_I_CMP, RAX, 5);			cmp rax, 5
 */
#pragma once

#include "vm/jit/emit.h"

enum {
	RAX,
	RCX,
	RDX,
	RBX,
	RSP,
	RBP,
	RSI,
	RDI,
	R8,
	R9,
	R10,
	R11,
	R12,
	R13,
	R14,
	R15
};

/* Where registers of programs are: arguments where C wants them, one behind, for the run comes first. */
static const uint8_t x_regs[SKEP_N_REGS] = { RAX, RSI, RDX, RCX, R8, R9, RBX, R13, R14, R15, RBP };
#define RUN R12 /* the run, at the middle of what code uses of it, so that distances are short */
/* Free within an instruction: RDI, R10, R11. */

enum {
	W64 = 1,
	BYTE = 2, /* names byte registers */
	WORD = 4, /* 16 bits */
	LOCK = 8,
};

enum {
	X_ADD = 0x01,
	X_OR = 0x09,
	X_AND = 0x21,
	X_SUB = 0x29,
	X_XOR = 0x31,
	X_CMP = 0x39,
	X_TEST = 0x85,
	X_MOV = 0x89, /* also: store */
	X_LOAD = 0x8b,
	X_LEA = 0x8d,
	X_STORE8 = 0x88,
	X_XCHG = 0x87,
	X_XADD = 0x0fc1,
	X_CMPXCHG = 0x0fb1,
	X_IMUL = 0x0faf,
	X_MOVZX8 = 0x0fb6,
	X_MOVZX16 = 0x0fb7,
	X_MOVSX8 = 0x0fbe,
	X_MOVSX16 = 0x0fbf,
	X_MOVSXD = 0x63,
	X_SUB_LOAD = 0x2b,
	X_CMP_LOAD = 0x3b,
};

/* Of x_ri: the operation of opcode 0x81. */
enum {
	X_I_ADD = 0,
	X_I_OR = 1,
	X_I_AND = 4,
	X_I_SUB = 5,
	X_I_XOR = 6,
	X_I_CMP = 7
};

/* Conditions. ^ 1 is the opposite. */
enum {
	CC_B = 2,
	CC_AE = 3,
	CC_E = 4,
	CC_NE = 5,
	CC_BE = 6,
	CC_A = 7,
	CC_S = 8,
	CC_NS = 9,
	CC_L = 12,
	CC_GE = 13,
	CC_LE = 14,
	CC_G = 15,
	CC_ALWAYS = 16,
};

static inline bool x_fits8(int64_t v)
{
	return v >= -128 && v <= 127;
}

static inline void x_head(struct jit *j, unsigned flags, unsigned op, unsigned reg, unsigned rm)
{
	unsigned rex = 0x40 | (flags & W64 ? 8 : 0) | (reg >> 3) << 2 | rm >> 3;

	if (flags & LOCK)
		jit_byte(j, 0xf0);
	if (flags & WORD)
		jit_byte(j, 0x66);
	if (rex != 0x40 || flags & BYTE)
		jit_byte(j, rex);
	if (op > 0xff)
		jit_byte(j, op >> 8);
	jit_byte(j, op & 0xff);
}

static inline void x_rr(struct jit *j, unsigned flags, unsigned op, unsigned reg, unsigned rm)
{
	x_head(j, flags, op, reg, rm);
	jit_byte(j, 0xc0 | (reg & 7) << 3 | (rm & 7));
}

static inline void x_rm(struct jit *j, unsigned flags, unsigned op, unsigned reg, unsigned base,
			int32_t disp)
{
	unsigned mod = disp == 0 && (base & 7) != RBP ? 0 : x_fits8(disp) ? 1 : 2;

	x_head(j, flags, op, reg, base);
	jit_byte(j, mod << 6 | (reg & 7) << 3 | (base & 7));
	if ((base & 7) == RSP)
		jit_byte(j, 0x24);
	if (mod)
		jit_bytes(j, (uint64_t)(int64_t)disp, mod == 1 ? 1 : 4);
}

#define X_NO_REG 0xff

struct x_address {
	uint8_t base, index, scale; /* machine registers, X_NO_REG: none */
	int32_t disp;
};

/* Like x_rm, with an index. */
static inline void x_mem(struct jit *j, unsigned flags, unsigned op, unsigned reg,
			 struct x_address m)
{
	unsigned mod = m.base == X_NO_REG || (m.disp == 0 && (m.base & 7) != RBP) ? 0
		       : x_fits8(m.disp)					  ? 1
										  : 2;
	unsigned rex = 0x40 | (flags & W64 ? 8 : 0) | (reg >> 3) << 2 | (m.index >> 3 & 1) << 1;

	if (m.index == X_NO_REG) {
		x_rm(j, flags, op, reg, m.base, m.disp);
		return;
	}
	rex |= m.base == X_NO_REG ? 0 : m.base >> 3;
	if (flags & WORD)
		jit_byte(j, 0x66);
	if (rex != 0x40 || flags & BYTE)
		jit_byte(j, rex);
	if (op > 0xff)
		jit_byte(j, op >> 8);
	jit_byte(j, op & 0xff);
	jit_byte(j, mod << 6 | (reg & 7) << 3 | 4);
	jit_byte(j, (unsigned)m.scale << 6 | (m.index & 7) << 3 |
			    (m.base == X_NO_REG ? 5u : m.base & 7));
	if (mod == 1)
		jit_byte(j, (uint8_t)m.disp);
	else if (mod == 2 || m.base == X_NO_REG)
		jit_bytes(j, (uint64_t)(int64_t)m.disp, 4);
}

static inline void x_ri(struct jit *j, unsigned flags, unsigned op, unsigned rm, int32_t imm)
{
	x_rr(j, flags, x_fits8(imm) ? 0x83 : 0x81, op, rm);
	jit_bytes(j, (uint64_t)(int64_t)imm, x_fits8(imm) ? 1 : 4);
}

/* The same with memory. */
static inline void x_mi(struct jit *j, unsigned flags, unsigned op, unsigned base, int32_t disp,
			int8_t imm)
{
	x_rm(j, flags, 0x83, op, base, disp);
	jit_byte(j, (uint8_t)imm);
}

static inline void x_mov(struct jit *j, unsigned flags, unsigned from, unsigned to)
{
	if (from != to || !(flags & W64))
		x_rr(j, flags, X_MOV, from, to);
}

static inline void x_const(struct jit *j, unsigned reg, uint64_t value)
{
	if (value == 0) {
		x_rr(j, 0, X_XOR, reg, reg);
	} else if (value <= UINT32_MAX) {
		x_head(j, 0, 0xb8 | (reg & 7), 0, reg);
		jit_bytes(j, value, 4);
	} else if ((int64_t)value == (int32_t)value) {
		x_rr(j, W64, 0xc7, 0, reg);
		jit_bytes(j, value, 4);
	} else {
		x_head(j, W64, 0xb8 | (reg & 7), 0, reg);
		jit_bytes(j, value, 8);
	}
}

static inline void x_push(struct jit *j, unsigned reg)
{
	x_head(j, 0, 0x50 | (reg & 7), 0, reg);
}

static inline void x_pop(struct jit *j, unsigned reg)
{
	x_head(j, 0, 0x58 | (reg & 7), 0, reg);
}

/* A jump over what is emitted until x_here. */
static inline size_t x_over(struct jit *j, unsigned cc)
{
	jit_byte(j, cc == CC_ALWAYS ? 0xeb : 0x70 | cc);
	jit_byte(j, 0);
	return j->len;
}

static inline void x_here(struct jit *j, size_t over)
{
	j->code[over - 1] = (uint8_t)(j->len - over);
}

/* With a distance of 32 bits, to be filled in; returns its offset. */
static inline uint32_t x_jump_long(struct jit *j, unsigned cc)
{
	if (cc == CC_ALWAYS) {
		jit_byte(j, 0xe9);
	} else {
		jit_byte(j, 0x0f);
		jit_byte(j, 0x80 | cc);
	}
	jit_bytes(j, 0, 4);
	return (uint32_t)j->len - 4;
}

static inline void x_set_long(struct jit *j, uint32_t at, uint32_t target)
{
	uint32_t distance = target - (at + 4);

	for (unsigned k = 0; k < 4; k++)
		j->code[at + k] = (uint8_t)(distance >> 8 * k);
}

static inline void x_jump_back(struct jit *j, unsigned cc, uint32_t target)
{
	x_set_long(j, x_jump_long(j, cc), target);
}

static inline void x_call_back(struct jit *j, uint32_t target)
{
	jit_byte(j, 0xe8);
	jit_bytes(j, 0, 4);
	x_set_long(j, (uint32_t)j->len - 4, target);
}

/* Members of the run, seen from RUN. */
#define RUN_MIDDLE offsetof(struct skep_vm_run, read)
#define RUN_OFF(member) ((int32_t)offsetof(struct skep_vm_run, member) - (int32_t)RUN_MIDDLE)

/* Calls of C through shared code, with the instruction's number in R11 and something more in R10. */
enum x_call {
	X_CALL_HELPER,
	X_CALL_OWN_HELPER,
	X_CALL_CALLX,
	X_CALL_ACCESS,
	X_CALL_FAULT,
	X_CALL_PACKET,
	X_CALL_TAIL,
	X_N_CALLS,
};

static inline void x_call_shared(struct jit *j, enum x_call which, uint32_t insn)
{
	x_const(j, R11, insn);
	x_call_back(j, j->calls[which]);
}

/* A jump to code at the end. */
static inline struct jit_rest *x_rest(struct jit *j, enum jit_rest_kind kind, uint32_t insn,
				      unsigned cc)
{
	uint32_t at = x_jump_long(j, cc);
	struct jit_rest *rest = jit_rest(j, kind, insn);

	rest->at = at;
	rest->back = (uint32_t)j->len;
	return rest;
}

/* Own kinds of struct jit_rest: a division by zero, and by -1. extra: see x86_64.c. */
enum {
	X_REST_ZERO = JIT_REST_CPU,
	X_REST_MINUS
};

/* x86_64_lazy.c */

/* Notes what the instruction makes of its register, if it is a sum. @live: registers that are needed behind it. */
bool x_defer(struct jit *j, uint32_t i, uint16_t live);
/* Before any other instruction: what it reads is in its registers, but for addresses (x_address_of). */
void x_prepare(struct jit *j, uint32_t i, uint16_t live);
/* After it. */
void x_written(struct jit *j, uint32_t i);
void x_settle(struct jit *j, unsigned reg);
/* Those in @needed; all others are forgotten. */
void x_settle_all(struct jit *j, uint16_t needed);
void x_keep_only(struct jit *j, uint16_t live);
struct x_address x_address(const struct jit_sum *sum, int32_t off);
struct x_address x_address_of(const struct jit *j, unsigned reg, int32_t off);

/* x86_64_flow.c */
void x_enter(struct jit *j);
void x_exit(struct jit *j);
uint32_t x_flow(struct jit *j, uint32_t i);
/* x86_64_mem.c */
void x_memory(struct jit *j, uint32_t i);
void x_rest_access(struct jit *j, const struct jit_rest *rest);
