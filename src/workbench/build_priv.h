/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of building share. Nobody else includes this. */
#pragma once

#include "workbench/build.h"
#include "workbench/vmlinux.h"

struct build {
	const struct skep_build_options *options;
	struct skep_arena *arena;
	struct skep_diag *diag;
	const char *clang;
	char dir[256]; /* of its own; "" when there is none */
	int lock;      /* held on it as long as it is in use */
};

/* A source as messages show it: all sources are one text, one behind the other. */
struct build_source {
	const char *path;
	const char *text;
	size_t size;
	uint32_t first_line; /* in the text of all */
};

/* build_clang.c */
/* The path of a clang, in @arena. -ENOPKG with the diag. */
int build_find_clang(const char *wanted, struct skep_arena *arena, struct skep_diag *diag,
		     const char **ret_path) _must_check_;
/* Runs @argv; what it writes is appended. Its exit status, or -errno. */
int build_run(const char *const *argv, struct skep_str *ret_out,
	      struct skep_str *ret_err) _must_check_;

/* build_messages.c: what clang said becomes items of the diag, explained. */
void build_tell(const struct build *b, const struct build_source *source,
		const struct skep_btf *kernel, const struct skep_str *messages);
/* Whether there was nothing to say about the object: programs, a license. */
void build_look(const struct build *b, const struct build_source *source,
		const struct skep_object_file *file);
