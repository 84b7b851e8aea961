/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How C passes arguments: the registers and stack slots that the rules of a CPU (psABI) give to parameters, from the first one on.
 *
 *	f(int a, struct two b, double c, long d)	x86-64: a: di | b: si and dx | c: xmm0 | d: cx
 *
 *	struct skep_calling call = {};
 *	for each parameter:
 *		place = skep_call_next(&call, arch, btf, type);
 *
 * What is not understood ends it: nobody can tell where those behind it are, and `lost` is set.
 */
#pragma once

#include "isa/arch.h"
#include "obj/btf.h"

struct skep_calling {
	unsigned n_ints, n_floats; /* registers that are taken */
	unsigned stack_bytes;
	bool lost;
};

struct skep_call_place {
	enum {
		SKEP_CALL_REG,	 /* number: offset in struct pt_regs */
		SKEP_CALL_STACK, /* number: bytes from the stack pointer, when the function begins */
		SKEP_CALL_FLOAT, /* in a register for numbers with a point */
		SKEP_CALL_VALUE, /* by value, in several registers or on the stack */
		SKEP_CALL_LOST,
	} in;
	unsigned number;
};

/* @type is a type of @btf. Numbers and pointers have a place of their own, others take places away. */
struct skep_call_place skep_call_next(struct skep_calling *call, const struct skep_arch *arch,
				      const struct skep_btf *btf, uint32_t type);
