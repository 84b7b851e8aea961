/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of registers while code is emitted, in one pass: which are near the stack, and whether R1 is a map.
 *
 * The first is only a hint, which check comes first; the second is certain, for jit.c forgets it where jumps lead to.
 */
#include "vm/jit/emit.h"

static void set(struct jit *j, unsigned reg, bool stackish)
{
	uint16_t bit = (uint16_t)(1u << reg);

	j->stackish = (uint16_t)(stackish ? j->stackish | bit : j->stackish & ~bit);
	if (reg == SKEP_R1)
		j->r1_map = NULL;
}

static void follow_alu(struct jit *j, struct skep_insn insn)
{
	unsigned op = insn.opcode & SKEP_OP_MASK;
	bool wide = skep_insn_class(insn) == SKEP_CLASS_ALU64;
	bool from_stack = insn.opcode & SKEP_SRC_X && j->stackish >> insn.src & 1;
	bool stays = wide && op != SKEP_ALU_MOV && j->stackish >> insn.dst & 1;

	set(j, insn.dst,
	    stays || (wide && from_stack && (op == SKEP_ALU_MOV || op == SKEP_ALU_ADD)));
}

static void follow_constant(struct jit *j, uint32_t i)
{
	struct skep_insn insn = j->prog->insns[i];

	set(j, insn.dst, false);
	if (insn.dst == SKEP_R1 &&
	    (insn.src == SKEP_PSEUDO_MAP_FD || insn.src == SKEP_PSEUDO_MAP_IDX))
		j->r1_map = (const struct skep_vm_map *)(uintptr_t)j->prog->ops[i].imm;
}

/* What an atomic gives back may be anything. */
static void follow_atomic(struct jit *j, struct skep_insn insn)
{
	if (insn.imm == SKEP_ATOMIC_LOAD_ACQ)
		set(j, insn.dst, false);
	else if (insn.imm == SKEP_ATOMIC_CMPXCHG)
		set(j, SKEP_R0, false);
	else if (insn.imm & SKEP_ATOMIC_FETCH)
		set(j, insn.src, false);
}

void jit_follow(struct jit *j, uint32_t i)
{
	struct skep_insn insn = j->prog->insns[i];

	switch (skep_insn_class(insn)) {
	case SKEP_CLASS_ALU:
	case SKEP_CLASS_ALU64:
		follow_alu(j, insn);
		break;
	case SKEP_CLASS_LD:
		if (skep_insn_is_wide(insn))
			follow_constant(j, i);
		break;
	case SKEP_CLASS_LDX:
		set(j, insn.dst, false);
		break;
	case SKEP_CLASS_STX:
		if ((insn.opcode & SKEP_MODE_MASK) == SKEP_MODE_ATOMIC)
			follow_atomic(j, insn);
		break;
	default: /* Calls leave what they like in R0 to R5, where a stale hint does no harm. */
		if ((insn.opcode & SKEP_OP_MASK) == SKEP_JMP_CALL &&
		    skep_insn_class(insn) == SKEP_CLASS_JMP) {
			set(j, SKEP_R0, false);
			j->r1_map = NULL;
		}
		break;
	}
}
