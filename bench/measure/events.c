/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cost of an event: the workload makes a system call while a tool counts or times these calls.
 *
 *	round:	untraced │ tool 0: start, wait until its programs run, time, account, stop │ tool 1 … │ untraced
 *
 * Time: without the kernel's statistics, the median over a round's batches, less the untraced median of that round;
 * of these the median over the rounds.
 * Account: with them, what all programs of the tool ran, less as many runs of an empty program, per call. A program
 * that also runs for other system calls is charged for these runs too.
 * What each tool counted is compared with the calls made while it was attached: who loses events is not cheap.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cost.h"
#include "parts.h"

#define BATCHES_OF_ALL 500 /* a million calls */
#define STATS_BATCHES 50
#define TIMEOUT_MS 15000

static const struct script {
	const char *name;
	unsigned n_probes;
	const char *text; /* %d: the workload's process */
	enum workload_kind kind;
} scripts[] = {
	{ "scalar count", 1, "tracepoint:syscalls:sys_enter_getppid /pid == %d/ { @ = count(); }" },
	{ "count by comm", 1,
	  "tracepoint:syscalls:sys_enter_getppid /pid == %d/ { @[comm] = count(); }" },
	{ "count by tid", 1,
	  "tracepoint:syscalls:sys_enter_getppid /pid == %d/ { @[tid] = count(); }" },
	{ "hist of the return value", 1,
	  "tracepoint:syscalls:sys_exit_getppid /pid == %d/ { @ = hist(args->ret); }" },
	{ "latency by a per-thread map", 2,
	  "tracepoint:syscalls:sys_enter_getppid /pid == %d/ { @start[tid] = nsecs; } "
	  "tracepoint:syscalls:sys_exit_getppid /@start[tid]/ "
	  "{ @ = hist(nsecs - @start[tid]); delete(@start[tid]); }" },
	{ "count by two keys", 1,
	  "tracepoint:syscalls:sys_enter_getppid /pid == %d/ { @[pid, comm] = count(); }" },
	{ "strings compared", 1,
	  "tracepoint:syscalls:sys_enter_getppid /pid == %d && comm == \"bench-calls\"/ "
	  "{ @ = count(); }" },
	{ "tuple as value and as key", 1,
	  "tracepoint:syscalls:sys_enter_getppid /pid == %d/ "
	  "{ @last[tid] = (pid, comm, nsecs); @[(uid, comm, pid)] = count(); }" },
	{ "count by kernel stack", 1,
	  "tracepoint:syscalls:sys_enter_getppid /pid == %d/ { @[kstack] = count(); }" },
	{ "count by path", 1,
	  "tracepoint:syscalls:sys_enter_faccessat /pid == %d/ { @[str(args->filename)] = count(); }",
	  WORKLOAD_PATH },
	{ "lhist of the return value", 1,
	  "tracepoint:syscalls:sys_exit_getppid /pid == %d/ "
	  "{ @ = lhist(args->ret, 0, 100000, 1000); }" },
	{ "latency by comm, deleted", 2,
	  "tracepoint:syscalls:sys_enter_getppid /pid == %d/ { @start[tid] = nsecs; } "
	  "tracepoint:syscalls:sys_exit_getppid /@start[tid]/ "
	  "{ @[comm] = hist(nsecs - @start[tid]); delete(@start[tid]); }" },
};

#define N_SCRIPTS (sizeof(scripts) / sizeof(scripts[0]))

static double untraced[COST_MAX_ROUNDS];
static struct cost_samples traced[BENCH_MAX_TOOLS];

/* Until as many of its programs as the script has probes run once a call. */
static int wait_attached(pid_t pid, unsigned n_probes, struct workload *w)
{
	struct progs before, after;
	double ns;

	for (unsigned waited = 0; waited < TIMEOUT_MS; waited += 10) {
		unsigned n = 0;

		if (progs_of(pid, &before) < 0 || workload_call(w, 1, &ns) < 0 ||
		    progs_of(pid, &after) < 0)
			return -ESRCH;
		for (unsigned i = 0; i < after.n; i++) {
			const struct prog *old = progs_find(&before, after.v[i].id);

			n += old && after.v[i].n_runs - old->n_runs >= WORKLOAD_BATCH;
		}
		if (n >= n_probes)
			return 0;
		bench_sleep_ms(10);
	}
	return -ETIMEDOUT;
}

/* The number of a map's line "@[comm]: 5", of the last line of a stack as key, "]: 5", or of a histogram's row "[8, 16)   5 |@@@", "[0]   5 |@@@"; else NULL. */
static const char *number_of(const char *line)
{
	if (strncmp(line, "@start", 6) == 0 || strncmp(line, "@last", 5) == 0)
		return NULL;
	if (line[0] == '@' || line[0] == ']')
		return strrchr(line, ':');
	if (line[0] == '[' || line[0] == '(')
		return strpbrk(line, ")]");
	return NULL;
}

/* What the tool counted: the sum of these. */
static uint64_t counted(const char *path)
{
	FILE *f = fopen(path, "re");
	uint64_t sum = 0;
	char line[512];

	while (f && fgets(line, sizeof(line), f)) {
		const char *at = number_of(line);

		if (at)
			sum += strtoull(at + 1, NULL, 10);
	}
	if (f)
		fclose(f);
	return sum;
}

