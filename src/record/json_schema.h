/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON Schema, draft 2020-12: the published form of what rows and maps look like as JSON lines.
 *
 *	row exec { pid, lat: ... as us }
 *	──► {"type": "object", "properties": {"pid": {"type": "integer", "minimum": 0, ..., "x-otel": "process.pid"}, "lat": ...
 *
 * Beside what validators know a field has what people and other programs want to know: "description", what it means;
 * "x-unit", a unit of UCUM; "x-otel", the attribute that OTLP has for it; a map "x-prometheus", the metrics of its page. It
 * stands beside the encoders (json.c, snapshot_json.c), and each thing that they write has its counterpart here.
 *
 * Members may be added in later versions, so objects are open; what is there is of this type.
 *
 *	skep_fields_json_schema(schema->fields, schema->n_fields, &words, &out);
 */
#pragma once

#include "record/snapshot.h"

/* What fields mean; NULL: nobody knows. */
struct skep_json_words {
	const char *(*meaning)(void *data, const char *field);
	void *data;
};

#define SKEP_JSON_SCHEMA_TIME "{\"type\": \"string\", \"format\": \"date-time\"}"

void skep_field_json_schema(const struct skep_schema_field *field,
			    const struct skep_json_words *words, struct skep_str *out);
/* Of an object with these fields by name. */
void skep_fields_json_schema(const struct skep_schema_field *fields, size_t n,
			     const struct skep_json_words *words, struct skep_str *out);
/* Of the whole line of a map. @scope: the tool or script, as sinks know it. */
void skep_snapshot_json_schema(const struct skep_snapshot *snapshot, const char *scope,
			       const struct skep_json_words *words, struct skep_str *out);
