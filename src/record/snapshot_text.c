/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "record/record_priv.h"
#include "record/series.h"

#define BAR_WIDTH 52
#define BAR_WIDTH_MIN 8
#define BUCKET_WIDTH (16 + 8 + 2 + 1) /* range, count and the ends of the bar */

/* "@name" or "@name[key, key]". A key that is one tuple is shown without its parentheses. */
static void add_name(const struct skep_snapshot *s, const struct skep_snapshot_entry *entry,
		     bool bpftrace_shape, const struct skep_resolver *resolver,
		     struct skep_str *out)
{
	unsigned indent = bpftrace_shape ? SKEP_STACK_INDENT : SKEP_STACK_INDENT_KEY;
	const struct skep_schema_field *keys = s->keys;
	const uint8_t *base = entry->key;
	size_t n = s->n_keys;

	skep_str_add(out, s->name);
	if (n == 0)
		return;
	if (n == 1 && keys[0].kind == SKEP_FIELD_TUPLE) {
		base += keys[0].offset;
		n = keys[0].n_children;
		keys = keys[0].children;
	}
	skep_str_addc(out, '[');
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			skep_str_add(out, ", ");
		skep_field_text_indent(&keys[i], base, resolver, indent, out);
	}
	skep_str_addc(out, ']');
}

/*
 * 1024 is 1K, 1M... when it comes out even. @exact: as small as 2^exact stays whole, so that the steps within a power of
 * two share a unit: 1024, 1152... 1920.
 */
static void add_label(uint64_t value, size_t unit, bool negative, unsigned exact,
		      struct skep_str *out)
{
	static const char units[] = "\0KMGTPE";

	while (value >= UINT64_C(1024) << exact && value % 1024 == 0 && unit < 6) {
		value /= 1024;
		unit++;
	}
	skep_str_addf(out, "%s%" PRIu64, negative ? "-" : "", value);
	if (unit)
		skep_str_addc(out, units[unit]);
}

static void add_bound(const struct skep_snapshot *s, int64_t value, struct skep_str *out)
{
	bool plain = s->kind == SKEP_SNAPSHOT_LHIST && s->lhist_step % 1024 != 0;

	if (plain)
		skep_str_addf(out, "%" PRId64, value);
	else if (s->kind == SKEP_SNAPSHOT_LHIST)
		add_label(value < 0 ? -(uint64_t)value : (uint64_t)value, 0, value < 0, 0, out);
	else if ((uint64_t)value == UINT64_MAX) /* the end of the last bucket is 2^64 */
		add_label(UINT64_C(1) << 54, 1, false, s->hist_bits, out);
	else
		add_label((uint64_t)value, 0, false, s->hist_bits, out);
}

static void add_range(const struct skep_snapshot *s, size_t bucket, struct skep_str *out)
{
	bool has_low, has_high;
	int64_t low, high;

	skep_snapshot_range(s, bucket, &has_low, &low, &has_high, &high);
	if (!has_low) {
		skep_str_add(out, "(..., ");
		add_bound(s, high, out);
		skep_str_addc(out, ')');
		return;
	}
	skep_str_addc(out, '[');
	add_bound(s, low, out);
	if (!has_high) {
		skep_str_add(out, ", ...)");
	} else if (s->kind == SKEP_SNAPSHOT_HIST && high == low + 1) {
		skep_str_addc(out, ']');
	} else {
		skep_str_add(out, ", ");
		add_bound(s, high, out);
		skep_str_addc(out, ')');
	}
}

/* As long as a line of the terminal has room for. */
static size_t bar_width(unsigned screen)
{
	if (!screen || screen >= BUCKET_WIDTH + BAR_WIDTH)
		return BAR_WIDTH;
	return screen > BUCKET_WIDTH + BAR_WIDTH_MIN ? screen - BUCKET_WIDTH : BAR_WIDTH_MIN;
}

