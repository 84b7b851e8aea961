/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arrays of programs and of maps, hashes of maps: elements are numbers of things in this machine. User space fills them;
 * programs use what they stand for.
 */
#include <errno.h>
#include <string.h>

#include "vm/maps/hidden.h"
#include "vm/maps/maps.h"

static uint32_t number(const void *bytes)
{
	uint32_t n;

	memcpy(&n, bytes, sizeof(n));
	return n;
}

/* Slots: the number plus 1, 0 when empty. */

static int slots_init(struct skep_vm_map *map, const struct skep_vm_map_def *def)
{
	return vm_map_alloc(map->vm, map->max_entries, sizeof(uint32_t), &map->state);
}

static void slots_fini(struct skep_vm_map *map)
{
	free(map->state);
}

static int slots_get(struct skep_vm_map *map, const void *key, void *ret_value)
{
	uint32_t *slots = map->state, value;

	if (number(key) >= map->max_entries || !slots[number(key)])
		return -ENOENT;
	value = slots[number(key)] - 1;
	memcpy(ret_value, &value, sizeof(value));
	return 0;
}

static int slots_set(struct skep_vm_map *map, const void *key, uint32_t value, uint64_t flags)
{
	uint32_t *slots = map->state;

	if (flags != SKEP_MAP_ANY)
		return -EINVAL;
	if (number(key) >= map->max_entries)
		return -E2BIG;
	__atomic_store_n(&slots[number(key)], value + 1, __ATOMIC_RELEASE);
	return 0;
}

static int slots_drop(struct skep_vm_map *map, const void *key)
{
	uint32_t *slots = map->state;

	if (number(key) >= map->max_entries)
		return -E2BIG;
	return __atomic_exchange_n(&slots[number(key)], 0, __ATOMIC_ACQ_REL) ? 0 : -ENOENT;
}

static int slots_next(struct skep_vm_map *map, const void *key, void *ret_key)
{
	uint32_t index = key ? number(key) : UINT32_MAX;

	index = index >= map->max_entries ? 0 : index + 1;
	if (index >= map->max_entries)
		return -ENOENT;
	memcpy(ret_key, &index, sizeof(index));
	return 0;
}

/* Programs: all of one kind, for they are given each other's context. */

static int prog_set(struct skep_vm_map *map, const void *key, const void *value, uint64_t flags)
{
	struct skep_vm *vm = map->vm;
	uint32_t *slots = map->state, prog = number(value);

	if (prog >= vm->n_progs)
		return -EBADF;
	for (uint32_t i = 0; i < map->max_entries && i < 4096; i++)
		if (slots[i] && vm->progs[slots[i] - 1]->kind != vm->progs[prog]->kind)
			return -EINVAL;
	return slots_set(map, key, prog, flags);
}

const struct vm_prog *vm_prog_array_get(struct skep_vm_map *map, uint32_t index)
{
	uint32_t *slots = map->state, slot;

	if (index >= map->max_entries)
		return NULL;
	slot = __atomic_load_n(&slots[index], __ATOMIC_ACQUIRE);
	return slot ? map->vm->progs[slot - 1] : NULL;
}

const struct vm_map_ops vm_prog_array_ops = {
	.init = slots_init,
	.fini = slots_fini,
	.remove = slots_drop,
	.next = slots_next,
	.get = slots_get,
	.set = prog_set,
};

/* Maps: like the one that the definition names. */

static bool alike(const struct skep_vm_map *inner, const struct skep_vm_map *map)
{
	bool any_size = inner->flags & SKEP_MAP_F_INNER_MAP;

	return map->ops && map->kind == inner->kind && map->key_size == inner->key_size &&
	       map->value_size == inner->value_size &&
	       (map->flags & ~SKEP_MAP_F_INNER_MAP) == (inner->flags & ~SKEP_MAP_F_INNER_MAP) &&
	       (map->kind->id != SKEP_MAP_ARRAY || any_size ||
		map->max_entries == inner->max_entries);
}

static int inner_init(struct skep_vm_map *map, const struct skep_vm_map_def *def)
{
	struct skep_vm *vm = map->vm;

	if (def->inner >= vm->n_maps || (vm->maps[def->inner].kind->traits & SKEP_TRAIT_NESTED))
		return -EINVAL;
	map->inner = &vm->maps[def->inner];
	return 0;
}

static int inner_check(const struct skep_vm_map *map, uint32_t index)
{
	if (index >= map->vm->n_maps)
		return -EBADF;
	return alike(map->inner, &map->vm->maps[index]) ? 0 : -EINVAL;
}

static int array_init(struct skep_vm_map *map, const struct skep_vm_map_def *def)
{
	int r = inner_init(map, def);

	return r < 0 ? r : slots_init(map, def);
}

static void *array_lookup(struct skep_vm_map *map, uint32_t cpu, const void *key)
{
	uint32_t *slots = map->state, slot;

	if (number(key) >= map->max_entries)
		return NULL;
	slot = __atomic_load_n(&slots[number(key)], __ATOMIC_ACQUIRE);
	return slot ? &map->vm->maps[slot - 1] : NULL;
}

static int array_set(struct skep_vm_map *map, const void *key, const void *value, uint64_t flags)
{
	int r = inner_check(map, number(value));

	return r < 0 ? r : slots_set(map, key, number(value), flags);
}

const struct vm_map_ops vm_array_of_maps_ops = {
	.init = array_init,
	.fini = slots_fini,
	.lookup = array_lookup,
	.remove = slots_drop,
	.next = slots_next,
	.get = slots_get,
	.set = array_set,
};

static int hash_init(struct skep_vm_map *map, const struct skep_vm_map_def *def)
{
	int r = inner_init(map, def);

	return r < 0 ? r : vm_hidden_new(map, map->key_size, 4, map->max_entries);
}

static void *hash_lookup(struct skep_vm_map *map, uint32_t cpu, const void *key)
{
	void *value = vm_hash_ops.lookup(map->state, 0, key);

	return value ? &map->vm->maps[number(value)] : NULL;
}

static int hash_set(struct skep_vm_map *map, const void *key, const void *value, uint64_t flags)
{
	int r = inner_check(map, number(value));

	return r < 0 ? r : vm_hash_ops.set(map->state, key, value, flags);
}

const struct vm_map_ops vm_hash_of_maps_ops = {
	.init = hash_init,
	.fini = vm_hidden_free,
	.lookup = hash_lookup,
	.remove = vm_hidden_remove,
	.next = vm_hidden_next,
	.get = vm_hidden_get,
	.set = hash_set,
};
