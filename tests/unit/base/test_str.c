/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"

static void buffer(void **state)
{
	_cleanup_(skep_str_fini)
	struct skep_str s = {};

	assert_string_equal(skep_str_text(&s), "");
	skep_str_reset(&s);
	skep_str_addn(&s, "", 0);
	assert_string_equal(skep_str_text(&s), "");
	skep_str_add(&s, "ab");
	skep_str_addc(&s, 'c');
	skep_str_addf(&s, "%d-%s", -5, "x");
	skep_str_pad(&s, '.', 3);
	skep_str_pad(&s, '!', 0);
	assert_string_equal(s.data, "abc-5-x...");
	assert_int_equal(s.len, 10);
	skep_str_addn(&s, "\0z", 2);
	assert_int_equal(s.len, 12);
	assert_memory_equal(s.data, "abc-5-x...\0z", 13);
	skep_str_reset(&s);
	assert_string_equal(skep_str_text(&s), "");
	assert_int_equal(s.len, 0);
}

/* Formatting exactly to the end of the room, one below and one beyond. */
static void exact_room(void **state)
{
	char text[300];

	for (size_t n = 1; n < sizeof(text); n++) {
		_cleanup_(skep_str_fini)
		struct skep_str s = {};

		memset(text, 'y', n);
		text[n] = '\0';
		skep_str_add(&s, "head ");
		skep_str_addf(&s, "%s", text);
		assert_int_equal(s.len, 5 + n);
		assert_string_equal(s.data + 5, text);
	}
}

static void compare(void **state)
{
	assert_true(skep_streq("a", "a"));
	assert_false(skep_streq("a", "ab"));
	assert_true(skep_streq(NULL, NULL));
	assert_false(skep_streq(NULL, ""));
	assert_false(skep_streq("", NULL));
	assert_true(skep_has_prefix("sys_enter", "sys_"));
	assert_true(skep_has_prefix("x", ""));
	assert_false(skep_has_prefix("sy", "sys_"));
	assert_true(skep_has_suffix("libc.so", ".so"));
	assert_true(skep_has_suffix("x", ""));
	assert_false(skep_has_suffix("so", ".so"));
}

static void glob(void **state)
{
	static const struct {
		const char *pattern, *text;
		bool match;
	} cases[] = {
		{ "", "", true },
		{ "", "a", false },
		{ "*", "", true },
		{ "*", "anything", true },
		{ "**", "", true },
		{ "a*", "a", true },
		{ "a*", "ba", false },
		{ "*a", "ba", true },
		{ "*a", "ab", false },
		{ "a*c", "abc", true },
		{ "a*c", "ac", true },
		{ "a*c", "abcd", false },
		{ "*b*", "abc", true },
		{ "*b*b*", "abc", false },
		{ "a*b*c", "axbxbxc", true },
		{ "a.c", "abc", false },
		{ "[ab]", "a", false },
		{ "a?", "ab", false },
		{ "sys_*_open*", "sys_enter_openat", true },
		{ "sys_*_open", "sys_enter_openat", false },
		{ "*aab", "aaaaaab", true },
		{ "a*", "a*", true },
		{ "ab", "a", false },
	};
	char many_a[2001];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (skep_glob_match(cases[i].pattern, cases[i].text) != cases[i].match)
			fail_msg("'%s' and '%s'", cases[i].pattern, cases[i].text);
	/* Exponential for who tries everything. */
	memset(many_a, 'a', sizeof(many_a) - 1);
	many_a[sizeof(many_a) - 1] = '\0';
	assert_false(skep_glob_match("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", many_a));
}

static void distance(void **state)
{
	char long_a[66], long_b[66];

	assert_int_equal(skep_edit_distance("same", "same", 3), 0);
	assert_int_equal(skep_edit_distance("", "", 3), 0);
	assert_int_equal(skep_edit_distance("", "abc", 3), 3);
	assert_int_equal(skep_edit_distance("openat", "opnat", 3), 1);
	assert_int_equal(skep_edit_distance("openat", "openatx", 3), 1);
	assert_int_equal(skep_edit_distance("openat", "opwnat", 3), 1);
	assert_int_equal(skep_edit_distance("ab", "ba", 3), 1);
	assert_int_equal(skep_edit_distance("prinft", "printf", 3), 1);
	assert_int_equal(skep_edit_distance("ca", "abc", 3), 3);
	assert_int_equal(skep_edit_distance("kitten", "sitting", 5), 3);
	assert_int_equal(skep_edit_distance("kitten", "sitting", 2), 3);
	assert_int_equal(skep_edit_distance("abc", "xyz", 1), 2);
	assert_int_equal(skep_edit_distance("abc", "", 1), 2);
	/* By their letters alone these are as near as they are, or nearer. */
	assert_int_equal(skep_edit_distance("abcd", "efgh", 4), 4);
	assert_int_equal(skep_edit_distance("abcd", "efgh", 3), 4);
	assert_int_equal(skep_edit_distance("aaaa", "aabb", 1), 2);
	assert_int_equal(skep_edit_distance("AZ", "az", 1), 2);
	assert_int_equal(skep_edit_distance("a!", "aa", 1), 1);
	/* Both orders give the same. */
	assert_int_equal(skep_edit_distance("sitting", "kitten", 5), 3);
	memset(long_a, 'a', sizeof(long_a));
	memset(long_b, 'a', sizeof(long_b));
	long_a[64] = long_b[64] = '\0';
	long_b[0] = 'b';
	assert_int_equal(skep_edit_distance(long_a, long_b, 3), 1);
	long_a[64] = 'a';
	long_a[65] = '\0';
	assert_int_equal(skep_edit_distance(long_a, long_a, 3), 4);
}

