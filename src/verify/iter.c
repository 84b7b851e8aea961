/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Iterators: bpf_iter_num_new, _next, _destroy, which bpf_for() and bpf_repeat() are made of.
 *
 * An iterator is a slot of the stack (SKEP_VALUE_ITER) and a reference, so that it is destroyed on every path. Two paths go
 * on from a call of next: one where no number came, one through the loop's body. The loop ends when a round brings nothing
 * new (prune.c): numbers that changed from one round to the next, and did not matter so far, are taken as any.
 */
#include <errno.h>

#include "verify/walk.h"

enum {
	ACTIVE,
	DRAINED
}; /* in `off` of the value */

/* The slot that an argument points to: eight bytes at a known place. */
static int find_slot(struct skep_walk *walk, unsigned reg, const char *name, uint32_t *ret_slot)
{
	const struct skep_value *v = skep_walk_reg(walk, reg);
	int64_t at;
	int r = skep_need_set(walk, reg);

	if (r < 0)
		return r;
	if (v->kind != SKEP_VALUE_STACK)
		return skep_reject(walk, SKEP_REASON_TYPE, (int)reg,
				   "%s takes an iterator on the stack in r%u, which is %s here",
				   name, reg, skep_value_kind_text(v));
	at = (int64_t)v->off + (int64_t)v->num.bits.value;
	if (!skep_scalar_is_const(&v->num) || at % 8 || at > -8 || at < -SKEP_STACK_SIZE)
		return skep_reject(
			walk, SKEP_REASON_BOUNDS, (int)reg,
			"%s takes an iterator of 8 bytes at an aligned and known place of the stack",
			name);
	*ret_slot = (uint32_t)(-at / 8 - 1);
	return 0;
}

static int check_number(struct skep_walk *walk, unsigned reg, const char *name)
{
	int r = skep_need_set(walk, reg);

	if (r < 0 || skep_walk_reg(walk, reg)->kind == SKEP_VALUE_NUMBER)
		return r;
	return skep_reject(walk, SKEP_REASON_TYPE, (int)reg,
			   "%s takes a number in r%u, which is %s", name, reg,
			   skep_value_kind_text(skep_walk_reg(walk, reg)));
}

static int make(struct skep_walk *walk, const char *name)
{
	uint32_t frame = skep_walk_reg(walk, SKEP_R1)->frame, index;
	struct skep_value result = skep_value_number();
	const struct skep_frame *f;
	struct skep_slot *slot;
	int r = find_slot(walk, SKEP_R1, name, &index);

	if (r == 0)
		r = check_number(walk, SKEP_R2, name);
	if (r == 0)
		r = check_number(walk, SKEP_R3, name);
	if (r < 0)
		return r;
	f = walk->state->frames[frame];
	walk->stack_depth[f->func] = MAX(walk->stack_depth[f->func], 8 * (index + 1));
	if (skep_slot_is_iterator(skep_frame_slot(f, index)))
		return skep_reject(walk, SKEP_REASON_REFERENCE, SKEP_R1,
				   "%s makes an iterator where one is that was not destroyed",
				   name);
	if (index >= skep_frame_n_slots(f))
		skep_frame_grow(skep_state_own_frame(walk->state, frame), index);
	slot = skep_frame_edit_slot(skep_state_own_frame(walk->state, frame), index);
	skep_state_note_write(walk->state, frame, index);
	memset(slot->bytes, SKEP_BYTE_SAVED, sizeof(slot->bytes));
	slot->value = skep_value_pointer(SKEP_VALUE_ITER, 0);
	slot->value.off = ACTIVE;
	slot->value.ref = skep_walk_id(walk);
	slot->value.born = walk->insn;
	skep_state_acquire(walk->state, slot->value.ref, walk->insn);
	skep_forget_call_regs(walk);
	return skep_set_reg(walk, SKEP_R0, &result);
}

/* The iterator that R1 points to, of the running state alone. */
static int find_iterator(struct skep_walk *walk, const char *name, struct skep_spot *ret_spot)
{
	uint32_t frame = skep_walk_reg(walk, SKEP_R1)->frame, index;
	int r = find_slot(walk, SKEP_R1, name, &index);

	if (r < 0)
		return r;
	if (!skep_slot_is_iterator(skep_frame_slot(walk->state->frames[frame], index)))
		return skep_reject(walk, SKEP_REASON_TYPE, SKEP_R1,
				   "%s takes an iterator in r1, and there is none on this path",
				   name);
	skep_state_note_read(walk->state, frame, index);
	*ret_spot = (struct skep_spot){ frame, SKEP_N_REGS + index };
	return 0;
}

