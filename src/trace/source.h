/* SPDX-License-Identifier: Apache-2.0 */
/* The text of a script: from -e, a file, or stdin; and of what it imports. */
#pragma once

#include "base/arena.h"
#include "lang/ast.h"
#include "trace/trace.h"

#define SKEP_SCRIPT_MAX (16 * 1024 * 1024)

/* The name and text live in @arena. -ENOENT..., with the diag. */
int skep_trace_source(struct skep_arena *arena, const struct skep_trace_options *options,
		      struct skep_diag *diag, const char **ret_name, const char **ret_text,
		      size_t *ret_len) _must_check_;

/* All that can be read from @fd. -EFBIG: more than SKEP_SCRIPT_MAX. */
int skep_trace_read_all(int fd, struct skep_str *out) _must_check_;

/*
 * For skep_compile_options: reads what a script imports. Paths are relative to the folder of the file that names them, or to
 * the current one. What anybody may write to is refused, as a script runs with many rights.
 */
int skep_trace_import(void *data, struct skep_arena *arena, const char *path, const char *from,
		      struct skep_import_file **ret_files, size_t *ret_n,
		      const char **ret_why) _must_check_;
