/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "test.h"

static void expect_text(const struct skep_schema_field *field, const void *payload,
			const struct skep_resolver *resolver, const char *text, const char *json)
{
	_cleanup_(skep_str_fini)
	struct skep_str out = {};

	skep_field_text(field, payload, resolver, &out);
	assert_string_equal(skep_str_text(&out), text);
	skep_str_reset(&out);
	skep_field_json(field, payload, resolver, &out);
	assert_string_equal(skep_str_text(&out), json);
}

static void test_ints(void **state)
{
	const struct {
		uint64_t bits;
		unsigned size;
		bool is_signed;
		const char *text;
	} cases[] = {
		{ 0xff, 1, false, "255" },
		{ 0xff, 1, true, "-1" },
		{ 0x8000, 2, true, "-32768" },
		{ 0xffffffff, 4, false, "4294967295" },
		{ 0xfffffffe, 4, true, "-2" },
		{ UINT64_MAX, 8, false, "18446744073709551615" },
		{ (uint64_t)INT64_MIN, 8, true, "-9223372036854775808" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct skep_schema_field f = { .kind = SKEP_FIELD_INT,
					       .size = cases[i].size,
					       .is_signed = cases[i].is_signed };

		expect_text(&f, &cases[i].bits, NULL, cases[i].text, cases[i].text);
	}
}

static void test_bit_field(void **state)
{
	uint32_t word = 0xf << 4 | 3;
	struct skep_schema_field f = {
		.kind = SKEP_FIELD_INT, .size = 4, .bit_off = 4, .bit_size = 4
	};

	expect_text(&f, &word, NULL, "15", "15");
	f.is_signed = true;
	expect_text(&f, &word, NULL, "-1", "-1");
}

static void test_simple_kinds(void **state)
{
	const struct skep_enum_name names[] = { { 0, "ZERO" }, { -1, "MINUS" } };
	struct skep_schema_field b = { .kind = SKEP_FIELD_BOOL, .size = 1 };
	struct skep_schema_field p = { .kind = SKEP_FIELD_PTR, .size = 8 };
	struct skep_schema_field e = { .kind = SKEP_FIELD_ENUM,
				       .size = 4,
				       .is_signed = true,
				       .enum_names = names,
				       .n_enum_names = 2 };
	struct skep_schema_field s = { .kind = SKEP_FIELD_STRING, .size = 4 };
	struct skep_schema_field buf = { .kind = SKEP_FIELD_BUFFER, .size = 8 };
	struct skep_schema_field mac = { .kind = SKEP_FIELD_MAC, .size = 6 };
	struct skep_schema_field real4 = { .kind = SKEP_FIELD_FLOAT, .size = 4 };
	struct skep_schema_field real8 = { .kind = SKEP_FIELD_FLOAT, .size = 8 };
	struct skep_schema_field real_unknown = { .kind = SKEP_FIELD_FLOAT };
	float tenth = 0.1f;
	double third = 1.0 / 3, huge = -1e300, infinite = INFINITY, none = NAN;
	uint64_t ptr = 0xffffffff81000000;
	int32_t minus = -1, seven = 7;

	expect_text(&b, "\1", NULL, "true", "true");
	expect_text(&p, &ptr, NULL, "0xffffffff81000000", "\"0xffffffff81000000\"");
	expect_text(&real4, &tenth, NULL, "0.1", "0.1");
	expect_text(&real8, &third, NULL, "0.3333333333333333", "0.3333333333333333");
	expect_text(&real8, &huge, NULL, "-1e+300", "-1e+300");
	expect_text(&real8, &infinite, NULL, "inf", "null");
	expect_text(&real8, &none, NULL, "nan", "null");
	expect_text(&real_unknown, &none, NULL, "?", "null");
	expect_text(&e, &minus, NULL, "MINUS", "\"MINUS\"");
	expect_text(&e, &seven, NULL, "7", "\"7\"");
	expect_text(&s, "abcd", NULL, "abcd", "\"abcd\"");
	expect_text(&s, "a\0xx", NULL, "a", "\"a\"");
	expect_text(&buf, "\x03\0\0\0a\1\"z", NULL, "a\\x01\"", "\"a\\\\x01\\\"\"");
	/* A length beyond the field is cut, not believed. */
	expect_text(&buf,
		    "\xff\xff\xff\xff"
		    "abcd",
		    NULL, "abcd", "\"abcd\"");
	expect_text(&mac, "\x00\x1b\xff\x03\x04\x05", NULL, "00:1B:FF:03:04:05",
		    "\"00:1B:FF:03:04:05\"");
}

static void test_inet(void **state)
{
	struct skep_schema_field f = { .kind = SKEP_FIELD_INET, .size = 20 };
	uint8_t v4[20] = { 2, 0, 0, 0, 127, 0, 0, 1 };
	uint8_t v6[20] = { 10, [19] = 1 };
	uint8_t odd[20] = { 77 };

	expect_text(&f, v4, NULL, "127.0.0.1", "\"127.0.0.1\"");
	expect_text(&f, v6, NULL, "::1", "\"::1\"");
	expect_text(&f, odd, NULL, "family 77", "\"family 77\"");
}

static void test_nested(void **state)
{
	const struct skep_schema_field byte = { .kind = SKEP_FIELD_INT, .size = 1 };
	const struct skep_schema_field members[] = {
		{ .name = "a", .kind = SKEP_FIELD_INT, .size = 1 },
		{ .name = "b",
		  .kind = SKEP_FIELD_ARRAY,
		  .offset = 1,
		  .size = 3,
		  .count = 3,
		  .children = &byte,
		  .n_children = 1 },
	};
	struct skep_schema_field f = { .kind = SKEP_FIELD_STRUCT,
				       .offset = 1,
				       .size = 4,
				       .children = members,
				       .n_children = 2 };

	expect_text(&f, "\x09\1\2\3\4", NULL, "{ .a = 1, .b = [2,3,4] }",
		    "{\"a\": 1, \"b\": [2,3,4]}");
	f.kind = SKEP_FIELD_TUPLE;
	expect_text(&f, "\x09\1\2\3\4", NULL, "(1, [2,3,4])", "[1,[2,3,4]]");
}

/* A schema that contains itself must end. */
static void test_depth(void **state)
{
	struct skep_schema_field f = { .kind = SKEP_FIELD_TUPLE, .n_children = 1 };
	_cleanup_(skep_str_fini)
	struct skep_str out = {};

	f.children = &f;
	skep_field_text(&f, "", NULL, &out);
	skep_field_json(&f, "", NULL, &out);
	assert_non_null(strstr(out.data, "((((...))))"));
	assert_non_null(strstr(out.data, "[[[[null]]]]"));
}

static void fake_ksym(void *data, uint64_t address, bool offset, struct skep_str *out)
{
	skep_str_addf(out, "f%llu", (unsigned long long)address);
}

static void fake_kstack(void *data, int64_t id, uint32_t param, unsigned indent,
			struct skep_str *out)
{
	for (int64_t i = 0; i < id; i++)
		skep_str_addf(out, "%*sframe%d\n", (int)indent, "", (int)i);
}

static void test_resolver(void **state)
{
	struct skep_schema_field k = { .kind = SKEP_FIELD_KSYM, .size = 8 };
	struct skep_schema_field st = { .kind = SKEP_FIELD_KSTACK, .size = 8 };
	struct skep_resolver r = { .ksym = fake_ksym, .kstack = fake_kstack };
	uint64_t two = 2;

	expect_text(&k, &two, NULL, "0x2", "\"0x2\"");
	expect_text(&k, &two, &r, "f2", "\"f2\"");
	expect_text(&st, &two, &r, "\n        frame0\n        frame1\n",
		    "[\"frame0\", \"frame1\"]");
}

static void expect_json_string(const char *bytes, size_t len, const char *expected)
{
	_cleanup_(skep_str_fini)
	struct skep_str out = {};

	skep_json_string(bytes, len, &out);
	assert_string_equal(out.data, expected);
}

static void test_json_strings(void **state)
{
	expect_json_string("", 0, "\"\"");
	expect_json_string("a\"b\\c\n\t\r\b\f\1\x7f", 12,
			   "\"a\\\"b\\\\c\\n\\t\\r\\b\\f\\u0001\\u007f\"");
	expect_json_string("\0x", 2, "\"\\u0000x\"");
	expect_json_string("gr\xc3\xbc\xc3\x9f\xe4\xb8\xad\xf0\x9f\x90\x9d", 13,
			   "\"gr\xc3\xbc\xc3\x9f\xe4\xb8\xad\xf0\x9f\x90\x9d\"");
	/* Overlong, surrogate, too high, cut off, stray: one escape of U+FFFD a byte; itself it stays. */
	expect_json_string("\xc0\xaf", 2, "\"\\ufffd\\ufffd\"");
	expect_json_string("\xed\xa0\x80", 3, "\"\\ufffd\\ufffd\\ufffd\"");
	expect_json_string("\xf4\x90\x80\x80", 4, "\"\\ufffd\\ufffd\\ufffd\\ufffd\"");
	expect_json_string("\xe4\xb8", 2, "\"\\ufffd\\ufffd\"");
	expect_json_string("\x80", 1, "\"\\ufffd\"");
	expect_json_string("\xef\xbf\xbd", 3, "\"\xef\xbf\xbd\"");
}

/* A backslash and "ufffd" of the text itself is no byte that was replaced. */
static void test_json_replaced(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
	} cases[] = {
		{ "", 0 },	  { "plain", 0 },  { "\x80", 1 },	  { "a\x80z\xff\xff", 3 },
		{ "\\ufffd", 0 }, { "\\\x80", 1 }, { "\xef\xbf\xbd", 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(skep_str_fini)
		struct skep_str out = {};

		skep_json_string(cases[i].bytes, strlen(cases[i].bytes), &out);
		assert_int_equal(skep_json_replaced(out.data, out.len), cases[i].n);
	}
}

/* Of a part of a whole that nobody keeps there is no number; nothing else is none. */
static void test_none(void **state)
{
	static const struct {
		enum skep_field_kind kind;
		const char *unit;
		double value;
		bool none;
	} cases[] = {
		{ SKEP_FIELD_FLOAT, "%", -1, true },
		{ SKEP_FIELD_FLOAT, "%", 0, false },
		{ SKEP_FIELD_FLOAT, "By", -1, false },
		{ SKEP_FIELD_INT, "%", -1, false },
	};
	const int64_t least = INT64_MIN;
	struct skep_schema_field number = {
		.kind = SKEP_FIELD_INT, .size = 8, .is_signed = true, .unit = "%"
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct skep_schema_field field = {
			.kind = cases[i].kind, .size = 8, .is_signed = true, .unit = cases[i].unit
		};

		assert_true(skep_field_is_none(&field, &cases[i].value) == cases[i].none);
	}
	assert_true(skep_field_is_none(&number, &least));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ints),	      cmocka_unit_test(test_bit_field),
		cmocka_unit_test(test_simple_kinds),  cmocka_unit_test(test_inet),
		cmocka_unit_test(test_nested),	      cmocka_unit_test(test_depth),
		cmocka_unit_test(test_resolver),      cmocka_unit_test(test_json_strings),
		cmocka_unit_test(test_json_replaced), cmocka_unit_test(test_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
