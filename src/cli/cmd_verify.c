/* SPDX-License-Identifier: Apache-2.0 */
/* skep verify: whether programs are safe, and why not. Needs no rights and no kernel. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "isa/progkind.h"
#include "sys/vmlinux.h"
#include "workbench/sarif.h"
#include "workbench/verdict.h"

static const char usage[] =
	"usage: skep verify [options] FILE...\n"
	"FILE is an object (.bpf.o), a script (.bt), assembler (.s) or raw instructions\n"
	"  --prog NAME     only this program\n"
	"  --kind KIND     kind of program of assembler and raw instructions (xdp, kprobe, ...)\n"
	"  --btf FILE      types of the kernel that it is for; without, those of this one\n"
	"  --findings N    as many independent faults at most (default 3)\n"
	"  --witness FILE  look for input that makes a rejected program fault; keep it for skep try\n"
	"  --format FORMAT text, json or sarif\n"
	"exit code: 0 all safe, 1 one is rejected, 4 one is not decided\n";

enum {
	EXIT_UNDECIDED = 4
};

enum format {
	FORMAT_TEXT,
	FORMAT_JSON,
	FORMAT_SARIF,
};

struct verify {
	const char *prog;
	const struct skep_btf *kernel; /* of --btf, or NULL: this kernel's */
	uint32_t kind, findings;
	enum format format;
	const char *witness_path; /* or NULL: do not look for one */
	struct skep_str witness;
	struct skep_str sarif; /* results so far */
	int code;
};

/* Borrowed. Whoever compiles a script gives this kernel's types back, so they are asked for anew. Without: NULL. */
static const struct skep_btf *types(const struct verify *v)
{
	const struct skep_btf *btf = NULL;

	if (v->kernel)
		return v->kernel;
	return skep_vmlinux_btf(NULL, &btf) < 0 ? NULL : btf;
}

/* What is told goes where the text goes: to standard error when standard output is for programs. */
static void look_for_witness(struct verify *v, const struct skep_input *source, size_t index,
			     const struct skep_verify_result *result, struct skep_str *out)
{
	_cleanup_(skep_str_fini)
	struct skep_str told = {};

	skep_verdict_witness(source, index, result, v->format == FORMAT_TEXT ? out : &told,
			     &v->witness);
	if (told.len)
		fputs(skep_str_text(&told), stderr);
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
		.btf = types(v),
		.max_findings = v->findings,
		.places = places,
		.explain = true,
		.diag = &diag,
	};
	struct skep_verify_result result;

	if (skep_verify(&source->spec, index, &options, arena, &result) < 0) {
		skep_cli_tell(&diag, false);
		skep_diag_fini(&diag);
		v->code = SKEP_EXIT_FAILED;
		return;
	}
	if (v->format == FORMAT_JSON)
		skep_verdict_json(source, index, &result, &out);
	else if (v->format == FORMAT_SARIF)
		skep_sarif_add(source, index, &result, &v->sarif);
	else
		skep_verdict_text(source, index, &result, isatty(STDOUT_FILENO), &out);
	if (v->witness_path)
		look_for_witness(v, source, index, &result, &out);
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
	struct skep_input_options options = { .kernel = types(v), .prog_type = v->kind };
	struct skep_diag diag = {};
	struct skep_places places = {};
	struct skep_input source;
	bool found = false;

	if (skep_input_read(path, &options, arena, &diag, &source) < 0) {
		skep_cli_tell(&diag, false);
		v->code = SKEP_EXIT_FAILED;
	} else {
		skep_cli_tell(&diag, false);
		skep_input_places(&source, arena, &places);
		for (size_t i = 0; i < source.spec.n_progs; i++) {
			const struct skep_spec_prog *p = &source.spec.progs[i];

			if (!p->type || (v->prog && !skep_streq(v->prog, p->name)))
				continue;
			found = true;
			judge(v, &source, &places, i);
		}
		skep_btf_free(places.btf);
		if (!found) {
			fprintf(stderr, "skep: %s has no program%s%s\n", path,
				v->prog ? " called " : "", v->prog ? v->prog : "");
			v->code = SKEP_EXIT_FAILED;
		}
	}
	skep_diag_fini(&diag);
}

static int wrong(const char *what)
{
	fprintf(stderr, "skep: %s\n%s", what, usage);
	return SKEP_EXIT_USAGE;
}

/* Types of a kernel in a file: raw BTF as /sys/kernel/btf/vmlinux has it. */
static int read_btf(const char *path, struct skep_arena *arena, struct skep_btf **ret_btf)
{
	FILE *f = fopen(path, "re");
	_cleanup_(skep_str_fini)
	struct skep_str data = {};
	char part[65536];
	size_t n;
	int r;

	if (!f) {
		fprintf(stderr, "skep: cannot read '%s': %s\n", path, strerror(errno));
		return -errno;
	}
	while ((n = fread(part, 1, sizeof(part), f)) > 0 && data.len < SKEP_INPUT_MAX)
		skep_str_addn(&data, part, n);
	fclose(f);
	r = skep_btf_parse(skep_arena_memdup(arena, skep_str_text(&data), data.len), data.len, NULL,
			   NULL, NULL, ret_btf);
	if (r < 0)
		fprintf(stderr, "skep: '%s' is not BTF\n", path);
	return r;
}

int skep_cmd_verify(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "prog", required_argument, NULL, 'p' },
		{ "kind", required_argument, NULL, 'k' },
		{ "btf", required_argument, NULL, 'b' },
		{ "findings", required_argument, NULL, 'n' },
		{ "witness", required_argument, NULL, 'w' },
		{ "format", required_argument, NULL, 'f' },
		{ "help", no_argument, NULL, 'h' },
		{},
	};
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	struct verify v = { .findings = 3 };
	struct skep_btf *btf = NULL;
	const char *btf_path = NULL;
	char *end;
	int c;

	while ((c = getopt_long(argc, argv, "h", longs, NULL)) >= 0) {
		switch (c) {
		case 'p':
			v.prog = optarg;
			break;
		case 'k':
			if (!skep_prog_kind_find_name(optarg))
				return wrong(
					"--kind takes a kind of program: xdp, kprobe, tracepoint, sched_cls, ...");
			v.kind = skep_prog_kind_find_name(optarg)->id;
			break;
		case 'b':
			btf_path = optarg;
			break;
		case 'n':
			v.findings = (uint32_t)strtoul(optarg, &end, 10);
			if (*end || v.findings < 1 || v.findings > 1000)
				return wrong("--findings takes a number from 1 to 1000");
			break;
		case 'f':
			if (!skep_streq(optarg, "text") && !skep_streq(optarg, "json") &&
			    !skep_streq(optarg, "sarif"))
				return wrong("--format takes text, json or sarif");
			v.format = skep_streq(optarg, "json")	 ? FORMAT_JSON
				   : skep_streq(optarg, "sarif") ? FORMAT_SARIF
								 : FORMAT_TEXT;
			break;
		case 'w':
			v.witness_path = optarg;
			break;
		case 'h':
			fputs(usage, stdout);
			return SKEP_EXIT_FINE;
		default:
			return wrong("see the options");
		}
	}
	if (optind == argc)
		return wrong("which file?");
	if (btf_path) {
		if (read_btf(btf_path, arena, &btf) < 0)
			return SKEP_EXIT_FAILED;
		v.kernel = btf;
	}
	for (; optind < argc; optind++)
		judge_file(&v, argv[optind]);
	skep_btf_free(btf);
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
