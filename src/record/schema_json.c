/* SPDX-License-Identifier: Apache-2.0 */
/* Schemas as data: what the records of a stream will hold, for whoever reads it. */
#include <string.h>

#include "record/record_priv.h"

static void add_quoted(const char *text, struct skep_str *out)
{
	skep_json_string(text, strlen(text), out);
}

void skep_field_type(const struct skep_schema_field *field, struct skep_str *out)
{
	unsigned bits = field->bit_size ? field->bit_size : field->size * 8;

	if (field->kind == SKEP_FIELD_INT)
		skep_str_addf(out, "%sint%u", field->is_signed ? "" : "u", bits);
	else
		skep_str_add(out, skep_field_kind_name(field->kind));
}

static void add_fields(const struct skep_schema_field *fields, size_t n, unsigned depth,
		       struct skep_str *out);

static void add_field(const struct skep_schema_field *field, const char *name, unsigned depth,
		      struct skep_str *out)
{
	skep_str_addc(out, '{');
	if (name) {
		skep_str_add(out, "\"name\": ");
		add_quoted(name, out);
		skep_str_add(out, ", ");
	}
	skep_str_add(out, "\"type\": \"");
	skep_field_type(field, out);
	skep_str_addc(out, '"');
	if (field->unit) {
		skep_str_add(out, ", \"unit\": ");
		add_quoted(field->unit, out);
	}
	if (field->role)
		skep_str_addf(out, ", \"role\": \"%s\"", skep_field_role_name(field->role));
	if (field->kind == SKEP_FIELD_ARRAY && field->n_children && depth < SKEP_FIELD_DEPTH_MAX) {
		skep_str_addf(out, ", \"count\": %u, \"element\": ", field->count);
		add_field(&field->children[0], NULL, depth + 1, out);
	} else if (field->n_children && depth < SKEP_FIELD_DEPTH_MAX) {
		skep_str_add(out, ", \"fields\": ");
		add_fields(field->children, field->n_children, depth + 1, out);
	}
	skep_str_addc(out, '}');
}

static void add_fields(const struct skep_schema_field *fields, size_t n, unsigned depth,
		       struct skep_str *out)
{
	skep_str_addc(out, '[');
	for (size_t i = 0; i < n; i++) {
		skep_str_add(out, i ? ", " : "");
		add_field(&fields[i], fields[i].name ? fields[i].name : "", depth, out);
	}
	skep_str_addc(out, ']');
}

/* What all spans are called is no name of a field, so it stands apart. */
static void add_span(const struct skep_schema *schema, struct skep_str *out)
{
	const struct skep_span_shape *span = &schema->span;

	skep_str_addf(out, ", \"span\": {\"kind\": \"%s\"", skep_span_kind_name(span->kind));
	if (span->name) {
		skep_str_add(out, ", \"called\": ");
		add_quoted(span->name, out);
	}
	for (enum skep_span_role role = 0; role < SKEP_N_SPAN_ROLES; role++) {
		if (!span->at[role])
			continue;
		skep_str_addf(out, ", \"%s\": ", skep_span_role_name(role));
		if (span->at[role] <= schema->n_fields)
			add_quoted(skep_span_field(schema, role)->name, out);
		else
			skep_str_add(out, "true");
	}
	skep_str_addc(out, '}');
}

void skep_schema_json(const struct skep_schema *schema, const char *at, struct skep_str *out)
{
	skep_str_add(out, "{\"type\": \"schema\", \"name\": ");
	add_quoted(schema->name, out);
	skep_str_addf(out, ", \"version\": %u", schema->version);
	if (at)
		skep_str_addf(out, ", \"at\": \"%s\"", at);
	skep_str_add(out, ", \"fields\": ");
	add_fields(schema->fields, schema->n_fields, 0, out);
	if (schema->span.kind)
		add_span(schema, out);
	skep_str_add(out, "}\n");
}

/* Its end, with the unit of the numbers in it if there is one. */
static void end_value(const struct skep_snapshot *s, struct skep_str *out)
{
	if (s->value_field.unit) {
		skep_str_add(out, ", \"unit\": ");
		add_quoted(s->value_field.unit, out);
	}
	skep_str_addc(out, '}');
}

/* Numbers of an aggregation are 64 bits; histograms and the like are arrays of the objects that their entries show. */
void skep_snapshot_value_type(const struct skep_snapshot *s, struct skep_str *out)
{
	const char *number = s->is_signed ? "int64" : "uint64";

	switch (s->kind) {
	case SKEP_SNAPSHOT_VALUE:
		add_field(&s->value_field, NULL, 0, out);
		return;
	case SKEP_SNAPSHOT_COUNT:
		skep_str_add(out, "{\"type\": \"uint64\"}");
		return;
	case SKEP_SNAPSHOT_AVG:
	case SKEP_SNAPSHOT_STATS:
		skep_str_addf(out,
			      "{\"type\": \"struct\", \"fields\": ["
			      "{\"name\": \"count\", \"type\": \"uint64\"}, "
			      "{\"name\": \"average\", \"type\": \"%s\"}, "
			      "{\"name\": \"total\", \"type\": \"%s\"}]",
			      number, number);
		break;
	case SKEP_SNAPSHOT_HIST:
	case SKEP_SNAPSHOT_LHIST:
		skep_str_add(out, "{\"type\": \"array\", \"element\": "
				  "{\"type\": \"struct\", \"fields\": ["
				  "{\"name\": \"min\", \"type\": \"int64\"}, "
				  "{\"name\": \"max\", \"type\": \"int64\"}, "
				  "{\"name\": \"count\", \"type\": \"uint64\"}]}");
		break;
	case SKEP_SNAPSHOT_TSERIES:
		skep_str_addf(out,
			      "{\"type\": \"array\", \"element\": "
			      "{\"type\": \"struct\", \"fields\": ["
			      "{\"name\": \"start\", \"type\": \"timestamp\"}, "
			      "{\"name\": \"value\", \"type\": \"%s\"}]}",
			      number);
		break;
	default:
		skep_str_addf(out, "{\"type\": \"%s\"", number);
	}
	end_value(s, out);
}

void skep_snapshot_key_types(const struct skep_snapshot *s, struct skep_str *out)
{
	add_fields(s->keys, s->n_keys, 0, out);
}

void skep_snapshot_types(const struct skep_snapshot *s, struct skep_str *out)
{
	skep_str_add(out, "\"keys\": ");
	skep_snapshot_key_types(s, out);
	skep_str_add(out, ", \"value\": ");
	skep_snapshot_value_type(s, out);
}

void skep_snapshot_schema_json(const struct skep_snapshot *s, struct skep_str *out)
{
	skep_str_add(out, "{\"type\": \"schema\", \"name\": ");
	add_quoted(s->name, out);
	skep_str_addf(out, ", \"version\": 1, \"kind\": \"%s\", ",
		      skep_snapshot_kind_name(s->kind));
	skep_snapshot_types(s, out);
	skep_str_add(out, "}\n");
}
