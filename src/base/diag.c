/* SPDX-License-Identifier: Apache-2.0 */
#include "base/diag.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/fit.h"

#define LINE_SHOWN_MAX 160 /* bytes of a source line shown around the caret */
#define LINE_SHOWN_MIN 20  /* however narrow a terminal is */
#define MARGIN 9	   /* columns in front of a source line or a hint */

void skep_diag_fini(struct skep_diag *diag)
{
	for (size_t i = 0; i < diag->n_items; i++) {
		free(diag->items[i].what);
		free(diag->items[i].hint);
		free(diag->items[i].file);
		free(diag->items[i].text);
	}
	free(diag->items);
	free(diag->log);
	*diag = (struct skep_diag){};
}

static char *format_va(const char *fmt, va_list ap)
{
	char *text;

	if (vasprintf(&text, fmt, ap) < 0)
		skep_oom();
	return text;
}

void skep_diag_add(struct skep_diag *diag, enum skep_diag_level level, struct skep_loc loc,
		   const char *fmt, ...)
{
	struct skep_diag_item *item;
	va_list ap;

	if (!diag)
		return;
	if (level == SKEP_DIAG_ERROR)
		diag->n_errors++;
	if (diag->n_items == SKEP_DIAG_MAX) {
		diag->dropped++;
		return;
	}
	if (!diag->items) {
		diag->items = calloc(SKEP_DIAG_MAX, sizeof(*diag->items));
		if (!diag->items)
			skep_oom();
	}
	item = &diag->items[diag->n_items++];
	*item = (struct skep_diag_item){ .level = level, .loc = loc, .insn = -1 };
	va_start(ap, fmt);
	item->what = format_va(fmt, ap);
	va_end(ap);
}

static struct skep_diag_item *newest(struct skep_diag *diag)
{
	if (!diag || !diag->n_items || diag->dropped)
		return NULL;
	return &diag->items[diag->n_items - 1];
}

void skep_diag_hint(struct skep_diag *diag, const char *fmt, ...)
{
	struct skep_diag_item *item = newest(diag);
	va_list ap;

	if (!item)
		return;
	free(item->hint);
	va_start(ap, fmt);
	item->hint = format_va(fmt, ap);
	va_end(ap);
}

void skep_diag_soften(struct skep_diag *diag, size_t from)
{
	for (size_t i = from; diag && i < diag->n_items; i++) {
		if (diag->items[i].level != SKEP_DIAG_ERROR)
			continue;
		diag->items[i].level = SKEP_DIAG_WARNING;
		diag->n_errors--;
	}
}

void skep_diag_at_insn(struct skep_diag *diag, int insn)
{
	struct skep_diag_item *item = newest(diag);

	if (item)
		item->insn = insn;
}

void skep_diag_line(struct skep_diag *diag, const char *file, const char *text)
{
	struct skep_diag_item *item = newest(diag);

	if (!item)
		return;
	free(item->file);
	free(item->text);
	item->file = strdup(file);
	item->text = strdup(text);
	if (!item->file || !item->text)
		skep_oom();
}

void skep_diag_set_log(struct skep_diag *diag, const char *log)
{
	char *copy;

	if (!diag)
		return;
	copy = strdup(log);
	if (!copy)
		skep_oom();
	free(diag->log);
	diag->log = copy;
}

/* Line @number of the source without its newline; false when there is none. */
static bool source_line(const struct skep_diag *diag, uint32_t number, const char **ret_line,
			size_t *ret_len)
{
	const char *p = diag->source_text, *end, *newline;

	if (!p || !number)
		return false;
	end = p + diag->source_len;
	for (uint32_t n = 1; n < number; n++) {
		p = memchr(p, '\n', (size_t)(end - p));
		if (!p)
			return false;
		p++;
	}
	newline = memchr(p, '\n', (size_t)(end - p));
	*ret_line = p;
	*ret_len = (size_t)((newline ? newline : end) - p);
	return true;
}

/* The file that a line of the whole text is in; *line becomes its line there. */
static const char *file_of(const struct skep_diag *diag, uint32_t *line)
{
	const char *name = diag->source_name;
	uint32_t first = 1;

	for (size_t i = 0; i < diag->n_files && diag->files[i].first_line <= *line; i++) {
		name = diag->files[i].name;
		first = diag->files[i].first_line;
	}
	*line -= first - 1;
	return name ? name : "-";
}

