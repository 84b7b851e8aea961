/* SPDX-License-Identifier: Apache-2.0 */
/* Cells, order, filters, tables; no kernel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "top/machine.h"
#include "top/view.h"

static const struct skep_top_view *const view = &skep_top_views[SKEP_TOP_PROCESSES];

static struct skep_top_process process(uint32_t pid, const char *comm, double cpu, uint64_t rss)
{
	struct skep_top_process p = { .pid = pid, .cpu = cpu, .rss = rss, .user = "root" };

	snprintf(p.comm, sizeof(p.comm), "%s", comm);
	return p;
}

static const struct skep_top_column *column(const char *name)
{
	size_t i;

	assert_int_equal(skep_top_column_find(view, name, &i), 0);
	return &view->columns[i];
}

static void expect_cell(const char *name, const struct skep_top_process *p, const char *want)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};

	skep_top_cell(column(name), p, &text);
	assert_string_equal(skep_str_text(&text), want);
}

static void test_cells(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *want;
	} cases[] = {
		{ 0, "0" },
		{ 999, "999" },
		{ 1000, "1.0K" },
		{ 1024, "1.0K" },
		{ 12 << 10, "12.0K" },
		{ 102348, "99.9K" },
		{ 102350, "100K" },
		{ 1023 << 10, "1023K" },
		{ (1 << 20) - 1, "1.0M" },
		{ 5ull << 40, "5.0T" },
		{ UINT64_MAX, "16384P" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct skep_top_process p = process(1, "a", 0, cases[i].bytes);

		expect_cell("rss", &p, cases[i].want);
	}
	for (uint64_t n = 1; n < UINT64_MAX / 3 && n < 1ull << 59; n = n * 3 + 1) {
		_cleanup_(skep_str_fini)
		struct skep_str text = {};

		skep_top_bytes((double)n, &text);
		assert_true(text.len <= 5);
	}
	expect_cell("CPU%", &(struct skep_top_process){ .cpu = 99.94 }, "99.9");
	expect_cell("CPU%", &(struct skep_top_process){ .cpu = 1234.5 }, "1234");
	expect_cell("faults", &(struct skep_top_process){ .faults = 12345 }, "12.3k");
}

static void test_sort(void **state)
{
	struct skep_top_process p[] = { process(3, "b", 1, 5), process(1, "A", 50, 5),
					process(2, "c", 1, 9) };
	const void *rows[] = { &p[0], &p[1], &p[2] };
	struct skep_top_choice choice = {};

	assert_int_equal(skep_top_column_find(view, "cpu", &choice.sort), 0);
	skep_top_sort(view, &choice, rows, 3);
	assert_true(rows[0] == &p[1] && rows[1] == &p[2] && rows[2] == &p[0]); /* equal: by pid */
	choice.reversed = true;
	skep_top_sort(view, &choice, rows, 3);
	assert_true(rows[0] == &p[2] && rows[1] == &p[0] && rows[2] == &p[1]);
	choice.reversed = false;
	assert_int_equal(skep_top_column_find(view, "command", &choice.sort), 0);
	skep_top_sort(view, &choice, rows, 3);
	assert_true(rows[0] == &p[1] && rows[1] == &p[0] && rows[2] == &p[2]);
	assert_true(skep_top_column_find(view, "size", &choice.sort) < 0);
}

static void expect_filter(const char *text, bool want)
{
	struct skep_top_process p = process(4711, "Nginx", 12.5, 200 << 20);
	struct skep_top_filter filter;

	skep_top_filter_parse(&filter, view, text);
	if (skep_top_filter_holds(&filter, view, &p) != want)
		fail_msg("'%s' is not %d", text, want);
}

/* A word that begins with a column of numbers and compares nothing is told. */
static void test_filter_wrong(void **state)
{
	struct skep_top_filter filter;

	skep_top_filter_parse(&filter, &skep_top_views[SKEP_TOP_PROCESSES], "nginx cpu>>5 rss>");
	assert_string_equal(filter.wrong, "cpu>>5");
	skep_top_filter_parse(&filter, &skep_top_views[SKEP_TOP_PROCESSES], "cpu>5 a=b size>>1 >1");
	assert_null(filter.wrong);
}

