/* SPDX-License-Identifier: Apache-2.0 */
#include "random_program.h"

#include <stdlib.h>
#include <string.h>

#include "isa/helper.h"
#include "isa/mapkind.h"
#include "isa/progkind.h"
#include "obj/split.h"

#define MAX_INSNS 400

enum kind {
	NOTHING,
	NUMBER,
	STACK,
	VALUE,
	PACKET,
	CTX
};

struct maker {
	uint64_t seed;
	struct skep_insn insns[MAX_INSNS];
	size_t n;
	struct skep_reloc relocs[64];
	size_t n_relocs;
	enum kind regs[SKEP_N_REGS]; /* what the maker thinks they are */
	uint64_t saved;		     /* slots that were written, bits */
	uint64_t saved_numbers;
	bool packet;
	unsigned depth;	 /* of open branches and loops */
	size_t calls[8]; /* where the function behind the program is called */
	size_t n_calls;
	bool in_function;
};

static uint64_t next(struct maker *m)
{
	m->seed ^= m->seed << 13;
	m->seed ^= m->seed >> 7;
	m->seed ^= m->seed << 17;
	return m->seed * 0x2545f4914f6cdd1d;
}

static unsigned below(struct maker *m, unsigned n)
{
	return (unsigned)((next(m) >> 33) % n);
}

static bool one_in(struct maker *m, unsigned n)
{
	return below(m, n) == 0;
}

static void put(struct maker *m, struct skep_insn insn)
{
	if (m->n < MAX_INSNS - 8)
		m->insns[m->n++] = insn;
}

static int32_t some_constant(struct maker *m)
{
	static const int32_t edges[] = { 0,  1,	 -1,  7,   8,	      15,	 16, 31, 32,
					 63, 64, 255, 256, INT32_MAX, INT32_MIN, -8, -16 };

	switch (below(m, 4)) {
	case 0:
		return (int32_t)next(m);
	case 1:
		return (int32_t)below(m, 70);
	default:
		return edges[below(m, ARRAY_SIZE(edges))];
	}
}

/* A register of that kind among r0 to r9, or -1. */
static int find(struct maker *m, enum kind kind)
{
	unsigned from = below(m, 10);

	for (unsigned i = 0; i < 10; i++)
		if (m->regs[(from + i) % 10] == kind)
			return (int)((from + i) % 10);
	return -1;
}

static unsigned some_number_reg(struct maker *m)
{
	int reg = find(m, NUMBER);

	if (reg >= 0)
		return (unsigned)reg;
	put(m, skep_insn_mov64_imm(SKEP_R0, some_constant(m)));
	m->regs[SKEP_R0] = NUMBER;
	return SKEP_R0;
}

/* A register to write: mostly not the context's. */
static unsigned some_target(struct maker *m)
{
	unsigned reg = below(m, 10);

	return reg == SKEP_R6 ? SKEP_R7 : reg;
}

static void make_unknown(struct maker *m)
{
	unsigned reg = some_target(m);

	if (m->regs[SKEP_R6] != CTX)
		return;
	put(m, skep_insn_load(SKEP_SIZE_W, reg, SKEP_R6, m->packet ? 12 : 4 * (int)below(m, 3)));
	m->regs[reg] = NUMBER;
}

static void make_arithmetic(struct maker *m)
{
	static const enum skep_alu_op ops[] = { SKEP_ALU_ADD, SKEP_ALU_SUB, SKEP_ALU_MUL,
						SKEP_ALU_DIV, SKEP_ALU_OR,  SKEP_ALU_AND,
						SKEP_ALU_AND, SKEP_ALU_AND, SKEP_ALU_LSH,
						SKEP_ALU_RSH, SKEP_ALU_MOD, SKEP_ALU_XOR,
						SKEP_ALU_ARSH };
	enum skep_alu_op op = ops[below(m, ARRAY_SIZE(ops))];
	unsigned dst = some_number_reg(m), src = some_number_reg(m);
	bool shift = op == SKEP_ALU_LSH || op == SKEP_ALU_RSH || op == SKEP_ALU_ARSH;
	bool wide = !one_in(m, 3);
	int32_t imm = some_constant(m);

	if (one_in(m, 8)) {
		/* of 64-bit negation, what kernels know differs from one to the next */
		put(m, skep_insn_neg32(dst));
		return;
	}
	if (one_in(m, 6)) {
		unsigned bits = 8u << below(m, wide ? 3 : 2), to = some_target(m);

		put(m, wide ? skep_insn_movsx64(to, src, bits) : skep_insn_movsx32(to, src, bits));
		m->regs[to] = NUMBER;
		return;
	}
	if (shift)
		imm = (int32_t)below(m, wide ? 64 : 32);
	if ((op == SKEP_ALU_DIV || op == SKEP_ALU_MOD) && imm == 0)
		imm = 3;
	if (one_in(m, 2))
		put(m,
		    wide ? skep_insn_alu64_imm(op, dst, imm) : skep_insn_alu32_imm(op, dst, imm));
	else
		put(m,
		    wide ? skep_insn_alu64_reg(op, dst, src) : skep_insn_alu32_reg(op, dst, src));
}

