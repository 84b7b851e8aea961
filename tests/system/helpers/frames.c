/* SPDX-License-Identifier: Apache-2.0 */
/*
 * frames: functions that call each other without frame pointers, so that a test knows the stack that a trace must show.
 *
 *	frames chain=3     3 times main > frames_one > frames_two > frames_three > frames_leaf, with stacks of different shape:
 *	                   one of a size not known before, saved registers, a large array
 *	frames sort=1      main > qsort > frames_compare > frames_leaf
 *	frames signal=1    main > frames_raise > raise > (signal) > frames_handler > frames_leaf
 *	frames thread=1    a thread: frames_thread > frames_leaf
 *	frames busy=50     four threads at once, so many times each: frames_thread > frames_leaf; meanwhile two others map and unmap
 *	                   memory without pause, so that its lock is seldom free
 *	frames spin=300    until it has had so many milliseconds on a CPU, in main > frames_two > frames_three > frames_spin
 *	frames paths=5:7   7 times main > frames_left and frames_right, 16 of them in an order of their own > frames_leaf: orders
 *	                   number 5 to 11, so up to 65536 different stacks
 *	frames sleep=10    milliseconds
 *	frames wait=PATH   until there is such a file, a minute at most
 *	frames exec=ARG    executes itself with this argument, such as chain=1, alone
 *
 * frames_leaf does nothing else and returns what it gets.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#ifdef __x86_64__
#define LOSE_REGISTERS() __asm__ volatile("" ::: "memory", "rbx", "rbp", "r12", "r13")
#else
#define LOSE_REGISTERS() __asm__ volatile("" ::: "memory")
#endif
#define FUNCTION __attribute__((noinline, noclone))

int frames_leaf(int x);
int frames_one(int x);
int frames_two(int x);
int frames_three(int x);
int frames_compare(const void *a, const void *b);
int frames_spin(int ms);
void frames_handler(int signal);
void frames_raise(void);
void *frames_thread(void *arg);

FUNCTION int frames_leaf(int x)
{
	__asm__ volatile("" ::: "memory");
	return x;
}

int frames_left(unsigned path, int n);
int frames_right(unsigned path, int n);

static int go_on(unsigned path, int n)
{
	int r = !n	   ? frames_leaf(n)
		: path & 1 ? frames_left(path >> 1, n - 1)
			   : frames_right(path >> 1, n - 1);

	__asm__ volatile("" : "+r"(r));
	return r;
}

FUNCTION int frames_left(unsigned path, int n)
{
	return go_on(path, n) + 1;
}

FUNCTION int frames_right(unsigned path, int n)
{
	return go_on(path, n) + 2;
}

static void walk_paths(const char *arg)
{
	unsigned first = (unsigned)atoi(arg), n = 0;

	if (strchr(arg, ':'))
		n = (unsigned)atoi(strchr(arg, ':') + 1);
	for (unsigned i = 0; i < n; i++)
		go_on(first + i, 16);
}

/* Of this thread alone: how long it had to wait for a CPU is the others' doing. */
static long on_cpu_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

FUNCTION int frames_spin(int ms)
{
	long end = on_cpu_ms() + ms;

	while (on_cpu_ms() < end)
		for (volatile int i = 0; i < 100000; i++)
			;
	return ms;
}

FUNCTION int frames_three(int x)
{
	volatile int large[500];
	int r;

	large[x & 63] = x;
	r = x < 1000 ? frames_leaf(x) : frames_spin(x - 1000);
	return r + large[x & 63];
}

FUNCTION int frames_two(int x)
{
	int r = frames_three(x) * 2;

	LOSE_REGISTERS();
	return r;
}

FUNCTION int frames_one(int x)
{
	volatile char *unknown = __builtin_alloca((size_t)(x & 63) + 16);
	int r;

	unknown[x & 7] = 1;
	r = frames_two(x);
	return r + unknown[x & 7];
}

FUNCTION int frames_compare(const void *a, const void *b)
{
	int r = frames_leaf(*(const int *)a - *(const int *)b);

	__asm__ volatile("" ::: "memory");
	return r;
}

FUNCTION void frames_handler(int signal)
{
	frames_leaf(signal);
	__asm__ volatile("" ::: "memory");
}

FUNCTION void frames_raise(void)
{
	signal(SIGUSR1, frames_handler);
	raise(SIGUSR1);
	__asm__ volatile("" ::: "memory");
}

FUNCTION void *frames_thread(void *arg)
{
	int n = arg ? *(int *)arg : 1;

	for (int i = 0; i < n; i++) {
		frames_leaf(7);
		__asm__ volatile("" ::: "memory");
	}
	return arg;
}

static void sort(void)
{
	int numbers[2] = { 2, 1 };

	qsort(numbers, 2, sizeof(*numbers), frames_compare);
}

static void thread(void)
{
	pthread_t t;

	if (pthread_create(&t, NULL, frames_thread, NULL) == 0)
		pthread_join(t, NULL);
}

static void *map_memory(void *arg)
{
	const atomic_bool *ready = arg;

	while (!*ready) {
		void *p = mmap(NULL, 65536, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p != MAP_FAILED)
			munmap(p, 65536);
	}
	return NULL;
}

static void busy(int n)
{
	atomic_bool ready = false;
	pthread_t t[6];

	for (int i = 0; i < 6; i++)
		if (pthread_create(&t[i], NULL, i < 2 ? map_memory : frames_thread,
				   i < 2 ? (void *)&ready : (void *)&n))
			exit(1);
	for (int i = 5; i >= 0; i--) {
		ready = i < 2;
		pthread_join(t[i], NULL);
	}
}

static void sleep_ms(int ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&ts, NULL);
}

static void wait_for(const char *path)
{
	for (int i = 0; i < 6000 && access(path, F_OK) < 0; i++)
		sleep_ms(10);
}

int main(int argc, char **argv)
{
	int sum = 0;

	for (int i = 1; i < argc; i++) {
		const char *value = strchr(argv[i], '=');
		int n = value ? atoi(value + 1) : 0;

		if (!strncmp(argv[i], "chain=", 6))
			for (int j = 1; j <= n; j++)
				sum += frames_one(j);
		else if (!strncmp(argv[i], "sort=", 5))
			sort();
		else if (!strncmp(argv[i], "signal=", 7))
			frames_raise();
		else if (!strncmp(argv[i], "thread=", 7))
			thread();
		else if (!strncmp(argv[i], "busy=", 5))
			busy(n);
		else if (!strncmp(argv[i], "spin=", 5))
			sum += frames_two(1000 + n);
		else if (!strncmp(argv[i], "paths=", 6))
			walk_paths(value + 1);
		else if (!strncmp(argv[i], "sleep=", 6))
			sleep_ms(n);
		else if (!strncmp(argv[i], "wait=", 5))
			wait_for(value + 1);
		else if (!strncmp(argv[i], "exec=", 5))
			execl("/proc/self/exe", argv[0], value + 1, (char *)NULL);
		else
			return 2;
	}
	return sum < 0;
}
