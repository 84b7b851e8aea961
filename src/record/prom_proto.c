/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The exposition as messages: what the text says, so that both always say the same.
 *
 *	# HELP, # TYPE, lines of one metric ──► MetricFamily, with its length in front
 *	le="3", le="7", le="15", ...	    ──► the same buckets, and beside them those of a native histogram of schema 0
 *
 * Source: client_model's metrics.proto; Prometheus, "Exposition formats" and "Native histograms".
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "record/message.h"
#include "record/prom.h"

enum type {
	COUNTER = 0,
	GAUGE = 1,
	SUMMARY = 2,
	HISTOGRAM = 4,
};

static const struct {
	const char *name, *field;
	uint32_t number; /* of Metric */
} types[] = {
	[COUNTER] = { "counter", "counter", 3 },
	[GAUGE] = { "gauge", "gauge", 2 },
	[SUMMARY] = { "summary", "summary", 4 },
	[HISTOGRAM] = { "histogram", "histogram", 7 },
};

#define ZERO_THRESHOLD 0x1p-128 /* what Prometheus' own libraries take; ours are whole numbers */

struct bucket {
	double bound;
	uint64_t count; /* of all up to it */
};

/* A line: NAME{LABELS} VALUE. */
struct line {
	const char *name, *labels, *value;
	size_t name_len, labels_len; /* without the braces */
	double number;
};

struct family {
	struct skep_str *out, bytes;
	struct skep_message m; /* into bytes */
	bool open;
	size_t name_len;
	enum type type;
	struct {
		SKEP_VEC(struct bucket);
	} buckets; /* of the histogram at hand, but for the last one */
	double sum;
};

static void add_varint(struct skep_str *out, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		skep_str_addc(out, (char)(value | 0x80));
	skep_str_addc(out, (char)value);
}

static void end_family(struct family *f)
{
	if (!f->open)
		return;
	skep_message_fini(&f->m);
	add_varint(f->out, f->bytes.len);
	skep_str_addn(f->out, skep_str_text(&f->bytes), f->bytes.len);
	skep_str_reset(&f->bytes);
	f->open = false;
}

/* What the text escapes, up to @end. */
static void add_plain(struct skep_message *m, uint32_t number, const char *name, const char *text,
		      const char *end)
{
	_cleanup_(skep_str_fini)
	struct skep_str plain = {};

	for (; text < end; text++) {
		if (*text == '\\' && text + 1 < end)
			text++;
		else {
			skep_str_addc(&plain, *text);
			continue;
		}
		skep_str_addc(&plain, *text == 'n' ? '\n' : *text);
	}
	skep_message_string(m, number, name, skep_str_text(&plain), plain.len);
}

