/* SPDX-License-Identifier: Apache-2.0 */
/* JSON (RFC 8259): strings, and values of fields. */
#include "record/record_priv.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

/* Stands for a byte that is not of UTF-8. As it is an escape, it is told from U+FFFD in the text itself. */
#define REPLACED "\\ufffd"

static void add_control(uint8_t c, struct skep_str *out)
{
	static const char letters[] = "\bb\tt\nn\ff\rr";

	for (size_t i = 0; letters[i]; i += 2) {
		if ((uint8_t)letters[i] == c) {
			skep_str_addc(out, '\\');
			skep_str_addc(out, letters[i + 1]);
			return;
		}
	}
	skep_str_addf(out, "\\u%04x", c);
}

/* How many bytes from the first on stand for themselves in a string. */
static size_t count_plain(const char *text, size_t len)
{
	size_t i = 0;

	while (i < len && text[i] >= 0x20 && text[i] < 0x7f && text[i] != '"' && text[i] != '\\')
		i++;
	return i;
}

void skep_json_string(const char *text, size_t len, struct skep_str *out)
{
	const uint8_t *s = (const uint8_t *)text;
	size_t i = 0, n;

	skep_str_addc(out, '"');
	while (i < len) {
		n = count_plain(text + i, len - i);
		skep_str_addn(out, text + i, n);
		i += n;
		if (i == len)
			break;
		n = skep_utf8_len(text + i, len - i);
		if (n == 0) {
			skep_str_add(out, REPLACED);
			n = 1;
		} else if (s[i] == '"' || s[i] == '\\') {
			skep_str_addc(out, '\\');
			skep_str_addc(out, (char)s[i]);
		} else if (s[i] < 0x20 || s[i] == 0x7f) {
			add_control(s[i], out);
		} else {
			skep_str_addn(out, s + i, n);
		}
		i += n;
	}
	skep_str_addc(out, '"');
}

size_t skep_json_replaced(const char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i + 1 < len; i++) {
		if (text[i] != '\\')
			continue;
		n += len - i >= sizeof(REPLACED) - 1 &&
		     memcmp(text + i, REPLACED, sizeof(REPLACED) - 1) == 0;
		i++; /* what it escapes is no backslash of its own */
	}
	return n;
}

void skep_json_time(uint64_t realtime_ns, struct skep_str *out)
{
	time_t seconds = (time_t)(realtime_ns / 1000000000);
	char text[40];
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	skep_str_addf(out, "\"%s.%09uZ\"", text, (unsigned)(realtime_ns % 1000000000));
}

/* The lines of a text as an array of strings. */
static void add_lines(const char *text, struct skep_str *out)
{
	const char *end;
	bool first = true;

	skep_str_addc(out, '[');
	for (; *text; text = *end ? end + 1 : end) {
		end = strchrnul(text, '\n');
		if (end == text)
			continue;
		if (!first)
			skep_str_add(out, ", ");
		skep_json_string(text, (size_t)(end - text), out);
		first = false;
	}
	skep_str_addc(out, ']');
}

static void add_stack(const struct skep_schema_field *field, const void *payload,
		      const struct skep_resolver *resolver, enum skep_json_shape shape,
		      struct skep_str *out)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};

	if (shape == SKEP_JSON_BPFTRACE) {
		skep_field_stack(field, payload, resolver, SKEP_STACK_INDENT, &text);
		skep_json_string(skep_str_text(&text), text.len, out);
	} else {
		skep_field_stack(field, payload, resolver, 0, &text);
		add_lines(skep_str_text(&text), out);
	}
}

