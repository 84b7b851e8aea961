/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verdicts: every program of the vectors gets the verdict, the class of reason and the place that it says. Where the
 * kernel can be asked, it has to agree.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cases.h"
#include "sys/kernel.h"

static const char *verdict_text(enum skep_verdict verdict)
{
	static const char *const texts[] = { "safe", "rejected", "undecided" };

	return texts[verdict];
}

static bool check(const struct verify_case *c, struct skep_arena *arena)
{
	struct skep_verify_result result;
	const struct skep_finding *f;
	int r = skep_verify(&c->spec, 0, &(struct skep_verify_options){}, arena, &result);
	bool ok;

	assert_int_equal(r, 0);
	f = result.n_findings ? result.findings : NULL;
	ok = result.verdict == c->verdict &&
	     (!c->reason || (f && strcmp(skep_reason_name(f->reason), c->reason) == 0)) &&
	     (c->insn < 0 || (f && f->insn == (uint32_t)c->insn));
	if (!ok)
		print_error("%s:\n    expected %s %s %d, but it is %s %s at %u: %s\n", c->name,
			    verdict_text(c->verdict), c->reason ? c->reason : "", c->insn,
			    verdict_text(result.verdict), f ? skep_reason_name(f->reason) : "",
			    f ? f->insn : 0, f ? f->what : "");
	return ok;
}

/* 1: the kernel accepts it, 0: it rejects it, negative: it cannot be asked. */
static int ask_kernel(const struct verify_case *c, char **ret_log)
{
	const struct skep_engine *kernel = skep_kernel_engine();
	struct skep_load_options options = {};
	struct skep_diag diag = {};
	struct skep_loaded *loaded = NULL;
	int r = kernel->load(kernel, &c->spec, &options, &diag, &loaded);

	*ret_log = diag.n_items ? strdup(diag.items[0].what) : NULL;
	if (r >= 0)
		kernel->close(loaded);
	skep_diag_fini(&diag);
	if (r >= 0)
		return 1;
	return r == -EPERM && geteuid() != 0 ? r : 0;
}

static char *read_programs(void)
{
	FILE *f = fopen(SKEP_VECTORS "/verify/programs.txt", "re");
	char *text = NULL;
	size_t cap = 0;

	assert_non_null(f);
	assert_true(getdelim(&text, &cap, 0, f) > 0);
	fclose(f);
	return text;
}

static void for_each_case(bool (*visit)(const struct verify_case *c, struct skep_arena *arena))
{
	_cleanup_free_ char *text = read_programs();
	const char *at = text;
	struct verify_case c;
	unsigned n = 0, bad = 0;

	for (;;) {
		_cleanup_(skep_arena_freep)
		struct skep_arena *arena = skep_arena_new();

		if (!verify_case_next(&at, arena, &c))
			break;
		n++;
		bad += !visit(&c, arena);
	}
	assert_true(n > 0);
	if (bad)
		fail_msg("%u of %u cases", bad, n);
}

static void test_vectors(void **state)
{
	(void)state;
	for_each_case(check);
}

static bool agrees(const struct verify_case *c, struct skep_arena *arena)
{
	_cleanup_free_ char *log = NULL;
	int accepted = ask_kernel(c, &log);
	bool ok;

	(void)arena;
	if (accepted < 0 || c->verdict == SKEP_VERDICT_UNDECIDED)
		return true;
	ok = (accepted == (c->verdict == SKEP_VERDICT_SAFE)) != (c->differs != NULL);
	if (!ok)
		print_error("%s: the kernel %s it: %s\n", c->name, accepted ? "accepts" : "rejects",
			    log ? log : "");
	return ok;
}

static void test_kernel_agrees(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	for_each_case(agrees);
}

/* Two constant loops with a branch on data inside: the inner one is named, with its branch. */
static void test_growth(void **state)
{
	static const char text[] = "## crc\nexpect rejected limit\n"
				   "	call get_prandom_u32\n"
				   "	r6 = r0\n"
				   "	r7 = 0\n"
				   "outer:\n"
				   "	r8 = 0\n"
				   "inner:\n"
				   "	r1 = r6\n"
				   "	r1 &= 1\n"
				   "	r6 >>= 1\n"
				   "	if r1 == 0 goto even\n"
				   "	r6 ^= 0x1db88320\n"
				   "even:\n"
				   "	r8 += 1\n"
				   "	if r8 < 8 goto inner\n"
				   "	r7 += 1\n"
				   "	if r7 < 64 goto outer\n"
				   "	r0 = r6\n"
				   "	r0 &= 1\n"
				   "	exit\n";
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	struct skep_verify_options options = { .explain = true, .max_insns = 100000 };
	const struct skep_verify_growth *inner = NULL;
	struct skep_verify_result result;
	const char *at = text;
	struct verify_case c;

	(void)state;
	assert_true(verify_case_next(&at, arena, &c));
	assert_int_equal(skep_verify(&c.spec, 0, &options, arena, &result), 0);
	assert_int_equal(result.verdict, SKEP_VERDICT_REJECTED);
	assert_int_equal(result.findings[0].reason, SKEP_REASON_LIMIT);
	for (size_t i = 0; i < result.findings[0].n_growth; i++)
		if (result.findings[0].growth[i].last == 10)
			inner = &result.findings[0].growth[i];
	assert_non_null(inner);
	assert_int_equal(inner->first, 4);
	assert_true(inner->rounds > 1000);
	assert_int_equal(inner->branches[0].insn, 7);
	assert_in_range(inner->branches[0].splits, 50, UINT32_MAX);
	assert_in_range(inner->branches[0].on_path, 10, 600);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_growth),
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_kernel_agrees),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
