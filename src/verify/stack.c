/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stack: what a program saved comes back as it was, whole or cut; all else are bytes of any value.
 *
 * Bytes that were never written may be read (a kernel gives privileged programs that); they are any number.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "verify/name.h"

/* The bytes that an access may touch, counted from the frame pointer: low to high - 1. */
struct extent {
	int64_t low, high;
	bool fixed; /* the place is known */
};

static uint32_t slot_of(int64_t off)
{
	return (uint32_t)((-off - 1) / 8);
}

static unsigned byte_of(int64_t off)
{
	return (unsigned)(((off % 8) + 8) % 8);
}

static int find_extent(struct skep_walk *walk, const struct skep_access *access,
		       const struct skep_value *pointer, struct extent *ret_extent)
{
	const struct skep_range *r = &pointer->num.r64;
	int64_t base = (int64_t)pointer->off + access->off;
	struct extent e;

	if (!skep_scalar_is_const(&pointer->num) && (r->smin <= -(1 << 29) || r->smax >= 1 << 29)) {
		skep_report(
			walk, SKEP_REASON_BOUNDS, (int)access->reg,
			"this may access any place relative to the stack: nothing bounds the number that was added to r%u",
			access->reg);
		skep_report_hint(walk, "compare the number with a bound before it is added");
		return -EINVAL;
	}
	e.low = base + r->smin;
	e.high = base + r->smax + access->size;
	e.fixed = skep_scalar_is_const(&pointer->num);
	if (e.low < -SKEP_STACK_SIZE || e.high > 0 || e.low >= 0) {
		const char *name = skep_name_of_added(walk, access->reg);
		char object[96];

		if (name && e.fixed && e.high > 0 && access->off == 0) {
			skep_text_of_stack(walk, e.low - 1, object, sizeof(object));
			if (object[0] != '`')
				snprintf(object, sizeof(object), "the stack");
			skep_report(walk, SKEP_REASON_BOUNDS, (int)access->reg,
				    "`%s` is too large here: this %ss behind the end of %s", name,
				    access->direction == SKEP_READ ? "read" : "write", object);
			skep_report_hint(walk,
					 "check it against the array's size before it is used");
			return -EINVAL;
		}
		if (name && !e.fixed) {
			skep_text_of_stack(walk, base, object, sizeof(object));
			skep_report(walk, SKEP_REASON_BOUNDS, (int)access->reg,
				    "`%s` may be %" PRId64 " to %" PRId64
				    " here, which from %s on leaves the stack",
				    name, r->smin, r->smax, object);
			skep_report_hint(walk,
					 "check it against the array's size before it is used");
			return -EINVAL;
		}
		skep_text_of_stack(walk, e.low, object, sizeof(object));
		skep_report(walk, SKEP_REASON_BOUNDS, (int)access->reg,
			    "this %s %" PRId64 " byte%s from %s on, fp%+" PRId64 " to fp%+" PRId64
			    ", outside of the stack (fp-%d to fp-1)",
			    access->direction == SKEP_READ ? "reads" : "writes", e.high - e.low,
			    e.high - e.low == 1 ? "" : "s", object, e.low, e.high - 1,
			    SKEP_STACK_SIZE);
		return -EINVAL;
	}
	*ret_extent = e;
	return 0;
}

/* The frame that the pointer points into has this place from now on. */
static void use_stack(struct skep_walk *walk, const struct skep_value *pointer, int64_t low)
{
	const struct skep_frame *frame = walk->state->frames[pointer->frame];
	uint32_t bytes = (uint32_t)-low;

	if (low >= 0)
		return;
	walk->stack_depth[frame->func] = MAX(walk->stack_depth[frame->func], bytes);
	if (slot_of(low) >= skep_frame_n_slots(frame))
		skep_frame_grow(skep_state_own_frame(walk->state, pointer->frame), slot_of(low));
}