static int measure_attached(struct bench_run *run, const struct script *script, struct workload *w,
			    unsigned n_batches, double *ret_ns, struct progs *ret_before,
			    struct progs *ret_after)
{
	int stats = progs_stats_on(), r = stats < 0 ? stats : 0;

	if (r == 0)
		r = wait_attached(run->pid, script->n_probes, w);
	if (stats >= 0)
		close(stats);
	if (r < 0)
		return r;
	w->n_calls = 0;
	r = cost_time(w, n_batches, ret_ns);
	if (r < 0)
		return r;
	return cost_account(run->pid, w, STATS_BATCHES, ret_before, ret_after);
}

static int run_tool(struct bench *b, unsigned tool, const struct script *script, struct workload *w,
		    unsigned n_batches, double *ret_ns, struct progs *ret_before,
		    struct progs *ret_after)
{
	char text[512];
	const char *argv[] = { NULL, "-e", text, NULL };
	struct bench_usage usage;
	struct bench_run run;
	int r, ended;

	snprintf(text, sizeof(text), script->text, (int)w->pid);
	r = bench_start(&b->tools[tool], argv, b->out, &run);
	if (r < 0)
		return r;
	r = measure_attached(&run, script, w, n_batches, ret_ns, ret_before, ret_after);
	if (r == -ETIMEDOUT)
		fprintf(stderr, "bench: its programs do not run\n");
	ended = bench_stop(&run, TIMEOUT_MS, &usage);
	if (r == 0)
		r = ended;
	if (r == 0 && counted(b->out) < w->n_calls) {
		fprintf(stderr, "bench: %s, %s: counted %llu of %llu calls\n", b->tools[tool].name,
			script->name, (unsigned long long)counted(b->out),
			(unsigned long long)w->n_calls);
		r = -EIO;
	}
	return r;
}

static int measure_round(struct bench *b, const struct script *script, struct workload *w,
			 struct cost_floors *floors, unsigned n_batches, unsigned round)
{
	int r = cost_time(w, n_batches, &untraced[round]);

	for (unsigned i = 0; i < b->n_tools && r == 0; i++) {
		unsigned t = (i + round) % b->n_tools;
		struct cost_samples *s = &traced[t];
		struct progs before, after;
		double ns = 0;
		int failed;

		if (s->failed || (t == 0 && b->tool_0_missing))
			continue;
		failed = run_tool(b, t, script, w, n_batches, &ns, &before, &after);
		s->failed = failed < 0;
		if (failed < 0) {
			fprintf(stderr, "bench: %s, %s: %s; see %s.err\n", b->tools[t].name,
				script->name, strerror(-failed), b->out);
			continue;
		}
		cost_add_account(s, &before, &after, STATS_BATCHES, floors, w);
		s->wall[s->n++] = ns - untraced[round];
	}
	return r;
}

static void add_rows(struct bench *b, const struct script *script, unsigned n_rounds)
{
	char what[64];
	struct report_row *wall, *run, *floor;

	wall = report_add(b->report, "events", script->name, "ns");
	snprintf(what, sizeof(what), "  of it in the programs");
	run = report_add(b->report, "events", what, "ns");
	floor = report_add(b->report, "events", "  of it by empty programs", "ns");
	wall->kind = REPORT_RATIO;
	wall->target = 1;
	wall->target_text = "1, aim 1/2";
	wall->aim = 0.5;
	printf("%s: untraced %.0f ns", script->name, bench_median(untraced, n_rounds));
	for (unsigned t = 0; t < b->n_tools; t++) {
		struct cost_samples *s = &traced[t];

		if (s->failed || !s->n)
			continue;
		wall->value[t] = bench_median(s->wall, s->n);
		run->value[t] = bench_median(s->account, s->n);
		floor->value[t] = s->floor_ns;
		printf("; %s: %s instructions, %.2f runs a call", b->tools[t].name, s->kind,
		       bench_median(s->runs, s->n));
	}
	printf("\n");
}

static int measure_script(struct bench *b, const struct script *script, struct cost_floors *floors)
{
	unsigned n_rounds = b->n_rounds < COST_MAX_ROUNDS ? b->n_rounds : COST_MAX_ROUNDS;
	unsigned n_batches = (BATCHES_OF_ALL + n_rounds - 1) / n_rounds;
	struct workload w;
	int r = workload_start(&w);

	if (r < 0)
		return r;
	w.kind = script->kind;
	memset(traced, 0, sizeof(traced));
	for (unsigned round = 0; round < n_rounds && r == 0; round++)
		r = measure_round(b, script, &w, floors, n_batches, round);
	workload_stop(&w);
	if (r == 0)
		add_rows(b, script, n_rounds);
	return r;
}

int events_measure(struct bench *b)
{
	struct cost_floors floors = {};
	int r = 0;

	for (unsigned i = 0; i < N_SCRIPTS && r == 0; i++) {
		if (b->only && !strstr(scripts[i].name, b->only))
			continue;
		r = measure_script(b, &scripts[i], &floors);
		fflush(stdout);
	}
	for (unsigned i = 0; i < floors.n; i++)
		printf("an empty program of kind %s: %.0f ns a run by the kernel's account, adds %.0f ns to a call\n",
		       progs_kind(floors.types[i]), floors.v[i].run_ns, floors.v[i].added_ns);
	return r;
}
