/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three engines, one case: every program that the house has for tests, and scripts, run in the interpreter, in the JIT and,
 * where it can, in the kernel. Value, packet, maps, lines and records have to be the same everywhere, and be those of the
 * vectors (tests/vectors/try/cases.txt). Then what skep dis writes of the program is read again, and the instructions have to
 * be the same.
 *
 *	case NAME
 *	object PATH		tests/vectors/PATH.bpf.c, compiled here
 *	script TEXT		or a script, whose only program runs
 *	prog NAME
 *	input HEX, set FIELD=N, repeat N
 *	same			what comes out depends on the kernel, or on how scripts are compiled: nothing is written below
 *	---
 *	what skep try prints, up to an empty line
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../obj/compile.h"
#include "../sys/own_bpffs.h"
#include "isa/mapkind.h"
#include "isa/progkind.h"
#include "sys/vmlinux.h"
#include "workbench/emit.h"
#include "workbench/listing.h"
#include "workbench/try.h"

#define FIELDS_MAX 8

struct vector {
	char name[64], object[64], prog[64], input[256], script[512];
	char fields[FIELDS_MAX][64];
	size_t n_fields;
	unsigned repeat;
	bool same; /* no text is expected, for it depends on the kernel or the compiler: all give the same */
	struct skep_str expected;
};

static struct {
	unsigned cases, runs, in_kernel, objects, without_clang, without_kernel, without_world;
	FILE *regenerate;
} count;

/* The input as a file that skep_input_read takes; false: it cannot be made here. */
static bool make_file(const struct vector *v, char path[64])
{
	struct skep_str bytes = {};
	FILE *f;

	snprintf(path, 64, "/tmp/skep-engines-%d.%s", (int)getpid(), v->script[0] ? "bt" : "o");
	if (v->script[0]) {
		skep_str_add(&bytes, v->script);
	} else {
		char name[80];

		snprintf(name, sizeof(name), "../%s", v->object);
		if (!compile_bpf(name, "-g -mcpu=v3", &bytes)) {
			count.without_clang++;
			return false;
		}
	}
	f = fopen(path, "we");
	assert_non_null(f);
	assert_int_equal(fwrite(bytes.data, 1, bytes.len, f), bytes.len);
	assert_int_equal(fclose(f), 0);
	skep_str_fini(&bytes);
	return true;
}

/* Of per-CPU values what any CPU has: which one ran it is no matter. */
static void fold_cpus(struct skep_try_result *result)
{
	for (size_t i = 0; i < result->n_maps; i++) {
		struct skep_try_map *map = &result->maps[i];

		if (!(skep_map_kind_find(map->kind)->traits & SKEP_TRAIT_PER_CPU))
			continue;
		for (size_t k = 0; k < map->n_entries; k++) {
			struct skep_try_bytes *value = &map->entries[k].value;
			uint8_t *bytes = (uint8_t *)(uintptr_t)value->data;

			for (size_t at = ALIGN_UP((size_t)map->value_size, 8); at < value->size;
			     at++)
				bytes[at % ALIGN_UP((size_t)map->value_size, 8)] |= bytes[at];
			value->size = map->value_size;
		}
	}
}

static void fail_with(const struct vector *v, const char *engine, struct skep_diag *diag, int r)
{
	struct skep_str out = {};

	skep_diag_format(diag, false, false, &out);
	fail_msg("%s, %s: %s (%s)", v->name, engine, skep_str_text(&out), strerror(-r));
}

static size_t find_prog(const struct vector *v, const struct skep_input *input)
{
	for (size_t i = 0; i < input->spec.n_progs; i++)
		if (input->spec.progs[i].type &&
		    (!v->prog[0] || skep_streq(v->prog, input->spec.progs[i].name)))
			return i;
	fail_msg("%s: no program %s", v->name, v->prog);
	return 0;
}

/* What it gives, as text; false: not in this engine, or not here. */
static bool run(const struct vector *v, const struct skep_input *input, unsigned engine,
		struct skep_str *out)
{
	static const char *const names[] = { "interpreter", "jit", "kernel" };
	struct skep_arena *arena = skep_arena_new();
	struct skep_try_result result;
	struct skep_try_input with = { .engine = engine, .repeat = v->repeat };
	const char *fields[FIELDS_MAX];
	struct skep_str bytes = {};
	struct skep_diag diag = {};
	size_t prog = find_prog(v, input);
	bool ran = true;
	int r;

