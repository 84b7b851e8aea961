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
 *	address=1     prints the address of work_add, which is the same in every run
 *	say=TEXT      work_say(TEXT, -7, numbers, words), which returns TEXT without its first byte; numbers are
 *	              { 100, -200, 300 }, words { "one", "two", "three", NULL }; TEXT is in memory that was touched
 *	look=N        work_look(&point): struct { int x = N; short y = -N; char name[10] = "point"; struct *next; },
 *	              next has x = N + 1, y = -N - 1, name "next" and no next
 *	many=N        work_many(N, N + 1, ... N + 7): eight arguments, of which x86-64 has two on the stack
 *	udp=PORT      sends the datagram "hello packet" from and to this port of 127.0.0.1
 *	parts=N       a message of N bytes through a Unix stream socket, "hello\\0world" and then dots: it is looked at,
 *	              5 bytes of it are read, then the rest
 *	reaper=1      becomes a child subreaper, which is a bit-field in the kernel
 *	sleep=MS      one nanosleep
 *	wait=PATH     until there is such a file
 *	spin=MS       keeps a CPU busy, in work_spin, until it has had so much time on one
 *	threads=N     N threads, each calls work_add(1, 2) once, all joined
 *	raw=N:A:B...  system call number N with up to six arguments, which need not make sense
 *	raw32=N:A...  the same through int 0x80: number and meaning are those of the 32-bit table
 *	x32=N:A...    the same with the bit of the x32 table, which most kernels do not have
 *	times=N       from here on each raw call is made N times
 *	across=N      and that in each of N threads (0: in this one)
 *	fork=N        N children, one after the other, each exits at once with code 0
 *	comm=NAME     renames itself
 *	mkdir=PATH    makes this directory
 *	exit=CODE     ends here with this code
 *
 * Names of functions are for uprobes; none of them is inlined.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct point {
	int x;
	short y;
	char name[10];
	struct point *next;
};

int work_add(int a, int b);
long work_spin(long ms);
const char *work_say(const char *text, int n, const int *numbers, const char *const *words);
int work_look(const struct point *point);

__attribute__((noinline, noclone)) int work_add(int a, int b)
{
	__asm__ volatile("");
	return a + b;
}

long work_many(long a, long b, long c, long d, long e, long f, long g, long h);

__attribute__((noinline, noclone)) long work_many(long a, long b, long c, long d, long e, long f,
						  long g, long h)
{
	__asm__ volatile("");
	return a + b + c + d + e + f + g + h;
}

/* Of this thread alone: how long it had to wait for a CPU is the others' doing. */
static long on_cpu_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

__attribute__((noinline, noclone)) long work_spin(long ms)
{
	long end = on_cpu_ms() + ms, turns = 0;

	while (on_cpu_ms() < end) /* a system call: seldom, so that samples are of this function */
		for (volatile int i = 0; i < 10000; i++)
			turns++;
	return turns;
}

__attribute__((noinline, noclone)) const char *work_say(const char *text, int n, const int *numbers,
							const char *const *words)
{
	__asm__ volatile("" : : "r"(n), "r"(numbers), "r"(words) : "memory");
	return text + 1;
}

__attribute__((noinline, noclone)) int work_look(const struct point *point)
{
	__asm__ volatile("" : : "r"(point) : "memory");
	return point->x;
}

static void do_say(const char *value)
{
	char texts[4][16] = { "one", "two", "three" };
	const char *words[] = { texts[0], texts[1], texts[2], NULL };
	int numbers[] = { 100, -200, 300 };
	char *text = strdup(value);

	if (text)
		work_say(text, -7, numbers, words);
	free(text);
}

