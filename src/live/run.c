/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a session: see live.h. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>

#include "live/session.h"
#include "sys/cpus.h"

/* How often a process whose user addresses are to be named is looked at while it lives. */
#define OBSERVE_MS 200

/* What epoll's data says: a timer's index, or one of these. */
enum {
	EVENT_RING = -1,
	EVENT_SIGNAL = -2,
	EVENT_CHILD = -3,
	EVENT_PROCESS = -4,
};

struct loop {
	struct skep_session *s;
	int epoll_fd, signal_fd, pid_fd;
	int *timers;  /* by user probe, -1 where it is none */
	bool observe; /* user addresses are shown */
	bool has_exit;
	sigset_t old_mask;
};

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* Ring and user-run programs */

static void drain(struct loop *l)
{
	struct skep_session *s = l->s;
	struct skep_ring_sink sink = { skep_session_record, s };
	int n;

	if (s->plan->ring_map < 0)
		return;
	n = s->engine->ring_drain(s->loaded, (size_t)s->plan->ring_map, &sink);
	if (n < 0)
		s->result->losses.session[SKEP_LOSS_BAD_ROW]++;
	/* A ring that was full may have had no room for exit(). */
	if (n > 0 && l->has_exit && !s->exiting && skep_losses_exit(s->plan, s->engine, s->loaded))
		s->exiting = s->stopping = true;
	if (s->out->error)
		s->stopping = true;
}

/* Everything that is in the ring now: used when nothing writes to it any more. */
static void drain_all(struct loop *l)
{
	uint64_t before;

	do {
		before = l->s->result->n_rows;
		drain(l);
	} while (l->s->result->n_rows != before);
}

static int run_user(struct loop *l, size_t index)
{
	struct skep_session *s = l->s;
	const struct skep_plan_user_probe *p = &s->plan->user_probes[index];
	uint32_t value;
	int r;

	r = s->engine->run(s->loaded, p->prog, NULL, 0, &value);
	if (r < 0)
		skep_diag_error(s->diag, s->plan->spec->progs[p->prog].loc, "cannot run %s: %s",
				s->plan->prog_names && s->plan->prog_names[p->prog]
					? s->plan->prog_names[p->prog]
					: "a probe of user space",
				strerror(-r));
	drain(l);
	return r;
}

static int run_kind(struct loop *l, enum skep_user_probe_kind kind)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < l->s->plan->n_user_probes; i++) {
		if (l->s->plan->user_probes[i].kind != kind)
			continue;
		r = run_user(l, i);
		/* exit() in one BEGIN ends the others, too. */
		if (kind == SKEP_USER_BEGIN && l->s->stopping)
			break;
	}
	return r;
}

/* Setting up */

static int watch(struct loop *l, int fd, int64_t what)
{
	struct epoll_event e = { .events = EPOLLIN, .data.u64 = (uint64_t)what };

	return epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, fd, &e) < 0 ? -errno : 0;
}

/* First of all: from here on a signal does not end the process but waits for us. */
static int open_signals(struct loop *l)
{
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGHUP);
	if (l->observe && l->s->options->child) /* how a child that is held says so */
		sigaddset(&mask, SIGCHLD);
	sigprocmask(SIG_BLOCK, &mask, &l->old_mask);
	l->signal_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	return l->signal_fd < 0 ? -errno : 0;
}

static int open_timer(struct loop *l, size_t index)
{
	uint64_t period = l->s->plan->user_probes[index].period_ns;
	struct itimerspec spec = {
		.it_interval = { (time_t)(period / 1000000000), (long)(period % 1000000000) },
	};
	int fd;

	spec.it_value = spec.it_interval;
	fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (fd < 0)
		return -errno;
	l->timers[index] = fd;
	if (period == 0 || timerfd_settime(fd, 0, &spec, NULL) < 0)
		return period ? -errno : -EINVAL;
	return watch(l, fd, (int64_t)index);
}

static int open_timers(struct loop *l)
{
	size_t n = l->s->plan->n_user_probes;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < n; i++) {
		if (l->s->plan->user_probes[i].kind == SKEP_USER_INTERVAL)
			r = open_timer(l, i);
	}
	return r;
}

