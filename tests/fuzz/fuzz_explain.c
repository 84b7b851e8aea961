/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Explanations of objects whose debugging information is damaged: whatever the bytes are, programs that can be read are
 * judged as they would be without names, and every finding has a sentence.
 */
#include <stdlib.h>
#include <string.h>

#include "obj/object.h"
#include "workbench/verdict.h"

#define SIZE_MAX_FUZZED 65536
#define INSNS_MAX 4000 /* looked at in one program */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct skep_verify_result judge(const struct skep_spec *spec, size_t prog,
				       const struct skep_places *places, struct skep_arena *arena)
{
	struct skep_verify_options options = {
		.places = places,
		.max_insns = INSNS_MAX,
		.max_findings = 3,
		.explain = true,
	};
	struct skep_verify_result result = {};

	if (skep_verify(spec, prog, &options, arena, &result) < 0)
		result.verdict = SKEP_VERDICT_UNDECIDED;
	return result;
}

static void explain(const struct skep_input *source, const struct skep_places *places,
		    struct skep_arena *arena)
{
	for (size_t i = 0; i < source->spec.n_progs; i++) {
		_cleanup_(skep_str_fini)
		struct skep_str out = {};
		struct skep_verify_result with, without;

		if (!source->spec.progs[i].type)
			continue;
		with = judge(&source->spec, i, places, arena);
		without = judge(&source->spec, i, NULL, arena);
		if (with.verdict != without.verdict || with.n_findings != without.n_findings)
			abort(); /* names have changed the verdict */
		skep_verdict_text(source, i, &with, (struct skep_look){ .columns = 20 * (i % 6) },
				  &out);
		skep_verdict_json(source, i, &with, NULL, &out);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct skep_object_file file = { "object", data, size };
	struct skep_arena *arena = skep_arena_new();
	struct skep_places places = {};
	struct skep_diag diag = {};
	struct skep_input source = {
		.kind = SKEP_INPUT_OBJECT, .name = "object", .object = data, .object_size = size
	};

	if (size <= SIZE_MAX_FUZZED &&
	    skep_object_read(&file, 1, NULL, arena, &diag, &source.spec) == 0) {
		skep_input_places(&source, arena, &places);
		explain(&source, &places, arena);
		skep_btf_free(places.btf);
	}
	skep_diag_fini(&diag);
	skep_arena_free(arena);
	return 0;
}
