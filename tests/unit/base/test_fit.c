/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/fit.h"

static void expect_words(const char *text, unsigned columns, size_t at, size_t indent,
			 const char *wanted)
{
	_cleanup_(skep_str_fini)
	struct skep_str out = {};

	skep_fit_words(text, columns, at, indent, &out);
	assert_string_equal(skep_str_text(&out), wanted);
}

static void words(void **state)
{
	expect_words("", 80, 0, 0, "");
	expect_words("as it is,  with gaps ", 0, 0, 0, "as it is,  with gaps ");
	/* exactly as much as there is room for, and one more */
	expect_words("twelve lette twelve lett", 24, 0, 2, "twelve lette twelve lett");
	expect_words("twelve lette twelve letts", 24, 0, 2, "twelve lette twelve\n  letts");
	/* behind what stands there already, even the first word goes on below */
	expect_words("word", 24, 22, 4, "\n    word");
	/* a word without room stands alone, and is whole */
	expect_words("a 12345678901234567890123456 b", 24, 0, 0,
		     "a\n12345678901234567890123456\nb");
	expect_words("12345678901234567890123456 b", 24, 4, 4, "12345678901234567890123456\n    b");
	/* hardly any room: left as it is */
	expect_words("one two three four five six", 19, 0, 0, "one two three four five six");
	/* characters count, not bytes; nothing steers the terminal */
	expect_words("ää ää ää ää ää ää ää ää", 23, 0, 0, "ää ää ää ää ää ää ää ää");
	expect_words("a\033[31mb\n\xff", 0, 0, 0, "a?[31mb??");
	/* blanks at the end make no line */
	expect_words("123456789012345678901234   ", 24, 0, 0, "123456789012345678901234");
}

static void expect_code(const char *text, unsigned columns, size_t at, const char *wanted)
{
	_cleanup_(skep_str_fini)
	struct skep_str out = {};

	skep_fit_code(text, strlen(text), columns, at, &out);
	assert_string_equal(skep_str_text(&out), wanted);
}

static void code(void **state)
{
	expect_code("", 80, 8, "");
	expect_code("\tif (a)\tb;", 0, 8, "        if (a)  b;");
	expect_code("12345678901234567890", 30, 10, "12345678901234567890");
	expect_code("123456789012345678901", 30, 10, "1234567890123456789…");
	expect_code("1234567890123456789ä", 30, 10, "1234567890123456789ä");
	expect_code("12345678901234567\txyz", 30, 10, "12345678901234567…");
	/* hardly any room: whole */
	expect_code("123456789012345678901", 30, 11, "123456789012345678901");
	expect_code("a\033b", 0, 0, "a?b");
}

static void expect_page(const char *text, unsigned columns, const char *wanted)
{
	_cleanup_(skep_str_fini)
	struct skep_str out = {};

	skep_fit_page(text, columns, &out);
	assert_string_equal(skep_str_text(&out), wanted);
}

static void page(void **state)
{
	expect_page("a\n\nb", 80, "a\n\nb\n");
	expect_page("  --one N  the meaning of this option\n", 32,
		    "  --one N  the meaning of this\n           option\n");
	expect_page("  skep -e 'a line that is copied as it stands here'\nx\n", 30,
		    "  skep -e 'a line that is copied as it stands here'\nx\n");
	/* an indentation that leaves no room is not kept */
	expect_page("  an option with a long name here  and what it means\n", 40,
		    "  an option with a long name here  and\n    what it means\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words),
		cmocka_unit_test(code),
		cmocka_unit_test(page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
