/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Precision: which numbers a verdict depended on.
 *
 * Most numbers never matter: a state that differs from a kept one only in those is the same. When a check does depend on a
 * number, the trace is walked back to find all registers and slots that it was computed from, and they are marked in the
 * kept states on the way. Marked numbers have to lie in the kept one's range for a state to count as known.
 *
 *	r1 = r2 + 4;  ...  r3 += r1 (a pointer)     needs r1  ─►  needs r2  ─►  marked in the kept state before
 *
 * Each step is undone: what was needed after it in its destination is needed before it in its sources.
 */
#include <errno.h>

#include "verify/walk.h"

#define BIT(reg) ((uint16_t)(1u << (reg)))
#define ARGS ((uint16_t)(BIT(SKEP_R1) | BIT(SKEP_R2) | BIT(SKEP_R3) | BIT(SKEP_R4) | BIT(SKEP_R5)))

struct back {
	struct skep_walk *walk;
	struct skep_needs needs;
	uint32_t later_depth; /* of the step that follows on the path */
	uint32_t later_insn;
};

static bool is_done(const struct skep_needs *needs)
{
	for (unsigned f = 0; f < SKEP_VERIFY_FRAMES_MAX; f++)
		if (needs->regs[f] || needs->slots[f])
			return false;
	return true;
}

static bool needs_link(const struct skep_needs *needs, const struct skep_link *link)
{
	if (link->is_slot)
		return needs->slots[link->frame] & 1ULL << link->index;
	return needs->regs[link->frame] & BIT(link->index);
}

/* A number that was narrowed together with others depends on them all. */
static void undo_links(struct back *b, const struct skep_step *step)
{
	const struct skep_links *links;
	bool any = false;

	if (!step->links)
		return;
	links = &b->walk->links.data[step->links - 1];
	for (uint32_t i = 0; i < links->n; i++)
		any |= needs_link(&b->needs, &links->link[i]);
	for (uint32_t i = 0; any && i < links->n; i++) {
		if (links->link[i].is_slot)
			b->needs.slots[links->link[i].frame] |= 1ULL << links->link[i].index;
		else
			b->needs.regs[links->link[i].frame] |= BIT(links->link[i].index);
	}
}

static void undo_alu(struct skep_insn insn, uint16_t *regs)
{
	unsigned op = insn.opcode & SKEP_OP_MASK;
	bool by_reg = (insn.opcode & SKEP_SRC_MASK) == SKEP_SRC_X && op != SKEP_ALU_NEG &&
		      op != SKEP_ALU_END;

	if (!(*regs & BIT(insn.dst)))
		return;
	if (op == SKEP_ALU_MOV)
		*regs &= (uint16_t)~BIT(insn.dst);
	if (by_reg && insn.src != SKEP_R10)
		*regs |= BIT(insn.src);
}

static void undo_load(struct back *b, const struct skep_step *step, uint16_t *regs, unsigned dst)
{
	if (!(*regs & BIT(dst)))
		return;
	*regs &= (uint16_t)~BIT(dst);
	if (step->on_stack)
		b->needs.slots[step->frame] |= 1ULL << step->slot;
}

static int undo_store(struct back *b, const struct skep_step *step, struct skep_insn insn,
		      uint16_t *regs)
{
	uint64_t slot = 1ULL << step->slot;
	bool atomic = skep_insn_class(insn) == SKEP_CLASS_STX &&
		      (insn.opcode & SKEP_MODE_MASK) == SKEP_MODE_ATOMIC &&
		      insn.imm != SKEP_ATOMIC_STORE_REL; /* a store like others */

	if (atomic && insn.imm == SKEP_ATOMIC_LOAD_ACQ) {
		undo_load(b, step, regs, insn.dst);
		return 0;
	}
	if (atomic && insn.imm & SKEP_ATOMIC_FETCH)
		undo_load(b, step, regs, insn.imm == SKEP_ATOMIC_CMPXCHG ? SKEP_R0 : insn.src);
	if (*regs & BIT(insn.dst))
		return -EOPNOTSUPP; /* an address is not a number */
	if (!step->on_stack || !(b->needs.slots[step->frame] & slot) || atomic)
		return 0;
	b->needs.slots[step->frame] &= ~slot;
	if (skep_insn_class(insn) == SKEP_CLASS_STX)
		*regs |= BIT(insn.src);
	return 0;
}

static int undo_call(struct back *b, const struct skep_step *step, struct skep_insn insn,
		     uint16_t *regs)
{
	bool entered = b->later_depth > step->depth;

	if (entered) {
		uint16_t *inner = &b->needs.regs[step->depth + 1];

		/* arguments of a function are the caller's registers; a callback's are made up by who calls it */
		if (insn.src == SKEP_CALL_LOCAL)
			*regs |= *inner & ARGS;
		*inner = 0;
		b->needs.slots[step->depth + 1] = 0;
		return 0;
	}
	*regs &= (uint16_t)~BIT(SKEP_R0);
	return *regs & ARGS ? -EOPNOTSUPP : 0;
}

