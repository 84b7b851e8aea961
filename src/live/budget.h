/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Budget: how much of a processor what is attached may take (--max-cpu). It is measured what the programs took in the
 * kernel, by the kernel's own statistics, and what skep itself took. After a second above the limit:
 *
 *	sample	one event of 2, of 4, ... of 4096 is looked at, by chance; where the programs can do that
 *	  │	after a quarter of a second it is seen whether that was enough: a program that leaves an event out costs
 *	  ▼	something, too
 *	slices	all is detached, and attached for some milliseconds of each second, or of 2, 4 or 8 of them; where it can
 *	  │	be attached again
 *	  ▼
 *	end	nothing of it is possible, or not enough
 *
 * So at most 1.25 s after it began it is below the limit. After some quiet seconds there is more again. Every change is
 * told, events that were left out are counted by the programs, and the time in which nothing was attached is counted here.
 *
 *	100 % is one processor, as top shows it; programs run on all of them, so there may be more.
 *
 *	struct skep_budget_on on = { engine, loaded, n_progs, max_cpu, sample, pause, changed, data };
 *	r = skep_budget_open(&budget, &on);		// everything is attached, statistics are on
 *	... poll(budget.fd), and each time it is readable:
 *	if (skep_budget_step(&budget)) ...		// over it, and nothing but an end helps
 *	skep_budget_close(&budget);
 */
#pragma once

#include "base/str.h"
#include "obj/engine.h"

struct skep_budget;

/* What is held to the limit, and what its owner can do about it. */
struct skep_budget_on {
	const struct skep_engine *engine;
	struct skep_loaded *loaded;
	size_t n_progs;
	uint64_t limit; /* hundredths of a percent of one processor */
	/* From now on one event of @one_of, a power of two; false: that cannot be done. NULL: never. */
	bool (*sample)(void *data, uint64_t one_of);
	/* Detaches everything, or attaches it again; false: that cannot be done, nothing has changed. NULL: never. */
	bool (*pause)(void *data, bool pause);
	/* Something was changed: skep_budget_change_text() tells what. May be NULL. */
	void (*changed)(void *data, const struct skep_budget *budget);
	void *data;
};

/* Hundredths of a percent of one processor. */
struct skep_budget_use {
	bool over;
	uint64_t limit, programs, own;
	uint64_t after_ns; /* since everything was attached */
};

enum skep_budget_phase {
	SKEP_BUDGET_FULL,   /* attached all the time */
	SKEP_BUDGET_TRIAL,  /* likewise, a moment after the number of events was changed */
	SKEP_BUDGET_SLICE,  /* attached for a part of a period */
	SKEP_BUDGET_PAUSED, /* detached for the rest of it */
};

struct skep_budget {
	struct skep_budget_on on;
	int fd;
	enum skep_budget_phase phase;
	uint64_t start_ns;
	uint64_t at_ns, run_ns, own_ns; /* when and what it was the last time */
	uint64_t one_of;		/* events: one of so many is looked at */
	uint64_t on_ms;			/* of each period; 1000: all the time */
	uint64_t period_ms;		/* 1000, 2000, 4000, 8000 */
	uint64_t paused_at_ns;		/* PAUSED: since when */
	uint64_t paused_ns;		/* altogether, without that */
	unsigned calm;			/* seconds far below the limit */
	struct skep_budget_use use;	/* measured last */
};

/* Programs that are attached later have to be among those of `loaded`, too. */
int skep_budget_open(struct skep_budget *budget, const struct skep_budget_on *on) _must_check_;
/* True when the limit is exceeded, and nothing but an end helps; `use` says by what. */
bool skep_budget_step(struct skep_budget *budget);
/* Leaves what is attached as it is. Harmless on one that is all zero but for fd -1. */
void skep_budget_close(struct skep_budget *budget);
/* Milliseconds in which nothing was attached, for the ledger of losses. */
uint64_t skep_budget_paused_ms(const struct skep_budget *budget);

/* How events are chosen from now on: a line for people, a record of type "sampling". */
void skep_budget_change_text(const struct skep_budget *budget, struct skep_str *out);
void skep_budget_change_json(const struct skep_budget *budget, struct skep_str *out);
/* That it has ended for this reason: a line, a record of type "over_budget". */
void skep_budget_text(const struct skep_budget_use *use, struct skep_str *out);
void skep_budget_json(const struct skep_budget_use *use, struct skep_str *out);
