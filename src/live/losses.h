/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Losses: the ledger. Everything that should have been seen and was not, by probe and cause, collected once at the end.
 *
 * Where a number comes from: ring, map-full, failed reads and stacks are counted by the programs in the plan's loss
 * map; missed runs by the kernel (where it does); late timer ticks rows that make no sense and bytes
 * that the output has no way to say by the session.
 *
 *	r = skep_losses_collect(&losses, plan, engine, loaded);
 *	skep_losses_text(&losses, &text);	// for stderr
 *	skep_losses_json(&losses, &text);	// one record, for the data stream
 */
#pragma once

#include "lang/plan.h"
#include "obj/engine.h"

enum skep_session_loss {
	SKEP_LOSS_TICK, /* an interval that came due while the one before was still being worked on */
	SKEP_LOSS_BAD_ROW, /* bytes in the ring that no action of the plan explains: never seen */
	SKEP_LOSS_BYTE,	   /* a byte of a text was not of UTF-8, and JSON has nothing for it */
	SKEP_LOSS_PAUSED,  /* a millisecond in which nothing was attached, for --max-cpu */
	SKEP_LOSS_DNS, /* a packet of DNS that was not read in time: an address without its name */
	SKEP_SESSION_LOSS_MAX,
};

struct skep_loss_item {
	const char *probe; /* NULL: the session as a whole */
	const char *cause; /* word for machines: "ring_full" */
	const char *what;  /* for people: "rows did not fit into the ring" */
	const char *hint;  /* what to do, or NULL */
	uint64_t count;
	const char *map;    /* MAP_FULL: its name, where it can be one only; else NULL */
	uint32_t n_entries; /* what it holds */
};

struct skep_losses {
	struct skep_loss_item *items;
	size_t n_items;
	size_t n_uncounted; /* programs whose misses this kernel does not count */
	uint64_t session[SKEP_SESSION_LOSS_MAX];
};

int skep_losses_collect(struct skep_losses *losses, const struct skep_plan *plan,
			const struct skep_engine *engine, struct skep_loaded *loaded) _must_check_;
/* One more, of the session as a whole; nothing when @count is 0. Texts are static. */
void skep_losses_add(struct skep_losses *losses, const char *cause, const char *what,
		     const char *hint, uint64_t count);
void skep_losses_fini(struct skep_losses *losses);
/* Takes the items with this cause out: for output that does not tell them. */
void skep_losses_forget(struct skep_losses *losses, const char *cause);
/* True when there is something to tell. */
bool skep_losses_any(const struct skep_losses *losses);
/* @verbose: also what is not counted on this kernel. */
void skep_losses_text(const struct skep_losses *losses, bool verbose, struct skep_str *out);
void skep_losses_json(const struct skep_losses *losses, struct skep_str *out);

/* Whether a program's exit row found no room (SKEP_LOSS_EXIT). */
bool skep_losses_exit(const struct skep_plan *plan, const struct skep_engine *engine,
		      struct skep_loaded *loaded);
