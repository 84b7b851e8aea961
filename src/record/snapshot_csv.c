/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "record/csv.h"
#include "record/record_priv.h"
#include "record/series.h"

struct writer {
	struct skep_csv *csv;
	size_t kind;
	const struct skep_snapshot *s;
	uint64_t divide;
	const struct skep_resolver *resolver;
	struct skep_str *out;
};

static void add_word(const struct writer *w, const char *word)
{
	skep_csv_field(w->csv, word, strlen(word));
}

static bool is_hist(const struct skep_snapshot *s)
{
	return s->kind == SKEP_SNAPSHOT_HIST || s->kind == SKEP_SNAPSHOT_LHIST;
}

static bool is_stats(const struct skep_snapshot *s)
{
	return s->kind == SKEP_SNAPSHOT_AVG || s->kind == SKEP_SNAPSHOT_STATS;
}

struct columns {
	SKEP_VEC(struct skep_schema_field);
};

/* Numbers, in the map's unit. */
static void add_number_column(struct columns *c, const char *name, const char *unit)
{
	skep_vec_add(c, (struct skep_schema_field){ .name = name, .unit = unit });
}

static void add_value_columns(struct columns *c, const struct skep_snapshot *s)
{
	static const char *const names[] = {
		[SKEP_SNAPSHOT_COUNT] = "count",
		[SKEP_SNAPSHOT_SUM] = "sum",
		[SKEP_SNAPSHOT_MIN] = "min",
		[SKEP_SNAPSHOT_MAX] = "max",
	};
	static const struct skep_schema_field start = { .name = "start",
							.kind = SKEP_FIELD_STRING };
	const char *unit = s->value_field.unit;
	const struct skep_schema_field *values;
	size_t n;

	if (is_hist(s)) {
		add_number_column(c, "min", unit);
		add_number_column(c, "max", unit);
		add_number_column(c, "count", NULL);
	} else if (is_stats(s)) {
		add_number_column(c, "count", NULL);
		add_number_column(c, "average", unit);
		add_number_column(c, "total", unit);
	} else if (s->kind == SKEP_SNAPSHOT_TSERIES) {
		skep_vec_add(c, start);
		add_number_column(c, "value", unit);
	} else if (s->kind != SKEP_SNAPSHOT_VALUE) {
		add_number_column(c, names[s->kind], unit);
	} else {
		n = skep_snapshot_values(s, &values);
		for (size_t i = 0; i < n; i++)
			skep_vec_add(c, values[i]);
		if (!s->value_columns)
			skep_vec_last(c).name = "value";
	}
}

size_t skep_csv_kind_map(struct skep_csv *csv, const struct skep_snapshot *s)
{
	const struct skep_schema_field *keys;
	size_t base, kind, n = skep_snapshot_keys(s, &keys, &base);
	struct columns c = {};

	for (size_t i = 0; i < n; i++)
		skep_vec_add(&c, keys[i]);
	add_value_columns(&c, s);
	kind = skep_csv_kind(csv, s->name, true, c.data, c.len);
	skep_vec_fini(&c);
	return kind;
}

/* The beginning of an entry's line: its keys. */
static void begin(const struct writer *w, const struct skep_snapshot_entry *entry)
{
	const struct skep_schema_field *keys;
	size_t base, n = skep_snapshot_keys(w->s, &keys, &base);

	skep_csv_begin(w->csv, w->kind);
	for (size_t i = 0; i < n; i++) {
		_cleanup_(skep_str_fini)
		struct skep_str text = {};

		skep_field_cell(&keys[i], (const uint8_t *)entry->key + base, w->resolver, &text);
		skep_csv_field(w->csv, skep_str_text(&text), text.len);
	}
}

static void add_number(const struct writer *w, uint64_t value, uint64_t divide, bool is_signed)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};

	skep_snapshot_number(value, divide, is_signed, &text);
	skep_csv_field(w->csv, text.data, text.len);
}

/* The ends are those of JSON: "max" is the largest value of the bucket, an open end is empty. */
static void add_buckets(const struct writer *w, const struct skep_snapshot_entry *entry)
{
	size_t first = 1, last = 0;
	bool has_low, has_high, is_signed;
	int64_t low = 0, high = 0;

	if (!skep_snapshot_span(w->s, entry, &first, &last))
		return;
	for (size_t i = first; i <= last; i++) {
		skep_snapshot_range(w->s, i, &has_low, &low, &has_high, &high);
		/* -1, the end of what is below 0, is the only number of hist with a sign */
		is_signed = w->s->kind == SKEP_SNAPSHOT_LHIST || !has_low;
		begin(w, entry);
		if (has_low)
			add_number(w, (uint64_t)low, 1, is_signed);
		else
			add_word(w, "");
		if (has_high)
			add_number(w, skep_snapshot_largest(w->s, high), 1, is_signed);
		else
			add_word(w, "");
		add_number(w, entry->numbers[i], w->divide, false);
		skep_csv_end(w->csv, w->out);
	}
}

static void add_points(const struct writer *w, const struct skep_snapshot_entry *entry)
{
	struct skep_series_point *points = calloc(skep_series_slots(w->s) + 1, sizeof(*points));
	size_t n;

	if (!points)
		skep_oom();
	n = skep_series_points(w->s, entry, w->divide, points);
	for (size_t i = 0; i < n; i++) {
		_cleanup_(skep_str_fini)
		struct skep_str time = {};

		if (!points[i].is_set)
			continue;
		skep_json_time(points[i].start_ns, &time);
		begin(w, entry);
		skep_csv_field(w->csv, time.data + 1, time.len - 2); /* without quotes */
		add_number(w, (uint64_t)points[i].value, 1, w->s->is_signed);
		skep_csv_end(w->csv, w->out);
	}
	free(points);
}

static void add_value(const struct writer *w, const struct skep_schema_field *field,
		      const void *value)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};

	if (skep_field_is_number(field)) {
		add_number(w, skep_field_int(field, value), w->divide, field->is_signed);
		return;
	}
	skep_field_cell(field, value, w->resolver, &text);
	skep_csv_field(w->csv, skep_str_text(&text), text.len);
}

static void add_entry(const struct writer *w, const struct skep_snapshot_entry *entry)
{
	const struct skep_snapshot *s = w->s;
	const struct skep_schema_field *values;
	size_t n;

	if (is_hist(s)) {
		add_buckets(w, entry);
		return;
	}
	if (s->kind == SKEP_SNAPSHOT_TSERIES) {
		add_points(w, entry);
		return;
	}
	begin(w, entry);
	if (is_stats(s)) {
		add_number(w, entry->numbers[0], 1, false);
		add_number(w, skep_snapshot_average(s, entry), w->divide, s->is_signed);
		add_number(w, entry->numbers[1], w->divide, s->is_signed);
	} else if (s->kind != SKEP_SNAPSHOT_VALUE) {
		add_number(w, entry->numbers[0], w->divide,
			   s->is_signed && s->kind != SKEP_SNAPSHOT_COUNT);
	} else {
		n = skep_snapshot_values(s, &values);
		for (size_t i = 0; i < n; i++)
			add_value(w, &values[i], entry->value);
	}
	skep_csv_end(w->csv, w->out);
}

void skep_snapshot_csv(struct skep_csv *csv, const struct skep_snapshot *s, size_t top,
		       uint64_t divide, const struct skep_resolver *resolver, struct skep_str *out)
{
	struct writer w = { csv, skep_csv_kind_map(csv, s), s, divide, resolver, out };

	for (size_t i = skep_snapshot_start(s, top); i < s->n_entries; i++)
		add_entry(&w, &s->entries[i]);
}
