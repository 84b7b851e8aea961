/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Maps by hand: what is in them, and changing it, with keys and values as their types have them.
 *
 *	id:17			a map of the kernel
 *	/sys/fs/bpf/x		likewise, by the file that keeps it
 *	counts			likewise, by its name, if only one has it
 *	tool.bpf.o:counts	of an object, what it holds before programs run; without a name all of them
 *
 *	r = skep_maps_open("counts", arena, diag, &maps);
 *	r = skep_maps_show(&maps, &show, &out, diag);
 *	r = skep_map_change(&maps.items[0], &change, &show, &out, diag);
 *
 * Types come from BTF (live/feed_map.h); text for keys and values is as live/value.h has it, or "hex:0a0b0c". A map without
 * types takes numbers, when it has 1, 2, 4 or 8 bytes, and hex digits.
 */
#pragma once

#include "live/feed_map.h"
#include "sys/map_info.h"

enum skep_map_format {
	SKEP_MAP_TABLE,
	SKEP_MAP_JSON,
	SKEP_MAP_CSV,
	SKEP_MAP_PROM,
};

struct skep_open_map {
	struct skep_feed_map map;
	struct skep_map_info info; /* of the kernel's: owned */
	int fd;			   /* -1: of an object */
};

struct skep_maps {
	struct skep_open_map *items;
	size_t n;
	struct skep_loaded *loaded; /* of an object, in the machine of our own */
	struct skep_btf *btf;
};

struct skep_map_show {
	enum skep_map_format format;
	struct skep_feed_map_options options;
	unsigned screen;  /* columns of the terminal, 0: none */
	uint64_t time_ns; /* of the look, for JSON; 0: it is not told */
	bool again;	  /* not the first look at these maps: CSV has its heading */
};

enum skep_map_action {
	SKEP_MAP_GET,
	SKEP_MAP_SET,
	SKEP_MAP_DELETE,
};

struct skep_map_change {
	enum skep_map_action action;
	const char *key, *value; /* text, or NULL: none was given */
	uint64_t flags;		 /* of SET: only when it is new (1), only when it is there (2) */
	int cpu;		 /* of SET in a per-CPU map: of this one only; -1: of each */
};

/* -ENOENT, -EINVAL (no map, or several have the name), -EPERM. The diag says which. */
int skep_maps_open(const char *name, struct skep_arena *arena, struct skep_diag *diag,
		   struct skep_maps *ret_maps) _must_check_;
void skep_maps_close(struct skep_maps *maps);

/* All maps of the kernel, or of an object when @name is one; with what they are, not what is in them. */
int skep_maps_list(const char *name, enum skep_map_format format, unsigned screen,
		   struct skep_str *out, struct skep_diag *diag) _must_check_;
/* What is in them. Of several those that have nothing to show are left out. */
int skep_maps_show(const struct skep_maps *maps, const struct skep_map_show *show,
		   struct skep_str *out, struct skep_diag *diag) _must_check_;
/* GET adds to @out. -ENOENT: no such key; whatever the kernel says, explained. */
int skep_map_change(const struct skep_open_map *map, const struct skep_map_change *change,
		    const struct skep_map_show *show, struct skep_str *out,
		    struct skep_diag *diag) _must_check_;
/* Keeps the map under a path. */
int skep_map_pin(const struct skep_open_map *map, const char *path,
		 struct skep_diag *diag) _must_check_;
