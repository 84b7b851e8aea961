/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lang/flags.h"

static size_t parse(struct skep_arena *arena, const char *text, const struct skep_enum_name **names)
{
	return skep_flags_parse(arena, text, names);
}

static void test_lists(void **state)
{
	struct skep_arena *arena = skep_arena_new();
	const struct skep_enum_name *n;

	assert_int_equal(
		parse(arena,
		      "print fmt: \"x=%s\", (REC->f) ? __print_flags(REC->f, \"|\", "
		      "{( unsigned long)((( gfp_t)(0x400u|0x800u)) | (( gfp_t)0x40u)), \"A\"}, "
		      "{ (1UL) << 4 , \"B\" }, {(0xf0 | 1) & ~(0x10u), \"C\"} ) : \"none\"",
		      &n),
		3);
	assert_int_equal(n[0].value, 0xc40);
	assert_string_equal(n[0].name, "A");
	assert_int_equal(n[1].value, 16);
	assert_int_equal(n[2].value, 0xe1);
	assert_string_equal(n[2].name, "C");
	skep_arena_free(arena);
}

/* What cannot be read is left out; nothing is read beyond the text. */
static void test_bad(void **state)
{
	static const char *const none[] = {
		"",
		"__print_flags(",
		"__print_flags(x, {",
		"__print_flags(x, {1, \"A",
		"{1, \"A\"}",
		"__print_flags(x, {NAME, \"A\"})",
		"__print_flags(x, {1 \"A\"})",
		"__print_flags(x, {()})",
	};
	struct skep_arena *arena = skep_arena_new();
	const struct skep_enum_name *n;
	char deep[512] = "__print_flags(x, {";

	for (size_t i = 0; i < ARRAY_SIZE(none); i++)
		assert_int_equal(parse(arena, none[i], &n), 0);
	assert_int_equal(parse(arena, "__print_flags(x, {NAME, \"A\"}, {2, \"B\"})", &n), 1);
	assert_string_equal(n[0].name, "B");
	memset(deep + strlen(deep), '(', 400);
	assert_int_equal(parse(arena, deep, &n), 0);
	skep_arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
