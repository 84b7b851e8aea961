/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Structs of functions of the kernel: a variable in .struct_ops or .struct_ops.link becomes a map, whose value is the struct
 * as it stands in the object. Relocations say which members are which programs.
 *
 *	SEC(".struct_ops.link") struct tcp_congestion_ops slow = { .ssthresh = (void *)slow_ssthresh, .name = "slow" };
 */
#include <errno.h>

#include "isa/mapkind.h"
#include "isa/progkind.h"
#include "obj/object_priv.h"

static int read_variable(struct reader *r, struct obj_file *f, uint32_t section,
			 const struct skep_btf_secvar *place)
{
	const struct obj_section *s = &f->sections[section];
	struct skep_btf_type var = skep_btf_type(r->btf, place->type);
	uint32_t type = skep_btf_strip(r->btf, var.type, true);
	struct skep_spec_map map = {
		.name = var.name,
		.type = SKEP_MAP_STRUCT_OPS,
		.key_size = 4,
		.value_size = place->size_bytes,
		.max_entries = 1,
		.flags = skep_has_suffix(s->name, ".link") ? SKEP_MAP_LINK : 0,
		.data_size = place->size_bytes,
		.btf_value_type = type,
	};
	struct obj_map at = { section, place->offset, (uint32_t)r->maps.len, 0 };

	if (var.kind != SKEP_BTF_VAR || !*var.name ||
	    skep_btf_kind(r->btf, type) != SKEP_BTF_STRUCT)
		return obj_refuse(r, f,
				  "section '%s' holds something that is not a variable of a struct",
				  s->name);
	if (!s->data || place->offset > s->size || place->size_bytes > s->size - place->offset)
		return obj_refuse(r, f, "'%s' lies beyond the end of section '%s'", var.name,
				  s->name);
	map.data = skep_arena_memdup(r->arena, s->data + place->offset, place->size_bytes);
	skep_vec_add(&r->maps, map);
	skep_vec_add(&f->maps, at);
	return 0;
}

int obj_read_ops(struct reader *r, struct obj_file *f, uint32_t section)
{
	uint32_t id = obj_datasec(f, f->sections[section].name);
	struct skep_btf_secvar place;
	int e = 0;

	if (!id) {
		obj_refuse(r, f, "what is in section '%s' has no types", f->sections[section].name);
		skep_diag_hint(r->diag, "compile it with -g");
		return -EINVAL;
	}
	for (uint32_t i = 0; e == 0 && skep_btf_secvar(r->btf, id, i, &place) == 0; i++)
		e = read_variable(r, f, section, &place);
	return e;
}

/* The member that begins at byte @offset, or -ENOENT. */
static int member_at(const struct reader *r, uint32_t type, uint64_t offset, uint32_t *ret_index)
{
	struct skep_btf_member m;

	for (uint32_t i = 0; skep_btf_member(r->btf, type, i, &m) == 0; i++)
		if (m.bit_offset == offset * 8 && !m.bit_size) {
			*ret_index = i;
			return 0;
		}
	return -ENOENT;
}

int obj_ops_slot(struct reader *r, struct obj_file *f, uint32_t section, struct obj_rel rel)
{
	const struct obj_map *m = obj_map_at(f, section, (uint32_t)rel.offset);
	const struct obj_sym *sym = &f->syms[rel.sym], *def;
	const struct skep_spec_map *map = m ? &r->maps.data[m->map] : NULL;
	const struct obj_func *func = NULL;
	const struct obj_file *where;
	struct obj_slot slot = {};
	uint64_t at = m ? rel.offset - m->offset : 0, addend = 0;

	if (!map || at + 8 > map->data_size ||
	    member_at(r, map->btf_value_type, at, &slot.slot.key) < 0)
		return obj_refuse(r, f, "section '%s' has a relocation where no member is",
				  f->sections[section].name);
	addend = load_le((const uint8_t *)map->data + at, 8);
	def = obj_resolve(r, f, sym, &where);
	if (def && def->section < where->n_sections)
		func = obj_func_at(where, def->section, def->value + addend);
	if (!func || r->progs.data[func->prog].type != SKEP_PROG_STRUCT_OPS) {
		obj_refuse(r, f, "'%s' has a member that is '%s', which is no program for it",
			   map->name, sym->name);
		skep_diag_hint(r->diag, "its functions are programs: SEC(\"struct_ops\")");
		return -EINVAL;
	}
	slot.map = m->map;
	slot.slot.index = func->prog;
	skep_vec_add(&r->slots, slot);
	return 0;
}

void obj_ops_attach(struct reader *r)
{
	for (size_t i = 0; i < r->maps.len; i++) {
		const struct skep_spec_map *map = &r->maps.data[i];
		struct skep_attach_target target = { .name = map->name };
		struct skep_spec_attach attach = {
			.kind = SKEP_ATTACH_OPS,
			.n_targets = 1,
		};

		if (map->type != SKEP_MAP_STRUCT_OPS || !map->n_slots)
			continue;
		attach.prog = map->slots[0].index;
		attach.targets = skep_arena_memdup(r->arena, &target, sizeof(target));
		attach.probe = skep_arena_printf(r->arena, "struct_ops %s", map->name);
		skep_vec_add(&r->attaches, attach);
	}
}
