/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fit.h"

#include <string.h>

#include "base/arena.h"

#define ROOM_MIN 20 /* columns; with less, lines are left as they are */
#define TAB 8

size_t skep_fit_width(const char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; n++)
		i += MAX(skep_utf8_shown(text + i, len - i), (size_t)1);
	return n;
}

/* Bytes that a terminal could take for a command are shown as '?'. */
static size_t add_shown(const char *text, size_t len, struct skep_str *out)
{
	size_t n = skep_utf8_shown(text, len);

	if (n)
		skep_str_addn(out, text, n);
	else
		skep_str_addc(out, '?');
	return MAX(n, (size_t)1);
}

void skep_fit_words(const char *text, unsigned columns, size_t at, size_t indent,
		    struct skep_str *out)
{
	bool fill = columns >= indent + ROOM_MIN, begun = at > indent;

	while (*text) {
		size_t gap = strspn(text, " "), len = strcspn(text + gap, " ");
		size_t width = skep_fit_width(text + gap, len);

		if (fill && begun && at + gap + width > columns) {
			if (!len) /* blanks at the end */
				return;
			skep_str_addc(out, '\n');
			skep_str_pad(out, ' ', indent);
			at = indent;
			text += gap;
			gap = 0;
		}
		skep_str_pad(out, ' ', gap);
		for (size_t i = 0; i < len;)
			i += add_shown(text + gap + i, len - i, out);
		at += gap + width;
		begun = true;
		text += gap + len;
	}
}

/* Columns of a character that begins at column @at of its line. */
static size_t columns_of(char c, size_t at)
{
	return c == '\t' ? TAB - at % TAB : 1;
}

void skep_fit_code(const char *text, size_t len, unsigned columns, size_t at, struct skep_str *out)
{
	size_t room = columns >= at + ROOM_MIN ? columns - at : SIZE_MAX, width = 0, shown = 0;

	for (size_t i = 0; i < len && width <= room;) {
		width += columns_of(text[i], width);
		i += MAX(skep_utf8_shown(text + i, len - i), (size_t)1);
	}
	if (width > room)
		room--; /* for the dots */
	for (size_t i = 0; i < len;) {
		size_t n = columns_of(text[i], shown);

		if (shown + n > room) {
			skep_str_add(out, "…");
			return;
		}
		shown += n;
		if (text[i] != '\t') {
			i += add_shown(text + i, len - i, out);
			continue;
		}
		skep_str_pad(out, ' ', n);
		i++;
	}
}

/* Where what an option or a feature means begins: behind the last gap of several blanks. */
static size_t explained_at(const char *line)
{
	size_t len = strlen(line), at = strspn(line, " ");

	for (size_t i = at; i + 2 < len; i++)
		if (line[i] == ' ' && line[i + 1] == ' ' && line[i + 2] != ' ')
			at = i + 2;
	return at;
}

void skep_fit_page(const char *text, unsigned columns, struct skep_str *out)
{
	for (size_t len; *text; text += len + (text[len] == '\n')) {
		_cleanup_free_ char *line = NULL;
		bool is_command;
		size_t indent;

		len = strcspn(text, "\n");
		line = strndup(text, len);
		if (!line)
			skep_oom();
		indent = explained_at(line);
		if (indent > columns / 2)
			indent = MIN(strspn(line, " ") + 2, (size_t)columns / 2);
		is_command =
			skep_has_prefix(line, "  skep ") || skep_has_prefix(line, "  sudo skep ");
		skep_fit_words(line, is_command ? 0 : columns, 0, indent, out);
		skep_str_addc(out, '\n');
	}
}
