/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "live/app_priv.h"
#include "live/feed_map.h"
#include "record/prom.h"
#include "sys/kernel.h"

int skep_app_map(struct skep_app *app, size_t index, struct skep_app_map *ret_map)
{
	const struct skep_spec_map *m;

	if (ret_map->size != sizeof(*ret_map))
		return -EINVAL;
	if (!app->loaded || index >= app->spec.n_maps)
		return -ENOENT;
	m = &app->spec.maps[index];
	*ret_map = (struct skep_app_map){
		.size = sizeof(*ret_map),
		.name = m->name,
		.type = m->type,
		.key_bytes = m->key_size,
		.value_bytes = m->value_size,
		.max_entries = m->max_entries,
		.fd = skep_kernel_map_fd(app->loaded, index),
	};
	return 0;
}

/* The index, or -ENOENT. */
static int loaded_map(struct skep_app *app, const char *name, size_t *ret_index)
{
	size_t index = app->loaded ? app_find_map(app, name) : SIZE_MAX;

	if (index == SIZE_MAX) {
		skep_diag_error(&app->diag, SKEP_NO_LOC, "there is no map '%s'", name);
		return -ENOENT;
	}
	*ret_index = index;
	return 0;
}

int skep_app_map_get(struct skep_app *app, const char *map, const void *key, void *ret_value)
{
	size_t index;
	int r = loaded_map(app, map, &index);

	return r < 0 ? r : app->engine->map_get(app->loaded, index, key, ret_value);
}

int skep_app_map_set(struct skep_app *app, const char *map, const void *key, const void *value)
{
	size_t index;
	int r = loaded_map(app, map, &index);

	return r < 0 ? r : app->engine->map_set(app->loaded, index, key, value, 0);
}

int skep_app_map_next(struct skep_app *app, const char *map, const void *key, void *ret_key)
{
	size_t index;
	int r = loaded_map(app, map, &index);

	return r < 0 ? r : app->engine->map_next(app->loaded, index, key, ret_key);
}

/*
 * As text.
 */

static void print_one(struct skep_app *app, size_t index, struct skep_arena *arena,
		      struct skep_prom *prom)
{
	struct skep_feed_map map = skep_feed_map(app->feed, index);
	struct skep_feed_map_options options = {};
	struct skep_feed_set set;

	if (skep_feed_map_read(&map, &options, arena, &app->diag, &set) < 0)
		return;
	for (size_t i = 0; i < set.n; i++) {
		skep_snapshot_sort(&set.items[i]);
		if (prom)
			skep_prom_snapshot(prom, &set.items[i], skep_feed_resolver(app->feed),
					   &app->text);
		else
			skep_feed_print_map(&app->printer, &set.items[i]);
	}
	if (set.n_more)
		skep_diag_warn(&app->diag, SKEP_NO_LOC, "map '%s' has %zu entries more", map.name,
			       set.n_more);
}

/* What people want to see when they do not say which: not constants, not what the loader has made for itself. */
bool app_map_is_shown(const struct skep_app *app, size_t index)
{
	const struct skep_spec_map *m = &app->spec.maps[index];

	return index < app->n_maps && skep_feed_map_has_values(m->type) && !m->read_only &&
	       !m->n_slots && !m->inner;
}

void app_tell_maps(struct skep_app *app)
{
	struct skep_feed_map_options options = {};

	for (size_t i = 0; i < app->spec.n_maps; i++) {
		struct skep_feed_map map;

		if (!app_map_is_shown(app, i))
			continue;
		map = skep_feed_map(app->feed, i);
		skep_feed_print_tell(&app->printer, &map, &options);
	}
}

static void count_rows(struct skep_app *app, struct skep_prom *prom)
{
	struct skep_feed_counts counts;

	if (skep_feed_fd(app->feed) < 0)
		return;
	skep_feed_counts(app->feed, &counts);
	skep_prom_count(prom, "rows", "records of rings", NULL, 0, counts.rows, &app->text);
	if (counts.has_lost)
		skep_prom_count(prom, "rows_lost", "records that found no room in their ring", NULL,
				0, counts.lost, &app->text);
	else if (counts.has_ring) /* whose losses nobody counts */
		skep_prom_count(prom, "rings_full", "looks at which a ring buffer was full", NULL,
				0, counts.full, &app->text);
}

/* As traces end with; what nobody counts is not 0. */
static void count_losses(struct skep_app *app)
{
	struct skep_feed_counts counts;

	if (skep_feed_fd(app->feed) < 0)
		return;
	skep_feed_counts(app->feed, &counts);
	skep_str_add(&app->text, "{\"type\": \"losses\", \"items\": [");
	if (counts.lost)
		skep_str_addf(&app->text, "{\"cause\": \"ring_full\", \"count\": %llu}",
			      (unsigned long long)counts.lost);
	skep_str_addf(&app->text, "], \"rows\": \"%scounted\"", counts.has_lost ? "" : "not ");
	if (!counts.has_lost)
		skep_str_addf(&app->text, ", \"full\": %llu", (unsigned long long)counts.full);
	skep_str_add(&app->text, "}\n");
}

const char *skep_app_map_text(struct skep_app *app, const char *map, enum skep_app_format format)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	size_t n_errors = app->diag.n_errors, index = SIZE_MAX;
	_cleanup_(skep_prom_fini)
	struct skep_prom prom = {};
	bool is_prom = format == SKEP_APP_PROM;

	if (map && loaded_map(app, map, &index) < 0)
		return NULL;
	if (app_rows_open(app) < 0)
		return NULL;
	app_print_as(app, format);
	for (size_t i = 0; i < app->spec.n_maps; i++)
		if (map ? i == index : app_map_is_shown(app, i))
			print_one(app, i, arena, is_prom ? &prom : NULL);
	if (is_prom && !map)
		count_rows(app, &prom);
	if (format == SKEP_APP_JSON && !map)
		count_losses(app);
	skep_feed_print_pause(&app->printer);
	return app->diag.n_errors > n_errors ? NULL : skep_str_text(&app->text);
}
