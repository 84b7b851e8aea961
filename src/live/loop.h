/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside live: what a session waits for. run.c says when; loop.c knows how.
 *
 *	epoll ──┬── ring		drained after every wait, whatever woke us
 *		├── timerfds	one for each interval: its program runs in this thread
 *		├── timerfds	of the budget, when there is one; and for the end of --duration
 *		├── signalfd	those that end it (base/signals.h); SIGCHLD of a child that is held
 *		├── signalfd	those of self: probes
 *		└── pidfds	the child of -c, the process of -p
 */
#pragma once

#include <signal.h>

#include "live/session.h"

struct skep_loop {
	struct skep_session *s;
	int epoll_fd, signal_fd, self_fd, pid_fd, end_fd;
	struct skep_budget budget;
	int *timers;   /* by user probe, -1 where it is none */
	bool observe;  /* user addresses are shown: mappings are looked at before processes end */
	bool has_exit; /* the plan has an exit() that a full ring may have lost */
	sigset_t old_mask;
};

/* Signals are blocked first of all, so that none is missed. What was opened is closed by skep_loop_close, also after an error. */
int skep_loop_open(struct skep_loop *l) _must_check_;
/* And what sinks wait for. */
int skep_loop_watch_ring(struct skep_loop *l) _must_check_;
int skep_loop_open_timers(struct skep_loop *l) _must_check_;
void skep_loop_close(struct skep_loop *l);

/* Whether anything can still happen: a plan with only BEGIN and END is done once they have run. */
bool skep_loop_can_go_on(const struct skep_loop *l);
/* Runs until the session is stopping; at once done when nothing can happen any more. */
int skep_loop_run(struct skep_loop *l) _must_check_;
/* Signals that have come; the loop does it itself. */
void skep_loop_take_signals(struct skep_loop *l);

/* Rows that are in the ring. */
void skep_loop_drain(struct skep_loop *l);
/* Until it is empty: for when nothing writes to it any more. */
void skep_loop_drain_all(struct skep_loop *l);
/* Runs the iterators that are not pinned, in script order. */
int skep_loop_visit(struct skep_loop *l) _must_check_;
/* Runs the plan's programs of a kind, in script order, their rows behind each. BEGIN stops at exit(). */
int skep_loop_run_kind(struct skep_loop *l, enum skep_user_probe_kind kind) _must_check_;
