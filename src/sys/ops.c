/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/ops.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "isa/attachtype.h"
#include "isa/mapkind.h"
#include "isa/progkind.h"
#include "obj/core.h"
#include "sys/explain.h"
#include "sys/kernel.h"
#include "sys/vmlinux.h"

/* One struct, as the object has it and as the kernel has it. */
struct ops {
	const struct skep_spec_map *map;
	struct skep_btf *local;
	const struct skep_btf *kernel;
	char name[128];
	uint32_t type;		    /* in the kernel's types */
	uint32_t value, value_size; /* what it is wrapped in there */
	uint32_t data_offset;	    /* and where */
	struct skep_diag *diag;
};

static void ops_fini(struct ops *o)
{
	skep_btf_free(o->local);
}

static int no_such(const struct ops *o)
{
	skep_diag_error(o->diag, SKEP_NO_LOC,
			"'%s' is a struct %s, whose functions programs cannot be on this kernel",
			o->map->name, o->name);
	skep_diag_hint(o->diag,
		       "which structs there are: bpftool btf dump file /sys/kernel/btf/vmlinux "
		       "| grep -o 'bpf_struct_ops_[a-z_]*'");
	return -EOPNOTSUPP;
}

/* Where in the kernel's wrapper the struct itself is. */
static int find_data(struct ops *o)
{
	struct skep_btf_member m;

	for (uint32_t i = 0; skep_btf_member(o->kernel, o->value, i, &m) == 0; i++)
		if (skep_btf_strip(o->kernel, m.type, true) == o->type) {
			o->data_offset = (uint32_t)(m.bit_offset / 8);
			return 0;
		}
	return no_such(o);
}

static int ops_open(const struct skep_spec *spec, const struct skep_spec_map *map,
		    struct skep_diag *diag, struct ops *o)
{
	char wrapper[160];
	const char *name;
	int r;

	*o = (struct ops){ .map = map, .diag = diag };
	r = skep_vmlinux_btf(diag, &o->kernel);
	if (r == 0)
		r = skep_btf_parse(spec->btf, spec->btf_size, NULL, NULL, diag, &o->local);
	if (r < 0)
		return r;
	name = skep_btf_name(o->local, map->btf_value_type);
	snprintf(o->name, sizeof(o->name), "%.*s", (int)skep_core_name_len(name), name);
	snprintf(wrapper, sizeof(wrapper), "bpf_struct_ops_%s", o->name);
	if (skep_btf_find(o->kernel, o->name, SKEP_BTF_STRUCT, &o->type) < 0 ||
	    skep_btf_find(o->kernel, wrapper, SKEP_BTF_STRUCT, &o->value) < 0 ||
	    skep_btf_size(o->kernel, o->value, &o->value_size) < 0)
		return no_such(o);
	return find_data(o);
}

/* The kernel's member of this name and its index. -ENOENT. */
static int find_member(const struct ops *o, const char *name, uint32_t *ret_index,
		       struct skep_btf_member *ret_member)
{
	for (uint32_t i = 0; skep_btf_member(o->kernel, o->type, i, ret_member) == 0; i++)
		if (!strcmp(ret_member->name, name)) {
			*ret_index = i;
			return 0;
		}
	return -ENOENT;
}

static int lacks(const struct ops *o, const char *member)
{
	_cleanup_(skep_str_fini)
	struct skep_str names = {};

	skep_diag_error(o->diag, SKEP_NO_LOC,
			"'%s' sets %s, which this kernel's struct %s does not have", o->map->name,
			member, o->name);
	skep_btf_format_member_names(o->kernel, o->type, member, 12, &names);
	skep_diag_hint(o->diag, "it has: %s", skep_str_text(&names));
	return -ENOENT;
}

int skep_ops_describe(const struct load *l, const struct skep_spec_map *map,
		      struct skep_bpf_map_create *attr)
{
	_cleanup_(ops_fini)
	struct ops o;
	int r = ops_open(l->loaded->spec, map, l->diag, &o);

