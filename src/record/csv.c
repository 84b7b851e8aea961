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

void skep_csv_field(struct skep_csv *csv, const char *s, size_t len, struct skep_str *out)
{
	/* A line with nothing on it would not be a record. */
	bool quotes = wants_quotes(s, len) || (len == 0 && csv->n_fields == 0);

	if (csv->n_fields++)
		skep_str_addc(out, ',');
	if (quotes)
		skep_str_addc(out, '"');
	add_utf8(s, len, out);
	if (quotes)
		skep_str_addc(out, '"');
}

static void add_word(struct skep_csv *csv, const char *word, struct skep_str *out)
{
	skep_csv_field(csv, word, strlen(word), out);
}

void skep_csv_column(struct skep_csv *csv, const char *name, const char *unit, unsigned before,
		     struct skep_str *out)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};

	skep_unit_name(name, unit, &text);
	if (before)
		skep_str_addf(&text, "#%u", before + 1);
	skep_csv_field(csv, skep_str_text(&text), text.len, out);
}

void skep_csv_columns(struct skep_csv *csv, const struct skep_schema_field *fields, size_t n,
		      struct skep_str *out)
{
	for (size_t i = 0; i < n; i++) {
		unsigned before = 0;

		for (size_t k = 0; k < i; k++)
			before += skep_streq(fields[k].name, fields[i].name);
		skep_csv_column(csv, fields[i].name, fields[i].unit, before, out);
	}
}

/* Lines */

static bool was_seen(struct skep_csv *csv, const char *type)
{
	char **seen;

	for (size_t i = 0; i < csv->n_seen; i++)
		if (skep_streq(csv->seen[i], type))
			return true;
	seen = reallocarray(csv->seen, csv->n_seen + 1, sizeof(*seen));
	if (!seen)
		skep_oom();
	csv->seen = seen;
	csv->seen[csv->n_seen] = strdup(type);
	if (!csv->seen[csv->n_seen++])
		skep_oom();
	return false;
}

bool skep_csv_begin(struct skep_csv *csv, const char *type, struct skep_str *out)
{
	bool header = !was_seen(csv, type);

	csv->n_fields = 0;
	if (csv->tagged)
		add_word(csv, header ? "row" : type, out);
	return header;
}

void skep_csv_end(struct skep_csv *csv, struct skep_str *out)
{
	skep_str_addc(out, '\n');
	csv->n_fields = 0;
}

void skep_csv_row(struct skep_csv *csv, const char *type, const struct skep_schema *schema,
		  const void *payload, const struct skep_resolver *resolver, struct skep_str *out)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};

	while (skep_csv_begin(csv, type, out)) {
		skep_csv_columns(csv, schema->fields, schema->n_fields, out);
		skep_csv_end(csv, out);
	}
	for (size_t i = 0; i < schema->n_fields; i++) {
		skep_str_reset(&text);
		if (!skep_field_is_none(&schema->fields[i], payload))
			skep_field_cell(&schema->fields[i], payload, resolver, &text);
		skep_csv_field(csv, skep_str_text(&text), text.len, out);
	}
	skep_csv_end(csv, out);
}

void skep_csv_text(struct skep_csv *csv, const char *type, const char *column, const char *text,
		   size_t len, struct skep_str *out)
{
	while (skep_csv_begin(csv, type, out)) {
		add_word(csv, column, out);
		skep_csv_end(csv, out);
	}
	skep_csv_field(csv, text, len, out);
	skep_csv_end(csv, out);
}

void skep_csv_fini(struct skep_csv *csv)
{
	for (size_t i = 0; i < csv->n_seen; i++)
		free(csv->seen[i]);
	free(csv->seen);
	*csv = (struct skep_csv){};
}
