/* SPDX-License-Identifier: Apache-2.0 */
#include "top/frame.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fit.h"

#define COLUMNS_MAX 16
#define BAR_WIDTH 20
#define PAGE_INDENT 13 /* where a line of a page goes on */
#define WIDE_FROM 8    /* lines: below only rows */
#define FULL_FROM 14   /* lines: below one line for the machine */

/* --- a pen that cannot leave its line ---------------------------------------------------------- */

struct pen {
	struct skep_str *out;
	unsigned left; /* columns */
	bool ascii;
	bool plain; /* styles are not looked at: all of the line has one */
};

static void style(struct pen *pen, enum skep_top_style s)
{
	if (!pen->plain)
		skep_str_addc(pen->out, (char)s);
}

/* The character at @s: its bytes to be shown and columns; what cannot be shown is a '?'. */
static size_t next_char(const struct pen *pen, const char *s, size_t len, const char **ret_shown,
			size_t *ret_bytes, unsigned *ret_columns)
{
	size_t n = skep_utf8_shown(s, len);

	if (n == 0 || (pen->ascii && n > 1)) {
		*ret_shown = "?";
		*ret_bytes = *ret_columns = 1;
		return n ? n : 1;
	}
	*ret_shown = s;
	*ret_bytes = n;
	*ret_columns = skep_utf8_columns(s, n);
	return n;
}

/* As much of a text as has room; how many columns it took. */
static unsigned put(struct pen *pen, const char *text, size_t len, unsigned room)
{
	unsigned taken = 0;

	room = MIN(room, pen->left);
	for (size_t i = 0; i < len;) {
		const char *shown;
		size_t bytes;
		unsigned columns;
		size_t n = next_char(pen, text + i, len - i, &shown, &bytes, &columns);

		if (taken + columns > room)
			break;
		skep_str_addn(pen->out, shown, bytes);
		taken += columns;
		i += n;
	}
	pen->left -= taken;
	return taken;
}

static void text(struct pen *pen, const char *s)
{
	put(pen, s, strlen(s), pen->left);
}

static void blanks(struct pen *pen, unsigned n)
{
	n = MIN(n, pen->left);
	skep_str_pad(pen->out, ' ', n);
	pen->left -= n;
}

