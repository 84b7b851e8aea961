/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any text as assembler with its directives: refused with a reason, or programs whose listing is read back as the same
 * instructions, and whose object is read back at all. At most 16 KiB of input are read.
 */
#include <stdlib.h>
#include <string.h>

#include "obj/object.h"
#include "workbench/emit.h"
#include "workbench/input_priv.h"
#include "workbench/listing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The listing of all programs; and their instructions. False: refused. */
static bool list(const void *text, size_t size, struct skep_arena *arena, struct skep_diag *diag,
		 struct skep_input *input, struct skep_str *listed, struct skep_str *raw)
{
	struct skep_input_options options = {};
	char *copy = skep_arena_alloc(arena, size + 1);

	memcpy(copy, text, size);
	*input = (struct skep_input){ .name = "fuzz.s" };
	if (skep_input_read_assembler(copy, size, &options, arena, diag, input) < 0) {
		if (!diag->n_errors)
			abort();
		return false;
	}
	skep_listing_maps(input, listed);
	for (size_t i = 0; i < input->spec.n_progs; i++) {
		struct skep_listing *l;

		if (!input->spec.progs[i].type)
			continue;
		if (skep_listing_new(input, i, 0, arena, diag, &l) < 0 ||
		    skep_emit_raw(input, i, true, arena, diag, raw) < 0)
			abort();
		skep_listing_text(l, listed);
	}
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	_cleanup_(skep_str_fini)
	struct skep_str first = {}, second = {}, raw = {}, raw_again = {}, object = {};
	_cleanup_(skep_diag_fini)
	struct skep_diag diag = {};
	struct skep_input input, again;

	size = MIN(size, (size_t)16384);
	if (memchr(data, 0, size)) /* text has none: what follows would not be seen */
		return 0;
	if (!list(data, size, arena, &diag, &input, &first, &raw))
		return 0;
	if (!list(skep_str_text(&first), first.len, arena, &diag, &again, &second, &raw_again) ||
	    strcmp(skep_str_text(&raw), skep_str_text(&raw_again)) != 0)
		abort();
	if (skep_emit_object(&input.spec, arena, &diag, &object) == 0) {
		struct skep_object_file file = { "fuzz.o", object.data, object.len };
		struct skep_spec spec;

		(void)!skep_object_read(&file, 1, NULL, arena, &diag, &spec);
	}
	return 0;
}
