/* SPDX-License-Identifier: Apache-2.0 */
/* A CPU without a JIT: nothing here is ever called but the first function. */
#include "vm/jit/emit.h"

bool jit_cpu_here(void)
{
	return false;
}

void jit_cpu_begin(struct jit *j)
{
}

void jit_cpu_enter(struct jit *j)
{
}

uint32_t jit_cpu_insn(struct jit *j, uint32_t i)
{
	return 1;
}

void jit_cpu_rest(struct jit *j, const struct jit_rest *rest)
{
}

bool jit_cpu_patch(struct jit *j, const struct jit_fix *fix, uint32_t target)
{
	return false;
}

bool jit_cpu_again(struct jit *j)
{
	return false;
}
