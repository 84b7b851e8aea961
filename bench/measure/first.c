/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ready-made tools, each command line that is given: what passes until it can show its first row, and what it needs while
 * nothing happens.
 *
 *	exec ─► attached: "Watching N probes" on the terminal that it gets ─► half a second ─► idle seconds ─► end
 *
 * Each sees one process alone, which sleeps. CPU time is read from the tool's clock the moment that the line arrives. It has
 * the kernel's part in it, which judges the programs, and depends little on what else the machine does, other than wall time.
 * Of skep top it is the first frame, and idle is what its looks at the whole machine cost.
 *
 * A few are started while the workload makes what they show: until the first row has arrived.
 *
 * What does not attach here is named with what it says.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "parts.h"
#include "workload.h"

#define ROUNDS 5
#define AT_ONCE 20 /* that are idle together */
#define SETTLE_MS 500
#define IDLE_MS 10000
#define TIMEOUT_MS 20000
#define MAX_WORDS 16
#define FIRST_MS 30
#define STEADY_MIB 5
#define STACKS_MIB 10 /* of those that follow stacks of programs and keep the tables that say how */
#define PEAK_MIB 16
#define IDLE_PERCENT 0.1
#define TOP_PERCENT 0.5 /* all processes of the machine, every second */

struct subject {
	const char *name, *words[MAX_WORDS];
	char text[64];
	bool attaches, has_stacks, is_top;
	double cpu[ROUNDS], wall[ROUNDS], steady, peak, idle;
	struct bench_run run;
	int terminal;
};

static double cpu_ms(pid_t pid)
{
	struct timespec t = {};
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &t) < 0)
		return -1;
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

#define TEXT(x) #x
#define USER_TEXT(x) TEXT(x)

/* PID and USER are put in. Who is not narrowed by either gets the option. A + in front: it keeps tables for stacks. */
static void cut(struct subject *s, char *text, const char *pid)
{
	bool is_narrow = false;
	unsigned n = 1;
	char *word;

	s->has_stacks = *text == '+';
	text += s->has_stacks;
	snprintf(s->text, sizeof(s->text), "%s", text);
	for (char *rest = text; (word = strsep(&rest, " ")) && n < MAX_WORDS - 3;) {
		bool is_pid = strcmp(word, "PID") == 0, is_user = strcmp(word, "USER") == 0;

		is_narrow |= is_pid || is_user;
		s->words[n++] = is_pid ? pid : is_user ? USER_TEXT(WORKLOAD_USER) : word;
	}
	s->name = s->words[1];
	s->is_top = strcmp(s->name, "top") == 0;
	if (!is_narrow && !s->is_top) {
		s->words[n++] = "--pid";
		s->words[n++] = pid;
	}
}

/* The first line that is an error, without its colours. */
static void tell(const struct subject *s, const char *said)
{
	const char *at = strstr(said, "cannot run here: ");

	at = at ? at + strlen("cannot run here: ") : said;
	printf("%s does not attach here: %.*s\n", s->name, (int)strcspn(at, "\r\n"), at);
}

static int start(struct bench *b, struct subject *s)
{
	const struct winsize size = { .ws_row = 24, .ws_col = 120 };
	int slave, r;

	if (openpty(&s->terminal, &slave, NULL, NULL, &size) < 0)
		return -errno;
	fcntl(s->terminal, F_SETFD, FD_CLOEXEC);
	r = bench_start_on(&b->tools[0], s->words, slave, slave, &s->run);
	close(slave);
	if (r < 0)
		close(s->terminal);
	return r;
}

/* Whether @said has the line that says that it is attached, and so many behind it. */
static bool has_lines(const struct subject *s, const char *said, unsigned n)
{
	const char *at = strstr(said, "Watching ");

	if (s->is_top) /* its heading */
		return strstr(said, "COMMAND");
	for (unsigned i = 0; at && i <= n; i++) {
		at = strchr(at, '\n');
		at = at ? at + 1 : NULL;
	}
	return at;
}

