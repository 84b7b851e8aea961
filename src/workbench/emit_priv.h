/* SPDX-License-Identifier: Apache-2.0 */
/* What the writers of objects share. Nobody else includes this. */
#pragma once

#include <elf.h>

#include "base/vec.h"
#include "obj/btf_build.h"
#include "workbench/emit.h"

#define EMIT_SECTIONS_MAX 600

struct emit_section {
	const char *name;
	uint32_t type, link, info;
	uint64_t flags, align, entry;
	struct skep_str bytes;
};

struct emit_symbol {
	const char *name; /* NULL: a section's own */
	unsigned bind;
	Elf64_Sym sym;
};

struct emit_reloc {
	size_t section;
	uint64_t at;
	uint32_t symbol, type;
};

/* Where a program went. */
struct emit_place {
	size_t section;
	uint64_t offset;
	uint32_t symbol;
};

struct emit_map {
	bool is_data; /* a section of bytes, not a map by name */
	uint32_t symbol;
};

struct emit_types {
	struct skep_btf_builder *b;
	uint32_t i32;
	struct skep_btf_secvar *vars; /* of .maps */
	size_t n_vars;
	uint32_t size; /* of .maps so far */
};

struct emit {
	const struct skep_spec *spec;
	struct skep_arena *arena;
	struct skep_diag *diag;
	struct emit_section sections[EMIT_SECTIONS_MAX];
	size_t n_sections;
	uint32_t symtab;      /* its number */
	uint32_t text_symbol; /* of .text itself, once it is there */
	struct {
		SKEP_VEC(struct emit_symbol);
	} symbols;
	struct {
		SKEP_VEC(struct emit_reloc);
	} relocs;
	struct emit_place *places; /* of each program */
	struct emit_map *maps;
	struct emit_types types;
};

/* The section of this name, made when it is new; NULL: there are too many. Pointers to others stay valid. */
struct emit_section *emit_section(struct emit *e, const char *name, uint32_t type, uint64_t flags);
/* Returns its number among those of `symbols`. */
uint32_t emit_symbol(struct emit *e, const char *name, unsigned bind, unsigned type,
		     const struct emit_section *section, uint64_t value, uint64_t size);
/* emit_map.c: .maps with its types, and sections of data. */
int emit_maps(struct emit *e) _must_check_;
/* emit_ext.c: .BTF and .BTF.ext, once all programs are placed. */
int emit_types(struct emit *e) _must_check_;
