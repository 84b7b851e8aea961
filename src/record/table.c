/* SPDX-License-Identifier: Apache-2.0 */
#include "record/table.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/fit.h"
#include "base/vec.h"
#include "record/record_priv.h"

#define TEXT_WIDTH_MAX 40  /* of a column, as long as nothing longer has to be moved */
#define TEXT_WIDTH_MIN 16  /* what cutting leaves of a column */
#define TEXT_WIDTH_LEAST 8 /* when there is hardly any room */
#define NUMBER_WIDTH 5	   /* of one that is rounded: "12.3M" */
#define COLUMNS_LEAST 2	   /* are shown on the narrowest screen */

/* What a screen makes necessary, one after the other; it is never taken back. */
enum level {
	LEVEL_WIDE,
	LEVEL_CUT,   /* columns hold no room for later, texts end early */
	LEVEL_CLOSE, /* units stand below the names, columns a blank apart */
	LEVEL_ROUND, /* large numbers are rounded to thousands, millions, ... */
	LEVEL_LEAST, /* texts end very early */
	LEVEL_LEAVE, /* columns of numbers are left out, the last ones first, then texts */
};

struct column {
	char *name, *unit, *header; /* the last is both in one line */
	unsigned name_width, unit_width, header_width, min_width, max_width;
	unsigned cell_width, round_width; /* of the widest cell so far, as it is and rounded */
	unsigned width;			  /* now */
	bool is_number, is_name, left_out;
};

struct cell {
	size_t at, len; /* bytes in the text */
	unsigned width; /* columns of a terminal */
};

struct skep_table {
	struct column *columns;
	size_t n;
	unsigned screen;
	enum level level;
	bool changed;	      /* since the header was shown: it has other columns */
	struct skep_str text; /* of the cells that wait */
	struct {
		SKEP_VEC(struct cell);
	} cells;
};

static char *upper(const char *text)
{
	struct skep_str s = {};

	skep_str_add(&s, text ? text : "");
	for (char *p = s.data; *p; p++)
		*p = *p >= 'a' && *p <= 'z' ? (char)(*p - 'a' + 'A') : *p;
	return s.data;
}

static char *add_unit(const char *name, const char *unit)
{
	struct skep_str s = {};

	skep_str_add(&s, name);
	if (*unit)
		skep_str_addf(&s, "(%s)", unit);
	return s.data;
}

static unsigned columns_of(const char *text)
{
	return (unsigned)skep_text_columns(text, strlen(text));
}

static void make_column(const struct skep_table_column *from, struct column *c)
{
	const char *unit = from->unit ? skep_unit_text(from->unit) : "";

	c->name = upper(from->name);
	c->unit = strdup(unit);
	if (!c->unit)
		skep_oom();
	c->header = add_unit(c->name, unit);
	c->name_width = columns_of(c->name);
	c->unit_width = columns_of(unit);
	c->header_width = columns_of(c->header);
	c->min_width = from->min_width;
	c->max_width = from->max_width ? from->max_width : TEXT_WIDTH_MAX;
	c->is_number = from->is_number;
	c->is_name = from->is_name;
}

struct skep_table *skep_table_new(const struct skep_table_column *columns, size_t n,
				  unsigned screen)
{
	struct skep_table *t = calloc(1, sizeof(*t));

	if (t)
		t->columns = calloc(n + 1, sizeof(*t->columns));
	if (!t || !t->columns)
		skep_oom();
	t->n = n;
	t->screen = screen;
	for (size_t i = 0; i < n; i++)
		make_column(&columns[i], &t->columns[i]);
	return t;
}

void skep_table_free(struct skep_table *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->n; i++)
		free(t->columns[i].name), free(t->columns[i].unit), free(t->columns[i].header);
	free(t->columns);
	skep_str_fini(&t->text);
	skep_vec_fini(&t->cells);
	free(t);
}

void skep_table_cell(struct skep_table *t, const char *text, size_t len)
{
	struct cell cell = { .at = t->text.len };

	skep_cell_shown(text, len, &t->text);
	cell.len = t->text.len - cell.at;
	cell.width = (unsigned)skep_text_columns(skep_str_text(&t->text) + cell.at, cell.len);
	skep_vec_add(&t->cells, cell);
}