static void make_move(struct maker *m)
{
	unsigned dst = some_target(m), src = below(m, 10);

	if (m->regs[src] == NOTHING)
		src = some_number_reg(m);
	if (one_in(m, 4) && m->regs[src] == NUMBER)
		put(m, skep_insn_mov32_reg(dst, src));
	else
		put(m, skep_insn_mov64_reg(dst, src));
	m->regs[dst] = m->regs[src];
}

static void make_store(struct maker *m)
{
	static const enum skep_size sizes[] = { SKEP_SIZE_DW, SKEP_SIZE_DW, SKEP_SIZE_W,
						SKEP_SIZE_H, SKEP_SIZE_B };
	unsigned slot = below(m, 4), reg = below(m, 10);
	enum skep_size size = sizes[below(m, ARRAY_SIZE(sizes))];
	int off = -8 * (int)(slot + 1);

	if (m->regs[reg] == NOTHING)
		reg = some_number_reg(m);
	if (m->regs[reg] != NUMBER)
		size = SKEP_SIZE_DW;
	if (size != SKEP_SIZE_DW && one_in(m, 2))
		off += (int)skep_size_bytes(size);
	if (one_in(m, 4))
		put(m, skep_insn_store_imm(size, SKEP_R10, off, some_constant(m)));
	else
		put(m, skep_insn_store(size, SKEP_R10, off, reg));
	m->saved |= 1ULL << slot;
	m->saved_numbers &= ~(1ULL << slot);
	if (m->regs[reg] == NUMBER)
		m->saved_numbers |= 1ULL << slot;
}

static void make_load(struct maker *m)
{
	static const enum skep_size sizes[] = { SKEP_SIZE_DW, SKEP_SIZE_DW, SKEP_SIZE_W,
						SKEP_SIZE_B };
	unsigned slot = below(m, 4), dst = some_target(m);
	enum skep_size size = sizes[below(m, ARRAY_SIZE(sizes))];

	if (!(m->saved_numbers & 1ULL << slot))
		return;
	if (size != SKEP_SIZE_DW && one_in(m, 3))
		put(m, skep_insn_loadsx(size, dst, SKEP_R10, -8 * (int)(slot + 1)));
	else if (one_in(m, 6))
		put(m, skep_insn_atomic(size, SKEP_ATOMIC_LOAD_ACQ, dst, -8 * (int)(slot + 1),
					SKEP_R10));
	else
		put(m, skep_insn_load(size, dst, SKEP_R10, -8 * (int)(slot + 1)));
	m->regs[dst] = NUMBER;
}

/* An atomic operation on a number in a slot, or a store with release. */
static void make_atomic(struct maker *m)
{
	static const int ops[] = { SKEP_ATOMIC_ADD,	  SKEP_ATOMIC_ADD | SKEP_ATOMIC_FETCH,
				   SKEP_ATOMIC_OR,	  SKEP_ATOMIC_AND | SKEP_ATOMIC_FETCH,
				   SKEP_ATOMIC_XCHG,	  SKEP_ATOMIC_CMPXCHG,
				   SKEP_ATOMIC_STORE_REL, SKEP_ATOMIC_STORE_REL };
	int op = ops[below(m, ARRAY_SIZE(ops))];
	enum skep_size size = one_in(m, 2) ? SKEP_SIZE_DW : SKEP_SIZE_W;
	unsigned slot = below(m, 4), src = some_number_reg(m);

	if (!(m->saved_numbers & 1ULL << slot) ||
	    (op == SKEP_ATOMIC_CMPXCHG && m->regs[SKEP_R0] != NUMBER))
		return;
	put(m, skep_insn_atomic(size, op, SKEP_R10, -8 * (int)(slot + 1), src));
}

