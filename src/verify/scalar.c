/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/scalar.h"

static const struct skep_range full64 = { 0, UINT64_MAX, INT64_MIN, INT64_MAX };
static const struct skep_range full32 = { 0, UINT32_MAX, INT32_MIN, INT32_MAX };

struct skep_scalar skep_scalar_unknown(void)
{
	return (struct skep_scalar){ SKEP_TNUM_UNKNOWN, full64, full32 };
}

struct skep_scalar skep_scalar_const(uint64_t value)
{
	uint32_t low = (uint32_t)value;

	return (struct skep_scalar){
		skep_tnum_const(value),
		{ value, value, (int64_t)value, (int64_t)value },
		{ low, low, (int32_t)low, (int32_t)low },
	};
}

struct skep_scalar skep_scalar_of_size(unsigned bytes, bool sign_extended)
{
	struct skep_scalar s = skep_scalar_unknown();

	if (sign_extended)
		skep_scalar_sign_extend(&s, bytes);
	else
		skep_scalar_truncate(&s, bytes);
	return s;
}

static bool range_has(const struct skep_range *r, uint64_t u, int64_t s)
{
	return u >= r->umin && u <= r->umax && s >= r->smin && s <= r->smax;
}

bool skep_scalar_has(const struct skep_scalar *s, uint64_t x)
{
	return skep_tnum_has(s->bits, x) && range_has(&s->r64, x, (int64_t)x) &&
	       range_has(&s->r32, (uint32_t)x, (int32_t)x);
}

static bool range_includes(const struct skep_range *a, const struct skep_range *b)
{
	return a->umin <= b->umin && a->umax >= b->umax && a->smin <= b->smin && a->smax >= b->smax;
}

bool skep_scalar_includes(const struct skep_scalar *a, const struct skep_scalar *b)
{
	return range_includes(&a->r64, &b->r64) && range_includes(&a->r32, &b->r32) &&
	       skep_tnum_includes(a->bits, b->bits);
}

static bool range_is_empty(const struct skep_range *r)
{
	return r->umin > r->umax || r->smin > r->smax;
}

bool skep_scalar_is_empty(const struct skep_scalar *s)
{
	return range_is_empty(&s->r64) || range_is_empty(&s->r32);
}

/* Narrows @r to what @umin..@umax and @smin..@smax allow as well. */
static void narrow_u(struct skep_range *r, uint64_t umin, uint64_t umax)
{
	r->umin = MAX(r->umin, umin);
	r->umax = MIN(r->umax, umax);
}

static void narrow_s(struct skep_range *r, int64_t smin, int64_t smax)
{
	r->smin = MAX(r->smin, smin);
	r->smax = MIN(r->smax, smax);
}

/* The bounds that known bits give: unknown bits all 0 or all 1; for the signed minimum the sign is 1 if it may be. */
static void range_from_bits(struct skep_range *r, struct skep_tnum bits, uint64_t sign)
{
	uint64_t least = bits.value | (bits.mask & sign);
	uint64_t greatest = bits.value | (bits.mask & ~sign);
	uint64_t extend = sign == 1ULL << 63 ? 0 : ~(uint64_t)UINT32_MAX;

	narrow_s(r, (int64_t)(least & sign ? least | extend : least),
		 (int64_t)(greatest & sign ? greatest | extend : greatest));
	narrow_u(r, bits.value, bits.value | bits.mask);
}

/* The smallest number above @x that @bits allow; they allow one. */
static uint64_t next_allowed(struct skep_tnum bits, uint64_t x)
{
	uint64_t y = x + 1, wrong = (y ^ bits.value) & ~bits.mask, below, free;
	unsigned at;

	if (!wrong)
		return y;
	at = 63 - (unsigned)__builtin_clzll(wrong);
	below = at == 63 ? UINT64_MAX : (1ULL << (at + 1)) - 1;
	if (bits.value >> at & 1) /* y has 0 where 1 is known: the rest may be as small as it can */
		return (y & ~below) | (bits.value & below);
	/* y has 1 where 0 is known: some unknown bit further up becomes 1 */
	free = bits.mask & ~y & ~below;
	at = (unsigned)__builtin_ctzll(free);
	below = (1ULL << at) - 1;
	return (y & ~below) | 1ULL << at | (bits.value & below);
}

