/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verdicts in SARIF 2.1.0 (OASIS, Static Analysis Results Interchange Format), as code review pages and editors read them:
 * one run, a rule for each class of reasons, a result for each finding, its steps as a code flow.
 *
 *	struct skep_str results = {}, out = {};
 *
 *	skep_sarif_add(&source, prog, &result, &results);	// for each program
 *	skep_sarif_finish(&results, &out);			// the whole document and a newline
 */
#pragma once

#include "verify/verify.h"
#include "workbench/verdict.h"

void skep_sarif_add(const struct skep_input *source, size_t prog,
		    const struct skep_verify_result *result,
		    const struct skep_verdict_witness *witnesses, struct skep_str *results);
void skep_sarif_finish(const struct skep_str *results, struct skep_str *out);
