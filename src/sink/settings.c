/* SPDX-License-Identifier: Apache-2.0 */
#include "sink/settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "sink/address.h"

#define TIMEOUT_MS 10000
#define INTERVAL_MS 60000
#define EXPORTER "OTEL_EXPORTER_OTLP_"
#define METRICS EXPORTER "METRICS_"

struct reader {
	struct skep_env env;
	struct skep_otlp_settings *s;
	/* What is said for all signals: */
	struct skep_otlp_target all;
	int protocol; /* -1: nothing is said */
	bool insecure;
};

static const struct {
	const char *name, *items, *path, *service;
} signals[SKEP_N_OTLP_SIGNALS] = {
	[SKEP_OTLP_LOGS] = { "LOGS_", "logs", "v1/logs",
			     "opentelemetry.proto.collector.logs.v1.LogsService/Export" },
	[SKEP_OTLP_METRICS] = { "METRICS_", "metrics", "v1/metrics",
				"opentelemetry.proto.collector.metrics.v1.MetricsService/Export" },
	[SKEP_OTLP_TRACES] = { "TRACES_", "traces", "v1/traces",
			       "opentelemetry.proto.collector.trace.v1.TraceService/Export" },
};

/* One of the exporter's: for all signals (@signal is ""), or for one. */
static bool is_set_for(struct reader *r, const char *signal, const char *what)
{
	char name[sizeof(r->env.name)];

	snprintf(name, sizeof(name), EXPORTER "%s%s", signal, what);
	return skep_env_has(&r->env, name);
}

static void drop_headers(struct skep_otlp_target *t)
{
	while (t->n_headers)
		free(t->headers[--t->n_headers]);
}

/* A token of RFC 9110, 5.6.2, and none of those that say how the body is sent: a request that breaks them loses it. */
static bool is_header_name(const char *name)
{
	static const char *const ours[] = { "content-length", "transfer-encoding", "content-type",
					    "content-encoding" };

	for (size_t i = 0; i < ARRAY_SIZE(ours); i++)
		if (strcasecmp(name, ours[i]) == 0)
			return false;
	return *name && !name[strspn(name, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
					   "ABCDEFGHIJKLMNOPQRSTUVWXYZ")];
}

static bool is_header_value(const char *value)
{
	for (; *value; value++)
		if (((unsigned char)*value < ' ' && *value != '\t') || *value == 0x7f)
			return false;
	return true;
}

static int take_header(void *data, char *key, char *value)
{
	struct skep_otlp_target *t = data;
	char *line = NULL;
	bool good = t->n_headers < SKEP_OTLP_HEADERS_MAX && is_header_name(key) &&
		    is_header_value(value);

	if (good && asprintf(&line, "%s: %s", key, value) < 0)
		skep_oom();
	free(key);
	free(value);
	if (!good)
		return -EINVAL;
	t->headers[t->n_headers++] = line;
	return 0;
}

static void read_headers(const struct reader *r, struct skep_otlp_target *t)
{
	struct skep_otlp_target fresh = {};

	if (skep_env_each_pair(&r->env, take_header, &fresh)) {
		drop_headers(t);
		memcpy(t->headers, fresh.headers, sizeof(t->headers));
		t->n_headers = fresh.n_headers;
		return;
	}
	drop_headers(&fresh);
	/* Without the value, in which there may be secrets. */
	skep_diag_warn(r->env.diag, SKEP_NO_LOC,
		       "%s has an entry that is no header; %s is taken instead", r->env.name,
		       t->n_headers ? "what is said for all signals" : "no header");
	skep_diag_hint(r->env.diag, "it is a list of at most 32: name=value,name=value");
}

/* "http://a:4317/b", "a:4317": ports that end so are gRPC's. */
static bool has_port_of_grpc(const char *endpoint)
{
	const char *at = strstr(endpoint, "://"), *end;

	at = at ? at + 3 : endpoint;
	end = at + strcspn(at, "/");
	return end - at >= 5 && memchr(at, ':', (size_t)(end - at)) &&
	       strncmp(end - 4, "4317", 4) == 0;
}

