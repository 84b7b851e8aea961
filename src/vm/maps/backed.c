/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Maps whose elements are elsewhere (struct skep_vm_map_backing), above all in the kernel.
 *
 * A program wants addresses, the other side has only copies. So the first lookup of a key takes a slot:
 *
 *	values[]   the value that the program sees, and may write to
 *	fetched[]  what the other side had when it was fetched
 *	keys[]
 *
 * A slot that the program changed is written back before its key is looked up or updated again, before a walk, and when
 * the program has ended. Then all slots are free again. A walk fetches all keys first, each once: the other side begins anew
 * when the key that it should go on from was taken away meanwhile. In arrays a slot is its index, so that addresses of values that
 * stand in instructions (variables) are known; those are fetched before a program begins.
 *
 * Not as in the kernel: atomic operations are atomic here alone, and of two writers of one value the later one wins.
 * One thread at a time may run programs of a machine that has such maps.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "vm/maps/maps.h"

#define SLOTS_MAX 262144u /* keys that one run may look up in one map */

struct backed {
	struct skep_vm_map_backing on;
	uint32_t n_slots, used;
	uint32_t *index; /* hash table of slots plus 1; NULL in arrays */
	uint32_t mask;
	uint32_t *taken; /* arrays: the slots that are; else where in the index each slot is */
	uint8_t *keys, *fetched;
	uint8_t *live; /* LIVE, TAKEN */
	size_t bytes;  /* of an element as the other side has it: one value, or one for each CPU */
	bool fixed;    /* an instruction holds the address of element 0 */
	int error;     /* the first that the program could not be told */
	char why[160];
};

enum {
	LIVE = 1, /* goes back when it changed */
	TAKEN = 2,
};

static bool is_array(const struct skep_vm_map *map)
{
	return map->kind->traits & SKEP_TRAIT_INDEXED;
}

static int alloc_index(struct skep_vm_map *map, struct backed *b)
{
	uint32_t places = 2;

	while (places < b->n_slots * 2)
		places *= 2;
	b->mask = places - 1;
	return vm_map_alloc(map->vm, places, sizeof(uint32_t), (void **)&b->index);
}

static int alloc(struct skep_vm_map *map, struct backed *b)
{
	struct skep_vm *vm = map->vm;
	int r;

	/* Elements that go, by the program or by age, make room for others within one run. */
	b->n_slots = is_array(map)
			     ? map->max_entries
			     : (uint32_t)MIN((uint64_t)map->max_entries * 4 + 1024, SLOTS_MAX);
	r = vm_values_alloc(map, b->n_slots);
	b->bytes = map->kind->traits & SKEP_TRAIT_PER_CPU ? (size_t)map->stride * map->n_cpus
							  : map->value_size;
	if (r == 0)
		r = vm_map_alloc(vm, b->n_slots, (uint64_t)map->stride * map->n_cpus,
				 (void **)&b->fetched);
	if (r == 0)
		r = vm_map_alloc(vm, b->n_slots, 1, (void **)&b->live);
	if (r == 0)
		r = vm_map_alloc(vm, b->n_slots, map->key_size, (void **)&b->keys);
	if (r == 0)
		r = vm_map_alloc(vm, b->n_slots, sizeof(uint32_t), (void **)&b->taken);
	return r < 0 || is_array(map) ? r : alloc_index(map, b);
}

static int init(struct skep_vm_map *map, const struct skep_vm_map_def *def)
{
	struct backed *b = calloc(1, sizeof(*b));

	if (!b)
		return -ENOMEM;
	map->state = b;
	b->on = *def->backing;
	return map->kind->traits & SKEP_TRAIT_KEYLESS ? 0 : alloc(map, b);
}

static void fini(struct skep_vm_map *map)
{
	struct backed *b = map->state;

	if (b) {
		free(b->index);
		free(b->taken);
		free(b->keys);
		free(b->fetched);
		free(b->live);
	}
	free(b);
	free(map->values);
}

/* Slots. */

