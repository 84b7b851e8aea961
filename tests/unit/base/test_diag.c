/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/diag.h"

static struct skep_loc at(uint32_t line, uint32_t col, uint32_t len)
{
	return (struct skep_loc){ line, col, len };
}

static void shows(struct skep_diag *diag, bool color, bool with_log, const char *want)
{
	_cleanup_(skep_str_fini)
	struct skep_str out = {};

	skep_diag_format(diag, color, with_log, &out);
	assert_string_equal(skep_str_text(&out), want);
	skep_diag_fini(diag);
}

static struct skep_diag of(const char *text)
{
	return (struct skep_diag){ .source_name = "x.bt",
				   .source_text = text,
				   .source_len = strlen(text) };
}

/* On a terminal lines fit: the excerpt with its caret, what is said between words. */
static void narrow(void **state)
{
	struct skep_diag diag =
		of("BEGIN { print(one_word); print(another); print(a_third_one); }");

	diag.columns = 40;
	skep_diag_error(&diag, at(1, 47, 11), "there is nothing here that has this name");
	skep_diag_hint(&diag, "a longer sentence that says what to do next, and why");
	shows(&diag, false, false,
	      "x.bt:1:47: error: there is nothing here\n"
	      "         that has this name\n"
	      "     1 | ...ther); print(a_third_one)...\n"
	      "       |                ^~~~~~~~~~~\n"
	      "       = a longer sentence that says\n"
	      "         what to do next, and why\n");
}

/* Wide characters take two columns, and an excerpt does not begin in the midst of one. */
static void wide(void **state)
{
	struct skep_diag diag = of("printf(\"%d \u65e5\u672c\", nosuch);");

	skep_diag_error(&diag, at(1, 21, 6), "no");
	shows(&diag, false, false,
	      "x.bt:1:21: error: no\n"
	      "     1 | printf(\"%d \u65e5\u672c\", nosuch);\n"
	      "       |                   ^~~~~~\n");
	diag = of(
		"\u65e5\u65e5\u65e5\u65e5\u65e5\u65e5\u65e5\u65e5\u65e5\u65e5\u65e5\u65e5\u65e5 nosuch();");
	diag.columns = 40;
	skep_diag_error(&diag, at(1, 41, 6), "no");
	shows(&diag, false, false,
	      "x.bt:1:41: error: no\n"
	      "     1 | ...\u65e5\u65e5\u65e5\u65e5 nosuch();\n"
	      "       |             ^~~~~~\n");
}

/* A line that the diag's own text does not have. */
static void line_of_its_own(void **state)
{
	struct skep_diag diag = of("BEGIN { }");

	skep_diag_error(&diag, at(7, 3, 2), "not so");
	skep_diag_line(&diag, "/src/a.bpf.c", "\t*v += 1;");
	skep_diag_warn(&diag, at(1, 1, 5), "but here");
	shows(&diag, false, false,
	      "/src/a.bpf.c:7:3: error: not so\n"
	      "     7 |  *v += 1;\n"
	      "       |   ^~\n"
	      "x.bt:1:1: warning: but here\n"
	      "     1 | BEGIN { }\n"
	      "       | ^~~~~\n");
}

static void place_and_hint(void **state)
{
	struct skep_diag diag = of("first\nBEGIN { foo(); }\nlast");

	skep_diag_error(&diag, at(2, 9, 5), "there is no function %s()", "foo");
	skep_diag_hint(&diag, "an earlier one");
	skep_diag_hint(&diag, "did you mean %s?", "for");
	skep_diag_warn(&diag, at(3, 1, 4), "the last line");
	skep_diag_add(&diag, SKEP_DIAG_NOTE, SKEP_NO_LOC, "nowhere");
	assert_int_equal(diag.n_errors, 1);
	assert_int_equal(diag.n_items, 3);
	shows(&diag, false, false,
	      "x.bt:2:9: error: there is no function foo()\n"
	      "     2 | BEGIN { foo(); }\n"
	      "       |         ^~~~~\n"
	      "       = did you mean for?\n"
	      "x.bt:3:1: warning: the last line\n"
	      "     3 | last\n"
	      "       | ^~~~\n"
	      "skep: note: nowhere\n");
}

/* Several files in one text: each has its own name and lines. */
static void files(void **state)
{
	static const struct skep_diag_file list[] = { { "a.bt", 1 }, { "b.bt", 3 }, { "c.bt", 4 } };
	struct skep_diag diag = of("one\ntwo\nthree\nfour\nfive");

	diag.files = list;
	diag.n_files = 3;
	skep_diag_error(&diag, at(2, 1, 1), "x");
	skep_diag_error(&diag, at(3, 1, 1), "x");
	skep_diag_error(&diag, at(5, 2, 1), "x");
	skep_diag_error(&diag, SKEP_NO_LOC, "x");
	shows(&diag, false, false,
	      "a.bt:2:1: error: x\n     2 | two\n       | ^\n"
	      "b.bt:1:1: error: x\n     1 | three\n       | ^\n"
	      "c.bt:2:2: error: x\n     2 | five\n       |  ^\n"
	      "skep: error: x\n");
}