size_t skep_table_pending(const struct skep_table *t)
{
	return t->n ? t->cells.len / t->n : 0;
}

/* Rounded to three digits: "12.3M". @ret_text has room for 16 bytes; false: it has few digits, or is no number in decimal. */
static bool round_number(const char *s, size_t len, char ret_text[static 16])
{
	static const char units[] = " kMGTPE";
	char digits[24];
	unsigned unit = 0;
	double value;
	char *end;

	if (len <= NUMBER_WIDTH || len >= sizeof(digits))
		return false;
	memcpy(digits, s, len);
	digits[len] = '\0';
	value = strtod(digits, &end);
	if (*end)
		return false;
	for (; (value >= 999.5 || value <= -999.5) && units[unit + 1]; unit++)
		value /= 1000;
	snprintf(ret_text, 16, "%.*f%c",
		 value < 9.995 && value > -9.995   ? 2
		 : value < 99.95 && value > -99.95 ? 1
						   : 0,
		 value, units[unit]);
	return true;
}

static unsigned gap(const struct skep_table *t)
{
	return t->level >= LEVEL_CLOSE ? 1 : 2;
}

static unsigned total_width(const struct skep_table *t)
{
	unsigned total = 0;

	for (size_t i = 0; i < t->n; i++)
		if (!t->columns[i].left_out)
			total += t->columns[i].width + (total ? gap(t) : 0);
	return total;
}

/* The widest texts first. */
static void cut_columns(struct skep_table *t, unsigned least)
{
	while (total_width(t) > t->screen) {
		struct column *widest = NULL;
		unsigned over = total_width(t) - t->screen;

		for (size_t i = 0; i < t->n; i++) {
			struct column *c = &t->columns[i];

			if (!c->is_number && !c->left_out && c->width > least &&
			    (!widest || c->width >= widest->width))
				widest = c;
		}
		if (!widest)
			return;
		widest->width -= MIN(over, widest->width - least);
	}
}

/* Numbers from the last one on, then texts but for the first and the last. */
static bool leave_one(struct skep_table *t)
{
	size_t n_shown = 0, found = t->n;

	for (size_t i = 0; i < t->n; i++) {
		const struct column *c = &t->columns[i];

		n_shown += !c->left_out;
		if (!c->left_out && (c->is_number || found == t->n ||
				     (!t->columns[found].is_number && i + 1 < t->n)))
			found = i;
	}
	if (n_shown <= COLUMNS_LEAST || found == t->n)
		return false;
	t->columns[found].left_out = true;
	t->changed = true;
	return true;
}

static void lay_out(struct skep_table *t)
{
	for (size_t i = 0; i < t->n; i++) {
		struct column *c = &t->columns[i];
		bool ends = t->screen && i + 1 == t->n;
		unsigned cell = t->level >= LEVEL_ROUND ? c->round_width : c->cell_width;

		if (!c->is_number && !ends)
			cell = MIN(cell, c->max_width);
		/* A text keeps room for those to come as long as it can. */
		if (t->level == LEVEL_WIDE || !c->is_number)
			cell = MAX(cell, c->min_width);
		c->width = MAX(t->level < LEVEL_CLOSE ? c->header_width
						      : MAX(c->name_width, c->unit_width),
			       cell);
	}
	if (t->level >= LEVEL_CUT)
		cut_columns(t, t->level >= LEVEL_LEAST ? TEXT_WIDTH_LEAST : TEXT_WIDTH_MIN);
}

/* Wide enough for what waits; then, on a screen, narrow enough for it. */
static void fit(struct skep_table *t)
{
	for (size_t i = 0; i < t->cells.len; i++) {
		struct column *c = &t->columns[i % t->n];
		const struct cell *cell = &t->cells.data[i];
		char text[16];
		bool is_round = c->is_number && !c->is_name &&
				round_number(skep_str_text(&t->text) + cell->at, cell->len, text);

		c->cell_width = MAX(c->cell_width, cell->width);
		c->round_width =
			MAX(c->round_width, is_round ? (unsigned)strlen(text) : cell->width);
	}
	lay_out(t);
	while (t->screen && total_width(t) > t->screen) {
		if (t->level == LEVEL_LEAVE && !leave_one(t))
			return;
		t->changed |= t->level == LEVEL_CUT; /* the next has another header */
		t->level += t->level < LEVEL_LEAVE;
		lay_out(t);
	}
}

