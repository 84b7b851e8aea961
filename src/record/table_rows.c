/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/vec.h"
#include "record/record_priv.h"
#include "record/table.h"

#define PENDING_MAX 64 /* lines that wait for their columns at most */

struct skep_row_table {
	char *name;
	struct skep_table *table;
	uint64_t header_at; /* line behind the header that was shown last */
	bool headed;
};

static struct skep_table *make_table(const struct skep_row_tables *t,
				     const struct skep_schema *schema)
{
	struct skep_table_column *columns = calloc(schema->n_fields + 1, sizeof(*columns));
	struct skep_table *table;
	size_t n = 0;

	if (!columns)
		skep_oom();
	if (t->tagged)
		columns[n++] = (struct skep_table_column){ .name = "row", .min_width = 4 };
	for (size_t i = 0; i < schema->n_fields; i++)
		columns[n++] = skep_table_column_of(&schema->fields[i]);
	table = skep_table_new(columns, n, t->screen);
	free(columns);
	return table;
}

static struct skep_row_table *find(struct skep_row_tables *t, const struct skep_schema *schema)
{
	struct skep_row_table *table;

	for (size_t i = 0; i < t->n_tables; i++)
		if (skep_streq(t->tables[i].name, schema->name))
			return &t->tables[i];
	table = reallocarray(t->tables, t->n_tables + 1, sizeof(*t->tables));
	if (!table)
		skep_oom();
	t->tables = table;
	table = &t->tables[t->n_tables++];
	*table = (struct skep_row_table){ .name = strdup(schema->name),
					  .table = make_table(t, schema) };
	if (!table->name)
		skep_oom();
	return table;
}

void skep_row_tables_write(struct skep_row_tables *t, struct skep_str *out)
{
	struct skep_row_table *now = t->now;
	size_t pending;
	bool header;

	t->now = NULL;
	if (!now)
		return;
	pending = skep_table_pending(now->table);
	header = !now->headed ||
		 (t->tagged && t->height && t->n_lines - now->header_at >= t->height);
	if (header) {
		now->headed = true;
		now->header_at = ++t->n_lines;
	}
	t->n_lines += pending;
	skep_table_write(now->table, header, out);
}

void skep_row_tables_add(struct skep_row_tables *t, const struct skep_schema *schema,
			 const void *payload, const struct skep_resolver *resolver,
			 struct skep_str *out)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};

	/* Another table may move what t->now points to, so it is written before one is added. */
	if (t->now && !skep_streq(t->now->name, schema->name))
		skep_row_tables_write(t, out);
	t->now = find(t, schema);
	if (t->tagged)
		skep_table_cell(t->now->table, schema->name, strlen(schema->name));
	for (size_t i = 0; i < schema->n_fields; i++) {
		skep_str_reset(&text);
		if (skep_field_is_none(&schema->fields[i], payload))
			skep_str_addc(&text, '-');
		else
			skep_field_cell(&schema->fields[i], payload, resolver, &text);
		skep_table_cell(t->now->table, skep_str_text(&text), text.len);
	}
	if (skep_table_pending(t->now->table) >= PENDING_MAX)
		skep_row_tables_write(t, out);
}

void skep_row_tables_fini(struct skep_row_tables *t)
{
	for (size_t i = 0; i < t->n_tables; i++) {
		free(t->tables[i].name);
		skep_table_free(t->tables[i].table);
	}
	free(t->tables);
	*t = (struct skep_row_tables){};
}
