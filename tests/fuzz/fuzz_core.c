/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CO-RE: the records of one object against the types of another. An input is a length in two bytes, so many bytes of
 * the object whose types are the target, and the object that is fitted.
 */
#include <stdlib.h>
#include <string.h>

#include "obj/object.h"

#define SIZE_MAX_FUZZED 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The types inside of the first object, and those bytes themselves when they are no object. */
static struct skep_btf *read_target(const uint8_t *data, size_t size, struct skep_arena *arena)
{
	struct skep_object_file file = { "target", data, size };
	struct skep_btf *btf = NULL;
	struct skep_spec spec;

	if (skep_object_read(&file, 1, NULL, arena, NULL, &spec) == 0 && spec.btf)
		(void)!skep_btf_parse(spec.btf, spec.btf_size, NULL, NULL, NULL, &btf);
	else
		(void)!skep_btf_parse(data, size, NULL, NULL, NULL, &btf);
	return btf;
}

static void fit(const uint8_t *data, size_t size, const struct skep_core_target *target,
		struct skep_arena *arena)
{
	struct skep_object_file file = { "fitted", data, size };
	struct skep_object_options options = { .target = target };
	struct skep_diag diag = {};
	struct skep_spec spec;
	int r = skep_object_read(&file, 1, &options, arena, &diag, &spec);

	if (r < 0 && !diag.n_errors)
		abort(); /* refused without saying why */
	for (size_t i = 0; r == 0 && i < spec.n_progs; i++)
		for (size_t k = 0; k < spec.progs[i].n_cores; k++)
			if (spec.progs[i].cores[k].state == SKEP_CORE_OPEN)
				abort(); /* left without an answer */
	skep_diag_fini(&diag);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct skep_arena *arena;
	struct skep_core_target target = {};
	struct skep_btf *kernel;
	uint16_t len;

	if (size > SIZE_MAX_FUZZED || size < sizeof(len))
		return 0;
	memcpy(&len, data, sizeof(len));
	data += sizeof(len);
	size -= sizeof(len);
	if (len > size)
		return 0;
	arena = skep_arena_new();
	kernel = read_target(data, len, arena);
	if (kernel) {
		target.kernel = kernel;
		fit(data + len, size - len, &target, arena);
		skep_btf_free(kernel);
	}
	skep_arena_free(arena);
	return 0;
}
