/* SPDX-License-Identifier: Apache-2.0 */
#include "workbench/emit.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

#include "base/vec.h"
#include "obj/section.h"
#include "workbench/emit_priv.h"
#include "workbench/listing.h"

#define MACHINE_BPF 247
#define REL_64_64 1  /* a load of 64 bits: address of the symbol, plus what the instruction holds */
#define REL_64_32 10 /* a call */

struct emit_section *emit_section(struct emit *e, const char *name, uint32_t type, uint64_t flags)
{
	struct emit_section *s;

	for (size_t i = 0; i < e->n_sections; i++)
		if (skep_streq(e->sections[i].name, name))
			return &e->sections[i];
	if (e->n_sections == EMIT_SECTIONS_MAX)
		return NULL;
	s = &e->sections[e->n_sections++];
	*s = (struct emit_section){ .name = name, .type = type, .flags = flags, .align = 8 };
	return s;
}

uint32_t emit_symbol(struct emit *e, const char *name, unsigned bind, unsigned type,
		     const struct emit_section *section, uint64_t value, uint64_t size)
{
	struct emit_symbol symbol = {
		.name = name,
		.bind = bind,
		.sym = { .st_info = ELF64_ST_INFO(bind, type),
			 .st_shndx = (uint16_t)(section - e->sections + 1),
			 .st_value = value,
			 .st_size = size },
	};

	skep_vec_add(&e->symbols, symbol);
	return (uint32_t)e->symbols.len - 1;
}

/* The name of the section for a program that does not tell: of the first row that gives its kind. */
static const char *section_of(const struct skep_spec_prog *p)
{
	const struct skep_section_row *row, *found = NULL;

	if (p->section)
		return p->section;
	for (size_t i = 0; (row = skep_section_row(i)); i++) {
		if (row->prog != p->type || row->traits & SKEP_SECTION_NO_LOAD)
			continue;
		if (row->attach_type == p->attach_type)
			return row->name;
		found = found ? found : row;
	}
	return found ? found->name : NULL;
}

static int refuse(struct emit *e, const struct skep_spec_prog *p, const char *what)
{
	skep_diag_error(e->diag, SKEP_NO_LOC, "program '%s' cannot be written as an object: %s",
			p->name, what);
	return -EOPNOTSUPP;
}

static int place_prog(struct emit *e, size_t index)
{
	const struct skep_spec_prog *p = &e->spec->progs[index];
	const char *name = p->type ? section_of(p) : ".text";
	struct emit_section *s =
		name ? emit_section(e, name, SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR) : NULL;
	struct emit_place *place = &e->places[index];

	if (!s)
		return refuse(e, p,
			      name ? "there are too many sections"
				   : "no section has programs of its kind");
	if (!p->type && !s->bytes.len)
		e->text_symbol = emit_symbol(e, NULL, STB_LOCAL, STT_SECTION, s, 0, 0);
	place->section = (size_t)(s - e->sections);
	place->offset = s->bytes.len;
	place->symbol = emit_symbol(e, p->name, p->type ? STB_GLOBAL : STB_LOCAL, STT_FUNC, s,
				    place->offset, p->n_insns * sizeof(*p->insns));
	skep_str_addn(&s->bytes, p->insns, p->n_insns * sizeof(*p->insns));
	return 0;
}

static int add_reloc(struct emit *e, size_t index, const struct skep_reloc *reloc)
{
	const struct skep_spec_prog *p = &e->spec->progs[index];
	const struct emit_place *place = &e->places[index];
	struct emit_section *s = &e->sections[place->section];
	struct skep_insn insn = p->insns[reloc->insn];
	uint64_t at = place->offset + reloc->insn * sizeof(insn);
	uint32_t symbol, type = REL_64_64;
	struct emit_reloc out;

	insn.imm = 0;
	switch (reloc->kind) {
	case SKEP_RELOC_FUNC:
		symbol = e->places[reloc->index].symbol;
		if (skep_insn_is_call(insn)) {
			insn.src = SKEP_CALL_LOCAL;
			insn.imm = -1;
			type = REL_64_32;
		} else { /* as compilers write it: so many bytes into the section */
			symbol = e->text_symbol;
			insn.src = 0;
			insn.imm = (int32_t)e->places[reloc->index].offset;
		}
		break;
	case SKEP_RELOC_MAP:
		if (e->maps[reloc->index].is_data)
			return refuse(e, p, "a map that it uses is also reached by its address");
		symbol = e->maps[reloc->index].symbol;
		insn.src = 0;
		break;
	case SKEP_RELOC_MAP_VALUE:
		symbol = e->maps[reloc->index].symbol;
		insn.src = 0;
		insn.imm = (int32_t)reloc->addend;
		break;
	default:
		return refuse(e, p, "it refers to the kernel by name");
	}
	memcpy(s->bytes.data + at, &insn, sizeof(insn));
	if (skep_insn_is_wide(insn))
		memset(s->bytes.data + at + sizeof(insn), 0, sizeof(insn));
	out = (struct emit_reloc){ place->section, at, symbol, type };
	skep_vec_add(&e->relocs, out);
	return 0;
}

static int add_relocs(struct emit *e)
{
	int r = 0;

	for (size_t i = 0; i < e->spec->n_progs; i++)
		for (size_t k = 0; k < e->spec->progs[i].n_relocs && r == 0; k++)
			r = add_reloc(e, i, &e->spec->progs[i].relocs[k]);
	return r;
}

/* Names of sections and symbols, one table for both. */
static uint32_t add_name(struct skep_str *names, const char *name)
{
	uint32_t at = (uint32_t)names->len;

	skep_str_addn(names, name, strlen(name) + 1);
	return at;
}

