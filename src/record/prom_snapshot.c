/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "base/hash.h"
#include "base/vec.h"
#include "record/prom_priv.h"
#include "record/record_priv.h"
#include "record/series.h"

struct writer {
	struct skep_prom *prom;
	const struct skep_snapshot *s;
	const struct skep_resolver *resolver;
	struct skep_arena *arena;
	const char **labels; /* of each entry: 'uid="root",comm="cat"', all different */
	struct skep_str *out;
	bool skip_first; /* the first bucket of histograms is left out */
};

/*
 * Labels.
 */

static void add_label(const struct skep_schema_field *f, const void *payload,
		      const struct writer *w, struct skep_str *out)
{
	_cleanup_(skep_str_fini)
	struct skep_str name = {}, text = {};
	unsigned n = 1;

	prom_name(f->name ? f->name : "key", &name);
	if (skep_streq(name.data, "le") || skep_streq(name.data, "quantile"))
		skep_str_add(&name, "_value");
	/* The same name again, of a key that is also a member. */
	for (const char *p = skep_str_text(out); (p = strstr(p, name.data)); p++)
		n += (p == out->data || p[-1] == ',') && p[name.len] == '=';
	if (n > 1)
		skep_str_addf(&name, "_%u", n);
	skep_field_cell(f, payload, w->resolver, &text);
	skep_str_addf(out, "%s%s=", out->len ? "," : "", name.data);
	prom_quoted(skep_str_text(&text), text.len, out);
}

static void add_labels(const struct writer *w, const struct skep_snapshot_entry *entry,
		       struct skep_str *out)
{
	const struct skep_schema_field *fields;
	size_t base, n = skep_snapshot_keys(w->s, &fields, &base);

	for (size_t i = 0; i < n; i++)
		add_label(&fields[i], (const uint8_t *)entry->key + base, w, out);
	if (w->s->kind != SKEP_SNAPSHOT_VALUE)
		return;
	n = skep_snapshot_values(w->s, &fields);
	for (size_t i = 0; i < n; i++)
		if (!skep_field_is_measure(&fields[i]))
			add_label(&fields[i], entry->value, w, out);
}

/* Two keys may be shown by the same name; a series must not come twice. */
static void make_labels(struct writer *w)
{
	_cleanup_(skep_hash_fini)
	struct skep_hash seen = {};

	w->labels = skep_arena_calloc(w->arena, w->s->n_entries + 1, sizeof(*w->labels));
	for (size_t i = 0; i < w->s->n_entries; i++) {
		_cleanup_(skep_str_fini)
		struct skep_str text = {};
		size_t len;

		skep_breathe(w->prom->breath, i);
		add_labels(w, &w->s->entries[i], &text);
		len = text.len;
		for (unsigned n = 2; skep_hash_get_str(&seen, skep_str_text(&text)); n++) {
			text.len = len;
			skep_str_addf(&text, "%ssame=\"%u\"", len ? "," : "", n);
		}
		w->labels[i] = skep_arena_strdup(w->arena, skep_str_text(&text));
		skep_hash_set_str(&seen, w->labels[i], w);
	}
}

/*
 * Metrics.
 */

/* "calls of counts, by uid, comm" */
static char *begin(const struct writer *w, const char *member, const char *unit,
		   enum skep_prom_type type)
{
	const struct skep_schema_field *keys;
	size_t base, n = skep_snapshot_keys(w->s, &keys, &base);
	const char *name = w->s->name + strspn(w->s->name, "@.");
	_cleanup_(skep_str_fini)
	struct skep_str help = {}, full = {};

	skep_str_addf(&help, "%s%s%s", member ? member : "", member ? " of " : "", w->s->name);
	for (size_t i = 0; i < n; i++)
		skep_str_addf(&help, "%s%s", i ? ", " : ", by ",
			      keys[i].name ? keys[i].name : "key");
	if (w->s->n_summed)
		skep_str_addf(&help, "; sum of %u CPUs", w->s->n_summed);
	/* A row that is called as its tool is. */
	if (w->prom->scope && w->s->name[0] != '@' && skep_streq(name, w->prom->scope))
		skep_str_add(&full, name);
	else
		skep_str_addf(&full, "%s%s%s", w->prom->scope ? w->prom->scope : "",
			      w->prom->scope ? "." : "", *name ? name : "map");
	return prom_begin(w->prom, full.data, member, unit, type, help.data, w->out);
}

