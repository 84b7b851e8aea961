/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

static const struct skep_schema_field int_key = {
	.name = "k", .kind = SKEP_FIELD_INT, .size = 8, .is_signed = true
};

/* The texts in the vector folder are what bpftrace 0.17 printed for the same data (its blank behind "@h:" removed). */
static void expect_file(const char *name, const struct skep_str *out)
{
	_cleanup_free_ char *path = NULL;
	char text[16384];
	size_t len;
	FILE *f;

	assert_true(asprintf(&path, "%s/record/%s", SKEP_VECTORS, name) > 0);
	f = fopen(path, "re");
	assert_non_null(f);
	len = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[len] = '\0';
	assert_string_equal(skep_str_text(out), text);
}

static void print(const struct skep_snapshot *s, struct skep_str *out)
{
	skep_snapshot_text(s, 0, 0, false, 0, NULL, out);
}

static void test_hist_buckets(void **state)
{
	for (uint32_t bits = 0; bits <= 5; bits++) {
		size_t n = skep_hist_buckets(bits), expected = 1;
		uint64_t low, high, next = 0;

		assert_false(skep_hist_range(bits, 0, &low, &high));
		assert_int_equal(skep_hist_bucket(bits, UINT64_MAX, true), 0);
		assert_int_equal(skep_hist_bucket(bits, UINT64_C(1) << 63, true), 0);
		/* Ranges follow each other without gaps, and both ends fall into their own bucket. */
		for (size_t i = 1; i < n; i++, expected++) {
			assert_true(skep_hist_range(bits, i, &low, &high));
			assert_true(low == next && high > low);
			assert_int_equal(skep_hist_bucket(bits, low, false), i);
			assert_int_equal(skep_hist_bucket(bits, i + 1 < n ? high - 1 : UINT64_MAX,
							  false),
					 i);
			if (high <= INT64_MAX)
				assert_int_equal(skep_hist_bucket(bits, high - 1, true), i);
			next = high;
		}
		assert_true(next == UINT64_MAX);
	}
	assert_int_equal(skep_hist_buckets(0), 66);
	assert_int_equal(skep_hist_bucket(0, 0, true), 1);
	assert_int_equal(skep_hist_bucket(0, 1, true), 2);
	assert_int_equal(skep_hist_bucket(0, 3, true), 3);
}

static void test_hist(void **state)
{
	const int64_t values[] = { 1, 1, 3, 70, 1500, 2000000, -3, 0, 1000, 1023, 1024, 1 << 29 };
	_cleanup_(skep_str_fini)
	struct skep_str out = {};
	uint64_t numbers[65] = {};
	struct skep_snapshot_entry e = { .numbers = numbers };
	struct skep_snapshot s = { .name = "@h",
				   .kind = SKEP_SNAPSHOT_HIST,
				   .n_numbers = 65,
				   .entries = &e,
				   .n_entries = 1 };

	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		numbers[skep_hist_bucket(0, (uint64_t)values[i], true)]++;
	print(&s, &out);
	expect_file("hist.txt", &out);
	skep_str_reset(&out);
	skep_snapshot_json(&s, 0, 0, true, NULL, &out);
	expect_file("hist.json", &out);

	memset(numbers, 0, sizeof(numbers));
	skep_str_reset(&out);
	print(&s, &out);
	assert_string_equal(out.data, "@h:\n\n");
}

static void test_last_bucket(void **state)
{
	_cleanup_(skep_str_fini)
	struct skep_str out = {};
	uint64_t numbers[65] = { [64] = UINT64_MAX };
	struct skep_snapshot_entry e = { .numbers = numbers };
	struct skep_snapshot s = { .name = "@",
				   .kind = SKEP_SNAPSHOT_HIST,
				   .n_numbers = 65,
				   .entries = &e,
				   .n_entries = 1 };

	print(&s, &out);
	assert_non_null(strstr(out.data, "[4E, 8E)"));
	skep_str_reset(&out);
	skep_snapshot_json(&s, 0, 0, true, NULL, &out);
	assert_string_equal(
		out.data, "{\"type\": \"hist\", \"data\": {\"@\": [{\"min\": 4611686018427387904, "
			  "\"max\": 9223372036854775807, \"count\": 18446744073709551615}]}}\n");
}

