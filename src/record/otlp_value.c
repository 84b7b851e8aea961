/* SPDX-License-Identifier: Apache-2.0 */
/* Attributes: fields of rows and keys of maps as names and values. */
#include <string.h>

#include "record/otlp_priv.h"
#include "record/record_priv.h"

static void add_value(struct skep_message *m, const struct skep_schema_field *field,
		      const void *payload, const struct skep_resolver *resolver, unsigned depth);

/* A struct is a list of names and values, an array or a tuple one of values. */
static void add_nested(struct skep_message *m, const struct skep_schema_field *field,
		       const void *payload, const struct skep_resolver *resolver, unsigned depth)
{
	const uint8_t *base = (const uint8_t *)payload + field->offset;
	bool is_struct = field->kind == SKEP_FIELD_STRUCT;
	bool is_array = field->kind == SKEP_FIELD_ARRAY;
	size_t n = is_array ? (field->n_children ? field->count : 0) : field->n_children;

	skep_message_begin(m, is_struct ? 6 : 5, is_struct ? "kvlistValue" : "arrayValue");
	skep_message_list(m, "values");
	for (size_t i = 0; i < n; i++) {
		const struct skep_schema_field *child = &field->children[is_array ? 0 : i];
		const uint8_t *at = base + (is_array ? i * child->size : 0);

		skep_message_item(m, 1);
		if (is_struct) {
			skep_message_text(m, 1, "key", child->name ? child->name : "");
			skep_message_begin(m, 2, "value");
		}
		add_value(m, child, at, resolver, depth + 1);
		if (is_struct)
			skep_message_end(m);
		skep_message_end(m);
	}
	skep_message_list_end(m);
	skep_message_end(m);
}

double skep_otlp_double(const struct skep_schema_field *field, const uint8_t *p)
{
	float f;
	double d;
	long double l;

	switch (field->size) {
	case sizeof(f):
		memcpy(&f, p, sizeof(f));
		return (double)f;
	case sizeof(d):
		memcpy(&d, p, sizeof(d));
		return d;
	case sizeof(l):
		memcpy(&l, p, sizeof(l));
		return (double)l;
	default:
		return 0;
	}
}

/* The members of an AnyValue. */
static void add_value(struct skep_message *m, const struct skep_schema_field *field,
		      const void *payload, const struct skep_resolver *resolver, unsigned depth)
{
	const uint8_t *p = (const uint8_t *)payload + field->offset;
	_cleanup_(skep_str_fini)
	struct skep_str text = {};
	uint64_t number;

	switch (field->kind) {
	case SKEP_FIELD_INT:
		number = skep_field_int(field, payload);
		/* There is no unsigned kind: what does not fit keeps its digits as a text. */
		if (field->is_signed || number <= INT64_MAX) {
			skep_message_int64(m, 3, "intValue", (int64_t)number);
			return;
		}
		break;
	case SKEP_FIELD_BOOL:
		skep_message_bool(m, 2, "boolValue", skep_field_int(field, payload) != 0);
		return;
	case SKEP_FIELD_FLOAT:
		skep_message_double(m, 4, "doubleValue", skep_otlp_double(field, p));
		return;
	case SKEP_FIELD_STRUCT:
	case SKEP_FIELD_TUPLE:
	case SKEP_FIELD_ARRAY:
		if (depth < SKEP_OTLP_DEPTH_MAX) {
			add_nested(m, field, payload, resolver, depth);
			return;
		}
		break;
	case SKEP_FIELD_KSTACK:
	case SKEP_FIELD_USTACK:
		skep_field_stack(field, payload, resolver, 0, &text);
		skep_message_string(m, 1, "stringValue",
				    skep_str_text(&text) + (text.len && text.data[0] == '\n'),
				    text.len - (text.len && text.data[0] == '\n'));
		return;
	default:
		break;
	}
	skep_field_text(field, payload, resolver, &text);
	skep_message_string(m, 1, "stringValue", skep_str_text(&text), text.len);
}

static void add_attribute(struct skep_message *m, uint32_t number, const char *key,
			  const struct skep_schema_field *field, const void *payload,
			  const struct skep_resolver *resolver)
{
	skep_message_item(m, number);
	skep_message_text(m, 1, "key", key);
	skep_message_begin(m, 2, "value");
	add_value(m, field, payload, resolver, 0);
	skep_message_end(m);
	skep_message_end(m);
}

void skep_otlp_fields(struct skep_otlp *otlp, uint32_t number,
		      const struct skep_schema_field *fields, size_t n, const void *payload,
		      const struct skep_resolver *resolver)
{
	struct skep_message *m = &otlp->message;
	const char *key = skep_otlp_keys(otlp, fields, n);

	skep_message_list(m, "attributes");
	for (size_t i = 0; i < n; i++, key += strlen(key) + 1) {
		const char *old = otlp->source->old_names ? skep_otlp_old_name(key) : NULL;

		if (skep_field_is_blank(&fields[i], payload, resolver))
			continue;
		add_attribute(m, number, key, &fields[i], payload, resolver);
		if (old)
			add_attribute(m, number, old, &fields[i], payload, resolver);
	}
	skep_message_list_end(m);
}

void skep_otlp_attributes(struct skep_message *m, uint32_t number,
			  const struct skep_attribute *attributes, size_t n)
{
	skep_message_list(m, "attributes");
	for (size_t i = 0; i < n; i++) {
		skep_message_item(m, number);
		skep_message_text(m, 1, "key", attributes[i].name);
		skep_message_begin(m, 2, "value");
		skep_message_text(m, 1, "stringValue", attributes[i].value);
		skep_message_end(m);
		skep_message_end(m);
	}
	skep_message_list_end(m);
}
