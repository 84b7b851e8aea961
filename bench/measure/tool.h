/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tracer under measurement: a program here, or one in a root directory of its own (a peer of another release).
 *
 *	start ─► (running: its programs are found through its file descriptors) ─► finish
 *
 * Every run has a time limit; what outlives it is killed. Only processes started here are ever signalled.
 *
 *	struct bench_tool tool = { .name = "skep", .program = "build/skep" };
 *	r = bench_start(&tool, argv, out, &run);
 *	r = bench_finish(&run, 20000, &usage);
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define BENCH_MAX_TOOLS 3

struct bench_tool {
	const char *name;
	const char *root; /* chroot, or NULL */
	const char *program;
};

struct bench_run {
	pid_t pid;
	int pidfd;
	uint64_t start_ns;
};

struct bench_usage {
	double wall_ms, cpu_ms, peak_mib;
	int status; /* exit status, or 128 + signal */
};

uint64_t bench_now_ns(void);
void bench_sleep_ms(unsigned ms);

/* "NAME=[ROOT:]PROGRAM", which it cuts into pieces and points into. */
int bench_tool_parse(char *text, struct bench_tool *ret_tool);

/* argv[0] is replaced by the tool's program. Standard output goes to the file `out`, errors to `out`.err. */
int bench_start(const struct bench_tool *tool, const char **argv, const char *out,
		struct bench_run *ret_run);
/* The same with descriptors for output and errors, which stay open here. */
int bench_start_on(const struct bench_tool *tool, const char **argv, int out_fd, int err_fd,
		   struct bench_run *ret_run);

/* Waits for its end. -ETIMEDOUT: it took longer than `timeout_ms` and was killed. */
int bench_finish(struct bench_run *run, int timeout_ms, struct bench_usage *ret_usage);

/* The same, after asking it to end as Ctrl-C does; again every second, as a tool may miss the first. */
int bench_stop(struct bench_run *run, int timeout_ms, struct bench_usage *ret_usage);

/* Runs a tool to its end. */
int bench_run(const struct bench_tool *tool, const char **argv, const char *out, int timeout_ms,
	      struct bench_usage *ret_usage);

/* A number of KiB from /proc/PID/status, such as "VmRSS:"; -errno if it is not there. */
long bench_status_kib(pid_t pid, const char *field);

/* Sorts `v`. */
double bench_median(double *v, unsigned n);
