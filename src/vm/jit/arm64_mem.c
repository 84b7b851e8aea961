/* SPDX-License-Identifier: Apache-2.0 */
/* AArch64: loads, stores, atomics, and what checks them. */
#include "vm/jit/arm64.h"

#define NOT_ALIGNED 1 /* extra of JIT_REST_ACCESS: no other check helps */

/* X9 = the place's address. */
static void address(struct jit *j, struct a_place p)
{
	a_add(j, W64, X9, p.base, p.off);
}

/* For CC_LS: it is in the current frame. */
static void test_stack(struct jit *j, struct a_place p, unsigned bytes)
{
	a_rrr(j, W64, A_SUB, X9, p.base, FRAME);
	a_add(j, W64, X9, X9, p.off);
	a_compare(j, W64, X9, SKEP_STACK_SIZE - (int64_t)bytes);
}

/* For CC_LO: it is in the window. */
static void test_window(struct jit *j, struct a_place p, struct jit_access a)
{
	int64_t window = a.write ? RUN_OFF(write) : RUN_OFF(read);
	int64_t count =
		window + (int64_t)offsetof(struct vm_window, count) + 8 * __builtin_ctz(a.bytes);

	a_run_load(j, 8, X10, window + (int64_t)offsetof(struct vm_window, lo));
	a_run_load(j, 8, X11, count);
	address(j, p);
	a_rrr(j, W64, A_SUB, X9, X9, X10);
	a_rrr(j, W64, A_SUBS, XZR, X9, X11);
}

static bool in_frame(unsigned reg, int32_t off, struct jit_access a)
{
	return reg == SKEP_R10 && off >= -SKEP_STACK_SIZE && off + a.bytes <= 0 &&
	       (!a.aligned || off % a.bytes == 0);
}

/* In checked code: branches away unless the access is fine. */
static void check(struct jit *j, uint32_t i, unsigned reg, int32_t off, struct jit_access a)
{
	struct a_place p = a_place(reg, off);
	struct jit_rest *rest;
	size_t first = j->n_rests;

	if (!j->checked || in_frame(reg, off, a))
		return;
	if (a.aligned && a.bytes > 1) {
		address(j, p);
		a_logic(j, W64, A_ANDS, XZR, X9, a.bytes - 1u);
		rest = a_rest(j, JIT_REST_ACCESS, i, A_BCC | CC_NE);
		rest->base = (uint8_t)reg;
		rest->extra = NOT_ALIGNED;
	}
	if (j->stackish >> reg & 1) {
		test_stack(j, p, a.bytes);
		rest = a_rest(j, JIT_REST_ACCESS, i, A_BCC | CC_HI);
	} else {
		test_window(j, p, a);
		rest = a_rest(j, JIT_REST_ACCESS, i, A_BCC | CC_HS);
	}
	rest->base = (uint8_t)reg;
	a_rests_here(j, first);
}

/* The other quick check, then memory.c. */
void a_rest_access(struct jit *j, const struct jit_rest *rest)
{
	struct skep_insn insn = j->prog->insns[rest->insn];
	struct jit_access a = jit_access_of(insn);
	struct a_place p = a_place(rest->base, insn.off);

	if (rest->extra != NOT_ALIGNED) {
		test_stack(j, p, a.bytes);
		a_back(j, A_BCC | CC_LS, rest->back);
		test_window(j, p, a);
		a_back(j, A_BCC | CC_LO, rest->back);
	}
	a_add(j, W64, X6, p.base, p.off);
	a_call_shared(j, A_CALL_ACCESS, rest->insn);
	if (!rest->after)
		return;
	a_run_load(j, 1, X9, RUN_OFF(absent));
	a_back(j, A_CBZ | A_ON(X9), rest->back);
	a_run_store(j, 1, XZR, RUN_OFF(absent));
	a_const(j, a_regs[insn.dst], 0);
	a_back(j, A_B, rest->after);
}

static void store(struct jit *j, struct skep_insn insn, unsigned bytes)
{
	struct a_place p = a_place(insn.dst, insn.off);
	unsigned from = XZR;

	if (skep_insn_class(insn) == SKEP_CLASS_STX)
		from = a_value(j, insn.src, X10);
	else if (insn.imm)
		a_const(j, from = X10,
			bytes == 8 ? (uint64_t)(int64_t)insn.imm : (uint32_t)insn.imm);
	a_mem(j, A_STR, bytes, from, p.base, p.off);
}

static void load(struct jit *j, struct skep_insn insn, unsigned bytes)
{
	struct a_place p = a_place(insn.src, insn.off);
	bool sign = (insn.opcode & SKEP_MODE_MASK) == SKEP_MODE_MEMSX && bytes < 8;

	a_mem(j, sign ? A_LDRS : A_LDR, bytes, a_regs[insn.dst], p.base, p.off);
}

/* Atomics. Those that give the old value back are in order with everything around them, others with nothing. */

/* Exclusive loads and stores; of the latter op has the register that says whether it failed. */
enum {
	LDXR = 0x085f7c00,
	STXR = 0x08007c00,
	STLXR = 0x0800fc00,
	LDAR = 0x08dffc00,
	STLR = 0x089ffc00,
	CASAL = 0x08e0fc00,
};
#define FAILED(reg) ((uint32_t)(reg) << 16)
#define BARRIER 0xd5033bbf /* dmb ish */

