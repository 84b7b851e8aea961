/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls of the program's own functions, and returns.
 */
#include <errno.h>

#include "isa/table.h"
#include "verify/name.h"

static int enter(struct skep_walk *walk, uint32_t func)
{
	struct skep_state *state = walk->state;
	struct skep_frame *caller = skep_state_frame(state), *frame;

	if (state->depth + 1 >= SKEP_VERIFY_FRAMES_MAX)
		return skep_reject(walk, SKEP_REASON_LIMIT, -1,
				   "calls are nested deeper than %d functions",
				   SKEP_VERIFY_FRAMES_MAX);
	frame = skep_frame_new(func, walk->insn, ++walk->next_instance);
	for (unsigned reg = SKEP_R1; reg <= SKEP_R5; reg++)
		frame->regs[reg] = caller->regs[reg];
	skep_forget_call_regs(walk);
	skep_state_push(state, frame);
	frame->regs[SKEP_R10] = skep_value_pointer(SKEP_VALUE_STACK, 0);
	frame->regs[SKEP_R10].frame = (uint8_t)state->depth;
	walk->next = walk->code.funcs[func].first;
	return 0;
}

int skep_step_call(struct skep_walk *walk, struct skep_insn insn)
{
	int64_t target;

	walk->n_jumps++;
	if (walk->state->lock_map && insn.src == SKEP_CALL_KFUNC)
		return skep_undecided(
			walk, "not judged: a function of the kernel, called while a lock is held");
	switch (insn.src) {
	case SKEP_CALL_HELPER:
		return skep_call_helper(walk, insn);
	case SKEP_CALL_LOCAL:
		(void)skep_insn_target(insn, walk->insn, &target);
		if (skep_func_is_global(walk, walk->code.info[target].func))
			return skep_call_global(walk, walk->code.info[target].func);
		return enter(walk, walk->code.info[target].func);
	default:
		return skep_call_kfunc(walk, insn);
	}
}

static void hint_release(struct skep_walk *walk, uint32_t insn)
{
	const struct skep_helper *h = skep_helper_find(walk->code.insns[insn].imm);

	if (h && skep_has_prefix(h->name, "ringbuf_reserve"))
		skep_report_hint(
			walk,
			"bpf_ringbuf_submit() or bpf_ringbuf_discard() on every path, this one included");
	else if (h && skep_has_prefix(h->name, "sk"))
		skep_report_hint(walk, "bpf_sk_release() on every path, this one included");
	else
		skep_report_hint(walk, "release it on every path, this one included");
}

static int check_nothing_held(struct skep_walk *walk, const char *where, uint8_t from_frame)
{
	const struct skep_state *state = walk->state;

	if (state->lock_map)
		return skep_reject(walk, SKEP_REASON_REFERENCE, -1, "a lock is still held at %s",
				   where);
	for (uint32_t i = 0; i < state->n_refs; i++) {
		if (state->refs[i].frame < from_frame)
			continue;
		skep_report(walk, SKEP_REASON_REFERENCE, -1, "%s is not given back at %s",
			    skep_text_of_held(walk, state->refs[i].insn), where);
		hint_release(walk, state->refs[i].insn);
		return -EINVAL;
	}
	return 0;
}

void skep_widen(struct skep_state *now, const struct skep_state *from, uint32_t insn)
{
	const struct skep_state *before = from;

	while (before && (before->insn != insn || before->depth != now->depth))
		before = before->parent;
	if (!before)
		return;
	SKEP_FOR_EACH_VALUE(v, at, now)
	{
		const struct skep_value *old = skep_state_at(before, at);
		struct skep_value *own;

		if (v->kind != SKEP_VALUE_NUMBER || !old || old->kind != SKEP_VALUE_NUMBER ||
		    skep_state_is_precise(before, at) ||
		    memcmp(&old->num, &v->num, sizeof(v->num)) == 0)
			continue;
		own = skep_state_edit(now, at);
		own->num = skep_scalar_unknown();
		skep_value_unlink(own);
	}
}

