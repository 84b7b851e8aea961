/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests and benchmarks of a script: nothing is attached, they run one after the other between BEGIN and END.
 *
 * A test fails when it returns another number than 0, says errorf(), fails an assert(), or exits with a status other than 0.
 * Its report has the shape that bpftrace gives it. A benchmark is run in rounds, each twice as long as the one before,
 * until one is long enough to be believed; what it prints is not shown.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/vec.h"
#include "live/loop.h"

#define ROUND_FIRST 10000u
#define ROUND_MAX (1u << 30)
#define ROUND_NS 50000000u /* of a round that is believed */

struct suite {
	struct skep_loop *l;
	size_t n_run;
	struct {
		SKEP_VEC(const char *);
	} failed;
};

static bool is_subject(const struct skep_plan_user_probe *p)
{
	return p->kind == SKEP_USER_TEST || p->kind == SKEP_USER_BENCH;
}

static size_t count(const struct skep_plan *plan)
{
	size_t n = 0;

	for (size_t i = 0; i < plan->n_user_probes; i++)
		n += is_subject(&plan->user_probes[i]);
	return n;
}

bool skep_suite_is(const struct skep_plan *plan)
{
	return count(plan) > 0;
}

bool skep_suite_is_bench(const struct skep_plan *plan)
{
	for (size_t i = 0; i < plan->n_user_probes; i++)
		if (plan->user_probes[i].kind == SKEP_USER_BENCH)
			return true;
	return false;
}

static const char *name_of(const struct skep_plan *plan, size_t prog)
{
	const char *name = plan->prog_names ? plan->prog_names[prog] : NULL;
	const char *colon = name ? strchr(name, ':') : NULL;

	return colon ? colon + 1 : plan->spec->progs[prog].name;
}

static bool is_text(const struct skep_session *s)
{
	return s->options->format != SKEP_LIVE_JSON &&
	       s->options->format != SKEP_LIVE_JSON_BPFTRACE;
}

/* --- tests ------------------------------------------------------------------------------------------------ */

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static void tell_test(struct suite *suite, const char *name, bool passed, uint64_t ns,
		      const struct skep_str *caught)
{
	struct skep_session *s = suite->l->s;
	struct skep_str *out = skep_output_text(s->out);
	const char *verdict = passed ? "true" : "false";

	if (is_text(s)) {
		skep_str_addf(out, "%s %s (%" PRIu64 " ns)\n",
			      passed ? "[       OK ]" : "[  FAILED  ]", name, ns);
	} else if (s->options->format == SKEP_LIVE_JSON_BPFTRACE) {
		skep_str_add(out, "{\"type\": \"test_result\", \"data\": {");
		skep_json_string(name, strlen(name), out);
		skep_str_addf(out, ": {\"duration\": %" PRIu64 ", \"passed\": %s, \"output\": ", ns,
			      verdict);
		skep_json_string(skep_str_text(caught), caught->len, out);
		skep_str_add(out, "}}}\n");
	} else {
		skep_str_add(out, "{\"type\": \"test_result\", \"name\": ");
		skep_json_string(name, strlen(name), out);
		skep_str_addf(out,
			      ", \"duration_ns\": %" PRIu64 ", \"passed\": %s, \"output\": ", ns,
			      verdict);
		skep_json_string(skep_str_text(caught), caught->len, out);
		skep_str_add(out, "}\n");
	}
	skep_output_record_done(s->out);
}

static int run_test(struct suite *suite, size_t prog)
{
	struct skep_session *s = suite->l->s;
	const char *name = name_of(s->plan, prog);
	_cleanup_(skep_str_fini)
	struct skep_str caught = {};
	size_t n_errors = s->n_errors;
	uint64_t start;
	uint32_t value;
	bool passed;
	int r;

	if (is_text(s))
		skep_str_addf(skep_output_text(s->out), "[ RUN      ] %s\n", name);
	else
		s->caught = &caught;
	s->result->exit_status = 0;
	start = skep_clock_ns(CLOCK_MONOTONIC);
	r = s->engine->run(s->loaded, prog, NULL, 0, &value);
	start = skep_clock_ns(CLOCK_MONOTONIC) - start;
	skep_loop_drain_all(suite->l);
	s->caught = NULL;
	if (r < 0) {
		skep_diag_error(s->diag, s->plan->spec->progs[prog].loc, "cannot run test:%s: %s",
				name, strerror(-r));
		return r;
	}
	passed = !value && !s->result->exit_status && s->n_errors == n_errors;
	tell_test(suite, name, passed, start, &caught);
	suite->n_run++;
	if (!passed)
		skep_vec_add(&suite->failed, name);
	s->exiting = s->stopping = false; /* exit() ends its test alone */
	return 0;
}

