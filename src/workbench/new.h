/* SPDX-License-Identifier: Apache-2.0 */
/*
 * New programs: a source that is commented, builds, is safe and works, and its test, as something to begin with.
 *
 *	NAME.bpf.c	from templates/KIND.bpf.c, the program called NAME
 *	NAME.test	a shell script: skep verify, then skep try with some input, and what has to come out
 *
 * Nothing that is there is overwritten.
 *
 *	r = skep_new_program("counter", "xdp", diag, &out);
 */
#pragma once

#include "base/diag.h"

struct skep_new_kind {
	const char *name;    /* of the template */
	const char *summary; /* what a program of this kind is for */
	const char *options; /* of skep try in its test */
	const char *expect;  /* a line that it writes */
	const char *at;	     /* what skep run must be told beside the program, or NULL */
	const char *
		see; /* a command that gives it something to see, where not everything does; or NULL */
};

/* In the order in which they are listed; the last one has no name. */
extern const struct skep_new_kind skep_new_kinds[];

/*
 * @path: a name, perhaps in a folder that is there. Appends what to do next to @out. -EEXIST, -EINVAL (no such kind, no such
 * name for a function) with the diag, and nothing was written.
 */
int skep_new_program(const char *path, const char *kind, struct skep_diag *diag,
		     struct skep_str *out) _must_check_;
