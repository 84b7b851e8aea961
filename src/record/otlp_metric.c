/* SPDX-License-Identifier: Apache-2.0 */
/* Snapshots as metrics: which instrument a map is, and its points. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "record/otlp_priv.h"
#include "record/record_priv.h"
#include "record/series.h"

#define DELTA 1
#define CUMULATIVE 2
#define POWERS 66 /* skep_hist_buckets(0) */

struct points {
	struct skep_otlp *otlp;
	struct skep_message *m;
	const struct skep_snapshot *s;
	const struct skep_resolver *resolver;
	uint64_t start_ns, time_ns;
	unsigned part; /* AVG, STATS: which of its two numbers */
	/* VALUE: the number in it, which may be one of many: counted from @base on. */
	const struct skep_schema_field *field;
	size_t base;
	bool delta;
};

static void add_keys(const struct points *p, uint32_t number,
		     const struct skep_snapshot_entry *entry)
{
	const struct skep_schema_field *keys;
	size_t base, n = skep_snapshot_keys(p->s, &keys, &base);

	skep_otlp_fields(p->otlp, number, keys, n, (const uint8_t *)entry->key + base, p->resolver);
}

static void add_times(const struct points *p)
{
	if (p->start_ns)
		skep_message_fixed64(p->m, 2, "startTimeUnixNano", p->start_ns);
	skep_message_fixed64(p->m, 3, "timeUnixNano", p->time_ns);
}

static void begin_point(const struct points *p)
{
	p->otlp->n_items++;
	skep_message_item(p->m, 1);
}

/* A NumberDataPoint. What no signed number can say is a double, whose last digits are lost. */
static void add_number(const struct points *p, const struct skep_snapshot_entry *entry,
		       uint64_t value, bool is_signed)
{
	begin_point(p);
	add_keys(p, 7, entry);
	add_times(p);
	if (is_signed || value <= INT64_MAX)
		skep_message_sfixed64(p->m, 6, "asInt", (int64_t)value);
	else
		skep_message_double(p->m, 4, "asDouble", (double)value);
	skep_message_end(p->m);
}

static void add_double(const struct points *p, const struct skep_snapshot_entry *entry,
		       double value)
{
	begin_point(p);
	add_keys(p, 7, entry);
	add_times(p);
	skep_message_double(p->m, 4, "asDouble", value);
	skep_message_end(p->m);
}

/*
 * A HistogramDataPoint: a bucket includes its upper bound there, so bounds are the largest numbers of ours, see
 * skep_snapshot_bound. Only the filled span has bounds, and one in front of it, so that the first bucket has two ends.
 */
static void add_buckets(const struct points *p, const struct skep_snapshot_entry *entry)
{
	double *bounds = calloc(p->s->n_numbers + 2, sizeof(*bounds));
	uint64_t *counts = calloc(p->s->n_numbers + 3, sizeof(*counts));
	size_t first = 1, last = 0, n = 0;
	bool any = skep_snapshot_span(p->s, entry, &first, &last);

	if (!bounds || !counts)
		skep_oom();
	for (size_t i = first; any && i <= last; i++) {
		bool has_low, has_high;
		int64_t low = 0, high = 0;

		skep_snapshot_range(p->s, i, &has_low, &low, &has_high, &high);
		if (i == first && has_low)
			bounds[n++] = (double)(int64_t)skep_snapshot_bound(p->s, low);
		counts[n] = entry->numbers[i];
		if (!has_high) {
			n++;
			break;
		}
		bounds[n++] = p->s->kind == SKEP_SNAPSHOT_LHIST || !has_low
				      ? (double)(int64_t)skep_snapshot_bound(p->s, high)
				      : (double)skep_snapshot_bound(p->s, high);
	}
	begin_point(p);
	add_keys(p, 9, entry);
	add_times(p);
	skep_message_fixed64(p->m, 4, "count", skep_snapshot_total(p->s, entry));
	if (n) {
		bool open = last + 1 == p->s->n_numbers && p->s->kind == SKEP_SNAPSHOT_LHIST;
		size_t n_bounds = open ? n - 1 : n;

		skep_message_fixed64s(p->m, 6, "bucketCounts", counts, n_bounds + 1);
		skep_message_doubles(p->m, 7, "explicitBounds", bounds, n_bounds);
	}
	skep_message_end(p->m);
	free(bounds);
	free(counts);
}

