/* SPDX-License-Identifier: Apache-2.0 */
/*
 * x86-64: sums that are not computed until somebody needs them.
 *
 * Programs compute addresses step by step (r2 = r10; r2 += -384; r3 <<= 3; r2 += r3), the CPU in one go, in the load or
 * store itself. So copies, additions and small shifts are only noted: a register's value is then base + (index << scale) +
 * disp of what machine registers hold (struct jit_sum). It is computed, with one lea, when an instruction needs it in its
 * register, before a machine register that it stands on changes, and where code meets other code. What nobody needs any
 * more (live.c) never is.
 *
 * Invariant: all noted sums are of registers that are needed. Before a register's note or content changes, others that
 * stand on its content are computed; so what stands on what has no circles, but for registers that stand on themselves.
 */
#include "vm/jit/x86_64.h"

#define DISP_MAX (1 << 30)

static struct jit_sum sum_of(const struct jit *j, unsigned reg)
{
	if (reg < SKEP_R10 && j->lazy[reg].on)
		return j->lazy[reg];
	return (struct jit_sum){ .on = true, .base = (int8_t)reg, .index = -1 };
}

static bool stands_on(const struct jit_sum *sum, unsigned reg)
{
	return sum->base == (int)reg || sum->index == (int)reg;
}

/* Computes what stands on the content of @reg, as far as it is in @live. */
static void settle_others(struct jit *j, unsigned reg, uint16_t live)
{
	for (unsigned r = 0; r < SKEP_R10; r++)
		if (r != reg && j->lazy[r].on && live >> r & 1 && stands_on(&j->lazy[r], reg))
			x_settle(j, r);
}

static void compute(struct jit *j, unsigned reg, struct jit_sum s)
{
	unsigned dst = x_regs[reg];

	if (s.base < 0 && s.disp == 0) {
		x_mov(j, W64, x_regs[s.index], dst);
		x_rr(j, W64, 0xc1, 4, dst); /* shl */
		jit_byte(j, s.scale);
	} else if (s.index < 0 && s.disp == 0) {
		x_mov(j, W64, x_regs[s.base], dst);
	} else if (s.index < 0 && s.base == (int)reg) {
		x_ri(j, W64, X_I_ADD, dst, s.disp);
	} else if (s.base == (int)reg && s.scale == 0 && s.disp == 0) {
		x_rr(j, W64, X_ADD, x_regs[s.index], dst);
	} else {
		x_mem(j, W64, X_LEA, dst, x_address(&s, 0));
	}
}

void x_settle(struct jit *j, unsigned reg)
{
	struct jit_sum sum = sum_of(j, reg);

	if (reg >= SKEP_R10 || !j->lazy[reg].on)
		return;
	settle_others(j, reg, UINT16_MAX);
	j->lazy[reg].on = false;
	compute(j, reg, sum);
}

void x_settle_all(struct jit *j, uint16_t needed)
{
	for (unsigned r = 0; r < SKEP_R10; r++)
		if (needed >> r & 1)
			x_settle(j, r);
	x_keep_only(j, 0);
}

void x_keep_only(struct jit *j, uint16_t live)
{
	for (unsigned r = 0; r < SKEP_R10; r++)
		j->lazy[r].on &= live >> r & 1;
}

struct x_address x_address(const struct jit_sum *sum, int32_t off)
{
	return (struct x_address){
		.base = sum->base < 0 ? X_NO_REG : x_regs[sum->base],
		.index = sum->index < 0 ? X_NO_REG : x_regs[sum->index],
		.scale = sum->scale,
		.disp = sum->disp + off,
	};
}

struct x_address x_address_of(const struct jit *j, unsigned reg, int32_t off)
{
	struct jit_sum sum = sum_of(j, reg);

	return x_address(&sum, off);
}

