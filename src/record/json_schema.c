/* SPDX-License-Identifier: Apache-2.0 */
/* JSON Schema (draft 2020-12) of what json.c and snapshot_json.c write. */
#include "record/json_schema.h"

#include <inttypes.h>
#include <string.h>

#include "record/otlp.h"
#include "record/prom.h"
#include "record/record_priv.h"

static void add_quoted(const char *text, struct skep_str *out)
{
	skep_json_string(text, strlen(text), out);
}

/* , "name": "text" */
static void add_word(const char *name, const char *text, struct skep_str *out)
{
	skep_str_addf(out, ", \"%s\": ", name);
	add_quoted(text, out);
}

/* What it means and is called elsewhere. */
static void add_words(const struct skep_schema_field *fields, size_t n, size_t index,
		      const struct skep_json_words *words, struct skep_str *out)
{
	_cleanup_(skep_str_fini)
	struct skep_str room = {};
	const struct skep_schema_field *field = &fields[index];
	const char *name = field->name ? field->name : "",
		   *meaning = words && words->meaning ? words->meaning(words->data, name) : NULL;

	if (meaning)
		add_word("description", meaning, out);
	if (field->unit)
		add_word("x-unit", field->unit, out);
	if (field->role)
		add_word("x-role", skep_field_role_name(field->role), out);
	if (*name)
		add_word("x-otel", skep_otlp_key(fields, n, index, &room), out);
}

static void add_int(unsigned bits, bool is_signed, struct skep_str *out)
{
	uint64_t most = bits >= 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;

	most >>= is_signed;
	skep_str_add(out, "\"type\": \"integer\", \"minimum\": ");
	skep_str_addf(out, is_signed ? "-%" PRIu64 : "0", most + 1);
	skep_str_addf(out, ", \"maximum\": %" PRIu64, most);
}

static void add_field(const struct skep_schema_field *fields, size_t n, size_t index,
		      const struct skep_json_words *words, unsigned depth, struct skep_str *out);

/* An object whose members are these fields, all of them there. */
static void add_members(const struct skep_schema_field *fields, size_t n,
			const struct skep_json_words *words, unsigned depth, struct skep_str *out)
{
	_cleanup_(skep_str_fini)
	struct skep_str required = {}, name = {};

	skep_str_add(out, "\"type\": \"object\", \"properties\": {");
	for (size_t i = 0; i < n; i++) {
		skep_str_reset(&name);
		skep_field_member(fields, i, &name);
		skep_str_add(out, i ? ", " : "");
		skep_str_add(&required, i ? ", " : "");
		add_quoted(skep_str_text(&name), out);
		add_quoted(skep_str_text(&name), &required);
		skep_str_add(out, ": ");
		add_field(fields, n, i, words, depth, out);
	}
	skep_str_addf(out, "}, \"required\": [%s]", skep_str_text(&required));
}

/* An array with a place for each of these. */
static void add_places(const struct skep_schema_field *fields, size_t n,
		       const struct skep_json_words *words, unsigned depth, struct skep_str *out)
{
	skep_str_add(out, "\"type\": \"array\", ");
	skep_str_add(out, n ? "\"prefixItems\": [" : "");
	for (size_t i = 0; i < n; i++) {
		skep_str_add(out, i ? ", " : "");
		add_field(fields, n, i, words, depth, out);
	}
	skep_str_addf(out, "%s\"items\": false, \"minItems\": %zu", n ? "], " : "", n);
}

static void add_nested(const struct skep_schema_field *field, const struct skep_json_words *words,
		       unsigned depth, struct skep_str *out)
{
	if (depth >= SKEP_FIELD_DEPTH_MAX ||
	    (field->kind == SKEP_FIELD_ARRAY && !field->n_children)) {
		skep_str_add(out, "\"type\": \"null\"");
	} else if (field->kind == SKEP_FIELD_STRUCT) {
		add_members(field->children, field->n_children, words, depth + 1, out);
	} else if (field->kind == SKEP_FIELD_TUPLE) {
		add_places(field->children, field->n_children, words, depth + 1, out);
	} else {
		skep_str_add(out, "\"type\": \"array\", \"items\": ");
		add_field(field->children, 1, 0, words, depth + 1, out);
		skep_str_addf(out, ", \"minItems\": %u, \"maxItems\": %u", field->count,
			      field->count);
	}
}

/* Field @index of these @n, which stand side by side. */
static void add_field(const struct skep_schema_field *fields, size_t n, size_t index,
		      const struct skep_json_words *words, unsigned depth, struct skep_str *out)
{
	const struct skep_schema_field *field = &fields[index];

	skep_str_addc(out, '{');
	switch (field->kind) {
	case SKEP_FIELD_INT:
		if (skep_field_may_be_none(field))
			skep_str_add(out, "\"type\": [\"integer\", \"null\"]");
		else
			add_int(field->bit_size ? field->bit_size : field->size * 8,
				field->is_signed, out);
		break;
	case SKEP_FIELD_BOOL:
		skep_str_add(out, "\"type\": \"boolean\"");
		break;
	case SKEP_FIELD_FLOAT:
		skep_str_add(out, "\"type\": [\"number\", \"null\"]");
		break;
	case SKEP_FIELD_KSTACK:
	case SKEP_FIELD_USTACK:
		skep_str_add(out, "\"type\": \"array\", \"items\": {\"type\": \"string\"}");
		break;
	case SKEP_FIELD_STRUCT:
	case SKEP_FIELD_TUPLE:
	case SKEP_FIELD_ARRAY:
		add_nested(field, words, depth, out);
		break;
	default:
		skep_str_add(out, "\"type\": \"string\"");
	}
	add_words(fields, n, index, words, out);
	skep_str_addc(out, '}');
}