static uint8_t *key_of_slot(const struct skep_vm_map *map, const struct backed *b, uint32_t slot)
{
	return b->keys + (size_t)slot * map->key_size;
}

static uint8_t *fetched_of(const struct skep_vm_map *map, const struct backed *b, uint32_t slot)
{
	return b->fetched + (size_t)slot * map->stride * map->n_cpus;
}

/* Where in the index the key is, or where it would come. */
static uint32_t place_of(const struct skep_vm_map *map, const struct backed *b, const void *key)
{
	uint32_t at = vm_hash(key, map->key_size, 0) & b->mask;

	while (b->index[at] &&
	       memcmp(key_of_slot(map, b, b->index[at] - 1), key, map->key_size) != 0)
		at = (at + 1) & b->mask;
	return at;
}

/* False: the key has none. */
static bool find_slot(const struct skep_vm_map *map, const struct backed *b, const void *key,
		      uint32_t *ret_slot)
{
	uint32_t slot;

	if (b->index) {
		slot = b->index[place_of(map, b, key)] - 1;
	} else {
		memcpy(&slot, key, sizeof(slot));
		if (slot < b->n_slots && !(b->live[slot] & TAKEN))
			return false;
	}
	if (slot >= b->n_slots)
		return false;
	*ret_slot = slot;
	return true;
}

/* Finds or takes one. -ENOENT: outside of the array; -EMLINK: all are taken. */
static int slot_for(const struct skep_vm_map *map, struct backed *b, const void *key,
		    uint32_t *ret_slot)
{
	uint32_t slot = b->used, place;

	if (find_slot(map, b, key, ret_slot))
		return 0;
	if (!b->index) {
		memcpy(&slot, key, sizeof(slot));
		if (slot >= b->n_slots)
			return -ENOENT;
		b->taken[b->used] = slot;
	} else {
		if (slot == b->n_slots)
			return -EMLINK;
		place = place_of(map, b, key);
		b->index[place] = slot + 1;
		b->taken[slot] = place;
	}
	b->used++;
	memcpy(key_of_slot(map, b, slot), key, map->key_size);
	b->live[slot] = TAKEN;
	*ret_slot = slot;
	return 0;
}

/* Errors that a lookup or a store into a value cannot give: the run ends with them. */
static void complain(struct skep_vm_map *map, struct backed *b, const char *what, int r)
{
	if (r >= 0 || b->error)
		return;
	b->error = r;
	if (r == -EMLINK)
		snprintf(b->why, sizeof(b->why),
			 "it looks up more than %u keys of map %.32s, which is elsewhere",
			 b->n_slots, map->name);
	else
		snprintf(b->why, sizeof(b->why), "%s map %.32s, which is elsewhere: %s", what,
			 map->name, strerror(-r));
}

/* What the program changed goes to the other side. An element that is gone there stays gone. */
static void write_back(struct skep_vm_map *map, struct backed *b, uint32_t slot)
{
	const uint8_t *value = vm_value_of(map, slot, 0);
	int r;

	if (!(b->live[slot] & LIVE) || memcmp(value, fetched_of(map, b, slot), b->bytes) == 0)
		return;
	/* Which prefix an address was found by only the other side knows. */
	if (map->kind->id == SKEP_MAP_LPM_TRIE)
		r = -EOPNOTSUPP;
	else
		r = b->on.set(b->on.data, key_of_slot(map, b, slot), value,
			      is_array(map) ? SKEP_MAP_ANY : SKEP_MAP_EXIST);
	memcpy(fetched_of(map, b, slot), value, b->bytes);
	complain(map, b, "cannot write to", r == -ENOENT ? 0 : r);
}

static void write_all_back(struct skep_vm_map *map, struct backed *b)
{
	for (uint32_t i = 0; i < b->used; i++)
		write_back(map, b, b->index ? i : b->taken[i]);
}