/* What callbacks may return. */
static bool is_zero_or_one(const struct skep_scalar *num)
{
	struct skep_scalar allowed = skep_scalar_unknown();

	allowed.r64 = (struct skep_range){ 0, 1, 0, 1 };
	skep_scalar_sync(&allowed);
	return skep_scalar_includes(&allowed, num);
}

static int leave(struct skep_walk *walk)
{
	struct skep_state *state = walk->state;
	const struct skep_frame *frame = skep_state_frame(state);
	bool is_callback = frame->callback;
	uint32_t callsite = frame->callsite;
	struct skep_value result = frame->regs[SKEP_R0];
	int r;

	if (result.kind == SKEP_VALUE_STACK)
		return skep_reject(
			walk, SKEP_REASON_ACCESS, SKEP_R0,
			"a pointer into the stack of a function is returned, which ends with it");
	if (is_callback) {
		r = skep_need_set(walk, SKEP_R0);
		if (r < 0)
			return r;
		if (result.kind != SKEP_VALUE_NUMBER || !is_zero_or_one(&result.num)) {
			skep_report(walk, SKEP_REASON_RETURN, SKEP_R0,
				    "a callback returns something other than 0 or 1");
			skep_report_hint(walk, "0 goes on with the next round, 1 ends");
			return -EINVAL;
		}
		r = skep_need_precise(walk, SKEP_R0);
		if (r == 0)
			r = check_nothing_held(walk, "the end of the callback",
					       (uint8_t)state->depth);
		if (r < 0)
			return r;
	}
	skep_state_pop(state);
	walk->next = is_callback ? callsite : callsite + 1;
	if (is_callback)
		skep_widen(state, state->parent, callsite);
	else
		skep_state_frame(state)->regs[SKEP_R0] = result;
	return 0;
}

int skep_fork_return(struct skep_walk *walk, uint64_t result)
{
	struct skep_frame *frame = skep_walk_frame(walk);
	struct skep_state *other;

	if (frame->callback)
		return skep_undecided(walk,
				      "not judged: a function that may end early, as a callback");
	other = skep_fork(walk, frame->callsite + 1);
	if (!other)
		return -EINVAL;
	skep_state_pop(other);
	skep_state_frame(other)->regs[SKEP_R0] = skep_value_const(result);
	return 0;
}

static int check_number_returned(struct skep_walk *walk)
{
	const struct skep_value *r0 = skep_walk_reg(walk, SKEP_R0);

	if (r0->kind == SKEP_VALUE_NUMBER)
		return 0;
	return skep_reject(walk, SKEP_REASON_RETURN, SKEP_R0,
			   "a global function returns %s; only numbers are allowed",
			   skep_value_kind_text(r0));
}

static int check_timer_returned(struct skep_walk *walk)
{
	const struct skep_value *r0 = skep_walk_reg(walk, SKEP_R0);

	if (skep_value_is_const(r0) && r0->num.bits.value == 0)
		return skep_need_precise(walk, SKEP_R0);
	return skep_reject(walk, SKEP_REASON_RETURN, SKEP_R0,
			   "what a timer calls has to return 0, but may return something else");
}

int skep_step_exit(struct skep_walk *walk)
{
	int r;

	walk->n_jumps++;
	if (walk->state->depth > 0)
		return leave(walk);
	r = check_nothing_held(walk, "the end of the program", 0);
	if (r == 0)
		r = skep_need_set(walk, SKEP_R0);
	if (r == 0 && skep_walk_frame(walk)->callback == SKEP_CALLBACK_LATER)
		r = check_timer_returned(walk);
	else if (r == 0)
		r = walk->root ? check_number_returned(walk)
			       : skep_walk_check_return(walk, "the program");
	walk->ended = true;
	return r;
}
