/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of explaining share. Nobody else includes this. */
#pragma once

#include "workbench/explain.h"
#include "workbench/listing_priv.h"

struct explain_insn {
	const char *code;  /* "r1 = map[fd:counts]" */
	const char *known; /* what is known once it is done, in words; or NULL */
	const char *about; /* what a loader has filled in; or NULL */
	size_t at;
};

/* A line of source and the instructions that it became, in the order of the instructions. */
struct explain_line {
	const char *place; /* "counter.bpf.c:12"; or NULL: not known */
	const char *code;
	const struct explain_insn *insns;
	size_t n_insns;
};

struct skep_explain {
	const struct skep_input *input;
	size_t index;
	const struct skep_spec_prog *prog;
	const struct skep_listing *listing;
	const char *kind;
	const char *source; /* text, or NULL: there is none */
	size_t source_len;
	struct explain_line *lines;
	size_t n_lines;
	struct skep_verify_result verdict;
	uint32_t native_bytes;	/* 0: there is no machine code to show */
	const char *native_why; /* why not; NULL: no JIT for this CPU */
	bool all_native;
	const char *where, *fires, *returns;
	bool ran;
	struct skep_try_result run;
	const char *run_text, *run_input, *run_why; /* run_why: why it did not run */
};

/* A step's number, name and what happens in it, in two sentences. */
struct explain_step {
	const char *name, *what;
};
/* Of step @number, 1 to 8. */
struct explain_step explain_step(const struct skep_explain *e, unsigned number);

/* explain_known.c: by instruction, what became known, in @e's arena; NULL: nothing. */
const char **explain_known(struct skep_explain *e, const struct skep_explain_options *options,
			   size_t n_insns, struct skep_arena *arena, struct skep_diag *diag);
/* explain_place.c: fills in where, fires and returns. */
void explain_place(struct skep_explain *e, struct skep_arena *arena);
/* Facts of steps, one a line: compile, load, verify, translate. @columns: of the verdict, as skep verify has it. */
void explain_facts(const struct skep_explain *e, unsigned step, unsigned columns,
		   struct skep_str *out);
/* What to think of the steps behind the verdict; NULL: nothing, the kernel goes on. */
const char *explain_stop(const struct skep_explain *e);
