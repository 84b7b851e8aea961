/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cost of an event: the workload calls getppid() while a tool counts or times these calls.
 *
 *	round:	untraced │ tool 0: start, wait until its programs run, time, account, stop │ tool 1 … │ untraced
 *
 * Time: without the kernel's statistics, the median over all batches of all rounds, less the untraced median.
 * Account: with them, what all programs of the tool ran, less as many runs of an empty program, per call. A program
 * that also runs for other system calls is charged for these runs too.
 * What each tool counted is compared with the calls made while it was attached: who loses events is not cheap.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "parts.h"
#include "progs.h"

#define MAX_ROUNDS 20
#define BATCHES_OF_ALL 500 /* a million calls */
#define STATS_BATCHES 50
#define TIMEOUT_MS 15000
#define MAX_KINDS 8

static const struct script {
	const char *name;
	unsigned n_probes;
	const char *text; /* %d: the workload's process */
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
};

#define N_SCRIPTS (sizeof(scripts) / sizeof(scripts[0]))

struct samples {
	unsigned n;
	double v[BATCHES_OF_ALL * 2 + MAX_ROUNDS];
};

struct tool_samples {
	struct samples wall;
	double account[MAX_ROUNDS], runs[MAX_ROUNDS];
	unsigned n_accounts;
	bool failed;
	char kind[64];
};

struct floors {
	unsigned n;
	struct {
		uint32_t type;
		double ns;
	} v[MAX_KINDS];
};

static struct samples untraced;
static struct tool_samples traced[BENCH_MAX_TOOLS];

static double floor_of(struct floors *floors, uint32_t type, struct workload *w)
{
	double ns = 0;

	for (unsigned i = 0; i < floors->n; i++)
		if (floors->v[i].type == type)
			return floors->v[i].ns;
	if (floors->n == MAX_KINDS)
		return 0;
	if (progs_floor(type, w, &ns) < 0) {
		fprintf(stderr, "bench: no floor for programs of kind %s: nothing is subtracted\n",
			progs_kind(type));
		ns = 0;
	}
	floors->v[floors->n].type = type;
	floors->v[floors->n++].ns = ns;
	return ns;
}

static int time_calls(struct workload *w, unsigned n_batches, struct samples *samples)
{
	int r;

	if (samples->n + n_batches > sizeof(samples->v) / sizeof(samples->v[0]))
		return -ENOSPC;
	r = workload_call(w, n_batches, samples->v + samples->n);
	if (r == 0)
		samples->n += n_batches;
	return r;
}

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

static int account(pid_t pid, struct workload *w, double *batches, struct progs *ret_before,
		   struct progs *ret_after)
{
	if (progs_of(pid, ret_before) < 0 || workload_call(w, STATS_BATCHES, batches) < 0 ||
	    progs_of(pid, ret_after) < 0)
		return -ESRCH;
	return 0;
}

/* The number of a map's line "@[comm]: 5", or of a histogram's row "[8, 16)   5 |@@@", "[0]   5 |@@@"; else NULL. */
static const char *number_of(const char *line)
{
	if (strncmp(line, "@start", 6) == 0)
		return NULL;
	if (line[0] == '@')
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
			    unsigned n_batches, struct tool_samples *s, struct progs *ret_before,
			    struct progs *ret_after)
{
	static double batches[STATS_BATCHES];
	int stats = progs_stats_on(), r = stats < 0 ? stats : 0;

	if (r == 0)
		r = wait_attached(run->pid, script->n_probes, w);
	if (stats >= 0)
		close(stats);
	if (r < 0)
		return r;
	w->n_calls = 0;
	r = time_calls(w, n_batches, &s->wall);
	if (r < 0)
		return r;
	stats = progs_stats_on();
	if (stats < 0)
		return stats;
	r = account(run->pid, w, batches, ret_before, ret_after);
	close(stats);
	return r;
}

static int run_tool(struct bench *b, unsigned tool, const struct script *script, struct workload *w,
		    unsigned n_batches, struct progs *ret_before, struct progs *ret_after)
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
	r = measure_attached(&run, script, w, n_batches, &traced[tool], ret_before, ret_after);
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

