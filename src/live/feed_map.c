/* SPDX-License-Identifier: Apache-2.0 */
#include "live/feed_map.h"

#include <errno.h>
#include <string.h>

#include "base/vec.h"
#include "isa/mapkind.h"
#include "live/feed_map_priv.h"
#include "live/typed.h"
#include "sys/kernel.h"

#define VARIABLES_MAX 4096 /* of a section that are shown */

struct snapshots {
	SKEP_VEC(struct skep_snapshot);
};

/* A map that is being read. */
struct reading {
	const struct skep_feed_map *map;
	const struct skep_feed_map_options *options;
	struct skep_arena *arena;
	unsigned traits;
	struct snapshots snapshots;
};

struct skep_feed_map skep_feed_map(const struct skep_feed *feed, size_t index)
{
	const struct skep_feed_options *o = skep_feed_given(feed);
	const struct skep_spec_map *m = &o->spec->maps[index];

	return (struct skep_feed_map){
		.name = m->name,
		.type = m->type,
		.key_size = m->key_size,
		.value_size = m->value_size,
		.max_entries = m->max_entries,
		.flags = m->flags,
		.btf = skep_feed_btf(feed),
		.key_type = m->btf_key_type,
		.value_type = m->btf_value_type,
		.read_only = m->read_only,
		.fd = o->engine == skep_kernel_engine() ? skep_kernel_map_fd(o->loaded, index) : -1,
		.engine = o->engine,
		.loaded = o->loaded,
		.index = index,
		.n_cpus = o->engine->n_cpus(o->engine),
	};
}

/* Of what has no type. */
static struct skep_schema_field untyped(const char *name, uint32_t size)
{
	struct skep_schema_field field = skep_typed_bytes(name, size);

	if (size == 1 || size == 2 || size == 4 || size == 8)
		field.kind = SKEP_FIELD_INT;
	return field;
}

static struct skep_schema_field typed(const struct skep_feed_map *m, uint32_t type, uint32_t size,
				      const char *name, const struct skep_feed_map_options *options,
				      struct skep_arena *arena)
{
	struct skep_typed_options o = { .stack_depth = options->stack_depth };
	struct skep_schema_field field;

	if (m->btf && type && skep_typed_field(m->btf, type, name, &o, arena, &field) == 0 &&
	    field.size == size)
		return field;
	return untyped(name, size);
}

struct skep_schema_field skep_feed_map_key(const struct skep_feed_map *m,
					   const struct skep_feed_map_options *options,
					   struct skep_arena *arena)
{
	const struct skep_map_kind *kind = skep_map_kind_find(m->type);
	const char *name = kind && kind->traits & SKEP_TRAIT_INDEXED ? "index" : "key";

	return typed(m, m->key_type, m->key_size, name, options, arena);
}

struct skep_schema_field skep_feed_map_value(const struct skep_feed_map *m,
					     const struct skep_feed_map_options *options,
					     struct skep_arena *arena)
{
	const struct skep_map_kind *kind = skep_map_kind_find(m->type);
	struct skep_schema_field addresses = { .kind = SKEP_FIELD_KSYM, .size = 8, .name = "" };
	struct skep_schema_field field;

	if (kind && kind->traits & SKEP_TRAIT_NESTED)
		return untyped("map_id", m->value_size);
	if (m->type == SKEP_MAP_PROG_ARRAY)
		return untyped("prog_id", m->value_size);
	if (m->type == SKEP_MAP_STACK_TRACE && m->value_size % 8 == 0 &&
	    !(m->flags & SKEP_MAP_F_STACK_BUILD_ID)) {
		field = skep_typed_bytes("frames", m->value_size);
		field.kind = SKEP_FIELD_ARRAY;
		field.count = m->value_size / 8;
		field.children = skep_arena_memdup(arena, &addresses, sizeof(addresses));
		field.n_children = 1;
		return field;
	}
	return typed(m, m->value_type, m->value_size, "value", options, arena);
}

