/* SPDX-License-Identifier: Apache-2.0 */
#include "obj/elf_write.h"

#include <errno.h>
#include <string.h>

#include "base/vec.h"

#define MACHINE_BPF 247

struct symbol {
	const char *name; /* NULL: a section's own */
	Elf64_Sym sym;
};

struct reloc {
	size_t section;
	uint64_t at;
	uint32_t symbol, type;
};

struct skep_elf_writer {
	struct skep_arena *arena;
	struct skep_elf_out sections[SKEP_ELF_OUT_MAX];
	size_t n_sections;
	uint32_t symtab; /* its number */
	struct {
		SKEP_VEC(struct symbol);
	} symbols;
	struct {
		SKEP_VEC(struct reloc);
	} relocs;
	struct skep_str names;
};

struct skep_elf_writer *skep_elf_writer_new(struct skep_arena *arena)
{
	struct skep_elf_writer *w = skep_arena_alloc(arena, sizeof(*w));

	w->arena = arena;
	skep_str_addc(&w->names, 0);
	return w;
}

void skep_elf_writer_free(struct skep_elf_writer *w)
{
	for (size_t i = 0; i < w->n_sections; i++)
		skep_str_fini(&w->sections[i].bytes);
	skep_vec_fini(&w->symbols);
	skep_vec_fini(&w->relocs);
	skep_str_fini(&w->names);
}

struct skep_elf_out *skep_elf_out(struct skep_elf_writer *w, const char *name, uint32_t type,
				  uint64_t flags)
{
	struct skep_elf_out *s;

	for (size_t i = 0; i < w->n_sections; i++)
		if (skep_streq(w->sections[i].name, name))
			return &w->sections[i];
	if (w->n_sections == SKEP_ELF_OUT_MAX)
		return NULL;
	s = &w->sections[w->n_sections++];
	*s = (struct skep_elf_out){ .name = name, .type = type, .flags = flags, .align = 8 };
	return s;
}

size_t skep_elf_out_count(const struct skep_elf_writer *w)
{
	return w->n_sections;
}

struct skep_elf_out *skep_elf_out_at(struct skep_elf_writer *w, size_t i)
{
	return &w->sections[i];
}

uint32_t skep_elf_add_symbol(struct skep_elf_writer *w, const char *name, Elf64_Sym sym,
			     const struct skep_elf_out *section)
{
	struct symbol symbol = { name, sym };

	symbol.sym.st_shndx = section ? (uint16_t)(section - w->sections + 1) : SHN_UNDEF;
	skep_vec_add(&w->symbols, symbol);
	return (uint32_t)w->symbols.len - 1;
}

void skep_elf_add_reloc(struct skep_elf_writer *w, const struct skep_elf_out *section, uint64_t at,
			uint32_t symbol, uint32_t type)
{
	struct reloc reloc = { (size_t)(section - w->sections), at, symbol, type };

	skep_vec_add(&w->relocs, reloc);
}

/* Names of sections and symbols, one table for both. */
static uint32_t add_name(struct skep_elf_writer *w, const char *name)
{
	uint32_t at = (uint32_t)w->names.len;

	skep_str_addn(&w->names, name, strlen(name) + 1);
	return at;
}

/* Locals come first, as ELF wants it; relocations name symbols by their place. */
static int add_symbols(struct skep_elf_writer *w, uint32_t *ret_places)
{
	struct skep_elf_out *s = skep_elf_out(w, ".symtab", SHT_SYMTAB, 0);
	Elf64_Sym none = {};
	uint32_t n = 1;

	if (!s)
		return -E2BIG;
	skep_str_addn(&s->bytes, &none, sizeof(none));
	for (unsigned global = 0; global < 2; global++) {
		if (global)
			s->info = n;
		for (size_t i = 0; i < w->symbols.len; i++) {
			struct symbol *symbol = &w->symbols.data[i];

			if ((ELF64_ST_BIND(symbol->sym.st_info) != STB_LOCAL) != global)
				continue;
			symbol->sym.st_name = symbol->name ? add_name(w, symbol->name) : 0;
			skep_str_addn(&s->bytes, &symbol->sym, sizeof(symbol->sym));
			ret_places[i] = n++;
		}
	}
	s->entry = sizeof(none);
	w->symtab = (uint32_t)(s - w->sections) + 1;
	return 0;
}

