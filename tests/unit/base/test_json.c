/* SPDX-License-Identifier: Apache-2.0 */
/* json.h: members in their order, whatever stands between them; texts in whole characters; nonsense and cuts end it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/str.h"

static struct skep_json of(const char *text)
{
	return skep_json(text, strlen(text));
}

static void expect_text(const char *json, size_t size, const char *expected)
{
	struct skep_json j = of(json);
	char text[64];

	assert_true(size <= sizeof(text));
	assert_int_equal(skep_json_text(&j, text, size), expected != NULL);
	if (expected)
		assert_string_equal(text, expected);
}

static void test_text(void **state)
{
	expect_text("\"\"", 64, "");
	expect_text(" \t\r\n\"a b\" ", 64, "a b");
	expect_text("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", 64, "\"\\/\b\f\n\r\t");
	expect_text("\"\\u00e4\\u20AC\\ud83d\\ude00\"", 64, "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
	/* Halves alone, two first halves, NUL. */
	expect_text("\"\\ud800x\\udc00\\ud83d\\ud83d\\ude00\\u0000\"", 64,
		    "\xef\xbf\xbdx\xef\xbf\xbd\xef\xbf\xbd\xf0\x9f\x98\x80\xef\xbf\xbd");
	/* No more than there is room for, no half of a character. */
	expect_text("\"abcd\"", 5, "abcd");
	expect_text("\"abcd\"", 4, "abc");
	expect_text("\"abcd\"", 1, "");
	expect_text("\"a\xe2\x82\xac\x62\"", 4, "a");
	expect_text("\"a\\u20acb\"", 5, "a\xe2\x82\xac");
	/* What was cut off is not replaced by what is shorter and comes later. */
	expect_text("\"a\\u20acb\"", 3, "a");
	/* None. */
	expect_text("\"abc", 64, NULL);
	expect_text("\"\\x\"", 64, NULL);
	expect_text("\"\\u12g4\"", 64, NULL);
	expect_text("\"\\", 64, NULL);
	expect_text("12 ", 64, NULL);
	expect_text("", 64, NULL);
}

static void expect_number(const char *json, bool is, uint64_t expected)
{
	struct skep_json j = of(json);
	uint64_t number = 77;

	assert_int_equal(skep_json_u64(&j, &number), is);
	assert_int_equal(number, is ? expected : 77);
}

static void test_number(void **state)
{
	expect_number("0,", true, 0);
	expect_number("\"12\"", true, 12);
	expect_number("18446744073709551615 ", true, UINT64_MAX);
	expect_number("18446744073709551616 ", true, UINT64_MAX);
	expect_number("999999999999999999999999999999999999999999 ", true, UINT64_MAX);
	expect_number("\"999999999999999999999999999999999999999999\"", true, UINT64_MAX);
	expect_number("12", false, 0); /* perhaps it goes on */
	expect_number("-1 ", false, 0);
	expect_number("1.5 ", false, 0);
	expect_number("\"\"", false, 0);
	expect_number("null ", false, 0);
	expect_number("[1]", false, 0);
	expect_number("", false, 0);
}

/* Each member's name, and its value where that is a text; of objects inside in parentheses. */
static void walk(struct skep_json *j, struct skep_str *out)
{
	const char *name;
	char text[64];

	if (!skep_json_enter(j, '{'))
		return;
	while ((name = skep_json_member(j))) {
		skep_str_addf(out, "%s", name);
		if (skep_streq(name, "in")) {
			skep_str_add(out, "(");
			walk(j, out);
			skep_str_add(out, ")");
		} else if (skep_streq(name, "list")) {
			for (skep_json_enter(j, '['); skep_json_element(j);)
				skep_str_add(out,
					     skep_json_text(j, text, sizeof(text)) ? text : "?");
		} else if (skep_streq(name, "text") && skep_json_text(j, text, sizeof(text))) {
			skep_str_addf(out, "=%s", text);
		}
		skep_str_add(out, ";");
	}
}

static void expect_walk(const char *json, const char *expected)
{
	_cleanup_(skep_str_fini)
	struct skep_str out = {};
	struct skep_json j = of(json);
	size_t len = strlen(json);

	walk(&j, &out);
	assert_string_equal(skep_str_text(&out), expected);
	/* Cut anywhere, in a block of its own: nothing behind it is read. */
	for (size_t n = 1; n < len; n++) {
		_cleanup_free_ char *part = malloc(n);

		assert_non_null(part);
		memcpy(part, json, n);
		j = skep_json(part, n);
		walk(&j, &out);
	}
}

static void test_walk(void **state)
{
	expect_walk("{}", "");
	expect_walk("{\"a\":1,\"text\":\"x\",\"b\":null}", "a;text=x;b;");
	expect_walk("{\"a\":{\"text\":\"no\",\"in\":[{}]},\"text\":\"x\"}", "a;text=x;");
	expect_walk("{\"in\":{\"text\":\"y\"},\"text\":\"x\"}", "in(text=y;);text=x;");
	expect_walk("{\"in\":{},\"in\":{\"in\":{}},\"text\":\"x\"}", "in();in(in(););text=x;");
	expect_walk("{\"list\":[],\"text\":\"x\"}", "list;text=x;");
	expect_walk("{\"list\":[\"a\",[\"b\"],7,\"c\"],\"text\":\"x\"}", "lista??c;text=x;");
	/* What is asked for is of another kind. */
	expect_walk("{\"text\":{\"a\":[1]},\"text\":\"x\"}", "text;text=x;");
	expect_walk("{\"in\":[{\"text\":\"y\"}],\"text\":\"x\"}", "in();text=x;");
	/* A text that looks like members, names with escapes and of any length. */
	expect_walk("{\"a\":\"\\\",\\\"text\\\":\\\"no\",\"te\\u0078t\":\"x\"}", "a;text=x;");
	expect_walk(
		"{\"0123456789012345678901234567890123456789012345678901234567890123456789\":1,\"a\":2}",
		"012345678901234567890123456789012345678901234567890123456789012;a;");
	/* Nonsense ends it. */
	expect_walk("{\"a\":1 \"b\":2}", "a;");
	expect_walk("{\"a\":1,}", "a;");
	expect_walk("{\"a\" 1,\"b\":2}", "");
	expect_walk("{\"a\":[1},\"b\":2}", "a;");
	expect_walk("{\"a\":,\"b\":2}", "a;");
	expect_walk("{\"list\":[\"a\",],\"b\":2}", "lista?;");
	expect_walk("[\"a\"]", "");
}

static void test_deep(void **state)
{
	char open[SKEP_JSON_DEPTH_MAX + 2];
	struct skep_json j;

	memset(open, '[', sizeof(open));
	j = skep_json(open, sizeof(open));
	for (unsigned i = 0; i < SKEP_JSON_DEPTH_MAX; i++) {
		assert_true(skep_json_enter(&j, '['));
		assert_true(skep_json_element(&j));
	}
	assert_false(skep_json_enter(&j, '['));
	assert_false(skep_json_element(&j));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_number),
		cmocka_unit_test(test_walk),
		cmocka_unit_test(test_deep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
