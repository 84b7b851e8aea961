/* SPDX-License-Identifier: Apache-2.0 */
#include "workbench/emit.h"

#include <errno.h>
#include <string.h>

#include "obj/section.h"
#include "workbench/emit_priv.h"
#include "workbench/listing.h"

#define REL_64_64 1  /* a load of 64 bits: address of the symbol, plus what the instruction holds */
#define REL_64_32 10 /* a call */

uint32_t emit_symbol(struct emit *e, const char *name, unsigned bind, unsigned type,
		     const struct skep_elf_out *section, uint64_t value, uint64_t size)
{
	Elf64_Sym sym = {
		.st_info = ELF64_ST_INFO(bind, type),
		.st_value = value,
		.st_size = size,
	};

	return skep_elf_add_symbol(e->file, name, sym, section);
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
	struct skep_elf_out *s =
		name ? skep_elf_out(e->file, name, SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR) : NULL;
	struct emit_place *place = &e->places[index];

	if (!s)
		return refuse(e, p,
			      name ? "there are too many sections"
				   : "no section has programs of its kind");
	if (!p->type && !s->bytes.len)
		e->text_symbol = emit_symbol(e, NULL, STB_LOCAL, STT_SECTION, s, 0, 0);
	place->section = s;
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
	struct skep_elf_out *s = place->section;
	struct skep_insn insn = p->insns[reloc->insn];
	uint64_t at = place->offset + reloc->insn * sizeof(insn);
	uint32_t symbol, type = REL_64_64;

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
	skep_elf_add_reloc(e->file, s, at, symbol, type);
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

static int build(struct emit *e)
{
	struct skep_elf_out *license = skep_elf_out(e->file, "license", SHT_PROGBITS, SHF_ALLOC);
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
	int r;

	e->file = skep_elf_writer_new(arena);
	e->types.b = skep_btf_builder_new(NULL);
	e->spec = spec;
	e->arena = arena;
	e->diag = diag;
	e->places = skep_arena_calloc(arena, spec->n_progs, sizeof(*e->places));
	e->maps = skep_arena_calloc(arena, spec->n_maps, sizeof(*e->maps));
	r = build(e);
	if (r == 0)
		r = skep_elf_write(e->file, ret_bytes);
	skep_elf_writer_free(e->file);
	skep_btf_builder_free(e->types.b);
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
