/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the world: world.c (the kernel), world_user.c (programs and libraries), world_dwarf.c (their sources). */
#pragma once

#include "base/hash.h"
#include "live/binary.h"
#include "live/world.h"

struct module {
	const char *name;
	struct skep_btf *btf; /* NULL: it has none */
	struct module *next;
};

struct named_type;
struct user_types;

struct skep_kernel_world {
	struct skep_world world;
	struct skep_arena *arena;
	struct skep_hash formats;     /* "category/event" to text */
	struct skep_hash symbols;     /* of the kernel, by name: struct symbol */
	struct skep_hash kfuncs;      /* kind of program and function to "yes" or "no" */
	struct skep_hash made;	      /* "category/event" of those made at run time, once read */
	int made_known;		      /* 0: not read; 1: read; -errno */
	struct skep_str functions;    /* to be probed, module and name of each; empty: not read */
	struct skep_diag *types_diag; /* types stand in for tracefs, which is told here; or NULL */
	bool is_foreign;	      /* the types are another kernel's */
	bool types_told;
	struct module *modules;
	struct skep_progs *progs; /* NULL: nobody has asked */
	struct skep_binary_file *binaries;
	struct skep_hash
		named; /* pattern of names to struct named_files: looking at all processes takes long */
	struct skep_running running;   /* of all these patterns */
	struct user_types *user_types; /* of functions that were asked for */
	struct named_type *named_types;
};

static inline struct skep_kernel_world *world_self(const struct skep_world *world)
{
	return world->data;
}

/* world_dwarf.c */
void world_add_dwarf(struct skep_world *world);
void world_close_dwarf(struct skep_kernel_world *w);

/* world_user.c: a binary and its symbols, read once. */
int world_open_binary(struct skep_kernel_world *w, const char *path, struct skep_diag *diag,
		      struct skep_binary_file **ret_file) _must_check_;
/* Fills in what the language asks of binaries. */
void world_add_user(struct skep_world *world);
void world_close_user(struct skep_kernel_world *w);
