/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Global variables. Before loading they are the first contents of the maps that hold them; afterwards what those maps hold
 * now, but for constants, which the verifier has relied upon.
 */
#include <errno.h>

#include "live/app_priv.h"
#include "live/vars.h"

static int set_loaded(struct skep_app *app, const struct skep_spec_var *var,
		      const struct skep_value_place *place, const char *name, const char *text)
{
	const struct skep_spec_map *m = &app->spec.maps[var->map];
	_cleanup_free_ uint8_t *value = malloc(m->value_size);
	uint32_t zero = 0;
	int r;

	if (!value)
		return -ENOMEM;
	if (m->read_only) {
		skep_diag_error(&app->diag, SKEP_NO_LOC, "'%s' is constant, and loaded", var->name);
		skep_diag_hint(&app->diag, "constants are set before loading");
		return -EROFS;
	}
	r = app->engine->map_get(app->loaded, var->map, &zero, value);
	if (r == 0)
		r = skep_value_parse(app->btf, place, name, text,
				     value + var->offset + place->offset, &app->diag);
	if (r == 0)
		r = app->engine->map_set(app->loaded, var->map, &zero, value, 0);
	return r;
}

static int set(struct skep_app *app, const char *name, const char *value, bool again)
{
	const struct skep_spec_var *var;
	struct skep_value_place place;
	const char *path;
	int r;

	var = skep_var_find(&app->spec, name, &path);
	if (!var) {
		skep_diag_error(&app->diag, SKEP_NO_LOC, "there is no global variable '%s'", name);
		skep_var_hint(&app->spec, name, &app->diag);
		return -ENOENT;
	}
	if (again && app->spec.maps[var->map].read_only)
		return 0;
	r = skep_var_place(&app->spec, app->btf, var, name, path, &app->diag, &place);
	if (r < 0)
		return r;
	if (app->loaded)
		return set_loaded(app, var, &place, name, value);
	return skep_var_set(&app->spec, app->btf, var, &place, name, value, app->arena, &app->diag);
}

int app_set_again(struct skep_app *app, const struct app_set *again)
{
	return set(app, again->name, again->value, true);
}

int skep_app_set(struct skep_app *app, const char *name, const char *value)
{
	struct app_set said;
	int r = app_read(app);

	if (r == 0)
		r = set(app, name, value, false);
	if (r < 0 || app->loaded)
		return r;
	said.name = skep_arena_strdup(app->arena, name);
	said.value = skep_arena_strdup(app->arena, value);
	skep_vec_add(&app->sets, said);
	return 0;
}
