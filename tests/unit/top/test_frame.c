/* SPDX-License-Identifier: Apache-2.0 */
/* What stands on screens of all sizes, and what keys do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "top/screen.h"
#include "top/ui.h"

#define N_ROWS 30

static struct skep_top_watching w;
static struct skep_top_machine machine = {
	.n_cpus = 8,
	.busy = 52,
	.user = 31,
	.system = 20,
	.iowait = 1,
	.mem_total = 16ull << 30,
	.mem_used = 3ull << 30,
	.psi_cpu = 12,
	.psi_mem = 0,
	.psi_io = 70,
	.load = { 1, 2, 3 },
	.uptime_s = 300000,
};

static int begin(void **state)
{
	static const char *const names[] = { "nginx", "蜂の巣", "\033[31mevil\n", "a\377b",
					     "postgres" };

	skep_top_watching_init(&w, NULL, false);
	w.passed_s = 1;
	for (uint32_t pid = 1; pid <= N_ROWS; pid++) {
		bool is_new;
		struct skep_top_process *p = skep_top_table_get(&w.processes, &pid, &is_new);

		snprintf(p->comm, sizeof(p->comm), "%s", names[pid % ARRAY_SIZE(names)]);
		snprintf(p->user, sizeof(p->user), "www-data");
		snprintf(p->container, sizeof(p->container),
			 "/system.slice/%u/蜂蜜蜂蜜蜂蜜.service", pid);
		p->state[0] = 'S';
		p->cpu = 100.0 / pid;
		p->rss = pid << 20;
		p->threads = pid;
		p->kernel = pid == 3;
	}
	return 0;
}

static int end(void **state)
{
	skep_top_watching_fini(&w);
	return 0;
}

/* Columns that a line takes; fails at a byte that could steer a terminal. */
static size_t width(const char *line)
{
	size_t columns = 0;

	for (size_t i = 0, n; line[i]; i += n) {
		n = skep_utf8_shown(line + i, strlen(line + i));
		if (!n) {
			assert_true(line[i] > 0 && line[i] < SKEP_TOP_N_STYLES);
			n = 1;
			continue;
		}
		columns += skep_utf8_columns(line + i, n);
	}
	return columns;
}

static const char *plain(const char *line)
{
	static char text[2048];
	size_t n = 0;

	for (; *line && n + 1 < sizeof(text); line++)
		if (!(*line > 0 && *line < SKEP_TOP_N_STYLES))
			text[n++] = *line;
	text[n] = '\0';
	return text;
}

static void draw(struct skep_top_ui *ui, struct skep_top_frame *frame, unsigned columns,
		 unsigned lines, bool ascii)
{
	struct skep_top_scene scene = skep_top_ui_scene(ui, &w, &machine);

	scene.columns = columns;
	scene.lines = lines;
	scene.ascii = ascii;
	ui->room = skep_top_frame_rows(&scene);
	skep_top_frame_draw(frame, &scene);
}

static void keys(struct skep_top_ui *ui, const char *text)
{
	for (; *text; text++)
		skep_top_ui_key(ui, &w, (unsigned char)*text);
}

/* No line is wider than the screen, whatever its size, and there are as many as it has. */
static void test_sizes(void **state)
{
	static const char *const pages[] = {
		"", "h", "q\n", "/abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz"
	};
	struct skep_top_frame frame = {};
	struct skep_top_ui ui;

	skep_top_ui_init(&ui, SKEP_TOP_PROCESSES, 1000);
	skep_top_ui_looked(&ui, &w);
	for (size_t p = 0; p < ARRAY_SIZE(pages); p++) {
		keys(&ui, pages[p]);
		skep_top_ui_looked(&ui, &w);
		for (unsigned columns = 1; columns < 220; columns += 1 + columns / 60)
			for (unsigned lines = 1; lines < 30; lines += 1 + lines / 8)
				for (unsigned kind = 0; kind < 2 * SKEP_TOP_N_KINDS; kind++) {
					struct skep_top_ui other = ui;

					if (kind % SKEP_TOP_N_KINDS) {
						other.kind = kind % SKEP_TOP_N_KINDS;
						other.rows.len = 0;
					}
					draw(&other, &frame, columns, lines,
					     kind >= SKEP_TOP_N_KINDS);
					assert_true(frame.n == lines || lines < 2 || columns < 2);
					for (unsigned i = 0; i < frame.n; i++)
						assert_true(width(skep_str_text(&frame.lines[i])) <=
							    columns);
				}
	}
	skep_top_frame_fini(&frame);
	skep_top_ui_fini(&ui);
}

static void expect_line(struct skep_top_frame *frame, unsigned line, const char *want)
{
	assert_true(line < frame->n);
	assert_string_equal(plain(skep_str_text(&frame->lines[line])), want);
}

