/* SPDX-License-Identifier: Apache-2.0 */
/* skep asm: assembler becomes instructions, or an object that loaders take. Needs no rights and no kernel. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/source.h"
#include "workbench/emit.h"

static const char usage[] =
	"usage: skep asm [options] [FILE]\n" SKEP_CLI_SOURCE_FILES
	"Without FILE it is standard input.\n" SKEP_CLI_SOURCE_HELP
	"  --to FILE       where it goes; NAME.o is an object; without, standard output\n"
	"  --format FORMAT raw (instructions of 8 bytes), hex (one on a line), object;\n"
	"                  without, what the name of --to says, hex on a terminal, else raw\n";

enum format {
	FORMAT_UNSET,
	FORMAT_RAW,
	FORMAT_HEX,
	FORMAT_OBJECT,
};

struct job {
	struct skep_cli_source from;
	const char *to; /* NULL: standard output */
	enum format format;
};

static enum format format_of(const struct job *job)
{
	if (job->format != FORMAT_UNSET)
		return job->format;
	if (job->to)
		return skep_has_suffix(job->to, ".o") ? FORMAT_OBJECT : FORMAT_RAW;
	return isatty(STDOUT_FILENO) ? FORMAT_HEX : FORMAT_RAW;
}

static int assemble(const struct job *job, const char *path, struct skep_arena *arena,
		    struct skep_diag *diag, struct skep_str *out)
{
	struct skep_input input;
	size_t prog;
	int r = skep_cli_source_read(&job->from, path, arena, diag, &input);

	if (r == 0 && format_of(job) == FORMAT_OBJECT)
		return skep_emit_object(&input.spec, arena, diag, out);
	if (r == 0)
		r = skep_cli_source_choose(&job->from, path, &input, &prog);
	if (r == 0)
		r = skep_emit_raw(&input, prog, format_of(job) == FORMAT_HEX, arena, diag, out);
	return r;
}

static int run(struct job *job, const char *path)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	_cleanup_(skep_str_fini)
	struct skep_str out = {};
	struct skep_diag diag = {};
	int r;

	if (skep_cli_source_open(&job->from) < 0)
		return SKEP_EXIT_FAILED;
	r = assemble(job, path, arena, &diag, &out);
	skep_cli_tell(&diag, false);
	skep_diag_fini(&diag);
	if (r == 0)
		r = skep_cli_write(job->to, skep_str_text(&out), out.len);
	skep_cli_source_fini(&job->from);
	return r < 0 ? SKEP_EXIT_FAILED : SKEP_EXIT_FINE;
}

static bool read_format(const char *name, enum format *ret_format)
{
	static const char *const names[] = { "", "raw", "hex", "object" };

	for (size_t i = 1; i < ARRAY_SIZE(names); i++)
		if (skep_streq(name, names[i])) {
			*ret_format = (enum format)i;
			return true;
		}
	return false;
}

static const char *own_option(void *data, int c, char *value)
{
	struct job *job = data;

	if (c == 't') {
		job->to = skep_streq(value, "-") ? NULL : value;
		return NULL;
	}
	return read_format(value, &job->format) ? NULL : "--format takes raw, hex or object";
}

int skep_cmd_asm(int argc, char **argv)
{
	static const struct option longs[] = {
		SKEP_CLI_SOURCE_OPTIONS,
		{ "to", required_argument, NULL, 't' },
		{ "format", required_argument, NULL, 'f' },
		SKEP_CLI_WORDS_END,
	};
	static const struct skep_cli_words words = { usage, longs, own_option };
	struct job job = {};
	int code;

	if (!skep_cli_source_parse(&job.from, &words, &job, &argc, argv, &code))
		return code;
	if (optind + 1 < argc)
		return skep_cli_wrong(&words, "one file at a time");
	return run(&job, optind < argc ? argv[optind] : "-");
}
