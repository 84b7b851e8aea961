/* SPDX-License-Identifier: Apache-2.0 */
#include "who/kept.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"

/* New stacks between two sweeps, at least. */
#define ROOM_MIN (SKEP_KEPT_STACKS / 16)

struct copy {
	uint64_t id;
	uint64_t *addresses;
	unsigned age; /* sweeps since it was marked */
	uint32_t n;
};

struct ids {
	SKEP_VEC(uint64_t);
};

struct skep_kept {
	const struct skep_engine *engine;
	struct skep_loaded *loaded;
	struct skep_kept_maps maps;
	struct ids marks;
	struct {
		SKEP_VEC(struct copy);
	} copies;	/* by id */
	uint64_t count; /* at the last sweep */
	size_t left;	/* stacks in the map after it */
};

int skep_kept_new(const struct skep_engine *engine, struct skep_loaded *loaded,
		  const struct skep_kept_maps *maps, struct skep_kept **ret_kept)
{
	struct skep_kept *kept = calloc(1, sizeof(*kept));

	if (!kept)
		return -ENOMEM;
	kept->engine = engine;
	kept->loaded = loaded;
	kept->maps = *maps;
	*ret_kept = kept;
	return 0;
}

void skep_kept_free(struct skep_kept *kept)
{
	if (!kept)
		return;
	for (size_t i = 0; i < kept->copies.len; i++)
		free(kept->copies.data[i].addresses);
	skep_vec_fini(&kept->copies);
	skep_vec_fini(&kept->marks);
	free(kept);
}

/* Also of copies, which begin with their id. */
static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void sort(struct ids *ids)
{
	if (ids->len)
		qsort(ids->data, ids->len, sizeof(*ids->data), compare);
}

static bool has(const struct ids *ids, uint64_t id)
{
	return ids->len && bsearch(&id, ids->data, ids->len, sizeof(id), compare);
}

int skep_kept_read(struct skep_kept *kept, uint64_t id, uint64_t *addresses)
{
	int r = kept->engine->map_get(kept->loaded, (size_t)kept->maps.stacks, &id, addresses);
	const struct copy *copy;

	if (r != -ENOENT || !kept->copies.len)
		return r;
	copy = bsearch(&id, kept->copies.data, kept->copies.len, sizeof(*copy), compare);
	if (!copy)
		return -ENOENT;
	memset(addresses, 0, SKEP_UNWIND_DEPTH * sizeof(*addresses));
	memcpy(addresses, copy->addresses, copy->n * sizeof(*addresses));
	return 0;
}

static uint64_t count(const struct skep_kept *kept)
{
	uint32_t zero = 0;
	uint64_t n;

	return kept->engine->map_get(kept->loaded, (size_t)kept->maps.count, &zero, &n) < 0
		       ? kept->count
		       : n;
}

bool skep_kept_due(struct skep_kept *kept)
{
	size_t room = SKEP_KEPT_STACKS - MIN(kept->left, (size_t)SKEP_KEPT_STACKS);

	return count(kept) - kept->count >= MAX(room / 2, (size_t)ROOM_MIN);
}

void skep_kept_mark(struct skep_kept *kept, uint64_t id)
{
	skep_vec_add(&kept->marks, id);
}

void skep_kept_forget(struct skep_kept *kept)
{
	skep_vec_fini(&kept->marks);
}

/* What is in the map now. One that comes meanwhile may be left out, and waits for the next sweep. */
static void read_ids(const struct skep_kept *kept, struct ids *ids)
{
	uint64_t id, last;
	int r = kept->engine->map_next(kept->loaded, (size_t)kept->maps.stacks, NULL, &id);

	while (r == 0 && ids->len < SKEP_KEPT_STACKS) {
		skep_vec_add(ids, id);
		last = id;
		r = kept->engine->map_next(kept->loaded, (size_t)kept->maps.stacks, &last, &id);
	}
	sort(ids);
}

/* Copies that are in the map again, and those that are too old, go. */
static void age_copies(struct skep_kept *kept, const struct ids *ids)
{
	size_t n = 0;

	for (size_t i = 0; i < kept->copies.len; i++) {
		struct copy copy = kept->copies.data[i];

		copy.age = has(&kept->marks, copy.id) ? 0 : copy.age + 1;
		if (copy.age >= SKEP_KEPT_SWEEPS || has(ids, copy.id))
			free(copy.addresses);
		else
			kept->copies.data[n++] = copy;
	}
	kept->copies.len = n;
}

static bool take_out(struct skep_kept *kept, uint64_t id, uint64_t *addresses)
{
	struct copy copy = { .id = id };

	if (kept->engine->map_get(kept->loaded, (size_t)kept->maps.stacks, &id, addresses) < 0)
		return false;
	while (copy.n < SKEP_UNWIND_DEPTH && addresses[copy.n])
		copy.n++;
	copy.addresses = malloc((copy.n + 1) * sizeof(*addresses));
	if (!copy.addresses || !skep_vec_push(&kept->copies, copy)) {
		free(copy.addresses);
		return false;
	}
	memcpy(copy.addresses, addresses, copy.n * sizeof(*addresses));
	return kept->engine->map_delete(kept->loaded, (size_t)kept->maps.stacks, &id) == 0;
}

void skep_kept_sweep(struct skep_kept *kept)
{
	uint64_t addresses[SKEP_UNWIND_DEPTH], now = count(kept);
	struct ids ids = {};

	read_ids(kept, &ids);
	sort(&kept->marks);
	age_copies(kept, &ids);
	kept->left = ids.len;
	for (size_t i = 0; i < ids.len; i++)
		if (!has(&kept->marks, ids.data[i]) && take_out(kept, ids.data[i], addresses))
			kept->left--;
	if (kept->copies.len)
		qsort(kept->copies.data, kept->copies.len, sizeof(*kept->copies.data), compare);
	kept->count = now;
	skep_vec_fini(&ids);
	skep_vec_fini(&kept->marks);
}
