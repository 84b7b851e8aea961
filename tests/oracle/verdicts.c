/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: verdicts [-v] [-k] [-x] FILE.o|FILE.txt...
 *
 * Judges every program of BPF objects, and of texts as tests/vectors/verify has them, and prints, for each, what is expected of it, what the live kernel says (-k, as
 * root) and what the verifier says:
 *
 *	verifier_and.o:invalid_and	failure	reject	rejected bounds 9 this may access ...
 *
 * Expectations are the declaration tags comment:test_expect_success and comment:test_expect_failure that the kernel's own
 * tests carry. The last line counts. -v also prints the agreeing ones, -x the steps behind
 * rejections.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "../unit/verify/cases.h"
#include "obj/object.h"
#include "sys/kernel.h"
#include "sys/vmlinux.h"
#include "verify/verify.h"

struct counts {
	unsigned programs, undecided, agree, unsound, stricter, unloaded;
	uint64_t *times_ns;
	size_t n_times;
};

static bool verbose, with_kernel, explain;

static void *read_all(const char *path, size_t *ret_size)
{
	FILE *f = fopen(path, "re");
	struct stat st;
	void *data;

	if (!f || fstat(fileno(f), &st) < 0)
		return NULL;
	data = malloc((size_t)st.st_size + 1);
	*ret_size = fread(data, 1, (size_t)st.st_size, f);
	fclose(f);
	return data;
}

/* "success", "failure" or "-": the tag of the function. */
static const char *expectation(const struct skep_btf *btf, uint32_t func)
{
	const char *found = "-";

	for (uint32_t id = skep_btf_next(btf, 0, SKEP_BTF_DECL_TAG); id;
	     id = skep_btf_next(btf, id, SKEP_BTF_DECL_TAG)) {
		struct skep_btf_type t = skep_btf_type(btf, id);

		if (t.type != func || t.component != -1)
			continue;
		if (strstr(t.name, "test_expect_success") && !strstr(t.name, "unpriv"))
			found = "success";
		else if (strstr(t.name, "test_expect_failure") && !strstr(t.name, "unpriv"))
			found = "failure";
	}
	return found;
}

/* Only program @index stays a program: nothing else is loaded with it. */
static struct skep_spec only(const struct skep_spec *spec, size_t index, struct skep_arena *arena)
{
	struct skep_spec one = *spec;

	one.progs = skep_arena_memdup(arena, spec->progs, spec->n_progs * sizeof(*spec->progs));
	one.n_attaches = 0;
	for (size_t i = 0; i < one.n_progs; i++)
		if (i != index)
			one.progs[i].type = 0;
	one.progs[index].is_off = false;
	return one;
}

