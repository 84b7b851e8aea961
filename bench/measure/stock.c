/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Debian's .bt tools, narrowed to this process: from exec to the first byte of output, which a pipe receives, and memory.
 * Tools that do not attach on this machine, or say nothing at the start, are left out of what they do not have.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "parts.h"

#define ROUNDS 5
#define SETTLE_MS 400
#define TIMEOUT_MS 10000

struct worst {
	double value;
	char tool[32];
};

struct sample {
	double first_ms; /* REPORT_NONE: it said nothing */
	double steady_mib, peak_mib;
};

/* The tool's output goes to a named pipe at b->out, which is here read until the tool is asked to end. */
static int watch(const struct bench_run *run, int pipe_fd, struct sample *ret)
{
	struct pollfd p[] = { { .fd = pipe_fd, .events = POLLIN },
			      { .fd = run->pidfd, .events = POLLIN } };
	char text[4096];

	ret->first_ms = REPORT_NONE;
	if (poll(p, 2, SETTLE_MS) > 0 && read(pipe_fd, text, sizeof(text)) > 0)
		ret->first_ms = (double)(bench_now_ns() - run->start_ns) / 1e6;
	bench_sleep_ms(SETTLE_MS);
	while (read(pipe_fd, text, sizeof(text)) > 0)
		;
	ret->steady_mib = (double)bench_status_kib(run->pid, "VmRSS:") / 1024;
	ret->peak_mib = (double)bench_status_kib(run->pid, "VmHWM:") / 1024;
	return ret->steady_mib > 0 ? 0 : -ESRCH;
}

static int once(struct bench *b, const char *script, int pipe_fd, struct sample *ret)
{
	char pid[16];
	const char *argv[] = { NULL, "trace", "--pid", pid, script, NULL };
	struct bench_usage usage;
	struct bench_run run;
	int r;

	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	r = bench_start(&b->tools[0], argv, b->out, &run);
	if (r < 0)
		return r;
	r = watch(&run, pipe_fd, ret);
	if (bench_stop(&run, TIMEOUT_MS, &usage) < 0 || usage.status != 0)
		r = -EIO;
	return r;
}

static void note(struct worst *w, double value, const char *tool)
{
	if (value <= w->value)
		return;
	w->value = value;
	snprintf(w->tool, sizeof(w->tool), "%s", tool);
}

/* first output, steady, peak. False: this machine does not let it. */
static bool measure_one(struct bench *b, const char *script, int pipe_fd, struct worst *worst)
{
	const char *slash = strrchr(script, '/'), *name = slash ? slash + 1 : script;
	double first[ROUNDS], steady[ROUNDS], peak[ROUNDS];
	bool silent = false;
	struct sample s;

	for (unsigned i = 0; i < ROUNDS; i++) {
		if (once(b, script, pipe_fd, &s) < 0)
			return false;
		silent |= s.first_ms == REPORT_NONE;
		first[i] = s.first_ms;
		steady[i] = s.steady_mib;
		peak[i] = s.peak_mib;
	}
	if (!silent)
		note(&worst[0], bench_median(first, ROUNDS), name);
	note(&worst[1], bench_median(steady, ROUNDS), name);
	note(&worst[2], bench_median(peak, ROUNDS), name);
	return true;
}

static void add(struct bench *b, const char *what, const char *unit, const struct worst *w,
		double target)
{
	struct report_row *row;
	char text[64];

	snprintf(text, sizeof(text), "%s, worst: %.20s", what, w->tool);
	row = report_add(b->report, "stock tools", text, unit);
	row->kind = REPORT_AT_MOST;
	row->target = target;
	if (w->tool[0])
		row->value[0] = w->value;
}

int stock_measure(struct bench *b, char *const scripts[], unsigned n_scripts)
{
	struct worst worst[3] = {};
	unsigned n = 0;
	int pipe_fd;

	unlink(b->out);
	if (mkfifo(b->out, 0600) < 0)
		return -errno;
	pipe_fd = open(b->out, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	for (unsigned i = 0; i < n_scripts && pipe_fd >= 0 && !b->tool_0_missing; i++)
		n += measure_one(b, scripts[i], pipe_fd, worst);
	if (pipe_fd >= 0)
		close(pipe_fd);
	unlink(b->out);
	printf("%u of %u stock tools attach here\n", n, n_scripts);
	add(b, "first output", "ms", &worst[0], 30);
	add(b, "steady", "MiB", &worst[1], 5);
	add(b, "peak", "MiB", &worst[2], 16);
	return 0;
}
