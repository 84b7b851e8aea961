/* SPDX-License-Identifier: Apache-2.0 */
#include "record/series.h"
#include "base/arena.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WIDTH 53     /* of a chart, its borders included */
#define WIDTH_MIN 13 /* on a narrow screen */

enum {
	ID,
	VALUE,
	MORE
};

size_t skep_series_slots(const struct skep_snapshot *s)
{
	return s->n_numbers / SKEP_SERIES_WORDS;
}

static bool less(const struct skep_snapshot *s, uint64_t a, uint64_t b)
{
	return s->is_signed ? (int64_t)a < (int64_t)b : a < b;
}

/* Two slots of the same interval, of different CPUs. */
static void combine(const struct skep_snapshot *s, uint64_t *to, const uint64_t *from)
{
	switch ((enum skep_series)s->lhist_min) {
	case SKEP_SERIES_LAST:
		if (from[MORE] >= to[MORE])
			memcpy(to, from, SKEP_SERIES_WORDS * sizeof(*to));
		return;
	case SKEP_SERIES_MIN:
		to[VALUE] = less(s, from[VALUE], to[VALUE]) ? from[VALUE] : to[VALUE];
		return;
	case SKEP_SERIES_MAX:
		to[VALUE] = less(s, to[VALUE], from[VALUE]) ? from[VALUE] : to[VALUE];
		return;
	case SKEP_SERIES_AVG:
		to[MORE] += from[MORE];
		to[VALUE] += from[VALUE];
		return;
	case SKEP_SERIES_SUM:
		to[VALUE] += from[VALUE];
		return;
	}
}

bool skep_series_merge(const struct skep_snapshot *s, uint64_t *numbers, const uint64_t *more)
{
	bool any = false;

	for (size_t i = 0; i < skep_series_slots(s); i++) {
		uint64_t *to = numbers + i * SKEP_SERIES_WORDS;
		const uint64_t *from = more + i * SKEP_SERIES_WORDS;

		any |= from[ID] != 0;
		if (from[ID] > to[ID])
			memcpy(to, from, SKEP_SERIES_WORDS * sizeof(*to));
		else if (from[ID] && from[ID] == to[ID])
			combine(s, to, from);
	}
	return any;
}

static int64_t shown(const struct skep_snapshot *s, const uint64_t *slot, uint64_t divide)
{
	uint64_t v = slot[VALUE];

	if (s->lhist_min == SKEP_SERIES_AVG && slot[MORE])
		v = s->is_signed && slot[MORE] <= INT64_MAX
			    ? (uint64_t)((int64_t)v / (int64_t)slot[MORE])
			    : v / slot[MORE];
	if (divide > 1)
		v = s->is_signed && divide <= INT64_MAX ? (uint64_t)((int64_t)v / (int64_t)divide)
							: v / divide;
	return (int64_t)v;
}

/* First and last interval that count: those before the last @n are out of date. */
static bool find_span(const uint64_t *numbers, size_t n, uint64_t *ret_first, uint64_t *ret_last)
{
	uint64_t first = 0, last = 0;

	for (size_t i = 0; i < n; i++)
		last = MAX(last, numbers[i * SKEP_SERIES_WORDS + ID]);
	for (size_t i = 0; i < n; i++) {
		uint64_t id = numbers[i * SKEP_SERIES_WORDS + ID];

		if (id && last - id < n && (!first || id < first))
			first = id;
	}
	*ret_first = first;
	*ret_last = last;
	return last != 0;
}

size_t skep_series_points(const struct skep_snapshot *s, const struct skep_snapshot_entry *entry,
			  uint64_t divide, struct skep_series_point *points)
{
	size_t n = skep_series_slots(s);
	uint64_t first, last;

	if (!n || s->lhist_step <= 0 || !find_span(entry->numbers, n, &first, &last))
		return 0;
	for (uint64_t id = first; id <= last; id++)
		points[id - first] = (struct skep_series_point){
			.start_ns = (id - 1) * (uint64_t)s->lhist_step,
		};
	for (size_t i = 0; i < n; i++) {
		const uint64_t *slot = entry->numbers + i * SKEP_SERIES_WORDS;

		if (slot[ID] < first || slot[ID] > last)
			continue;
		points[slot[ID] - first].is_set = true;
		points[slot[ID] - first].value = shown(s, slot, divide);
	}
	return last - first + 1;
}

/* --- the chart ------------------------------------------------------------------------------------------ */

struct chart {
	const struct skep_snapshot *s;
	int64_t low, high;
	size_t width; /* columns, its borders included */
	bool as_bpftrace;
	unsigned digits; /* of a second, in times */
	struct skep_str *out;
};

static void add_value(const struct chart *c, int64_t value)
{
	if (c->s->is_signed)
		skep_str_addf(c->out, "%" PRId64, value);
	else
		skep_str_addf(c->out, "%" PRIu64, (uint64_t)value);
}

/* Columns in front of a chart. */
static size_t time_width(const struct chart *c)
{
	return strlen("hh:mm:ss ") + (c->digits ? c->digits + 1 : 0);
}