static int open_process(struct loop *l)
{
	int pid = l->s->options->pid;

	if (!pid)
		return 0;
	l->pid_fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (l->pid_fd < 0) {
		skep_diag_error(l->s->diag, SKEP_NO_LOC, "there is no process %d", pid);
		skep_diag_hint(l->s->diag,
			       "-p takes the id of a process that runs, as ps shows it");
		return -ESRCH;
	}
	return watch(l, l->pid_fd, EVENT_PROCESS);
}

static int open_loop(struct loop *l)
{
	struct skep_session *s = l->s;
	int r;

	r = open_signals(l);
	if (r < 0)
		return r;
	s->signal_fd = l->signal_fd;
	l->timers = malloc((s->plan->n_user_probes + 1) * sizeof(*l->timers));
	if (!l->timers)
		return -ENOMEM;
	for (size_t i = 0; i < s->plan->n_user_probes; i++)
		l->timers[i] = -1;
	l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll_fd < 0)
		return -errno;
	r = watch(l, l->signal_fd, EVENT_SIGNAL);
	if (r >= 0 && s->options->child && s->options->child->pid)
		r = watch(l, s->options->child->pidfd, EVENT_CHILD);
	if (r >= 0)
		r = open_process(l);
	return r;
}

static void close_loop(struct loop *l)
{
	for (size_t i = 0; l->timers && i < l->s->plan->n_user_probes; i++)
		skep_closep(&l->timers[i]);
	free(l->timers);
	skep_closep(&l->pid_fd);
	skep_closep(&l->epoll_fd);
	if (l->signal_fd >= 0) {
		close(l->signal_fd);
		sigprocmask(SIG_SETMASK, &l->old_mask, NULL);
	}
}

static int load(struct loop *l)
{
	struct skep_session *s = l->s;
	struct skep_load_options options = { .verifier_log = s->options->verifier_log };
	struct skep_plan_globals globals = {
		.cpid = s->options->child ? (uint32_t)s->options->child->pid : 0,
		.pid = (uint32_t)s->options->pid,
		.start_boot_ns = clock_ns(CLOCK_BOOTTIME),
	};
	uint64_t start = clock_ns(CLOCK_MONOTONIC);
	struct skep_spec_map *map;
	int r;

	if (s->plan->globals_map >= 0) {
		map = &s->plan->spec->maps[s->plan->globals_map];
		map->data = &globals;
		map->data_size = MIN(sizeof(globals), map->value_size);
	}
	r = s->engine->load(s->engine, s->plan->spec, &options, s->diag, &s->loaded);
	if (s->plan->globals_map >= 0)
		s->plan->spec->maps[s->plan->globals_map].data = NULL;
	s->result->load_ns = clock_ns(CLOCK_MONOTONIC) - start;
	return r;
}

static int make_who(struct loop *l)
{
	struct skep_session *s = l->s;
	struct skep_who_options options = {
		.engine = s->engine,
		.loaded = s->loaded,
		.stack_map = s->plan->stack_map,
		.stack_depth = s->plan->stack_map < 0
				       ? 0
				       : s->plan->spec->maps[s->plan->stack_map].value_size / 8,
		.probe_names = s->plan->probe_names,
		.n_probe_names = s->plan->n_probe_names,
		.time_formats = s->plan->time_formats,
		.n_time_formats = s->plan->n_time_formats,
	};
	int r;

	r = skep_who_new(&options, &s->who);
	if (r >= 0)
		s->resolver = skep_who_resolver(s->who);
	return r;
}

static bool shows_user_addresses(const struct skep_schema_field *fields, size_t n, unsigned depth)
{
	for (size_t i = 0; i < n; i++) {
		if (fields[i].kind == SKEP_FIELD_USTACK || fields[i].kind == SKEP_FIELD_USYM)
			return true;
		if (depth < 8 &&
		    shows_user_addresses(fields[i].children, fields[i].n_children, depth + 1))
			return true;
	}
	return false;
}

