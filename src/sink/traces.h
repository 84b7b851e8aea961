/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What sinks of spans have in common: the session's traces, as the environment has them, and which spans are sent at all.
 *
 *	TRACEPARENT		the trace and span that the session's belong to (W3C Trace Context)
 *	OTEL_TRACES_SAMPLER	always_on, always_off, traceidratio and parentbased_ in front of these; parentbased_always_on
 *	OTEL_TRACES_SAMPLER_ARG	of traceidratio: how many, 0 to 1
 *	OTEL_TRACES_EXPORTER	none: rows stay rows
 *
 * All sinks of a process give a row the same ids. Values that make no sense are warned of, and are as if they were not there.
 */
#pragma once

#include "base/diag.h"
#include "record/span.h"

struct skep_span_source {
	struct skep_traces traces;
	bool never; /* no row is a span */
	/*
	 * Of 2^63: traces whose id's last 63 bits are below it are kept; UINT64_MAX: all. What is of TRACEPARENT's trace may
	 * have another bound.
	 */
	uint64_t below, parent_below;
	uint64_t n_left_out;
};

/* 128 random bits, the same for all sinks of a process: they tell of the same rows. */
const uint64_t *skep_traces_seed(void);
/* @get: as getenv. */
void skep_span_source_init(struct skep_span_source *source, char *(*get)(const char *name),
			   struct skep_diag *diag);
enum skep_span_taken {
	SKEP_SPAN_IS_NONE,  /* it is a row like others */
	SKEP_SPAN_LEFT_OUT, /* counted in n_left_out */
	SKEP_SPAN_TAKEN,    /* *ret_span needs skep_span_fini */
};
enum skep_span_taken skep_span_source_take(struct skep_span_source *source,
					   const struct skep_schema *schema, const void *payload,
					   const struct skep_resolver *resolver,
					   const struct skep_span_time *time,
					   struct skep_span *ret_span);