/* Adds an entry, or where values are shown for each CPU one for each that has any. */
static void add_entry(const struct reading *r, const struct feed_shape *shape,
		      const struct feed_entry *e, struct skep_snapshot *s)
{
	unsigned n = r->traits & SKEP_TRAIT_PER_CPU ? r->map->n_cpus : 1;
	size_t stride = ALIGN_UP((size_t)r->map->value_size, 8);

	if (!shape->has_cpu) {
		s->entries[s->n_entries++] =
			feed_shape_entry(shape, e->key, e->value, stride, n, 0, r->arena);
		return;
	}
	for (uint32_t cpu = 0; cpu < n; cpu++) {
		const uint8_t *value = e->value + cpu * stride;

		if (r->options->zeroes || !feed_is_zero(value, r->map->value_size))
			s->entries[s->n_entries++] =
				feed_shape_entry(shape, e->key, value, stride, 1, cpu, r->arena);
	}
}

static size_t all_bytes(const struct reading *r)
{
	return r->traits & SKEP_TRAIT_PER_CPU
		       ? ALIGN_UP((size_t)r->map->value_size, 8) * r->map->n_cpus
		       : r->map->value_size;
}

/* A map whose keys and values have one type. */
static void add_map(struct reading *r, const struct feed_entries *entries)
{
	const struct skep_feed_map *m = r->map;
	struct skep_schema_field key = skep_feed_map_key(m, r->options, r->arena);
	struct skep_schema_field value = skep_feed_map_value(m, r->options, r->arena);
	bool per_cpu = r->traits & SKEP_TRAIT_PER_CPU, indexed = r->traits & SKEP_TRAIT_INDEXED;
	bool sums = per_cpu && !r->options->per_cpu && feed_shape_can_sum(&value);
	bool keyless = r->traits & SKEP_TRAIT_KEYLESS ||
		       (m->max_entries == 1 &&
			(m->type == SKEP_MAP_ARRAY || m->type == SKEP_MAP_PERCPU_ARRAY));
	struct feed_shape shape = feed_shape_of(m->name, keyless ? NULL : &key, &value,
						per_cpu ? m->n_cpus : 0, sums, r->arena);
	struct skep_snapshot *s = &shape.snapshot;
	bool skip_zeroes = indexed && !keyless && !r->options->zeroes;

	s->entries = skep_arena_calloc(r->arena, entries->n * (shape.has_cpu ? m->n_cpus : 1) + 1,
				       sizeof(*s->entries));
	for (size_t i = 0; i < entries->n; i++)
		if (!skip_zeroes || !feed_is_zero(entries->items[i].value, all_bytes(r)))
			add_entry(r, &shape, &entries->items[i], s);
	skep_snapshot_sort(s);
	skep_vec_add(&r->snapshots, *s);
}

/*
 * Sections of variables.
 */

static void add_variable(struct reading *r, const char *name, const struct skep_schema_field *value,
			 const uint8_t *bytes)
{
	bool has_rows = value->kind == SKEP_FIELD_ARRAY && value->n_children == 1 &&
			value->children[0].kind == SKEP_FIELD_STRUCT && value->children[0].size;
	static const struct skep_schema_field index = { .name = "index", .size = 4 };
	const struct skep_schema_field *one = has_rows ? &value->children[0] : value;
	struct feed_shape shape =
		feed_shape_of(name, has_rows ? &index : NULL, one, 0, false, r->arena);
	struct skep_snapshot *s = &shape.snapshot;
	uint32_t n = has_rows ? value->count : 1;

	s->entries = skep_arena_calloc(r->arena, n, sizeof(*s->entries));
	for (uint32_t i = 0; i < n; i++) {
		const uint8_t *at = bytes + (size_t)i * one->size;

		if (!has_rows || r->options->zeroes || !feed_is_zero(at, one->size))
			s->entries[s->n_entries++] = feed_shape_entry(&shape, (const uint8_t *)&i,
								      at, 0, 1, 0, r->arena);
	}
	skep_snapshot_sort(s);
	skep_vec_add(&r->snapshots, *s);
}