/* Locals come first, as ELF wants it; relocations name symbols by their place. */
static void add_symbols(struct emit *e, struct skep_str *names, uint32_t *ret_places)
{
	struct emit_section *s = emit_section(e, ".symtab", SHT_SYMTAB, 0);
	Elf64_Sym none = {};
	uint32_t n = 1;

	skep_str_addn(&s->bytes, &none, sizeof(none));
	for (unsigned bind = STB_LOCAL; bind <= STB_GLOBAL; bind++) {
		if (bind == STB_GLOBAL)
			s->info = n;
		for (size_t i = 0; i < e->symbols.len; i++) {
			struct emit_symbol *symbol = &e->symbols.data[i];

			if (symbol->bind != bind)
				continue;
			symbol->sym.st_name = symbol->name ? add_name(names, symbol->name) : 0;
			skep_str_addn(&s->bytes, &symbol->sym, sizeof(symbol->sym));
			ret_places[i] = n++;
		}
	}
	s->entry = sizeof(none);
	e->symtab = (uint32_t)(s - e->sections) + 1;
}

static int add_rel_sections(struct emit *e, const uint32_t *places)
{
	for (size_t i = 0; i < e->relocs.len; i++) {
		const struct emit_reloc *reloc = &e->relocs.data[i];
		Elf64_Rel rel = { reloc->at, ELF64_R_INFO(places[reloc->symbol], reloc->type) };
		const char *name =
			skep_arena_printf(e->arena, ".rel%s", e->sections[reloc->section].name);
		struct emit_section *s = emit_section(e, name, SHT_REL, SHF_INFO_LINK);

		if (!s)
			return -E2BIG;
		s->link = e->symtab;
		s->info = (uint32_t)reloc->section + 1;
		s->entry = sizeof(rel);
		skep_str_addn(&s->bytes, &rel, sizeof(rel));
	}
	return 0;
}

/* Header, sections, and the table of them at the end. */
static void write_elf(struct emit *e, struct skep_str *names, struct skep_str *out)
{
	struct emit_section *strings = emit_section(e, ".strtab", SHT_STRTAB, 0);
	Elf64_Shdr table[EMIT_SECTIONS_MAX + 1] = {};
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
		.e_shnum = (uint16_t)(e->n_sections + 1),
		.e_shstrndx = (uint16_t)(strings - e->sections + 1),
	};
	size_t begin = out->len;

	for (size_t i = 0; i < e->n_sections; i++)
		table[i + 1].sh_name = add_name(names, e->sections[i].name);
	skep_str_addn(&strings->bytes, names->data, names->len);
	e->sections[e->symtab - 1].link = head.e_shstrndx;
	skep_str_addn(out, &head, sizeof(head));
	for (size_t i = 0; i < e->n_sections; i++) {
		const struct emit_section *s = &e->sections[i];
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
	skep_str_addn(out, table, (e->n_sections + 1) * sizeof(table[0]));
}

static int build(struct emit *e)
{
	struct emit_section *license = emit_section(e, "license", SHT_PROGBITS, SHF_ALLOC);
	const char *text = e->spec->license ? e->spec->license : "GPL";
	int r;

	skep_str_addn(&license->bytes, text, strlen(text) + 1);
	r = emit_maps(e);
	for (size_t i = 0; i < e->spec->n_progs && r == 0; i++)
		r = place_prog(e, i);
	if (r == 0)
		r = emit_types(e);
	if (r == 0)
		r = add_relocs(e);
	return r;
}

int skep_emit_object(const struct skep_spec *spec, struct skep_arena *arena, struct skep_diag *diag,
		     struct skep_str *ret_bytes)
{
	struct emit *e = skep_arena_alloc(arena, sizeof(*e));
	_cleanup_(skep_str_fini)
	struct skep_str names = {};
	int r;

	e->types.b = skep_btf_builder_new(NULL);
	e->spec = spec;
	e->arena = arena;
	e->diag = diag;
	e->places = skep_arena_calloc(arena, spec->n_progs, sizeof(*e->places));
	e->maps = skep_arena_calloc(arena, spec->n_maps, sizeof(*e->maps));
	skep_str_addc(&names, 0);
	r = build(e);
	if (r == 0) {
		uint32_t *places = skep_arena_calloc(arena, e->symbols.len, sizeof(*places));

		add_symbols(e, &names, places);
		r = add_rel_sections(e, places);
	}
	if (r == 0)
		write_elf(e, &names, ret_bytes);
	for (size_t i = 0; i < e->n_sections; i++)
		skep_str_fini(&e->sections[i].bytes);
	skep_btf_builder_free(e->types.b);
	skep_vec_fini(&e->symbols);
	skep_vec_fini(&e->relocs);
	return r;
}

int skep_emit_raw(const struct skep_input *input, size_t prog, bool hex, struct skep_arena *arena,
		  struct skep_diag *diag, struct skep_str *ret_bytes)
{
	const struct skep_insn *insns;
	struct skep_listing *listing;
	size_t n;
	int r = skep_listing_new(input, prog, 0, arena, diag, &listing);

	if (r < 0)
		return r;
	insns = skep_listing_insns(listing, &n);
	if (!hex) {
		skep_str_addn(ret_bytes, insns, n * sizeof(*insns));
		return 0;
	}
	for (size_t i = 0; i < n; i++) {
		const uint8_t *bytes = (const uint8_t *)&insns[i];

		for (size_t k = 0; k < sizeof(*insns); k++)
			skep_str_addf(ret_bytes, "%02x", bytes[k]);
		skep_str_addc(ret_bytes, '\n');
	}
	return 0;
}