/* @r has the name of what said so. @is_own: of this signal, so the path is there already, but for gRPC, which has no other. */
static int read_url(struct reader *r, size_t signal, const char *endpoint, bool is_own,
		    bool insecure)
{
	struct skep_otlp_target *t = &r->s->targets[signal];
	bool grpc = t->protocol == SKEP_OTLP_GRPC;
	const char *scheme = "", *path = grpc ? signals[signal].service : signals[signal].path;

	if (grpc && !strstr(endpoint, "://"))
		scheme = insecure ? "http://" : "https://";
	else if (!skep_url_is_place(endpoint))
		return skep_env_wrong(&r->env, endpoint,
				      "it is a URL: http://HOST:4318, or https://");
	if (is_own && !grpc)
		path = "";
	if (asprintf(&t->url, "%s%s%s%s", scheme, endpoint,
		     !*path || skep_has_suffix(endpoint, "/") ? "" : "/", path) < 0)
		skep_oom();
	return skep_url_is_place(t->url)
		       ? 0
		       : skep_env_wrong(&r->env, endpoint,
					"it is a URL: http://HOST:4317, or HOST:4317");
}

static int read_protocol(struct reader *r, const char *signal, int otherwise)
{
	static const char *const words[] = {
		[SKEP_OTLP_HTTP_PROTOBUF] = "http/protobuf",
		[SKEP_OTLP_HTTP_JSON] = "http/json",
		[SKEP_OTLP_GRPC] = "grpc",
	};

	return is_set_for(r, signal, "PROTOCOL")
		       ? skep_env_one_of(&r->env, words, ARRAY_SIZE(words), otherwise)
		       : otherwise;
}

static bool read_insecure(struct reader *r, const char *signal, bool otherwise)
{
	return is_set_for(r, signal, "INSECURE") ? skep_env_truth(&r->env) : otherwise;
}

/* Where a signal goes, and in what protocol. */
static int read_place(struct reader *r, size_t signal, const char *url)
{
	struct skep_otlp_target *t = &r->s->targets[signal];
	const char *own = signals[signal].name, *endpoint = url;
	int protocol = read_protocol(r, own, r->protocol);
	bool insecure = read_insecure(r, own, r->insecure);
	bool is_own = is_set_for(r, own, "ENDPOINT");

	if (is_own && url && !skep_streq(r->env.value, url)) {
		const char *name = strrchr(r->env.value, '@'); /* behind a password */

		skep_diag_warn(r->env.diag, SKEP_NO_LOC,
			       "%s go to %s, as %s says, not where --to says",
			       signals[signal].items, name ? name + 1 : r->env.value, r->env.name);
	}
	if (is_own || (!endpoint && is_set_for(r, "", "ENDPOINT")))
		endpoint = r->env.value;
	else
		strcpy(r->env.name, "the OTLP endpoint");
	if (protocol < 0)
		protocol = endpoint && has_port_of_grpc(endpoint) ? SKEP_OTLP_GRPC
								  : SKEP_OTLP_HTTP_PROTOBUF;
	t->protocol = (enum skep_otlp_protocol)protocol;
	if (!endpoint)
		endpoint = t->protocol == SKEP_OTLP_GRPC ? "http://localhost:4317"
							 : "http://localhost:4318";
	return read_url(r, signal, endpoint, is_own, insecure);
}

static void read_file(struct reader *r, const char *signal, const char *what, char **file)
{
	if (!is_set_for(r, signal, what))
		return;
	free(*file);
	*file = skep_env_copy(r->env.value, strlen(r->env.value));
}

/* How it goes there, by the variables of @signal. */
static void read_way(struct reader *r, const char *signal, struct skep_otlp_target *t)
{
	static const char *const words[] = { "none", "gzip" };

	if (is_set_for(r, signal, "COMPRESSION"))
		t->gzip = skep_env_one_of(&r->env, words, ARRAY_SIZE(words), t->gzip) > 0;
	if (is_set_for(r, signal, "TIMEOUT"))
		skep_env_ms(&r->env, &t->timeout_ms);
	if (is_set_for(r, signal, "HEADERS"))
		read_headers(r, t);
	read_file(r, signal, "CERTIFICATE", &t->ca_file);
	read_file(r, signal, "CLIENT_CERTIFICATE", &t->cert_file);
	read_file(r, signal, "CLIENT_KEY", &t->key_file);
}

