/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of linking objects to one file share. Nobody else includes this. */
#pragma once

#include "obj/elf_write.h"
#include "obj/object_priv.h"

/* Where a section of a file lies in the file that is written; out NULL: it is left out. */
struct obj_placed {
	struct skep_elf_out *out;
	uint32_t base;
};

struct obj_link {
	struct reader r; /* the files; first, for callbacks */
	struct skep_elf_writer *file;
	struct obj_placed **placed;		    /* by file and section */
	uint32_t **numbers;			    /* of symbols, and 1; by file and symbol */
	uint32_t section_symbols[SKEP_ELF_OUT_MAX]; /* and 1 */
	struct skep_hash symbols;		    /* names of global ones to numbers and 1 */
};

/* .BTF and .BTF.ext. */
int obj_link_types(struct obj_link *l) _must_check_;