static void add_buckets(const struct skep_snapshot *s, const struct skep_snapshot_entry *entry,
			uint64_t divide, unsigned screen, struct skep_str *out)
{
	size_t width = bar_width(screen);
	_cleanup_(skep_str_fini)
	struct skep_str label = {};
	size_t first, last, bar;
	uint64_t highest = 0;

	if (!skep_snapshot_span(s, entry, &first, &last))
		return;
	for (size_t i = first; i <= last; i++)
		highest = MAX(highest, entry->numbers[i]);
	for (size_t i = first; i <= last; i++) {
		/* 128 bits: counts may be large. */
		bar = (size_t)((unsigned __int128)entry->numbers[i] * width / highest);
		skep_str_reset(&label);
		add_range(s, i, &label);
		skep_str_addf(out, "%-16s%8" PRIu64 " |", skep_str_text(&label),
			      divide > 1 ? entry->numbers[i] / divide : entry->numbers[i]);
		skep_str_pad(out, '@', bar);
		skep_str_pad(out, ' ', width - bar);
		skep_str_add(out, "|\n");
	}
}

static void add_value(const struct skep_snapshot *s, const struct skep_snapshot_entry *entry,
		      uint64_t divide, bool bpftrace_shape, const struct skep_resolver *resolver,
		      struct skep_str *out)
{
	const struct skep_schema_field *field = &s->value_field;

	switch (s->kind) {
	case SKEP_SNAPSHOT_VALUE:
		if (field->kind == SKEP_FIELD_INT)
			skep_snapshot_number(skep_field_int(field, entry->value), divide,
					     field->is_signed, out);
		else
			skep_field_text(field, entry->value, resolver, out);
		return;
	case SKEP_SNAPSHOT_AVG:
		skep_snapshot_number(skep_snapshot_average(s, entry), divide, s->is_signed, out);
		return;
	case SKEP_SNAPSHOT_STATS:
		skep_str_add(out, bpftrace_shape ? "{ .count = " : "count ");
		skep_snapshot_number(entry->numbers[0], 1, false, out);
		skep_str_add(out, bpftrace_shape ? ", .average = " : ", average ");
		skep_snapshot_number(skep_snapshot_average(s, entry), divide, s->is_signed, out);
		skep_str_add(out, bpftrace_shape ? ", .total = " : ", total ");
		skep_snapshot_number(entry->numbers[1], divide, s->is_signed, out);
		skep_str_add(out, bpftrace_shape ? " }" : "");
		return;
	default:
		skep_snapshot_number(entry->numbers[0], divide,
				     s->is_signed && s->kind != SKEP_SNAPSHOT_COUNT, out);
	}
}

/* What the numbers of a histogram's ends are in. Others have their unit in the table. */
static void add_unit(const struct skep_snapshot *s, bool bpftrace_shape, struct skep_str *out)
{
	skep_str_addc(out, ':');
	if (s->value_field.unit && !bpftrace_shape)
		skep_str_addf(out, " (%s)", skep_unit_text(s->value_field.unit));
	skep_str_addc(out, '\n');
}

void skep_snapshot_text(const struct skep_snapshot *s, size_t top, uint64_t divide,
			bool bpftrace_shape, unsigned screen, const struct skep_resolver *resolver,
			struct skep_str *out)
{
	bool is_hist = s->kind == SKEP_SNAPSHOT_HIST || s->kind == SKEP_SNAPSHOT_LHIST;

	for (size_t i = skep_snapshot_start(s, top); i < s->n_entries; i++) {
		add_name(s, &s->entries[i], bpftrace_shape, resolver, out);
		if (s->kind == SKEP_SNAPSHOT_TSERIES) {
			add_unit(s, bpftrace_shape, out);
			skep_series_text(s, &s->entries[i], divide, bpftrace_shape, screen, out);
		} else if (is_hist) {
			add_unit(s, bpftrace_shape, out);
			add_buckets(s, &s->entries[i], divide, screen, out);
		} else {
			skep_str_add(out, ": ");
			add_value(s, &s->entries[i], divide, bpftrace_shape, resolver, out);
		}
		skep_str_addc(out, '\n');
	}
}