/* The values at both ends of the scale: the higher one begins at the border, bpftrace's ends there. */
static void add_scale(const struct chart *c)
{
	_cleanup_(skep_str_fini)
	struct skep_str high = {};
	struct chart other = *c;
	size_t before, used, room;

	other.out = &high;
	add_value(&other, c->high);
	room = c->as_bpftrace ? c->width - high.len : c->width - 1;
	skep_str_pad(c->out, ' ', time_width(c));
	before = c->out->len;
	add_value(c, c->low);
	used = c->out->len - before;
	if (c->high != c->low) {
		skep_str_pad(c->out, ' ', used < room ? room - used : 1);
		skep_str_add(c->out, high.data);
	}
	skep_str_addc(c->out, '\n');
}

static void add_border(const struct chart *c, const char *left, char end)
{
	skep_str_addf(c->out, "%-*s%c", (int)time_width(c), left, end);
	skep_str_pad(c->out, '_', c->width - 2);
	skep_str_addf(c->out, "%c\n", end);
}

/* 128 bits: the scale may be as wide as all numbers. */
static size_t column(const struct chart *c, int64_t value)
{
	__int128 low = c->s->is_signed ? (__int128)c->low : (__int128)(uint64_t)c->low;
	__int128 high = c->s->is_signed ? (__int128)c->high : (__int128)(uint64_t)c->high;
	__int128 v = c->s->is_signed ? (__int128)value : (__int128)(uint64_t)value;

	return high > low ? (size_t)((v - low) * (__int128)(c->width - 1) / (high - low)) : 0;
}

static void add_time(const struct chart *c, uint64_t ns)
{
	time_t seconds = (time_t)(ns / 1000000000);
	struct tm tm;

	localtime_r(&seconds, &tm);
	skep_str_addf(c->out, "%02d:%02d:%02d", tm.tm_hour, tm.tm_min, tm.tm_sec);
	ns %= 1000000000;
	for (unsigned i = c->digits; i < 9; i++)
		ns /= 10;
	if (c->digits)
		skep_str_addf(c->out, ".%0*" PRIu64, (int)c->digits, ns);
	skep_str_addc(c->out, ' ');
}

static void add_point(const struct chart *c, const struct skep_series_point *point)
{
	char line[WIDTH + 1];

	memset(line, ' ', c->width);
	line[0] = line[c->width - 1] = '|';
	line[c->width] = '\0';
	if (c->s->is_signed && c->low < 0 && c->high > 0)
		line[column(c, 0)] = '.';
	if (point->is_set)
		line[column(c, point->value)] = '*';
	add_time(c, point->start_ns);
	skep_str_addf(c->out, "%s ", line);
	if (point->is_set)
		add_value(c, point->value);
	else
		skep_str_addc(c->out, '-');
	skep_str_addc(c->out, '\n');
}

/* As wide as a line of the terminal has room for, with a value behind it. */
static size_t chart_width(const struct chart *c, unsigned screen)
{
	_cleanup_(skep_str_fini)
	struct skep_str low = {}, high = {};
	struct chart probe = *c;
	size_t beside;

	probe.out = &low;
	add_value(&probe, c->low);
	probe.out = &high;
	add_value(&probe, c->high);
	beside = time_width(c) + 1 + MAX(low.len, high.len);
	if (!screen || screen >= beside + WIDTH)
		return WIDTH;
	return screen > beside + WIDTH_MIN ? screen - beside : WIDTH_MIN;
}

/* How exact bpftrace shows times: as the interval asks for, and to the nanosecond where there is one point alone. */
static unsigned digits_of(const struct skep_snapshot *s, size_t n)
{
	return n == 1			     ? 9
	       : s->lhist_step >= 1000000000 ? 0
	       : s->lhist_step >= 1000000    ? 3
	       : s->lhist_step >= 1000	     ? 6
					     : 9;
}

static void add_chart(struct chart *c, const struct skep_series_point *points, size_t n,
		      unsigned screen)
{
	static const char *const heads[] = { "hh:mm:ss", "hh:mm:ss.ms", "hh:mm:ss.\u03bcs",
					     "hh:mm:ss.ns" };

	if (c->as_bpftrace && c->low == c->high) {
		c->low--;
		c->high++;
	}
	c->width = chart_width(c, screen);
	add_scale(c);
	add_border(c, heads[c->digits / 3], '|');
	for (size_t i = 0; i < n; i++)
		add_point(c, &points[i]);
	add_border(c, "", 'v');
	add_scale(c);
}

void skep_series_text(const struct skep_snapshot *s, const struct skep_snapshot_entry *entry,
		      uint64_t divide, bool bpftrace_shape, unsigned screen, struct skep_str *out)
{
	struct skep_series_point *points = calloc(skep_series_slots(s) + 1, sizeof(*points));
	struct chart c = { .s = s, .as_bpftrace = bpftrace_shape, .digits = 3, .out = out };
	bool any = false;
	size_t n;

	if (!points)
		skep_oom();
	n = skep_series_points(s, entry, divide, points);
	for (size_t i = 0; i < n; i++) {
		if (!points[i].is_set)
			continue;
		if (!any || less(s, (uint64_t)points[i].value, (uint64_t)c.low))
			c.low = points[i].value;
		if (!any || less(s, (uint64_t)c.high, (uint64_t)points[i].value))
			c.high = points[i].value;
		any = true;
	}
	if (bpftrace_shape)
		c.digits = digits_of(s, n);
	if (any)
		add_chart(&c, points, n, screen);
	free(points);
}
