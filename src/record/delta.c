/* SPDX-License-Identifier: Apache-2.0 */
#include "record/delta.h"

#include <string.h>

/* The numbers of a key: those from @first on, the others are 0. */
struct kept {
	uint32_t first, n;
	uint64_t numbers[];
};

struct map {
	uint64_t start_ns, time_ns; /* when it was empty, and when it was asked about */
	struct skep_hash keys;	    /* to struct kept */
	struct skep_arena *arena;   /* of these */
};

struct counted {
	uint64_t value, time_ns;
};

bool skep_delta_takes(const struct skep_snapshot *s)
{
	if (s->is_level)
		return false;
	switch (s->kind) {
	case SKEP_SNAPSHOT_COUNT:
	case SKEP_SNAPSHOT_HIST:
	case SKEP_SNAPSHOT_LHIST:
		return true;
	case SKEP_SNAPSHOT_SUM:
	case SKEP_SNAPSHOT_AVG:
	case SKEP_SNAPSHOT_STATS:
		return !s->is_signed;
	default:
		return false;
	}
}

static struct skep_arena *arena_of(struct skep_delta *d)
{
	if (!d->arena)
		d->arena = skep_arena_new();
	return d->arena;
}

static struct map *find_map(struct skep_delta *d, const char *name)
{
	struct map *map = skep_hash_get_str(&d->maps, name);

	if (map)
		return map;
	map = skep_arena_calloc(arena_of(d), 1, sizeof(*map));
	skep_hash_set_str(&d->maps, skep_arena_strdup(d->arena, name), map);
	return map;
}

/* A scalar map has one entry without a key. */
static const void *key_of(const struct skep_snapshot_entry *entry)
{
	return entry->key ? entry->key : "";
}

static void keep(struct map *map, const void *key, size_t key_size, const struct kept *kept)
{
	size_t size = sizeof(*kept) + kept->n * sizeof(*kept->numbers);

	skep_hash_set(&map->keys, skep_arena_memdup(map->arena, key, key_size), key_size,
		      skep_arena_memdup(map->arena, kept, size));
}

static void keep_numbers(struct map *map, const struct skep_snapshot *s,
			 const struct skep_snapshot_entry *entry, struct kept *room)
{
	uint32_t n = (uint32_t)s->n_numbers;

	room->first = 0;
	while (n && !entry->numbers[n - 1])
		n--;
	while (room->first < n && !entry->numbers[room->first])
		room->first++;
	room->n = n - room->first;
	memcpy(room->numbers, entry->numbers + room->first, room->n * sizeof(*room->numbers));
	keep(map, key_of(entry), s->key_size, room);
}

/* What was added to @entry, of which @before is known, if anything. False: nothing. */
static bool subtract(const struct skep_snapshot *s, struct skep_snapshot_entry *entry,
		     const struct kept *before, struct skep_arena *arena)
{
	uint64_t *numbers = skep_arena_memdup(arena, entry->numbers,
					      s->n_numbers * sizeof(*entry->numbers)),
		 any = 0;

	for (uint32_t i = 0; before && i < before->n; i++)
		if (numbers[before->first + i] < before->numbers[i])
			before = NULL;
	for (uint32_t i = 0; before && i < before->n; i++)
		numbers[before->first + i] -= before->numbers[i];
	for (size_t i = 0; i < s->n_numbers; i++)
		any |= numbers[i];
	entry->numbers = numbers;
	return any;
}

/* Those of @before that the snapshot did not have. */
static void keep_rest(struct map *map, const struct map *before)
{
	for (size_t i = 0; i < before->keys.cap; i++) {
		const struct skep_hash_entry *e = &before->keys.entries[i];

		if (e->value && map->keys.len < SKEP_DELTA_KEYS_MAX &&
		    !skep_hash_get(&map->keys, e->key, e->key_len))
			keep(map, e->key, e->key_len, e->value);
	}
}

static void forget(struct map *map)
{
	skep_hash_fini(&map->keys);
	skep_arena_free(map->arena);
}

void skep_delta_take(struct skep_delta *d, struct skep_snapshot *s, uint64_t time_ns,
		     uint64_t *start_ns, struct skep_arena *arena)
{
	struct map *map = find_map(d, s->name), before = *map;
	bool is_same = before.time_ns && before.start_ns == *start_ns;
	struct kept *room =
		skep_arena_alloc(arena, sizeof(*room) + s->n_numbers * sizeof(uint64_t));
	struct skep_snapshot_entry *entries =
		skep_arena_calloc(arena, s->n_entries + 1, sizeof(*entries));
	size_t n = 0;

	*map = (struct map){ *start_ns, time_ns, {}, skep_arena_new() };
	for (size_t i = 0; i < s->n_entries; i++) {
		entries[n] = s->entries[i];
		n += subtract(s, &entries[n],
			      is_same ? skep_hash_get(&before.keys, key_of(&entries[n]),
						      s->key_size)
				      : NULL,
			      arena);
		keep_numbers(map, s, &s->entries[i], room);
	}
	if (s->is_part && is_same)
		keep_rest(map, &before);
	forget(&before);
	s->entries = entries;
	s->n_entries = n;
	if (is_same)
		*start_ns = before.time_ns;
}

uint64_t skep_delta_count(struct skep_delta *d, const char *name, uint64_t value, uint64_t time_ns,
			  uint64_t *start_ns)
{
	struct counted *c = skep_hash_get_str(&d->counts, name);
	struct counted now = { value, time_ns };

	if (!c) {
		c = skep_arena_calloc(arena_of(d), 1, sizeof(*c));
		skep_hash_set_str(&d->counts, skep_arena_strdup(d->arena, name), c);
	} else {
		*start_ns = c->time_ns;
		value -= MIN(c->value, value);
	}
	*c = now;
	return value;
}

void skep_delta_fini(struct skep_delta *d)
{
	for (size_t i = 0; i < d->maps.cap; i++)
		if (d->maps.entries[i].value)
			forget(d->maps.entries[i].value);
	skep_hash_fini(&d->maps);
	skep_hash_fini(&d->counts);
	skep_arena_free(d->arena);
	*d = (struct skep_delta){};
}
