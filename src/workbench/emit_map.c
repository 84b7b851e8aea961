/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Maps of an object. A map is a variable of .maps whose type says what it is: a structure of pointers to arrays, where the
 * number of elements is the value (libbpf's convention). What programs reach by its address is a section of bytes.
 */
#include <errno.h>
#include <string.h>

#include "isa/mapkind.h"
#include "obj/btf_build.h"
#include "workbench/emit_priv.h"

static int refuse(struct emit *e, const struct skep_spec_map *map, const char *what)
{
	skep_diag_error(e->diag, SKEP_NO_LOC, "map '%s' cannot be written as an object: %s",
			map->name, what);
	return -EOPNOTSUPP;
}

static bool is_reached(const struct skep_spec *spec, size_t map)
{
	for (size_t i = 0; i < spec->n_progs; i++)
		for (size_t k = 0; k < spec->progs[i].n_relocs; k++)
			if (spec->progs[i].relocs[k].kind == SKEP_RELOC_MAP_VALUE &&
			    spec->progs[i].relocs[k].index == map)
				return true;
	return false;
}

static bool names_data(const char *name)
{
	return skep_has_prefix(name, ".data") || skep_has_prefix(name, ".rodata") ||
	       skep_has_prefix(name, ".bss");
}

static int add_data(struct emit *e, size_t index)
{
	const struct skep_spec_map *map = &e->spec->maps[index];
	const char *name =
		names_data(map->name)
			? map->name
			: skep_arena_printf(e->arena, "%s.%s", map->read_only ? ".rodata" : ".data",
					    map->name);
	bool zero = skep_has_prefix(name, ".bss") && !map->data_size;
	struct skep_elf_out *s;

	if (map->max_entries != 1)
		return refuse(e, map, "only an array of one value is a section of data");
	s = skep_elf_out(e->file, name, zero ? SHT_NOBITS : SHT_PROGBITS,
			 SHF_ALLOC | (skep_has_prefix(name, ".rodata") ? 0 : SHF_WRITE));
	if (!s)
		return refuse(e, map, "there are too many sections");
	skep_str_addn(&s->bytes, map->data, map->data_size);
	skep_str_pad(&s->bytes, 0, map->value_size - map->data_size);
	e->maps[index].is_data = true;
	e->maps[index].symbol = emit_symbol(e, NULL, STB_LOCAL, STT_SECTION, s, 0, 0);
	return 0;
}

static bool is_named(const struct skep_spec *spec, size_t map)
{
	for (size_t i = 0; i < spec->n_progs; i++)
		for (size_t k = 0; k < spec->progs[i].n_relocs; k++) {
			const struct skep_reloc *reloc = &spec->progs[i].relocs[k];

			if ((reloc->kind == SKEP_RELOC_MAP ||
			     reloc->kind == SKEP_RELOC_MAP_VALUE) &&
			    reloc->index == map)
				return true;
		}
	return false;
}

/* Two maps of a script may have one name, of which symbols have only one. */
static const char *symbol_name(struct emit *e, size_t map)
{
	const char *name = e->spec->maps[map].name;

	for (size_t i = 0; i < map; i++)
		if (skep_streq(e->spec->maps[i].name, name))
			return skep_arena_printf(e->arena, "%s_%zu", name, map);
	return name;
}

/* "int (*name)[value]" */
static void add_setting(struct emit_types *t, const char *name, uint32_t value,
			struct skep_btf_member *members, size_t *n)
{
	uint32_t array;

	if (!value)
		return;
	array = skep_btf_build_array(t->b, t->i32, t->i32, value);
	members[*n] = (struct skep_btf_member){
		.name = name,
		.type = skep_btf_build_ref(t->b, SKEP_BTF_PTR, NULL, array),
		.bit_offset = *n * 64,
	};
	(*n)++;
}

static int add_map(struct emit *e, struct emit_types *t, struct skep_elf_out *s, size_t index)
{
	const struct skep_spec_map *map = &e->spec->maps[index];
	const char *name = symbol_name(e, index);
	struct skep_btf_member members[8];
	uint32_t size, type;
	size_t n = 0;

	if (map->inner || map->n_slots)
		return refuse(e, map, "its elements are maps or programs");
	if (map->data)
		return refuse(e, map, "it has contents, and no program reaches it by its address");
	add_setting(t, "type", map->type, members, &n);
	add_setting(t, "key_size", map->key_size, members, &n);
	add_setting(t, "value_size", map->value_size, members, &n);
	add_setting(t, "max_entries", map->max_entries, members, &n);
	add_setting(t, "map_flags", map->flags, members, &n);
	add_setting(t, "map_extra", (uint32_t)map->extra, members, &n);
	size = (uint32_t)n * 8;
	type = skep_btf_build_struct(t->b, SKEP_BTF_STRUCT, NULL, size, members, n);
	t->vars[t->n_vars++] = (struct skep_btf_secvar){
		.type = skep_btf_build_var(t->b, name, type, 1),
		.offset = t->size,
		.size_bytes = size,
	};
	e->maps[index].symbol = emit_symbol(e, name, STB_GLOBAL, STT_OBJECT, s, t->size, size);
	skep_str_pad(&s->bytes, 0, size);
	t->size += size;
	return 0;
}

int emit_maps(struct emit *e)
{
	struct emit_types *t = &e->types;
	struct skep_elf_out *maps = NULL;
	int r = 0;

	t->vars = skep_arena_calloc(e->arena, e->spec->n_maps, sizeof(*t->vars));
	t->i32 = skep_btf_build_int(t->b, "int", 4, SKEP_BTF_INT_SIGNED);
	for (size_t i = 0; i < e->spec->n_maps && r == 0; i++) {
		if (is_reached(e->spec, i) || names_data(e->spec->maps[i].name)) {
			r = add_data(e, i);
			continue;
		}
		if (e->spec->maps[i].data && !is_named(e->spec, i))
			continue; /* literals that became part of the instructions */
		if (!maps)
			maps = skep_elf_out(e->file, ".maps", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE);
		r = maps ? add_map(e, t, maps, i) : -E2BIG;
	}
	if (r == 0 && t->n_vars)
		skep_btf_build_datasec(t->b, ".maps", t->size, t->vars, t->n_vars);
	return r;
}
