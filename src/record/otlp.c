/* SPDX-License-Identifier: Apache-2.0 */
/* What logs, metrics and traces have in common, and rows as log records and as spans. */
#include "record/otlp.h"

#include <string.h>

#include "record/otlp_priv.h"
#include "record/record_priv.h"
#include "record/span.h"

#define SEVERITY_INFO 9

static const struct {
	const char *field, *name;
} conventions[] = {
	{ "pid", "process.pid" },
	{ "tgid", "process.pid" },
	{ "ppid", "process.parent_pid" },
	{ "comm", "thread.name" },
	{ "tid", "thread.id" },
	{ "user", "process.owner" },
	{ "username", "process.owner" },
	{ "uid", "process.user.id" },
	{ "args", "process.command_line" },
	{ "exit_code", "process.exit.code" },
	{ "parents", "process.ancestors" },
	{ "container", "container.name" },
	{ "container_id", "container.id" },
	{ "image", "container.image.name" },
	{ "pod", "k8s.pod.name" },
	{ "namespace", "k8s.namespace.name" },
	{ "unit", "systemd.unit" },
	{ "file", "file.path" },
	{ "path", "file.path" },
	{ "device", "system.device" },
	{ "disk", "system.device" },
	{ "interface", "network.interface.name" },
	{ "saddr", "source.address" },
	{ "sport", "source.port" },
	{ "daddr", "destination.address" },
	{ "dport", "destination.port" },
	{ "laddr", "network.local.address" },
	{ "lport", "network.local.port" },
	{ "raddr", "network.peer.address" },
	{ "saddr_name", "source.domain" },
	{ "daddr_name", "destination.domain" },
	{ "laddr_name", "network.local.name" },
	{ "raddr_name", "network.peer.name" },
	{ "rport", "network.peer.port" },
	{ "cpu", "cpu.logical_number" },
};

const char *skep_otlp_name(const char *field)
{
	const char *dot = strrchr(field, '.');

	/* Keys of maps are called after their expressions: "args.next.pid". */
	if (dot && dot[1])
		field = dot + 1;
	for (size_t i = 0; i < ARRAY_SIZE(conventions); i++)
		if (skep_streq(conventions[i].field, field))
			return conventions[i].name;
	return field;
}

const char *skep_otlp_field_name(const struct skep_schema_field *field)
{
	const char *name = field->name ? field->name : "";

	return field->unit ? name : skep_otlp_name(name);
}

/* Whether the conventions' name of field @index, which is @name, is that of one before it as well. */
static bool is_taken(const struct skep_schema_field *fields, size_t index, const char *name)
{
	for (size_t i = 0; i < index; i++)
		if (skep_streq(skep_otlp_field_name(&fields[i]), name))
			return true;
	return false;
}

const char *skep_otlp_key(const struct skep_schema_field *fields, size_t n, size_t index,
			  struct skep_str *room)
{
	const char *name = skep_otlp_field_name(&fields[index]);

	if (!is_taken(fields, index, name))
		return name;
	skep_str_reset(room);
	skep_field_member(fields, index, room);
	/* "a.x", "b.x" and "x": the first is "x", so the last cannot be what it is called either. */
	if (is_taken(fields, n, skep_str_text(room)))
		skep_str_addf(room, "#%zu", index + 1);
	return skep_str_text(room);
}

static void add_text(struct skep_message *m, uint32_t number, const char *name, const char *text)
{
	skep_message_string(m, number, name, text, strlen(text));
}

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
			add_text(m, 1, "key", child->name ? child->name : "");
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

void skep_otlp_fields(struct skep_message *m, uint32_t number,
		      const struct skep_schema_field *fields, size_t n, const void *payload,
		      const struct skep_resolver *resolver)
{
	_cleanup_(skep_str_fini)
	struct skep_str room = {};

	skep_message_list(m, "attributes");
	for (size_t i = 0; i < n; i++) {
		skep_message_item(m, number);
		add_text(m, 1, "key", skep_otlp_key(fields, n, i, &room));
		skep_message_begin(m, 2, "value");
		add_value(m, &fields[i], payload, resolver, 0);
		skep_message_end(m);
		skep_message_end(m);
	}
	skep_message_list_end(m);
}

void skep_otlp_attributes(struct skep_message *m, uint32_t number,
			  const struct skep_attribute *attributes, size_t n)
{
	skep_message_list(m, "attributes");
	for (size_t i = 0; i < n; i++) {
		skep_message_item(m, number);
		add_text(m, 1, "key", attributes[i].name);
		skep_message_begin(m, 2, "value");
		add_text(m, 1, "stringValue", attributes[i].value);
		skep_message_end(m);
		skep_message_end(m);
	}
	skep_message_list_end(m);
}

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
	add_text(m, 1, "name", otlp->source->scope);
	if (otlp->source->scope_version)
		add_text(m, 2, "version", otlp->source->scope_version);
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
}

/* "pid=4711 comm=sh": what a back end shows that knows only of lines. */
static void add_body(struct skep_message *m, const struct skep_schema *schema, const void *payload,
		     const struct skep_resolver *resolver)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};

	for (size_t i = 0; i < schema->n_fields; i++) {
		skep_str_addf(&text, "%s%s=", i ? " " : "", schema->fields[i].name);
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
	add_text(m, 3, "severityText", "INFO");
	add_body(m, schema, payload, resolver);
	skep_otlp_fields(m, 6, schema->fields, schema->n_fields, payload, resolver);
	skep_str_addf(&name, "%s.%s", otlp->source->scope, schema->name);
	add_text(m, 12, "eventName", skep_str_text(&name));
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
	skep_otlp_fields(m, 9, schema->fields, schema->n_fields, payload, resolver);
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
