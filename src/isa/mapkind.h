/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Map kinds: the data structures that programs share with user space, as one table.
 *
 * The numbers are the kernel's UAPI and never change. Traits say what a kind can do, so that code
 * asks for the trait and not for a list of kinds. SKEP_MAP_KINDS is the table: number, constant,
 * name, traits.
 *
 *	const struct skep_map_kind *kind = skep_map_kind_find(spec->kind);
 *	if (kind && kind->traits & SKEP_TRAIT_PER_CPU)
 *		size_bytes = ALIGN_UP(value_size, 8) * n_cpus;
 *	spec->kind = SKEP_MAP_PERCPU_HASH;
 */
#pragma once

#include "base/macros.h"

enum skep_map_trait {
	/* How an element is named: one of these three. */
	SKEP_TRAIT_KEYED = 1 << 0,   /* by a key of any size */
	SKEP_TRAIT_INDEXED = 1 << 1, /* by a 32-bit index below max_entries */
	SKEP_TRAIT_KEYLESS = 1 << 2, /* not at all: queues, rings, filters, memory */

	SKEP_TRAIT_PER_CPU = 1 << 3,   /* a value for each possible CPU */
	SKEP_TRAIT_VALUES = 1 << 4,    /* a lookup in a program gives the address of the value */
	SKEP_TRAIT_DELETABLE = 1 << 5, /* elements come and go; else all exist from the start */
	SKEP_TRAIT_EVICTS = 1 << 6,    /* when full, an old element makes room for the new one */
	SKEP_TRAIT_FDS = 1 << 7, /* elements stand for kernel objects: programs, sockets, devices */
	SKEP_TRAIT_NESTED = 1 << 8, /* elements are maps */
	SKEP_TRAIT_OWNED = 1 << 9,  /* an element lives in the kernel object that is its key */
	SKEP_TRAIT_RING = 1 << 10,  /* a stream of records */
	SKEP_TRAIT_MMAP = 1 << 11,  /* user space can map the memory */
};

/* clang-format off */
#define SKEP_MAP_KINDS(X) \
	X(1, HASH, "hash", SKEP_TRAIT_KEYED | SKEP_TRAIT_VALUES | SKEP_TRAIT_DELETABLE) \
	X(2, ARRAY, "array", SKEP_TRAIT_INDEXED | SKEP_TRAIT_VALUES | SKEP_TRAIT_MMAP) \
	X(3, PROG_ARRAY, "prog_array", SKEP_TRAIT_INDEXED | SKEP_TRAIT_DELETABLE | SKEP_TRAIT_FDS) \
	X(4, PERF_EVENT_ARRAY, "perf_event_array", \
	  SKEP_TRAIT_INDEXED | SKEP_TRAIT_DELETABLE | SKEP_TRAIT_FDS | SKEP_TRAIT_RING) \
	X(5, PERCPU_HASH, "percpu_hash", \
	  SKEP_TRAIT_KEYED | SKEP_TRAIT_PER_CPU | SKEP_TRAIT_VALUES | SKEP_TRAIT_DELETABLE) \
	X(6, PERCPU_ARRAY, "percpu_array", SKEP_TRAIT_INDEXED | SKEP_TRAIT_PER_CPU | SKEP_TRAIT_VALUES) \
	X(7, STACK_TRACE, "stack_trace", SKEP_TRAIT_INDEXED | SKEP_TRAIT_DELETABLE) \
	X(8, CGROUP_ARRAY, "cgroup_array", SKEP_TRAIT_INDEXED | SKEP_TRAIT_DELETABLE | SKEP_TRAIT_FDS) \
	X(9, LRU_HASH, "lru_hash", \
	  SKEP_TRAIT_KEYED | SKEP_TRAIT_VALUES | SKEP_TRAIT_DELETABLE | SKEP_TRAIT_EVICTS) \
	X(10, LRU_PERCPU_HASH, "lru_percpu_hash", \
	  SKEP_TRAIT_KEYED | SKEP_TRAIT_PER_CPU | SKEP_TRAIT_VALUES | SKEP_TRAIT_DELETABLE | \
	  SKEP_TRAIT_EVICTS) \
	X(11, LPM_TRIE, "lpm_trie", SKEP_TRAIT_KEYED | SKEP_TRAIT_VALUES | SKEP_TRAIT_DELETABLE) \
	X(12, ARRAY_OF_MAPS, "array_of_maps", \
	  SKEP_TRAIT_INDEXED | SKEP_TRAIT_DELETABLE | SKEP_TRAIT_NESTED) \
	X(13, HASH_OF_MAPS, "hash_of_maps", SKEP_TRAIT_KEYED | SKEP_TRAIT_DELETABLE | SKEP_TRAIT_NESTED) \
	X(14, DEVMAP, "devmap", SKEP_TRAIT_INDEXED | SKEP_TRAIT_DELETABLE | SKEP_TRAIT_FDS) \
	X(15, SOCKMAP, "sockmap", SKEP_TRAIT_INDEXED | SKEP_TRAIT_DELETABLE | SKEP_TRAIT_FDS) \
	X(16, CPUMAP, "cpumap", SKEP_TRAIT_INDEXED | SKEP_TRAIT_DELETABLE | SKEP_TRAIT_FDS) \
	X(17, XSKMAP, "xskmap", SKEP_TRAIT_INDEXED | SKEP_TRAIT_DELETABLE | SKEP_TRAIT_FDS) \
	X(18, SOCKHASH, "sockhash", SKEP_TRAIT_KEYED | SKEP_TRAIT_DELETABLE | SKEP_TRAIT_FDS) \
	X(19, CGROUP_STORAGE, "cgroup_storage", SKEP_TRAIT_KEYED | SKEP_TRAIT_OWNED) \
	X(20, REUSEPORT_SOCKARRAY, "reuseport_sockarray", \
	  SKEP_TRAIT_INDEXED | SKEP_TRAIT_DELETABLE | SKEP_TRAIT_FDS) \
	X(21, PERCPU_CGROUP_STORAGE, "percpu_cgroup_storage", \
	  SKEP_TRAIT_KEYED | SKEP_TRAIT_PER_CPU | SKEP_TRAIT_OWNED) \
	X(22, QUEUE, "queue", SKEP_TRAIT_KEYLESS | SKEP_TRAIT_DELETABLE) \
	X(23, STACK, "stack", SKEP_TRAIT_KEYLESS | SKEP_TRAIT_DELETABLE) \
	X(24, SK_STORAGE, "sk_storage", SKEP_TRAIT_KEYED | SKEP_TRAIT_DELETABLE | SKEP_TRAIT_OWNED) \
	X(25, DEVMAP_HASH, "devmap_hash", SKEP_TRAIT_KEYED | SKEP_TRAIT_DELETABLE | SKEP_TRAIT_FDS) \
	X(26, STRUCT_OPS, "struct_ops", SKEP_TRAIT_INDEXED | SKEP_TRAIT_DELETABLE) \
	X(27, RINGBUF, "ringbuf", SKEP_TRAIT_KEYLESS | SKEP_TRAIT_RING | SKEP_TRAIT_MMAP) \
	X(28, INODE_STORAGE, "inode_storage", \
	  SKEP_TRAIT_KEYED | SKEP_TRAIT_DELETABLE | SKEP_TRAIT_OWNED) \
	X(29, TASK_STORAGE, "task_storage", SKEP_TRAIT_KEYED | SKEP_TRAIT_DELETABLE | SKEP_TRAIT_OWNED) \
	X(30, BLOOM_FILTER, "bloom_filter", SKEP_TRAIT_KEYLESS) \
	X(31, USER_RINGBUF, "user_ringbuf", SKEP_TRAIT_KEYLESS | SKEP_TRAIT_RING | SKEP_TRAIT_MMAP) \
	X(32, CGRP_STORAGE, "cgrp_storage", SKEP_TRAIT_KEYED | SKEP_TRAIT_DELETABLE | SKEP_TRAIT_OWNED) \
	X(33, ARENA, "arena", SKEP_TRAIT_KEYLESS | SKEP_TRAIT_MMAP) \
	X(34, INSN_ARRAY, "insn_array", SKEP_TRAIT_INDEXED | SKEP_TRAIT_MMAP)
