/* SPDX-License-Identifier: Apache-2.0 */
#include "workload.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tool.h"

struct request {
	enum workload_kind kind;
	unsigned n_batches;
};

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

static double batch(enum workload_kind kind)
{
	uint64_t start = bench_now_ns();

	for (unsigned i = 0; i < WORKLOAD_BATCH; i++) {
		if (kind == WORKLOAD_PATH)
			syscall(SYS_faccessat, AT_FDCWD, WORKLOAD_PATH_NAME, F_OK);
		else
			syscall(SYS_getppid);
	}
	return (double)(bench_now_ns() - start) / WORKLOAD_BATCH;
}

static _Noreturn void serve(int fd)
{
	static double ns[WORKLOAD_MAX_BATCHES];
	struct request q;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, WORKLOAD_NAME);
	stay_on_one_cpu();
	while (read(fd, &q, sizeof(q)) == sizeof(q) && q.n_batches <= WORKLOAD_MAX_BATCHES) {
		size_t size = q.n_batches * sizeof(*ns);

		for (unsigned i = 0; i < q.n_batches; i++)
			ns[i] = batch(q.kind);
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
	const struct request q = { w->kind, n_batches };
	size_t want = n_batches * sizeof(*ret_ns), got = 0;

	if (n_batches > WORKLOAD_MAX_BATCHES)
		return -EINVAL;
	if (write(w->fd, &q, sizeof(q)) != sizeof(q))
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