/* The path comes out of a function here: going back, it enters it at its end. */
static void undo_exit(struct back *b, const struct skep_step *step)
{
	uint16_t *outer;
	bool was_call;

	if (step->depth == 0)
		return;
	outer = &b->needs.regs[step->depth - 1];
	was_call = b->later_insn > 0 && skep_insn_is_call(b->walk->code.insns[b->later_insn - 1]) &&
		   b->walk->code.insns[b->later_insn - 1].src == SKEP_CALL_LOCAL;
	if (!was_call) { /* a callback: it goes back to the call itself, whose arguments are set there */
		*outer &= (uint16_t)~BIT(SKEP_R0);
		return;
	}
	b->needs.regs[step->depth] = *outer & BIT(SKEP_R0);
	*outer &= (uint16_t)~BIT(SKEP_R0);
}

static int undo_jump(struct skep_insn insn, uint16_t *regs)
{
	unsigned op = insn.opcode & SKEP_OP_MASK;

	if (op == SKEP_JMP_JA || op == SKEP_JMP_JCOND ||
	    (insn.opcode & SKEP_SRC_MASK) != SKEP_SRC_X)
		return 0;
	/* two numbers that were compared: each got its range from the other */
	if (*regs & (BIT(insn.dst) | BIT(insn.src)))
		*regs |= BIT(insn.dst) | BIT(insn.src);
	return 0;
}

static int undo(struct back *b, const struct skep_step *step)
{
	struct skep_insn insn = b->walk->code.insns[step->insn];
	uint16_t *regs = &b->needs.regs[step->depth];
	int r = 0;

	undo_links(b, step);
	switch (skep_insn_class(insn)) {
	case SKEP_CLASS_ALU:
	case SKEP_CLASS_ALU64:
		undo_alu(insn, regs);
		break;
	case SKEP_CLASS_LDX:
		undo_load(b, step, regs, insn.dst);
		break;
	case SKEP_CLASS_ST:
	case SKEP_CLASS_STX:
		r = undo_store(b, step, insn, regs);
		break;
	case SKEP_CLASS_LD:
		if (skep_insn_is_wide(insn))
			*regs &= (uint16_t)~BIT(insn.dst);
		else
			r = *regs & (ARGS | BIT(SKEP_R0)) ? -EOPNOTSUPP : 0;
		break;
	default:
		if (skep_insn_is_call(insn))
			r = undo_call(b, step, insn, regs);
		else if (skep_insn_is_exit(insn))
			undo_exit(b, step);
		else
			r = undo_jump(insn, regs);
		undo_links(b, step);
		break;
	}
	b->needs.regs[step->depth] &= (uint16_t)~BIT(SKEP_R10);
	return r;
}

/* Marks what is needed in a kept state. What is no number, or marked already, is settled. */
static void mark(struct skep_state *state, struct skep_needs *needs)
{
	for (unsigned f = 0; f < SKEP_VERIFY_FRAMES_MAX; f++) {
		const struct skep_frame *frame = f <= state->depth ? state->frames[f] : NULL;
		uint16_t regs = 0;
		uint64_t slots = 0;

		for (unsigned reg = 0; frame && reg < SKEP_N_REGS; reg++)
			if (frame->regs[reg].kind == SKEP_VALUE_NUMBER)
				regs |= BIT(reg);
		for (unsigned slot = 0; frame && slot < skep_frame_n_slots(frame); slot++) {
			const struct skep_slot *s = skep_frame_slot(frame, slot);

			if (skep_slot_is_saved(s) && s->value.kind == SKEP_VALUE_NUMBER)
				slots |= 1ULL << slot;
		}
		needs->regs[f] &= regs & (uint16_t)~state->precise_regs[f];
		needs->slots[f] &= slots & ~state->precise_slots[f];
		state->precise_regs[f] |= needs->regs[f];
		state->precise_slots[f] |= needs->slots[f];
	}
}

/* What could not be followed: every number on the way is taken as needed. */
static void mark_everything(struct skep_state *state)
{
	struct skep_needs all;

	for (state = state->parent; state; state = state->parent) {
		memset(&all, 0xff, sizeof(all));
		mark(state, &all);
	}
}

static void walk_back(struct skep_walk *walk, struct skep_state *state, struct skep_needs needs,
		      bool skip_last)
{
	struct back b = {
		.walk = walk, .needs = needs, .later_depth = state->depth, .later_insn = walk->insn
	};
	struct skep_state *from = state;

	for (; state; state = state->parent) {
		for (size_t i = state->trace.len; i-- > 0;) {
			const struct skep_step *step = &state->trace.data[i];

			if (skip_last) {
				skip_last = false;
			} else if (undo(&b, step) < 0) {
				mark_everything(from);
				return;
			}
			if (is_done(&b.needs))
				return;
			b.later_depth = step->depth;
			b.later_insn = step->insn;
		}
		if (!state->parent)
			return;
		mark(state->parent, &b.needs);
		if (is_done(&b.needs))
			return;
	}
}

void skep_need_precise_of(struct skep_walk *walk, struct skep_state *state, struct skep_needs needs)
{
	walk_back(walk, state, needs, false);
}

int skep_need_precise(struct skep_walk *walk, unsigned reg)
{
	struct skep_needs needs = {};

	if (skep_walk_reg(walk, reg)->kind != SKEP_VALUE_NUMBER)
		return 0;
	needs.regs[walk->state->depth] = BIT(reg);
	walk_back(walk, walk->state, needs, true);
	return 0;
}
