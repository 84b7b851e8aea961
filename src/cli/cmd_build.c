/* SPDX-License-Identifier: Apache-2.0 */
/* skep build: C sources become an object. Needs clang, and no rights. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/source.h"
#include "workbench/build.h"
#include "workbench/verdict.h"

static const char usage[] =
	"usage: skep build [options] FILE.bpf.c...\n"
	"       skep build --vmlinux [--btf FILE] >vmlinux.h\n"
	"Each source becomes FILE.bpf.o in this folder. Objects that need each other are linked when they are loaded.\n"
	"  -o FILE         one object of all sources, linked\n"
	"  --verify        judge the programs, linked, as skep verify does; one that is rejected is not written\n"
	"  --all-types     all types of the kernel in vmlinux.h, not only those that the source uses\n"
	"  --btf FILE      types of the kernel that it is for; without, those of this one\n"
	"  --cpu VERSION   instruction set, as clang -mcpu has it (v3)\n"
	"  --clang PROGRAM the compiler; without, the first of clang, clang-22 ... clang-14\n"
	"  -D NAME, -I FOLDER, -W WARNING   as clang takes them; repeatable\n"
	"  --vmlinux       write vmlinux.h with all types to standard output, and build nothing\n"
	"  --assert        with --vmlinux: and assertions about the place of every member\n"
	"exit code: 0 built, 1 not, 3 there is no clang; with --verify 4 one is not decided\n";

enum {
	EXIT_UNDECIDED = 4
};

struct job {
	struct skep_cli_source from;
	const char *out;
	bool verify, vmlinux, asserted;
	const char *flags[SKEP_BUILD_FLAGS_MAX];
	struct skep_build_options how;
	struct skep_arena *arena;
};

static const char *own_option(void *data, int c, char *value)
{
	struct job *job = data;

	switch (c) {
	case 'o':
		job->out = value;
		return NULL;
	case 'v':
		job->verify = true;
		return NULL;
	case 'a':
		job->how.all_types = true;
		return NULL;
	case 'C':
		job->how.cpu = value;
		return NULL;
	case 'c':
		job->how.clang = value;
		return NULL;
	case 'x':
		job->vmlinux = true;
		return NULL;
	case 'A':
		job->asserted = true;
		return NULL;
	case 'D':
	case 'I':
	case 'W':
		if (job->how.n_flags == SKEP_BUILD_FLAGS_MAX)
			return "-D, -I and -W at most 64 times";
		job->flags[job->how.n_flags++] =
			skep_arena_printf(job->arena, "-%c%s", (char)c, value);
		return NULL;
	default:
		return "see the options";
	}
}

static int write_vmlinux(struct job *job)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};
	struct skep_diag diag = {};
	int r = skep_build_vmlinux(&job->how, job->asserted, &diag, &text);

	skep_cli_tell(&diag, false);
	skep_diag_fini(&diag);
	if (r == 0)
		r = skep_cli_write(job->out, skep_str_text(&text), text.len);
	return r < 0 ? SKEP_EXIT_FAILED : SKEP_EXIT_FINE;
}

/* "dir/name.bpf.c" becomes "name.bpf.o". */
static const char *object_name(struct job *job, const char *path)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	size_t len = strlen(base) - 2;

	return skep_arena_printf(job->arena, "%.*s.o", (int)len, base);
}

/* The exit code. */
static int judge(struct job *job, const struct skep_input *input)
{
	_cleanup_(skep_str_fini)
	struct skep_str out = {};
	struct skep_places places = {};
	int code = SKEP_EXIT_FINE;

	skep_input_places(input, job->arena, &places);
	for (size_t i = 0; skep_cli_source_next(&job->from, input, &i); i++) {
		struct skep_diag diag = {};
		struct skep_verify_options options = {
			.btf = skep_cli_source_types(&job->from),
			.max_findings = 3,
			.places = &places,
			.explain = true,
			.diag = &diag,
		};
		struct skep_verify_result result;
		int r = skep_verify(&input->spec, i, &options, job->arena, &result);

		skep_cli_tell(&diag, false);
		skep_diag_fini(&diag);
		if (r == 0)
			skep_verdict_text(input, i, &result, skep_cli_look(STDERR_FILENO), &out);
		if (r < 0 || result.verdict == SKEP_VERDICT_REJECTED)
			code = SKEP_EXIT_FAILED;
		else if (result.verdict == SKEP_VERDICT_UNDECIDED && code == SKEP_EXIT_FINE)
			code = EXIT_UNDECIDED;
	}
	skep_btf_free(places.btf);
	fputs(skep_str_text(&out), stderr);
	return code;
}

