/* SPDX-License-Identifier: Apache-2.0 */
/* Kinds of maps, by making one of each as small as the kernel lets it be. */
#include <errno.h>
#include <string.h>

#include "isa/mapkind.h"
#include "obj/btf_build.h"
#include "sys/bpf.h"
#include "sys/offer.h"

#define KERNEL_ENOTSUPP 524 /* a number of the kernel's own, which gets out to us */

/* Those that are no element of four bytes with a key of four. */
static const struct shape {
	uint8_t kind, key_size, value_size, n_entries;
	uint16_t flags;
} shapes[] = {
	{ SKEP_MAP_STACK_TRACE, 4, 8, 1, 0 },
	{ SKEP_MAP_LPM_TRIE, 8, 4, 1, SKEP_MAP_F_NO_PREALLOC },
	{ SKEP_MAP_CGROUP_STORAGE, 16, 4, 0, 0 },
	{ SKEP_MAP_PERCPU_CGROUP_STORAGE, 16, 4, 0, 0 },
	{ SKEP_MAP_QUEUE, 0, 4, 1, 0 },
	{ SKEP_MAP_STACK, 0, 4, 1, 0 },
	{ SKEP_MAP_BLOOM_FILTER, 0, 4, 1, 0 },
	{ SKEP_MAP_SK_STORAGE, 4, 4, 0, SKEP_MAP_F_NO_PREALLOC },
	{ SKEP_MAP_INODE_STORAGE, 4, 4, 0, SKEP_MAP_F_NO_PREALLOC },
	{ SKEP_MAP_TASK_STORAGE, 4, 4, 0, SKEP_MAP_F_NO_PREALLOC },
	{ SKEP_MAP_CGRP_STORAGE, 4, 4, 0, SKEP_MAP_F_NO_PREALLOC },
	{ SKEP_MAP_ARENA, 0, 0, 1, SKEP_MAP_F_MMAPABLE },
	{ SKEP_MAP_INSN_ARRAY, 4, 16, 1, 0 },
};

static int close_ok(int fd)
{
	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

/* Storages want to know the types of key and value. */
static int load_int(void)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	_cleanup_(skep_btf_builder_freep)
	struct skep_btf_builder *b = skep_btf_builder_new(NULL);
	void *blob;
	size_t size;
	int r;

	skep_btf_build_int(b, "int", 4, SKEP_BTF_INT_SIGNED);
	r = skep_btf_builder_finish(b, arena, &blob, &size);
	return r < 0 ? r : skep_bpf_btf_load(blob, size, NULL, 0);
}

int skep_offer_map(uint32_t kind)
{
	const struct skep_map_kind *k = skep_map_kind_find(kind);
	struct skep_bpf_map_create attr = { kind, 4, 4, 1 };
	_cleanup_close_ int with = -1;
	int r;

	if (!k)
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++)
		if (shapes[i].kind == kind)
			attr = (struct skep_bpf_map_create){ kind, shapes[i].key_size,
							     shapes[i].value_size,
							     shapes[i].n_entries, shapes[i].flags };
	if (k->traits & SKEP_TRAIT_RING && k->traits & SKEP_TRAIT_KEYLESS)
		attr = (struct skep_bpf_map_create){ kind, 0, 0, (uint32_t)sysconf(_SC_PAGESIZE) };
	if (k->traits & SKEP_TRAIT_NESTED) {
		with = skep_bpf_map_create("skep_probe", SKEP_MAP_ARRAY, 4, 4, 1, 0);
		if (with < 0)
			return with;
		attr.inner_map_fd = (uint32_t)with;
	}
	if (k->traits & SKEP_TRAIT_OWNED && attr.map_flags & SKEP_MAP_F_NO_PREALLOC) {
		with = load_int();
		if (with < 0)
			return with;
		attr.btf_fd = (uint32_t)with;
		attr.btf_key_type_id = attr.btf_value_type_id = 1;
	}
	/* Its value is a type of the kernel; this one is not of that sort, and a kernel that has the kind says so. */
	if (kind == SKEP_MAP_STRUCT_OPS)
		attr.btf_vmlinux_value_type_id = 1;
	r = close_ok(skep_bpf_map_create_full("skep_probe", &attr));
	return r == -KERNEL_ENOTSUPP && kind == SKEP_MAP_STRUCT_OPS ? 0 : r;
}