	for (size_t i = 0; i < v->n_fields; i++)
		fields[i] = v->fields[i];
	with.fields = fields;
	with.n_fields = v->n_fields;
	assert_int_equal(skep_input_hex(v->input, strlen(v->input), &bytes), SKEP_HEX_BYTES);
	with.bytes = bytes.data;
	with.size = bytes.len;
	r = skep_try(input, prog, &with, arena, &diag, &result);
	if (engine == SKEP_TRY_KERNEL && (r == -EPERM || r == -ENOSYS || r == -EACCES)) {
		count.without_kernel++;
		ran = false;
	} else if (r != 0 && r != -EFAULT) {
		fail_with(v, names[engine], &diag, r);
	}
	if (ran) {
		count.runs++;
		count.in_kernel += engine == SKEP_TRY_KERNEL;
		fold_cpus(&result);
		result.runs = 1;
		memset(result.notes, 0, sizeof(result.notes));
		skep_try_text(&result, out);
	}
	skep_diag_fini(&diag);
	skep_str_fini(&bytes);
	skep_arena_free(arena);
	return ran;
}

static void compare(const struct vector *v, const struct skep_input *input)
{
	static const char *const names[] = { "interpreter", "jit", "kernel" };
	const char *expected = skep_str_text(&v->expected);
	struct skep_str first = {};

	for (unsigned engine = 0; engine < 3; engine++) {
		struct skep_str out = {};
		uint32_t type = input->spec.progs[find_prog(v, input)].type;

		if (engine == SKEP_TRY_KERNEL &&
		    (!skep_try_kernel_runs(type) || strstr(expected, "fault at")))
			continue;
		if (!run(v, input, engine, &out))
			continue;
		if (engine == 0)
			skep_str_add(&first, skep_str_text(&out));
		if (count.regenerate || v->same)
			expected = skep_str_text(&first);
		if (!skep_streq(skep_str_text(&out), expected))
			fail_msg("%s, %s gives\n%sand not\n%s", v->name, names[engine],
				 skep_str_text(&out), expected);
		skep_str_fini(&out);
	}
	if (v->same) /* of nothing it would be easy */
		assert_true(strstr(expected, "map ") || strchr(expected, '@'));
	if (count.regenerate)
		fprintf(count.regenerate, "%s\n", v->same ? "" : skep_str_text(&first));
	skep_str_fini(&first);
}

/* The instructions of the program, as skep asm would write them. */
static void raw(const struct vector *v, const char *path, const struct skep_btf *kernel,
		struct skep_str *out)
{
	struct skep_arena *arena = skep_arena_new();
	struct skep_input_options options = { .kernel = kernel };
	struct skep_diag diag = {};
	struct skep_input input;
	int r = skep_input_read(path, &options, arena, &diag, &input);

	if (r == 0)
		r = skep_emit_raw(&input, find_prog(v, &input), true, arena, &diag, out);
	if (r < 0)
		fail_with(v, path, &diag, r);
	skep_diag_fini(&diag);
	skep_arena_free(arena);
}

static void write_file(const char *path, const struct skep_str *bytes)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes->data, 1, bytes->len, f), bytes->len);
	assert_int_equal(fclose(f), 0);
}

/* What skep dis writes, and the object that skep asm makes of that, have the same instructions. */
static void there_and_back(const struct vector *v, const struct skep_input *input,
			   const struct skep_btf *kernel)
{
	struct skep_arena *arena = skep_arena_new();
	struct skep_str text = {}, first = {}, second = {}, third = {}, object = {};
	size_t prog = find_prog(v, input);
	struct skep_listing *listing;
	struct skep_diag diag = {};
	struct skep_input again;
	char path[64];
	int r = skep_emit_raw(input, prog, true, arena, &diag, &first);

	if (r == 0)
		r = skep_listing_new(input, prog, 0, arena, &diag, &listing);
	if (r < 0)
		fail_with(v, "listing", &diag, r);
	skep_listing_maps(input, &text);
	skep_listing_text(listing, &text);
	snprintf(path, sizeof(path), "/tmp/skep-engines-%d.s", (int)getpid());
	write_file(path, &text);
	raw(v, path, kernel, &second);
	assert_string_equal(skep_str_text(&first), skep_str_text(&second));
	r = skep_input_read(path, &(struct skep_input_options){ .kernel = kernel }, arena, &diag,
			    &again);
	assert_int_equal(r, 0);
	unlink(path);
	if (skep_emit_object(&again.spec, arena, &diag, &object) == 0) {
		snprintf(path, sizeof(path), "/tmp/skep-engines-%d.o", (int)getpid());
		write_file(path, &object);
		raw(v, path, kernel, &third);
		unlink(path);
		count.objects++;
		/* The object has its maps in another order, and then raw instructions name them otherwise. */
		assert_int_equal(first.len, third.len);
	}
	skep_str_fini(&text);
	skep_str_fini(&first);
	skep_str_fini(&second);
	skep_str_fini(&third);
	skep_str_fini(&object);
	skep_diag_fini(&diag);
	skep_arena_free(arena);
}