/* a + b as one sum. */
static bool add(struct jit_sum a, struct jit_sum b, struct jit_sum *ret)
{
	int8_t plain[4], scaled = -1;
	unsigned n = 0, scale = 0, n_scaled = 0;
	const struct jit_sum *both[2] = { &a, &b };
	int64_t disp = (int64_t)a.disp + b.disp;

	for (unsigned k = 0; k < 2; k++) {
		if (both[k]->base >= 0)
			plain[n++] = both[k]->base;
		if (both[k]->index >= 0 && both[k]->scale == 0)
			plain[n++] = both[k]->index;
		if (both[k]->index >= 0 && both[k]->scale > 0) {
			scaled = both[k]->index;
			scale = both[k]->scale;
			n_scaled++;
		}
	}
	if (disp > DISP_MAX || disp < -DISP_MAX || n_scaled > 1 || n + n_scaled > 2)
		return false;
	*ret = (struct jit_sum){ true, n ? plain[0] : -1, scaled, (uint8_t)scale, (int32_t)disp };
	if (n == 2)
		ret->index = plain[1];
	return true;
}

static bool shift(struct jit_sum a, unsigned by, struct jit_sum *ret)
{
	bool plain = a.index < 0, scaled = a.base < 0 && a.scale + by <= 3;

	if (by == 0 || by > 3 || a.disp || (!plain && !scaled))
		return false;
	*ret = (struct jit_sum){ true, -1, plain ? a.base : a.index,
				 (uint8_t)(plain ? by : a.scale + by), 0 };
	return true;
}

/* What the instruction makes of its register, if that is such a sum. */
static bool result_of(const struct jit *j, struct skep_insn insn, struct jit_sum *ret)
{
	struct jit_sum number = { .on = true, .base = -1, .index = -1, .disp = insn.imm };
	struct jit_sum dst = sum_of(j, insn.dst), src = sum_of(j, insn.src);

	switch (insn.opcode) {
	case SKEP_CLASS_ALU64 | SKEP_SRC_X | SKEP_ALU_MOV:
		*ret = src;
		return insn.off == 0;
	case SKEP_CLASS_ALU64 | SKEP_SRC_X | SKEP_ALU_ADD:
		return add(dst, src, ret);
	case SKEP_CLASS_ALU64 | SKEP_SRC_K | SKEP_ALU_ADD:
		return add(dst, number, ret);
	case SKEP_CLASS_ALU64 | SKEP_SRC_K | SKEP_ALU_LSH:
		return shift(dst, (unsigned)insn.imm, ret);
	default:
		return false;
	}
}

bool x_defer(struct jit *j, uint32_t i, uint16_t live)
{
	struct skep_insn insn = j->prog->insns[i];
	struct jit_sum sum;

	if (!result_of(j, insn, &sum))
		return false;
	settle_others(j, insn.dst, live);
	/* Settling may have changed what the sum stands on. */
	if (!result_of(j, insn, &sum))
		return false;
	sum.on = sum.base != (int)insn.dst || sum.index >= 0 || sum.disp;
	j->lazy[insn.dst] = sum;
	return true;
}

/* The register whose value may stay a sum, for it is an address only; or SKEP_N_REGS. */
static unsigned address_of(const struct jit *j, struct skep_insn insn)
{
	unsigned class = skep_insn_class(insn), reg = SKEP_N_REGS;

	if ((insn.opcode & SKEP_MODE_MASK) == SKEP_MODE_ATOMIC)
		return reg;
	if (class == SKEP_CLASS_LDX)
		reg = insn.src;
	else if (class == SKEP_CLASS_ST || class == SKEP_CLASS_STX)
		reg = insn.dst;
	return reg < SKEP_R10 && j->lazy[reg].on && j->lazy[reg].base < 0 ? SKEP_N_REGS : reg;
}

void x_prepare(struct jit *j, uint32_t i, uint16_t live)
{
	struct jit_regs regs = jit_regs_of(j, i);
	struct skep_insn insn = j->prog->insns[i];
	unsigned address = address_of(j, insn), class = skep_insn_class(insn);

	if (class == SKEP_CLASS_JMP || class == SKEP_CLASS_JMP32 ||
	    (class == SKEP_CLASS_LD && !skep_insn_is_wide(insn))) {
		x_settle_all(j, live | regs.reads);
		return;
	}
	for (unsigned r = 0; r < SKEP_R10; r++)
		if (regs.reads >> r & 1 &&
		    (r != address || (class == SKEP_CLASS_STX && r == insn.src)))
			x_settle(j, r);
	for (unsigned r = 0; r < SKEP_R10; r++)
		if (regs.writes >> r & 1)
			settle_others(j, r, live);
}

void x_written(struct jit *j, uint32_t i)
{
	x_keep_only(j, (uint16_t)~jit_regs_of(j, i).writes);
}
