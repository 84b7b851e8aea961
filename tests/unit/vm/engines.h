/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Engines of the machine side by side: a function, with memory in R1 and its size in R2, and what it returns.
 *
 * A JIT is one more row in the table of engines.c.
 */
#pragma once

#include "isa/insn.h"

#define N_ENGINES 3

struct answer {
	int r; /* 0, -EFAULT with the fault's text, -EINVAL with the reason why it was not taken */
	uint64_t value;
	char text[512];
};

extern const char *const engine_names[N_ENGINES];

void engine_run(unsigned engine, const struct skep_insn *insns, size_t n, const void *mem,
		size_t mem_size, struct answer *ret_answer);
