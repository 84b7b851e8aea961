/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Assembler: text to instructions.
 *
 *	// counts down from ten
 *		r0 = 10
 *	again:
 *		r0 += -1
 *		if r0 != 0 goto again; exit
 *
 * A line holds labels and an instruction, written as the disassembler writes it (isa/disasm.h) with
 * any blanks; ';' stands for a newline. A label is a word and ':'; jumps and calls of own functions
 * take it in place of a distance (+3, pc+3). Comments are those of C, and lines that begin with
 * '#'. Numbers are decimal or hexadecimal. Words that no syntax gives are written with '.raw' and
 * all their fields.
 *
 *	_cleanup_(skep_insns_fini) struct skep_insns insns = {};
 *	r = skep_asm(text, strlen(text), NULL, &insns, &diag);
 *
 * Limits: SKEP_ASM_MAX_INSNS words, 64 tokens a statement, and as many errors as a diag keeps: then
 * it gives up.
 */
#pragma once

#include "base/diag.h"
#include "base/vec.h"
#include "isa/disasm.h"

#define SKEP_ASM_MAX_INSNS (1u << 20)

/* A program's words. Zero-initialized when empty. */
struct skep_insns {
	SKEP_VEC(struct skep_insn);
};

void skep_insns_fini(struct skep_insns *insns);

struct skep_asm_hooks {
	void *ctx;
	/* The number that the name @name stands for: 0, or -ENOENT. Not asked for targets. */
	int (*value)(void *ctx, enum skep_name_kind kind, const char *name, int32_t *ret_value);
	/* Told of each label, or NULL. @name lives during the call. */
	void (*label)(void *ctx, const char *name, size_t insn);
	/* Told of each statement, at byte @at of the text, that becomes instruction @insn; or NULL. */
	void (*statement)(void *ctx, size_t insn, size_t at);
};

/*
 * Assembles @len bytes of @text (need not be terminated). @hooks may be NULL. Returns 0 and gives
 * the words in @ret_insns, which must be empty; or -EINVAL when the text is wrong, -E2BIG when it
 * is too long, with every error found in @diag.
 */
_must_check_ int skep_asm(const char *text, size_t len, const struct skep_asm_hooks *hooks,
			  struct skep_insns *ret_insns, struct skep_diag *diag);
