/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Code: what can be said of a linked program before any path through it is walked.
 *
 *	functions     where each begins and ends; every jump stays inside its function
 *	meetings      instructions where paths come together: only there states are kept and compared
 *	live registers  before each instruction, those whose value some path still reads
 *
 *	r = skep_code_study(&linked, arena, &code, &fault);
 *	code.info[i].live & (1 << SKEP_R6)
 */
#pragma once

#include "base/arena.h"
#include "isa/helper.h"
#include "obj/link.h"

struct skep_code_info {
	uint32_t func; /* number of the function it is in */
	uint16_t live; /* bit n: register n is read before it is written, on some path from here */
	bool meeting;  /* paths come together, or part: worth comparing states here */
	bool must_keep; /* a state is kept here each time: loops through here end only by comparison */
	bool second;	/* the second word of a wide instruction */
	bool calls_back; /* a helper call that runs a callback before it returns */
	bool iterates;	 /* asks an iterator for the next number */
	int32_t reloc;	 /* index of the program's relocation here, or -1 */
};

struct skep_code_func {
	uint32_t first, end; /* instructions */
	uint32_t prog;	     /* in the spec */
};

struct skep_code {
	const struct skep_insn *insns;
	size_t n_insns;
	const struct skep_reloc *relocs;
	struct skep_code_info *info;
	struct skep_code_func *funcs;
	size_t n_funcs;
};

/* How many arguments of a helper are looked at: what trace_printk prints may be anything, unset as well. */
unsigned skep_code_helper_args(const struct skep_helper *helper);

/* Which registers (bits) an instruction reads, and which it writes. */
void skep_code_uses(struct skep_insn insn, unsigned *ret_uses, unsigned *ret_sets);

/* What is wrong with the code as such, whatever values it computes with. */
struct skep_code_fault {
	uint32_t insn;
	const char *what; /* a sentence without final period; in the arena */
	const char *hint; /* or NULL */
};

/* 0, or -EINVAL with @ret_fault. Everything in @ret_code is in @arena or the linked program's. */
int skep_code_study(const struct skep_linked *linked, struct skep_arena *arena,
		    struct skep_code *ret_code, struct skep_code_fault *ret_fault) _must_check_;
