/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plan files that somebody has made up: a script is compiled for other machines, its file changed here and there, with the
 * right checksum, then read, fitted, and its rows shown. Refused with a reason, or usable. Runs from the source root.
 *
 * Input: a digit, that many changes of three bytes (place, low byte first; value), then the script.
 */
#include "../unit/lang/world_file.c"

#include "../unit/lang/plan_bytes.h"

#define INPUT_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(skep_diag_fini)
	struct skep_diag diag = {};
	_cleanup_(skep_str_fini)
	struct skep_str bytes = {};
	size_t n = size && data[0] >= '0' && data[0] <= '9' ? data[0] - (size_t)'0' : 0;
	const uint8_t *change = data + 1;
	struct skep_diag told = {};
	struct world_file f = {};
	struct skep_arena *arena;

	if (size > INPUT_MAX || size < 1 + n * 3)
		return 0;
	arena = skep_arena_new();
	world_file_open(&f, "tests/vectors/lang/check/world");
	if (plan_bytes(arena, &f.world, (const char *)data + 1 + n * 3, size - 1 - n * 3, &told,
		       &bytes)) {
		for (size_t i = 0; i < n; i++, change += 3) {
			size_t at = change[0] | (size_t)change[1] << 8;

			bytes.data[HEAD_BYTES + at % (bytes.len - HEAD_BYTES)] = (char)change[2];
		}
		plan_checksum(&bytes);
		if (plan_use(&f.world, &bytes, &diag) < 0 && !diag.n_errors)
			abort(); /* refused without saying why */
	}
	skep_diag_fini(&told);
	world_file_close(&f);
	skep_arena_free(arena);
	return 0;
}
