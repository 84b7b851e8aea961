/* SPDX-License-Identifier: Apache-2.0 */
#include "sink/settings.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/arena.h"

#define TIMEOUT_MS 10000
#define INTERVAL_MS 60000

struct reader {
	char *(*get)(const char *name);
	struct skep_otlp_settings *s;
	struct skep_diag *diag;
};

static const struct {
	const char *name, *path, *service;
} signals[SKEP_N_OTLP_SIGNALS] = {
	[SKEP_OTLP_LOGS] = { "LOGS", "v1/logs",
			     "opentelemetry.proto.collector.logs.v1.LogsService/Export" },
	[SKEP_OTLP_METRICS] = { "METRICS", "v1/metrics",
				"opentelemetry.proto.collector.metrics.v1.MetricsService/Export" },
};

static char *copy(const char *text, size_t len)
{
	char *s = strndup(text, len);

	if (!s)
		skep_oom();
	return s;
}

/* NULL: not set, or empty. */
static const char *variable(const struct reader *r, const char *name)
{
	const char *value = r->get(name);

	return value && *value ? value : NULL;
}

static int wrong(const struct reader *r, const char *name, const char *value, const char *hint)
{
	skep_diag_error(r->diag, SKEP_NO_LOC, "%s is '%s'", name, value);
	skep_diag_hint(r->diag, "%s", hint);
	return -EINVAL;
}

/* %41 is A. */
static char *decoded(const char *text, size_t len)
{
	char *s = copy(text, len), *to = s;

	for (const char *from = s; *from; from++) {
		if (from[0] == '%' && isxdigit((unsigned char)from[1]) &&
		    isxdigit((unsigned char)from[2])) {
			char digits[] = { from[1], from[2], '\0' };

			*to++ = (char)strtoul(digits, NULL, 16);
			from += 2;
		} else {
			*to++ = *from;
		}
	}
	*to = '\0';
	return s;
}

/* "a=b,c=d", as W3C baggage: blanks around the parts do not count. */
static int each_pair(const struct reader *r, const char *name,
		     int (*take)(const struct reader *r, char *key, char *value))
{
	const char *text = variable(r, name), *at = text;

	while (at && *at) {
		size_t len = strcspn(at, ","), key_len;
		const char *equals = memchr(at, '=', len), *value;
		int e;

		if (strspn(at, " \t") < len) {
			if (!equals)
				return wrong(r, name, text, "it is a list: name=value,name=value");
			at += strspn(at, " \t");
			for (key_len = (size_t)(equals - at); key_len && isblank(at[key_len - 1]);)
				key_len--;
			value = equals + 1 + strspn(equals + 1, " \t");
			len = strcspn(value, ",");
			while (len && isblank(value[len - 1]))
				len--;
			e = take(r, decoded(at, key_len), decoded(value, len));
			if (e < 0)
				return wrong(r, name, text, "it has too many pairs");
			at = value;
			len = strcspn(at, ",");
		}
		at += len + (at[len] == ',');
	}
	return 0;
}

static int take_header(const struct reader *r, char *key, char *value)
{
	char *line = NULL;
	int n = r->s->n_headers < SKEP_OTLP_HEADERS_MAX ? asprintf(&line, "%s: %s", key, value)
							: -1;

	free(key);
	free(value);
	if (n < 0)
		return -E2BIG;
	r->s->headers[r->s->n_headers++] = line;
	return 0;
}

/* The first one of a name stays: who comes first knows better. */
static int take_attribute(const struct reader *r, char *key, char *value)
{
	struct skep_otlp_settings *s = r->s;

	for (size_t i = 0; i < s->n_attributes; i++) {
		if (!skep_streq(s->attributes[i].name, key))
			continue;
		free(key);
		free(value);
		return 0;
	}
	if (s->n_attributes == SKEP_OTLP_ATTRIBUTES_MAX) {
		free(key);
		free(value);
		return -E2BIG;
	}
	s->attributes[s->n_attributes++] = (struct skep_attribute){ key, value };
	return 0;
}

static void add_attribute(const struct reader *r, const char *key, const char *value)
{
	(void)!take_attribute(r, copy(key, strlen(key)), copy(value, strlen(value)));
}

static int read_attributes(const struct reader *r)
{
	const char *service = variable(r, "OTEL_SERVICE_NAME");
	struct utsname name;
	int e;

	if (service)
		add_attribute(r, "service.name", service);
	e = each_pair(r, "OTEL_RESOURCE_ATTRIBUTES", take_attribute);
	if (e < 0)
		return e;
	add_attribute(r, "service.name", "skep");
	add_attribute(r, "service.version", SKEP_VERSION);
	if (uname(&name) == 0) {
		add_attribute(r, "host.name", name.nodename);
		add_attribute(r, "os.type", "linux");
		add_attribute(r, "os.version", name.release);
		add_attribute(r, "host.arch", name.machine);
	}
	return 0;
}

static int read_protocol(const struct reader *r, const char *endpoint)
{
	static const char *const names[] = {
		[SKEP_OTLP_HTTP_PROTOBUF] = "http/protobuf",
		[SKEP_OTLP_HTTP_JSON] = "http/json",
		[SKEP_OTLP_GRPC] = "grpc",
	};
	const char *value = variable(r, "OTEL_EXPORTER_OTLP_PROTOCOL"), *port;

	for (size_t i = 0; value && i < ARRAY_SIZE(names); i++) {
		if (!skep_streq(value, names[i]))
			continue;
		r->s->protocol = (enum skep_otlp_protocol)i;
		return 0;
	}
	if (value)
		return wrong(r, "OTEL_EXPORTER_OTLP_PROTOCOL", value,
			     "it is http/protobuf, http/json or grpc");
	port = endpoint ? strstr(endpoint, ":4317") : NULL;
	r->s->protocol =
		port && (!port[5] || port[5] == '/') ? SKEP_OTLP_GRPC : SKEP_OTLP_HTTP_PROTOBUF;
	return 0;
}

