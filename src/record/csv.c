/* SPDX-License-Identifier: Apache-2.0 */
#include "record/csv.h"

#include <string.h>

#include "base/vec.h"
#include "record/record_priv.h"

/* Fields */

static void add_utf8(const char *s, size_t len, struct skep_str *out)
{
	size_t n;

	for (size_t i = 0; i < len; i += MAX(n, (size_t)1)) {
		n = skep_utf8_len(s + i, len - i);
		if (n == 0)
			skep_str_add(out, "\xef\xbf\xbd");
		else if (s[i] == '"')
			skep_str_add(out, "\"\"");
		else
			skep_str_addn(out, s + i, n);
	}
}

/* Quoted when it holds what would end it; blanks at its ends are kept by those who might strip them. */
static bool wants_quotes(const char *s, size_t len)
{
	if (len && (s[0] == ' ' || s[len - 1] == ' '))
		return true;
	for (size_t i = 0; i < len; i++)
		if (s[i] == ',' || s[i] == '"' || s[i] == '\n' || s[i] == '\r')
			return true;
	return false;
}

static void put(const char *s, size_t len, bool quotes, struct skep_str *out)
{
	quotes |= wants_quotes(s, len);
	if (quotes)
		skep_str_addc(out, '"');
	add_utf8(s, len, out);
	if (quotes)
		skep_str_addc(out, '"');
}

/* Kinds and their columns */

static size_t find_column(const struct skep_csv *csv, const char *name)
{
	size_t i = 0;

	while (i < csv->columns.len && !skep_streq(csv->columns.data[i].name, name))
		i++;
	return i;
}

static bool has_column(const struct skep_csv_kind *kind, size_t column)
{
	for (size_t i = 0; i < kind->n_fields; i++)
		if (kind->columns[i] == column)
			return true;
	return false;
}

/* What a reader takes a column for: numbers, truths or texts. */
static unsigned type_of(const struct skep_schema_field *field)
{
	return skep_field_is_number(field) ? 1 : field->kind == SKEP_FIELD_BOOL ? 2 : 0;
}

/* One that is there, is of this type, and does not have another field of this kind; or a new one. */
static void add_field(struct skep_csv *csv, struct skep_csv_kind *kind,
		      const struct skep_schema_field *field)
{
	struct skep_csv_column column = { .type = type_of(field) };
	struct skep_str name = {};
	size_t len, at;

	skep_unit_name(field->name, field->unit, &name);
	len = name.len;
	for (unsigned n = 2; (at = find_column(csv, skep_str_text(&name))) < csv->columns.len;
	     n++) {
		if (csv->columns.data[at].type == column.type && !has_column(kind, at))
			break;
		name.len = len;
		skep_str_addf(&name, "#%u", n);
	}
	if (at == csv->columns.len) {
		column.name = strdup(skep_str_text(&name));
		if (!column.name)
			skep_oom();
		skep_vec_add(&csv->columns, column);
		csv->begun = false;
	}
	kind->columns[kind->n_fields++] = at;
	skep_str_fini(&name);
}

size_t skep_csv_kind(struct skep_csv *csv, const char *name, bool is_map,
		     const struct skep_schema_field *fields, size_t n)
{
	struct skep_csv_kind kind = { .is_map = is_map };

	for (size_t i = 0; i < csv->kinds.len; i++) {
		const struct skep_csv_kind *k = &csv->kinds.data[i];

		if (k->n_fields == n && k->is_map == is_map && skep_streq(k->name, name))
			return i;
	}
	kind.name = strdup(name);
	kind.columns = calloc(n + 1, sizeof(*kind.columns));
	if (!kind.name || !kind.columns)
		skep_oom();
	for (size_t i = 0; i < n; i++)
		add_field(csv, &kind, &fields[i]);
	if (csv->kinds.len == 1) /* now lines have to say which they are */
		csv->begun = false;
	skep_vec_add(&csv->kinds, kind);
	return csv->kinds.len - 1;
}

