/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "isa/helper.h"
#include "isa/mapkind.h"

static const struct skep_map_kind kinds[] = {
#define ROW(number, constant, text, flags) \
	[number] = { .id = (number), .name = (text), .traits = (flags) },
	SKEP_MAP_KINDS(ROW)
#undef ROW
};

const struct skep_map_kind *skep_map_kind_find(uint32_t id)
{
	if (id >= ARRAY_SIZE(kinds) || !kinds[id].name)
		return NULL;
	return &kinds[id];
}

const struct skep_map_kind *skep_map_kind_find_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (kinds[i].name && strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	return NULL;
}

#define M(kind) (1ull << SKEP_MAP_##kind)
#define HASHES (M(HASH) | M(PERCPU_HASH) | M(LRU_HASH) | M(LRU_PERCPU_HASH))
#define ARRAYS (M(ARRAY) | M(PERCPU_ARRAY))
#define TARGETS (M(DEVMAP) | M(DEVMAP_HASH) | M(CPUMAP) | M(XSKMAP))
#define SOCKETS (M(SOCKMAP) | M(SOCKHASH))
#define NESTED (M(ARRAY_OF_MAPS) | M(HASH_OF_MAPS))

/* One row for each helper that takes a map: the kinds that it takes. */
static const struct {
	int32_t helper;
	uint64_t kinds;
} takes[] = {
	{ SKEP_HELPER_MAP_LOOKUP_ELEM,
	  HASHES | ARRAYS | M(LPM_TRIE) | NESTED | (TARGETS & ~M(CPUMAP)) | SOCKETS },
	{ SKEP_HELPER_MAP_UPDATE_ELEM, HASHES | ARRAYS | M(LPM_TRIE) | SOCKETS },
	{ SKEP_HELPER_MAP_DELETE_ELEM, HASHES | ARRAYS | M(LPM_TRIE) | SOCKETS },
	{ SKEP_HELPER_MAP_LOOKUP_PERCPU_ELEM,
	  M(PERCPU_ARRAY) | M(PERCPU_HASH) | M(LRU_PERCPU_HASH) },
	{ SKEP_HELPER_FOR_EACH_MAP_ELEM, HASHES | ARRAYS },
	{ SKEP_HELPER_MAP_PUSH_ELEM, M(QUEUE) | M(STACK) | M(BLOOM_FILTER) },
	{ SKEP_HELPER_MAP_POP_ELEM, M(QUEUE) | M(STACK) },
	{ SKEP_HELPER_MAP_PEEK_ELEM, M(QUEUE) | M(STACK) | M(BLOOM_FILTER) },
	{ SKEP_HELPER_TAIL_CALL, M(PROG_ARRAY) },
	{ SKEP_HELPER_PERF_EVENT_READ, M(PERF_EVENT_ARRAY) },
	{ SKEP_HELPER_PERF_EVENT_READ_VALUE, M(PERF_EVENT_ARRAY) },
	{ SKEP_HELPER_PERF_EVENT_OUTPUT, M(PERF_EVENT_ARRAY) },
	{ SKEP_HELPER_SKB_OUTPUT, M(PERF_EVENT_ARRAY) },
	{ SKEP_HELPER_XDP_OUTPUT, M(PERF_EVENT_ARRAY) },
	{ SKEP_HELPER_GET_STACKID, M(STACK_TRACE) },
	{ SKEP_HELPER_CURRENT_TASK_UNDER_CGROUP, M(CGROUP_ARRAY) },
	{ SKEP_HELPER_SKB_UNDER_CGROUP, M(CGROUP_ARRAY) },
	{ SKEP_HELPER_REDIRECT_MAP, TARGETS },
	{ SKEP_HELPER_SK_REDIRECT_MAP, M(SOCKMAP) },
	{ SKEP_HELPER_MSG_REDIRECT_MAP, M(SOCKMAP) },
	{ SKEP_HELPER_SOCK_MAP_UPDATE, M(SOCKMAP) },
	{ SKEP_HELPER_SK_REDIRECT_HASH, M(SOCKHASH) },
	{ SKEP_HELPER_MSG_REDIRECT_HASH, M(SOCKHASH) },
	{ SKEP_HELPER_SOCK_HASH_UPDATE, M(SOCKHASH) },
	{ SKEP_HELPER_SK_SELECT_REUSEPORT, M(REUSEPORT_SOCKARRAY) | SOCKETS },
	{ SKEP_HELPER_GET_LOCAL_STORAGE, M(CGROUP_STORAGE) | M(PERCPU_CGROUP_STORAGE) },
	{ SKEP_HELPER_SK_STORAGE_GET, M(SK_STORAGE) },
	{ SKEP_HELPER_SK_STORAGE_DELETE, M(SK_STORAGE) },
	{ SKEP_HELPER_INODE_STORAGE_GET, M(INODE_STORAGE) },
	{ SKEP_HELPER_INODE_STORAGE_DELETE, M(INODE_STORAGE) },
	{ SKEP_HELPER_TASK_STORAGE_GET, M(TASK_STORAGE) },
	{ SKEP_HELPER_TASK_STORAGE_DELETE, M(TASK_STORAGE) },
	{ SKEP_HELPER_CGRP_STORAGE_GET, M(CGRP_STORAGE) },
	{ SKEP_HELPER_CGRP_STORAGE_DELETE, M(CGRP_STORAGE) },
	{ SKEP_HELPER_RINGBUF_OUTPUT, M(RINGBUF) },
	{ SKEP_HELPER_RINGBUF_RESERVE, M(RINGBUF) },
	{ SKEP_HELPER_RINGBUF_QUERY, M(RINGBUF) },
	{ SKEP_HELPER_RINGBUF_RESERVE_DYNPTR, M(RINGBUF) },
	{ SKEP_HELPER_USER_RINGBUF_DRAIN, M(USER_RINGBUF) },
	{ SKEP_HELPER_TIMER_INIT, M(HASH) | M(LRU_HASH) | M(ARRAY) },
};

