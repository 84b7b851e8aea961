/* SPDX-License-Identifier: Apache-2.0 */
#include "top/pen.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void skep_pen_style(struct skep_pen *pen, enum skep_top_style s)
{
	if (!pen->plain)
		skep_str_addc(pen->out, (char)s);
}

/* The character at @s: its bytes to be shown and columns; what cannot be shown is a '?'. */
static size_t next_char(const struct skep_pen *pen, const char *s, size_t len,
			const char **ret_shown, size_t *ret_bytes, unsigned *ret_columns)
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

unsigned skep_pen_put(struct skep_pen *pen, const char *text, size_t len, unsigned room)
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

void skep_pen_text(struct skep_pen *pen, const char *s)
{
	skep_pen_put(pen, s, strlen(s), pen->left);
}

void skep_pen_blanks(struct skep_pen *pen, unsigned n)
{
	n = MIN(n, pen->left);
	skep_str_pad(pen->out, ' ', n);
	pen->left -= n;
}

void skep_pen_part(struct skep_pen *pen, enum skep_top_style s, const char *fmt, ...)
{
	char buffer[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(buffer, sizeof(buffer), fmt, args);
	va_end(args);
	if (skep_text_columns(buffer, strlen(buffer)) > pen->left)
		return;
	skep_pen_style(pen, s);
	skep_pen_text(pen, buffer);
}
