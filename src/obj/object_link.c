/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several objects in one file, for loaders that take one. Sections of the same name lie one behind the other, symbols that one
 * file declares are those that another defines, and types, lines and CO-RE records move along.
 *
 *	object_link.c      sections, symbols, relocations
 *	object_link_btf.c  .BTF, .BTF.ext
 */
#include <errno.h>

#include "obj/object_link.h"

#define REL_64_64 1
#define REL_ABS64 2
#define REL_64_32 10

static const struct skep_elf_out *place_section(struct obj_link *l, const struct obj_section *s,
						struct obj_placed *ret)
{
	bool once = skep_streq(s->name, "license") || skep_streq(s->name, "version");
	struct skep_elf_out *out = skep_elf_out(l->file, s->name, s->type, s->flags);

	if (!out)
		return NULL;
	*ret = (struct obj_placed){ out, 0 };
	if (once && out->bytes.len)
		return out;
	if (s->data)
		out->type = SHT_PROGBITS;
	out->align = MAX(out->align, (uint64_t)s->align);
	skep_str_pad(&out->bytes, 0, ALIGN_UP(out->bytes.len, s->align) - out->bytes.len);
	ret->base = (uint32_t)out->bytes.len;
	if (s->data)
		skep_str_addn(&out->bytes, s->data, s->size);
	else
		skep_str_pad(&out->bytes, 0, s->size);
	return out;
}

static int place_sections(struct obj_link *l)
{
	for (size_t i = 0; i < l->r.n_files; i++) {
		const struct obj_file *f = &l->r.files[i];

		l->placed[i] =
			skep_arena_calloc(l->r.arena, MAX(f->n_sections, 1u), sizeof(**l->placed));
		for (uint32_t k = 1; k < f->n_sections; k++) {
			const struct obj_section *s = &f->sections[k];

			if (!(s->flags & SHF_ALLOC) ||
			    (s->type != SHT_PROGBITS && s->type != SHT_NOBITS))
				continue;
			if (!place_section(l, s, &l->placed[i][k]))
				return obj_refuse(&l->r, f, "there are too many sections");
			if (l->placed[i][k].out->bytes.len > SKEP_OBJECT_SIZE_MAX)
				return obj_refuse(&l->r, f, "section '%s' is too large", s->name);
		}
	}
	return 0;
}

/* The symbol of a section itself. */
static uint32_t section_symbol(struct obj_link *l, const struct skep_elf_out *out)
{
	size_t i = 0;

	while (skep_elf_out_at(l->file, i) != out)
		i++;
	if (!l->section_symbols[i])
		l->section_symbols[i] =
			1 + skep_elf_add_symbol(
				    l->file, NULL,
				    (Elf64_Sym){ .st_info = ELF64_ST_INFO(STB_LOCAL, STT_SECTION) },
				    out);
	return l->section_symbols[i];
}

/* Whether every file that only declares it can do without. */
static bool is_weak(const struct obj_link *l, const char *name)
{
	for (size_t i = 0; i < l->r.n_files; i++)
		for (uint32_t k = 0; k < l->r.files[i].n_syms; k++) {
			const struct obj_sym *sym = &l->r.files[i].syms[k];

			if (sym->bind == BIND_GLOBAL && skep_streq(sym->name, name))
				return false;
		}
	return true;
}

static uint32_t add_symbol(struct obj_link *l, const struct obj_file *f, const struct obj_sym *sym,
			   unsigned bind)
{
	const struct obj_placed *at = &l->placed[f - l->r.files][sym->section];
	Elf64_Sym out = {
		.st_info = ELF64_ST_INFO(bind, sym->type),
		.st_other = sym->hidden ? STV_HIDDEN : STV_DEFAULT,
		.st_value = sym->section ? at->base + sym->value : 0,
		.st_size = sym->size,
	};

	return 1 + skep_elf_add_symbol(l->file, sym->name, out, sym->section ? at->out : NULL);
}

/* Its number in the file that is written, and 1; 0: nothing that is kept. */
static uint32_t symbol_of(struct obj_link *l, const struct obj_file *f, const struct obj_sym *sym)
{
	const struct obj_file *where;
	const struct obj_sym *def = obj_resolve(&l->r, f, sym, &where);
	uintptr_t known;

	if (sym->section >= f->n_sections || (!sym->section && sym->bind == BIND_LOCAL))
		return 0;
	if (sym->section && !l->placed[f - l->r.files][sym->section].out)
		return 0;
	if (sym->type == SYM_SECTION)
		return section_symbol(l, l->placed[f - l->r.files][sym->section].out);
	if (sym->bind == BIND_LOCAL)
		return add_symbol(l, f, sym, STB_LOCAL);
	known = (uintptr_t)skep_hash_get_str(&l->symbols, sym->name);
	if (known)
		return (uint32_t)known;
	if (def)
		known = add_symbol(l, where, def, def->bind == BIND_WEAK ? STB_WEAK : STB_GLOBAL);
	else
		known = add_symbol(l, f, sym, is_weak(l, sym->name) ? STB_WEAK : STB_GLOBAL);
	skep_hash_set_str(&l->symbols, sym->name, (void *)known);
	return (uint32_t)known;
}

