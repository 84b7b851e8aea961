/* SPDX-License-Identifier: Apache-2.0 */
#include "record/span.h"

#include <string.h>

#include "record/record_priv.h"

const struct skep_schema_field *skep_span_field(const struct skep_schema *schema,
						enum skep_span_role role)
{
	size_t at = schema->span.at[role];

	if (!at)
		return NULL;
	at--;
	return at < schema->n_fields ? &schema->fields[at]
				     : &schema->span.hidden[at - schema->n_fields];
}

const char *skep_span_kind_name(enum skep_span_kind kind)
{
	static const char *const names[SKEP_SPAN_KIND_MAX] = {
		"none", "internal", "server", "client", "producer", "consumer",
	};

	return names[kind];
}

const char *skep_span_role_name(enum skep_span_role role)
{
	static const char *const names[SKEP_N_SPAN_ROLES] = {
		"name", "duration", "start", "failed", "id", "parent",
	};

	return names[role];
}

/* --- ids -------------------------------------------------------------------------------------- */

/* A number without a pattern for each number (the finalizer of splitmix64). */
static uint64_t mixed(uint64_t x)
{
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

/* Ids of zeroes mean that there is none. */
static void put_id(uint8_t *id, uint64_t value)
{
	value += !value;
	for (unsigned i = 0; i < 8; i++)
		id[i] = (uint8_t)(value >> (56 - 8 * i));
}

static void put_trace_id(uint8_t *id, const uint64_t seed[2], uint64_t n)
{
	put_id(id, mixed(seed[0] + n));
	put_id(id + 8, mixed(seed[1] ^ mixed(n)));
}

/*
 * Numbers count by what they are and not by their size, so that a parent's is the same as its own. *zero becomes false when
 * anything is not zero.
 */
static uint64_t hashed(uint64_t h, const struct skep_schema_field *field, const uint8_t *payload,
		       unsigned depth, bool *zero)
{
	const uint8_t *bytes;
	size_t n;

	if (skep_field_has_int(field)) {
		uint64_t value = skep_field_int(field, payload);

		*zero &= value == 0;
		return mixed(h ^ value) + UINT64_C(0x9e3779b97f4a7c15);
	}
	if (field->n_children && field->kind != SKEP_FIELD_ARRAY && depth < SKEP_FIELD_DEPTH_MAX) {
		for (size_t i = 0; i < field->n_children; i++)
			h = hashed(h, &field->children[i], payload + field->offset, depth + 1,
				   zero);
		return h;
	}
	n = skep_field_bytes(field, payload, &bytes);
	for (size_t i = 0; i < n; i++) {
		*zero &= bytes[i] == 0;
		h = (h ^ bytes[i]) * UINT64_C(0x100000001b3);
	}
	return mixed(h ^ n);
}

/* False: the field is all zeroes, which is no id. */
static bool put_field_id(const struct skep_traces *traces, const struct skep_schema_field *field,
			 const void *payload, uint8_t *id)
{
	bool zero = true;
	uint64_t h = hashed(traces->seed[0], field, payload, 0, &zero);

	put_id(id, mixed(h));
	return !zero;
}

void skep_traces_init(struct skep_traces *traces, const uint64_t seed[2])
{
	*traces = (struct skep_traces){ .seed = { seed[0], seed[1] } };
	put_trace_id(traces->trace_id, seed, 0);
}

/* Lower case only, as the specification says; false also for zeroes. */
static bool read_hex(const char *text, uint8_t *bytes, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t any = 0;

	for (size_t i = 0; i < 2 * n; i++) {
		const char *digit = text[i] ? strchr(digits, text[i]) : NULL;

		if (!digit)
			return false;
		bytes[i / 2] = (uint8_t)(bytes[i / 2] << 4 | (digit - digits));
		any |= bytes[i / 2];
	}
	return any;
}

#define TRACEPARENT_LEN 55 /* "00-", 32 digits, "-", 16 digits, "-", 2 digits */

bool skep_traces_parent(struct skep_traces *traces, const char *traceparent, bool *ret_sampled)
{
	size_t len = strlen(traceparent);
	uint8_t version[1] = {}, flags[1] = {}, trace_id[16] = {}, parent_id[8] = {};
	bool is_00 = skep_has_prefix(traceparent, "00");

	if (len < TRACEPARENT_LEN || (is_00 && len > TRACEPARENT_LEN) ||
	    (len > TRACEPARENT_LEN && traceparent[TRACEPARENT_LEN] != '-') ||
	    traceparent[2] != '-' || traceparent[35] != '-' || traceparent[52] != '-' ||
	    (!read_hex(traceparent, version, 1) && !is_00) || version[0] == 0xff ||
	    !read_hex(traceparent + 3, trace_id, 16) || !read_hex(traceparent + 36, parent_id, 8))
		return false;
	if (!read_hex(traceparent + 53, flags, 1) && memcmp(traceparent + 53, "00", 2) != 0)
		return false;
	memcpy(traces->trace_id, trace_id, sizeof(trace_id));
	memcpy(traces->parent_id, parent_id, sizeof(parent_id));
	traces->has_parent = true;
	*ret_sampled = flags[0] & 1;
	return true;
}

static void give_ids(struct skep_traces *traces, const struct skep_schema *schema,
		     const void *payload, struct skep_span *span)
{
	const struct skep_schema_field *id = skep_span_field(schema, SKEP_SPAN_ID),
				       *parent = skep_span_field(schema, SKEP_SPAN_PARENT);
	bool is_of_tree = id && put_field_id(traces, id, payload, span->span_id);
	uint64_t n = ++traces->n;

	if (!is_of_tree)
		put_id(span->span_id, mixed(traces->seed[1] + mixed(n)));
	if (id && !is_of_tree) {
		put_trace_id(span->trace_id, traces->seed, n);
		return;
	}
	if (id || traces->has_parent)
		memcpy(span->trace_id, traces->trace_id, sizeof(span->trace_id));
	else
		put_trace_id(span->trace_id, traces->seed, n);
	span->has_parent = parent && put_field_id(traces, parent, payload, span->parent_id);
	if (!span->has_parent && traces->has_parent) {
		memcpy(span->parent_id, traces->parent_id, sizeof(span->parent_id));
		span->has_parent = span->parent_is_remote = true;
	}
}

/* --- what a row says -------------------------------------------------------------------------- */

static uint64_t unit_ns(const char *unit)
{
	static const struct {
		const char *unit;
		uint64_t ns;
	} units[] = { { "us", 1000 }, { "ms", 1000000 }, { "s", 1000000000 } };

	for (size_t i = 0; unit && i < ARRAY_SIZE(units); i++)
		if (skep_streq(units[i].unit, unit))
			return units[i].ns;
	return 1;
}

/* Not after the end. */
static uint64_t start_of(const struct skep_schema *schema, const void *payload,
			 const struct skep_span_time *time)
{
	const struct skep_schema_field *field = skep_span_field(schema, SKEP_SPAN_START);
	uint64_t ns;

	if (field && time->offset_ns) {
		ns = skep_field_int(field, payload) + (uint64_t)time->offset_ns;
		return MIN(ns, time->end_ns);
	}
	field = skep_span_field(schema, SKEP_SPAN_DURATION);
	if (!field || (field->is_signed && (int64_t)skep_field_int(field, payload) < 0) ||
	    __builtin_mul_overflow(skep_field_int(field, payload), unit_ns(field->unit), &ns))
		return time->end_ns;
	return time->end_ns - MIN(ns, time->end_ns);
}

static void judge(const struct skep_schema *schema, const void *payload,
		  const struct skep_resolver *resolver, struct skep_span *span)
{
	const struct skep_schema_field *field = skep_span_field(schema, SKEP_SPAN_FAILED);
	const uint8_t *bytes;

	if (!field)
		return;
	span->failed = skep_field_has_int(field) ? skep_field_int(field, payload) != 0
						 : skep_field_bytes(field, payload, &bytes) > 0;
	if (span->failed && field->kind != SKEP_FIELD_BOOL)
		skep_field_text(field, payload, resolver, &span->why);
}

void skep_span_make(struct skep_traces *traces, const struct skep_schema *schema,
		    const void *payload, const struct skep_resolver *resolver,
		    const struct skep_span_time *time, struct skep_span *ret_span)
{
	const struct skep_schema_field *name = skep_span_field(schema, SKEP_SPAN_NAME);
	struct skep_span span = { .end_ns = time->end_ns };

	give_ids(traces, schema, payload, &span);
	span.start_ns = start_of(schema, payload, time);
	judge(schema, payload, resolver, &span);
	if (schema->span.name)
		skep_str_add(&span.name, schema->span.name);
	else if (name)
		skep_field_cell(name, payload, resolver, &span.name);
	if (!span.name.len)
		skep_str_add(&span.name, schema->name);
	*ret_span = span;
}

void skep_span_fini(struct skep_span *span)
{
	skep_str_fini(&span->name);
	skep_str_fini(&span->why);
}
