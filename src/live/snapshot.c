/* SPDX-License-Identifier: Apache-2.0 */
#include "live/snapshot.h"

#include <errno.h>
#include <string.h>

#include "base/hash.h"
#include "base/vec.h"
#include "isa/mapkind.h"
#include "record/series.h"

#define SORTED_MAX 10000 /* entries that are sorted although somebody waits */

/* One map while it is read. */
struct reader {
	struct skep_arena *arena;
	const struct skep_plan_map *map;
	unsigned index; /* of the map in the spec: the map's own, or its short keys' */
	const struct skep_spec_map *spec_map; /* of that index */
	const struct skep_engine *engine;
	struct skep_loaded *loaded;
	unsigned n_values;   /* values that one lookup gives */
	size_t value_stride; /* bytes from one to the next */
	size_t lookup_size;  /* bytes of a lookup */
	uint8_t *lookup;
	const struct skep_breath *breath; /* or NULL */
	struct skep_total *total;	  /* get what is emptied, or NULL */
	struct skep_carry *carry;
};

static void init_reader(struct reader *r, struct skep_arena *arena, const struct skep_plan *plan,
			const struct skep_engine *engine, struct skep_loaded *loaded,
			const struct skep_plan_map *map, unsigned index)
{
	*r = (struct reader){
		.arena = arena,
		.map = map,
		.index = index,
		.spec_map = &plan->spec->maps[index],
		.engine = engine,
		.loaded = loaded,
		.n_values = 1,
	};
	r->value_stride = ALIGN_UP(r->spec_map->value_size, 8u);
	r->lookup_size = r->value_stride;
	if (map->store == SKEP_STORE_PERCPU_HASH) {
		r->n_values = engine->n_cpus(engine);
		r->lookup_size *= r->n_values;
	} else if (map->store == SKEP_STORE_STRIPED) {
		r->n_values = map->n_stripes;
		r->value_stride = map->stripe_size;
	}
	r->lookup = skep_arena_alloc(arena, r->lookup_size);
}

static bool is_keyed(const struct reader *r)
{
	return r->map->store == SKEP_STORE_HASH || r->map->store == SKEP_STORE_PERCPU_HASH;
}

/*
 * Keys of a hash, up to @max, each once. The kernel starts again from the front when the key it should go on from was deleted
 * meanwhile, so a key may come twice, and the walk has a bound.
 */
static int read_keys(const struct reader *r, size_t max, const void ***ret_keys, size_t *ret_n)
{
	_cleanup_(skep_hash_fini)
	struct skep_hash seen = {};
	size_t size = r->spec_map->key_size, shown = MAX(size, r->map->shape.key_size),
	       steps = 2 * (size_t)r->spec_map->max_entries + 1024;
	struct {
		SKEP_VEC(const void *);
	} keys = {};
	const void *last = NULL;
	int e;

	while (keys.len < max && steps-- > 0) {
		void *key =
			skep_arena_calloc(r->arena, 1, shown); /* a short one, with its zeroes */

		skep_breathe(r->breath, steps);
		e = r->engine->map_next(r->loaded, r->index, last, key);
		if (e == -ENOENT)
			break;
		if (e < 0) {
			skep_vec_fini(&keys);
			return e;
		}
		last = key;
		if (skep_hash_get(&seen, key, size))
			continue;
		skep_hash_set(&seen, key, size, key);
		skep_vec_add(&keys, key);
	}
	*ret_keys = keys.data;
	*ret_n = keys.len;
	return 0;
}

/* Values of several CPUs as one: the numbers of an aggregation. False: no CPU has any. */
static bool add_up(const struct reader *r, uint64_t *numbers)
{
	const struct skep_snapshot *shape = &r->map->shape;
	size_t n = r->map->value_size / 8;
	bool any = false;

	for (unsigned i = 0; i < r->n_values; i++) {
		const uint64_t *v = (const uint64_t *)(r->lookup + i * r->value_stride);

		if (shape->kind == SKEP_SNAPSHOT_TSERIES) {
			any |= skep_series_merge(shape, numbers, v);
			continue;
		}
		if (shape->kind == SKEP_SNAPSHOT_MIN || shape->kind == SKEP_SNAPSHOT_MAX) {
			bool less = shape->is_signed ? (int64_t)v[0] < (int64_t)numbers[0]
						     : v[0] < numbers[0];

			if (!v[1])
				continue;
			if (!any || less == (shape->kind == SKEP_SNAPSHOT_MIN))
				numbers[0] = v[0];
			any = true;
			continue;
		}
		for (size_t k = 0; k < n; k++) {
			numbers[k] += v[k];
			any |= v[k] != 0;
		}
	}
	return any;
}

