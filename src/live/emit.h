/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside live: rows, maps and texts in the shape that was asked for. actions.c says what happens, this says how it looks.
 *
 *			text		table		csv		json
 *	row		table		table		lines		object a row
 *	printf		its text	its text	lines		object
 *	map		its text	table		lines		object
 *
 * Table lines wait for others of their kind: skep_emit_pause shows them, before anything else is written and whenever
 * the session has nothing to do.
 */
#pragma once

#include "record/csv.h"
#include "record/table.h"

struct skep_session;

struct skep_emit {
	struct skep_csv csv;
	struct skep_row_tables tables;
	bool shape_begun; /* its header is written */
	char **types;	  /* CSV: by action, what its lines are called; or NULL */
	size_t n_types;
	struct skep_schema *
		timed; /* by action: its schema with the time in front; NULL: nobody asked for it */
	uint8_t *row;  /* a payload with the time in front */
};

struct skep_row_who;

/* Looks at the plan and the terminal; in our own JSON it publishes the schemas of the rows. */
int skep_emit_open(struct skep_session *s) _must_check_;
void skep_emit_close(struct skep_session *s);

/* The row of an action, ROW, PRINTF or PRINT, with table or CSV. @who: when, for the column of --time; or NULL. */
void skep_emit_row(struct skep_session *s, size_t action, const void *payload,
		   const struct skep_row_who *who);

/* timed.c: the same rows with a column for the time of day. */
int skep_timed_open(struct skep_session *s) _must_check_;
void skep_timed_close(struct skep_session *s);
/* The schema of an action with the time in front; *@payload becomes the bytes that it describes, until the next call. */
const struct skep_schema *skep_timed_row(struct skep_session *s, size_t action,
					 const void **payload, const struct skep_row_who *who);
/* CSV: a text that a function of the script made. */
void skep_emit_text(struct skep_session *s, const char *type, const struct skep_str *text);
/* In any shape. */
void skep_emit_map(struct skep_session *s, const struct skep_snapshot *snapshot, size_t top,
		   uint64_t divide);
void skep_emit_pause(struct skep_session *s);
