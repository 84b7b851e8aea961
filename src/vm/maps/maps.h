/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Maps: one file for each family of kinds, one row in table.c for each kind.
 *
 * A kind is a struct vm_map_ops. What programs can point to lies in map->values (machine.h), so that the checked machine
 * knows the bounds of each value; keys, lists and the like are in map->state, out of reach. Everything is allocated when
 * the map is made; pages that are never touched cost nothing.
 *
 * Two sides: programs see the value of their CPU and get addresses (lookup, update, remove); user space sees all CPUs'
 * values and gets copies (get, set). Where a kind has no get or set, user space goes the programs' way.
 *
 * Threads: lookups take no lock. Writers hold map->lock and count map->version when they change the structure, so that a
 * lookup that finds nothing while the version moved looks again.
 *
 * Errors are the kernel's: -ENOENT, -EEXIST, -E2BIG (full), -EINVAL (flags), -EBUSY...
 */
#pragma once

#include "vm/machine.h"

struct vm_map_ops {
	/* The sizes are valid for the kind. -ENOMEM, -EINVAL. */
	int (*init)(struct skep_vm_map *map, const struct skep_vm_map_def *def);
	void (*fini)(struct skep_vm_map *map);

	/* The value's address for a program on @cpu, or NULL. */
	void *(*lookup)(struct skep_vm_map *map, uint32_t cpu, const void *key);
	int (*update)(struct skep_vm_map *map, uint32_t cpu, const void *key, const void *value,
		      uint64_t flags);
	int (*remove)(struct skep_vm_map *map, const void *key);
	/* @key NULL, or no longer there: the first. -ENOENT at the end. */
	int (*next)(struct skep_vm_map *map, const void *key, void *ret_key);

	int (*get)(struct skep_vm_map *map, const void *key, void *ret_value);
	int (*set)(struct skep_vm_map *map, const void *key, const void *value, uint64_t flags);

	int (*push)(struct skep_vm_map *map, const void *value, uint64_t flags);
	int (*pop)(struct skep_vm_map *map, void *ret_value);
	int (*peek)(struct skep_vm_map *map, void *ret_value);

	/* The key of the element that a value is in; NULL: it is an index. */
	const void *(*key_of)(const struct skep_vm_map *map, const uint8_t *value);

	/* Hands over each record and removes it. */
	int (*drain)(struct skep_vm_map *map,
		     int (*record)(void *data, uint32_t cpu, const void *bytes, size_t size),
		     void *data);
	uint64_t (*drops)(const struct skep_vm_map *map);
};

/* NULL: this machine has no such kind. */
const struct vm_map_ops *vm_map_ops_find(uint32_t kind);

/* Makes @n elements of values that programs can reach, each as often as there are CPUs in per-CPU kinds. */
int vm_values_alloc(struct skep_vm_map *map, uint64_t n) _must_check_;
/* Zeroed memory that counts against the machine's limit: -ENOSPC beyond it. Freed with free. */
int vm_map_alloc(struct skep_vm *vm, uint64_t n, uint64_t size, void **ret) _must_check_;

/* The element that @value is in, and the address of one CPU's value of it. */
static inline uint64_t vm_element_of(const struct skep_vm_map *map, const uint8_t *value)
{
	return (uint64_t)(value - map->values) / map->stride / map->n_cpus;
}

static inline uint8_t *vm_value_of(const struct skep_vm_map *map, uint64_t element, uint32_t cpu)
{
	return map->values + (element * map->n_cpus + cpu) * map->stride;
}

/* All CPUs' values of an element, as user space has them: each rounded up to 8 bytes. */
void vm_values_get(const struct skep_vm_map *map, uint64_t element, void *ret_value);
void vm_values_set(struct skep_vm_map *map, uint64_t element, const void *value);

/* Flags of an update that any kind knows. -EINVAL. */
int vm_update_flags(const struct skep_vm_map *map, uint64_t flags) _must_check_;

/* Copies a value but for its spin lock and timer, which belong to the machine. */
void vm_value_copy(const struct skep_vm_map *map, void *to, const void *from);

/* Hash of @size bytes. */
uint32_t vm_hash(const void *key, uint32_t size, uint32_t seed);

/* The program in slot @index, or NULL. (progs.c) */
const struct vm_prog *vm_prog_array_get(struct skep_vm_map *map, uint32_t index);

/* Rings (ring.c). Reserve: NULL when there is no room, or the size is out of bounds. */
void *vm_ring_reserve(struct skep_vm_map *map, uint64_t size);
void vm_ring_commit(struct skep_vm_map *map, void *data, bool discard);
uint64_t vm_ring_query(const struct skep_vm_map *map, uint64_t what);
/* The next record that user space sent, or NULL; to be released. */
const void *vm_user_ring_peek(struct skep_vm_map *map, uint32_t *ret_size);
void vm_user_ring_release(struct skep_vm_map *map);
int vm_user_ring_send(struct skep_vm_map *map, const void *bytes, size_t size);

/* Perf event arrays (perf.c): a record of two parts. */
int vm_perf_output(struct skep_vm_map *map, uint32_t index, uint32_t cpu, const void *data,
		   uint32_t size, const void *more, uint32_t more_size);

/* Stack traces (stack_trace.c): the id of a trace, or -errno. */
int vm_stack_id(struct skep_vm_map *map, const uint64_t *ips, uint32_t n, uint64_t flags);

/* Storages (storage.c): the value of @owner, made when @create. */
void *vm_storage_get(struct skep_vm_map *map, uint32_t cpu, uint64_t owner, const void *first,
		     bool create);
int vm_storage_delete(struct skep_vm_map *map, uint64_t owner);

/* Maps that are elsewhere (backed.c): their operations, NULL for kinds that cannot be. */
const struct vm_map_ops *vm_backed_ops(const struct skep_vm_map_def *def);
bool vm_is_backed(const struct skep_vm_map *map);
uint64_t vm_backed_each(struct skep_vm_map *map, uint32_t cpu,
			int (*each)(void *data, const void *key, void *value), void *data);
/* An instruction holds the address of the array's element 0. */
void vm_backed_fix(struct skep_vm_map *map);
/* Before and after a run. finish: NULL, or what failed without the program having been told. */
void vm_backed_begin(struct skep_vm *vm);
const char *vm_backed_finish(struct skep_vm *vm);

/* Timers of an element that goes away never fire. (timers.c) */
void vm_timers_forget(struct skep_vm_map *map, const uint8_t *value);

/* Calls @each for every element of a hash or array until it returns not 0. Returns how often. */
uint64_t vm_map_each(struct skep_vm_map *map, uint32_t cpu,
		     int (*each)(void *data, const void *key, void *value), void *data);

extern const struct vm_map_ops vm_array_ops, vm_hash_ops, vm_lpm_ops, vm_prog_array_ops,
	vm_array_of_maps_ops, vm_hash_of_maps_ops, vm_queue_ops, vm_stack_ops, vm_bloom_ops,
	vm_ringbuf_ops, vm_user_ringbuf_ops, vm_perf_ops, vm_stack_trace_ops, vm_target_array_ops,
	vm_target_hash_ops, vm_storage_ops;
