/* SPDX-License-Identifier: Apache-2.0 */
/* Which code stands behind which kind of map, and what all kinds share. */
#include <errno.h>
#include <string.h>

#include "vm/maps/maps.h"

static const struct vm_map_ops *const table[] = {
	[SKEP_MAP_HASH] = &vm_hash_ops,
	[SKEP_MAP_ARRAY] = &vm_array_ops,
	[SKEP_MAP_PROG_ARRAY] = &vm_prog_array_ops,
	[SKEP_MAP_PERF_EVENT_ARRAY] = &vm_perf_ops,
	[SKEP_MAP_PERCPU_HASH] = &vm_hash_ops,
	[SKEP_MAP_PERCPU_ARRAY] = &vm_array_ops,
	[SKEP_MAP_STACK_TRACE] = &vm_stack_trace_ops,
	[SKEP_MAP_CGROUP_ARRAY] = &vm_target_array_ops,
	[SKEP_MAP_LRU_HASH] = &vm_hash_ops,
	[SKEP_MAP_LRU_PERCPU_HASH] = &vm_hash_ops,
	[SKEP_MAP_LPM_TRIE] = &vm_lpm_ops,
	[SKEP_MAP_ARRAY_OF_MAPS] = &vm_array_of_maps_ops,
	[SKEP_MAP_HASH_OF_MAPS] = &vm_hash_of_maps_ops,
	[SKEP_MAP_DEVMAP] = &vm_target_array_ops,
	[SKEP_MAP_SOCKMAP] = &vm_target_array_ops,
	[SKEP_MAP_CPUMAP] = &vm_target_array_ops,
	[SKEP_MAP_XSKMAP] = &vm_target_array_ops,
	[SKEP_MAP_SOCKHASH] = &vm_target_hash_ops,
	[SKEP_MAP_CGROUP_STORAGE] = &vm_storage_ops,
	[SKEP_MAP_REUSEPORT_SOCKARRAY] = &vm_target_array_ops,
	[SKEP_MAP_PERCPU_CGROUP_STORAGE] = &vm_storage_ops,
	[SKEP_MAP_QUEUE] = &vm_queue_ops,
	[SKEP_MAP_STACK] = &vm_stack_ops,
	[SKEP_MAP_SK_STORAGE] = &vm_storage_ops,
	[SKEP_MAP_DEVMAP_HASH] = &vm_target_hash_ops,
	[SKEP_MAP_RINGBUF] = &vm_ringbuf_ops,
	[SKEP_MAP_INODE_STORAGE] = &vm_storage_ops,
	[SKEP_MAP_TASK_STORAGE] = &vm_storage_ops,
	[SKEP_MAP_BLOOM_FILTER] = &vm_bloom_ops,
	[SKEP_MAP_USER_RINGBUF] = &vm_user_ringbuf_ops,
	[SKEP_MAP_CGRP_STORAGE] = &vm_storage_ops,
};

const struct vm_map_ops *vm_map_ops_find(uint32_t kind)
{
	return kind < ARRAY_SIZE(table) ? table[kind] : NULL;
}

int vm_map_alloc(struct skep_vm *vm, uint64_t n, uint64_t size, void **ret)
{
	uint64_t bytes;
	void *memory;

	if (__builtin_mul_overflow(n, size, &bytes) ||
	    bytes > vm->config.memory_max - vm->memory_used)
		return -ENOSPC;
	memory = calloc(bytes ? bytes : 1, 1);
	if (!memory)
		return -ENOMEM;
	vm->memory_used += bytes;
	*ret = memory;
	return 0;
}

int vm_values_alloc(struct skep_vm_map *map, uint64_t n)
{
	void *memory;
	int r;

	map->stride = ALIGN_UP(map->value_size, 8u);
	map->n_cpus = map->kind->traits & SKEP_TRAIT_PER_CPU ? map->vm->config.n_cpus : 1;
	map->n_values = n * map->n_cpus;
	r = vm_map_alloc(map->vm, map->n_values, map->stride, &memory);
	if (r < 0)
		return r;
	map->values = memory;
	return 0;
}

void vm_values_get(const struct skep_vm_map *map, uint64_t element, void *ret_value)
{
	if (map->n_cpus == 1 && !(map->kind->traits & SKEP_TRAIT_PER_CPU)) {
		memcpy(ret_value, vm_value_of(map, element, 0), map->value_size);
		return;
	}
	memcpy(ret_value, vm_value_of(map, element, 0), (size_t)map->stride * map->n_cpus);
}

void vm_values_set(struct skep_vm_map *map, uint64_t element, const void *value)
{
	for (uint32_t cpu = 0; cpu < map->n_cpus; cpu++)
		vm_value_copy(map, vm_value_of(map, element, cpu),
			      (const uint8_t *)value + (size_t)cpu * map->stride);
}

int vm_update_flags(const struct skep_vm_map *map, uint64_t flags)
{
	if ((flags & ~(uint64_t)SKEP_MAP_F_LOCK) > SKEP_MAP_EXIST)
		return -EINVAL;
	if ((flags & SKEP_MAP_F_LOCK) && !map->lock_off)
		return -EINVAL;
	return 0;
}

#define TIMER_SIZE 16
#define LOCK_SIZE 4

/* Bytes [lo, hi) but for a hole of @size at @offset_plus_1. */
static void copy_around(uint8_t *to, const uint8_t *from, uint32_t lo, uint32_t hi,
			uint32_t offset_plus_1, uint32_t size)
{
	uint32_t hole = offset_plus_1 ? offset_plus_1 - 1 : hi;

	if (hole < lo || hole >= hi) {
		memcpy(to + lo, from + lo, hi - lo);
		return;
	}
	memcpy(to + lo, from + lo, hole - lo);
	memcpy(to + hole + size, from + hole + size, hi - hole - size);
}

void vm_value_copy(const struct skep_vm_map *map, void *to, const void *from)
{
	uint32_t split;

	if (!map->timer_off && !map->lock_off) {
		memcpy(to, from, map->value_size);
		return;
	}
	/* One hole on each side of where the later one begins. */
	split = MAX(map->timer_off, map->lock_off) - 1;
	copy_around(to, from, 0, split,
		    map->timer_off < map->lock_off ? map->timer_off : map->lock_off,
		    map->timer_off < map->lock_off ? TIMER_SIZE : LOCK_SIZE);
	copy_around(to, from, split, map->value_size, split + 1,
		    map->timer_off < map->lock_off ? LOCK_SIZE : TIMER_SIZE);
}

uint64_t vm_map_each(struct skep_vm_map *map, uint32_t cpu,
		     int (*each)(void *data, const void *key, void *value), void *data)
{
	uint8_t keys[2][512];
	const void *key = NULL;
	uint64_t n = 0;
	bool indexed = map->kind->traits & SKEP_TRAIT_INDEXED;

	if (vm_is_backed(map))
		return vm_backed_each(map, cpu, each, data);
	if (map->key_size > sizeof(keys[0]))
		return 0;
	for (unsigned turn = 0;; turn = !turn) {
		void *value;

		if (map->ops->next(map, key, keys[turn]) < 0)
			return n;
		/* A key that was removed meanwhile makes `next` begin anew; never go on for ever. */
		if (n > (uint64_t)map->max_entries * 2)
			return n;
		key = keys[turn];
		value = map->ops->lookup(map, cpu, key);
		if (!value && !indexed)
			continue;
		n++;
		if (each(data, key, value))
			return n;
	}
}
