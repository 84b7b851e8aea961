/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "record/record_priv.h"
#include "record/series.h"

struct context {
	const struct skep_snapshot *s;
	uint64_t divide;
	const struct skep_resolver *resolver;
	enum skep_json_shape shape;
	struct skep_str *out;
};

static const char *const snapshot_kind_names[] = {
	[SKEP_SNAPSHOT_VALUE] = "value", [SKEP_SNAPSHOT_COUNT] = "count",
	[SKEP_SNAPSHOT_SUM] = "sum",	 [SKEP_SNAPSHOT_MIN] = "min",
	[SKEP_SNAPSHOT_MAX] = "max",	 [SKEP_SNAPSHOT_AVG] = "avg",
	[SKEP_SNAPSHOT_STATS] = "stats", [SKEP_SNAPSHOT_HIST] = "hist",
	[SKEP_SNAPSHOT_LHIST] = "lhist", [SKEP_SNAPSHOT_TSERIES] = "tseries",
};

static const char *const field_kind_names[SKEP_FIELD_KIND_MAX] = {
	[SKEP_FIELD_INT] = "int",
	[SKEP_FIELD_BOOL] = "bool",
	[SKEP_FIELD_PTR] = "ptr",
	[SKEP_FIELD_ENUM] = "enum",
	[SKEP_FIELD_STRING] = "string",
	[SKEP_FIELD_BUFFER] = "buffer",
	[SKEP_FIELD_KSTACK] = "kstack",
	[SKEP_FIELD_USTACK] = "ustack",
	[SKEP_FIELD_KSYM] = "ksym",
	[SKEP_FIELD_USYM] = "usym",
	[SKEP_FIELD_PROBE] = "probe",
	[SKEP_FIELD_USERNAME] = "username",
	[SKEP_FIELD_TIMESTAMP] = "timestamp",
	[SKEP_FIELD_CGROUP_PATH] = "cgroup_path",
	[SKEP_FIELD_INET] = "inet",
	[SKEP_FIELD_MAC] = "mac",
	[SKEP_FIELD_STRUCT] = "struct",
	[SKEP_FIELD_TUPLE] = "tuple",
	[SKEP_FIELD_ARRAY] = "array",
	[SKEP_FIELD_FLOAT] = "float",
	[SKEP_FIELD_BYTES] = "bytes",
	[SKEP_FIELD_HOST] = "string",
	[SKEP_FIELD_PROCESS] = "string",
};

const char *skep_snapshot_kind_name(enum skep_snapshot_kind kind)
{
	return snapshot_kind_names[kind];
}

const char *skep_field_kind_name(enum skep_field_kind kind)
{
	return field_kind_names[kind];
}

static void add_quoted(const char *text, struct skep_str *out)
{
	skep_json_string(text, strlen(text), out);
}

/* Closed ranges, as bpftrace has them: "max" is the largest value of the bucket. */
static void add_buckets(const struct context *c, const struct skep_snapshot_entry *entry)
{
	size_t first = 1, last = 0;
	bool has_low, has_high, is_signed;
	int64_t low = 0, high = 0;

	skep_str_addc(c->out, '[');
	if (!skep_snapshot_span(c->s, entry, &first, &last)) {
		skep_str_addc(c->out, ']');
		return;
	}
	for (size_t i = first; i <= last; i++) {
		skep_snapshot_range(c->s, i, &has_low, &low, &has_high, &high);
		/* -1, the end of what is below 0, is the only number of hist with a sign */
		is_signed = c->s->kind == SKEP_SNAPSHOT_LHIST || !has_low;
		skep_str_add(c->out, i > first ? ", {" : "{");
		if (has_low) {
			skep_str_add(c->out, "\"min\": ");
			skep_snapshot_number((uint64_t)low, 1, is_signed, c->out);
			skep_str_add(c->out, ", ");
		}
		if (has_high) {
			skep_str_add(c->out, "\"max\": ");
			skep_snapshot_number(skep_snapshot_largest(c->s, high), 1, is_signed,
					     c->out);
			skep_str_add(c->out, ", ");
		}
		skep_str_add(c->out, "\"count\": ");
		skep_snapshot_number(entry->numbers[i], c->divide, false, c->out);
		skep_str_addc(c->out, '}');
	}
	skep_str_addc(c->out, ']');
}

static void add_stats(const struct context *c, const struct skep_snapshot_entry *entry)
{
	skep_str_add(c->out, "{\"count\": ");
	skep_snapshot_number(entry->numbers[0], 1, false, c->out);
	skep_str_add(c->out, ", \"average\": ");
	skep_snapshot_number(skep_snapshot_average(c->s, entry), c->divide, c->s->is_signed,
			     c->out);
	skep_str_add(c->out, ", \"total\": ");
	skep_snapshot_number(entry->numbers[1], c->divide, c->s->is_signed, c->out);
	skep_str_addc(c->out, '}');
}

/* Intervals without a value have null. */
static void add_points(const struct context *c, const struct skep_snapshot_entry *entry)
{
	struct skep_series_point *points = calloc(skep_series_slots(c->s) + 1, sizeof(*points));
	size_t n;

	if (!points)
		skep_oom();
	n = skep_series_points(c->s, entry, c->divide, points);
	skep_str_addc(c->out, '[');
	for (size_t i = 0; i < n; i++) {
		skep_str_addf(c->out, "%s{\"%s\": ", i ? ", " : "",
			      c->shape == SKEP_JSON_OWN ? "start" : "interval_start");
		skep_json_time(points[i].start_ns, c->out);
		skep_str_add(c->out, ", \"value\": ");
		if (points[i].is_set)
			skep_snapshot_number((uint64_t)points[i].value, 1, c->s->is_signed, c->out);
		else
			skep_str_add(c->out, "null");
		skep_str_addc(c->out, '}');
	}
	skep_str_addc(c->out, ']');
	free(points);
}

