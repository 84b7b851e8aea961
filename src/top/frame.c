/* SPDX-License-Identifier: Apache-2.0 */
#include "top/frame.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fit.h"
#include "top/pen.h"

#define COLUMNS_MAX 16
#define PAGE_INDENT 13 /* where a line of a page goes on */
#define WIDE_FROM 8    /* lines: below only rows */
#define FULL_FROM 14   /* lines: below one line for the machine */

/* --- views, heads, rows ------------------------------------------------------------------------ */

static void draw_views(struct skep_pen *pen, const struct skep_top_scene *s)
{
	const struct skep_top_column *by = &skep_top_views[s->kind].columns[s->choice->sort];
	bool all = pen->left >= 62;

	for (unsigned i = 0; i < SKEP_TOP_N_KINDS; i++)
		if (all || i == s->kind)
			skep_pen_part(pen, i == s->kind ? SKEP_TOP_CHOSEN : SKEP_TOP_DIM, " %u %s ",
				      i + 1, skep_top_views[i].name);
	skep_pen_part(pen, SKEP_TOP_DIM, "  by %s%s", by->title ? by->title : by->name,
		      s->choice->reversed ? " reversed" : "");
	if (*s->filter && !s->typing)
		skep_pen_part(pen, SKEP_TOP_WARM, "  /%s", s->filter);
}

static bool is_there(const struct skep_top_column *c, const struct skep_top_sensors *sensors)
{
	for (unsigned i = 0; i < SKEP_TOP_N_SENSORS; i++)
		if (c->needs & 1u << i && sensors->tried[i] && !sensors->watch[i])
			return false;
	return c->title != NULL;
}

/* Those of the highest rank go first, the right one of two. */
static unsigned leave_out(const struct skep_top_view *view, unsigned *widths)
{
	size_t worst = SIZE_MAX;
	unsigned freed;

	for (size_t i = 0; i < view->n_columns; i++)
		if (widths[i] && view->columns[i].rank &&
		    (worst == SIZE_MAX || view->columns[i].rank >= view->columns[worst].rank))
			worst = i;
	if (worst == SIZE_MAX)
		return 0;
	freed = widths[worst] + 1;
	widths[worst] = 0;
	return freed;
}

void skep_top_frame_columns(const struct skep_top_view *view,
			    const struct skep_top_sensors *sensors, unsigned columns,
			    unsigned *ret_widths)
{
	unsigned taken = 0, freed, more;
	size_t last = SIZE_MAX;

	for (size_t i = 0; i < view->n_columns; i++) {
		ret_widths[i] = is_there(&view->columns[i], sensors) ? view->columns[i].width : 0;
		taken += ret_widths[i] ? ret_widths[i] + 1 : 0;
	}
	while (taken > columns + 1 && (freed = leave_out(view, ret_widths)))
		taken -= freed;
	for (size_t i = 0; i < view->n_columns; i++) {
		const struct skep_top_column *c = &view->columns[i];

		if (!ret_widths[i])
			continue;
		last = skep_top_is_number(c) ? last : i;
		if (c->max <= c->width || taken > columns)
			continue;
		more = MIN((unsigned)(c->max - c->width), columns + 1 - taken);
		ret_widths[i] += more;
		taken += more;
	}
	for (size_t i = 0; i < view->n_columns; i++)
		if (ret_widths[i] && view->columns[i].is_wide)
			last = i;
	if (last != SIZE_MAX && taken <= columns)
		ret_widths[last] += columns + 1 - taken;
}

