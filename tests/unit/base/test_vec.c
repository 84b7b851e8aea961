/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/vec.h"

struct pair {
	char name[12];
	int value;
};

static void grows(void **state)
{
	struct {
		SKEP_VEC(int);
	} v = {};

	for (int i = 0; i < 1000; i++)
		assert_true(skep_vec_push(&v, i * 3));
	assert_int_equal(v.len, 1000);
	assert_true(v.cap >= v.len);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(v.data[i], i * 3);
	assert_int_equal(skep_vec_last(&v), 2997);
	assert_int_equal(skep_vec_pop(&v), 2997);
	assert_int_equal(v.len, 999);
	skep_vec_fini(&v);
	assert_null(v.data);
	assert_int_equal(v.len, 0);
	assert_int_equal(v.cap, 0);
}

/* A compound literal with commas is one value; an element may be pushed from the vector itself. */
static void structs(void **state)
{
	struct {
		SKEP_VEC(struct pair);
	} v = {};

	skep_vec_add(&v, (struct pair){ "one", 1 });
	skep_vec_add(&v, (struct pair){ .name = "two", .value = 2 });
	assert_string_equal(v.data[0].name, "one");
	assert_int_equal(v.data[1].value, 2);
	while (v.len < v.cap)
		skep_vec_add(&v, v.data[1]);
	assert_string_equal(skep_vec_last(&v).name, "two");
	skep_vec_fini(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grows),
		cmocka_unit_test(structs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
