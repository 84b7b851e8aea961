/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "plan_bytes.h"

static const char script[] =
	"BEGIN { @t = (1, \"two\"); @h = hist(3); @s[\"k\", 1] = stats(4); printf(\"%d %s\\n\", 1, \"x\"); }\n"
	"tracepoint:syscalls:sys_enter_openat { row opened { pid, file: str(args.filename) } @[comm, kstack] = count(); }\n"
	"kprobe:vfs_read { @a = sum(arg2); @c[func] = count(); @k = kaddr(\"avenrun\"); }\n"
	"kprobe:vfs_* { @all[probe] = count(); }\n"
	"uprobe:/bin/demo:main { @u[ustack] = count(); }\n"
	"interval:s:1 { print(@t); clear(@h); exit(); }\n";

struct state {
	struct skep_arena *arena;
	struct world_file f;
	struct skep_diag diag;
	struct skep_str bytes;
};

static int setup(void **state)
{
	struct state *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	s->arena = skep_arena_new();
	world_file_open(&s->f, SKEP_VECTORS "/lang/check/world");
	if (!plan_bytes(s->arena, &s->f.world, script, sizeof(script) - 1, &s->diag, &s->bytes))
		fail_msg("%s", s->diag.items[0].what);
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct state *s = *state;

	skep_str_fini(&s->bytes);
	skep_diag_fini(&s->diag);
	world_file_close(&s->f);
	skep_arena_free(s->arena);
	free(s);
	return 0;
}

/* What was read and written again is the same, byte for byte. */
static void test_same_again(void **state)
{
	struct state *s = *state;
	_cleanup_(skep_str_fini)
	struct skep_str again = {};
	struct skep_plan *plan;

	assert_int_equal(skep_plan_read(s->arena, s->bytes.data, s->bytes.len, &s->diag, &plan), 0);
	skep_plan_write(plan, &again);
	assert_int_equal(again.len, s->bytes.len);
	assert_memory_equal(again.data, s->bytes.data, again.len);
	assert_int_equal(plan->spec->n_attaches, plan->portable->n_origins);
	assert_string_equal(plan->spec->source_name, "test.bt");
}

static void test_fits(void **state)
{
	struct state *s = *state;

	if (plan_use(&s->f.world, &s->bytes, &s->diag) < 0)
		fail_msg("%s", s->diag.items[s->diag.n_items - 1].what);
}

/* Every part of a file is no file. */
static void test_cut_off(void **state)
{
	struct state *s = *state;

	for (size_t len = 0; len < s->bytes.len; len++) {
		_cleanup_(skep_diag_fini)
		struct skep_diag diag = {};
		struct skep_plan *plan;

		assert_int_equal(skep_plan_read(s->arena, s->bytes.data, len, &diag, &plan),
				 -EBADMSG);
		assert_int_equal(diag.n_errors, 1);
	}
}

/* A changed byte is seen, and when somebody has made the checksum right, nothing goes wrong. */
static void test_changed(void **state)
{
	struct state *s = *state;

	for (size_t at = 0; at < s->bytes.len; at++) {
		_cleanup_(skep_diag_fini)
		struct skep_diag diag = {};
		_cleanup_(skep_str_fini)
		struct skep_str bytes = {};
		struct skep_plan *plan;
		int r;

		skep_str_addn(&bytes, s->bytes.data, s->bytes.len);
		bytes.data[at] ^= (char)(1 << at % 8);
		r = skep_plan_read(s->arena, bytes.data, bytes.len, &diag, &plan);
		assert_true(r == -EBADMSG || r == -ENOTSUP);
		assert_int_equal(diag.n_errors, 1);
		if (at < HEAD_BYTES)
			continue;
		plan_checksum(&bytes);
		(void)!plan_use(&s->f.world, &bytes, &diag);
	}
}

static void test_other_version(void **state)
{
	struct state *s = *state;
	struct skep_plan *plan;

	s->bytes.data[8]++;
	assert_int_equal(skep_plan_read(s->arena, s->bytes.data, s->bytes.len, &s->diag, &plan),
			 -ENOTSUP);
	assert_non_null(strstr(s->diag.items[0].what, "another version"));
	s->bytes.data[8]--;
}

static void refused(struct state *s, const char *text, const char *why)
{
	_cleanup_(skep_diag_fini)
	struct skep_diag diag = {};
	_cleanup_(skep_str_fini)
	struct skep_str bytes = {};
	bool found = false;

	assert_false(plan_bytes(s->arena, &s->f.world, text, strlen(text), &diag, &bytes));
	for (size_t i = 0; i < diag.n_items; i++)
		found |= strstr(diag.items[i].what, why) && diag.items[i].hint;
	if (!found)
		fail_msg("%s: %s", text, diag.items[0].what);
}

static void test_refused(void **state)
{
	struct state *s = *state;

	refused(s, "usdt:/bin/demo:a:b { }", "not supported ahead of time: usdt");
	refused(s, "kprobe:vfs_* { @ = args.file; }",
		"not supported ahead of time: args of a pattern");
	refused(s, "fentry:vfs_* { }", "not supported ahead of time: fentry of a pattern");
	refused(s, "BEGIN { @ = kfunc_exist(\"vfs_read\"); }",
		"not supported ahead of time: kfunc_exist()");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_same_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fits, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cut_off, setup, teardown),
		cmocka_unit_test_setup_teardown(test_changed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_other_version, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
