/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "live/app_priv.h"
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
