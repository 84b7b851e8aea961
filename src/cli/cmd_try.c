/* SPDX-License-Identifier: Apache-2.0 */
/* skep try: a program runs once in the machine of our own, which needs no rights and no kernel; or in the kernel. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/source.h"
#include "workbench/plugin.h"
#include "workbench/try.h"
#include "workbench/witness.h"

static const char usage[] =
	"usage: skep try [options] FILE\n" SKEP_CLI_SOURCE_FILES SKEP_CLI_SOURCE_HELP
	"  --engine ENGINE interp (unless told), jit, or kernel: its test-run, for root\n"
	"  --input BYTES   the packet, or the context of kinds without one: a file, or hex digits\n"
	"  --ctx BYTES     the context of kinds that have a packet, likewise\n"
	"  --set NAME=N    a field of the context, an argument (arg0) or a register; repeatable\n"
	"  --map NAME=MAP  the kernel's map behind a map: id:42, or the file that keeps it; repeatable\n"
	"  --witness FILE  the input that skep verify --witness has found, in place of all other\n"
	"  --repeat N      so many runs, on the same maps, and how long one takes\n"
	"  --pid N, --comm NAME   what helpers say of the process\n"
	"  --format FORMAT text or json\n"
	"  --plugin [MEMORY] [--elf]   speak the conformance plugin protocol\n"
	"exit code: 0 it ran, 1 it did something that it may not, or could not be read\n";

#define REPEATED_MAX 64

struct job {
	struct skep_cli_source from;
	const char *file;
	const char *input, *ctx;
	const char *witness; /* a file, or NULL */
	const char *fields[REPEATED_MAX];
	struct skep_try_behind behind[REPEATED_MAX];
	struct skep_try_input with;
	bool json, plugin, elf;
};

/* Appends what the program did. -EFAULT when it faulted, as the witness says; 0 when it did not. */
static int try_witness(const struct job *job, const struct skep_input *input, size_t prog,
		       struct skep_diag *diag, struct skep_str *out)
{
	_cleanup_free_ struct skep_witness *witness = calloc(1, sizeof(*witness));
	_cleanup_(skep_str_fini)
	struct skep_str text = {};
	int r = witness ? skep_cli_source_file(job->witness, &text) : -ENOMEM;

	if (r == 0)
		r = skep_witness_parse(&input->spec, prog, skep_str_text(&text), diag, witness);
	if (r == 0)
		r = skep_witness_replay(&input->spec, prog, witness, out);
	if (r == 0)
		skep_str_add(out, "no fault: the program does not do what the witness shows\n");
	else if (r == -EFAULT)
		skep_str_addc(out, '\n');
	return r;
}

static int try(struct job *job)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	_cleanup_(skep_str_fini)
	struct skep_str out = {}, bytes = {}, ctx = {};
	struct skep_try_result result = {};
	struct skep_diag diag = {};
	struct skep_input input;
	size_t prog = 0;
	int r;

	if ((job->input && skep_cli_source_bytes(job->input, &bytes) < 0) ||
	    (job->ctx && skep_cli_source_bytes(job->ctx, &ctx) < 0))
		return SKEP_EXIT_FAILED;
	if (skep_cli_source_open(&job->from) < 0)
		return SKEP_EXIT_FAILED;
	r = skep_cli_source_read(&job->from, job->file, arena, &diag, &input);
	if (r == 0)
		r = skep_cli_source_choose(&job->from, job->file, &input, &prog);
	if (r == 0 && job->witness) {
		r = try_witness(job, &input, prog, &diag, &out);
	} else if (r == 0) {
		job->with.bytes = bytes.data;
		job->with.size = bytes.len;
		job->with.ctx = ctx.data;
		job->with.ctx_size = ctx.len;
		job->with.fields = job->fields;
		job->with.behind = job->behind;
		job->with.json = job->json;
		r = skep_try(&input, prog, &job->with, arena, &diag, &result);
		if (r == 0 || r == -EFAULT)
			(job->json ? skep_try_json : skep_try_text)(&result, &out);
	}
	fwrite(skep_str_text(&out), 1, out.len, stdout);
	skep_cli_tell(&diag, false);
	skep_diag_fini(&diag);
	skep_cli_source_fini(&job->from);
	return r < 0 || fflush(stdout) ? SKEP_EXIT_FAILED : SKEP_EXIT_FINE;
}

