/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Targets: interfaces, CPUs, sockets and cgroups that programs redirect to or compare with. Nothing is behind them here;
 * the machine keeps what user space put there, and a run records to which it was redirected (struct skep_vm_result).
 */
#include <errno.h>
#include <string.h>

#include "vm/maps/hidden.h"
#include "vm/maps/maps.h"

static int array_init(struct skep_vm_map *map, const struct skep_vm_map_def *def)
{
	int r = vm_map_alloc(map->vm, map->max_entries, 1, &map->state);

	return r < 0 ? r : vm_values_alloc(map, map->max_entries);
}

static void array_fini(struct skep_vm_map *map)
{
	free(map->state);
	free(map->values);
}

static uint32_t index_of(const void *key)
{
	uint32_t index;

	memcpy(&index, key, sizeof(index));
	return index;
}

static void *array_lookup(struct skep_vm_map *map, uint32_t cpu, const void *key)
{
	const uint8_t *there = map->state;
	uint32_t index = index_of(key);

	return index < map->max_entries && there[index] ? vm_value_of(map, index, 0) : NULL;
}

static int array_update(struct skep_vm_map *map, uint32_t cpu, const void *key, const void *value,
			uint64_t flags)
{
	uint8_t *there = map->state;
	uint32_t index = index_of(key);

	if (flags > SKEP_MAP_EXIST)
		return -EINVAL;
	if (index >= map->max_entries)
		return -E2BIG;
	if (flags == SKEP_MAP_NOEXIST &&
	    (there[index] || map->kind->id == SKEP_MAP_DEVMAP || map->kind->id == SKEP_MAP_CPUMAP))
		return -EEXIST;
	if (flags == SKEP_MAP_EXIST && !there[index] && map->kind->id != SKEP_MAP_DEVMAP &&
	    map->kind->id != SKEP_MAP_CPUMAP)
		return -ENOENT;
	memcpy(vm_value_of(map, index, 0), value, map->value_size);
	there[index] = 1;
	return 0;
}

static int array_set(struct skep_vm_map *map, const void *key, const void *value, uint64_t flags)
{
	return array_update(map, 0, key, value, flags);
}

/* Of interfaces and CPUs, taking out what is not there is no error. */
static int array_drop(struct skep_vm_map *map, const void *key)
{
	uint8_t *there = map->state;
	uint32_t index = index_of(key);
	bool lenient = map->kind->id == SKEP_MAP_DEVMAP || map->kind->id == SKEP_MAP_CPUMAP ||
		       map->kind->id == SKEP_MAP_XSKMAP;

	if (index >= map->max_entries)
		return -EINVAL;
	if (!there[index])
		return lenient ? 0 : -EINVAL;
	there[index] = 0;
	return 0;
}

static int array_next(struct skep_vm_map *map, const void *key, void *ret_key)
{
	uint32_t index = key ? index_of(key) : UINT32_MAX;

	index = index >= map->max_entries ? 0 : index + 1;
	if (index >= map->max_entries)
		return -ENOENT;
	memcpy(ret_key, &index, sizeof(index));
	return 0;
}

const struct vm_map_ops vm_target_array_ops = {
	.init = array_init,
	.fini = array_fini,
	.lookup = array_lookup,
	.update = array_update,
	.remove = array_drop,
	.next = array_next,
	.set = array_set,
};

/* The hidden hash's values are what programs may look at. */
static int hash_init(struct skep_vm_map *map, const struct skep_vm_map_def *def)
{
	struct skep_vm_map *hash;
	int r = vm_hidden_new(map, map->key_size, map->value_size, map->max_entries);

	if (r < 0)
		return r;
	hash = map->state;
	map->values = hash->values;
	map->n_values = hash->n_values;
	map->stride = hash->stride;
	map->n_cpus = 1;
	return 0;
}

static void *hash_lookup(struct skep_vm_map *map, uint32_t cpu, const void *key)
{
	return vm_hash_ops.lookup(map->state, 0, key);
}

static int hash_update(struct skep_vm_map *map, uint32_t cpu, const void *key, const void *value,
		       uint64_t flags)
{
	return vm_hash_ops.update(map->state, 0, key, value, flags);
}

static int hash_set(struct skep_vm_map *map, const void *key, const void *value, uint64_t flags)
{
	return vm_hash_ops.set(map->state, key, value, flags);
}

const struct vm_map_ops vm_target_hash_ops = {
	.init = hash_init,
	.fini = vm_hidden_free,
	.lookup = hash_lookup,
	.update = hash_update,
	.remove = vm_hidden_remove,
	.next = vm_hidden_next,
	.get = vm_hidden_get,
	.set = hash_set,
};
