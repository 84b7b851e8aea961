/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>

#include "base/hash.h"

static void few(void **state)
{
	_cleanup_(skep_hash_fini)
	struct skep_hash h = {};
	int a, b;

	assert_null(skep_hash_get_str(&h, "x"));
	skep_hash_set_str(&h, "x", &a);
	skep_hash_set_str(&h, "y", &b);
	skep_hash_set_str(&h, "", &b);
	assert_ptr_equal(skep_hash_get_str(&h, "x"), &a);
	assert_ptr_equal(skep_hash_get_str(&h, ""), &b);
	assert_null(skep_hash_get_str(&h, "xy"));
	assert_int_equal(h.len, 3);
	skep_hash_set_str(&h, "x", &b);
	assert_ptr_equal(skep_hash_get_str(&h, "x"), &b);
	assert_int_equal(h.len, 3);
}

/* Zero bytes are part of a key, and so is its length. */
static void bytes(void **state)
{
	_cleanup_(skep_hash_fini)
	struct skep_hash h = {};
	int a, b, c;

	skep_hash_set(&h, "\0\0", 1, &a);
	skep_hash_set(&h, "\0\0", 2, &b);
	skep_hash_set(&h, "\0x", 2, &c);
	assert_ptr_equal(skep_hash_get(&h, "\0\0", 1), &a);
	assert_ptr_equal(skep_hash_get(&h, "\0\0", 2), &b);
	assert_ptr_equal(skep_hash_get(&h, "\0x", 2), &c);
	assert_null(skep_hash_get(&h, "\0\0\0", 3));
}

static void many(void **state)
{
	_cleanup_(skep_hash_fini)
	struct skep_hash h = {};
	static char keys[5000][12];
	static int values[5000];

	for (int i = 0; i < 5000; i++) {
		snprintf(keys[i], sizeof(keys[i]), "key%d", i);
		skep_hash_set_str(&h, keys[i], &values[i]);
	}
	assert_int_equal(h.len, 5000);
	assert_true(h.cap >= h.len && (h.cap & (h.cap - 1)) == 0);
	for (int i = 0; i < 5000; i++)
		assert_ptr_equal(skep_hash_get_str(&h, keys[i]), &values[i]);
	assert_null(skep_hash_get_str(&h, "key5000"));
	skep_hash_fini(&h);
	assert_null(skep_hash_get_str(&h, "key1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(few),
		cmocka_unit_test(bytes),
		cmocka_unit_test(many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
