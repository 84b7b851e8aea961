/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Splitter of functions: the linker's opposite. One run of instructions, as the kernel has it or an assembler makes it,
 * becomes a program and its subprograms.
 *
 *	insns:  main | a | b        progs[]: main ──SKEP_RELOC_FUNC──► a ...
 *	         └call►┘
 *
 * Functions begin at the first instruction and wherever a local call or the address of a function leads. What only falls
 * into another function's beginning, or jumps there, is left to a verifier to refuse.
 *
 *	r = skep_spec_split(&prog, arena, diag, &progs, &n_progs);
 */
#pragma once

#include "base/arena.h"
#include "obj/spec.h"

/*
 * @prog's instructions may hold calls by distance; its other relocations (maps) and lines go to the function that they
 * lie in. The first of @ret_progs has @prog's name, kind and attachment. -EINVAL: a call leads out of the program or into
 * the middle of an instruction.
 */
int skep_spec_split(const struct skep_spec_prog *prog, struct skep_arena *arena,
		    struct skep_diag *diag, struct skep_spec_prog **ret_progs,
		    size_t *ret_n_progs) _must_check_;
