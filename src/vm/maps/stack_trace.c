/* SPDX-License-Identifier: Apache-2.0 */
/* Stack traces by number: a trace's number is its hash, so the same trace has the same number. */
#include <errno.h>
#include <string.h>

#include "vm/maps/maps.h"

#define FAST_CMP (1u << 9) /* BPF_F_FAST_STACK_CMP: the same hash is the same trace */
#define REUSE (1u << 10)   /* BPF_F_REUSE_STACKID: a newer trace takes the place of another */

struct traces {
	uint32_t n_slots;	    /* a power of two */
	uint32_t *hashes, *lengths; /* length plus 1; 0: empty */
	uint64_t *ips;
	uint32_t depth; /* of each */
};

static int init(struct skep_vm_map *map, const struct skep_vm_map_def *def)
{
	struct traces *t = calloc(1, sizeof(*t));
	uint64_t n = 1;
	int r;

	if (!t)
		return -ENOMEM;
	map->state = t;
	while (n < map->max_entries)
		n *= 2;
	if (n > 1u << 31)
		return -E2BIG;
	t->n_slots = (uint32_t)n;
	t->depth = map->value_size / 8;
	r = vm_map_alloc(map->vm, n, sizeof(uint32_t), (void **)&t->hashes);
	if (r == 0)
		r = vm_map_alloc(map->vm, n, sizeof(uint32_t), (void **)&t->lengths);
	return r < 0 ? r : vm_map_alloc(map->vm, n, map->value_size, (void **)&t->ips);
}

static void fini(struct skep_vm_map *map)
{
	struct traces *t = map->state;

	if (t) {
		free(t->hashes);
		free(t->lengths);
		free(t->ips);
	}
	free(t);
}

int vm_stack_id(struct skep_vm_map *map, const uint64_t *ips, uint32_t n, uint64_t flags)
{
	struct traces *t = map->state;
	uint32_t hash, slot;
	uint64_t *mine;
	int r;

	n = MIN(n, t->depth);
	if (n == 0)
		return -EFAULT;
	hash = vm_hash(ips, n * 8, 0);
	slot = hash & (t->n_slots - 1);
	mine = t->ips + (uint64_t)slot * t->depth;
	r = (int)slot;
	vm_lock(&map->lock);
	if (t->lengths[slot] && t->hashes[slot] == hash &&
	    ((flags & FAST_CMP) ||
	     (t->lengths[slot] == n + 1 && memcmp(mine, ips, (size_t)n * 8) == 0))) {
		vm_unlock(&map->lock);
		return r;
	}
	if (t->lengths[slot] && !(flags & REUSE)) {
		r = -EEXIST;
	} else {
		memcpy(mine, ips, (size_t)n * 8);
		t->hashes[slot] = hash;
		t->lengths[slot] = n + 1;
	}
	vm_unlock(&map->lock);
	return r;
}

static uint32_t slot_of(const void *key)
{
	uint32_t slot;

	memcpy(&slot, key, sizeof(slot));
	return slot;
}

static int get(struct skep_vm_map *map, const void *key, void *ret_value)
{
	struct traces *t = map->state;
	uint32_t slot = slot_of(key), n;

	if (slot >= t->n_slots || !t->lengths[slot])
		return -ENOENT;
	n = t->lengths[slot] - 1;
	memset(ret_value, 0, map->value_size);
	memcpy(ret_value, t->ips + (uint64_t)slot * t->depth, (size_t)n * 8);
	return 0;
}

static int drop(struct skep_vm_map *map, const void *key)
{
	struct traces *t = map->state;
	uint32_t slot = slot_of(key);

	if (slot >= t->n_slots)
		return -E2BIG;
	if (!t->lengths[slot])
		return -ENOENT;
	t->lengths[slot] = 0;
	return 0;
}

static int next(struct skep_vm_map *map, const void *key, void *ret_key)
{
	struct traces *t = map->state;
	uint32_t slot = key ? slot_of(key) : UINT32_MAX;

	slot = !key || slot >= t->n_slots || !t->lengths[slot] ? 0 : slot + 1;
	for (; slot < t->n_slots; slot++)
		if (t->lengths[slot]) {
			memcpy(ret_key, &slot, sizeof(slot));
			return 0;
		}
	return -ENOENT;
}

const struct vm_map_ops vm_stack_trace_ops = {
	.init = init,
	.fini = fini,
	.get = get,
	.remove = drop,
	.next = next,
};
