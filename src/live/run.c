/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a session: see live.h. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "isa/attachtype.h"
#include "live/loop.h"
#include "live/machine.h"
#include "live/outlets.h"
#include "live/packets.h"
#include "live/show.h"
#include "sys/cpus.h"
#include "who/dns.h"

static int load(struct skep_loop *l)
{
	struct skep_session *s = l->s;
	struct skep_load_options options = { .verifier_log = s->options->verifier_log };
	struct skep_plan_globals globals;
	uint64_t start = skep_clock_ns(CLOCK_MONOTONIC);
	struct skep_spec_map *map;
	int r;

	skep_live_globals(s->plan, s->engine->n_cpus(s->engine), &globals);
	globals.cpid = s->options->child ? (uint32_t)s->options->child->pid : 0;
	globals.pid = (uint32_t)s->options->pid;
	globals.self = globals.pid ? 0 : (uint32_t)getpid();
	if (s->plan->globals_map >= 0) {
		map = &s->plan->spec->maps[s->plan->globals_map];
		map->data = &globals;
		map->data_size = MIN(sizeof(globals), map->value_size);
	}
	r = s->engine->load(s->engine, s->plan->spec, &options, s->diag, &s->loaded);
	if (s->plan->globals_map >= 0)
		s->plan->spec->maps[s->plan->globals_map].data = NULL;
	if (r >= 0)
		r = skep_machine_open(s->plan, s->engine, s->loaded, s->diag, &s->machine);
	s->result->load_ns = skep_clock_ns(CLOCK_MONOTONIC) - start;
	return r;
}

typedef bool field_fn(const struct skep_schema_field *field);

static bool any_field(const struct skep_schema_field *fields, size_t n, unsigned depth,
		      field_fn *is)
{
	for (size_t i = 0; i < n; i++) {
		if (is(&fields[i]))
			return true;
		if (depth < 8 && any_field(fields[i].children, fields[i].n_children, depth + 1, is))
			return true;
	}
	return false;
}

/* Whether anything that the plan shows has such a field. */
static bool shows(const struct skep_plan *plan, field_fn *is)
{
	for (size_t i = 0; i < plan->n_actions; i++)
		if (any_field(plan->actions[i].schema.fields, plan->actions[i].schema.n_fields, 0,
			      is))
			return true;
	for (size_t i = 0; i < plan->n_maps; i++) {
		const struct skep_snapshot *shape = &plan->maps[i].shape;

		if (any_field(shape->keys, shape->n_keys, 0, is) ||
		    any_field(&shape->value_field, 1, 0, is))
			return true;
	}
	return false;
}

static bool is_user_address(const struct skep_schema_field *field)
{
	return field->kind == SKEP_FIELD_USTACK || field->kind == SKEP_FIELD_USYM;
}

/* A cgroup by its path, or a container that a process is in. */
static bool is_group(const struct skep_schema_field *field)
{
	return field->kind == SKEP_FIELD_CGROUP_PATH ||
	       (field->kind == SKEP_FIELD_PROCESS && field->param >= SKEP_PROCESS_CONTAINER &&
		field->param <= SKEP_PROCESS_UNIT);
}

int skep_session_who(struct skep_session *s)
{
	struct skep_who_options options = {
		.engine = s->engine,
		.loaded = s->loaded,
		.stack_maps = s->plan->stack_maps,
		.n_stack_maps = s->plan->n_stack_maps,
		.unwind = s->plan->unwind,
		.kept = s->plan->kept,
		.probe_names = s->plan->probe_names,
		.n_probe_names = s->plan->n_probe_names,
		.probe_funcs = s->plan->probe_funcs,
		.time_formats = s->plan->time_formats,
		.n_time_formats = s->plan->n_time_formats,
		.dns = s->options->dns,
		.groups = !s->options->dry_run && shows(s->plan, is_group),
		.mangled = !s->plan->config.cpp_demangle,
		.bpftrace_shapes = s->options->bpftrace_shapes,
	};
	int r;

	r = skep_who_new(&options, &s->who);
	if (r < 0 && options.dns) {
		skep_diag_error(s->diag, SKEP_NO_LOC, "cannot listen to answers of DNS: %s",
				strerror(-r));
		skep_diag_hint(s->diag, "--dns needs CAP_NET_RAW; without it addresses are shown");
	}
	if (r >= 0)
		s->resolver = skep_who_resolver(s->who);
	return r;
}

/* What the loop need not do when the plan has no use for it. */
static void look_at_plan(struct skep_loop *l)
{
	const struct skep_plan *plan = l->s->plan;

	for (size_t i = 0; i < plan->n_actions; i++)
		l->has_exit |= plan->actions[i].kind == SKEP_ACTION_EXIT;
	l->observe |= shows(plan, is_user_address);
	if (!l->s->options->child && !l->s->options->pid)
		l->observe = false;
}