static int add_rel_sections(struct skep_elf_writer *w, const uint32_t *places)
{
	for (size_t i = 0; i < w->relocs.len; i++) {
		const struct reloc *reloc = &w->relocs.data[i];
		Elf64_Rel rel = { reloc->at, ELF64_R_INFO(places[reloc->symbol], reloc->type) };
		const char *name =
			skep_arena_printf(w->arena, ".rel%s", w->sections[reloc->section].name);
		struct skep_elf_out *s = skep_elf_out(w, name, SHT_REL, SHF_INFO_LINK);

		if (!s)
			return -E2BIG;
		s->link = w->symtab;
		s->info = (uint32_t)reloc->section + 1;
		s->entry = sizeof(rel);
		skep_str_addn(&s->bytes, &rel, sizeof(rel));
	}
	return 0;
}

/* Header, sections, and the table of them at the end. */
static void write_file(struct skep_elf_writer *w, struct skep_elf_out *strings,
		       struct skep_str *out)
{
	Elf64_Shdr table[SKEP_ELF_OUT_MAX + 1] = {};
	Elf64_Ehdr head = {
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64,
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
			     ELFDATA2LSB,
#else
			     ELFDATA2MSB,
#endif
			     EV_CURRENT },
		.e_type = ET_REL,
		.e_machine = MACHINE_BPF,
		.e_version = EV_CURRENT,
		.e_ehsize = sizeof(head),
		.e_shentsize = sizeof(table[0]),
		.e_shnum = (uint16_t)(w->n_sections + 1),
		.e_shstrndx = (uint16_t)(strings - w->sections + 1),
	};
	size_t begin = out->len;

	for (size_t i = 0; i < w->n_sections; i++)
		table[i + 1].sh_name = add_name(w, w->sections[i].name);
	skep_str_addn(&strings->bytes, w->names.data, w->names.len);
	w->sections[w->symtab - 1].link = head.e_shstrndx;
	skep_str_addn(out, &head, sizeof(head));
	for (size_t i = 0; i < w->n_sections; i++) {
		const struct skep_elf_out *s = &w->sections[i];
		Elf64_Shdr *h = &table[i + 1];

		skep_str_pad(out, 0, ALIGN_UP(out->len - begin, 8) - (out->len - begin));
		h->sh_type = s->type;
		h->sh_flags = s->flags;
		h->sh_offset = out->len - begin;
		h->sh_size = s->bytes.len;
		h->sh_link = s->link;
		h->sh_info = s->info;
		h->sh_addralign = s->align;
		h->sh_entsize = s->entry;
		if (s->type != SHT_NOBITS && s->bytes.len)
			skep_str_addn(out, s->bytes.data, s->bytes.len);
	}
	skep_str_pad(out, 0, ALIGN_UP(out->len - begin, 8) - (out->len - begin));
	head.e_shoff = out->len - begin;
	memcpy(out->data + begin, &head, sizeof(head));
	skep_str_addn(out, table, (w->n_sections + 1) * sizeof(table[0]));
}

int skep_elf_write(struct skep_elf_writer *w, struct skep_str *out)
{
	uint32_t *places = skep_arena_calloc(w->arena, w->symbols.len + 1, sizeof(*places));
	struct skep_elf_out *strings;
	int r = add_symbols(w, places);

	if (r == 0)
		r = add_rel_sections(w, places);
	strings = skep_elf_out(w, ".strtab", SHT_STRTAB, 0);
	if (r < 0 || !strings)
		return -E2BIG;
	write_file(w, strings, out);
	return 0;
}
