/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any text as a script, compiled as far as it goes in a small world from files. Whatever it is: a
 * plan or messages, never both, never neither. Runs from the source root.
 */
#include "../unit/lang/world_file.c"

#include "lang/compile.h"

#define INPUT_MAX 8192

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const params[] = { "vfs_read", "42" };
	struct skep_compile_options options = {
		.params = params,
		.n_params = ARRAY_SIZE(params),
		.has_cpid = true,
		.unsafe = true,
	};
	struct skep_diag diag = { .source_text = (const char *)data, .source_len = size };
	struct skep_plan *plan = NULL;
	struct world_file f = {};
	struct skep_arena *arena;
	int r;

	if (size > INPUT_MAX)
		return 0;
	arena = skep_arena_new();
	world_file_open(&f, "tests/vectors/lang/check/world");
	r = skep_compile(arena, &f.world, (const char *)data, size, &options, &diag, &plan);
	if ((r < 0) != (diag.n_errors > 0) || (r >= 0) != (plan != NULL))
		abort();
	skep_diag_fini(&diag);
	world_file_close(&f);
	skep_arena_free(arena);
	return 0;
}
