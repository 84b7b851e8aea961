/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Series: the circles of slots that tseries() fills, one for each CPU, and what they come to.
 *
 *	slot	number of the interval since 1970 plus 1 (0: empty) | value | AVG: how many values; else the time of the last
 *
 *	for each CPU: any |= skep_series_merge(snapshot, numbers, of_this_cpu);
 *	n = skep_series_points(snapshot, entry, points);	// ascending, without gaps
 */
#pragma once

#include "record/snapshot.h"

/* Takes the slots of one CPU into @numbers, which begins with zeroes. True when it has some. */
bool skep_series_merge(const struct skep_snapshot *s, uint64_t *numbers, const uint64_t *more);

struct skep_series_point {
	uint64_t start_ns; /* since 1970 */
	bool is_set;	   /* there was a value in this interval */
	int64_t value;
};

/*
 * The intervals from the first that has a value to the last, at most as many as there are slots; how many. @points has room for
 * all slots. Numbers of an unsigned series are above INT64_MAX when negative.
 */
size_t skep_series_points(const struct skep_snapshot *s, const struct skep_snapshot_entry *entry,
			  uint64_t divide, struct skep_series_point *points);
/* How many slots an entry has. */
size_t skep_series_slots(const struct skep_snapshot *s);
/* The chart: one line an interval. @screen: columns of the terminal, 0 for any number. @bpftrace_shape: its columns. */
void skep_series_text(const struct skep_snapshot *s, const struct skep_snapshot_entry *entry,
		      uint64_t divide, bool bpftrace_shape, unsigned screen, struct skep_str *out);
