/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Maps as snapshots: what a map of a program in C holds, by its types in BTF, for the encoders that show everything else.
 *
 *	hash	struct key { uid_t uid; char comm[8]; }		counts
 *		struct value { u64 calls; skep_bytes_t bytes; }	UID   COMM  CALLS  BYTES(bytes)
 *								root  cat       2          4096
 *	array of one, variables of .data and .bss		total: 4
 *	u32 slots[27], alone or in a struct			a histogram by powers of two, the other members as keys
 *
 * Without types keys and values are numbers, when they have 1, 2, 4 or 8 bytes, or hex digits.
 *
 * CPUs. Values of a per-CPU map whose parts are all plain numbers are added up, and the snapshot says of how many; with
 * anything else, or when asked for, each CPU's value is an entry of its own, with the key "cpu".
 *
 * What is left out: elements of arrays, and values of CPUs, that are all zeroes, unless asked for; entries beyond the
 * limit, which are counted.
 *
 *	map = skep_feed_map(feed, index);
 *	r = skep_feed_map_read(&map, &options, arena, diag, &set);
 *	for (size_t i = 0; i < set.n; i++)
 *		skep_snapshot_table(&set.items[i], 0, 0, resolver, screen, &out);
 *
 * Programs go on writing meanwhile: each value is one that the map really held, the whole is not one moment. An entry that
 * comes and goes meanwhile may be there or not, never twice.
 */
#pragma once

#include "live/feed.h"
#include "record/snapshot.h"

#define SKEP_FEED_MAP_ENTRIES_MAX (1u << 20) /* read unless a limit is given */

/* A map, in the kernel by its descriptor or in an engine. All borrowed. */
struct skep_feed_map {
	const char *name;
	uint32_t type, key_size, value_size, max_entries, flags;
	const struct skep_btf *btf;    /* NULL: no types */
	uint32_t key_type, value_type; /* in it, or 0 */
	bool read_only;		       /* constants of a program */
	int fd;			       /* -1: it is in the engine */
	const struct skep_engine *engine;
	struct skep_loaded *loaded;
	size_t index;
	unsigned n_cpus; /* values of a per-CPU map */
};

struct skep_feed_map_options {
	bool per_cpu; /* never add up */
	bool zeroes;  /* elements of arrays that are zero, too */
	size_t limit; /* entries; 0: SKEP_FEED_MAP_ENTRIES_MAX */
	uint32_t stack_depth;
};

/* One snapshot, or of a section of variables one for each of them. */
struct skep_feed_set {
	struct skep_snapshot *items;
	size_t n;
	size_t n_more; /* entries beyond the limit */
};

/* Map @index of the feed's object. */
struct skep_feed_map skep_feed_map(const struct skep_feed *feed, size_t index);
/* A map that has values to show: not a ring, nor what only the kernel can look into. */
bool skep_feed_map_has_values(uint32_t type);
/* Types of keys and values, as fields at offset 0. Of what has no type, by its size. In @arena. */
struct skep_schema_field skep_feed_map_key(const struct skep_feed_map *map,
					   const struct skep_feed_map_options *options,
					   struct skep_arena *arena);
struct skep_schema_field skep_feed_map_value(const struct skep_feed_map *map,
					     const struct skep_feed_map_options *options,
					     struct skep_arena *arena);
/*
 * Everything in @ret_set is in @arena, or the map's. -EOPNOTSUPP: nothing can be read of this kind, the diag says what can be
 * done instead; -EPERM; -EBADF, -ENOENT: it is gone.
 */
int skep_feed_map_read(const struct skep_feed_map *map, const struct skep_feed_map_options *options,
		       struct skep_arena *arena, struct skep_diag *diag,
		       struct skep_feed_set *ret_set) _must_check_;
/* The same of one entry whose bytes are known already; it is shown even if it is zero. @key NULL: the kind has none. */
struct skep_feed_set skep_feed_map_entry(const struct skep_feed_map *map,
					 const struct skep_feed_map_options *options,
					 const void *key, const void *value,
					 struct skep_arena *arena);
/* What it will be, without entries. */
struct skep_feed_set skep_feed_map_shape(const struct skep_feed_map *map,
					 const struct skep_feed_map_options *options,
					 struct skep_arena *arena);
