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
};

static const struct skep_schema_field fields[] = {
	{ .name = "interface", .kind = SKEP_FIELD_STRING, .size = 8 },
	{ .name = "netns", .kind = SKEP_FIELD_INT, .size = 4, .offset = 8 },
	{ .name = "packets", .kind = SKEP_FIELD_INT, .size = 4, .offset = 12 },
};
static const struct skep_schema schema = {
	.name = "link",
	.fields = fields,
	.n_fields = 3,
	.size = sizeof(struct link),
};

static void add(struct skep_level *l, const char *interface, uint32_t netns, uint32_t packets)
{
	struct link link = { .netns = netns, .packets = packets };

	snprintf(link.interface, sizeof(link.interface), "%s", interface);
	skep_level_add(l, &schema, &link, NULL);
}

/* The packets of all rows of these names, added up, and how many rows there are. */
static size_t sum(const struct skep_level *l, uint64_t *ret_packets)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	struct skep_snapshot s;

	skep_level_snapshot(l, arena, &s);
	assert_true(s.is_level);
	assert_int_equal(s.n_keys, 2);
	assert_int_equal(s.value_field.n_children, 1);
	*ret_packets = 0;
	for (size_t i = 0; i < s.n_entries; i++)
		*ret_packets += skep_field_int(&s.value_field.children[0], s.entries[i].value);
	return s.n_entries;
}

/* Interfaces of one name in two network namespaces are two things. */
static void test_keys(void **state)
{
	struct skep_level l = {};
	uint64_t packets;

	add(&l, "lo", 1, 10);
	add(&l, "lo", 2, 20);
	add(&l, "eth0", 1, 30);
	assert_int_equal(sum(&l, &packets), 3);
	assert_int_equal(packets, 60);
	skep_level_fini(&l);
}

/* Of the interval before is shown what the one at hand has not told of yet, and nothing older. */
static void test_intervals(void **state)
{
	struct skep_level l = {};
	uint64_t packets;

	add(&l, "lo", 1, 1);
	add(&l, "gone", 1, 2);
	add(&l, "lo", 1, 10);
	assert_int_equal(sum(&l, &packets), 2);
	assert_int_equal(packets, 12);
	add(&l, "lo", 1, 100);
	assert_int_equal(sum(&l, &packets), 1);
	assert_int_equal(packets, 100);
	skep_level_fini(&l);
}

static void test_bound(void **state)
{
	struct skep_level l = {};
	uint64_t packets;

	for (uint32_t i = 0; i < SKEP_LEVEL_ROWS_MAX; i++)
		add(&l, "lo", i, 1);
	assert_false(skep_level_is_cut(&l));
	for (uint32_t i = SKEP_LEVEL_ROWS_MAX; i < 3 * SKEP_LEVEL_ROWS_MAX; i++)
		add(&l, "lo", i, 1);
	assert_int_equal(sum(&l, &packets), 2 * SKEP_LEVEL_ROWS_MAX);
	assert_true(skep_level_is_cut(&l));
	for (unsigned i = 0; i < 2; i++) {
		add(&l, "lo", 3 * SKEP_LEVEL_ROWS_MAX - 1, 1);
		assert_true(skep_level_is_cut(&l) == (i == 0));
	}
	skep_level_fini(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_intervals),
		cmocka_unit_test(test_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