/* "# HELP name text" begins a metric, "# TYPE name word" goes on. */
static void take_comment(struct family *f, const char *line, const char *end)
{
	const char *name = line + strlen("# HELP "),
		   *blank = memchr(name, ' ', (size_t)(end - name));

	if (!blank)
		return;
	if (skep_has_prefix(line, "# HELP ")) {
		end_family(f);
		f->open = true;
		f->name_len = (size_t)(blank - name);
		skep_message_init(&f->m, SKEP_MESSAGE_PROTOBUF, &f->bytes);
		skep_message_string(&f->m, 1, "name", name, f->name_len);
		add_plain(&f->m, 2, "help", blank + 1, end);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (types[i].name && strlen(types[i].name) == (size_t)(end - blank - 1) &&
		    strncmp(types[i].name, blank + 1, (size_t)(end - blank - 1)) == 0)
			f->type = (enum type)i;
	skep_message_uint32(&f->m, 3, "type", f->type);
}

static const char *end_of_quoted(const char *p)
{
	for (; *p && *p != '"'; p++)
		if (*p == '\\' && p[1])
			p++;
	return p;
}

static void add_labels(struct skep_message *m, const struct line *l)
{
	const char *p = l->labels, *end = p ? p + l->labels_len : NULL; /* none: no labels */

	skep_message_list(m, "label");
	while (p && p < end) {
		size_t len = strcspn(p, "=");
		const char *value = p + len + 2, *quote = end_of_quoted(value);

		if (len != 2 || strncmp(p, "le", 2) != 0) {
			skep_message_item(m, 1);
			skep_message_string(m, 1, "name", p, len);
			add_plain(m, 2, "value", value, quote);
			skep_message_end(m);
		}
		p = quote + 1 + (quote[1] == ',');
	}
	skep_message_list_end(m);
}

/* The bound of a bucket: le, which is the last label. */
static double bound_of(const struct line *l)
{
	const char *end = l->labels + l->labels_len - 1, *at = end;

	while (at > l->labels && at[-1] != '"')
		at--;
	return strtod(at, NULL); /* "+Inf" as well */
}

/*
 * The bounds of whole numbers in powers of two: 0, 1, 3, 7, ...; the number of the first bucket with one, SIZE_MAX: they are
 * others, or something is below zero.
 */
static size_t first_power(const struct family *f)
{
	const struct bucket *b = f->buckets.data;
	size_t n = f->buckets.len, first = n && b[0].bound == -1 ? 1 : 0;

	if (n <= first + 1 || (first && b[0].count) || b[first].bound != 0)
		return SIZE_MAX;
	for (size_t i = first + 1; i < n; i++)
		if (b[i].bound + 1 != ldexp(1, (int)(i - first)) &&
		    b[i].bound != ldexp(1, (int)(i - first)))
			return SIZE_MAX;
	return first;
}

static uint64_t zigzag(int64_t value)
{
	return (uint64_t)value << 1 ^ (uint64_t)(value >> 63);
}

/* Bucket i of schema 0 holds (2^(i-1), 2^i]; ours hold [2^(i-1), 2^i), as over OTLP. @total: of all, the last bucket too. */
static void add_native(struct family *f, uint64_t total)
{
	const struct bucket *b = f->buckets.data;
	size_t zero = first_power(f), n = f->buckets.len, first = 0, last = 0;
	uint64_t *deltas, count, before = 0;

	if (zero == SIZE_MAX)
		return;
	for (size_t i = zero + 1; i <= n; i++) {
		if ((i < n ? b[i].count : total) == b[i - 1].count)
			continue;
		first = first ? first : i;
		last = i;
	}
	skep_message_sint32(&f->m, 5, "schema", 0);
	skep_message_double(&f->m, 6, "zeroThreshold", ZERO_THRESHOLD);
	skep_message_int64(&f->m, 7, "zeroCount", (int64_t)b[zero].count);
	if (!first)
		return;
	skep_message_item(&f->m, 12);
	skep_message_sint32(&f->m, 1, "offset", (int32_t)(first - zero));
	skep_message_uint32(&f->m, 2, "length", (uint32_t)(last - first + 1));
	skep_message_end(&f->m);
	deltas = calloc(last - first + 1, sizeof(*deltas));
	if (!deltas)
		skep_oom();
	for (size_t i = first; i <= last; i++) {
		count = (i < n ? b[i].count : total) - b[i - 1].count;
		deltas[i - first] = zigzag((int64_t)(count - before));
		before = count;
	}
	skep_message_uint64s(&f->m, 13, "positiveDelta", deltas, last - first + 1);
	free(deltas);
}

static void add_buckets(struct family *f, uint64_t total)
{
	/* None was kept, so that an average is no number either. */
	skep_message_double(&f->m, 2, "sampleSum", (double)NAN);
	for (size_t i = 0; i < f->buckets.len; i++) {
		skep_message_item(&f->m, 3);
		skep_message_int64(&f->m, 1, "cumulativeCount", (int64_t)f->buckets.data[i].count);
		skep_message_double(&f->m, 2, "upperBound", f->buckets.data[i].bound);
		skep_message_end(&f->m);
	}
	add_native(f, total);
	f->buckets.len = 0;
}

/* Lines that are parts of a metric wait for its last one, NAME_count. */
static void take_line(struct family *f, const struct line *l)
{
	const char *suffix = l->name + f->name_len;
	bool has_parts = f->type == HISTOGRAM || f->type == SUMMARY;
	struct skep_message *m = &f->m;

	if (has_parts && skep_has_prefix(suffix, "_bucket")) {
		double bound = bound_of(l);

		if (!isinf(bound))
			skep_vec_add(&f->buckets,
				     (struct bucket){ bound, strtoull(l->value, NULL, 10) });
		return;
	}
	if (has_parts && skep_has_prefix(suffix, "_sum")) {
		f->sum = l->number;
		return;
	}
	skep_message_item(m, 4);
	add_labels(m, l);
	skep_message_begin(m, types[f->type].number, types[f->type].field);
	if (has_parts)
		skep_message_int64(m, 1, "sampleCount", (int64_t)strtoull(l->value, NULL, 10));
	if (f->type == HISTOGRAM)
		add_buckets(f, strtoull(l->value, NULL, 10));
	else
		skep_message_double(m, has_parts ? 2 : 1, has_parts ? "sampleSum" : "value",
				    has_parts ? f->sum : l->number);
	skep_message_end(m);
	skep_message_end(m);
}

static bool part_line(const char *at, const char *end, struct line *ret)
{
	const char *p = at;

	*ret = (struct line){ .name = at, .name_len = strcspn(at, "{ ") };
	p += ret->name_len;
	if (*p == '{') {
		ret->labels = ++p;
		while (p < end && *p != '}')
			p = *p == '"' ? end_of_quoted(p + 1) + 1 : p + 1;
		ret->labels_len = (size_t)(p - ret->labels);
		p++;
	}
	if (p >= end || *p != ' ')
		return false;
	ret->value = p + 1;
	ret->number = strtod(p + 1, NULL);
	return true;
}

void skep_prom_protobuf(const char *text, const struct skep_breath *breath, struct skep_str *out)
{
	struct family f = { .out = out };
	struct line line;
	size_t n = 0;

	for (const char *end; *text; text = *end ? end + 1 : end) {
		end = text + strcspn(text, "\n");
		skep_breathe(breath, n++);
		if (*text == '#')
			take_comment(&f, text, end);
		else if (f.open && part_line(text, end, &line))
			take_line(&f, &line);
	}
	end_family(&f);
	skep_str_fini(&f.bytes);
	skep_vec_fini(&f.buckets);
}
