/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Views: the four kinds of rows, their columns, and which rows are shown in which order. No kernel, no terminal.
 *
 *	watching ──rows──► scope, filter ──► sort ──► skep_top_rows ──► frame.h (a screen), print.h (table, JSON, CSV)
 *
 *	skep_top_choose(&rows, &w, SKEP_TOP_PROCESSES, &choice);
 *	skep_top_cell(&view->columns[i], rows.data[k], &text);	// "12.3M"
 *
 * A column is a field of the row's schema and how people like to see it. Columns with a higher `rank` go first where a terminal is
 * narrow; the one that is wide takes what is left.
 */
#pragma once

#include "top/filter.h"
#include "top/watching.h"

enum skep_top_kind {
	SKEP_TOP_PROCESSES,
	SKEP_TOP_CONTAINERS,
	SKEP_TOP_FILE_ROWS,
	SKEP_TOP_CONNECTION_ROWS,
	SKEP_TOP_N_KINDS,
};

enum skep_top_how {
	SKEP_TOP_TEXT,
	SKEP_TOP_ID,	  /* a number as it is */
	SKEP_TOP_COUNT,	  /* 1234, 12.3k */
	SKEP_TOP_BYTES,	  /* 999, 12.3K: powers of 1024 */
	SKEP_TOP_PERCENT, /* 12.3 */
	SKEP_TOP_TIME_US, /* 12u, 1.2m, 3.4s */
};

/* Small: there are many. */
struct skep_top_column {
	const char *title; /* NULL: not on a screen */
	const char *name;  /* for --sort, filters, and as a field */
	const char *unit;  /* as in a schema, or NULL */
	uint16_t offset;   /* in the row */
	uint8_t size;
	uint8_t kind;  /* SKEP_FIELD_INT, _FLOAT, _STRING */
	uint8_t how;   /* enum skep_top_how */
	uint8_t width; /* of a number; of a text the least */
	uint8_t max;   /* of a text where there is room; 0: as wide as the least */
	uint8_t rank;  /* 0: always there */
	bool is_wide;
	uint8_t needs; /* bit of the sensor that tells it; 0: tasks */
};

struct skep_top_view {
	const char *name, *one; /* of all rows, of one */
	const struct skep_top_column *columns;
	size_t n_columns;
	size_t row_size, sort; /* column that it is sorted by at first */
	unsigned sensors;      /* bits */
};

extern const struct skep_top_view skep_top_views[SKEP_TOP_N_KINDS];

/* What is shown of a view. */
struct skep_top_choice {
	size_t sort;
	bool reversed; /* texts and ids go up, the rest down; or the other way round */
	struct skep_top_filter filter;
	bool no_kernel; /* without threads of the kernel */
};

struct skep_top_rows {
	SKEP_VEC(const void *);
	size_t n_all; /* in scope, before the filter */
};

void skep_top_choose(struct skep_top_rows *rows, const struct skep_top_watching *w,
		     enum skep_top_kind kind, const struct skep_top_choice *choice);
/* The same of any rows, for tests. */
void skep_top_sort(const struct skep_top_view *view, const struct skep_top_choice *choice,
		   const void **rows, size_t n);

/* -ENOENT: no such column. */
int skep_top_column_find(const struct skep_top_view *view, const char *name,
			 size_t *ret_column) _must_check_;
struct skep_schema_field skep_top_field(const struct skep_top_column *column);
double skep_top_value(const struct skep_top_column *column, const void *row);
void skep_top_cell(const struct skep_top_column *column, const void *row, struct skep_str *out);
/* A number in at most five characters: "12.3M". */
void skep_top_bytes(double bytes, struct skep_str *out);
bool skep_top_is_number(const struct skep_top_column *column);
/* The schema of a kind: columns that have their sensor, all others left out. Static memory, until the next call for it. */
const struct skep_schema *skep_top_schema(enum skep_top_kind kind,
					  const struct skep_top_sensors *sensors);