bool skep_map_kind_has_helper(uint32_t kind, int32_t helper)
{
	for (size_t i = 0; i < ARRAY_SIZE(takes); i++)
		if (takes[i].helper == helper)
			return kind < 64 && (takes[i].kinds >> kind & 1);
	return false;
}

enum entries {
	SOME,  /* at least 1 */
	ZERO,  /* not counted */
	PAGES, /* bytes: a power of two of whole pages */
};

/* What a kind's sizes may be. A maximum of 0 stands for the general limits. */
static const struct rule {
	uint32_t key_min, key_max, value_min, value_max;
	uint32_t value_step; /* values are multiples of it */
	enum entries entries;
	uint32_t flags; /* that may be set */
	uint32_t must;	/* flags that have to be */
} rules[] = {
#define F(flag) SKEP_MAP_F_##flag
#define ACCESS (F(RDONLY) | F(WRONLY) | F(RDONLY_PROG) | F(WRONLY_PROG))
#define HASH_FLAGS (F(NO_PREALLOC) | F(NUMA_NODE) | F(ZERO_SEED) | ACCESS)
#define LRU_FLAGS (F(NO_COMMON_LRU) | F(NUMA_NODE) | F(ZERO_SEED) | ACCESS)
#define INT4 4, 4
	[SKEP_MAP_HASH] = { 1, 0, 1, 0, 1, SOME, HASH_FLAGS, 0 },
	[SKEP_MAP_PERCPU_HASH] = { 1, 0, 1, 32768, 1, SOME, HASH_FLAGS & ~F(NUMA_NODE), 0 },
	[SKEP_MAP_LRU_HASH] = { 1, 0, 1, 0, 1, SOME, LRU_FLAGS, 0 },
	[SKEP_MAP_LRU_PERCPU_HASH] = { 1, 0, 1, 32768, 1, SOME, LRU_FLAGS & ~F(NUMA_NODE), 0 },
	[SKEP_MAP_ARRAY] = { INT4, 1, 0, 1, SOME,
			     F(NUMA_NODE) | F(MMAPABLE) | F(INNER_MAP) | ACCESS, 0 },
	[SKEP_MAP_PERCPU_ARRAY] = { INT4, 1, 32768, 1, SOME, ACCESS, 0 },
	[SKEP_MAP_PROG_ARRAY] = { INT4, INT4, 4, SOME, F(NUMA_NODE) | F(RDONLY) | F(WRONLY), 0 },
	[SKEP_MAP_PERF_EVENT_ARRAY] = { INT4, INT4, 4, SOME,
					F(NUMA_NODE) | F(PRESERVE_ELEMS) | F(RDONLY) | F(WRONLY),
					0 },
	[SKEP_MAP_STACK_TRACE] = { INT4, 8, 127 * 8, 8, SOME,
				   F(NUMA_NODE) | F(STACK_BUILD_ID) | F(RDONLY) | F(WRONLY), 0 },
	[SKEP_MAP_CGROUP_ARRAY] = { INT4, INT4, 4, SOME, F(NUMA_NODE) | F(RDONLY) | F(WRONLY), 0 },
	[SKEP_MAP_LPM_TRIE] = { 5, 260, 1, 0, 1, SOME, F(NO_PREALLOC) | F(NUMA_NODE) | ACCESS,
				F(NO_PREALLOC) },
	[SKEP_MAP_ARRAY_OF_MAPS] = { INT4, INT4, 4, SOME, F(NUMA_NODE) | ACCESS, 0 },
	[SKEP_MAP_HASH_OF_MAPS] = { 1, 0, INT4, 4, SOME, HASH_FLAGS, 0 },
	[SKEP_MAP_DEVMAP] = { INT4, 4, 8, 4, SOME, F(NUMA_NODE) | F(RDONLY) | F(WRONLY), 0 },
	[SKEP_MAP_DEVMAP_HASH] = { INT4, 4, 8, 4, SOME, F(NUMA_NODE) | F(RDONLY) | F(WRONLY), 0 },
	[SKEP_MAP_CPUMAP] = { INT4, 4, 8, 4, SOME, F(NUMA_NODE), 0 },
	[SKEP_MAP_XSKMAP] = { INT4, INT4, 4, SOME, F(NUMA_NODE) | F(RDONLY) | F(WRONLY), 0 },
	[SKEP_MAP_SOCKMAP] = { INT4, 4, 8, 4, SOME, F(NUMA_NODE) | F(RDONLY) | F(WRONLY), 0 },
	[SKEP_MAP_SOCKHASH] = { 1, 512, 4, 8, 4, SOME, F(NUMA_NODE) | F(RDONLY) | F(WRONLY), 0 },
	[SKEP_MAP_REUSEPORT_SOCKARRAY] = { INT4, 4, 8, 4, SOME, F(NUMA_NODE) | ACCESS, 0 },
	[SKEP_MAP_CGROUP_STORAGE] = { 8, 16, 1, 4096, 1, ZERO, F(NUMA_NODE) | ACCESS, 0 },
	[SKEP_MAP_PERCPU_CGROUP_STORAGE] = { 8, 16, 1, 32768, 1, ZERO, F(NUMA_NODE) | ACCESS, 0 },
	[SKEP_MAP_QUEUE] = { 0, 0, 1, 0, 1, SOME, F(NUMA_NODE) | ACCESS, 0 },
	[SKEP_MAP_STACK] = { 0, 0, 1, 0, 1, SOME, F(NUMA_NODE) | ACCESS, 0 },
	[SKEP_MAP_SK_STORAGE] = { INT4, 1, 65536, 1, ZERO, F(NO_PREALLOC) | F(CLONE),
				  F(NO_PREALLOC) },
	[SKEP_MAP_INODE_STORAGE] = { INT4, 1, 65536, 1, ZERO, F(NO_PREALLOC) | F(CLONE),
				     F(NO_PREALLOC) },
	[SKEP_MAP_TASK_STORAGE] = { INT4, 1, 65536, 1, ZERO, F(NO_PREALLOC) | F(CLONE),
				    F(NO_PREALLOC) },
	[SKEP_MAP_CGRP_STORAGE] = { INT4, 1, 65536, 1, ZERO, F(NO_PREALLOC) | F(CLONE),
				    F(NO_PREALLOC) },
	[SKEP_MAP_RINGBUF] = { 0, 0, 0, 0, 1, PAGES, F(NUMA_NODE), 0 },
	[SKEP_MAP_USER_RINGBUF] = { 0, 0, 0, 0, 1, PAGES, F(NUMA_NODE), 0 },
	[SKEP_MAP_BLOOM_FILTER] = { 0, 0, 1, 0, 1, SOME, F(NUMA_NODE) | F(ZERO_SEED) | ACCESS, 0 },
};

