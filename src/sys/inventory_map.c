/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Maps, and how full they are. Elements of hashes are counted by walking over their keys, which is slow, so there is a
 * bound for one map and one for all; a ring tells by its two positions.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "isa/mapkind.h"
#include "sys/cpus.h"
#include "sys/inventory_priv.h"

#define KEY_BYTES_MAX 512
#define COUNTED_MAP_MAX 10000
#define BATCH_BYTES (1u << 20)
#define BATCH_MIN 256 /* elements: a bucket of a hash has to fit */

/* By many at once; where the kernel can, some twenty times as fast. False: it cannot. */
static bool count_batches(int fd, const struct skep_inventory_map *map, uint64_t limit,
			  uint64_t *ret_n, bool *ret_more)
{
	size_t value = map->type == SKEP_MAP_PERCPU_HASH || map->type == SKEP_MAP_LRU_PERCPU_HASH
			       ? ALIGN_UP((size_t)map->value_size, 8) * skep_cpus_possible()
			       : map->value_size;
	size_t room = BATCH_BYTES / (map->key_size + value);
	_cleanup_free_ uint8_t *bytes = room >= BATCH_MIN ? malloc(BATCH_BYTES) : NULL;
	uint8_t token[2][KEY_BYTES_MAX];
	uint64_t n = 0;
	int r = 0;

	for (unsigned i = 0; bytes && r == 0 && n < limit; i++) {
		uint32_t count = (uint32_t)MIN((uint64_t)room, MAX(limit - n, (uint64_t)BATCH_MIN));

		r = skep_bpf_map_batch(fd, false, i ? token[i % 2] : NULL, token[(i + 1) % 2],
				       bytes, bytes + room * map->key_size, &count);
		if (r < 0 && r != -ENOENT)
			return false;
		n += count;
	}
	*ret_n = n;
	*ret_more = r == 0;
	return bytes;
}

static void count_keys(struct skep_inventory_kept *k, int fd, struct skep_inventory_map *map)
{
	uint8_t key[2][KEY_BYTES_MAX];
	uint64_t limit = MIN(k->budget, (uint64_t)COUNTED_MAP_MAX), n = 0;
	int r = 0;

	if (map->key_size > KEY_BYTES_MAX || !limit)
		return;
	if (count_batches(fd, map, limit, &map->entries, &map->more)) {
		k->budget -= MIN(map->entries, k->budget);
		return;
	}
	while (n < limit &&
	       (r = skep_bpf_map_next_key(fd, n ? key[n % 2] : NULL, key[(n + 1) % 2])) == 0)
		n++;
	k->budget -= n;
	if (r < 0 && r != -ENOENT)
		return;
	map->entries = n;
	map->more = r == 0;
}

/* Bytes that nobody has read yet: linux/ringbuf, the first page has the reader's position, the second the writer's. */
static void look_into_ring(int fd, struct skep_inventory_map *map)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	const uint8_t *p = mmap(NULL, 2 * page, PROT_READ, MAP_SHARED, fd, 0);
	uint64_t read_to, written_to;

	if (p == MAP_FAILED)
		return;
	read_to = __atomic_load_n((const uint64_t *)p, __ATOMIC_ACQUIRE);
	written_to = __atomic_load_n((const uint64_t *)(p + page), __ATOMIC_ACQUIRE);
	map->entries =
		written_to - read_to <= map->max_entries ? written_to - read_to : map->max_entries;
	munmap((void *)(uintptr_t)p, 2 * page);
}

void skep_inventory_take_map(struct skep_inventory_kept *k, int fd)
{
	struct skep_bpf_map_info info = {};
	uint32_t size = sizeof(info);
	struct skep_inventory_map *map;

	if (skep_bpf_obj_info(fd, &info, &size) < 0)
		return;
	skep_vec_add(&k->maps,
		     (struct skep_inventory_map){
			     .id = info.id,
			     .type = info.type,
			     .key_size = info.key_size,
			     .value_size = info.value_size,
			     .max_entries = info.max_entries,
			     .flags = info.map_flags,
			     .name = skep_arena_strndup(k->arena, info.name, sizeof(info.name)),
			     .bytes = skep_inventory_fdinfo(fd, "memlock:"),
			     .entries = SKEP_UNKNOWN,
		     });
	map = &skep_vec_last(&k->maps);
	if (!map->bytes) /* before 6.2 the kernel says nothing of some kinds */
		map->bytes = SKEP_UNKNOWN;
	if (!k->options->counts)
		return;
	switch (map->type) {
	case SKEP_MAP_HASH:
	case SKEP_MAP_PERCPU_HASH:
	case SKEP_MAP_LRU_HASH:
	case SKEP_MAP_LRU_PERCPU_HASH:
	case SKEP_MAP_LPM_TRIE:
	case SKEP_MAP_HASH_OF_MAPS:
	case SKEP_MAP_DEVMAP_HASH:
	case SKEP_MAP_SOCKHASH:
		count_keys(k, fd, map);
		break;
	case SKEP_MAP_RINGBUF:
		look_into_ring(fd, map);
		break;
	default: /* all elements are there from the start, or nobody can tell */
		break;
	}
}