static void draw_heads(struct skep_pen *pen, const struct skep_top_scene *s, const unsigned *widths)
{
	const struct skep_top_view *view = &skep_top_views[s->kind];

	skep_pen_style(pen, SKEP_TOP_HEAD);
	for (size_t i = 0, n = 0; i < view->n_columns; i++) {
		const struct skep_top_column *c = &view->columns[i];
		unsigned taken;

		if (!widths[i])
			continue;
		if (n++)
			skep_pen_blanks(pen, 1);
		if (i == s->choice->sort)
			skep_pen_style(pen, SKEP_TOP_CHOSEN);
		if (skep_top_is_number(c))
			skep_pen_blanks(pen,
					widths[i] - MIN(widths[i], (unsigned)strlen(c->title)));
		taken = skep_pen_put(pen, c->title, strlen(c->title), widths[i]);
		if (!skep_top_is_number(c))
			skep_pen_blanks(pen, widths[i] - taken);
		if (i == s->choice->sort)
			skep_pen_style(pen, SKEP_TOP_HEAD);
	}
	skep_pen_blanks(pen, pen->left);
}

/* Of a path that is too long the end is shown, of any other text the beginning. */
static void draw_text(struct skep_pen *pen, const struct skep_str *cell, unsigned width)
{
	const char *at = skep_str_text(cell), *mark = pen->ascii ? "~" : "…";
	size_t len = cell->len;
	unsigned taken = 0;

	width = MIN(width, pen->left);
	if (skep_text_columns(at, len) > width && width > 1 && memchr(at, '/', len)) {
		while (len && skep_text_columns(at, len) > width - 1) {
			size_t n = skep_utf8_len(at, len);

			at += n ? n : 1;
			len -= n ? n : 1;
		}
		pen->left--;
		skep_str_add(pen->out, mark);
		taken = 1;
	} else if (skep_text_columns(at, len) > width && width > 1) {
		taken = skep_pen_put(pen, at, len, width - 1);
		pen->left--;
		skep_str_add(pen->out, mark);
		skep_pen_blanks(pen, width - taken - 1);
		return;
	}
	taken += skep_pen_put(pen, at, len, width - taken);
	skep_pen_blanks(pen, width - taken);
}

static enum skep_top_style number_style(const struct skep_top_column *c, double value)
{
	bool is_cpu = skep_streq(c->name, "cpu");

	if (c->how != SKEP_TOP_PERCENT)
		return SKEP_TOP_PLAIN;
	if (value >= (is_cpu ? 90 : 50))
		return SKEP_TOP_HOT;
	return value >= (is_cpu ? 50 : 10) ? SKEP_TOP_WARM : SKEP_TOP_PLAIN;
}

static void draw_number(struct skep_pen *pen, const struct skep_top_column *c, const void *row,
			unsigned width)
{
	_cleanup_(skep_str_fini)
	struct skep_str cell = {};
	double value = skep_top_value(c, row);
	bool nothing = c->how != SKEP_TOP_ID && value < (c->how == SKEP_TOP_PERCENT ? 0.05 : 0.5);

	if (nothing)
		skep_str_add(&cell, pen->ascii ? "." : "·");
	else
		skep_top_cell(c, row, &cell);
	skep_pen_style(pen, nothing ? SKEP_TOP_DIM : number_style(c, value));
	skep_pen_blanks(pen, width - MIN(width, (unsigned)skep_text_columns(cell.data, cell.len)));
	skep_pen_text(pen, cell.data);
	skep_pen_style(pen, SKEP_TOP_PLAIN);
}

static void draw_row(struct skep_pen *pen, const struct skep_top_scene *s, const unsigned *widths,
		     size_t index)
{
	const struct skep_top_view *view = &skep_top_views[s->kind];
	const void *row = s->rows->data[index];

	skep_pen_style(pen, index == s->cursor ? SKEP_TOP_CHOSEN : SKEP_TOP_PLAIN);
	pen->plain = index == s->cursor;
	for (size_t i = 0, n = 0; i < view->n_columns; i++) {
		const struct skep_top_column *c = &view->columns[i];
		_cleanup_(skep_str_fini)
		struct skep_str cell = {};

		if (!widths[i])
			continue;
		if (n++)
			skep_pen_blanks(pen, 1);
		if (skep_top_is_number(c)) {
			draw_number(pen, c, row, widths[i]);
			continue;
		}
		skep_top_cell(c, row, &cell);
		draw_text(pen, &cell, widths[i]);
	}
	if (pen->plain)
		skep_pen_blanks(pen, pen->left);
}

