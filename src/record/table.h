/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Table: lines of cells under a header, in columns, as they come.
 *
 *	PID      COMM              LAT(us)
 *	4711     bash                   12
 *	812      postgres            40117
 *
 * A stream cannot know what comes later. So cells wait until the caller says that there is time (skep_table_write); the
 * columns are made as wide as what waits, and never narrower again. Text takes at most 40 columns from its neighbours:
 * a longer one is shown whole and moves the rest of its line. Numbers are at the right of their column.
 *
 * On a screen of known width lines are made to fit instead, by one step after the other until they do: texts are cut, the longest
 * first, with a mark at the end (of a path at the beginning); units move below the names; large numbers are rounded ("12.3M" of
 * what the heading says); texts are cut shorter; columns are left out, numbers from the last on, which a line above the header
 * says. A step is never taken back; when it changes the header, that is shown again.
 *
 *	table = skep_table_new(columns, n, 0);
 *	skep_table_cell(table, "4711", 4); ...		// n cells are a line
 *	skep_table_write(table, true, &out);
 *	skep_table_free(table);
 *
 * Cells hold no line breaks and no bytes that steer a terminal: those become blanks and U+FFFD.
 */
#pragma once

#include "record/schema.h"
#include "record/snapshot.h"

struct skep_table;

struct skep_table_column {
	const char *name; /* shown in capitals */
	const char *unit; /* as in a schema, or NULL */
	bool is_number;
	bool is_name; /* a number that is one's name, and of no use when it is rounded */
	unsigned min_width;
	unsigned max_width; /* of a text that others stand behind; 0: 40, for a stream */
};

/* @screen: columns of the terminal, 0 for none. What @columns points to is copied. */
struct skep_table *skep_table_new(const struct skep_table_column *columns, size_t n,
				  unsigned screen);
void skep_table_free(struct skep_table *table);
SKEP_DEFINE_CLEANUP(struct skep_table, skep_table_free)

void skep_table_cell(struct skep_table *table, const char *text, size_t len);
/* Lines that wait. */
size_t skep_table_pending(const struct skep_table *table);
/* The lines that wait, behind the header if that is wanted. */
void skep_table_write(struct skep_table *table, bool header, struct skep_str *out);

/* The column that a field makes. */
struct skep_table_column skep_table_column_of(const struct skep_schema_field *field);

/*
 * Rows of several types in one stream. With one type the header is shown once. With several, each line begins with the
 * name of its type, and each type's header stands in front of its first line; on a screen of known height it is
 * repeated once it has scrolled away.
 */
struct skep_row_tables {
	unsigned screen, height; /* of the terminal, 0 for none */
	bool tagged;		 /* lines begin with their type */
	struct skep_row_table *tables;
	size_t n_tables;
	struct skep_row_table *now; /* whose lines wait, or NULL */
	uint64_t n_lines;
};

/* Lines that were waiting for another type go to @out first. */
void skep_row_tables_add(struct skep_row_tables *tables, const struct skep_schema *schema,
			 const void *payload, const struct skep_resolver *resolver,
			 struct skep_str *out);
void skep_row_tables_write(struct skep_row_tables *tables, struct skep_str *out);
void skep_row_tables_fini(struct skep_row_tables *tables);

/*
 * A map as a table of its own: its name, a header, a line for each entry. Maps without keys and histograms are shown as
 * text shows them.
 */
void skep_snapshot_table(const struct skep_snapshot *snapshot, size_t top, uint64_t divide,
			 const struct skep_resolver *resolver, unsigned screen,
			 struct skep_str *out);
