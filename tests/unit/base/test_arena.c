/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"

static bool all_zero(const unsigned char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i])
			return false;
	return true;
}

/* Of every size: zeroed, aligned, writable to the last byte, and apart from each other. */
static void allocations(void **state)
{
	static const size_t sizes[] = {
		0, 1, 7, 16, 17, 1000, 16384, 16385, 32768, 40000, 1000000
	};
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	unsigned char *p[ARRAY_SIZE(sizes)];

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		p[i] = skep_arena_alloc(arena, sizes[i]);
		assert_non_null(p[i]);
		assert_int_equal((uintptr_t)p[i] % 16, 0);
		assert_true(all_zero(p[i], sizes[i]));
		memset(p[i], (int)i + 1, sizes[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		for (size_t k = 0; k < sizes[i]; k++)
			assert_int_equal(p[i][k], i + 1);
	assert_ptr_not_equal(skep_arena_alloc(arena, 0), skep_arena_alloc(arena, 0));
}

static void many_small_ones(void **state)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	unsigned *last = NULL;

	for (unsigned i = 0; i < 20000; i++) {
		unsigned *p = skep_arena_calloc(arena, 3, sizeof(*p));

		assert_true(p[0] == 0 && p[1] == 0 && p[2] == 0);
		p[0] = p[2] = i;
		if (last)
			assert_int_equal(last[0], i - 1);
		last = p;
	}
	assert_true(skep_arena_used(arena) >= 20000 * 3 * sizeof(unsigned));
}

static void copies(void **state)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	char long_text[400];
	const char *s;

	assert_memory_equal(skep_arena_memdup(arena, "a\0b", 3), "a\0b", 3);
	assert_string_equal(skep_arena_strdup(arena, ""), "");
	assert_string_equal(skep_arena_strdup(arena, "text"), "text");
	assert_string_equal(skep_arena_strndup(arena, "text", 2), "te");
	assert_string_equal(skep_arena_strndup(arena, "text", 99), "text");
	assert_string_equal(skep_arena_strndup(arena, "text", 0), "");
	assert_string_equal(skep_arena_printf(arena, "%s-%d", "x", 7), "x-7");
	/* Around the size up to which a text is formatted once. */
	for (size_t n = 120; n < sizeof(long_text); n++) {
		memset(long_text, 'x', n);
		long_text[n] = '\0';
		s = skep_arena_printf(arena, "%s", long_text);
		assert_string_equal(s, long_text);
	}
}

static void free_nothing(void **state)
{
	struct skep_arena *arena = NULL;

	skep_arena_free(NULL);
	skep_arena_freep(&arena);
	arena = skep_arena_new();
	assert_int_equal(skep_arena_used(arena), 0);
	skep_arena_freep(&arena);
	assert_null(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(allocations),
		cmocka_unit_test(many_small_ones),
		cmocka_unit_test(copies),
		cmocka_unit_test(free_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
