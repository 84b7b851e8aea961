/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files map*.c only. */
#pragma once

#include "record/csv.h"
#include "record/prom.h"
#include "record/table.h"
#include "workbench/map.h"

/* What turns snapshots into text. */
struct map_printer {
	const struct skep_map_show *show;
	struct skep_csv csv;
	struct skep_prom prom;
	const struct skep_resolver *resolver;
	struct skep_str *out;
};

int map_show_entry(const struct skep_feed_map *map, const void *key, const void *value,
		   const struct skep_map_show *show, struct skep_arena *arena,
		   struct skep_str *out) _must_check_;
void map_print(struct map_printer *printer, const struct skep_snapshot *snapshot);
void map_printer_fini(struct map_printer *printer);
/* The map of this description in the kernel. Takes @fd over. */
int map_of_fd(int fd, struct skep_open_map *ret_map) _must_check_;
void map_fini(struct skep_open_map *map);
