/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OTLP: requests of the OpenTelemetry protocol. Rows become log records or spans, snapshots become metrics.
 *
 *	row exec { pid, comm, args }	LogRecord, event_name "execsnoop.exec", attributes process.pid, thread.name, args
 *	row io { ... } as span { ... }	Span (span.h), the same attributes
 *	@bytes[comm] = sum(...)		Sum "execsnoop.bytes", one point for each key, attribute thread.name
 *	min, max, numbers, truths	Gauge
 *	a struct or tuple		a Gauge for each number in it: NAME.member, NAME.0; all else is told (no_number)
 *	avg, stats			two Sums: NAME.count and NAME.sum
 *	hist, lhist			Histogram with the bounds of the buckets that are filled, or exponential (hist of one bit, nothing below 0)
 *
 *	struct skep_otlp otlp;
 *	skep_otlp_begin(&otlp, SKEP_OTLP_LOGS, SKEP_MESSAGE_PROTOBUF, &source, &out);
 *	skep_otlp_row(&otlp, schema, payload, resolver, time_ns);
 *	skep_otlp_end(&otlp);		// @out holds the request
 *
 * What fields are called is decided by their names: those that the semantic conventions know have the conventions' names.
 * Times are nanoseconds since 1970. Sums count from @start_ns, the last time that the map was empty (cumulative) or was sent (delta).
 *
 * Source: opentelemetry-proto 1.x, files common, resource, logs, metrics, trace and the collector's three services.
 */
#pragma once

#include "base/breath.h"
#include "record/message.h"
#include "record/schema.h"
#include "record/snapshot.h"

enum skep_otlp_signal {
	SKEP_OTLP_LOGS,
	SKEP_OTLP_METRICS,
	SKEP_OTLP_TRACES,
	SKEP_N_OTLP_SIGNALS,
};

struct skep_attribute {
	const char *name, *value;
};

/* Who tells: the resource, and the scope within it. */
struct skep_otlp_source {
	const struct skep_attribute *attributes; /* of the resource: service.name, host.name, ... */
	size_t n_attributes;
	const char *
		scope; /* what rows and maps belong to: the tool or script; also begins their names */
	const char *scope_version; /* or NULL */
	bool old_names; /* attributes whose names in the conventions are others now have the old ones as well */
	const struct skep_breath *breath; /* has a turn between points of a map; or NULL */
	/* Told of what is in a map and no number, so that it is in no metric: "@a", "conf.name". Or NULL. */
	void (*no_number)(void *data, const char *name);
	void *no_number_data;
};

struct skep_otlp {
	enum skep_otlp_signal signal;
	struct skep_message message;
	const struct skep_otlp_source *source;
	size_t n_items; /* log records, points of metrics or spans, so far */
	/* Of the last item: its fields, and their keys, each with its NUL. */
	const struct skep_schema_field *keys_of;
	size_t n_keys;
	struct skep_str keys;
};

/* @source and @out are borrowed until end, and so are the schemas of rows. */
void skep_otlp_begin(struct skep_otlp *otlp, enum skep_otlp_signal signal,
		     enum skep_message_form form, const struct skep_otlp_source *source,
		     struct skep_str *out);
void skep_otlp_end(struct skep_otlp *otlp);

void skep_otlp_row(struct skep_otlp *otlp, const struct skep_schema *schema, const void *payload,
		   const struct skep_resolver *resolver, uint64_t time_ns, uint64_t observed_ns);
struct skep_span;
/* The row that @span was made of. */
void skep_otlp_span(struct skep_otlp *otlp, const struct skep_span *span,
		    const struct skep_schema *schema, const void *payload,
		    const struct skep_resolver *resolver);
/* How a snapshot becomes a metric. */
enum skep_otlp_how {
	SKEP_OTLP_EXPONENTIAL = 1, /* hist as one of scale 0, where its buckets are powers of two */
	SKEP_OTLP_DELTA =
		2, /* its sums and histograms are of the time since @start_ns alone (delta.h) */
};
void skep_otlp_snapshot(struct skep_otlp *otlp, const struct skep_snapshot *snapshot,
			const struct skep_resolver *resolver, uint64_t start_ns, uint64_t time_ns,
			unsigned how);

/* A sum of our own, which only grows; its points until end. @unit: "{item}". */
void skep_otlp_counts_begin(struct skep_otlp *otlp, const char *name, const char *unit);
void skep_otlp_counts_point(struct skep_otlp *otlp, const struct skep_attribute *attributes,
			    size_t n_attributes, uint64_t value, uint64_t start_ns,
			    uint64_t time_ns);
void skep_otlp_counts_end(struct skep_otlp *otlp, bool delta);

/* What the semantic conventions call a field of this name, or the name itself. */
const char *skep_otlp_name(const char *field);
/*
 * The key of the attribute that field @index of these @n is, with its unit ("took_ms"), which nothing else tells. The
 * specification wants each key once: the first field of a name has it, later ones are called as members of objects are
 * (skep_field_member). Lives as long as @fields, and until @room is used again.
 */
const char *skep_otlp_key(const struct skep_schema_field *fields, size_t n, size_t index,
			  struct skep_str *room);