static bool is_url(const char *text)
{
	return skep_has_prefix(text, "http://") || skep_has_prefix(text, "https://");
}

static void put_url(struct skep_otlp_settings *s, size_t signal, const char *base, const char *path)
{
	bool slash = *base && base[strlen(base) - 1] == '/';

	if (asprintf(&s->urls[signal], "%s%s%s", base, slash || !*path ? "" : "/", path) < 0)
		skep_oom();
}

static int read_urls(const struct reader *r, const char *endpoint)
{
	bool grpc = r->s->protocol == SKEP_OTLP_GRPC;

	if (!endpoint)
		endpoint = grpc ? "http://localhost:4317" : "http://localhost:4318";
	if (!is_url(endpoint))
		return wrong(r, "the OTLP endpoint", endpoint,
			     "it is a URL: http://HOST:4318, or https://");
	for (size_t i = 0; i < SKEP_N_OTLP_SIGNALS; i++) {
		char name[64];
		const char *own;

		snprintf(name, sizeof(name), "OTEL_EXPORTER_OTLP_%s_ENDPOINT", signals[i].name);
		own = variable(r, name);
		if (own && !is_url(own))
			return wrong(r, name, own, "it is a URL: http://HOST:4318/v1/logs");
		if (grpc)
			put_url(r->s, i, own ? own : endpoint, signals[i].service);
		else
			put_url(r->s, i, own ? own : endpoint, own ? "" : signals[i].path);
	}
	return 0;
}

static char *file_of(const struct reader *r, const char *name)
{
	const char *value = variable(r, name);

	return value ? copy(value, strlen(value)) : NULL;
}

static int read_ms(const struct reader *r, const char *name, uint64_t otherwise, uint64_t *ret_ms)
{
	const char *value = variable(r, name);
	char *end;

	*ret_ms = value ? strtoull(value, &end, 10) : otherwise;
	if (value && (*end || !*ret_ms || *ret_ms > INT32_MAX || value[0] == '-'))
		return wrong(r, name, value, "it is milliseconds: 10000");
	return 0;
}

static int read_rest(const struct reader *r)
{
	const char *compression = variable(r, "OTEL_EXPORTER_OTLP_COMPRESSION");
	const char *histogram =
		variable(r, "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION");
	int e;

	if (compression && !skep_streq(compression, "gzip") && !skep_streq(compression, "none"))
		return wrong(r, "OTEL_EXPORTER_OTLP_COMPRESSION", compression,
			     "it is gzip or none");
	r->s->gzip = compression && skep_streq(compression, "gzip");
	e = read_ms(r, "OTEL_EXPORTER_OTLP_TIMEOUT", TIMEOUT_MS, &r->s->timeout_ms);
	if (e >= 0)
		e = read_ms(r, "OTEL_METRIC_EXPORT_INTERVAL", INTERVAL_MS, &r->s->interval_ms);
	if (e < 0)
		return e;
	if (histogram && !skep_streq(histogram, "explicit_bucket_histogram") &&
	    !skep_streq(histogram, "base2_exponential_bucket_histogram"))
		return wrong(
			r, "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION", histogram,
			"it is explicit_bucket_histogram or base2_exponential_bucket_histogram");
	r->s->exponential = histogram && histogram[0] == 'b';
	r->s->ca_file = file_of(r, "OTEL_EXPORTER_OTLP_CERTIFICATE");
	r->s->cert_file = file_of(r, "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE");
	r->s->key_file = file_of(r, "OTEL_EXPORTER_OTLP_CLIENT_KEY");
	return each_pair(r, "OTEL_EXPORTER_OTLP_HEADERS", take_header);
}

int skep_otlp_settings(const char *url, char *(*get)(const char *name),
		       struct skep_otlp_settings *ret_settings, struct skep_diag *diag)
{
	struct skep_otlp_settings s = {};
	struct reader reader = { get, &s, diag };
	const char *endpoint = url && *url ? url : variable(&reader, "OTEL_EXPORTER_OTLP_ENDPOINT");
	int r = read_protocol(&reader, endpoint);

	if (r >= 0)
		r = read_urls(&reader, endpoint);
	if (r >= 0)
		r = read_rest(&reader);
	if (r >= 0)
		r = read_attributes(&reader);
	if (r < 0) {
		skep_otlp_settings_fini(&s);
		return r;
	}
	*ret_settings = s;
	return 0;
}

void skep_otlp_settings_fini(struct skep_otlp_settings *s)
{
	for (size_t i = 0; i < SKEP_N_OTLP_SIGNALS; i++)
		free(s->urls[i]);
	for (size_t i = 0; i < s->n_headers; i++)
		free(s->headers[i]);
	for (size_t i = 0; i < s->n_attributes; i++) {
		free((void *)s->attributes[i].name);
		free((void *)s->attributes[i].value);
	}
	free(s->ca_file);
	free(s->cert_file);
	free(s->key_file);
	*s = (struct skep_otlp_settings){};
}
