/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sections, symbols and relocations of an object's file, and the order in which they become a spec.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "obj/object_priv.h"

#define MACHINE_BPF 247
#define TYPE_REL 1
#define SECTION_PROGBITS 1
#define SECTION_RELA 4
#define SECTION_NOBITS 8
#define SECTION_REL 9
#define FLAG_ALLOC 2
#define FLAG_EXEC 4
#define SECTIONS_MAX 16384u
#define SYM_ENTRY 24
#define REL_ENTRY 16
#define HIDDEN 2
#define INTERNAL 1

int obj_refuse(const struct reader *r, const struct obj_file *f, const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	skep_diag_error(r->diag, SKEP_NO_LOC, "%s: %s", f->name, text);
	return -EINVAL;
}

bool skep_object_is(const void *data, size_t size)
{
	const uint8_t *p = data;

	return size >= 20 && !memcmp(p, "\177ELF", 4) && p[5] == 1 &&
	       load_le(p + 18, 2) == MACHINE_BPF;
}

/*
 * Sections.
 */

static bool begins(const char *name, const char *with)
{
	size_t len = strlen(with);

	return !strncmp(name, with, len) && (!name[len] || name[len] == '.');
}

static enum obj_role role_of(const struct obj_section *s)
{
	if (s->type == SECTION_PROGBITS && s->flags & FLAG_EXEC)
		return s->size ? ROLE_CODE : ROLE_NONE;
	if ((s->type != SECTION_PROGBITS && s->type != SECTION_NOBITS) || !(s->flags & FLAG_ALLOC))
		return ROLE_NONE;
	if (!strcmp(s->name, ".maps"))
		return ROLE_MAPS;
	if (!strcmp(s->name, "maps"))
		return ROLE_LEGACY_MAPS;
	if (!strcmp(s->name, ".struct_ops") || !strcmp(s->name, ".struct_ops.link"))
		return s->size ? ROLE_OPS : ROLE_NONE;
	if (begins(s->name, ".data") || begins(s->name, ".rodata") || begins(s->name, ".bss"))
		return s->size ? ROLE_DATA : ROLE_NONE;
	return ROLE_NONE;
}

static int read_section(const struct reader *r, struct obj_file *f, uint32_t i)
{
	struct elf_section head = skep_elf_section_head(f->elf, i);
	struct obj_section *s = &f->sections[i];

	*s = (struct obj_section){
		.name = skep_elf_section_name(f->elf, i),
		.type = head.type,
		.link = head.link,
		.info = head.info,
		.flags = head.flags,
	};
	if (head.size > SKEP_OBJECT_SIZE_MAX)
		return obj_refuse(r, f, "section '%s' is larger than %u MiB", s->name,
				  SKEP_OBJECT_SIZE_MAX >> 20);
	if (head.type != SECTION_NOBITS) {
		if (!elf_inside(f->elf, head.offset, head.size))
			return obj_refuse(r, f, "section '%s' lies beyond the end of the file",
					  s->name);
		s->data = f->elf->data + head.offset;
	}
	s->size = (uint32_t)head.size;
	s->align = head.align && head.align <= 4096 ? (uint32_t)head.align : 1;
	if (s->align & (s->align - 1))
		return obj_refuse(r, f, "section '%s' has an impossible alignment", s->name);
	s->role = role_of(s);
	return 0;
}

