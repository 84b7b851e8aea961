/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CSV: comma-separated values with the quoting of RFC 4180; a line ends with "\n".
 *
 * A file with one type of record is its header and then a line for each. With several types every line, headers
 * included, begins with a field that is the type's name (in headers the word "row"), and each header stands in front
 * of the first line of its type:
 *
 *	row,pid,comm
 *	exec,4711,bash
 *	row,pid,status
 *	exit,4711,0
 *
 * A column whose field has a unit is called by both: "lat_us", "size_bytes".
 *
 *	struct skep_csv csv = { .tagged = false };
 *	skep_csv_row(&csv, schema->name, schema, payload, resolver, &out);
 *	skep_csv_fini(&csv);
 *
 * Text is UTF-8: other bytes become U+FFFD.
 */
#pragma once

#include "record/schema.h"
#include "record/snapshot.h"

struct skep_csv {
	bool tagged;
	char **seen; /* types whose header was written */
	size_t n_seen;
	size_t n_fields; /* of the line that is being written */
};

/* A line of type @type with the schema's fields. Names that come again are numbered: "pid#2". */
void skep_csv_row(struct skep_csv *csv, const char *type, const struct skep_schema *schema,
		  const void *payload, const struct skep_resolver *resolver, struct skep_str *out);
/* A line whose only column is called @column. */
void skep_csv_text(struct skep_csv *csv, const char *type, const char *column, const char *text,
		   size_t len, struct skep_str *out);
/*
 * A line for each entry: the keys, then the value. avg and stats have the columns count, average and total; a histogram
 * has a line for each bucket with min, max and count, as JSON has them.
 */
void skep_snapshot_csv(struct skep_csv *csv, const struct skep_snapshot *snapshot, size_t top,
		       uint64_t divide, const struct skep_resolver *resolver, struct skep_str *out);
void skep_csv_fini(struct skep_csv *csv);
