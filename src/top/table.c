/* SPDX-License-Identifier: Apache-2.0 */
#include "top/table.h"

#include <stdlib.h>
#include <string.h>

void *skep_top_table_find(const struct skep_top_table *t, const void *key)
{
	return skep_hash_get(&t->hash, key, t->key_size);
}

void *skep_top_table_get(struct skep_top_table *t, const void *key, bool *ret_is_new)
{
	void *row = skep_top_table_find(t, key);

	*ret_is_new = !row;
	if (row)
		return row;
	if (t->rows.len >= SKEP_TOP_ROWS_MAX) {
		t->n_full++;
		return NULL;
	}
	row = calloc(1, t->row_size);
	if (!row)
		skep_oom();
	memcpy(row, key, t->key_size);
	skep_vec_add(&t->rows, row);
	skep_hash_set(&t->hash, row, t->key_size, row);
	return row;
}

/* The hash cannot forget one: it is made anew when there is one to forget. */
void skep_top_table_sweep(struct skep_top_table *t, bool (*keep)(void *row, void *data), void *data)
{
	size_t n = 0;

	for (size_t i = 0; i < t->rows.len; i++)
		if (keep(t->rows.data[i], data))
			t->rows.data[n++] = t->rows.data[i];
		else
			free(t->rows.data[i]);
	if (n == t->rows.len)
		return;
	t->rows.len = n;
	if (t->hash.cap)
		memset(t->hash.entries, 0, t->hash.cap * sizeof(*t->hash.entries));
	t->hash.len = 0;
	for (size_t i = 0; i < n; i++)
		skep_hash_set(&t->hash, t->rows.data[i], t->key_size, t->rows.data[i]);
}

void skep_top_table_fini(struct skep_top_table *t)
{
	for (size_t i = 0; i < t->rows.len; i++)
		free(t->rows.data[i]);
	skep_vec_fini(&t->rows);
	skep_hash_fini(&t->hash);
}
