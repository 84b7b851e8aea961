/* SPDX-License-Identifier: Apache-2.0 */
/* Global variables of a spec that is not loaded: the first contents of the maps that hold them. */
#include "live/vars.h"

#include <errno.h>
#include <string.h>

#include "live/value.h"

const struct skep_spec_var *skep_var_find(const struct skep_spec *spec, const char *name,
					  const char **ret_path)
{
	size_t len = strcspn(name, ".[");

	for (size_t i = 0; i < spec->n_vars; i++) {
		const struct skep_spec_var *v = &spec->vars[i];

		if (strlen(v->name) == len && !strncmp(v->name, name, len)) {
			*ret_path = name + len;
			return v->map < spec->n_maps ? v : NULL;
		}
	}
	return NULL;
}

void skep_var_hint(const struct skep_spec *spec, const char *name, struct skep_diag *diag)
{
	_cleanup_(skep_str_fini)
	struct skep_str names = {};
	const char *best = NULL;
	unsigned distance = 3;

	for (size_t i = 0; i < spec->n_vars; i++) {
		const char *other = spec->vars[i].name;

		if (i < 20)
			skep_str_addf(&names, "%s%s", i ? ", " : "", other);
		if (skep_edit_distance(other, name, distance) < distance) {
			distance = skep_edit_distance(other, name, distance);
			best = other;
		}
	}
	if (best)
		skep_diag_hint(diag, "did you mean %s?", best);
	else if (names.len)
		skep_diag_hint(diag, "there are: %s%s", skep_str_text(&names),
			       spec->n_vars > 20 ? ", ..." : "");
	else
		skep_diag_hint(diag, "the object has none at all");
}

/* In memory of our own. */
static uint8_t *contents(struct skep_spec_map *m, struct skep_arena *arena)
{
	uint8_t *own = skep_arena_alloc(arena, m->value_size);

	if (m->data)
		memcpy(own, m->data, MIN(m->data_size, m->value_size));
	m->data = own;
	m->data_size = m->value_size;
	return own;
}

int skep_var_place(const struct skep_spec *spec, const struct skep_btf *btf,
		   const struct skep_spec_var *var, const char *name, const char *path,
		   struct skep_diag *diag, struct skep_value_place *ret_place)
{
	const struct skep_spec_map *m = &spec->maps[var->map];
	int r;

	if (!btf || !var->type || m->value_size < (uint64_t)var->offset + var->size_bytes) {
		skep_diag_error(diag, SKEP_NO_LOC, "the type of '%s' is not known", name);
		skep_diag_hint(diag, "compile the object with -g");
		return -EINVAL;
	}
	r = skep_value_find(btf, var->type, var->name, path, diag, ret_place);
	return r == 0 && ret_place->offset + ret_place->size > var->size_bytes ? -EINVAL : r;
}

int skep_var_set(struct skep_spec *spec, const struct skep_btf *btf,
		 const struct skep_spec_var *var, const struct skep_value_place *place,
		 const char *name, const char *value, struct skep_arena *arena,
		 struct skep_diag *diag)
{
	return skep_value_parse(
		btf, place, name, value,
		contents(&spec->maps[var->map], arena) + var->offset + place->offset, diag);
}

int skep_var_change(struct skep_spec *spec, const char *name, const char *value,
		    struct skep_arena *arena, struct skep_diag *diag)
{
	_cleanup_(skep_btf_freep)
	struct skep_btf *btf = NULL;
	struct skep_value_place place;
	const char *path;
	const struct skep_spec_var *var = skep_var_find(spec, name, &path);
	int r;

	if (!var)
		return -ENOENT;
	if (spec->btf && skep_btf_parse(spec->btf, spec->btf_size, NULL, NULL, NULL, &btf) < 0)
		btf = NULL;
	spec->maps = skep_arena_memdup(arena, spec->maps, spec->n_maps * sizeof(*spec->maps));
	r = skep_var_place(spec, btf, var, name, path, diag, &place);
	if (r == 0)
		r = skep_var_set(spec, btf, var, &place, name, value, arena, diag);
	return r == -ENOENT ? -EINVAL : r;
}