static void exclusive(struct jit *j, uint32_t op, unsigned bytes, unsigned t, unsigned at)
{
	a_word(j, op | (uint32_t)__builtin_ctz(bytes) << 30 | at << 5 | t);
}

/* Of atomics, and ARMv8.1's form: the memory becomes m op s, t what it was. 0: the operand is complemented first. */
struct atomic {
	uint32_t op, lse;
	bool complement;
};

static struct atomic atomic_of(int32_t imm)
{
	switch (imm & ~SKEP_ATOMIC_FETCH) {
	case SKEP_ATOMIC_ADD:
		return (struct atomic){ A_ADD, 0x38200000, false };
	case SKEP_ATOMIC_OR:
		return (struct atomic){ A_ORR, 0x38203000, false };
	case SKEP_ATOMIC_AND: /* the CPU's clears bits */
		return (struct atomic){ A_AND, 0x38201000, true };
	case SKEP_ATOMIC_XOR:
		return (struct atomic){ A_EOR, 0x38202000, false };
	default: /* exchange: nothing of what was there stays */
		return (struct atomic){ 0, 0x38208000, false };
	}
}

/* With one instruction. */
static void change(struct jit *j, const struct atomic *atomic, unsigned bytes, unsigned src,
		   unsigned old, unsigned at)
{
	bool ordered = old != XZR;
	uint32_t w = bytes == 8 ? W64 : 0;

	if (atomic->complement) {
		a_rrr(j, w, A_ORN, X10, XZR, src);
		src = X10;
	}
	a_word(j, atomic->lse | (ordered ? 3u << 22 : 0) | (uint32_t)__builtin_ctz(bytes) << 30 |
			  src << 16 | at << 5 | old);
}

/* Until nobody came in between. */
static void change_loop(struct jit *j, const struct atomic *atomic, unsigned bytes, unsigned src,
			unsigned old, unsigned at)
{
	uint32_t w = bytes == 8 ? W64 : 0, again = (uint32_t)j->len;
	bool ordered = old != XZR;
	unsigned now = src;

	exclusive(j, LDXR, bytes, X10, at);
	if (atomic->op)
		a_rrr(j, w, atomic->op, now = X11, X10, src);
	exclusive(j, (ordered ? STLXR : STXR) | FAILED(X12), bytes, now, at);
	a_back(j, A_CBNZ | A_ON(X12), again);
	if (!ordered)
		return;
	a_word(j, BARRIER);
	a_mov(j, w, old, X10);
}

static void compare_and_exchange(struct jit *j, unsigned bytes, unsigned src, unsigned at)
{
	uint32_t w = bytes == 8 ? W64 : 0, again, other;

	if (j->lse) {
		exclusive(j, CASAL | FAILED(X0), bytes, src,
			  at); /* where they have that, it has R0 */
		return;
	}
	again = (uint32_t)j->len;
	exclusive(j, LDXR, bytes, X10, at);
	a_rrr(j, w, A_SUBS, XZR, X10, X0);
	other = a_over(j, A_BCC | CC_NE);
	exclusive(j, STLXR | FAILED(X12), bytes, src, at);
	a_back(j, A_CBNZ | A_ON(X12), again);
	a_here(j, other);
	a_word(j, BARRIER);
	a_mov(j, w, X0, X10);
}

static void atomic(struct jit *j, struct skep_insn insn, unsigned bytes)
{
	bool is_load = insn.imm == SKEP_ATOMIC_LOAD_ACQ;
	struct a_place p = a_place(is_load ? insn.src : insn.dst, insn.off);
	unsigned src = is_load ? XZR : a_value(j, insn.src, X13), at = p.base;
	struct atomic atomic = atomic_of(insn.imm);
	bool fetch = insn.imm & SKEP_ATOMIC_FETCH;

	if (p.off) {
		address(j, p);
		at = X9;
	}
	if (is_load)
		exclusive(j, LDAR, bytes, a_regs[insn.dst], at);
	else if (insn.imm == SKEP_ATOMIC_STORE_REL)
		exclusive(j, STLR, bytes, src, at);
	else if (insn.imm == SKEP_ATOMIC_CMPXCHG)
		compare_and_exchange(j, bytes, src, at);
	else if (j->lse)
		change(j, &atomic, bytes, src, fetch ? src : XZR, at);
	else
		change_loop(j, &atomic, bytes, src, fetch ? src : XZR, at);
}

void a_memory(struct jit *j, uint32_t i)
{
	struct skep_insn insn = j->prog->insns[i];
	struct jit_access a = jit_access_of(insn);
	bool from_src = skep_insn_class(insn) == SKEP_CLASS_LDX || !a.write;
	size_t first = j->n_rests;

	check(j, i, from_src ? insn.src : insn.dst, insn.off, a);
	if (a.aligned)
		atomic(j, insn, a.bytes);
	else if (skep_insn_class(insn) == SKEP_CLASS_LDX)
		load(j, insn, a.bytes);
	else
		store(j, insn, a.bytes);
	if (skep_insn_class(insn) == SKEP_CLASS_LDX)
		jit_may_be_absent(j, first);
}
