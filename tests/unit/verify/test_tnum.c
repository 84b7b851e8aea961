/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tristate numbers: every operation on every pair of 4-bit numbers, against all the values they stand for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "verify/tnum.h"

#define BITS 4
#define N (1u << BITS)

typedef struct skep_tnum binary(struct skep_tnum a, struct skep_tnum b);
typedef uint64_t exact(uint64_t a, uint64_t b);

static uint64_t add(uint64_t a, uint64_t b)
{
	return a + b;
}

static uint64_t sub(uint64_t a, uint64_t b)
{
	return a - b;
}

static uint64_t mul(uint64_t a, uint64_t b)
{
	return a * b;
}

static uint64_t and_(uint64_t a, uint64_t b)
{
	return a & b;
}

static uint64_t or_(uint64_t a, uint64_t b)
{
	return a | b;
}

static uint64_t xor_(uint64_t a, uint64_t b)
{
	return a ^ b;
}

/* Calls @visit for every tristate number of BITS bits, placed at bit @shift. */
#define FOR_TNUM(t, shift)                                                                     \
	for (unsigned v_ = 0; v_ < N; v_++)                                                    \
		for (unsigned m_ = 0; m_ < N; m_++)                                            \
			for (struct skep_tnum                                                  \
				     t = { (uint64_t)v_ << (shift), (uint64_t)m_ << (shift) }, \
				     *once_ = &t;                                              \
			     once_ && !(v_ & m_); once_ = NULL)

#define FOR_VALUE(x, t, shift)                                                        \
	for (uint64_t x##_ = 0, x; x##_ < N && ((x = x##_ << (shift)), true); x##_++) \
		if (skep_tnum_has(t, x))

/* Sound for all; for the operations that are exact bit by bit, nothing may be called unknown that is not. */
static void check(const char *name, binary *op, exact *value, bool optimal, unsigned shift)
{
	FOR_TNUM(a, shift)
	{
		const struct skep_tnum left = a;

		for (unsigned bv = 0; bv < N; bv++)
			for (unsigned bm = 0; bm < N; bm++) {
				const struct skep_tnum b = { (uint64_t)bv << shift,
							     (uint64_t)bm << shift };
				struct skep_tnum r, best = { 0, 0 };
				bool first = true;

				if (bv & bm)
					continue;
				r = op(left, b);
				assert_int_equal(r.value & r.mask, 0);
				FOR_VALUE(x, left, shift)
				FOR_VALUE(y, b, shift)
				{
					uint64_t z = value(x, y);

					if (!skep_tnum_has(r, z))
						fail_msg("%s: %#llx op %#llx = %#llx is missing",
							 name, (unsigned long long)x,
							 (unsigned long long)y,
							 (unsigned long long)z);
					best = first ? skep_tnum_const(z)
						     : skep_tnum_union(best, skep_tnum_const(z));
					first = false;
				}
				if (optimal && (r.mask != best.mask || r.value != best.value))
					fail_msg("%s: mask %#llx, best is %#llx", name,
						 (unsigned long long)r.mask,
						 (unsigned long long)best.mask);
			}
	}
}

static void test_binary(void **state)
{
	(void)state;
	check("and", skep_tnum_and, and_, true, 0);
	check("or", skep_tnum_or, or_, true, 0);
	check("xor", skep_tnum_xor, xor_, true, 0);
	check("add", skep_tnum_add, add, true, 0);
	check("sub", skep_tnum_sub, sub, true, 0);
	check("mul", skep_tnum_mul, mul, false, 0);
	/* and where the results leave the 64 bits */
	check("add", skep_tnum_add, add, true, 60);
	check("sub", skep_tnum_sub, sub, true, 60);
	check("mul", skep_tnum_mul, mul, false, 60);
}

static void test_range(void **state)
{
	struct skep_tnum t;

	(void)state;
	for (uint64_t min = 0; min < 40; min++)
		for (uint64_t max = min; max < 40; max++)
			for (uint64_t x = min; x <= max; x++)
				assert_true(skep_tnum_has(skep_tnum_range(min, max), x));
	t = skep_tnum_range(8, 11);
	assert_int_equal(t.value, 8);
	assert_int_equal(t.mask, 3);
	assert_int_equal(skep_tnum_range(0, UINT64_MAX).mask, UINT64_MAX);
	assert_int_equal(skep_tnum_range(5, 5).mask, 0);
}

static void test_shifts(void **state)
{
	(void)state;
	for (unsigned shift = 0; shift < 64; shift++)
		FOR_TNUM(t, 29)
		{
			struct skep_tnum left = skep_tnum_lshift(t, shift),
					 right = skep_tnum_rshift(t, shift);
			struct skep_tnum low = skep_tnum_zext(t, 4);

			FOR_VALUE(x, t, 29)
			{
				assert_true(skep_tnum_has(left, x << shift));
				assert_true(skep_tnum_has(right, x >> shift));
				assert_true(skep_tnum_has(skep_tnum_arshift(t, shift, 64),
							  (uint64_t)((int64_t)x >> shift)));
				assert_true(skep_tnum_has(skep_tnum_zext(t, 4), (uint32_t)x));
				assert_true(skep_tnum_has(skep_tnum_sext(t, 4),
							  (uint64_t)(int64_t)(int32_t)x));
				if (shift < 32)
					assert_true(skep_tnum_has(skep_tnum_arshift(low, shift, 32),
								  (uint32_t)((int32_t)x >> shift)));
			}
		}
}

static void test_sets(void **state)
{
	struct skep_tnum a = { 0x10, 0x0f }, b = { 0x12, 0x01 };

	(void)state;
	assert_true(skep_tnum_includes(a, b));
	assert_false(skep_tnum_includes(b, a));
	assert_true(skep_tnum_is_aligned((struct skep_tnum){ 0x10, 0xf0 & ~0x10 }, 16));
	assert_false(skep_tnum_is_aligned(a, 2));
	assert_int_equal(skep_tnum_intersect(a, (struct skep_tnum){ 0, 0xf3 }).mask, 0x03);
	assert_int_equal(skep_tnum_with_low(SKEP_TNUM_UNKNOWN, skep_tnum_const(7)).mask,
			 ~0ULL << 32);
	assert_int_equal(skep_tnum_with_low(SKEP_TNUM_UNKNOWN, skep_tnum_const(7)).value, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_binary),
		cmocka_unit_test(test_range),
		cmocka_unit_test(test_shifts),
		cmocka_unit_test(test_sets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
