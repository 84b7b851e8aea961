/* SPDX-License-Identifier: Apache-2.0 */
/* What a session waits for: the ring, timers, signals, processes. */
#include "live/loop.h"

#include "base/signals.h"
#include "live/machine.h"
#include "live/outlets.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>

/* How often a process whose user addresses are to be named is looked at while it lives. */
#define OBSERVE_MS 200
#define GIVE_BACK_MS 200 /* how often at least it is seen whether stacks fill their map */

/* What epoll's data says: a timer's index, or one of these. */
enum {
	EVENT_RING = -1,
	EVENT_SIGNAL = -2,
	EVENT_CHILD = -3,
	EVENT_PROCESS = -4,
	EVENT_BUDGET = -5,
	EVENT_SELF = -6,
	EVENT_END = -7,
	EVENT_SINK = -8,
	EVENT_DNS = -9,
	EVENT_GROUPS = -10,
};

/* Ring and user-run programs */

/* Before rows: names in them may be of a process, or an address, that is told of here. */
static void drain_news(struct skep_session *s)
{
	struct skep_ring_sink sink = { skep_who_news, s->who };

	skep_who_dns_read(s->who);
	skep_who_groups_read(s->who);
	if (s->plan->unwind &&
	    s->engine->ring_drain(s->loaded, (size_t)s->plan->unwind->news, &sink) < 0)
		s->result->losses.session[SKEP_LOSS_BAD_ROW]++;
}

void skep_loop_drain(struct skep_loop *l)
{
	struct skep_session *s = l->s;
	struct skep_ring_sink sink = { skep_session_record, s };
	int n, older;

	drain_news(s);
	if (s->plan->ring_map < 0) {
		skep_session_give_back(s);
		return;
	}
	older = skep_backlog_drain(s, &sink);
	n = s->engine->ring_drain(s->loaded, (size_t)s->plan->ring_map, &sink);
	if (n >= 0)
		n += MAX(older, 0);
	if (n < 0 || older < 0)
		s->result->losses.session[SKEP_LOSS_BAD_ROW]++;
	/* A ring that was full may have had no room for exit(). */
	if (n > 0 && l->has_exit && !s->exiting && skep_losses_exit(s->plan, s->engine, s->loaded))
		s->exiting = s->stopping = true;
	if (s->out->error)
		s->stopping = true;
	skep_session_give_back(s);
}

/* Everything that is in the ring now: used when nothing writes to it any more. */
void skep_loop_drain_all(struct skep_loop *l)
{
	uint64_t before;

	do {
		before = l->s->result->n_rows;
		skep_loop_drain(l);
	} while (l->s->result->n_rows != before);
}

static const char *name_of(const struct skep_plan *plan, size_t prog)
{
	return plan->prog_names && plan->prog_names[prog] ? plan->prog_names[prog]
							  : "a probe of user space";
}

static int run_user(struct skep_loop *l, size_t index)
{
	struct skep_session *s = l->s;
	const struct skep_plan_user_probe *p = &s->plan->user_probes[index];
	struct skep_ring_sink sink = { skep_session_record, s };
	uint32_t value;
	int r;

	if (p->by_machine) {
		skep_loop_drain(l); /* what is in the kernel's ring is older */
		r = skep_machine_run(s->machine, p->prog, &sink, s->diag);
		skep_loop_drain(l);
		return r;
	}
	r = s->engine->run(s->loaded, p->prog, NULL, 0, &value);
	if (r < 0)
		skep_diag_error(s->diag, s->plan->spec->progs[p->prog].loc, "cannot run %s: %s",
				name_of(s->plan, p->prog), strerror(-r));
	skep_loop_drain(l);
	return r;
}

/* One iterator to its end, or to the end of all. */
static int visit(struct skep_loop *l, size_t prog)
{
	struct skep_session *s = l->s;
	int r;

	do {
		r = s->engine->iter_step(s->loaded, prog);
		skep_loop_drain(l);
		skep_loop_take_signals(l);
	} while (r > 0 && !s->stopping && !s->out->error);
	if (r < 0)
		skep_diag_error(s->diag, s->plan->spec->progs[prog].loc, "cannot run %s: %s",
				name_of(s->plan, prog), strerror(-r));
	return MIN(r, 0);
}

int skep_loop_visit(struct skep_loop *l)
{
	const struct skep_plan *plan = l->s->plan;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < plan->n_user_probes && !l->s->stopping; i++) {
		const struct skep_plan_user_probe *p = &plan->user_probes[i];

		if (p->kind == SKEP_USER_ITER && !p->pin)
			r = visit(l, p->prog);
	}
	return r;
}

int skep_loop_run_kind(struct skep_loop *l, enum skep_user_probe_kind kind)
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

static int watch(struct skep_loop *l, int fd, int64_t what)
{
	struct epoll_event e = { .events = EPOLLIN, .data.u64 = (uint64_t)what };

	return epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, fd, &e) < 0 ? -errno : 0;
}

