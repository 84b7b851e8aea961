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

struct skep_frame *skep_frame_new(uint32_t func, uint32_t callsite, uint32_t instance)
{
	struct skep_frame *frame = allocate(1, sizeof(*frame));

	frame->func = func;
	frame->callsite = callsite;
	frame->instance = instance;
	return frame;
}

void skep_frame_free(struct skep_frame *frame)
{
	if (!frame)
		return;
	free(frame->slots);
	free(frame);
}

void skep_frame_grow(struct skep_frame *frame, uint32_t slot)
{
	struct skep_slot *slots;

	if (slot < frame->n_slots)
		return;
	slots = reallocarray(frame->slots, slot + 1, sizeof(*slots));
	if (!slots)
		skep_oom();
	memset(slots + frame->n_slots, 0, (slot + 1 - frame->n_slots) * sizeof(*slots));
	frame->slots = slots;
	frame->n_slots = slot + 1;
}

static struct skep_frame *frame_copy(const struct skep_frame *from)
{
	struct skep_frame *frame = allocate(1, sizeof(*frame));

	*frame = *from;
	frame->slots = NULL;
	if (from->n_slots) {
		frame->slots = allocate(from->n_slots, sizeof(*frame->slots));
		memcpy(frame->slots, from->slots, from->n_slots * sizeof(*frame->slots));
	}
	return frame;
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
		skep_frame_free(state->frames[f]);
	skep_vec_fini(&state->trace);
	free(state->refs);
	free(state);
}

struct skep_state *skep_state_copy(const struct skep_state *from)
{
	struct skep_state *state = allocate(1, sizeof(*state));

	state->depth = from->depth;
	for (uint32_t f = 0; f <= from->depth; f++)
		state->frames[f] = frame_copy(from->frames[f]);
	if (from->n_refs) {
		state->refs = allocate(from->n_refs, sizeof(*state->refs));
		memcpy(state->refs, from->refs, from->n_refs * sizeof(*state->refs));
		state->n_refs = from->n_refs;
	}
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
