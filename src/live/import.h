/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The texts of scripts, and of what they import.
 *
 *	struct skep_compile_options options = { .import = skep_live_import, ... };
 */
#pragma once

#include "lang/ast.h"

#define SKEP_SCRIPT_MAX (16 * 1024 * 1024)

/* All that can be read from @fd. -EFBIG: more than SKEP_SCRIPT_MAX. */
int skep_live_read_all(int fd, struct skep_str *out) _must_check_;

/*
 * For skep_compile_options: reads what a script imports. Paths are relative to the folder of the file that names them, or to
 * the current one. What anybody may write to is refused, as a script runs with many rights. @data: the path of the script,
 * when it is not its name as well; else NULL.
 */
int skep_live_import(void *data, struct skep_arena *arena, const char *path, const char *from,
		     struct skep_import_file **ret_files, size_t *ret_n,
		     const char **ret_why) _must_check_;