/* @extra: one more label, or "". */
static void add_series(const struct writer *w, size_t entry, const char *name, const char *suffix,
		       const char *extra)
{
	const char *labels = w->labels[entry];
	bool any = *labels || *extra;

	skep_str_addf(w->out, "%s%s%s%s%s%s%s ", name, suffix, any ? "{" : "", labels,
		      *labels && *extra ? "," : "", extra, any ? "}" : "");
}

static void add_measure(const struct writer *w, const struct skep_schema_field *f,
			const void *value)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};

	if (f->kind != SKEP_FIELD_FLOAT) {
		prom_number(skep_field_int(f, value), f->is_signed,
			    f->kind == SKEP_FIELD_TIMESTAMP ? "ns" : f->unit, w->out);
		return;
	}
	skep_field_text(f, value, NULL, &text);
	skep_str_add(w->out, strstr(skep_str_text(&text), "nan") ? "NaN"
			     : skep_streq(text.data, "inf")	 ? "+Inf"
			     : skep_streq(text.data, "-inf")	 ? "-Inf"
								 : text.data);
}

static void add_values(const struct writer *w)
{
	const struct skep_schema_field *fields;
	size_t n = skep_snapshot_values(w->s, &fields), n_measures = 0;
	bool is_struct = fields != &w->s->value_field;

	for (size_t k = 0; k < n; k++) {
		bool counter = fields[k].role == SKEP_ROLE_TOTAL;
		_cleanup_free_ char *name = NULL;

		if (!skep_field_is_measure(&fields[k]))
			continue;
		n_measures++;
		name = begin(w, is_struct ? fields[k].name : NULL,
			     fields[k].kind == SKEP_FIELD_TIMESTAMP ? "s" : fields[k].unit,
			     counter ? SKEP_PROM_COUNTER : SKEP_PROM_GAUGE);
		for (size_t i = 0; i < w->s->n_entries; i++) {
			skep_breathe(w->prom->breath, i);
			if (skep_field_is_none(&fields[k], w->s->entries[i].value))
				continue;
			add_series(w, i, name, counter ? "_total" : "", "");
			add_measure(w, &fields[k], w->s->entries[i].value);
			skep_str_addc(w->out, '\n');
		}
	}
	if (!n_measures && (w->s->n_entries || w->prom->tell)) {
		_cleanup_free_ char *name = begin(w, "info", NULL, SKEP_PROM_GAUGE);

		for (size_t i = 0; i < w->s->n_entries; i++) {
			skep_breathe(w->prom->breath, i);
			add_series(w, i, name, "", "");
			skep_str_add(w->out, "1\n");
		}
	}
}

static void add_numbers(const struct writer *w)
{
	bool is_signed = w->s->is_signed && w->s->kind != SKEP_SNAPSHOT_COUNT;
	/* What programs keep for each CPU may as well go down. */
	bool counter = !w->s->is_level &&
		       (w->s->kind == SKEP_SNAPSHOT_COUNT ||
			(w->s->kind == SKEP_SNAPSHOT_SUM && !is_signed && !w->s->n_summed));
	const char *unit = w->s->value_field.unit;
	_cleanup_free_ char *name =
		begin(w, NULL, unit, counter ? SKEP_PROM_COUNTER : SKEP_PROM_GAUGE);

	for (size_t i = 0; i < w->s->n_entries; i++) {
		skep_breathe(w->prom->breath, i);
		add_series(w, i, name, counter ? "_total" : "", "");
		prom_number(w->s->entries[i].numbers[0], is_signed, unit, w->out);
		skep_str_addc(w->out, '\n');
	}
}

static void add_summaries(const struct writer *w)
{
	_cleanup_free_ char *name = begin(w, NULL, w->s->value_field.unit, SKEP_PROM_SUMMARY);

	for (size_t i = 0; i < w->s->n_entries; i++) {
		skep_breathe(w->prom->breath, i);
		add_series(w, i, name, "_sum", "");
		prom_number(w->s->entries[i].numbers[1], w->s->is_signed, w->s->value_field.unit,
			    w->out);
		skep_str_addc(w->out, '\n');
		add_series(w, i, name, "_count", "");
		skep_str_addf(w->out, "%" PRIu64 "\n", w->s->entries[i].numbers[0]);
	}
}