/* When a single number is both in the bounds and allowed by the bits, it is that one. */
static void single_value(struct skep_scalar *s)
{
	uint64_t low = s->r64.umin, high = s->r64.umax, greatest = s->bits.value | s->bits.mask, x;
	bool low_fits = skep_tnum_has(s->bits, low);

	if (low >= high || !s->bits.mask || s->bits.mask == UINT64_MAX || low >= greatest)
		return;
	x = next_allowed(s->bits, low);
	if (low_fits && x > high)
		*s = skep_scalar_const(low);
	else if (!low_fits && x <= high && (x == greatest || next_allowed(s->bits, x) > high))
		*s = skep_scalar_const(x);
}

static void from_bits(struct skep_scalar *s)
{
	range_from_bits(&s->r64, s->bits, 1ULL << 63);
	single_value(s);
	range_from_bits(&s->r32, skep_tnum_zext(s->bits, 4), 1ULL << 31);
}

/* An unsigned bound of one width as the signed number of the same bits, and back. */
static int64_t as_signed(uint64_t u, bool is_32)
{
	return is_32 ? (int32_t)(uint32_t)u : (int64_t)u;
}

static uint64_t as_unsigned(int64_t s, bool is_32)
{
	return is_32 ? (uint32_t)s : (uint64_t)s;
}

/*
 * Between the signs. The unsigned numbers, bent into a circle, are the signed ones as well; only the cut differs. An arc
 * that does not cross the other's cut has the same ends there. A signed range that crosses it is two arcs, and when the
 * unsigned range misses one of them the other is left.
 */
static void across_signs(struct skep_range *r, bool is_32)
{
	if (as_signed(r->umin, is_32) <= as_signed(r->umax, is_32))
		narrow_s(r, as_signed(r->umin, is_32), as_signed(r->umax, is_32));
	if (as_unsigned(r->smin, is_32) <= as_unsigned(r->smax, is_32)) {
		narrow_u(r, as_unsigned(r->smin, is_32), as_unsigned(r->smax, is_32));
		return;
	}
	if (r->umax < as_unsigned(r->smin, is_32)) {
		r->smin = as_signed(r->umin, is_32);
		r->umax = MIN(r->umax, as_unsigned(r->smax, is_32));
	} else if (as_unsigned(r->smax, is_32) < r->umin) {
		r->smax = as_signed(r->umax, is_32);
		r->umin = MAX(r->umin, as_unsigned(r->smin, is_32));
	}
}

/* What the ends of a 64-bit range say of the lower halves: when the upper half is the same, they are the ends there, too. */
static void low_ends(struct skep_range *r32, uint64_t low, uint64_t high)
{
	if (low >> 32 == high >> 32) {
		if ((uint32_t)low <= (uint32_t)high)
			narrow_u(r32, (uint32_t)low, (uint32_t)high);
		if ((int32_t)low <= (int32_t)high)
			narrow_s(r32, (int32_t)low, (int32_t)high);
	} else if ((uint32_t)(low >> 32) + 1 == (uint32_t)(high >> 32) && (int32_t)low < 0 &&
		   (int32_t)high >= 0) {
		/* from just below a multiple of 2^32 to just above it: small signed numbers */
		narrow_s(r32, (int32_t)low, (int32_t)high);
	}
}

static void narrow_32_by_64(struct skep_scalar *s)
{
	low_ends(&s->r32, s->r64.umin, s->r64.umax);
	low_ends(&s->r32, (uint64_t)s->r64.smin, (uint64_t)s->r64.smax);
}

static uint64_t with_low(uint64_t x, uint64_t low)
{
	return (x & ~(uint64_t)UINT32_MAX) | low;
}

static void narrow_64_by_32(struct skep_scalar *s)
{
	struct skep_range *r = &s->r64, *low = &s->r32;

	narrow_u(r, with_low(r->umin, low->umin), with_low(r->umax, low->umax));
	narrow_s(r, (int64_t)with_low((uint64_t)r->smin, low->umin),
		 (int64_t)with_low((uint64_t)r->smax, low->umax));
	/* a number that fits 32 signed bits is its lower half; kernels see that only of halves that are not negative */
	if (low->smin >= 0 && r->smin >= INT32_MIN && r->smax <= INT32_MAX) {
		narrow_s(r, low->smin, low->smax);
		narrow_u(r, (uint64_t)low->smin, (uint64_t)low->smax);
	}
}