static int read_sections(const struct reader *r, struct obj_file *f)
{
	f->n_sections = f->elf->n_sections;
	if (f->n_sections > SECTIONS_MAX) {
		obj_refuse(r, f, "there are %u sections, more than %u", f->n_sections,
			   SECTIONS_MAX);
		return -E2BIG;
	}
	/* Number 0 stands for none. */
	f->sections = skep_arena_calloc(r->arena, MAX(f->n_sections, 1u), sizeof(*f->sections));
	for (uint32_t i = 1; i < f->n_sections; i++) {
		int e = read_section(r, f, i);

		if (e < 0)
			return e;
		if (*f->sections[i].name && !obj_section_named(f, f->sections[i].name))
			skep_hash_set_str(&f->section_names, f->sections[i].name,
					  (void *)(uintptr_t)i);
	}
	for (uint32_t i = 1; i < f->n_sections; i++) {
		const struct obj_section *s = &f->sections[i];

		if (s->type != SECTION_REL && s->type != SECTION_RELA)
			continue;
		if (!s->info || s->info >= f->n_sections)
			return obj_refuse(r, f,
					  "section '%s' belongs to a section that is not there",
					  s->name);
		if (f->sections[s->info].relocs)
			return obj_refuse(r, f, "section '%s' has two tables of relocations",
					  f->sections[s->info].name);
		f->sections[s->info].relocs = i;
	}
	return 0;
}

uint32_t obj_section_named(const struct obj_file *f, const char *name)
{
	return (uint32_t)(uintptr_t)skep_hash_get_str(&f->section_names, name);
}

/*
 * Symbols.
 */

static int read_sym(const struct reader *r, const struct obj_file *f, uint32_t i,
		    struct obj_sym *sym)
{
	const struct elf_table *t = &f->elf->tables[0];
	const uint8_t *p = t->syms + (size_t)i * SYM_ENTRY;
	uint64_t name = load_le(p, 4), value = load_le(p + 8, 8), size = load_le(p + 16, 8);
	unsigned other = p[5] & 3;

	*sym = (struct obj_sym){
		.name = name < t->strings_size ? t->strings + name : "",
		.section = (uint32_t)load_le(p + 6, 2),
		.type = p[4] & 15,
		.bind = p[4] >> 4,
		.hidden = other == HIDDEN || other == INTERNAL,
	};
	if (sym->section == SHN_UNDEFINED)
		return 0;
	if (sym->section >= f->n_sections) {
		/* The name of the source file, constants: nothing that code refers to. */
		if (sym->section == SHN_ABSOLUTE)
			return 0;
		return obj_refuse(r, f, "symbol '%s' lies in no section", sym->name);
	}
	if (!*sym->name && sym->type == SYM_SECTION)
		sym->name = f->sections[sym->section].name;
	if (value > f->sections[sym->section].size ||
	    (sym->type != SYM_SECTION && size > f->sections[sym->section].size - value))
		return obj_refuse(r, f, "symbol '%s' does not fit its section '%s'", sym->name,
				  f->sections[sym->section].name);
	sym->value = (uint32_t)value;
	sym->size = (uint32_t)size;
	return 0;
}

/* A weak definition gives way to another; two others are one too many. */
static int add_global(struct reader *r, const struct obj_file *f, const struct obj_sym *sym)
{
	struct obj_global *g = skep_hash_get_str(&r->globals, sym->name);

	if (g && sym->bind != BIND_WEAK && g->sym->bind != BIND_WEAK)
		return obj_refuse(r, f, "'%s' is defined here and in %s", sym->name, g->file->name);
	if (g && sym->bind == BIND_WEAK)
		return 0;
	if (!g) {
		g = skep_arena_alloc(r->arena, sizeof(*g));
		skep_hash_set_str(&r->globals, sym->name, g);
	}
	*g = (struct obj_global){ f, sym };
	return 0;
}

static int read_syms(struct reader *r, struct obj_file *f)
{
	f->n_syms = f->elf->tables[0].n;
	f->syms = skep_arena_calloc(r->arena, f->n_syms, sizeof(*f->syms));
	for (uint32_t i = 0; i < f->n_syms; i++) {
		struct obj_sym *sym = &f->syms[i];
		int e = read_sym(r, f, i, sym);

		/* Each file has a licence of its own: what no program reaches takes no part. */
		if (e == 0 && sym->bind != BIND_LOCAL && *sym->name &&
		    sym->section < f->n_sections && f->sections[sym->section].role != ROLE_NONE)
			e = add_global(r, f, sym);
		if (e < 0)
			return e;
	}
	return 0;
}

