/* SPDX-License-Identifier: Apache-2.0 */
/* What a field is in a table or a CSV file: one piece of text without structure. */
#include <string.h>

#include "record/record_priv.h"
#include "record/table.h"

static bool is_stack(const struct skep_schema_field *field)
{
	return field->kind == SKEP_FIELD_KSTACK || field->kind == SKEP_FIELD_USTACK;
}

void skep_field_cell(const struct skep_schema_field *field, const void *payload,
		     const struct skep_resolver *resolver, struct skep_str *out)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};
	size_t start = out->len;

	if (!is_stack(field)) {
		skep_field_text(field, payload, resolver, out);
		return;
	}
	/* Frames with a semicolon between them, as tools for flame graphs write them. */
	skep_field_stack(field, payload, resolver, 0, &text);
	for (const char *p = skep_str_text(&text), *end; *p; p = *end ? end + 1 : end) {
		end = strchrnul(p, '\n');
		if (end == p)
			continue;
		if (out->len > start)
			skep_str_addc(out, ';');
		skep_str_addn(out, p, (size_t)(end - p));
	}
}

void skep_cell_shown(const char *text, size_t len, struct skep_str *out)
{
	size_t n;

	for (size_t i = 0; i < len; i += MAX(n, (size_t)1)) {
		n = skep_utf8_shown(text + i, len - i);
		if (n)
			skep_str_addn(out, text + i, n);
		else if (text[i] == '\n' || text[i] == '\t' || text[i] == '\r')
			skep_str_addc(out, ' ');
		else
			skep_str_add(out, "\xef\xbf\xbd");
	}
}

size_t skep_cell_cut(const char *text, size_t len, unsigned width, unsigned *ret_width)
{
	unsigned used = 0;
	size_t i = 0, n;

	for (; i < len; i += n) {
		unsigned columns;

		n = MAX(skep_utf8_len(text + i, len - i), (size_t)1);
		columns = (unsigned)skep_text_columns(text + i, n);
		if (used + columns > width)
			break;
		used += columns;
	}
	*ret_width = used;
	return i;
}

const char *skep_unit_text(const char *unit)
{
	static const char *const bytes[][2] = {
		{ "By", "bytes" }, { "KiBy", "KiB" },	  { "MiBy", "MiB" },
		{ "GiBy", "GiB" }, { "By/s", "bytes/s" }, { "1/s", "/s" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bytes); i++)
		if (skep_streq(bytes[i][0], unit))
			return bytes[i][1];
	return unit;
}

void skep_unit_name(const char *name, const char *unit, struct skep_str *out)
{
	_cleanup_(skep_str_fini)
	struct skep_str suffix = {};

	skep_str_add(out, name ? name : "");
	if (!unit)
		return;
	unit = skep_streq(unit, "%") ? "percent" : skep_unit_text(unit);
	for (const char *c = unit; *c; c++)
		if (*c == '/')
			skep_str_add(&suffix, "_per_");
		else
			skep_str_addf(&suffix, c == unit ? "_%c" : "%c", *c);
	if (!skep_has_suffix(skep_str_text(out), skep_str_text(&suffix)))
		skep_str_add(out, skep_str_text(&suffix));
}

bool skep_field_is_number(const struct skep_schema_field *field)
{
	return field->kind == SKEP_FIELD_INT || field->kind == SKEP_FIELD_FLOAT;
}

/* By its name: pid, uid, mnt_id, port, inode, ... */
static bool is_name(const struct skep_schema_field *field)
{
	static const char *const ends[] = { "id",    "port",   "ret",  "err",  "fd",	 "ino",
					    "inode", "sector", "line", "code", "version" };

	for (size_t i = 0; !field->unit && field->name && i < ARRAY_SIZE(ends); i++)
		if (skep_has_suffix(field->name, ends[i]))
			return true;
	return false;
}

struct skep_table_column skep_table_column_of(const struct skep_schema_field *field)
{
	static const unsigned number_widths[] = { [1] = 3, [2] = 5, [4] = 7, [8] = 8 };
	struct skep_table_column column = {
		.name = field->name,
		.unit = field->unit,
		.is_number = skep_field_is_number(field),
		.is_name = is_name(field),
		.min_width = 8,
	};

	if (field->kind == SKEP_FIELD_INT)
		column.min_width = field->size <= 8 ? number_widths[field->size] : 8;
	else if (field->kind == SKEP_FIELD_STRING)
		column.min_width = MIN(field->size ? field->size - 1 : 0, 15);
	else if (field->kind == SKEP_FIELD_PTR)
		column.min_width = 18;
	else if (field->kind == SKEP_FIELD_BOOL)
		column.min_width = 5;
	return column;
}

size_t skep_snapshot_keys(const struct skep_snapshot *s, const struct skep_schema_field **ret_keys,
			  size_t *ret_base)
{
	*ret_keys = s->keys;
	*ret_base = 0;
	if (s->n_keys == 1 && s->keys[0].kind == SKEP_FIELD_TUPLE) {
		*ret_base = s->keys[0].offset;
		*ret_keys = s->keys[0].children;
		return s->keys[0].n_children;
	}
	return s->n_keys;
}

size_t skep_snapshot_values(const struct skep_snapshot *s,
			    const struct skep_schema_field **ret_values)
{
	if (s->value_columns && s->value_field.kind == SKEP_FIELD_STRUCT &&
	    s->value_field.n_children) {
		*ret_values = s->value_field.children;
		return s->value_field.n_children;
	}
	*ret_values = &s->value_field;
	return 1;
}
