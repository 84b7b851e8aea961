/* SPDX-License-Identifier: Apache-2.0 */
/* Engines of the machine side by side: a function, with memory in R1 and its size in R2, and what it returns. */
#pragma once

#include "isa/insn.h"

#if defined(__x86_64__) || defined(__aarch64__)
#define N_ENGINES 5
#else /* no JIT yet */
#define N_ENGINES 3
#endif
#define IS_UNCHECKED(engine) ((engine) == 1 || (engine) == 4)

struct answer {
	int r; /* 0, -EFAULT with the fault's text, -EINVAL with the reason why it was not taken */
	uint64_t value;
	char text[512];
};

extern const char *const engine_names[5];

void engine_run(unsigned engine, const struct skep_insn *insns, size_t n, const void *mem,
		size_t mem_size, struct answer *ret_answer);
