/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing objects: sections, symbols and relocations in, ELF for the BPF machine out.
 *
 *	struct skep_elf_writer *w = skep_elf_writer_new(arena);
 *	struct skep_elf_out *text = skep_elf_out(w, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR);
 *
 *	skep_str_addn(&text->bytes, insns, size);
 *	symbol = skep_elf_add_symbol(w, "f", (Elf64_Sym){ ... }, text);
 *	skep_elf_add_reloc(w, text, at, symbol, type);
 *	r = skep_elf_write(w, &bytes);
 *	skep_elf_writer_free(w);
 *
 * Symbols have numbers in the order in which they come; that ELF wants local ones first is taken care of. Names are borrowed.
 */
#pragma once

#include <elf.h>

#include "base/arena.h"
#include "base/str.h"

#define SKEP_ELF_OUT_MAX 600 /* sections */

struct skep_elf_out {
	const char *name;
	uint32_t type, link, info;
	uint64_t flags, align, entry;
	struct skep_str bytes;
};

struct skep_elf_writer;

struct skep_elf_writer *skep_elf_writer_new(struct skep_arena *arena);
void skep_elf_writer_free(struct skep_elf_writer *w);
/* The section of this name, made when it is new; NULL: there are too many. Pointers to others stay valid. */
struct skep_elf_out *skep_elf_out(struct skep_elf_writer *w, const char *name, uint32_t type,
				  uint64_t flags);
/* How many there are, and section @i. */
size_t skep_elf_out_count(const struct skep_elf_writer *w);
struct skep_elf_out *skep_elf_out_at(struct skep_elf_writer *w, size_t i);
/* @sym without name and section; @section NULL: undefined. @name NULL: a section's own. Returns its number. */
uint32_t skep_elf_add_symbol(struct skep_elf_writer *w, const char *name, Elf64_Sym sym,
			     const struct skep_elf_out *section);
void skep_elf_add_reloc(struct skep_elf_writer *w, const struct skep_elf_out *section, uint64_t at,
			uint32_t symbol, uint32_t type);
/* Appends the file; nothing can be added any more. -E2BIG: too many sections. */
int skep_elf_write(struct skep_elf_writer *w, struct skep_str *out) _must_check_;
