/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The OTLP exporter: batches of rows and of maps become requests; answers say what became of them.
 *
 * What is tried again, and what is not, is the specification's: 429, 502, 503, 504 and connections that fail are; every
 * other answer is final, and so is a partial success, whose rejected items are counted.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zlib.h>

#include "base/arena.h"
#include "base/vec.h"
#include "record/delta.h"
#include "sink/answer.h"
#include "sink/http.h"
#include "sink/settings.h"
#include "sink/sink_priv.h"
#include "sink/spool.h"
#include "sink/traces.h"

#define KEYS_MAX 100000 /* that one collection of all maps sends, or one print of a map */

struct names {
	SKEP_VEC(char *);
};

/* One kind of request that is being filled. */
struct batch {
	struct skep_otlp otlp;
	struct skep_str bytes;
	bool open;
	uint64_t since_ns; /* when its first item came, of the monotonic clock */
};

/* One receiver: a queue of its own, so that one which is away holds up no other. */
struct lane {
	struct skep_http *http; /* the thread's */
	struct skep_deliver *deliver;
	const struct skep_otlp_target *target; /* of its first signal */
};

struct otlp_sink {
	struct skep_sink sink;
	struct skep_otlp_settings settings;
	struct skep_otlp_source source;
	struct skep_span_source spans;
	struct batch batches[SKEP_N_OTLP_SIGNALS];
	struct lane lanes[SKEP_N_OTLP_SIGNALS];
	size_t n_lanes, lane_of[SKEP_N_OTLP_SIGNALS];
	uint64_t next_ns;  /* when maps are sent again; 0: not known yet */
	uint64_t since_ns; /* since 1970: what our own counts count from */
	size_t keys_left;  /* of a collection */
	bool is_collecting;
	bool is_telling; /* the sum of what was lost is open in its batch */
	struct skep_delta delta;
	struct names no_number; /* what was in maps and could not be in a metric, each once */
	struct names cut;	/* maps of which keys were left out, */
	uint64_t n_cut;		/* and how often */
};

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

/* The sum of what was lost is complete. */
static void end_lost(struct otlp_sink *sink)
{
	if (sink->is_telling)
		skep_otlp_counts_end(&sink->batches[SKEP_OTLP_METRICS].otlp, sink->settings.delta);
	sink->is_telling = false;
}

static void finish(struct otlp_sink *sink, struct batch *b)
{
	unsigned signal = (unsigned)(b - sink->batches);
	const struct skep_otlp_target *target = &sink->settings.targets[signal];
	struct skep_payload payload = { .signal = signal, .form = form_of(target) };

	if (!b->open)
		return;
	if (signal == SKEP_OTLP_METRICS)
		end_lost(sink);
	skep_otlp_end(&b->otlp);
	b->open = false;
	payload.n_items = b->otlp.n_items;
	if (payload.n_items) { /* maps may have had nothing that is a metric */
		payload.bytes = wrapped(target, &b->bytes, &payload.size);
		if (!payload.bytes)
			skep_oom();
		skep_deliver_put(sink->lanes[sink->lane_of[signal]].deliver, &payload);
	}
	skep_str_reset(&b->bytes);
}

static struct skep_otlp *open_batch(struct otlp_sink *sink, enum skep_otlp_signal signal)
{
	struct batch *b = &sink->batches[signal];
	bool json = sink->settings.targets[signal].protocol == SKEP_OTLP_HTTP_JSON;

	if (b->open && b->bytes.len >= SKEP_SINK_BATCH_BYTES)
		finish(sink, b);
	if (!b->open) {
		b->open = true;
		b->since_ns = skep_clock_ns(CLOCK_MONOTONIC);
		skep_otlp_begin(&b->otlp, signal, json ? SKEP_MESSAGE_JSON : SKEP_MESSAGE_PROTOBUF,
				&sink->source, &b->bytes);
	}
	return &b->otlp;
}

static void add_row(struct skep_sink *base, const struct skep_schema *schema, const void *payload,
		    const struct skep_resolver *resolver, uint64_t time_ns)
{
	struct otlp_sink *sink = (struct otlp_sink *)base;
	struct skep_span_time when = { time_ns, base->clock_offset_ns };
	struct skep_span span;

	if (sink->settings.disabled)
		return;
	switch (skep_span_source_take(&sink->spans, schema, payload, resolver, &when, &span)) {
	case SKEP_SPAN_IS_NONE:
		if (sink->settings.targets[SKEP_OTLP_LOGS].is_off)
			return;
		skep_otlp_row(open_batch(sink, SKEP_OTLP_LOGS), schema, payload, resolver, time_ns,
			      skep_clock_ns(CLOCK_REALTIME));
		return;
	case SKEP_SPAN_TAKEN:
		skep_otlp_span(open_batch(sink, SKEP_OTLP_TRACES), &span, schema, payload,
			       resolver);
		skep_span_fini(&span);
		return;
	case SKEP_SPAN_LEFT_OUT:
		return;
	}
}

