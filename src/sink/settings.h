/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings of an OTLP exporter: what the environment says (OTEL_*), and the URL of --to otlp=URL, which comes first.
 *
 *	r = skep_otlp_settings(url, getenv, &settings, diag);
 *	settings.urls[SKEP_OTLP_LOGS]		"http://localhost:4318/v1/logs"
 *	skep_otlp_settings_fini(&settings);
 *
 * Source: OpenTelemetry specification, "OpenTelemetry Protocol Exporter" and "Environment Variable Specification". An empty
 * variable is one that is not set. The protocol is guessed from a port of 4317 when nothing names it.
 */
#pragma once

#include "base/diag.h"
#include "record/otlp.h"

#define SKEP_OTLP_ATTRIBUTES_MAX 64
#define SKEP_OTLP_HEADERS_MAX 32

enum skep_otlp_protocol {
	SKEP_OTLP_HTTP_PROTOBUF,
	SKEP_OTLP_HTTP_JSON,
	SKEP_OTLP_GRPC,
};

struct skep_otlp_settings {
	enum skep_otlp_protocol protocol;
	char *urls[SKEP_N_OTLP_SIGNALS];
	char *headers[SKEP_OTLP_HEADERS_MAX]; /* "Name: value" */
	size_t n_headers;
	bool gzip;
	uint64_t timeout_ms;
	uint64_t interval_ms;		      /* how often maps are sent that nobody prints */
	char *ca_file, *cert_file, *key_file; /* or NULL */
	struct skep_attribute
		attributes[SKEP_OTLP_ATTRIBUTES_MAX]; /* of the resource; texts owned */
	size_t n_attributes;
	bool exponential; /* histograms */
};

/* @url: NULL, or what --to says. @get: as getenv. -EINVAL, and the diag says which variable. */
int skep_otlp_settings(const char *url, char *(*get)(const char *name),
		       struct skep_otlp_settings *ret_settings,
		       struct skep_diag *diag) _must_check_;
void skep_otlp_settings_fini(struct skep_otlp_settings *settings);
