/* SPDX-License-Identifier: Apache-2.0 */
/* What the writers of objects share. Nobody else includes this. */
#pragma once

#include "obj/btf_build.h"
#include "obj/elf_write.h"
#include "workbench/emit.h"

/* Where a program went. */
struct emit_place {
	struct skep_elf_out *section;
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
	struct skep_elf_writer *file;
	uint32_t text_symbol;	   /* of .text itself, once it is there */
	struct emit_place *places; /* of each program */
	struct emit_map *maps;
	struct emit_types types;
};

/* The number of a symbol of what lies at @value of @section. */
uint32_t emit_symbol(struct emit *e, const char *name, unsigned bind, unsigned type,
		     const struct skep_elf_out *section, uint64_t value, uint64_t size);
/* emit_map.c: .maps with its types, and sections of data. */
int emit_maps(struct emit *e) _must_check_;
/* emit_ext.c: .BTF and .BTF.ext, once all programs are placed. */
int emit_types(struct emit *e) _must_check_;
