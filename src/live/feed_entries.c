/* SPDX-License-Identifier: Apache-2.0 */
/* What is in a map: each kind the way it lets itself be read. */
#include <errno.h>
#include <string.h>

#include "base/hash.h"
#include "base/vec.h"
#include "isa/mapkind.h"
#include "live/feed_map_priv.h"
#include "sys/bpf.h"

#define KERNEL_ENOTSUPP 524 /* which some of the kernel's functions return, and C does not have */

struct entries {
	SKEP_VEC(struct feed_entry);
};

static int get(const struct skep_feed_map *m, const void *key, void *ret_value)
{
	return m->fd >= 0 ? skep_bpf_map_lookup(m->fd, key, ret_value)
			  : m->engine->map_get(m->loaded, m->index, key, ret_value);
}

static int next_key(const struct skep_feed_map *m, const void *key, void *ret_key)
{
	return m->fd >= 0 ? skep_bpf_map_next_key(m->fd, key, ret_key)
			  : m->engine->map_next(m->loaded, m->index, key, ret_key);
}

bool feed_is_zero(const uint8_t *bytes, size_t size)
{
	return !size || (!bytes[0] && !memcmp(bytes, bytes + 1, size - 1));
}

/* Bytes that a lookup gives. */
static size_t value_bytes(const struct skep_feed_map *m, unsigned traits)
{
	return traits & SKEP_TRAIT_PER_CPU ? ALIGN_UP((size_t)m->value_size, 8) * m->n_cpus
					   : m->value_size;
}

static int read_indexed(const struct skep_feed_map *m, size_t size, size_t limit,
			struct skep_arena *arena, struct entries *e, size_t *n_more)
{
	uint8_t *value = skep_arena_alloc(arena, ALIGN_UP(size, 8));

	for (uint32_t i = 0; i < m->max_entries; i++) {
		int r = get(m, &i, value);

		if (r == -ENOENT) /* of an array of descriptors: empty */
			continue;
		if (r < 0)
			return r;
		if (e->len == limit) {
			*n_more = m->max_entries - i;
			return 0;
		}
		skep_vec_add(e, (struct feed_entry){
					.key = skep_arena_memdup(arena, &i, sizeof(i)),
					.value = skep_arena_memdup(arena, value, size),
				});
	}
	return 0;
}

/*
 * All keys of a hash, each once. The kernel starts again from the front when the key it should go on from was deleted
 * meanwhile, so a key may come twice, and the walk has a bound.
 */
static int read_keyed(const struct skep_feed_map *m, size_t size, size_t limit,
		      struct skep_arena *arena, struct entries *e, size_t *n_more)
{
	_cleanup_(skep_hash_fini)
	struct skep_hash seen = {};
	uint8_t *value = skep_arena_alloc(arena, ALIGN_UP(size, 8));
	size_t steps = 2 * (size_t)m->max_entries + 1024;
	const void *last = NULL;
	int r = 0;

	while (steps-- > 0) {
		uint8_t *key = skep_arena_alloc(arena, m->key_size);

		r = next_key(m, last, key);
		if (r < 0)
			break;
		last = key;
		if (skep_hash_get(&seen, key, m->key_size))
			continue;
		skep_hash_set(&seen, key, m->key_size, key);
		r = get(m, key, value);
		if (r == -ENOENT) /* deleted since */
			continue;
		if (r < 0)
			break;
		if (e->len == limit) {
			++*n_more;
			continue;
		}
		skep_vec_add(e, (struct feed_entry){
					.key = key,
					.value = skep_arena_memdup(arena, value, size),
				});
	}
	return r == -ENOENT ? 0 : r;
}

/* Of a queue or a stack nothing is seen but what comes out next. */
static int read_next(const struct skep_feed_map *m, size_t size, struct skep_arena *arena,
		     struct entries *e)
{
	uint8_t *value = skep_arena_alloc(arena, ALIGN_UP(size, 8));
	int r = get(m, NULL, value);

