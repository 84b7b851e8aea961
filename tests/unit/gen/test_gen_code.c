/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The code of canonical programs, instruction by instruction, against tests/vectors/gen/NAME.txt. A
 * better compiler changes these files: look at each difference, then run this test with UPDATE=1.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "isa/disasm.h"
#include "programs.h"

static void code_of(struct skep_arena *arena, unsigned index, struct skep_str *out)
{
	struct skep_gen *gen = skep_gen_new(arena, "GPL", NULL);
	struct skep_spec *spec;

	programs[index].make(gen);
	assert_int_equal(skep_gen_finish(gen, NULL, &spec), 0);
	for (size_t i = 0; i < spec->n_progs; i++) {
		skep_str_addf(out, "%s:\n", spec->progs[i].name);
		skep_disasm_program(spec->progs[i].insns, spec->progs[i].n_insns, NULL, out);
	}
}

static void read_file(const char *path, struct skep_str *out)
{
	FILE *f = fopen(path, "r");
	char buf[4096];
	size_t n;

	if (!f)
		return;
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
		skep_str_addn(out, buf, n);
	fclose(f);
}

static void write_file(const char *path, const struct skep_str *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text->data, 1, text->len, f), text->len);
	assert_int_equal(fclose(f), 0);
}

static void canonical_code(void **state)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	unsigned bad = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(programs); i++) {
		_cleanup_(skep_str_fini)
		struct skep_str got = {}, want = {};
		char *path =
			skep_arena_printf(arena, "%s/gen/%s.txt", SKEP_VECTORS, programs[i].name);

		code_of(arena, i, &got);
		if (getenv("UPDATE"))
			write_file(path, &got);
		read_file(path, &want);
		if (skep_streq(skep_str_text(&got), skep_str_text(&want)))
			continue;
		fprintf(stderr, "%s: want\n%s\ngot\n%s\n", programs[i].name, skep_str_text(&want),
			skep_str_text(&got));
		bad++;
	}
	assert_int_equal(bad, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(canonical_code),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
