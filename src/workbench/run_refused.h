/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Run refused: what our own verifier says of a program that the kernel's has rejected. It knows variables by their names and
 * says what to write; the kernel knows registers.
 *
 *	skep_run_refused(path, prog, &set, look, &out);	// a verdict and where there is more; only the latter when ours would let it in
 */
#pragma once

#include "base/fit.h"
#include "workbench/run.h"

/* @path: the object or the source in C that @prog is in. @set: what variables were set to. Lines, appended to @out. */
void skep_run_refused(const char *path, const char *prog, const struct skep_run_words *set,
		      struct skep_look look, struct skep_str *out);