/* Two numbers that differ by a constant: one is compared, the other counts. */
static void make_linked(struct maker *m)
{
	unsigned a = some_number_reg(m), b = SKEP_R7 + below(m, 3), by = below(m, 9);
	bool wide = one_in(m, 2);
	enum skep_alu_op op = one_in(m, 2) ? SKEP_ALU_ADD : SKEP_ALU_SUB;
	unsigned compared, counts;

	if (a == b || m->regs[SKEP_R4] == CTX)
		return;
	if (one_in(m, 2))
		put(m, skep_insn_mov32_reg(a, a));
	put(m, skep_insn_mov64_reg(b, a));
	m->regs[b] = NUMBER;
	put(m, wide ? skep_insn_alu64_imm(op, b, (int32_t)by - 4)
		    : skep_insn_alu32_imm(op, b, (int32_t)by - 4));
	compared = one_in(m, 2) ? a : b;
	counts = compared == a ? b : a;
	put(m, one_in(m, 3) ? skep_insn_jmp32_imm(SKEP_JMP_JLE, compared, (int)below(m, 24), 2)
			    : skep_insn_jmp_imm(one_in(m, 3) ? SKEP_JMP_JEQ : SKEP_JMP_JLE,
						compared, (int)below(m, 24), 2));
	put(m, skep_insn_mov64_imm(SKEP_R0, 0));
	put(m, skep_insn_exit());
	if (one_in(m, 2)) {
		put(m, skep_insn_jmp_imm(SKEP_JMP_JGE, compared, (int)below(m, 8), 2));
		put(m, skep_insn_mov64_imm(SKEP_R0, 0));
		put(m, skep_insn_exit());
	}
	put(m, skep_insn_mov64_reg(SKEP_R4, SKEP_R10));
	put(m, skep_insn_alu64_imm(SKEP_ALU_ADD, SKEP_R4, -32));
	put(m, skep_insn_alu64_reg(SKEP_ALU_ADD, SKEP_R4, counts));
	put(m, skep_insn_load(SKEP_SIZE_B, SKEP_R5, SKEP_R4, 0));
	m->regs[SKEP_R5] = NUMBER;
	m->regs[SKEP_R4] = NOTHING;
}

static void load_map(struct maker *m, unsigned reg, unsigned map)
{
	struct skep_insn_pair pair = skep_insn_ld_map_fd(reg, 0);

	if (m->n >= MAX_INSNS - 16 || m->n_relocs == ARRAY_SIZE(m->relocs))
		return;
	m->relocs[m->n_relocs++] =
		(struct skep_reloc){ .kind = SKEP_RELOC_MAP, .insn = (uint32_t)m->n, .index = map };
	m->insns[m->n++] = pair.insn[0];
	m->insns[m->n++] = pair.insn[1];
}

static void lose_call_regs(struct maker *m)
{
	for (unsigned reg = SKEP_R1; reg <= SKEP_R5; reg++)
		m->regs[reg] = NOTHING;
}

