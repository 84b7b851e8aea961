/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Witnesses: input that makes a rejected program do, in the checked machine, what the verifier says it could do.
 *
 *	finding ──search──► witness ──format──► text file ──parse──► witness ──replay──► the fault
 *
 * The search is directed: a run follows the decisions of the failing path as far as it goes; where it leaves it, the bytes
 * that were compared are changed (each register carries where its value came from), and at the rejected instruction those
 * that its operands were made of. What is tried are the constants of comparisons and of the program with their neighbours,
 * edges, lengths of packets, elements that are there or not, and a bounded number of random combinations. A run that faults
 * at the rejected instruction is a witness, and is run once more from its text before it counts. No witness proves nothing.
 *
 *	struct skep_witness_search search;
 *
 *	if (skep_witness_find(&source->spec, prog, finding, 0, &witness, &search) == 0)
 *		skep_witness_format(&source->spec, &witness, &text);
 *
 * The file, one item a line, # begins a comment; bytes are hex digits, - is none:
 *
 *	program NAME
 *	ctx HEX			the context; pointers in it are filled in
 *	packet HEX
 *	map NAME KEYHEX VALUEHEX	an element that is there before the run
 *	helper NAME RESULT	what its calls return, all helpers' in the order of the calls; - is the machine's own. Of
 *				helpers that return pointers 0 is NULL, 1 is memory.
 *	fault INSN		where it faults
 *	unset INSN REG		likewise: it reads there, through that register or in it, what nothing has written
 */
#pragma once

#include "verify/verify.h"

#define SKEP_WITNESS_CTX_MAX 1024
#define SKEP_WITNESS_PACKET_MAX 2048
#define SKEP_WITNESS_ENTRIES_MAX 16
#define SKEP_WITNESS_ANSWERS_MAX 64
#define SKEP_WITNESS_KEY_MAX 64
#define SKEP_WITNESS_VALUE_MAX 512 /* bytes of a value that are not 0 */
#define SKEP_WITNESS_RUNS 50000	   /* of one search unless told */

struct skep_witness_entry {
	uint32_t map; /* in the spec */
	uint8_t key[SKEP_WITNESS_KEY_MAX], value[SKEP_WITNESS_VALUE_MAX];
};

struct skep_witness_answer {
	int32_t helper; /* 0: the machine's own answer */
	uint64_t value;
};

struct skep_witness {
	char prog[128];
	uint32_t insn; /* where it faults */
	int unset_reg; /* what is read there was never written; or -1: a fault of the machine */
	uint8_t ctx[SKEP_WITNESS_CTX_MAX];
	uint32_t ctx_size;
	uint8_t packet[SKEP_WITNESS_PACKET_MAX];
	uint32_t packet_size;
	struct skep_witness_entry entries[SKEP_WITNESS_ENTRIES_MAX];
	uint32_t n_entries;
	struct skep_witness_answer answers[SKEP_WITNESS_ANSWERS_MAX];
	uint32_t n_answers;
};

struct skep_witness_search {
	uint32_t runs;	 /* done */
	bool not_tried;	 /* the finding is not about values that input decides */
	char fault[400]; /* what the program did */
};

/*
 * Searches an input for @finding, which was made with `explain`. @runs: the bound, 0: SKEP_WITNESS_RUNS. 0 with the
 * witness; -ENOENT: none was found, or the finding is not of this sort. @ret_search is always written.
 */
int skep_witness_find(const struct skep_spec *spec, size_t prog, const struct skep_finding *finding,
		      uint32_t runs, struct skep_witness *ret_witness,
		      struct skep_witness_search *ret_search) _must_check_;
void skep_witness_format(const struct skep_spec *spec, const struct skep_witness *witness,
			 struct skep_str *out);
/* -EINVAL with the line in the diag: not a witness, or not one of this spec's program. */
int skep_witness_parse(const struct skep_spec *spec, size_t prog, const char *text,
		       struct skep_diag *diag, struct skep_witness *ret_witness) _must_check_;
/* Runs it. -EFAULT: it faulted, the text says how; 0: it did not; other errors: it cannot be run. */
int skep_witness_replay(const struct skep_spec *spec, size_t prog,
			const struct skep_witness *witness,
			struct skep_str *ret_fault) _must_check_;
