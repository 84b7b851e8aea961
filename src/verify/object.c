/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernel objects: reads through pointers whose type BTF knows. A fault there gives 0 in the kernel, so any read that meets
 * a field as the type has it is safe: a pointer only as a whole, numbers in any part, nothing across fields.
 */
#include <errno.h>
#include <inttypes.h>

#include "verify/walk.h"

/* What a read finds. */
struct found {
	bool pointer; /* to a structure of type `target` */
	bool memory;  /* a pointer to anything else: readable, but nobody knows if it is valid */
	uint32_t target;
	uint16_t flags; /* of enum skep_value_flag */
};

struct place {
	const struct skep_btf *btf;
	uint32_t type;
	uint32_t off, size; /* of the read, in the type */
	bool in_union;	    /* which member is valid is not known */
};

#define DEPTH_MAX 32

/* The tag of what a pointer points to: __user and the like. */
static uint16_t flags_of_tag(const struct skep_btf *btf, uint32_t pointer)
{
	struct skep_btf_type t = skep_btf_type(btf, skep_btf_type(btf, pointer).type);

	if (t.kind != SKEP_BTF_TYPE_TAG)
		return 0;
	if (skep_streq(t.name, "user"))
		return SKEP_VALUE_USER;
	if (skep_streq(t.name, "percpu"))
		return SKEP_VALUE_PERCPU;
	return skep_streq(t.name, "rcu") ? SKEP_VALUE_RCU : 0;
}

/* Arrays, of any depth: their last element's type, and how many bytes one has. 0 when it has no size. */
static uint32_t element(const struct skep_btf *btf, uint32_t type, uint32_t *ret_bytes)
{
	uint32_t elem, n, id = skep_btf_strip(btf, type, true);

	*ret_bytes = 0;
	for (unsigned depth = 0; depth < DEPTH_MAX && skep_btf_kind(btf, id) == SKEP_BTF_ARRAY;
	     depth++) {
		if (skep_btf_array(btf, id, &elem, &n) < 0)
			return 0;
		id = skep_btf_strip(btf, elem, true);
	}
	if (skep_btf_size(btf, id, ret_bytes) < 0 || !*ret_bytes)
		return 0;
	return id;
}

/* Behind the end of a structure whose last member is an array without size: into one of its elements. */
static bool into_tail(struct place *p)
{
	struct skep_btf_member m, last = {};
	uint32_t i = 0, elem, n, bytes;

	while (skep_btf_member(p->btf, p->type, i, &m) == 0) {
		last = m;
		i++;
	}
	if (!i || skep_btf_array(p->btf, skep_btf_strip(p->btf, last.type, true), &elem, &n) < 0 ||
	    n || p->off < last.bit_offset / 8)
		return false;
	elem = element(p->btf, elem, &bytes);
	if (!elem)
		return false;
	p->off = (p->off - last.bit_offset / 8) % bytes;
	p->type = elem;
	return true;
}

static bool is_structure(const struct skep_btf *btf, uint32_t type)
{
	enum skep_btf_kind kind = skep_btf_kind(btf, type);

	return kind == SKEP_BTF_STRUCT || kind == SKEP_BTF_UNION;
}

static int found_pointer(const struct place *p, uint32_t type, struct found *ret_found)
{
	uint32_t target;

	if (p->off || p->size != 8)
		return -EACCES;
	ret_found->flags = flags_of_tag(p->btf, type);
	if (skep_btf_pointee(p->btf, type, &target) == 0) {
		target = skep_btf_strip(p->btf, target, true);
		if (is_structure(p->btf, target)) {
			ret_found->pointer = true;
			ret_found->target = target;
			return 0;
		}
	}
	ret_found->memory = true;
	return 0;
}

/* 1: the read is inside of a structure that *p is now; 0: found; -ENOENT: this is not the member. */
static int look_at(struct place *p, const struct skep_btf_member *m, struct found *ret_found)
{
	uint32_t begin = m->bit_offset / 8, all, bytes, type;

	if (m->bit_size)
		return p->off <= begin && (m->bit_offset + m->bit_size + 7) / 8 <= p->off + p->size
			       ? 0
			       : -ENOENT;
	if (p->off < begin)
		return -EACCES; /* a hole */
	if (skep_btf_size(p->btf, m->type, &all) < 0 || p->off >= begin + all)
		return -ENOENT;
	type = element(p->btf, m->type, &bytes);
	if (!type)
		return -EACCES;
	if (is_structure(p->btf, type) || skep_btf_kind(p->btf, type) == SKEP_BTF_PTR) {
		p->off = (p->off - begin) % bytes;
		if (skep_btf_kind(p->btf, type) == SKEP_BTF_PTR)
			return found_pointer(p, type, ret_found);
		p->type = type;
		return 1;
	}
	/* numbers: any part of one, or of an array of them */
	return p->off + p->size > begin + all && !p->in_union ? -EACCES : 0;
}

