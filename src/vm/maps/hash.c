/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hashes: plain, per CPU, and the two that evict.
 *
 *	buckets[] ──► element ──► element      links are numbers of elements plus 1
 *	keys[], values[], hashes[], links[]    one entry an element
 *	free ──► element ──► ...               elements that were used; behind `fresh` none has ever been
 *	recent ◄──► ... ◄──► oldest            of the evicting kinds
 *
 * An update of a key that is there writes to a spare element and puts it in place of the old one, which becomes the next
 * spare: a program that still holds the old value's address reads what was there, as in the kernel. Per-CPU kinds and
 * updates under a lock write in place.
 *
 * Eviction: the oldest goes, unless it was looked up since it was last considered; then it gets a second chance. (The
 * kernel works on batches for each CPU, and may evict before a small map is quite full; ours is exact.)
 */
#include <errno.h>
#include <string.h>

#include "vm/maps/maps.h"

struct hash {
	uint32_t mask;
	uint32_t *buckets, *links, *hashes;
	uint8_t *keys;
	uint8_t *live; /* LIVE, USED */
	uint32_t key_stride;
	uint32_t capacity; /* elements, spare included */
	uint32_t count, fresh, free;
	bool evicts;
	uint32_t *newer, *older; /* neighbours in the order of use */
	uint32_t recent, oldest;
};

enum {
	LIVE = 1,
	USED = 2, /* looked up since it was last considered for eviction */
};

#define NONE 0

/* Numbers of elements plus 1 are called links. */
static uint8_t *key_of(const struct hash *h, uint32_t link)
{
	return h->keys + (uint64_t)(link - 1) * h->key_stride;
}

static bool same_key(const struct skep_vm_map *map, const struct hash *h, uint32_t link,
		     const void *key)
{
	const uint8_t *mine = key_of(h, link);

	if (map->key_size == 4)
		return memcmp(mine, key, 4) == 0;
	if (map->key_size == 8)
		return memcmp(mine, key, 8) == 0;
	return memcmp(mine, key, map->key_size) == 0;
}

static int alloc(struct skep_vm_map *map, struct hash *h)
{
	uint64_t buckets = 1;
	int r;

	while (buckets < map->max_entries)
		buckets *= 2;
	if (buckets > 1u << 31)
		return -E2BIG;
	h->mask = (uint32_t)buckets - 1;
	h->capacity = map->max_entries + 1;
	h->key_stride = ALIGN_UP(map->key_size, 8u);
	h->evicts = map->kind->traits & SKEP_TRAIT_EVICTS;
	r = vm_map_alloc(map->vm, buckets, sizeof(uint32_t), (void **)&h->buckets);
	if (r == 0)
		r = vm_map_alloc(map->vm, h->capacity + 1ull, sizeof(uint32_t), (void **)&h->links);
	if (r == 0)
		r = vm_map_alloc(map->vm, h->capacity + 1ull, sizeof(uint32_t),
				 (void **)&h->hashes);
	if (r == 0)
		r = vm_map_alloc(map->vm, h->capacity + 1ull, 1, (void **)&h->live);
	if (r == 0)
		r = vm_map_alloc(map->vm, h->capacity, h->key_stride, (void **)&h->keys);
	if (r == 0 && h->evicts)
		r = vm_map_alloc(map->vm, h->capacity + 1ull, sizeof(uint32_t), (void **)&h->newer);
	if (r == 0 && h->evicts)
		r = vm_map_alloc(map->vm, h->capacity + 1ull, sizeof(uint32_t), (void **)&h->older);
	return r < 0 ? r : vm_values_alloc(map, h->capacity);
}

static int init(struct skep_vm_map *map, const struct skep_vm_map_def *def)
{
	struct hash *h;

	if (map->max_entries > 1u << 30)
		return -E2BIG;
	h = calloc(1, sizeof(*h));
	if (!h)
		return -ENOMEM;
	map->state = h;
	return alloc(map, h);
}

static void fini(struct skep_vm_map *map)
{
	struct hash *h = map->state;

	if (h) {
		free(h->buckets);
		free(h->links);
		free(h->hashes);
		free(h->live);
		free(h->keys);
		free(h->newer);
		free(h->older);
		free(h);
	}
	free(map->values);
}

/* The order of use. */

static void order_remove(struct hash *h, uint32_t link)
{
	uint32_t newer = h->newer[link], older = h->older[link];

	*(newer ? &h->older[newer] : &h->recent) = older;
	*(older ? &h->newer[older] : &h->oldest) = newer;
}

