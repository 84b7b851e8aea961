/* SPDX-License-Identifier: Apache-2.0 */
#include "obj/need.h"

#include <errno.h>

static bool has_offset(struct skep_insn insn)
{
	unsigned class = insn.opcode & SKEP_CLASS_MASK;

	return class == SKEP_CLASS_LDX || class == SKEP_CLASS_ST || class == SKEP_CLASS_STX;
}

static bool has_immediate(struct skep_insn insn)
{
	unsigned class = insn.opcode & SKEP_CLASS_MASK;

	return (class == SKEP_CLASS_ALU || class == SKEP_CLASS_ALU64) &&
	       !(insn.opcode & SKEP_SRC_X);
}

int skep_need_apply(struct skep_spec_prog *prog, const struct skep_reloc *reloc, uint64_t delta)
{
	struct skep_insn *insn;
	int64_t sum;
	uint64_t wide;

	if (reloc->insn >= prog->n_insns)
		return -EINVAL;
	insn = &prog->insns[reloc->insn];
	if (skep_insn_is_wide(*insn)) {
		if (reloc->insn + 1 >= prog->n_insns)
			return -EINVAL;
		wide = (uint64_t)(uint32_t)insn[1].imm << 32 | (uint32_t)insn->imm;
		wide += delta;
		insn->imm = (int32_t)(uint32_t)wide;
		insn[1].imm = (int32_t)(uint32_t)(wide >> 32);
		return 0;
	}
	if (!has_offset(*insn) && !has_immediate(*insn))
		return -EINVAL;
	sum = (has_offset(*insn) ? insn->off : insn->imm) + (int64_t)delta;
	if (has_offset(*insn)) {
		if (sum != (int16_t)sum)
			return -ERANGE;
		insn->off = (int16_t)sum;
	} else {
		if (sum != (int32_t)sum)
			return -ERANGE;
		insn->imm = (int32_t)sum;
	}
	return 0;
}

void skep_need_drop(struct skep_spec_prog *prog)
{
	size_t n = 0;

	for (size_t i = 0; i < prog->n_relocs; i++)
		if (prog->relocs[i].kind != SKEP_RELOC_NEED)
			prog->relocs[n++] = prog->relocs[i];
	prog->n_relocs = n;
}
