/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prometheus: snapshots and counts in its text format, version 0.0.4, in words that promtool has nothing to say against.
 *
 *	# HELP skep_counts_calls calls of counts, by uid, comm
 *	# TYPE skep_counts_calls gauge
 *	skep_counts_calls{uid="root",comm="cat"} 2
 *
 * What becomes what:
 *
 *	count, and sum of what has no sign	counter, NAME_total; gauge, NAME, of a level
 *	min, max, sum, a number, a truth	gauge
 *	avg, stats				summary without quantiles: NAME_sum, NAME_count
 *	hist, lhist				histogram: NAME_bucket{le="..."}, NAME_count; no sum, for none was kept
 *	a struct				a metric for each of its numbers; all else are labels
 *	what has no number			gauge 1, NAME_info
 *	tseries					gauge: the last interval that has a value
 *
 * Keys are labels. Times are seconds, sizes bytes, whatever unit the field has. A histogram's buckets are the same at every
 * time unless there are more than SKEP_PROM_BUCKETS_MAX: then those from the first to the last that has something.
 *
 * Names are those of the script or the program in lower case, with '_' for what the format does not have, and a word more
 * where the end would mean something else. Names and series that would come twice are numbered. Text is UTF-8: other bytes
 * become U+FFFD.
 *
 *	struct skep_prom prom = {};
 *	skep_prom_snapshot(&prom, &snapshot, resolver, &out);
 *	skep_prom_count(&prom, "rows", "rows by type", &(struct skep_prom_label){ "type", "exec" }, 1, 12, &out);
 *	skep_prom_fini(&prom);			// one exposition is complete
 */
#pragma once

#include "base/breath.h"
#include "record/snapshot.h"

#define SKEP_PROM_BUCKETS_MAX 130 /* hist() with 0 bits has 66 */

enum skep_prom_type {
	SKEP_PROM_COUNTER,
	SKEP_PROM_GAUGE,
	SKEP_PROM_HISTOGRAM,
	SKEP_PROM_SUMMARY,
};

/* A metric, told of when it begins. */
struct skep_prom_metric {
	const char *
		name; /* as its series have it, "skep_calls_total"; of histograms and summaries what all begin with */
	enum skep_prom_type type;
	const char *unit, *help;	      /* @unit: "seconds", "bytes" or NULL */
	const struct skep_snapshot *snapshot; /* whose it is; NULL: a count */
};

struct skep_prom {
	const char *scope; /* the script or tool, which stands in the names of maps; or NULL */
	const struct skep_breath *breath; /* has a turn now and then; or NULL */
	char **names;			  /* of the metrics that were written */
	size_t n_names;
	/* Instead of writing it is told what would be written, also of what has no series yet. NULL: it is written. */
	void (*tell)(void *data, const struct skep_prom_metric *metric);
	void *tell_data;
	const struct skep_snapshot *snapshot; /* the one at hand */
};

const char *skep_prom_type_name(enum skep_prom_type type);

/* @out may be NULL when it is only told. */
void skep_prom_snapshot(struct skep_prom *prom, const struct skep_snapshot *snapshot,
			const struct skep_resolver *resolver, struct skep_str *out);
struct skep_prom_label {
	const char *name, *value;
};

/* What skep counts of itself and its rows, whatever is on the page. */
#define SKEP_PROM_LOST "lost"	  /* by cause, probe */
#define SKEP_PROM_ROWS "rows"	  /* by row */
#define SKEP_PROM_CUT "pages_cut" /* by map, or row of an interval */
#define SKEP_PROM_REFUSED "pages_refused"

/* One counter. Calls for the same @name must follow each other; @help counts in the first. */
void skep_prom_count(struct skep_prom *prom, const char *name, const char *help,
		     const struct skep_prom_label *labels, size_t n_labels, uint64_t count,
		     struct skep_str *out);
void skep_prom_fini(struct skep_prom *prom);

#define SKEP_PROM_TEXT "text/plain; version=0.0.4; charset=utf-8"
#define SKEP_PROM_PROTOBUF \
	"application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
/*
 * A whole exposition of ours once more, as messages that have their lengths in front. It says what the text says, and of
 * histograms in powers of two also what native histograms are made of. The numbers are doubles there.
 */
void skep_prom_protobuf(const char *text, const struct skep_breath *breath, struct skep_str *out);
