/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/state.h"

#include <errno.h>

static void *allocate(size_t count, size_t size)
{
	void *p = calloc(count, size);

	if (!p)
		skep_oom();
	return p;
}

const struct skep_slot skep_slot_empty;

static void slot_drop(struct skep_slot *slot)
{
	if (slot && !--slot->users)
		free(slot);
}

static void stack_drop(struct skep_stack *stack)
{
	if (!stack || --stack->users)
		return;
	for (uint32_t i = 0; i < stack->n_slots; i++)
		slot_drop(stack->slots[i]);
	free(stack);
}

/* A stack of one user with at least @n_slots slots: the one given, or one that shares its slots. */
static struct skep_stack *stack_own(struct skep_stack *old, uint32_t n_slots)
{
	struct skep_stack *stack;
	uint32_t n_old = old ? old->n_slots : 0, n = MAX(n_old, n_slots);

	if (old && old->users == 1 && n == n_old)
		return old;
	stack = allocate(1, sizeof(*stack) + n * sizeof(stack->slots[0]));
	stack->users = 1;
	stack->n_slots = n;
	for (uint32_t i = 0; i < n_old; i++) {
		stack->slots[i] = old->slots[i];
		if (stack->slots[i])
			stack->slots[i]->users++;
	}
	stack_drop(old);
	return stack;
}

struct skep_frame *skep_frame_new(uint32_t func, uint32_t callsite, uint32_t instance)
{
	struct skep_frame *frame = allocate(1, sizeof(*frame));

	frame->users = 1;
	frame->func = func;
	frame->callsite = callsite;
	frame->instance = instance;
	return frame;
}

static void frame_drop(struct skep_frame *frame)
{
	if (--frame->users)
		return;
	stack_drop(frame->stack);
	free(frame);
}

void skep_frame_grow(struct skep_frame *frame, uint32_t slot)
{
	if (slot >= skep_frame_n_slots(frame))
		frame->stack = stack_own(frame->stack, slot + 1);
}

struct skep_slot *skep_frame_edit_slot(struct skep_frame *frame, uint32_t slot)
{
	struct skep_slot **at, *own;

	frame->stack = stack_own(frame->stack, 0);
	at = &frame->stack->slots[slot];
	if (*at && (*at)->users == 1)
		return *at;
	own = allocate(1, sizeof(*own));
	if (*at)
		*own = **at;
	own->users = 1;
	slot_drop(*at);
	*at = own;
	return own;
}

static struct skep_frame *frame_copy(const struct skep_frame *from)
{
	struct skep_frame *frame = allocate(1, sizeof(*frame));

	*frame = *from;
	frame->users = 1;
	if (frame->stack)
		frame->stack->users++;
	return frame;
}

/* All frames were made to be changed, and are const only for those who read a state. */
static struct skep_frame *frame_at(const struct skep_state *state, uint32_t frame)
{
	return (struct skep_frame *)state->frames[frame];
}

struct skep_frame *skep_state_own_frame(struct skep_state *state, uint32_t frame)
{
	struct skep_frame *shared = frame_at(state, frame), *own;

	if (shared->users == 1)
		return shared;
	own = frame_copy(shared);
	frame_drop(shared);
	state->frames[frame] = own;
	return own;
}

void skep_state_push(struct skep_state *state, struct skep_frame *frame)
{
	state->frames[++state->depth] = frame;
	state->read[state->depth] = state->wrote[state->depth] = 0;
}

void skep_state_pop(struct skep_state *state)
{
	frame_drop(skep_state_frame(state));
	state->frames[state->depth--] = NULL;
	skep_state_own_frame(state, state->depth);
}

struct skep_value *skep_state_edit(struct skep_state *state, struct skep_spot spot)
{
	struct skep_frame *frame = skep_state_own_frame(state, spot.frame);

	if (spot.index < SKEP_N_REGS)
		return &frame->regs[spot.index];
	return &skep_frame_edit_slot(frame, spot.index - SKEP_N_REGS)->value;
}

struct skep_state *skep_state_new(void)
{
	struct skep_state *state = allocate(1, sizeof(*state));

	state->frames[0] = skep_frame_new(0, 0, 0);
	return state;
}

void skep_state_free(struct skep_state *state)
{
	if (!state)
		return;
	for (uint32_t f = 0; f <= state->depth; f++)
		frame_drop(frame_at(state, f));
	skep_vec_fini(&state->trace);
	free(state->refs);
	free(state);
}

struct skep_state *skep_state_copy(const struct skep_state *from)
{
	struct skep_state *state = allocate(1, sizeof(*state));

	state->depth = from->depth;
	for (uint32_t f = 0; f < from->depth; f++) {
		state->frames[f] = from->frames[f];
		frame_at(state, f)->users++;
	}
	state->frames[from->depth] = frame_copy(from->frames[from->depth]);
	if (from->n_refs) {
		state->refs = allocate(from->n_refs, sizeof(*state->refs));
		memcpy(state->refs, from->refs, from->n_refs * sizeof(*state->refs));
		state->n_refs = from->n_refs;
	}
	state->lock_map = from->lock_map;
	state->lock = from->lock;
	state->rcu = from->rcu;
	state->unrolled = from->unrolled;
	return state;
}

/* The parent knows the frame only if it is the same call. */
static bool has_frame(const struct skep_state *state, unsigned frame, uint32_t instance)
{
	return frame <= state->depth && state->frames[frame]->instance == instance;
}

void skep_state_note_read(struct skep_state *state, unsigned frame, unsigned slot)
{
	uint32_t instance = state->frames[frame]->instance;
	uint64_t bit = 1ULL << slot;

	for (; state->parent; state = state->parent) {
		if (state->wrote[frame] & bit || !has_frame(state->parent, frame, instance))
			return;
		if (state->parent->read[frame] & bit)
			return; /* and so its parents have it */
		state->parent->read[frame] |= bit;
	}
}

void skep_state_acquire(struct skep_state *state, uint32_t id, uint32_t insn)
{
	struct skep_ref *refs = reallocarray(state->refs, state->n_refs + 1, sizeof(*refs));

	if (!refs)
		skep_oom();
	refs[state->n_refs++] = (struct skep_ref){ id, insn, (uint8_t)state->depth };
	state->refs = refs;
}

int skep_state_release(struct skep_state *state, uint32_t id)
{
	for (uint32_t i = 0; i < state->n_refs; i++)
		if (state->refs[i].id == id) {
			state->refs[i] = state->refs[--state->n_refs];
			return 0;
		}
	return -ENOENT;
}

bool skep_state_holds(const struct skep_state *state, uint32_t id)
{
	for (uint32_t i = 0; i < state->n_refs; i++)
		if (state->refs[i].id == id)
			return true;
	return false;
}
