/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Data: .data, .rodata, .bss and sections such as .data.cold become array maps of one element, which programs address
 * directly. Of several files the sections of one name lie one behind the other in one map.
 */
#include <errno.h>

#include "isa/mapkind.h"
#include "obj/object_priv.h"

static bool is_read_only(const char *name)
{
	return skep_has_prefix(name, ".rodata");
}

/* The map of sections called @name; made when it is not there. */
static uint32_t data_map(struct reader *r, size_t first, const char *name)
{
	struct skep_spec_map map = {
		.name = name,
		.type = SKEP_MAP_ARRAY,
		.key_size = 4,
		.max_entries = 1,
		.flags = SKEP_MAP_MMAPABLE,
		.read_only = is_read_only(name),
	};

	for (size_t i = first; i < r->maps.len; i++)
		if (!strcmp(r->maps.data[i].name, name))
			return (uint32_t)i;
	if (map.read_only)
		map.flags |= SKEP_MAP_RDONLY_PROG;
	skep_vec_add(&r->maps, map);
	return (uint32_t)r->maps.len - 1;
}

/* Places section @s behind what its map holds already. */
static int place(struct reader *r, struct obj_file *f, struct obj_section *s, size_t first)
{
	struct skep_spec_map *map;
	uint64_t base;

	s->map = data_map(r, first, s->name);
	map = &r->maps.data[s->map];
	base = ALIGN_UP((uint64_t)map->value_size, s->align);
	if (base + s->size > SKEP_OBJECT_SIZE_MAX)
		return obj_refuse(r, f, "the sections '%s' are together larger than %u MiB",
				  s->name, SKEP_OBJECT_SIZE_MAX >> 20);
	s->base = (uint32_t)base;
	/* Types describe the whole only while it comes from one file. */
	map->btf_value_type = map->value_size ? 0 : obj_datasec(f, s->name);
	map->value_size = (uint32_t)base + s->size;
	if (s->data)
		map->data_size = map->value_size;
	return 0;
}

static void copy(struct reader *r, const struct obj_section *s)
{
	struct skep_spec_map *map = &r->maps.data[s->map];

	if (!s->data)
		return;
	if (!map->data)
		map->data = skep_arena_alloc(r->arena, map->data_size);
	memcpy((uint8_t *)map->data + s->base, s->data, s->size);
}

/* Names of the variables in section @s. */
static void name_vars(struct reader *r, const struct obj_file *f, const struct obj_section *s)
{
	uint32_t id = obj_datasec(f, s->name);
	struct skep_btf_secvar var;

	for (uint32_t i = 0; id && skep_btf_secvar(r->btf, id, i, &var) == 0; i++) {
		struct skep_btf_type t = skep_btf_type(r->btf, var.type);
		struct skep_spec_var named = {
			.name = t.name,
			.map = s->map,
			.offset = s->base + var.offset,
			.size_bytes = var.size_bytes,
			.type = t.type,
		};

		if (t.kind == SKEP_BTF_VAR && t.vlen != 2 && var.offset <= s->size &&
		    var.size_bytes <= s->size - var.offset)
			skep_vec_add(&r->vars, named);
	}
}

int obj_read_data(struct reader *r)
{
	size_t first = r->maps.len;

	for (size_t i = 0; i < r->n_files; i++)
		for (uint32_t k = 1; k < r->files[i].n_sections; k++) {
			struct obj_section *s = &r->files[i].sections[k];
			int e = s->role == ROLE_DATA ? place(r, &r->files[i], s, first) : 0;

			if (e < 0)
				return e;
		}
	for (size_t i = 0; i < r->n_files; i++)
		for (uint32_t k = 1; k < r->files[i].n_sections; k++) {
			const struct obj_section *s = &r->files[i].sections[k];

			if (s->role != ROLE_DATA)
				continue;
			copy(r, s);
			name_vars(r, &r->files[i], s);
		}
	return 0;
}
