/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "vm/maps/hidden.h"

int vm_hidden_new(struct skep_vm_map *map, uint32_t key_size, uint32_t value_size,
		  uint32_t max_entries)
{
	struct skep_vm_map *hash = calloc(1, sizeof(*hash));

	if (!hash)
		return -ENOMEM;
	map->state = hash;
	hash->ops = &vm_hash_ops;
	hash->kind = skep_map_kind_find(SKEP_MAP_HASH);
	hash->vm = map->vm;
	hash->key_size = key_size;
	hash->value_size = value_size;
	hash->max_entries = max_entries;
	return vm_hash_ops.init(hash, NULL);
}

void vm_hidden_free(struct skep_vm_map *map)
{
	if (map->state)
		vm_hash_ops.fini(map->state);
	free(map->state);
}

int vm_hidden_get(struct skep_vm_map *map, const void *key, void *ret_value)
{
	return vm_hash_ops.get(map->state, key, ret_value);
}

int vm_hidden_remove(struct skep_vm_map *map, const void *key)
{
	return vm_hash_ops.remove(map->state, key);
}

int vm_hidden_next(struct skep_vm_map *map, const void *key, void *ret_key)
{
	return vm_hash_ops.next(map->state, key, ret_key);
}