static void note_name(struct names *names, const char *name)
{
	char *copy;

	for (size_t i = 0; i < names->len; i++)
		if (skep_streq(names->data[i], name))
			return;
	copy = strdup(name);
	if (!copy)
		skep_oom();
	skep_vec_add(names, copy);
}

static void note_no_number(void *data, const char *name)
{
	note_name(&((struct otlp_sink *)data)->no_number, name);
}

/* As "@a, @b, ..." in @text; how many there are. They are forgotten. */
static uint64_t list_names(struct names *names, char *text, size_t room)
{
	uint64_t n = names->len;
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		const char *name = names->data[i];

		/* Room for the dots of a list that is cut off. */
		if (len < room && len + strlen(name) + sizeof(", , ...") <= room)
			len += (size_t)snprintf(text + len, room - len, "%s%s", len ? ", " : "",
						name);
		else if (len < room) {
			snprintf(text + len, room - len, "%s...", len ? ", " : "");
			len = room;
		}
		free(names->data[i]);
	}
	skep_vec_fini(names);
	return n;
}

static bool takes_no_maps(const struct otlp_sink *sink)
{
	return sink->settings.disabled || sink->settings.targets[SKEP_OTLP_METRICS].is_off;
}

/* About how many bytes an entry comes to in a request. */
static size_t entry_bytes(const struct skep_snapshot *s)
{
	size_t point = 64 + 2 * (size_t)s->key_size;

	if (s->kind == SKEP_SNAPSHOT_VALUE)
		return point * (1 + s->value_field.size / 8);
	return s->n_numbers > 2 ? point + 18 * s->n_numbers : 2 * point;
}

/* A request has one metric of a map: what is too much for one goes on in the next. */
static void send_entries(struct otlp_sink *sink, const struct skep_snapshot *whole,
			 const struct skep_resolver *resolver, uint64_t start_ns, uint64_t time_ns,
			 unsigned how)
{
	struct batch *b = &sink->batches[SKEP_OTLP_METRICS];
	struct skep_snapshot part = *whole;
	size_t most = MAX(SKEP_SINK_BATCH_BYTES / entry_bytes(whole), (size_t)1);

	for (size_t i = 0; i < whole->n_entries; i += part.n_entries) {
		part.entries = whole->entries + i;
		part.n_entries = MIN(whole->n_entries - i, most);
		if (i)
			finish(sink, b);
		skep_otlp_snapshot(open_batch(sink, SKEP_OTLP_METRICS), &part, resolver, start_ns,
				   time_ns, how);
		skep_breathe_now(sink->sink.breath);
	}
	if (b->otlp.n_items == 0)
		b->since_ns = skep_clock_ns(CLOCK_MONOTONIC);
}

static void add_snapshot(struct skep_sink *base, const struct skep_snapshot *snapshot,
			 const struct skep_resolver *resolver, uint64_t start_ns, uint64_t time_ns)
{
	struct otlp_sink *sink = (struct otlp_sink *)base;
	struct skep_snapshot whole = *snapshot;
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = NULL;
	unsigned how = sink->settings.exponential ? SKEP_OTLP_EXPONENTIAL : 0;

	if (takes_no_maps(sink))
		return;
	end_lost(sink);
	if (whole.n_entries > sink->keys_left) {
		note_name(&sink->cut, whole.name);
		sink->n_cut++;
		whole.n_entries = sink->keys_left;
		whole.is_part = true;
	}
	if (sink->is_collecting)
		sink->keys_left -= whole.n_entries;
	if (sink->settings.delta && skep_delta_takes(&whole)) {
		arena = skep_arena_new();
		skep_delta_take(&sink->delta, &whole, time_ns, &start_ns, arena);
		how |= SKEP_OTLP_DELTA;
	}
	send_entries(sink, &whole, resolver, start_ns, time_ns, how);
}

static size_t room(const struct skep_sink *base)
{
	return ((const struct otlp_sink *)base)->keys_left + 1;
}

