/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lanes: how requests of OTLP reach their receivers. Signals that go to one address in one protocol, with the same files, share a
 * lane: a connection, a queue and a thread that sends, so that a receiver which is away holds up no other.
 *
 *	r = skep_otlp_lanes_open(&lanes, &settings, sink, diag);
 *	skep_otlp_lanes_put(&lanes, SKEP_OTLP_LOGS, &bytes, n_items);	// compressed and framed as its target wants it
 *	skep_otlp_lanes_close(&lanes, &counts);
 *
 * What is tried again, and what is not, is the specification's: 429, 502, 503, 504 and connections that fail are; every
 * other answer is final, and so is a partial success, whose rejected items are counted.
 */
#pragma once

#include "sink/http.h"
#include "sink/settings.h"
#include "sink/sink_priv.h"

struct skep_otlp_lanes {
	const struct skep_otlp_settings *settings; /* borrowed */
	struct skep_otlp_lane {
		struct skep_http *http; /* the thread's */
		struct skep_deliver *deliver;
		const struct skep_otlp_target *target; /* of its first signal */
	} lanes[SKEP_N_OTLP_SIGNALS];
	size_t n, of[SKEP_N_OTLP_SIGNALS];
};

/* Lanes that could be opened stay until close, also on failure. @sink: whose they are, for messages. */
int skep_otlp_lanes_open(struct skep_otlp_lanes *lanes, const struct skep_otlp_settings *settings,
			 const struct skep_sink *sink, struct skep_diag *diag) _must_check_;
int skep_otlp_lanes_spool(struct skep_otlp_lanes *lanes, const char *where,
			  struct skep_diag *diag) _must_check_;
void skep_otlp_lanes_put(struct skep_otlp_lanes *lanes, enum skep_otlp_signal signal,
			 const struct skep_str *bytes, uint64_t n_items);
/* Adds to *@counts. */
void skep_otlp_lanes_counts(const struct skep_otlp_lanes *lanes,
			    struct skep_deliver_counts *counts);
/* Waits for what is in the queues, but not for ever. */
void skep_otlp_lanes_close(struct skep_otlp_lanes *lanes, struct skep_deliver_counts *counts);
