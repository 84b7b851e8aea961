/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows as spans: whatever bytes a row has and TRACEPARENT says, ids are none of zeroes, no span ends before it begins, and what
 * is sent is JSON of valid UTF-8.
 *
 * Input: by its bits which role leads to which field; the bytes of the row; then a traceparent.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "record/otlp.h"
#include "record/span.h"

#define ROW 64
#define INPUT_MAX 512

static const struct skep_schema_field pair[] = {
	{ .name = "0", .kind = SKEP_FIELD_INT, .size = 4 },
	{ .name = "1", .kind = SKEP_FIELD_STRING, .offset = 4, .size = 4 },
};
static const struct skep_schema_field fields[] = {
	{ .name = "lat", .kind = SKEP_FIELD_INT, .size = 8, .unit = "s" },
	{ .name = "age", .kind = SKEP_FIELD_INT, .size = 8, .is_signed = true },
	{ .name = "name", .kind = SKEP_FIELD_STRING, .offset = 8, .size = 8 },
	{ .name = "raddr", .kind = SKEP_FIELD_INET, .offset = 16, .size = 20 },
	{ .name = "rport", .kind = SKEP_FIELD_INT, .offset = 36, .size = 2, .is_big_endian = true },
	{ .name = "bytes", .kind = SKEP_FIELD_BUFFER, .offset = 40, .size = 12 },
};
static const struct skep_schema_field hidden[] = {
	{ .name = "x",
	  .kind = SKEP_FIELD_TUPLE,
	  .offset = 52,
	  .size = 8,
	  .children = pair,
	  .n_children = 2 },
	{ .name = "y", .kind = SKEP_FIELD_BOOL, .offset = 60, .size = 1 },
};
#define N_FIELDS (ARRAY_SIZE(fields) + ARRAY_SIZE(hidden))

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void shape(const uint8_t *data, struct skep_schema *schema)
{
	schema->span.kind = 1 + data[0] % (SKEP_SPAN_KIND_MAX - 1);
	for (size_t i = 0; i < SKEP_N_SPAN_ROLES; i++)
		schema->span.at[i] = data[1 + i] % (N_FIELDS + 1);
	/* A plan's check wants numbers there. */
	if (schema->span.at[SKEP_SPAN_DURATION] > 2)
		schema->span.at[SKEP_SPAN_DURATION] = 0;
	if (schema->span.at[SKEP_SPAN_START] > 2)
		schema->span.at[SKEP_SPAN_START] = 0;
}

static void encode(const struct skep_span *span, const struct skep_schema *schema,
		   const uint8_t *row)
{
	static const struct skep_otlp_source source = { .scope = "s" };
	_cleanup_(skep_str_fini)
	struct skep_str out = {};
	struct skep_otlp otlp;

	skep_zipkin_span(span, schema, row, &(struct skep_resolver){}, "hive", "s", &out);
	for (size_t i = 0; i < out.len; i++)
		if ((uint8_t)out.data[i] < ' ')
			abort();
	for (int form = SKEP_MESSAGE_PROTOBUF; form <= SKEP_MESSAGE_JSON; form++) {
		skep_str_reset(&out);
		skep_otlp_begin(&otlp, SKEP_OTLP_TRACES, form, &source, &out);
		skep_otlp_span(&otlp, span, schema, row, &(struct skep_resolver){});
		skep_otlp_end(&otlp);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t zeroes[16];
	struct skep_schema schema = {
		.name = "row",
		.size = ROW,
		.fields = fields,
		.n_fields = ARRAY_SIZE(fields),
		.span = { .hidden = hidden, .n_hidden = ARRAY_SIZE(hidden) },
	};
	struct skep_traces traces;
	struct skep_span span;
	char text[INPUT_MAX];
	const size_t head = 1 + SKEP_N_SPAN_ROLES;
	bool sampled;

	if (size < head + ROW || size >= INPUT_MAX)
		return 0;
	shape(data, &schema);
	memcpy(text, data + head + ROW, size - head - ROW);
	text[size - head - ROW] = '\0';
	skep_traces_init(&traces, (const uint64_t[]){ data[0], data[1] });
	(void)!skep_traces_parent(&traces, text, &sampled);
	skep_span_make(&traces, &schema, data + head, &(struct skep_resolver){},
		       &(struct skep_span_time){ UINT64_C(1) << 60, UINT64_C(1) << 59 }, &span);
	if (span.start_ns > span.end_ns || !memcmp(span.trace_id, zeroes, 16) ||
	    !memcmp(span.span_id, zeroes, 8) ||
	    (span.has_parent && !memcmp(span.parent_id, zeroes, 8)))
		abort();
	encode(&span, &schema, data + head);
	skep_span_fini(&span);
	return 0;
}