static void order_add(struct hash *h, uint32_t link)
{
	h->newer[link] = NONE;
	h->older[link] = h->recent;
	*(h->recent ? &h->newer[h->recent] : &h->oldest) = link;
	h->recent = link;
}

/* Elements. */

static uint32_t find(const struct skep_vm_map *map, const struct hash *h, uint32_t hash,
		     const void *key)
{
	uint32_t link = __atomic_load_n(&h->buckets[hash & h->mask], __ATOMIC_ACQUIRE);

	/* While others change the chain it may lead astray, but not for longer than there are elements. */
	for (uint32_t n = 0; link != NONE && n <= h->capacity; n++) {
		if (h->hashes[link] == hash && same_key(map, h, link, key))
			return link;
		link = __atomic_load_n(&h->links[link], __ATOMIC_ACQUIRE);
	}
	return NONE;
}

static void chain(struct hash *h, uint32_t link)
{
	uint32_t *bucket = &h->buckets[h->hashes[link] & h->mask];

	h->links[link] = *bucket;
	__atomic_store_n(bucket, link, __ATOMIC_RELEASE);
	h->live[link] = LIVE;
	if (h->evicts)
		order_add(h, link);
}

static void unchain(struct hash *h, uint32_t link)
{
	uint32_t *from = &h->buckets[h->hashes[link] & h->mask];

	while (*from != link)
		from = &h->links[*from];
	__atomic_store_n(from, h->links[link], __ATOMIC_RELEASE);
	h->live[link] = 0;
	if (h->evicts)
		order_remove(h, link);
}

static void give_back(struct hash *h, uint32_t link)
{
	h->links[link] = h->free;
	h->free = link;
}

static uint32_t take_free(struct hash *h)
{
	uint32_t link = h->free;

	if (link) {
		h->free = h->links[link];
		return link;
	}
	return h->fresh < h->capacity ? ++h->fresh : NONE;
}

/* Returns the element that went. */
static uint32_t evict(struct hash *h)
{
	uint32_t link = h->oldest;

	for (uint32_t n = 0; n < h->count && (h->live[link] & USED); n++) {
		h->live[link] &= (uint8_t)~USED;
		order_remove(h, link);
		order_add(h, link);
		link = h->oldest;
	}
	unchain(h, link);
	give_back(h, link);
	h->count--;
	return link;
}

static void *lookup(struct skep_vm_map *map, uint32_t cpu, const void *key)
{
	struct hash *h = map->state;
	uint32_t hash = vm_hash(key, map->key_size, 0);
	uint32_t before, link;

	do {
		before = __atomic_load_n(&map->version, __ATOMIC_ACQUIRE);
		link = find(map, h, hash, key);
	} while (link == NONE && before != __atomic_load_n(&map->version, __ATOMIC_ACQUIRE));
	if (link == NONE)
		return NULL;
	if (h->evicts && !(h->live[link] & USED))
		__atomic_fetch_or(&h->live[link], USED, __ATOMIC_RELAXED);
	return vm_value_of(map, link - 1, cpu);
}

static void changed(struct skep_vm_map *map)
{
	__atomic_fetch_add(&map->version, 1, __ATOMIC_RELEASE);
}

static void gone(struct skep_vm_map *map, uint32_t link)
{
	if (map->timer_off)
		vm_timers_forget(map, vm_value_of(map, link - 1, 0));
}

/* The value of one CPU of a new element, or all of them as user space gives them. NULL: zeroes. */
static void fill(struct skep_vm_map *map, uint32_t link, uint32_t cpu, const void *value, bool user)
{
	if (!value) {
		memset(vm_value_of(map, link - 1, 0), 0, (size_t)map->stride * map->n_cpus);
		return;
	}
	if (user) {
		vm_values_set(map, link - 1, value);
		return;
	}
	if (map->n_cpus > 1)
		memset(vm_value_of(map, link - 1, 0), 0, (size_t)map->stride * map->n_cpus);
	vm_value_copy(map, vm_value_of(map, link - 1, cpu), value);
}

