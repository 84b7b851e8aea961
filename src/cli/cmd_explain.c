/* SPDX-License-Identifier: Apache-2.0 */
/* skep explain: a program from its source to its data. Needs no rights, unless the kernel is to run it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/source.h"
#include "workbench/explain.h"

static const char usage[] =
	"usage: skep explain [options] FILE | -e 'SCRIPT'\n" SKEP_CLI_SOURCE_FILES
		SKEP_CLI_SOURCE_HELP
	"  --html FILE     as a page for a browser, which needs nothing but itself\n"
	"  --input BYTES   for the run: the packet, or the context of kinds without one, as of skep try\n"
	"  --set NAME=N    for the run: a field of the context, an argument or a register; a variable:\n"
	"                  for the verdict, too; repeatable\n"
	"  --pid N, --comm NAME   for the run: the process\n"
	"  --native        all of the machine code, not 12 bytes of each piece\n"
	"  --live          the run is the kernel's, for kinds that it can test-run; for root\n"
	"exit code: 0 explained, 1 not\n";

#define FIELDS_MAX 64

struct job {
	struct skep_cli_source from;
	const char *script, *html, *input;
	const char *fields[FIELDS_MAX];
	struct skep_try_input with;
	bool all_native;
};

static const char *own_option(void *data, int c, char *value)
{
	struct job *job = data;
	char *end;

	switch (c) {
	case 'e':
		job->script = value;
		return NULL;
	case 'H':
		job->html = value;
		return NULL;
	case 'i':
		job->input = value;
		return NULL;
	case 's':
		if (job->with.n_fields == FIELDS_MAX)
			return "--set at most 64 times";
		job->fields[job->with.n_fields++] = value;
		return NULL;
	case 'P':
		job->with.pid = (uint32_t)strtoul(value, &end, 10);
		return *value && !*end ? NULL : "--pid takes a number";
	case 'C':
		job->with.comm = value;
		return NULL;
	case 'N':
		job->all_native = true;
		return NULL;
	case 'L':
		job->with.engine = SKEP_TRY_KERNEL;
		return NULL;
	default:
		return "see the options";
	}
}

/* All programs that are meant, as one text. */
static int explain_all(struct job *job, const char *path, const struct skep_input *input,
		       struct skep_arena *arena, struct skep_diag *diag, struct skep_str *out)
{
	struct skep_explain_options options = {
		.btf = skep_cli_source_types(&job->from),
		.path = path,
		.with = job->with,
		.all_native = job->all_native,
	};
	struct skep_places places = {};
	bool first = true;
	size_t prog;
	int r = 0;

	skep_input_places(input, arena, &places);
	options.places = &places;

	if (job->html)
		skep_explain_html_begin(input, out);
	for (size_t i = 0; r == 0 && skep_cli_source_next(&job->from, input, &i); i++) {
		struct skep_explain *e;

		r = skep_explain_new(input, i, &options, arena, diag, &e);
		if (r == 0 && job->html)
			skep_explain_html(e, first, out);
		else if (r == 0)
			skep_explain_text(e, first, skep_cli_look(STDOUT_FILENO), out);
		first = false;
	}
	if (job->html)
		skep_explain_html_end(out);
	skep_btf_free(places.btf);
	if (r == 0 && first)
		r = skep_cli_source_choose(&job->from, path ? path : "-e", input, &prog);
	return r;
}

static int explain(struct job *job, const char *path)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	_cleanup_(skep_str_fini)
	struct skep_str out = {}, bytes = {};
	struct skep_diag diag = {};
	struct skep_input input;
	bool refused;
	int r = job->input ? skep_cli_source_bytes(job->input, &bytes) : 0;

	if (r < 0)
		return r;
	job->with.bytes = bytes.data;
	job->with.size = bytes.len;
	job->with.fields = job->fields;
	if (job->script)
		r = skep_cli_source_script(&job->from, job->script, arena, &diag, &input);
	else
		r = skep_cli_source_read(&job->from, path, arena, &diag, &input);
	if (r == 0)
		r = explain_all(job, path, &input, arena, &diag, &out);
	refused = r == 0 && diag.n_errors;
	skep_cli_tell(&diag, false);
	skep_diag_fini(&diag);
	if (r == 0)
		r = skep_cli_write(job->html, skep_str_text(&out), out.len);
	return r == 0 && refused ? -EINVAL : r;
}

int skep_cmd_explain(int argc, char **argv)
{
	static const struct option longs[] = {
		SKEP_CLI_SOURCE_OPTIONS,
		{ "html", required_argument, NULL, 'H' },
		{ "input", required_argument, NULL, 'i' },
		{ "set", required_argument, NULL, 's' },
		{ "pid", required_argument, NULL, 'P' },
		{ "comm", required_argument, NULL, 'C' },
		{ "native", no_argument, NULL, 'N' },
		{ "live", no_argument, NULL, 'L' },
		SKEP_CLI_WORDS_END,
	};
	static const struct skep_cli_words words = { usage, longs, own_option, ":he:" };
	struct job job = {};
	int code, r;

	if (!skep_cli_source_parse(&job.from, &words, &job, &argc, argv, &code))
		return code;
	if (optind + !job.script != argc)
		return skep_cli_wrong(&words,
				      optind == argc ? "which file?" : "one program at a time");
	if (skep_cli_source_open(&job.from) < 0)
		return SKEP_EXIT_FAILED;
	r = explain(&job, job.script ? NULL : argv[optind]);
	skep_cli_source_fini(&job.from);
	return r < 0 ? SKEP_EXIT_FAILED : SKEP_EXIT_FINE;
}