static void add_account(struct tool_samples *s, const struct progs *before,
			const struct progs *after, struct floors *floors, struct workload *w)
{
	const double calls = (double)STATS_BATCHES * WORKLOAD_BATCH;
	double ns = 0, runs = 0;

	s->kind[0] = '\0';
	for (unsigned i = 0; i < after->n; i++) {
		const struct prog *p = &after->v[i], *old = progs_find(before, p->id);
		double n = old ? (double)(p->n_runs - old->n_runs) : 0;
		size_t length = strlen(s->kind);

		if (n < calls / 2)
			continue;
		ns += (double)(p->run_ns - old->run_ns) - n * floor_of(floors, p->type, w);
		runs += n;
		snprintf(s->kind + length, sizeof(s->kind) - length, "%s%s %u", length ? ", " : "",
			 progs_kind(p->type), p->n_insns);
	}
	s->account[s->n_accounts] = ns / calls;
	s->runs[s->n_accounts++] = runs / calls;
}

static int measure_round(struct bench *b, const struct script *script, struct workload *w,
			 struct floors *floors, unsigned n_batches, unsigned round)
{
	int r = time_calls(w, n_batches, &untraced);

	for (unsigned i = 0; i < b->n_tools && r == 0; i++) {
		unsigned t = (i + round) % b->n_tools;
		struct progs before, after;
		int failed;

		if (traced[t].failed || (t == 0 && b->tool_0_missing))
			continue;
		failed = run_tool(b, t, script, w, n_batches, &before, &after);
		traced[t].failed = failed < 0;
		if (failed < 0)
			fprintf(stderr, "bench: %s, %s: %s; see %s.err\n", b->tools[t].name,
				script->name, strerror(-failed), b->out);
		else
			add_account(&traced[t], &before, &after, floors, w);
	}
	return r;
}

static void add_rows(struct bench *b, const struct script *script)
{
	char what[64];
	struct report_row *wall, *run;
	double base = bench_median(untraced.v, untraced.n);

	wall = report_add(b->report, "events", script->name, "ns");
	snprintf(what, sizeof(what), "  of it in the programs");
	run = report_add(b->report, "events", what, "ns");
	wall->kind = REPORT_RATIO;
	wall->target = 1;
	wall->target_text = "1, aim 1/2";
	wall->aim = 0.5;
	printf("%s: untraced %.0f ns", script->name, base);
	for (unsigned t = 0; t < b->n_tools; t++) {
		struct tool_samples *s = &traced[t];

		if (s->failed || !s->n_accounts)
			continue;
		wall->value[t] = bench_median(s->wall.v, s->wall.n) - base;
		run->value[t] = bench_median(s->account, s->n_accounts);
		printf("; %s: %s instructions, %.2f runs a call", b->tools[t].name, s->kind,
		       bench_median(s->runs, s->n_accounts));
	}
	printf("\n");
}

static int measure_script(struct bench *b, const struct script *script, struct floors *floors)
{
	unsigned n_rounds = b->n_rounds < MAX_ROUNDS ? b->n_rounds : MAX_ROUNDS;
	unsigned n_batches = (BATCHES_OF_ALL + n_rounds - 1) / n_rounds;
	struct workload w;
	int r = workload_start(&w);

	if (r < 0)
		return r;
	untraced.n = 0;
	memset(traced, 0, sizeof(traced));
	for (unsigned round = 0; round < n_rounds && r == 0; round++)
		r = measure_round(b, script, &w, floors, n_batches, round);
	workload_stop(&w);
	if (r == 0)
		add_rows(b, script);
	return r;
}

int events_measure(struct bench *b)
{
	struct floors floors = {};
	int r = 0;

	for (unsigned i = 0; i < N_SCRIPTS && r == 0; i++) {
		r = measure_script(b, &scripts[i], &floors);
		fflush(stdout);
	}
	printf("an empty program, by the kernel's account:");
	for (unsigned i = 0; i < floors.n; i++)
		printf(" %s %.0f ns", progs_kind(floors.v[i].type), floors.v[i].ns);
	printf("\n");
	return r;
}