const struct obj_sym *obj_resolve(const struct reader *r, const struct obj_file *f,
				  const struct obj_sym *sym, const struct obj_file **ret_file)
{
	const struct obj_global *g;

	*ret_file = f;
	if (sym->bind == BIND_LOCAL)
		return sym->section == SHN_UNDEFINED ? NULL : sym;
	g = skep_hash_get_str(&r->globals, sym->name);
	if (!g)
		return sym->section == SHN_UNDEFINED ? NULL : sym;
	*ret_file = g->file;
	return g->sym;
}

int obj_walk_relocs(struct reader *r, struct obj_file *f, uint32_t section,
		    int (*each)(struct reader *r, struct obj_file *f, uint32_t section,
				struct obj_rel rel))
{
	const struct obj_section *s = &f->sections[section], *table = &f->sections[s->relocs];

	if (!s->relocs)
		return 0;
	if (!table->data)
		return 0;
	if (table->type == SECTION_RELA) {
		obj_refuse(r, f, "the relocations of section '%s' are of the kind with addends",
			   s->name);
		return -EOPNOTSUPP;
	}
	for (uint32_t at = 0; table->size - at >= REL_ENTRY; at += REL_ENTRY) {
		const uint8_t *p = table->data + at;
		struct obj_rel rel = {
			.offset = load_le(p, 8),
			.type = (uint32_t)load_le(p + 8, 4),
			.sym = (uint32_t)load_le(p + 12, 4),
		};
		int e;

		if (rel.sym >= f->n_syms)
			return obj_refuse(r, f,
					  "a relocation of section '%s' names symbol %u of %u",
					  s->name, rel.sym, f->n_syms);
		if (rel.offset >= s->size)
			return obj_refuse(r, f, "a relocation of section '%s' lies beyond its end",
					  s->name);
		e = each(r, f, section, rel);
		if (e < 0)
			return e;
	}
	return 0;
}

/*
 * Files.
 */

static int read_file(struct reader *r, struct obj_file *f, const struct skep_object_file *file)
{
	int e;

	f->name = skep_arena_strdup(r->arena, file->name);
	if (file->size > SKEP_OBJECT_SIZE_MAX) {
		obj_refuse(r, f, "the file is larger than %u MiB", SKEP_OBJECT_SIZE_MAX >> 20);
		return -E2BIG;
	}
	/* Names point into the copy. */
	e = skep_elf_parse(skep_arena_memdup(r->arena, file->data, file->size), file->size, f->name,
			   r->diag, &f->elf);
	if (e < 0)
		return e;
	if (f->elf->machine != MACHINE_BPF || !f->elf->is_64) {
		obj_refuse(r, f, "this ELF file is for another machine, not for BPF");
		skep_diag_hint(r->diag, "compile it with clang -target bpf -O2 -g, or bpf-gcc");
		return -EINVAL;
	}
	if (f->elf->type != TYPE_REL)
		return obj_refuse(r, f, "this is not a relocatable object, as a compiler makes it");
	e = read_sections(r, f);
	return e < 0 ? e : read_syms(r, f);
}

/* Text of a section that holds one string; NULL: there is none, or it has no end. */
static const char *section_text(const struct obj_file *f, const char *name)
{
	const struct obj_section *s = &f->sections[obj_section_named(f, name)];

	return s->data && memchr(s->data, 0, s->size) ? (const char *)s->data : NULL;
}

/* The licence opens helpers: files that are linked must agree. */
static int read_license(struct reader *r)
{
	for (size_t i = 0; i < r->n_files; i++) {
		const struct obj_file *f = &r->files[i];
		const char *text = section_text(f, "license");

		if (!text)
			continue;
		if (r->spec.license && strcmp(r->spec.license, text) != 0)
			return obj_refuse(r, f,
					  "its licence is '%.32s', that of the others '%.32s'",
					  text, r->spec.license);
		r->spec.license = text;
	}
	return 0;
}