	if (r < 0)
		return r;
	if (!l->btf.has_types) {
		skep_diag_error(
			l->diag, SKEP_NO_LOC,
			"'%s' needs the object's types in the kernel, which did not take them",
			map->name);
		return -EOPNOTSUPP;
	}
	attr->value_size = o.value_size;
	attr->btf_fd = (uint32_t)l->loaded->btf_fd;
	attr->btf_vmlinux_value_type_id = o.value;
	/* What is registered by a link ends with us; SEC(".struct_ops") is no reason to stay when we are killed. */
	attr->map_flags |= SKEP_MAP_LINK;
	return 0;
}

int skep_ops_aim(const struct load *l, size_t index, struct skep_spec_prog *p)
{
	const struct skep_spec *spec = l->loaded->spec;
	const struct skep_spec_map *map = NULL;
	struct skep_btf_member m;
	_cleanup_(ops_fini)
	struct ops o = {};
	uint32_t key = 0;
	int r;

	for (size_t i = 0; i < spec->n_maps && !map; i++)
		for (size_t k = 0; k < spec->maps[i].n_slots && !map; k++)
			if (spec->maps[i].type == SKEP_MAP_STRUCT_OPS &&
			    spec->maps[i].slots[k].index == index) {
				map = &spec->maps[i];
				key = map->slots[k].key;
			}
	if (!map)
		return -EINVAL;
	r = ops_open(spec, map, l->diag, &o);
	if (r == 0)
		r = skep_btf_member(o.local, map->btf_value_type, key, &m);
	if (r == 0 && find_member(&o, m.name, &p->attach_type, &m) < 0)
		r = lacks(&o, m.name);
	if (r == 0)
		p->attach_btf_id = o.type;
	return r;
}

/*
 * The value.
 */

static bool is_zero(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i])
			return false;
	return true;
}

static int put_program(const struct ops *o, const struct skep_loaded *loaded, uint32_t index,
		       uint8_t *to)
{
	for (size_t i = 0; i < o->map->n_slots; i++) {
		int fd = o->map->slots[i].key == index ? loaded->progs[o->map->slots[i].index].fd
						       : -1;
		uint64_t word = (uint64_t)fd;

		if (fd >= 0) /* in the place of a pointer */
			memcpy(to, &word, sizeof(word));
	}
	return 0;
}

static int put_member(const struct ops *o, const struct skep_loaded *loaded, uint32_t index,
		      uint8_t *value)
{
	struct skep_btf_member m, k;
	uint32_t size, kernel_size, at, proto, target;
	const uint8_t *from;

	if (skep_btf_member(o->local, o->map->btf_value_type, index, &m) < 0 ||
	    skep_btf_size(o->local, m.type, &size) < 0 ||
	    m.bit_offset / 8 + size > o->map->data_size)
		return -EINVAL;
	from = (const uint8_t *)o->map->data + m.bit_offset / 8;
	if (find_member(o, m.name, &at, &k) < 0)
		return is_zero(from, size) ? 0 : lacks(o, m.name);
	if (skep_btf_pointee(o->local, m.type, &target) == 0 &&
	    skep_btf_proto(o->local, target, &proto) == 0)
		return put_program(o, loaded, index, value + k.bit_offset / 8);
	if (is_zero(from, size))
		return 0;
	if (m.bit_size || k.bit_size || skep_btf_size(o->kernel, k.type, &kernel_size) < 0 ||
	    size != kernel_size) {
		skep_diag_error(o->diag, SKEP_NO_LOC,
				"'%s': member %s has another size than in this kernel's struct %s",
				o->map->name, m.name, o->name);
		return -EINVAL;
	}
	memcpy(value + k.bit_offset / 8, from, size);
	return 0;
}

