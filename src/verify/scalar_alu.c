/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arithmetic on scalars. Each operation is written once for bounds of either width, in exact 128-bit numbers, and once
 * for known bits.
 */
#include "verify/scalar.h"

static const struct skep_range full[] = {
	{ 0, UINT32_MAX, INT32_MIN, INT32_MAX },
	{ 0, UINT64_MAX, INT64_MIN, INT64_MAX },
};

static const struct skep_range *full_of(unsigned width)
{
	return &full[width == 64];
}

/*
 * The unsigned bounds become the exact results @low..@high, as they wrap: when both ends are as many turns around the
 * circle, everything between them is, too, and their order stays. Otherwise anything is possible.
 */
static void set_unsigned(struct skep_range *r, __int128 low, __int128 high, unsigned width)
{
	uint64_t mask = full_of(width)->umax;
	bool same_turn = low >> width == high >> width;

	r->umin = same_turn ? (uint64_t)low & mask : 0;
	r->umax = same_turn ? (uint64_t)high & mask : mask;
}

/* The signed bounds become the exact results, or anything when one of them does not fit. */
static void set_signed(struct skep_range *r, __int128 low, __int128 high, unsigned width)
{
	const struct skep_range *f = full_of(width);
	bool fits = low >= f->smin && high <= f->smax;

	r->smin = fits ? (int64_t)low : f->smin;
	r->smax = fits ? (int64_t)high : f->smax;
}

static void range_add(struct skep_range *a, const struct skep_range *b, unsigned width)
{
	set_unsigned(a, (__int128)a->umin + b->umin, (__int128)a->umax + b->umax, width);
	set_signed(a, (__int128)a->smin + b->smin, (__int128)a->smax + b->smax, width);
}

static void range_sub(struct skep_range *a, const struct skep_range *b, unsigned width)
{
	set_unsigned(a, (__int128)a->umin - b->umax, (__int128)a->umax - b->umin, width);
	set_signed(a, (__int128)a->smin - b->smax, (__int128)a->smax - b->smin, width);
}

static void range_mul(struct skep_range *a, const struct skep_range *b, unsigned width)
{
	const __int128 products[] = {
		(__int128)a->smin * b->smin,
		(__int128)a->smin * b->smax,
		(__int128)a->smax * b->smin,
		(__int128)a->smax * b->smax,
	};
	unsigned __int128 high = (unsigned __int128)a->umax * b->umax;
	bool fits = high <= full_of(width)->umax;
	__int128 least = products[0], greatest = products[0];

	a->umin = fits ? a->umin * b->umin : 0;
	a->umax = fits ? (uint64_t)high : full_of(width)->umax;
	for (size_t i = 1; i < ARRAY_SIZE(products); i++) {
		least = MIN(least, products[i]);
		greatest = MAX(greatest, products[i]);
	}
	set_signed(a, least, greatest, width);
}

/* After new unsigned bounds: the signed ones are the same numbers, unless the sign may be either. */
static void signed_from_unsigned(struct skep_range *r, unsigned width)
{
	int64_t low = width == 64 ? (int64_t)r->umin : (int32_t)(uint32_t)r->umin;
	int64_t high = width == 64 ? (int64_t)r->umax : (int32_t)(uint32_t)r->umax;

	r->smin = low <= high ? low : full_of(width)->smin;
	r->smax = low <= high ? high : full_of(width)->smax;
}

/* A mask of no bits or all bits (0 or -1, as comparisons without a branch make it) keeps nothing or everything of @b. */
static bool is_no_or_all(const struct skep_range *r)
{
	return r->smin == -1 && r->smax == 0;
}

static void keep_or_clear(struct skep_range *a, const struct skep_range *kept)
{
	if (kept->smin != kept->smax)
		return;
	a->smin = MIN(kept->smin, 0);
	a->smax = MAX(kept->smin, 0);
}

/* @bits: the known bits of the result, cut to the width. */
static void range_bitwise(enum skep_alu_op op, struct skep_range *a, const struct skep_range *b,
			  struct skep_tnum bits, unsigned width)
{
	const struct skep_range before = *a;

	a->umin = bits.value;
	a->umax = bits.value | bits.mask;
	if (op == SKEP_ALU_AND)
		a->umax = MIN(before.umax, b->umax);
	else if (op == SKEP_ALU_OR)
		a->umin = MAX(before.umin, b->umin);
	signed_from_unsigned(a, width);
	if (op == SKEP_ALU_AND && is_no_or_all(&before))
		keep_or_clear(a, b);
	else if (op == SKEP_ALU_AND && is_no_or_all(b))
		keep_or_clear(a, &before);
}

