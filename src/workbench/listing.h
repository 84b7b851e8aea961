/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Listings: a program as assembler text with all that is known about it, which skep asm takes back; or as JSON.
 *
 *	.map counts hash 4 8 1024
 *	.prog count xdp
 *		// count.bpf.c:12  struct iphdr *ip = data;
 *		r6 = r1						// 0
 *		r1 = map[fd:counts]				// 1
 *		call map_lookup_elem				// 3
 *		call classify					// 4
 *		exit						// 5
 *	classify:
 *		...
 *
 * The instructions are those that an engine would be given: the program first, then the functions that it reaches. Maps,
 * functions and kernel functions have their names; numbers behind // count instructions, as messages of skep verify do.
 *
 *	r = skep_listing_new(&input, prog, SKEP_LISTING_NATIVE, arena, diag, &listing);
 *	skep_listing_maps(&input, &out);
 *	skep_listing_text(listing, &out);
 */
#pragma once

#include "workbench/input.h"

/* A line of text says so, and why, of a program that the kernel has turned into what no longer stands for itself. */
#define SKEP_LISTING_REWRITTEN "// not what was loaded: "

enum skep_listing_flag {
	SKEP_LISTING_NATIVE =
		1
		<< 0, /* machine code: the kernel's of a program in it, else that of our own JIT */
};

struct skep_listing;

/*
 * Everything is in @arena; @input must live as long. -EINVAL: the program is damaged; -EOPNOTSUPP: no JIT for this CPU;
 * -EPERM: the kernel does not show its machine code.
 */
int skep_listing_new(const struct skep_input *input, size_t prog, unsigned flags,
		     struct skep_arena *arena, struct skep_diag *diag,
		     struct skep_listing **ret_listing) _must_check_;
/* The lines .map and .data of all maps. */
void skep_listing_maps(const struct skep_input *input, struct skep_str *out);
void skep_listing_text(const struct skep_listing *listing, struct skep_str *out);
/* Its instructions, references filled in. *@ret_n: how many words. */
const struct skep_insn *skep_listing_insns(const struct skep_listing *listing, size_t *ret_n);
/* One object on one line. */
void skep_listing_json(const struct skep_listing *listing, struct skep_str *out);
