/* SPDX-License-Identifier: Apache-2.0 */
#include "tool.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

uint64_t bench_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

void bench_sleep_ms(unsigned ms)
{
	struct timespec t = { ms / 1000, (long)(ms % 1000) * 1000000 };

	while (nanosleep(&t, &t) < 0 && errno == EINTR)
		;
}

int bench_tool_parse(char *text, struct bench_tool *ret_tool)
{
	char *program = strchr(text, '='), *colon;

	if (!program)
		return -EINVAL;
	*program++ = '\0';
	colon = strchr(program, ':');
	if (colon)
		*colon = '\0';
	*ret_tool = (struct bench_tool){
		.name = text,
		.root = colon ? program : NULL,
		.program = colon ? colon + 1 : program,
	};
	return 0;
}

static int open_output(const char *path)
{
	return open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
}

static _Noreturn void become(const struct bench_tool *tool, const char **argv, int out, int err)
{
	/* Who speaks to a terminal may listen to it, too. */
	int in = isatty(out) ? out : open("/dev/null", O_RDONLY);

	/* If this benchmark dies, so does what it started. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (in < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0)
		_exit(126);
	if (tool->root && (chroot(tool->root) < 0 || chdir("/") < 0))
		_exit(126);
	argv[0] = tool->program;
	execv(tool->program, (char *const *)argv);
	_exit(127);
}

int bench_start_on(const struct bench_tool *tool, const char **argv, int out_fd, int err_fd,
		   struct bench_run *ret_run)
{
	uint64_t start = bench_now_ns();
	pid_t pid = fork();

	if (pid == 0)
		become(tool, argv, out_fd, err_fd);
	if (pid < 0)
		return -errno;
	*ret_run = (struct bench_run){
		.pid = pid,
		.pidfd = (int)syscall(SYS_pidfd_open, pid, 0),
		.start_ns = start,
	};
	if (ret_run->pidfd >= 0)
		return 0;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return -ENOSYS;
}

int bench_start(const struct bench_tool *tool, const char **argv, const char *out,
		struct bench_run *ret_run)
{
	char err_path[4096];
	int out_fd, err_fd, r;

	snprintf(err_path, sizeof(err_path), "%s.err", out);
	out_fd = open_output(out);
	err_fd = open_output(err_path);
	r = out_fd < 0 || err_fd < 0 ? -errno : bench_start_on(tool, argv, out_fd, err_fd, ret_run);
	close(out_fd);
	close(err_fd);
	return r;
}

static double timeval_ms(struct timeval t)
{
	return (double)t.tv_sec * 1e3 + (double)t.tv_usec / 1e3;
}

int bench_finish(struct bench_run *run, int timeout_ms, struct bench_usage *ret_usage)
{
	struct pollfd p = { .fd = run->pidfd, .events = POLLIN };
	struct rusage usage;
	bool late = poll(&p, 1, timeout_ms) <= 0;
	double wall = (double)(bench_now_ns() - run->start_ns) / 1e6;
	int status;

	if (late)
		kill(run->pid, SIGKILL);
	if (wait4(run->pid, &status, 0, &usage) != run->pid)
		return -ECHILD;
	close(run->pidfd);
	run->pidfd = -1;
	if (late)
		return -ETIMEDOUT;
	*ret_usage = (struct bench_usage){
		.wall_ms = wall,
		.cpu_ms = timeval_ms(usage.ru_utime) + timeval_ms(usage.ru_stime),
		.peak_mib = (double)usage.ru_maxrss / 1024,
		.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
	};
	return 0;
}

int bench_stop(struct bench_run *run, int timeout_ms, struct bench_usage *ret_usage)
{
	struct pollfd p = { .fd = run->pidfd, .events = POLLIN };

	for (int waited = 0; waited < timeout_ms; waited += 1000) {
		kill(run->pid, SIGINT);
		if (poll(&p, 1, 1000) > 0)
			break;
	}
	return bench_finish(run, 0, ret_usage);
}

int bench_run(const struct bench_tool *tool, const char **argv, const char *out, int timeout_ms,
	      struct bench_usage *ret_usage)
{
	struct bench_run run;
	int r = bench_start(tool, argv, out, &run);

	return r < 0 ? r : bench_finish(&run, timeout_ms, ret_usage);
}

long bench_status_kib(pid_t pid, const char *field)
{
	char path[64], line[256];
	long kib = -ENOENT;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f))
		if (strncmp(line, field, strlen(field)) == 0)
			kib = strtol(line + strlen(field), NULL, 10);
	fclose(f);
	return kib;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

double bench_median(double *v, unsigned n)
{
	if (!n)
		return 0;
	qsort(v, n, sizeof(*v), compare);
	return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}
