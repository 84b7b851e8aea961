/* SPDX-License-Identifier: Apache-2.0 */
/* Zipkin, version 2: spans as arrays of JSON over HTTP. Delivered, tried again and kept in files as for OTLP. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "sink/address.h"
#include "sink/answer.h"
#include "sink/http.h"
#include "sink/settings.h"
#include "sink/sink_priv.h"
#include "sink/spool.h"
#include "sink/traces.h"

#define TIMEOUT_MS 10000
#define DEFAULT_URL "http://localhost:9411"
#define PATH "/api/v2/spans"
#define FORM 0x200u /* that no encoding of OTLP has: spools tell them apart */

struct zipkin_sink {
	struct skep_sink sink;
	char *url;
	const char *service;		    /* of resource */
	struct skep_otlp_settings resource; /* attributes only */
	struct skep_span_source source;
	struct skep_str batch; /* "[{...},{...}", or nothing */
	uint64_t n_items, since_ns;
	uint64_t n_rows;	/* that are no spans */
	struct skep_http *http; /* the thread's */
	struct skep_deliver *deliver;
	uint64_t timeout_ms;
};

static void finish(struct zipkin_sink *sink)
{
	struct skep_payload payload = { .form = FORM, .n_items = sink->n_items };

	if (!sink->n_items)
		return;
	skep_str_addc(&sink->batch, ']');
	payload.size = sink->batch.len;
	payload.bytes = malloc(payload.size);
	if (!payload.bytes)
		skep_oom();
	memcpy(payload.bytes, sink->batch.data, payload.size);
	skep_deliver_put(sink->deliver, &payload);
	skep_str_reset(&sink->batch);
	sink->n_items = 0;
}

static void add_row(struct skep_sink *base, const struct skep_schema *schema, const void *payload,
		    const struct skep_resolver *resolver, uint64_t time_ns)
{
	struct zipkin_sink *sink = (struct zipkin_sink *)base;
	struct skep_span span;
	enum skep_span_taken taken;

	if (sink->resource.disabled)
		return;
	taken = skep_span_source_take(&sink->source, schema, payload, resolver,
				      &(struct skep_span_time){ time_ns, base->clock_offset_ns },
				      &span);
	sink->n_rows += taken == SKEP_SPAN_IS_NONE;
	if (taken != SKEP_SPAN_TAKEN)
		return;
	if (!sink->n_items)
		sink->since_ns = skep_clock_ns(CLOCK_MONOTONIC);
	skep_str_addc(&sink->batch, sink->n_items++ ? ',' : '[');
	skep_zipkin_span(&span, schema, payload, resolver, sink->service, base->name, &sink->batch);
	skep_span_fini(&span);
	if (sink->batch.len >= SKEP_SINK_BATCH_BYTES)
		finish(sink);
}

static int idle(struct skep_sink *base)
{
	struct zipkin_sink *sink = (struct zipkin_sink *)base;
	uint64_t age_ms;

	if (!sink->n_items)
		return -1;
	age_ms = (skep_clock_ns(CLOCK_MONOTONIC) - sink->since_ns) / 1000000;
	if (age_ms < SKEP_SINK_BATCH_MS)
		return (int)(SKEP_SINK_BATCH_MS - age_ms);
	finish(sink);
	return -1;
}

/* In the thread. */
static void attempt(void *data, const struct skep_payload *payload, struct skep_attempt *ret)
{
	struct zipkin_sink *sink = data;
	const char *header = "Content-Type: application/json", *why = "";
	struct skep_http_request request = {
		.url = sink->url,
		.timeout_ms = sink->timeout_ms,
		.headers = &header,
		.n_headers = 1,
		.body = payload->bytes,
		.size = payload->size,
	};
	struct skep_http_answer answer;
	int r = skep_http_post(sink->http, &request, &answer, &why);

	if (r < 0) {
		ret->again = r != -EINVAL;
		ret->n_lost = ret->again ? 0 : payload->n_items;
		ret->loss = SKEP_DELIVER_UNSENT;
		snprintf(ret->why, sizeof(ret->why), "%s: %s", sink->url, why);
		return;
	}
	skep_answer_judge(&answer, SKEP_OTLP_HTTP_JSON, payload->n_items, sink->url, ret);
	skep_http_answer_fini(&answer);
}

