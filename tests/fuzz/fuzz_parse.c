/* SPDX-License-Identifier: Apache-2.0 */
/* The parser on any bytes: a tree, which the dump must be able to walk, or messages that can be shown. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "lang/ast.h"

#define INPUT_MAX (1u << 16)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is imported, a script or a header, is the input once more. */
static int import(void *data, struct skep_arena *arena, const char *path, const char *from,
		  struct skep_import_file **ret_files, size_t *ret_n, const char **ret_why)
{
	struct skep_import_file *file = skep_arena_memdup(arena, data, sizeof(*file));

	file->id = file->name = skep_arena_strdup(arena, path);
	*ret_files = file;
	*ret_n = 1;
	*ret_why = "";
	return strlen(path) < 4 ? 0 : -1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const params[] = { "vfs_read", "42" };
	struct skep_import_file file = { .text = (const char *)data, .len = size };
	struct skep_parse_options options = {
		.params = params,
		.n_params = 2,
		.kernel_version = 6 << 16 | 1 << 8,
		.name = "x",
		.import = import,
		.import_data = &file,
	};
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	_cleanup_(skep_diag_fini)
	struct skep_diag diag = {
		.source_text = (const char *)data,
		.source_len = size,
	};
	_cleanup_(skep_str_fini)
	struct skep_str out = {};
	struct skep_script *script = NULL;
	int r;

	if (size > INPUT_MAX)
		return -1;
	r = skep_parse(arena, (const char *)data, size, &options, &diag, &script);
	if ((r == 0) != (diag.n_errors == 0) || (r == 0) != (script != NULL))
		abort();
	if (r == 0)
		skep_ast_dump(script, false, &out);
	else
		skep_diag_format(&diag, true, false, &out);
	return 0;
}
