/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Callbacks: a helper that calls a function of the program any number of times.
 *
 * Two paths go on from the call: one behind it, as if no more rounds came, and one through the function, which comes back
 * to the call itself. Rounds end when one brings nothing new (prune.c), or when the number of rounds is known.
 */
#include <errno.h>

#include "verify/walk.h"

/* Whether it is known what the function gets. *ret_type: of the object among it, if there is one. */
static int find_object(struct skep_walk *walk, const struct skep_call_facts *facts,
		       uint32_t *ret_type)
{
	switch (facts->helper->id) {
	case SKEP_HELPER_LOOP:
	case SKEP_HELPER_FOR_EACH_MAP_ELEM:
	case SKEP_HELPER_TIMER_SET_CALLBACK:
		return 0;
	case SKEP_HELPER_FIND_VMA:
		if (walk->options->btf && skep_btf_find(walk->options->btf, "vm_area_struct",
							SKEP_BTF_STRUCT, ret_type) == 0)
			return 0;
		return skep_undecided(walk, "not judged without the kernel's BTF: what %s calls",
				      facts->helper->name);
	default:
		return skep_undecided(walk, "not judged: what %s calls", facts->helper->name);
	}
}

/* What the helper gives the function in its argument registers. */
static void set_arguments(struct skep_walk *walk, struct skep_frame *frame,
			  const struct skep_frame *caller, const struct skep_call_facts *facts,
			  uint32_t object)
{
	struct skep_value key = skep_value_pointer(SKEP_VALUE_MAP_KEY, 0);
	struct skep_value value = skep_value_pointer(SKEP_VALUE_MAP_VALUE, 0);

	if (facts->has_map)
		value.map = facts->map.map;
	value.inner_map = facts->map.inner_map;
	if (facts->has_map && skep_special_has_lock(walk, &value)) {
		value.flags |= SKEP_VALUE_LOCKABLE;
		value.id = skep_walk_id(walk);
	}
	switch (facts->helper->id) {
	case SKEP_HELPER_LOOP: /* (index, context) */
		frame->regs[SKEP_R1] = skep_value_number();
		frame->regs[SKEP_R2] = caller->regs[SKEP_R3];
		return;
	case SKEP_HELPER_FOR_EACH_MAP_ELEM: /* (map, key, value, context) */
		key.map = facts->map.map;
		key.inner_map = facts->map.inner_map;
		frame->regs[SKEP_R1] = facts->map;
		frame->regs[SKEP_R2] = key;
		frame->regs[SKEP_R3] = value;
		frame->regs[SKEP_R4] = caller->regs[SKEP_R3];
		return;
	default: /* find_vma: (task, area, context) */
		frame->regs[SKEP_R1] = caller->regs[SKEP_R1];
		frame->regs[SKEP_R2] = skep_value_pointer(SKEP_VALUE_OBJECT, 0);
		frame->regs[SKEP_R2].type = object;
		frame->regs[SKEP_R3] = caller->regs[SKEP_R4];
	}
}

/*
 * What a timer calls, it calls later: a path of its own, with nothing of this one. Meetings tell it from others by its number
 * of rounds, so that a function that sets itself again is no loop without end.
 */
static int call_later(struct skep_walk *walk, const struct skep_call_facts *facts, uint32_t func)
{
	struct skep_state *fresh;
	struct skep_value map = skep_value_pointer(SKEP_VALUE_MAP, 0);
	struct skep_value key = skep_value_pointer(SKEP_VALUE_MAP_KEY, 0);
	struct skep_value value = skep_value_pointer(SKEP_VALUE_MAP_VALUE, 0);
	struct skep_frame *frame;

	if (!skep_may_open(walk))
		return -EINVAL;
	fresh = skep_state_new();
	frame = skep_state_frame(fresh);
	map.map = key.map = value.map = facts->timer_map.map;
	if (skep_special_has_lock(walk, &value)) {
		value.flags |= SKEP_VALUE_LOCKABLE;
		value.id = skep_walk_id(walk);
	}
	frame->func = func;
	frame->callback = SKEP_CALLBACK_LATER;
	frame->instance = ++walk->next_instance;
	frame->regs[SKEP_R1] = map;
	frame->regs[SKEP_R2] = key;
	frame->regs[SKEP_R3] = value;
	frame->regs[SKEP_R10] = skep_value_pointer(SKEP_VALUE_STACK, 0);
	fresh->unrolled = frame->instance;
	skep_vec_add(&walk->open, (struct skep_open_path){ fresh, walk->code.funcs[func].first });
	return 0;
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
	uint32_t object = 0;
	int r = find_object(walk, facts, &object);

	if (r < 0)
		return r;
	if (facts->helper->id == SKEP_HELPER_TIMER_SET_CALLBACK)
		return call_later(walk, facts, func);
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
	set_arguments(walk, frame, caller, facts, object);
	frame->callback = SKEP_CALLBACK_SYNC;
	caller->callback_depth++;
	skep_state_push(other, frame);
	frame->regs[SKEP_R10] = skep_value_pointer(SKEP_VALUE_STACK, 0);
	frame->regs[SKEP_R10].frame = (uint8_t)other->depth;
	other->unrolled++;
	skep_walk_frame(walk)->callback_depth = 0;
	return r;
}
