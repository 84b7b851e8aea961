/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by usyms.c, binary.c and perfmap.c. */
#pragma once

#include "obj/elf_sym.h"
#include "who/usyms.h"

/* usyms.c */
struct skep_binaries *skep_usyms_binaries(struct skep_usyms *usyms);
/* The executable mappings of a process as last seen, ascending; they live until the process is looked at again. */
const struct skep_mapping *skep_usyms_mappings(struct skep_usyms *usyms, uint32_t pid,
					       size_t *ret_n);

/* binary.c: symbols of a file, cached by device and inode. */
struct skep_binaries;

struct skep_binaries *skep_binaries_new(void);
void skep_binaries_free(struct skep_binaries *binaries);
/*
 * The function at @offset of the file that @mapping names, opened through process @pid if it still lives. NULL: none. The
 * name lives as long as the cache has room for its file.
 */
const char *skep_binaries_find(struct skep_binaries *binaries, uint32_t pid,
			       const struct skep_mapping *mapping, uint64_t offset,
			       uint64_t *ret_offset);

/* The file itself, or NULL when it cannot be read. Lives until the next call that may open one. */
const struct skep_elf *skep_binaries_elf(struct skep_binaries *binaries, uint32_t pid,
					 const struct skep_mapping *mapping);

/* Lets go of the memory of a file, or of all (NULL), which was read at length; names and the file stay what they are. */
void skep_binaries_rest(struct skep_binaries *binaries, const struct skep_mapping *mapping);

/* perfmap.c: the symbols that a JIT compiler wrote to a file. */
struct skep_perfmap;

struct skep_perfmap *skep_perfmap_new(uint32_t pid);
void skep_perfmap_free(struct skep_perfmap *map);
/* Looks again into the file when it has grown. NULL: no name. */
const char *skep_perfmap_find(struct skep_perfmap *map, uint64_t address, uint64_t *ret_offset);
