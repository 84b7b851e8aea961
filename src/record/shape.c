/* SPDX-License-Identifier: Apache-2.0 */
#include "record/shape.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/vec.h"
#include "record/record_priv.h"

#define STARS 40      /* of a histogram's bar */
#define STARS_WIDE 20 /* and where bounds need more than 32 bits */

enum what {
	LITERAL,
	FIELD,
	VERSION, /* of an address's protocol */
	OCTAL,
	SIGNAL, /* the number of a signal's name */
	EXIT,	/* a code, and the name of a signal or "" */
	FLOW,	/* class and method of a call */
	TIME,
	SINCE,
};

struct column {
	enum what what;
	char *header;	      /* or the literal */
	char *field, *second; /* second: or NULL */
	int width, precision; /* precision -1: none */
	bool left;
	int64_t divide; /* 0: it is shown as it is */
};

struct skep_shape {
	struct {
		SKEP_VEC(struct column);
	} columns;
	char *hist;    /* unit of histograms, or NULL */
	char sep;      /* between columns without width; 0: a blank, between such with one */
	char *counts;  /* what the key of counts is called, or NULL */
	char *counted; /* what they are counts of; NULL: they have the form of syscount */
	int counts_width;
	uint64_t first_ns;
};

static char *copy(const char *text, size_t len)
{
	char *s = strndup(text, len);

	if (!s)
		skep_oom();
	return s;
}

/* "-16.16", "7.2/1000" */
static int parse_format(const char *text, struct column *c)
{
	char *end = (char *)text;

	c->left = *text == '-';
	c->width = abs((int)strtol(text, &end, 10));
	if (*end == '.')
		c->precision = (int)strtol(end + 1, &end, 10);
	if (*end == '/')
		c->divide = strtoll(end + 1, &end, 10);
	return *end ? -EINVAL : 0;
}

/* "laddr+lport", "raddr@ip", "@time" */
static int parse_field(const char *text, size_t len, struct column *c)
{
	static const struct {
		const char *word;
		enum what what;
		bool of_field;
	} words[] = {
		{ "@ip", VERSION, true },   { "@octal", OCTAL, true }, { "@signal", SIGNAL, true },
		{ "@exit", EXIT, true },    { "@flow", FLOW, true },   { "@time", TIME, false },
		{ "@since", SINCE, false },
	};
	const char *at = memchr(text, '@', len), *plus;
	size_t names = at ? (size_t)(at - text) : len, first;

	plus = memchr(text, '+', names);
	first = plus ? (size_t)(plus - text) : names;
	c->field = copy(text, first);
	if (plus)
		c->second = copy(plus + 1, names - first - 1);
	if (!at)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strlen(words[i].word) == len - names &&
		    memcmp(at, words[i].word, len - names) == 0 && words[i].of_field == (first > 0))
			c->what = words[i].what;
	return c->what == FIELD || ((c->what == EXIT || c->what == FLOW) && !c->second) ? -EINVAL
											: 0;
}

static bool is_word(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((text[i] >= 'A' && text[i] <= 'Z') || (text[i] >= 'a' && text[i] <= 'z'))
			return true;
	return false;
}

static int parse_column(const char *text, size_t len, struct column *c)
{
	const char *equals = memchr(text, '=', len), *colon = NULL;
	_cleanup_free_ char *format = NULL;
	int r;

	if (!is_word(text, len)) {
		c->what = LITERAL;
		c->header = copy(text, len);
		return 0;
	}
	c->what = FIELD;
	/* Behind the field's name, as a header may have a colon. */
	for (const char *p = equals ? equals : text; p < text + len; p++)
		colon = *p == ':' ? p : colon;
	c->header = copy(text, (size_t)((equals ? equals : colon ? colon : text + len) - text));
	for (char *p = c->header; *p; p++)
		*p = *p == '~' ? ' ' : *p;
	if (equals) {
		equals++;
		r = parse_field(equals, (size_t)((colon ? colon : text + len) - equals), c);
		if (r < 0)
			return r;
	} else {
		c->field = copy(c->header, strlen(c->header));
		for (char *p = c->field; *p; p++)
			*p = *p >= 'A' && *p <= 'Z' ? (char)(*p - 'A' + 'a') : *p;
	}
	format = colon ? copy(colon + 1, (size_t)(text + len - colon - 1)) : NULL;
	return format ? parse_format(format, c) : 0;
}