static void read_metrics(struct reader *r)
{
	static const char *const histograms[] = { "explicit_bucket_histogram",
						  "base2_exponential_bucket_histogram" };
	static const char *const times[] = { "cumulative", "delta", "lowmemory" };

	r->s->interval_ms = INTERVAL_MS;
	if (skep_env_has(&r->env, "OTEL_METRIC_EXPORT_INTERVAL"))
		skep_env_ms(&r->env, &r->s->interval_ms);
	if (skep_env_has(&r->env, METRICS "DEFAULT_HISTOGRAM_AGGREGATION"))
		r->s->exponential =
			skep_env_one_of(&r->env, histograms, ARRAY_SIZE(histograms), 0) > 0;
	if (skep_env_has(&r->env, METRICS "TEMPORALITY_PREFERENCE"))
		r->s->delta = skep_env_one_of(&r->env, times, ARRAY_SIZE(times), 0) > 0;
}

/* Of rows and maps; that of spans is read by who makes them (traces.c). */
static void read_exporters(struct reader *r)
{
	static const char *const names[SKEP_N_OTLP_SIGNALS] = {
		[SKEP_OTLP_LOGS] = "OTEL_LOGS_EXPORTER",
		[SKEP_OTLP_METRICS] = "OTEL_METRICS_EXPORTER",
	};

	for (size_t i = 0; i < SKEP_N_OTLP_SIGNALS; i++) {
		if (!names[i] || !skep_env_has(&r->env, names[i]) ||
		    skep_env_lists(&r->env, "otlp"))
			continue;
		r->s->targets[i].is_off = skep_env_lists(&r->env, "none");
		if (!r->s->targets[i].is_off)
			skep_env_warn(&r->env, "otlp", "it is otlp or none");
	}
	if (!skep_env_has(&r->env, "OTEL_SEMCONV_STABILITY_OPT_IN"))
		return;
	r->s->old_names = skep_env_lists(&r->env, "http/dup");
}

static void drop_target(struct skep_otlp_target *t)
{
	free(t->url);
	drop_headers(t);
	free(t->ca_file);
	free(t->cert_file);
	free(t->key_file);
}

static char *copy_of(const char *text)
{
	return text ? skep_env_copy(text, strlen(text)) : NULL;
}

static int read_target(struct reader *r, size_t signal, const char *url)
{
	struct skep_otlp_target *t = &r->s->targets[signal];
	const struct skep_otlp_target *all = &r->all;

	*t = (struct skep_otlp_target){
		.n_headers = all->n_headers,
		.gzip = all->gzip,
		.timeout_ms = all->timeout_ms,
		.ca_file = copy_of(all->ca_file),
		.cert_file = copy_of(all->cert_file),
		.key_file = copy_of(all->key_file),
	};
	for (size_t i = 0; i < all->n_headers; i++)
		t->headers[i] = copy_of(all->headers[i]);
	read_way(r, signals[signal].name, t);
	return read_place(r, signal, url);
}

static int read_all(struct reader *r, const char *url)
{
	int e = 0;

	r->all.timeout_ms = TIMEOUT_MS;
	read_way(r, "", &r->all);
	r->protocol = read_protocol(r, "", -1);
	r->insecure = read_insecure(r, "", false);
	for (size_t i = 0; e >= 0 && i < SKEP_N_OTLP_SIGNALS; i++)
		e = read_target(r, i, url);
	drop_target(&r->all);
	if (e < 0)
		return e;
	read_metrics(r);
	read_exporters(r);
	skep_otlp_resource(&r->env, r->s);
	return 0;
}

int skep_otlp_settings(const char *url, char *(*get)(const char *name),
		       struct skep_otlp_settings *ret_settings, struct skep_diag *diag)
{
	struct skep_otlp_settings s = {};
	struct reader reader = { .env = { .get = get, .diag = diag }, .s = &s };
	int r = read_all(&reader, url && *url ? url : NULL);

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
		drop_target(&s->targets[i]);
	skep_otlp_resource_fini(s);
	*s = (struct skep_otlp_settings){};
}
