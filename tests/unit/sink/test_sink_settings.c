/* SPDX-License-Identifier: Apache-2.0 */
/* OTEL_* variables: what each one changes, and what is told of a wrong one. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "sink/address.h"
#include "sink/settings.h"

static const char *const *environment; /* name, value, ..., NULL */

static char *get(const char *name)
{
	for (size_t i = 0; environment && environment[i]; i += 2)
		if (skep_streq(environment[i], name))
			return (char *)environment[i + 1];
	return NULL;
}

static struct skep_otlp_settings read_with(const char *url, const char *const *variables)
{
	struct skep_otlp_settings s;
	struct skep_diag diag = {};

	environment = variables;
	assert_int_equal(skep_otlp_settings(url, get, &s, &diag), 0);
	skep_diag_fini(&diag);
	return s;
}

#define WITH(...) ((const char *const[]){ __VA_ARGS__, NULL })

static const char *attribute(const struct skep_otlp_settings *s, const char *name)
{
	for (size_t i = 0; i < s->n_attributes; i++)
		if (skep_streq(s->attributes[i].name, name))
			return s->attributes[i].value;
	return NULL;
}

static void test_presets(void **state)
{
	struct skep_otlp_settings s = read_with(NULL, NULL);

	(void)state;
	assert_string_equal(s.targets[SKEP_OTLP_LOGS].url, "http://localhost:4318/v1/logs");
	assert_string_equal(s.targets[SKEP_OTLP_METRICS].url, "http://localhost:4318/v1/metrics");
	assert_string_equal(s.targets[SKEP_OTLP_TRACES].url, "http://localhost:4318/v1/traces");
	assert_int_equal(s.targets[SKEP_OTLP_LOGS].timeout_ms, 10000);
	assert_false(s.targets[SKEP_OTLP_LOGS].gzip);
	assert_string_equal(attribute(&s, "service.name"), "skep");
	assert_string_equal(attribute(&s, "telemetry.sdk.name"), "skep");
	/* A UUID of version 4. */
	assert_int_equal(strlen(attribute(&s, "service.instance.id")), 36);
	assert_int_equal(attribute(&s, "service.instance.id")[14], '4');
	assert_non_null(strchr("89ab", attribute(&s, "service.instance.id")[19]));
	skep_otlp_settings_fini(&s);
}

