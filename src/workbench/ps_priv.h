/* SPDX-License-Identifier: Apache-2.0 */
/* Inside workbench: rows of ps. ps_rows.c makes them, ps_show.c shows them, ps.c says when. */
#pragma once

#include "base/hash.h"
#include "base/vec.h"
#include "record/csv.h"
#include "record/schema.h"
#include "sys/inventory.h"
#include "workbench/ps.h"

#define SKEP_PS_UNKNOWN (-1) /* of the signed numbers */

/* All three sorts of rows; what a sort does not have is not among its fields (ps_show.c). */
struct skep_ps_row {
	uint32_t id, prog, pid, owners, places, uid;
	char kind[32], name[128], owner[128], container[128], pin[256], place[256], can[96],
		tag[17];
	double runs_per_s, cpu_percent;
	int64_t ns_per_run, memory, maps_memory, full_percent, misses;
	int64_t runs, run_ns, loaded_s;
	int64_t n_insns;
	int64_t entries, max_entries, key_size, value_size;
	bool rates; /* they were measured */
	bool more;  /* entries: at least so many */
};

struct skep_ps_rows {
	SKEP_VEC(struct skep_ps_row);
};

/* What the numbers were at the last look, by program, ascending by id. */
struct skep_ps_before {
	uint32_t id;
	uint64_t loaded_ns, runs, run_ns;
};

struct skep_ps_look {
	const struct skep_inventory *inv;
	const struct skep_ps_options *options;
	const struct skep_ps_before *before; /* NULL: no rates */
	size_t n_before;
	uint64_t passed_ns;
	struct skep_ps_processes *processes; /* filled in by skep_ps_make_rows */
};

/* The rows that the filters leave, sorted. */
void skep_ps_make_rows(const struct skep_ps_look *look, struct skep_ps_rows *rows);

struct skep_ps_show {
	enum skep_ps_what what;
	enum skep_ps_format format;
	unsigned screen, height; /* of the terminal, 0: none */
	enum skep_ps_sort sort;	 /* its column is never left out */
	bool rates;
	bool told;	  /* JSON: the schema was shown */
	uint64_t took_ns; /* to look, and to make the rows */
	struct skep_csv csv;
};

/* @limit: lines of rows at most; 0: all. */
void skep_ps_show_rows(struct skep_ps_show *show, const struct skep_ps_rows *rows, size_t limit,
		       struct skep_str *out);