/* The entry for @key from the bytes of a lookup. False: a scalar that nobody has set. */
static bool make_entry(const struct reader *r, const void *key, struct skep_snapshot_entry *entry)
{
	const uint8_t *bytes = r->lookup;
	uint64_t *numbers;
	bool any;

	entry->key = key;
	if (r->map->shape.kind == SKEP_SNAPSHOT_VALUE) {
		if (r->map->store == SKEP_STORE_SCALAR) {
			uint64_t set;

			memcpy(&set, bytes, 8);
			if (!set)
				return false;
			bytes += 8;
		}
		entry->value = skep_arena_memdup(r->arena, bytes, r->map->value_size);
		return true;
	}
	numbers = skep_arena_calloc(r->arena,
				    MAX(r->map->value_size / 8, r->map->shape.n_numbers) + 2, 8);
	any = add_up(r, numbers);
	entry->numbers = numbers;
	/* A number that nothing was added to yet is 0; of the others there is nothing to show. */
	return any || is_keyed(r) || r->map->shape.kind == SKEP_SNAPSHOT_COUNT ||
	       r->map->shape.kind == SKEP_SNAPSHOT_SUM;
}

/* Adds entries, up to @max in all. */
static int read_keyed(const struct reader *r, size_t max, struct skep_snapshot *s)
{
	_cleanup_free_ const void **keys = NULL;
	struct skep_snapshot_entry *entries;
	size_t n;
	int e;

	e = read_keys(r, max - s->n_entries, &keys, &n);
	if (e < 0)
		return e;
	entries = skep_arena_calloc(r->arena, s->n_entries + n, sizeof(*entries));
	if (s->n_entries)
		memcpy(entries, s->entries, s->n_entries * sizeof(*entries));
	s->entries = entries;
	for (size_t i = 0; i < n; i++) {
		skep_breathe(r->breath, i);
		e = r->engine->map_get(r->loaded, r->index, keys[i], r->lookup);
		if (e == -ENOENT) /* deleted since */
			continue;
		if (e < 0)
			return e;
		if (make_entry(r, keys[i], &s->entries[s->n_entries]))
			s->n_entries++;
	}
	return 0;
}

static int read_one(const struct reader *r, const void *key, const void *shown_key,
		    struct skep_snapshot *s)
{
	int e = r->engine->map_get(r->loaded, r->index, key, r->lookup);

	if (e == -ENOENT)
		return 0;
	if (e < 0)
		return e;
	s->entries = skep_arena_calloc(r->arena, 1, sizeof(*s->entries));
	s->n_entries = make_entry(r, shown_key, &s->entries[0]);
	return 0;
}

int skep_map_read(struct skep_arena *arena, const struct skep_plan *plan,
		  const struct skep_engine *engine, struct skep_loaded *loaded, size_t index,
		  const void *key, size_t max, const struct skep_breath *breath,
		  struct skep_snapshot *ret_snapshot)
{
	const struct skep_plan_map *map = &plan->maps[index];
	struct skep_snapshot s = map->shape;
	struct reader r;
	uint32_t zero = 0;
	void *copy;
	int e;

	init_reader(&r, arena, plan, engine, loaded, map, map->spec_map);
	r.breath = breath;
	s.entries = NULL;
	s.n_entries = 0;
	if (!is_keyed(&r)) {
		e = read_one(&r, &zero, &zero, &s);
	} else if (key) {
		copy = skep_arena_alloc(arena, MAX(r.spec_map->key_size, s.key_size));
		memcpy(copy, key, s.key_size);
		e = read_one(&r, copy, copy, &s);
	} else {
		e = read_keyed(&r, max, &s);
		if (e >= 0 && map->short_map_plus1) {
			init_reader(&r, arena, plan, engine, loaded, map, map->short_map_plus1 - 1);
			r.breath = breath;
			e = read_keyed(&r, max, &s);
		}
	}
	if (e < 0)
		return e;
	if (!breath || s.n_entries <= SORTED_MAX)
		skep_snapshot_sort(&s);
	*ret_snapshot = s;
	return 0;
}