/* First of all: from here on a signal does not end the process but waits for us. */
static int open_signals(struct skep_loop *l)
{
	sigset_t mask;

	skep_end_signals(&mask);
	if (l->observe && l->s->options->child) /* how a child that is held says so */
		sigaddset(&mask, SIGCHLD);
	sigprocmask(SIG_BLOCK, &mask, &l->old_mask);
	l->signal_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (l->signal_fd < 0)
		return -errno;
	l->s->out->interrupt_fd = l->signal_fd;
	return 0;
}

/* Signals of self: probes, through a descriptor of their own: they end nothing. */
static int open_self(struct skep_loop *l)
{
	const struct skep_plan *plan = l->s->plan;
	bool any = false;
	sigset_t mask;

	sigemptyset(&mask);
	for (size_t i = 0; i < plan->n_user_probes; i++) {
		if (plan->user_probes[i].kind != SKEP_USER_SIGNAL)
			continue;
		sigaddset(&mask, plan->user_probes[i].signal);
		any = true;
	}
	if (!any)
		return 0;
	sigprocmask(SIG_BLOCK, &mask, NULL);
	l->self_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	return l->self_fd < 0 ? -errno : watch(l, l->self_fd, EVENT_SELF);
}

static int open_timer(struct skep_loop *l, uint64_t period, int64_t what, int *ret_fd)
{
	struct itimerspec spec = {
		.it_interval = { (time_t)(period / 1000000000), (long)(period % 1000000000) },
	};
	int fd;

	spec.it_value = spec.it_interval;
	fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (fd < 0)
		return -errno;
	*ret_fd = fd; /* closed with the loop, whatever happens */
	if (period == 0 || timerfd_settime(fd, 0, &spec, NULL) < 0)
		return period ? -errno : -EINVAL;
	return watch(l, fd, what);
}

int skep_loop_open_timers(struct skep_loop *l)
{
	size_t n = l->s->plan->n_user_probes;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < n; i++) {
		if (l->s->plan->user_probes[i].kind == SKEP_USER_INTERVAL)
			r = open_timer(l, l->s->plan->user_probes[i].period_ns, (int64_t)i,
				       &l->timers[i]);
	}
	if (r >= 0 && l->s->options->max_cpu) {
		r = skep_session_budget(l->s, &l->budget);
		if (r >= 0)
			r = watch(l, l->budget.fd, EVENT_BUDGET);
	}
	if (r >= 0 && l->s->options->duration_ns)
		r = open_timer(l, l->s->options->duration_ns, EVENT_END, &l->end_fd);
	return r;
}

static int open_process(struct skep_loop *l)
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

int skep_loop_open(struct skep_loop *l)
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
	if (r >= 0)
		r = open_self(l);
	if (r >= 0 && s->options->child && s->options->child->pid)
		r = watch(l, s->options->child->pidfd, EVENT_CHILD);
	if (r >= 0)
		r = open_process(l);
	return r;
}

int skep_loop_watch_ring(struct skep_loop *l)
{
	int r = skep_outlets_watch(l->s, l->epoll_fd, EVENT_SINK);

	if (r >= 0 && skep_who_dns_fd(l->s->who) >= 0)
		r = watch(l, skep_who_dns_fd(l->s->who), EVENT_DNS);
	if (r >= 0 && skep_who_groups_fd(l->s->who) >= 0)
		r = watch(l, skep_who_groups_fd(l->s->who), EVENT_GROUPS);
	if (r < 0)
		return r;
	if (l->s->plan->ring_map < 0 && !l->s->plan->unwind)
		return 0;
	return watch(l, l->s->engine->ring_fd(l->s->loaded), EVENT_RING);
}

void skep_loop_close(struct skep_loop *l)
{
	for (size_t i = 0; l->timers && i < l->s->plan->n_user_probes; i++)
		skep_closep(&l->timers[i]);
	free(l->timers);
	skep_budget_close(&l->budget);
	skep_closep(&l->end_fd);
	skep_closep(&l->pid_fd);
	skep_closep(&l->self_fd);
	skep_closep(&l->epoll_fd);
	if (l->signal_fd >= 0) {
		struct signalfd_siginfo again;

		/* One more of them asks for nothing more: timeout(1) sends two. */
		while (read(l->signal_fd, &again, sizeof(again)) > 0)
			;
		l->s->out->interrupt_fd = -1;
		close(l->signal_fd);
		sigprocmask(SIG_SETMASK, &l->old_mask, NULL);
	}
}

/* The loop */

static void observe(struct skep_loop *l)
{
	if (l->s->options->pid)
		skep_who_observe(l->s->who, (uint32_t)l->s->options->pid);
}