/* A look-up, its check, and an access with a number that is masked or compared, seldom not. */
static void make_lookup(struct maker *m)
{
	unsigned map = below(m, 2), size = map ? 16 : 64, number, access = 1u << below(m, 4);
	unsigned keep = SKEP_R7 + below(m, 3);

	number = some_number_reg(m);
	put(m, skep_insn_mov64_reg(keep, number));
	m->regs[keep] = NUMBER;
	put(m, skep_insn_store_imm(SKEP_SIZE_DW, SKEP_R10, -40, (int32_t)below(m, 6)));
	put(m, skep_insn_mov64_reg(SKEP_R2, SKEP_R10));
	put(m, skep_insn_alu64_imm(SKEP_ALU_ADD, SKEP_R2, -40));
	load_map(m, SKEP_R1, map);
	put(m, skep_insn_call(SKEP_HELPER_MAP_LOOKUP_ELEM));
	lose_call_regs(m);
	m->regs[SKEP_R0] = VALUE;
	if (!one_in(m, 12)) {
		put(m, skep_insn_jmp_imm(SKEP_JMP_JNE, SKEP_R0, 0, 2));
		put(m, skep_insn_mov64_imm(SKEP_R0, 0));
		put(m, skep_insn_exit());
	}
	if (one_in(m, 4)) {
		put(m, skep_insn_load(skep_size_from_bytes(access), SKEP_R0, SKEP_R0,
				      (int)below(m, size - access + (one_in(m, 6) ? 2 : 1))));
		m->regs[SKEP_R0] = NUMBER;
		return;
	}
	switch (below(m, 4)) {
	case 0:
		put(m, skep_insn_alu64_imm(SKEP_ALU_AND, keep,
					   (int32_t)(size / (1u + below(m, 3)) - access)));
		break;
	case 1:
		put(m, skep_insn_jmp_imm(one_in(m, 2) ? SKEP_JMP_JLE : SKEP_JMP_JSLE, keep,
					 (int32_t)(size - access + one_in(m, 6)), 2));
		put(m, skep_insn_mov64_imm(SKEP_R0, 0));
		put(m, skep_insn_exit());
		break;
	case 2:
		put(m, skep_insn_alu32_imm(SKEP_ALU_AND, keep, 7));
		put(m, skep_insn_alu64_imm(SKEP_ALU_LSH, keep, (int32_t)below(m, 4)));
		break;
	default:
		break;
	}
	put(m, skep_insn_alu64_reg(SKEP_ALU_ADD, SKEP_R0, keep));
	put(m, skep_insn_load(skep_size_from_bytes(access), SKEP_R0, SKEP_R0, 0));
	m->regs[SKEP_R0] = NUMBER;
}

static void make_packet(struct maker *m)
{
	unsigned number, bytes = 1 + below(m, 40), access = 1u << below(m, 4), off = below(m, 40);
	bool variable = one_in(m, 2);

	if (!m->packet || m->regs[SKEP_R6] != CTX)
		return;
	number = SKEP_R7 + below(m, 3);
	if (variable && m->regs[number] != NUMBER)
		return;
	put(m, skep_insn_load(SKEP_SIZE_W, SKEP_R2, SKEP_R6, 0));
	put(m, skep_insn_load(SKEP_SIZE_W, SKEP_R3, SKEP_R6, 4));
	if (variable) {
		put(m, skep_insn_alu64_imm(SKEP_ALU_AND, number, (int32_t)(255u << below(m, 3))));
		put(m, skep_insn_alu64_reg(SKEP_ALU_ADD, SKEP_R2, number));
	}
	put(m, skep_insn_mov64_reg(SKEP_R4, SKEP_R2));
	put(m, skep_insn_alu64_imm(SKEP_ALU_ADD, SKEP_R4, (int32_t)bytes));
	switch (below(m, 4)) {
	case 0:
		put(m, skep_insn_jmp_reg(SKEP_JMP_JLE, SKEP_R4, SKEP_R3, 2));
		break;
	case 1:
		put(m, skep_insn_jmp_reg(SKEP_JMP_JGE, SKEP_R3, SKEP_R4, 2));
		break;
	case 2:
		put(m, skep_insn_jmp_reg(SKEP_JMP_JLT, SKEP_R4, SKEP_R3, 2));
		break;
	default:
		put(m, skep_insn_jmp_reg(SKEP_JMP_JGT, SKEP_R3, SKEP_R4, 2));
		break;
	}
	put(m, skep_insn_mov64_imm(SKEP_R0, 0));
	put(m, skep_insn_exit());
	if (off + access > bytes && !one_in(m, 4))
		off = bytes > access ? bytes - access : 0;
	put(m, skep_insn_load(skep_size_from_bytes(access), SKEP_R5, SKEP_R2, (int)off));
	m->regs[SKEP_R2] = m->regs[SKEP_R3] = m->regs[SKEP_R4] = NOTHING;
	m->regs[SKEP_R5] = NUMBER;
}