static int fetch(struct skep_vm_map *map, struct backed *b, uint32_t slot)
{
	uint8_t *fetched = fetched_of(map, b, slot);
	int r = b->on.get(b->on.data, key_of_slot(map, b, slot), fetched);

	b->live[slot] = r < 0 ? TAKEN : TAKEN | LIVE;
	if (r == 0)
		memcpy(vm_value_of(map, slot, 0), fetched, b->bytes);
	return r;
}

/* What programs do. */

static void *lookup(struct skep_vm_map *map, uint32_t cpu, const void *key)
{
	struct backed *b = map->state;
	uint32_t slot;
	int r = slot_for(map, b, key, &slot);

	if (r == 0) {
		write_back(map, b, slot);
		r = fetch(map, b, slot);
	}
	complain(map, b, "cannot read", r == -ENOENT ? 0 : r);
	return r < 0 ? NULL : vm_value_of(map, slot, cpu);
}

/* Only the value of that CPU; the others of a new element are zero. */
static int update_one_cpu(struct skep_vm_map *map, struct backed *b, uint32_t cpu, const void *key,
			  const void *value, uint64_t flags)
{
	uint32_t slot;
	int r = slot_for(map, b, key, &slot);

	if (r < 0)
		return -E2BIG;
	r = fetch(map, b, slot);
	if (r == -ENOENT)
		memset(vm_value_of(map, slot, 0), 0, b->bytes);
	else if (r < 0)
		return r;
	memcpy(vm_value_of(map, slot, cpu), value, map->value_size);
	return b->on.set(b->on.data, key, vm_value_of(map, slot, 0), flags);
}

static int update(struct skep_vm_map *map, uint32_t cpu, const void *key, const void *value,
		  uint64_t flags)
{
	struct backed *b = map->state;
	uint32_t slot;
	int r;

	if (find_slot(map, b, key, &slot))
		write_back(map, b, slot);
	if (map->kind->traits & SKEP_TRAIT_PER_CPU)
		r = update_one_cpu(map, b, cpu, key, value, flags);
	else
		r = b->on.set(b->on.data, key, value, flags);
	if (r == 0 && find_slot(map, b, key, &slot))
		r = fetch(map, b, slot);
	return r;
}

static int drop(struct skep_vm_map *map, const void *key)
{
	struct backed *b = map->state;
	uint32_t slot;

	if (find_slot(map, b, key, &slot))
		b->live[slot] = TAKEN;
	return b->on.remove(b->on.data, key);
}

static int next(struct skep_vm_map *map, const void *key, void *ret_key)
{
	struct backed *b = map->state;

	write_all_back(map, b);
	return b->on.next(b->on.data, key, ret_key);
}

static int push(struct skep_vm_map *map, const void *value, uint64_t flags)
{
	struct backed *b = map->state;

	return b->on.set(b->on.data, NULL, value, flags);
}

static int pop(struct skep_vm_map *map, void *ret_value)
{
	struct backed *b = map->state;
	int r = b->on.take(b->on.data, ret_value);

	if (r < 0)
		memset(ret_value, 0, map->value_size);
	return r;
}

static int peek(struct skep_vm_map *map, void *ret_value)
{
	struct backed *b = map->state;
	int r = b->on.get(b->on.data, NULL, ret_value);

	if (r < 0)
		memset(ret_value, 0, map->value_size);
	return r;
}

static int get_next(struct skep_vm_map *map, const void *key, void *ret_value)
{
	return peek(map, ret_value);
}

static int set_next(struct skep_vm_map *map, const void *key, const void *value, uint64_t flags)
{
	return push(map, value, flags);
}

/* What user space does. */

static int get(struct skep_vm_map *map, const void *key, void *ret_value)
{
	struct backed *b = map->state;
	uint32_t slot;

	if (find_slot(map, b, key, &slot))
		write_back(map, b, slot);
	return b->on.get(b->on.data, key, ret_value);
}

static int set(struct skep_vm_map *map, const void *key, const void *value, uint64_t flags)
{
	struct backed *b = map->state;
	uint32_t slot;
	int r = b->on.set(b->on.data, key, value, flags);

	if (r == 0 && find_slot(map, b, key, &slot))
		r = fetch(map, b, slot);
	return r;
}