static void do_look(long n)
{
	struct point next = { (int)n + 1, (short)(-n - 1), "next", NULL };
	struct point point = { (int)n, (short)-n, "point", &next };

	work_look(&point);
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

static void do_wait(const char *path)
{
	while (access(path, F_OK) != 0)
		usleep(10000);
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

/* Calls with chosen numbers and arguments */

enum table {
	TABLE_NATIVE,
	TABLE_32,
	TABLE_X32
};

struct raw_call {
	enum table table;
	long number, args[6];
};

static long times = 1, across;

static int parse_call(const char *text, struct raw_call *call)
{
	char *end;
	int n;

	call->number = strtol(text, &end, 0);
	for (n = 0; *end == ':' && n < 6; n++)
		call->args[n] = (long)strtoull(end + 1, &end, 0);
	return *end ? -1 : 0;
}

static void call_once(const struct raw_call *c)
{
	const long *a = c->args;

	if (c->table != TABLE_32) {
		syscall(c->number | (c->table == TABLE_X32 ? 0x40000000 : 0), a[0], a[1], a[2],
			a[3], a[4], a[5]);
		return;
	}
#ifdef __x86_64__
	{
		long result;

		/* The sixth argument goes through bp, which the compiler may need itself: it is left. */
		__asm__ volatile("int $0x80"
				 : "=a"(result)
				 : "a"(c->number), "b"(a[0]), "c"(a[1]), "d"(a[2]), "S"(a[3]),
				   "D"(a[4])
				 : "memory", "r8", "r9", "r10", "r11");
	}
#endif
}

static void *call_times(void *call)
{
	long i;

	for (i = 0; i < times; i++)
		call_once(call);
	return NULL;
}

static int do_call_raw(enum table table, const char *text)
{
	struct raw_call call = { table, 0, { 0 } };
	pthread_t threads[64];
	long i, started = 0;

	if (parse_call(text, &call) < 0)
		return -1;
	if (across <= 0)
		call_times(&call);
	for (i = 0; i < across && i < 64; i++) {
		if (pthread_create(&threads[i], NULL, call_times, &call) != 0)
			break;
		started++;
	}
	for (i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	return started == across || across <= 0 ? 0 : -1;
}

static int do_udp(long port)
{
	static const char text[] = "hello packet";
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_port = htons((unsigned short)port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	ssize_t n;

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		return -1;
	n = sendto(fd, text, sizeof(text) - 1, 0, (struct sockaddr *)&at, sizeof(at));
	close(fd);
	return n < 0 ? -1 : 0;
}

static int do_parts(long size)
{
	char *text = malloc((size_t)size), *got = malloc((size_t)size);
	int fds[2], r = -1;

	if (!text || !got || size < 16 || socketpair(AF_UNIX, SOCK_STREAM, 0, fds) < 0)
		return -1;
	memset(text, '.', (size_t)size);
	memcpy(text, "hello\0world", 11);
	if (write(fds[0], text, (size_t)size) == size &&
	    recv(fds[1], got, (size_t)size, MSG_PEEK) == size && read(fds[1], got, 5) == 5 &&
	    read(fds[1], got, (size_t)size) == size - 5)
		r = 0;
	close(fds[0]);
	close(fds[1]);
	free(text);
	free(got);
	return r;
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
	else if (!strcmp(verb, "say"))
		do_say(value);
	else if (!strcmp(verb, "look"))
		do_look(n);
	else if (!strcmp(verb, "many"))
		work_many(n, n + 1, n + 2, n + 3, n + 4, n + 5, n + 6, n + 7);
	else if (!strcmp(verb, "udp"))
		return do_udp(n);
	else if (!strcmp(verb, "parts"))
		return do_parts(n);
	else if (!strcmp(verb, "reaper"))
		return prctl(PR_SET_CHILD_SUBREAPER, n) != 0;
	else if (!strcmp(verb, "sleep"))
		do_sleep(n);
	else if (!strcmp(verb, "wait"))
		do_wait(value);
	else if (!strcmp(verb, "spin"))
		work_spin(n);
	else if (!strcmp(verb, "address"))
		return dprintf(1, "0x%lx\n", (long)work_add) < 0;
	else if (!strcmp(verb, "raw"))
		return do_call_raw(TABLE_NATIVE, value);
	else if (!strcmp(verb, "raw32"))
		return do_call_raw(TABLE_32, value);
	else if (!strcmp(verb, "x32"))
		return do_call_raw(TABLE_X32, value);
	else if (!strcmp(verb, "times"))
		times = n;
	else if (!strcmp(verb, "across"))
		across = n;
	else if (!strcmp(verb, "threads"))
		do_threads(n);
	else if (!strcmp(verb, "fork"))
		do_fork(n);
	else if (!strcmp(verb, "comm"))
		prctl(PR_SET_NAME, value);
	else if (!strcmp(verb, "mkdir"))
		return mkdir(value, 0755);
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
