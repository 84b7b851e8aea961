/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Types as C text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "blobs.h"

static struct skep_arena *arena;
static struct skep_btf *btf;

static int setup(void **state)
{
	_cleanup_(skep_btf_builder_freep)
	struct skep_btf_builder *b = skep_btf_builder_new(NULL);
	size_t size;
	void *data;

	arena = skep_arena_new();
	make_kinds(b);
	if (skep_btf_builder_finish(b, arena, &data, &size) < 0)
		return -1;
	return skep_btf_parse(data, size, NULL, NULL, NULL, &btf);
}

static int teardown(void **state)
{
	skep_btf_free(btf);
	skep_arena_free(arena);
	return 0;
}

static void expect(uint32_t id, const char *name, const char *wanted)
{
	_cleanup_(skep_str_fini)
	struct skep_str s = {};

	skep_btf_format_decl(btf, id, name, &s);
	assert_string_equal(skep_str_text(&s), wanted);
}

static void test_declarations(void **state)
{
	expect(0, "", "void");
	expect(ID_INT, "", "int");
	expect(ID_INT, "x", "int x");
	expect(ID_VOID_PTR, "", "void *");
	expect(ID_TASK_PTR, "next", "struct task *next");
	expect(ID_CONST_TASK_PTR, "", "const struct task *");
	expect(ID_COMM, "comm", "char comm[16]");
	expect(ID_COMM, "", "char[16]");
	expect(ID_MATRIX, "m", "int m[2][3]");
	expect(ID_RESTRICT, "p", "void *restrict p");
	expect(ID_VOLATILE, "", "volatile int");
	expect(ID_TAGGED_PTR, "buf", "__user char *buf");
	expect(ID_FN_PTR, "", "int (*)(const struct task *t, long unsigned int flags, ...)");
	expect(ID_FN_PTR, "f", "int (*f)(const struct task *t, long unsigned int flags, ...)");
	expect(ID_PROTO, "do_wake",
	       "int do_wake(const struct task *t, long unsigned int flags, ...)");
	expect(ID_STATE, "", "enum state");
	expect(ID_WIDE, "w", "enum wide w");
	expect(ID_FWD, "", "struct far");
	expect(ID_INNER, "", "union {...}");
	expect(ID_TASK_T, "t", "task_t t");
	expect(ID_END + 1, "", "void");
}

static void expect_def(uint32_t id, const char *wanted)
{
	_cleanup_(skep_str_fini)
	struct skep_str s = {};

	skep_btf_format_def(btf, id, 0, &s);
	assert_string_equal(skep_str_text(&s), wanted);
}

static void test_definitions(void **state)
{
	expect_def(ID_TASK, "struct task {\n"
			    "\tint pid;\n"
			    "\tunion {\n"
			    "\t\tlong unsigned int flags;\n"
			    "\t\tstruct {\n"
			    "\t\t\tint a;\n"
			    "\t\t\tint b;\n"
			    "\t\t};\n"
			    "\t};\n"
			    "\tchar comm[16];\n"
			    "\tint low:3;\n"
			    "\tint high:5;\n"
			    "\tstruct task *next;\n"
			    "\tenum state state;\n"
			    "\tint (*ops)(const struct task *t, long unsigned int flags, ...);\n"
			    "};\n");
	expect_def(ID_STATE, "enum state {\n\tRUNNING = 0,\n\tDEAD = -1,\n};\n");
	expect_def(ID_TASK_T, "typedef struct task task_t;\n");
	expect_def(ID_FUNC, "int do_wake(const struct task *t, long unsigned int flags, ...);\n");
}

static void expect_names(const char *wanted_name, unsigned limit, const char *text)
{
	_cleanup_(skep_str_fini)
	struct skep_str s = {};

	skep_btf_format_member_names(btf, ID_TASK, wanted_name, limit, &s);
	assert_string_equal(skep_str_text(&s), text);
}

static void test_member_names(void **state)
{
	expect_names(NULL, 20, "pid, flags, a, b, comm, low, high, next, state, ops");
	expect_names("stat", 3, "state, pid, flags (7 more)");
	expect_names("flag", 1, "flags (9 more)");
	expect_names(NULL, 0, "(10 more)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_declarations),
		cmocka_unit_test(test_definitions),
		cmocka_unit_test(test_member_names),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
