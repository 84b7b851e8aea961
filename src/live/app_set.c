/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Global variables. Before loading they are the first contents of the maps that hold them; afterwards what those maps hold
 * now, but for constants, which the verifier has relied upon.
 */
#include <errno.h>

#include "live/app_priv.h"
#include "live/value.h"

/* Text such as "config.ports[1]": the name of the variable, and what follows it. */
static const struct skep_spec_var *find_var(const struct skep_app *app, const char *name,
					    const char **ret_path)
{
	size_t len = strcspn(name, ".[");

	for (size_t i = 0; i < app->spec.n_vars; i++) {
		const struct skep_spec_var *v = &app->spec.vars[i];

		if (strlen(v->name) == len && !strncmp(v->name, name, len)) {
			*ret_path = name + len;
			return v;
		}
	}
	return NULL;
}

static int no_var(struct skep_app *app, const char *name)
{
	_cleanup_(skep_str_fini)
	struct skep_str names = {};
	const char *best = NULL;
	unsigned distance = 3;

	for (size_t i = 0; i < app->spec.n_vars; i++) {
		const char *other = app->spec.vars[i].name;

		if (i < 20)
			skep_str_addf(&names, "%s%s", i ? ", " : "", other);
		if (skep_edit_distance(other, name, distance) < distance) {
			distance = skep_edit_distance(other, name, distance);
			best = other;
		}
	}
	skep_diag_error(&app->diag, SKEP_NO_LOC, "there is no global variable '%s'", name);
	if (best)
		skep_diag_hint(&app->diag, "did you mean %s?", best);
	else if (names.len)
		skep_diag_hint(&app->diag, "there are: %s%s", skep_str_text(&names),
			       app->spec.n_vars > 20 ? ", ..." : "");
	else
		skep_diag_hint(&app->diag, "the object has none at all");
	return -ENOENT;
}

/* Before loading: the first contents, in memory of our own. */
static uint8_t *contents(struct skep_app *app, struct skep_spec_map *m)
{
	uint8_t *own = skep_arena_alloc(app->arena, m->value_size);

	if (m->data)
		memcpy(own, m->data, MIN(m->data_size, m->value_size));
	m->data = own;
	m->data_size = m->value_size;
	return own;
}

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
	struct skep_spec_map *m;
	const char *path;
	int r;

	var = find_var(app, name, &path);
	if (!var || var->map >= app->spec.n_maps)
		return no_var(app, name);
	m = &app->spec.maps[var->map];
	if (again && m->read_only)
		return 0;
	if (!app->btf || !var->type || m->value_size < (uint64_t)var->offset + var->size_bytes) {
		skep_diag_error(&app->diag, SKEP_NO_LOC, "the type of '%s' is not known", name);
		skep_diag_hint(&app->diag, "compile the object with -g");
		return -EINVAL;
	}
	r = skep_value_find(app->btf, var->type, var->name, path, &app->diag, &place);
	if (r == 0 && place.offset + place.size > var->size_bytes)
		r = -EINVAL;
	if (r < 0)
		return r;
	if (app->loaded)
		return set_loaded(app, var, &place, name, value);
	return skep_value_parse(app->btf, &place, name, value,
				contents(app, m) + var->offset + place.offset, &app->diag);
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
