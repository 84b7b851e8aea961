/* SPDX-License-Identifier: Apache-2.0 */
/* Queues and stacks: values in a circle, from `first` on, `count` of them. */
#include <errno.h>
#include <string.h>

#include "vm/maps/maps.h"

struct queue {
	uint8_t *slots;
	uint32_t first, count;
};

static int init(struct skep_vm_map *map, const struct skep_vm_map_def *def)
{
	struct queue *q = calloc(1, sizeof(*q));

	if (!q)
		return -ENOMEM;
	map->state = q;
	return vm_map_alloc(map->vm, map->max_entries, map->value_size, (void **)&q->slots);
}

static void fini(struct skep_vm_map *map)
{
	struct queue *q = map->state;

	if (q)
		free(q->slots);
	free(q);
}

static uint8_t *slot(const struct skep_vm_map *map, const struct queue *q, uint32_t i)
{
	return q->slots + (uint64_t)(((uint64_t)q->first + i) % map->max_entries) * map->value_size;
}

/* BPF_EXIST: when it is full, the oldest makes room. */
static int push(struct skep_vm_map *map, const void *value, uint64_t flags)
{
	struct queue *q = map->state;
	int r = 0;

	if ((flags & SKEP_MAP_NOEXIST) || flags > SKEP_MAP_EXIST)
		return -EINVAL;
	vm_lock(&map->lock);
	if (q->count == map->max_entries) {
		if (flags & SKEP_MAP_EXIST) {
			q->first = (uint32_t)(((uint64_t)q->first + 1) % map->max_entries);
			q->count--;
		} else {
			r = -E2BIG;
		}
	}
	if (r == 0)
		memcpy(slot(map, q, q->count++), value, map->value_size);
	vm_unlock(&map->lock);
	return r;
}

/* The value that is next, which goes when @take. An empty map gives zeroes. */
static int give(struct skep_vm_map *map, void *ret_value, bool take)
{
	struct queue *q = map->state;
	bool stack = map->kind->id == SKEP_MAP_STACK;
	int r = 0;

	vm_lock(&map->lock);
	if (q->count == 0) {
		memset(ret_value, 0, map->value_size);
		r = -ENOENT;
	} else {
		memcpy(ret_value, slot(map, q, stack ? q->count - 1 : 0), map->value_size);
		if (take) {
			q->count--;
			if (!stack)
				q->first = (uint32_t)(((uint64_t)q->first + 1) % map->max_entries);
		}
	}
	vm_unlock(&map->lock);
	return r;
}

static int pop(struct skep_vm_map *map, void *ret_value)
{
	return give(map, ret_value, true);
}

static int peek(struct skep_vm_map *map, void *ret_value)
{
	return give(map, ret_value, false);
}

static int get(struct skep_vm_map *map, const void *key, void *ret_value)
{
	return give(map, ret_value, false);
}

static int set(struct skep_vm_map *map, const void *key, const void *value, uint64_t flags)
{
	return push(map, value, flags);
}

#define OPS                                                                                   \
	{                                                                                     \
		.init = init, .fini = fini, .get = get, .set = set, .push = push, .pop = pop, \
		.peek = peek,                                                                 \
	}
const struct vm_map_ops vm_queue_ops = OPS;
const struct vm_map_ops vm_stack_ops = OPS;
