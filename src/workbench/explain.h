/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Explaining: what becomes of a program between its source and its data, with the real things of each step.
 *
 *	1 write    the source                          5 translate  machine code of the JIT
 *	2 compile  instructions, by line of source     6 attach     where, and what that means
 *	3 load     maps, what the loader fills in      7 run        one run, on input that is given or made up
 *	4 verify   what is known after each step       8 data       maps and records behind that run
 *
 * Steps 2, 4 and 5 also stand side by side: line, instruction, knowledge, machine code. Nothing is loaded into the kernel, unless
 * the run is to be the kernel's (skep_try_input.engine).
 *
 *	r = skep_explain_new(&input, prog, &options, arena, diag, &explain);
 *	skep_explain_text(explain, true, skep_cli_look(STDOUT_FILENO), &out);
 */
#pragma once

#include "base/fit.h"
#include "verify/verify.h"
#include "workbench/input.h"
#include "workbench/try.h"

struct skep_explain_options {
	const struct skep_btf *btf;	  /* the kernel's types, or NULL */
	const struct skep_places *places; /* names of variables (input.h), or NULL */
	const char *path;		  /* of the file that was read, for its text */
	bool all_native;	    /* all of the machine code, not only what begins each piece */
	struct skep_try_input with; /* what the run gets */
};

struct skep_explain;

/* Everything in @arena, and @input's. -EINVAL: the program is damaged. */
int skep_explain_new(const struct skep_input *input, size_t prog,
		     const struct skep_explain_options *options, struct skep_arena *arena,
		     struct skep_diag *diag, struct skep_explain **ret_explain) _must_check_;
/* @first: the source is shown as well, which several programs have in common. */
void skep_explain_text(const struct skep_explain *e, bool first, struct skep_look look,
		       struct skep_str *out);
/* A page is begun, gets its programs, and is ended; it needs nothing but itself. */
void skep_explain_html_begin(const struct skep_input *input, struct skep_str *out);
void skep_explain_html(const struct skep_explain *e, bool first, struct skep_str *out);
void skep_explain_html_end(struct skep_str *out);
