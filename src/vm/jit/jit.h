/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JIT: programs as machine code, made once, when a program is added to a machine whose configuration asks for it.
 *
 *	vm_jit_compile   ops (code.h) ──► plan: functions, targets of jumps, registers (plan.c, live.c)
 *	                              ──► code, emitted once more where distances tell (jit.c; files for each CPU behind
 *	                                  emit.h)
 *	                              ──► pages: written first, then made executable, never both
 *	vm_jit_run       the engine (vm_engine_fn) that runs such programs; functions are called by it, and by helpers
 *	                 through vm_call
 *
 * Same answers as the interpreter's, faults and their places included, of every program that is accepted: in checked
 * machines every access is checked against the stack and the windows of memory.h as there, in others none. Only what the
 * instruction set leaves open may differ: registers that nothing has written since a call.
 *
 * Code is read-only once made, holds no state, and serves any number of threads.
 *
 *	r = vm_jit_compile(prog, why, sizeof(why));
 *	prog->native(run, prog, 0, args);
 *	vm_jit_free(prog);
 */
#pragma once

#include "vm/machine.h"

/* Whether there is a JIT for this CPU. */
bool vm_jit_here(void);

/* Makes the code of a decoded program. -EINVAL (@why says which instruction), -ENOMEM, -EPERM (no executable pages). */
int vm_jit_compile(struct vm_prog *prog, char *why, size_t why_size) _must_check_;
void vm_jit_free(struct vm_prog *prog);

/* The machine code of a program, to be looked at: never run, not executable. */
struct vm_jit_code {
	uint8_t *bytes;
	uint32_t size;
	/* Of each instruction the offset of its code; 0: it is one with the one before it. */
	uint32_t *at, n_insns;
	uint32_t
		insns_end; /* behind it is what several instructions share, and what is seldom needed */
};
/* Makes it once more, as vm_jit_compile does. */
int vm_jit_show(const struct vm_prog *prog, struct vm_jit_code *ret_code) _must_check_;
void vm_jit_code_fini(struct vm_jit_code *code);

vm_engine_fn vm_jit_run;

/* Notes the frames that a function may write to when it begins below @stack_lo. */
static inline void vm_jit_deepen(struct skep_vm_run *run, const struct vm_func *func,
				 uint64_t stack_lo)
{
	uint64_t top = (uint64_t)(uintptr_t)run->stack + VM_STACK_BYTES;
	uint32_t frames = (uint32_t)((top - stack_lo) / SKEP_STACK_SIZE) + func->frames;

	run->deepest = MIN(MAX(run->deepest, frames), (uint32_t)VM_FRAMES_MAX);
}
