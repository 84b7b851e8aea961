/* SPDX-License-Identifier: Apache-2.0 */
#include "record/series.h"
#include "base/arena.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TIME_WIDTH 13 /* columns in front of a chart */
#define WIDTH 53      /* of a chart, its borders included */
#define WIDTH_MIN 13  /* on a narrow screen */

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
	struct skep_str *out;
};

static void add_value(const struct chart *c, int64_t value)
{
	if (c->s->is_signed)
		skep_str_addf(c->out, "%" PRId64, value);
	else
		skep_str_addf(c->out, "%" PRIu64, (uint64_t)value);
}

/* The values at both ends of the scale. */
static void add_scale(const struct chart *c)
{
	size_t before = c->out->len + TIME_WIDTH;

	skep_str_pad(c->out, ' ', TIME_WIDTH);
	add_value(c, c->low);
	if (c->high != c->low) {
		size_t used = c->out->len - before;

		skep_str_pad(c->out, ' ', used < c->width - 1 ? c->width - 1 - used : 1);
		add_value(c, c->high);
	}
	skep_str_addc(c->out, '\n');
}

static void add_border(const struct chart *c, const char *left, char end)
{
	skep_str_addf(c->out, "%-13s%c", left, end);
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
	skep_str_addf(c->out, "%02d:%02d:%02d.%03u ", tm.tm_hour, tm.tm_min, tm.tm_sec,
		      (unsigned)(ns / 1000000 % 1000));
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
	beside = TIME_WIDTH + 1 + MAX(low.len, high.len);
	if (!screen || screen >= beside + WIDTH)
		return WIDTH;
	return screen > beside + WIDTH_MIN ? screen - beside : WIDTH_MIN;
}

void skep_series_text(const struct skep_snapshot *s, const struct skep_snapshot_entry *entry,
		      uint64_t divide, unsigned screen, struct skep_str *out)
{
	struct skep_series_point *points = calloc(skep_series_slots(s) + 1, sizeof(*points));
	struct chart c = { .s = s, .out = out };
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
	if (any) {
		c.width = chart_width(&c, screen);
		add_scale(&c);
		add_border(&c, "hh:mm:ss.ms", '|');
		for (size_t i = 0; i < n; i++)
			add_point(&c, &points[i]);
		add_border(&c, "", 'v');
		add_scale(&c);
	}
	free(points);
}
