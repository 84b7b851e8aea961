/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs that run in the kernel now, and the functions that each is made of: what fentry and fexit of programs hang on.
 *
 *	program 17 ─┬─ handle_packet	(its main function, from its own BTF)
 *	            └─ parse_header
 *
 * Only those are seen that the compiler described (BTF) and that run as machine code; others cannot be traced. The list is
 * of the moment when it was made.
 *
 *	r = skep_progs_load(&progs);
 *	for (size_t i = 0; i < skep_progs_n(progs); i++)
 *		puts(skep_progs_at(progs, i)->name);
 *	skep_progs_free(progs);
 */
#pragma once

#include "obj/btf.h"

struct skep_progs;

struct skep_prog_function {
	uint32_t prog_id, prog_type; /* the kernel's numbers */
	const char *name;
	const struct skep_btf *btf; /* of the program */
	uint32_t func;		    /* FUNC in it */
};

/* -EPERM: it takes CAP_SYS_ADMIN to see programs of others. */
int skep_progs_load(struct skep_progs **ret_progs) _must_check_;
void skep_progs_free(struct skep_progs *progs);
SKEP_DEFINE_CLEANUP(struct skep_progs, skep_progs_free)

/* Types that are in the kernel, by their id; the caller frees them. */
int skep_progs_btf(uint32_t id, struct skep_btf **ret_btf) _must_check_;
size_t skep_progs_n(const struct skep_progs *progs);
/* Lives as long as the list. */
const struct skep_prog_function *skep_progs_at(const struct skep_progs *progs, size_t index);
