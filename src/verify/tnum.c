/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/tnum.h"

static struct skep_tnum make(uint64_t value, uint64_t mask)
{
	return (struct skep_tnum){ value & ~mask, mask };
}

struct skep_tnum skep_tnum_range(uint64_t min, uint64_t max)
{
	uint64_t differ = min ^ max;
	unsigned bits = differ ? 64 - (unsigned)__builtin_clzll(differ) : 0;

	if (bits == 64)
		return SKEP_TNUM_UNKNOWN;
	return make(min, (1ULL << bits) - 1);
}

/* A sum's bit is unknown when a summand's is, or when the carry into it differs between the least and the greatest sum. */
struct skep_tnum skep_tnum_add(struct skep_tnum a, struct skep_tnum b)
{
	uint64_t least = a.value + b.value;
	uint64_t greatest = least + a.mask + b.mask;

	return make(least, (least ^ greatest) | a.mask | b.mask);
}

struct skep_tnum skep_tnum_sub(struct skep_tnum a, struct skep_tnum b)
{
	uint64_t base = a.value - b.value;

	return make(base, ((base + a.mask) ^ (base - b.mask)) | a.mask | b.mask);
}

/*
 * Long multiplication, one bit of @a at a time. The known parts multiply exactly; each bit of @a that is or may be set
 * adds the uncertainty of @b (or all that @b may be) at its place.
 */
struct skep_tnum skep_tnum_mul(struct skep_tnum a, struct skep_tnum b)
{
	struct skep_tnum unsure = { 0, 0 };
	uint64_t exact = a.value * b.value;

	for (; a.value || a.mask; a.value >>= 1, a.mask >>= 1) {
		if (a.value & 1)
			unsure = skep_tnum_add(unsure, make(0, b.mask));
		else if (a.mask & 1)
			unsure = skep_tnum_add(unsure, make(0, b.value | b.mask));
		b = skep_tnum_lshift(b, 1);
	}
	return skep_tnum_add(skep_tnum_const(exact), unsure);
}

struct skep_tnum skep_tnum_and(struct skep_tnum a, struct skep_tnum b)
{
	uint64_t value = a.value & b.value;
	uint64_t may = (a.value | a.mask) & (b.value | b.mask);

	return make(value, may & ~value);
}

struct skep_tnum skep_tnum_or(struct skep_tnum a, struct skep_tnum b)
{
	uint64_t value = a.value | b.value;

	return make(value, (a.mask | b.mask) & ~value);
}

struct skep_tnum skep_tnum_xor(struct skep_tnum a, struct skep_tnum b)
{
	return make(a.value ^ b.value, a.mask | b.mask);
}

struct skep_tnum skep_tnum_lshift(struct skep_tnum a, unsigned shift)
{
	return make(a.value << shift, a.mask << shift);
}

struct skep_tnum skep_tnum_rshift(struct skep_tnum a, unsigned shift)
{
	return make(a.value >> shift, a.mask >> shift);
}

struct skep_tnum skep_tnum_arshift(struct skep_tnum a, unsigned shift, unsigned bits)
{
	if (bits == 32)
		return make((uint32_t)((int32_t)a.value >> shift),
			    (uint32_t)((int32_t)a.mask >> shift));
	return make((uint64_t)((int64_t)a.value >> shift), (uint64_t)((int64_t)a.mask >> shift));
}

struct skep_tnum skep_tnum_intersect(struct skep_tnum a, struct skep_tnum b)
{
	return make(a.value | b.value, a.mask & b.mask);
}

struct skep_tnum skep_tnum_union(struct skep_tnum a, struct skep_tnum b)
{
	return make(a.value, a.mask | b.mask | (a.value ^ b.value));
}

struct skep_tnum skep_tnum_zext(struct skep_tnum a, unsigned bytes)
{
	uint64_t keep = bytes >= 8 ? UINT64_MAX : (1ULL << bytes * 8) - 1;

	return make(a.value & keep, a.mask & keep);
}

struct skep_tnum skep_tnum_sext(struct skep_tnum a, unsigned bytes)
{
	unsigned shift = 64 - bytes * 8;

	return skep_tnum_arshift(skep_tnum_lshift(a, shift), shift, 64);
}

struct skep_tnum skep_tnum_with_low(struct skep_tnum a, struct skep_tnum low)
{
	uint64_t upper = ~(uint64_t)UINT32_MAX;

	return make((a.value & upper) | (uint32_t)low.value, (a.mask & upper) | (uint32_t)low.mask);
}