/*
 * An ExponentialHistogramDataPoint of scale 0, whose bucket i holds (2^i, 2^(i+1)]; ours hold [2^i, 2^(i+1)), so an exact
 * power of two is in the bucket above the one that the protocol would have it in. Not so 1, which is alone in its bucket.
 */
static void add_exponential(const struct points *p, const struct skep_snapshot_entry *entry)
{
	size_t first = p->s->hist_low_zero ? 3 : 2, last;
	size_t n = MIN(p->s->n_numbers, (size_t)POWERS);
	bool ones;

	while (first < n && !entry->numbers[first])
		first++;
	for (last = n; last > first && !entry->numbers[last - 1];)
		last--;
	ones = first == 2;
	begin_point(p);
	add_keys(p, 1, entry);
	add_times(p);
	skep_message_fixed64(p->m, 4, "count", skep_snapshot_total(p->s, entry));
	skep_message_sint32(p->m, 6, "scale", 0);
	skep_message_fixed64(p->m, 7, "zeroCount",
			     entry->numbers[1] + (p->s->hist_low_zero ? entry->numbers[2] : 0));
	if (first < last) {
		uint64_t counts[POWERS + 1] = { ones ? entry->numbers[2] : 0 };

		/* From bucket -1 on, when there are ones: (0.5, 1], which is them, then (1, 2], which is empty. */
		memcpy(counts + ones, entry->numbers + first, (last - first) * sizeof(*counts));
		if (ones)
			counts[1] = 0;
		skep_message_begin(p->m, 8, "positive");
		skep_message_sint32(p->m, 1, "offset", ones ? -1 : (int32_t)first - 2);
		skep_message_uint64s(p->m, 2, "bucketCounts", counts,
				     last - first + (ones && last > 3));
		skep_message_end(p->m);
	}
	if (p->s->hist_low_zero) /* 0 and 1 are one bucket */
		skep_message_double(p->m, 14, "zeroThreshold", 1);
	skep_message_end(p->m);
}

/* The last interval that is over or has a value. */
static void add_series(const struct points *p, const struct skep_snapshot_entry *entry)
{
	struct skep_series_point *points = calloc(skep_series_slots(p->s) + 1, sizeof(*points));
	size_t n;

	if (!points)
		skep_oom();
	n = skep_series_points(p->s, entry, 1, points);
	if (n && points[n - 1].is_set)
		add_number(p, entry, (uint64_t)points[n - 1].value, p->s->is_signed);
	free(points);
}

static bool is_number(const struct skep_schema_field *f)
{
	return f->kind == SKEP_FIELD_INT || f->kind == SKEP_FIELD_BOOL ||
	       f->kind == SKEP_FIELD_ENUM || f->kind == SKEP_FIELD_PTR ||
	       f->kind == SKEP_FIELD_TIMESTAMP || f->kind == SKEP_FIELD_FLOAT;
}

static void add_member(const struct points *p, const struct skep_snapshot_entry *entry)
{
	const uint8_t *at = (const uint8_t *)entry->value + p->base;

	if (skep_field_is_none(p->field, at))
		return;
	if (p->field->kind == SKEP_FIELD_FLOAT)
		add_double(p, entry, skep_otlp_double(p->field, at + p->field->offset));
	else
		add_number(p, entry, skep_field_int(p->field, at), p->field->is_signed);
}

static void add_point(const struct points *p, const struct skep_snapshot_entry *entry,
		      bool exponential)
{
	const struct skep_snapshot *s = p->s;

	switch (s->kind) {
	case SKEP_SNAPSHOT_COUNT:
		add_number(p, entry, entry->numbers[0], false);
		return;
	case SKEP_SNAPSHOT_SUM:
	case SKEP_SNAPSHOT_MIN:
	case SKEP_SNAPSHOT_MAX:
		add_number(p, entry, entry->numbers[0], s->is_signed);
		return;
	case SKEP_SNAPSHOT_AVG:
	case SKEP_SNAPSHOT_STATS:
		add_number(p, entry, entry->numbers[p->part], p->part && s->is_signed);
		return;
	case SKEP_SNAPSHOT_HIST:
	case SKEP_SNAPSHOT_LHIST:
		if (exponential)
			add_exponential(p, entry);
		else
			add_buckets(p, entry);
		return;
	case SKEP_SNAPSHOT_TSERIES:
		add_series(p, entry);
		return;
	case SKEP_SNAPSHOT_VALUE:
		add_member(p, entry);
		return;
	}
}