static void make_stack_index(struct maker *m)
{
	unsigned number = some_number_reg(m);

	put(m, skep_insn_alu64_imm(SKEP_ALU_AND, number, one_in(m, 8) ? 63 : 15));
	put(m, skep_insn_mov64_reg(SKEP_R4, SKEP_R10));
	put(m, skep_insn_alu64_imm(SKEP_ALU_ADD, SKEP_R4, -32));
	put(m, skep_insn_alu64_reg(SKEP_ALU_ADD, SKEP_R4, number));
	if (one_in(m, 2))
		put(m, skep_insn_store_imm(SKEP_SIZE_B, SKEP_R4, 0, 0));
	else
		put(m, skep_insn_load(SKEP_SIZE_B, SKEP_R5, SKEP_R4, 0));
	m->regs[SKEP_R5] = NUMBER;
	m->regs[SKEP_R4] = NOTHING;
	m->saved_numbers = 0;
}

/* A call of the function that is made behind the program, with two numbers; it gives one. */
static void make_call(struct maker *m)
{
	if (m->in_function || m->n_calls == ARRAY_SIZE(m->calls) || m->n >= MAX_INSNS - 100)
		return;
	put(m, skep_insn_mov64_reg(SKEP_R2, some_number_reg(m)));
	m->regs[SKEP_R2] = NUMBER;
	put(m, skep_insn_mov64_reg(SKEP_R1, some_number_reg(m)));
	m->calls[m->n_calls++] = m->n;
	put(m, skep_insn_call_local(0));
	lose_call_regs(m);
	m->regs[SKEP_R0] = NUMBER;
}

static enum skep_jmp_op some_condition(struct maker *m)
{
	static const enum skep_jmp_op ops[] = { SKEP_JMP_JEQ,  SKEP_JMP_JNE,  SKEP_JMP_JGT,
						SKEP_JMP_JGE,  SKEP_JMP_JLT,  SKEP_JMP_JLE,
						SKEP_JMP_JSGT, SKEP_JMP_JSGE, SKEP_JMP_JSLT,
						SKEP_JMP_JSLE, SKEP_JMP_JSET };

	return ops[below(m, ARRAY_SIZE(ops))];
}

static void make_some(struct maker *m, unsigned count);

/* if (condition) { ... }: what the branch writes is unknown afterwards. */
static void make_branch(struct maker *m)
{
	unsigned a = some_number_reg(m), b = some_number_reg(m);
	enum skep_jmp_op op = some_condition(m);
	enum kind before[SKEP_N_REGS];
	uint64_t saved = m->saved, numbers = m->saved_numbers;
	size_t at = m->n;

	if (m->depth > 2)
		return;
	/* a register against itself: kernels take it for two */
	switch (a == b ? 1 + 2 * below(m, 2) : below(m, 4)) {
	case 0:
		put(m, skep_insn_jmp_reg(op, a, b, 0));
		break;
	case 1:
		put(m, skep_insn_jmp32_imm(op, a, some_constant(m), 0));
		break;
	case 2:
		put(m, skep_insn_jmp32_reg(op, a, b, 0));
		break;
	default:
		put(m, skep_insn_jmp_imm(op, a, some_constant(m), 0));
		break;
	}
	memcpy(before, m->regs, sizeof(before));
	m->depth++;
	make_some(m, 1 + below(m, 4));
	m->depth--;
	if (at < m->n)
		m->insns[at].off = (int16_t)(m->n - at - 1);
	for (unsigned i = 0; i < 10; i++)
		if (m->regs[i] != before[i])
			m->regs[i] = NOTHING;
	m->saved &= saved;
	m->saved_numbers &= numbers;
}

/* A loop with a counter in r9 that nothing in it touches, or so the maker hopes. */
static void make_loop(struct maker *m)
{
	size_t top;

	if (m->depth > 0 || one_in(m, 2))
		return;
	put(m, skep_insn_mov64_imm(SKEP_R9, 0));
	m->regs[SKEP_R9] = NUMBER;
	top = m->n;
	m->depth += 3;
	make_some(m, 1 + below(m, 3));
	m->depth -= 3;
	put(m, skep_insn_alu64_imm(SKEP_ALU_ADD, SKEP_R9, 1));
	put(m, skep_insn_jmp_imm(SKEP_JMP_JLT, SKEP_R9, 2 + (int)below(m, 12),
				 (int)top - (int)m->n - 1));
}