/* --- the last line ----------------------------------------------------------------------------- */

/* How many rows there are, and what was lost; how long that is. */
static size_t tell_counts(const struct skep_top_scene *s, uint64_t lost, char *out, size_t size)
{
	size_t len = (size_t)snprintf(out, size, "%zu", s->rows->len);

	if (s->rows->len != s->rows->n_all)
		len += (size_t)snprintf(out + len, size - len, " of %zu", s->rows->n_all);
	len += (size_t)snprintf(out + len, size - len, " row%s   ", s->rows->n_all == 1 ? "" : "s");
	if (lost)
		return len + (size_t)snprintf(out + len, size - len, "%" PRIu64 " lost", lost);
	return len + (size_t)snprintf(out + len, size - len, "nothing lost");
}

/* What there is to say: what the last key did, what is missing and why, what was lost; else which keys there are. */
static void tell_news(struct skep_pen *pen, const struct skep_top_scene *s, uint64_t lost)
{
	static const char *const keys[] = { "h help", "   / filter", "   < > sort",
					    "   Enter details", "   q quit" };

	skep_pen_style(pen, SKEP_TOP_WARM);
	if (s->message) {
		skep_pen_text(pen, s->message);
		return;
	}
	for (unsigned i = 0; i < SKEP_TOP_N_SENSORS; i++) {
		if (!(skep_top_views[s->kind].sensors & 1u << i) || !s->sensors->why[i])
			continue;
		skep_pen_text(pen, "missing: ");
		skep_pen_text(pen, skep_top_sensor_tells[i]);
		skep_pen_text(pen, ": ");
		skep_pen_text(pen, s->sensors->why[i]);
		return;
	}
	if (lost) {
		skep_pen_text(pen, "lost: ");
		skep_pen_text(pen, s->losses->items[0].what);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		skep_pen_part(pen, SKEP_TOP_DIM, "%s", keys[i]);
}

static void draw_status(struct skep_pen *pen, const struct skep_top_scene *s)
{
	uint64_t lost = 0;
	char right[80];
	unsigned gap;
	size_t len;

	if (s->typing) {
		skep_pen_style(pen, SKEP_TOP_BOLD);
		skep_pen_text(pen, "/");
		skep_pen_text(pen, s->filter);
		skep_pen_part(pen, SKEP_TOP_DIM, "   Enter keeps it, Esc takes it away");
		return;
	}
	for (size_t i = 0; i < s->losses->n_items; i++)
		lost += s->losses->items[i].count;
	len = tell_counts(s, lost, right, sizeof(right));
	if (len + 8 > pen->left)
		len = 0;
	gap = len ? 2 : 0; /* between what is left and what is right, wherever the first is cut */
	pen->left -= (unsigned)len + gap;
	tell_news(pen, s, lost);
	pen->left += gap;
	skep_pen_blanks(pen, pen->left);
	pen->left += (unsigned)len;
	if (!len)
		return;
	skep_pen_style(pen, lost ? SKEP_TOP_WARM : SKEP_TOP_DIM);
	skep_pen_text(pen, right);
}

/* --- the whole --------------------------------------------------------------------------------- */

static struct skep_pen next_line(struct skep_top_frame *f, const struct skep_top_scene *s)
{
	struct skep_str *out = &f->lines[f->n++];

	skep_str_reset(out);
	return (struct skep_pen){ .out = out, .left = s->columns, .ascii = s->ascii };
}

static unsigned lines_above(const struct skep_top_scene *s)
{
	unsigned machine = s->lines >= FULL_FROM ? 3 : s->lines >= WIDE_FROM ? 1 : 0;

	return machine + (s->lines >= WIDE_FROM ? 1 : 0) + 1;
}

unsigned skep_top_frame_rows(const struct skep_top_scene *s)
{
	unsigned around = lines_above(s) + 1;

	return s->lines > around ? s->lines - around : 0;
}

static void draw_above(struct skep_top_frame *f, const struct skep_top_scene *s)
{
	struct skep_pen pen;

	if (s->lines >= FULL_FROM) {
		pen = next_line(f, s);
		skep_top_draw_title(&pen, s);
		pen = next_line(f, s);
		skep_top_draw_cpu(&pen, s->machine);
		pen = next_line(f, s);
		skep_top_draw_memory(&pen, s->machine);
	} else if (s->lines >= WIDE_FROM) {
		pen = next_line(f, s);
		skep_top_draw_short(&pen, s->machine);
	}
	if (s->lines >= WIDE_FROM) {
		pen = next_line(f, s);
		draw_views(&pen, s);
	}
}

static void draw_rows(struct skep_top_frame *f, const struct skep_top_scene *s)
{
	unsigned widths[COLUMNS_MAX] = {}, room = skep_top_frame_rows(s);
	struct skep_pen pen = next_line(f, s);

	skep_top_frame_columns(&skep_top_views[s->kind], s->sensors, s->columns, widths);
	draw_heads(&pen, s, widths);
	if (s->cursor < *s->first)
		*s->first = s->cursor;
	if (room && s->cursor >= *s->first + room)
		*s->first = s->cursor - room + 1;
	for (unsigned i = 0; i < room; i++) {
		pen = next_line(f, s);
		if (*s->first + i < s->rows->len)
			draw_row(&pen, s, widths, *s->first + i);
		else if (i == 0 && s->wrong && s->rows->n_all)
			skep_pen_part(&pen, SKEP_TOP_DIM, "'%s' is no comparison", s->wrong);
		else if (i == 0)
			skep_pen_part(&pen, SKEP_TOP_DIM, "%s",
				      s->rows->n_all ? "no row matches the filter"
				      : s->warming   ? "looking ..."
						     : "nothing here now");
	}
}

/* Lines of a page go on in the next line, below what they tell. */
static void draw_page(struct skep_top_frame *f, const struct skep_top_scene *s)
{
	unsigned room = skep_top_frame_rows(s) + 1, end = f->n + room;
	size_t skip = s->page_first;

	for (size_t i = 0; i < s->page->len && f->n < end; i++) {
		_cleanup_(skep_str_fini)
		struct skep_str lines = {};
		char *at, *line;

		skep_fit_words(s->page->data[i], s->columns, 0, s->columns > 40 ? PAGE_INDENT : 2,
			       &lines);
		at = lines.data ? lines.data : (char[]){ "" };
		while (f->n < end && (line = strsep(&at, "\n"))) {
			struct skep_pen pen;

			if (skip) {
				skip--;
				continue;
			}
			pen = next_line(f, s);
			skep_pen_style(&pen, SKEP_TOP_PLAIN);
			skep_pen_text(&pen, line);
		}
	}
	while (f->n < end)
		next_line(f, s);
}

void skep_top_frame_draw(struct skep_top_frame *f, const struct skep_top_scene *s)
{
	struct skep_pen pen;

	if (f->cap < s->lines) {
		f->lines = reallocarray(f->lines, s->lines, sizeof(*f->lines));
		if (!f->lines)
			skep_oom();
		memset(f->lines + f->cap, 0, (s->lines - f->cap) * sizeof(*f->lines));
		f->cap = s->lines;
	}
	f->n = 0;
	if (s->lines < 2 || s->columns < 2)
		return;
	draw_above(f, s);
	if (s->page)
		draw_page(f, s);
	else
		draw_rows(f, s);
	pen = next_line(f, s);
	draw_status(&pen, s);
}

void skep_top_frame_fini(struct skep_top_frame *f)
{
	for (unsigned i = 0; i < f->cap; i++)
		skep_str_fini(&f->lines[i]);
	free(f->lines);
	*f = (struct skep_top_frame){};
}
