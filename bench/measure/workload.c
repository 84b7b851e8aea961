/* SPDX-License-Identifier: Apache-2.0 */
#include "workload.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tool.h"

static void stay_on_one_cpu(void)
{
	cpu_set_t allowed, one;

	if (sched_getaffinity(0, sizeof(allowed), &allowed) < 0)
		return;
	for (int cpu = CPU_SETSIZE - 1; cpu >= 0; cpu--)
		if (CPU_ISSET(cpu, &allowed)) {
			CPU_ZERO(&one);
			CPU_SET(cpu, &one);
			sched_setaffinity(0, sizeof(one), &one);
			return;
		}
}

static double batch(void)
{
	uint64_t start = bench_now_ns();

	for (unsigned i = 0; i < WORKLOAD_BATCH; i++)
		syscall(SYS_getppid);
	return (double)(bench_now_ns() - start) / WORKLOAD_BATCH;
}

static _Noreturn void serve(int fd)
{
	static double ns[WORKLOAD_MAX_BATCHES];
	unsigned n;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, WORKLOAD_NAME);
	stay_on_one_cpu();
	while (read(fd, &n, sizeof(n)) == sizeof(n) && n <= WORKLOAD_MAX_BATCHES) {
		size_t size = n * sizeof(*ns);

		for (unsigned i = 0; i < n; i++)
			ns[i] = batch();
		if (write(fd, ns, size) != (ssize_t)size)
			break;
	}
	_exit(0);
}

int workload_start(struct workload *ret_w)
{
	int fds[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		return -errno;
	pid = fork();
	if (pid == 0) {
		close(fds[0]);
		serve(fds[1]);
	}
	close(fds[1]);
	if (pid < 0) {
		close(fds[0]);
		return -errno;
	}
	*ret_w = (struct workload){ .pid = pid, .fd = fds[0] };
	return 0;
}

void workload_stop(struct workload *w)
{
	close(w->fd);
	waitpid(w->pid, NULL, 0);
}

int workload_call(struct workload *w, unsigned n_batches, double *ret_ns)
{
	size_t want = n_batches * sizeof(*ret_ns), got = 0;

	if (n_batches > WORKLOAD_MAX_BATCHES)
		return -EINVAL;
	if (write(w->fd, &n_batches, sizeof(n_batches)) != sizeof(n_batches))
		return -EPIPE;
	while (got < want) {
		ssize_t r = read(w->fd, (char *)ret_ns + got, want - got);

		if (r <= 0)
			return -EPIPE;
		got += (size_t)r;
	}
	w->n_calls += (uint64_t)n_batches * WORKLOAD_BATCH;
	return 0;
}
