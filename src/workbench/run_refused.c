/* SPDX-License-Identifier: Apache-2.0 */
#include "workbench/run_refused.h"

#include <ctype.h>
#include <string.h>

#include "isa/context.h"
#include "sys/vmlinux.h"
#include "workbench/verdict.h"

static size_t find(const struct skep_input *source, const char *prog)
{
	for (size_t i = 0; i < source->spec.n_progs; i++)
		if (source->spec.progs[i].type && skep_streq(source->spec.progs[i].name, prog))
			return i;
	return SIZE_MAX;
}

/* Appends the verdict when it is a rejection. */
static enum skep_verdict judge(const struct skep_input *source, size_t prog,
			       const struct skep_btf *kernel, struct skep_look look,
			       struct skep_arena *arena, struct skep_str *out)
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
	return r == 0 ? result.verdict : SKEP_VERDICT_UNDECIDED;
}

/* As a shell takes it. */
static void add_word(const char *word, struct skep_str *out)
{
	bool plain = true;

	for (const char *c = word; *c; c++)
		plain &= isalnum((unsigned char)*c) || strchr("_=.,:+-/", *c);
	skep_str_add(out, plain ? " --set " : " --set '");
	for (; *word; word++)
		if (*word == '\'')
			skep_str_add(out, "'\\''");
		else
			skep_str_addc(out, *word);
	skep_str_add(out, plain ? "" : "'");
}

void skep_run_refused(const char *path, const char *prog, const struct skep_run_words *set,
		      struct skep_look look, struct skep_str *out)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	struct skep_input_options options = {};
	struct skep_input source;
	size_t index = SIZE_MAX;
	enum skep_verdict verdict = SKEP_VERDICT_UNDECIDED;

	if (skep_vmlinux_btf(NULL, &options.kernel) < 0)
		options.kernel = NULL;
	if (skep_input_read(path, &options, arena, NULL, &source) == 0)
		index = find(&source, prog);
	for (size_t i = 0; index != SIZE_MAX && i < set->n; i++)
		(void)!skep_input_set(&source, set->words[i], arena, NULL);
	/* Of kinds that are not judged there is no more about it. */
	if (index != SIZE_MAX && !skep_context_find(source.spec.progs[index].type))
		return;
	if (index != SIZE_MAX)
		verdict = judge(&source, index, options.kernel, look, arena, out);
	skep_str_addf(out, "       = %s: skep verify --prog %s",
		      verdict == SKEP_VERDICT_REJECTED ? "all that is wrong with it"
						       : "more about it",
		      prog);
	for (size_t i = 0; i < set->n; i++)
		add_word(set->words[i], out);
	skep_str_addf(out, " %s\n", path);
}