/* The memory is an argument, the program comes through standard input. */
static int try_plugin(const struct job *job, const char *memory)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	_cleanup_(skep_str_fini)
	struct skep_str answer = {};
	struct skep_plugin_options options = { .jit = job->with.engine == SKEP_TRY_JIT,
					       .elf = job->elf };
	struct skep_diag diag = {};
	char *program = NULL;
	size_t size = 0;
	int r = skep_input_bytes("-", arena, &diag, &program, &size);

	skep_cli_tell(&diag, false);
	skep_diag_fini(&diag);
	if (r == 0)
		r = skep_plugin_run(memory, program, size, &options, arena, &answer);
	fprintf(r < 0 ? stderr : stdout, "%s\n", skep_str_text(&answer));
	return r < 0 || fflush(stdout) ? SKEP_EXIT_FAILED : SKEP_EXIT_FINE;
}

static bool number(const char *text, unsigned long max, unsigned long *ret_n)
{
	char *end;

	errno = 0;
	*ret_n = strtoul(text, &end, 10);
	return *text && !*end && !errno && *ret_n <= max;
}

static bool read_engine(const char *name, enum skep_try_engine *ret_engine)
{
	static const char *const names[] = { "interp", "jit", "kernel" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (skep_streq(name, names[i])) {
			*ret_engine = (enum skep_try_engine)i;
			return true;
		}
	return false;
}

/* "NAME=MAP", parted in place. */
static const char *read_behind(struct job *job, char *text)
{
	char *equals = strchr(text, '=');

	if (!equals || equals == text || !equals[1])
		return "--map takes NAME=id:42 or NAME=FILE";
	if (job->with.n_behind == REPEATED_MAX)
		return "--map at most 64 times";
	*equals = 0;
	job->behind[job->with.n_behind++] = (struct skep_try_behind){ text, equals + 1 };
	return NULL;
}

/* Options that say what the run gets. NULL, or what is wrong. */
static const char *run_option(struct job *job, int c, char *value)
{
	unsigned long n;

	switch (c) {
	case 'i':
		job->input = value;
		return NULL;
	case 'c':
		job->ctx = value;
		return NULL;
	case 's':
		if (job->with.n_fields == REPEATED_MAX)
			return "--set at most 64 times";
		job->fields[job->with.n_fields++] = value;
		return NULL;
	case 'm':
		return read_behind(job, value);
	case 'r':
		if (!number(value, 1000000000, &n) || n == 0)
			return "--repeat takes a number from 1 to 1000000000";
		job->with.repeat = (unsigned)n;
		return NULL;
	case 'P':
		if (!number(value, UINT32_MAX, &n))
			return "--pid takes a number";
		job->with.pid = (uint32_t)n;
		return NULL;
	case 'C':
		job->with.comm = value;
		return NULL;
	default:
		return "see the options";
	}
}

/* Options of the command itself. */
static const char *own_option(void *data, int c, char *value)
{
	struct job *job = data;

	switch (c) {
	case 'e':
		return read_engine(value, &job->with.engine)
			       ? NULL
			       : "--engine takes interp, jit or kernel";
	case 'w':
		job->witness = value;
		return NULL;
	case 'f':
		job->json = skep_streq(value, "json");
		return job->json || skep_streq(value, "text") ? NULL
							      : "--format takes text or json";
	case 'l':
		job->plugin = true;
		return NULL;
	case 'E':
		job->elf = true;
		return NULL;
	default:
		return run_option(job, c, value);
	}
}

int skep_cmd_try(int argc, char **argv)
{
	static const struct option longs[] = {
		SKEP_CLI_SOURCE_OPTIONS,
		{ "engine", required_argument, NULL, 'e' },
		{ "input", required_argument, NULL, 'i' },
		{ "ctx", required_argument, NULL, 'c' },
		{ "set", required_argument, NULL, 's' },
		{ "map", required_argument, NULL, 'm' },
		{ "witness", required_argument, NULL, 'w' },
		{ "repeat", required_argument, NULL, 'r' },
		{ "pid", required_argument, NULL, 'P' },
		{ "comm", required_argument, NULL, 'C' },
		{ "format", required_argument, NULL, 'f' },
		{ "plugin", no_argument, NULL, 'l' },
		{ "elf", no_argument, NULL, 'E' },
		SKEP_CLI_WORDS_END,
	};
	static const struct skep_cli_words words = { usage, longs, own_option };
	struct job job = {};
	int code;

	if (!skep_cli_source_parse(&job.from, &words, &job, &argc, argv, &code))
		return code;
	if (job.plugin) {
		if (job.with.engine == SKEP_TRY_KERNEL || optind + 1 < argc)
			return skep_cli_wrong(
				&words,
				"--plugin takes at most the memory, and --engine interp or jit");
		return try_plugin(&job, optind < argc ? argv[optind] : NULL);
	}
	if (optind + 1 != argc)
		return skep_cli_wrong(&words,
				      optind == argc ? "which file?" : "one file at a time");
	job.file = argv[optind];
	return try(&job);
}
