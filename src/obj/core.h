/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CO-RE: compiled once, fitted to the kernel that runs it. A program was compiled with types of one kernel (local);
 * each record says which instruction depends on which place in them. The same place is looked for in the types of
 * another kernel (target), by names, and the instruction gets what is right there.
 *
 *	local:  struct task_struct { … members 0:5:2 … }  ─► task_struct.mm.exe_file ─► names
 *	target: every type called task_struct  ─► the same names ─► offset, size, exists, …  ─► instruction
 *
 * What a name means: "task_struct___v5" is a flavour of task_struct, the part behind ___ does not count. Anonymous
 * structs in the target are looked through. A struct that the kernel defines in several ways is fine while all of
 * them that fit give the same answer. Where nothing fits, an instruction that needed it becomes a call that no kernel
 * allows (so it must not be reached: programs ask first), questions such as "does it exist" are answered with 0.
 *
 * Results are those of libbpf 1.1, bit for bit; a test holds them together.
 *
 *	struct skep_core_target target = { .kernel = vmlinux };
 *
 *	r = skep_core_resolve(&spec, &target, diag);
 */
#pragma once

#include "base/arena.h"
#include "obj/btf.h"
#include "obj/spec.h"

#define SKEP_CORE_STEPS_MAX 64 /* members and elements behind each other, as in libbpf */
/* What a poisoned instruction calls: "bad relo" in letters that are digits. */
#define SKEP_CORE_POISON 0xbad2310

/* The types to fit to. */
struct skep_core_target {
	const struct skep_btf *kernel;
	/*
	 * Types of modules, on top of the kernel's, for what the kernel itself has not; borrowed. NULL at the end.
	 * May be NULL.
	 */
	const struct skep_btf *(*module)(void *data, size_t index);
	void *data;
};

/*
 * Fits all programs of @spec whose records are open: their instructions are changed in place, their records are done
 * or missing afterwards. -EINVAL: a record and its instruction or types do not belong together, or the target is
 * ambiguous; the spec is then half done. Nothing to do without records.
 */
int skep_core_resolve(struct skep_spec *spec, const struct skep_core_target *target,
		      struct skep_diag *diag) _must_check_;
/* The same for one program, which may be a linked one; @local: the spec's types. */
int skep_core_resolve_prog(struct skep_spec_prog *prog, const struct skep_btf *local,
			   const struct skep_core_target *target,
			   struct skep_diag *diag) _must_check_;

/*
 * Whether something that a program declares so can be what the kernel has: prototypes with the same kinds of parameters,
 * pointers to the same kind of thing. 1, 0, or -EINVAL: types are nested without end.
 */
int skep_core_fits(const struct skep_btf *local, uint32_t local_id, const struct skep_btf *target,
		   uint32_t id) _must_check_;

/*
 * The record of @prog whose answer the target lacks, so that instruction @insn is poisoned (of a 64-bit load either of its
 * two); or NULL.
 */
const struct skep_core_reloc *skep_core_missing_at(const struct skep_spec_prog *prog,
						   uint32_t insn);

/* What a record asks, for people: "offset of task_struct.mm.exe_file". */
void skep_core_format(const struct skep_btf *local, const struct skep_core_reloc *reloc,
		      struct skep_str *out);

/* The length of a name without its flavour: of "task_struct___old" 11. */
size_t skep_core_name_len(const char *name);