static void test_urls(void **state)
{
	struct skep_otlp_settings s;

	(void)state;
	s = read_with(NULL, WITH("OTEL_EXPORTER_OTLP_ENDPOINT", "https://c:1/base/"));
	assert_string_equal(s.targets[SKEP_OTLP_LOGS].url, "https://c:1/base/v1/logs");
	skep_otlp_settings_fini(&s);
	/* What --to says comes first, but for one signal's own. */
	s = read_with("http://d:2", WITH("OTEL_EXPORTER_OTLP_ENDPOINT", "https://c:1",
					 "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "http://e:3/as-is"));
	assert_string_equal(s.targets[SKEP_OTLP_LOGS].url, "http://e:3/as-is");
	assert_string_equal(s.targets[SKEP_OTLP_METRICS].url, "http://d:2/v1/metrics");
	skep_otlp_settings_fini(&s);
	s = read_with("http://d:4317", NULL);
	assert_int_equal(s.targets[SKEP_OTLP_LOGS].protocol, SKEP_OTLP_GRPC);
	assert_string_equal(
		s.targets[SKEP_OTLP_LOGS].url,
		"http://d:4317/opentelemetry.proto.collector.logs.v1.LogsService/Export");
	skep_otlp_settings_fini(&s);
	s = read_with("http://d:4317", WITH("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"));
	assert_int_equal(s.targets[SKEP_OTLP_LOGS].protocol, SKEP_OTLP_HTTP_JSON);
	skep_otlp_settings_fini(&s);
}

static void test_lists(void **state)
{
	struct skep_otlp_settings s = read_with(
		NULL, WITH("OTEL_EXPORTER_OTLP_HEADERS", " api-key = a%20b ,, x=y=z",
			   "OTEL_SERVICE_NAME", "bees", "OTEL_RESOURCE_ATTRIBUTES",
			   "service.name=wasps,k8s.pod.name=p,service.instance.id=one",
			   "OTEL_EXPORTER_OTLP_COMPRESSION", "gzip", "OTEL_EXPORTER_OTLP_TIMEOUT",
			   "2500", "OTEL_EXPORTER_OTLP_CERTIFICATE", "/ca.pem"));

	(void)state;
	assert_int_equal(s.targets[SKEP_OTLP_LOGS].n_headers, 2);
	assert_string_equal(s.targets[SKEP_OTLP_LOGS].headers[0], "api-key: a b");
	assert_string_equal(s.targets[SKEP_OTLP_LOGS].headers[1], "x: y=z");
	assert_string_equal(attribute(&s, "service.name"), "bees");
	assert_string_equal(attribute(&s, "k8s.pod.name"), "p");
	assert_string_equal(attribute(&s, "service.instance.id"), "one");
	assert_true(s.targets[SKEP_OTLP_LOGS].gzip);
	assert_int_equal(s.targets[SKEP_OTLP_LOGS].timeout_ms, 2500);
	assert_string_equal(s.targets[SKEP_OTLP_LOGS].ca_file, "/ca.pem");
	skep_otlp_settings_fini(&s);
}

/* What is said for one signal comes first, as a whole; the rest is what is said for all. */
static void test_signals(void **state)
{
	struct skep_otlp_settings s = read_with(
		NULL, WITH("OTEL_EXPORTER_OTLP_ENDPOINT", "http://all:4318",
			   "OTEL_EXPORTER_OTLP_HEADERS", "a=1,b=2", "OTEL_EXPORTER_OTLP_TIMEOUT",
			   "100", "OTEL_EXPORTER_OTLP_CERTIFICATE", "all.pem",
			   "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "https://m:14317",
			   "OTEL_EXPORTER_OTLP_METRICS_HEADERS", "c=3",
			   "OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", "200",
			   "OTEL_EXPORTER_OTLP_METRICS_COMPRESSION", "gzip",
			   "OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE", "m.pem",
			   "OTEL_EXPORTER_OTLP_METRICS_CLIENT_KEY", "m.key",
			   "OTEL_EXPORTER_OTLP_METRICS_CLIENT_CERTIFICATE", "mc.pem",
			   "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL", "http/json"));
	const struct skep_otlp_target *logs = &s.targets[SKEP_OTLP_LOGS],
				      *metrics = &s.targets[SKEP_OTLP_METRICS];

	(void)state;
	assert_string_equal(logs->url, "http://all:4318/v1/logs");
	assert_int_equal(logs->protocol, SKEP_OTLP_HTTP_JSON);
	assert_int_equal(logs->n_headers, 2);
	assert_int_equal(logs->timeout_ms, 100);
	assert_string_equal(logs->ca_file, "all.pem");
	assert_null(logs->key_file);
	assert_false(logs->gzip);
	assert_string_equal(
		metrics->url,
		"https://m:14317/opentelemetry.proto.collector.metrics.v1.MetricsService/Export");
	assert_int_equal(metrics->protocol, SKEP_OTLP_GRPC);
	assert_int_equal(metrics->n_headers, 1);
	assert_string_equal(metrics->headers[0], "c: 3");
	assert_int_equal(metrics->timeout_ms, 200);
	assert_string_equal(metrics->ca_file, "m.pem");
	assert_string_equal(metrics->key_file, "m.key");
	assert_string_equal(metrics->cert_file, "mc.pem");
	assert_true(metrics->gzip);
	skep_otlp_settings_fini(&s);
}

static void test_insecure(void **state)
{
	struct skep_otlp_settings s;

	(void)state;
	/* An address without a scheme is gRPC's, and safe unless it is said not to be. */
	s = read_with("c:4317", NULL);
	assert_int_equal(strncmp(s.targets[SKEP_OTLP_LOGS].url, "https://c:4317/", 15), 0);
	skep_otlp_settings_fini(&s);
	s = read_with("c:4317", WITH("OTEL_EXPORTER_OTLP_INSECURE", "TRUE",
				     "OTEL_EXPORTER_OTLP_METRICS_INSECURE", "false"));
	assert_int_equal(strncmp(s.targets[SKEP_OTLP_LOGS].url, "http://c:4317/", 14), 0);
	assert_int_equal(strncmp(s.targets[SKEP_OTLP_METRICS].url, "https://c:4317/", 15), 0);
	skep_otlp_settings_fini(&s);
}

static void test_metrics(void **state)
{
	struct skep_otlp_settings s =
		read_with(NULL, WITH("OTEL_METRIC_EXPORT_INTERVAL", "250",
				     "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
				     "base2_exponential_bucket_histogram",
				     "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "Delta",
				     "OTEL_SDK_DISABLED", "true"));

	(void)state;
	assert_int_equal(s.interval_ms, 250);
	assert_true(s.exponential);
	assert_true(s.delta);
	assert_true(s.disabled);
	skep_otlp_settings_fini(&s);
	s = read_with(NULL,
		      WITH("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "cumulative"));
	assert_false(s.disabled);
	assert_false(s.delta);
	assert_int_equal(s.interval_ms, 60000);
	skep_otlp_settings_fini(&s);
	s = read_with(NULL, WITH("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "lowmemory"));
	assert_true(s.delta);
	skep_otlp_settings_fini(&s);
}

/* Signals that are not sent, and names of conventions that were. */
static void test_exporters(void **state)
{
	static const struct {
		const char *logs, *metrics, *names;
		bool no_logs, no_metrics, old_names;
	} cases[] = {
		{ "none", "otlp", "http", true, false, false },
		{ "otlp", "None", "database, HTTP/dup", false, true, true },
		{ "console,otlp", " none", "http/dup,database/dup", false, true, true },
		{ "", "", "http/duplicate", false, false, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct skep_otlp_settings s =
			read_with(NULL, WITH("OTEL_LOGS_EXPORTER", cases[i].logs,
					     "OTEL_METRICS_EXPORTER", cases[i].metrics,
					     "OTEL_SEMCONV_STABILITY_OPT_IN", cases[i].names));

		assert_int_equal(s.targets[SKEP_OTLP_LOGS].is_off, cases[i].no_logs);
		assert_int_equal(s.targets[SKEP_OTLP_METRICS].is_off, cases[i].no_metrics);
		assert_false(s.targets[SKEP_OTLP_TRACES].is_off);
		assert_int_equal(s.old_names, cases[i].old_names);
		skep_otlp_settings_fini(&s);
	}
}

/* The environment has another place than --to: who looks at stderr sees which holds, and no password. */
static void test_other_place(void **state)
{
	struct skep_otlp_settings s;
	struct skep_diag diag = {};

	(void)state;
	environment = WITH("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "http://me:secret@e:3/x",
			   "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://d:2");
	assert_int_equal(skep_otlp_settings("http://d:2", get, &s, &diag), 0);
	assert_int_equal(diag.n_items, 1);
	assert_string_equal(diag.items[0].what, "logs go to e:3/x, as OTEL_EXPORTER_OTLP_LOGS_"
						"ENDPOINT says, not where --to says");
	skep_otlp_settings_fini(&s);
	skep_diag_fini(&diag);
}

/* Where data goes is not guessed. */
static void test_wrong(void **state)
{
	static const char *const wrong[][2] = {
		{ "OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4318" },
		{ "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "ftp://x" },
		{ "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "x" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct skep_otlp_settings s;
		struct skep_diag diag = {};

		environment = WITH(wrong[i][0], wrong[i][1]);
		assert_int_equal(skep_otlp_settings(NULL, get, &s, &diag), -EINVAL);
		assert_int_equal(diag.n_errors, 1);
		assert_non_null(strstr(diag.items[0].what, wrong[i][0]));
		skep_diag_fini(&diag);
	}
}

/* All else is warned of once, by name, with what is taken instead. */
static void test_warned(void **state)
{
	static const char *const wrong[][3] = {
		{ "OTEL_EXPORTER_OTLP_PROTOCOL", "carrier-pigeon", "what the port says" },
		{ "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "grpcs", "what the port says" },
		{ "OTEL_EXPORTER_OTLP_COMPRESSION", "zip", "none" },
		{ "OTEL_EXPORTER_OTLP_LOGS_COMPRESSION", "zip", "none" },
		{ "OTEL_EXPORTER_OTLP_TIMEOUT", "-1", "10000" },
		{ "OTEL_EXPORTER_OTLP_TIMEOUT", "soon", "10000" },
		{ "OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", "0", "10000" },
		{ "OTEL_EXPORTER_OTLP_HEADERS", "no-value", "no header" },
		{ "OTEL_EXPORTER_OTLP_HEADERS", "a=b%0d%0ac: d", "no header" },
		{ "OTEL_EXPORTER_OTLP_HEADERS", "a b=c", "no header" },
		{ "OTEL_EXPORTER_OTLP_HEADERS", "x=1,Content-Length=3", "no header" },
		{ "OTEL_EXPORTER_OTLP_HEADERS", "a=b%07", "no header" },
		{ "OTEL_EXPORTER_OTLP_INSECURE", "yes", "false" },
		{ "OTEL_RESOURCE_ATTRIBUTES", "a=b,c", "no attribute" },
		{ "OTEL_METRIC_EXPORT_INTERVAL", "1s", "60000" },
		{ "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION", "pie",
		  "explicit_bucket_histogram" },
		{ "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "ages", "cumulative" },
		{ "OTEL_SDK_DISABLED", "1", "false" },
		{ "OTEL_LOGS_EXPORTER", "console", "otlp" },
		{ "OTEL_METRICS_EXPORTER", "prometheus", "otlp" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct skep_otlp_settings s;
		struct skep_diag diag = {};

		environment = WITH(wrong[i][0], wrong[i][1]);
		assert_int_equal(skep_otlp_settings(NULL, get, &s, &diag), 0);
		assert_int_equal(diag.n_errors, 0);
		assert_int_equal(diag.n_items, 1);
		assert_non_null(strstr(diag.items[0].what, wrong[i][0]));
		assert_non_null(strstr(diag.items[0].what, wrong[i][2]));
		assert_null(attribute(&s, "a"));
		assert_int_equal(s.targets[0].n_headers, 0);
		skep_otlp_settings_fini(&s);
		skep_diag_fini(&diag);
	}
}

static void test_places(void **state)
{
	static const char *const good[] = { "http://a", "https://a.b:1/x?y", "http://[::1]:65535",
					    "http://me:pw@host:80", "http://[fe80::1]/" };
	static const char *const bad[] = { "",
					   "a:1",
					   "http://",
					   "http://:80",
					   "http://a:0",
					   "http://a:65536",
					   "http://a:",
					   "http://a:1x",
					   "http://[]",
					   "http://[::1",
					   "http://[::1]1",
					   "http://a b",
					   "ftp://a",
					   "http:///x",
					   "http://u@" };

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_true(skep_url_is_place(good[i]));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(skep_url_is_place(bad[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places),	  cmocka_unit_test(test_presets),
		cmocka_unit_test(test_urls),	  cmocka_unit_test(test_lists),
		cmocka_unit_test(test_signals),	  cmocka_unit_test(test_insecure),
		cmocka_unit_test(test_metrics),	  cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_exporters), cmocka_unit_test(test_other_place),
		cmocka_unit_test(test_warned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
