/* SPDX-License-Identifier: Apache-2.0 */
/* OTEL_* variables: what each one changes, and what is told of a wrong one. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

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
	assert_string_equal(s.urls[SKEP_OTLP_LOGS], "http://localhost:4318/v1/logs");
	assert_string_equal(s.urls[SKEP_OTLP_METRICS], "http://localhost:4318/v1/metrics");
	assert_int_equal(s.timeout_ms, 10000);
	assert_false(s.gzip);
	assert_string_equal(attribute(&s, "service.name"), "skep");
	skep_otlp_settings_fini(&s);
}

static void test_urls(void **state)
{
	struct skep_otlp_settings s;

	(void)state;
	s = read_with(NULL, WITH("OTEL_EXPORTER_OTLP_ENDPOINT", "https://c:1/base/"));
	assert_string_equal(s.urls[SKEP_OTLP_LOGS], "https://c:1/base/v1/logs");
	skep_otlp_settings_fini(&s);
	/* What --to says comes first, but for one signal's own. */
	s = read_with("http://d:2", WITH("OTEL_EXPORTER_OTLP_ENDPOINT", "https://c:1",
					 "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "http://e:3/as-is"));
	assert_string_equal(s.urls[SKEP_OTLP_LOGS], "http://e:3/as-is");
	assert_string_equal(s.urls[SKEP_OTLP_METRICS], "http://d:2/v1/metrics");
	skep_otlp_settings_fini(&s);
	s = read_with("http://d:4317", NULL);
	assert_int_equal(s.protocol, SKEP_OTLP_GRPC);
	assert_string_equal(
		s.urls[SKEP_OTLP_LOGS],
		"http://d:4317/opentelemetry.proto.collector.logs.v1.LogsService/Export");
	skep_otlp_settings_fini(&s);
	s = read_with("http://d:4317", WITH("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"));
	assert_int_equal(s.protocol, SKEP_OTLP_HTTP_JSON);
	skep_otlp_settings_fini(&s);
}

static void test_lists(void **state)
{
	struct skep_otlp_settings s = read_with(
		NULL,
		WITH("OTEL_EXPORTER_OTLP_HEADERS", " api-key = a%20b ,, x=y=z", "OTEL_SERVICE_NAME",
		     "bees", "OTEL_RESOURCE_ATTRIBUTES", "service.name=wasps,k8s.pod.name=p",
		     "OTEL_EXPORTER_OTLP_COMPRESSION", "gzip", "OTEL_EXPORTER_OTLP_TIMEOUT", "2500",
		     "OTEL_EXPORTER_OTLP_CERTIFICATE", "/ca.pem"));

	(void)state;
	assert_int_equal(s.n_headers, 2);
	assert_string_equal(s.headers[0], "api-key: a b");
	assert_string_equal(s.headers[1], "x: y=z");
	assert_string_equal(attribute(&s, "service.name"), "bees");
	assert_string_equal(attribute(&s, "k8s.pod.name"), "p");
	assert_true(s.gzip);
	assert_int_equal(s.timeout_ms, 2500);
	assert_string_equal(s.ca_file, "/ca.pem");
	skep_otlp_settings_fini(&s);
}

static void test_wrong(void **state)
{
	static const char *const wrong[][2] = {
		{ "OTEL_EXPORTER_OTLP_PROTOCOL", "carrier-pigeon" },
		{ "OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4318" },
		{ "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "ftp://x" },
		{ "OTEL_EXPORTER_OTLP_COMPRESSION", "zip" },
		{ "OTEL_EXPORTER_OTLP_TIMEOUT", "-1" },
		{ "OTEL_EXPORTER_OTLP_TIMEOUT", "soon" },
		{ "OTEL_EXPORTER_OTLP_HEADERS", "no-value" },
		{ "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION", "pie" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct skep_otlp_settings s;
		struct skep_diag diag = {};

		environment = WITH(wrong[i][0], wrong[i][1]);
		assert_int_equal(skep_otlp_settings(NULL, get, &s, &diag), -EINVAL);
		assert_int_equal(diag.n_errors, 1);
		skep_diag_fini(&diag);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_presets),
		cmocka_unit_test(test_urls),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
