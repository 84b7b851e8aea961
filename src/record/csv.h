/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CSV: one table of comma-separated values with the quoting of RFC 4180; a line ends with "\n". One heading, and every line
 * has as many fields, so that whatever reads CSV reads it.
 *
 * Of several kinds of lines the columns are those of all: kinds share one where name, unit and type (a number, a truth, a
 * text) are the same; where only the name is, the later one is numbered. A line is empty where its kind has nothing, and
 * begins with the name of its kind:
 *
 *	row,pid,comm,status
 *	exec,4711,bash,
 *	exit,4711,,0
 *
 * With one kind there is no such first column. A column whose field has a unit is called by both: "lat_us", "size_bytes".
 *
 *	struct skep_csv csv = {};
 *	skep_csv_kind(&csv, exec->name, false, exec->fields, exec->n_fields);	// all that may come, before the first line
 *	skep_csv_kind(&csv, exit->name, false, exit->fields, exit->n_fields);
 *	skep_csv_row(&csv, exec->name, exec, payload, resolver, &out);
 *	skep_csv_fini(&csv);
 *
 * A kind that nobody named before is added by its first line. If a line was there already the heading comes again, wider:
 * no table any more, but nothing is lost.
 *
 * Text is UTF-8: other bytes become U+FFFD.
 */
#pragma once

#include "base/vec.h"
#include "record/schema.h"
#include "record/snapshot.h"

struct skep_csv_column {
	char *name;
	unsigned type;
	size_t at, len; /* in text, of the line that is being written */
};

struct skep_csv_kind {
	char *name;
	bool is_map;
	size_t n_fields;
	size_t *columns; /* of each field */
};

struct skep_csv {
	bool begun; /* the heading is written */
	struct {
		SKEP_VEC(struct skep_csv_column);
	} columns;
	struct {
		SKEP_VEC(struct skep_csv_kind);
	} kinds;
	/* The line that is being written: its kind, how many of its fields are there, and these. */
	size_t kind, n_fields;
	struct skep_str text;
};

/* The kind of this name with these fields, which is added when it is not there. A map and a row may have the same name. */
size_t skep_csv_kind(struct skep_csv *csv, const char *name, bool is_map,
		     const struct skep_schema_field *fields, size_t n);
/* Of texts, in a column of this name. */
size_t skep_csv_kind_text(struct skep_csv *csv, const char *name);
/* Of the entries of such a map. */
size_t skep_csv_kind_map(struct skep_csv *csv, const struct skep_snapshot *snapshot);
/* The heading, if there are columns and it is not written yet. Lines see to it themselves. */
void skep_csv_heading(struct skep_csv *csv, struct skep_str *out);

/* A line of kind @type with the schema's fields. Names that come again are numbered: "pid#2". */
void skep_csv_row(struct skep_csv *csv, const char *type, const struct skep_schema *schema,
		  const void *payload, const struct skep_resolver *resolver, struct skep_str *out);
/* A line with one field, "text". */
void skep_csv_text(struct skep_csv *csv, const char *type, const char *text, size_t len,
		   struct skep_str *out);
/*
 * A line for each entry: the keys, then the value. avg and stats have the columns count, average and total; a histogram
 * has a line for each bucket with min, max and count, as JSON has them.
 */
void skep_snapshot_csv(struct skep_csv *csv, const struct skep_snapshot *snapshot, size_t top,
		       uint64_t divide, const struct skep_resolver *resolver, struct skep_str *out);
void skep_csv_fini(struct skep_csv *csv);
