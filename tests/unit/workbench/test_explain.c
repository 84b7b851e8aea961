/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mistakes in C, each with what has to be said of it (tests/vectors/explain/README.md): class, source line, variable,
 * sentence and hint; what the hint says makes the program safe; and the live kernel agrees on both.
 */
#include <errno.h>
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cmocka.h>

#include "sys/kernel.h"
#include "sys/vmlinux.h"
#include "verify/verify.h"
#include "who/dwarf.h"
#include "workbench/input.h"

/* One program's expectations: pieces of text between the marks of its source. */
struct expected {
	char prog[64], classes[64];
	char at[128], name[64], says[256], hint[128];
	bool not_fixed, not_for_kernel;
};

static unsigned n_programs, n_kernel, n_names, failed;

static bool compile(const char *source, const char *flags, const char *object)
{
	struct utsname u;
	char command[1024];

	uname(&u);
	snprintf(command, sizeof(command),
		 "clang %s -g -O2 -target bpf -Itests/vectors/explain -I/usr/include/%s-linux-gnu "
		 "-c %s -o %s",
		 flags, u.machine, source, object);
	return system(command) == 0;
}

static void take(const char *line, const char *key, char *to, size_t size)
{
	const char *at = strstr(line, key);

	if (at && at < line + 8)
		snprintf(to, size, "%.*s", (int)strcspn(at + strlen(key), "\n"), at + strlen(key));
}

/* The next program's marks from *at on. */
static bool next_expected(const char **at, struct expected *e)
{
	const char *line = strstr(*at, "\n/// ");

	*e = (struct expected){};
	if (!line)
		return false;
	line++;
	assert_int_equal(sscanf(line, "/// %63[^:]: %63s", e->prog, e->classes), 2);
	for (line = strchr(line, '\n') + 1; strncmp(line, "///   ", 6) == 0;
	     line = strchr(line, '\n') + 1) {
		take(line + 4, "at: ", e->at, sizeof(e->at));
		take(line + 4, "name: ", e->name, sizeof(e->name));
		take(line + 4, "says: ", e->says, sizeof(e->says));
		take(line + 4, "hint: ", e->hint, sizeof(e->hint));
		e->not_fixed |= strncmp(line + 6, "fixed: no", 9) == 0;
		e->not_for_kernel |= strncmp(line + 6, "kernel: ", 8) == 0;
	}
	*at = line - 1;
	return true;
}

static void complain(const struct expected *e, const char *what, const char *wanted,
		     const char *got)
{
	print_error("%s: %s is \"%s\", not \"%s\"\n", e->prog, what, got ? got : "nothing", wanted);
	failed++;
}

static void check_text(const struct expected *e, const char *what, const char *wanted,
		       const char *got)
{
	if (wanted[0] && (!got || !strstr(got, wanted)))
		complain(e, what, wanted, got);
}

static void check_finding(const struct expected *e, const struct skep_finding *f)
{
	const char *class = skep_reason_name(f->reason);
	char classes[66], word[32];

	snprintf(classes, sizeof(classes), "|%s|", e->classes);
	snprintf(word, sizeof(word), "|%s|", class);
	if (!strstr(classes, word))
		complain(e, "the class", e->classes, class);
	check_text(e, "the line", e->at, f->line ? f->line->text : NULL);
	if (skep_dwarf_works()) {
		check_text(e, "the sentence", e->says, f->what);
		check_text(e, "the hint", e->hint, f->hint);
		if (e->name[0] && (!f->name || strcmp(f->name, e->name) != 0))
			complain(e, "the name", e->name, f->name);
	}
	n_names += f->name != NULL;
}

/* "accept", "reject", or NULL when it was refused for another reason. */
static const char *ask_kernel(const struct skep_spec *spec, size_t index, struct skep_arena *arena)
{
	const struct skep_engine *kernel = skep_kernel_engine();
	struct skep_spec one = *spec;
	struct skep_diag diag = {};
	struct skep_loaded *loaded = NULL;
	const char *answer = "accept";
	int r;

	one.progs = skep_arena_memdup(arena, spec->progs, spec->n_progs * sizeof(*spec->progs));
	one.n_attaches = 0;
	for (size_t i = 0; i < one.n_progs; i++)
		if (i != index && one.progs[i].type)
			one.progs[i].is_off = true;
	r = kernel->load(kernel, &one, &(struct skep_load_options){}, &diag, &loaded);
	if (r >= 0)
		kernel->close(loaded);
	else
		answer = diag.log ? "reject" : NULL;
	skep_diag_fini(&diag);
	return answer;
}

