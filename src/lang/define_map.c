/* SPDX-License-Identifier: Apache-2.0 */
/*
 * let @name = kind(size): hash and lruhash keep one value a key, percpuhash and percpulruhash one a key and CPU, which
 * aggregations add up. What they hold decides between the two; the declaration says how many keys there are, and
 * whether a full map forgets the key that was used longest ago (lru) or takes no new one.
 */
#include <errno.h>

#include "lang/check_priv.h"
#include "lang/define.h"

#define ENTRIES_MAX (1 << 24)

static const struct {
	const char *name;
	bool lru, percpu;
} kinds[] = {
	{ "hash", false, false },
	{ "lruhash", true, false },
	{ "percpuhash", false, true },
	{ "percpulruhash", true, true },
};

static int set_kind(struct skep_compiler *c, const struct skep_map_decl *d,
		    struct skep_map_info *map)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (!skep_streq(kinds[i].name, d->kind))
			continue;
		map->lru = kinds[i].lru;
		map->percpu = kinds[i].percpu;
		return 0;
	}
	skep_diag_error(c->diag, d->kind_loc, "there is no kind of map '%s'", d->kind);
	skep_diag_hint(c->diag, "kinds are hash, lruhash, percpuhash and percpulruhash");
	return -EINVAL;
}

static int declare(struct skep_compiler *c, const struct skep_map_decl *d)
{
	struct skep_check k = { .c = c, .final = true };
	struct skep_map_info *map = skep_compiler_map(c, d->name, d->loc);
	int64_t size;
	int r;

	if (c->config.switched_off & SKEP_UNSTABLE_MAP_DECL) {
		skep_diag_error(c->diag, d->loc, "the settings forbid declarations of maps");
		skep_diag_hint(c->diag, "take out unstable_map_decl = error");
		return -EINVAL;
	}
	if (map->decl) {
		skep_diag_error(c->diag, d->loc, "@%s is declared twice", d->name);
		skep_diag_hint(c->diag, "its first declaration is in line %u", map->decl->loc.line);
		return -EINVAL;
	}
	map->decl = d;
	r = set_kind(c, d, map);
	if (!skep_check_const(&k, d->size, &size) || size < 1 || size > ENTRIES_MAX) {
		skep_diag_error(c->diag, d->size->loc,
				"the number of keys must be a constant from 1 to %d", ENTRIES_MAX);
		skep_diag_hint(c->diag, "such as %s(1000)", d->kind);
		return -EINVAL;
	}
	map->max_entries = (uint32_t)size;
	return r;
}

int skep_define_maps(struct skep_compiler *c)
{
	int r = 0;

	for (size_t i = 0; i < c->script->n_map_decls; i++)
		if (declare(c, &c->script->map_decls[i]) < 0)
			r = -EINVAL;
	return r;
}

static int check(struct skep_compiler *c, const struct skep_map_info *map)
{
	bool agg = map->value && skep_type_is_agg(map->value);
	const char *value = map->value ? skep_type_text(&c->types, map->value) : "";

	if (!map->decl || !map->value)
		return 0;
	if (!map->key) {
		skep_diag_error(c->diag, map->decl->loc, "@%s has no keys, so it is no %s",
				map->name, map->decl->kind);
		skep_diag_hint(c->diag, "leave the declaration out");
		return -EINVAL;
	}
	if (agg || !map->percpu || map->value->kind == SKEP_TYPE_INT)
		return 0;
	skep_diag_error(c->diag, map->decl->kind_loc, "@%s holds %s, which a %s does not keep",
			map->name, value, map->decl->kind);
	skep_diag_hint(
		c->diag,
		"each processor's share must be something to add up, a number; other values are "
		"kept in a hash or lruhash");
	return -EINVAL;
}

int skep_define_check_maps(struct skep_compiler *c)
{
	int r = 0;

	for (size_t i = 0; i < c->maps.len; i++)
		if (check(c, c->maps.data[i]) < 0)
			r = -EINVAL;
	return r;
}
