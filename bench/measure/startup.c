/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "parts.h"
#include "progs.h"

#define MAX_ROUNDS 50
#define TIMEOUT_MS 20000
#define ONE_LINER "tracepoint:syscalls:sys_enter_openat /pid == cpid/ { @[comm] = count(); }"

/* The output must hold the answer: a tool that fails early is not a fast one. */
static bool output_has(const char *path, const char *text)
{
	static char data[1 << 16];
	FILE *f = fopen(path, "re");
	size_t n = f ? fread(data, 1, sizeof(data) - 1, f) : 0;

	if (f)
		fclose(f);
	data[n] = '\0';
	return strstr(data, text) != NULL;
}

static int run_once(struct bench *b, unsigned tool, struct bench_usage *ret_usage)
{
	const char *argv[] = { NULL, "-e", ONE_LINER, "-c", "/bin/true", NULL };
	int r = bench_run(&b->tools[tool], argv, b->out, TIMEOUT_MS, ret_usage);

	if (r == 0 && (ret_usage->status != 0 || !output_has(b->out, "@[true]: ")))
		r = -EIO;
	if (r < 0)
		fprintf(stderr, "bench: %s does not run the one-liner (%s); see %s.err\n",
			b->tools[tool].name, strerror(-r), b->out);
	return r;
}

int startup_measure(struct bench *b)
{
	static double wall[BENCH_MAX_TOOLS][MAX_ROUNDS], cpu[BENCH_MAX_TOOLS][MAX_ROUNDS],
		peak[BENCH_MAX_TOOLS][MAX_ROUNDS];
	unsigned n_rounds = b->n_rounds * 3 < MAX_ROUNDS ? b->n_rounds * 3 : MAX_ROUNDS;
	bool failed[BENCH_MAX_TOOLS] = { b->tool_0_missing };
	struct report_row *row[3];

	for (unsigned round = 0; round <= n_rounds; round++)
		for (unsigned t = 0; t < b->n_tools; t++) {
			unsigned slot = round ? round - 1 : 0; /* the first one fills caches */
			struct bench_usage usage;

			if (failed[t])
				continue;
			failed[t] = run_once(b, t, &usage) < 0;
			if (failed[t])
				continue;
			wall[t][slot] = usage.wall_ms;
			cpu[t][slot] = usage.cpu_ms;
			peak[t][slot] = usage.peak_mib;
		}
	row[0] = report_add(b->report, "start", "one-liner, exec to exit: wall", "ms");
	row[1] = report_add(b->report, "start", "one-liner, exec to exit: CPU", "ms");
	row[2] = report_add(b->report, "start", "one-liner, exec to exit: peak memory", "MiB");
	row[0]->kind = row[2]->kind = REPORT_RATIO;
	row[0]->target = 1.0 / 5;
	row[0]->target_text = "1/5";
	row[2]->target = 1.0 / 8;
	row[2]->target_text = "1/8";
	for (unsigned t = 0; t < b->n_tools; t++)
		if (!failed[t]) {
			row[0]->value[t] = bench_median(wall[t], n_rounds);
			row[1]->value[t] = bench_median(cpu[t], n_rounds);
			row[2]->value[t] = bench_median(peak[t], n_rounds);
		}
	return 0;
}

/* Attached: it holds programs. Then half a second, so that what it needs only at the start is given back. */
static int wait_until_steady(pid_t pid)
{
	struct progs progs = {};

	for (unsigned waited = 0; waited < 5000 && !progs.n; waited += 10) {
		bench_sleep_ms(10);
		if (progs_of(pid, &progs) < 0)
			return -ESRCH;
	}
	bench_sleep_ms(500);
	return progs.n ? 0 : -ETIMEDOUT;
}

static int steady_of(struct bench *b, unsigned tool, double *ret_rss, double *ret_anon)
{
	const char *argv[] = { NULL, "-e", ONE_LINER, "-c", "/bin/sleep 3", NULL };
	struct bench_usage usage;
	struct bench_run run;
	long rss, anon;
	int r = bench_start(&b->tools[tool], argv, b->out, &run);

	if (r < 0)
		return r;
	r = wait_until_steady(run.pid);
	rss = bench_status_kib(run.pid, "VmRSS:");
	anon = bench_status_kib(run.pid, "RssAnon:");
	if (bench_finish(&run, TIMEOUT_MS, &usage) < 0 || usage.status != 0 || rss <= 0)
		r = -EIO;
	*ret_rss = (double)rss / 1024;
	*ret_anon = (double)anon / 1024;
	return r;
}

int steady_measure(struct bench *b)
{
	struct report_row *rss = report_add(b->report, "memory", "steady, resident", "MiB");
	struct report_row *anon =
		report_add(b->report, "memory", "of these its own, not files", "MiB");

	rss->kind = REPORT_AT_MOST;
	rss->target = 5;
	for (unsigned t = 0; t < b->n_tools; t++) {
		double v[2];

		if ((t == 0 && b->tool_0_missing) || steady_of(b, t, &v[0], &v[1]) < 0)
			continue;
		rss->value[t] = v[0];
		anon->value[t] = v[1];
	}
	return 0;
}
