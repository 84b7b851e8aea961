/* SPDX-License-Identifier: Apache-2.0 */
/* Arrays, one value or one value a CPU: all elements exist from the start and never go. */
#include <errno.h>
#include <string.h>

#include "vm/maps/maps.h"

static int init(struct skep_vm_map *map, const struct skep_vm_map_def *def)
{
	return vm_values_alloc(map, map->max_entries);
}

static void fini(struct skep_vm_map *map)
{
	free(map->values);
}

static uint32_t index_of(const void *key)
{
	uint32_t index;

	memcpy(&index, key, sizeof(index));
	return index;
}

static void *lookup(struct skep_vm_map *map, uint32_t cpu, const void *key)
{
	uint32_t index = index_of(key);

	return index < map->max_entries ? vm_value_of(map, index, cpu) : NULL;
}

static int check(const struct skep_vm_map *map, uint32_t index, uint64_t flags)
{
	int r = vm_update_flags(map, flags);

	if (r < 0)
		return r;
	if (index >= map->max_entries)
		return -E2BIG;
	return flags & SKEP_MAP_NOEXIST ? -EEXIST : 0;
}

static int update(struct skep_vm_map *map, uint32_t cpu, const void *key, const void *value,
		  uint64_t flags)
{
	uint32_t index = index_of(key);
	int r = check(map, index, flags);

	if (r < 0)
		return r;
	vm_value_copy(map, vm_value_of(map, index, cpu), value);
	return 0;
}

static int drop(struct skep_vm_map *map, const void *key)
{
	return -EINVAL;
}

static int next(struct skep_vm_map *map, const void *key, void *ret_key)
{
	uint32_t index = key ? index_of(key) : UINT32_MAX;

	index = index >= map->max_entries ? 0 : index + 1;
	if (index >= map->max_entries)
		return -ENOENT;
	memcpy(ret_key, &index, sizeof(index));
	return 0;
}

static int get(struct skep_vm_map *map, const void *key, void *ret_value)
{
	uint32_t index = index_of(key);

	if (index >= map->max_entries)
		return -ENOENT;
	vm_values_get(map, index, ret_value);
	return 0;
}

static int set(struct skep_vm_map *map, const void *key, const void *value, uint64_t flags)
{
	uint32_t index = index_of(key);
	int r = check(map, index, flags);

	if (r < 0)
		return r;
	vm_values_set(map, index, value);
	return 0;
}

const struct vm_map_ops vm_array_ops = {
	.init = init,
	.fini = fini,
	.lookup = lookup,
	.update = update,
	.remove = drop,
	.next = next,
	.get = get,
	.set = set,
};
