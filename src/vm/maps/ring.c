/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "vm/maps/maps.h"
#include "vm/maps/ring.h"

#define BUSY (1u << 31)
#define DISCARD (1u << 30)
#define HEADER 8u
#define RECORD_MAX (UINT32_MAX / 4)

int vm_ring_init(struct skep_vm *vm, struct vm_ring *ring, uint64_t size)
{
	ring->size = size;
	return vm_map_alloc(vm, size, 2, (void **)&ring->memory);
}

void vm_ring_fini(struct vm_ring *ring)
{
	free(ring->memory);
}

static uint32_t *header_at(const struct vm_ring *ring, uint64_t position)
{
	return (uint32_t *)(void *)(ring->memory + (position & (ring->size - 1)));
}

void *vm_ring_take(struct vm_ring *ring, uint64_t size)
{
	uint64_t whole = ALIGN_UP(size + HEADER, 8), end;
	uint32_t *header = NULL;

	if (size > RECORD_MAX || whole > ring->size)
		return NULL;
	vm_lock(&ring->lock);
	end = ring->producer + whole;
	if (end - __atomic_load_n(&ring->consumer, __ATOMIC_ACQUIRE) > ring->size - 1) {
		ring->drops++;
	} else {
		header = header_at(ring, ring->producer);
		header[0] = (uint32_t)size | BUSY;
		header[1] = 0;
		__atomic_store_n(&ring->producer, end, __ATOMIC_RELEASE);
	}
	vm_unlock(&ring->lock);
	return header ? header + 2 : NULL;
}

void vm_ring_done(void *data, bool discard)
{
	uint32_t *header = (uint32_t *)data - 2, length = header[0] & ~BUSY;

	__atomic_store_n(&header[0], discard ? length | DISCARD : length, __ATOMIC_RELEASE);
}

const void *vm_ring_front(struct vm_ring *ring, uint32_t *ret_size)
{
	while (ring->consumer < __atomic_load_n(&ring->producer, __ATOMIC_ACQUIRE)) {
		uint32_t *header = header_at(ring, ring->consumer);
		uint32_t length = __atomic_load_n(&header[0], __ATOMIC_ACQUIRE);

		if (length & BUSY)
			return NULL;
		if (!(length & DISCARD)) {
			*ret_size = length;
			return header + 2;
		}
		vm_ring_pass(ring);
	}
	return NULL;
}

void vm_ring_pass(struct vm_ring *ring)
{
	uint32_t length = *header_at(ring, ring->consumer) & ~DISCARD;

	__atomic_store_n(&ring->consumer, ring->consumer + ALIGN_UP((uint64_t)length + HEADER, 8),
			 __ATOMIC_RELEASE);
}

/* Ring buffers, from programs to user space and the other way. */

static int init(struct skep_vm_map *map, const struct skep_vm_map_def *def)
{
	struct vm_ring *ring = calloc(1, sizeof(*ring));

	if (!ring)
		return -ENOMEM;
	map->state = ring;
	return vm_ring_init(map->vm, ring, map->max_entries);
}

static void fini(struct skep_vm_map *map)
{
	if (map->state)
		vm_ring_fini(map->state);
	free(map->state);
}

void *vm_ring_reserve(struct skep_vm_map *map, uint64_t size)
{
	return vm_ring_take(map->state, size);
}

void vm_ring_commit(struct skep_vm_map *map, void *data, bool discard)
{
	vm_ring_done(data, discard);
}

uint64_t vm_ring_query(const struct skep_vm_map *map, uint64_t what)
{
	const struct vm_ring *ring = map->state;

	switch (what) {
	case 0: /* BPF_RB_AVAIL_DATA */
		return ring->producer - ring->consumer;
	case 1: /* BPF_RB_RING_SIZE */
		return ring->size;
	case 2: /* BPF_RB_CONS_POS */
		return ring->consumer;
	case 3: /* BPF_RB_PROD_POS */
		return ring->producer;
	default:
		return 0;
	}
}

static int drain(struct skep_vm_map *map,
		 int (*record)(void *data, uint32_t cpu, const void *bytes, size_t size),
		 void *data)
{
	struct vm_ring *ring = map->state;
	const void *bytes;
	uint32_t size;
	int n = 0, r;

	while ((bytes = vm_ring_front(ring, &size))) {
		r = record(data, 0, bytes, size);
		vm_ring_pass(ring);
		if (r < 0)
			return r;
		n++;
	}
	return n;
}

static uint64_t drops(const struct skep_vm_map *map)
{
	return ((const struct vm_ring *)map->state)->drops;
}

const struct vm_map_ops vm_ringbuf_ops = {
	.init = init,
	.fini = fini,
	.drain = drain,
	.drops = drops,
};

const void *vm_user_ring_peek(struct skep_vm_map *map, uint32_t *ret_size)
{
	return vm_ring_front(map->state, ret_size);
}

void vm_user_ring_release(struct skep_vm_map *map)
{
	vm_ring_pass(map->state);
}

int vm_user_ring_send(struct skep_vm_map *map, const void *bytes, size_t size)
{
	void *data = vm_ring_take(map->state, size);

	if (!data)
		return -ENOSPC;
	if (size)
		memcpy(data, bytes, size);
	vm_ring_done(data, false);
	return 0;
}

const struct vm_map_ops vm_user_ringbuf_ops = {
	.init = init,
	.fini = fini,
	.drops = drops,
};
