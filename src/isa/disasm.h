/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Disassembler: instructions to text that the assembler takes back without loss.
 *
 * The spelling is that of the pseudo-C which kernel and compiler users know, after the texts in
 * isa/rows.h. A word that is no valid instruction is written with all its fields:
 *
 *	.raw 0xff, 15, 1, -1, 5		opcode, dst, src, off, imm
 *
 * Numbers can be shown as names: of helpers without further ado, of all else through a hook.
 *
 *	_cleanup_(skep_str_fini) struct skep_str out = {};
 *	for (size_t i = 0; i < n; i += skep_disasm_insn(insns, n, i, NULL, &out))
 *		...;
 *	skep_disasm_program(insns, n, NULL, &out);
 *
 * Guarantee: assembling the text of any words, valid or not, gives these words, as long as the
 * assembler's hook knows the names that the disassembler's hook gave.
 */
#pragma once

#include "base/str.h"
#include "isa/table.h"

/* What a number in an instruction stands for. */
enum skep_name_kind {
	SKEP_NAME_HELPER,  /* helper number */
	SKEP_NAME_KFUNC,   /* BTF id of a kernel function */
	SKEP_NAME_VAR,	   /* BTF id of a kernel variable */
	SKEP_NAME_MAP_FD,  /* file descriptor of a map */
	SKEP_NAME_MAP_IDX, /* index of a map */
	SKEP_NAME_TARGET,  /* index of an instruction, where a jump or a call goes */
};

struct skep_disasm_hooks {
	void *ctx;
	/*
	 * Appends the name of @value to @out and returns true, or returns false. A name that the
	 * assembler could not read as one word is not used.
	 */
	bool (*name)(void *ctx, enum skep_name_kind kind, int64_t value, struct skep_str *out);
};

/*
 * Appends the text of the instruction at @index (below @n), without newline. Returns the words it
 * takes: 1, or 2 for a 64-bit constant. @hooks may be NULL.
 */
size_t skep_disasm_insn(const struct skep_insn *insns, size_t n, size_t index,
			const struct skep_disasm_hooks *hooks, struct skep_str *out);

/*
 * Appends a whole program, an instruction a line, with labels (L12) where it jumps to. The hook is
 * not asked for targets.
 */
void skep_disasm_program(const struct skep_insn *insns, size_t n,
			 const struct skep_disasm_hooks *hooks, struct skep_str *out);