/* The instrument as a field of Metric. */
static const struct instrument {
	uint32_t number;
	const char *name;
	bool has_temporality, is_sum;
} gauge = { 5, "gauge", false, false }, sum = { 7, "sum", true, true },
  histogram = { 9, "histogram", true, false },
  exponential_histogram = { 10, "exponentialHistogram", true, false };

static const struct instrument *instrument_of(const struct skep_snapshot *s, bool exponential)
{
	switch (s->kind) {
	case SKEP_SNAPSHOT_COUNT:
	case SKEP_SNAPSHOT_SUM:
		return s->is_level ? &gauge : &sum;
	case SKEP_SNAPSHOT_AVG:
	case SKEP_SNAPSHOT_STATS:
		return &sum;
	case SKEP_SNAPSHOT_HIST:
	case SKEP_SNAPSHOT_LHIST:
		return exponential ? &exponential_histogram : &histogram;
	default:
		return &gauge;
	}
}

static void add_name(struct skep_otlp *otlp, const struct skep_snapshot *s, const char *suffix)
{
	_cleanup_(skep_str_fini)
	struct skep_str name = {};
	const char *own = s->name + strspn(s->name, "@");

	skep_str_addf(&name, "%s%s%s%s", otlp->source->scope, *own ? "." : "", own, suffix);
	skep_message_string(&otlp->message, 1, "name", skep_str_text(&name), name.len);
}

/* What the script says by the end of a map's name: "@usecs", "@read_bytes". */
static const char *unit_of_name(const char *name)
{
	static const char *const units[][2] = {
		{ "ns", "ns" },	   { "nsecs", "ns" },  { "us", "us" },
		{ "usecs", "us" }, { "ms", "ms" },     { "msecs", "ms" },
		{ "secs", "s" },   { "seconds", "s" }, { "bytes", "By" },
	};
	const char *last = strrchr(name, '_');

	last = last ? last + 1 : name + strspn(name, "@");
	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (skep_streq(last, units[i][0]))
			return units[i][1];
	return NULL;
}

/* VALUE: @suffix is ".member", or "" when it is one number. */
static const char *unit_of_field(const struct points *p, const char *suffix)
{
	const char *member = strrchr(suffix, '.');

	if (p->field->unit)
		return p->field->unit;
	if (p->field->kind == SKEP_FIELD_TIMESTAMP)
		return "ns";
	return unit_of_name(member ? member + 1 : p->s->name);
}

static void add_unit(const struct points *p, const char *suffix)
{
	enum skep_snapshot_kind kind = p->s->kind;
	bool counts = kind == SKEP_SNAPSHOT_COUNT ||
		      ((kind == SKEP_SNAPSHOT_AVG || kind == SKEP_SNAPSHOT_STATS) && !p->part);
	const char *own = p->s->value_field.unit, *unit = p->field ? unit_of_field(p, suffix)
							  : counts ? NULL
							  : own	   ? own
								   : unit_of_name(p->s->name);

	if (unit)
		skep_message_text(p->m, 3, "unit", unit);
}

/* What has no bucket of its own in an exponential histogram: numbers below zero, which are one bucket of ours. */
static bool any_negative(const struct skep_snapshot *s)
{
	for (size_t i = 0; i < s->n_entries; i++)
		if (s->entries[i].numbers[0])
			return true;
	return false;
}

static void end_metric(struct skep_message *m, const struct instrument *i, bool is_monotonic,
		       bool delta)
{
	skep_message_list_end(m);
	if (i->has_temporality)
		skep_message_uint32(m, 2, "aggregationTemporality", delta ? DELTA : CUMULATIVE);
	if (i->is_sum)
		skep_message_bool(m, 3, "isMonotonic", is_monotonic);
	skep_message_end(m);
	skep_message_end(m);
}

static void add_metric(const struct points *p, const char *suffix, bool as_powers)
{
	const struct instrument *i = instrument_of(p->s, as_powers);
	struct skep_message *m = p->m;
	bool is_count = p->s->kind == SKEP_SNAPSHOT_COUNT || (*suffix && !p->part && !p->field);

	skep_message_item(m, 2);
	add_name(p->otlp, p->s, suffix);
	add_unit(p, suffix);
	skep_message_begin(m, i->number, i->name);
	skep_message_list(m, "dataPoints");
	for (size_t k = 0; k < p->s->n_entries; k++) {
		skep_breathe(p->otlp->source->breath, k);
		add_point(p, &p->s->entries[k], as_powers);
	}
	end_metric(m, i, is_count || !p->s->is_signed, p->delta);
}

