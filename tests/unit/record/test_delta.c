/* SPDX-License-Identifier: Apache-2.0 */
/* What was added since the last time: keys that come, go and come again, maps that are emptied, parts. */
#include "test.h"

#include "base/arena.h"
#include "record/delta.h"

#define N 3 /* keys at most */

/* Key k of @numbers has two numbers; keys whose numbers are both 0 are not there. */
struct look {
	uint64_t start_ns, numbers[N][2];
	bool is_part;
};

/* Looks at time @now_ns; *ret_added has 0 for keys that are left out. Returns since when it counts. */
static uint64_t look(struct skep_delta *d, const struct look *at, uint64_t now_ns,
		     uint64_t ret_added[N][2])
{
	static const uint32_t keys[N] = { 7, 8, 9 };
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	struct skep_snapshot_entry entries[N];
	struct skep_snapshot s = { .name = "@h",
				   .kind = SKEP_SNAPSHOT_LHIST,
				   .key_size = sizeof(keys[0]),
				   .n_numbers = 2,
				   .is_part = at->is_part,
				   .entries = entries };
	uint64_t start_ns = at->start_ns;

	for (size_t k = 0; k < N; k++)
		if (at->numbers[k][0] || at->numbers[k][1])
			entries[s.n_entries++] =
				(struct skep_snapshot_entry){ &keys[k], NULL, at->numbers[k] };
	skep_delta_take(d, &s, now_ns, &start_ns, arena);
	memset(ret_added, 0, sizeof(uint64_t[N][2]));
	for (size_t i = 0; i < s.n_entries; i++)
		memcpy(ret_added[*(const uint32_t *)s.entries[i].key - keys[0]],
		       s.entries[i].numbers, sizeof(ret_added[0]));
	return start_ns;
}

static void test_keys(void **state)
{
	static const struct {
		struct look look;
		uint64_t since_ns, added[N][2];
	} steps[] = {
		{ { 100, { { 1, 2 }, { 5, 0 } } }, 100, { { 1, 2 }, { 5, 0 } } },
		/* One grew, one did not, one is new. */
		{ { 100, { { 1, 4 }, { 5, 0 }, { 0, 1 } } }, 1, { { 0, 2 }, {}, { 0, 1 } } },
		/* One was deleted and came again, which is seen by a number that went back. */
		{ { 100, { { 9, 1 }, { 5, 0 }, { 0, 1 } } }, 2, { { 9, 1 } } },
		/* One is away, and then new. */
		{ { 100, { { 9, 1 }, {}, { 0, 1 } } }, 3, {} },
		{ { 100, { { 9, 1 }, { 6, 0 }, { 0, 1 } } }, 4, { {}, { 6, 0 } } },
		/* What a part does not have is known further on. */
		{ { 100, { { 9, 1 } }, true }, 5, {} },
		{ { 100, { { 9, 2 }, { 7, 0 }, { 0, 1 } } }, 6, { { 0, 1 }, { 1, 0 } } },
		/* The map was emptied. */
		{ { 107, { { 9, 2 } } }, 107, { { 9, 2 } } },
	};
	struct skep_delta d = {};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		uint64_t added[N][2];

		assert_int_equal(look(&d, &steps[i].look, i + 1, added), steps[i].since_ns);
		assert_memory_equal(added, steps[i].added, sizeof(added));
	}
	skep_delta_fini(&d);
}

/* What is known of a key takes other room each time, again and again: it is left behind, and nothing else is. */
static void test_many_looks(void **state)
{
	struct look at = { 100, { { 1, 0 }, { 0, 5 } }, false };
	uint64_t added[N][2], sum = 0;
	struct skep_delta d = {};

	(void)state;
	for (uint64_t i = 1; i < 10000; i++) {
		at.numbers[0][0] = i;
		at.numbers[0][1] = i & 1 ? 7 : 0; /* goes back: it begins anew */
		look(&d, &at, i, added);
		sum += added[1][1];
		if (i & 1)
			assert_int_equal(added[0][0], 1);
		else
			assert_int_equal(added[0][0], i);
	}
	assert_int_equal(sum, 5);
	skep_delta_fini(&d);
}

static void test_scalar(void **state)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	struct skep_delta d = {};

	(void)state;
	for (uint64_t n = 1; n < 4; n++) {
		struct skep_snapshot_entry entry = { .numbers = &n };
		struct skep_snapshot s = { .name = "@n",
					   .kind = SKEP_SNAPSHOT_COUNT,
					   .n_numbers = 1,
					   .entries = &entry,
					   .n_entries = 1 };
		uint64_t start_ns = 50;

		assert_true(skep_delta_takes(&s));
		skep_delta_take(&d, &s, 60 + n, &start_ns, arena);
		assert_int_equal(s.n_entries, 1);
		assert_int_equal(s.entries[0].numbers[0], 1);
		assert_int_equal(start_ns, n == 1 ? 50 : 60 + n - 1);
	}
	assert_false(skep_delta_takes(
		&(struct skep_snapshot){ .kind = SKEP_SNAPSHOT_SUM, .is_signed = true }));
	assert_false(skep_delta_takes(&(struct skep_snapshot){ .kind = SKEP_SNAPSHOT_MAX }));
	skep_delta_fini(&d);
}

static void test_count(void **state)
{
	struct skep_delta d = {};
	uint64_t start_ns = 5;

	(void)state;
	assert_int_equal(skep_delta_count(&d, "a", 3, 10, &start_ns), 3);
	assert_int_equal(start_ns, 5);
	assert_int_equal(skep_delta_count(&d, "a", 4, 20, &start_ns), 1);
	assert_int_equal(start_ns, 10);
	start_ns = 5;
	assert_int_equal(skep_delta_count(&d, "b", 4, 20, &start_ns), 4);
	assert_int_equal(start_ns, 5);
	skep_delta_fini(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_many_looks),
		cmocka_unit_test(test_scalar),
		cmocka_unit_test(test_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