static int replace(struct skep_vm_map *map, uint32_t link, uint32_t cpu, const void *value,
		   uint64_t flags, bool user)
{
	struct hash *h = map->state;
	uint32_t spare;

	if (user && (map->kind->traits & SKEP_TRAIT_PER_CPU)) {
		vm_values_set(map, link - 1, value);
		return 0;
	}
	if ((map->kind->traits & SKEP_TRAIT_PER_CPU) || (flags & SKEP_MAP_F_LOCK) ||
	    map->timer_off) {
		vm_value_copy(map, vm_value_of(map, link - 1, cpu), value);
		return 0;
	}
	spare = take_free(h);
	if (spare == NONE)
		return -E2BIG;
	memcpy(key_of(h, spare), key_of(h, link), map->key_size);
	h->hashes[spare] = h->hashes[link];
	fill(map, spare, cpu, value, user);
	chain(h, spare);
	unchain(h, link);
	give_back(h, link);
	changed(map);
	return 0;
}

static int insert(struct skep_vm_map *map, uint32_t hash, const void *key, uint32_t cpu,
		  const void *value, bool user)
{
	struct hash *h = map->state;
	uint32_t link;

	if (h->count >= map->max_entries) {
		if (!h->evicts)
			return -E2BIG;
		gone(map, evict(h));
	}
	link = take_free(h);
	if (link == NONE)
		return -E2BIG;
	memcpy(key_of(h, link), key, map->key_size);
	h->hashes[link] = hash;
	if (map->timer_off)
		memset(vm_value_of(map, link - 1, cpu), 0, map->value_size);
	fill(map, link, cpu, value, user);
	chain(h, link);
	h->count++;
	changed(map);
	return 0;
}

static int put(struct skep_vm_map *map, uint32_t cpu, const void *key, const void *value,
	       uint64_t flags, bool user)
{
	struct hash *h = map->state;
	uint32_t hash, link;
	int r = vm_update_flags(map, flags);

	if (r < 0)
		return r;
	hash = vm_hash(key, map->key_size, 0);
	vm_lock(&map->lock);
	link = find(map, h, hash, key);
	if (link != NONE && (flags & SKEP_MAP_NOEXIST))
		r = -EEXIST;
	else if (link == NONE && (flags & SKEP_MAP_EXIST))
		r = -ENOENT;
	else if (link != NONE)
		r = replace(map, link, cpu, value, flags, user);
	else
		r = insert(map, hash, key, cpu, value, user);
	vm_unlock(&map->lock);
	return r;
}

static int update(struct skep_vm_map *map, uint32_t cpu, const void *key, const void *value,
		  uint64_t flags)
{
	return put(map, cpu, key, value, flags, false);
}

static int set(struct skep_vm_map *map, const void *key, const void *value, uint64_t flags)
{
	return put(map, 0, key, value, flags, true);
}

static int drop(struct skep_vm_map *map, const void *key)
{
	struct hash *h = map->state;
	uint32_t link;

	vm_lock(&map->lock);
	link = find(map, h, vm_hash(key, map->key_size, 0), key);
	if (link != NONE) {
		unchain(h, link);
		give_back(h, link);
		h->count--;
		gone(map, link);
		changed(map);
	}
	vm_unlock(&map->lock);
	return link == NONE ? -ENOENT : 0;
}

/* In the order of the elements' numbers: new ones may or may not be met, none is met twice. */
static int next(struct skep_vm_map *map, const void *key, void *ret_key)
{
	struct hash *h = map->state;
	uint32_t link = 0;
	int r = -ENOENT;

	vm_lock(&map->lock);
	if (key)
		link = find(map, h, vm_hash(key, map->key_size, 0), key);
	while (++link <= h->fresh) {
		if (!(h->live[link] & LIVE))
			continue;
		memcpy(ret_key, key_of(h, link), map->key_size);
		r = 0;
		break;
	}
	vm_unlock(&map->lock);
	return r;
}

static int get(struct skep_vm_map *map, const void *key, void *ret_value)
{
	struct hash *h = map->state;
	uint32_t link;

	vm_lock(&map->lock);
	link = find(map, h, vm_hash(key, map->key_size, 0), key);
	if (link != NONE)
		vm_values_get(map, link - 1, ret_value);
	vm_unlock(&map->lock);
	return link == NONE ? -ENOENT : 0;
}

static const void *key_of_value(const struct skep_vm_map *map, const uint8_t *value)
{
	return key_of(map->state, (uint32_t)vm_element_of(map, value) + 1);
}

const struct vm_map_ops vm_hash_ops = {
	.init = init,
	.fini = fini,
	.lookup = lookup,
	.update = update,
	.remove = drop,
	.next = next,
	.get = get,
	.set = set,
	.key_of = key_of_value,
};