static void tell_no_number(const struct points *p, const char *suffix)
{
	const struct skep_otlp_source *source = p->otlp->source;
	_cleanup_(skep_str_fini)
	struct skep_str name = {};

	if (!source->no_number)
		return;
	skep_str_addf(&name, "%s%s", p->s->name, suffix);
	source->no_number(source->no_number_data, skep_str_text(&name));
}

/* A metric for each number that is in @field, whose parents begin at @base. @suffix: ".member.member" so far, or "". */
static void add_field(struct points *p, const struct skep_schema_field *field, size_t base,
		      const char *suffix, unsigned depth)
{
	if (is_number(field)) {
		p->field = field;
		p->base = base;
		add_metric(p, suffix, false);
		return;
	}
	if ((field->kind != SKEP_FIELD_STRUCT && field->kind != SKEP_FIELD_TUPLE) ||
	    depth == SKEP_FIELD_DEPTH_MAX) {
		tell_no_number(p, suffix);
		return;
	}
	for (size_t i = 0; i < field->n_children; i++) {
		const struct skep_schema_field *child = &field->children[i];
		bool is_named = field->kind == SKEP_FIELD_STRUCT && child->name && *child->name;
		bool is_nameless = field->kind == SKEP_FIELD_STRUCT && !is_named &&
				   child->kind == SKEP_FIELD_STRUCT;
		_cleanup_(skep_str_fini)
		struct skep_str name = {};

		/* The members of an anonymous struct are those of the one around it, as in C. */
		skep_str_add(&name, suffix);
		if (is_named)
			skep_str_addf(&name, ".%s", child->name);
		else if (!is_nameless)
			skep_str_addf(&name, ".%zu", i);
		add_field(p, child, base + field->offset, skep_str_text(&name), depth + 1);
	}
}

void skep_otlp_snapshot(struct skep_otlp *otlp, const struct skep_snapshot *s,
			const struct skep_resolver *resolver, uint64_t start_ns, uint64_t time_ns,
			unsigned how)
{
	bool as_powers = how & SKEP_OTLP_EXPONENTIAL && s->kind == SKEP_SNAPSHOT_HIST &&
			 s->hist_bits == 0 && !any_negative(s);
	struct points p = { .otlp = otlp,
			    .m = &otlp->message,
			    .s = s,
			    .resolver = resolver,
			    .start_ns = start_ns,
			    .time_ns = time_ns,
			    .delta = how & SKEP_OTLP_DELTA };

	if (!s->n_entries)
		return;
	otlp->keys_of = NULL; /* other keys may lie where those of the last one lay */
	if (s->kind == SKEP_SNAPSHOT_VALUE) {
		add_field(&p, &s->value_field, 0, "", 0);
		return;
	}
	if (s->kind != SKEP_SNAPSHOT_AVG && s->kind != SKEP_SNAPSHOT_STATS) {
		add_metric(&p, "", as_powers);
		return;
	}
	add_metric(&p, ".count", false);
	p.part = 1;
	add_metric(&p, ".sum", false);
}

void skep_otlp_counts_begin(struct skep_otlp *otlp, const char *name, const char *unit)
{
	struct skep_message *m = &otlp->message;

	skep_message_item(m, 2);
	skep_message_text(m, 1, "name", name);
	skep_message_text(m, 3, "unit", unit);
	skep_message_begin(m, sum.number, sum.name);
	skep_message_list(m, "dataPoints");
}

void skep_otlp_counts_point(struct skep_otlp *otlp, const struct skep_attribute *attributes,
			    size_t n_attributes, uint64_t value, uint64_t start_ns,
			    uint64_t time_ns)
{
	struct skep_message *m = &otlp->message;
	struct points p = { .otlp = otlp, .m = m, .start_ns = start_ns, .time_ns = time_ns };

	begin_point(&p);
	skep_otlp_attributes(m, 7, attributes, n_attributes);
	add_times(&p);
	skep_message_sfixed64(m, 6, "asInt", (int64_t)MIN(value, (uint64_t)INT64_MAX));
	skep_message_end(m);
}

void skep_otlp_counts_end(struct skep_otlp *otlp, bool delta)
{
	end_metric(&otlp->message, &sum, true, delta);
}
