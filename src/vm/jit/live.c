/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which registers are still needed behind an instruction: what nobody reads again need not be computed.
 *
 * Backwards over each function until nothing changes. A program that keeps it busy for more than PASSES_MAX rounds has all
 * registers needed everywhere: slower code, nothing else.
 */
#include <errno.h>
#include <string.h>

#include "vm/jit/emit.h"

#define PASSES_MAX 24
#define REG(r) (uint16_t)(1u << (r))
#define ARGS (uint16_t)0x3e /* R1 to R5 */
#define ALL (uint16_t)0x3ff /* but for R10, which never changes */

static struct jit_regs alu(struct skep_insn insn)
{
	unsigned op = insn.opcode & SKEP_OP_MASK;
	struct jit_regs regs = { 0, REG(insn.dst) };

	if (op != SKEP_ALU_MOV)
		regs.reads |= REG(insn.dst);
	if (insn.opcode & SKEP_SRC_X && op != SKEP_ALU_END)
		regs.reads |= REG(insn.src);
	return regs;
}

static struct jit_regs atomic(struct skep_insn insn)
{
	struct jit_regs regs = { REG(insn.dst) | REG(insn.src), 0 };

	switch (insn.imm) {
	case SKEP_ATOMIC_LOAD_ACQ:
		return (struct jit_regs){ REG(insn.src), REG(insn.dst) };
	case SKEP_ATOMIC_STORE_REL:
		return regs;
	case SKEP_ATOMIC_CMPXCHG:
		regs.reads |= REG(SKEP_R0);
		regs.writes = REG(SKEP_R0);
		return regs;
	default:
		if (insn.imm & SKEP_ATOMIC_FETCH)
			regs.writes = REG(insn.src);
		return regs;
	}
}

static struct jit_regs flow(const struct jit *j, uint32_t i)
{
	struct skep_insn insn = j->prog->insns[i];

	switch ((int)j->prog->ops[i].code) {
	case SKEP_OP_EXIT:
		return (struct jit_regs){ REG(SKEP_R0), 0 };
	case SKEP_OP_CALL_HELPER:
	case VM_CODE_OWN_HELPER:
		return (struct jit_regs){ ARGS, ARGS | REG(SKEP_R0) };
	case SKEP_OP_CALL_LOCAL:
	case VM_CODE_CALLX:
	case VM_CODE_TAIL_CALL:
		return (struct jit_regs){ ALL, 0 };
	case VM_CODE_TRAP:
	case SKEP_OP_CALL_KFUNC:
	case SKEP_OP_JA:
	case SKEP_OP_JAL:
	case SKEP_OP_JAX:
	case SKEP_OP_MAY_GOTO:
		return (struct jit_regs){};
	default:
		return (struct jit_regs){
			(uint16_t)(REG(insn.dst) | (insn.opcode & SKEP_SRC_X ? REG(insn.src) : 0)),
			0
		};
	}
}

struct jit_regs jit_regs_of(const struct jit *j, uint32_t i)
{
	struct skep_insn insn = j->prog->insns[i];

	switch (skep_insn_class(insn)) {
	case SKEP_CLASS_ALU:
	case SKEP_CLASS_ALU64:
		return alu(insn);
	case SKEP_CLASS_LD:
		if (skep_insn_is_wide(insn))
			return (struct jit_regs){ 0, REG(insn.dst) };
		return (struct jit_regs){ REG(insn.src), REG(SKEP_R0) };
	case SKEP_CLASS_LDX:
		return (struct jit_regs){ REG(insn.src), REG(insn.dst) };
	case SKEP_CLASS_ST:
		return (struct jit_regs){ REG(insn.dst), 0 };
	case SKEP_CLASS_STX:
		if ((insn.opcode & SKEP_MODE_MASK) == SKEP_MODE_ATOMIC)
			return atomic(insn);
		return (struct jit_regs){ REG(insn.dst) | REG(insn.src), 0 };
	default:
		return flow(j, i);
	}
}

uint16_t jit_live_after(const struct jit *j, uint32_t i)
{
	uint32_t next = i + 1 + skep_insn_is_wide(j->prog->insns[i]);
	uint16_t live = 0;
	int64_t target;

	switch ((int)j->prog->ops[i].code) {
	case SKEP_OP_EXIT:
	case VM_CODE_TRAP:
		return 0;
	case SKEP_OP_JA:
	case SKEP_OP_JAL:
		break;
	default:
		if (next < j->prog->n_insns)
			live = j->live[next];
		break;
	}
	return jit_is_jump(j, i, &target) ? live | j->live[target] : live;
}

/* Returns whether anything changed. */
static bool pass(struct jit *j, const struct jit_func *f, bool *ret_loops)
{
	bool changed = false;
	int64_t target;

	for (uint32_t i = f->end; i-- > f->start;) {
		struct jit_regs regs;
		uint16_t live;

		if (j->marks[i] & JIT_SECOND)
			continue;
		regs = jit_regs_of(j, i);
		live = (uint16_t)((jit_live_after(j, i) & ~regs.writes) | regs.reads);
		changed |= live != j->live[i];
		j->live[i] = live;
		*ret_loops |= jit_is_jump(j, i, &target) && target <= i;
	}
	return changed;
}

int jit_live(struct jit *j)
{
	j->live = calloc(j->prog->n_insns, sizeof(*j->live));
	if (!j->live)
		return -ENOMEM;
	for (uint32_t k = 0; k < j->prog->n_funcs; k++) {
		const struct jit_func *f = &j->funcs[k];
		unsigned n = 0;
		bool loops = false;

		while (pass(j, f, &loops) && loops && n < PASSES_MAX)
			n++;
		if (n == PASSES_MAX)
			memset(&j->live[f->start], 0xff, (f->end - f->start) * sizeof(*j->live));
	}
	return 0;
}
