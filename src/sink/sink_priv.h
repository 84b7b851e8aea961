/* SPDX-License-Identifier: Apache-2.0 */
/* Inside sink: one kind of sink is one constant of this and one row in sink.c. */
#pragma once

#include "sink/sink.h"

#include "base/clock.h"

struct skep_sink_kind {
	const char *name; /* "otlp": what stands in front of '=' */
	/* @arg: what stands behind it, or NULL. sink->kind and sink->name are set. */
	int (*open)(struct skep_sink *sink, const char *arg, struct skep_diag *diag);
	bool spans_only; /* other rows are counted and left out */
	size_t size;	 /* of the sink, which begins with struct skep_sink */
	void (*row)(struct skep_sink *sink, const struct skep_schema *schema, const void *payload,
		    const struct skep_resolver *resolver, uint64_t time_ns);
	/* The rest may be NULL. */
	void (*turn)(struct skep_sink *sink, size_t probe);
	int (*spool)(struct skep_sink *sink, const char *where, struct skep_diag *diag);
	void (*snapshot)(struct skep_sink *sink, const struct skep_snapshot *snapshot,
			 const struct skep_resolver *resolver, uint64_t start_ns, uint64_t time_ns);
	size_t (*room)(const struct skep_sink *sink);
	void (*lost)(struct skep_sink *sink, const char *probe, const char *cause, uint64_t count);
	void (*serve)(struct skep_sink *sink);
	void (*counts)(struct skep_sink *sink, struct skep_deliver_counts *ret_counts);
	int (*idle)(struct skep_sink *sink);
	/* Also of one that did not open. */
	void (*close)(struct skep_sink *sink, struct skep_deliver_counts *ret_counts);
};

struct skep_sink {
	const struct skep_sink_kind *kind;
	char *name;
	int fd;	     /* readable when there is something to serve, or -1 */
	char *place; /* where it can be reached, for people; or NULL */
	skep_sink_collect_fn *collect;
	void *collect_data;
	const struct skep_breath *breath; /* or NULL */
	int64_t clock_offset_ns;	  /* 0: not known */
};

extern const struct skep_sink_kind skep_sink_otlp, skep_sink_prom, skep_sink_syslog,
	skep_sink_zipkin;

/* Warns that OTEL_SDK_DISABLED holds. */
void skep_sink_disabled(const struct skep_sink *sink, struct skep_diag *diag);
/* "--to otlp needs libcurl, ...". Returns @r. */
int skep_sink_library_missing(const struct skep_sink *sink, const char *library,
			      const char *package, int r, struct skep_diag *diag);
