/* SPDX-License-Identifier: Apache-2.0 */
/* What logs, metrics and traces have in common, and rows as log records and as spans. */
#include "record/otlp.h"

#include "record/otlp_priv.h"
#include "record/record_priv.h"
#include "record/span.h"

#define SEVERITY_INFO 9

static void add_resource(struct skep_otlp *otlp)
{
	struct skep_message *m = &otlp->message;

	skep_message_begin(m, 1, "resource");
	skep_otlp_attributes(m, 1, otlp->source->attributes, otlp->source->n_attributes);
	skep_message_end(m);
}

static void add_scope(struct skep_otlp *otlp)
{
	struct skep_message *m = &otlp->message;

	skep_message_begin(m, 1, "scope");
	skep_message_text(m, 1, "name", otlp->source->scope);
	if (otlp->source->scope_version)
		skep_message_text(m, 2, "version", otlp->source->scope_version);
	skep_message_end(m);
}

void skep_otlp_begin(struct skep_otlp *otlp, enum skep_otlp_signal signal,
		     enum skep_message_form form, const struct skep_otlp_source *source,
		     struct skep_str *out)
{
	static const struct {
		const char *resources, *scopes, *items;
	} names[SKEP_N_OTLP_SIGNALS] = {
		[SKEP_OTLP_LOGS] = { "resourceLogs", "scopeLogs", "logRecords" },
		[SKEP_OTLP_METRICS] = { "resourceMetrics", "scopeMetrics", "metrics" },
		[SKEP_OTLP_TRACES] = { "resourceSpans", "scopeSpans", "spans" },
	};
	struct skep_message *m = &otlp->message;

	*otlp = (struct skep_otlp){ .signal = signal, .source = source };
	skep_message_init(m, form, out);
	skep_message_list(m, names[signal].resources);
	skep_message_item(m, 1);
	add_resource(otlp);
	skep_message_list(m, names[signal].scopes);
	skep_message_item(m, 2);
	add_scope(otlp);
	skep_message_list(m, names[signal].items);
}

void skep_otlp_end(struct skep_otlp *otlp)
{
	struct skep_message *m = &otlp->message;

	skep_message_list_end(m);
	skep_message_end(m);
	skep_message_list_end(m);
	skep_message_end(m);
	skep_message_list_end(m);
	skep_message_fini(m);
	skep_str_fini(&otlp->keys);
}

/* "pid=4711 comm=sh": what a back end shows that knows only of lines. */
static void add_body(struct skep_message *m, const struct skep_schema *schema, const void *payload,
		     const struct skep_resolver *resolver)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};

	for (size_t i = 0; i < schema->n_fields; i++) {
		if (skep_field_is_none(&schema->fields[i], payload))
			continue;
		skep_str_add(&text, text.len ? " " : "");
		skep_unit_name(schema->fields[i].name, schema->fields[i].unit, &text);
		skep_str_addc(&text, '=');
		skep_field_cell(&schema->fields[i], payload, resolver, &text);
	}
	skep_message_begin(m, 5, "body");
	skep_message_string(m, 1, "stringValue", skep_str_text(&text), text.len);
	skep_message_end(m);
}

void skep_otlp_row(struct skep_otlp *otlp, const struct skep_schema *schema, const void *payload,
		   const struct skep_resolver *resolver, uint64_t time_ns, uint64_t observed_ns)
{
	struct skep_message *m = &otlp->message;
	_cleanup_(skep_str_fini)
	struct skep_str name = {};

	otlp->n_items++;
	skep_message_item(m, 2);
	if (time_ns)
		skep_message_fixed64(m, 1, "timeUnixNano", time_ns);
	skep_message_fixed64(m, 11, "observedTimeUnixNano", observed_ns);
	skep_message_uint32(m, 2, "severityNumber", SEVERITY_INFO);
	skep_message_text(m, 3, "severityText", "INFO");
	add_body(m, schema, payload, resolver);
	skep_otlp_fields(otlp, 6, schema->fields, schema->n_fields, payload, resolver);
	skep_str_addf(&name, "%s.%s", otlp->source->scope, schema->name);
	skep_message_text(m, 12, "eventName", skep_str_text(&name));
	skep_message_end(m);
}

#define STATUS_ERROR 2
#define FLAG_SAMPLED 0x1u
#define FLAG_REMOTE_KNOWN \
	0x100u /* whether the parent is of another process, which is the next bit */
#define FLAG_REMOTE 0x200u

void skep_otlp_span(struct skep_otlp *otlp, const struct skep_span *span,
		    const struct skep_schema *schema, const void *payload,
		    const struct skep_resolver *resolver)
{
	struct skep_message *m = &otlp->message;

	otlp->n_items++;
	skep_message_item(m, 2);
	skep_message_id(m, 1, "traceId", span->trace_id, sizeof(span->trace_id));
	skep_message_id(m, 2, "spanId", span->span_id, sizeof(span->span_id));
	if (span->has_parent)
		skep_message_id(m, 4, "parentSpanId", span->parent_id, sizeof(span->parent_id));
	skep_message_string(m, 5, "name", skep_str_text(&span->name), span->name.len);
	skep_message_uint32(m, 6, "kind", schema->span.kind);
	skep_message_fixed64(m, 7, "startTimeUnixNano", span->start_ns);
	skep_message_fixed64(m, 8, "endTimeUnixNano", span->end_ns);
	skep_otlp_fields(otlp, 9, schema->fields, schema->n_fields, payload, resolver);
	if (span->failed) {
		skep_message_begin(m, 15, "status");
		if (span->why.len)
			skep_message_string(m, 2, "message", skep_str_text(&span->why),
					    span->why.len);
		skep_message_uint32(m, 3, "code", STATUS_ERROR);
		skep_message_end(m);
	}
	skep_message_fixed32(m, 16, "flags",
			     FLAG_SAMPLED | FLAG_REMOTE_KNOWN |
				     (span->parent_is_remote ? FLAG_REMOTE : 0));
	skep_message_end(m);
}