/* A URL without a path gets Zipkin's. */
static int read_url(struct zipkin_sink *sink, const char *url, struct skep_diag *diag)
{
	const char *host, *path;

	if (!url)
		url = getenv("OTEL_EXPORTER_ZIPKIN_ENDPOINT");
	if (!url || !*url)
		url = DEFAULT_URL;
	if (!skep_url_is_place(url)) {
		skep_diag_error(diag, SKEP_NO_LOC, "Zipkin's place is '%s'", url);
		skep_diag_hint(diag, "it is a URL: http://HOST:9411");
		return -EINVAL;
	}
	host = strstr(url, "://") + 3;
	path = strchr(host, '/');
	if (asprintf(&sink->url, "%s%s", url, !path ? PATH : path[1] ? "" : &PATH[1]) < 0)
		skep_oom();
	return 0;
}

static int open_zipkin(struct skep_sink *base, const char *arg, struct skep_diag *diag)
{
	struct zipkin_sink *sink = (struct zipkin_sink *)base;
	struct skep_env env = { .get = getenv, .diag = diag };
	int r = read_url(sink, arg, diag);

	if (r < 0)
		return r;
	sink->timeout_ms = TIMEOUT_MS;
	if (skep_env_has(&env, "OTEL_EXPORTER_ZIPKIN_TIMEOUT"))
		skep_env_ms(&env, &sink->timeout_ms);
	skep_otlp_resource(&env, &sink->resource);
	if (sink->resource.disabled) {
		skep_sink_disabled(base, diag);
		return 0;
	}
	for (size_t i = 0; i < sink->resource.n_attributes; i++)
		if (skep_streq(sink->resource.attributes[i].name, "service.name"))
			sink->service = sink->resource.attributes[i].value;
	skep_span_source_init(&sink->source, getenv, diag);
	sink->source.never = false; /* nothing else is sent */
	r = skep_http_open(&sink->http);
	if (r == -ENOENT || r == -ENOTSUP)
		return skep_sink_library_missing(base, "libcurl", "libcurl4", r, diag);
	if (r >= 0)
		r = skep_deliver_open(attempt, sink, SKEP_DELIVER_BYTES_MAX, &sink->deliver);
	if (r < 0)
		skep_diag_error(diag, SKEP_NO_LOC, "cannot send to %s: %s", sink->url,
				strerror(-r));
	return r;
}

static int spool_zipkin(struct skep_sink *base, const char *where, struct skep_diag *diag)
{
	struct zipkin_sink *sink = (struct zipkin_sink *)base;
	struct skep_spool *spool;
	int r;

	if (sink->resource.disabled)
		return 0;
	r = skep_spool_open(where, sink->url, FORM, UINT32_MAX, diag, &spool);
	if (r >= 0)
		skep_deliver_spool(sink->deliver, spool);
	return r;
}

static void close_zipkin(struct skep_sink *base, struct skep_deliver_counts *ret_counts)
{
	struct zipkin_sink *sink = (struct zipkin_sink *)base;

	if (sink->deliver)
		finish(sink);
	skep_deliver_close(sink->deliver, SKEP_SINK_GRACE_MS, ret_counts);
	ret_counts->lost[SKEP_DELIVER_SAMPLED] += sink->source.n_left_out;
	ret_counts->lost[SKEP_DELIVER_NO_SPAN] += sink->n_rows;
	skep_str_fini(&sink->batch);
	skep_http_close(sink->http);
	skep_otlp_settings_fini(&sink->resource);
	free(sink->url);
}

const struct skep_sink_kind skep_sink_zipkin = {
	.name = "zipkin",
	.size = sizeof(struct zipkin_sink),
	.spans_only = true,
	.open = open_zipkin,
	.row = add_row,
	.spool = spool_zipkin,
	.idle = idle,
	.close = close_zipkin,
};
