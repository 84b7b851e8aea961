/* SPDX-License-Identifier: Apache-2.0 */
/* What comes to a map between its print and its clear() is of the next print, once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "record/carry.h"

static const struct skep_schema_field key_field = { .name = "key",
						    .kind = SKEP_FIELD_INT,
						    .size = 8 };
static uint64_t keys[SKEP_TOTAL_KEYS_MAX + 2];

static struct skep_snapshot counts(struct skep_snapshot_entry *entries, size_t n)
{
	return (struct skep_snapshot){
		.name = "@n",
		.kind = SKEP_SNAPSHOT_COUNT,
		.key_size = 8,
		.keys = &key_field,
		.n_keys = 1,
		.n_numbers = 1,
		.entries = entries,
		.n_entries = n,
	};
}

static struct skep_snapshot_entry entry(uint64_t key, const uint64_t *number)
{
	keys[key] = key;
	return (struct skep_snapshot_entry){ .key = &keys[key], .numbers = number };
}

static uint64_t shown(const struct skep_snapshot *s, uint64_t key)
{
	for (size_t i = 0; i < s->n_entries; i++)
		if (*(const uint64_t *)s->entries[i].key == key)
			return s->entries[i].numbers[0];
	return 0;
}

static void empty(struct skep_carry *c, struct skep_snapshot_entry *entries, size_t n)
{
	struct skep_snapshot s = counts(entries, n);

	skep_carry_empty(c);
	for (size_t i = 0; i < n; i++)
		skep_carry_add(c, &s, &entries[i]);
	skep_carry_done(c);
}

static void test_carry(void **state)
{
	static const uint64_t seven = 7, nine = 9, one = 1, four = 4;
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	struct skep_snapshot_entry found[2] = { entry(1, &seven) },
				   then[2] = { entry(1, &nine), entry(2, &one) };
	struct skep_snapshot s = counts(found, 1);
	struct skep_carry c = {};

	skep_carry_print(&c, &s, arena);
	assert_int_equal(s.n_entries, 1);
	assert_int_equal(shown(&s, 1), 7);
	empty(&c, then, 2); /* two more of key 1, and a new key */
	found[0] = entry(1, &four);
	s = counts(found, 1);
	skep_carry_print(&c, &s, arena);
	assert_int_equal(shown(&s, 1), 4 + 2);
	assert_int_equal(shown(&s, 2), 1);
	/* Printed again before it is emptied, it says the same. */
	s = counts(found, 1);
	skep_carry_print(&c, &s, arena);
	assert_int_equal(shown(&s, 1), 4 + 2);
	/* Nothing came meanwhile: nothing is carried over, and what was is not shown again. */
	empty(&c, found, 1);
	s = counts(found, 0);
	skep_carry_print(&c, &s, arena);
	assert_int_equal(s.n_entries, 0);
	/* Emptied without a print in front: all of it goes. */
	empty(&c, then, 2);
	empty(&c, then, 2);
	s = counts(found, 0);
	skep_carry_print(&c, &s, arena);
	assert_int_equal(s.n_entries, 0);
	skep_carry_fini(&c);
}

/* More keys than are kept in mind: of one that is not known nobody can say what it held when it was shown. */
static void test_many(void **state)
{
	static const uint64_t one = 1, two = 2;
	static struct skep_snapshot_entry many[SKEP_TOTAL_KEYS_MAX + 1];
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	struct skep_snapshot s;
	struct skep_carry c = {};
	uint64_t sum = 0;

	for (size_t i = 0; i < SKEP_TOTAL_KEYS_MAX + 1; i++)
		many[i] = entry(i, &one);
	s = counts(many, SKEP_TOTAL_KEYS_MAX + 1);
	skep_carry_print(&c, &s, arena);
	for (size_t i = 0; i < SKEP_TOTAL_KEYS_MAX + 1; i++)
		many[i].numbers = &two;
	empty(&c, many, SKEP_TOTAL_KEYS_MAX + 1);
	s = counts(many, 0);
	skep_carry_print(&c, &s, arena);
	for (size_t i = 0; i < s.n_entries; i++)
		sum += s.entries[i].numbers[0];
	assert_int_equal(sum, SKEP_TOTAL_KEYS_MAX);
	skep_carry_fini(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_carry),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
