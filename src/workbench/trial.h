/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trial: one run of a program on the input of a witness, watched. Private to the search for witnesses.
 *
 * While it runs, each register and slot of the stack carries a set of atoms: the pieces of input that its value was made
 * of. Sets only grow by what an instruction reads, and are lost in memory other than the stack, so an atom that is named
 * may matter and one that is not may, too.
 *
 *	r = skep_trial_new(spec, prog, &trial);
 *	trial->goal = insn;
 *	r = skep_trial_run(trial, &witness);	// -EFAULT: trial->fault says what; see `trace`
 */
#pragma once

#include "vm/machine.h"
#include "workbench/witness.h"

#define TRIAL_ATOMS_MAX 64 /* later pieces of input have no atom */
#define TRIAL_LOOKUPS_MAX 16

enum skep_atom_kind {
	SKEP_ATOM_CTX,
	SKEP_ATOM_PACKET,
	SKEP_ATOM_LENGTH, /* of the packet */
	SKEP_ATOM_ANSWER, /* of the index-th helper call that can be answered */
	SKEP_ATOM_LOOKUP, /* whether the index-th look-up finds something */
	SKEP_ATOM_VALUE,  /* a piece of what it finds */
};

struct skep_atom {
	enum skep_atom_kind kind;
	uint32_t index, off, size;
};

/* A value of a map that the program got to know. */
struct skep_trial_lookup {
	uint32_t map; /* in the spec */
	uint8_t key[SKEP_WITNESS_KEY_MAX];
	uint64_t address; /* 0: not found */
};

/* Where a run left the path, or the goal: the operands and what they were made of. */
struct skep_trial_stop {
	uint64_t x, y, x_atoms, y_atoms;
};

struct skep_trace {
	uint32_t matched; /* decisions as on the path */
	bool reached;	  /* the goal */
	bool diverged;
	struct skep_trial_stop stop;
	struct skep_atom atoms[TRIAL_ATOMS_MAX];
	uint32_t n_atoms;
	struct skep_trial_lookup lookups[TRIAL_LOOKUPS_MAX];
	uint32_t n_lookups;
	int32_t asked[SKEP_WITNESS_ANSWERS_MAX]; /* helpers */
	uint32_t n_asked;
};

struct skep_trial {
	const struct skep_spec *spec;
	struct skep_arena *arena;
	struct skep_spec one; /* the spec with this program only */
	size_t prog;
	struct skep_loaded *loaded;
	struct skep_vm *vm;
	struct skep_vm_run *run;
	const struct skep_witness *in;
	const struct skep_verify_decision *path;
	size_t n_path;
	uint32_t goal;
	int unset_reg;	     /* or -1 */
	bool all_after;	     /* values are looked after behind the goal, too */
	bool outside;	     /* it left the value of a map that it had looked up; at `outside_at` */
	bool unknown_values; /* it has got values in another way, so that cannot be told */
	uint32_t outside_at;
	bool unset; /* the run read there what nothing has written */
	char fault[400];
	uint8_t *area; /* what pointers to the kernel's objects point to */
	void **first;  /* of each map of the spec: its first contents, or NULL */

	struct skep_trace trace;
	uint8_t ctx[SKEP_WITNESS_CTX_MAX];
	uint64_t atoms[VM_FRAMES_MAX + 1][SKEP_N_REGS];
	uint16_t written[VM_FRAMES_MAX + 1]; /* registers */
	uint64_t slots[VM_STACK_BYTES / 8];
	bool stored[VM_STACK_BYTES];
	uint32_t depth;
	struct {
		bool compares, looks_up;
		struct skep_insn insn;
		uint32_t at;
		struct skep_trial_stop stop;
		struct skep_trial_lookup lookup;
	} last;
	bool lost; /* no longer on the path */
};

int skep_trial_new(const struct skep_spec *spec, size_t prog,
		   struct skep_trial **ret_trial) _must_check_;
void skep_trial_free(struct skep_trial *trial); /* accepts NULL */
SKEP_DEFINE_CLEANUP(struct skep_trial, skep_trial_free)
/* 0: it ended well; -EFAULT: with trial->fault; others: it cannot run. The trace is written in any case. */
int skep_trial_run(struct skep_trial *trial, const struct skep_witness *in) _must_check_;
/* A helper whose result input may decide. */
bool skep_trial_answers(const struct skep_helper *helper);
/* watch.c: before each instruction. */
int skep_trial_watch(void *data, uint32_t prog, uint32_t insn, uint64_t regs[11]);
