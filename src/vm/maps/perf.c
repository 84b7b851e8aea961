/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Perf event arrays: a stream of records for each CPU. Here all CPUs' records go through one ring, each with its CPU in
 * front; the slots of the machine's CPUs are open from the start. Counters (perf_event_read) are not in this machine.
 */
#include <errno.h>
#include <string.h>

#include "vm/maps/maps.h"
#include "vm/maps/ring.h"

#define RING_BYTES (1u << 20)
#define RECORD_MAX 65535u

struct perf {
	struct vm_ring ring;
	uint32_t *slots; /* what user space put there; not 0: open */
};

static int init(struct skep_vm_map *map, const struct skep_vm_map_def *def)
{
	struct perf *p = calloc(1, sizeof(*p));
	int r;

	if (!p)
		return -ENOMEM;
	map->state = p;
	r = vm_map_alloc(map->vm, map->max_entries, sizeof(uint32_t), (void **)&p->slots);
	if (r < 0)
		return r;
	for (uint32_t i = 0; i < map->max_entries && i < map->vm->config.n_cpus; i++)
		p->slots[i] = 1;
	return vm_ring_init(map->vm, &p->ring, RING_BYTES);
}

static void fini(struct skep_vm_map *map)
{
	struct perf *p = map->state;

	if (p) {
		free(p->slots);
		vm_ring_fini(&p->ring);
	}
	free(p);
}

int vm_perf_output(struct skep_vm_map *map, uint32_t index, uint32_t cpu, const void *data,
		   uint32_t size, const void *more, uint32_t more_size)
{
	struct perf *p = map->state;
	uint8_t *record;

	if (index >= map->max_entries)
		return -E2BIG;
	if (!p->slots[index])
		return -ENOENT;
	if (index != cpu)
		return -EOPNOTSUPP;
	if ((uint64_t)size + more_size > RECORD_MAX)
		return -E2BIG;
	record = vm_ring_take(&p->ring, 8ull + size + more_size);
	if (!record)
		return -ENOSPC;
	memcpy(record, &cpu, sizeof(cpu));
	memset(record + 4, 0, 4);
	if (size)
		memcpy(record + 8, data, size);
	if (more_size)
		memcpy(record + 8 + size, more, more_size);
	vm_ring_done(record, false);
	return 0;
}

static int drain(struct skep_vm_map *map,
		 int (*record)(void *data, uint32_t cpu, const void *bytes, size_t size),
		 void *data)
{
	struct perf *p = map->state;
	const uint8_t *bytes;
	uint32_t size, cpu;
	int n = 0, r;

	while ((bytes = vm_ring_front(&p->ring, &size))) {
		memcpy(&cpu, bytes, sizeof(cpu));
		r = record(data, cpu, bytes + 8, size - 8);
		vm_ring_pass(&p->ring);
		if (r < 0)
			return r;
		n++;
	}
	return n;
}

static uint64_t drops(const struct skep_vm_map *map)
{
	return ((const struct perf *)map->state)->ring.drops;
}

static int slot(const struct skep_vm_map *map, const void *key, uint32_t **ret_slot)
{
	struct perf *p = map->state;
	uint32_t index;

	memcpy(&index, key, sizeof(index));
	if (index >= map->max_entries)
		return -E2BIG;
	*ret_slot = &p->slots[index];
	return 0;
}

static int set(struct skep_vm_map *map, const void *key, const void *value, uint64_t flags)
{
	uint32_t *at, v;
	int r = slot(map, key, &at);

	if (flags != SKEP_MAP_ANY)
		return -EINVAL;
	if (r < 0)
		return r;
	memcpy(&v, value, sizeof(v));
	*at = v ? v : 1;
	return 0;
}

static int drop(struct skep_vm_map *map, const void *key)
{
	uint32_t *at;
	int r = slot(map, key, &at);

	if (r < 0)
		return r;
	if (!*at)
		return -ENOENT;
	*at = 0;
	return 0;
}

const struct vm_map_ops vm_perf_ops = {
	.init = init,
	.fini = fini,
	.set = set,
	.remove = drop,
	.drain = drain,
	.drops = drops,
};