/* Columns of the characters that begin before @to, shown as format_excerpt does. */
static size_t shown_columns(const char *line, size_t from, size_t to, size_t len)
{
	size_t columns = 0, n;

	for (size_t i = from; i < to; i += MAX(n, (size_t)1)) {
		n = skep_utf8_shown(line + i, len - i);
		columns += n ? skep_utf8_columns(line + i, n) : 1;
	}
	return columns;
}

/* Not in the midst of a character: where it begins. */
static size_t character_at(const char *line, size_t at, size_t len)
{
	size_t begin = at;

	if (at >= len)
		return at;
	while (begin > 0 && at - begin < 3 && ((uint8_t)line[begin] & 0xc0) == 0x80)
		begin--;
	return begin + skep_utf8_len(line + begin, len - begin) > at ? begin : at;
}

/*
 * The line and a caret below it. Of a long line only a window around the caret is shown. Bytes that a terminal
 * could take for a command are shown as '?', so hostile input cannot paint the screen.
 */
static void format_excerpt(const char *line, size_t len, struct skep_loc loc, unsigned columns,
			   const char *caret_on, const char *off, struct skep_str *out)
{
	size_t col = loc.col ? loc.col - 1 : 0, from, to, width, room = LINE_SHOWN_MAX;

	if (columns) /* with dots on both sides */
		room = columns > MARGIN + 6 + LINE_SHOWN_MIN ? columns - MARGIN - 6
							     : LINE_SHOWN_MIN;
	col = MIN(col, len);
	from = col > room / 2 ? col - room / 2 : 0;
	if (columns && len <= room)
		from = 0;
	to = MIN(len, from + room);
	from = character_at(line, from, len);
	to = to < len ? MAX(character_at(line, to, len), from) : to;
	skep_str_addf(out, "%6u | %s", loc.line, from ? "..." : "");
	for (size_t i = from; i < to;) {
		size_t n = skep_utf8_shown(line + i, to - i);

		if (n)
			skep_str_addn(out, line + i, n);
		else
			skep_str_addc(out, line[i] == '\t' ? ' ' : '?');
		i += MAX(n, (size_t)1);
	}
	skep_str_addf(out, "%s\n       | %s", to < len ? "..." : "", from ? "   " : "");
	skep_str_pad(out, ' ', shown_columns(line, from, col, len));
	width = MIN((size_t)MAX(loc.len, 1u), to > col ? to - col : (size_t)1);
	if (col < to)
		width = MAX(shown_columns(line, col, col + width, len), (size_t)1);
	skep_str_addf(out, "%s^", caret_on);
	skep_str_pad(out, '~', width - 1);
	skep_str_addf(out, "%s\n", off);
}

static void format_item(const struct skep_diag *diag, const struct skep_diag_item *item, bool color,
			struct skep_str *out)
{
	static const struct {
		const char *word, *on;
	} levels[] = {
		[SKEP_DIAG_ERROR] = { "error", "\033[1;31m" },
		[SKEP_DIAG_WARNING] = { "warning", "\033[1;35m" },
		[SKEP_DIAG_NOTE] = { "note", "\033[1;36m" },
	};
	const char *on = color ? levels[item->level].on : "", *off = color ? "\033[0m" : "";
	struct skep_loc shown = item->loc;
	const char *line, *name = item->file ? item->file : file_of(diag, &shown.line);
	size_t len, start = out->len;

	if (item->loc.line)
		skep_str_addf(out, "%s:%u:%u: ", name, shown.line, shown.col);
	else
		skep_str_add(out, "skep: ");
	skep_str_addf(out, "%s%s:%s ", on, levels[item->level].word, off);
	skep_fit_words(item->what, diag->columns, out->len - start - strlen(on) - strlen(off),
		       MARGIN, out);
	skep_str_addc(out, '\n');
	if (item->text)
		format_excerpt(item->text, strlen(item->text), shown, diag->columns, on, off, out);
	else if (source_line(diag, item->loc.line, &line, &len))
		format_excerpt(line, len, shown, diag->columns, on, off, out);
	if (item->hint) {
		skep_str_add(out, "       = ");
		skep_fit_words(item->hint, diag->columns, MARGIN, MARGIN, out);
		skep_str_addc(out, '\n');
	}
}

void skep_diag_format(const struct skep_diag *diag, bool color, bool with_log, struct skep_str *out)
{
	for (size_t i = 0; i < diag->n_items; i++)
		format_item(diag, &diag->items[i], color, out);
	if (diag->dropped)
		skep_str_addf(out, "skep: and %zu more messages not shown\n", diag->dropped);
	if (with_log && diag->log)
		skep_str_addf(out, "%s%s", diag->log, skep_has_suffix(diag->log, "\n") ? "" : "\n");
}