/* Keys and values of one element together: what the kernel can allocate in one piece, roughly. */
#define ELEMENT_MAX (1u << 22)

static int why(const char **ret_why, int r, const char *text)
{
	if (ret_why)
		*ret_why = text;
	return r;
}

static int check_entries(const struct rule *rule, uint32_t n, const char **ret_why)
{
	const uint32_t page = 4096;

	if (rule->entries == ZERO && n != 0)
		return why(ret_why, -EINVAL,
			   "max_entries must be 0: elements live with their owner");
	if (rule->entries != ZERO && n == 0)
		return why(ret_why, -EINVAL, "max_entries must not be 0");
	if (rule->entries == PAGES && ((n & (n - 1)) || n % page))
		return why(ret_why, -EINVAL,
			   "max_entries is the size in bytes: a power of two, at least a page");
	return 0;
}

static int check_sizes(const struct rule *rule, uint32_t key_size, uint32_t value_size,
		       const char **ret_why)
{
	bool keyless = rule->key_min == 0, empty = rule->value_min == 0;

	if (key_size < rule->key_min || (keyless && key_size))
		return why(ret_why, -EINVAL, "a map of this kind has no key of that size");
	if (rule->key_max && key_size > rule->key_max)
		return why(ret_why, rule->key_max == 512 ? -E2BIG : -EINVAL,
			   "the key is too large");
	if (value_size < rule->value_min || (empty && value_size))
		return why(ret_why, -EINVAL, "a map of this kind has no value of that size");
	if (value_size % rule->value_step)
		return why(ret_why, -EINVAL,
			   "the size of the value is no multiple of what it holds");
	if (rule->value_max && value_size > rule->value_max)
		return why(ret_why,
			   rule->value_max == 32768 || rule->value_max == 65536 ? -E2BIG : -EINVAL,
			   "the value is too large");
	if ((uint64_t)key_size + value_size >= ELEMENT_MAX && rule->key_max != 4)
		return why(ret_why, -E2BIG, "key and value are too large");
	if (value_size > INT_MAX)
		return why(ret_why, -E2BIG, "the value is too large");
	return 0;
}