/* clang-format on */

enum skep_map_kind_id {
	SKEP_MAP_UNSPEC = 0,
#define SKEP_MAP_ROW_(number, constant, name, traits) SKEP_MAP_##constant = (number),
	SKEP_MAP_KINDS(SKEP_MAP_ROW_)
#undef SKEP_MAP_ROW_
};

struct skep_map_kind {
	uint32_t id;
	const char *name;
	unsigned traits; /* of enum skep_map_trait */
};

/* The row of a number or a name, or NULL. */
const struct skep_map_kind *skep_map_kind_find(uint32_t id);
const struct skep_map_kind *skep_map_kind_find_name(const char *name);

/*
 * Whether a helper (an enum skep_helper_id) that takes a map takes one of this kind.
 */
bool skep_map_kind_has_helper(uint32_t kind, int32_t helper);

/* Flags of a map, the kernel's numbers. */
enum skep_map_flag {
	SKEP_MAP_F_NO_PREALLOC = 1 << 0,
	SKEP_MAP_F_NO_COMMON_LRU = 1 << 1,
	SKEP_MAP_F_NUMA_NODE = 1 << 2,
	SKEP_MAP_F_RDONLY = 1 << 3, /* for user space */
	SKEP_MAP_F_WRONLY = 1 << 4,
	SKEP_MAP_F_STACK_BUILD_ID = 1 << 5,
	SKEP_MAP_F_ZERO_SEED = 1 << 6,
	SKEP_MAP_F_RDONLY_PROG = 1 << 7, /* for programs */
	SKEP_MAP_F_WRONLY_PROG = 1 << 8,
	SKEP_MAP_F_CLONE = 1 << 9,
	SKEP_MAP_F_MMAPABLE = 1 << 10,
	SKEP_MAP_F_PRESERVE_ELEMS = 1 << 11,
	SKEP_MAP_F_INNER_MAP =
		1 << 12, /* maps of other sizes may stand in for it in a map of maps */
	SKEP_MAP_F_LINK = 1 << 13,
};

/* Flags of an update. */
enum skep_map_update_flag {
	SKEP_MAP_ANY = 0,
	SKEP_MAP_NOEXIST = 1,
	SKEP_MAP_EXIST = 2,
	SKEP_MAP_F_LOCK = 4,
};

/*
 * Whether the kernel would make such a map: 0, -EINVAL (sizes, number of entries or flags that the kind
 * cannot have), -E2BIG (too large). *@ret_why, when given, is a sentence about it. What needs BTF (storages)
 * or an inner map is judged without it.
 */
int skep_map_kind_check(uint32_t kind, uint32_t key_size, uint32_t value_size, uint32_t max_entries,
			uint32_t flags, const char **ret_why) _must_check_;
