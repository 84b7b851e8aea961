/* SPDX-License-Identifier: Apache-2.0 */
#include "record/format.h"

#include <errno.h>
#include <string.h>

#include "base/vec.h"

#define WIDTH_MAX 4096 /* of a width or a precision */

struct parser {
	const char *text;
	size_t len, at;
	const char *why;
};

static char peek(const struct parser *p)
{
	return p->at < p->len ? p->text[p->at] : '\0';
}

/* Digits or '*'. *ret_value stays as it is when there is neither. */
static int parse_number(struct parser *p, int *ret_value, bool *ret_arg)
{
	int value = 0;

	if (peek(p) == '*') {
		p->at++;
		*ret_arg = true;
		return 0;
	}
	if (peek(p) < '0' || peek(p) > '9')
		return 0;
	while (peek(p) >= '0' && peek(p) <= '9') {
		value = value * 10 + (peek(p) - '0');
		if (value > WIDTH_MAX) {
			p->why = "a width or precision of more than 4096";
			return -EINVAL;
		}
		p->at++;
	}
	*ret_value = value;
	return 0;
}

static int parse_flags(struct parser *p, struct skep_format_part *part)
{
	size_t n = 0;

	while (peek(p) && strchr("-+ #0", peek(p))) {
		if (!memchr(part->flags, peek(p), n)) {
			if (n + 1 >= sizeof(part->flags))
				return -EINVAL;
			part->flags[n++] = peek(p);
		}
		p->at++;
	}
	return 0;
}

/* How many bits of a number are shown: hh and h say 8 and 16, nothing 32 or as many as it needs, all others 64. */
static unsigned parse_length(struct parser *p)
{
	unsigned bits = 32;

	for (; peek(p) && strchr("hlqjztL", peek(p)); p->at++) {
		if (peek(p) != 'h')
			bits = 64;
		else if (bits <= 32)
			bits = MAX(bits / 2, 8u);
	}
	return bits;
}

static int parse_letter(struct parser *p, struct skep_format_part *part)
{
	part->bits = parse_length(p);
	if (p->at >= p->len) {
		p->why = "a '%' without a conversion letter behind it";
		return -EINVAL;
	}
	part->conv = peek(p);
	if (part->conv && strchr("diuoxXcsp%", part->conv)) {
		p->at++;
	} else if (part->conv == 'r') {
		p->at++;
		if (peek(p) == 'x' || peek(p) == 'h')
			part->variant = p->text[p->at++];
	} else if (part->conv == 'g' && p->at + 1 < p->len && p->text[p->at + 1] == 'r') {
		part->variant = 'r';
		p->at += 2;
	} else {
		p->why = "an unknown conversion";
		return -EINVAL;
	}
	return 0;
}

static int parse_part(struct parser *p, struct skep_format_part *part)
{
	const char *percent = memchr(p->text + p->at, '%', p->len - p->at);
	int r;

	*part = (struct skep_format_part){ .width = -1, .precision = -1 };
	part->literal = p->text + p->at;
	part->literal_len = percent ? (size_t)(percent - part->literal) : p->len - p->at;
	part->at = p->at + part->literal_len;
	p->at = part->at;
	if (!percent)
		return 0;
	p->at++;
	r = parse_flags(p, part);
	if (r < 0)
		return r;
	r = parse_number(p, &part->width, &part->width_arg);
	if (r < 0)
		return r;
	if (peek(p) == '.') {
		p->at++;
		part->precision = 0;
		r = parse_number(p, &part->precision, &part->precision_arg);
		if (r < 0)
			return r;
	}
	return parse_letter(p, part);
}

int skep_format_parse(const char *text, size_t len, struct skep_format *ret_format, size_t *ret_at,
		      const char **ret_why)
{
	struct parser p = { .text = text, .len = len };
	struct {
		SKEP_VEC(struct skep_format_part);
	} parts = {};
	struct skep_format_part part;
	size_t n_fields = 0;
	int r;

	do {
		r = parse_part(&p, &part);
		if (r < 0) {
			skep_vec_fini(&parts);
			*ret_at = part.at;
			*ret_why = p.why;
			return r;
		}
		skep_vec_add(&parts, part);
		if (part.conv && part.conv != '%')
			n_fields += 1u + part.width_arg + part.precision_arg;
	} while (part.conv);

	*ret_format = (struct skep_format){ parts.data, parts.len, n_fields };
	return 0;
}

void skep_format_fini(struct skep_format *format)
{
	free(format->parts);
	*format = (struct skep_format){};
}
