/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Vectors of matching and checking: tests/vectors/lang/check/NAME.bt is compiled in the world of
 * its folder. What it is told must be NAME.err; a script without that file must compile without a
 * word. With SKEP_REGENERATE=1 in the environment the files are written anew; read the difference
 * before you commit it.
 *
 * Comments at the start of a script choose: "// params: a b", "// unsafe", "// without: kprobe
 * fentry btf tracepoints".
 */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "isa/helper.h"
#include "lang/compile.h"
#include "vectors.h"
#include "world_file.h"

#define DIR_NAME SKEP_VECTORS "/lang/check"
#define PARAMS_MAX 8

static void without(struct world_file *f, const char *word)
{
	static const struct {
		const char *name;
		enum skep_world_feature feature;
	} names[] = {
		{ "kprobe", SKEP_WORLD_KPROBE },
		{ "fentry", SKEP_WORLD_FENTRY },
		{ "tp_btf", SKEP_WORLD_TP_BTF },
		{ "cookie", SKEP_WORLD_COOKIE },
		{ "kprobe_multi", SKEP_WORLD_KPROBE_MULTI },
		{ "kprobe_session", SKEP_WORLD_KPROBE_SESSION },
		{ "uprobe_multi", SKEP_WORLD_UPROBE_MULTI },
		{ "task_btf", SKEP_WORLD_CURRENT_TASK_BTF },
		{ "loop", SKEP_WORLD_LOOP },
		{ "lsm", SKEP_WORLD_LSM },
		{ "xdp", SKEP_WORLD_XDP },
		{ "tc", SKEP_WORLD_TC },
		{ "cgroup", SKEP_WORLD_CGROUP },

		{ "for_each", SKEP_WORLD_FOR_EACH },
		{ "percpu_elem", SKEP_WORLD_PERCPU_ELEM },
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (skep_streq(names[i].name, word))
			f->features &= ~(1u << names[i].feature);
	if (skep_helper_find_name(word))
		f->no_helper = skep_helper_find_name(word)->id;
	if (skep_streq(word, "btf"))
		f->world.btf = NULL;
	if (skep_streq(word, "tracepoints"))
		f->no_tracepoints = true;
	if (skep_streq(word, "machine"))
		f->world.machine = false;
}

/* "// key: a b c" in the first lines. */
static void read_choices(struct skep_arena *arena, const char *text, struct world_file *f,
			 struct skep_compile_options *o)
{
	const char **params = skep_arena_calloc(arena, PARAMS_MAX, sizeof(*params));

	o->params = params;
	while (skep_has_prefix(text, "// ")) {
		size_t len = strcspn(text, "\n");
		char *save, *line = skep_arena_strndup(arena, text + 3, len - 3);
		char *word = strtok_r(line, " ", &save), *arg;

		if (word && skep_streq(word, "unsafe"))
			o->unsafe = true;
		while (word && (arg = strtok_r(NULL, " ", &save))) {
			if (skep_streq(word, "params:") && o->n_params < PARAMS_MAX)
				params[o->n_params++] = arg;
			else if (skep_streq(word, "without:"))
				without(f, arg);
		}
		text += len + (text[len] != '\0');
	}
}

/* What the compiler says about a script. */
static void compile(const char *name, const struct skep_str *text, struct skep_str *out)
{
	struct skep_arena *arena = skep_arena_new();
	struct skep_compile_options options = { .source_name = name, .has_cpid = true };
	struct skep_diag diag = {
		.source_name = name,
		.source_text = skep_str_text(text),
		.source_len = text->len,
	};
	struct skep_plan *plan = NULL;
	struct world_file f = {};
	int r;

	world_file_open(&f, DIR_NAME "/world");
	read_choices(arena, skep_str_text(text), &f, &options);
	r = skep_compile(arena, &f.world, skep_str_text(text), text->len, &options, &diag, &plan);
	skep_diag_format(&diag, false, false, out);
	for (size_t i = 0; i < diag.n_items; i++)
		if (diag.items[i].level == SKEP_DIAG_ERROR && !diag.items[i].hint)
			skep_str_addf(out, "without a remedy: %s\n", diag.items[i].what);
	/* An error is told, and what is told as an error fails. */
	if ((r < 0) != (diag.n_errors > 0))
		skep_str_addf(out, "returned %d with %zu errors\n", r, diag.n_errors);
	skep_diag_fini(&diag);
	world_file_close(&f);
	skep_arena_free(arena);
}

static bool check(const char *file)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {}, got = {}, want = {};
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", DIR_NAME, file);
	assert_true(vectors_read(path, &text));
	if (getenv("SKEP_VERBOSE"))
		print_message("%s\n", file);
	compile(file, &text, &got);
	snprintf(path, sizeof(path), "%s/%.*s.err", DIR_NAME, (int)(strlen(file) - 3), file);
	if (getenv("SKEP_REGENERATE")) {
		if (got.len)
			vectors_write(path, &got);
		else
			remove(path);
		return true;
	}
	(void)vectors_read(path, &want);
	if (skep_streq(skep_str_text(&want), skep_str_text(&got)))
		return true;
	print_error("%s: differs from %s; it gave:\n%s", file, path, skep_str_text(&got));
	return false;
}

static void test_vectors(void **state)
{
	vectors_check(DIR_NAME, check);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_vectors) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
