/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Debugging information of programs (DWARF): where lines of the source are, and what functions are given.
 *
 * elfutils reads it (libdw.so.1, opened on first use). Types become BTF, so that whoever understands the kernel's types
 * understands a program's:
 *
 *	binary, or its debug file ──libdw──► function ──► parameters ──► struct skep_btf, FUNC_PROTO
 *
 *	r = skep_dwarf_open(elf, path, &dwarf);
 *	r = skep_dwarf_line(dwarf, "shop.c", 42, 0, on_address, data, &nearest);
 *	r = skep_dwarf_function(dwarf, address, &btf, &proto, places);
 *	skep_dwarf_close(dwarf);
 *
 * Addresses are those of the symbol table. The bytes may be broken: libdw checks where it reads, and what is made of them is
 * bounded here (SKEP_DWARF_TYPES_MAX types of one function).
 */
#pragma once

#include "obj/btf.h"
#include "obj/elf_sym.h"
#include "obj/param.h"

#define SKEP_DWARF_TYPES_MAX 16384

struct skep_dwarf;

/*
 * @elf, @path: the binary. -ENOTSUP: no libdw (see skep_dwarf_missing); -ENOENT: neither the binary nor a debug file of it
 * has debugging information.
 */
int skep_dwarf_open(const struct skep_elf *elf, const char *path,
		    struct skep_dwarf **ret_dwarf) _must_check_;
void skep_dwarf_close(struct skep_dwarf *dwarf);
SKEP_DEFINE_CLEANUP(struct skep_dwarf, skep_dwarf_close)

/* Whether the binary holds its debugging information itself. */
bool skep_dwarf_is_inside(const struct skep_elf *elf);
/* Whether debugging information can be read here at all. */
bool skep_dwarf_works(void);
/* What to install where -ENOTSUP was the answer. */
const char *skep_dwarf_missing(void);

/* Whether some of it was split off into files of its own (.dwo), which are not read. */
bool skep_dwarf_is_split(struct skep_dwarf *dwarf);

/*
 * Calls @each with the address of every statement that begins at this line of a source file. @file: its name, or the end of
 * its path ("src/shop.c"); @column 0: any. -ENOENT: no code is there; *ret_nearest is the next line that has some, or
 * the last before it, or 0.
 * What @each returns other than 0 ends it and is passed on.
 */
int skep_dwarf_line(struct skep_dwarf *dwarf, const char *file, unsigned line, unsigned column,
		    int (*each)(void *data, uint64_t address), void *data,
		    unsigned *ret_nearest) _must_check_;

/*
 * The function that @address is in: @ret_proto is its FUNC_PROTO in *ret_btf, which the caller frees, with the place of each
 * parameter when it begins. The place for a large result is a parameter of its own, in front, without a name. Of Go and
 * Rust, what single registers hold are parameters: "s" and "s_len" of a string s. -ENOENT: it is not described.
 */
int skep_dwarf_function(struct skep_dwarf *dwarf, uint64_t address, struct skep_btf **ret_btf,
			uint32_t *ret_proto,
			struct skep_param_place ret_places[SKEP_PARAMS_MAX]) _must_check_;

/*
 * A type by its name in C: "struct foo", "union foo", "enum foo" or a typedef. It is *ret_id in *ret_btf, which the caller
 * frees. The first definition counts, in the order of the compilation units. -ENOENT.
 */
int skep_dwarf_type(struct skep_dwarf *dwarf, const char *name, struct skep_btf **ret_btf,
		    uint32_t *ret_id) _must_check_;