/* "SYSCALL", "METHOD:50:CALLS" */
static void parse_counts(struct skep_shape *shape)
{
	char *colon = strchr(shape->counts, ':'), *end;

	shape->counted = NULL;
	if (!colon)
		return;
	*colon = '\0';
	shape->counts_width = (int)strtol(colon + 1, &end, 10);
	shape->counted = *end == ':' ? end + 1 : end;
}

int skep_shape_new(const char *text, struct skep_shape **ret_shape)
{
	_cleanup_(skep_shape_freep)
	struct skep_shape *shape = calloc(1, sizeof(*shape));
	int r = 0;

	if (!shape)
		skep_oom();
	for (size_t len; r >= 0 && *(text += strspn(text, " ")); text += len) {
		len = strcspn(text, " ");
		if (skep_has_prefix(text, "hist=")) {
			free(shape->hist);
			shape->hist = copy(text + 5, len - 5);
			continue;
		}
		if (skep_has_prefix(text, "sep=")) {
			shape->sep = text[4];
			continue;
		}
		if (skep_has_prefix(text, "counts=")) {
			free(shape->counts);
			shape->counts = copy(text + 7, len - 7);
			parse_counts(shape);
			continue;
		}
		skep_vec_add(&shape->columns, (struct column){ .precision = -1 });
		r = parse_column(text, len, &skep_vec_last(&shape->columns));
	}
	if (r < 0)
		return r;
	*ret_shape = TAKE_PTR(shape);
	return 0;
}

void skep_shape_free(struct skep_shape *shape)
{
	if (!shape)
		return;
	for (size_t i = 0; i < shape->columns.len; i++) {
		free(shape->columns.data[i].header);
		free(shape->columns.data[i].field);
		free(shape->columns.data[i].second);
	}
	skep_vec_fini(&shape->columns);
	free(shape->hist);
	free(shape->counts);
	free(shape);
}

static const struct skep_schema_field *find(const struct skep_schema *schema, const char *name)
{
	for (size_t i = 0; name && i < schema->n_fields; i++)
		if (skep_streq(schema->fields[i].name, name))
			return &schema->fields[i];
	return NULL;
}

static bool is_there(const struct column *c, const struct skep_schema *schema)
{
	return !*(c->field ? c->field : "") ||
	       (find(schema, c->field) && (!c->second || find(schema, c->second)));
}

static void add_cell(const struct column *c, const char *text, struct skep_str *out)
{
	bool cut = c->precision >= 0 && !c->divide && c->what == FIELD;
	_cleanup_(skep_str_fini)
	struct skep_str shown = {};
	unsigned columns;
	size_t len, gap;

	skep_cell_shown(text, strlen(text), &shown);
	len = skep_cell_cut(skep_str_text(&shown), shown.len,
			    cut ? (unsigned)c->precision : UINT_MAX, &columns);
	gap = c->width > (int)columns ? (size_t)c->width - columns : 0;
	if (!c->left)
		skep_str_pad(out, ' ', gap);
	skep_str_addn(out, skep_str_text(&shown), len);
	if (c->left)
		skep_str_pad(out, ' ', gap);
}

static void add_time(struct skep_str *out)
{
	time_t now = time(NULL);
	struct tm tm;
	char text[16];

	localtime_r(&now, &tm);
	strftime(text, sizeof(text), "%H:%M:%S", &tm);
	skep_str_add(out, text);
}

static void add_fields(const struct column *c, const struct skep_schema *schema,
		       const void *payload, const struct skep_resolver *resolver,
		       struct skep_str *out)
{
	const struct skep_schema_field *f = find(schema, c->field);

	if (c->divide && skep_field_has_int(f)) {
		skep_str_addf(out, "%.*f", MAX(c->precision, 0),
			      (double)(int64_t)skep_field_int(f, payload) / (double)c->divide +
				      0.0); /* no "-0" */
		return;
	}
	skep_field_cell(f, payload, resolver, out);
	if (!c->second)
		return;
	skep_str_addc(out, ':');
	skep_field_cell(find(schema, c->second), payload, resolver, out);
}

