/* SPDX-License-Identifier: Apache-2.0 */
#include "sink/otlp_lanes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/arena.h"
#include "sink/answer.h"
#include "sink/spool.h"

/* As gzip has it. NULL: no memory. */
static uint8_t *compressed(const uint8_t *bytes, size_t size, size_t *ret_size)
{
	z_stream z = { .next_in = (uint8_t *)bytes, .avail_in = (uInt)size };
	uint8_t *out;
	size_t room;

	if (deflateInit2(&z, Z_BEST_SPEED, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return NULL;
	room = deflateBound(&z, (uLong)size);
	out = malloc(room);
	z.next_out = out;
	z.avail_out = (uInt)room;
	if (!out || deflate(&z, Z_FINISH) != Z_STREAM_END) {
		free(out);
		out = NULL;
	}
	*ret_size = room - z.avail_out;
	deflateEnd(&z);
	return out;
}

#define GRPC_HEAD 5 /* bytes in front of a message: whether it is compressed, and its length */

static uint8_t *framed(const uint8_t *bytes, size_t size, bool gzip)
{
	uint8_t *out = malloc(size + GRPC_HEAD);

	if (!out)
		return NULL;
	out[0] = gzip;
	for (int i = 0; i < 4; i++)
		out[1 + i] = (uint8_t)(size >> (24 - 8 * i));
	memcpy(out + GRPC_HEAD, bytes, size);
	return out;
}

/* What goes over the wire for these bytes, and how many. */
static uint8_t *wrapped(const struct skep_otlp_target *s, const struct skep_str *bytes,
			size_t *ret_size)
{
	uint8_t *out, *frame;

	*ret_size = bytes->len;
	if (s->gzip) {
		out = compressed((const uint8_t *)bytes->data, bytes->len, ret_size);
	} else {
		out = malloc(bytes->len);
		if (out)
			memcpy(out, bytes->data, bytes->len);
	}
	if (!out || s->protocol != SKEP_OTLP_GRPC)
		return out;
	frame = framed(out, *ret_size, s->gzip);
	free(out);
	*ret_size += GRPC_HEAD;
	return frame;
}

#define FORM_GZIP 0x100u

/* How bytes are encoded: the protocol's number, and whether they are compressed. */
static uint32_t form_of(const struct skep_otlp_target *s)
{
	return (uint32_t)s->protocol | (s->gzip ? FORM_GZIP : 0u);
}

static size_t headers_of(const struct skep_otlp_target *s, uint32_t form, const char **headers)
{
	static const char *const types[] = {
		[SKEP_OTLP_HTTP_PROTOBUF] = "Content-Type: application/x-protobuf",
		[SKEP_OTLP_HTTP_JSON] = "Content-Type: application/json",
		[SKEP_OTLP_GRPC] = "Content-Type: application/grpc",
	};
	size_t n = 0;

	headers[n++] = types[form & ~FORM_GZIP];
	if (s->protocol == SKEP_OTLP_GRPC)
		headers[n++] = "TE: trailers";
	if (form & FORM_GZIP)
		headers[n++] = s->protocol == SKEP_OTLP_GRPC ? "grpc-encoding: gzip"
							     : "Content-Encoding: gzip";
	for (size_t i = 0; i < s->n_headers; i++)
		headers[n++] = s->headers[i];
	return n;
}

/* In the lane's thread. */
static void attempt(void *data, const struct skep_payload *payload, struct skep_attempt *ret)
{
	const struct skep_otlp_lanes *lanes = data;
	/* A file of the spool may say anything. */
	unsigned signal = payload->signal % SKEP_N_OTLP_SIGNALS;
	const struct skep_otlp_target *target = &lanes->settings->targets[signal];
	const char *headers[SKEP_OTLP_HEADERS_MAX + 4], *why = "";
	struct skep_http_request request = {
		.url = target->url,
		.timeout_ms = target->timeout_ms,
		.ca_file = target->ca_file,
		.cert_file = target->cert_file,
		.key_file = target->key_file,
		.grpc = target->protocol == SKEP_OTLP_GRPC,
		.headers = headers,
		.n_headers = headers_of(target, payload->form, headers),
		.body = payload->bytes,
		.size = payload->size,
	};
	struct skep_http_answer answer;
	int r = skep_http_post(lanes->lanes[lanes->of[signal]].http, &request, &answer, &why);

	if (r < 0) {
		ret->again = r != -EINVAL;
		ret->n_lost = ret->again ? 0 : payload->n_items;
		ret->loss = SKEP_DELIVER_UNSENT;
		ret->pause_ms = -1;
		snprintf(ret->why, sizeof(ret->why), "%s: %s", request.url, why);
		return;
	}
	skep_answer_judge(&answer, payload->form & ~FORM_GZIP, payload->n_items, request.url, ret);
	skep_http_answer_fini(&answer);
}

/* Scheme, host and port. */
static size_t receiver_len(const char *url)
{
	const char *at = strstr(url, "://");

	return at ? (size_t)(at + 3 - url) + strcspn(at + 3, "/") : strlen(url);
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? skep_streq(a, b) : a == b;
}

/* So much that one connection serves both. */
static bool same_receiver(const struct skep_otlp_target *a, const struct skep_otlp_target *b)
{
	size_t len = receiver_len(a->url);

	return receiver_len(b->url) == len && strncmp(a->url, b->url, len) == 0 &&
	       a->protocol == b->protocol && same_text(a->ca_file, b->ca_file) &&
	       same_text(a->cert_file, b->cert_file) && same_text(a->key_file, b->key_file);
}

/* Of this signal; a new one has no target yet. */
static struct skep_otlp_lane *lane_for(struct skep_otlp_lanes *lanes, size_t signal)
{
	const struct skep_otlp_target *target = &lanes->settings->targets[signal];
	size_t i = 0;

	while (i < lanes->n && !same_receiver(lanes->lanes[i].target, target))
		i++;
	lanes->of[signal] = i;
	return &lanes->lanes[i];
}

int skep_otlp_lanes_open(struct skep_otlp_lanes *lanes, const struct skep_otlp_settings *settings,
			 const struct skep_sink *sink, struct skep_diag *diag)
{
	lanes->settings = settings;
	for (size_t i = 0; i < SKEP_N_OTLP_SIGNALS; i++) {
		struct skep_otlp_lane *lane = lane_for(lanes, i);
		int r;

		if (lane->target)
			continue;
		lane->target = &settings->targets[i];
		lanes->n++;
		r = skep_http_open(&lane->http);
		if (r == -ENOENT || r == -ENOTSUP)
			return skep_sink_library_missing(sink, "libcurl", "libcurl4", r, diag);
		if (r >= 0)
			r = skep_deliver_open(attempt, lanes, SKEP_DELIVER_BYTES_MAX,
					      &lane->deliver);
		if (r < 0) {
			skep_diag_error(diag, SKEP_NO_LOC, "cannot send to %s: %s",
					lane->target->url, strerror(-r));
			return r;
		}
	}
	return 0;
}

int skep_otlp_lanes_spool(struct skep_otlp_lanes *lanes, const char *where, struct skep_diag *diag)
{
	for (size_t i = 0; i < lanes->n; i++) {
		const struct skep_otlp_target *t = lanes->lanes[i].target;
		/* A connection speaks gRPC or it does not; what each request says of itself may differ. */
		uint32_t may_differ =
			FORM_GZIP | (t->protocol == SKEP_OTLP_GRPC ? 0 : SKEP_OTLP_HTTP_JSON);
		struct skep_spool *spool;
		int r = skep_spool_open(where, t->url, form_of(t), ~may_differ, diag, &spool);

		if (r < 0)
			return r;
		skep_deliver_spool(lanes->lanes[i].deliver, spool);
	}
	return 0;
}

static void add_counts(struct skep_deliver_counts *to, const struct skep_deliver_counts *from)
{
	to->delivered += from->delivered;
	for (size_t i = 0; i < SKEP_DELIVER_LOSS_MAX; i++)
		to->lost[i] += from->lost[i];
	to->requests += from->requests;
	to->retries += from->retries;
	to->kept += from->kept;
	to->earlier += from->earlier;
	to->stay += from->stay;
	to->damaged += from->damaged;
	to->no_file += from->no_file;
	if (from->why[0])
		memcpy(to->why, from->why, sizeof(to->why));
}

void skep_otlp_lanes_put(struct skep_otlp_lanes *lanes, enum skep_otlp_signal signal,
			 const struct skep_str *bytes, uint64_t n_items)
{
	const struct skep_otlp_target *target = &lanes->settings->targets[signal];
	struct skep_payload payload = { .signal = signal,
					.form = form_of(target),
					.n_items = n_items };

	payload.bytes = wrapped(target, bytes, &payload.size);
	if (!payload.bytes)
		skep_oom();
	skep_deliver_put(lanes->lanes[lanes->of[signal]].deliver, &payload);
}

void skep_otlp_lanes_counts(const struct skep_otlp_lanes *lanes, struct skep_deliver_counts *counts)
{
	for (size_t i = 0; i < lanes->n; i++) {
		struct skep_deliver_counts own;

		skep_deliver_counts(lanes->lanes[i].deliver, &own);
		add_counts(counts, &own);
	}
}

void skep_otlp_lanes_close(struct skep_otlp_lanes *lanes, struct skep_deliver_counts *counts)
{
	for (size_t i = 0; i < lanes->n; i++)
		if (lanes->lanes[i].deliver)
			skep_deliver_end(lanes->lanes[i].deliver, SKEP_SINK_GRACE_MS);
	for (size_t i = 0; i < lanes->n; i++) {
		struct skep_deliver_counts own = {};

		skep_deliver_close(lanes->lanes[i].deliver, SKEP_SINK_GRACE_MS, &own);
		add_counts(counts, &own);
		skep_http_close(lanes->lanes[i].http);
	}
}