static void place_symbols(struct obj_link *l)
{
	for (size_t i = 0; i < l->r.n_files; i++) {
		const struct obj_file *f = &l->r.files[i];

		l->numbers[i] =
			skep_arena_calloc(l->r.arena, MAX(f->n_syms, 1u), sizeof(**l->numbers));
		for (uint32_t k = 1; k < f->n_syms; k++)
			l->numbers[i][k] = symbol_of(l, f, &f->syms[k]);
	}
}

static void add_to(uint8_t *p, unsigned bytes, uint64_t by)
{
	uint64_t value = 0;

	memcpy(&value, p, bytes);
	value += by;
	memcpy(p, &value, bytes);
}

/* What counts from the beginning of a section counts from where it lies now. */
static int move_addend(struct obj_link *l, const struct obj_file *f, struct obj_rel rel,
		       uint8_t *at, uint32_t by)
{
	switch (rel.type) {
	case REL_64_64:
		add_to(at + 4, 4, by);
		return 0;
	case REL_64_32:
		add_to(at + 4, 4, by / 8);
		return 0;
	case REL_ABS64:
		add_to(at, 8, by);
		return 0;
	default:
		return obj_refuse(&l->r, f, "a relocation of kind %u is not known", rel.type);
	}
}

static int move_reloc(struct reader *r, struct obj_file *f, uint32_t section, struct obj_rel rel)
{
	struct obj_link *l = (struct obj_link *)r; /* its first member */
	const struct obj_placed *placed = l->placed[f - r->files];
	struct skep_elf_out *out = placed[section].out;
	uint64_t at = placed[section].base + rel.offset;
	const struct obj_sym *sym = &f->syms[rel.sym];
	uint32_t number = l->numbers[f - r->files][rel.sym];
	int e = 0;

	if (!number || at + 8 > out->bytes.len)
		return obj_refuse(r, f,
				  "a relocation of section '%s' leads to nothing that is kept",
				  out->name);
	if (sym->type == SYM_SECTION)
		e = move_addend(l, f, rel, (uint8_t *)out->bytes.data + at,
				placed[sym->section].base);
	skep_elf_add_reloc(l->file, out, at, number - 1, rel.type);
	return e;
}

static int place_relocs(struct obj_link *l)
{
	int e = 0;

	for (size_t i = 0; i < l->r.n_files; i++)
		for (uint32_t k = 1; k < l->r.files[i].n_sections && e == 0; k++)
			if (l->placed[i][k].out)
				e = obj_walk_relocs(&l->r, &l->r.files[i], k, move_reloc);
	return e;
}

static int link_all(struct obj_link *l, const struct skep_object_file *files, struct skep_str *out)
{
	int e = obj_open(&l->r, files);

	l->placed = skep_arena_calloc(l->r.arena, l->r.n_files, sizeof(*l->placed));
	l->numbers = skep_arena_calloc(l->r.arena, l->r.n_files, sizeof(*l->numbers));
	if (e == 0)
		e = place_sections(l);
	if (e < 0)
		return e;
	place_symbols(l);
	e = place_relocs(l);
	if (e == 0)
		e = obj_link_types(l);
	return e < 0 ? e : skep_elf_write(l->file, out);
}

int skep_object_link(const struct skep_object_file *files, size_t n_files, struct skep_arena *arena,
		     struct skep_diag *diag, struct skep_str *ret_bytes)
{
	struct obj_link *l = skep_arena_alloc(arena, sizeof(*l));
	struct skep_spec checked;
	/* All that can be wrong is found by reading them as one. */
	int e = skep_object_read(files, n_files, NULL, arena, diag, &checked);

	if (e < 0)
		return e;
	l->r = (struct reader){ .arena = arena, .diag = diag, .n_files = n_files };
	l->file = skep_elf_writer_new(arena);
	e = link_all(l, files, ret_bytes);
	skep_elf_writer_free(l->file);
	skep_hash_fini(&l->symbols);
	obj_close(&l->r);
	return e;
}
