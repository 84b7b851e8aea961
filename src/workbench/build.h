/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Building: C sources become objects, by the clang of this machine.
 *
 *	  x.bpf.c ──► clang -E ──► words ──► vmlinux.h ─┐
 *	     │                     (vmlinux.h)          ├──► clang -target bpf -g -O2 ──► object
 *	     └────────────────────── *.bpf.h of skep ───┘           └──► what it says, explained
 *
 * vmlinux.h is made for each source from the kernel's BTF, with the types that it uses; a source that has one beside it keeps its
 * own. Where libbpf's headers lie is up to clang. What clang says becomes items of the diag, with the line of the source; the
 * ones that everybody meets once have a hint.
 *
 * Nothing is left behind: headers and the object lie in a folder of their own, which is gone when the call returns, also when
 * it is interrupted (SIGINT and SIGTERM wait for that long). What was killed leaves its folder to the next one that builds.
 *
 *	struct skep_build_options options = {};
 *
 *	r = skep_build_object(&path, 1, &options, arena, diag, &bytes);
 */
#pragma once

#include "base/arena.h"
#include "obj/btf.h"
#include "obj/object.h"

#define SKEP_BUILD_FLAGS_MAX 64

struct skep_build_options {
	const struct skep_btf *kernel; /* types for vmlinux.h; NULL: those of this kernel */
	bool all_types;		       /* in vmlinux.h, not only those that are used */
	const char *cpu;	       /* instruction set, as of clang's -mcpu; NULL: v3 */
	const char *clang;	       /* NULL: found in PATH */
	const char *const *flags;      /* more of clang's: -DNAME, -IFOLDER */
	size_t n_flags;
	bool is_part; /* linked with others, so it may have no program of its own */
};

/* A C source, by its name: something.c. */
bool skep_build_is_source(const char *path);

/*
 * One object each, in the order of the sources; names and bytes are in @arena. -ENOPKG: no clang; -EINVAL: the source has
 * errors; each with the diag, whose source texts are in @arena as well.
 */
int skep_build_objects(const char *const *paths, size_t n, const struct skep_build_options *options,
		       struct skep_arena *arena, struct skep_diag *diag,
		       struct skep_object_file *ret_files) _must_check_;
/* All as one object, linked; appends to @ret_bytes. */
int skep_build_object(const char *const *paths, size_t n, const struct skep_build_options *options,
		      struct skep_arena *arena, struct skep_diag *diag,
		      struct skep_str *ret_bytes) _must_check_;
/* vmlinux.h alone, with all types. @asserted: and with assertions about each of them. */
int skep_build_vmlinux(const struct skep_build_options *options, bool asserted,
		       struct skep_diag *diag, struct skep_str *ret_text) _must_check_;
