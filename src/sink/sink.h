/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sink: where rows and snapshots go besides standard output (--to).
 *
 *	otlp[=URL]		an OpenTelemetry receiver: rows as logs or spans, maps as metrics; OTEL_* of the environment is honoured
 *	zipkin[=URL]		Zipkin: rows that are spans
 *	prom[=ADDRESS:PORT]	a page that Prometheus reads: maps, and how many rows and losses there were
 *	syslog[=...]		rows as messages with structured data, to /dev/log, a socket's path or udp://HOST:PORT
 *
 *	r = skep_sink_open("otlp=http://collector:4318", &source, diag, &sink);
 *	skep_sink_row(sink, schema, payload, resolver, time_ns);
 *	skep_sink_snapshot(sink, snapshot, resolver, start_ns, time_ns);
 *	skep_sink_idle(sink);				// before waiting: sends what is due
 *	skep_sink_close(sink, &counts);			// waits for the rest, but not for ever
 *
 * Nothing here waits for the other side but close. What is not delivered is counted by cause.
 */
#pragma once

#include <time.h>

#include "base/breath.h"
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
/* Before the first row: what is not delivered waits in files (sink/spool.h). 0: this sink does not send, so it has no need to. */
int skep_sink_spool(struct skep_sink *sink, const char *where, struct skep_diag *diag) _must_check_;
/* Before the first row: times since 1970 minus times since boot, by the clocks of those that rows have. */
void skep_sink_set_clock(struct skep_sink *sink, int64_t offset_ns);
/* Whether there is anything in these kinds of rows that it takes; @rows NULL: nobody knows which there will be. -EINVAL: none, and the diag says what would do. */
int skep_sink_takes(const struct skep_sink *sink, const struct skep_schema *const *rows,
		    size_t n_rows, struct skep_diag *diag) _must_check_;
void skep_sink_row(struct skep_sink *sink, const struct skep_schema *schema, const void *payload,
		   const struct skep_resolver *resolver, uint64_t time_ns);
/* An interval probe of the script, by its number, has run to its end: the rows since any has are all that it made this time. */
void skep_sink_turn(struct skep_sink *sink, size_t probe);
/* Cumulative since @start_ns. Times are since 1970. */
void skep_sink_snapshot(struct skep_sink *sink, const struct skep_snapshot *snapshot,
			const struct skep_resolver *resolver, uint64_t start_ns, uint64_t time_ns);
/*
 * What a sink calls when somebody asks how things are at this moment, or when that is due: whoever has the maps gives it all of
 * them (skep_sink_snapshot) and what was lost so far (skep_sink_lost).
 */
typedef void skep_sink_collect_fn(void *data, struct skep_sink *sink);
/* @breath: has a turn while the sink makes something of what it was given; or NULL. Borrowed. */
void skep_sink_set_collect(struct skep_sink *sink, skep_sink_collect_fn *collect, void *data,
			   const struct skep_breath *breath);
/* Within collect: how many keys of the next map it takes; it has to know when there are more than it shows. */
size_t skep_sink_room(const struct skep_sink *sink);
/* Within collect. @probe: NULL for the session as a whole; texts are copied. */
void skep_sink_lost(struct skep_sink *sink, const char *probe, const char *cause, uint64_t count);
/* What it has delivered and lost so far; nothing of a sink that does not send. */
void skep_sink_counts(struct skep_sink *sink, struct skep_deliver_counts *ret_counts);
const char *skep_sink_kind_name(const struct skep_sink *sink); /* "otlp" */
/* Readable when skep_sink_serve has something to do; -1: never. */
int skep_sink_fd(const struct skep_sink *sink);
void skep_sink_serve(struct skep_sink *sink);
/* Where others reach it, "http://127.0.0.1:9464/metrics"; NULL: it is not reached, it sends. */
const char *skep_sink_place(const struct skep_sink *sink);
/* Sends what has waited long enough; milliseconds until something is due, -1: nothing waits. */
int skep_sink_idle(struct skep_sink *sink);
/* Accepts NULL: then nothing is counted. */
void skep_sink_close(struct skep_sink *sink, struct skep_deliver_counts *ret_counts);
/* The word for a cause, and what it means. */
const char *skep_sink_loss_name(enum skep_deliver_loss loss);
const char *skep_sink_loss_text(enum skep_deliver_loss loss);
