/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Span: a row that lasts, with what makes it one: ids, a name, when it began and ended, whether it failed. What of a row says
 * so is in its schema (schema.h); which trace it belongs to is the session's.
 *
 *	rows with an ID		one tree for the session: the trace is the session's, and the same values have the same id
 *	rows without		a trace for each
 *	rows whose ID is zeroes	likewise, beside the tree
 *	TRACEPARENT was given	all but these are of that trace, and what has no parent is a child of that span
 *
 *	skep_span_make(&traces, schema, payload, resolver, &(struct skep_span_time){ time_ns, offset_ns }, &span);
 *	skep_otlp_span(&otlp, &span, schema, payload, resolver);
 *	skep_zipkin_span(&span, schema, payload, resolver, "skep", "execsnoop", &out);
 *	skep_span_fini(&span);
 *
 * A span never ends before it begins: where a row says so, both are its end.
 */
#pragma once

#include "record/schema.h"

/* Which trace spans belong to. Two of the same seed give the same ids to the same rows in the same order. */
struct skep_traces {
	uint64_t seed[2];     /* random */
	bool has_parent;      /* then of another process: */
	uint8_t trace_id[16]; /* with has_parent that one's, else of the session's tree */
	uint8_t parent_id[8];
	uint64_t n; /* spans so far */
};

struct skep_span_time {
	uint64_t end_ns; /* since 1970: the row's own time */
	int64_t offset_ns; /* since 1970 minus since boot, of the same clocks; 0: not known, and START is of no use */
};

struct skep_span {
	uint8_t trace_id[16], span_id[8], parent_id[8];
	bool has_parent, parent_is_remote;
	bool failed;
	uint64_t start_ns, end_ns; /* since 1970 */
	struct skep_str name, why; /* why: what it failed with, may be empty */
};

/* From a seed: the id of the session's own trace. */
void skep_traces_init(struct skep_traces *traces, const uint64_t seed[2]);
/*
 * What a traceparent of W3C's Trace Context (level 1 and 2, section 3.2) says: version 00, or the front of a later one. False:
 * it is none, and nothing has changed.
 */
bool skep_traces_parent(struct skep_traces *traces, const char *traceparent, bool *ret_sampled);

/* @ret_span needs skep_span_fini. Of a schema with span.kind. */
void skep_span_make(struct skep_traces *traces, const struct skep_schema *schema,
		    const void *payload, const struct skep_resolver *resolver,
		    const struct skep_span_time *time, struct skep_span *ret_span);
void skep_span_fini(struct skep_span *span);

/*
 * As an object of Zipkin's JSON, version 2: fields are tags. @service: who says so; @scope: the tool or script.
 * Source: Zipkin's api, zipkin2-api.yaml; OpenTelemetry specification, "OpenTelemetry to Zipkin Transformation".
 */
void skep_zipkin_span(const struct skep_span *span, const struct skep_schema *schema,
		      const void *payload, const struct skep_resolver *resolver,
		      const char *service, const char *scope, struct skep_str *out);
