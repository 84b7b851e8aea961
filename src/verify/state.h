/* SPDX-License-Identifier: Apache-2.0 */
/*
 * State: all that is known at one point of one path through the program.
 *
 *	state --+-- frame 0   main: registers, stack slots
 *	        +-- frame 1   the function it called ...
 *	        +-- refs      what was acquired and has to be released
 *	        +-- trace     the steps since `parent`
 *	        `-- parent    the kept state that this path came through last
 *
 * Kept states are those at meetings (verify/code.h). They form a tree by `parent`; the traces along it are the whole path
 * from the program's start, which is what precision and explanations walk back along.
 *
 * Live slots: `read` of a kept state says which stack slots some path from it on has read before writing. `wrote` of a
 * state says which were written wholly since its parent. So a read goes up the tree until a write hides it
 * (skep_state_note_read). `read` is complete once no path through the state is open any more (`open` is 0).
 *
 * Slots count from the frame pointer down: slot i is the bytes fp-8*(i+1) to fp-8*i-1.
 *
 * What is alike is there once. A copy of a state shares with it the frames that wait for a call to return, and of the one
 * that runs the stack; stacks that differ share their slots. So whoever changes something takes it as its own first: the
 * frame that runs always is (skep_state_frame), any other value is asked for with skep_state_edit, a slot with
 * skep_frame_edit_slot. Kept states are never changed but for what their own fields say.
 */
#pragma once

#include "base/arena.h"
#include "base/vec.h"
#include "verify/value.h"

#define SKEP_VERIFY_FRAMES_MAX 8
#define SKEP_SLOTS_MAX (SKEP_STACK_SIZE / 8)

/* What a byte of the stack holds. */
enum skep_byte {
	SKEP_BYTE_NOTHING, /* not written */
	SKEP_BYTE_SAVED,   /* part of the value in the slot */
	SKEP_BYTE_ANY,	   /* some number */
	SKEP_BYTE_ZERO,
};

struct skep_slot {
	uint8_t bytes
		[8]; /* enum skep_byte, by address; SAVED ones come first, as many as were saved */
	uint32_t users; /* stacks that it is in */
	struct skep_value value;
};

struct skep_stack {
	uint32_t users; /* frames that have it */
	uint32_t n_slots;
	struct skep_slot *slots[]; /* NULL: nothing was written there */
};

struct skep_frame {
	struct skep_value regs[SKEP_N_REGS];
	struct skep_stack *stack; /* NULL: not used so far */
	uint32_t users;		  /* states that it is in */
	uint32_t func;		  /* number of the function */
	uint32_t callsite;	  /* of the call that made it */
	uint32_t instance;	  /* tells two calls at the same depth apart */
	uint8_t callback;	  /* enum skep_callback, how it was called */
	uint32_t callback_depth;  /* how many times this callback has been walked in a row */
};

/* A step of a path: an instruction, and what precision needs to know of it. */
struct skep_step {
	uint32_t insn;
	bool on_stack : 1; /* a load or store of the slot below, through a pointer into the stack */
	uint8_t branch : 2; /* enum: 0 no decision, 1 not taken, 2 taken */
	uint8_t frame, slot;
	uint8_t depth; /* frame that executed it */
	uint32_t
		links; /* values that were narrowed together here: index + 1 in the walk's table, or 0 */
	uint32_t
		left; /* for explanations: what its destination holds then: index + 1 in the walk's table, or 0 */
};

struct skep_ref {
	uint32_t id;
	uint32_t insn; /* where it was acquired */
	uint8_t frame; /* callbacks may not release those of their caller */
};

struct skep_state {
	const struct skep_frame *frames[SKEP_VERIFY_FRAMES_MAX];
	uint32_t depth; /* of the frame that runs: frames[depth] */
	struct skep_ref *refs;
	uint32_t n_refs;
	uint32_t lock_map; /* the map in whose value a lock is held, plus 1; 0: none */
	uint32_t lock;	   /* id of that value */
	uint32_t rcu;	   /* nested read sections */

	struct skep_state *parent;
	uint32_t insn; /* of a kept state: where it is */
	uint32_t open; /* paths that go on from here and are not finished */
	struct skep_state
		*loop;	   /* kept state that this one was found like while that one was open */
	uint32_t unrolled; /* callbacks and may_goto: iterations on this path */
	uint64_t read[SKEP_VERIFY_FRAMES_MAX];
	uint64_t wrote[SKEP_VERIFY_FRAMES_MAX];
	/* Kept states: numbers that some decision depended on; states are alike only if these are. */
	uint64_t precise_slots[SKEP_VERIFY_FRAMES_MAX];
	uint16_t precise_regs[SKEP_VERIFY_FRAMES_MAX];
	struct {
		SKEP_VEC(struct skep_step);
	} trace;
	uint32_t n_jumps, n_steps; /* on the whole path, when kept */
};

