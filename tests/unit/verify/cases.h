/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs as data: the vectors in tests/vectors/verify, each a program in assembler with the verdict it has to get.
 *
 *	## a packet is read behind its proven part
 *	kind xdp
 *	map counts array 4 8 16        (name kind key value entries)
 *	sleepable                      (the program may sleep)
 *	expect rejected bounds 3       (reason and instruction; or: safe; or: undecided)
 *	r2 = *(u32 *)(r1 + 0)
 *	...
 *
 * A map is named as map[fd:counts]. The same text becomes a spec for the live kernel, which has to agree unless the case
 * says `kernel differs: why`.
 */
#pragma once

#include "base/arena.h"
#include "obj/spec.h"
#include "verify/verify.h"

struct verify_case {
	const char *name;
	struct skep_spec spec;
	enum skep_verdict verdict;
	const char *reason;  /* of a rejection, or NULL */
	int insn;	     /* or -1 */
	const char *differs; /* why the kernel says something else, or NULL */
};

/* Reads the case that begins at *@at, which moves behind it. False at the end. */
bool verify_case_next(const char **at, struct skep_arena *arena, struct verify_case *ret_case);
