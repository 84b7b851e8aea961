/* SPDX-License-Identifier: Apache-2.0 */
#include "record/format.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "record/record_priv.h"

#define WIDTH_MAX 4096

struct args {
	const struct skep_schema_field *fields;
	size_t n_fields, next;
	const void *payload;
	const struct skep_resolver *resolver;
};

/* One part with the stars replaced by what the fields say. */
struct spec {
	const struct skep_format_part *part;
	bool left;
	int width, precision; /* -1: none */
};

static int take_star(struct args *a)
{
	int64_t v;

	if (a->next >= a->n_fields)
		return -1;
	v = (int64_t)skep_field_int(&a->fields[a->next++], a->payload);
	return (int)MAX(MIN(v, WIDTH_MAX), -WIDTH_MAX);
}

static struct spec make_spec(const struct skep_format_part *part, struct args *a)
{
	struct spec s = {
		.part = part,
		.left = strchr(part->flags, '-'),
		.width = part->width,
		.precision = part->precision,
	};

	if (part->width_arg) {
		s.width = take_star(a);
		if (s.width < 0) { /* as in C: a negative width is a '-' flag */
			s.left = true;
			s.width = -s.width;
		}
	}
	if (part->precision_arg) {
		s.precision = take_star(a);
		s.precision = MAX(s.precision, -1);
	}
	return s;
}

static void add_padded(const struct spec *s, const char *text, size_t len, struct skep_str *out)
{
	size_t pad = s->width > 0 && (size_t)s->width > len ? (size_t)s->width - len : 0;

	if (!s->left)
		skep_str_pad(out, ' ', pad);
	skep_str_addn(out, text, len);
	if (s->left)
		skep_str_pad(out, ' ', pad);
}

/*
 * The value as C's printf gets it: 64 bits with the field's sign, of which h and hh take the lower ones. Without a
 * modifier a number is never cut; but one that C would show as 32 bits without sign (%x of -1) is shown so.
 */
static uint64_t int_for(const struct skep_format_part *part, const struct skep_schema_field *field,
			const void *payload)
{
	uint64_t value = skep_field_int(field, payload);
	bool is_signed = part->conv == 'd' || part->conv == 'i';
	unsigned unused = part->conv == 'p' || part->conv == 'g' ? 0 : 64 - part->bits;

	if (part->bits == 32 &&
	    (is_signed || !field->is_signed || (int64_t)value != (int32_t)value))
		return value;
	value <<= unused;
	return is_signed ? (uint64_t)((int64_t)value >> unused) : value >> unused;
}

static void add_int(const struct spec *s, uint64_t value, struct skep_str *out)
{
	char fmt[32], text[WIDTH_MAX * 2 + 64], conv = s->part->conv;
	size_t n = 0;
	int len;

	fmt[n++] = '%';
	for (const char *f = s->part->flags; *f; f++)
		fmt[n++] = *f;
	if (s->left && !strchr(s->part->flags, '-'))
		fmt[n++] = '-';
	if (conv == 'p') {
		if (!strchr(s->part->flags, '#'))
			fmt[n++] = '#';
		conv = 'x';
	}
	memcpy(fmt + n, "*.*ll", 5);
	fmt[n + 5] = conv;
	fmt[n + 6] = '\0';
	if (s->part->conv == 'p' && value == 0) { /* C's # leaves the 0x of a zero out */
		add_padded(s, "0x0", 3, out);
		return;
	}
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	len = snprintf(text, sizeof(text), fmt, MAX(s->width, 0), s->precision,
		       (unsigned long long)value);
#pragma GCC diagnostic pop
	if (len > 0)
		skep_str_addn(out, text, MIN((size_t)len, sizeof(text) - 1));
}

static void add_char(const struct spec *s, const struct skep_schema_field *field,
		     const void *payload, struct skep_str *out)
{
	const uint8_t *bytes;
	char c;

	if (field->kind == SKEP_FIELD_STRING || field->kind == SKEP_FIELD_BUFFER)
		c = skep_field_bytes(field, payload, &bytes) ? (char)bytes[0] : '\0';
	else
		c = (char)skep_field_int(field, payload);
	add_padded(s, &c, c ? 1 : 0, out);
}

/* %r as text with escapes, %rx every byte as \xNN, %rh as hex pairs with spaces between. */
static void add_bytes(const struct spec *s, const struct skep_schema_field *field,
		      const void *payload, struct skep_str *out)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};
	const uint8_t *bytes;
	size_t len = skep_field_bytes(field, payload, &bytes);

	if (s->precision >= 0)
		len = MIN(len, (size_t)s->precision);
	for (size_t i = 0; i < len && s->part->variant; i++) {
		if (s->part->variant == 'x')
			skep_str_addf(&text, "\\x%02x", bytes[i]);
		else
			skep_str_addf(&text, i ? " %02x" : "%02x", bytes[i]);
	}
	if (!s->part->variant)
		skep_bytes_text(bytes, len, &text);
	add_padded(s, skep_str_text(&text), text.len, out);
}

static void add_string(const struct spec *s, const struct skep_schema_field *field,
		       const struct args *a, struct skep_str *out)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};

	skep_field_text(field, a->payload, a->resolver, &text);
	add_padded(s, skep_str_text(&text),
		   s->precision >= 0 ? MIN(text.len, (size_t)s->precision) : text.len, out);
}

/* Names of bits, then what has none as a number. */
static void add_flags(const struct spec *s, uint64_t value, struct skep_str *out)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};

	for (size_t i = 0; i < s->part->n_names; i++) {
		uint64_t mask = (uint64_t)s->part->names[i].value;

		if (!mask || (value & mask) != mask)
			continue;
		skep_str_addf(&text, "%s%s", text.len ? "|" : "", s->part->names[i].name);
		value &= ~mask;
	}
	if (value || (!text.len && !s->part->n_names))
		skep_str_addf(&text, "%s0x%" PRIx64, text.len ? "|" : "", value);
	else if (!text.len)
		skep_str_add(&text, "none");
	add_padded(s, skep_str_text(&text), text.len, out);
}

static void add_part(const struct skep_format_part *part, struct args *a, struct skep_str *out)
{
	struct spec s = make_spec(part, a);
	const struct skep_schema_field *field;

	if (a->next >= a->n_fields) { /* the compiler checks the number; be harmless otherwise */
		skep_str_add(out, "?");
		return;
	}
	field = &a->fields[a->next++];
	switch (part->conv) {
	case 's':
		add_string(&s, field, a, out);
		return;
	case 'r':
		add_bytes(&s, field, a->payload, out);
		return;
	case 'c':
		add_char(&s, field, a->payload, out);
		return;
	case 'g':
		add_flags(&s, int_for(part, field, a->payload), out);
		return;
	default:
		if (skep_field_has_int(field))
			add_int(&s, int_for(part, field, a->payload), out);
		else
			add_string(&s, field, a, out);
	}
}

void skep_format_text(const struct skep_format *format, const struct skep_schema_field *fields,
		      size_t n_fields, const void *payload, const struct skep_resolver *resolver,
		      struct skep_str *out)
{
	struct args a = { fields, n_fields, 0, payload, resolver };

	for (size_t i = 0; i < format->n_parts; i++) {
		const struct skep_format_part *part = &format->parts[i];

		skep_str_addn(out, part->literal, part->literal_len);
		if (part->conv == '%')
			skep_str_addc(out, '%');
		else if (part->conv)
			add_part(part, &a, out);
	}
}