	if (r == -ENOENT)
		return 0;
	if (r == 0)
		skep_vec_add(e, (struct feed_entry){ .key = value, .value = value });
	return r;
}

/* Kinds that cannot be read, and what to do instead. */
static const struct {
	uint32_t type;
	const char *why, *hint;
} unreadable[] = {
	{ SKEP_MAP_RINGBUF, "records of a ring buffer are taken out by whoever polls it, once",
	  "skep run shows the rows of an object that it loads" },
	{ SKEP_MAP_USER_RINGBUF, "records of this ring go to programs", NULL },
	{ SKEP_MAP_PERF_EVENT_ARRAY,
	  "it holds descriptors of perf events, which cannot be read back",
	  "skep run shows the rows of an object that it loads" },
	{ SKEP_MAP_BLOOM_FILTER, "a bloom filter does not know what is in it",
	  "skep map get NAME value=... asks whether a value may be in it" },
	{ SKEP_MAP_CGROUP_ARRAY, "it holds descriptors of cgroups, which cannot be read back",
	  NULL },
	{ SKEP_MAP_ARENA, "an arena is memory without entries", NULL },
	{ SKEP_MAP_SK_STORAGE, "its values lie in sockets, which the kernel does not list", NULL },
	{ SKEP_MAP_INODE_STORAGE, "its values lie in inodes, which the kernel does not list",
	  NULL },
	{ SKEP_MAP_TASK_STORAGE, "its values lie in tasks, which the kernel does not list", NULL },
	{ SKEP_MAP_CGRP_STORAGE, "its values lie in cgroups, which the kernel does not list",
	  NULL },
};

bool skep_feed_map_has_values(uint32_t type)
{
	for (size_t i = 0; i < ARRAY_SIZE(unreadable); i++)
		if (unreadable[i].type == type)
			return false;
	return skep_map_kind_find(type);
}

static int cannot_read(const struct skep_feed_map *m, int r, struct skep_diag *diag)
{
	const char *why = strerror(-r), *hint = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(unreadable); i++)
		if (unreadable[i].type == m->type) {
			why = unreadable[i].why;
			hint = unreadable[i].hint;
		}
	if (r == -KERNEL_ENOTSUPP)
		r = -EOPNOTSUPP;
	if (r == -EPERM && m->flags & SKEP_MAP_F_WRONLY)
		why = "it was made so that user space can only write it";
	skep_diag_error(diag, SKEP_NO_LOC, "cannot read map '%s': %s", m->name, why);
	if (hint)
		skep_diag_hint(diag, "%s", hint);
	return r;
}

int feed_entries_read(const struct skep_feed_map *m, size_t limit, struct skep_arena *arena,
		      struct skep_diag *diag, struct feed_entries *ret_entries)
{
	const struct skep_map_kind *kind = skep_map_kind_find(m->type);
	struct feed_entries result = {};
	struct entries e = {};
	size_t size;
	int r;

	if (!skep_feed_map_has_values(m->type))
		return cannot_read(m, -EOPNOTSUPP, diag);
	size = value_bytes(m, kind->traits);
	limit = limit ? limit : SKEP_FEED_MAP_ENTRIES_MAX;
	if (kind->traits & SKEP_TRAIT_INDEXED)
		r = read_indexed(m, size, limit, arena, &e, &result.n_more);
	else if (kind->traits & SKEP_TRAIT_KEYED)
		r = read_keyed(m, size, limit, arena, &e, &result.n_more);
	else
		r = read_next(m, size, arena, &e);
	if (r >= 0 && e.len)
		result.items = skep_arena_memdup(arena, e.data, e.len * sizeof(*e.data));
	result.n = e.len;
	skep_vec_fini(&e);
	if (r < 0)
		return cannot_read(m, r, diag);
	*ret_entries = result;
	return 0;
}
