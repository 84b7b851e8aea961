/* SPDX-License-Identifier: Apache-2.0 */
/* Stacks that nobody holds make room, and are known for a while longer: with an engine of two small maps. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "who/kept.h"

#define STACKS 0
#define COUNT 1

static struct {
	uint64_t ids[SKEP_KEPT_STACKS], count;
	size_t n;
} map;

/* The addresses of stack @id: id, id + 1, ... as many as its lowest bits say. */
static int map_get(struct skep_loaded *loaded, size_t which, const void *key, void *ret_value)
{
	uint64_t id, *addresses = ret_value;

	(void)loaded;
	if (which == COUNT) {
		memcpy(ret_value, &map.count, sizeof(map.count));
		return 0;
	}
	memcpy(&id, key, sizeof(id));
	for (size_t i = 0; i < map.n; i++) {
		if (map.ids[i] != id)
			continue;
		memset(addresses, 0, SKEP_UNWIND_DEPTH * sizeof(*addresses));
		for (uint64_t k = 0; k < (id & 127); k++)
			addresses[k] = id + k;
		return 0;
	}
	return -ENOENT;
}

static int map_delete(struct skep_loaded *loaded, size_t which, const void *key)
{
	(void)loaded;
	assert_int_equal(which, STACKS);
	for (size_t i = 0; i < map.n; i++) {
		if (memcmp(&map.ids[i], key, sizeof(*map.ids)) != 0)
			continue;
		map.n--;
		memmove(map.ids + i, map.ids + i + 1, (map.n - i) * sizeof(*map.ids));
		return 0;
	}
	return -ENOENT;
}

static int map_next(struct skep_loaded *loaded, size_t which, const void *key, void *ret_key)
{
	size_t at = 0;

	(void)loaded;
	assert_int_equal(which, STACKS);
	while (key && at < map.n && memcmp(&map.ids[at], key, sizeof(*map.ids)) != 0)
		at++;
	at += key != NULL;
	if (at >= map.n)
		return -ENOENT;
	memcpy(ret_key, &map.ids[at], sizeof(*map.ids));
	return 0;
}

static const struct skep_engine engine = {
	.map_get = map_get,
	.map_delete = map_delete,
	.map_next = map_next,
};

static uint64_t id_of(uint64_t n)
{
	return SKEP_UNWIND_ID | n;
}

static void put(uint64_t first, uint64_t n)
{
	for (uint64_t i = first; i < first + n; i++) {
		map.ids[map.n++] = id_of(i);
		map.count++;
	}
}

static struct skep_kept *make(void)
{
	static const struct skep_kept_maps maps = { .stacks = STACKS, .count = COUNT };
	struct skep_kept *kept;

	memset(&map, 0, sizeof(map));
	assert_int_equal(skep_kept_new(&engine, NULL, &maps, &kept), 0);
	return kept;
}

static bool known(struct skep_kept *kept, uint64_t n)
{
	uint64_t addresses[SKEP_UNWIND_DEPTH];
	size_t len = 0;

	if (skep_kept_read(kept, id_of(n), addresses) < 0)
		return false;
	while (len < SKEP_UNWIND_DEPTH && addresses[len])
		assert_int_equal(addresses[len], id_of(n) + len), len++;
	assert_int_equal(len, n & 127);
	return true;
}

static void test_due(void **state)
{
	struct skep_kept *kept = make();

	(void)state;
	assert_false(skep_kept_due(kept));
	put(1, SKEP_KEPT_STACKS / 2 - 1);
	assert_false(skep_kept_due(kept));
	put(SKEP_KEPT_STACKS, 1);
	assert_true(skep_kept_due(kept));
	/* All are held: the room that is left is half used before the next one. */
	for (size_t i = 0; i < map.n; i++)
		skep_kept_mark(kept, map.ids[i]);
	skep_kept_sweep(kept);
	assert_int_equal(map.n, SKEP_KEPT_STACKS / 2);
	assert_false(skep_kept_due(kept));
	put(2 * SKEP_KEPT_STACKS, SKEP_KEPT_STACKS / 4);
	assert_true(skep_kept_due(kept));
	skep_kept_free(kept);
}

/* The number of a stack that was not found may be in somebody's hands, and come to light later. */
static void test_late(void **state)
{
	struct skep_kept *kept = make();

	(void)state;
	put(1, 127);
	skep_kept_mark(kept, id_of(5));
	skep_kept_sweep(kept);
	assert_int_equal(map.n, 1);
	for (uint64_t i = 1; i < 128; i++)
		assert_true(known(kept, i));
	for (int i = 0; i < 3 * SKEP_KEPT_SWEEPS; i++) {
		skep_kept_mark(kept, id_of(7));
		skep_kept_sweep(kept);
		assert_true(known(kept, 7));
		assert_int_equal(known(kept, 8), i + 1 < SKEP_KEPT_SWEEPS);
	}
	for (int i = 0; i < SKEP_KEPT_SWEEPS; i++)
		skep_kept_sweep(kept);
	assert_false(known(kept, 7));
	skep_kept_free(kept);
}

/* A stack that comes again is in the map again, and taken out again. */
static void test_again(void **state)
{
	struct skep_kept *kept = make();

	(void)state;
	for (int i = 0; i < 3 * SKEP_KEPT_SWEEPS; i++) {
		put(1, 10);
		skep_kept_mark(kept, id_of(3));
		skep_kept_sweep(kept);
		assert_int_equal(map.n, 1);
		map.n = 0;
		assert_true(known(kept, 4));
		assert_int_equal(known(kept, 3), false); /* it was in the map alone */
	}
	skep_kept_free(kept);
}

/* Nothing is taken out when it is not known who holds what. */
static void test_forget(void **state)
{
	struct skep_kept *kept = make();

	(void)state;
	put(1, 10);
	skep_kept_mark(kept, id_of(1));
	skep_kept_forget(kept);
	assert_int_equal(map.n, 10);
	skep_kept_sweep(kept);
	assert_int_equal(map.n, 0);
	skep_kept_free(kept);
	skep_kept_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_due),
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_forget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
