/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditions: whether they are known to hold, and what a scalar is known to be once they held or did not.
 *
 * There are ten comparisons and a bit test. Only five are worked out: ==, !=, <= and < of either sign, and the bit test
 * with its opposite; the rest are these with the operands exchanged or negated.
 */
#include "verify/scalar.h"

static const struct skep_range *range_of(const struct skep_scalar *s, unsigned width)
{
	return width == 64 ? &s->r64 : &s->r32;
}

static struct skep_tnum bits_of(const struct skep_scalar *s, unsigned width)
{
	return width == 64 ? s->bits : skep_tnum_zext(s->bits, 4);
}

/* a < b (@strict) or a <= b, by the ends of their ranges. */
static enum skep_branch less(bool strict, bool is_signed, const struct skep_range *a,
			     const struct skep_range *b)
{
	if (is_signed) {
		if (strict ? a->smax < b->smin : a->smax <= b->smin)
			return SKEP_BRANCH_ALWAYS;
		if (strict ? a->smin >= b->smax : a->smin > b->smax)
			return SKEP_BRANCH_NEVER;
	} else {
		if (strict ? a->umax < b->umin : a->umax <= b->umin)
			return SKEP_BRANCH_ALWAYS;
		if (strict ? a->umin >= b->umax : a->umin > b->umax)
			return SKEP_BRANCH_NEVER;
	}
	return SKEP_BRANCH_EITHER;
}

/* Whether some bit that both know differs. */
static bool bits_differ(struct skep_tnum a, struct skep_tnum b)
{
	return (a.value ^ b.value) & ~a.mask & ~b.mask;
}

static enum skep_branch equal(const struct skep_scalar *a, const struct skep_scalar *b,
			      unsigned width)
{
	const struct skep_range *ra = range_of(a, width), *rb = range_of(b, width);
	struct skep_tnum ba = bits_of(a, width), bb = bits_of(b, width);

	if (skep_tnum_is_const(ba) && skep_tnum_is_const(bb))
		return ba.value == bb.value ? SKEP_BRANCH_ALWAYS : SKEP_BRANCH_NEVER;
	if (ra->umin > rb->umax || ra->umax < rb->umin || ra->smin > rb->smax ||
	    ra->smax < rb->smin || bits_differ(ba, bb))
		return SKEP_BRANCH_NEVER;
	/* halves that exclude each other exclude the whole */
	if (width == 64 && (a->r32.umin > b->r32.umax || a->r32.umax < b->r32.umin ||
			    a->r32.smin > b->r32.smax || a->r32.smax < b->r32.smin))
		return SKEP_BRANCH_NEVER;
	return SKEP_BRANCH_EITHER;
}

/* Kernels look only at masks of which every bit is known. */
static enum skep_branch any_bit(struct skep_tnum a, struct skep_tnum b)
{
	if (!skep_tnum_is_const(a) && !skep_tnum_is_const(b))
		return SKEP_BRANCH_EITHER;
	if (a.value & b.value)
		return SKEP_BRANCH_ALWAYS;
	if (!((a.value | a.mask) & (b.value | b.mask)))
		return SKEP_BRANCH_NEVER;
	return SKEP_BRANCH_EITHER;
}

static enum skep_branch negated(enum skep_branch branch)
{
	switch (branch) {
	case SKEP_BRANCH_NEVER:
		return SKEP_BRANCH_ALWAYS;
	case SKEP_BRANCH_ALWAYS:
		return SKEP_BRANCH_NEVER;
	default:
		return branch;
	}
}

enum skep_branch skep_scalar_branch(enum skep_jmp_op op, unsigned width,
				    const struct skep_scalar *a, const struct skep_scalar *b)
{
	const struct skep_range *ra = range_of(a, width), *rb = range_of(b, width);

	switch (op) {
	case SKEP_JMP_JEQ:
		return equal(a, b, width);
	case SKEP_JMP_JNE:
		return negated(equal(a, b, width));
	case SKEP_JMP_JLT:
		return less(true, false, ra, rb);
	case SKEP_JMP_JLE:
		return less(false, false, ra, rb);
	case SKEP_JMP_JGT:
		return less(true, false, rb, ra);
	case SKEP_JMP_JGE:
		return less(false, false, rb, ra);
	case SKEP_JMP_JSLT:
		return less(true, true, ra, rb);
	case SKEP_JMP_JSLE:
		return less(false, true, ra, rb);
	case SKEP_JMP_JSGT:
		return less(true, true, rb, ra);
	case SKEP_JMP_JSGE:
		return less(false, true, rb, ra);
	case SKEP_JMP_JSET:
		return any_bit(bits_of(a, width), bits_of(b, width));
	default:
		return SKEP_BRANCH_EITHER;
	}
}

static void meet_range(struct skep_range *a, struct skep_range *b)
{
	a->umin = b->umin = MAX(a->umin, b->umin);
	a->umax = b->umax = MIN(a->umax, b->umax);
	a->smin = b->smin = MAX(a->smin, b->smin);
	a->smax = b->smax = MIN(a->smax, b->smax);
}