static void make_some(struct maker *m, unsigned count)
{
	while (count-- && m->n < MAX_INSNS - 80) {
		switch (below(m, 19)) {
		case 0:
		case 1:
			make_unknown(m);
			break;
		case 2:
		case 3:
		case 4:
			make_arithmetic(m);
			break;
		case 5:
			make_move(m);
			break;
		case 6:
			make_store(m);
			break;
		case 7:
			make_load(m);
			break;
		case 8:
		case 9:
			make_lookup(m);
			break;
		case 10:
			make_packet(m);
			break;
		case 11:
			make_stack_index(m);
			break;
		case 12:
			make_loop(m);
			break;
		case 13:
			make_atomic(m);
			break;
		case 14:
			make_linked(m);
			break;
		case 15:
			make_call(m);
			break;
		default:
			make_branch(m);
			break;
		}
	}
}

static void clear_stack(struct maker *m)
{
	for (int i = 0; i < 4; i++)
		put(m, skep_insn_store_imm(SKEP_SIZE_DW, SKEP_R10, -8 * (i + 1), 0));
	m->saved = m->saved_numbers = 15;
}

/* Some instructions on two numbers in r1 and r2, and one in r0 at the end. */
static void make_function(struct maker *m)
{
	size_t first = m->n;

	if (!m->n_calls)
		return;
	for (size_t i = 0; i < m->n_calls; i++)
		m->insns[m->calls[i]].imm = (int32_t)(first - m->calls[i] - 1);
	memset(m->regs, 0, sizeof(m->regs));
	m->regs[SKEP_R1] = m->regs[SKEP_R2] = NUMBER;
	m->in_function = true;
	m->packet = false;
	clear_stack(m);
	make_some(m, 1 + below(m, 6));
	put(m, skep_insn_mov64_reg(SKEP_R0, some_number_reg(m)));
	m->insns[m->n++] = skep_insn_exit();
}

void random_program(uint64_t seed, struct skep_arena *arena, struct skep_spec *ret_spec)
{
	struct maker *m = skep_arena_alloc(arena, sizeof(*m));
	struct skep_spec_map *maps = skep_arena_calloc(arena, RANDOM_N_MAPS, sizeof(*maps));
	struct skep_spec_prog *prog = skep_arena_alloc(arena, sizeof(*prog));
	bool packet;

	m->seed = seed * 0x9e3779b97f4a7c15 + 1;
	for (int i = 0; i < 8; i++)
		(void)next(m);
	m->packet = one_in(m, 2);
	put(m, skep_insn_mov64_reg(SKEP_R6, SKEP_R1));
	m->regs[SKEP_R6] = m->regs[SKEP_R1] = CTX;
	put(m, skep_insn_mov64_imm(SKEP_R0, 0));
	m->regs[SKEP_R0] = NUMBER;
	clear_stack(m);
	make_some(m, 4 + below(m, 24));
	m->insns[m->n++] = skep_insn_mov64_imm(SKEP_R0, 0);
	m->insns[m->n++] = skep_insn_exit();
	packet = m->packet;
	make_function(m);
	maps[0] = (struct skep_spec_map){ .name = "table",
					  .type = SKEP_MAP_ARRAY,
					  .key_size = 4,
					  .value_size = 64,
					  .max_entries = 4 };
	maps[1] = (struct skep_spec_map){ .name = "counts",
					  .type = SKEP_MAP_HASH,
					  .key_size = 4,
					  .value_size = 16,
					  .max_entries = 8 };
	*prog = (struct skep_spec_prog){
		.name = "random",
		.type = packet ? SKEP_PROG_XDP : SKEP_PROG_SOCKET_FILTER,
		.insns = m->insns,
		.n_insns = m->n,
		.relocs = m->relocs,
		.n_relocs = m->n_relocs,
	};
	*ret_spec = (struct skep_spec){
		.license = "GPL",
		.maps = maps,
		.n_maps = RANDOM_N_MAPS,
		.progs = prog,
		.n_progs = 1,
	};
	if (m->n_calls &&
	    skep_spec_split(prog, arena, NULL, &ret_spec->progs, &ret_spec->n_progs) < 0)
		abort();
}
