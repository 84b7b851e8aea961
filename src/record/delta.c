/* SPDX-License-Identifier: Apache-2.0 */
#include "record/delta.h"

#include <string.h>

#define USED_MIN 65536

/* The numbers of a key: those from @first on, the others are 0. */
struct kept {
	uint32_t first, n;
	bool is_there; /* the last snapshot had it */
	uint64_t numbers[];
};

struct map {
	uint64_t start_ns, time_ns; /* when it was empty, and when it was asked about */
	struct skep_hash keys;	    /* to struct kept */
	struct skep_arena *arena;   /* of these */
	size_t used_max; /* bytes of it at which those that are not used any more are left behind */
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

/* In the place of @before, if that is as large. */
static void keep_numbers(struct map *map, const struct skep_snapshot *s,
			 const struct skep_snapshot_entry *entry, struct kept *before,
			 struct kept *room)
{
	uint32_t n = (uint32_t)s->n_numbers;

	room->first = 0;
	while (n && !entry->numbers[n - 1])
		n--;
	while (room->first < n && !entry->numbers[room->first])
		room->first++;
	room->n = n - room->first;
	room->is_there = true;
	memcpy(room->numbers, entry->numbers + room->first, room->n * sizeof(*room->numbers));
	if (before && before->n == room->n)
		memcpy(before, room, sizeof(*room) + room->n * sizeof(*room->numbers));
	else
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

static void forget(struct map *map)
{
	skep_hash_fini(&map->keys);
	skep_arena_free(map->arena);
}

/* Leaves behind keys that are not there, but for those of a part, and what was replaced. */
static void tidy(struct map *map, bool is_part)
{
	struct map old = *map;

	map->keys = (struct skep_hash){};
	map->arena = skep_arena_new();
	for (size_t i = 0; i < old.keys.cap; i++) {
		const struct skep_hash_entry *e = &old.keys.entries[i];
		const struct kept *kept = e->value;

		if (kept && (kept->is_there || (is_part && map->keys.len < SKEP_DELTA_KEYS_MAX)))
			keep(map, e->key, e->key_len, kept);
	}
	forget(&old);
	map->used_max = 2 * skep_arena_used(map->arena) + USED_MIN;
}

void skep_delta_take(struct skep_delta *d, struct skep_snapshot *s, uint64_t time_ns,
		     uint64_t *start_ns, struct skep_arena *arena)
{
	struct map *map = find_map(d, s->name);
	bool is_same = map->time_ns && map->start_ns == *start_ns;
	struct kept *room =
		skep_arena_alloc(arena, sizeof(*room) + s->n_numbers * sizeof(uint64_t));
	struct skep_snapshot_entry *entries =
		skep_arena_calloc(arena, s->n_entries + 1, sizeof(*entries));
	uint64_t before_ns = map->time_ns;
	size_t n = 0;

	if (!is_same) {
		forget(map);
		*map = (struct map){ .start_ns = *start_ns, .arena = skep_arena_new() };
		map->used_max = SIZE_MAX; /* all are new */
	}
	map->time_ns = time_ns;
	for (size_t i = 0; i < map->keys.cap; i++)
		if (map->keys.entries[i].value)
			((struct kept *)map->keys.entries[i].value)->is_there = false;
	for (size_t i = 0; i < s->n_entries; i++) {
		struct kept *before =
			skep_hash_get(&map->keys, key_of(&s->entries[i]), s->key_size);

		entries[n] = s->entries[i];
		n += subtract(s, &entries[n], before, arena);
		keep_numbers(map, s, &s->entries[i], before, room);
	}
	if (map->keys.len > (s->is_part ? SKEP_DELTA_KEYS_MAX : s->n_entries) ||
	    skep_arena_used(map->arena) > map->used_max)
		tidy(map, s->is_part);
	if (map->used_max == SIZE_MAX)
		map->used_max = 2 * skep_arena_used(map->arena) + USED_MIN;
	s->entries = entries;
	s->n_entries = n;
	if (is_same)
		*start_ns = before_ns;
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
