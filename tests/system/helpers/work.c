/* SPDX-License-Identifier: Apache-2.0 */
/*
 * work: does exactly what it is told, in order, so that a test knows what a trace of it must show.
 *
 *	work getppid=1000 open=/etc/passwd call=3 sleep=50
 *
 *	getppid=N     N times the system call getppid
 *	compat=N      N times getpid through int 0x80, which tracepoints of system calls do not count
 *	open=PATH     openat(AT_FDCWD, PATH, O_RDONLY), then close when that went well
 *	write=TEXT    write(1, TEXT "\n")
 *	call=N        N calls of work_add(i, 2 * i), which returns the sum; i counts from 1
 *	sleep=MS      one nanosleep
 *	spin=MS       keeps one CPU busy, in work_spin
 *	threads=N     N threads, each calls work_add(1, 2) once, all joined
 *	fork=N        N children, one after the other, each exits at once with code 0
 *	comm=NAME     renames itself
 *	exit=CODE     ends here with this code
 *
 * Names of functions are for uprobes; none of them is inlined.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int work_add(int a, int b);
long work_spin(long ms);

__attribute__((noinline, noclone)) int work_add(int a, int b)
{
	__asm__ volatile("");
	return a + b;
}

static long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

__attribute__((noinline, noclone)) long work_spin(long ms)
{
	long end = now_ms() + ms, turns = 0;

	while (now_ms() < end)
		turns++;
	return turns;
}

static void do_getppid(long n)
{
	while (n-- > 0)
		syscall(SYS_getppid);
}

static void do_compat(long n)
{
#ifdef __x86_64__
	while (n-- > 0) {
		long number = 20,
		     result; /* getpid of the 32-bit table; 20 is writev in the 64-bit one */

		__asm__ volatile("int $0x80"
				 : "=a"(result)
				 : "a"(number)
				 : "memory", "r8", "r9", "r10", "r11");
	}
#endif
}

static void do_open(const char *path)
{
	int fd = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
}

static void do_call(long n)
{
	int i;

	for (i = 1; i <= n; i++)
		work_add(i, 2 * i);
}

static void do_sleep(long ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&ts, NULL);
}

static void *thread_main(void *arg)
{
	work_add(1, 2);
	return arg;
}

static void do_threads(long n)
{
	pthread_t threads[64];
	long i, started = 0;

	for (i = 0; i < n && i < 64; i++) {
		if (pthread_create(&threads[i], NULL, thread_main, NULL) != 0)
			break;
		started++;
	}
	for (i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
}

static void do_fork(long n)
{
	while (n-- > 0) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(0);
		if (pid > 0)
			waitpid(pid, NULL, 0);
	}
}

static int do_one(const char *verb, const char *value)
{
	long n = atol(value);

	if (!strcmp(verb, "getppid"))
		do_getppid(n);
	else if (!strcmp(verb, "compat"))
		do_compat(n);
	else if (!strcmp(verb, "open"))
		do_open(value);
	else if (!strcmp(verb, "write"))
		return dprintf(1, "%s\n", value) < 0;
	else if (!strcmp(verb, "call"))
		do_call(n);
	else if (!strcmp(verb, "sleep"))
		do_sleep(n);
	else if (!strcmp(verb, "spin"))
		work_spin(n);
	else if (!strcmp(verb, "threads"))
		do_threads(n);
	else if (!strcmp(verb, "fork"))
		do_fork(n);
	else if (!strcmp(verb, "comm"))
		prctl(PR_SET_NAME, value);
	else if (!strcmp(verb, "exit"))
		exit((int)n);
	else
		return 1;
	return 0;
}

int main(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++) {
		char *equals = strchr(argv[i], '=');

		if (!equals) {
			fprintf(stderr, "work: what is '%s'? VERB=VALUE\n", argv[i]);
			return 2;
		}
		*equals = '\0';
		if (do_one(argv[i], equals + 1) != 0) {
			fprintf(stderr, "work: cannot do '%s'\n", argv[i]);
			return 2;
		}
	}
	return 0;
}
