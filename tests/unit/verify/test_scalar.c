/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scalars: random sets of numbers around a known one go through every operation and condition, and the exact result has
 * to stay inside. Then the precision that programs rely on, case by case.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "verify/scalar.h"

#define ROUNDS 400000

static uint64_t seed = 0x9e3779b97f4a7c15;

static uint64_t next(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* Numbers near the edges of the widths, small ones, and any. */
static uint64_t some_number(void)
{
	static const uint64_t edges[] = {
		0,	   1,	       INT32_MAX,  (uint64_t)INT32_MAX + 1, UINT32_MAX, 1ULL << 32,
		INT64_MAX, 1ULL << 63, UINT64_MAX, (uint64_t)INT32_MIN
	};

	switch (next() % 4) {
	case 0:
		return edges[next() % ARRAY_SIZE(edges)] + next() % 5 - 2;
	case 1:
		return next() % 256;
	case 2:
		return next() >> next() % 64;
	default:
		return next();
	}
}

/* A scalar that has @x: some bits forgotten, some bounds around it. */
static struct skep_scalar around(uint64_t x)
{
	struct skep_scalar s = skep_scalar_unknown();
	uint64_t forget = next() % 3 ? next() >> next() % 64 : UINT64_MAX;
	uint64_t below = some_number(), above = some_number();

	s.bits = (struct skep_tnum){ x & ~forget, forget };
	if (next() % 2) {
		s.r64.umin = MIN(x, below);
		s.r64.umax = MAX(x, above);
	}
	if (next() % 2) {
		s.r64.smin = MIN((int64_t)x, (int64_t)below);
		s.r64.smax = MAX((int64_t)x, (int64_t)above);
	}
	if (next() % 2) {
		s.r32.umin = MIN((uint32_t)x, (uint32_t)below);
		s.r32.umax = MAX((uint32_t)x, (uint32_t)above);
	}
	if (next() % 2) {
		s.r32.smin = MIN((int32_t)x, (int32_t)below);
		s.r32.smax = MAX((int32_t)x, (int32_t)above);
	}
	skep_scalar_sync(&s);
	if (!skep_scalar_has(&s, x))
		fail_msg("sync lost %#llx", (unsigned long long)x);
	return s;
}

static uint64_t compute(enum skep_alu_op op, unsigned width, uint64_t a, uint64_t b)
{
	uint64_t mask = width == 64 ? UINT64_MAX : UINT32_MAX;
	unsigned shift = (unsigned)b & (width - 1);

	a &= mask;
	b &= mask;
	switch (op) {
	case SKEP_ALU_ADD:
		return (a + b) & mask;
	case SKEP_ALU_SUB:
		return (a - b) & mask;
	case SKEP_ALU_MUL:
		return (a * b) & mask;
	case SKEP_ALU_DIV:
		return b ? a / b : 0;
	case SKEP_ALU_MOD:
		return b ? a % b : a;
	case SKEP_ALU_OR:
		return a | b;
	case SKEP_ALU_AND:
		return a & b;
	case SKEP_ALU_XOR:
		return a ^ b;
	case SKEP_ALU_LSH:
		return (a << shift) & mask;
	case SKEP_ALU_RSH:
		return a >> shift;
	default:
		return width == 64 ? (uint64_t)((int64_t)a >> shift)
				   : (uint32_t)((int32_t)a >> shift);
	}
}

static void test_alu_is_sound(void **state)
{
	static const enum skep_alu_op ops[] = { SKEP_ALU_ADD, SKEP_ALU_SUB, SKEP_ALU_MUL,
						SKEP_ALU_DIV, SKEP_ALU_MOD, SKEP_ALU_OR,
						SKEP_ALU_AND, SKEP_ALU_XOR, SKEP_ALU_LSH,
						SKEP_ALU_RSH, SKEP_ALU_ARSH };

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		enum skep_alu_op op = ops[next() % ARRAY_SIZE(ops)];
		unsigned width = next() % 2 ? 64 : 32;
		uint64_t x = some_number(), y = some_number();
		struct skep_scalar a, b, r;

		if (op >= SKEP_ALU_LSH && op != SKEP_ALU_MOD && op != SKEP_ALU_XOR && next() % 4)
			y %= width;
		a = around(x);
		b = next() % 2 ? around(y) : skep_scalar_const(y);
		r = a;
		skep_scalar_alu(op, width, &r, &b);
		if (!skep_scalar_has(&r, compute(op, width, x, y)))
			fail_msg(
				"op %#x width %u: %#llx, %#llx gives %#llx, which is not in the result",
				op, width, (unsigned long long)x, (unsigned long long)y,
				(unsigned long long)compute(op, width, x, y));
	}
}

static void test_widths_are_sound(void **state)
{
	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		unsigned bytes = 1u << next() % 4, shift = 64 - bytes * 8;
		uint64_t x = some_number();
		struct skep_scalar s = around(x), t = s, u = s, n = s, n32 = s;

		skep_scalar_truncate(&t, bytes);
		assert_true(skep_scalar_has(&t, x << shift >> shift));
		skep_scalar_sign_extend(&u, bytes);
		assert_true(skep_scalar_has(&u, (uint64_t)((int64_t)(x << shift) >> shift)));
		skep_scalar_zext32(&s);
		assert_true(skep_scalar_has(&s, (uint32_t)x));
		skep_scalar_neg(64, &n);
		assert_true(skep_scalar_has(&n, -x));
		skep_scalar_neg(32, &n32);
		assert_true(skep_scalar_has(&n32, (uint32_t)-x));
	}
}