static void test_lines(void **state)
{
	struct skep_top_frame frame = {};
	struct skep_top_ui ui;

	skep_top_ui_init(&ui, SKEP_TOP_PROCESSES, 1000);
	skep_top_ui_looked(&ui, &w);
	draw(&ui, &frame, 80, 14, false);
	expect_line(
		&frame, 0,
		"skep top   load 1.00 2.00 3.00   up 3d 11:20                            every 1s");
	expect_line(&frame, 1, "cpu [■■■■■■■■■■··········]  52% of 8   user  31  sys  20  io   1");
	expect_line(&frame, 2, "mem [■■■■················]  19%   3.0G of 16.0G");
	expect_line(&frame, 3, " 1 processes  2 containers  3 files  4 connections   by CPU%");
	expect_line(
		&frame, 4,
		"    PID USER     S  CPU% RUNQ%   RSS READ/s WRITE/s NET/s COMMAND   CONTAINER   ");
	expect_line(
		&frame, 5,
		"      1 www-data S 100.0     ·  1.0M      ·       ·     · 蜂の巣    …蜜.service ");
	expect_line(
		&frame, 6,
		"      2 www-data S  50.0     ·  2.0M      ·       ·     · ?[31mevi… …蜜.service ");
	expect_line(
		&frame, 13,
		"h help   / filter   < > sort   Enter details   q quit     30 rows   nothing lost");
	draw(&ui, &frame, 20, 6, true);
	expect_line(&frame, 0, "    PID  CPU% COMMAN");
	expect_line(&frame, 1, "      1 100.0 ???   ");
	skep_top_frame_fini(&frame);
	skep_top_ui_fini(&ui);
}

static void test_keys(void **state)
{
	struct skep_top_frame frame = {};
	struct skep_top_ui ui;

	skep_top_ui_init(&ui, SKEP_TOP_PROCESSES, 1000);
	skep_top_ui_looked(&ui, &w);
	draw(&ui, &frame, 80, 14, false);
	assert_int_equal(ui.rows.len, N_ROWS);
	keys(&ui, "K");
	assert_int_equal(ui.rows.len, N_ROWS - 1);
	keys(&ui, "K/POST");
	assert_int_equal(ui.rows.len, N_ROWS / 5);
	assert_true(ui.typing);
	skep_top_ui_key(&ui, &w, SKEP_TOP_KEY_BACK);
	assert_string_equal(ui.filter, "POS");
	keys(&ui, "\n");
	assert_false(ui.typing);
	keys(&ui, "\033");
	assert_int_equal(ui.rows.len, N_ROWS);
	keys(&ui, "/\xe8\x9c\x82");
	assert_int_equal(ui.rows.len, N_ROWS);
	skep_top_ui_key(&ui, &w, SKEP_TOP_KEY_BACK);
	assert_string_equal(ui.filter, "");
	keys(&ui, "\n>");
	assert_string_equal(skep_top_views[0].columns[ui.choices[0].sort].name, "runq");
	keys(&ui, "M");
	assert_int_equal(((const struct skep_top_process *)ui.rows.data[0])->pid, N_ROWS);
	/* The cursor goes with its row. */
	skep_top_ui_key(&ui, &w, SKEP_TOP_KEY_DOWN);
	assert_int_equal(ui.cursor, 1);
	keys(&ui, "r");
	assert_int_equal(ui.cursor, N_ROWS - 2);
	draw(&ui, &frame, 80, 14, false);
	assert_true(ui.first <= ui.cursor && ui.cursor < ui.first + ui.room);
	skep_top_ui_key(&ui, &w, SKEP_TOP_KEY_HOME);
	assert_int_equal(ui.cursor, 0);
	skep_top_ui_key(&ui, &w, SKEP_TOP_KEY_END);
	assert_int_equal(ui.cursor, N_ROWS - 1);
	for (unsigned i = 0; i < 20; i++)
		keys(&ui, "+");
	assert_int_equal(ui.interval_ms, SKEP_TOP_INTERVAL_MAX);
	for (unsigned i = 0; i < 20; i++)
		keys(&ui, "-");
	assert_int_equal(ui.interval_ms, SKEP_TOP_INTERVAL_MIN);
	keys(&ui, "\t");
	assert_int_equal(ui.kind, SKEP_TOP_CONTAINERS);
	assert_true(ui.wants_look);
	keys(&ui, "4 q");
	assert_true(ui.paused && ui.quits);
	skep_top_frame_fini(&frame);
	skep_top_ui_fini(&ui);
}

/* What is missing is told, and its column left out. */
static void test_missing(void **state)
{
	struct skep_top_frame frame = {};
	struct skep_top_ui ui;

	skep_top_ui_init(&ui, SKEP_TOP_PROCESSES, 1000);
	skep_top_ui_looked(&ui, &w);
	skep_top_sensor_close(&w.sensors, SKEP_TOP_NET, "no such probe");
	skep_losses_add(&w.losses, "ring_full", "rows did not fit into the ring", NULL, 7);
	draw(&ui, &frame, 80, 14, false);
	assert_null(strstr(plain(skep_str_text(&frame.lines[4])), "NET/s"));
	expect_line(
		&frame, 13,
		"missing: bytes over the network: no such probe                  30 rows   7 lost");
	skep_top_frame_fini(&frame);
	skep_top_ui_fini(&ui);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_missing),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