int skep_map_kind_check(uint32_t kind, uint32_t key_size, uint32_t value_size, uint32_t max_entries,
			uint32_t flags, const char **ret_why)
{
	const struct rule *rule;
	int r;

	if (kind >= ARRAY_SIZE(rules) || !rules[kind].value_step)
		return why(ret_why, -EINVAL, "no such kind of map, or none that can be made alone");
	rule = &rules[kind];
	if (flags & ~rule->flags)
		return why(ret_why, -EINVAL, "a map of this kind does not have such a flag");
	if (rule->must & ~flags)
		return why(ret_why, -EINVAL, "the flag BPF_F_NO_PREALLOC is required");
	if ((flags & F(RDONLY_PROG)) && (flags & F(WRONLY_PROG)))
		return why(ret_why, -EINVAL, "read-only and write-only exclude each other");
	if ((flags & F(RDONLY)) && (flags & F(WRONLY)))
		return why(ret_why, -EINVAL, "read-only and write-only exclude each other");
	if ((flags & F(NO_COMMON_LRU)) && max_entries == 0)
		return why(ret_why, -EINVAL, "max_entries must not be 0");
	/* With build ids a frame is a structure of 32 bytes. */
	if ((flags & F(STACK_BUILD_ID)) && value_size % 32)
		return why(ret_why, -EINVAL,
			   "the size of the value is no multiple of what it holds");
	r = check_sizes(rule, key_size, value_size, ret_why);
	return r < 0 ? r : check_entries(rule, max_entries, ret_why);
}
