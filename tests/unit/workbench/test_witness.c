/* SPDX-License-Identifier: Apache-2.0 */
/* Witnesses: found where there is one, not where there is none; what was found replays from its text. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../verify/cases.h"
#include "workbench/witness.h"

static char *read_vectors(const char *path)
{
	FILE *f = fopen(path, "re");
	char *text = NULL;
	size_t cap = 0;

	assert_non_null(f);
	assert_true(getdelim(&text, &cap, 0, f) > 0);
	fclose(f);
	return text;
}

static void check_replay(const struct verify_case *c, const struct skep_witness *found)
{
	struct skep_str text = {}, again = {}, fault = {};
	struct skep_witness *parsed = calloc(1, sizeof(*parsed));
	struct skep_diag diag = {};

	assert_non_null(parsed);
	skep_witness_format(&c->spec, found, &text);
	assert_int_equal(skep_witness_parse(&c->spec, 0, skep_str_text(&text), &diag, parsed), 0);
	assert_int_equal(skep_witness_replay(&c->spec, 0, parsed, &fault), -EFAULT);
	assert_true(fault.len > 0);
	skep_witness_format(&c->spec, parsed, &again);
	assert_string_equal(skep_str_text(&text), skep_str_text(&again));
	skep_str_fini(&text);
	skep_str_fini(&again);
	skep_str_fini(&fault);
	skep_diag_fini(&diag);
	free(parsed);
}

static bool check(const struct verify_case *c, struct skep_arena *arena, bool expected)
{
	struct skep_verify_options options = { .explain = true };
	struct skep_witness *witness = calloc(1, sizeof(*witness));
	struct skep_witness_search search;
	struct skep_verify_result result;
	int r;

	assert_non_null(witness);
	assert_int_equal(skep_verify(&c->spec, 0, &options, arena, &result), 0);
	assert_int_equal(result.verdict, SKEP_VERDICT_REJECTED);
	if (c->reason)
		assert_string_equal(skep_reason_name(result.findings[0].reason), c->reason);
	r = skep_witness_find(&c->spec, 0, &result.findings[0], 0, witness, &search);
	if (r == 0)
		check_replay(c, witness);
	if ((r == 0) != expected)
		print_error("%s: %s, %u runs: %s\n", c->name, r == 0 ? "found" : "not found",
			    search.runs, r == 0 ? search.fault : result.findings[0].what);
	free(witness);
	return (r == 0) == expected;
}

static void check_all(const char *name, bool expected)
{
	char *text = read_vectors(name);
	const char *at = text;
	unsigned n = 0, failed = 0;

	for (;;) {
		struct skep_arena *arena = skep_arena_new();
		struct verify_case c;
		bool more = verify_case_next(&at, arena, &c);

		n += more;
		failed += more && !check(&c, arena, expected);
		skep_arena_free(arena);
		if (!more)
			break;
	}
	free(text);
	assert_true(n > 0);
	assert_int_equal(failed, 0);
}

static void test_found(void **state)
{
	(void)state;
	check_all(SKEP_VECTORS "/witness/found.txt", true);
}

static void test_none(void **state)
{
	(void)state;
	check_all(SKEP_VECTORS "/witness/none.txt", false);
}

/* Files that are no witnesses. */
static void test_bad_files(void **state)
{
	static const char *const texts[] = {
		"program other\n",
		"program p\nctx 0\n",
		"program p\nctx zz\n",
		"program p\nmap nothing 00 00\n",
		"program p\nhelper nothing 1\n",
		"program p\nhelper ktime_get_ns 1x\n",
		"program p\nunset 1 r11\n",
		"what\n",
		"program p\npacket\n",
	};
	struct skep_spec_prog prog = { .name = "p" };
	struct skep_spec spec = { .progs = &prog, .n_progs = 1 };
	struct skep_witness *witness = calloc(1, sizeof(*witness));

	(void)state;
	assert_non_null(witness);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct skep_diag diag = {};

		assert_int_equal(skep_witness_parse(&spec, 0, texts[i], &diag, witness), -EINVAL);
		assert_true(diag.n_items > 0);
		skep_diag_fini(&diag);
	}
	free(witness);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_bad_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