/* Of a path the end tells most, of all else the beginning. */
static void add_cut(const char *s, size_t len, unsigned room, unsigned width, struct skep_str *out)
{
	size_t skip;

	if (!len || *s != '/' || memchr(s, ' ', len)) {
		skep_str_addn(out, s, skep_cell_cut(s, len, room - 1, &width));
		skep_str_add(out, "\xe2\x80\xa6");
		skep_str_pad(out, ' ', room - 1 - width);
		return;
	}
	skip = skep_cell_cut(s, len, width - room + 1, &width);
	while (skip < len && skep_text_columns(s + skip, len - skip) > room - 1) /* wide ones */
		skip += MAX(skep_utf8_len(s + skip, len - skip), (size_t)1);
	skep_str_add(out, "\xe2\x80\xa6");
	skep_str_addn(out, s + skip, len - skip);
	skep_str_pad(out, ' ', room - 1 - skep_text_columns(s + skip, len - skip));
}

static void add_cell(const struct skep_table *t, size_t column, const char *s, size_t len,
		     unsigned width, struct skep_str *out)
{
	const struct column *c = &t->columns[column];
	char text[16];

	if (c->left_out)
		return;
	if (t->level >= LEVEL_ROUND && c->is_number && !c->is_name && round_number(s, len, text)) {
		s = text;
		len = strlen(text);
		width = (unsigned)len;
	}
	if (t->screen && !c->is_number && width > c->width) {
		add_cut(s, len, c->width, width, out);
	} else {
		if (c->is_number && width < c->width)
			skep_str_pad(out, ' ', c->width - width);
		skep_str_addn(out, s, len);
		if (!c->is_number && width < c->width)
			skep_str_pad(out, ' ', c->width - width);
	}
	skep_str_pad(out, ' ', gap(t));
}

/* Blanks at the end of a line say nothing. */
static void end_line(size_t start, struct skep_str *out)
{
	while (out->len > start && out->data[out->len - 1] == ' ')
		out->data[--out->len] = '\0';
	skep_str_addc(out, '\n');
}

enum part {
	NAME,
	UNIT,
	BOTH
};

static void add_header_line(const struct skep_table *t, enum part part, struct skep_str *out)
{
	size_t start = out->len;

	for (size_t i = 0; i < t->n; i++) {
		const struct column *c = &t->columns[i];
		const char *text = part == NAME ? c->name : part == UNIT ? c->unit : c->header;

		add_cell(t, i, text, strlen(text), columns_of(text), out);
	}
	end_line(start, out);
}

/* What is not there is said, in as many lines as it takes. */
static void add_left_out(const struct skep_table *t, struct skep_str *out)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};

	for (size_t i = 0; i < t->n; i++)
		if (t->columns[i].left_out)
			skep_str_addf(&text, "%s %s", text.len ? "," : "no room for",
				      t->columns[i].name);
	if (!text.len)
		return;
	skep_fit_words(text.data, t->screen, 0, 0, out);
	skep_str_addc(out, '\n');
}

static void add_header(struct skep_table *t, struct skep_str *out)
{
	bool any = false;

	t->changed = false;
	add_left_out(t, out);
	if (t->level < LEVEL_CLOSE) {
		add_header_line(t, BOTH, out);
		return;
	}
	for (size_t i = 0; i < t->n; i++)
		any |= !t->columns[i].left_out && t->columns[i].unit_width;
	add_header_line(t, NAME, out);
	if (any)
		add_header_line(t, UNIT, out);
}

void skep_table_write(struct skep_table *t, bool header, struct skep_str *out)
{
	const char *text = skep_str_text(&t->text);
	size_t start;

	fit(t);
	if ((header || t->changed) && t->n)
		add_header(t, out);
	start = out->len;
	for (size_t i = 0; i < t->cells.len; i++) {
		const struct cell *cell = &t->cells.data[i];

		add_cell(t, i % t->n, text + cell->at, cell->len, cell->width, out);
		if (i % t->n + 1 == t->n) {
			end_line(start, out);
			start = out->len;
		}
	}
	t->cells.len = 0;
	skep_str_reset(&t->text);
}