/* Iterators are for their own functions alone. */
static int check_no_iterator(struct skep_walk *walk, const struct skep_access *access,
			     const struct skep_value *pointer, const struct extent *e)
{
	const struct skep_frame *frame = walk->state->frames[pointer->frame];

	for (uint32_t slot = slot_of(e->high - 1); slot <= slot_of(e->low); slot++)
		if (skep_slot_is_iterator(skep_frame_slot(frame, slot)))
			return skep_reject(walk, SKEP_REASON_ACCESS, (int)access->reg,
					   "this %ss an iterator on the stack directly",
					   access->direction == SKEP_READ ? "read" : "write");
	return 0;
}

static struct skep_slot *edit_slot(struct skep_walk *walk, const struct skep_value *pointer,
				   uint32_t slot)
{
	return skep_frame_edit_slot(skep_state_own_frame(walk->state, pointer->frame), slot);
}

static void note_step(struct skep_walk *walk, unsigned frame, uint32_t slot)
{
	struct skep_step *step = skep_walk_step(walk);

	step->on_stack = true;
	step->frame = (uint8_t)frame;
	step->slot = (uint8_t)slot;
}

/* What was saved here is no longer whole: its bytes are any number now. */
static void scrub(struct skep_slot *slot)
{
	if (!skep_slot_is_saved(slot))
		return;
	for (unsigned i = 0; i < 8; i++)
		if (slot->bytes[i] == SKEP_BYTE_SAVED)
			slot->bytes[i] = SKEP_BYTE_ANY;
	slot->value = (struct skep_value){};
}

/* Bits that a number may need, from below. */
static unsigned width_of(const struct skep_value *v)
{
	uint64_t max = v->num.r64.umax;

	return max ? 64 - (unsigned)__builtin_clzll(max) : 1;
}

/* The number of the register may be found again in the slot: both get one id. */
static void link_saved(struct skep_walk *walk, unsigned reg, struct skep_value *saved,
		       uint32_t size)
{
	struct skep_value *source = skep_walk_reg(walk, reg);

	if (saved->kind != SKEP_VALUE_NUMBER)
		return;
	if (width_of(saved) > size * 8) {
		skep_value_unlink(saved);
		return;
	}
	if (!skep_value_is_const(saved) && !saved->id)
		source->id = saved->id = skep_walk_id(walk);
}

static void save(struct skep_walk *walk, struct skep_slot *slot, const struct skep_value *value,
		 uint32_t size, int from_reg)
{
	slot->value = *value;
	if (from_reg >= 0)
		link_saved(walk, (unsigned)from_reg, &slot->value, size);
	for (unsigned i = 0; i < 8; i++) {
		if (i < size)
			slot->bytes[i] = SKEP_BYTE_SAVED;
		else if (slot->bytes[i] == SKEP_BYTE_SAVED)
			slot->bytes[i] = SKEP_BYTE_ANY;
	}
}

static bool is_zero(const struct skep_value *v)
{
	return skep_value_is_const(v) && v->num.bits.value == 0;
}

/* The register of a store's value, or -1 when it is a constant or comes from a helper. */
static int source_reg(const struct skep_walk *walk, const struct skep_access *access)
{
	struct skep_insn insn = walk->code.insns[walk->insn];

	if (access->by_helper || skep_insn_class(insn) != SKEP_CLASS_STX ||
	    ((insn.opcode & SKEP_MODE_MASK) == SKEP_MODE_ATOMIC &&
	     insn.imm != SKEP_ATOMIC_STORE_REL))
		return -1;
	return insn.src;
}

