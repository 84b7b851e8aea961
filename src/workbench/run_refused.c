/* SPDX-License-Identifier: Apache-2.0 */
#include "workbench/run_refused.h"

#include "sys/vmlinux.h"
#include "workbench/verdict.h"

static size_t find(const struct skep_input *source, const char *prog)
{
	for (size_t i = 0; i < source->spec.n_progs; i++)
		if (source->spec.progs[i].type && skep_streq(source->spec.progs[i].name, prog))
			return i;
	return SIZE_MAX;
}

static bool judge(const struct skep_input *source, size_t prog, const struct skep_btf *kernel,
		  struct skep_look look, struct skep_arena *arena, struct skep_str *out)
{
	struct skep_places places = {};
	struct skep_verify_options options = {
		.btf = kernel,
		.max_findings = 1,
		.places = &places,
		.explain = true,
	};
	struct skep_verify_result result;
	int r;

	skep_input_places(source, arena, &places);
	r = skep_verify(&source->spec, prog, &options, arena, &result);
	if (r == 0 && result.verdict == SKEP_VERDICT_REJECTED)
		skep_verdict_text(source, prog, &result, look, out);
	skep_btf_free(places.btf);
	return r == 0 && result.verdict == SKEP_VERDICT_REJECTED;
}

void skep_run_refused(const char *path, const char *prog, struct skep_look look,
		      struct skep_str *out)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	struct skep_input_options options = {};
	struct skep_input source;
	size_t index = SIZE_MAX;
	bool rejected;

	if (skep_vmlinux_btf(NULL, &options.kernel) < 0)
		options.kernel = NULL;
	if (skep_input_read(path, &options, arena, NULL, &source) == 0)
		index = find(&source, prog);
	rejected = index != SIZE_MAX && judge(&source, index, options.kernel, look, arena, out);
	skep_str_addf(out, "       = %s: skep verify --prog %s %s\n",
		      rejected ? "all that is wrong with it" : "more about it", prog, path);
}
