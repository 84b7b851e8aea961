/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verdicts for people and for tools: what the verifier found in the programs of a source.
 *
 *	skep_verdict_text(&source, prog, &result, look, &out);
 *	skep_verdict_json(&source, prog, &result, &out);	// one object on one line
 */
#pragma once

#include "base/fit.h"
#include "verify/verify.h"
#include "workbench/input.h"

/*
 * Of a program in the kernel: what the kernel has made of it after it had judged it is no reason to reject it, so that it is
 * not decided then; the first finding says why. Others are left alone.
 */
void skep_verdict_of_loaded(const struct skep_input *source, struct skep_arena *arena,
			    struct skep_verify_result *result);

/* Lines about one program; of a safe one a single line, when there is room. */
void skep_verdict_text(const struct skep_input *source, size_t prog,
		       const struct skep_verify_result *result, struct skep_look look,
		       struct skep_str *out);
/* What came of the search for input that makes the program fault at a finding (witness.h). */
struct skep_verdict_witness {
	const char *file;  /* what `skep try --witness` takes; NULL: none was found */
	const char *fault; /* what the program does then */
	uint32_t runs;	   /* 0: not looked for, it is not about values that input decides */
};

/* One of each finding. The array, in @arena. */
struct skep_verdict_witness *skep_verdict_search(const struct skep_input *source, size_t prog,
						 const struct skep_verify_result *result,
						 struct skep_arena *arena);
/* A line for each. */
void skep_verdict_tell(const struct skep_verify_result *result,
		       const struct skep_verdict_witness *witnesses, struct skep_str *out);
/* {"file":…,"program":…,"verdict":"rejected","findings":[{"reason":…,"insn":…,"what":…,"steps":[…]}],…} and a newline. @witnesses: or NULL. */
void skep_verdict_json(const struct skep_input *source, size_t prog,
		       const struct skep_verify_result *result,
		       const struct skep_verdict_witness *witnesses, struct skep_str *out);
