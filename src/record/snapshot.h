/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Snapshot: the contents of a map at one moment, CPUs already added up, as a value.
 *
 * Keys are bytes with fields; values are numbers (what they are depends on the kind) or bytes with a field. Encoders sort and
 * print. The text shape is the one users of bpftrace know:
 *
 *	@name[key, key]: value          ascending by value
 *	@name[key]:
 *	[64, 128)             12 |@@@@@@@@                                            |
 */
#pragma once

#include "record/schema.h"

enum skep_snapshot_kind {
	SKEP_SNAPSHOT_VALUE, /* bytes described by value_field */
	SKEP_SNAPSHOT_COUNT, /* numbers[0]: unsigned */
	SKEP_SNAPSHOT_SUM,   /* numbers[0] */
	SKEP_SNAPSHOT_MIN,
	SKEP_SNAPSHOT_MAX,
	SKEP_SNAPSHOT_AVG,   /* numbers[0]: count, [1]: total */
	SKEP_SNAPSHOT_STATS, /* numbers[0]: count, [1]: total */
	SKEP_SNAPSHOT_HIST,  /* numbers[]: buckets, see skep_hist_range */
	SKEP_SNAPSHOT_LHIST, /* numbers[]: below min, the steps, at or above max */
	SKEP_SNAPSHOT_TSERIES, /* numbers[]: slots of SKEP_SERIES_WORDS, see series.h; lhist_step: ns, lhist_min: skep_series */
};

/* What tseries() makes of the values of one interval. */
enum skep_series {
	SKEP_SERIES_LAST,
	SKEP_SERIES_AVG,
	SKEP_SERIES_MIN,
	SKEP_SERIES_MAX,
	SKEP_SERIES_SUM,
};
#define SKEP_SERIES_WORDS 3

struct skep_snapshot_entry {
	const void *key;   /* key_size bytes */
	const void *value; /* VALUE: its bytes */
	const uint64_t *numbers;
};

struct skep_snapshot {
	const char *name; /* "@", "@name" */
	enum skep_snapshot_kind kind;
	bool is_signed; /* SUM, MIN, MAX, AVG, STATS */
	bool is_level; /* only what user space runs fills it, and then empties it: what there was at that moment, of which no rate is made */
	bool by_total; /* AVG, STATS: sorted by the total, not by the average */
	uint32_t key_size;
	const struct skep_schema_field *keys; /* none: a scalar map with at most one entry */
	size_t n_keys;
	struct skep_schema_field
		value_field; /* VALUE, offset 0; of the others its unit alone, of what is added up */
	bool value_columns;  /* VALUE of a STRUCT: tables and CSV have a column for each member */
	unsigned
		n_summed; /* CPUs whose values were added up to what is shown, for people; 0: none were */
	size_t n_numbers;
	uint32_t hist_bits;
	bool hist_low_zero; /* HIST: bucket 2 is [0, 2), for who counts 0 as 1 as programs in C do; 0 and 1 are empty */
	int64_t lhist_min, lhist_max, lhist_step;
	struct skep_snapshot_entry *entries;
	size_t n_entries;
	bool is_part;	  /* the map may have more: one key was asked for, or there are too many */
	uint64_t time_ns; /* when it was taken, since 1970; 0: not known */
};

/*
 * Buckets of hist with @bits: values below 0 go to bucket 0, then (linear below 2^bits, afterwards 2^bits steps a power
 * of two). The range of a bucket is [*ret_low, *ret_high), where UINT64_MAX stands for 2^64; false for the bucket of
 * negative values.
 */
size_t skep_hist_buckets(uint32_t bits);
size_t skep_hist_bucket(uint32_t bits, uint64_t value, bool is_signed);
bool skep_hist_range(uint32_t bits, size_t bucket, uint64_t *ret_low, uint64_t *ret_high);

/* Sorts ascending: by value (a histogram's total, an average or what it is of; texts have no such order), then by key. */
void skep_snapshot_sort(struct skep_snapshot *snapshot);
/*
 * @top: only the highest (0: all). @divide: values shown divided by it (0 and 1: as they are). @bpftrace_shape: stats as
 * bpftrace has them since 0.27, otherwise as it had them before. @screen: columns of the terminal, for bars that fit; 0:
 * there is none.
 */
void skep_snapshot_text(const struct skep_snapshot *snapshot, size_t top, uint64_t divide,
			bool bpftrace_shape, unsigned screen, const struct skep_resolver *resolver,
			struct skep_str *out);
/* What keys and values are, as one JSON object: {"type": "schema", "name": "@calls", "kind": "count", "keys": [...]}. */
void skep_snapshot_schema_json(const struct skep_snapshot *snapshot, struct skep_str *out);
/* One JSON object on one line. @bpftrace_shape: exactly the records of bpftrace's -f json; otherwise skep's own, with key
 * names and types. */
void skep_snapshot_json(const struct skep_snapshot *snapshot, size_t top, uint64_t divide,
			bool bpftrace_shape, const struct skep_resolver *resolver,
			struct skep_str *out);
