/* SPDX-License-Identifier: Apache-2.0 */
#include "workload.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
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

/* What a kind holds for its calls. */
struct ground {
	int fd;
	struct sockaddr_in address;
	void *block;
};

static bool call_getppid(struct ground *g)
{
	return syscall(SYS_getppid) >= 0;
}

static bool call_path(struct ground *g)
{
	syscall(SYS_faccessat, AT_FDCWD, WORKLOAD_PATH_NAME, F_OK);
	return true;
}

static bool call_open(struct ground *g)
{
	return openat(AT_FDCWD, WORKLOAD_PATH_NAME, O_RDONLY | O_CLOEXEC) < 0;
}

static bool call_exec(struct ground *g)
{
	pid_t pid = vfork();
	int status;

	if (pid == 0) {
		/* The system calls, as the library's functions would tell all threads, and memory is shared here. */
		if (syscall(SYS_setresuid, WORKLOAD_USER, WORKLOAD_USER, WORKLOAD_USER) == 0)
			execl("/bin/true", "true", "for", "nothing", NULL);
		_exit(127);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

static bool listen_tcp(struct ground *g)
{
	socklen_t size = sizeof(g->address);

	g->address = (struct sockaddr_in){ .sin_family = AF_INET };
	g->address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	g->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return g->fd >= 0 && bind(g->fd, (struct sockaddr *)&g->address, size) == 0 &&
	       listen(g->fd, 16) == 0 &&
	       getsockname(g->fd, (struct sockaddr *)&g->address, &size) == 0;
}

/* Reset at its end: closed the long way, ports would wait a minute for each. */
static bool call_tcp(struct ground *g)
{
	const struct linger reset = { 1, 0 };
	int here = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), there = -1;
	bool good = here >= 0 &&
		    setsockopt(here, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)) == 0 &&
		    connect(here, (struct sockaddr *)&g->address, sizeof(g->address)) == 0 &&
		    (there = accept4(g->fd, NULL, NULL, SOCK_CLOEXEC)) >= 0;

	close(here);
	close(there);
	return good;
}

static int turns[2];
static unsigned n_turns;

static bool wait_for_turn(int *turn)
{
	while (!__atomic_exchange_n(turn, 0, __ATOMIC_ACQUIRE))
		if (syscall(SYS_futex, turn, FUTEX_WAIT_PRIVATE, 0, NULL) < 0 && errno != EAGAIN &&
		    errno != EINTR)
			return false;
	return true;
}

static void give_turn(int *turn)
{
	__atomic_store_n(turn, 1, __ATOMIC_RELEASE);
	syscall(SYS_futex, turn, FUTEX_WAKE_PRIVATE, 1);
}

static void *other_thread(void *nothing)
{
	while (wait_for_turn(&turns[1]))
		give_turn(&turns[0]);
	return nothing;
}

static bool start_other_thread(struct ground *g)
{
	pthread_t thread;

	return pthread_create(&thread, NULL, other_thread, NULL) == 0;
}

/* Two turns are one round: every second call makes it. */
static bool call_switch(struct ground *g)
{
	if (n_turns++ % 2)
		return true;
	give_turn(&turns[1]);
	return wait_for_turn(&turns[0]);
}

static bool open_device(struct ground *g)
{
	const char *path = getenv(WORKLOAD_DEVICE);

	g->block = aligned_alloc(4096, 4096);
	g->fd = path ? open(path, O_WRONLY | O_DIRECT | O_CLOEXEC) : -1;
	return g->block && g->fd >= 0;
}

static bool call_disk(struct ground *g)
{
	return pwrite(g->fd, g->block, 4096, 0) == 4096;
}

static const struct kind {
	unsigned n_calls;		/* in a batch */
	unsigned pause_us;		/* behind a batch: time to read the rows that it made */
	bool (*start)(struct ground *); /* or NULL */
	bool (*call)(struct ground *);
} kinds[] = {
	[WORKLOAD_GETPPID] = { WORKLOAD_BATCH, 0, NULL, call_getppid },
	[WORKLOAD_PATH] = { WORKLOAD_BATCH, 0, NULL, call_path },
	[WORKLOAD_OPEN] = { 200, 10000, NULL, call_open },
	[WORKLOAD_EXEC] = { 10, 0, NULL, call_exec },
	[WORKLOAD_TCP] = { 50, 5000, listen_tcp, call_tcp },
	[WORKLOAD_SWITCH] = { 500, 0, start_other_thread, call_switch },
	[WORKLOAD_DISK] = { 50, 0, open_device, call_disk },
};

unsigned workload_batch(const struct workload *w)
{
	return kinds[w->kind].n_calls;
}

static bool batch(const struct kind *kind, struct ground *g, double *ret_ns)
{
	uint64_t start = bench_now_ns();

	for (unsigned i = 0; i < kind->n_calls; i++)
		if (!kind->call(g))
			return false;
	*ret_ns = (double)(bench_now_ns() - start) / kind->n_calls;
	usleep(kind->pause_us);
	return true;
}

static _Noreturn void serve(int fd)
{
	static struct ground grounds[sizeof(kinds) / sizeof(kinds[0])];
	static bool started[sizeof(kinds) / sizeof(kinds[0])];
	static double ns[WORKLOAD_MAX_BATCHES];
	struct request q;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, WORKLOAD_NAME);
	stay_on_one_cpu();
	while (read(fd, &q, sizeof(q)) == sizeof(q) && q.n_batches <= WORKLOAD_MAX_BATCHES) {
		size_t size = q.n_batches * sizeof(*ns);
		struct ground *g = &grounds[q.kind];

		if (!started[q.kind] && kinds[q.kind].start && !kinds[q.kind].start(g))
			break;
		started[q.kind] = true;
		for (unsigned i = 0; i < q.n_batches; i++)
			if (!batch(&kinds[q.kind], g, &ns[i]))
				_exit(1);
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
	w->n_calls += (uint64_t)n_batches * workload_batch(w);
	return 0;
}