/* Bits that contradict each other would make an impossible tristate number: told by bounds that are empty instead. */
static void meet_bits(struct skep_scalar *a, struct skep_scalar *b, unsigned width)
{
	struct skep_tnum bits;

	if (bits_differ(bits_of(a, width), bits_of(b, width))) {
		a->r64.umin = 1;
		a->r64.umax = 0;
		return;
	}
	bits = skep_tnum_intersect(bits_of(a, width), bits_of(b, width));
	a->bits = width == 64 ? bits : skep_tnum_with_low(a->bits, bits);
	b->bits = width == 64 ? bits : skep_tnum_with_low(b->bits, bits);
}

static void assume_equal(struct skep_scalar *a, struct skep_scalar *b, unsigned width)
{
	meet_range(&a->r32, &b->r32);
	if (width == 64)
		meet_range(&a->r64, &b->r64);
	meet_bits(a, b, width);
}

/* A value that is excluded moves a bound only when it is that bound. */
static void exclude(struct skep_scalar *a, const struct skep_scalar *b, unsigned width)
{
	struct skep_range *r = width == 64 ? &a->r64 : &a->r32;
	const struct skep_range *x = range_of(b, width);

	if (x->umin != x->umax)
		return;
	if (r->umin == x->umin)
		r->umin++;
	if (r->umax == x->umin)
		r->umax--;
	if (r->smin == x->smin)
		r->smin++;
	if (r->smax == x->smin)
		r->smax--;
}

static void assume_less(bool strict, bool is_signed, struct skep_range *a, struct skep_range *b)
{
	if (is_signed) {
		a->smax = MIN(a->smax, b->smax - (strict && b->smax > INT64_MIN));
		b->smin = MAX(b->smin, a->smin + (strict && a->smin < INT64_MAX));
	} else {
		a->umax = MIN(a->umax, b->umax - (strict && b->umax > 0));
		b->umin = MAX(b->umin, a->umin + (strict && a->umin < UINT64_MAX));
	}
}

/* Some bit of a known mask is set: which one is known when the mask is a single bit. None is: all are known to be 0. */
static void assume_bits(struct skep_scalar *a, const struct skep_scalar *b, bool any,
			unsigned width)
{
	struct skep_tnum mask = bits_of(b, width);

	if (!skep_tnum_is_const(mask))
		return;
	if (!any) {
		/* kernels start afresh from the bits here, so that a branch that cannot be taken has no odd bounds */
		a->r64 = skep_scalar_unknown().r64;
		a->r32 = skep_scalar_unknown().r32;
		/* a 32-bit test says nothing of the upper half */
		a->bits = skep_tnum_and(a->bits, skep_tnum_const(~mask.value));
	} else if (mask.value && !(mask.value & (mask.value - 1))) {
		a->bits = skep_tnum_or(a->bits, skep_tnum_const(mask.value));
	}
}

static enum skep_jmp_op opposite(enum skep_jmp_op op)
{
	switch (op) {
	case SKEP_JMP_JEQ:
		return SKEP_JMP_JNE;
	case SKEP_JMP_JNE:
		return SKEP_JMP_JEQ;
	case SKEP_JMP_JLT:
		return SKEP_JMP_JGE;
	case SKEP_JMP_JLE:
		return SKEP_JMP_JGT;
	case SKEP_JMP_JGT:
		return SKEP_JMP_JLE;
	case SKEP_JMP_JGE:
		return SKEP_JMP_JLT;
	case SKEP_JMP_JSLT:
		return SKEP_JMP_JSGE;
	case SKEP_JMP_JSLE:
		return SKEP_JMP_JSGT;
	case SKEP_JMP_JSGT:
		return SKEP_JMP_JSLE;
	default: /* JSGE */
		return SKEP_JMP_JSLT;
	}
}

static void assume(enum skep_jmp_op op, unsigned width, struct skep_scalar *a,
		   struct skep_scalar *b)
{
	struct skep_range *ra = width == 64 ? &a->r64 : &a->r32;
	struct skep_range *rb = width == 64 ? &b->r64 : &b->r32;

	switch (op) {
	case SKEP_JMP_JEQ:
		assume_equal(a, b, width);
		break;
	case SKEP_JMP_JNE:
		exclude(a, b, width);
		exclude(b, a, width);
		break;
	case SKEP_JMP_JLT:
	case SKEP_JMP_JLE:
		assume_less(op == SKEP_JMP_JLT, false, ra, rb);
		break;
	case SKEP_JMP_JGT:
	case SKEP_JMP_JGE:
		assume_less(op == SKEP_JMP_JGT, false, rb, ra);
		break;
	case SKEP_JMP_JSLT:
	case SKEP_JMP_JSLE:
		assume_less(op == SKEP_JMP_JSLT, true, ra, rb);
		break;
	default: /* JSGT, JSGE */
		assume_less(op == SKEP_JMP_JSGT, true, rb, ra);
		break;
	}
}

void skep_scalar_assume(enum skep_jmp_op op, unsigned width, bool taken, struct skep_scalar *a,
			struct skep_scalar *b)
{
	if (op == SKEP_JMP_JSET) {
		assume_bits(a, b, taken, width);
		assume_bits(b, a, taken, width);
	} else {
		assume(taken ? op : opposite(op), width, a, b);
	}
	skep_scalar_sync(a);
	skep_scalar_sync(b);
}