static int next(struct skep_walk *walk, const char *name)
{
	struct skep_value number = skep_value_pointer(SKEP_VALUE_MEM, SKEP_VALUE_READ_ONLY);
	struct skep_value none = skep_value_const(0);
	const struct skep_state *before = walk->state->parent;
	struct skep_state *other;
	struct skep_spot spot;
	int r = find_iterator(walk, name, &spot);

	if (r < 0)
		return r;
	skep_forget_call_regs(walk);
	if (skep_state_at(walk->state, spot)->off == ACTIVE) {
		other = skep_fork(walk, walk->insn + 1);
		if (!other)
			return -EINVAL;
		/* the state that was kept just now is this one */
		if (before && before->insn == walk->insn)
			before = before->parent;
		skep_widen(other, before, walk->insn);
		other->unrolled++;
		number.size = 4;
		number.born = walk->insn;
		skep_state_frame(other)->regs[SKEP_R0] = number;
		skep_state_edit(walk->state, spot)->off = DRAINED;
	}
	return skep_set_reg(walk, SKEP_R0, &none);
}

static int destroy(struct skep_walk *walk, const char *name)
{
	struct skep_slot *slot;
	struct skep_spot spot;
	int r = find_iterator(walk, name, &spot);

	if (r < 0)
		return r;
	slot = skep_frame_edit_slot(skep_state_own_frame(walk->state, spot.frame),
				    spot.index - SKEP_N_REGS);
	r = skep_release_ref(walk, name, slot->value.ref);
	if (r < 0)
		return r;
	*slot = (struct skep_slot){ .users = slot->users };
	skep_state_note_write(walk->state, spot.frame, spot.index - SKEP_N_REGS);
	skep_forget_call_regs(walk);
	return 0;
}

/* The name that an instruction calls a function of the kernel by; NULL: not known. */
static const char *name_of_call(const struct skep_walk *walk, struct skep_insn insn)
{
	int32_t at = walk->code.info[walk->insn].reloc;

	if (at >= 0 && walk->code.relocs[at].kind == SKEP_RELOC_KFUNC)
		return walk->code.relocs[at].name;
	if (at < 0 && insn.off == 0 && insn.imm > 0 && walk->options->btf &&
	    skep_btf_kind(walk->options->btf, (uint32_t)insn.imm) == SKEP_BTF_FUNC)
		return skep_btf_name(walk->options->btf, (uint32_t)insn.imm);
	return NULL;
}

int skep_call_kfunc(struct skep_walk *walk, struct skep_insn insn)
{
	static const struct {
		const char *name;
		int (*judge)(struct skep_walk *walk, const char *name);
	} known[] = {
		{ "bpf_iter_num_new", make },
		{ "bpf_iter_num_next", next },
		{ "bpf_iter_num_destroy", destroy },
	};
	const char *name = name_of_call(walk, insn);
	uint32_t id;

	for (size_t k = 0; name && k < ARRAY_SIZE(known); k++) {
		if (!skep_streq(name, known[k].name))
			continue;
		if (walk->options->btf &&
		    skep_btf_find(walk->options->btf, name, SKEP_BTF_FUNC, &id) < 0)
			break;
		if (!skep_walk_is_gpl(walk))
			return skep_reject(
				walk, SKEP_REASON_CALL, -1,
				"functions of the kernel are only for programs under the GPL");
		return known[k].judge(walk, name);
	}
	if (name)
		return skep_undecided(walk, "not judged: calls of the kernel function %s", name);
	return skep_undecided(walk, "not judged: calls of kernel functions (kfuncs)");
}

bool skep_iter_is_active(const struct skep_state *state)
{
	const struct skep_value *v = &state->frames[state->depth]->regs[SKEP_R1];
	int64_t at = (int64_t)v->off + (int64_t)v->num.bits.value;
	const struct skep_slot *slot;

	if (v->kind != SKEP_VALUE_STACK || !skep_scalar_is_const(&v->num) || at % 8 || at > -8 ||
	    at < -SKEP_STACK_SIZE)
		return false;
	slot = skep_frame_slot(state->frames[v->frame], (uint32_t)(-at / 8 - 1));
	return skep_slot_is_iterator(slot) && slot->value.off == ACTIVE;
}