static const char *ask_kernel(const struct skep_spec *spec, size_t index, struct skep_arena *arena,
			      char **ret_why)
{
	const struct skep_engine *kernel = skep_kernel_engine();
	struct skep_spec one = only(spec, index, arena);
	struct skep_diag diag = {};
	struct skep_loaded *loaded = NULL;
	int r = kernel->load(kernel, &one, &(struct skep_load_options){}, &diag, &loaded);

	*ret_why = r < 0 && diag.n_items ? strdup(diag.items[diag.n_items - 1].what) : NULL;
	if (r >= 0)
		kernel->close(loaded);
	if (r < 0 && !diag.log) {
		skep_diag_fini(&diag);
		return "unloaded"; /* refused before its verifier saw it */
	}
	skep_diag_fini(&diag);
	return r >= 0 ? "accept" : "reject";
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static void show(void *data, uint32_t insn, unsigned depth, const struct skep_value *regs)
{
	struct skep_str text = {};

	(void)data;
	for (unsigned reg = 0; reg < SKEP_R10; reg++) {
		if (regs[reg].kind == SKEP_VALUE_NOTHING)
			continue;
		skep_str_addf(&text, " R%u=", reg);
		skep_value_format(&regs[reg], &text);
	}
	printf("%u:%u%s\n", depth, insn, skep_str_text(&text));
	skep_str_fini(&text);
}

static void judge(const char *file, const struct skep_spec *spec, size_t index,
		  const struct skep_btf *own, const struct skep_btf *vmlinux, struct counts *counts)
{
	static const char *const verdicts[] = { "safe", "rejected", "undecided" };
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	const struct skep_spec_prog *prog = &spec->progs[index];
	struct skep_verify_options options = {
		.btf = vmlinux,
		.explain = explain,
		.visit = getenv("SKEP_SHOW") && strcmp(getenv("SKEP_SHOW"), prog->name) == 0 ? show
											     : NULL
	};
	struct skep_verify_result result = {};
	const char *expected = own ? expectation(own, prog->btf_func) : "-", *kernel = "-";
	_cleanup_free_ char *why = NULL;
	const struct skep_finding *f;
	uint64_t began = now_ns(), took;
	bool accepts, agree;

	if (skep_verify(spec, index, &options, arena, &result) < 0)
		result.verdict = SKEP_VERDICT_UNDECIDED;
	counts->times_ns =
		realloc(counts->times_ns, (counts->n_times + 1) * sizeof(*counts->times_ns));
	took = now_ns() - began;
	counts->times_ns[counts->n_times++] = took;
	if (with_kernel)
		kernel = ask_kernel(spec, index, arena, &why);
	f = result.n_findings ? result.findings : NULL;
	counts->programs++;
	accepts =
		strcmp(kernel, "accept") == 0 || (!with_kernel && strcmp(expected, "success") == 0);
	agree = accepts == (result.verdict == SKEP_VERDICT_SAFE);
	if (strcmp(kernel, "unloaded") == 0) {
		counts->unloaded++;
		agree = true;
	} else if (result.verdict == SKEP_VERDICT_UNDECIDED) {
		counts->undecided++;
	} else if (agree) {
		counts->agree++;
	} else if (accepts) {
		counts->stricter++;
	} else {
		counts->unsound++;
	}
	if (verbose)
		printf("%9.1f us %8u ", (double)took / 1e3, result.processed);
	if (verbose || (!agree && result.verdict != SKEP_VERDICT_UNDECIDED))
		printf("%s:%s\t%s\t%s%s%s\t%s %s %u %s\n", file, prog->name, expected, kernel,
		       why ? ": " : "", why ? why : "", verdicts[result.verdict],
		       f ? skep_reason_name(f->reason) : "", f ? f->insn : 0, f ? f->what : "");
	for (size_t i = 0; explain && f && i < f->n_steps; i++)
		printf("\t%4u  %-40s %s\n", f->steps[i].insn, f->steps[i].code,
		       f->steps[i].value ? f->steps[i].value : "");
}

static void judge_file(const char *path, const struct skep_btf *vmlinux, struct counts *counts)
{
	const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	struct skep_object_file file = { .name = name };
	struct skep_core_target target = { .kernel = vmlinux };
	struct skep_object_options options = { .target = &target };
	struct skep_diag diag = {};
	struct skep_spec spec;
	struct skep_btf *own = NULL;
	_cleanup_free_ void *data = read_all(path, &file.size);

	file.data = data;
	if (!data || skep_object_read(&file, 1, &options, arena, &diag, &spec) < 0) {
		printf("%s\tcannot be read: %s\n", name, diag.n_items ? diag.items[0].what : "");
		skep_diag_fini(&diag);
		return;
	}
	if (spec.btf && skep_btf_parse(spec.btf, spec.btf_size, NULL, NULL, NULL, &own) < 0)
		own = NULL;
	for (size_t i = 0; i < spec.n_progs; i++)
		if (spec.progs[i].type)
			judge(name, &spec, i, own, vmlinux, counts);
	skep_btf_free(own);
	skep_diag_fini(&diag);
}

/* Programs as assembler text. */
static void judge_text(const char *path, const struct skep_btf *vmlinux, struct counts *counts)
{
	size_t size;
	_cleanup_free_ char *text = read_all(path, &size);
	const char *at = text;

	if (!text) {
		printf("%s\tcannot be read\n", path);
		return;
	}
	text[size] = 0;
	for (;;) {
		_cleanup_(skep_arena_freep)
		struct skep_arena *arena = skep_arena_new();
		struct verify_case c;

		if (!verify_case_next(&at, arena, &c))
			return;
		judge(c.name, &c.spec, 0, NULL, vmlinux, counts);
	}
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
	struct counts counts = {};
	const struct skep_btf *vmlinux = NULL;
	int i = 1;

	for (; i < argc && argv[i][0] == '-'; i++) {
		verbose |= strcmp(argv[i], "-v") == 0;
		with_kernel |= strcmp(argv[i], "-k") == 0;
		explain |= strcmp(argv[i], "-x") == 0;
	}
	(void)!skep_vmlinux_btf(NULL, &vmlinux);
	for (; i < argc; i++)
		if (skep_has_suffix(argv[i], ".txt"))
			judge_text(argv[i], vmlinux, &counts);
		else
			judge_file(argv[i], vmlinux, &counts);
	qsort(counts.times_ns, counts.n_times, sizeof(*counts.times_ns), by_size);
	printf("%u programs: %u agree, %u accepted here only, %u accepted there only, %u undecided, %u never reached the kernel's "
	       "verifier; median %.1f us, longest %.1f ms\n",
	       counts.programs, counts.agree, counts.unsound, counts.stricter, counts.undecided,
	       counts.unloaded,
	       counts.n_times ? (double)counts.times_ns[counts.n_times / 2] / 1e3 : 0,
	       counts.n_times ? (double)counts.times_ns[counts.n_times - 1] / 1e6 : 0);
	free(counts.times_ns);
	return counts.unsound ? 1 : 0;
}
