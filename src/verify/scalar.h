/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scalar: all that is known of a number in a register or a stack slot.
 *
 *	bits	which bits are known (tnum.h)
 *	r64	bounds of the 64-bit value, unsigned and signed
 *	r32	bounds of its lower half, likewise
 *
 * Each view is a sound over-approximation of the same set of values; skep_scalar_sync carries what one knows over to
 * the others. The bounds of the lower half are kept in 64-bit fields, zero extended and sign extended, so that one piece
 * of code serves both widths.
 *
 * A transfer function gives the scalar after an instruction: for x in a and y in b, x op y is in the result. The precision
 * follows the kernel's verifier on purpose: a bound that we know and the kernel does not would accept what it rejects.
 *
 *	struct skep_scalar x = skep_scalar_unknown();
 *	skep_scalar_alu(SKEP_ALU_AND, 64, &x, &(struct skep_scalar){ skep_scalar_const(0xff) });
 *	x.r64.umax;  // 255
 */
#pragma once

#include "isa/insn.h"
#include "verify/tnum.h"

struct skep_range {
	uint64_t umin, umax;
	int64_t smin, smax;
};

struct skep_scalar {
	struct skep_tnum bits;
	struct skep_range r64, r32;
};

struct skep_scalar skep_scalar_unknown(void);
struct skep_scalar skep_scalar_const(uint64_t value);
/* Any value of @bytes bytes (1 to 8), the upper ones 0, or copies of the sign. */
struct skep_scalar skep_scalar_of_size(unsigned bytes, bool sign_extended);

static inline bool skep_scalar_is_const(const struct skep_scalar *s)
{
	return s->bits.mask == 0;
}

/* The lower half is known. */
static inline bool skep_scalar_is_const32(const struct skep_scalar *s)
{
	return (uint32_t)s->bits.mask == 0;
}

/* @x is one of its values. */
bool skep_scalar_has(const struct skep_scalar *s, uint64_t x);
/* Every value that the bounds and bits of @b allow is allowed by @a's. */
bool skep_scalar_includes(const struct skep_scalar *a, const struct skep_scalar *b);
/* The bounds of some view exclude each other: no value is left, so the path cannot happen. */
bool skep_scalar_is_empty(const struct skep_scalar *s);

/* Carries the knowledge of each view over to the others. */
void skep_scalar_sync(struct skep_scalar *s);
/* The upper half becomes 0, as after a 32-bit operation. */
void skep_scalar_zext32(struct skep_scalar *s);
/* As a load or movsx of @bytes bytes leaves it. */
void skep_scalar_truncate(struct skep_scalar *s, unsigned bytes);
void skep_scalar_sign_extend(struct skep_scalar *s, unsigned bytes);

/*
 * dst = dst op src with the given width, 32 or 64 bits. Operations of which nothing is known (division, shifts by an
 * unknown or too large amount) give an unknown number. @op is not MOV, NEG or END.
 */
void skep_scalar_alu(enum skep_alu_op op, unsigned width, struct skep_scalar *dst,
		     const struct skep_scalar *src);
void skep_scalar_neg(unsigned width, struct skep_scalar *dst);

enum skep_branch {
	SKEP_BRANCH_NEVER,
	SKEP_BRANCH_ALWAYS,
	SKEP_BRANCH_EITHER,
};

/* Whether `a op b` jumps. @op is a condition (not JA, CALL, EXIT, JCOND). */
enum skep_branch skep_scalar_branch(enum skep_jmp_op op, unsigned width,
				    const struct skep_scalar *a, const struct skep_scalar *b);

/*
 * Narrows @a and @b by the fact that `a op b` holds (@taken) or does not. The result may be empty
 * (skep_scalar_is_empty) when it cannot be.
 */
void skep_scalar_assume(enum skep_jmp_op op, unsigned width, bool taken, struct skep_scalar *a,
			struct skep_scalar *b);