static void utf8(void **state)
{
	static const struct {
		const char *bytes;
		size_t have, len, shown;
	} cases[] = {
		{ "a", 1, 1, 1 },
		{ "\0", 1, 1, 0 },
		{ "\t", 1, 1, 0 },
		{ "\033[", 2, 1, 0 },
		{ "\x7f", 1, 1, 0 },
		{ "\xc3\xa9", 2, 2, 2 }, /* U+00E9 */
		{ "\xc2\x9b", 2, 2, 0 }, /* U+009B, a control character */
		{ "\xc2\xa0", 2, 2, 2 },
		{ "\xe4\xbd\xa0x", 4, 3, 3 },	 /* U+4F60 */
		{ "\xf0\x9f\x90\x9d", 4, 4, 4 }, /* U+1F41D */
		{ "\xf4\x8f\xbf\xbf", 4, 4, 4 }, /* the last one */
		{ "\xf4\x90\x80\x80", 4, 0, 0 }, /* beyond it */
		{ "\xf5\x80\x80\x80", 4, 0, 0 },
		{ "\xed\x9f\xbf", 3, 3, 3 },
		{ "\xed\xa0\x80", 3, 0, 0 }, /* a surrogate */
		{ "\xc0\x80", 2, 0, 0 },     /* overlong forms */
		{ "\xc1\xbf", 2, 0, 0 },
		{ "\xe0\x9f\xbf", 3, 0, 0 },
		{ "\xe0\xa0\x80", 3, 3, 3 },
		{ "\xf0\x8f\xbf\xbf", 4, 0, 0 },
		{ "\xf0\x90\x80\x80", 4, 4, 4 },
		{ "\x80", 1, 0, 0 }, /* no beginning */
		{ "\xff", 1, 0, 0 },
		{ "\xc3", 1, 0, 0 }, /* cut off */
		{ "\xe4\xbd", 2, 0, 0 },
		{ "\xf0\x9f\x90", 3, 0, 0 },
		{ "\xc3x", 2, 0, 0 }, /* no end */
		{ "\xe4\xbdx", 3, 0, 0 },
		{ "\xf0\x9f\x90x", 4, 0, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		/* A copy without a byte to spare, so that reading beyond the end is seen. */
		char *copy = test_malloc(cases[i].have);

		memcpy(copy, cases[i].bytes, cases[i].have);
		if (skep_utf8_len(copy, cases[i].have) != cases[i].len ||
		    skep_utf8_shown(copy, cases[i].have) != cases[i].shown)
			fail_msg("case %zu: %zu %zu", i, skep_utf8_len(copy, cases[i].have),
				 skep_utf8_shown(copy, cases[i].have));
		test_free(copy);
	}
}

/* Columns of a terminal: wide ones of East Asia take two, marks none. */
static void columns(void **state)
{
	static const struct {
		const char *text;
		size_t columns;
	} cases[] = {
		{ "", 0 },
		{ "abc", 3 },
		{ "\u00e4\u00f6\u00fc", 3 },
		{ "\u65e5\u672c\u8a9e", 6 },
		{ "\uac00\uff21\u3042", 6 },
		{ "\U0001f600", 2 },
		{ "\U00020000", 2 },
		{ "e\u0301", 1 },
		{ "\u200b", 0 },
		{ "\u2026\u20ac", 2 },
		{ "\x80\xff", 2 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(skep_text_columns(cases[i].text, strlen(cases[i].text)),
				 cases[i].columns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns), cmocka_unit_test(buffer), cmocka_unit_test(exact_room),
		cmocka_unit_test(compare), cmocka_unit_test(glob),   cmocka_unit_test(distance),
		cmocka_unit_test(utf8),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