/* Of the bytes of the last lookup. */
static void hand_over(const struct reader *r, const void *key)
{
	struct skep_snapshot_entry entry;

	if ((!r->total && !r->carry) || r->map->shape.kind == SKEP_SNAPSHOT_VALUE ||
	    !make_entry(r, key, &entry))
		return;
	if (r->total)
		skep_total_add(r->total, &r->map->shape, &entry);
	if (r->carry)
		skep_carry_add(r->carry, &r->map->shape, &entry);
}

/* A program that was adding to the old value goes on with that, and nothing of it comes back. */
static int set_zero(const struct reader *r, const void *key)
{
	int e;

	memset(r->lookup, 0, r->lookup_size);
	e = r->engine->map_set(r->loaded, r->index, key, r->lookup, SKEP_MAP_NOEXIST);
	/* It is there again, or another key has its place: none of that is lost. */
	return e == -EEXIST || e == -E2BIG ? 0 : e;
}

/* zero() of a variable that was never set leaves it so; a number that was set becomes 0. */
static int empty_one(const struct reader *r, bool remove)
{
	uint32_t zero = 0;
	uint64_t set = 0;
	int e = r->engine->map_get(r->loaded, r->index, &zero, r->lookup);

	if (e < 0)
		return e;
	hand_over(r, &zero);
	if (!remove && r->map->store == SKEP_STORE_SCALAR)
		memcpy(&set, r->lookup, 8);
	memset(r->lookup, 0, r->lookup_size);
	memcpy(r->lookup, &set, set ? 8 : 0);
	return r->engine->map_set(r->loaded, r->index, &zero, r->lookup, 0);
}

/* What is taken out is in r->lookup then. */
static int remove_key(const struct reader *r, const void *key)
{
	int e = r->engine->map_take ? r->engine->map_take(r->loaded, r->index, key, r->lookup)
				    : -EOPNOTSUPP;

	if (e >= 0 || e == -ENOENT)
		return e;
	e = r->engine->map_get(r->loaded, r->index, key, r->lookup);
	return e < 0 ? e : r->engine->map_delete(r->loaded, r->index, key);
}

static int empty_keyed(const struct reader *r, bool remove)
{
	_cleanup_free_ const void **keys = NULL;
	size_t n;
	int e = read_keys(r, SIZE_MAX, &keys, &n);

	for (size_t i = 0; e == 0 && i < n; i++) {
		e = remove_key(r, keys[i]);
		if (e == 0)
			hand_over(r, keys[i]);
		if (e == 0 && !remove)
			e = set_zero(r, keys[i]);
		if (e == -ENOENT)
			e = 0;
	}
	return e;
}

/* Clears or zeroes: @remove says which. Keys that come while this runs may stay. */
static int empty(const struct skep_plan *plan, const struct skep_engine *engine,
		 struct skep_loaded *loaded, size_t index, struct skep_total *total,
		 struct skep_carry *carry, bool remove)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	const struct skep_plan_map *map = &plan->maps[index];
	struct reader r;
	int e;

	if (total)
		skep_total_empty(total, &map->shape);
	if (carry)
		skep_carry_empty(carry);
	init_reader(&r, arena, plan, engine, loaded, map, map->spec_map);
	r.total = total;
	r.carry = carry;
	e = is_keyed(&r) ? empty_keyed(&r, remove) : empty_one(&r, remove);
	if (e >= 0 && is_keyed(&r) && map->short_map_plus1) {
		init_reader(&r, arena, plan, engine, loaded, map, map->short_map_plus1 - 1);
		r.total = total;
		r.carry = carry;
		e = empty_keyed(&r, remove);
	}
	if (carry)
		skep_carry_done(carry);
	return e;
}

int skep_map_clear(const struct skep_plan *plan, const struct skep_engine *engine,
		   struct skep_loaded *loaded, size_t index, struct skep_total *total,
		   struct skep_carry *carry)
{
	return empty(plan, engine, loaded, index, total, carry, true);
}

int skep_map_zero(const struct skep_plan *plan, const struct skep_engine *engine,
		  struct skep_loaded *loaded, size_t index, struct skep_total *total,
		  struct skep_carry *carry)
{
	return empty(plan, engine, loaded, index, total, carry, false);
}
