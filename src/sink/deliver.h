/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deliver: a queue of finished requests and a thread that sends them, so that who makes rows never waits for a network.
 *
 *	rows ──► encoder ──► payload ──put──► [ queue, bounded by bytes ] ──► thread ──► attempt()
 *	                                          full: counted                 again: later, by back-off or as asked
 *
 * With a spool each request is in a file as well, until it is done with: what the queue has no room for waits there, and what is
 * left when the process ends, the next one sends. An item may arrive twice then, but none is missing.
 *
 * Every item is counted once: as delivered, or as lost by cause. What could not be sent is tried again with growing
 * pauses (or the one that the other side asks for) until it succeeds or the sink is closed and its grace is over.
 *
 *	r = skep_deliver_open(attempt, data, SKEP_DELIVER_BYTES_MAX, &d);
 *	skep_deliver_put(d, &payload);			// takes the bytes
 *	skep_deliver_close(d, grace_ms, &counts);
 */
#pragma once

#include "base/str.h"

#define SKEP_DELIVER_BYTES_MAX (32u << 20) /* waiting in the queue */

enum skep_deliver_loss {
	SKEP_DELIVER_FULL,     /* no room in the queue */
	SKEP_DELIVER_REJECTED, /* the other side does not want them, or only some of a request */
	SKEP_DELIVER_UNSENT,   /* there is no way to the other side: its certificate, its address */
	SKEP_DELIVER_LARGE,    /* the request is larger than the other side takes */
	SKEP_DELIVER_LATE,     /* not sent when the sink was closed */
	SKEP_DELIVER_DAMAGED,  /* their file is not what was written */
	SKEP_DELIVER_SAMPLED,  /* spans that OTEL_TRACES_SAMPLER does not want; never queued */
	SKEP_DELIVER_NO_SPAN,  /* rows that are none, where only spans are taken; likewise */
	SKEP_DELIVER_LOSS_MAX,
};

struct skep_payload {
	uint8_t *bytes; /* owned */
	size_t size;
	unsigned signal; /* of the protocol's */
	uint32_t form;	 /* how the bytes are encoded; the sink's own number */
	uint64_t n_items;
};

struct skep_deliver_counts {
	uint64_t delivered, lost[SKEP_DELIVER_LOSS_MAX];
	uint64_t requests, retries;
	uint64_t kept; /* in files, for the next process: neither delivered nor lost */
	uint64_t
		earlier; /* that earlier processes had kept: they are delivered, lost or kept again */
	uint64_t stay;	 /* files of earlier ones that were passed over */
	uint64_t damaged; /* files that do not even say how much was in them */
	uint64_t no_file; /* requests that found no room in the spool: they waited in memory only */
	char why[256];	  /* the last thing that went wrong, "" when nothing did */
	/* Of sinks that take numbers only: how many maps and members are none, and which, as far as there is room. */
	uint64_t no_number;
	char no_number_names[256];
	/* The same of maps that had more keys than the sink takes. */
	uint64_t cut;
	char cut_names[256];
};

/* What one attempt came to. */
struct skep_attempt {
	bool again;		     /* else it is done with, delivered or not */
	int64_t pause_ms;	     /* that the other side asks for; -1: none */
	uint64_t n_lost;	     /* of its items */
	enum skep_deliver_loss loss; /* why */
	char why[256];
};

/* In the thread. Returns everything in @ret_attempt, all zero when it went well. */
typedef void skep_attempt_fn(void *data, const struct skep_payload *payload,
			     struct skep_attempt *ret_attempt);

struct skep_deliver;

int skep_deliver_open(skep_attempt_fn *attempt, void *data, size_t bytes_max,
		      struct skep_deliver **ret_deliver) _must_check_;
/* Takes payload->bytes, whatever happens. */
void skep_deliver_put(struct skep_deliver *d, struct skep_payload *payload);
/*
 * Before the first put. From now on each request is in a file as well, until it is done with; what has no room in the queue is
 * only there. What is in @spool is sent first. Takes it.
 */
struct skep_spool;
void skep_deliver_spool(struct skep_deliver *d, struct skep_spool *spool);
/* What has happened so far. */
void skep_deliver_counts(struct skep_deliver *d, struct skep_deliver_counts *ret_counts);
/* Nothing comes any more, and what cannot be sent within this time is given up. */
void skep_deliver_end(struct skep_deliver *d, uint64_t grace_ms);
/* Waits until the queue is empty, at most so long, then counts the rest as late. Accepts NULL. */
void skep_deliver_close(struct skep_deliver *d, uint64_t grace_ms,
			struct skep_deliver_counts *ret_counts);