/* Most texts need no escapes: then it is written where it belongs at once. */
static void add_quoted_text(const struct skep_schema_field *field, const void *payload,
			    const struct skep_resolver *resolver, struct skep_str *out)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};
	size_t at = out->len;

	skep_str_addc(out, '"');
	skep_field_text(field, payload, resolver, out);
	if (count_plain(out->data + at + 1, out->len - at - 1) == out->len - at - 1) {
		skep_str_addc(out, '"');
		return;
	}
	skep_str_addn(&text, out->data + at + 1, out->len - at - 1);
	out->len = at;
	skep_json_string(text.data, text.len, out);
}

static void add_json(const struct skep_schema_field *field, const void *payload,
		     const struct skep_resolver *resolver, enum skep_json_shape shape,
		     unsigned depth, struct skep_str *out);

static void add_nested(const struct skep_schema_field *field, const void *payload,
		       const struct skep_resolver *resolver, enum skep_json_shape shape,
		       unsigned depth, struct skep_str *out)
{
	const uint8_t *base = (const uint8_t *)payload + field->offset;
	bool is_struct = field->kind == SKEP_FIELD_STRUCT;
	bool is_array = field->kind == SKEP_FIELD_ARRAY;
	size_t n = is_array ? field->count : field->n_children;

	if (depth >= SKEP_FIELD_DEPTH_MAX || (is_array && field->n_children == 0)) {
		skep_str_add(out, "null");
		return;
	}
	skep_str_addc(out, is_struct ? '{' : '[');
	for (size_t i = 0; i < n; i++) {
		const struct skep_schema_field *child = &field->children[is_array ? 0 : i];
		const char *name = child->name ? child->name : "";

		if (i > 0)
			skep_str_add(out, is_struct ? ", " : ",");
		if (is_struct) {
			skep_json_string(name, strlen(name), out);
			skep_str_add(out, ": ");
		}
		add_json(child, base + (is_array ? i * child->size : 0), resolver, shape, depth + 1,
			 out);
	}
	skep_str_addc(out, is_struct ? '}' : ']');
}

static void add_json(const struct skep_schema_field *field, const void *payload,
		     const struct skep_resolver *resolver, enum skep_json_shape shape,
		     unsigned depth, struct skep_str *out)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};

	switch (field->kind) {
	case SKEP_FIELD_INT:
	case SKEP_FIELD_BOOL:
		if (skep_field_is_none(field, payload))
			skep_str_add(out, "null");
		else
			skep_field_text(field, payload, NULL, out);
		return;
	case SKEP_FIELD_FLOAT:
		/* JSON has no infinities, and no numbers that are none. */
		skep_field_text(field, payload, NULL, &text);
		skep_str_add(out, skep_str_text(&text)[strcspn(skep_str_text(&text), "in?")]
					  ? "null"
					  : skep_str_text(&text));
		return;
	case SKEP_FIELD_KSTACK:
	case SKEP_FIELD_USTACK:
		add_stack(field, payload, resolver, shape, out);
		return;
	case SKEP_FIELD_STRUCT:
	case SKEP_FIELD_TUPLE:
	case SKEP_FIELD_ARRAY:
		add_nested(field, payload, resolver, shape, depth, out);
		return;
	default:
		add_quoted_text(field, payload, resolver, out);
	}
}

void skep_field_member(const struct skep_schema_field *fields, size_t index, struct skep_str *out)
{
	const char *name = fields[index].name ? fields[index].name : "";
	unsigned before = 0;

	for (size_t k = 0; k < index; k++)
		before += skep_streq(fields[k].name ? fields[k].name : "", name);
	skep_str_add(out, name);
	if (before)
		skep_str_addf(out, "#%u", before + 1);
}

void skep_field_json_shape(const struct skep_schema_field *field, const void *payload,
			   const struct skep_resolver *resolver, enum skep_json_shape shape,
			   struct skep_str *out)
{
	add_json(field, payload, resolver, shape, 0, out);
}

void skep_field_json(const struct skep_schema_field *field, const void *payload,
		     const struct skep_resolver *resolver, struct skep_str *out)
{
	add_json(field, payload, resolver, SKEP_JSON_OWN, 0, out);
}
