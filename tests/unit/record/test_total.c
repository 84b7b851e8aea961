/* SPDX-License-Identifier: Apache-2.0 */
/* What a map held before it was emptied, and what it holds now. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "record/total.h"

static const struct skep_schema_field key_field = { .name = "key",
						    .kind = SKEP_FIELD_INT,
						    .size = 8 };

static struct skep_snapshot counts(struct skep_snapshot_entry *entries, size_t n)
{
	return (struct skep_snapshot){
		.name = "@n",
		.kind = SKEP_SNAPSHOT_AVG,
		.key_size = 8,
		.keys = &key_field,
		.n_keys = 1,
		.n_numbers = 2,
		.entries = entries,
		.n_entries = n,
	};
}

static void empty(struct skep_total *t, const struct skep_snapshot *s)
{
	skep_total_empty(t, s);
	for (size_t i = 0; i < s->n_entries; i++)
		skep_total_add(t, s, &s->entries[i]);
}

static uint64_t total_of(const struct skep_snapshot *s, uint64_t key)
{
	for (size_t i = 0; i < s->n_entries; i++)
		if (*(const uint64_t *)s->entries[i].key == key)
			return s->entries[i].numbers[1];
	return 0;
}

static void test_added(void **state)
{
	const uint64_t keys[] = { 1, 2, 3 }, numbers[][2] = { { 1, 10 }, { 2, 20 }, { 3, 30 } };
	struct skep_snapshot_entry entries[] = { { &keys[0], NULL, numbers[0] },
						 { &keys[1], NULL, numbers[1] },
						 { &keys[2], NULL, numbers[2] } };
	struct skep_snapshot before = counts(entries, 2), now = counts(entries + 1, 2);
	struct skep_arena *arena = skep_arena_new();
	struct skep_total t = {};

	(void)state;
	skep_total_join(&t, &now, arena);
	assert_int_equal(now.n_entries, 2);
	empty(&t, &before);
	empty(&t, &before);
	skep_total_join(&t, &now, arena);
	assert_int_equal(now.n_entries, 3);
	assert_int_equal(total_of(&now, 1), 20);
	assert_int_equal(total_of(&now, 2), 60);
	assert_int_equal(total_of(&now, 3), 30);
	assert_int_equal(numbers[1][1], 20);
	skep_total_fini(&t);
	skep_arena_free(arena);
}

/* Nothing is shown twice, and a map that is empty for a moment is not nothing. */
static void test_level(void **state)
{
	const uint64_t keys[] = { 1, 2 }, numbers[][2] = { { 1, 10 }, { 2, 20 } };
	struct skep_snapshot_entry entries[] = { { &keys[0], NULL, numbers[0] },
						 { &keys[1], NULL, numbers[1] } };
	struct skep_snapshot first = counts(entries, 1), second = counts(entries + 1, 1),
			     nothing = counts(entries, 0), now = counts(entries, 1);
	struct skep_arena *arena = skep_arena_new();
	struct skep_total t = {};

	(void)state;
	first.is_level = second.is_level = nothing.is_level = now.is_level = true;
	empty(&t, &first);
	empty(&t, &second);
	empty(&t, &nothing);
	skep_total_join(&t, &now, arena);
	assert_int_equal(now.n_entries, 1);
	assert_int_equal(total_of(&now, 1), 10);
	skep_total_join(&t, &nothing, arena);
	assert_int_equal(nothing.n_entries, 1);
	assert_int_equal(total_of(&nothing, 2), 20);
	skep_total_fini(&t);
	skep_arena_free(arena);
}

static void test_bound(void **state)
{
	const uint64_t numbers[2] = { 1, 1 };
	struct skep_snapshot s = counts(NULL, 0);
	struct skep_total t = {};

	(void)state;
	for (uint64_t key = 0; key < SKEP_TOTAL_KEYS_MAX + 7; key++)
		skep_total_add(&t, &s, &(struct skep_snapshot_entry){ &key, NULL, numbers });
	assert_int_equal(t.keys.len, SKEP_TOTAL_KEYS_MAX);
	assert_int_equal(t.n_no_room, 7);
	skep_total_fini(&t);
	s.kind = SKEP_SNAPSHOT_MAX; /* the highest of all is not what there is now */
	s.n_keys = 0;
	skep_total_add(&t, &s, &(struct skep_snapshot_entry){ NULL, NULL, numbers });
	assert_int_equal(t.keys.len, 0);
	skep_total_fini(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_added),
		cmocka_unit_test(test_level),
		cmocka_unit_test(test_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
