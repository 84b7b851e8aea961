/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decoding: instructions become what the engine runs, index for index. Done once, when a program is added.
 *
 * Guaranteed of the result: every instruction is a valid encoding; jumps and local calls lead to instructions of the
 * program (jumps of the same function), never into the second half of a 64-bit constant; no function runs over its end;
 * every map that is named exists. What registers hold at run time is not looked at.
 *
 *	r = vm_decode(vm, prog, why, sizeof(why));
 */
#pragma once

#include "isa/table.h"
#include "vm/machine.h"

/* Codes of struct vm_op: an enum skep_op, or one of these. */
enum vm_code {
	VM_CODE_TRAP = SKEP_N_OPS, /* imm: a text */
	VM_CODE_TAIL_CALL,
	VM_CODE_OWN_HELPER, /* imm: number of a helper that only the embedder knows */
	VM_CODE_CALLX,	    /* dst: register */
	VM_N_CODES,
};

/* @prog has insns and n_insns; ops and funcs are made. -EINVAL, -ENOMEM. */
int vm_decode(struct skep_vm *vm, struct vm_prog *prog, char *why, size_t why_size) _must_check_;