static int find(struct place p, struct found *ret_found)
{
	*ret_found = (struct found){};
	for (unsigned depth = 0; depth < DEPTH_MAX; depth++) {
		struct skep_btf_member m;
		uint32_t size, n = 0;
		int r = -ENOENT;

		if (!is_structure(p.btf, p.type))
			return p.type ? 0 : -EACCES; /* an element of a tail of numbers */
		if (skep_btf_size(p.btf, p.type, &size) < 0)
			return -EACCES;
		while (skep_btf_member(p.btf, p.type, n, &m) == 0)
			n++;
		if (skep_btf_kind(p.btf, p.type) == SKEP_BTF_UNION && n != 1)
			p.in_union = true;
		if (p.off + p.size > size) {
			if (!into_tail(&p))
				return -EACCES;
			continue;
		}
		for (uint32_t i = 0; r == -ENOENT && skep_btf_member(p.btf, p.type, i, &m) == 0;
		     i++) {
			if (p.off + p.size <= m.bit_offset / 8)
				break;
			r = look_at(&p, &m, ret_found);
		}
		if (r <= 0) {
			if (r == 0 && p.in_union)
				ret_found->flags |= SKEP_VALUE_UNTRUSTED;
			return r < 0 ? -EACCES : 0;
		}
	}
	return -EACCES;
}

/* The structure that @type has exactly at *@off, or 0; *@off counts in it afterwards. */
static uint32_t inner_structure(const struct skep_btf *btf, uint32_t type, uint32_t *off)
{
	struct skep_btf_member m;

	for (uint32_t i = 0; skep_btf_member(btf, type, i, &m) == 0; i++) {
		uint32_t begin = m.bit_offset / 8, all, bytes, inner;

		if (m.bit_size || skep_btf_size(btf, m.type, &all) < 0 || *off < begin ||
		    *off >= begin + all)
			continue;
		inner = element(btf, m.type, &bytes);
		*off = bytes ? (*off - begin) % bytes : 0;
		return inner;
	}
	return 0;
}

bool skep_type_has(const struct skep_btf *btf, uint32_t type, uint32_t off, const char *name)
{
	for (unsigned depth = 0; depth < DEPTH_MAX && is_structure(btf, type); depth++) {
		if (off == 0 && skep_streq(skep_btf_name(btf, type), name))
			return true;
		type = inner_structure(btf, type, &off);
	}
	return false;
}

/* What was loaded from @pointer: as valid as that one at most. */
static struct skep_value loaded_value(const struct skep_value *pointer, const struct found *found)
{
	struct skep_value v = skep_value_number();

	if (found->pointer) {
		v = skep_value_pointer(SKEP_VALUE_OBJECT, found->flags & ~SKEP_VALUE_RCU);
		v.flags |= pointer->flags & SKEP_VALUE_UNTRUSTED;
		v.type = found->target;
	} else if (found->memory) {
		v = skep_value_pointer(SKEP_VALUE_MEM, SKEP_VALUE_READ_ONLY | SKEP_VALUE_UNTRUSTED);
	}
	return v;
}

static int not_so(struct skep_walk *walk, const struct skep_access *access, uint32_t type,
		  int64_t off)
{
	skep_report(walk, SKEP_REASON_BOUNDS, (int)access->reg,
		    "this reads bytes %" PRId64 " to %" PRId64
		    " of struct %s, which are not one field",
		    off, off + (int64_t)access->size - 1, skep_btf_name(walk->options->btf, type));
	skep_report_hint(walk, "read fields as the type has them, pointers as a whole");
	return -EINVAL;
}

