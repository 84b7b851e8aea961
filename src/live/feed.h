/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Feed: the rows that the programs of a loaded object write into its rings, decoded by the types of its BTF. This is what
 * makes a .bpf.c a tool without code in user space.
 *
 *	ring buffer ──┐  one record type, or several told apart		  schema + bytes
 *	perf buffer ──┴► by the number that they begin with  ──► row ──────────────────► printer (feed_print.h), libskep
 *				└── none fits: schema "unknown", counted
 *
 * What a record is, is said in the ring's definition (bpf/row.bpf.h, struct skep_spec_map.btf_row_type). A record may be
 * shorter than its type when the last member is an array that it cuts, and longer when that is a flexible array; a perf
 * buffer's may have some bytes of padding. Any other length is no record of that type.
 *
 *	r = skep_feed_open(&options, diag, &feed);	// after load, before attach: what is written earlier is lost
 *	engine->attach(...);
 *	poll(skep_feed_fd(feed));
 *	n = skep_feed_drain(feed, &sink);		// sink.row(data, &row) for each
 *	skep_feed_close(feed);				// before engine->close
 */
#pragma once

#include "base/arena.h"
#include "obj/btf.h"
#include "obj/engine.h"
#include "record/schema.h"

/* The variable in which bpf/row.bpf.h counts what finds no room in a ring. */
#define SKEP_FEED_LOST "skep_rows_lost"

#define SKEP_FEED_TYPES_MAX 256 /* of one ring */

struct skep_feed;

/* Borrowed, and must outlive the feed. */
struct skep_feed_options {
	const struct skep_spec *spec;
	const struct skep_engine *engine;
	struct skep_loaded *loaded;
	unsigned perf_pages; /* of a perf buffer for each CPU, a power of two; 0: 64 */
	bool iso_times; /* times with their date, as machines like them; else the time of day */
};

/* Lives during the call that hands it over. */
struct skep_feed_row {
	size_t map; /* index in the spec */
	const char *map_name;
	const struct skep_schema *schema; /* never NULL */
	const void *payload;		  /* what the schema describes */
	size_t size;			  /* bytes of the record as the program wrote it */
	bool is_unknown;
};

/* Negative: stops, and is what skep_feed_drain returns. */
struct skep_feed_sink {
	int (*row)(void *data, const struct skep_feed_row *row);
	void *data;
};

struct skep_feed_counts {
	uint64_t rows;	  /* handed over, unknown ones included */
	uint64_t unknown; /* that had no type, or another size */
	uint64_t
		lost; /* that found no room in a perf buffer, or in a ring that SKEP_RESERVE counts */
	uint64_t
		full; /* at how many looks a ring buffer had no room, of which the kernel counts no losses */
	bool has_lost; /* somebody counts that */
	bool has_ring;
};

/* Reads the types and opens perf buffers. -errno with the diag. */
int skep_feed_open(const struct skep_feed_options *options, struct skep_diag *diag,
		   struct skep_feed **ret_feed) _must_check_;
/* Accepts NULL. */
void skep_feed_close(struct skep_feed *feed);
SKEP_DEFINE_CLEANUP(struct skep_feed, skep_feed_close)

/* Readable when there are records; -1: the object has no rings. Borrowed. */
int skep_feed_fd(const struct skep_feed *feed);
/* Everything that is there, at most a round of each ring. How many. */
int skep_feed_drain(struct skep_feed *feed, const struct skep_feed_sink *sink) _must_check_;
void skep_feed_counts(const struct skep_feed *feed, struct skep_feed_counts *ret_counts);

/* Kinds of rows that there may be, all rings together; the last is always "unknown". */
size_t skep_feed_n_schemas(const struct skep_feed *feed);
const struct skep_schema *skep_feed_schema(const struct skep_feed *feed, size_t index);
bool skep_feed_has_rings(const struct skep_feed *feed);
/* Whether the map is a ring of this feed, and its rows have types. */
bool skep_feed_has(const struct skep_feed *feed, size_t map);
/* Names for its numbers. */
const struct skep_resolver *skep_feed_resolver(const struct skep_feed *feed);
/* What it was opened with. */
const struct skep_feed_options *skep_feed_given(const struct skep_feed *feed);
/* Frames of the object's map of stacks, for skep_feed_map_options; 0: it has none. */
uint32_t skep_feed_stack_depth(const struct skep_feed *feed);
/* The object's types, or NULL. */
const struct skep_btf *skep_feed_btf(const struct skep_feed *feed);
