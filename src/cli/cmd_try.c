/* SPDX-License-Identifier: Apache-2.0 */
/* skep try: a program runs once in the machine of our own. Needs no rights and no kernel. */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "isa/progkind.h"
#include "sys/vmlinux.h"
#include "workbench/try.h"
#include "workbench/witness.h"

static const char usage[] =
	"usage: skep try [options] FILE\n"
	"FILE is an object (.bpf.o), a script (.bt), assembler (.s) or raw instructions\n"
	"  --prog NAME     the program, when there are several\n"
	"  --kind KIND     kind of program of assembler and raw instructions (xdp, kprobe, ...)\n"
	"  --input BYTES   the packet, or the context of kinds without one: a file, or hex digits\n"
	"  --ctx BYTES     the context of kinds that have a packet, likewise\n"
	"  --witness FILE  the input that skep verify --witness has found, in place of all other\n"
	"  --repeat N      so many runs, on the same maps\n"
	"  --pid N, --comm NAME   what helpers say of the process\n"
	"exit code: 0 it ran, 1 it did something that it may not, or could not be read\n";

struct job {
	const char *prog, *file;
	const char *input, *ctx;
	const char *witness; /* a file, or NULL */
	uint32_t kind;
	struct skep_try_input with;
};

static int wrong(const char *what)
{
	fprintf(stderr, "skep: %s\n%s", what, usage);
	return SKEP_EXIT_USAGE;
}

static int digit(char c)
{
	const char *digits = "0123456789abcdef",
		   *at = c ? strchr(digits, tolower((unsigned char)c)) : NULL;

	return at ? (int)(at - digits) : -1;
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

/* Hex digits with blanks between them as one likes, or the content of a file. */
static int read_bytes(const char *text, struct skep_str *out)
{
	int high = -1;

	for (const char *c = text; *c; c++) {
		int d = digit(*c);

		if (*c == ' ' || *c == ':')
			continue;
		if (d < 0)
			goto file;
		if (high < 0) {
			high = d;
			continue;
		}
		skep_str_addc(out, (char)(high << 4 | d));
		high = -1;
	}
	if (high < 0)
		return 0;
file:
	skep_str_reset(out);
	return read_file(text, out);
}

/* The program that is meant: by name, or the only one. */
static int choose(const struct job *job, const struct skep_input *input, size_t *ret_prog)
{
	size_t n = 0;

	for (size_t i = 0; i < input->spec.n_progs; i++) {
		const struct skep_spec_prog *p = &input->spec.progs[i];

		if (p->type && (!job->prog || skep_streq(job->prog, p->name))) {
			*ret_prog = i;
			n++;
		}
	}
	if (n == 1)
		return 0;
	fprintf(stderr, "skep: %s has %s; choose with --prog:", job->file,
		n ? "several programs" : "no such program");
	for (size_t i = 0; i < input->spec.n_progs; i++)
		if (input->spec.progs[i].type)
			fprintf(stderr, " %s", input->spec.progs[i].name);
	fputc('\n', stderr);
	return -EINVAL;
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
	const struct skep_btf *kernel = NULL;
	struct skep_input_options options = { .prog_type = job->kind };
	struct skep_diag diag = {};
	struct skep_input input;
	size_t prog = 0;
	int r;

	if ((job->input && read_bytes(job->input, &bytes) < 0) ||
	    (job->ctx && read_bytes(job->ctx, &ctx) < 0))
		return SKEP_EXIT_FAILED;
	(void)!skep_vmlinux_btf(NULL, &kernel);
	options.kernel = kernel;
	r = skep_input_read(job->file, &options, arena, &diag, &input);
	if (r == 0)
		r = choose(job, &input, &prog);
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
		{ "prog", required_argument, NULL, 'p' },
		{ "kind", required_argument, NULL, 'k' },
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
	unsigned long n;
	int c;

	while ((c = getopt_long(argc, argv, "h", longs, NULL)) >= 0) {
		switch (c) {
		case 'p':
			job.prog = optarg;
			break;
		case 'k':
			if (!skep_prog_kind_find_name(optarg))
				return wrong(
					"--kind takes a kind of program: xdp, kprobe, tracepoint, sched_cls, ...");
			job.kind = skep_prog_kind_find_name(optarg)->id;
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