/* Of "SIGKILL" 9, of "0" 0, and of "SIGRT3" 35. */
static int signal_number(const char *name)
{
	const char *abbrev;

	if (skep_has_prefix(name, "SIGRT"))
		return 32 + atoi(name + 5);
	if (!skep_has_prefix(name, "SIG"))
		return atoi(name);
	for (int i = 1; i < 32; i++) {
		abbrev = sigabbrev_np(i);
		if (abbrev && skep_streq(abbrev, name + 3))
			return i;
	}
	return 0;
}

/* How a process ended, in the words of BCC's exitsnoop. */
static void add_exit(const struct column *c, const struct skep_schema *schema, const void *payload,
		     const struct skep_resolver *resolver, struct skep_str *out)
{
	_cleanup_(skep_str_fini)
	struct skep_str code = {};
	_cleanup_(skep_str_fini)
	struct skep_str name = {};
	const char *text;

	skep_field_cell(find(schema, c->field), payload, resolver, &code);
	skep_field_cell(find(schema, c->second), payload, resolver, &name);
	text = skep_str_text(&name);
	if (*text)
		skep_str_addf(out, "signal %d (%s)", signal_number(text),
			      skep_has_prefix(text, "SIG") ? text + 3 : text);
	else if (skep_streq(skep_str_text(&code), "0"))
		skep_str_addc(out, '0');
	else
		skep_str_addf(out, "code %s", skep_str_text(&code));
}

/* "    -> class.method" */
static void add_flow(const struct column *c, const struct skep_schema *schema, const void *payload,
		     const struct skep_resolver *resolver, struct skep_str *out)
{
	const struct skep_schema_field *depth = find(schema, "depth"), *flow = find(schema, "flow");
	int64_t level = depth && skep_field_has_int(depth) ? skep_field_int(depth, payload) : 1;

	skep_str_pad(out, ' ', level > 1 ? (size_t)(MIN(level, 100) - 1) * 2 : 0);
	if (flow) {
		skep_field_cell(flow, payload, resolver, out);
		skep_str_addc(out, ' ');
	}
	skep_field_cell(find(schema, c->field), payload, resolver, out);
	skep_str_addc(out, '.');
	skep_field_cell(find(schema, c->second), payload, resolver, out);
}

static void add_value(struct skep_shape *shape, const struct column *c,
		      const struct skep_schema *schema, const void *payload,
		      const struct skep_resolver *resolver, struct skep_str *out)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};
	_cleanup_(skep_str_fini)
	struct skep_str words = {};
	uint64_t now = skep_clock_ns(CLOCK_MONOTONIC);

	switch (c->what) {
	case LITERAL:
		skep_str_add(out, c->header);
		return;
	case TIME:
		add_time(&text);
		break;
	case SINCE:
		if (!shape->first_ns)
			shape->first_ns = now;
		skep_str_addf(&text, "%.*f", MAX(c->precision, 0),
			      (double)(now - shape->first_ns) / 1e9);
		break;
	case OCTAL:
		skep_str_addf(&text, "%08" PRIo64, skep_field_int(find(schema, c->field), payload));
		break;
	case VERSION:
		add_fields(c, schema, payload, resolver, &words);
		skep_str_addc(&text, strchr(skep_str_text(&words), ':') ? '6' : '4');
		break;
	case SIGNAL:
		add_fields(c, schema, payload, resolver, &words);
		skep_str_addf(&text, "%d", signal_number(skep_str_text(&words)));
		break;
	case EXIT:
		add_exit(c, schema, payload, resolver, &text);
		break;
	case FLOW:
		add_flow(c, schema, payload, resolver, out);
		return;
	default:
		add_fields(c, schema, payload, resolver, &text);
	}
	add_cell(c, skep_str_text(&text), out);
}

/* @payload NULL: the header. */
static void add_line(struct skep_shape *shape, const struct skep_schema *schema,
		     const void *payload, const struct skep_resolver *resolver,
		     struct skep_str *out)
{
	bool first = true;

	for (size_t i = 0; i < shape->columns.len; i++) {
		struct column c = shape->columns.data[i];

		if (!is_there(&c, schema) || (shape->sep && c.what == LITERAL))
			continue;
		if (shape->sep)
			c.width = 0;
		if (!first)
			skep_str_addc(out, shape->sep ? shape->sep : ' ');
		first = false;
		if (payload)
			add_value(shape, &c, schema, payload, resolver, out);
		else
			add_cell(&c, c.header, out);
	}
	if (!first)
		skep_str_addc(out, '\n');
}

