/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Vectors of the machine: small programs and what they return. A file in tests/vectors/vm/ is a list of cases:
 *
 *	# comment
 *	case NAME
 *	mem 01 02 ff			R1 points to these bytes, R2 is how many; else R1 and R2 are 0
 *	kernel no			the kernel is not asked: why is for the comment
 *		r0 = 5			assembler, as isa/asm.h has it
 *		exit
 *	gives 0x5			all 64 bits of R0
 *
 * or `faults TEXT`: it must be stopped, and TEXT be part of what is said; or `refused TEXT`: it is not even taken.
 * Cases run one after the other through every engine that is here (engines.h).
 */
#pragma once

#include "isa/asm.h"

struct vector {
	char name[96];
	unsigned line;
	bool ask_kernel;
	struct skep_insns insns;
	uint8_t mem[512];
	size_t mem_size;
	bool has_mem;
	enum {
		GIVES,
		FAULTS,
		REFUSED
	} outcome;
	uint64_t value;
	char text[160];
};

/* Calls @run for each case of tests/vectors/vm/NAME; fails the test when the file is not as it should be. */
void vectors_each(const char *name, void (*run)(void *data, const struct vector *vector),
		  void *data);
