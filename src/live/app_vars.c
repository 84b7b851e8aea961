/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Variables of what is replaced: where all lie as before, the map is taken over; else each is found by its name, and has
 * the value that it had when the new map was made.
 */
#include <errno.h>
#include <string.h>

#include "live/app_kept.h"
#include "sys/bpf.h"
#include "sys/kernel.h"

/* Where variable @name lies in section @id. */
static int find_old(const struct skep_btf *btf, uint32_t id, const char *name,
		    struct skep_btf_secvar *ret_var)
{
	for (uint32_t i = 0; skep_btf_secvar(btf, id, i, ret_var) == 0; i++)
		if (skep_streq(skep_btf_name(btf, ret_var->type), name))
			return 0;
	return -ENOENT;
}

static bool same_size(const struct skep_spec_map *m, int fd)
{
	struct skep_bpf_map_info info = {};
	uint32_t size = sizeof(info);

	return skep_bpf_obj_info(fd, &info, &size) == 0 && info.value_size == m->value_size;
}

bool app_vars_same(struct skep_app *app, size_t map, int fd)
{
	_cleanup_(skep_btf_freep)
	struct skep_btf *btf = NULL;
	struct skep_btf_secvar old;
	uint32_t id = 0;
	int known = -1;

	for (size_t i = 0; i < app->spec.n_vars; i++) {
		const struct skep_spec_var *v = &app->spec.vars[i];

		if (v->map != map)
			continue;
		if (known < 0)
			known = same_size(&app->spec.maps[map], fd) &&
				skep_kernel_map_types(fd, &btf, &id) == 0;
		if (!known || find_old(btf, id, v->name, &old) < 0 || old.offset != v->offset ||
		    old.size_bytes != v->size_bytes)
			return false;
	}
	return true;
}

/* Written as const volatile: it is there to be set. */
static bool is_setting(const struct skep_app *app, const struct skep_spec_var *v)
{
	struct skep_btf_type t = skep_btf_type(app->btf, v->type);
	bool is_volatile = false;

	for (int depth = 0; depth < 8; depth++) {
		if (t.kind != SKEP_BTF_VAR && t.kind != SKEP_BTF_CONST &&
		    t.kind != SKEP_BTF_VOLATILE)
			break;
		is_volatile |= t.kind == SKEP_BTF_VOLATILE;
		t = skep_btf_type(app->btf, t.type);
	}
	return is_volatile;
}

/* The whole of it, a field or an element. */
static bool is_set_now(const struct skep_app *app, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < app->sets.len; i++) {
		const char *set = app->sets.data[i].name;

		if (strncmp(set, name, len) == 0 && strchr(".[", set[len]))
			return true;
	}
	return false;
}

/* A constant begins with what the new object says, which may be meant or not. */
static void tell_constant(struct skep_app *app, const struct skep_spec_var *v, const uint8_t *old,
			  const uint8_t *now)
{
	if (memcmp(old, now, v->size_bytes) == 0 || !is_setting(app, v) || is_set_now(app, v->name))
		return;
	skep_diag_warn(
		&app->diag, SKEP_NO_LOC,
		"constant '%s' has the value of the new object, no more that of what was kept",
		v->name);
	skep_diag_hint(&app->diag, "--set %s=VALUE gives it another one", v->name);
}

/* Into what was made anew; constants are left as they are, and told. */
static int move(struct skep_app *app, size_t map, int fd)
{
	const struct skep_spec_map *m = &app->spec.maps[map];
	_cleanup_(skep_btf_freep)
	struct skep_btf *btf = NULL;
	struct skep_bpf_map_info info = {};
	_cleanup_free_ uint8_t *old = NULL, *now = malloc(m->value_size);
	uint32_t size = sizeof(info), zero = 0, id;
	struct skep_btf_secvar at;
	int r = skep_bpf_obj_info(fd, &info, &size);

	if (r == 0)
		old = malloc(MAX(info.value_size, 1u));
	if (r < 0 || !old || !now)
		return r < 0 ? r : -ENOMEM;
	r = skep_kernel_map_types(fd, &btf, &id);
	if (r == 0)
		r = skep_bpf_map_lookup(fd, &zero, old);
	if (r == 0)
		r = app->engine->map_get(app->loaded, map, &zero, now);
	for (size_t i = 0; i < app->spec.n_vars && r == 0; i++) {
		const struct skep_spec_var *v = &app->spec.vars[i];

		if (v->map != map || find_old(btf, id, v->name, &at) < 0 ||
		    at.size_bytes != v->size_bytes ||
		    (uint64_t)at.offset + at.size_bytes > info.value_size ||
		    (uint64_t)v->offset + v->size_bytes > m->value_size)
			continue;
		if (m->read_only)
			tell_constant(app, v, old + at.offset, now + v->offset);
		else
			memcpy(now + v->offset, old + at.offset, v->size_bytes);
	}
	return r < 0 || m->read_only ? r : app->engine->map_set(app->loaded, map, &zero, now, 0);
}

static bool has_vars(const struct skep_app *app, size_t map)
{
	for (size_t i = 0; i < app->spec.n_vars; i++)
		if (app->spec.vars[i].map == map)
			return true;
	return false;
}

int app_vars_move(struct skep_app *app)
{
	const struct app_kept *k = app->kept;

	for (size_t i = 0; i < app->spec.n_maps && k->replaces; i++) {
		const struct skep_spec_map *m = &app->spec.maps[i];
		_cleanup_close_ int fd = -1;

		if (k->map_fds[i] >= 0 || !has_vars(app, i))
			continue;
		fd = skep_pins_get(k->path, SKEP_PIN_MAP, m->name);
		if (fd >= 0 && move(app, i, fd) < 0 && !m->read_only)
			skep_diag_warn(
				&app->diag, SKEP_NO_LOC,
				"the variables of '%s' begin anew: what they were is not known",
				m->name);
	}
	/* Those that were set now are so in what was taken over, too. */
	for (size_t i = 0; i < app->sets.len && k->replaces; i++) {
		int r = app_set_again(app, &app->sets.data[i]);

		if (r < 0)
			return r;
	}
	return 0;
}