void skep_shape_header(struct skep_shape *shape, const struct skep_schema *schema,
		       struct skep_str *out)
{
	add_line(shape, schema, NULL, NULL, out);
}

void skep_shape_row(struct skep_shape *shape, const struct skep_schema *schema, const void *payload,
		    const struct skep_resolver *resolver, struct skep_str *out)
{
	add_line(shape, schema, payload, resolver, out);
}

/* Up to the last bucket that has something. A value of 0 stands in the first one, with 1. */
static size_t buckets(const struct skep_snapshot *s, const struct skep_snapshot_entry *entry,
		      uint64_t counts[64])
{
	size_t n = 1;

	memset(counts, 0, 64 * sizeof(*counts));
	for (size_t i = 0; i < s->n_numbers; i++) {
		uint64_t low, high;
		unsigned at;

		if (!entry->numbers[i] || !skep_hist_range(s->hist_bits, i, &low, &high))
			continue;
		at = low ? 63 - (unsigned)__builtin_clzll(low) : 0;
		counts[at] += entry->numbers[i];
		n = MAX(n, (size_t)at + 1);
	}
	return n;
}

static void add_powers(const char *unit, const struct skep_snapshot *s,
		       const struct skep_snapshot_entry *entry, struct skep_str *out)
{
	uint64_t counts[64], most = 1;
	size_t n = buckets(s, entry, counts);
	bool wide = n > 32;
	int stars = wide ? STARS_WIDE : STARS, width = wide ? 20 : 10;

	skep_str_addf(out, "%*s%-*s : count    %sdistribution\n", wide ? 15 : 5, "", wide ? 29 : 19,
		      unit, wide ? "" : " ");
	for (size_t i = 0; i < n; i++)
		most = MAX(most, counts[i]);
	for (size_t i = 0; i < n; i++) {
		uint64_t low = i ? UINT64_C(1) << i : 0, high = (UINT64_C(2) << i) - 1;
		int bar = (int)((unsigned __int128)counts[i] * (unsigned)stars / most);

		skep_str_addf(out, "%*" PRIu64 " -> %-*" PRIu64 " : %-8" PRIu64 " |", width, low,
			      width, high, counts[i]);
		skep_str_pad(out, '*', (size_t)bar);
		skep_str_pad(out, ' ', (size_t)(stars - bar));
		skep_str_add(out, "|\n");
	}
}

static void add_steps(const char *unit, const struct skep_snapshot *s,
		      const struct skep_snapshot_entry *entry, struct skep_str *out)
{
	uint64_t most = 1;
	size_t n = 0;

	for (size_t i = 0; i < s->n_numbers; i++) {
		most = MAX(most, entry->numbers[i]);
		n = entry->numbers[i] ? i + 1 : n;
	}
	skep_str_addf(out, "     %-13s : count     distribution\n", unit);
	for (size_t i = 1; i < n; i++) {
		int bar = (int)((unsigned __int128)entry->numbers[i] * STARS / most);

		skep_str_addf(out, "        %-10" PRId64 " : %-8" PRIu64 " |",
			      s->lhist_min + (int64_t)(i - 1) * s->lhist_step, entry->numbers[i]);
		skep_str_pad(out, '*', (size_t)bar);
		skep_str_pad(out, ' ', (size_t)(STARS - bar));
		skep_str_add(out, "|\n");
	}
}

/* "pid = 4711" over the histogram of a key. */
static void add_keys(const struct skep_snapshot *s, const struct skep_snapshot_entry *entry,
		     const struct skep_resolver *resolver, struct skep_str *out)
{
	const struct skep_schema_field *keys;
	size_t base, n = skep_snapshot_keys(s, &keys, &base);

	if (!n)
		return;
	skep_str_addc(out, '\n');
	for (size_t i = 0; i < n; i++) {
		if (i)
			skep_str_addc(out, ' ');
		else
			skep_str_addf(out, "%s = ", keys[i].name);
		skep_field_cell(&keys[i], (const uint8_t *)entry->key + base, resolver, out);
	}
	skep_str_addc(out, '\n');
}

/* What BCC calls the unit of a histogram. */
static const char *unit_of(const struct skep_shape *shape, const struct skep_snapshot *s)
{
	static const char *const names[][2] = {
		{ "ns", "nsecs" }, { "us", "usecs" }, { "ms", "msecs" }, { "s", "secs" }
	};

	for (size_t i = 0; i < ARRAY_SIZE(names) && s->value_field.unit; i++)
		if (skep_streq(s->value_field.unit, names[i][0]))
			return names[i][1];
	return shape->hist;
}