/* False: its type is no list of variables. */
static bool add_variables(struct reading *r, const struct feed_entries *entries)
{
	const struct skep_feed_map *m = r->map;
	struct skep_typed_options options = { .stack_depth = r->options->stack_depth };
	struct skep_btf_secvar place;

	if (!m->btf || skep_btf_kind(m->btf, m->value_type) != SKEP_BTF_DATASEC)
		return false;
	for (uint32_t i = 0; i < VARIABLES_MAX && entries->n &&
			     skep_btf_secvar(m->btf, m->value_type, i, &place) == 0;
	     i++) {
		struct skep_btf_type var = skep_btf_type(m->btf, place.type);
		struct skep_schema_field value;

		if (var.kind == SKEP_BTF_VAR && var.vlen != 2 &&
		    !skep_streq(var.name, SKEP_FEED_LOST) &&
		    skep_typed_field(m->btf, var.type, var.name, &options, r->arena, &value) == 0 &&
		    place.offset <= m->value_size && value.size <= m->value_size - place.offset)
			add_variable(r, skep_arena_strdup(r->arena, var.name), &value,
				     entries->items[0].value + place.offset);
	}
	return true;
}

static struct skep_feed_set make_set(struct reading *r, const struct feed_entries *entries)
{
	struct skep_feed_set set = { .n_more = entries->n_more };

	if (!add_variables(r, entries))
		add_map(r, entries);
	set.n = r->snapshots.len;
	if (set.n)
		set.items = skep_arena_memdup(r->arena, r->snapshots.data,
					      set.n * sizeof(*r->snapshots.data));
	skep_vec_fini(&r->snapshots);
	return set;
}

int skep_feed_map_read(const struct skep_feed_map *map, const struct skep_feed_map_options *options,
		       struct skep_arena *arena, struct skep_diag *diag,
		       struct skep_feed_set *ret_set)
{
	static const struct skep_feed_map_options none = {};
	const struct skep_map_kind *kind = skep_map_kind_find(map->type);
	struct reading r = {
		.map = map,
		.options = options ? options : &none,
		.arena = arena,
		.traits = kind ? kind->traits : 0,
	};
	struct feed_entries entries;
	int e = feed_entries_read(map, r.options->limit, arena, diag, &entries);

	if (e == 0)
		*ret_set = make_set(&r, &entries);
	return e;
}

struct skep_feed_set skep_feed_map_entry(const struct skep_feed_map *map,
					 const struct skep_feed_map_options *options,
					 const void *key, const void *value,
					 struct skep_arena *arena)
{
	const struct skep_map_kind *kind = skep_map_kind_find(map->type);
	struct feed_entry entry = { key ? key : value, value };
	struct feed_entries entries = { &entry, 1, 0 };
	struct skep_feed_map_options all = *options;
	struct reading r = {
		.map = map, .options = &all, .arena = arena, .traits = kind ? kind->traits : 0
	};

	all.zeroes = true;
	return make_set(&r, &entries);
}

struct skep_feed_set skep_feed_map_shape(const struct skep_feed_map *map,
					 const struct skep_feed_map_options *options,
					 struct skep_arena *arena)
{
	size_t value_bytes = ALIGN_UP((size_t)map->value_size, 8u) * MAX(map->n_cpus, 1u);
	const void *zeroes = skep_arena_calloc(arena, 1, MAX(map->key_size, value_bytes));
	struct skep_feed_set set = skep_feed_map_entry(map, options, zeroes, zeroes, arena);

	for (size_t i = 0; i < set.n; i++)
		set.items[i].n_entries = 0;
	return set;
}
