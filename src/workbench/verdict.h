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
/*
 * Searches input for each finding that makes the program fault (witness.h), and tells what came of it, a line each. The
 * text of the first one that is found is appended to @ret_witness.
 */
void skep_verdict_witness(const struct skep_input *source, size_t prog,
			  const struct skep_verify_result *result, struct skep_str *out,
			  struct skep_str *ret_witness);
/* {"file":…,"program":…,"verdict":"rejected","findings":[{"reason":…,"insn":…,"what":…,"steps":[…]}],…} and a newline. */
void skep_verdict_json(const struct skep_input *source, size_t prog,
		       const struct skep_verify_result *result, struct skep_str *out);