/* A sum of our own: its points come one after the other, and end with the collection. */
static void add_lost(struct skep_sink *base, const char *probe, const char *cause, uint64_t count)
{
	struct otlp_sink *sink = (struct otlp_sink *)base;
	struct skep_attribute attributes[] = { { "cause", cause }, { "probe", probe } };
	uint64_t since_ns = sink->since_ns, now_ns = skep_clock_ns(CLOCK_REALTIME);
	struct skep_otlp *otlp;
	_cleanup_(skep_str_fini)
	struct skep_str name = {};

	if (takes_no_maps(sink))
		return;
	if (!sink->is_telling)
		skep_otlp_counts_begin(open_batch(sink, SKEP_OTLP_METRICS), "skep.lost", "{item}");
	sink->is_telling = true;
	if (sink->settings.delta) {
		skep_str_addf(&name, "%s %s", cause ? cause : "", probe ? probe : "");
		count = skep_delta_count(&sink->delta, skep_str_text(&name), count, now_ns,
					 &since_ns);
	}
	otlp = &sink->batches[SKEP_OTLP_METRICS].otlp;
	skep_otlp_counts_point(otlp, attributes, !cause ? 0 : 1 + !!probe, count, since_ns, now_ns);
}

static void collect(struct otlp_sink *sink)
{
	sink->is_collecting = true;
	sink->sink.collect(sink->sink.collect_data, &sink->sink);
	if (sink->n_cut)
		add_lost(&sink->sink, sink->sink.kind->name, "sink_keys", sink->n_cut);
	if (!sink->is_telling) /* what can be asked for has to be there before it happens */
		add_lost(&sink->sink, NULL, NULL, 0);
	end_lost(sink);
	sink->is_collecting = false;
	sink->keys_left = KEYS_MAX;
}

/* All maps, as often as is wanted; milliseconds until the next time, -1: there are none. */
static int send_maps(struct otlp_sink *sink, uint64_t now)
{
	uint64_t interval_ns = sink->settings.interval_ms * 1000000;

	sink->source.breath = sink->sink.breath;
	if (!sink->sink.collect || takes_no_maps(sink))
		return -1;
	if (sink->next_ns && now >= sink->next_ns)
		collect(sink);
	if (!sink->next_ns || now >= sink->next_ns)
		sink->next_ns = now + interval_ns;
	return (int)((sink->next_ns - now + 999999) / 1000000);
}

