/* SPDX-License-Identifier: Apache-2.0 */
#include "record/total.h"

#include <string.h>

static bool takes(const struct skep_snapshot *shape)
{
	switch (shape->kind) {
	case SKEP_SNAPSHOT_COUNT:
	case SKEP_SNAPSHOT_SUM:
	case SKEP_SNAPSHOT_AVG:
	case SKEP_SNAPSHOT_STATS:
	case SKEP_SNAPSHOT_HIST:
	case SKEP_SNAPSHOT_LHIST:
		return true;
	default:
		return false;
	}
}

void skep_total_empty(struct skep_total *t, const struct skep_snapshot *shape)
{
	t->emptied = shape->is_level;
}

void skep_total_add(struct skep_total *t, const struct skep_snapshot *shape,
		    const struct skep_snapshot_entry *entry)
{
	/* A scalar map has one entry, whose key says nothing. */
	size_t size = shape->n_keys ? shape->key_size : 0;
	const void *key = size ? entry->key : "";
	uint64_t *numbers;

	if (!takes(shape))
		return;
	if (t->emptied)
		skep_total_fini(t);
	numbers = skep_hash_get(&t->keys, key, size);
	if (!numbers && (t->keys.len >= SKEP_TOTAL_KEYS_MAX ||
			 t->n_numbers + shape->n_numbers > SKEP_TOTAL_NUMBERS_MAX)) {
		t->n_no_room++;
		return;
	}
	if (!t->arena)
		t->arena = skep_arena_new();
	if (!numbers) {
		numbers = skep_arena_calloc(t->arena, shape->n_numbers + 1, sizeof(*numbers));
		skep_hash_set(&t->keys, skep_arena_memdup(t->arena, key, size), size, numbers);
		t->n_numbers += shape->n_numbers;
	}
	for (size_t i = 0; i < shape->n_numbers; i++)
		numbers[i] += entry->numbers[i];
}

const uint64_t *skep_total_find(const struct skep_total *t, const struct skep_snapshot *shape,
				const struct skep_snapshot_entry *entry)
{
	size_t size = shape->n_keys ? shape->key_size : 0;

	return skep_hash_get(&t->keys, size ? entry->key : "", size);
}

/* The numbers of @entry, and those that it had. */
static const uint64_t *add_up(const struct skep_snapshot *s,
			      const struct skep_snapshot_entry *entry, const uint64_t *before,
			      struct skep_arena *arena)
{
	uint64_t *numbers = skep_arena_calloc(arena, s->n_numbers + 1, sizeof(*numbers));

	for (size_t i = 0; i < s->n_numbers; i++)
		numbers[i] = entry->numbers[i] + before[i];
	return numbers;
}

static bool is_empty(const struct skep_snapshot *s)
{
	for (size_t i = 0; i < s->n_entries; i++)
		for (size_t k = 0; k < s->n_numbers; k++)
			if (s->entries[i].numbers[k])
				return false;
	return true;
}

void skep_total_join(const struct skep_total *t, struct skep_snapshot *s, struct skep_arena *arena)
{
	_cleanup_(skep_hash_fini)
	struct skep_hash now = {};
	struct skep_snapshot_entry *entries;
	size_t size = s->n_keys ? s->key_size : 0;

	if (!t->keys.len || (s->is_level && !is_empty(s)))
		return;
	if (s->is_level)
		s->n_entries = 0;
	entries = skep_arena_calloc(arena, s->n_entries + t->keys.len, sizeof(*entries));
	for (size_t i = 0; i < s->n_entries; i++) {
		const void *key = size ? s->entries[i].key : "";
		const uint64_t *before = skep_hash_get(&t->keys, key, size);

		entries[i] = s->entries[i];
		if (!before)
			continue;
		entries[i].numbers = add_up(s, &s->entries[i], before, arena);
		skep_hash_set(&now, key, size, entries);
	}
	for (size_t i = 0; i < t->keys.cap; i++) {
		const struct skep_hash_entry *e = &t->keys.entries[i];

		if (e->value && !skep_hash_get(&now, e->key, e->key_len))
			entries[s->n_entries++] = (struct skep_snapshot_entry){
				.key = e->key,
				.numbers = e->value,
			};
	}
	s->entries = entries;
}

void skep_total_fini(struct skep_total *t)
{
	skep_hash_fini(&t->keys);
	skep_arena_free(t->arena);
	*t = (struct skep_total){ .n_no_room = t->n_no_room };
}