void skep_field_json_schema(const struct skep_schema_field *field,
			    const struct skep_json_words *words, struct skep_str *out)
{
	add_field(field, 1, 0, words, 0, out);
}

void skep_fields_json_schema(const struct skep_schema_field *fields, size_t n,
			     const struct skep_json_words *words, struct skep_str *out)
{
	skep_str_addc(out, '{');
	add_members(fields, n, words, 0, out);
	skep_str_addc(out, '}');
}

#define COUNT "{\"type\": \"integer\", \"minimum\": 0}"
#define NUMBER "{\"type\": \"integer\"}"

/* What add_value() of snapshot_json.c writes. */
static void add_value(const struct skep_snapshot *s, const struct skep_json_words *words,
		      struct skep_str *out)
{
	const char *number = s->is_signed ? NUMBER : COUNT;

	switch (s->kind) {
	case SKEP_SNAPSHOT_VALUE:
		add_field(&s->value_field, 1, 0, words, 0, out);
		return;
	case SKEP_SNAPSHOT_AVG:
	case SKEP_SNAPSHOT_STATS:
		skep_str_addf(out,
			      "{\"type\": \"object\", \"properties\": {\"count\": " COUNT
			      ", \"average\": %s, \"total\": %s}, \"required\": [\"count\", "
			      "\"average\", \"total\"]}",
			      number, number);
		return;
	case SKEP_SNAPSHOT_HIST:
	case SKEP_SNAPSHOT_LHIST:
		skep_str_add(out, "{\"type\": \"array\", \"items\": {\"type\": \"object\", "
				  "\"properties\": {\"min\": " NUMBER ", \"max\": " NUMBER
				  ", \"count\": " COUNT "}, \"required\": [\"count\"]}}");
		return;
	case SKEP_SNAPSHOT_TSERIES:
		skep_str_add(out, "{\"type\": \"array\", \"items\": {\"type\": \"object\", "
				  "\"properties\": {\"start\": " SKEP_JSON_SCHEMA_TIME
				  ", \"value\": {\"type\": [\"integer\", \"null\"]}}, "
				  "\"required\": [\"start\", \"value\"]}}");
		return;
	default:
		skep_str_add(out, s->kind == SKEP_SNAPSHOT_COUNT ? COUNT : number);
	}
}

static void add_metric(void *data, const struct skep_prom_metric *metric)
{
	struct skep_str *out = data;

	skep_str_addf(out, "%s{\"name\": \"%s\", \"type\": \"%s\"", out->len ? ", " : "",
		      metric->name, skep_prom_type_name(metric->type));
	if (metric->unit)
		add_word("unit", metric->unit, out);
	skep_str_addc(out, '}');
}

void skep_snapshot_json_schema(const struct skep_snapshot *s, const char *scope,
			       const struct skep_json_words *words, struct skep_str *out)
{
	_cleanup_(skep_str_fini)
	struct skep_str metrics = {};
	struct skep_prom prom = { .scope = scope, .tell = add_metric, .tell_data = &metrics };

	skep_str_add(out, "{\"type\": \"object\", \"properties\": {\"type\": {\"const\": \"map\"}, "
			  "\"name\": {\"const\": ");
	add_quoted(s->name, out);
	skep_str_addf(out,
		      "}, \"kind\": {\"const\": \"%s\"}, \"time\": " SKEP_JSON_SCHEMA_TIME
		      ", \"summed_cpus\": " COUNT ", \"keys\": {\"const\": ",
		      skep_snapshot_kind_name(s->kind));
	skep_snapshot_key_types(s, out);
	skep_str_add(out, "}, \"value\": {\"const\": ");
	skep_snapshot_value_type(s, out);
	skep_str_add(out, "}, \"entries\": {\"type\": \"array\", \"items\": {\"type\": \"object\", "
			  "\"properties\": {");
	if (s->n_keys) {
		skep_str_add(out, "\"key\": {");
		add_places(s->keys, s->n_keys, words, 0, out);
		skep_str_add(out, "}, ");
	}
	skep_str_add(out, "\"value\": ");
	add_value(s, words, out);
	if (s->value_field.unit && s->kind != SKEP_SNAPSHOT_VALUE) {
		out->len--; /* the brace */
		add_word("x-unit", s->value_field.unit, out);
		skep_str_addc(out, '}');
	}
	skep_str_addf(out,
		      "}, \"required\": [%s\"value\"]}}}, \"required\": [\"type\", \"name\", "
		      "\"kind\", \"time\", \"keys\", \"value\", \"entries\"]",
		      s->n_keys ? "\"key\", " : "");
	skep_prom_snapshot(&prom, s, NULL, NULL);
	skep_prom_fini(&prom);
	if (metrics.len)
		skep_str_addf(out, ", \"x-prometheus\": [%s]", metrics.data);
	skep_str_addc(out, '}');
}