static int idle(struct skep_sink *base)
{
	struct otlp_sink *sink = (struct otlp_sink *)base;
	uint64_t now = skep_clock_ns(CLOCK_MONOTONIC);
	int due_ms = send_maps(sink, now);

	for (size_t i = 0; i < ARRAY_SIZE(sink->batches); i++) {
		struct batch *b = &sink->batches[i];
		uint64_t age_ms = b->open ? (now - b->since_ns) / 1000000 : 0;

		if (!b->open)
			continue;
		if (age_ms >= SKEP_SINK_BATCH_MS)
			finish(sink, b);
		else if (due_ms < 0 || (int)(SKEP_SINK_BATCH_MS - age_ms) < due_ms)
			due_ms = (int)(SKEP_SINK_BATCH_MS - age_ms);
	}
	return due_ms;
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
	const struct otlp_sink *sink = data;
	/* A file of the spool may say anything. */
	unsigned signal = payload->signal % SKEP_N_OTLP_SIGNALS;
	const struct skep_otlp_target *target = &sink->settings.targets[signal];
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
	int r = skep_http_post(sink->lanes[sink->lane_of[signal]].http, &request, &answer, &why);

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
static struct lane *lane_for(struct otlp_sink *sink, size_t signal)
{
	const struct skep_otlp_target *target = &sink->settings.targets[signal];
	size_t i = 0;

	while (i < sink->n_lanes && !same_receiver(sink->lanes[i].target, target))
		i++;
	sink->lane_of[signal] = i;
	return &sink->lanes[i];
}

static int connect_up(struct otlp_sink *sink, struct skep_diag *diag)
{
	for (size_t i = 0; i < SKEP_N_OTLP_SIGNALS; i++) {
		struct lane *lane = lane_for(sink, i);
		int r;

		if (lane->target)
			continue;
		lane->target = &sink->settings.targets[i];
		sink->n_lanes++;
		r = skep_http_open(&lane->http);
		if (r == -ENOENT || r == -ENOTSUP)
			return skep_sink_library_missing(&sink->sink, "libcurl", "libcurl4", r,
							 diag);
		if (r >= 0)
			r = skep_deliver_open(attempt, sink, SKEP_DELIVER_BYTES_MAX,
					      &lane->deliver);
		if (r < 0) {
			skep_diag_error(diag, SKEP_NO_LOC, "cannot send to %s: %s",
					lane->target->url, strerror(-r));
			return r;
		}
	}
	return 0;
}

static int open_otlp(struct skep_sink *base, const char *arg, struct skep_diag *diag)
{
	struct otlp_sink *sink = (struct otlp_sink *)base;
	int r = skep_otlp_settings(arg, getenv, &sink->settings, diag);

	if (r < 0)
		return r;
	if (sink->settings.disabled) {
		skep_sink_disabled(base, diag);
		return 0;
	}
	if (sink->settings.targets[SKEP_OTLP_LOGS].is_off)
		skep_diag_warn(diag, SKEP_NO_LOC,
			       "OTEL_LOGS_EXPORTER is none: --to otlp sends no rows but spans");
	if (takes_no_maps(sink))
		skep_diag_warn(diag, SKEP_NO_LOC,
			       "OTEL_METRICS_EXPORTER is none: --to otlp sends no maps");
	sink->since_ns = skep_clock_ns(CLOCK_REALTIME);
	sink->keys_left = KEYS_MAX;
	sink->source = (struct skep_otlp_source){
		.attributes = sink->settings.attributes,
		.n_attributes = sink->settings.n_attributes,
		.scope = base->name,
		.scope_version = SKEP_VERSION,
		.old_names = sink->settings.old_names,
		.no_number = note_no_number,
		.no_number_data = sink,
	};
	skep_span_source_init(&sink->spans, getenv, diag);
	return connect_up(sink, diag);
}

static int spool_otlp(struct skep_sink *base, const char *where, struct skep_diag *diag)
{
	struct otlp_sink *sink = (struct otlp_sink *)base;

	for (size_t i = 0; i < sink->n_lanes; i++) {
		const struct skep_otlp_target *t = sink->lanes[i].target;
		/* A connection speaks gRPC or it does not; what each request says of itself may differ. */
		uint32_t may_differ =
			FORM_GZIP | (t->protocol == SKEP_OTLP_GRPC ? 0 : SKEP_OTLP_HTTP_JSON);
		struct skep_spool *spool;
		int r = skep_spool_open(where, t->url, form_of(t), ~may_differ, diag, &spool);

		if (r < 0)
			return r;
		skep_deliver_spool(sink->lanes[i].deliver, spool);
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

static void counts_of(struct skep_sink *base, struct skep_deliver_counts *ret_counts)
{
	struct otlp_sink *sink = (struct otlp_sink *)base;

	for (size_t i = 0; i < sink->n_lanes; i++) {
		struct skep_deliver_counts counts;

		skep_deliver_counts(sink->lanes[i].deliver, &counts);
		add_counts(ret_counts, &counts);
	}
}

static void close_otlp(struct skep_sink *base, struct skep_deliver_counts *ret_counts)
{
	struct otlp_sink *sink = (struct otlp_sink *)base;

	for (size_t i = 0; i < ARRAY_SIZE(sink->batches); i++) {
		struct lane *lane = &sink->lanes[sink->lane_of[i]];

		if (lane->deliver)
			finish(sink, &sink->batches[i]);
	}
	for (size_t i = 0; i < sink->n_lanes; i++)
		if (sink->lanes[i].deliver)
			skep_deliver_end(sink->lanes[i].deliver, SKEP_SINK_GRACE_MS);
	for (size_t i = 0; i < sink->n_lanes; i++) {
		struct skep_deliver_counts counts = {};

		skep_deliver_close(sink->lanes[i].deliver, SKEP_SINK_GRACE_MS, &counts);
		add_counts(ret_counts, &counts);
		skep_http_close(sink->lanes[i].http);
	}
	ret_counts->lost[SKEP_DELIVER_SAMPLED] += sink->spans.n_left_out;
	ret_counts->no_number = list_names(&sink->no_number, ret_counts->no_number_names,
					   sizeof(ret_counts->no_number_names));
	ret_counts->cut =
		list_names(&sink->cut, ret_counts->cut_names, sizeof(ret_counts->cut_names));
	for (size_t i = 0; i < ARRAY_SIZE(sink->batches); i++)
		skep_str_fini(&sink->batches[i].bytes);
	skep_delta_fini(&sink->delta);
	skep_otlp_settings_fini(&sink->settings);
}

const struct skep_sink_kind skep_sink_otlp = {
	.name = "otlp",
	.size = sizeof(struct otlp_sink),
	.open = open_otlp,
	.row = add_row,
	.snapshot = add_snapshot,
	.room = room,
	.lost = add_lost,
	.counts = counts_of,
	.spool = spool_otlp,
	.idle = idle,
	.close = close_otlp,
};
