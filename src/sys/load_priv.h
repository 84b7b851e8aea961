/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A load while it lasts, for the files that take part:
 *
 *	load.c         the order of things, programs
 *	load_ahead.c   several programs at the same time
 *	load_map.c     maps with their first contents
 *	load_reloc.c   what instructions refer to: maps, and names of the kernel
 *	load_replace.c functions of other programs, whose place one takes
 */
#pragma once

#include "obj/btf.h"
#include "obj/link.h"
#include "obj/spec_btf.h"
#include "sys/kernel_priv.h"

#define LOAD_MODULES_MAX 32 /* whose functions one program calls */

struct load_module {
	const char *name;
	int fd; /* of its types in the kernel */
};

/* A program for which everything is known; it may have been handed to the kernel. */
struct load_pending {
	struct skep_bpf_prog_load attr;
	int owner; /* descriptor of what it is verified against, or -1 */
	bool is_ready, was_tried;
	int result; /* of the try: its descriptor, until somebody takes it; -errno */
};

struct load {
	struct skep_loaded *loaded;
	struct skep_diag *diag;
	/* What is loaded: every program with its subprograms behind it, and the types of all. They end with the load. */
	struct skep_arena *arena;
	struct skep_linked *progs;
	struct skep_spec_btf btf;
	struct skep_btf *local; /* the spec's own types, parsed when a program needs them */
	struct load_module modules[LOAD_MODULES_MAX];
	size_t n_modules;
	int module_fds[LOAD_MODULES_MAX + 1]; /* from 1 on; 0 is the kernel itself */
	struct load_pending *pending;	      /* of each program of the spec */
	size_t n_pending;
	bool want_log, has_spoken; /* the verifier has, about a program that it rejects */
	size_t *refused;

	const int *map_fds; /* to be taken over, or NULL */
};

/* All maps, those of programs still without elements. Needs loaded->btf_fd. */
int skep_load_maps(struct load *l) _must_check_;
/* First elements that are maps or programs, which must be loaded. */
int skep_load_slots(struct load *l) _must_check_;

/* Tries those that are ready, when that is faster side by side. */
void skep_load_ahead(struct load *l);

/* Everything that program @p, which is linked, refers to; its calls of modules count in modules[], from 1 on. */
int skep_load_relocs(struct load *l, struct skep_spec_prog *p) _must_check_;
/* Looks up what it is verified against, when only the name is known. */
int skep_load_attach_btf(struct load *l, struct skep_spec_prog *p) _must_check_;
/*
 * For a program that replaces a function of another (program @index of the spec): finds both. *ret_fd receives a descriptor
 * of the other; of other kinds it stays as it is.
 */
int skep_load_replaced(struct load *l, size_t index, struct skep_spec_prog *p,
		       int *ret_fd) _must_check_;