/* A part of a line, with what stands in front of it: all of it or nothing. */
static void part(struct pen *pen, enum skep_top_style s, const char *fmt, ...) _printf_(3, 4);
static void part(struct pen *pen, enum skep_top_style s, const char *fmt, ...)
{
	char buffer[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(buffer, sizeof(buffer), fmt, args);
	va_end(args);
	if (skep_text_columns(buffer, strlen(buffer)) > pen->left)
		return;
	style(pen, s);
	text(pen, buffer);
}

/* --- the machine ------------------------------------------------------------------------------- */

static void bar(struct pen *pen, double percent)
{
	unsigned filled = (unsigned)(MIN(MAX(percent, 0.0), 100.0) / 100 * BAR_WIDTH + 0.5);

	if (pen->left < BAR_WIDTH + 30)
		return;
	style(pen, SKEP_TOP_DIM);
	text(pen, "[");
	style(pen, percent >= 90 ? SKEP_TOP_HOT : percent >= 70 ? SKEP_TOP_WARM : SKEP_TOP_GOOD);
	for (unsigned i = 0; i < filled; i++)
		text(pen, pen->ascii ? "#" : "■");
	style(pen, SKEP_TOP_DIM);
	for (unsigned i = filled; i < BAR_WIDTH; i++)
		text(pen, pen->ascii ? "." : "·");
	text(pen, "] ");
}

static void add_bytes(struct skep_str *out, const char *before, uint64_t bytes)
{
	skep_str_add(out, before);
	skep_top_bytes((double)bytes, out);
}

static void draw_title(struct pen *pen, const struct skep_top_scene *s)
{
	const struct skep_top_machine *m = s->machine;
	uint64_t minutes = m->uptime_s / 60;
	char right[40];
	size_t len;

	snprintf(right, sizeof(right), s->paused ? "paused" : "every %gs", s->interval_ms / 1000.0);
	len = strlen(right);
	style(pen, SKEP_TOP_BOLD);
	text(pen, "skep top");
	len = MIN(len, (size_t)pen->left);
	pen->left -= (unsigned)len;
	if (m->load[0] >= 0)
		part(pen, SKEP_TOP_PLAIN, "   load %.2f %.2f %.2f", m->load[0], m->load[1],
		     m->load[2]);
	if (minutes >= 1440)
		part(pen, SKEP_TOP_DIM, "   up %" PRIu64 "d %02" PRIu64 ":%02" PRIu64,
		     minutes / 1440, minutes / 60 % 24, minutes % 60);
	else
		part(pen, SKEP_TOP_DIM, "   up %02" PRIu64 ":%02" PRIu64, minutes / 60,
		     minutes % 60);
	blanks(pen, pen->left);
	pen->left += (unsigned)len;
	style(pen, s->paused ? SKEP_TOP_WARM : SKEP_TOP_DIM);
	text(pen, right);
}

static void pressure(struct pen *pen, const char *label, double percent)
{
	if (percent >= 0)
		part(pen,
		     percent >= 50   ? SKEP_TOP_HOT
		     : percent >= 10 ? SKEP_TOP_WARM
				     : SKEP_TOP_PLAIN,
		     " %s %3.0f", label, percent);
}

static void draw_cpu(struct pen *pen, const struct skep_top_machine *m)
{
	style(pen, SKEP_TOP_PLAIN);
	text(pen, "cpu ");
	bar(pen, m->busy);
	if (m->busy >= 0)
		part(pen, SKEP_TOP_BOLD, "%3.0f%%", m->busy);
	part(pen, SKEP_TOP_DIM, " of %u", m->n_cpus);
	if (m->busy >= 0)
		part(pen, SKEP_TOP_PLAIN, "   user %3.0f  sys %3.0f  io %3.0f", m->user, m->system,
		     m->iowait);
	if (m->psi_cpu >= 0 && pen->left >= 36) {
		part(pen, SKEP_TOP_DIM, "   pressure");
		pressure(pen, "cpu", m->psi_cpu);
		pressure(pen, "mem", m->psi_mem);
		pressure(pen, "io", m->psi_io);
	}
}

static void draw_memory(struct pen *pen, const struct skep_top_machine *m)
{
	_cleanup_(skep_str_fini)
	struct skep_str mem = {}, swap = {};
	double percent = m->mem_total ? 100.0 * (double)m->mem_used / (double)m->mem_total : 0;

	style(pen, SKEP_TOP_PLAIN);
	text(pen, "mem ");
	bar(pen, percent);
	part(pen, SKEP_TOP_BOLD, "%3.0f%%", percent);
	add_bytes(&mem, "   ", m->mem_used);
	add_bytes(&mem, " of ", m->mem_total);
	part(pen, SKEP_TOP_PLAIN, "%s", mem.data);
	if (!m->swap_total)
		return;
	add_bytes(&swap, "   swap ", m->swap_used);
	add_bytes(&swap, " of ", m->swap_total);
	part(pen, SKEP_TOP_PLAIN, "%s", swap.data);
}

/* Where there is hardly any room. */
static void draw_short(struct pen *pen, const struct skep_top_machine *m)
{
	part(pen, SKEP_TOP_BOLD, "cpu %3.0f%%", MAX(m->busy, 0.0));
	part(pen, SKEP_TOP_PLAIN, "  mem %3.0f%%",
	     m->mem_total ? 100.0 * (double)m->mem_used / (double)m->mem_total : 0);
	if (m->load[0] >= 0)
		part(pen, SKEP_TOP_DIM, "  load %.2f", m->load[0]);
}

/* --- views, heads, rows ------------------------------------------------------------------------ */

static void draw_views(struct pen *pen, const struct skep_top_scene *s)
{
	const struct skep_top_column *by = &skep_top_views[s->kind].columns[s->choice->sort];
	bool all = pen->left >= 62;

	for (unsigned i = 0; i < SKEP_TOP_N_KINDS; i++)
		if (all || i == s->kind)
			part(pen, i == s->kind ? SKEP_TOP_CHOSEN : SKEP_TOP_DIM, " %u %s ", i + 1,
			     skep_top_views[i].name);
	part(pen, SKEP_TOP_DIM, "  by %s%s", by->title ? by->title : by->name,
	     s->choice->reversed ? " reversed" : "");
	if (*s->filter && !s->typing)
		part(pen, SKEP_TOP_WARM, "  /%s", s->filter);
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

static void draw_heads(struct pen *pen, const struct skep_top_scene *s, const unsigned *widths)
{
	const struct skep_top_view *view = &skep_top_views[s->kind];

	style(pen, SKEP_TOP_HEAD);
	for (size_t i = 0, n = 0; i < view->n_columns; i++) {
		const struct skep_top_column *c = &view->columns[i];
		unsigned taken;

		if (!widths[i])
			continue;
		if (n++)
			blanks(pen, 1);
		if (i == s->choice->sort)
			style(pen, SKEP_TOP_CHOSEN);
		if (skep_top_is_number(c))
			blanks(pen, widths[i] - MIN(widths[i], (unsigned)strlen(c->title)));
		taken = put(pen, c->title, strlen(c->title), widths[i]);
		if (!skep_top_is_number(c))
			blanks(pen, widths[i] - taken);
		if (i == s->choice->sort)
			style(pen, SKEP_TOP_HEAD);
	}
	blanks(pen, pen->left);
}

/* Of a path that is too long the end is shown, of any other text the beginning. */
static void draw_text(struct pen *pen, const struct skep_str *cell, unsigned width)
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
		taken = put(pen, at, len, width - 1);
		pen->left--;
		skep_str_add(pen->out, mark);
		blanks(pen, width - taken - 1);
		return;
	}
	taken += put(pen, at, len, width - taken);
	blanks(pen, width - taken);
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

static void draw_number(struct pen *pen, const struct skep_top_column *c, const void *row,
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
	style(pen, nothing ? SKEP_TOP_DIM : number_style(c, value));
	blanks(pen, width - MIN(width, (unsigned)skep_text_columns(cell.data, cell.len)));
	text(pen, cell.data);
	style(pen, SKEP_TOP_PLAIN);
}

static void draw_row(struct pen *pen, const struct skep_top_scene *s, const unsigned *widths,
		     size_t index)
{
	const struct skep_top_view *view = &skep_top_views[s->kind];
	const void *row = s->rows->data[index];

	style(pen, index == s->cursor ? SKEP_TOP_CHOSEN : SKEP_TOP_PLAIN);
	pen->plain = index == s->cursor;
	for (size_t i = 0, n = 0; i < view->n_columns; i++) {
		const struct skep_top_column *c = &view->columns[i];
		_cleanup_(skep_str_fini)
		struct skep_str cell = {};

		if (!widths[i])
			continue;
		if (n++)
			blanks(pen, 1);
		if (skep_top_is_number(c)) {
			draw_number(pen, c, row, widths[i]);
			continue;
		}
		skep_top_cell(c, row, &cell);
		draw_text(pen, &cell, widths[i]);
	}
	if (pen->plain)
		blanks(pen, pen->left);
}

/* --- the last line ----------------------------------------------------------------------------- */

static void draw_status(struct pen *pen, const struct skep_top_scene *s)
{
	unsigned wanted = skep_top_views[s->kind].sensors;
	char right[80];
	size_t len;

	if (s->typing) {
		style(pen, SKEP_TOP_BOLD);
		text(pen, "/");
		text(pen, s->filter);
		part(pen, SKEP_TOP_DIM, "   Enter keeps it, Esc takes it away");
		return;
	}
	len = (size_t)snprintf(right, sizeof(right), "%zu", s->rows->len);
	if (s->rows->len != s->rows->n_all)
		len += (size_t)snprintf(right + len, sizeof(right) - len, " of %zu",
					s->rows->n_all);
	len += (size_t)snprintf(right + len, sizeof(right) - len, " row%s   %s",
				s->rows->n_all == 1 ? "" : "s", s->losses ? "" : "nothing lost");
	if (s->losses)
		len += (size_t)snprintf(right + len, sizeof(right) - len, "%" PRIu64 " lost",
					s->losses);
	if (len + 8 > pen->left)
		len = 0;
	pen->left -= (unsigned)len;
	if (s->message) {
		style(pen, SKEP_TOP_WARM);
		text(pen, s->message);
	}
	for (unsigned i = 0; !s->message && i < SKEP_TOP_N_SENSORS; i++)
		if (wanted & 1u << i && s->sensors->why[i]) {
			style(pen, SKEP_TOP_WARM);
			text(pen, "missing: ");
			text(pen, skep_top_sensor_tells[i]);
			text(pen, ": ");
			text(pen, s->sensors->why[i]);
			break;
		}
	if (!pen->out->len) {
		part(pen, SKEP_TOP_DIM, "h help");
		part(pen, SKEP_TOP_DIM, "   / filter");
		part(pen, SKEP_TOP_DIM, "   < > sort");
		part(pen, SKEP_TOP_DIM, "   Enter details");
		part(pen, SKEP_TOP_DIM, "   q quit");
	}
	blanks(pen, pen->left);
	pen->left += (unsigned)len;
	if (len) {
		style(pen, s->losses ? SKEP_TOP_WARM : SKEP_TOP_DIM);
		text(pen, right);
	}
}

/* --- the whole --------------------------------------------------------------------------------- */

static struct pen next_line(struct skep_top_frame *f, const struct skep_top_scene *s)
{
	struct skep_str *out = &f->lines[f->n++];

	skep_str_reset(out);
	return (struct pen){ .out = out, .left = s->columns, .ascii = s->ascii };
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
	struct pen pen;

	if (s->lines >= FULL_FROM) {
		pen = next_line(f, s);
		draw_title(&pen, s);
		pen = next_line(f, s);
		draw_cpu(&pen, s->machine);
		pen = next_line(f, s);
		draw_memory(&pen, s->machine);
	} else if (s->lines >= WIDE_FROM) {
		pen = next_line(f, s);
		draw_short(&pen, s->machine);
	}
	if (s->lines >= WIDE_FROM) {
		pen = next_line(f, s);
		draw_views(&pen, s);
	}
}

static void draw_rows(struct skep_top_frame *f, const struct skep_top_scene *s)
{
	unsigned widths[COLUMNS_MAX] = {}, room = skep_top_frame_rows(s);
	struct pen pen = next_line(f, s);

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
		else if (i == 0)
			part(&pen, SKEP_TOP_DIM, "%s",
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
			struct pen pen;

			if (skip) {
				skip--;
				continue;
			}
			pen = next_line(f, s);
			style(&pen, SKEP_TOP_PLAIN);
			text(&pen, line);
		}
	}
	while (f->n < end)
		next_line(f, s);
}

void skep_top_frame_draw(struct skep_top_frame *f, const struct skep_top_scene *s)
{
	struct pen pen;

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