static void test_lhist(void **state)
{
	_cleanup_(skep_str_fini)
	struct skep_str out = {};
	uint64_t numbers[12] = { [0] = 1, [1] = 1, [4] = 1, [11] = 1 };
	uint64_t kilo[102] = { [2] = 1, [49] = 1 };
	uint64_t rest[5] = { [3] = 1, [4] = 1 };
	struct skep_snapshot_entry e = { .numbers = numbers };
	struct skep_snapshot s = { .name = "@l",
				   .kind = SKEP_SNAPSHOT_LHIST,
				   .n_numbers = 12,
				   .lhist_max = 100,
				   .lhist_step = 10,
				   .entries = &e,
				   .n_entries = 1 };

	print(&s, &out);
	s.lhist_max = 102400;
	s.lhist_step = 1024;
	s.n_numbers = 102;
	e.numbers = kilo;
	print(&s, &out);
	/* 10 is no multiple of 3: there are three steps, and what is behind them begins at 9 */
	s.lhist_max = 10;
	s.lhist_step = 3;
	s.n_numbers = 5;
	e.numbers = rest;
	print(&s, &out);
	expect_file("lhist.txt", &out);
	skep_str_reset(&out);
	skep_snapshot_json(&s, 0, 0, true, NULL, &out);
	assert_string_equal(out.data, "{\"type\": \"hist\", \"data\": {\"@l\": [{\"min\": 6, "
				      "\"max\": 8, \"count\": 1}, {\"min\": 9, \"count\": 1}]}}\n");
}

static void test_values(void **state)
{
	_cleanup_(skep_str_fini)
	struct skep_str out = {};
	int64_t keys[] = { 3, -1, 2, 10 };
	int64_t values[] = { 5, 5, -4, 5 };
	struct skep_snapshot_entry e[4];
	struct skep_snapshot s = {
		.name = "@i",
		.key_size = 8,
		.keys = &int_key,
		.n_keys = 1,
		.value_field = { .kind = SKEP_FIELD_INT, .size = 8, .is_signed = true },
		.entries = e,
		.n_entries = 4
	};

	for (size_t i = 0; i < 4; i++)
		e[i] = (struct skep_snapshot_entry){ &keys[i], &values[i], NULL };
	skep_snapshot_sort(&s);
	print(&s, &out);
	assert_string_equal(out.data, "@i[2]: -4\n@i[-1]: 5\n@i[3]: 5\n@i[10]: 5\n");
	skep_str_reset(&out);
	skep_snapshot_text(&s, 2, 2, false, 0, NULL, &out);
	assert_string_equal(out.data, "@i[3]: 2\n@i[10]: 2\n");
	skep_str_reset(&out);
	skep_snapshot_json(&s, 2, 0, true, NULL, &out);
	assert_string_equal(out.data,
			    "{\"type\": \"map\", \"data\": {\"@i\": {\"3\": 5, \"10\": 5}}}\n");
	skep_str_reset(&out);
	s.time_ns = 1500000000;
	skep_snapshot_json(&s, 1, 0, false, NULL, &out);
	assert_string_equal(out.data, "{\"type\": \"map\", \"name\": \"@i\", \"kind\": \"value\", "
				      "\"time\": \"1970-01-01T00:00:01.500000000Z\", "
				      "\"keys\": [{\"name\": \"k\", \"type\": \"int64\"}], "
				      "\"value\": {\"type\": \"int64\"}, "
				      "\"entries\": [{\"key\": [10], \"value\": 5}]}\n");
}

static void test_keys(void **state)
{
	const struct skep_schema_field two[] = {
		{ .name = "a", .kind = SKEP_FIELD_INT, .size = 8 },
		{ .name = "b", .kind = SKEP_FIELD_STRING, .offset = 8, .size = 8 },
	};
	const struct skep_schema_field tuple = {
		.kind = SKEP_FIELD_TUPLE, .size = 16, .children = two, .n_children = 2
	};
	_cleanup_(skep_str_fini)
	struct skep_str out = {};
	struct {
		uint64_t a;
		char b[8];
	} keys[2] = { { 1, "b" }, { 1, "a" } };
	uint64_t one = 1;
	struct skep_snapshot_entry e[2] = { { &keys[0], NULL, &one }, { &keys[1], NULL, &one } };
	struct skep_snapshot s = { .name = "@",
				   .kind = SKEP_SNAPSHOT_COUNT,
				   .key_size = 16,
				   .keys = two,
				   .n_keys = 2,
				   .entries = e,
				   .n_entries = 2 };

	skep_snapshot_sort(&s);
	print(&s, &out);
	s.keys = &tuple;
	s.n_keys = 1;
	print(&s, &out);
	skep_snapshot_json(&s, 0, 0, true, NULL, &out);
	assert_string_equal(out.data,
			    "@[1, a]: 1\n@[1, b]: 1\n@[1, a]: 1\n@[1, b]: 1\n"
			    "{\"type\": \"map\", \"data\": {\"@\": {\"1,a\": 1, \"1,b\": 1}}}\n");
}

