/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of the ELF reader, for its own files only: elf.c (headers, segments, sections), elf_sym.c
 * (symbols), and the reader of BPF objects, which needs sections by number.
 */
#pragma once

#include <endian.h>
#include <string.h>

#include "obj/elf_sym.h"

#define ELF_TABLES 2 /* .symtab and .dynsym */

/* A symbol table with its strings; both inside the file. */
struct elf_table {
	const uint8_t *syms;
	uint32_t n;
	const char *strings;
	size_t strings_size; /* cut behind the last terminator: any offset below is a string */
};

/* Functions as symbol numbers (those of the second table go on after the first), by address. */
struct elf_index {
	uint32_t *syms; /* NULL until built */
	uint32_t *
		behind; /* how far each begins behind the first; NULL: they are too far from each other */
	uint64_t first;
	size_t n;
};

struct skep_elf {
	const uint8_t *data;
	uint64_t size;
	bool is_64;
	uint16_t type, machine;
	uint64_t entry;
	uint64_t segments_off, sections_off;
	uint32_t n_segments, n_sections;
	uint32_t segment_size, section_size; /* bytes from one to the next */
	uint32_t names_section;
	struct elf_table tables[ELF_TABLES];
	struct elf_index *index;
	const struct skep_breath *breath; /* or NULL */
};

struct elf_section {
	uint32_t name, type, link, info;
	uint64_t flags, addr, offset, size, align, entry_size;
};

struct elf_segment {
	uint32_t type;
	uint64_t offset, vaddr, file_size, memory_size;
};

/* Of 2, 4 or 8 bytes. Symbols are read by the hundred thousand: one load each, not a loop. */
static inline uint64_t load_le(const uint8_t *p, unsigned bytes)
{
	uint64_t value = 0;

	if (bytes == 8)
		memcpy(&value, p, 8);
	else if (bytes == 4)
		memcpy(&value, p, 4);
	else
		memcpy(&value, p, 2);
	return le64toh(value);
}

/* Whether [offset, offset + len) is inside the file. */
static inline bool elf_inside(const struct skep_elf *elf, uint64_t offset, uint64_t len)
{
	return offset <= elf->size && len <= elf->size - offset;
}

/* Section @i, which is one of the file's. */
struct elf_section skep_elf_section_head(const struct skep_elf *elf, uint32_t i);
/* Its name; "" when it has none. */
const char *skep_elf_section_name(const struct skep_elf *elf, uint32_t i);
