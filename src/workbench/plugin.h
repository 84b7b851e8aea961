/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The conformance plugin protocol: a test suite starts a process for each case, gives it memory and a program as hex digits,
 * and compares what it prints.
 *
 *	memory	 its bytes, as an argument; R1 points to them, R2 is how many they are
 *	program	 its instructions, or with --elf an object, on standard input
 *	answer	 R0 as hex digits on standard output; or what is wrong, and exit code 1
 *
 *	r = skep_plugin_run("aa bb", text, len, &options, arena, &answer);	// "bbaa", or -errno and why
 */
#pragma once

#include "workbench/input.h"

struct skep_plugin_options {
	bool jit;
	bool elf; /* the program is an object; its first program runs */
};

/* @memory: may be NULL or empty. Appends to @ret_answer in any case. */
int skep_plugin_run(const char *memory, const char *program, size_t len,
		    const struct skep_plugin_options *options, struct skep_arena *arena,
		    struct skep_str *ret_answer) _must_check_;