static void range_shift(enum skep_alu_op op, struct skep_range *a, unsigned shift, unsigned width)
{
	const struct skep_range *f = full_of(width);
	bool fits = a->umax <= f->umax >> shift;

	switch (op) {
	case SKEP_ALU_LSH:
		a->umin = fits ? a->umin << shift : 0;
		a->umax = fits ? a->umax << shift : f->umax;
		a->smin = f->smin;
		a->smax = f->smax;
		break;
	case SKEP_ALU_RSH:
		a->umin >>= shift;
		a->umax >>= shift;
		a->smin = f->smin;
		a->smax = f->smax;
		break;
	default: /* ARSH */
		a->smin >>= shift;
		a->smax >>= shift;
		a->umin = f->umin;
		a->umax = f->umax;
		break;
	}
}

static struct skep_tnum bits_of(enum skep_alu_op op, struct skep_tnum a, struct skep_tnum b,
				unsigned shift, unsigned width)
{
	if (width == 32) {
		a = skep_tnum_zext(a, 4);
		b = skep_tnum_zext(b, 4);
	}
	switch (op) {
	case SKEP_ALU_ADD:
		a = skep_tnum_add(a, b);
		break;
	case SKEP_ALU_SUB:
		a = skep_tnum_sub(a, b);
		break;
	case SKEP_ALU_MUL:
		a = skep_tnum_mul(a, b);
		break;
	case SKEP_ALU_AND:
		a = skep_tnum_and(a, b);
		break;
	case SKEP_ALU_OR:
		a = skep_tnum_or(a, b);
		break;
	case SKEP_ALU_XOR:
		a = skep_tnum_xor(a, b);
		break;
	case SKEP_ALU_LSH:
		a = skep_tnum_lshift(a, shift);
		break;
	case SKEP_ALU_RSH:
		a = skep_tnum_rshift(a, shift);
		break;
	default:
		a = skep_tnum_arshift(a, shift, width);
		break;
	}
	return width == 32 ? skep_tnum_zext(a, 4) : a;
}

static void range_alu(enum skep_alu_op op, struct skep_range *a, const struct skep_range *b,
		      struct skep_tnum bits, unsigned width)
{
	switch (op) {
	case SKEP_ALU_ADD:
		range_add(a, b, width);
		break;
	case SKEP_ALU_SUB:
		range_sub(a, b, width);
		break;
	case SKEP_ALU_MUL:
		range_mul(a, b, width);
		break;
	case SKEP_ALU_AND:
	case SKEP_ALU_OR:
	case SKEP_ALU_XOR:
		range_bitwise(op, a, b, bits, width);
		break;
	default: /* shifts, by a known amount that is less than the width */
		range_shift(op, a, (unsigned)b->umin, width);
		break;
	}
}

static bool is_shift(enum skep_alu_op op)
{
	return op == SKEP_ALU_LSH || op == SKEP_ALU_RSH || op == SKEP_ALU_ARSH;
}

static bool is_tracked(enum skep_alu_op op, unsigned width, const struct skep_scalar *src)
{
	const struct skep_range *r = width == 64 ? &src->r64 : &src->r32;

	if (op == SKEP_ALU_DIV || op == SKEP_ALU_MOD)
		return false;
	return !is_shift(op) || (r->umin == r->umax && r->umax < width);
}

void skep_scalar_alu(enum skep_alu_op op, unsigned width, struct skep_scalar *dst,
		     const struct skep_scalar *src)
{
	const struct skep_range low_before = dst->r32;
	struct skep_tnum bits;

	if (!is_tracked(op, width, src)) {
		/* of the upper half of a 32-bit result, kernels do not say that it is 0 either */
		*dst = skep_scalar_unknown();
		return;
	}
	bits = bits_of(op, dst->bits, src->bits,
		       (unsigned)(width == 64 ? src->r64 : src->r32).umin & 63, width);
	/* The lower half of a 64-bit result depends on lower halves alone, except where bits move down into it. */
	if (width == 32 || op == SKEP_ALU_LSH || !is_shift(op))
		range_alu(op, &dst->r32, &src->r32, skep_tnum_zext(bits, 4), 32);
	else
		dst->r32 = *full_of(32);
	if (width == 64) {
		range_alu(op, &dst->r64, &src->r64, bits, 64);
		/* (x << 32) >> 32, as compilers extend the sign of a lower half */
		if (op == SKEP_ALU_LSH && src->r64.umin == 32) {
			dst->r64.smin = low_before.smin * (1LL << 32);
			dst->r64.smax = low_before.smax * (1LL << 32);
		}
	}
	dst->bits = bits;
	if (width == 32)
		skep_scalar_zext32(dst);
	else
		skep_scalar_sync(dst);
}

void skep_scalar_neg(unsigned width, struct skep_scalar *dst)
{
	struct skep_scalar zero = skep_scalar_const(0);

	skep_scalar_alu(SKEP_ALU_SUB, width, &zero, dst);
	*dst = zero;
}