static void compare_with_kernel(const struct expected *e, const struct skep_spec *spec,
				size_t index, bool is_safe, struct skep_arena *arena)
{
	const char *answer =
		geteuid() == 0 && !e->not_for_kernel ? ask_kernel(spec, index, arena) : NULL;

	if (!answer)
		return;
	n_kernel++;
	if (strcmp(answer, is_safe ? "accept" : "reject") != 0)
		complain(e, "the kernel's answer", is_safe ? "accept" : "reject", answer);
}

static void judge(const struct expected *e, const struct skep_input *source,
		  const struct skep_places *places, bool is_fixed)
{
	struct skep_arena *arena = skep_arena_new();
	const struct skep_btf *vmlinux = NULL;
	struct skep_verify_options options = { .explain = true, .places = places };
	struct skep_verify_result result;
	size_t i = 0;

	if (skep_vmlinux_btf(NULL, &vmlinux) == 0)
		options.btf = vmlinux;
	while (i < source->spec.n_progs && strcmp(source->spec.progs[i].name, e->prog) != 0)
		i++;
	assert_true(i < source->spec.n_progs);
	if (source->spec.progs[i].n_cores && !options.btf) {
		skep_arena_free(arena);
		return;
	}
	assert_int_equal(skep_verify(&source->spec, i, &options, arena, &result), 0);
	n_programs++;
	if (result.verdict != (is_fixed ? SKEP_VERDICT_SAFE : SKEP_VERDICT_REJECTED))
		complain(e, "the verdict", is_fixed ? "safe" : "rejected",
			 result.n_findings ? result.findings[0].what : "safe");
	else if (!is_fixed)
		check_finding(e, &result.findings[0]);
	compare_with_kernel(e, &source->spec, i, is_fixed, arena);
	skep_arena_free(arena);
}

static char *read_text(const char *path)
{
	FILE *f = fopen(path, "re");
	char *text = calloc(1, 1 << 20);

	assert_non_null(f);
	assert_non_null(text);
	assert_true(fread(text, 1, (1 << 20) - 1, f) > 0);
	fclose(f);
	return text;
}

static void check_source(const char *path, const char *object, bool is_fixed)
{
	struct skep_arena *arena = skep_arena_new();
	struct skep_diag diag = {};
	struct skep_places places;
	struct skep_input_options options = {};
	struct skep_input source;
	struct expected e;
	char *text = read_text(path);
	const char *at = text;

	assert_true(compile(path, is_fixed ? "-DFIXED" : "", object));
	if (skep_vmlinux_btf(NULL, &options.kernel) < 0)
		options.kernel = NULL;
	assert_int_equal(skep_input_read(object, &options, arena, &diag, &source), 0);
	skep_input_places(&source, arena, &places);
	while (next_expected(&at, &e))
		if (!is_fixed || !e.not_fixed)
			judge(&e, &source, &places, is_fixed);
	skep_btf_free(places.btf);
	skep_diag_fini(&diag);
	skep_arena_free(arena);
	free(text);
}

static void test_mistakes(void **state)
{
	char object[] = "/tmp/skep-explain-XXXXXX.o";
	int fd = mkstemps(object, 2);
	glob_t files;

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(glob(SKEP_VECTORS "/explain/*.bpf.c", 0, NULL, &files), 0);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		check_source(files.gl_pathv[i], object, false);
		check_source(files.gl_pathv[i], object, true);
	}
	globfree(&files);
	unlink(object);
	print_message("%u programs, %u of them asked of the kernel, %u findings with names\n",
		      n_programs, n_kernel, n_names);
	assert_true(n_programs >= 100);
	assert_int_equal(failed, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mistakes),
	};

	if (system("clang -target bpf -x c -c /dev/null -o /dev/null 2>/dev/null") != 0) {
		puts("skipped, because clang cannot compile for BPF here");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
