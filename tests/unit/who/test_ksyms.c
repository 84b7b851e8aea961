/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "who/ksyms.h"

static uint64_t address_of_schedule(void)
{
	uint64_t address;

	if (skep_kallsyms_address("schedule", &address) < 0 || !address)
		skip(); /* addresses are hidden from who runs this */
	return address;
}

static void test_names_outlive_the_table(void **state)
{
	uint64_t address = address_of_schedule();
	struct skep_ksyms ksyms = {};
	struct skep_ksym symbol;

	assert_int_equal(skep_ksyms_rest(&ksyms), -1);
	assert_true(skep_ksyms_find(&ksyms, address, &symbol));
	assert_string_equal(symbol.name, "schedule");
	assert_non_null(ksyms.table);
	assert_in_range(skep_ksyms_rest(&ksyms), 1, SKEP_KSYMS_REST_MS);
	ksyms.wanted_ns -= (uint64_t)SKEP_KSYMS_REST_MS * 1000000;
	assert_int_equal(skep_ksyms_rest(&ksyms), -1);
	assert_null(ksyms.table);

	assert_true(skep_ksyms_find(&ksyms, address, &symbol));
	assert_int_equal(symbol.address, address);
	assert_null(ksyms.table);
	/* A new one needs it again, also when it turns out to be nothing; the second time not. */
	assert_false(skep_ksyms_find(&ksyms, 8, &symbol));
	assert_non_null(ksyms.table);
	skep_kallsyms_free(ksyms.table);
	ksyms.table = NULL;
	assert_false(skep_ksyms_find(&ksyms, 8, &symbol));
	assert_null(ksyms.table);
	skep_ksyms_fini(&ksyms);
}

static void test_what_is_known_is_bounded(void **state)
{
	uint64_t address = address_of_schedule();
	struct skep_ksyms ksyms = {};
	struct skep_ksym symbol;

	for (uint64_t i = 0; i < SKEP_KSYMS_KNOWN_MAX + 10; i++)
		skep_ksyms_find(&ksyms, address + i, &symbol);
	assert_in_range(ksyms.known.len, 1, SKEP_KSYMS_KNOWN_MAX);
	assert_true(skep_ksyms_find(&ksyms, address, &symbol));
	assert_string_equal(symbol.name, "schedule");
	skep_ksyms_fini(&ksyms);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_outlive_the_table),
		cmocka_unit_test(test_what_is_known_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
