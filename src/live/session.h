/* SPDX-License-Identifier: Apache-2.0 */
/* Inside live: one running plan, shared by run.c (the loop) and actions.c (what rows do). */
#pragma once

#include "base/breath.h"
#include "live/emit.h"
#include "live/live.h"
#include "who/who.h"

struct skep_arena;

struct skep_session {
	struct skep_plan *plan;
	const struct skep_live_options *options;
	const struct skep_engine *engine;
	struct skep_loaded *loaded;
	struct skep_machine *machine; /* for what the kernel cannot run, or NULL */
	struct skep_output *out;
	struct skep_diag *diag;
	struct skep_who *who;
	const struct skep_resolver *resolver;
	struct skep_live_result *result;
	struct skep_emit emit;
	struct skep_packets *packets;
	uint8_t *row; /* of a row that came without what is behind its text */
	size_t row_size;
	uint64_t *
		since_ns; /* by map, for sinks: since 1970, when it was empty; NULL without sinks */
	struct skep_total *totals;  /* by map, for sinks that are asked; NULL without one */
	struct skep_carry *carries; /* by map, once one was emptied, or NULL */
	bool *cleared;		    /* of each map whether clear() emptied it, or NULL: of none */
	int signal_fd;
	bool exiting;		   /* exit() was said: rows are not shown */
	bool stopping;		   /* the loop shall end */
	bool only_shows;	   /* what would start or write something is named instead */
	bool system_failed;	   /* a command of system() did, and it was told */
	size_t n_errors;	   /* errorf() and failed assert() so far */
	struct skep_str *caught;   /* texts go here instead of being shown, or NULL */
	struct skep_breath breath; /* fills it */
	bool in_record; /* something is done with a record, so the ring is not to be touched */
	struct skep_str backlog; /* records that were taken out of the ring and not looked at yet */
	int64_t clock_offset_ns; /* wall clock minus boot clock */
};

/* actions.c: does what a record of the ring says. For struct skep_ring_sink. */
int skep_session_record(void *session, const void *bytes, size_t len);
/*
 * backlog.c: takes records out of the ring without looking at them, while something else takes long, so that the ring has room.
 * At most SKEP_BACKLOG_MAX bytes wait; beyond that they stay in the ring.
 */
#define SKEP_BACKLOG_MAX (4u << 20)
void skep_backlog_fill(struct skep_session *s);
/* Hands them on in their order, before the ring is looked at. How many; negative: as a drain. */
int skep_backlog_drain(struct skep_session *s, const struct skep_ring_sink *sink);
/* The session is about to wait: what was held back is shown and written. */
void skep_session_idle(struct skep_session *s);
/* All maps that are printed at the end, by name. */
void skep_session_print_maps(struct skep_session *s);
/* What was kept of maps that were emptied. */
void skep_session_forget_maps(struct skep_session *s);
/* The map's contents as they are shown, at most @max keys. @at_end: of a print that no script asked for. @breath: or NULL. */
int skep_session_read_map(struct skep_session *s, struct skep_arena *arena, size_t map,
			  const void *key, size_t max, bool at_end,
			  const struct skep_breath *breath,
			  struct skep_snapshot *ret_snapshot) _must_check_;

/* held.c: stacks that no map holds make room for others, when it is time to. Rows that hold one have been shown. */
void skep_session_give_back(struct skep_session *s);

/* suite.c: whether the plan has tests or benchmarks; runs them. */
bool skep_suite_is(const struct skep_plan *plan);
bool skep_suite_is_bench(const struct skep_plan *plan); /* whose rows nobody sees */
struct skep_loop;
int skep_suite_run(struct skep_loop *l) _must_check_;

/* run.c: gives the session what names ids. */
int skep_session_who(struct skep_session *s) _must_check_;
/* run.c: takes all probes away for a while, or brings them back; false: one does not come back. */
bool skep_session_pause(struct skep_session *s, bool pause);
/* held_to.c: watches over what the session may take of a processor. */
int skep_session_budget(struct skep_session *s, struct skep_budget *budget) _must_check_;

/* preload.c: what walks of user stacks will want. */
void skep_session_preload(struct skep_session *s);

/* system.c: runs a line of shell, what it prints goes to @out. Ends early when a signal waits on @signal_fd. Its status, as of waitpid. */
int skep_session_system(const char *command, int signal_fd, struct skep_str *out) _must_check_;