/* The caret stays below what it means, whatever stands before it, and within the line. */
static void carets(void **state)
{
	struct skep_diag diag = of("\tx\n\xe4\xbd\xa0\xc3\xa9 y\n\033[31m z\nshort\n\xff\xfez");

	skep_diag_error(&diag, at(1, 2, 1), "tab");
	skep_diag_error(&diag, at(2, 7, 1), "letters of several bytes");
	skep_diag_error(&diag, at(3, 7, 1), "a command to the terminal");
	skep_diag_error(&diag, at(4, 3, 99), "longer than the line");
	skep_diag_error(&diag, at(4, 99, 1), "behind the line");
	skep_diag_error(&diag, at(4, 1, 0), "no length");
	skep_diag_error(&diag, at(5, 3, 1), "not UTF-8");
	skep_diag_error(&diag, at(77, 1, 1), "no such line");
	shows(&diag, false, false,
	      "x.bt:1:2: error: tab\n"
	      "     1 |  x\n"
	      "       |  ^\n"
	      "x.bt:2:7: error: letters of several bytes\n"
	      "     2 | \xe4\xbd\xa0\xc3\xa9 y\n"
	      "       |     ^\n"
	      "x.bt:3:7: error: a command to the terminal\n"
	      "     3 | ?[31m z\n"
	      "       |       ^\n"
	      "x.bt:4:3: error: longer than the line\n"
	      "     4 | short\n"
	      "       |   ^~~\n"
	      "x.bt:4:99: error: behind the line\n"
	      "     4 | short\n"
	      "       |      ^\n"
	      "x.bt:4:1: error: no length\n"
	      "     4 | short\n"
	      "       | ^\n"
	      "x.bt:5:3: error: not UTF-8\n"
	      "     5 | ??z\n"
	      "       |   ^\n"
	      "x.bt:77:1: error: no such line\n");
}

/* Of a long line only what is around the caret is shown. */
static void long_line(void **state)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {}, out = {};
	struct skep_diag diag;
	const char *caret, *line;

	skep_str_pad(&text, 'a', 5000);
	skep_str_add(&text, "HERE");
	skep_str_pad(&text, 'b', 5000);
	diag = of(text.data);
	skep_diag_error(&diag, at(1, 5001, 4), "far to the right");
	skep_diag_format(&diag, false, false, &out);
	assert_true(out.len < 500);
	line = strstr(out.data, "HERE");
	caret = strstr(out.data, "^~~~");
	assert_non_null(line);
	assert_non_null(caret);
	/* Both at the same distance from the beginning of their lines. */
	assert_int_equal(line - strstr(out.data, "     1 | "),
			 caret - strstr(out.data, "       | "));
	/* Where it goes on is marked on both sides. */
	assert_non_null(strstr(out.data, "     1 | ...aaa"));
	assert_non_null(strstr(out.data, "bbb...\n"));
	skep_diag_fini(&diag);
}

/* Names come from scripts: what they hold is no command to the terminal either. */
static void hostile_message(void **state)
{
	struct skep_diag diag = of("x");

	skep_diag_error(&diag, SKEP_NO_LOC, "no file '%s'",
			"a\033[2Jb\xc2\x9b"
			"c\xff");
	skep_diag_hint(&diag, "not %s", "\r\a");
	shows(&diag, false, false, "skep: error: no file 'a?[2Jb??c?'\n       = not ??\n");
}

static void too_many(void **state)
{
	_cleanup_(skep_str_fini)
	struct skep_str out = {};
	struct skep_diag diag = {};

	for (int i = 0; i < SKEP_DIAG_MAX + 5; i++) {
		skep_diag_error(&diag, SKEP_NO_LOC, "number %d", i);
		skep_diag_hint(&diag, "hint %d", i);
		skep_diag_at_insn(&diag, i);
	}
	assert_int_equal(diag.n_items, SKEP_DIAG_MAX);
	assert_int_equal(diag.n_errors, SKEP_DIAG_MAX + 5);
	assert_int_equal(diag.dropped, 5);
	/* Hints of dropped items do not go to the last one that was kept. */
	assert_string_equal(diag.items[SKEP_DIAG_MAX - 1].hint, "hint 63");
	assert_int_equal(diag.items[SKEP_DIAG_MAX - 1].insn, 63);
	skep_diag_format(&diag, false, false, &out);
	assert_non_null(strstr(
		out.data, "number 63\n       = hint 63\nskep: and 5 more messages not shown\n"));
	assert_null(strstr(out.data, "number 64"));
	skep_diag_fini(&diag);
}

static void nothing(void **state)
{
	struct skep_diag diag = {};

	skep_diag_error(NULL, at(1, 1, 1), "swallowed");
	skep_diag_hint(NULL, "swallowed");
	skep_diag_at_insn(NULL, 1);
	skep_diag_set_log(NULL, "swallowed");
	skep_diag_hint(&diag, "without an item");
	skep_diag_at_insn(&diag, 1);
	assert_int_equal(diag.n_items, 0);
	shows(&diag, false, true, "");
}

static void log_and_color(void **state)
{
	struct skep_diag diag = of("x");

	skep_diag_error(&diag, at(1, 1, 1), "bad");
	skep_diag_set_log(&diag, "an earlier log");
	skep_diag_set_log(&diag, "line 1\nline 2");
	shows(&diag, true, true,
	      "x.bt:1:1: \033[1;31merror:\033[0m bad\n"
	      "     1 | x\n"
	      "       | \033[1;31m^\033[0m\n"
	      "line 1\nline 2\n");
	skep_diag_set_log(&diag, "shown with -v only");
	shows(&diag, false, false, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(line_of_its_own),
		cmocka_unit_test(place_and_hint),
		cmocka_unit_test(files),
		cmocka_unit_test(carets),
		cmocka_unit_test(long_line),
		cmocka_unit_test(narrow),
		cmocka_unit_test(wide),
		cmocka_unit_test(hostile_message),
		cmocka_unit_test(too_many),
		cmocka_unit_test(nothing),
		cmocka_unit_test(log_and_color),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