/* The frame that runs. No other state has it. */
static inline struct skep_frame *skep_state_frame(struct skep_state *state)
{
	return (struct skep_frame *)state->frames[state->depth];
}

/* A frame of this state alone, to be changed: a copy takes its place if others have it, too. */
struct skep_frame *skep_state_own_frame(struct skep_state *state, uint32_t frame);
/* The function that runs has ended, the one that called it goes on. */
void skep_state_pop(struct skep_state *state);
/* Calls: the frame runs from now on. */
void skep_state_push(struct skep_state *state, struct skep_frame *frame);

/* A state with nothing in it but the first frame. */
struct skep_state *skep_state_new(void);
void skep_state_free(struct skep_state *state);
/* Registers, stack and references; not the trace and what belongs to the place in the tree. */
struct skep_state *skep_state_copy(const struct skep_state *from);

struct skep_frame *skep_frame_new(uint32_t func, uint32_t callsite, uint32_t instance);
/* Slots up to and including @slot exist afterwards. */
void skep_frame_grow(struct skep_frame *frame, uint32_t slot);
/* The slot, which exists, of this frame alone: to be changed. Good until the state is copied. */
struct skep_slot *skep_frame_edit_slot(struct skep_frame *frame, uint32_t slot);

static inline uint32_t skep_frame_n_slots(const struct skep_frame *frame)
{
	return frame->stack ? frame->stack->n_slots : 0;
}

extern const struct skep_slot skep_slot_empty;

/* Any slot: one that does not exist is empty. */
static inline const struct skep_slot *skep_frame_slot(const struct skep_frame *frame, uint32_t slot)
{
	const struct skep_slot *s =
		slot < skep_frame_n_slots(frame) ? frame->stack->slots[slot] : NULL;

	return s ? s : &skep_slot_empty;
}

/* The slot has a saved value, perhaps the lower bytes of it only. */
static inline bool skep_slot_is_saved(const struct skep_slot *slot)
{
	return slot->bytes[0] == SKEP_BYTE_SAVED;
}

static inline bool skep_slot_is_saved_whole(const struct skep_slot *slot)
{
	return slot->bytes[7] == SKEP_BYTE_SAVED;
}

static inline bool skep_slot_is_iterator(const struct skep_slot *slot)
{
	return skep_slot_is_saved(slot) && slot->value.kind == SKEP_VALUE_ITER;
}

/* Notes that the slot's content before this path's last steps matters to it. */
void skep_state_note_read(struct skep_state *state, unsigned frame, unsigned slot);
/* Notes that the slot was overwritten wholly. */
static inline void skep_state_note_write(struct skep_state *state, unsigned frame, unsigned slot)
{
	state->wrote[frame] |= 1ULL << slot;
}

/* Acquires and releases references. 0, or -ENOENT for an id that is not held. */
void skep_state_acquire(struct skep_state *state, uint32_t id, uint32_t insn);
int skep_state_release(struct skep_state *state, uint32_t id) _must_check_;
bool skep_state_holds(const struct skep_state *state, uint32_t id);

/* Where a value of a state is: a register, or (from SKEP_N_REGS on) a slot of a frame. */
struct skep_spot {
	uint32_t frame, index;
};

/* The value there; NULL: a slot where none is saved. */
static inline const struct skep_value *skep_state_at(const struct skep_state *state,
						     struct skep_spot spot)
{
	const struct skep_frame *frame = state->frames[spot.frame];
	const struct skep_slot *slot;

	if (spot.index < SKEP_N_REGS)
		return &frame->regs[spot.index];
	slot = skep_frame_slot(frame, spot.index - SKEP_N_REGS);
	return skep_slot_is_saved(slot) ? &slot->value : NULL;
}

/* Kept states: some decision depended on the number there. */
static inline bool skep_state_is_precise(const struct skep_state *state, struct skep_spot spot)
{
	if (spot.index < SKEP_N_REGS)
		return state->precise_regs[spot.frame] & 1u << spot.index;
	return state->precise_slots[spot.frame] & 1ULL << (spot.index - SKEP_N_REGS);
}

/* The same, to be changed: there has to be one. */
struct skep_value *skep_state_edit(struct skep_state *state, struct skep_spot spot);

/* Runs the body for each value of the state, registers of all frames and saved ones in slots. It may edit this one. */
#define SKEP_FOR_EACH_VALUE(v, at, state)                                                    \
	for (struct skep_spot at = {}; at.frame <= (state)->depth; at.frame++)               \
		for (at.index = 0;                                                           \
		     at.index < SKEP_N_REGS + skep_frame_n_slots((state)->frames[at.frame]); \
		     at.index++)                                                             \
			for (const struct skep_value *v = skep_state_at((state), at); v; v = NULL)
