/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Table: the rows of one kind by their key, from one look to the next. A row is a struct that begins with the bytes of its key; it
 * stays where it is until it is swept away.
 *
 *	struct skep_top_table t = SKEP_TOP_TABLE(struct thread, tid);	// the key is its first member
 *	thread = skep_top_table_get(&t, &tid, &is_new);			// NULL: full, and counted
 *	skep_top_table_sweep(&t, is_there, NULL);
 *	skep_top_table_fini(&t);
 */
#pragma once

#include "base/hash.h"
#include "base/vec.h"

#define SKEP_TOP_ROWS_MAX 65536 /* of one kind */

struct skep_top_table {
	struct skep_hash hash;
	struct {
		SKEP_VEC(void *);
	} rows;
	size_t key_size, row_size;
	uint64_t n_full; /* rows that found no room */
};

/* clang-format off */
#define SKEP_TOP_TABLE(type, key) { .key_size = sizeof(((type *)NULL)->key), .row_size = sizeof(type) }
/* clang-format on */

/* The row with this key; a new one is all zeroes but for it. */
void *skep_top_table_get(struct skep_top_table *t, const void *key, bool *ret_is_new);
/* NULL: there is none. */
void *skep_top_table_find(const struct skep_top_table *t, const void *key);
/* Releases the rows that @keep has no use for. */
void skep_top_table_sweep(struct skep_top_table *t, bool (*keep)(void *row, void *data),
			  void *data);
void skep_top_table_fini(struct skep_top_table *t);