/* What the loop need not do when the plan has no use for it. */
static void look_at_plan(struct loop *l)
{
	const struct skep_plan *plan = l->s->plan;

	for (size_t i = 0; i < plan->n_actions; i++) {
		const struct skep_schema *schema = &plan->actions[i].schema;

		l->has_exit |= plan->actions[i].kind == SKEP_ACTION_EXIT;
		l->observe |= shows_user_addresses(schema->fields, schema->n_fields, 0);
	}
	for (size_t i = 0; i < plan->n_maps; i++) {
		const struct skep_snapshot *shape = &plan->maps[i].shape;

		l->observe |= shows_user_addresses(shape->keys, shape->n_keys, 0) ||
			      shows_user_addresses(&shape->value_field, 1, 0);
	}
	if (!l->s->options->child && !l->s->options->pid)
		l->observe = false;
}

static void tell_attached(struct loop *l, size_t n)
{
	struct skep_session *s = l->s;
	struct skep_str *out = skep_output_text(s->out);

	if (s->options->format == SKEP_LIVE_JSON_BPFTRACE)
		skep_str_addf(out, "{\"type\": \"attached_probes\", \"data\": {\"probes\": %zu}}\n",
			      n);
	else if (s->options->format == SKEP_LIVE_JSON)
		skep_str_addf(out, "{\"type\": \"attached_probes\", \"count\": %zu}\n", n);
	else if (!s->options->quiet && (s->options->bpftrace_shapes || s->options->verbose))
		fprintf(stderr, "Attached %zu probe%s\n", n, n == 1 ? "" : "s");
	skep_output_record_done(s->out);
}

static int attach(struct loop *l)
{
	struct skep_session *s = l->s;
	uint64_t start = clock_ns(CLOCK_MONOTONIC);
	int r;

	s->result->n_probes = s->plan->n_user_probes;
	for (size_t i = 0; i < s->plan->spec->n_attaches; i++) {
		if (s->plan->spec->attaches[i].kind == SKEP_ATTACH_USER)
			continue;
		r = s->engine->attach(s->loaded, i, s->diag);
		if (r < 0)
			return r;
		s->result->n_probes += (size_t)r;
	}
	s->result->attach_ns = clock_ns(CLOCK_MONOTONIC) - start;
	return 0;
}

/* As many as there will be, when all of them can be attached. */
static size_t planned(const struct skep_plan *plan)
{
	size_t n = plan->n_user_probes;

	for (size_t i = 0; i < plan->spec->n_attaches; i++) {
		if (plan->spec->attaches[i].kind != SKEP_ATTACH_USER)
			n += plan->spec->attaches[i].n_targets;
	}
	return n;
}

/* The loop */

static void observe(struct loop *l)
{
	if (l->s->options->pid)
		skep_who_observe(l->s->who, (uint32_t)l->s->options->pid);
}

static void take_child(struct loop *l)
{
	struct skep_child *child = l->s->options->child;

	if (skep_child_reap(child)) {
		skep_who_observe(l->s->who, (uint32_t)child->pid);
		skep_child_let_end(child);
	}
	if (child->ended)
		l->s->stopping = true;
}

static void take_signals(struct loop *l)
{
	struct signalfd_siginfo info;

	while (read(l->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGCHLD) {
			take_child(l);
			continue;
		}
		l->s->stopping = true;
		l->s->result->interrupted = true;
	}
}

static int tick(struct loop *l, size_t index)
{
	uint64_t n = 0;

	if (read(l->timers[index], &n, sizeof(n)) != sizeof(n))
		return 0;
	if (n > 1)
		l->s->result->losses.session[SKEP_LOSS_TICK] += n - 1;
	return run_user(l, index);
}

static int handle(struct loop *l, int64_t what)
{
	switch (what) {
	case EVENT_RING: /* drained after every wait */
		return 0;
	case EVENT_SIGNAL:
		take_signals(l);
		return 0;
	case EVENT_CHILD:
		take_child(l);
		return 0;
	case EVENT_PROCESS:
		l->s->stopping = true;
		return 0;
	default:
		return tick(l, (size_t)what);
	}
}

/* Whether anything can still happen: a plan with only BEGIN and END is done once they have run. */
static bool can_go_on(const struct loop *l)
{
	const struct skep_plan *plan = l->s->plan;

	for (size_t i = 0; i < plan->n_user_probes; i++) {
		if (plan->user_probes[i].kind == SKEP_USER_INTERVAL)
			return true;
	}
	return l->s->result->n_probes > plan->n_user_probes || plan->n_user_probes == 0 ||
	       (l->s->options->child && l->s->options->child->pid);
}