size_t skep_csv_kind_text(struct skep_csv *csv, const char *name)
{
	static const struct skep_schema_field text = { .name = "text", .kind = SKEP_FIELD_STRING };

	return skep_csv_kind(csv, name, false, &text, 1);
}

/* Lines */

void skep_csv_heading(struct skep_csv *csv, struct skep_str *out)
{
	struct skep_str tag = {};

	if (csv->begun || !csv->columns.len)
		return;
	csv->begun = true;
	skep_str_add(&tag, "row");
	while (find_column(csv, tag.data) < csv->columns.len)
		skep_str_addc(&tag, '_');
	if (csv->kinds.len > 1)
		skep_str_add(out, tag.data);
	for (size_t i = 0; i < csv->columns.len; i++) {
		const char *name = csv->columns.data[i].name;

		if (i || csv->kinds.len > 1)
			skep_str_addc(out, ',');
		put(name, strlen(name), false, out);
	}
	skep_str_addc(out, '\n');
	skep_str_fini(&tag);
}

void skep_csv_begin(struct skep_csv *csv, size_t kind)
{
	csv->kind = kind;
	csv->n_fields = 0;
	skep_str_reset(&csv->text);
	for (size_t i = 0; i < csv->columns.len; i++)
		csv->columns.data[i].len = 0;
}

void skep_csv_field(struct skep_csv *csv, const char *s, size_t len)
{
	const struct skep_csv_kind *kind = &csv->kinds.data[csv->kind];
	struct skep_csv_column *column = &csv->columns.data[kind->columns[csv->n_fields++]];

	column->at = csv->text.len;
	column->len = len;
	skep_str_addn(&csv->text, s, len);
}

void skep_csv_end(struct skep_csv *csv, struct skep_str *out)
{
	const char *kind = csv->kinds.data[csv->kind].name, *text = skep_str_text(&csv->text);
	bool tagged = csv->kinds.len > 1;

	skep_csv_heading(csv, out);
	if (tagged)
		put(kind, strlen(kind), false, out);
	for (size_t i = 0; i < csv->columns.len; i++) {
		const struct skep_csv_column *c = &csv->columns.data[i];

		if (i || tagged)
			skep_str_addc(out, ',');
		/* A line with nothing on it would not be a record. */
		put(text + c->at, c->len, !c->len && csv->columns.len == 1 && !tagged, out);
	}
	skep_str_addc(out, '\n');
}

void skep_csv_row(struct skep_csv *csv, const char *type, const struct skep_schema *schema,
		  const void *payload, const struct skep_resolver *resolver, struct skep_str *out)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};

	skep_csv_begin(csv, skep_csv_kind(csv, type, false, schema->fields, schema->n_fields));
	for (size_t i = 0; i < schema->n_fields; i++) {
		skep_str_reset(&text);
		if (!skep_field_is_none(&schema->fields[i], payload))
			skep_field_cell(&schema->fields[i], payload, resolver, &text);
		skep_csv_field(csv, skep_str_text(&text), text.len);
	}
	skep_csv_end(csv, out);
}

void skep_csv_text(struct skep_csv *csv, const char *type, const char *text, size_t len,
		   struct skep_str *out)
{
	skep_csv_begin(csv, skep_csv_kind_text(csv, type));
	skep_csv_field(csv, text, len);
	skep_csv_end(csv, out);
}

void skep_csv_fini(struct skep_csv *csv)
{
	for (size_t i = 0; i < csv->columns.len; i++)
		free(csv->columns.data[i].name);
	for (size_t i = 0; i < csv->kinds.len; i++) {
		free(csv->kinds.data[i].name);
		free(csv->kinds.data[i].columns);
	}
	skep_vec_fini(&csv->columns);
	skep_vec_fini(&csv->kinds);
	skep_str_fini(&csv->text);
	*csv = (struct skep_csv){};
}
