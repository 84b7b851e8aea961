/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linker of functions: makes of a program and its subprograms what an engine loads, one run of
 * instructions.
 *
 *	progs[]: main ──SKEP_RELOC_FUNC──► sub a ──► sub c        insns:  main | a | c | b
 *	          └─────────────────────► sub b                   funcs:  0      ^   ^   ^
 *
 * The subprograms that the program reaches follow it, each once and before those that it refers to itself, which is
 * libbpf's order as well. Calls and function addresses are patched to distances and their relocations are gone; the
 * other relocations and the source lines move with their instructions.
 *
 * Guaranteed of the result: every relocation is at an instruction that can carry it; maps[index]
 * exists; every function begins with a source line; lines ascend strictly. Whether the code is safe
 * is not looked at.
 *
 *	r = skep_spec_link(spec, 0, arena, diag, &linked);
 *	bpf(BPF_PROG_LOAD, ... linked.prog.insns, linked.prog.n_insns ...);
 */
#pragma once

#include "base/arena.h"
#include "obj/spec.h"

#define SKEP_LINK_FUNCS_MAX 256	     /* the kernel's bound on functions of one program */
#define SKEP_LINK_INSNS_MAX 1000000u /* the kernel's bound on instructions */

/* A function inside the linked program. */
struct skep_linked_func {
	uint32_t prog; /* index in the spec */
	uint32_t insn; /* where it begins */
};

struct skep_linked {
	struct skep_spec_prog
		prog; /* as in the spec, with insns, relocs and lines of all functions */
	struct skep_linked_func *funcs; /* ascending by insn; the first is the program itself */
	size_t n_funcs;
};

/*
 * Links progs[index], which must not be a subprogram itself. Everything in @ret_linked is in @arena
 * or the spec's. -EINVAL: the spec is wrong (the diag says where). -E2BIG: more functions or
 * instructions than a kernel takes.
 */
int skep_spec_link(const struct skep_spec *spec, size_t index, struct skep_arena *arena,
		   struct skep_diag *diag, struct skep_linked *ret_linked) _must_check_;
/* All programs: an array of spec->n_progs elements, whose n_funcs is 0 for subprograms. */
int skep_spec_link_all(const struct skep_spec *spec, struct skep_arena *arena,
		       struct skep_diag *diag, struct skep_linked **ret_linked) _must_check_;
