/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Callbacks: a helper that calls a function of the program any number of times.
 *
 * Two paths go on from the call: one behind it, as if no more rounds came, and one through the function, which comes back
 * to the call itself. Rounds end when one brings nothing new (prune.c), or when the number of rounds is known.
 */
#include <errno.h>

#include "verify/walk.h"

/* What the helper gives the function in its argument registers. */
static int set_arguments(struct skep_walk *walk, struct skep_frame *frame,
			 const struct skep_frame *caller, const struct skep_call_facts *facts)
{
	struct skep_value key = skep_value_pointer(SKEP_VALUE_MAP_KEY, 0);
	struct skep_value value = skep_value_pointer(SKEP_VALUE_MAP_VALUE, 0);

	switch (facts->helper->id) {
	case SKEP_HELPER_LOOP: /* (index, context) */
		frame->regs[SKEP_R1] = skep_value_number();
		frame->regs[SKEP_R2] = caller->regs[SKEP_R3];
		return 0;
	case SKEP_HELPER_FOR_EACH_MAP_ELEM: /* (map, key, value, context) */
		key.map = value.map = facts->map.map;
		key.inner_map = value.inner_map = facts->map.inner_map;
		frame->regs[SKEP_R1] = facts->map;
		frame->regs[SKEP_R2] = key;
		frame->regs[SKEP_R3] = value;
		frame->regs[SKEP_R4] = caller->regs[SKEP_R3];
		return 0;
	default:
		return skep_undecided(walk, "not judged: what %s calls", facts->helper->name);
	}
}

static bool rounds_are_over(struct skep_walk *walk, const struct skep_call_facts *facts)
{
	if (facts->helper->id != SKEP_HELPER_LOOP)
		return false;
	return skep_walk_frame(walk)->callback_depth >= skep_walk_reg(walk, SKEP_R1)->num.r64.umax;
}

int skep_call_back(struct skep_walk *walk, const struct skep_call_facts *facts)
{
	uint32_t func = skep_walk_reg(walk, (unsigned)facts->func_reg)->func;
	struct skep_frame *frame, *caller;
	struct skep_state *other;
	int r = 0;

	if (facts->helper->id == SKEP_HELPER_LOOP) {
		if (skep_walk_reg(walk, SKEP_R1)->kind != SKEP_VALUE_NUMBER)
			return skep_reject(walk, SKEP_REASON_TYPE, SKEP_R1,
					   "the number of rounds in r1 is %s",
					   skep_value_kind_text(skep_walk_reg(walk, SKEP_R1)));
		r = skep_need_precise(walk, SKEP_R1);
	}
	if (r < 0)
		return r;
	if (rounds_are_over(walk, facts)) {
		skep_walk_frame(walk)->callback_depth = 0;
		return 0;
	}
	if (walk->state->depth + 1 >= SKEP_VERIFY_FRAMES_MAX)
		return skep_reject(walk, SKEP_REASON_LIMIT, -1,
				   "calls are nested deeper than %d functions",
				   SKEP_VERIFY_FRAMES_MAX);
	other = skep_fork(walk, walk->code.funcs[func].first);
	if (!other)
		return -EINVAL;
	caller = skep_state_frame(other);
	frame = skep_frame_new(func, walk->insn, ++walk->next_instance);
	r = set_arguments(walk, frame, caller, facts);
	frame->callback = SKEP_CALLBACK_SYNC;
	caller->callback_depth++;
	skep_state_push(other, frame);
	frame->regs[SKEP_R10] = skep_value_pointer(SKEP_VALUE_STACK, 0);
	frame->regs[SKEP_R10].frame = (uint8_t)other->depth;
	other->unrolled++;
	skep_walk_frame(walk)->callback_depth = 0;
	return r;
}
