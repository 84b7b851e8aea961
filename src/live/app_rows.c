/* SPDX-License-Identifier: Apache-2.0 */
/* Rows: what programs write to their rings, decoded by live/feed.h. */
#include <errno.h>
#include <poll.h>

#include "live/app_priv.h"

/* What skep_app_row.decoded is. */
struct app_row {
	const struct skep_feed *feed;
	const struct skep_feed_row *row;
};

struct handing {
	const struct skep_feed *feed;
	skep_app_row_fn *row;
	void *data;
};

int app_rows_open(struct skep_app *app)
{
	struct skep_feed_options options = {
		.spec = &app->spec,
		.engine = app->engine,
		.loaded = app->loaded,
	};

	if (app->feed)
		return 0;
	if (!app->loaded) {
		skep_diag_error(&app->diag, SKEP_NO_LOC, "nothing is loaded");
		return -EINVAL;
	}
	return skep_feed_open(&options, &app->diag, &app->feed);
}

void app_rows_close(struct skep_app *app)
{
	if (app->is_printing)
		skep_feed_print_close(&app->printer);
	skep_feed_close(app->feed);
}

int skep_app_fd(struct skep_app *app)
{
	if (app->wait_fd >= 0)
		return app->wait_fd;
	return app->feed ? skep_feed_fd(app->feed) : -1;
}

static int hand_on(void *data, const struct skep_feed_row *decoded)
{
	const struct handing *h = data;
	struct app_row behind = { h->feed, decoded };
	struct skep_app_row row = {
		.map = decoded->map_name,
		.type = decoded->is_unknown ? NULL : decoded->schema->name,
		.bytes = decoded->payload,
		.size_bytes = decoded->size,
		.decoded = &behind,
	};
	int r = h->row(h->data, &row);

	return MIN(r, 0);
}

/* To whoever asked, and to the sinks. */
struct both {
	struct skep_app *app;
	const struct skep_feed_sink *sink;
};

static int take(void *data, const struct skep_feed_row *row)
{
	const struct both *both = data;

	app_sinks_row(both->app, row);
	return both->sink->row(both->sink->data, row);
}

static int drain(struct skep_app *app, int timeout_ms, const struct skep_feed_sink *sink)
{
	struct both both = { app, sink };
	struct skep_feed_sink all = { take, &both };
	struct pollfd wait = { .fd = skep_app_fd(app), .events = POLLIN };
	int r;

	if (!app->feed) {
		skep_diag_error(&app->diag, SKEP_NO_LOC, "nothing is loaded");
		return -EINVAL;
	}
	if (timeout_ms != 0 && poll(&wait, 1, timeout_ms) < 0)
		return -errno;
	r = app_limit_step(app);
	if (r >= 0)
		r = skep_feed_drain(app->feed, app->sinks.len ? &all : sink);
	app_sinks_step(app);
	return r;
}

int skep_app_poll(struct skep_app *app, int timeout_ms, skep_app_row_fn *row, void *data)
{
	struct handing h = { app->feed, row, data };
	struct skep_feed_sink sink = { hand_on, &h };

	return drain(app, timeout_ms, &sink);
}

/* The format may change between two calls: headers come again then. */
void app_print_as(struct skep_app *app, enum skep_app_format format)
{
	static const enum skep_feed_format formats[] = {
		[SKEP_APP_TABLE] = SKEP_FEED_TABLE,
		[SKEP_APP_JSON] = SKEP_FEED_JSON,
		[SKEP_APP_CSV] = SKEP_FEED_CSV,
		[SKEP_APP_PROM] = SKEP_FEED_TABLE, /* not used */
	};

	skep_str_reset(&app->text);
	if (app->is_printing && app->printer.format == formats[format])
		return;
	if (app->is_printing)
		skep_feed_print_close(&app->printer);
	skep_feed_print_open(app->feed, formats[format], app->options.columns, app->options.lines,
			     &app->text, &app->printer);
	app_tell_maps(app);
	app->is_printing = true;
	/* Without rings there are no rows to say the types of. */
	if (skep_feed_fd(app->feed) < 0)
		skep_str_reset(&app->text);
	skep_csv_heading(&app->printer.csv, &app->text);
}

const char *skep_app_poll_text(struct skep_app *app, int timeout_ms, enum skep_app_format format)
{
	struct skep_feed_sink sink = { skep_feed_print_row, &app->printer };
	int r;

	if (app->feed)
		app_print_as(app, format);
	r = drain(app, timeout_ms, &sink);
	if (r == -EDQUOT)
		return NULL;
	if (r < 0 && r != -EINTR) {
		skep_diag_error(&app->diag, SKEP_NO_LOC, "cannot read the rings: %s", strerror(-r));
		return NULL;
	}
	skep_feed_print_pause(&app->printer);
	if (format == SKEP_APP_PROM)
		skep_str_reset(&app->text);
	return skep_str_text(&app->text);
}

static const struct skep_schema_field *find_field(const struct skep_app_row *row, const char *name)
{
	const struct app_row *behind = row->decoded;
	const struct skep_schema *schema = behind->row->schema;

	for (size_t i = 0; i < schema->n_fields && !behind->row->is_unknown; i++)
		if (skep_streq(schema->fields[i].name, name))
			return &schema->fields[i];
	return NULL;
}

int skep_app_row_number(const struct skep_app_row *row, const char *name, int64_t *ret_number)
{
	const struct skep_schema_field *field = find_field(row, name);

	if (!field)
		return -ENOENT;
	if (!skep_field_has_int(field))
		return -EINVAL;
	*ret_number = (int64_t)skep_field_int(field, row->bytes);
	return 0;
}

int skep_app_row_value(const struct skep_app_row *row, const char *name, char *text, size_t size)
{
	const struct skep_schema_field *field = find_field(row, name);
	const struct app_row *behind = row->decoded;
	_cleanup_(skep_str_fini)
	struct skep_str out = {};

	if (!field)
		return -ENOENT;
	skep_field_text(field, row->bytes, skep_feed_resolver(behind->feed), &out);
	if (size) {
		size_t n = MIN(out.len, size - 1);

		memcpy(text, skep_str_text(&out), n);
		text[n] = '\0';
	}
	return (int)out.len;
}
