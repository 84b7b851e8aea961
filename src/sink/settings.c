/* SPDX-License-Identifier: Apache-2.0 */
#include "sink/settings.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/utsname.h>

#include "base/arena.h"
#include "sink/address.h"

#define TIMEOUT_MS 10000
#define INTERVAL_MS 60000
#define EXPORTER "OTEL_EXPORTER_OTLP_"
#define METRICS EXPORTER "METRICS_"

struct reader {
	char *(*get)(const char *name);
	struct skep_otlp_settings *s;
	struct skep_diag *diag;
	/* What is said for all signals: */
	struct skep_otlp_target all;
	int protocol; /* -1: nothing is said */
	bool insecure;
	/* Of the variable that was asked for last: */
	char name[80];
	const char *value; /* NULL: not set, or empty */
};

static const struct {
	const char *name, *path, *service;
} signals[SKEP_N_OTLP_SIGNALS] = {
	[SKEP_OTLP_LOGS] = { "LOGS_", "v1/logs",
			     "opentelemetry.proto.collector.logs.v1.LogsService/Export" },
	[SKEP_OTLP_METRICS] = { "METRICS_", "v1/metrics",
				"opentelemetry.proto.collector.metrics.v1.MetricsService/Export" },
	[SKEP_OTLP_TRACES] = { "TRACES_", "v1/traces",
			       "opentelemetry.proto.collector.trace.v1.TraceService/Export" },
};

static char *copy(const char *text, size_t len)
{
	char *s = strndup(text, len);

	if (!s)
		skep_oom();
	return s;
}

static bool is_set(struct reader *r, const char *name)
{
	snprintf(r->name, sizeof(r->name), "%s", name);
	r->value = r->get(r->name);
	if (r->value && !*r->value)
		r->value = NULL;
	return r->value;
}

/* One of the exporter's: for all signals (@signal is ""), or for one. */
static bool is_set_for(struct reader *r, const char *signal, const char *what)
{
	char name[sizeof(r->name)];

	snprintf(name, sizeof(name), EXPORTER "%s%s", signal, what);
	return is_set(r, name);
}

static int wrong(const struct reader *r, const char *value, const char *hint)
{
	skep_diag_error(r->diag, SKEP_NO_LOC, "%s is '%s'", r->name, value);
	skep_diag_hint(r->diag, "%s", hint);
	return -EINVAL;
}

/* The value is none; what would hold without it is taken. */
static void warn(const struct reader *r, const char *taken, const char *hint)
{
	skep_diag_warn(r->diag, SKEP_NO_LOC, "%s is '%s'; %s is taken instead", r->name, r->value,
		       taken);
	skep_diag_hint(r->diag, "%s", hint);
}

/* The number of the value in @words, or @otherwise (-1: what the port says) with a warning. @r has the value. */
static int one_of(const struct reader *r, const char *const *words, int n, int otherwise)
{
	_cleanup_(skep_str_fini)
	struct skep_str hint = {};

	for (int i = 0; i < n; i++)
		if (strcasecmp(r->value, words[i]) == 0)
			return i;
	skep_str_add(&hint, "it is ");
	for (int i = 0; i < n; i++)
		skep_str_addf(&hint, "%s%s", i == 0 ? "" : i + 1 < n ? ", " : " or ", words[i]);
	warn(r, otherwise < 0 ? "what the port says" : words[otherwise], hint.data);
	return otherwise;
}

static bool truth_of(const struct reader *r)
{
	static const char *const words[] = { "false", "true" };

	return one_of(r, words, ARRAY_SIZE(words), 0) > 0;
}