static void add_value(const struct context *c, const struct skep_snapshot_entry *entry)
{
	const struct skep_snapshot *s = c->s;

	switch (s->kind) {
	case SKEP_SNAPSHOT_VALUE:
		if (s->value_field.kind == SKEP_FIELD_INT)
			skep_snapshot_number(skep_field_int(&s->value_field, entry->value),
					     c->divide, s->value_field.is_signed, c->out);
		else
			skep_field_json_shape(&s->value_field, entry->value, c->resolver, c->shape,
					      c->out);
		return;
	case SKEP_SNAPSHOT_AVG:
		if (c->shape == SKEP_JSON_OWN)
			add_stats(c, entry);
		else
			skep_snapshot_number(skep_snapshot_average(s, entry), c->divide,
					     s->is_signed, c->out);
		return;
	case SKEP_SNAPSHOT_STATS:
		add_stats(c, entry);
		return;
	case SKEP_SNAPSHOT_HIST:
	case SKEP_SNAPSHOT_LHIST:
		add_buckets(c, entry);
		return;
	case SKEP_SNAPSHOT_TSERIES:
		add_points(c, entry);
		return;
	default:
		skep_snapshot_number(entry->numbers[0], c->divide,
				     s->is_signed && s->kind != SKEP_SNAPSHOT_COUNT, c->out);
	}
}

/* The parts of a key as one text, "1,bash": what bpftrace makes the name of a member. */
static void add_joined_key(const struct context *c, const struct skep_snapshot_entry *entry)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};
	const struct skep_schema_field *keys = c->s->keys;
	const uint8_t *base = entry->key;
	size_t n = c->s->n_keys;

	if (n == 1 && keys[0].kind == SKEP_FIELD_TUPLE) {
		base += keys[0].offset;
		n = keys[0].n_children;
		keys = keys[0].children;
	}
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			skep_str_addc(&text, ',');
		skep_field_text_indent(&keys[i], base, c->resolver, SKEP_STACK_INDENT_KEY, &text);
	}
	skep_json_string(skep_str_text(&text), text.len, c->out);
}

static void add_bpftrace(const struct context *c, size_t start)
{
	const struct skep_snapshot *s = c->s;
	bool is_hist = s->kind == SKEP_SNAPSHOT_HIST || s->kind == SKEP_SNAPSHOT_LHIST;
	bool is_stats = s->kind == SKEP_SNAPSHOT_AVG || s->kind == SKEP_SNAPSHOT_STATS;

	skep_str_addf(c->out, "{\"type\": \"%s\", \"data\": {",
		      s->kind == SKEP_SNAPSHOT_TSERIES ? "tseries"
		      : is_hist			       ? "hist"
		      : is_stats		       ? "stats"
						       : "map");
	add_quoted(s->name, c->out);
	skep_str_add(c->out, s->n_keys ? ": {" : ": ");
	for (size_t i = start; i < s->n_entries; i++) {
		if (i > start)
			skep_str_add(c->out, ", ");
		if (s->n_keys) {
			add_joined_key(c, &s->entries[i]);
			skep_str_add(c->out, ": ");
		}
		add_value(c, &s->entries[i]);
	}
	skep_str_add(c->out, s->n_keys ? "}}}\n" : "}}\n");
}

static void add_own(const struct context *c, size_t start)
{
	const struct skep_snapshot *s = c->s;

	skep_str_add(c->out, "{\"type\": \"map\", \"name\": ");
	add_quoted(s->name, c->out);
	skep_str_addf(c->out, ", \"kind\": \"%s\"", snapshot_kind_names[s->kind]);
	if (s->time_ns) {
		skep_str_add(c->out, ", \"time\": ");
		skep_json_time(s->time_ns, c->out);
	}
	if (s->n_summed)
		skep_str_addf(c->out, ", \"summed_cpus\": %u", s->n_summed);
	skep_str_add(c->out, ", ");
	skep_snapshot_types(s, c->out);
	skep_str_add(c->out, ", \"entries\": [");
	for (size_t i = start; i < s->n_entries; i++) {
		skep_str_add(c->out, i > start ? ", {" : "{");
		if (s->n_keys)
			skep_str_add(c->out, "\"key\": [");
		for (size_t k = 0; k < s->n_keys; k++) {
			if (k > 0)
				skep_str_add(c->out, ", ");
			skep_field_json(&s->keys[k], s->entries[i].key, c->resolver, c->out);
		}
		skep_str_add(c->out, s->n_keys ? "], \"value\": " : "\"value\": ");
		add_value(c, &s->entries[i]);
		skep_str_addc(c->out, '}');
	}
	skep_str_add(c->out, "]}\n");
}

void skep_snapshot_json(const struct skep_snapshot *s, size_t top, uint64_t divide,
			bool bpftrace_shape, const struct skep_resolver *resolver,
			struct skep_str *out)
{
	struct context c = { s, divide, resolver,
			     bpftrace_shape ? SKEP_JSON_BPFTRACE : SKEP_JSON_OWN, out };

	if (bpftrace_shape && s->n_entries == 0) /* it has no record for an empty map */
		return;
	if (bpftrace_shape)
		add_bpftrace(&c, skep_snapshot_start(s, top));
	else
		add_own(&c, skep_snapshot_start(s, top));
}
