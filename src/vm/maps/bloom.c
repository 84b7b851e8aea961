/* SPDX-License-Identifier: Apache-2.0 */
/* Bloom filters: a value was surely never pushed, or maybe it was. */
#include <errno.h>

#include "vm/maps/maps.h"

#define HASHES_DEFAULT 5
#define HASHES_MAX 15

struct bloom {
	uint32_t n_hashes;
	uint64_t mask; /* of bit numbers */
	uint8_t *bits;
};

/* Bits for few false positives: entries * hashes / ln 2, rounded up to a power of two. */
static int init(struct skep_vm_map *map, const struct skep_vm_map_def *def)
{
	struct bloom *b = calloc(1, sizeof(*b));
	uint64_t bits = 64, wanted;

	if (!b)
		return -ENOMEM;
	map->state = b;
	if (map->extra > HASHES_MAX)
		return -EINVAL;
	b->n_hashes = map->extra ? (uint32_t)map->extra : HASHES_DEFAULT;
	wanted = (uint64_t)map->max_entries * b->n_hashes * 7 / 5;
	while (bits < wanted && bits < 1ull << 32)
		bits *= 2;
	b->mask = bits - 1;
	return vm_map_alloc(map->vm, bits / 8, 1, (void **)&b->bits);
}

static void fini(struct skep_vm_map *map)
{
	struct bloom *b = map->state;

	if (b)
		free(b->bits);
	free(b);
}

static int push(struct skep_vm_map *map, const void *value, uint64_t flags)
{
	struct bloom *b = map->state;

	if (flags != SKEP_MAP_ANY)
		return -EINVAL;
	for (uint32_t i = 0; i < b->n_hashes; i++) {
		uint64_t bit = vm_hash(value, map->value_size, i + 1) & b->mask;

		__atomic_fetch_or(&b->bits[bit / 8], (uint8_t)(1u << bit % 8), __ATOMIC_RELAXED);
	}
	return 0;
}

/* The value is what is asked about. */
static int peek(struct skep_vm_map *map, void *value)
{
	struct bloom *b = map->state;

	for (uint32_t i = 0; i < b->n_hashes; i++) {
		uint64_t bit = vm_hash(value, map->value_size, i + 1) & b->mask;

		if (!(b->bits[bit / 8] >> bit % 8 & 1))
			return -ENOENT;
	}
	return 0;
}

static int get(struct skep_vm_map *map, const void *key, void *value)
{
	return peek(map, value);
}

static int set(struct skep_vm_map *map, const void *key, const void *value, uint64_t flags)
{
	return push(map, value, flags);
}

const struct vm_map_ops vm_bloom_ops = {
	.init = init,
	.fini = fini,
	.get = get,
	.set = set,
	.push = push,
	.peek = peek,
};
