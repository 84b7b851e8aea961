/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sink: where rows and snapshots go besides standard output (--to).
 *
 *	otlp[=URL]	an OpenTelemetry receiver: rows as logs, maps as metrics; OTEL_* of the environment is honoured
 *
 *	r = skep_sink_open("otlp=http://collector:4318", &source, diag, &sink);
 *	skep_sink_row(sink, schema, payload, resolver, time_ns);
 *	skep_sink_snapshot(sink, snapshot, resolver, start_ns, time_ns);
 *	skep_sink_idle(sink, now_ns);			// before waiting: sends what is due
 *	skep_sink_close(sink, &counts);			// waits for the rest, but not for ever
 *
 * Nothing here waits for the other side but close. What is not delivered is counted by cause.
 */
#pragma once

#include "base/diag.h"
#include "record/otlp.h"
#include "sink/deliver.h"

#define SKEP_SINK_BATCH_BYTES (1u << 20) /* a request is sent when it has so much, */
#define SKEP_SINK_BATCH_MS 1000		 /* or when its first item is so old */
#define SKEP_SINK_GRACE_MS 10000	 /* that close waits */

struct skep_sink;

/* @name: what rows and maps belong to, a tool or a script; copied. -EINVAL: @to is wrong, -ENOENT: a library is missing. */
int skep_sink_open(const char *to, const char *name, struct skep_diag *diag,
		   struct skep_sink **ret_sink) _must_check_;
void skep_sink_row(struct skep_sink *sink, const struct skep_schema *schema, const void *payload,
		   const struct skep_resolver *resolver, uint64_t time_ns);
/* Cumulative since @start_ns. Times are since 1970. */
void skep_sink_snapshot(struct skep_sink *sink, const struct skep_snapshot *snapshot,
			const struct skep_resolver *resolver, uint64_t start_ns, uint64_t time_ns);
/* Sends what has waited long enough; milliseconds until something is due, -1: nothing waits. */
int skep_sink_idle(struct skep_sink *sink);
/* Accepts NULL: then nothing is counted. */
void skep_sink_close(struct skep_sink *sink, struct skep_deliver_counts *ret_counts);
/* The word for a cause, and what it means. */
const char *skep_sink_loss_name(enum skep_deliver_loss loss);
const char *skep_sink_loss_text(enum skep_deliver_loss loss);
