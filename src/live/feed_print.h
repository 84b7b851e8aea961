/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of a feed, and snapshots of maps, in the shape that was asked for.
 *
 *	table	a line for each row, columns of its type
 *	json	{"type": "row", "map": "events", "name": "exec", "version": 1, "fields": {...}}, schemas in front
 *	csv	a heading, and a line for each row and for each entry of a map (record/csv.h)
 *	prom	maps; of rows it is only wanted how many there were (skep_feed_counts)
 *
 *	skep_feed_print_open(feed, SKEP_FEED_JSON, &printer, &out);
 *	sink = (struct skep_feed_sink){ skep_feed_print_row, &printer };
 *	n = skep_feed_drain(feed, &sink);	// adds to @out
 *	skep_feed_print_pause(&printer);	// before @out is written: a table's lines wait for each other
 *	skep_feed_print_close(&printer);
 */
#pragma once

#include "live/feed_map.h"
#include "record/csv.h"
#include "record/prom.h"
#include "record/snapshot.h"
#include "record/table.h"

enum skep_feed_format {
	SKEP_FEED_TABLE,
	SKEP_FEED_JSON,
	SKEP_FEED_CSV,
	SKEP_FEED_PROM,
};

struct skep_feed_printer {
	struct skep_feed *feed;
	enum skep_feed_format format;
	bool shows_unknown; /* CSV: rows without a type, too */
	struct skep_csv csv;
	struct skep_row_tables tables;
	struct skep_prom prom;
	struct skep_str
		*out; /* borrowed; whoever owns it may write and empty it between two calls */
};

/* @screen, @height: of the terminal, 0 for none. In JSON the schemas are written at once. */
void skep_feed_print_open(struct skep_feed *feed, enum skep_feed_format format, unsigned screen,
			  unsigned height, struct skep_str *out,
			  struct skep_feed_printer *ret_printer);
/* A map that will be printed: CSV has to know its columns before the first line. */
void skep_feed_print_tell(struct skep_feed_printer *printer, const struct skep_feed_map *map,
			  const struct skep_feed_map_options *options);
/* The sink of a feed; @data is the printer. */
int skep_feed_print_row(void *data, const struct skep_feed_row *row);
void skep_feed_print_map(struct skep_feed_printer *printer, const struct skep_snapshot *snapshot);
void skep_feed_print_pause(struct skep_feed_printer *printer);
void skep_feed_print_close(struct skep_feed_printer *printer);
