/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/arena.h"
#include "record/record_priv.h"
#include "record/table.h"

#define KEY_WIDTH_MAX 80 /* names of probes and most paths leave the columns in line */

static const struct skep_table_column stats_columns[] = {
	{ .name = "count", .is_number = true, .min_width = 6 },
	{ .name = "average", .is_number = true },
	{ .name = "total", .is_number = true, .min_width = 8 },
};

static const char *value_name(const struct skep_snapshot *s)
{
	static const char *const names[] = {
		[SKEP_SNAPSHOT_VALUE] = "value", [SKEP_SNAPSHOT_COUNT] = "count",
		[SKEP_SNAPSHOT_SUM] = "sum",	 [SKEP_SNAPSHOT_MIN] = "min",
		[SKEP_SNAPSHOT_MAX] = "max",
	};

	return s->kind < ARRAY_SIZE(names) ? names[s->kind] : "value";
}

static bool is_stats(const struct skep_snapshot *s)
{
	return s->kind == SKEP_SNAPSHOT_AVG || s->kind == SKEP_SNAPSHOT_STATS;
}

static struct skep_table *make_table(const struct skep_snapshot *s, unsigned screen)
{
	const struct skep_schema_field *keys;
	const struct skep_schema_field *values;
	struct skep_table_column *columns;
	struct skep_table *table;
	size_t base, n = skep_snapshot_keys(s, &keys, &base), i;
	size_t n_values = skep_snapshot_values(s, &values);

	columns = calloc(n + ARRAY_SIZE(stats_columns) + n_values, sizeof(*columns));
	if (!columns)
		skep_oom();
	for (i = 0; i < n; i++) {
		columns[i] = skep_table_column_of(&keys[i]);
		columns[i].min_width = 0; /* all that there is to see waits already */
		columns[i].max_width = KEY_WIDTH_MAX;
	}
	if (is_stats(s)) {
		memcpy(&columns[n], stats_columns, sizeof(stats_columns));
		columns[n + 1].unit = columns[n + 2].unit = s->value_field.unit;
		n += ARRAY_SIZE(stats_columns);
	} else if (s->kind == SKEP_SNAPSHOT_VALUE && s->value_columns) {
		for (i = 0; i < n_values; i++) {
			columns[n + i] = skep_table_column_of(&values[i]);
			columns[n + i].min_width = 0;
		}
		n += n_values;
	} else {
		columns[n++] = (struct skep_table_column){
			.name = value_name(s),
			.unit = s->value_field.unit,
			.is_number = s->kind != SKEP_SNAPSHOT_VALUE ||
				     skep_field_is_number(&s->value_field),
			.min_width = 8,
		};
	}
	table = skep_table_new(columns, n, screen);
	free(columns);
	return table;
}

static void add_number(struct skep_table *table, uint64_t value, uint64_t divide, bool is_signed)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};

	skep_snapshot_number(value, divide, is_signed, &text);
	skep_table_cell(table, skep_str_text(&text), text.len);
}

static void add_field(struct skep_table *table, const struct skep_schema_field *field,
		      const void *value, uint64_t divide, const struct skep_resolver *resolver)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};

	if (skep_field_is_number(field)) {
		add_number(table, skep_field_int(field, value), divide, field->is_signed);
		return;
	}
	skep_field_cell(field, value, resolver, &text);
	skep_table_cell(table, skep_str_text(&text), text.len);
}

static void add_value(struct skep_table *table, const struct skep_snapshot *s,
		      const struct skep_snapshot_entry *entry, uint64_t divide,
		      const struct skep_resolver *resolver)
{
	const struct skep_schema_field *values;
	size_t n = skep_snapshot_values(s, &values);

	if (is_stats(s)) {
		add_number(table, entry->numbers[0], 1, false);
		add_number(table, skep_snapshot_average(s, entry), divide, s->is_signed);
		add_number(table, entry->numbers[1], divide, s->is_signed);
	} else if (s->kind != SKEP_SNAPSHOT_VALUE) {
		add_number(table, entry->numbers[0], divide,
			   s->is_signed && s->kind != SKEP_SNAPSHOT_COUNT);
	} else {
		for (size_t i = 0; i < n; i++)
			add_field(table, &values[i], entry->value, divide, resolver);
	}
}

void skep_snapshot_table(const struct skep_snapshot *s, size_t top, uint64_t divide,
			 const struct skep_resolver *resolver, unsigned screen,
			 struct skep_str *out)
{
	_cleanup_(skep_table_freep)
	struct skep_table *table = NULL;
	const struct skep_schema_field *keys;
	size_t base, n;

	if (!s->n_keys || s->kind >= SKEP_SNAPSHOT_HIST) {
		skep_snapshot_text(s, top, divide, false, screen, resolver, out);
		if (!s->n_keys && s->n_entries && s->kind < SKEP_SNAPSHOT_HIST)
			skep_str_addc(out, '\n');
		return;
	}
	if (!s->n_entries)
		return;
	n = skep_snapshot_keys(s, &keys, &base);
	table = make_table(s, screen);
	for (size_t i = skep_snapshot_start(s, top); i < s->n_entries; i++) {
		for (size_t k = 0; k < n; k++) {
			_cleanup_(skep_str_fini)
			struct skep_str text = {};

			skep_field_cell(&keys[k], (const uint8_t *)s->entries[i].key + base,
					resolver, &text);
			skep_table_cell(table, skep_str_text(&text), text.len);
		}
		add_value(table, s, &s->entries[i], divide, resolver);
	}
	skep_str_add(out, s->name);
	if (s->n_summed)
		skep_str_addf(out, " (sum of %u CPUs)", s->n_summed);
	skep_str_addc(out, '\n');
	skep_table_write(table, true, out);
	skep_str_addc(out, '\n');
}