static const void *key_of(const struct skep_vm_map *map, const uint8_t *value)
{
	return key_of_slot(map, map->state, (uint32_t)vm_element_of(map, value));
}

const struct vm_map_ops vm_backed_keyed_ops = {
	.init = init,
	.fini = fini,
	.lookup = lookup,
	.update = update,
	.remove = drop,
	.next = next,
	.get = get,
	.set = set,
	.key_of = key_of,
};

const struct vm_map_ops vm_backed_keyless_ops = {
	.init = init,
	.fini = fini,
	.get = get_next,
	.set = set_next,
	.push = push,
	.pop = pop,
	.peek = peek,
};

const struct vm_map_ops *vm_backed_ops(const struct skep_vm_map_def *def)
{
	switch (def->kind) {
	case SKEP_MAP_HASH:
	case SKEP_MAP_ARRAY:
	case SKEP_MAP_PERCPU_HASH:
	case SKEP_MAP_PERCPU_ARRAY:
	case SKEP_MAP_LRU_HASH:
	case SKEP_MAP_LRU_PERCPU_HASH:
	case SKEP_MAP_LPM_TRIE:
		return &vm_backed_keyed_ops;
	case SKEP_MAP_QUEUE:
	case SKEP_MAP_STACK:
		return &vm_backed_keyless_ops;
	default:
		return NULL;
	}
}

bool vm_is_backed(const struct skep_vm_map *map)
{
	return map->ops == &vm_backed_keyed_ops || map->ops == &vm_backed_keyless_ops;
}

uint64_t vm_backed_each(struct skep_vm_map *map, uint32_t cpu,
			int (*each)(void *data, const void *key, void *value), void *data)
{
	struct backed *b = map->state;
	size_t size = map->key_size, steps = (size_t)b->n_slots * 2 + 1024;
	_cleanup_free_ uint8_t *keys = malloc((size_t)b->n_slots * size);
	_cleanup_(skep_hash_fini)
	struct skep_hash seen = {};
	uint64_t n = 0, n_keys = 0;
	const void *last = NULL;
	int r = keys ? 0 : -ENOMEM;

	while (r == 0 && n_keys < b->n_slots && steps-- > 0) {
		uint8_t *key = keys + n_keys * size;

		r = next(map, last, key);
		last = key; /* one that comes again is written over by the next */
		if (r < 0 || skep_hash_get(&seen, key, size))
			continue;
		skep_hash_set(&seen, key, size, key);
		n_keys++;
	}
	complain(map, b, "cannot walk", r == -ENOENT ? 0 : r);
	for (uint64_t i = 0; i < n_keys; i++) {
		void *value = lookup(map, cpu, keys + i * size);

		if (!value)
			continue;
		n++;
		if (each(data, keys + i * size, value))
			break;
	}
	return n;
}

void vm_backed_fix(struct skep_vm_map *map)
{
	struct backed *b = map->state;

	b->fixed = true;
}

void vm_backed_begin(struct skep_vm *vm)
{
	const uint32_t zero = 0;

	for (uint32_t i = 0; i < vm->n_maps; i++) {
		struct backed *b = vm->maps[i].state;

		if (vm_is_backed(&vm->maps[i]) && b->fixed)
			(void)lookup(&vm->maps[i], 0, &zero);
	}
}

static void forget_slots(struct backed *b)
{
	for (uint32_t i = 0; i < b->used; i++) {
		b->live[b->index ? i : b->taken[i]] = 0;
		if (b->index)
			b->index[b->taken[i]] = 0;
	}
	b->used = 0;
}

const char *vm_backed_finish(struct skep_vm *vm)
{
	const char *why = NULL;

	for (uint32_t i = 0; i < vm->n_maps; i++) {
		struct skep_vm_map *map = &vm->maps[i];
		struct backed *b = map->state;

		if (!vm_is_backed(map))
			continue;
		write_all_back(map, b);
		forget_slots(b);
		if (b->error)
			why = b->why;
		b->error = 0;
	}
	return why;
}
