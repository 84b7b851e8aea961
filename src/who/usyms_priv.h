/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by usyms.c, binary.c and perfmap.c. */
#pragma once

#include "who/usyms.h"

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

/* perfmap.c: the symbols that a JIT compiler wrote to a file. */
struct skep_perfmap;

struct skep_perfmap *skep_perfmap_new(uint32_t pid);
void skep_perfmap_free(struct skep_perfmap *map);
/* Looks again into the file when it has grown. NULL: no name. */
const char *skep_perfmap_find(struct skep_perfmap *map, uint64_t address, uint64_t *ret_offset);
