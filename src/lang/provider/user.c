/* SPDX-License-Identifier: Apache-2.0 */
/* BEGIN, END, interval, self, test, bench: programs that user space runs itself, through the engine's test-run. */
#include <signal.h>

#include "isa/progkind.h"
#include "lang/builtin/builtins.h"
#include "lang/match.h"

static struct skep_instance *user_instance(struct skep_compiler *c, struct skep_probe_node *probe,
					   const struct skep_attach_point *point,
					   const struct skep_provider *provider,
					   enum skep_user_probe_kind kind, const char *name)
{
	struct skep_instance *inst = skep_instance_new(c, probe, point, provider);

	inst->proto.type = SKEP_PROG_RAW_TRACEPOINT;
	inst->attach.kind = SKEP_ATTACH_USER;
	inst->user_run = true;
	inst->interruptible = true;
	inst->can_wait = true;
	inst->user.kind = kind;
	skep_instance_add(c, inst, name);
	return inst;
}

extern const struct skep_provider skep_provider_begin, skep_provider_end, skep_provider_interval,
	skep_provider_self, skep_provider_test, skep_provider_bench;

static int begin_match(struct skep_compiler *c, struct skep_probe_node *probe,
		       const struct skep_attach_point *point)
{
	user_instance(c, probe, point, &skep_provider_begin, SKEP_USER_BEGIN, "BEGIN");
	return 0;
}

static int end_match(struct skep_compiler *c, struct skep_probe_node *probe,
		     const struct skep_attach_point *point)
{
	user_instance(c, probe, point, &skep_provider_end, SKEP_USER_END, "END");
	return 0;
}

static int interval_match(struct skep_compiler *c, struct skep_probe_node *probe,
			  const struct skep_attach_point *point)
{
	struct skep_period period;
	struct skep_instance *inst;
	int r;

	r = skep_match_period(c, point, &skep_provider_interval, &period);
	if (r < 0)
		return r;
	inst = user_instance(c, probe, point, &skep_provider_interval, SKEP_USER_INTERVAL,
			     point->text);
	inst->user.period_ns = period.ns;
	return 0;
}

/* Those that end skep are END's, and what a debugger or the kernel means is nobody's. */
static bool is_listened(int number)
{
	static const int no[] = { SIGKILL, SIGSTOP, SIGINT, SIGTERM, SIGHUP,  SIGCHLD, SIGSEGV,
				  SIGBUS,  SIGFPE,  SIGILL, SIGTRAP, SIGABRT, SIGPIPE };

	for (size_t i = 0; i < ARRAY_SIZE(no); i++)
		if (no[i] == number)
			return false;
	return true;
}

static int self_match(struct skep_compiler *c, struct skep_probe_node *probe,
		      const struct skep_attach_point *point)
{
	const struct skep_provider *provider = &skep_provider_self;
	const char *name = point->parts[2];
	struct skep_instance *inst;
	int number, r;

	if (!skep_streq(point->parts[1], "signal"))
		return skep_match_usage(c, point, provider, "skep knows no event '%s' of its own",
					point->parts[1]);
	number = skep_builtin_signal_number(name);
	if (!number)
		return skep_match_usage(c, point, provider, "there is no signal '%s'", name);
	if (!is_listened(number)) {
		r = skep_match_usage(c, point, provider, "skep cannot wait for %s", name);
		if (number == SIGINT || number == SIGTERM || number == SIGHUP)
			skep_diag_hint(c->diag, "it ends skep, and END runs then");
		return r;
	}
	inst = user_instance(c, probe, point, provider, SKEP_USER_SIGNAL, point->text);
	inst->user.signal = number;
	return 0;
}

/* As in bpftrace, these are for --test and --bench alone. */
static int passed_over(struct skep_compiler *c, const struct skep_attach_point *point)
{
	if (c->options->mode == SKEP_COMPILE_TRACE) {
		skep_diag_warn(c->diag, point->loc, "%s is passed over", point->text);
		skep_diag_hint(c->diag, "it runs with --%s", point->parts[0]);
	}
	return 0;
}

static int test_match(struct skep_compiler *c, struct skep_probe_node *probe,
		      const struct skep_attach_point *point)
{
	if (c->options->mode != SKEP_COMPILE_TEST)
		return passed_over(c, point);
	user_instance(c, probe, point, &skep_provider_test, SKEP_USER_TEST, point->text);
	return 0;
}

/* Of the kinds of programs that the kernel runs many times in one go, the one that asks least of its context. */
static int bench_match(struct skep_compiler *c, struct skep_probe_node *probe,
		       const struct skep_attach_point *point)
{
	struct skep_instance *inst;

	if (c->options->mode != SKEP_COMPILE_BENCH)
		return passed_over(c, point);
	inst = user_instance(c, probe, point, &skep_provider_bench, SKEP_USER_BENCH, point->text);
	inst->proto.type = SKEP_PROG_XDP;
	return 0;
}

static int list_line(const struct skep_provider *provider, struct skep_str *out)
{
	skep_str_addf(out, "%s\n", provider->usage);
	return 0;
}

static int begin_list(const struct skep_world *world, const struct skep_attach_point *pattern,
		      bool verbose, int pid, struct skep_diag *diag, struct skep_str *out)
{
	return list_line(&skep_provider_begin, out);
}

static int end_list(const struct skep_world *world, const struct skep_attach_point *pattern,
		    bool verbose, int pid, struct skep_diag *diag, struct skep_str *out)
{
	return list_line(&skep_provider_end, out);
}

static int interval_list(const struct skep_world *world, const struct skep_attach_point *pattern,
			 bool verbose, int pid, struct skep_diag *diag, struct skep_str *out)
{
	skep_str_add(out, "interval:hz:\ninterval:ms:\ninterval:s:\ninterval:us:\n");
	return 0;
}

static int self_list(const struct skep_world *world, const struct skep_attach_point *pattern,
		     bool verbose, int pid, struct skep_diag *diag, struct skep_str *out)
{
	skep_str_add(out, "self:signal:SIGUSR1\n");
	return 0;
}

static const char *const interval_aliases[] = { "i", NULL };

const struct skep_provider skep_provider_begin = {
	.name = "BEGIN",
	.usage = "BEGIN",
	.always = true,
	.min_parts = 1,
	.max_parts = 1,
	.match = begin_match,
	.list = begin_list,
};

const struct skep_provider skep_provider_end = {
	.name = "END",
	.usage = "END",
	.always = true,
	.min_parts = 1,
	.max_parts = 1,
	.match = end_match,
	.list = end_list,
};

const struct skep_provider skep_provider_interval = {
	.name = "interval",
	.aliases = interval_aliases,
	.usage = "interval:s:1, interval:ms:100, interval:hz:10 or interval:1s",
	.min_parts = 2,
	.max_parts = 3,
	.match = interval_match,
	.list = interval_list,
};

const struct skep_provider skep_provider_self = {
	.name = "self",
	.usage = "self:signal:SIGUSR1",
	.min_parts = 3,
	.max_parts = 3,
	.match = self_match,
	.list = self_list,
};

const struct skep_provider skep_provider_test = {
	.name = "test",
	.usage = "test:name",
	.min_parts = 2,
	.max_parts = 2,
	.always = true,
	.returns = true,
	.match = test_match,
};

const struct skep_provider skep_provider_bench = {
	.name = "bench",
	.usage = "bench:name",
	.min_parts = 2,
	.max_parts = 2,
	.always = true,
	.match = bench_match,
};
