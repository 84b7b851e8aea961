/* SPDX-License-Identifier: Apache-2.0 */
/* Spans as Zipkin has them: times in microseconds, names in lower case, tags that are texts. */
#include <arpa/inet.h>
#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "record/otlp.h"
#include "record/record_priv.h"
#include "record/span.h"

static void add_text(struct skep_str *out, const char *text)
{
	skep_json_string(text, strlen(text), out);
}

/* Names of spans and services. */
static void add_lower(struct skep_str *out, const char *text, size_t len)
{
	_cleanup_(skep_str_fini)
	struct skep_str lower = {};

	for (size_t i = 0; i < len; i++)
		skep_str_addc(&lower, (char)tolower((unsigned char)text[i]));
	skep_json_string(skep_str_text(&lower), len, out);
}

static void add_id(struct skep_str *out, const char *name, const uint8_t *id, size_t len)
{
	skep_str_addf(out, "\"%s\":\"", name);
	for (size_t i = 0; i < len; i++)
		skep_str_addf(out, "%02x", id[i]);
	skep_str_add(out, "\",");
}

static void add_tag(struct skep_str *out, bool *comma, const char *name,
		    const struct skep_str *value)
{
	skep_str_add(out, *comma ? "," : "");
	*comma = true;
	add_text(out, name);
	skep_str_addc(out, ':');
	skep_json_string(skep_str_text(value), value->len, out);
}

/* A field that conventions call one of these, the first that there is. */
static const struct skep_schema_field *find(const struct skep_schema *schema,
					    const char *const names[3])
{
	for (size_t n = 0; n < 3; n++)
		for (size_t i = 0; i < schema->n_fields; i++)
			if (schema->fields[i].name &&
			    skep_streq(skep_otlp_name(schema->fields[i].name), names[n]))
				return &schema->fields[i];
	return NULL;
}

/* Who is at the other end: what fields of the usual names say. */
static void add_remote(const struct skep_schema *schema, const void *payload,
		       const struct skep_resolver *resolver, struct skep_str *out)
{
	static const char *const addresses[] = { "network.peer.address", "destination.address",
						 "server.address" },
				 *const ports[] = { "network.peer.port", "destination.port",
						    "server.port" };
	const struct skep_schema_field *address = find(schema, addresses),
				       *port = find(schema, ports);
	_cleanup_(skep_str_fini)
	struct skep_str text = {};
	struct in6_addr binary;

	if (!address)
		return;
	skep_field_text(address, payload, resolver, &text);
	if (inet_pton(AF_INET, skep_str_text(&text), &binary) == 1)
		skep_str_add(out, ",\"remoteEndpoint\":{\"ipv4\":");
	else if (inet_pton(AF_INET6, skep_str_text(&text), &binary) == 1)
		skep_str_add(out, ",\"remoteEndpoint\":{\"ipv6\":");
	else
		return;
	skep_json_string(skep_str_text(&text), text.len, out);
	if (port && skep_field_has_int(port))
		skep_str_addf(out, ",\"port\":%" PRIu64, skep_field_int(port, payload) & 0xffff);
	skep_str_addc(out, '}');
}

static void add_tags(const struct skep_span *span, const struct skep_schema *schema,
		     const void *payload, const struct skep_resolver *resolver, const char *scope,
		     struct skep_str *out)
{
	_cleanup_(skep_str_fini)
	struct skep_str value = {}, room = {};
	bool comma = false;

	skep_str_add(out, ",\"tags\":{");
	for (size_t i = 0; i < schema->n_fields; i++) {
		const struct skep_schema_field *field = &schema->fields[i];

		if (skep_field_is_blank(field, payload, resolver))
			continue;
		skep_str_reset(&value);
		skep_field_cell(field, payload, resolver, &value);
		add_tag(out, &comma, skep_otlp_key(schema->fields, schema->n_fields, i, &room),
			&value);
	}
	skep_str_reset(&value);
	skep_str_add(&value, scope);
	add_tag(out, &comma, "otel.scope.name", &value);
	if (span->failed) {
		skep_str_reset(&value);
		skep_str_add(&value, "ERROR");
		add_tag(out, &comma, "otel.status_code", &value);
		add_tag(out, &comma, "error", span->why.len ? &span->why : &value);
	}
	skep_str_addc(out, '}');
}

void skep_zipkin_span(const struct skep_span *span, const struct skep_schema *schema,
		      const void *payload, const struct skep_resolver *resolver,
		      const char *service, const char *scope, struct skep_str *out)
{
	static const char *const kinds[SKEP_SPAN_KIND_MAX] = {
		[SKEP_SPAN_SERVER] = "SERVER",
		[SKEP_SPAN_CLIENT] = "CLIENT",
		[SKEP_SPAN_PRODUCER] = "PRODUCER",
		[SKEP_SPAN_CONSUMER] = "CONSUMER",
	};
	/* Of whole microseconds, so that a child's do not begin or end outside of its parent's. */
	uint64_t start = span->start_ns / 1000, end = span->end_ns / 1000;

	skep_str_addc(out, '{');
	add_id(out, "traceId", span->trace_id, sizeof(span->trace_id));
	add_id(out, "id", span->span_id, sizeof(span->span_id));
	if (span->has_parent)
		add_id(out, "parentId", span->parent_id, sizeof(span->parent_id));
	if (kinds[schema->span.kind])
		skep_str_addf(out, "\"kind\":\"%s\",", kinds[schema->span.kind]);
	skep_str_add(out, "\"name\":");
	add_lower(out, skep_str_text(&span->name), span->name.len);
	skep_str_addf(out, ",\"timestamp\":%" PRIu64 ",\"duration\":%" PRIu64, start,
		      MAX(end - start, (uint64_t)1));
	skep_str_add(out, ",\"localEndpoint\":{\"serviceName\":");
	add_lower(out, service, strlen(service));
	skep_str_addc(out, '}');
	add_remote(schema, payload, resolver, out);
	add_tags(span, schema, payload, resolver, scope, out);
	skep_str_addc(out, '}');
}
