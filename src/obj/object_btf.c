/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Types of objects. A compiler leaves the offsets of variables to relocations, and the sizes of sections to whoever
 * reads them; several files have their types numbered each from 1 on.
 */
#include <errno.h>

#include "obj/btf_join.h"
#include "obj/object_priv.h"

/* R_BPF_64_ABS32 and R_BPF_64_NODYLD32; before LLVM 13 it was R_BPF_64_32. */
#define REL_ABS32 3
#define REL_NODYLD32 4
#define REL_OLD32 10
#define LOCAL_SYMS_MAX 4096u

static void add32(uint8_t *p, uint32_t value)
{
	value += skep_load32(p);
	memcpy(p, &value, sizeof(value));
}

/*
 * One file.
 */

static int apply_reloc(struct reader *r, struct obj_file *f, uint32_t section, struct obj_rel rel)
{
	bool is_btf = !strcmp(f->sections[section].name, ".BTF");
	uint8_t *data = is_btf ? f->btf_data : (uint8_t *)f->ext;
	size_t size = is_btf ? f->btf_size : f->ext_size;

	if (rel.type != REL_ABS32 && rel.type != REL_NODYLD32 && rel.type != REL_OLD32)
		return obj_refuse(r, f, "section '%s' has a relocation of kind %u",
				  f->sections[section].name, rel.type);
	if (rel.offset + 4 > size)
		return obj_refuse(r, f, "a relocation of section '%s' lies beyond its end",
				  f->sections[section].name);
	add32(data + rel.offset, f->syms[rel.sym].value);
	return 0;
}

/* A copy of section @name that may be changed; NULL: there is none. */
static uint8_t *copy_section(struct reader *r, const struct obj_file *f, const char *name,
			     uint32_t *ret_index, size_t *ret_size)
{
	uint32_t i = obj_section_named(f, name);
	const struct obj_section *s = &f->sections[i];

	if (!i || !s->data || !s->size)
		return NULL;
	*ret_index = i;
	*ret_size = s->size;
	return skep_arena_memdup(r->arena, s->data, s->size);
}

static int read_types(struct reader *r, struct obj_file *f)
{
	uint32_t section;
	int e;

	f->btf_data = copy_section(r, f, ".BTF", &section, &f->btf_size);
	if (!f->btf_data)
		return 0;
	e = obj_walk_relocs(r, f, section, apply_reloc);
	if (e == 0)
		e = skep_btf_parse(f->btf_data, f->btf_size, NULL, NULL, r->diag, &f->btf);
	if (e < 0) {
		obj_refuse(r, f, "its types (section .BTF) cannot be read");
		return e;
	}
	f->ext = copy_section(r, f, ".BTF.ext", &section, &f->ext_size);
	return f->ext ? obj_walk_relocs(r, f, section, apply_reloc) : 0;
}

/* All files: one blob, the types of one file behind those of the other. */
static int join(struct reader *r)
{
	_cleanup_(skep_btf_join_fini)
	struct skep_btf_join joined = {};

	for (size_t i = 0; i < r->n_files; i++) {
		struct obj_file *f = &r->files[i];
		int e;

		if (!f->btf)
			continue;
		e = skep_btf_join_add(&joined, f->btf, &f->first_type, &f->first_name);
		if (e < 0)
			return obj_refuse(r, f, "the types of all files are too many");
		f->end_type = joined.n_types;
	}
	if (!joined.n_types)
		return 0;
	skep_btf_join_finish(&joined, r->arena, &r->spec.btf, &r->spec.btf_size);
	return skep_btf_parse(r->spec.btf, r->spec.btf_size, NULL, NULL, r->diag, &r->btf);
}

/*
 * What the compiler left open.
 */

static int compare_offsets(const void *a, const void *b)
{
	uint32_t x = skep_load32((const uint8_t *)a + 4), y = skep_load32((const uint8_t *)b + 4);

	return x < y ? -1 : x > y;
}

/* Where a variable begins, by its symbol; NULL: it has none. @offset: where its type says, of those that share a name. */
static const struct obj_sym *symbol_of(const struct reader *r, const struct obj_file *f,
				       uint32_t section, const struct skep_btf_type *var,
				       uint32_t offset)
{
	const struct obj_sym *first = NULL;
	const struct obj_global *g;

	if (var->kind != SKEP_BTF_VAR || var->vlen > 1)
		return NULL;
	if (var->vlen == 1) {
		g = skep_hash_get_str(&r->globals, var->name);
		return g && g->file == f && g->sym->section == section ? g->sym : NULL;
	}
	/* Static ones have their relocations, but for those of gcc and of linked files, which are small. */
	if (f->sections[obj_section_named(f, ".BTF")].relocs || f->n_syms > LOCAL_SYMS_MAX)
		return NULL;
	for (uint32_t i = 0; i < f->n_syms; i++)
		if (f->syms[i].section == section && f->syms[i].type == SYM_OBJECT &&
		    skep_streq(f->syms[i].name, var->name) &&
		    (!first || f->syms[i].value == offset))
			first = &f->syms[i];
	return first;
}

/* Variables have their offsets from their symbols, also where no relocation says so. */
static void complete_datasec(struct reader *r, struct obj_file *f, uint32_t id)
{
	struct btf_raw raw = skep_btf_raw(r->btf, id);
	uint32_t section = obj_section_named(f, skep_btf_string(r->btf, raw.name));
	const struct obj_section *s = &f->sections[section];
	uint8_t *vars = (uint8_t *)raw.tail; /* in the arena */
	uint32_t n = SKEP_BTF_INFO_VLEN(raw.info);

	if (!section)
		return;
	memcpy(vars - 4, &s->size, 4);
	for (uint32_t i = 0; i < n; i++) {
		struct skep_btf_type var = skep_btf_type(r->btf, skep_load32(vars + i * 12));
		const struct obj_sym *sym =
			symbol_of(r, f, section, &var, skep_load32(vars + i * 12 + 4));

		if (sym)
			memcpy(vars + i * 12 + 4, &sym->value, 4);
	}
	qsort(vars, n, 12, compare_offsets);
}

uint32_t obj_datasec(const struct obj_file *f, const char *name)
{
	return (uint32_t)(uintptr_t)skep_hash_get_str(&f->datasecs, name);
}

int obj_read_types(struct reader *r)
{
	int e = 0;

	for (size_t i = 0; i < r->n_files && e == 0; i++)
		e = read_types(r, &r->files[i]);
	if (e == 0)
		e = join(r);
	for (size_t i = 0; i < r->n_files && e == 0; i++) {
		struct obj_file *f = &r->files[i];
		uint32_t id = f->first_type - 1;

		while (f->first_type && (id = skep_btf_next(r->btf, id, SKEP_BTF_DATASEC)) &&
		       id < f->end_type) {
			skep_hash_set_str(&f->datasecs, skep_btf_name(r->btf, id),
					  (void *)(uintptr_t)id);
			complete_datasec(r, f, id);
		}
	}
	return e;
}
