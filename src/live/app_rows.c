/* SPDX-License-Identifier: Apache-2.0 */
/* Rows: what programs write to their rings, handed on record by record. */
#include <errno.h>
#include <poll.h>

#include "isa/mapkind.h"
#include "live/app_priv.h"

struct draining {
	struct skep_app *app;
	size_t map;
	skep_app_row_fn *row;
	void *data;
};

int skep_app_fd(struct skep_app *app)
{
	return app->loaded ? app->engine->ring_fd(app->loaded) : -1;
}

static int hand_on(void *data, const void *bytes, size_t len)
{
	struct draining *d = data;
	struct skep_app_row row = {
		.map = d->app->spec.maps[d->map].name,
		.bytes = bytes,
		.size_bytes = len,
	};
	int r = d->row(d->data, &row);

	return MIN(r, 0);
}

static int drain(struct skep_app *app, skep_app_row_fn *row, void *data)
{
	struct draining d = { app, 0, row, data };
	struct skep_ring_sink sink = { hand_on, &d };
	int n = 0, r;

	for (; d.map < app->spec.n_maps; d.map++) {
		if (app->spec.maps[d.map].type != SKEP_MAP_RINGBUF)
			continue;
		r = app->engine->ring_drain(app->loaded, d.map, &sink);
		if (r < 0)
			return r;
		n += r;
	}
	return n;
}

int skep_app_poll(struct skep_app *app, int timeout_ms, skep_app_row_fn *row, void *data)
{
	struct pollfd wait = { .fd = skep_app_fd(app), .events = POLLIN };

	if (!app->loaded)
		return -EINVAL;
	if (poll(&wait, 1, timeout_ms) < 0)
		return -errno;
	return drain(app, row, data);
}

const char *skep_app_row_text(struct skep_app *app, const struct skep_app_row *row,
			      enum skep_app_format format)
{
	const uint8_t *bytes = row->bytes;

	skep_str_reset(&app->text);
	if (format == SKEP_APP_JSON)
		skep_str_addf(&app->text, "{\"map\": \"%s\", \"bytes\": \"", row->map);
	else
		skep_str_addf(&app->text, format == SKEP_APP_CSV ? "%s," : "%s: ", row->map);
	for (size_t i = 0; i < row->size_bytes; i++)
		skep_str_addf(&app->text, "%02x", bytes[i]);
	skep_str_add(&app->text, format == SKEP_APP_JSON ? "\"}\n" : "\n");
	return skep_str_text(&app->text);
}
