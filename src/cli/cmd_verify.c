/* SPDX-License-Identifier: Apache-2.0 */
/* skep verify: whether programs are safe, and why not. Needs no rights and no kernel. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/source.h"
#include "workbench/sarif.h"
#include "workbench/verdict.h"

static const char usage[] =
	"usage: skep verify [options] FILE...\n" SKEP_CLI_SOURCE_FILES SKEP_CLI_SOURCE_HELP
	"  --set NAME=VALUE   a global variable has this value, as of skep run; repeatable\n"
	"  --findings N    as many independent faults at most (default 3)\n"
	"  --witness FILE  look for input that makes a rejected program fault; keep it for skep try\n"
	"  --format FORMAT text, json or sarif\n"
	"exit code: 0 all safe, 1 one is rejected, 4 one is not decided\n";

enum {
	EXIT_UNDECIDED = 4
};

#define SETS_MAX 64

enum format {
	FORMAT_TEXT,
	FORMAT_JSON,
	FORMAT_SARIF,
};

struct verify {
	struct skep_cli_source from;
	const char *sets[SETS_MAX];
	size_t n_sets;
	uint32_t findings;
	enum format format;
	const char *witness_path; /* or NULL: do not look for one */
	struct skep_str witness;
	struct skep_str sarif; /* results so far */
	int code;
};

/* In text what came of the search stands behind the verdict; the first input that is found is kept. */
static struct skep_verdict_witness *look_for_witness(struct verify *v,
						     const struct skep_input *source, size_t index,
						     const struct skep_verify_result *result,
						     struct skep_arena *arena)
{
	struct skep_verdict_witness *all = skep_verdict_search(source, index, result, arena);

	for (size_t i = 0; i < result->n_findings && !v->witness.len; i++)
		skep_str_add(&v->witness, all[i].file ? all[i].file : "");
	return all;
}

static void save_witness(struct verify *v)
{
	FILE *f;

	if (!v->witness.len)
		return;
	f = fopen(v->witness_path, "we");
	if (!f || fputs(skep_str_text(&v->witness), f) == EOF || fclose(f)) {
		fprintf(stderr, "skep: cannot write '%s': %s\n", v->witness_path, strerror(errno));
		v->code = SKEP_EXIT_FAILED;
	}
}

static void judge(struct verify *v, const struct skep_input *source,
		  const struct skep_places *places, size_t index)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	_cleanup_(skep_str_fini)
	struct skep_str out = {};
	struct skep_diag diag = {};
	struct skep_verify_options options = {
		.btf = skep_cli_source_types(&v->from),
		.max_findings = v->findings,
		.places = places,
		.explain = true,
		.diag = &diag,
	};
	struct skep_verdict_witness *witnesses = NULL;
	struct skep_verify_result result;

	if (skep_verify(&source->spec, index, &options, arena, &result) < 0) {
		skep_cli_tell(&diag, false);
		skep_diag_fini(&diag);
		v->code = SKEP_EXIT_FAILED;
		return;
	}
	skep_verdict_of_loaded(source, arena, &result);
	if (v->witness_path)
		witnesses = look_for_witness(v, source, index, &result, arena);
	if (v->format == FORMAT_JSON)
		skep_verdict_json(source, index, &result, witnesses, &out);
	else if (v->format == FORMAT_SARIF)
		skep_sarif_add(source, index, &result, witnesses, &v->sarif);
	else
		skep_verdict_text(source, index, &result, skep_cli_look(STDOUT_FILENO), &out);
	if (witnesses && v->format == FORMAT_TEXT)
		skep_verdict_tell(&result, witnesses, &out);
	fwrite(skep_str_text(&out), 1, out.len, stdout);
	skep_diag_fini(&diag);
	if (result.verdict == SKEP_VERDICT_REJECTED)
		v->code = SKEP_EXIT_FAILED;
	else if (result.verdict == SKEP_VERDICT_UNDECIDED && v->code == SKEP_EXIT_FINE)
		v->code = EXIT_UNDECIDED;
}

static void judge_file(struct verify *v, const char *path)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	struct skep_diag diag = {};
	struct skep_places places = {};
	struct skep_input source;
	size_t n = 0;
	int r = skep_cli_source_read(&v->from, path, arena, &diag, &source);

	for (size_t i = 0; r == 0 && i < v->n_sets; i++)
		r = skep_input_set(&source, v->sets[i], arena, &diag);
	skep_cli_tell(&diag, false);
	skep_diag_fini(&diag);
	if (r == 0)
		skep_input_places(&source, arena, &places);
	for (size_t i = 0; r == 0 && skep_cli_source_next(&v->from, &source, &i); i++, n++)
		judge(v, &source, &places, i);
	skep_btf_free(places.btf);
	if (r == 0 && !n)
		fprintf(stderr, "skep: %s has no program%s%s\n", path,
			v->from.prog ? " called " : "", v->from.prog ? v->from.prog : "");
	if (r == 0 && !n && !v->from.prog)
		fprintf(stderr,
			"skep: a function becomes a program by the section that it is in: SEC(\"xdp\") before it\n");
	if (!n)
		v->code = SKEP_EXIT_FAILED;
}

static const char *own_option(void *data, int c, char *value)
{
	static const char *const formats[] = {
		[FORMAT_TEXT] = "text",
		[FORMAT_JSON] = "json",
		[FORMAT_SARIF] = "sarif",
	};
	struct verify *v = data;
	char *end;

	switch (c) {
	case 'n':
		v->findings = (uint32_t)strtoul(value, &end, 10);
		return *end || v->findings < 1 || v->findings > 1000
			       ? "--findings takes a number from 1 to 1000"
			       : NULL;
	case 's':
		if (v->n_sets == SETS_MAX)
			return "--set at most 64 times";
		v->sets[v->n_sets++] = value;
		return NULL;
	case 'w':
		v->witness_path = value;
		return NULL;
	default:
		for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
			if (!skep_streq(value, formats[i]))
				continue;
			v->format = i;
			return NULL;
		}
		return "--format takes text, json or sarif";
	}
}

int skep_cmd_verify(int argc, char **argv)
{
	static const struct option longs[] = {
		SKEP_CLI_SOURCE_OPTIONS,
		{ "set", required_argument, NULL, 's' },
		{ "findings", required_argument, NULL, 'n' },
		{ "witness", required_argument, NULL, 'w' },
		{ "format", required_argument, NULL, 'f' },
		SKEP_CLI_WORDS_END,
	};
	static const struct skep_cli_words words = { usage, longs, own_option };
	struct verify v = { .findings = 3 };
	int code;

	if (!skep_cli_source_parse(&v.from, &words, &v, &argc, argv, &code))
		return code;
	if (optind == argc)
		return skep_cli_wrong(&words, "which file?");
	if (skep_cli_source_open(&v.from) < 0)
		return SKEP_EXIT_FAILED;
	for (; optind < argc; optind++)
		judge_file(&v, argv[optind]);
	skep_cli_source_fini(&v.from);
	save_witness(&v);
	if (v.format == FORMAT_SARIF) {
		_cleanup_(skep_str_fini)
		struct skep_str out = {};

		skep_sarif_finish(&v.sarif, &out);
		fwrite(skep_str_text(&out), 1, out.len, stdout);
	}
	skep_str_fini(&v.sarif);
	skep_str_fini(&v.witness);
	return fflush(stdout) ? SKEP_EXIT_FAILED : v.code;
}
