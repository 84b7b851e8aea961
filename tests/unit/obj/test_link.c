/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linking subprograms, and the debug information of the result.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "obj/btf.h"
#include "obj/spec_btf.h"

static const char source[] = "BEGIN\n{\n\t@x = count();  \n\tfor_each(f);\n}";

/*
 * main: 0 call a; 1-2 load address of c; 3-4 load map 0; 5 exit	a: 0 call b; 1 exit
 * b: 0-1 load map 0; 2 exit						c: 0 exit
 */
static struct skep_insn main_insns[6], a_insns[2], b_insns[3], c_insns[1], lone_insns[1];

static struct skep_reloc main_relocs[] = {
	{ .kind = SKEP_RELOC_FUNC, .insn = 0, .index = 2 },
	{ .kind = SKEP_RELOC_FUNC, .insn = 1, .index = 4 },
	{ .kind = SKEP_RELOC_MAP, .insn = 3, .index = 0 },
};
static struct skep_reloc a_relocs[] = { { .kind = SKEP_RELOC_FUNC, .insn = 0, .index = 3 } };
static struct skep_reloc b_relocs[] = {
	{ .kind = SKEP_RELOC_MAP_VALUE, .insn = 0, .index = 0, .addend = 8 },
};
static struct skep_spec_line main_lines[] = {
	{ 0, { 3, 2, 2 } }, { 2, { 3, 2, 2 } }, /* inside of a 64-bit load: dropped */
	{ 3, { 4, 2, 3 } }, { 3, { 4, 9, 3 } }, /* does not ascend: dropped */
	{ 9, { 5, 1, 1 } },			/* beyond the end: dropped */
};
static struct skep_spec_line b_lines[] = { { 2, { 5, 1, 1 } } };

static struct skep_spec_map maps[] = { { .name = "m" } };
static struct skep_spec_prog progs[] = {
	{ .name = "lone", .type = 5, .insns = lone_insns, .n_insns = 1 },
	{ .name = "tracepoint:sys*",
	  .type = 5,
	  .insns = main_insns,
	  .n_insns = 6,
	  .relocs = main_relocs,
	  .n_relocs = 3,
	  .lines = main_lines,
	  .n_lines = 5 },
	{ .name = "a", .insns = a_insns, .n_insns = 2, .relocs = a_relocs, .n_relocs = 1 },
	{ .name = "b",
	  .insns = b_insns,
	  .n_insns = 3,
	  .relocs = b_relocs,
	  .n_relocs = 1,
	  .lines = b_lines,
	  .n_lines = 1,
	  .loc = { 1, 1, 5 } },
	{ .name = "c", .insns = c_insns, .n_insns = 1 },
};
static const struct skep_spec spec = {
	.license = "GPL",
	.source_name = "x.bt",
	.source_text = source,
	.source_len = sizeof(source) - 1,
	.maps = maps,
	.n_maps = 1,
	.progs = progs,
	.n_progs = 5,
};

static int setup(void **state)
{
	struct skep_insn_pair pair = skep_insn_ld_imm64(SKEP_R1, 0);

	main_insns[0] = a_insns[0] = skep_insn_call_local(0);
	memcpy(main_insns + 1, &pair, sizeof(pair));
	memcpy(main_insns + 3, &pair, sizeof(pair));
	memcpy(b_insns, &pair, sizeof(pair));
	main_insns[5] = a_insns[1] = b_insns[2] = c_insns[0] = lone_insns[0] = skep_insn_exit();
	*state = skep_arena_new();
	return 0;
}

static int teardown(void **state)
{
	skep_arena_free(*state);
	return 0;
}

static void test_layout(void **state)
{
	struct skep_linked l;

	assert_int_equal(skep_spec_link(&spec, 1, *state, NULL, &l), 0);
	/* main 0-5, a 6-7, b 8-10, c 11: b is met in a, before main goes on to c. */
	assert_int_equal(l.n_funcs, 4);
	assert_int_equal(l.funcs[1].prog, 2);
	assert_int_equal(l.funcs[1].insn, 6);
	assert_int_equal(l.funcs[2].prog, 3);
	assert_int_equal(l.funcs[2].insn, 8);
	assert_int_equal(l.funcs[3].prog, 4);
	assert_int_equal(l.funcs[3].insn, 11);
	assert_int_equal(l.prog.n_insns, 12);
	assert_int_equal(l.prog.insns[0].src, SKEP_CALL_LOCAL);
	assert_int_equal(l.prog.insns[0].imm, 6 - 0 - 1);
	assert_int_equal(l.prog.insns[1].src, SKEP_PSEUDO_FUNC);
	assert_int_equal(l.prog.insns[1].imm, 11 - 1 - 1);
	assert_int_equal(l.prog.insns[6].imm, 8 - 6 - 1);
	assert_int_equal(l.prog.n_relocs, 2);
	assert_int_equal(l.prog.relocs[0].insn, 3);
	assert_int_equal(l.prog.relocs[1].insn, 8);
	assert_int_equal(l.prog.relocs[1].addend, 8);
	/* The spec itself is as it was. */
	assert_int_equal(main_insns[0].imm, 0);
}