/* Until it says that it is attached, and so many lines more. False: it ended, or is not in time. */
static bool wait_for(struct subject *s, unsigned n_lines, double *ret_cpu, double *ret_wall,
		     char said[4096])
{
	struct pollfd p = { .fd = s->terminal, .events = POLLIN };
	size_t len = 0;

	said[0] = '\0';
	while (len < 4095 && poll(&p, 1, TIMEOUT_MS) > 0) {
		ssize_t n = read(s->terminal, said + len, 4095 - len);

		if (n <= 0)
			return false;
		*ret_cpu = cpu_ms(s->run.pid);
		*ret_wall = (double)(bench_now_ns() - s->run.start_ns) / 1e6;
		len += (size_t)n;
		said[len] = '\0';
		if (has_lines(s, said, n_lines))
			return true;
	}
	return false;
}

/* Without its terminal, so that it does not wait for somebody who reads. */
static void stop(struct subject *s)
{
	struct bench_usage usage;

	close(s->terminal);
	if (bench_stop(&s->run, TIMEOUT_MS, &usage) < 0)
		fprintf(stderr, "bench: %s did not end by itself\n", s->name);
}

/* CPU and wall time of every round. */
static bool measure_start(struct bench *b, struct subject *s, unsigned n_lines)
{
	char said[4096];

	for (unsigned i = 0; i < ROUNDS; i++) {
		bool good;

		if (start(b, s) < 0)
			return false;
		good = wait_for(s, n_lines, &s->cpu[i], &s->wall[i], said);
		stop(s);
		if (!good) {
			tell(s, said);
			return false;
		}
	}
	return true;
}

/* What they write meanwhile is read and thrown away, or they would wait for it. */
static void let_run(struct subject *s[], unsigned n, unsigned ms)
{
	char text[4096];

	for (unsigned waited = 0; waited < ms; waited += 50) {
		for (unsigned i = 0; i < n; i++) {
			struct pollfd p = { .fd = s[i]->terminal, .events = POLLIN };

			while (s[i]->attaches && poll(&p, 1, 0) > 0 &&
			       read(p.fd, text, sizeof(text)) > 0)
				;
		}
		bench_sleep_ms(50);
	}
}

/* Some together, as each is looked at for ten seconds. */
static void measure_idle(struct bench *b, struct subject *s[], unsigned n)
{
	char said[4096];
	double ms;

	for (unsigned i = 0; i < n; i++) {
		s[i]->attaches = start(b, s[i]) == 0;
		if (s[i]->attaches && !wait_for(s[i], 0, &ms, &ms, said)) {
			stop(s[i]);
			s[i]->attaches = false;
		}
	}
	let_run(s, n, SETTLE_MS);
	for (unsigned i = 0; i < n; i++)
		s[i]->idle = cpu_ms(s[i]->run.pid);
	let_run(s, n, IDLE_MS);
	for (unsigned i = 0; i < n; i++) {
		if (!s[i]->attaches)
			continue;
		s[i]->idle = (cpu_ms(s[i]->run.pid) - s[i]->idle) / IDLE_MS * 100;
		s[i]->steady = (double)bench_status_kib(s[i]->run.pid, "VmRSS:") / 1024;
		s[i]->peak = (double)bench_status_kib(s[i]->run.pid, "VmHWM:") / 1024;
		stop(s[i]);
	}
}

static void add(struct bench *b, const struct subject *s, const char *what, const char *unit,
		double value, double target)
{
	struct report_row *row;
	char text[64];

	snprintf(text, sizeof(text), "%.36s: %s", s->text, what);
	row = report_add(b->report, "first", text, unit);
	row->kind = REPORT_AT_MOST;
	row->target = target;
	row->value[0] = value;
	row->brief = true;
}

