/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Storages: a value for each task, socket, inode or cgroup. An owner is a number here: the address that the program
 * gives, or what user space has as the key. At most OWNERS_MAX have a value; further ones get none.
 */
#include <errno.h>
#include <string.h>

#include "vm/maps/hidden.h"
#include "vm/maps/maps.h"

#define OWNERS_MAX 4096

static int init(struct skep_vm_map *map, const struct skep_vm_map_def *def)
{
	struct skep_vm_map *hash = calloc(1, sizeof(*hash));
	int r;

	if (!hash)
		return -ENOMEM;
	map->state = hash;
	hash->ops = &vm_hash_ops;
	hash->kind = skep_map_kind_find(
		map->kind->traits & SKEP_TRAIT_PER_CPU ? SKEP_MAP_PERCPU_HASH : SKEP_MAP_HASH);
	hash->vm = map->vm;
	hash->key_size = sizeof(uint64_t);
	hash->value_size = map->value_size;
	hash->max_entries = OWNERS_MAX;
	r = vm_hash_ops.init(hash, NULL);
	if (r < 0)
		return r;
	map->values = hash->values;
	map->n_values = hash->n_values;
	map->stride = hash->stride;
	map->n_cpus = hash->n_cpus;
	return 0;
}

void *vm_storage_get(struct skep_vm_map *map, uint32_t cpu, uint64_t owner, const void *first,
		     bool create)
{
	struct skep_vm_map *hash = map->state;
	void *value = vm_hash_ops.lookup(hash, cpu, &owner);

	/* A new value begins with what the program gives, or with zeroes. */
	if (value || !create || vm_hash_ops.update(hash, cpu, &owner, first, SKEP_MAP_NOEXIST) < 0)
		return value;
	return vm_hash_ops.lookup(hash, cpu, &owner);
}

int vm_storage_delete(struct skep_vm_map *map, uint64_t owner)
{
	return vm_hash_ops.remove(map->state, &owner);
}

/* User space's key: 8 bytes of a cgroup's id, or 4 of a descriptor. */
static uint64_t owner_of(const struct skep_vm_map *map, const void *key)
{
	uint64_t owner = 0;

	memcpy(&owner, key, MIN(map->key_size, sizeof(owner)));
	return owner;
}

static int get(struct skep_vm_map *map, const void *key, void *ret_value)
{
	uint64_t owner = owner_of(map, key);

	return vm_hash_ops.get(map->state, &owner, ret_value);
}

static int set(struct skep_vm_map *map, const void *key, const void *value, uint64_t flags)
{
	uint64_t owner = owner_of(map, key);

	return vm_hash_ops.set(map->state, &owner, value, flags);
}

static int drop(struct skep_vm_map *map, const void *key)
{
	return vm_storage_delete(map, owner_of(map, key));
}

static int next(struct skep_vm_map *map, const void *key, void *ret_key)
{
	uint64_t owner = key ? owner_of(map, key) : 0, found;
	int r = vm_hash_ops.next(map->state, key ? &owner : NULL, &found);

	if (r < 0)
		return r;
	memset(ret_key, 0, map->key_size);
	memcpy(ret_key, &found, MIN(map->key_size, sizeof(found)));
	return 0;
}

const struct vm_map_ops vm_storage_ops = {
	.init = init,
	.fini = vm_hidden_free,
	.remove = drop,
	.next = next,
	.get = get,
	.set = set,
};