static void test_lines(void **state)
{
	static const struct {
		uint32_t insn, line;
	} wanted[] = { { 0, 3 }, { 3, 4 }, { 6, 0 }, { 8, 1 }, { 10, 5 }, { 11, 0 } };
	struct skep_linked l;

	assert_int_equal(skep_spec_link(&spec, 1, *state, NULL, &l), 0);
	assert_int_equal(l.prog.n_lines, ARRAY_SIZE(wanted));
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		assert_int_equal(l.prog.lines[i].insn, wanted[i].insn);
		assert_int_equal(l.prog.lines[i].loc.line, wanted[i].line);
	}
}

/* The string at @off of a blob. */
static const char *text_at(const struct skep_spec_btf *info, uint32_t off)
{
	const uint32_t *header = info->data;

	return (const char *)info->data + header[1] + header[4] + off;
}

static void test_info(void **state)
{
	struct skep_linked *linked;
	struct skep_spec_btf info;
	struct skep_btf *btf;

	assert_int_equal(skep_spec_link_all(&spec, *state, NULL, &linked), 0);
	assert_int_equal(skep_spec_btf(&spec, linked, *state, &info), 0);
	assert_int_equal(skep_btf_parse(info.data, info.size, NULL, NULL, NULL, &btf), 0);
	assert_int_equal(info.progs[0].n_funcs, 1);
	assert_int_equal(info.progs[1].n_funcs, 4);
	assert_int_equal(info.progs[2].n_funcs, 0);
	assert_string_equal(skep_btf_name(btf, info.progs[1].funcs[0].type_id), "tracepoint_sys_");
	assert_string_equal(skep_btf_name(btf, info.progs[1].funcs[2].type_id), "b");
	assert_int_equal(info.progs[1].funcs[2].insn_off, 8);
	assert_int_equal(skep_btf_type(btf, info.progs[1].funcs[0].type_id).vlen, 1);
	assert_int_equal(skep_btf_type(btf, info.progs[1].funcs[2].type_id).vlen, 0);
	assert_int_equal(info.progs[1].n_lines, 6);
	assert_string_equal(text_at(&info, info.progs[1].lines[0].file_name_off), "x.bt");
	assert_string_equal(text_at(&info, info.progs[1].lines[0].line_off), "@x = count();");
	assert_string_equal(text_at(&info, info.progs[1].lines[1].line_off), "for_each(f);");
	assert_string_equal(text_at(&info, info.progs[1].lines[2].line_off), "");
	assert_string_equal(text_at(&info, info.progs[1].lines[4].line_off), "}");
	assert_int_equal(info.progs[1].lines[1].line_col, 4 << 10 | 2);
	skep_btf_free(btf);
}

static void expect_refused(void **state, size_t index, int r)
{
	_cleanup_(skep_diag_fini)
	struct skep_diag diag = {};
	struct skep_linked l;

	assert_int_equal(skep_spec_link(&spec, index, *state, &diag, &l), r);
	assert_int_equal(diag.n_errors, 1);
}

static void test_refused(void **state)
{
	struct skep_reloc kept = main_relocs[0];

	expect_refused(state, 2, -EINVAL); /* a subprogram */
	expect_refused(state, 5, -EINVAL);
	main_relocs[0].index = 0; /* a program, not a subprogram */
	expect_refused(state, 1, -EINVAL);
	main_relocs[0].index = 77;
	expect_refused(state, 1, -EINVAL);
	main_relocs[0] = (struct skep_reloc){ .kind = SKEP_RELOC_FUNC, .insn = 6, .index = 2 };
	expect_refused(state, 1, -EINVAL);
	main_relocs[0] = (struct skep_reloc){ .kind = SKEP_RELOC_FUNC, .insn = 5, .index = 2 };
	expect_refused(state, 1, -EINVAL);
	main_relocs[0] = (struct skep_reloc){ .kind = SKEP_RELOC_MAP, .insn = 1, .index = 1 };
	expect_refused(state, 1, -EINVAL);
	/* The call at 0 has no relocation now. */
	main_relocs[0] = (struct skep_reloc){ .kind = SKEP_RELOC_MAP, .insn = 1, .index = 0 };
	expect_refused(state, 1, -EINVAL);
	main_relocs[0] = kept;
	progs[4].n_insns = 0;
	expect_refused(state, 1, -EINVAL);
	progs[4].n_insns = 1000000;
	expect_refused(state, 1, -E2BIG);
	progs[4].n_insns = 1;
}

/* A chain of 300 subprograms is more than a kernel takes. */
static void test_too_many(void **state)
{
	static struct skep_spec_prog many[300];
	static struct skep_reloc relocs[300];
	struct skep_insn code[] = { skep_insn_call_local(0), skep_insn_exit() };
	struct skep_spec s = { .progs = many, .n_progs = 300 };
	struct skep_linked l;

	for (uint32_t i = 0; i < 300; i++) {
		relocs[i] = (struct skep_reloc){ .kind = SKEP_RELOC_FUNC, .index = i + 1 };
		many[i] = (struct skep_spec_prog){ .name = "f",
						   .type = !i,
						   .insns = code,
						   .n_insns = 2,
						   .relocs = &relocs[i],
						   .n_relocs = 1 };
	}
	relocs[299].index = 299; /* calls itself */
	assert_int_equal(skep_spec_link(&s, 0, *state, NULL, &l), -E2BIG);
	relocs[200].index = 200;
	assert_int_equal(skep_spec_link(&s, 0, *state, NULL, &l), 0);
	assert_int_equal(l.n_funcs, 201);
	assert_int_equal(l.prog.insns[400].imm, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_layout, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lines, setup, teardown),
		cmocka_unit_test_setup_teardown(test_info, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_many, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