static void test_filter(void **state)
{
	static const struct {
		const char *text;
		bool want;
	} cases[] = {
		{ "", true },		{ "   ", true },	{ "ngin", true },
		{ "NGIN root", true },	{ "ngin user", false }, { "!root", false },
		{ "!daemon", true },	{ "!", true },		{ "cpu>12", true },
		{ "cpu>12.5", false },	{ "cpu>=12.5", true },	{ "cpu<=12.5", true },
		{ "cpu=12.5", true },	{ "cpu!=12.5", false }, { "!cpu>12", false },
		{ "rss>=200M", true },	{ "rss>200m", false },	{ "rss<1G nginx", true },
		{ "pid=4711", true },	{ "PID=4711", true },	{ "cpu>x", false },
		{ "size>1", false },	{ "cpu>", false },	{ ">1", false },
		{ "cpu>1e400", false },
	};
	char longest[SKEP_TOP_FILTER_MAX * 3];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		expect_filter(cases[i].text, cases[i].want);
	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	expect_filter(longest, false);
	for (size_t i = 1; i < sizeof(longest) - 1; i += 2)
		longest[i] = ' ';
	expect_filter(longest, true); /* eight words, which stand in "Nginx" */
}

static bool keep_odd(void *row, void *data)
{
	return *(uint32_t *)row & 1;
}

static void test_table(void **state)
{
	struct skep_top_table t = SKEP_TOP_TABLE(struct skep_top_process, pid);
	bool is_new;

	for (uint32_t i = 0; i < 1000; i++) {
		assert_non_null(skep_top_table_get(&t, &i, &is_new));
		assert_true(is_new);
	}
	skep_top_table_sweep(&t, keep_odd, NULL);
	assert_int_equal(t.rows.len, 500);
	for (uint32_t i = 0; i < 1000; i++)
		assert_true(!skep_top_table_find(&t, &i) == !(i & 1));
	for (uint32_t i = 1000; i < SKEP_TOP_ROWS_MAX + 1000; i++)
		skep_top_table_get(&t, &i, &is_new);
	assert_int_equal(t.rows.len, SKEP_TOP_ROWS_MAX);
	assert_int_equal(t.n_full, 500);
	skep_top_table_fini(&t);
}

static void test_machine(void **state)
{
	struct skep_top_machine m = {};

	skep_top_machine_stat(&m, "cpu  100 0 50 800 50 0 0 0 0 0\ncpu0 1 2 3\n");
	assert_true(m.busy < 0);
	skep_top_machine_stat(&m, "cpu  130 0 60 850 60 0 0 0 0 0\n");
	assert_true(m.busy > 39.9 && m.busy < 40.1 && m.user > 29.9 && m.system > 9.9);
	skep_top_machine_stat(&m, "");
	skep_top_machine_stat(&m, "cpu ");
	skep_top_machine_memory(&m, "MemTotal:  1000 kB\nMemFree: 1 kB\nMemAvailable:   600 kB\n");
	assert_int_equal(m.mem_used, 400 * 1024);
	assert_int_equal(m.swap_total, 0);
	skep_top_machine_memory(&m, "");
	assert_int_equal(m.mem_used, 0);
}

/* Each column is a field of the row, and names are there once. */
static void test_columns(void **state)
{
	for (unsigned k = 0; k < SKEP_TOP_N_KINDS; k++) {
		const struct skep_top_view *v = &skep_top_views[k];

		assert_true(v->sort < v->n_columns && v->columns[v->sort].title);
		for (size_t i = 0; i < v->n_columns; i++) {
			const struct skep_top_column *c = &v->columns[i];
			size_t at;

			assert_true(c->offset + c->size <= v->row_size);
			assert_int_equal(skep_top_column_find(v, c->name, &at), 0);
			assert_int_equal(at, i);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cells),	cmocka_unit_test(test_sort),
		cmocka_unit_test(test_filter),	cmocka_unit_test(test_filter_wrong),
		cmocka_unit_test(test_table),	cmocka_unit_test(test_machine),
		cmocka_unit_test(test_columns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