/* A bucket's line is no longer than the terminal, down to a bar that still shows something. */
static void test_narrow(void **state)
{
	static const unsigned screens[] = { 0, 200, 79, 78, 50, 36, 20 };
	static const size_t widths[] = { 79, 79, 79, 78, 50, 36, 35 };
	uint64_t numbers[80] = { 0, 1, 2, 4, 8 };
	struct skep_snapshot_entry e = { NULL, NULL, numbers };
	struct skep_snapshot s = { .name = "@h",
				   .kind = SKEP_SNAPSHOT_HIST,
				   .n_numbers = ARRAY_SIZE(numbers),
				   .entries = &e,
				   .n_entries = 1 };

	for (size_t i = 0; i < ARRAY_SIZE(screens); i++) {
		_cleanup_(skep_str_fini)
		struct skep_str out = {};
		const char *line;

		skep_snapshot_text(&s, 0, 0, false, screens[i], NULL, &out);
		line = strchr(skep_str_text(&out), '\n') + 1;
		assert_int_equal(strcspn(line, "\n"), widths[i]);
		assert_non_null(strstr(line, "@|\n")); /* the longest bar fills it */
	}
}

static void test_stats(void **state)
{
	_cleanup_(skep_str_fini)
	struct skep_str out = {};
	int64_t keys[] = { 1, 2, 3 };
	uint64_t numbers[3][2] = { { 1, 3 }, { 2, 4 }, { 5, (uint64_t)-7 } };
	struct skep_snapshot_entry e[3];
	struct skep_snapshot s = { .name = "@st",
				   .kind = SKEP_SNAPSHOT_STATS,
				   .is_signed = true,
				   .key_size = 8,
				   .keys = &int_key,
				   .n_keys = 1,
				   .n_numbers = 2,
				   .entries = e,
				   .n_entries = 3 };

	for (size_t i = 0; i < 3; i++)
		e[i] = (struct skep_snapshot_entry){ &keys[i], NULL, numbers[i] };
	skep_snapshot_sort(&s);
	print(&s, &out);
	s.kind = SKEP_SNAPSHOT_AVG;
	print(&s, &out);
	skep_snapshot_json(&s, 0, 0, true, NULL, &out);
	assert_string_equal(
		out.data,
		"@st[3]: count 5, average -1, total -7\n"
		"@st[2]: count 2, average 2, total 4\n"
		"@st[1]: count 1, average 3, total 3\n"
		"@st[3]: -1\n@st[2]: 2\n@st[1]: 3\n"
		"{\"type\": \"stats\", \"data\": {\"@st\": {\"3\": -1, \"2\": 2, \"1\": 3}}}\n");
}

/* The highest by what was added up is not the highest average. */
static void test_by_total(void **state)
{
	_cleanup_(skep_str_fini)
	struct skep_str out = {};
	uint64_t numbers[3][2] = { { 100, 500 },
				   { 1, 90 },
				   { 2, (uint64_t)-4 } }; /* count, total */
	int64_t keys[3] = { 1, 2, 3 };
	struct skep_snapshot_entry e[3];
	struct skep_snapshot s = { .name = "@s",
				   .kind = SKEP_SNAPSHOT_AVG,
				   .is_signed = true,
				   .key_size = 8,
				   .keys = &int_key,
				   .n_keys = 1,
				   .entries = e,
				   .n_entries = 3 };

	for (size_t i = 0; i < 3; i++)
		e[i] = (struct skep_snapshot_entry){ .key = &keys[i], .numbers = numbers[i] };
	skep_snapshot_sort(&s);
	print(&s, &out);
	assert_string_equal(out.data, "@s[3]: -2\n@s[1]: 5\n@s[2]: 90\n");
	s.by_total = true;
	skep_snapshot_sort(&s);
	skep_str_reset(&out);
	print(&s, &out);
	assert_string_equal(out.data, "@s[3]: -2\n@s[2]: 90\n@s[1]: 5\n");
}

static void test_empty(void **state)
{
	_cleanup_(skep_str_fini)
	struct skep_str out = {};
	struct skep_snapshot s = { .name = "@", .kind = SKEP_SNAPSHOT_COUNT };

	skep_snapshot_sort(&s);
	print(&s, &out);
	skep_snapshot_json(&s, 0, 0, true, NULL, &out);
	assert_int_equal(out.len, 0);
	skep_snapshot_json(&s, 0, 0, false, NULL, &out);
	assert_string_equal(
		out.data, "{\"type\": \"map\", \"name\": \"@\", \"kind\": \"count\", \"keys\": [], "
			  "\"value\": {\"type\": \"uint64\"}, \"entries\": []}\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hist_buckets), cmocka_unit_test(test_hist),
		cmocka_unit_test(test_last_bucket),  cmocka_unit_test(test_lhist),
		cmocka_unit_test(test_values),	     cmocka_unit_test(test_keys),
		cmocka_unit_test(test_stats),	     cmocka_unit_test(test_narrow),
		cmocka_unit_test(test_empty),	     cmocka_unit_test(test_by_total),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