static void read_version(struct reader *r)
{
	for (size_t i = 0; i < r->n_files; i++) {
		const struct obj_file *f = &r->files[i];
		const struct obj_section *s = &f->sections[obj_section_named(f, "version")];

		if (s->data && s->size == 4)
			r->spec.kernel_version = (uint32_t)load_le(s->data, 4);
	}
}

int obj_open(struct reader *r, const struct skep_object_file *files)
{
	int e = 0;

	r->files = skep_arena_calloc(r->arena, r->n_files, sizeof(*r->files));
	for (size_t i = 0; i < r->n_files && e == 0; i++)
		e = read_file(r, &r->files[i], &files[i]);
	if (e == 0)
		e = read_license(r);
	return e < 0 ? e : obj_read_types(r);
}

static int read_all(struct reader *r, const struct skep_object_file *files)
{
	int e = obj_open(r, files);

	if (e == 0)
		e = obj_read_maps(r);
	if (e == 0)
		e = obj_read_data(r);
	if (e == 0)
		e = obj_read_externs(r);
	if (e == 0)
		e = obj_read_progs(r);
	if (e == 0)
		e = obj_read_relocs(r);
	return e;
}

/* Hands the vectors over to the arena. */
static void finish(struct reader *r)
{
	struct skep_spec *s = &r->spec;

	read_version(r);
	s->source_name = r->n_files ? r->files[0].name : "";
#define HAND_OVER(list)                                                                            \
	do {                                                                                       \
		s->n_##list = r->list.len;                                                         \
		s->list =                                                                          \
			skep_arena_memdup(r->arena, r->list.data, r->list.len * sizeof(*s->list)); \
	} while (0)
	HAND_OVER(maps);
	HAND_OVER(progs);
	HAND_OVER(attaches);
	HAND_OVER(vars);
#undef HAND_OVER
}

void obj_close(struct reader *r)
{
	for (size_t i = 0; i < r->n_files; i++) {
		skep_elf_free(r->files[i].elf);
		skep_btf_free(r->files[i].btf);
		skep_vec_fini(&r->files[i].funcs);
		skep_vec_fini(&r->files[i].maps);
		skep_hash_fini(&r->files[i].section_names);
		skep_hash_fini(&r->files[i].datasecs);
		skep_hash_fini(&r->files[i].externs);
	}
	for (size_t i = 0; r->relocs && i < r->progs.len; i++)
		skep_vec_fini(&r->relocs[i]);
	free(r->relocs);
	skep_vec_fini(&r->slots);
	skep_btf_free(r->btf);
	skep_hash_fini(&r->globals);
	skep_vec_fini(&r->maps);
	skep_vec_fini(&r->progs);
	skep_vec_fini(&r->attaches);
	skep_vec_fini(&r->vars);
}

int skep_object_read(const struct skep_object_file *files, size_t n_files,
		     const struct skep_object_options *options, struct skep_arena *arena,
		     struct skep_diag *diag, struct skep_spec *ret_spec)
{
	static const struct skep_object_options none;
	_cleanup_(obj_close)
	struct reader r = { .arena = arena, .diag = diag, .options = options ? options : &none };
	int e;

	if (n_files > SKEP_OBJECT_FILES_MAX) {
		skep_diag_error(diag, SKEP_NO_LOC, "more than %u objects cannot be linked",
				SKEP_OBJECT_FILES_MAX);
		return -E2BIG;
	}
	r.n_files = n_files;
	e = read_all(&r, files);
	if (e < 0)
		return e;
	finish(&r);
	if (r.options->target)
		e = skep_core_resolve(&r.spec, r.options->target, diag);
	if (e < 0)
		return e;
	*ret_spec = r.spec;
	return 0;
}
