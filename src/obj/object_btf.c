/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Types of objects. A compiler leaves the offsets of variables to relocations, and the sizes of sections to whoever
 * reads them; several files have their types numbered each from 1 on.
 */
#include <errno.h>

#include "obj/object_priv.h"

/* R_BPF_64_ABS32 and R_BPF_64_NODYLD32; before LLVM 13 it was R_BPF_64_32. */
#define REL_ABS32 3
#define REL_NODYLD32 4
#define REL_OLD32 10

/* Words behind a type's head that hold ids and names, for moving: what each element is made of. */
enum word {
	WORD_PLAIN,
	WORD_TYPE,
	WORD_NAME
};

#define TYPES_MAX (256u << 20)

#define PLAIN WORD_PLAIN
#define TYPE WORD_TYPE
#define NAME WORD_NAME

/* clang-format off */
static const struct layout {
	uint8_t head; /* the third word of the head */
	uint8_t n_fixed, fixed[3];
	uint8_t n_element, element[3];
} layouts[SKEP_N_BTF_KINDS] = {
	[SKEP_BTF_INT] = { PLAIN, 1, { PLAIN }, 0, {} },
	[SKEP_BTF_PTR] = { TYPE, 0, {}, 0, {} },
	[SKEP_BTF_ARRAY] = { PLAIN, 3, { TYPE, TYPE, PLAIN }, 0, {} },
	[SKEP_BTF_STRUCT] = { PLAIN, 0, {}, 3, { NAME, TYPE, PLAIN } },
	[SKEP_BTF_UNION] = { PLAIN, 0, {}, 3, { NAME, TYPE, PLAIN } },
	[SKEP_BTF_ENUM] = { PLAIN, 0, {}, 2, { NAME, PLAIN } },
	[SKEP_BTF_FWD] = { PLAIN, 0, {}, 0, {} },
	[SKEP_BTF_TYPEDEF] = { TYPE, 0, {}, 0, {} },
	[SKEP_BTF_VOLATILE] = { TYPE, 0, {}, 0, {} },
	[SKEP_BTF_CONST] = { TYPE, 0, {}, 0, {} },
	[SKEP_BTF_RESTRICT] = { TYPE, 0, {}, 0, {} },
	[SKEP_BTF_FUNC] = { TYPE, 0, {}, 0, {} },
	[SKEP_BTF_FUNC_PROTO] = { TYPE, 0, {}, 2, { NAME, TYPE } },
	[SKEP_BTF_VAR] = { TYPE, 1, { PLAIN }, 0, {} },
	[SKEP_BTF_DATASEC] = { PLAIN, 0, {}, 3, { TYPE, PLAIN, PLAIN } },
	[SKEP_BTF_FLOAT] = { PLAIN, 0, {}, 0, {} },
	[SKEP_BTF_DECL_TAG] = { TYPE, 1, { PLAIN }, 0, {} },
	[SKEP_BTF_TYPE_TAG] = { TYPE, 0, {}, 0, {} },
	[SKEP_BTF_ENUM64] = { PLAIN, 0, {}, 3, { NAME, PLAIN, PLAIN } },
};
/* clang-format on */

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

/*
 * All files: one blob, the types of one file behind those of the other.
 */

struct shift {
	uint32_t type, name;
};

static void move_word(uint8_t *p, enum word what, struct shift by)
{
	if (what == WORD_TYPE && skep_load32(p))
		add32(p, by.type);
	else if (what == WORD_NAME && skep_load32(p))
		add32(p, by.name);
}

/* Moves the type at @p, which a parse has checked; returns what is behind it. */
static uint8_t *move_type(uint8_t *p, struct shift by)
{
	uint32_t info = skep_load32(p + 4), n = SKEP_BTF_INFO_VLEN(info);
	const struct layout *l = &layouts[SKEP_BTF_INFO_KIND(info)];

	move_word(p, WORD_NAME, by);
	move_word(p + 8, l->head, by);
	p += SKEP_BTF_HEAD_SIZE;
	for (unsigned i = 0; i < l->n_fixed; i++, p += 4)
		move_word(p, l->fixed[i], by);
	for (uint32_t i = 0; l->n_element && i < n; i++)
		for (unsigned k = 0; k < l->n_element; k++, p += 4)
			move_word(p, l->element[k], by);
	return p;
}

/* Appends the types and names of one file. */
static void append(struct obj_file *f, struct skep_str *types, struct skep_str *strings,
		   uint32_t *n_types)
{
	struct shift by = { *n_types - 1, (uint32_t)strings->len };
	struct skep_btf_header h;
	size_t at = types->len;

	memcpy(&h, f->btf_data, sizeof(h));
	skep_str_addn(types, (const char *)f->btf->types, h.types_len);
	skep_str_addn(strings, f->btf->strings, f->btf->strings_len);
	for (uint8_t *p = (uint8_t *)types->data + at; p < (uint8_t *)types->data + types->len;)
		p = move_type(p, by);
	f->first_type = *n_types;
	f->first_name = by.name;
	*n_types += f->btf->n_types - 1;
	f->end_type = *n_types;
}

static int join(struct reader *r)
{
	_cleanup_(skep_str_fini)
	struct skep_str types = {};
	_cleanup_(skep_str_fini)
	struct skep_str strings = {};
	struct skep_btf_header h = { SKEP_BTF_MAGIC, SKEP_BTF_VERSION, 0, sizeof(h), 0, 0, 0, 0 };
	uint32_t n_types = 1;
	uint64_t total = 0;
	uint8_t *blob;

	for (size_t i = 0; i < r->n_files; i++)
		total += r->files[i].btf ? r->files[i].btf_size : 0;
	if (!total)
		return 0;
	if (total > TYPES_MAX)
		return obj_refuse(r, &r->files[0], "the types of all files are more than %u MiB",
				  TYPES_MAX >> 20);
	for (size_t i = 0; i < r->n_files; i++)
		if (r->files[i].btf)
			append(&r->files[i], &types, &strings, &n_types);
	h.types_len = h.strings_off = (uint32_t)types.len;
	h.strings_len = (uint32_t)strings.len;
	r->spec.btf_size = sizeof(h) + types.len + strings.len;
	r->spec.btf = blob = skep_arena_alloc(r->arena, r->spec.btf_size);
	memcpy(blob, &h, sizeof(h));
	memcpy(blob + sizeof(h), types.data, types.len);
	memcpy(blob + sizeof(h) + types.len, strings.data, strings.len);
	return skep_btf_parse(blob, r->spec.btf_size, NULL, NULL, r->diag, &r->btf);
}

/*
 * What the compiler left open.
 */

static int compare_offsets(const void *a, const void *b)
{
	uint32_t x = skep_load32((const uint8_t *)a + 4), y = skep_load32((const uint8_t *)b + 4);

	return x < y ? -1 : x > y;
}

/* Global variables have their offsets from their symbols, also where no relocation says so. */
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
		const struct obj_global *g;

		if (var.kind != SKEP_BTF_VAR || var.vlen != 1)
			continue;
		g = skep_hash_get_str(&r->globals, var.name);
		if (g && g->file == f && &f->sections[g->sym->section] == s)
			memcpy(vars + i * 12 + 4, &g->sym->value, 4);
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
