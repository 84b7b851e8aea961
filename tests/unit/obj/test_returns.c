/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "obj/returns.h"

#define FOUND_MAX 4

static void test_x86(void **state)
{
	/* A return's byte inside of other instructions is none. */
	static const uint8_t code[] = {
		0xb8, 0xc3, 0xc3, 0xc3, 0xc3, /* mov eax, imm */
		0x74, 0x01,		      /* je */
		0xc3,			      /* 7: ret */
		0x48, 0x83, 0xc4, 0xc3,	      /* add rsp, imm */
		0xf3, 0xc3,		      /* 12: rep ret */
		0xc2, 0x08, 0x00,	      /* 14: ret 8 */
		0x0f, 0x0b,		      /* ud2 */
	};
	uint32_t offsets[FOUND_MAX];
	size_t n;

	assert_int_equal(
		skep_returns_find(SKEP_CODE_X86_64, code, sizeof(code), offsets, FOUND_MAX, &n), 0);
	assert_int_equal(n, 3);
	assert_int_equal(offsets[0], 7);
	assert_int_equal(offsets[1], 12);
	assert_int_equal(offsets[2], 14);
	assert_int_equal(skep_returns_find(SKEP_CODE_X86_64, code, sizeof(code), offsets, 2, &n),
			 -E2BIG);
	/* It ends in the midst of an instruction: then nothing before is believed either. */
	assert_int_equal(skep_returns_find(SKEP_CODE_X86_64, code, 15, offsets, FOUND_MAX, &n),
			 -EILSEQ);
	assert_int_equal(skep_returns_find(SKEP_CODE_X86_64, code, 7, offsets, FOUND_MAX, &n), 0);
	assert_int_equal(n, 0);
}

static void test_unknown(void **state)
{
	static const uint8_t code[] = { 0x90, 0x06, 0xc3 }; /* nop, nothing in 64-bit mode, ret */
	uint32_t offsets[FOUND_MAX];
	size_t n;

	assert_int_equal(skep_returns_find(SKEP_CODE_X86_64, code, sizeof(code), offsets, FOUND_MAX,
					   &n),
			 -EILSEQ);
}

static void test_arm64(void **state)
{
	static const uint8_t code[] = {
		0xc0, 0x03, 0x5f, 0xd6, /* ret */
		0x1f, 0x20, 0x03, 0xd5, /* nop */
		0xff, 0x0b, 0x5f, 0xd6, /* retaa */
		0x60, 0x02, 0x5f, 0xd6, /* ret x19 */
		0x60, 0x02, 0x1f, 0xd6, /* br x19 */
	};
	uint32_t offsets[FOUND_MAX];
	size_t n;

	assert_int_equal(skep_returns_find(SKEP_CODE_FIXED_4, code, sizeof(code), offsets,
					   FOUND_MAX, &n),
			 0);
	assert_int_equal(n, 3);
	assert_int_equal(offsets[0], 0);
	assert_int_equal(offsets[1], 8);
	assert_int_equal(offsets[2], 12);
	assert_int_equal(skep_returns_find(SKEP_CODE_FIXED_4, code, 6, offsets, FOUND_MAX, &n),
			 -EILSEQ);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_x86),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_arm64),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