/* Up to and with the largest value of a bucket, or up to its end. */
static void add_bucket(const struct writer *w, size_t entry, const char *name, size_t bucket,
		       uint64_t count)
{
	_cleanup_(skep_str_fini)
	struct skep_str le = {};
	bool has_low, has_high;
	int64_t low = 0, high = 0;

	skep_snapshot_range(w->s, bucket, &has_low, &low, &has_high, &high);
	if (!has_high)
		return; /* +Inf, which comes last */
	skep_str_add(&le, "le=\"");
	prom_number(skep_snapshot_bound(w->s, high), w->s->kind == SKEP_SNAPSHOT_LHIST || !has_low,
		    w->s->value_field.unit, &le);
	skep_str_addc(&le, '"');
	add_series(w, entry, name, "_bucket", le.data);
	skep_str_addf(w->out, "%" PRIu64 "\n", count);
}

/* hist() has one bucket for all below zero, which few numbers can be: it is there when one was. */
static bool any_below_zero(const struct skep_snapshot *s)
{
	for (size_t i = 0; i < s->n_entries; i++)
		if (s->entries[i].numbers[0])
			return true;
	return false;
}

static void add_histogram(const struct writer *w, size_t entry, const char *name)
{
	const struct skep_snapshot *s = w->s;
	size_t first = s->hist_low_zero ? 2 : w->skip_first, last = s->n_numbers - 1;
	uint64_t count = 0;

	if (s->n_numbers > SKEP_PROM_BUCKETS_MAX &&
	    !skep_snapshot_span(s, &s->entries[entry], &first, &last))
		return;
	for (size_t i = first; i <= last; i++) {
		count += s->entries[entry].numbers[i];
		add_bucket(w, entry, name, i, count);
	}
	add_series(w, entry, name, "_bucket", "le=\"+Inf\"");
	skep_str_addf(w->out, "%" PRIu64 "\n", count);
	add_series(w, entry, name, "_count", "");
	skep_str_addf(w->out, "%" PRIu64 "\n", count);
}

static void add_histograms(const struct writer *w)
{
	_cleanup_free_ char *name = begin(w, NULL, w->s->value_field.unit, SKEP_PROM_HISTOGRAM);
	struct writer each = *w;

	each.skip_first = w->s->kind == SKEP_SNAPSHOT_HIST && !any_below_zero(w->s);
	for (size_t i = 0; i < w->s->n_entries; i++) {
		skep_breathe(w->prom->breath, i);
		add_histogram(&each, i, name);
	}
}

static void add_last_points(const struct writer *w)
{
	_cleanup_free_ char *name = begin(w, NULL, w->s->value_field.unit, SKEP_PROM_GAUGE);
	struct skep_series_point *points =
		skep_arena_calloc(w->arena, skep_series_slots(w->s) + 1, sizeof(*points));

	for (size_t i = 0; i < w->s->n_entries; i++) {
		size_t n = skep_series_points(w->s, &w->s->entries[i], 0, points);

		skep_breathe(w->prom->breath, i);
		while (n && !points[n - 1].is_set)
			n--;
		if (!n)
			continue;
		add_series(w, i, name, "", "");
		prom_number((uint64_t)points[n - 1].value, w->s->is_signed, w->s->value_field.unit,
			    w->out);
		skep_str_addc(w->out, '\n');
	}
}

void skep_prom_snapshot(struct skep_prom *prom, const struct skep_snapshot *snapshot,
			const struct skep_resolver *resolver, struct skep_str *out)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	struct writer w = {
		.prom = prom, .s = snapshot, .resolver = resolver, .arena = arena, .out = out
	};

	prom->snapshot = snapshot;
	make_labels(&w);
	switch (snapshot->kind) {
	case SKEP_SNAPSHOT_VALUE:
		add_values(&w);
		return;
	case SKEP_SNAPSHOT_AVG:
	case SKEP_SNAPSHOT_STATS:
		add_summaries(&w);
		return;
	case SKEP_SNAPSHOT_HIST:
	case SKEP_SNAPSHOT_LHIST:
		add_histograms(&w);
		return;
	case SKEP_SNAPSHOT_TSERIES:
		add_last_points(&w);
		return;
	default:
		add_numbers(&w);
	}
}
