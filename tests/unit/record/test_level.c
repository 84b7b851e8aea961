/* SPDX-License-Identifier: Apache-2.0 */
/* The last rows of an interval, for who looks only now and then. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "record/level.h"

struct link {
	char interface[8];
	uint32_t netns, packets;
	uint64_t bytes;
};

static const struct skep_schema_field fields[] = {
	{ .name = "interface", .kind = SKEP_FIELD_STRING, .size = 8 },
	{ .name = "netns", .kind = SKEP_FIELD_INT, .size = 4, .offset = 8, .role = SKEP_ROLE_KEY },
	{ .name = "packets", .kind = SKEP_FIELD_INT, .size = 4, .offset = 12 },
	{ .name = "bytes",
	  .kind = SKEP_FIELD_INT,
	  .size = 8,
	  .offset = 16,
	  .role = SKEP_ROLE_TOTAL },
};
static const struct skep_schema schema = {
	.name = "link",
	.fields = fields,
	.n_fields = 4,
	.size = sizeof(struct link),
};

#define PROBE 3

static void add(struct skep_level *l, const char *interface, uint32_t netns, uint32_t packets)
{
	struct link link = { .netns = netns, .packets = packets, .bytes = 100 * packets };

	snprintf(link.interface, sizeof(link.interface), "%s", interface);
	skep_level_add(l, &schema, &link, NULL);
}

/* The numbers of all rows that are this, added up, and how many rows there are. */
static size_t sum_of(const struct skep_level *l, enum skep_field_role role, uint64_t *ret_sum)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	struct skep_snapshot s;

	skep_level_snapshot(l, role, arena, &s);
	assert_true(s.is_level);
	assert_int_equal(s.n_keys, 2);
	assert_int_equal(s.value_field.n_children, 1);
	*ret_sum = 0;
	for (size_t i = 0; i < s.n_entries; i++)
		*ret_sum += skep_field_int(&s.value_field.children[0], s.entries[i].value);
	return s.n_entries;
}

static size_t sum(const struct skep_level *l, uint64_t *ret_packets)
{
	return sum_of(l, SKEP_ROLE_MEASURE, ret_packets);
}

/* Interfaces of one name in two network namespaces are two things. */
static void test_keys(void **state)
{
	struct skep_level l = {};
	uint64_t packets;

	add(&l, "lo", 1, 10);
	add(&l, "lo", 2, 20);
	add(&l, "eth0", 1, 30);
	skep_level_turn(&l, PROBE);
	assert_int_equal(sum(&l, &packets), 3);
	assert_int_equal(packets, 60);
	skep_level_fini(&l);
}

/* There is what the probe has made when it ran last, and nothing when it made nothing; what adds up stays. */
static void test_intervals(void **state)
{
	struct skep_level l = {};
	uint64_t n;

	add(&l, "lo", 1, 1);
	add(&l, "gone", 1, 2);
	skep_level_turn(&l, PROBE);
	assert_int_equal(sum(&l, &n), 2);
	assert_int_equal(n, 3);
	add(&l, "lo", 1, 10);
	assert_int_equal(sum(&l, &n), 2); /* it has not run to its end */
	skep_level_turn(&l, PROBE);
	assert_int_equal(sum(&l, &n), 1);
	assert_int_equal(n, 10);
	skep_level_turn(&l, PROBE + 1); /* which does not make such rows */
	assert_int_equal(sum(&l, &n), 1);
	assert_int_equal(sum_of(&l, SKEP_ROLE_TOTAL, &n), 2);
	assert_int_equal(n, 1300);
	skep_level_turn(&l, PROBE);
	assert_int_equal(sum(&l, &n), 0);
	assert_int_equal(sum_of(&l, SKEP_ROLE_TOTAL, &n), 2);
	assert_int_equal(n, 1300);
	skep_level_fini(&l);
}

/* Rows of the same keys in one interval: the last says what there is, all of them add up. */
static void test_twice(void **state)
{
	struct skep_level l = {};
	uint64_t n;

	add(&l, "lo", 1, 1);
	add(&l, "lo", 1, 2);
	skep_level_turn(&l, PROBE);
	assert_int_equal(sum(&l, &n), 1);
	assert_int_equal(n, 2);
	assert_int_equal(sum_of(&l, SKEP_ROLE_TOTAL, &n), 1);
	assert_int_equal(n, 300);
	skep_level_fini(&l);
}

static void test_bound(void **state)
{
	struct skep_level l = {};
	uint64_t n;

	for (uint32_t i = 0; i <= SKEP_LEVEL_ROWS_MAX; i++)
		add(&l, "lo", i, 1);
	assert_false(skep_level_is_cut(&l));
	skep_level_turn(&l, PROBE);
	assert_int_equal(sum(&l, &n), SKEP_LEVEL_ROWS_MAX);
	assert_true(skep_level_is_cut(&l));
	/* Of those that add up, the ones of the last two intervals are left when there is no room. */
	for (uint32_t interval = 1; interval < 5; interval++) {
		for (uint32_t i = 0; i < SKEP_LEVEL_ROWS_MAX; i++)
			add(&l, "lo", interval * SKEP_LEVEL_ROWS_MAX + i, 1);
		skep_level_turn(&l, PROBE);
		assert_false(skep_level_is_cut(&l));
		assert_int_equal(sum(&l, &n), SKEP_LEVEL_ROWS_MAX);
		assert_int_equal(sum_of(&l, SKEP_ROLE_TOTAL, &n), SKEP_LEVEL_TOTALS_MAX);
		assert_int_equal(n, 100 * SKEP_LEVEL_TOTALS_MAX);
	}
	skep_level_fini(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_intervals),
		cmocka_unit_test(test_twice),
		cmocka_unit_test(test_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
