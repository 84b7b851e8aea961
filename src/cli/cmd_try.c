/* SPDX-License-Identifier: Apache-2.0 */
/* skep try: a program runs once in the machine of our own. Needs no rights and no kernel. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/source.h"
#include "workbench/try.h"
#include "workbench/witness.h"

static const char usage[] =
	"usage: skep try [options] FILE\n" SKEP_CLI_SOURCE_FILES SKEP_CLI_SOURCE_HELP
	"  --input BYTES   the packet, or the context of kinds without one: a file, or hex digits\n"
	"  --ctx BYTES     the context of kinds that have a packet, likewise\n"
	"  --witness FILE  the input that skep verify --witness has found, in place of all other\n"
	"  --repeat N      so many runs, on the same maps\n"
	"  --pid N, --comm NAME   what helpers say of the process\n"
	"exit code: 0 it ran, 1 it did something that it may not, or could not be read\n";

struct job {
	struct skep_cli_source from;
	const char *file;
	const char *input, *ctx;
	const char *witness; /* a file, or NULL */
	struct skep_try_input with;
};

static int wrong(const char *what)
{
	fprintf(stderr, "skep: %s\n%s", what, usage);
	return SKEP_EXIT_USAGE;
}

static int read_file(const char *path, struct skep_str *out)
{
	char part[4096];
	size_t n;
	FILE *f = fopen(path, "re");

	if (!f) {
		fprintf(stderr, "skep: cannot read '%s': %s\n", path, strerror(errno));
		return -errno;
	}
	while ((n = fread(part, 1, sizeof(part), f)) > 0 && out->len < SKEP_INPUT_MAX)
		skep_str_addn(out, part, n);
	fclose(f);
	return 0;
}

/* Hex digits, or the content of a file. */
static int read_bytes(const char *text, struct skep_str *out)
{
	enum skep_hex hex = skep_input_hex(text, strlen(text), out);

	if (hex == SKEP_HEX_BYTES)
		return 0;
	skep_str_reset(out);
	if (hex == SKEP_HEX_ODD && access(text, F_OK) < 0) {
		fprintf(stderr, "skep: '%s' is an odd number of hex digits: two make a byte\n",
			text);
		return -EINVAL;
	}
	return read_file(text, out);
}

/* Appends what the program did. -EFAULT when it faulted, as the witness says; 0 when it did not. */
static int try_witness(const struct job *job, const struct skep_input *input, size_t prog,
		       struct skep_diag *diag, struct skep_str *out)
{
	_cleanup_free_ struct skep_witness *witness = calloc(1, sizeof(*witness));
	_cleanup_(skep_str_fini)
	struct skep_str text = {};
	int r = witness ? read_file(job->witness, &text) : -ENOMEM;

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
	struct skep_diag diag = {};
	struct skep_input input;
	size_t prog = 0;
	int r;

	if ((job->input && read_bytes(job->input, &bytes) < 0) ||
	    (job->ctx && read_bytes(job->ctx, &ctx) < 0))
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
		r = skep_try(&input, prog, &job->with, &diag, &out);
	}
	fwrite(skep_str_text(&out), 1, out.len, stdout);
	skep_cli_tell(&diag, false);
	skep_diag_fini(&diag);
	skep_cli_source_fini(&job->from);
	return r < 0 || fflush(stdout) ? SKEP_EXIT_FAILED : SKEP_EXIT_FINE;
}

static bool number(const char *text, unsigned long max, unsigned long *ret_n)
{
	char *end;

	errno = 0;
	*ret_n = strtoul(text, &end, 10);
	return *text && !*end && !errno && *ret_n <= max;
}

int skep_cmd_try(int argc, char **argv)
{
	static const struct option longs[] = {
		SKEP_CLI_SOURCE_OPTIONS,
		{ "input", required_argument, NULL, 'i' },
		{ "ctx", required_argument, NULL, 'c' },
		{ "witness", required_argument, NULL, 'w' },
		{ "repeat", required_argument, NULL, 'r' },
		{ "pid", required_argument, NULL, 'P' },
		{ "comm", required_argument, NULL, 'C' },
		{ "help", no_argument, NULL, 'h' },
		{},
	};
	struct job job = {};
	const char *why;
	unsigned long n;
	int c;

	while ((c = getopt_long(argc, argv, "h", longs, NULL)) >= 0) {
		switch (c) {
		case 'p':
		case 'k':
		case 'b':
			why = skep_cli_source_option(&job.from, c, optarg);
			if (why)
				return wrong(why);
			break;
		case 'i':
			job.input = optarg;
			break;
		case 'c':
			job.ctx = optarg;
			break;
		case 'w':
			job.witness = optarg;
			break;
		case 'r':
			if (!number(optarg, 1000000000, &n) || n == 0)
				return wrong("--repeat takes a number from 1 to 1000000000");
			job.with.repeat = (unsigned)n;
			break;
		case 'P':
			if (!number(optarg, UINT32_MAX, &n))
				return wrong("--pid takes a number");
			job.with.pid = (uint32_t)n;
			break;
		case 'C':
			job.with.comm = optarg;
			break;
		case 'h':
			fputs(usage, stdout);
			return SKEP_EXIT_FINE;
		default:
			return wrong("see the options");
		}
	}
	if (optind + 1 != argc)
		return wrong(optind == argc ? "which file?" : "one file at a time");
	job.file = argv[optind];
	return try(&job);
}
