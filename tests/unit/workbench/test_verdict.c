/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of a program that the kernel has changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "workbench/verdict.h"

static void judge(const char *rewritten, struct skep_arena *arena,
		  struct skep_verify_result *ret_result)
{
	static struct skep_finding findings[2];
	struct skep_input_loaded loaded = { .rewritten = rewritten };
	struct skep_input source = { .name = "id:1", .loaded = &loaded };

	findings[0] = (struct skep_finding){
		.reason = SKEP_REASON_ACCESS, .insn = 3, .reg = 1, .what = "8 bytes cannot be read"
	};
	findings[1] = findings[0];
	*ret_result = (struct skep_verify_result){ .verdict = SKEP_VERDICT_REJECTED,
						   .findings = findings,
						   .n_findings = 2 };
	skep_verdict_of_loaded(&source, arena, ret_result);
	assert_int_equal(ret_result->verdict, SKEP_VERDICT_UNDECIDED);
	assert_non_null(strstr(ret_result->findings[0].hint, "verify the object"));
}

static void test_rewritten(void **state)
{
	struct skep_arena *arena = skep_arena_new();
	struct skep_verify_result result;

	(void)state;
	judge("the kernel has changed it", arena, &result);
	assert_int_equal(result.n_findings, 1);
	assert_int_equal(result.findings[0].reason, SKEP_REASON_UNKNOWN);
	assert_int_equal(result.findings[0].insn, 3);
	assert_string_equal(result.findings[0].what,
			    "this is not the program that was loaded: the kernel has changed it");
	judge(NULL, arena, &result);
	assert_int_equal(result.n_findings, 2);
	assert_string_equal(result.findings[0].what, "8 bytes cannot be read");
	skep_arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rewritten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
