/* SPDX-License-Identifier: Apache-2.0 */
/* AArch64: what takes more than one word, or a search for the right one. */
#include <string.h>

#include "vm/jit/arm64.h"

/*
 * Constants of logic: a run of ones, rotated, and repeated in elements of 2 to 64 bits (part C6.2, DecodeBitMasks).
 * The fields N, immr and imms, or 0 if @value is none.
 */
static uint32_t bitmask(uint64_t value, uint32_t w)
{
	unsigned size = 64, ones, low, rotate;
	uint64_t element;

	if (!w)
		value = (uint32_t)value | value << 32;
	if (value == 0 || value == UINT64_MAX)
		return 0;
	while (size > 2 && !((value ^ value >> size / 2) & ((1ull << size / 2) - 1)))
		size /= 2;
	element = size == 64 ? value : value & ((1ull << size) - 1);
	ones = (unsigned)__builtin_popcountll(element);
	low = (unsigned)__builtin_ctzll(element);
	if (low > 0) { /* zeroes below: one run, moved up */
		if (element >> low != (1ull << ones) - 1)
			return 0;
		rotate = size - low;
	} else { /* the run goes around the end */
		rotate = ones - (unsigned)__builtin_ctzll(~element);
		if (rotate && element >> (size - rotate) != (1ull << rotate) - 1)
			return 0;
	}
	return (size == 64 ? 1u << 22 : 0) | rotate << 16 |
	       ((~(size * 2 - 1) & 63) | (ones - 1)) << 10;
}

static void move_wide(struct jit *j, uint32_t op, unsigned d, unsigned part, uint64_t bits)
{
	a_word(j, op | part << 21 | (uint32_t)(bits & 0xffff) << 5 | d);
}

/* How many of the four parts of 16 bits are not @filler. */
static unsigned parts_besides(uint64_t value, uint64_t filler)
{
	unsigned n = 0;

	for (unsigned part = 0; part < 4; part++)
		n += (value >> 16 * part & 0xffff) != filler;
	return n;
}

void a_const(struct jit *j, unsigned d, uint64_t value)
{
	unsigned zeroes = parts_besides(value, 0), ones = parts_besides(value, 0xffff);
	uint64_t filler = ones < zeroes ? 0xffff : 0;
	uint32_t mask = bitmask(value, W64);
	bool first = true;

	if (mask && zeroes > 1 && ones > 1) {
		a_word(j, 0xb2000000 | mask | XZR << 5 | d); /* orr d, xzr, #value */
		return;
	}
	if (value <= UINT32_MAX && value >> 16 == 0xffff) {
		move_wide(j, 0x12800000, d, 0, ~value); /* movn, 32 bits */
		return;
	}
	for (unsigned part = 0; part < 4; part++) {
		uint64_t bits = value >> 16 * part & 0xffff;

		if (bits == filler && !(first && part == 3))
			continue;
		if (first)
			move_wide(j, filler ? 0x92800000 : 0xd2800000, d, part,
				  filler ? ~bits : bits);
		else
			move_wide(j, 0xf2800000, d, part, bits);
		first = false;
	}
}

/* The fields of a constant of 12 bits, perhaps 12 bits up. */
static bool fits12(uint64_t value, uint32_t *ret_fields)
{
	if (value < 4096)
		*ret_fields = (uint32_t)value << 10;
	else if (value >> 24 == 0 && (value & 4095) == 0)
		*ret_fields = (uint32_t)(value >> 12) << 10 | 1u << 22;
	else
		return false;
	return true;
}

#define ADD_CONSTANT 0x11000000
#define SUB_CONSTANT 0x51000000
#define WITH_FLAGS 0x20000000

void a_add(struct jit *j, uint32_t w, unsigned d, unsigned n, int64_t value)
{
	uint32_t op = value < 0 ? SUB_CONSTANT : ADD_CONSTANT, fields;
	uint64_t size = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

	if (fits12(size, &fields)) {
		if (size || d != n || !w)
			a_word(j, w | op | fields | n << 5 | d);
	} else if (size >> 24 == 0) {
		a_word(j, w | op | 1u << 22 | (uint32_t)(size >> 12) << 10 | n << 5 | d);
		a_word(j, w | op | (uint32_t)(size & 4095) << 10 | d << 5 | d);
	} else {
		a_const(j, X16, w ? (uint64_t)value : (uint32_t)value);
		a_rrr(j, w, A_ADD, d, n, X16);
	}
}

void a_compare(struct jit *j, uint32_t w, unsigned n, int64_t value)
{
	uint32_t op = value < 0 ? ADD_CONSTANT : SUB_CONSTANT, fields;

	if (fits12(value < 0 ? 0 - (uint64_t)value : (uint64_t)value, &fields)) {
		a_word(j, w | op | WITH_FLAGS | fields | n << 5 | XZR);
		return;
	}
	a_const(j, X16, w ? (uint64_t)value : (uint32_t)value);
	a_rrr(j, w, A_SUBS, XZR, n, X16);
}

void a_logic(struct jit *j, uint32_t w, uint32_t op, unsigned d, unsigned n, uint64_t value)
{
	uint32_t mask = bitmask(value, w);

	if (mask) {
		a_word(j, w | (op + 0x08000000) | mask | n << 5 | d);
		return;
	}
	if (value)
		a_const(j, X16, w ? value : (uint32_t)value);
	a_rrr(j, w, op, d, n, value ? X16 : XZR);
}

void a_mem(struct jit *j, uint32_t op, unsigned bytes, unsigned t, unsigned base, int64_t off)
{
	unsigned log = (unsigned)__builtin_ctz(bytes);
	uint32_t word = op | log << 30 | base << 5 | t;

	if (off >= 0 && off % bytes == 0 && off >> log < 4096) {
		a_word(j, word | 0x39000000 | (uint32_t)(off >> log) << 10);
	} else if (off >= -256 && off < 256) {
		a_word(j, word | 0x38000000 | ((uint32_t)off & 0x1ff) << 12);
	} else {
		a_const(j, X16, (uint64_t)off);
		a_word(j, word | 0x38206800 | X16 << 16);
	}
}

static bool is_conditional(uint32_t branch)
{
	return (branch & 0x7c000000) != A_B;
}

uint32_t a_branch(struct jit *j, uint32_t branch)
{
	if (j->far && is_conditional(branch)) {
		a_word(j, a_opposite(branch) | 2u << 5);
		branch = A_B;
	}
	a_word(j, branch);
	return (uint32_t)j->len - 4;
}

void a_set(struct jit *j, uint32_t at, uint32_t target)
{
	int64_t distance = ((int64_t)target - at) / 4, reach;
	uint32_t word, field;

	memcpy(&word, j->code + at, 4);
	reach = is_conditional(word) ? 1 << 18 : 1 << 25;
	if (distance < -reach || distance >= reach) {
		j->too_far = true;
		return;
	}
	field = (uint32_t)distance & (uint32_t)(2 * reach - 1);
	word |= is_conditional(word) ? field << 5 : field;
	memcpy(j->code + at, &word, 4);
}
