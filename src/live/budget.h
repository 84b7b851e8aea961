/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Budget: how much of a processor a session may take (--max-cpu). Once a second it is measured what the programs took in
 * the kernel, by the kernel's own statistics, and what skep itself took. After a second above the limit fewer events are
 * looked at: one of 2, of 4, ... of 4096, by chance, which is told and counted as a loss. Where that is not enough, or a
 * program cannot leave out any, the session ends. After some quiet seconds there are more again.
 *
 *	100 % is one processor, as top shows it; programs run on all of them, so there may be more.
 *
 *	skep_budget_start(&budget, session);		// everything is attached
 *	if (skep_budget_check(&budget, session)) ...	// each second
 */
#pragma once

#include "base/str.h"

struct skep_session;

struct skep_budget {
	uint64_t at_ns, run_ns, own_ns; /* when and what it was the last time */
	uint64_t one_of;		/* events: one of so many is looked at */
	unsigned calm;			/* seconds far below the limit */
};

/* Hundredths of a percent of one processor. */
struct skep_budget_use {
	bool over;
	uint64_t limit, programs, own;
	uint64_t after_ns; /* since everything was attached */
};

void skep_budget_start(struct skep_budget *budget, const struct skep_session *s);
/* True when it is exceeded, and nothing but an end helps: then the session's result says by what. */
bool skep_budget_check(struct skep_budget *budget, struct skep_session *s);

void skep_budget_text(const struct skep_budget_use *use, struct skep_str *out);
void skep_budget_json(const struct skep_budget_use *use, struct skep_str *out);
