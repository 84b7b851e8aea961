/* SPDX-License-Identifier: Apache-2.0 */
/* Events as the running kernel's types have them are what tracefs says of them, where it can be read. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "lang/tracepoint.h"
#include "sys/tracefs.h"
#include "sys/vmlinux.h"

struct tally {
	const struct skep_btf *btf;
	size_t n, own, own_same, lent, lent_same, unclear;
};

/* "name offset size" of each field that is the event's own. */
static void fields_of(const char *text, struct skep_str *out)
{
	for (const char *at = text; (at = strstr(at, "field:"));) {
		const char *end = strchr(at, ';'), *name = end;
		unsigned offset = 0, size = 0;
		char array[256];

		assert_non_null(end);
		snprintf(array, sizeof(array), "%.*s", (int)(end - at), at);
		if (strchr(array, '['))
			array[strcspn(array, "[")] = '\0';
		name = strrchr(array, ' ');
		assert_int_equal(sscanf(end, "; offset:%u; size:%u", &offset, &size), 2);
		if (!strstr(array, "common_") && !strstr(array, "__data_loc") && name)
			skep_str_addf(out, "%s %u %u\n", name + (name[1] == '*' ? 2 : 1), offset,
				      size);
		at = end;
	}
}

static int compare(void *data, const char *category, const char *event)
{
	_cleanup_(skep_str_fini)
	struct skep_str path = {}, made = {}, is = {}, ours = {};
	_cleanup_free_ char *text = NULL;
	struct tally *t = data;
	const char *class = "";
	bool same;
	int r;

	skep_str_addf(&path, "%s/%s", category, event);
	if (skep_streq(category, "syscalls") || skep_streq(category, "ftrace") ||
	    skep_tracefs_event_format(skep_str_text(&path), &text) < 0)
		return 0;
	r = skep_tracepoint_describe(t->btf, category, event, &made, &class);
	t->n++;
	if (r < 0) {
		t->unclear++;
		return 0;
	}
	fields_of(text, &is);
	fields_of(skep_str_text(&made), &ours);
	same = skep_streq(skep_str_text(&is), skep_str_text(&ours));
	if (skep_streq(class, event)) {
		t->own++;
		t->own_same += same;
		if (!same)
			print_message("%s:%s\n%s--\n%s", category, event, skep_str_text(&is),
				      skep_str_text(&ours));
	} else {
		t->lent++;
		t->lent_same += same;
	}
	return 0;
}

static void test_tracefs_agrees(void **state)
{
	struct tally t = {};

	if (skep_tracefs_dir() < 0 || skep_vmlinux_btf(NULL, &t.btf) < 0)
		skip();
	assert_int_equal(skep_tracefs_events("*", "*", compare, &t), 0);
	print_message("%zu events: %zu of %zu, %zu of %zu lent, %zu unclear\n", t.n, t.own_same,
		      t.own, t.lent_same, t.lent, t.unclear);
	if (t.n < 100)
		skip();
	assert_int_equal(t.own_same, t.own);
	assert_true(t.lent_same * 100 >= t.lent * 95);
	assert_true(t.unclear * 10 <= t.n);
}

/* Of calls whose arguments the types or the table name, each is where tracefs has it; only the bytes of the number differ. */
static int compare_call(void *data, const char *category, const char *event)
{
	_cleanup_(skep_str_fini)
	struct skep_str path = {}, made = {}, is = {}, ours = {};
	_cleanup_free_ char *text = NULL;
	struct tally *t = data;
	const char *class;

	skep_str_addf(&path, "%s/%s", category, event);
	if (skep_tracefs_event_format(skep_str_text(&path), &text) < 0 ||
	    skep_tracepoint_describe(t->btf, category, event, &made, &class) < 0)
		return 0;
	t->n++;
	fields_of(text, &is);
	fields_of(skep_str_text(&made), &ours);
	if (strstr(skep_str_text(&ours), "arg0 ")) {
		t->unclear++;
		return 0;
	}
	if (!skep_streq(skep_str_text(&is), skep_str_text(&ours)))
		print_message("%s\n%s--\n%s", event, skep_str_text(&is), skep_str_text(&ours));
	t->own_same += skep_streq(skep_str_text(&is), skep_str_text(&ours));
	return 0;
}

static void test_tracefs_agrees_on_calls(void **state)
{
	struct tally t = {};

	if (skep_tracefs_dir() < 0 || skep_vmlinux_btf(NULL, &t.btf) < 0)
		skip();
	assert_int_equal(skep_tracefs_events("syscalls", "sys_enter_*", compare_call, &t), 0);
	print_message("%zu calls: %zu the same, %zu without names\n", t.n, t.own_same, t.unclear);
	if (t.n < 100)
		skip();
	assert_true(t.own_same * 100 >=
		    (t.n - t.unclear) * 95); /* other kernels have other names */
	assert_true(t.unclear * 3 <= t.n);
}

static int count(void *data, const char *path)
{
	++*(size_t *)data;
	assert_true(skep_has_prefix(path, "syscalls/sys_enter_open"));
	return 0;
}

static void test_calls(void **state)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};
	const struct skep_btf *btf;
	const char *class;
	size_t n = 0;

	if (skep_vmlinux_btf(NULL, &btf) < 0)
		skip();
	assert_int_equal(
		skep_tracepoint_describe(btf, "syscalls", "sys_enter_openat", &text, &class), 0);
	assert_non_null(strstr(skep_str_text(&text), "char *filename;\toffset:24;\tsize:8"));
	assert_int_equal(skep_tracepoint_describe(btf, "syscalls", "sys_enter_nosuch", &text,
						  &class),
			 -ENOENT);
	assert_int_equal(skep_tracepoint_describe(btf, "sched", "nosuch", &text, &class), -ENOENT);
	assert_int_equal(skep_tracepoint_known(btf, "syscalls", "sys_enter_open*", count, &n), 0);
	assert_true(n >= 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tracefs_agrees),
		cmocka_unit_test(test_tracefs_agrees_on_calls),
		cmocka_unit_test(test_calls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