static void tell_attached(struct skep_loop *l, size_t n)
{
	struct skep_session *s = l->s;
	struct skep_str *out = skep_output_text(s->out);

	if (s->options->format == SKEP_LIVE_JSON_BPFTRACE)
		skep_str_addf(out,
			      "{\"type\": \"attached_probes\", \"count\": %zu, "
			      "\"data\": {\"probes\": %zu}}\n",
			      n, n);
	else if (s->options->format == SKEP_LIVE_JSON)
		skep_str_addf(out, "{\"type\": \"attached_probes\", \"count\": %zu}\n", n);
	else if (!s->options->quiet && (s->options->bpftrace_shapes || s->options->verbose))
		fprintf(stderr, "Attached %zu probe%s\n", n, n == 1 ? "" : "s");
	else if (!s->options->quiet && !s->options->child && isatty(STDERR_FILENO) &&
		 skep_loop_can_go_on(l))
		fprintf(stderr, "Watching %zu probe%s; Ctrl-C ends.\n", n, n == 1 ? "" : "s");
	skep_output_record_done(s->out);
}

static void tell_pinned(struct skep_session *s, const char *path)
{
	if (s->options->bpftrace_shapes && s->options->format == SKEP_LIVE_TEXT) {
		skep_str_addf(skep_output_text(s->out), "Program pinned to %s\n", path);
		skep_output_record_done(s->out);
	} else if (!s->options->quiet) {
		fprintf(stderr, "skep: pinned; cat %s runs it, rm ends it\n", path);
	}
}

/* @pins: those that stay in the kernel, which come last: nothing can fail behind them. */
static int attach_all(struct skep_session *s, struct skep_diag *diag, bool pins)
{
	for (size_t i = 0; i < s->plan->spec->n_attaches; i++) {
		const struct skep_spec_attach *a = &s->plan->spec->attaches[i];
		int r;

		if (a->kind == SKEP_ATTACH_USER || pins != !!a->pin)
			continue;
		r = s->engine->attach(s->loaded, i, diag);
		if (r < 0)
			return r;
		if (pins)
			tell_pinned(s, a->pin);
		else if (a->kind != SKEP_ATTACH_ITER) /* among the probes of user space */
			s->result->n_probes += (size_t)r;
	}
	return 0;
}

bool skep_session_pause(struct skep_session *s, bool pause)
{
	const struct skep_spec *spec = s->plan->spec;
	size_t n_probes = s->result->n_probes;
	struct skep_diag why = {};
	bool ok = true;

	for (size_t i = 0; pause && i < spec->n_attaches; i++)
		if (spec->attaches[i].kind != SKEP_ATTACH_USER)
			s->engine->detach_prog(s->loaded, spec->attaches[i].prog);
	if (!pause) {
		ok = attach_all(s, &why, false) >= 0;
		skep_diag_fini(&why);
	}
	s->result->n_probes = n_probes;
	return ok;
}

static int attach(struct skep_loop *l)
{
	struct skep_session *s = l->s;
	uint64_t start = skep_clock_ns(CLOCK_MONOTONIC);
	int r;

	s->result->n_probes = s->plan->n_user_probes;
	r = attach_all(s, s->diag, false);
	if (r >= 0 && !s->options->dry_run)
		r = attach_all(s, s->diag, true);
	if (r < 0)
		return r;
	s->result->attach_ns = skep_clock_ns(CLOCK_MONOTONIC) - start;
	return 0;
}

/* As many as there will be, when all of them can be attached. */
static size_t planned(const struct skep_plan *plan)
{
	size_t n = plan->n_user_probes;

	for (size_t i = 0; i < plan->spec->n_attaches; i++) {
		const struct skep_spec_attach *a = &plan->spec->attaches[i];
		bool twice = plan->spec->progs[a->prog].attach_type == SKEP_AT_TRACE_KPROBE_SESSION;

		if (a->kind != SKEP_ATTACH_USER && a->kind != SKEP_ATTACH_ITER)
			n += a->n_targets << twice;
	}
	return n;
}

/* Attached and running, up to the moment when it shall end. */
static int go(struct skep_loop *l)
{
	struct skep_session *s = l->s;
	int r;

	r = attach(l);
	skep_who_settle(s->who);
	if (r < 0)
		return r;
	if (s->options->attached)
		s->options->attached(s->options->data);
	if (s->options->format != SKEP_LIVE_JSON_BPFTRACE)
		tell_attached(l, s->result->n_probes);
	r = skep_loop_watch_ring(l);
	if (r < 0)
		return r;
	r = skep_loop_open_timers(l);
	if (r < 0)
		return r;
	skep_session_idle(s);
	r = skep_loop_visit(l);
	if (r < 0)
		return r;
	if (s->options->child) {
		s->options->child->hold = l->observe;
		r = skep_child_release(s->options->child, s->diag);
		if (r < 0)
			return r;
	}
	return skep_loop_run(l);
}

