/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings of an OTLP exporter: what the environment says (OTEL_*), and the URL of --to otlp=URL.
 *
 *	r = skep_otlp_settings(url, getenv, &settings, diag);
 *	settings.targets[SKEP_OTLP_LOGS].url		"http://localhost:4318/v1/logs"
 *	skep_otlp_settings_fini(&settings);
 *
 * Each signal has a target. What is said for one signal (OTEL_EXPORTER_OTLP_LOGS_HEADERS) comes before what is said for all
 * (OTEL_EXPORTER_OTLP_HEADERS), as a whole. An empty variable is one that is not set. A protocol that nothing names is guessed
 * from the port: what ends with 4317 is gRPC's. A value that is none is warned of and what holds without it is taken, but
 * for addresses: where data goes is not guessed.
 *
 * Source: OpenTelemetry specification, "OpenTelemetry Protocol Exporter" and "Environment Variable Specification".
 */
#pragma once

#include "base/diag.h"
#include "record/otlp.h"
#include "sink/env.h"

#define SKEP_OTLP_ATTRIBUTES_MAX 64
#define SKEP_OTLP_HEADERS_MAX 32

enum skep_otlp_protocol {
	SKEP_OTLP_HTTP_PROTOBUF,
	SKEP_OTLP_HTTP_JSON,
	SKEP_OTLP_GRPC,
};

/* Where one signal goes, and how. */
struct skep_otlp_target {
	enum skep_otlp_protocol protocol;
	char *url;
	char *headers[SKEP_OTLP_HEADERS_MAX]; /* "Name: value" */
	size_t n_headers;
	bool gzip;
	uint64_t timeout_ms;
	char *ca_file, *cert_file, *key_file; /* or NULL */
	bool is_off;			      /* OTEL_LOGS_EXPORTER, OTEL_METRICS_EXPORTER: none */
};

struct skep_otlp_settings {
	bool disabled; /* OTEL_SDK_DISABLED: nothing is to be sent */
	struct skep_otlp_target targets[SKEP_N_OTLP_SIGNALS];
	uint64_t interval_ms; /* how often maps are sent that nobody prints */
	struct skep_attribute
		attributes[SKEP_OTLP_ATTRIBUTES_MAX]; /* of the resource; texts owned */
	size_t n_attributes;
	bool exponential; /* histograms */
	bool old_names; /* OTEL_SEMCONV_STABILITY_OPT_IN=http/dup: those of networking that had others */
	bool delta; /* sums and histograms are of the time since they were sent last */
};

/* @url: NULL, or what --to says. @get: as getenv. -EINVAL, and the diag says which variable. */
int skep_otlp_settings(const char *url, char *(*get)(const char *name),
		       struct skep_otlp_settings *ret_settings,
		       struct skep_diag *diag) _must_check_;
/* What holds for each kind of exporter, alone: attributes, and disabled. */
void skep_otlp_resource(struct skep_env *env, struct skep_otlp_settings *settings);
void skep_otlp_resource_fini(struct skep_otlp_settings *settings);
void skep_otlp_settings_fini(struct skep_otlp_settings *settings);