static void check(const struct vector *v)
{
	struct skep_arena *arena = skep_arena_new();
	struct skep_input_options options = {};
	struct skep_diag diag = {};
	struct skep_input input;
	char path[64];
	int r;

	count.cases++;
	(void)!skep_vmlinux_btf(NULL, &options.kernel);
	if (make_file(v, path)) {
		r = skep_input_read(path, &options, arena, &diag, &input);
		unlink(path);
		if (r < 0 && v->script[0] && (geteuid() != 0 || !options.kernel))
			count.without_world++;
		else if (r < 0)
			fail_with(v, "reading", &diag, r);
		else {
			compare(v, &input);
			there_and_back(v, &input, options.kernel);
		}
	}
	skep_diag_fini(&diag);
	skep_arena_free(arena);
}

/* One line of a case's head. */
static void read_head(struct vector *v, const char *line)
{
	if (strcmp(line, "same\n") == 0) {
		v->same = true;
		return;
	}
	if (v->n_fields < FIELDS_MAX && sscanf(line, "set %63s", v->fields[v->n_fields]) == 1) {
		v->n_fields++;
		return;
	}
	if (sscanf(line, "case %63[^\n]", v->name) == 1 ||
	    sscanf(line, "object %63s", v->object) == 1 ||
	    sscanf(line, "prog %63s", v->prog) == 1 || sscanf(line, "repeat %u", &v->repeat) == 1 ||
	    sscanf(line, "input %255[^\n]", v->input) == 1 ||
	    sscanf(line, "script %511[^\n]", v->script) == 1)
		return;
	fail_msg("cases.txt: not understood: %s", line);
}

static void all_give_the_same(void **state)
{
	struct vector v = {};
	bool in_head = true;
	char line[4096];
	FILE *f = fopen(SKEP_VECTORS "/try/cases.txt", "re");

	assert_non_null(f);
	(void)own_bpffs(); /* who is not root cannot use one anyway */
	if (getenv("SKEP_REGENERATE"))
		count.regenerate = fopen("/tmp/skep-cases.txt", "we");
	while (fgets(line, sizeof(line), f)) {
		bool empty = line[0] == '\n';

		if (count.regenerate && (in_head || line[0] == '#'))
			fputs(line, count.regenerate);
		if (line[0] == '#' || (in_head && empty))
			continue;
		if (in_head && strcmp(line, "---\n") != 0) {
			read_head(&v, line);
		} else if (in_head) {
			in_head = false;
		} else if (!empty) {
			skep_str_add(&v.expected, line);
		}
		if (!in_head && empty) {
			check(&v);
			skep_str_fini(&v.expected);
			v = (struct vector){};
			in_head = true;
		}
	}
	assert_true(in_head);
	fclose(f);
	if (count.regenerate)
		assert_int_equal(fclose(count.regenerate), 0);
	printf("%u cases, %u runs, %u of them in the kernel; %u objects\n", count.cases, count.runs,
	       count.in_kernel, count.objects);
	if (count.without_clang)
		printf("%u skipped, because there is no clang that compiles for bpf\n",
		       count.without_clang);
	if (count.without_world)
		printf("%u skipped, because scripts need root and a kernel with types\n",
		       count.without_world);
	if (count.without_kernel)
		printf("%u not in the kernel, because it wants root\n", count.without_kernel);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(all_give_the_same) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
