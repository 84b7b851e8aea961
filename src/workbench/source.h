/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Places in the source of a program, for people.
 *
 *	if (skep_source_place(&input, line, &out))	// "count.bpf.c:12"
 *		skep_source_code(&input.spec, line, &out);	// "struct iphdr *ip = data;"
 */
#pragma once

#include "workbench/input.h"

/* File and line; false: it is not known (@line may be NULL), and nothing is added. */
bool skep_source_place(const struct skep_input *source, const struct skep_spec_line *line,
		       struct skep_str *out);
/* The line's text without its indentation: of objects it is in the line, of scripts in the source. */
void skep_source_code(const struct skep_spec *spec, const struct skep_spec_line *line,
		      struct skep_str *out);