/* As they will be loaded: linked. */
static int verify(struct job *job, const struct skep_object_file *files, size_t n)
{
	struct skep_input_options options = { .kernel = skep_cli_source_types(&job->from) };
	struct skep_diag diag = {};
	struct skep_input input;
	int r = skep_input_read_objects(files, n, &options, job->arena, &diag, &input);

	skep_cli_tell(&diag, false);
	skep_diag_fini(&diag);
	return r < 0 ? SKEP_EXIT_FAILED : judge(job, &input);
}

static int link_to(struct job *job, const struct skep_object_file *files, size_t n)
{
	_cleanup_(skep_str_fini)
	struct skep_str bytes = {};
	struct skep_diag diag = {};
	int r = skep_object_link(files, n, job->arena, &diag, &bytes);

	skep_cli_tell(&diag, false);
	skep_diag_fini(&diag);
	return r < 0 ? r : skep_cli_write(job->out, bytes.data, bytes.len);
}

static int build(struct job *job, const char *const *paths, size_t n)
{
	struct skep_object_file *files = skep_arena_calloc(job->arena, n, sizeof(*files));
	struct skep_diag diag = {};
	int code = SKEP_EXIT_FINE, r;

	job->how.is_part = job->out && n > 1;
	r = skep_build_objects(paths, n, &job->how, job->arena, &diag, files);
	skep_cli_tell(&diag, false);
	skep_diag_fini(&diag);
	if (r < 0)
		return r == -ENOPKG ? SKEP_EXIT_CANNOT : SKEP_EXIT_FAILED;
	if (job->verify)
		code = verify(job, files, n);
	if (job->out && n > 1 && code != SKEP_EXIT_FAILED)
		return link_to(job, files, n) < 0 ? SKEP_EXIT_FAILED : code;
	for (size_t i = 0; i < n && code != SKEP_EXIT_FAILED; i++)
		if (skep_cli_write(job->out ? job->out : object_name(job, paths[i]), files[i].data,
				   files[i].size) < 0)
			code = SKEP_EXIT_FAILED;
	return code;
}

static int check_paths(const struct job *job, const struct skep_cli_words *words, char **paths,
		       int n)
{
	if (!n)
		return skep_cli_wrong(words, "which source?");
	if (n > SKEP_OBJECT_FILES_MAX)
		return skep_cli_wrong(words, "at most 64 sources at a time");
	for (int i = 0; i < n; i++)
		if (!skep_build_is_source(paths[i])) {
			fprintf(stderr, "skep: '%s' is no C source, whose name ends with .c\n",
				paths[i]);
			return SKEP_EXIT_USAGE;
		}
	return SKEP_EXIT_FINE;
}

int skep_cmd_build(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "btf", required_argument, NULL, 'b' },
		{ "output", required_argument, NULL, 'o' },
		{ "verify", no_argument, NULL, 'v' },
		{ "all-types", no_argument, NULL, 'a' },
		{ "cpu", required_argument, NULL, 'C' },
		{ "clang", required_argument, NULL, 'c' },
		{ "vmlinux", no_argument, NULL, 'x' },
		{ "assert", no_argument, NULL, 'A' },
		SKEP_CLI_WORDS_END,
	};
	static const struct skep_cli_words words = { usage, longs, own_option, ":ho:D:I:W:" };
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	struct job job = { .arena = arena };
	int code;

	job.how.flags = job.flags;
	if (!skep_cli_source_parse(&job.from, &words, &job, &argc, argv, &code))
		return code;
	if (!job.vmlinux && (code = check_paths(&job, &words, argv + optind, argc - optind)))
		return code;
	if (skep_cli_source_open(&job.from) < 0)
		return SKEP_EXIT_FAILED;
	job.how.kernel = job.from.btf;
	if (job.vmlinux)
		code = write_vmlinux(&job);
	else
		code = build(&job, (const char *const *)argv + optind, (size_t)(argc - optind));
	skep_cli_source_fini(&job.from);
	return code;
}