static int write_fixed(struct skep_walk *walk, const struct skep_access *access,
		       const struct skep_value *pointer, int64_t off,
		       const struct skep_value *value)
{
	uint32_t at = slot_of(off);
	struct skep_slot *slot = edit_slot(walk, pointer, at);
	bool aligned = byte_of(off) == 0;
	int reg = source_reg(walk, access);
	bool is_constant = !access->by_helper &&
			   skep_insn_class(walk->code.insns[walk->insn]) == SKEP_CLASS_ST;
	enum skep_byte byte = SKEP_BYTE_ANY;

	note_step(walk, pointer->frame, at);
	if (access->size == 8)
		skep_state_note_write(walk->state, pointer->frame, at);
	if (skep_value_is_pointer(value) && value->kind != SKEP_VALUE_TP_BUFFER) {
		if (access->size != 8)
			return skep_reject(walk, SKEP_REASON_ACCESS, reg,
					   "only a part of %s is written to the stack",
					   skep_value_kind_text(value));
		if (value->kind == SKEP_VALUE_STACK && pointer->frame != walk->state->depth)
			return skep_reject(
				walk, SKEP_REASON_ACCESS, reg,
				"a pointer into this function's stack is stored in its caller's, which outlives it");
		save(walk, slot, value, 8, reg);
		return 0;
	}
	/* kernels do not follow a tracepoint's buffer through the stack: it comes back as a number */
	if (aligned && (reg >= 0 || is_constant) && value->kind == SKEP_VALUE_NUMBER) {
		save(walk, slot, value, access->size, reg);
		return 0;
	}
	scrub(slot);
	if (is_zero(value)) {
		byte = SKEP_BYTE_ZERO;
		if (reg >= 0) {
			int r = skep_need_precise(walk, (unsigned)reg);

			if (r < 0)
				return r;
		}
	}
	for (uint32_t i = 0; i < access->size; i++)
		slot->bytes[byte_of(off) + i] = (uint8_t)byte;
	return 0;
}

/* Somewhere in the extent: every byte of it may be the old one or a new one. */
static int write_somewhere(struct skep_walk *walk, const struct skep_access *access,
			   const struct skep_value *pointer, const struct extent *e,
			   const struct skep_value *value)
{
	bool zero = value && is_zero(value), relied = false;
	int reg = source_reg(walk, access);

	for (int64_t off = e->low; off < e->high; off++) {
		struct skep_slot *slot = edit_slot(walk, pointer, slot_of(off));
		uint8_t *byte = &slot->bytes[byte_of(off)];

		if (zero && skep_slot_is_saved(slot) && is_zero(&slot->value)) {
			relied = true;
			continue;
		}
		scrub(slot);
		if (zero && *byte == SKEP_BYTE_ZERO)
			relied = true;
		else
			*byte = SKEP_BYTE_ANY;
	}
	return relied && reg >= 0 ? skep_need_precise(walk, (unsigned)reg) : 0;
}

int skep_stack_write(struct skep_walk *walk, const struct skep_access *access,
		     const struct skep_value *pointer, const struct skep_value *value)
{
	struct extent e;
	int r = find_extent(walk, access, pointer, &e);

	if (r == 0)
		r = check_no_iterator(walk, access, pointer, &e);
	if (r < 0)
		return r;
	use_stack(walk, pointer, e.low);
	if (e.fixed)
		return write_fixed(walk, access, pointer, e.low, value);
	return write_somewhere(walk, access, pointer, &e, value);
}

/* Bytes that are 0 for sure, or part of a saved 0 when the place is known: the number 0. Else any of that size. */
static struct skep_value mixed(const struct skep_frame *frame, const struct extent *e,
			       uint32_t size)
{
	bool zero = true;

	for (int64_t off = e->low; off < e->high && zero; off++) {
		const struct skep_slot *slot = skep_frame_slot(frame, slot_of(off));
		uint8_t byte = slot->bytes[byte_of(off)];

		zero = byte == SKEP_BYTE_ZERO ||
		       (e->fixed && byte == SKEP_BYTE_SAVED && is_zero(&slot->value));
	}
	if (zero)
		return skep_value_const(0);
	return (struct skep_value){ .kind = SKEP_VALUE_NUMBER,
				    .num = skep_scalar_of_size(size, false) };
}

static unsigned saved_bytes(const struct skep_slot *slot)
{
	unsigned n = 0;

	while (n < 8 && slot->bytes[n] == SKEP_BYTE_SAVED)
		n++;
	return n;
}

