/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The assembler of conformance cases (data_file.h): operation, then operands with commas between them. Registers are %r0
 * to %r10, memory is [%r1+4], a target a label or +N.
 *
 *	struct data_asm a = { .out = insns, .max = n };
 *	r = data_asm_line(&a, "add32 %r0, 5");
 *	r = data_asm_finish(&a, &n_insns);
 */
#pragma once

#include "isa/insn.h"

#define DATA_LABELS_MAX 256

struct data_asm {
	struct skep_insn *out;
	size_t n, max;
	struct {
		char name[64];
		size_t at;
	} labels[DATA_LABELS_MAX], uses[DATA_LABELS_MAX];
	size_t n_labels, n_uses;
	char why[256];
};

/* One line: labels and an instruction; it is changed. -EINVAL with `why`. */
int data_asm_line(struct data_asm *a, char *line) _must_check_;
/* Resolves the labels. */
int data_asm_finish(struct data_asm *a, size_t *ret_n) _must_check_;