int skep_access_object(struct skep_walk *walk, const struct skep_access *access,
		       const struct skep_value *pointer, struct skep_value *ret_value)
{
	const struct skep_btf *btf = walk->options->btf;
	int64_t off = (int64_t)pointer->off + access->off;
	struct found found;

	if (!btf)
		return skep_undecided(
			walk,
			"not judged without the kernel's BTF: a load through a pointer to a kernel object");
	if (!skep_walk_is_gpl(walk))
		return skep_reject(walk, SKEP_REASON_ACCESS, (int)access->reg,
				   "objects of the kernel are only for programs under the GPL");
	if (pointer->flags & (SKEP_VALUE_USER | SKEP_VALUE_PERCPU))
		return skep_reject(
			walk, SKEP_REASON_ACCESS, (int)access->reg,
			"this pointer cannot be followed directly; a helper has to read through it");
	if (!skep_scalar_is_const(&pointer->num) || pointer->num.bits.value)
		return skep_reject(
			walk, SKEP_REASON_BOUNDS, (int)access->reg,
			"a kernel object is read at an offset that is not known before the program runs");
	if (access->direction == SKEP_WRITE)
		return skep_reject(walk, SKEP_REASON_ACCESS, (int)access->reg,
				   "objects of the kernel cannot be written");
	if (off < 0 || off > INT32_MAX ||
	    find((struct place){ .btf = btf,
				 .type = pointer->type,
				 .off = (uint32_t)off,
				 .size = access->size },
		 &found) < 0)
		return not_so(walk, access, pointer->type, off);
	if (ret_value)
		*ret_value = loaded_value(pointer, &found);
	return 0;
}

/* The structure behind a map itself, which programs may read. */
static const char *map_structure(uint32_t kind)
{
	switch (kind) {
	case SKEP_MAP_ARRAY:
	case SKEP_MAP_PERCPU_ARRAY:
	case SKEP_MAP_PROG_ARRAY:
	case SKEP_MAP_PERF_EVENT_ARRAY:
	case SKEP_MAP_CGROUP_ARRAY:
	case SKEP_MAP_ARRAY_OF_MAPS:
		return "bpf_array";
	case SKEP_MAP_HASH:
	case SKEP_MAP_PERCPU_HASH:
	case SKEP_MAP_LRU_HASH:
	case SKEP_MAP_LRU_PERCPU_HASH:
	case SKEP_MAP_HASH_OF_MAPS:
		return "bpf_htab";
	case SKEP_MAP_LPM_TRIE:
		return "lpm_trie";
	case SKEP_MAP_QUEUE:
	case SKEP_MAP_STACK:
		return "bpf_queue_stack";
	case SKEP_MAP_RINGBUF:
	case SKEP_MAP_USER_RINGBUF:
		return "bpf_ringbuf_map";
	case SKEP_MAP_STACK_TRACE:
		return "bpf_stack_map";
	case SKEP_MAP_DEVMAP:
	case SKEP_MAP_DEVMAP_HASH:
		return "bpf_dtab";
	case SKEP_MAP_CPUMAP:
		return "bpf_cpu_map";
	case SKEP_MAP_XSKMAP:
		return "xsk_map";
	case SKEP_MAP_SOCKMAP:
		return "bpf_stab";
	case SKEP_MAP_SOCKHASH:
		return "bpf_shtab";
	case SKEP_MAP_SK_STORAGE:
	case SKEP_MAP_INODE_STORAGE:
	case SKEP_MAP_TASK_STORAGE:
	case SKEP_MAP_CGRP_STORAGE:
		return "bpf_local_storage_map";
	case SKEP_MAP_BLOOM_FILTER:
		return "bpf_bloom_filter";
	case SKEP_MAP_REUSEPORT_SOCKARRAY:
		return "reuseport_array";
	case SKEP_MAP_CGROUP_STORAGE:
	case SKEP_MAP_PERCPU_CGROUP_STORAGE:
		return "bpf_cgroup_storage_map";
	default:
		return NULL;
	}
}

int skep_access_map(struct skep_walk *walk, const struct skep_access *access,
		    const struct skep_value *pointer, struct skep_value *ret_value)
{
	const struct skep_spec_map *map = skep_walk_map(walk, pointer);
	const char *name = map_structure(map->type);
	struct skep_value object = skep_value_pointer(SKEP_VALUE_OBJECT, 0);

	if (access->direction == SKEP_WRITE)
		return skep_reject(walk, SKEP_REASON_TYPE, (int)access->reg,
				   "map %s itself cannot be written, only its values", map->name);
	if (!walk->options->btf || !name ||
	    skep_btf_find(walk->options->btf, name, SKEP_BTF_STRUCT, &object.type) < 0)
		return skep_undecided(
			walk, "not judged without the kernel's BTF: a load from map %s itself",
			map->name);
	object.off = pointer->off;
	return skep_access_object(walk, access, &object, ret_value);
}