static int loop(struct loop *l)
{
	struct epoll_event events[16];
	int n, r = 0;

	while (!l->s->stopping && r >= 0) {
		skep_output_idle(l->s->out);
		if (l->s->out->error)
			break;
		n = epoll_wait(l->epoll_fd, events, ARRAY_SIZE(events),
			       l->observe && l->s->options->pid ? OBSERVE_MS : -1);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (l->observe)
			observe(l);
		drain(l);
		for (int i = 0; i < n && r >= 0; i++)
			r = handle(l, (int64_t)events[i].data.u64);
	}
	return r;
}

/* Attached and running, up to the moment when it shall end. */
static int go(struct loop *l)
{
	struct skep_session *s = l->s;
	int r;

	r = attach(l);
	if (r < 0)
		return r;
	if (s->options->attached)
		s->options->attached(s->options->data);
	if (s->options->format != SKEP_LIVE_JSON_BPFTRACE)
		tell_attached(l, s->result->n_probes);
	if (s->plan->ring_map >= 0) {
		r = watch(l, s->engine->ring_fd(s->loaded), EVENT_RING);
		if (r < 0)
			return r;
	}
	r = open_timers(l);
	if (r < 0)
		return r;
	skep_output_idle(s->out);
	if (s->options->child) {
		s->options->child->hold_at_exit = l->observe;
		r = skep_child_release(s->options->child, s->diag);
		if (r < 0)
			return r;
	}
	return can_go_on(l) ? loop(l) : 0;
}

static void finish(struct loop *l)
{
	struct skep_session *s = l->s;
	uint64_t start = clock_ns(CLOCK_MONOTONIC);
	uint64_t runs, time_ns;

	for (size_t i = 0; i < s->plan->spec->n_progs; i++) {
		if (s->options->verbose &&
		    s->engine->prog_stats(s->loaded, i, &runs, &time_ns) == 0) {
			s->result->n_runs += runs;
			s->result->run_ns += time_ns;
		}
	}
	s->engine->detach(s->loaded);
	s->result->detach_ns = clock_ns(CLOCK_MONOTONIC) - start;
	if (s->options->child) { /* when it was not the one who ended it */
		if (l->observe && !s->options->child->ended)
			skep_who_observe(s->who, (uint32_t)s->options->child->pid);
		skep_child_end(s->options->child);
	}
	drain_all(l);
	/* After exit() or a signal END still speaks; only rows from before are not shown. */
	s->exiting = false;
	l->has_exit = false;
	if (run_kind(l, SKEP_USER_END) >= 0)
		drain_all(l);
	s->exiting = false;
	if (s->options->bpftrace_shapes && s->options->format == SKEP_LIVE_TEXT)
		skep_str_add(skep_output_text(s->out), "\n\n");
	if (s->plan->config.print_maps_on_exit)
		skep_session_print_maps(s);
	if (skep_losses_collect(&s->result->losses, s->plan, s->engine, s->loaded) < 0)
		skep_diag_warn(s->diag, SKEP_NO_LOC, "the counts of losses cannot be read");
}

static int run(struct loop *l)
{
	struct skep_session *s = l->s;
	int r;

	look_at_plan(l);
	r = open_loop(l);
	if (r < 0)
		return r;
	r = load(l);
	if (r < 0)
		return r;
	r = make_who(l);
	if (r < 0)
		return r;
	if (s->options->dry_run)
		return attach(l);
	if (s->options->format ==
	    SKEP_LIVE_JSON_BPFTRACE) /* readers expect it as the first record */
		tell_attached(l, planned(s->plan));
	r = run_kind(l, SKEP_USER_BEGIN);
	if (r < 0)
		return r;
	skep_output_idle(s->out);
	take_signals(l);
	if (!s->stopping) {
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
	struct loop l = { .s = &s, .epoll_fd = -1, .signal_fd = -1, .pid_fd = -1 };
	int r;

	r = run(&l);
	skep_output_flush(s.out);
	s.engine->close(s.loaded);
	skep_who_free(s.who);
	close_loop(&l);
	if (r < 0) {
		skep_losses_fini(&result.losses);
		return r;
	}
	*ret_result = result;
	return 0;
}
