/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One step of a path: the instruction is looked at with what is known of its operands, and leaves what is known of its
 * result.
 */
#include <errno.h>

#include "isa/table.h"
#include "verify/walk.h"

int skep_need_set(struct skep_walk *walk, unsigned reg)
{
	if (skep_walk_reg(walk, reg)->kind != SKEP_VALUE_NOTHING)
		return 0;
	skep_report(walk, SKEP_REASON_UNSET, (int)reg,
		    "r%u is read, but nothing was written to it on this path", reg);
	if (reg >= SKEP_R1 && reg <= SKEP_R5)
		skep_report_hint(
			walk,
			"calls use up r1 to r5: keep what is needed afterwards in r6 to r9 or on the stack");
	return -EINVAL;
}

int skep_set_reg(struct skep_walk *walk, unsigned reg, const struct skep_value *value)
{
	struct skep_value *to = skep_walk_reg(walk, reg);

	if (reg == SKEP_R10)
		return skep_reject(walk, SKEP_REASON_CODE, (int)reg,
				   "the frame pointer r10 cannot be written");
	*to = *value;
	to->born = walk->insn;
	if (walk->records)
		skep_record(walk, walk->state, reg);
	return 0;
}

void skep_forget_call_regs(struct skep_walk *walk)
{
	for (unsigned reg = SKEP_R0; reg <= SKEP_R5; reg++)
		*skep_walk_reg(walk, reg) = (struct skep_value){};
}

#define OPEN_PATHS_MAX 8192 /* the kernel's bound */

bool skep_may_open(struct skep_walk *walk)
{
	if (walk->open.len < OPEN_PATHS_MAX)
		return true;
	skep_report(walk, SKEP_REASON_LIMIT, -1,
		    "%d branches are still to be looked at when another one comes", OPEN_PATHS_MAX);
	skep_growth(walk);
	return false;
}

struct skep_state *skep_fork(struct skep_walk *walk, uint32_t insn)
{
	struct skep_state *state = walk->state, *other;

	if (!skep_may_open(walk))
		return NULL;
	walk->counts[walk->insn].splits++;
	if (insn <= walk->insn)
		walk->counts[walk->insn].backs++;
	other = skep_state_copy(state);
	other->parent = state->parent;
	if (other->parent)
		other->parent->open++;
	memcpy(other->wrote, state->wrote, sizeof(other->wrote));
	for (size_t i = 0; i < state->trace.len; i++)
		skep_vec_add(&other->trace, state->trace.data[i]);
	skep_vec_add(&walk->open, (struct skep_open_path){ other, insn });
	return other;
}

/* A wide instruction: a number, or the address of a map, a map's value or a function. */
static int load_constant(struct skep_walk *walk, struct skep_insn insn)
{
	int32_t at = walk->code.info[walk->insn].reloc;
	const struct skep_reloc *reloc = at >= 0 ? &walk->code.relocs[at] : NULL;
	struct skep_value v;

	walk->next = walk->insn + 2;
	if (reloc && (reloc->kind == SKEP_RELOC_MAP || reloc->kind == SKEP_RELOC_MAP_VALUE)) {
		v = skep_value_pointer(
			reloc->kind == SKEP_RELOC_MAP ? SKEP_VALUE_MAP : SKEP_VALUE_MAP_VALUE, 0);
		if (walk->spec->maps[reloc->index].type == SKEP_MAP_ARENA)
			return skep_undecided(walk, "not judged: arenas");
		v.map = reloc->index;
		v.off = (int32_t)reloc->addend;
		return skep_set_reg(walk, insn.dst, &v);
	}
	if (insn.src == SKEP_PSEUDO_FUNC) {
		int64_t target = 0;

		(void)skep_insn_target(insn, walk->insn, &target);
		v = skep_value_pointer(SKEP_VALUE_FUNC, 0);
		v.func = walk->code.info[target].func;
		return skep_set_reg(walk, insn.dst, &v);
	}
	if (insn.src != SKEP_PSEUDO_NONE)
		return skep_undecided(
			walk,
			"this refers to something outside of the program that is not known here");
	v = skep_value_const(skep_insn_imm64(insn, walk->code.insns[walk->insn + 1]));
	return skep_set_reg(walk, insn.dst, &v);
}

int skep_step(struct skep_walk *walk)
{
	struct skep_insn insn = walk->code.insns[walk->insn];

	skep_vec_add(&walk->state->trace,
		     (struct skep_step){ .insn = walk->insn,
					 .depth = (uint8_t)walk->state->depth });
	walk->next = walk->insn + 1;
	switch (skep_insn_class(insn)) {
	case SKEP_CLASS_ALU:
	case SKEP_CLASS_ALU64:
		return skep_step_alu(walk, insn);
	case SKEP_CLASS_LDX:
		return skep_step_load(walk, insn);
	case SKEP_CLASS_ST:
		return skep_step_store(walk, insn);
	case SKEP_CLASS_STX:
		return (insn.opcode & SKEP_MODE_MASK) == SKEP_MODE_ATOMIC
			       ? skep_step_atomic(walk, insn)
			       : skep_step_store(walk, insn);
	case SKEP_CLASS_LD:
		return skep_insn_is_wide(insn) ? load_constant(walk, insn)
					       : skep_step_packet_load(walk, insn);
	default:
		if (skep_insn_is_call(insn))
			return skep_step_call(walk, insn);
		if (skep_insn_is_exit(insn))
			return skep_step_exit(walk);
		return skep_step_jump(walk, insn);
	}
}
