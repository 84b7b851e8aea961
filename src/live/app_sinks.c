/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where rows and maps go beside the text (--to): every row as it comes, maps when a sink asks for them and at the end. Sinks
 * are looked after once a second, by whoever polls for rows.
 */
#include <errno.h>
#include <sys/timerfd.h>

#include "base/clock.h"
#include "live/app_priv.h"
#include "live/feed_map.h"
#include "sink/sink.h"

/* What it all belongs to: the first file without its folders and endings. */
static const char *name_of(struct skep_app *app)
{
	const char *path = app->files.len ? app->files.data[0].name : "app";
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	return skep_arena_strndup(app->arena, name, strcspn(name, "."));
}

static void collect(void *data, struct skep_sink *sink)
{
	struct skep_app *app = data;
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	struct skep_feed_counts counts;

	for (size_t i = 0; app->feed && i < app->spec.n_maps; i++) {
		struct skep_feed_map map = skep_feed_map(app->feed, i);
		struct skep_feed_set set = {};

		if (!app_map_is_shown(app, i) ||
		    skep_feed_map_read(&map, NULL, arena, NULL, &set) < 0)
			continue;
		for (size_t k = 0; k < set.n; k++)
			skep_sink_snapshot(sink, &set.items[k], skep_feed_resolver(app->feed),
					   app->since_ns, skep_clock_ns(CLOCK_REALTIME));
	}
	if (!app->feed)
		return;
	skep_feed_counts(app->feed, &counts);
	if (counts.lost)
		skep_sink_lost(sink, NULL, "ring_full", counts.lost);
}

int skep_app_to(struct skep_app *app, const char *to)
{
	struct skep_sink *sink;
	int r;

	if (app->is_attached) {
		skep_diag_error(&app->diag, SKEP_NO_LOC, "where data goes comes before attaching");
		return -EBUSY;
	}
	r = skep_sink_open(to, name_of(app), &app->diag, &sink);
	if (r < 0)
		return r;
	r = skep_sink_takes(sink, NULL, 0, &app->diag); /* no row of C is a span */
	if (r < 0) {
		struct skep_deliver_counts nothing;

		skep_sink_close(sink, &nothing);
		return r;
	}
	skep_sink_set_collect(sink, collect, app, NULL);
	skep_vec_add(&app->sinks, sink);
	if (skep_sink_place(sink))
		skep_diag_add(&app->diag, SKEP_DIAG_NOTE, SKEP_NO_LOC, "metrics are at %s",
			      skep_sink_place(sink));
	return 0;
}

int app_sinks_watch(struct skep_app *app)
{
	struct itimerspec every = { .it_value.tv_sec = 1, .it_interval.tv_sec = 1 };
	int r = 0;

	app->since_ns = skep_clock_ns(CLOCK_REALTIME);
	if (!app->sinks.len)
		return 0;
	app->sinks_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (app->sinks_fd < 0 || timerfd_settime(app->sinks_fd, 0, &every, NULL) < 0)
		return -errno;
	r = app_wait_for(app, app->sinks_fd);
	for (size_t i = 0; i < app->sinks.len && r == 0; i++)
		r = app_wait_for(app, skep_sink_fd(app->sinks.data[i]));
	return r;
}

void app_sinks_row(struct skep_app *app, const struct skep_feed_row *row)
{
	for (size_t i = 0; i < app->sinks.len && !row->is_unknown; i++)
		skep_sink_row(app->sinks.data[i], row->schema, row->payload,
			      skep_feed_resolver(app->feed), skep_clock_ns(CLOCK_REALTIME));
}

void app_sinks_step(struct skep_app *app)
{
	uint64_t n;

	if (app->sinks_fd >= 0)
		(void)!read(app->sinks_fd, &n, sizeof(n));
	for (size_t i = 0; i < app->sinks.len; i++) {
		skep_sink_serve(app->sinks.data[i]);
		(void)skep_sink_idle(app->sinks.data[i]);
	}
}

void skep_app_flush(struct skep_app *app)
{
	for (size_t i = 0; i < app->sinks.len; i++) {
		struct skep_deliver_counts counts;
		bool is_lost = false;

		collect(app, app->sinks.data[i]);
		skep_sink_close(app->sinks.data[i], &counts);
		for (int k = 0; k < SKEP_DELIVER_LOSS_MAX; k++) {
			if (!counts.lost[k])
				continue;
			is_lost = true;
			skep_diag_warn(&app->diag, SKEP_NO_LOC, "%llu %s",
				       (unsigned long long)counts.lost[k], skep_sink_loss_text(k));
		}
		if (counts.no_number)
			skep_diag_add(&app->diag, SKEP_DIAG_NOTE, SKEP_NO_LOC,
				      "not sent, as no metric can be made of it (%llu): %s",
				      (unsigned long long)counts.no_number, counts.no_number_names);
		if (counts.cut)
			skep_diag_warn(
				&app->diag, SKEP_NO_LOC,
				"keys were left out of maps with more than is sent at a time: %s",
				counts.cut_names);
		if (is_lost && counts.why[0])
			skep_diag_add(&app->diag, SKEP_DIAG_NOTE, SKEP_NO_LOC, "%s", counts.why);
	}
	app->sinks.len = 0;
}

void app_sinks_close(struct skep_app *app)
{
	struct skep_deliver_counts nothing;

	for (size_t i = 0; i < app->sinks.len; i++)
		skep_sink_close(app->sinks.data[i], &nothing);
	skep_vec_fini(&app->sinks);
	skep_closep(&app->sinks_fd);
}
