/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tristate number: what is known of a 64-bit value bit by bit. Each bit is 0, 1 or unknown.
 *
 *	mask bit 0: the bit is known and is that of `value`
 *	mask bit 1: the bit is unknown, and its bit in `value` is 0
 *
 *	value 0x10, mask 0x0f    any of 0x10 to 0x1f
 *	value 0, mask ~0         anything
 *
 * Invariant: value & mask == 0. Every operation is sound: when x is in a and y is in b, then x op y is in the result.
 * Addition, subtraction and multiplication follow "Sound, Precise, and Fast Abstract Interpretation with Tristate
 * Numbers" (Vishwanathan, Shachnai, Narayana, Nagarakatte; CGO 2022).
 *
 *	struct skep_tnum t = skep_tnum_and(SKEP_TNUM_UNKNOWN, skep_tnum_const(0xff));
 *	skep_tnum_is_aligned(skep_tnum_lshift(t, 3), 8);  // true
 */
#pragma once

#include "base/macros.h"

struct skep_tnum {
	uint64_t value;
	uint64_t mask;
};

#define SKEP_TNUM_UNKNOWN ((struct skep_tnum){ 0, UINT64_MAX })

static inline struct skep_tnum skep_tnum_const(uint64_t value)
{
	return (struct skep_tnum){ value, 0 };
}

static inline bool skep_tnum_is_const(struct skep_tnum t)
{
	return t.mask == 0;
}

/* @x is one of the values of @t. */
static inline bool skep_tnum_has(struct skep_tnum t, uint64_t x)
{
	return (x & ~t.mask) == t.value;
}

/* Every value of @b is one of @a's. */
static inline bool skep_tnum_includes(struct skep_tnum a, struct skep_tnum b)
{
	return !(b.mask & ~a.mask) && (b.value & ~a.mask) == a.value;
}

/* All values are multiples of @size, a power of two. */
static inline bool skep_tnum_is_aligned(struct skep_tnum t, uint64_t size)
{
	return !((t.value | t.mask) & (size - 1));
}

/* The smallest tristate number that has all of min..max. */
struct skep_tnum skep_tnum_range(uint64_t min, uint64_t max);

struct skep_tnum skep_tnum_add(struct skep_tnum a, struct skep_tnum b);
struct skep_tnum skep_tnum_sub(struct skep_tnum a, struct skep_tnum b);
struct skep_tnum skep_tnum_mul(struct skep_tnum a, struct skep_tnum b);
struct skep_tnum skep_tnum_and(struct skep_tnum a, struct skep_tnum b);
struct skep_tnum skep_tnum_or(struct skep_tnum a, struct skep_tnum b);
struct skep_tnum skep_tnum_xor(struct skep_tnum a, struct skep_tnum b);
struct skep_tnum skep_tnum_lshift(struct skep_tnum a, unsigned shift);
struct skep_tnum skep_tnum_rshift(struct skep_tnum a, unsigned shift);
/* Shifts in copies of bit @bits - 1, @bits being 32 or 64. Of 32, the result's upper half is 0. */
struct skep_tnum skep_tnum_arshift(struct skep_tnum a, unsigned shift, unsigned bits);

/* What is known when both hold. The two must have a value in common. */
struct skep_tnum skep_tnum_intersect(struct skep_tnum a, struct skep_tnum b);
/* What is known when one of them holds. */
struct skep_tnum skep_tnum_union(struct skep_tnum a, struct skep_tnum b);

/* The lower @bytes bytes, zero extended, or extended with copies of their highest bit. */
struct skep_tnum skep_tnum_zext(struct skep_tnum a, unsigned bytes);
struct skep_tnum skep_tnum_sext(struct skep_tnum a, unsigned bytes);

/* @a with its lower 32 bits taken from @low. */
struct skep_tnum skep_tnum_with_low(struct skep_tnum a, struct skep_tnum low);