static void look_at_dns(struct skep_session *s)
{
	struct skep_dns_counts n;
	uint64_t lost;

	if (!skep_who_dns_counts(s->who, &n, &lost))
		return;
	s->result->losses.session[SKEP_LOSS_DNS] = lost;
	if (s->options->verbose)
		fprintf(stderr,
			"skep: DNS: %" PRIu64 " answers, %" PRIu64
			" that nobody asked for, %" PRIu64 " not whole, %" PRIu64
			" not understood, %" PRIu64 " addresses forgotten, %" PRIu64
			" questions forgotten\n",
			n.answers, n.unasked, n.cut, n.bad, n.forgotten, n.pushed_out);
}

static void finish(struct skep_loop *l)
{
	struct skep_session *s = l->s;
	uint64_t start = skep_clock_ns(CLOCK_MONOTONIC);
	uint64_t runs, time_ns;

	for (size_t i = 0; i < s->plan->spec->n_progs; i++) {
		if (s->options->verbose &&
		    s->engine->prog_stats(s->loaded, i, &runs, &time_ns) == 0) {
			s->result->n_runs += runs;
			s->result->run_ns += time_ns;
		}
	}
	if (l->budget.fd >= 0)
		s->result->losses.session[SKEP_LOSS_PAUSED] = skep_budget_paused_ms(&l->budget);
	s->engine->detach(s->loaded);
	s->result->detach_ns = skep_clock_ns(CLOCK_MONOTONIC) - start;
	if (s->options->child) { /* when it was not the one who ended it */
		if (l->observe && !s->options->child->ended)
			skep_who_observe(s->who, (uint32_t)s->options->child->pid);
		skep_child_end(s->options->child);
	}
	skep_loop_drain_all(l);
	/* After exit() or a signal END still speaks; only rows from before are not shown. */
	s->exiting = false;
	l->has_exit = false;
	if (skep_loop_run_kind(l, SKEP_USER_END) >= 0)
		skep_loop_drain_all(l);
	s->exiting = false;
	skep_emit_pause(s);
	if (s->options->bpftrace_shapes && s->options->format == SKEP_LIVE_TEXT)
		skep_str_add(skep_output_text(s->out), "\n\n");
	if (s->plan->config.print_maps_on_exit && !skep_suite_is(s->plan))
		skep_session_print_maps(s);
	look_at_dns(s);
	if (skep_losses_collect(&s->result->losses, s->plan, s->engine, s->loaded) < 0)
		skep_diag_warn(s->diag, SKEP_NO_LOC, "the counts of losses cannot be read");
	if (skep_suite_is_bench(s->plan))
		skep_losses_forget(&s->result->losses, "ring_full");
}

static int run(struct skep_loop *l)
{
	struct skep_session *s = l->s;
	int r;

	look_at_plan(l);
	r = skep_loop_open(l);
	if (r < 0)
		return r;
	r = load(l);
	if (r < 0)
		return r;
	r = skep_session_who(l->s);
	if (r < 0)
		return r;
	if (s->options->dry_run)
		return attach(l);
	if (s->plan->unwind)
		skep_session_preload(s);
	r = skep_packets_open(s);
	if (r < 0)
		return r;
	r = skep_emit_open(s);
	if (r < 0)
		return r;
	if (s->options->format == SKEP_LIVE_JSON_BPFTRACE && !s->options->quiet &&
	    !skep_suite_is(s->plan)) /* readers expect it as the first record */
		tell_attached(l, planned(s->plan));
	r = skep_loop_run_kind(l, SKEP_USER_BEGIN);
	if (r < 0)
		return r;
	skep_session_idle(s);
	skep_loop_take_signals(l);
	if (skep_suite_is(s->plan)) {
		r = skep_suite_run(l);
		if (r < 0)
			return r;
	} else if (!s->stopping) {
		r = go(l);
		if (r < 0)
			return r;
	}
	finish(l);
	return 0;
}

int skep_live_run(struct skep_plan *plan, const struct skep_live_options *options,
		  struct skep_diag *diag, struct skep_live_result *ret_result)
{
	struct skep_live_result result = {};
	struct skep_session s = {
		.plan = plan,
		.options = options,
		.engine = options->engine,
		.out = options->output,
		.diag = diag,
		.result = &result,
		.signal_fd = -1,
		.clock_offset_ns = skep_clock_boot_offset_ns(),
	};
	struct skep_loop l = {
		.s = &s,
		.epoll_fd = -1,
		.signal_fd = -1,
		.self_fd = -1,
		.pid_fd = -1,
		.budget = { .fd = -1 },
		.end_fd = -1,
	};
	int r;

	r = skep_outlets_open(&s);
	if (r >= 0)
		r = run(&l);
	skep_emit_close(&s);
	skep_packets_close(&s);
	skep_output_flush(s.out);
	skep_who_settle(s.who);
	skep_machine_close(s.machine);
	s.engine->close(s.loaded);
	skep_who_free(s.who);
	free(s.row);
	skep_session_forget_maps(&s);
	skep_outlets_close(&s);
	skep_str_fini(&s.backlog);
	skep_loop_close(&l);
	if (r < 0) {
		skep_losses_fini(&result.losses);
		return r;
	}
	*ret_result = result;
	return 0;
}
