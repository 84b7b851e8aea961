/* SPDX-License-Identifier: Apache-2.0 */
/* The OTLP exporter: batches of rows and of maps become requests. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/vec.h"
#include "record/delta.h"
#include "sink/otlp_lanes.h"
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

struct otlp_sink {
	struct skep_sink sink;
	struct skep_otlp_settings settings;
	struct skep_otlp_source source;
	struct skep_span_source spans;
	struct batch batches[SKEP_N_OTLP_SIGNALS];
	struct skep_otlp_lanes lanes;
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

/* The sum of what was lost is complete. */
static void end_lost(struct otlp_sink *sink)
{
	if (sink->is_telling)
		skep_otlp_counts_end(&sink->batches[SKEP_OTLP_METRICS].otlp, sink->settings.delta);
	sink->is_telling = false;
}

static void finish(struct otlp_sink *sink, struct batch *b)
{
	enum skep_otlp_signal signal = (enum skep_otlp_signal)(b - sink->batches);

	if (!b->open)
		return;
	if (signal == SKEP_OTLP_METRICS)
		end_lost(sink);
	skep_otlp_end(&b->otlp);
	b->open = false;
	if (b->otlp.n_items) /* maps may have had nothing that is a metric */
		skep_otlp_lanes_put(&sink->lanes, signal, &b->bytes, b->otlp.n_items);
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

/* What no request could be sent without is known before the first. */
static int check_files(const struct skep_otlp_target *t, struct skep_diag *diag)
{
	const char *const files[] = { t->ca_file, t->cert_file, t->key_file };

	for (size_t i = 0; i < ARRAY_SIZE(files) && !t->is_off; i++) {
		if (!files[i] || access(files[i], R_OK) == 0)
			continue;
		skep_diag_error(diag, SKEP_NO_LOC, "cannot read %s: %s", files[i], strerror(errno));
		skep_diag_hint(diag,
			       "OTEL_EXPORTER_OTLP_CERTIFICATE and its like name files in PEM");
		return -EINVAL;
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
	for (size_t i = 0; i < SKEP_N_OTLP_SIGNALS && r >= 0; i++)
		r = check_files(&sink->settings.targets[i], diag);
	if (r < 0)
		return r;
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
	return skep_otlp_lanes_open(&sink->lanes, &sink->settings, base, diag);
}

static int spool_otlp(struct skep_sink *base, const char *where, struct skep_diag *diag)
{
	return skep_otlp_lanes_spool(&((struct otlp_sink *)base)->lanes, where, diag);
}

static void counts_of(struct skep_sink *base, struct skep_deliver_counts *ret_counts)
{
	skep_otlp_lanes_counts(&((struct otlp_sink *)base)->lanes, ret_counts);
}

static void close_otlp(struct skep_sink *base, struct skep_deliver_counts *ret_counts)
{
	struct otlp_sink *sink = (struct otlp_sink *)base;

	for (size_t i = 0; i < ARRAY_SIZE(sink->batches); i++)
		finish(sink, &sink->batches[i]);
	skep_otlp_lanes_close(&sink->lanes, ret_counts);
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
