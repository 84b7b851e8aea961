/* SPDX-License-Identifier: Apache-2.0 */
#include "record/table.h"

#include <string.h>

#include "base/vec.h"
#include "record/record_priv.h"

#define GAP 2
#define TEXT_WIDTH_MAX 40 /* of a column, as long as nothing longer has to be moved */
#define TEXT_WIDTH_MIN 8  /* what cutting leaves of a column */

struct column {
	char *header;
	unsigned width, max_width;
	bool is_number;
};

struct cell {
	size_t at, len; /* bytes in the text */
	unsigned width; /* columns of a terminal */
};

struct skep_table {
	struct column *columns;
	size_t n;
	unsigned screen;
	struct skep_str text; /* of the cells that wait */
	struct {
		SKEP_VEC(struct cell);
	} cells;
};

static char *make_header(const struct skep_table_column *column)
{
	struct skep_str s = {};

	for (const char *p = column->name ? column->name : ""; *p; p++)
		skep_str_addc(&s, *p >= 'a' && *p <= 'z' ? (char)(*p - 'a' + 'A') : *p);
	if (column->unit)
		skep_str_addf(&s, "(%s)", skep_unit_text(column->unit));
	if (!s.data)
		skep_str_add(&s, "");
	return s.data;
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
	for (size_t i = 0; i < n; i++) {
		struct column *c = &t->columns[i];

		c->header = make_header(&columns[i]);
		c->is_number = columns[i].is_number;
		c->max_width = columns[i].max_width ? columns[i].max_width : TEXT_WIDTH_MAX;
		c->width = MAX((unsigned)skep_text_columns(c->header, strlen(c->header)),
			       columns[i].min_width);
	}
	return t;
}

void skep_table_free(struct skep_table *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->n; i++)
		free(t->columns[i].header);
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

static unsigned total_width(const struct skep_table *t)
{
	unsigned total = 0;

	for (size_t i = 0; i < t->n; i++)
		total += t->columns[i].width + (i ? GAP : 0);
	return total;
}

/* Wide enough for what waits; then, on a screen, narrow enough for it. */
static void fit(struct skep_table *t)
{
	for (size_t i = 0; i < t->cells.len; i++) {
		struct column *c = &t->columns[i % t->n];
		unsigned width = t->cells.data[i].width;

		if (!c->is_number && !(t->screen && i % t->n + 1 == t->n))
			width = MIN(width, c->max_width);
		c->width = MAX(c->width, width);
	}
	while (t->screen && total_width(t) > t->screen) {
		struct column *widest = NULL;
		unsigned over = total_width(t) - t->screen;

		for (size_t i = 0; i < t->n; i++) {
			struct column *c = &t->columns[i];

			if (!c->is_number && c->width > TEXT_WIDTH_MIN &&
			    (!widest || c->width >= widest->width))
				widest = c;
		}
		if (!widest)
			return;
		widest->width -= MIN(over, widest->width - TEXT_WIDTH_MIN);
	}
}

static void add_cell(const struct skep_table *t, size_t column, const char *s, size_t len,
		     unsigned width, struct skep_str *out)
{
	const struct column *c = &t->columns[column];
	bool last = column + 1 == t->n;

	if (t->screen && !c->is_number && width > c->width) {
		skep_str_addn(out, s, skep_cell_cut(s, len, c->width - 1, &width));
		skep_str_add(out, "\xe2\x80\xa6");
		width++;
	} else {
		if (c->is_number && width < c->width)
			skep_str_pad(out, ' ', c->width - width);
		skep_str_addn(out, s, len);
	}
	if (last)
		return;
	if (!c->is_number && width < c->width)
		skep_str_pad(out, ' ', c->width - width);
	skep_str_pad(out, ' ', GAP);
}

/* Blanks at the end of a line say nothing. */
static void end_line(size_t start, struct skep_str *out)
{
	while (out->len > start && out->data[out->len - 1] == ' ')
		out->data[--out->len] = '\0';
	skep_str_addc(out, '\n');
}

void skep_table_write(struct skep_table *t, bool header, struct skep_str *out)
{
	const char *text = skep_str_text(&t->text);
	size_t start;

	fit(t);
	if (header && t->n) {
		start = out->len;
		for (size_t i = 0; i < t->n; i++)
			add_cell(t, i, t->columns[i].header, strlen(t->columns[i].header),
				 (unsigned)skep_text_columns(t->columns[i].header,
							     strlen(t->columns[i].header)),
				 out);
		end_line(start, out);
	}
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