static void take_child(struct skep_loop *l)
{
	struct skep_child *child = l->s->options->child;

	while (skep_child_reap(child)) {
		skep_who_observe(l->s->who, (uint32_t)child->pid);
		skep_child_go_on(child);
	}
	if (child->ended)
		l->s->stopping = true;
}

/* The terminal shows ^C where its cursor is; what comes next begins on a line of its own, or tables would be out of line. */
static void leave_ctrl_c_line(const struct skep_loop *l, const struct signalfd_siginfo *info)
{
	if (info->ssi_signo == SIGINT && info->ssi_code == SI_KERNEL &&
	    !l->s->options->bpftrace_shapes && isatty(STDERR_FILENO))
		fputc('\n', stderr);
}

void skep_loop_take_signals(struct skep_loop *l)
{
	struct signalfd_siginfo info;

	while (read(l->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGCHLD) {
			take_child(l);
			continue;
		}
		if (!l->s->stopping)
			leave_ctrl_c_line(l, &info);
		l->s->stopping = true;
		l->s->result->interrupted = true;
	}
}

static int take_self(struct skep_loop *l)
{
	const struct skep_plan *plan = l->s->plan;
	struct signalfd_siginfo info;
	int r = 0;

	while (r >= 0 && read(l->self_fd, &info, sizeof(info)) == sizeof(info)) {
		for (size_t i = 0; r >= 0 && i < plan->n_user_probes; i++) {
			if (plan->user_probes[i].kind == SKEP_USER_SIGNAL &&
			    plan->user_probes[i].signal == (int)info.ssi_signo)
				r = run_user(l, i);
		}
	}
	return r;
}

static int tick(struct skep_loop *l, size_t index)
{
	uint64_t n = 0;
	int r;

	if (read(l->timers[index], &n, sizeof(n)) != sizeof(n))
		return 0;
	if (n > 1)
		l->s->result->losses.session[SKEP_LOSS_TICK] += n - 1;
	r = run_user(l, index);
	skep_outlets_turn(l->s, index);
	return r;
}

static void check_budget(struct skep_loop *l)
{
	if (!skep_budget_step(&l->budget))
		return;
	l->s->result->budget = l->budget.use;
	l->s->stopping = true;
}

static int handle(struct skep_loop *l, int64_t what)
{
	switch (what) {
	case EVENT_RING: /* drained after every wait */
	case EVENT_DNS:
	case EVENT_GROUPS:
		return 0;
	case EVENT_SIGNAL:
		skep_loop_take_signals(l);
		return 0;
	case EVENT_CHILD:
		take_child(l);
		return 0;
	case EVENT_PROCESS:
		l->s->stopping = true;
		return 0;
	case EVENT_BUDGET:
		check_budget(l);
		return 0;
	case EVENT_END:
		l->s->stopping = true;
		return 0;
	case EVENT_SINK:
		skep_outlets_serve(l->s);
		return 0;
	case EVENT_SELF:
		return take_self(l);
	default:
		return tick(l, (size_t)what);
	}
}

bool skep_loop_can_go_on(const struct skep_loop *l)
{
	const struct skep_plan *plan = l->s->plan;

	for (size_t i = 0; i < plan->n_user_probes; i++) {
		if (plan->user_probes[i].kind == SKEP_USER_INTERVAL ||
		    plan->user_probes[i].kind == SKEP_USER_SIGNAL)
			return true;
	}
	return l->s->result->n_probes > plan->n_user_probes || plan->n_user_probes == 0 ||
	       (l->s->options->child && l->s->options->child->pid);
}

/* How long the loop may sleep when nothing happens; -1: for good. */
static int wait_ms(struct skep_loop *l)
{
	int rest = skep_who_rest(l->s->who), due = skep_outlets_idle(l->s);

	if (due >= 0)
		rest = rest < 0 ? due : MIN(rest, due);
	if (l->s->backlog.len) /* while sinks looked at the maps */
		return 0;
	if (l->s->plan->kept)
		rest = rest < 0 ? GIVE_BACK_MS : MIN(rest, GIVE_BACK_MS);
	if (!l->observe || !l->s->options->pid)
		return rest;
	return rest < 0 ? OBSERVE_MS : MIN(rest, OBSERVE_MS);
}

int skep_loop_run(struct skep_loop *l)
{
	struct epoll_event events[16];
	int n, r = 0;

	if (!skep_loop_can_go_on(l))
		return 0;
	while (!l->s->stopping && r >= 0) {
		skep_session_idle(l->s);
		if (l->s->out->error)
			break;
		n = epoll_wait(l->epoll_fd, events, ARRAY_SIZE(events), wait_ms(l));
		if (n < 0 && errno != EINTR)
			return -errno;
		if (l->observe)
			observe(l);
		skep_loop_drain(l);
		for (int i = 0; i < n && r >= 0; i++)
			r = handle(l, (int64_t)events[i].data.u64);
	}
	return r;
}