static bool holds(enum skep_jmp_op op, unsigned width, uint64_t a, uint64_t b)
{
	int64_t sa = width == 64 ? (int64_t)a : (int32_t)a,
		sb = width == 64 ? (int64_t)b : (int32_t)b;

	if (width == 32) {
		a = (uint32_t)a;
		b = (uint32_t)b;
	}
	switch (op) {
	case SKEP_JMP_JEQ:
		return a == b;
	case SKEP_JMP_JNE:
		return a != b;
	case SKEP_JMP_JGT:
		return a > b;
	case SKEP_JMP_JGE:
		return a >= b;
	case SKEP_JMP_JLT:
		return a < b;
	case SKEP_JMP_JLE:
		return a <= b;
	case SKEP_JMP_JSGT:
		return sa > sb;
	case SKEP_JMP_JSGE:
		return sa >= sb;
	case SKEP_JMP_JSLT:
		return sa < sb;
	case SKEP_JMP_JSLE:
		return sa <= sb;
	default:
		return a & b;
	}
}

static void test_conditions_are_sound(void **state)
{
	static const enum skep_jmp_op ops[] = { SKEP_JMP_JEQ,  SKEP_JMP_JNE,  SKEP_JMP_JGT,
						SKEP_JMP_JGE,  SKEP_JMP_JLT,  SKEP_JMP_JLE,
						SKEP_JMP_JSGT, SKEP_JMP_JSGE, SKEP_JMP_JSLT,
						SKEP_JMP_JSLE, SKEP_JMP_JSET };

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		enum skep_jmp_op op = ops[next() % ARRAY_SIZE(ops)];
		unsigned width = next() % 2 ? 64 : 32;
		uint64_t x = some_number(), y = next() % 4 ? some_number() : x + next() % 3 - 1;
		struct skep_scalar a = around(x), b = next() % 2 ? around(y) : skep_scalar_const(y);
		bool taken = holds(op, width, x, y);
		enum skep_branch said = skep_scalar_branch(op, width, &a, &b);

		if (said == (taken ? SKEP_BRANCH_NEVER : SKEP_BRANCH_ALWAYS))
			fail_msg("op %#x width %u: %#llx, %#llx is %d", op, width,
				 (unsigned long long)x, (unsigned long long)y, taken);
		skep_scalar_assume(op, width, taken, &a, &b);
		if (!skep_scalar_has(&a, x) || !skep_scalar_has(&b, y))
			fail_msg("op %#x width %u taken %d: %#llx, %#llx was lost", op, width,
				 taken, (unsigned long long)x, (unsigned long long)y);
	}
}

static void test_precision(void **state)
{
	struct skep_scalar x = skep_scalar_unknown(), c;

	(void)state;
	/* a mask bounds, a shift scales */
	c = skep_scalar_const(0x3f);
	skep_scalar_alu(SKEP_ALU_AND, 64, &x, &c);
	assert_int_equal(x.r64.umax, 63);
	assert_int_equal(x.r64.smin, 0);
	c = skep_scalar_const(3);
	skep_scalar_alu(SKEP_ALU_LSH, 64, &x, &c);
	assert_int_equal(x.r64.umax, 63 << 3);
	assert_true(skep_tnum_is_aligned(x.bits, 8));

	/* a 32-bit comparison bounds the 64-bit value when the upper half is 0 */
	x = skep_scalar_of_size(4, false);
	c = skep_scalar_const(16);
	skep_scalar_assume(SKEP_JMP_JLT, 32, true, &x, &c);
	assert_int_equal(x.r64.umax, 15);
	assert_int_equal(x.bits.mask, 15);

	/* sign extension by two shifts keeps signed bounds of the lower half */
	x = skep_scalar_unknown();
	c = skep_scalar_const(100);
	skep_scalar_assume(SKEP_JMP_JSLE, 32, true, &x, &c);
	c = skep_scalar_const((uint64_t)-100);
	skep_scalar_assume(SKEP_JMP_JSGE, 32, true, &x, &c);
	c = skep_scalar_const(32);
	skep_scalar_alu(SKEP_ALU_LSH, 64, &x, &c);
	skep_scalar_alu(SKEP_ALU_ARSH, 64, &x, &c);
	assert_int_equal(x.r64.smin, -100);
	assert_int_equal(x.r64.smax, 100);

	/* signed bounds above 0 are unsigned ones */
	x = skep_scalar_unknown();
	c = skep_scalar_const(0);
	skep_scalar_assume(SKEP_JMP_JSGE, 64, true, &x, &c);
	c = skep_scalar_const(10);
	skep_scalar_assume(SKEP_JMP_JSLT, 64, true, &x, &c);
	assert_int_equal(x.r64.umax, 9);

	/* != takes an end away; two of them decide */
	c = skep_scalar_const(9);
	skep_scalar_assume(SKEP_JMP_JNE, 64, true, &x, &c);
	assert_int_equal(x.r64.umax, 8);

	/* equality takes the intersection, and a contradiction leaves nothing */
	x = skep_scalar_of_size(1, false);
	c = skep_scalar_const(300);
	assert_int_equal(skep_scalar_branch(SKEP_JMP_JEQ, 64, &x, &c), SKEP_BRANCH_NEVER);
	skep_scalar_assume(SKEP_JMP_JEQ, 64, true, &x, &c);
	assert_true(skep_scalar_is_empty(&x));

	/* sums that all wrap keep their order */
	x = skep_scalar_of_size(1, false);
	c = skep_scalar_const((uint64_t)-256);
	skep_scalar_alu(SKEP_ALU_ADD, 64, &x, &c);
	assert_int_equal(x.r64.smin, -256);
	assert_int_equal(x.r64.smax, -1);
	assert_int_equal(x.r64.umin, (uint64_t)-256);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alu_is_sound),
		cmocka_unit_test(test_widths_are_sound),
		cmocka_unit_test(test_conditions_are_sound),
		cmocka_unit_test(test_precision),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
