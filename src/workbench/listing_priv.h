/* SPDX-License-Identifier: Apache-2.0 */
/* What the writers of listings share. Nobody else includes this. */
#pragma once

#include "isa/disasm.h"
#include "workbench/listing.h"

/* Machine code of one or several instructions; kept at the last of them. */
struct native_piece {
	const uint8_t *code;
	uint32_t size;
	uint64_t address;
};

/* What is known of one instruction beside itself. */
struct insn_note {
	const char *label;		   /* jumps or calls lead here, by this name; or NULL */
	const char *function;		   /* begins here; or NULL */
	const struct skep_spec_line *line; /* begins here */
	const char *about;		   /* in words, or NULL */
	uint32_t map;			   /* that it refers to, plus 1 */
	struct native_piece native;
};

struct skep_listing {
	const struct skep_input *input;
	size_t index; /* of the program in the spec */
	struct skep_arena *arena;
	const struct skep_spec_prog *prog; /* whole, functions included */
	struct skep_insn *insns; /* references filled in: index of a map, of a kernel function */
	struct insn_note *notes; /* one more than there are instructions */
	const char **maps;	 /* names, each different */
	const char **kfuncs;	 /* by the relocation's index in prog */
	bool native;
};

/* Names as the assembler reads them, each once: of what there are two gets a number. In @arena. */
const char **skep_listing_map_names(const struct skep_spec *spec, struct skep_arena *arena);
/* The instruction's text; returns its words. */
size_t skep_listing_insn(const struct skep_listing *l, size_t at, struct skep_str *out);

/* listing_native.c. Fills in the machine code of the notes. */
int skep_listing_native(struct skep_listing *l, struct skep_diag *diag) _must_check_;