static void read_ms(const struct reader *r, uint64_t *ms)
{
	unsigned long long value;
	char *end, taken[24];

	value = strtoull(r->value, &end, 10);
	if (end > r->value && !*end && value && value <= INT32_MAX && r->value[0] != '-') {
		*ms = value;
		return;
	}
	snprintf(taken, sizeof(taken), "%llu", (unsigned long long)*ms);
	warn(r, taken, "it is milliseconds: 10000");
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

typedef int take_fn(void *data, char *key, char *value);

/* "a=b,c=d", as W3C baggage: blanks around the parts do not count. False: it is none, or has too much. */
static bool each_pair(const struct reader *r, take_fn *take, void *data)
{
	const char *at = r->value;

	while (*at) {
		size_t len = strcspn(at, ","), key_len;
		const char *equals = memchr(at, '=', len), *value;

		if (strspn(at, " \t") < len) {
			at += strspn(at, " \t");
			if (!equals || equals == at)
				return false;
			for (key_len = (size_t)(equals - at); key_len && isblank(at[key_len - 1]);)
				key_len--;
			value = equals + 1 + strspn(equals + 1, " \t");
			len = strcspn(value, ",");
			while (len && isblank(value[len - 1]))
				len--;
			if (take(data, decoded(at, key_len), decoded(value, len)) < 0)
				return false;
			at = value;
			len = strcspn(at, ",");
		}
		at += len + (at[len] == ',');
	}
	return true;
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

	if (each_pair(r, take_header, &fresh)) {
		drop_headers(t);
		memcpy(t->headers, fresh.headers, sizeof(t->headers));
		t->n_headers = fresh.n_headers;
		return;
	}
	drop_headers(&fresh);
	/* Without the value, in which there may be secrets. */
	skep_diag_warn(r->diag, SKEP_NO_LOC,
		       "%s has an entry that is no header; %s is taken instead", r->name,
		       t->n_headers ? "what is said for all signals" : "no header");
	skep_diag_hint(r->diag, "it is a list of at most 32: name=value,name=value");
}

static void drop_attributes(struct skep_otlp_settings *s, size_t n)
{
	for (; s->n_attributes > n; s->n_attributes--) {
		free((void *)s->attributes[s->n_attributes - 1].name);
		free((void *)s->attributes[s->n_attributes - 1].value);
	}
}

/* The first one of a name stays: who comes first knows better. */
static int take_attribute(void *data, char *key, char *value)
{
	struct skep_otlp_settings *s = data;
	bool known = false, room = s->n_attributes < SKEP_OTLP_ATTRIBUTES_MAX;

	for (size_t i = 0; i < s->n_attributes; i++)
		known |= skep_streq(s->attributes[i].name, key);
	if (!known && room) {
		s->attributes[s->n_attributes++] = (struct skep_attribute){ key, value };
		return 0;
	}
	free(key);
	free(value);
	return known ? 0 : -E2BIG;
}

static void add_attribute(const struct reader *r, const char *key, const char *value)
{
	(void)!take_attribute(r->s, copy(key, strlen(key)), copy(value, strlen(value)));
}

static void read_attributes(struct reader *r)
{
	struct utsname name;
	size_t n;

	if (is_set(r, "OTEL_SERVICE_NAME"))
		add_attribute(r, "service.name", r->value);
	n = r->s->n_attributes;
	if (is_set(r, "OTEL_RESOURCE_ATTRIBUTES") && !each_pair(r, take_attribute, r->s)) {
		drop_attributes(r->s, n);
		warn(r, "no attribute", "it is a list of at most 64: name=value,name=value");
	}
	add_attribute(r, "service.name", "skep");
	add_attribute(r, "service.version", SKEP_VERSION);
	if (uname(&name) == 0) {
		add_attribute(r, "host.name", name.nodename);
		add_attribute(r, "os.type", "linux");
		add_attribute(r, "os.version", name.release);
		add_attribute(r, "host.arch", name.machine);
	}
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
		return wrong(r, endpoint, "it is a URL: http://HOST:4318, or https://");
	if (is_own && !grpc)
		path = "";
	if (asprintf(&t->url, "%s%s%s%s", scheme, endpoint,
		     !*path || skep_has_suffix(endpoint, "/") ? "" : "/", path) < 0)
		skep_oom();
	return skep_url_is_place(t->url)
		       ? 0
		       : wrong(r, endpoint, "it is a URL: http://HOST:4317, or HOST:4317");
}

static int read_protocol(struct reader *r, const char *signal, int otherwise)
{
	static const char *const words[] = {
		[SKEP_OTLP_HTTP_PROTOBUF] = "http/protobuf",
		[SKEP_OTLP_HTTP_JSON] = "http/json",
		[SKEP_OTLP_GRPC] = "grpc",
	};

	return is_set_for(r, signal, "PROTOCOL") ? one_of(r, words, ARRAY_SIZE(words), otherwise)
						 : otherwise;
}

static bool read_insecure(struct reader *r, const char *signal, bool otherwise)
{
	return is_set_for(r, signal, "INSECURE") ? truth_of(r) : otherwise;
}

/* Where a signal goes, and in what protocol. */
static int read_place(struct reader *r, size_t signal, const char *url)
{
	struct skep_otlp_target *t = &r->s->targets[signal];
	const char *own = signals[signal].name, *endpoint = url;
	int protocol = read_protocol(r, own, r->protocol);
	bool insecure = read_insecure(r, own, r->insecure);
	bool is_own = is_set_for(r, own, "ENDPOINT");

	if (is_own || (!endpoint && is_set_for(r, "", "ENDPOINT")))
		endpoint = r->value;
	else
		strcpy(r->name, "the OTLP endpoint");
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
	*file = copy(r->value, strlen(r->value));
}

/* How it goes there, by the variables of @signal. */
static void read_way(struct reader *r, const char *signal, struct skep_otlp_target *t)
{
	static const char *const words[] = { "none", "gzip" };

	if (is_set_for(r, signal, "COMPRESSION"))
		t->gzip = one_of(r, words, ARRAY_SIZE(words), t->gzip) > 0;
	if (is_set_for(r, signal, "TIMEOUT"))
		read_ms(r, &t->timeout_ms);
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
	if (is_set(r, "OTEL_METRIC_EXPORT_INTERVAL"))
		read_ms(r, &r->s->interval_ms);
	if (is_set(r, METRICS "DEFAULT_HISTOGRAM_AGGREGATION"))
		r->s->exponential = one_of(r, histograms, ARRAY_SIZE(histograms), 0) > 0;
	if (is_set(r, METRICS "TEMPORALITY_PREFERENCE"))
		r->s->delta = one_of(r, times, ARRAY_SIZE(times), 0) > 0;
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
	return text ? copy(text, strlen(text)) : NULL;
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
	if (is_set(r, "OTEL_SDK_DISABLED"))
		r->s->disabled = truth_of(r);
	read_metrics(r);
	read_attributes(r);
	return 0;
}

int skep_otlp_settings(const char *url, char *(*get)(const char *name),
		       struct skep_otlp_settings *ret_settings, struct skep_diag *diag)
{
	struct skep_otlp_settings s = {};
	struct reader reader = { .get = get, .s = &s, .diag = diag };
	int r = read_all(&reader, url && *url ? url : NULL);

	if (r < 0) {
		skep_otlp_settings_fini(&s);
		return r;
	}
	*ret_settings = s;
	return 0;
}

void skep_otlp_resource(char *(*get)(const char *name), struct skep_otlp_settings *ret_settings,
			struct skep_diag *diag)
{
	struct reader reader = { get, ret_settings, diag };

	*ret_settings = (struct skep_otlp_settings){};
	read_attributes(&reader);
}

void skep_otlp_settings_fini(struct skep_otlp_settings *s)
{
	for (size_t i = 0; i < SKEP_N_OTLP_SIGNALS; i++)
		drop_target(&s->targets[i]);
	drop_attributes(s, 0);
	*s = (struct skep_otlp_settings){};
}
