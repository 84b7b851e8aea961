/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: generate GRAMMAR FIRST COUNT [FOLDER]
 *        generate GRAMMAR FIRST COUNT why
 *        generate GRAMMAR SEED show
 *
 * Makes COUNT scripts from the seeds FIRST, FIRST + 1, ..., compiles each for the running kernel, and
 * loads those that compile, without attaching any. Two things must never happen: a crash, and a program
 * that the kernel refuses although the compiler had nothing to say against it. Their scripts are kept in
 * FOLDER. Exit code 1 when there was one. `why` shows what the compiler had to say against the others,
 * which is how one finds out whether the grammar still makes scripts that compile.
 *
 * The work is done in a child, so that a crash costs one script.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "grammar.h"
#include "lang/compile.h"
#include "live/world.h"
#include "sys/kernel.h"

struct tally {
	uint64_t at; /* the seed at work */
	uint64_t compiled, wrong, loaded, refused, unlike, crashed;
};

struct job {
	struct grammar grammar;
	const char *folder; /* or NULL */
	bool why;
	uint64_t end;
	struct tally *tally; /* shared */
};

static void keep(const struct job *job, uint64_t seed, const char *what, const char *script,
		 const struct skep_diag *diag)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};
	char path[4096];
	FILE *f;

	if (diag)
		skep_diag_format(diag, false, true, &text);
	printf("%s: seed %llu\n%s", what, (unsigned long long)seed,
	       diag && !job->folder ? skep_str_text(&text) : "");
	if (!job->folder)
		return;
	snprintf(path, sizeof(path), "%s/%s-%llu.bt", job->folder, what, (unsigned long long)seed);
	f = fopen(path, "we");
	if (!f)
		return;
	fputs(script, f);
	fclose(f);
	snprintf(path, sizeof(path), "%s/%s-%llu.err", job->folder, what, (unsigned long long)seed);
	f = fopen(path, "we");
	if (!f)
		return;
	fputs(skep_str_text(&text), f);
	fclose(f);
}

static void load(const struct job *job, struct skep_plan *plan, const char *script,
		 struct skep_diag *diag)
{
	const struct skep_engine *engine = skep_kernel_engine();
	struct skep_load_options options = {};
	struct skep_plan_globals globals = { .cpid = 1 };
	struct skep_loaded *loaded = NULL;
	int r;

	if (plan->globals_map >= 0) {
		struct skep_spec_map *map = &plan->spec->maps[plan->globals_map];

		map->data = &globals;
		map->data_size = MIN(sizeof(globals), map->value_size);
	}
	r = engine->load(engine, plan->spec, &options, diag, &loaded);
	if (r < 0) {
		job->tally->refused++;
		keep(job, job->tally->at, "refused", script, diag);
		return;
	}
	job->tally->loaded++;
	engine->close(loaded);
}

static void try(const struct job *job, const struct skep_world *world, const char *script,
		size_t len)
{
	static const char *const params[] = { "42", "text" };
	struct skep_compile_options options = {
		.source_name = "script",
		.params = params,
		.n_params = ARRAY_SIZE(params),
		.unsafe = true,
		.kernel_version = 6 << 16,
		.long_rows = job->tally->at % 3 == 0,
	};
	struct skep_diag diag = {
		.source_name = "script",
		.source_text = script,
		.source_len = len,
	};
	struct skep_arena *arena = skep_arena_new();
	struct skep_plan *plan = NULL;
	int r;

	r = skep_compile(arena, world, script, len, &options, &diag, &plan);
	if ((r < 0) != (diag.n_errors > 0)) {
		job->tally->unlike++;
		keep(job, job->tally->at, "unlike", script, &diag);
	}
	if (r < 0) {
		job->tally->wrong++;
		for (size_t i = 0; job->why && i < diag.n_items; i++)
			if (diag.items[i].level == SKEP_DIAG_ERROR)
				puts(diag.items[i].what);
	} else {
		job->tally->compiled++;
		load(job, plan, script, &diag);
	}
	skep_diag_fini(&diag);
	skep_arena_free(arena);
}

/* Of one child, from the seed that comes next. */
static int work(struct job *job)
{
	_cleanup_(skep_world_freep)
	struct skep_kernel_world *world = NULL;
	struct skep_diag diag = {};

	if (skep_world_new(&diag, &world) < 0)
		return EXIT_FAILURE;
	for (; job->tally->at < job->end; job->tally->at++) {
		_cleanup_(skep_str_fini)
		struct skep_str script = {};

		grammar_write(&job->grammar, job->tally->at, &script);
		try(job, skep_world_get(world), skep_str_text(&script), script.len);
		fflush(stdout);
	}
	return EXIT_SUCCESS;
}

static int run(struct job *job)
{
	while (job->tally->at < job->end) {
		_cleanup_(skep_str_fini)
		struct skep_str script = {};
		pid_t pid = fork();
		int status;

		if (pid < 0)
			return -errno;
		if (!pid)
			exit(work(job));
		if (waitpid(pid, &status, 0) != pid)
			return -errno;
		if (job->tally->at >= job->end)
			break;
		job->tally->crashed++;
		grammar_write(&job->grammar, job->tally->at, &script);
		keep(job, job->tally->at, "crashed", skep_str_text(&script), NULL);
		job->tally->at++;
	}
	return 0;
}

static int show(struct job *job, uint64_t seed)
{
	_cleanup_(skep_str_fini)
	struct skep_str script = {};

	grammar_write(&job->grammar, seed, &script);
	puts(skep_str_text(&script));
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct job job = {};
	struct tally *t;
	uint64_t first;
	int r;

	if (argc < 4) {
		fputs("usage: generate GRAMMAR FIRST COUNT [FOLDER]\n", stderr);
		return 2;
	}
	r = grammar_read(&job.grammar, argv[1]);
	if (r < 0)
		return 2;
	first = strtoull(argv[2], NULL, 10);
	if (skep_streq(argv[3], "show"))
		return show(&job, first);
	t = mmap(NULL, sizeof(*t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (t == MAP_FAILED)
		return 2;
	t->at = first;
	job.tally = t;
	job.end = first + strtoull(argv[3], NULL, 10);
	job.why = argv[4] && skep_streq(argv[4], "why");
	job.folder = job.why ? NULL : argv[4];
	r = run(&job);
	grammar_fini(&job.grammar);
	printf("%llu scripts: %llu wrong and told so, %llu compiled, %llu loaded, %llu refused by the kernel, "
	       "%llu without a reason, %llu crashes\n",
	       (unsigned long long)(job.end - first), (unsigned long long)t->wrong,
	       (unsigned long long)t->compiled, (unsigned long long)t->loaded,
	       (unsigned long long)t->refused, (unsigned long long)t->unlike,
	       (unsigned long long)t->crashed);
	return r < 0 || t->refused || t->unlike || t->crashed;
}