static void show(struct bench *b, struct subject *s)
{
	/* Sorted, so that the first is the least. */
	double cpu = bench_median(s->cpu, ROUNDS), wall = bench_median(s->wall, ROUNDS);

	printf("%-32.32s %8.1f %8.1f %8.1f %8.1f", s->text, s->cpu[0], cpu, s->wall[0], wall);
	add(b, s, "first, CPU", "ms", cpu, FIRST_MS);
	add(b, s, "first, wall", "ms", s->wall[0], FIRST_MS);
	if (s->steady) {
		printf(" %8.2f %8.2f %8.3f", s->steady, s->peak, s->idle);
		add(b, s, "steady", "MiB", s->steady, s->has_stacks ? STACKS_MIB : STEADY_MIB);
		add(b, s, "peak", "MiB", s->peak, PEAK_MIB);
		add(b, s, "idle", "%", s->idle, s->is_top ? TOP_PERCENT : IDLE_PERCENT);
	}
	printf("\n");
}

/* Rows: tools that are started while the workload makes what they show. */

static const struct {
	const char *command;
	enum workload_kind kind;
} shown[] = {
	{ "opensnoop -p PID", WORKLOAD_OPEN },
	{ "execsnoop -u USER", WORKLOAD_EXEC },
	{ "tcplife -p PID", WORKLOAD_TCP },
};

static pid_t keep_working(struct workload *w)
{
	pid_t pid = fork();
	double ns;

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (workload_call(w, 1, &ns) == 0)
		;
	_exit(1);
}

static void measure_rows(struct bench *b, const char *command, enum workload_kind kind)
{
	struct subject s = { .attaches = true };
	char pid[16], text[64];
	struct workload w;
	pid_t worker;

	if (workload_start(&w) < 0)
		return;
	w.kind = kind;
	worker = keep_working(&w);
	snprintf(pid, sizeof(pid), "%d", (int)w.pid);
	snprintf(text, sizeof(text), "%s", command);
	cut(&s, text, pid);
	if (worker > 0 && measure_start(b, &s, 2)) {
		strcat(s.text, ", a row");
		show(b, &s);
	}
	if (worker > 0) {
		kill(worker, SIGKILL);
		waitpid(worker, NULL, 0);
	}
	workload_stop(&w);
}

static pid_t start_sleeper(void)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		pause();
}

int first_measure(struct bench *b, char *const commands[], unsigned n_commands)
{
	struct subject *all = calloc(n_commands + 1, sizeof(*all)), *some[AT_ONCE];
	pid_t sleeper = start_sleeper();
	unsigned n = 0, n_attached = 0;
	char pid[16];

	if (!all || sleeper < 0)
		return -ENOMEM;
	snprintf(pid, sizeof(pid), "%d", (int)sleeper);
	for (unsigned i = 0; i < n_commands; i++) {
		cut(&all[i], commands[i], pid);
		if (b->only && !strstr(all[i].name, b->only))
			continue;
		all[i].attaches = measure_start(b, &all[i], 0);
		n_attached += all[i].attaches;
	}
	for (unsigned i = 0; i < n_commands; i++) {
		if (all[i].attaches)
			some[n++] = &all[i];
		if (n == AT_ONCE || (n && i + 1 == n_commands)) {
			measure_idle(b, some, n);
			n = 0;
		}
	}
	printf("\n%-32s %8s %8s %8s %8s %8s %8s %8s\n", "exec to attached; then idle", "CPU ms",
	       "median", "wall ms", "median", "steady", "peak MiB", "idle %");
	for (unsigned i = 0; i < n_commands; i++)
		if (all[i].attaches)
			show(b, &all[i]);
	for (unsigned i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
		if (!b->only || strstr(shown[i].command, b->only))
			measure_rows(b, shown[i].command, shown[i].kind);
	printf("%u tools attach here\n", n_attached);
	kill(sleeper, SIGKILL);
	waitpid(sleeper, NULL, 0);
	free(all);
	return 0;
}