static void deduce(struct skep_scalar *s)
{
	across_signs(&s->r32, true);
	narrow_32_by_64(s);
	across_signs(&s->r64, false);
	narrow_64_by_32(s);
}

/* The bits that all numbers of the ranges share. */
static void bits_from_ranges(struct skep_scalar *s)
{
	struct skep_tnum bits =
		skep_tnum_intersect(s->bits, skep_tnum_range(s->r64.umin, s->r64.umax));
	struct skep_tnum low = skep_tnum_intersect(skep_tnum_zext(bits, 4),
						   skep_tnum_range(s->r32.umin, s->r32.umax));

	s->bits = skep_tnum_with_low(bits, low);
}

static void narrow(struct skep_scalar *s)
{
	from_bits(s);
	for (int round = 0; round < 3; round++)
		deduce(s);
}

/* The order and the number of rounds are those after which nothing more was found in random tests. */
void skep_scalar_sync(struct skep_scalar *s)
{
	struct skep_scalar given = *s;

	narrow(s);
	if (skep_scalar_is_empty(s)) {
		/* Code that cannot run. Kernels go on there, without what was known of the lower half. */
		*s = given;
		s->r32 = full32;
		narrow(s);
	}
	if (skep_scalar_is_empty(s))
		return;
	bits_from_ranges(s);
	from_bits(s);
}

void skep_scalar_zext32(struct skep_scalar *s)
{
	s->bits = skep_tnum_zext(s->bits, 4);
	s->r64 = full64;
	narrow_u(&s->r64, s->r32.umin, s->r32.umax);
	narrow_s(&s->r64, (int64_t)s->r32.umin, (int64_t)s->r32.umax);
	skep_scalar_sync(s);
}

void skep_scalar_truncate(struct skep_scalar *s, unsigned bytes)
{
	uint64_t mask = bytes >= 8 ? UINT64_MAX : (1ULL << bytes * 8) - 1;

	if (bytes >= 8)
		return;
	/* bounds whose dropped bits are the same stay in order */
	if ((s->r64.umin & ~mask) == (s->r64.umax & ~mask))
		s->r64 = (struct skep_range){ s->r64.umin & mask, s->r64.umax & mask, 0, 0 };
	else
		s->r64 = (struct skep_range){ 0, mask, 0, 0 };
	s->r64.smin = (int64_t)s->r64.umin;
	s->r64.smax = (int64_t)s->r64.umax;
	s->bits = skep_tnum_zext(s->bits, bytes);
	if (bytes < 4)
		s->r32 = full32;
	skep_scalar_sync(s);
}

static int64_t sext(uint64_t x, unsigned bytes)
{
	unsigned shift = 64 - bytes * 8;

	return (int64_t)(x << shift) >> shift;
}

void skep_scalar_sign_extend(struct skep_scalar *s, unsigned bytes)
{
	int64_t low, high;
	struct skep_range r = full64;

	if (bytes >= 8)
		return;
	/* ends whose dropped bits are the same stay in order when their sign is the same, too */
	low = sext((uint64_t)s->r64.smin, bytes);
	high = sext((uint64_t)s->r64.smax, bytes);
	if ((uint64_t)s->r64.smin >> bytes * 8 == (uint64_t)s->r64.smax >> bytes * 8 &&
	    (low < 0) == (high < 0)) {
		r.smin = MIN(low, high);
		r.smax = MAX(low, high);
	} else {
		r.smin = -(int64_t)(1ULL << (bytes * 8 - 1));
		r.smax = (int64_t)((1ULL << (bytes * 8 - 1)) - 1);
		s->r32 = full32; /* what was known of the lower half is lost, as in kernels */
	}
	/* kernels keep known bits only of constants here */
	s->bits = skep_tnum_is_const(s->bits) ? skep_tnum_sext(s->bits, bytes) : SKEP_TNUM_UNKNOWN;
	s->r64 = r;
	if (bytes < 4)
		s->r32 = full32;
	skep_scalar_sync(s);
}