static void tell_sum(struct suite *suite)
{
	struct skep_str *out = skep_output_text(suite->l->s->out);
	size_t n = suite->failed.len;

	skep_str_addf(out, "[==========] %zu test%s ran.\n", suite->n_run, plural(suite->n_run));
	skep_str_addf(out, "[  PASSED  ] %zu test%s.\n", suite->n_run - n,
		      plural(suite->n_run - n));
	if (n)
		skep_str_addf(out, "[  FAILED  ] %zu test%s, listed below:\n", n, plural(n));
	for (size_t i = 0; i < n; i++)
		skep_str_addf(out, "[  FAILED  ] %s\n", suite->failed.data[i]);
	skep_output_record_done(suite->l->s->out);
}

/* --- benchmarks ------------------------------------------------------------------------------------------- */

static void tell_bench(struct skep_session *s, const char *name, uint32_t ns, uint32_t n)
{
	struct skep_str *out = skep_output_text(s->out);

	if (is_text(s)) {
		skep_str_addf(out, "%-40s %-16" PRIu32 " %" PRIu32 "\n", name, ns, n);
	} else if (s->options->format == SKEP_LIVE_JSON_BPFTRACE) {
		skep_str_add(out, "{\"type\": \"benchmark_result\", \"data\": {");
		skep_json_string(name, strlen(name), out);
		skep_str_addf(out, ": {\"average\": %" PRIu32 ", \"iters\": %" PRIu32 "}}}\n", ns,
			      n);
	} else {
		skep_str_add(out, "{\"type\": \"benchmark_result\", \"name\": ");
		skep_json_string(name, strlen(name), out);
		skep_str_addf(out, ", \"average_ns\": %" PRIu32 ", \"runs\": %" PRIu32 "}\n", ns,
			      n);
	}
	skep_output_record_done(s->out);
}

static int run_bench(struct suite *suite, size_t prog)
{
	struct skep_session *s = suite->l->s;
	const char *name = name_of(s->plan, prog);
	uint32_t n = ROUND_FIRST, ns = 0;
	int r;

	if (!s->engine->run_many)
		return -ENOTSUP;
	s->exiting = true; /* rows are not shown */
	for (;; n *= 2) {
		r = s->engine->run_many(s->loaded, prog, n, &ns);
		skep_loop_drain_all(suite->l);
		skep_loop_take_signals(suite->l);
		if (r < 0 || s->result->interrupted || (uint64_t)ns * n >= ROUND_NS ||
		    n > ROUND_MAX / 2)
			break;
	}
	s->exiting = s->stopping = false;
	if (r == -EINTR && s->result->interrupted)
		return 0;
	if (r < 0) {
		skep_diag_error(s->diag, s->plan->spec->progs[prog].loc, "cannot run bench:%s: %s",
				name, strerror(-r));
		return r;
	}
	tell_bench(s, name, ns, n);
	return 0;
}

/* --- both ------------------------------------------------------------------------------------------------- */

static void begin(struct suite *suite, bool tests)
{
	struct skep_session *s = suite->l->s;
	struct skep_str *out = skep_output_text(s->out);
	size_t n = count(s->plan);

	if (!is_text(s))
		return;
	if (tests)
		skep_str_addf(out, "[==========] Running %zu test%s.\n", n, plural(n));
	else
		skep_str_addf(out, "%-40s %-16s %s\n", "Benchmark", "Time(ns)", "Iterations");
}

int skep_suite_run(struct skep_loop *l)
{
	struct skep_session *s = l->s;
	const struct skep_plan *plan = s->plan;
	struct suite suite = { .l = l };
	bool tests = !skep_suite_is_bench(plan);
	int r = 0;

	if (s->stopping && !s->result->interrupted) {
		skep_diag_error(s->diag, SKEP_NO_LOC, "BEGIN has ended the script before its %s",
				tests ? "tests" : "benchmarks");
		return -ECANCELED;
	}
	begin(&suite, tests);
	for (size_t i = 0; r >= 0 && i < plan->n_user_probes && !s->result->interrupted; i++) {
		const struct skep_plan_user_probe *p = &plan->user_probes[i];

		if (is_subject(p))
			r = tests ? run_test(&suite, p->prog) : run_bench(&suite, p->prog);
		skep_loop_take_signals(l);
	}
	if (r >= 0 && tests && is_text(s))
		tell_sum(&suite);
	s->result->n_failed_tests = suite.failed.len;
	s->result->exit_status = 0;
	skep_vec_fini(&suite.failed);
	return MIN(r, 0);
}