/* @fd: the map. Written without a link it is registered at once. */
static int fill(const struct skep_loaded *loaded, size_t map, struct skep_diag *diag)
{
	_cleanup_(ops_fini)
	struct ops o = {};
	_cleanup_free_ uint8_t *value = NULL;
	uint32_t zero = 0;
	int r = ops_open(loaded->spec, &loaded->spec->maps[map], diag, &o);

	if (r < 0)
		return r;
	value = calloc(1, o.value_size);
	if (!value)
		return -ENOMEM;
	for (uint32_t i = 0, n = skep_btf_type(o.local, o.map->btf_value_type).vlen; i < n; i++) {
		r = put_member(&o, loaded, i, value + o.data_offset);
		if (r < 0)
			return r;
	}
	return skep_bpf_map_update(loaded->maps[map].fd, &zero, value, 0);
}

static int find_map(const struct skep_loaded *loaded, const char *name, size_t *ret_map)
{
	for (size_t i = 0; i < loaded->spec->n_maps; i++)
		if (loaded->spec->maps[i].type == SKEP_MAP_STRUCT_OPS &&
		    skep_streq(loaded->spec->maps[i].name, name)) {
			*ret_map = i;
			return 0;
		}
	return -ENOENT;
}

static bool has_link(int fd)
{
	struct skep_bpf_map_info info = {};
	uint32_t size = sizeof(info);

	return skep_bpf_obj_info(fd, &info, &size) == 0 && info.map_flags & SKEP_MAP_LINK;
}

int skep_kernel_ops_fill(const struct skep_loaded *loaded, const char *name, struct skep_diag *diag,
			 int *ret_fd)
{
	size_t map;
	int r = find_map(loaded, name, &map);

	if (r == 0 && !has_link(loaded->maps[map].fd))
		r = -EOPNOTSUPP;
	if (r == 0)
		r = fill(loaded, map, diag);
	if (r == -EBUSY) /* it was before */
		r = 0;
	if (r == 0)
		*ret_fd = loaded->maps[map].fd;
	return r;
}

/* Of kernels without such links (before 6.4). */
static void unregister(void *data)
{
	int fd = (int)(intptr_t)data;
	uint32_t zero = 0;

	(void)!skep_bpf_map_delete(fd, &zero);
	close(fd);
}

static int register_plainly(struct skep_loaded *loaded, const struct skep_spec_attach *a,
			    size_t map, struct skep_diag *diag)
{
	int r = fill(loaded, map, diag), fd;

	if (r < 0)
		return r;
	fd = dup(loaded->maps[map].fd);
	if (fd < 0)
		return -errno;
	r = skep_kernel_add_undo(loaded, a->prog, unregister, (void *)(intptr_t)fd);
	if (r == 0)
		skep_diag_warn(
			diag, a->loc,
			"'%s' stays registered when skep is killed: this kernel has no links "
			"for it, which came with Linux 6.4",
			a->targets[0].name);
	return r;
}

int skep_attach_ops(struct skep_loaded *loaded, const struct skep_spec_attach *a,
		    const struct skep_attach_target *t, struct skep_diag *diag)
{
	struct skep_bpf_link_create attr = { .attach_type = SKEP_AT_STRUCT_OPS };
	size_t n_errors = diag ? diag->n_errors : 0, map = 0;
	int r = find_map(loaded, t->name, &map), fd;

	if (r == 0 && !has_link(loaded->maps[map].fd)) {
		r = register_plainly(loaded, a, map, diag);
	} else if (r == 0) {
		r = skep_kernel_ops_fill(loaded, t->name, diag, &fd);
		attr.prog_fd = r < 0 ? 0 : (uint32_t)fd;
		r = r < 0 ? r : skep_bpf_link_create(&attr);
		if (r >= 0)
			return skep_kernel_add_link(loaded, a->prog, r);
	}
	if (r < 0 && (!diag || diag->n_errors == n_errors)) {
		skep_explain_attach(SKEP_DIAG_ERROR, a, t->name, r, diag);
		if (r == -EEXIST)
			skep_diag_hint(diag, "something is registered under that name already");
		else if (r == -EINVAL)
			skep_diag_hint(diag,
				       "functions that the struct must have may be missing, or a "
				       "name is");
	}
	return r;
}