/* A load from inside one slot that holds a saved value. */
static int read_saved(struct skep_walk *walk, const struct skep_access *access,
		      const struct skep_frame *frame, const struct extent *e,
		      struct skep_value *ret_value)
{
	const struct skep_slot *slot = skep_frame_slot(frame, slot_of(e->low));
	unsigned saved = saved_bytes(slot), from = byte_of(e->low);

	if (access->size == 8 && saved == 8) {
		*ret_value = slot->value;
		return 0;
	}
	if (slot->value.kind != SKEP_VALUE_NUMBER)
		return skep_reject(walk, SKEP_REASON_ACCESS, (int)access->reg,
				   "only a part of %s that was saved on the stack is read",
				   skep_value_kind_text(&slot->value));
	/* the lower bytes of a number, on a machine of this byte order */
	if (access->size <= saved &&
	    from == (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 0 : saved - access->size)) {
		*ret_value = slot->value;
		if (width_of(&slot->value) > access->size * 8)
			skep_value_unlink(ret_value);
		skep_scalar_truncate(&ret_value->num, access->size);
		return 0;
	}
	*ret_value = mixed(frame, e, access->size);
	return 0;
}

static void note_reads(struct skep_walk *walk, unsigned frame, const struct extent *e)
{
	for (uint32_t slot = slot_of(e->high - 1); slot <= slot_of(e->low); slot++)
		skep_state_note_read(walk->state, frame, slot);
}

int skep_stack_read(struct skep_walk *walk, const struct skep_access *access,
		    const struct skep_value *pointer, struct skep_value *ret_value)
{
	const struct skep_frame *frame;
	struct skep_value value;
	struct extent e;
	int r = find_extent(walk, access, pointer, &e);

	if (r == 0)
		r = check_no_iterator(walk, access, pointer, &e);
	if (r < 0)
		return r;
	use_stack(walk, pointer, e.low);
	frame = walk->state->frames[pointer->frame];
	note_reads(walk, pointer->frame, &e);
	if (!e.fixed) {
		value = mixed(frame, &e, access->size);
	} else {
		note_step(walk, pointer->frame, slot_of(e.low));
		if (skep_slot_is_saved(skep_frame_slot(frame, slot_of(e.low)))) {
			r = read_saved(walk, access, frame, &e, &value);
			if (r < 0)
				return r;
		} else {
			value = mixed(frame, &e, access->size);
		}
	}
	*ret_value = value;
	return 0;
}

/* A helper may have changed what it was given: the bytes are any number now. */
static void clobber(struct skep_walk *walk, const struct skep_value *pointer,
		    const struct extent *e)
{
	for (int64_t off = e->low; off < e->high; off++) {
		struct skep_slot *slot = edit_slot(walk, pointer, slot_of(off));

		scrub(slot);
		slot->bytes[byte_of(off)] = SKEP_BYTE_ANY;
	}
}

static void note_writes(struct skep_walk *walk, unsigned frame, const struct extent *e)
{
	for (uint32_t slot = slot_of(e->high - 1); slot <= slot_of(e->low); slot++)
		if (-8 * (int64_t)(slot + 1) >= e->low && -8 * (int64_t)slot <= e->high)
			skep_state_note_write(walk->state, frame, slot);
}

int skep_stack_range(struct skep_walk *walk, const struct skep_access *access,
		     const struct skep_value *pointer, bool initializes)
{
	struct extent e;
	int r = find_extent(walk, access, pointer, &e);

	if (r == 0 && access->size)
		r = check_no_iterator(walk, access, pointer, &e);
	if (r < 0 || access->size == 0)
		return r;
	use_stack(walk, pointer, e.low);
	/* what may or may not be overwritten is read as well: the old bytes may stay */
	if (!initializes || !e.fixed)
		note_reads(walk, pointer->frame, &e);
	if (access->direction == SKEP_WRITE) {
		if (initializes && e.fixed)
			note_writes(walk, pointer->frame, &e);
		clobber(walk, pointer, &e);
	}
	return 0;
}
