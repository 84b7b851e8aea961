/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding the binary that a script names, and reading its functions.
 *
 *	"/usr/bin/x", "./x"	that file; a '*' in it: all files that match
 *	"libjvm*", "postgres*"	with a '*' and no '/': each file of that name that a process runs, or that is installed
 *				where programs and libraries are; with a process id only what that process has loaded
 *	"libc", "libssl.so.3"	a library: as the process of -p has it, from the loader's cache, from the usual places
 *	"bash"			a program of PATH
 *	"x.apk!/lib/y.so"	a member of a ZIP archive, which must be stored so that it can be mapped
 *
 * With a process id absolute paths are looked up in its mount namespace, through /proc/PID/root; relative ones from our own
 * directory, then from its.
 */
#pragma once

#include "base/arena.h"
#include "base/diag.h"
#include "base/hash.h"
#include "lang/world.h"
#include "obj/elf_sym.h"
#include "who/resting.h"

/* @each gets the absolute path as the kernel will open it; other than 0 ends it and is passed on. -ENOENT, with the diag. */
int skep_binary_find(struct skep_arena *arena, const char *name, int pid, struct skep_diag *diag,
		     int (*each)(void *data, const char *path), void *data) _must_check_;
bool skep_binary_is_there(struct skep_arena *arena, const char *name, int pid);

/* What processes run, noted once for many patterns: empty before the first of them, in the arena of all of them. */
struct skep_running {
	struct skep_running_files {
		struct skep_hash known;
		struct skep_running_file *first, *last; /* in the order of the processes */
		bool are_known;
	} programs, libraries;
};

/*
 * The same for a pattern, of a path or a name: each file once, under whatever names. With a process id a path is looked up in its
 * mount namespace, and a name among what it has loaded. @running may be NULL. -ENOENT: there is none.
 */
int skep_binary_each(struct skep_arena *arena, const char *glob, int pid,
		     struct skep_running *running, int (*fn)(void *data, const char *path),
		     void *data) _must_check_;
void skep_running_fini(struct skep_running *running);
/* That there is no such file, as skep_binary_find() says it. */
void skep_binary_missing(const char *name, int pid, struct skep_diag *diag);
/* Where libraries are; NULL behind the last. */
const char *skep_binary_library_dir(size_t index);

/* A file's symbols. */
struct skep_binary_file {
	const char *path;
	void *data;
	size_t size;
	struct skep_elf *elf;
	const char *container; /* the archive that it is a member of, or NULL */
	uint64_t base;	       /* and where its bytes begin there */
	void *mapping;	       /* all of what is mapped */
	size_t mapping_size;
	struct skep_resting resting; /* of it, while symbols are read */
	struct skep_binary_file
		*debug; /* the symbols that were stripped from it, when they were looked for */
	bool debug_known;
	struct skep_dwarf *dwarf; /* opened on first use */
	int dwarf_error;	  /* of an attempt to: not tried again */
	struct skep_binary_file *next;
};

/* -ENOENT, -EACCES; -ENOEXEC: not an ELF file of this machine. */
int skep_binary_open(const char *path, struct skep_diag *diag,
		     struct skep_binary_file **ret_file) _must_check_;
void skep_binary_close(struct skep_binary_file *file);
/* Its symbols: those of its debug file when it was stripped and there is one. Addresses are the same. */
const struct skep_elf *skep_binary_symbols(struct skep_binary_file *file);

/*
 * The file that the loader's cache (ld.so.cache, @data) gives for a library: "libc.so.6" or, without ".so", "libc". NULL: none.
 * The result lies in @data. Exposed for tests.
 */
const char *skep_ldcache_find(const void *data, size_t size, const char *name);