/* As BCC's tools for languages: the largest last. */
static void add_calls(const struct skep_shape *shape, const struct skep_snapshot *s, size_t top,
		      const struct skep_resolver *resolver, struct skep_str *out)
{
	const struct skep_schema_field *keys;
	size_t base, n = skep_snapshot_keys(s, &keys, &base);
	struct column c = { .left = true, .width = shape->counts_width, .precision = -1 };
	bool counts = s->kind == SKEP_SNAPSHOT_COUNT;
	const char *unit = s->value_field.unit ?: "";

	skep_str_addf(out, "\n%-*s ", c.width, shape->counts);
	if (counts || skep_streq(unit, "bytes"))
		skep_str_addf(out, counts ? "# %s\n" : "     # %s\n",
			      counts ? shape->counted : "BYTES");
	else
		skep_str_addf(out, "TIME (%s)\n", unit);
	for (size_t i = skep_snapshot_start(s, top); i < s->n_entries; i++) {
		_cleanup_(skep_str_fini)
		struct skep_str text = {};

		for (size_t k = 0; k < n; k++) {
			if (text.len)
				skep_str_addc(&text, '.');
			skep_field_cell(&keys[k], (const uint8_t *)s->entries[i].key + base,
					resolver, &text);
		}
		add_cell(&c, skep_str_text(&text), out);
		skep_str_addf(out, " %*" PRIu64 "\n", counts ? 8 : 12, s->entries[i].numbers[0]);
	}
}

/* The largest first, and a blank line behind them. */
static void add_counts(const struct skep_shape *shape, const struct skep_snapshot *s, size_t top,
		       const struct skep_resolver *resolver, struct skep_str *out)
{
	const struct skep_schema_field *keys;
	size_t base, n = skep_snapshot_keys(s, &keys, &base), start = skep_snapshot_start(s, top);
	bool is_pid = n == 2;

	skep_str_addc(out, '[');
	add_time(out);
	skep_str_addf(out, "]\n%-*s%s %8s\n", is_pid ? 6 : 22, is_pid ? "PID" : shape->counts,
		      is_pid ? " COMM           " : "",
		      s->kind == SKEP_SNAPSHOT_COUNT ? "COUNT"
		      : skep_streq(s->value_field.unit ? s->value_field.unit : "", "ms")
			      ? "TIME (ms)"
			      : "TIME (us)");
	for (size_t i = s->n_entries; i-- > start;) {
		for (size_t k = 0; k < n; k++) {
			struct column c = { .left = true, .width = is_pid ? (k ? 15 : 6) : 22 };
			_cleanup_(skep_str_fini)
			struct skep_str text = {};

			skep_field_cell(&keys[k], (const uint8_t *)s->entries[i].key + base,
					resolver, &text);
			c.precision = -1;
			add_cell(&c, skep_str_text(&text), out);
			skep_str_addc(out, ' ');
		}
		skep_str_addf(out, "%8" PRIu64 "\n", s->entries[i].numbers[0]);
	}
	skep_str_addc(out, '\n');
}

bool skep_shape_map(const struct skep_shape *shape, const struct skep_snapshot *snapshot,
		    size_t top, const struct skep_resolver *resolver, struct skep_str *out)
{
	bool powers = snapshot->kind == SKEP_SNAPSHOT_HIST;

	if (shape->counts &&
	    (snapshot->kind == SKEP_SNAPSHOT_COUNT || snapshot->kind == SKEP_SNAPSHOT_SUM)) {
		if (snapshot->n_entries && shape->counted)
			add_calls(shape, snapshot, top, resolver, out);
		else if (snapshot->n_entries)
			add_counts(shape, snapshot, top, resolver, out);
		return true;
	}
	if (!shape->hist || (!powers && snapshot->kind != SKEP_SNAPSHOT_LHIST))
		return false;
	for (size_t i = 0; i < snapshot->n_entries; i++) {
		add_keys(snapshot, &snapshot->entries[i], resolver, out);
		if (powers)
			add_powers(unit_of(shape, snapshot), snapshot, &snapshot->entries[i], out);
		else
			add_steps(unit_of(shape, snapshot), snapshot, &snapshot->entries[i], out);
	}
	return true;
}
