/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files feed_map*.c only. */
#pragma once

#include "live/feed_map.h"

/* An entry as it is in the map. */
struct feed_entry {
	const uint8_t *key; /* key_size bytes */
	const uint8_t
		*value; /* value_size bytes; of per-CPU kinds those of each CPU, rounded up to 8 */
};

struct feed_entries {
	struct feed_entry *items;
	size_t n, n_more;
};

/* feed_entries.c: all of them, in @arena. */
int feed_entries_read(const struct skep_feed_map *map, size_t limit, struct skep_arena *arena,
		      struct skep_diag *diag, struct feed_entries *ret_entries) _must_check_;
bool feed_is_zero(const uint8_t *bytes, size_t size);

/*
 * feed_shape.c: how values of one type are shown.
 *
 *	key of an entry:  key | value, when parts of it are keys | u32 cpu
 */
struct feed_shape {
	struct skep_snapshot snapshot; /* without entries */
	struct skep_schema_field value;
	bool sums;	   /* the values of all CPUs come to one */
	uint32_t key_size; /* of the map */
	bool has_rest, has_cpu;
	uint32_t rest_at, cpu_at;	/* where they are in an entry's key */
	struct skep_schema_field slots; /* HIST: in the value */
};

struct feed_shape feed_shape_of(const char *name, const struct skep_schema_field *key,
				const struct skep_schema_field *value, unsigned n_cpus, bool sums,
				struct skep_arena *arena);
/* Whether values of several CPUs can be added up. */
bool feed_shape_can_sum(const struct skep_schema_field *value);
/*
 * The entry for one value, or for the values of @n_cpus CPUs @stride bytes apart that come to one. @cpu: whose value it is,
 * where the shape tells it.
 */
struct skep_snapshot_entry feed_shape_entry(const struct feed_shape *shape, const uint8_t *key,
					    const uint8_t *value, size_t stride, unsigned n_cpus,
					    uint32_t cpu, struct skep_arena *arena);
