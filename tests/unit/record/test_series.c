/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "record/series.h"
#include "test.h"

#define SLOTS 4

static struct skep_snapshot make(enum skep_series agg, bool is_signed)
{
	return (struct skep_snapshot){
		.name = "@",
		.kind = SKEP_SNAPSHOT_TSERIES,
		.is_signed = is_signed,
		.n_numbers = SLOTS * SKEP_SERIES_WORDS,
		.lhist_min = agg,
		.lhist_step = 1000000000,
	};
}

/* Two CPUs: interval 10 on both, 11 on one, 9 on the other; 6 is out of date on the first, where 10 is in its slot. */
static const uint64_t cpus[2][SLOTS * SKEP_SERIES_WORDS] = {
	{ 0, 0, 0, 0, 0, 0, 11, 5, 2, 12, (uint64_t)-7, 1 },
	{ 0, 0, 0, 10, 1, 1, 11, 8, 1, 0, 0, 0 },
};

static void expect(enum skep_series agg, int64_t shared)
{
	struct skep_snapshot s = make(agg, true);
	uint64_t numbers[SLOTS * SKEP_SERIES_WORDS] = {};
	struct skep_snapshot_entry entry = { .numbers = numbers };
	struct skep_series_point points[SLOTS];

	assert_true(skep_series_merge(&s, numbers, cpus[0]));
	assert_true(skep_series_merge(&s, numbers, cpus[1]));
	assert_int_equal(skep_series_points(&s, &entry, 0, points), 3);
	assert_true(points[0].start_ns == 9000000000 && points[0].value == 1);
	assert_true(points[1].start_ns == 10000000000 && points[1].value == shared);
	assert_true(points[2].start_ns == 11000000000 && points[2].value == -7);
}

static void test_merge(void **state)
{
	struct skep_snapshot s = make(SKEP_SERIES_SUM, true);
	uint64_t numbers[SLOTS * SKEP_SERIES_WORDS] = {};

	expect(SKEP_SERIES_LAST, 5);
	expect(SKEP_SERIES_MIN, 5);
	expect(SKEP_SERIES_MAX, 8);
	expect(SKEP_SERIES_SUM, 13);
	expect(SKEP_SERIES_AVG, 4); /* 13 by 3 values */
	assert_false(skep_series_merge(&s, numbers, numbers));
}

/* What is older than the last four intervals does not count; what lies between is empty. */
static void test_gaps(void **state)
{
	struct skep_snapshot s = make(SKEP_SERIES_LAST, true);
	uint64_t numbers[] = { 0, 0, 0, 2, 9, 1, 21, 4, 1, 23, 6, 1 };
	struct skep_snapshot_entry entry = { .numbers = numbers };
	struct skep_series_point points[SLOTS];

	assert_int_equal(skep_series_points(&s, &entry, 2, points), 3);
	assert_true(points[0].is_set && points[0].value == 2);
	assert_false(points[1].is_set);
	assert_true(points[2].is_set && points[2].value == 3);
	s.n_numbers = 0;
	assert_int_equal(skep_series_points(&s, &entry, 0, points), 0);
}

static const char *const chart =
	"             -2                                                  2\n"
	"hh:mm:ss.ms  |___________________________________________________|\n"
	"00:00:20.000 *                         .                         | -2\n"
	"00:00:21.000 |                         .                         | -\n"
	"00:00:22.000 |                         .                         * 2\n"
	"             v___________________________________________________v\n"
	"             -2                                                  2\n";

static void test_chart(void **state)
{
	struct skep_snapshot s = make(SKEP_SERIES_LAST, true);
	uint64_t numbers[] = { 0, 0, 0, 0, 0, 0, 21, (uint64_t)-2, 1, 23, 2, 1 };
	struct skep_snapshot_entry entry = { .numbers = numbers };
	_cleanup_(skep_str_fini)
	struct skep_str out = {};

	skep_series_text(&s, &entry, 0, false, 0, &out);
	assert_string_equal(skep_str_text(&out), chart);
}

/* On a terminal no line is longer than it, unless it is hardly any wider than the times. */
static void test_narrow(void **state)
{
	static const struct {
		unsigned screen, width;
	} cases[] = { { 0, 69 },  { 100, 69 }, { 69, 69 }, { 68, 68 },
		      { 40, 40 }, { 29, 29 },  { 5, 29 } };
	struct skep_snapshot s = make(SKEP_SERIES_LAST, true);
	uint64_t numbers[] = { 0, 0, 0, 0, 0, 0, 21, (uint64_t)-2, 1, 23, 2, 1 };
	struct skep_snapshot_entry entry = { .numbers = numbers };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(skep_str_fini)
		struct skep_str out = {};
		size_t widest = 0;

		skep_series_text(&s, &entry, 0, false, cases[i].screen, &out);
		for (const char *at = skep_str_text(&out); *at; at += strcspn(at, "\n") + 1)
			widest = MAX(widest, strcspn(at, "\n"));
		assert_int_equal(widest, cases[i].width);
		assert_non_null(strstr(skep_str_text(&out), "* 2\n"));
	}
}

/* Scales as wide as the numbers are, and none at all. */
static void test_extremes(void **state)
{
	uint64_t numbers[] = { 0, 0, 0, 0, 0, 0, 3, (uint64_t)INT64_MIN, 1, 4, INT64_MAX, 1 };
	struct skep_snapshot_entry entry = { .numbers = numbers };
	struct skep_snapshot s = make(SKEP_SERIES_LAST, true);
	_cleanup_(skep_str_fini)
	struct skep_str out = {};

	skep_series_text(&s, &entry, 0, false, 0, &out);
	assert_non_null(strstr(skep_str_text(&out), "* 9223372036854775807\n"));
	s.is_signed = false;
	numbers[7] = UINT64_MAX;
	skep_str_reset(&out);
	skep_series_text(&s, &entry, 0, false, 0, &out);
	assert_non_null(strstr(skep_str_text(&out), "* 18446744073709551615\n"));
	numbers[6] = numbers[9] = 0;
	skep_str_reset(&out);
	skep_series_text(&s, &entry, 0, false, 0, &out);
	assert_int_equal(out.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_merge),	 cmocka_unit_test(test_gaps),
		cmocka_unit_test(test_chart),	 cmocka_unit_test(test_narrow),
		cmocka_unit_test(test_extremes),
	};

	setenv("TZ", "UTC", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
