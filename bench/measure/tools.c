/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ready-made tools beside those of Debian's libbpf-tools and of BCC: what they add to the event that they show. Rounds as in
 * events.c. Each tool sees the workload alone, through an option that all have. A peer is given as its opensnoop; the others
 * lie beside it.
 *
 * What is rare is measured twice: at the event, and what the tool adds to any other system call meanwhile.
 *
 * A tool of rows must have written one for each event at least; of the others the sum of all counts must be as high.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cost.h"
#include "parts.h"

#define MAX_WORDS 8
#define TIMEOUT_MS 60000 /* BCC compiles first */
#define PEER "opensnoop"

static const struct subject {
	const char *name;
	enum workload_kind kind;
	bool rows;
	unsigned n_batches, n_account; /* in all rounds, and in each for the kernel's account */
	const char *words[MAX_WORDS];  /* the same for all; PID, USER, DISK are put in */
} subjects[] = {
	{ "opensnoop", WORKLOAD_OPEN, true, 500, 50, { "-p", "PID" } },
	{ "execsnoop", WORKLOAD_EXEC, true, 500, 20, { "-u", "USER" } },
	{ "tcplife", WORKLOAD_TCP, true, 400, 20, { "-p", "PID" } },
	{ "runqlat", WORKLOAD_SWITCH, false, 500, 20, { "-p", "PID" } },
	{ "biolatency", WORKLOAD_DISK, false, 400, 20, { "-d", "DISK" } },
	{ "syscount", WORKLOAD_GETPPID, false, 500, 20, { "-p", "PID" } },
};

#define N_SUBJECTS (sizeof(subjects) / sizeof(subjects[0]))

static double untraced[COST_MAX_ROUNDS];
static struct cost_samples traced[BENCH_MAX_TOOLS];
static double untraced_other[COST_MAX_ROUNDS], other[BENCH_MAX_TOOLS][COST_MAX_ROUNDS];

static const char *word_of(const char *word, const struct workload *w, char ret_text[16])
{
	const char *device = getenv(WORKLOAD_DEVICE), *slash;

	if (strcmp(word, "PID") == 0) {
		snprintf(ret_text, 16, "%d", (int)w->pid);
		return ret_text;
	}
	if (strcmp(word, "USER") == 0) {
		snprintf(ret_text, 16, "%d", WORKLOAD_USER);
		return ret_text;
	}
	if (strcmp(word, "DISK") == 0) {
		slash = device ? strrchr(device, '/') : NULL;
		return slash ? slash + 1 : "";
	}
	return word;
}

/* "/usr/sbin/opensnoop-bpfcc" to "/usr/sbin/tcplife-bpfcc". */
static void beside(const char *opensnoop, const char *name, char ret_path[256])
{
	const char *at = strstr(opensnoop, PEER);

	if (at)
		snprintf(ret_path, 256, "%.*s%s%s", (int)(at - opensnoop), opensnoop, name,
			 at + strlen(PEER));
	else
		snprintf(ret_path, 256, "%s", opensnoop);
}

/* Until one of its programs runs once an event; the others are attached with it, or a moment later. */
static int wait_attached(pid_t pid, struct workload *w)
{
	struct progs before, after;
	double ns;

	for (unsigned waited = 0; waited < TIMEOUT_MS; waited += 10) {
		if (progs_of(pid, &before) < 0 || workload_call(w, 1, &ns) < 0 ||
		    progs_of(pid, &after) < 0)
			return -ESRCH;
		for (unsigned i = 0; i < after.n; i++) {
			const struct prog *old = progs_find(&before, after.v[i].id);

			if (old && after.v[i].n_runs - old->n_runs >= workload_batch(w)) {
				bench_sleep_ms(200);
				return 0;
			}
		}
		bench_sleep_ms(10);
	}
	return -ETIMEDOUT;
}

/*
 * The count of a line of a histogram or of a table: "[8, 16)   5 |@@@", "[0]  5 |", "  8 -> 15  : 5   |***", or the
 * last number, "getppid   5". Words behind a count are none of them.
 */
static uint64_t number_of(const char *line)
{
	const char *bar = strchr(line, '|'), *end = bar ? bar : line + strlen(line);

	while (end > line && isspace((unsigned char)end[-1]))
		end--;
	while (end > line && isdigit((unsigned char)end[-1]))
		end--;
	return end > line && isspace((unsigned char)end[-1]) ? strtoull(end, NULL, 10) : 0;
}

static uint64_t counted(const char *path, bool rows)
{
	FILE *f = fopen(path, "re");
	uint64_t n = 0;
	char line[1024];

	while (f && fgets(line, sizeof(line), f))
		n += rows ? 1 : number_of(line);
	if (f)
		fclose(f);
	return n;
}

#define OTHER_BATCHES 20

static int time_other(struct workload *w, double *ret_ns)
{
	enum workload_kind kind = w->kind;
	uint64_t n_calls = w->n_calls;
	int r;

	w->kind = WORKLOAD_GETPPID;
	r = cost_time(w, OTHER_BATCHES, ret_ns);
	w->kind = kind;
	w->n_calls = n_calls;
	return r;
}

static int measure_attached(struct bench_run *run, const struct subject *subject,
			    struct workload *w, unsigned n_batches, double *ret_ns,
			    double *ret_other_ns, struct progs *ret_before, struct progs *ret_after)
{
	int stats = progs_stats_on(), r = stats < 0 ? stats : 0;

	if (r == 0)
		r = wait_attached(run->pid, w);
	if (stats >= 0)
		close(stats);
	if (r < 0)
		return r;
	w->n_calls = 0;
	r = cost_time(w, n_batches, ret_ns);
	if (r == 0)
		r = cost_account(run->pid, w, subject->n_account, ret_before, ret_after);
	return r == 0 ? time_other(w, ret_other_ns) : r;
}

static int run_tool(struct bench *b, unsigned t, const struct subject *subject, struct workload *w,
		    unsigned n_batches, double *ret_ns, double *ret_other_ns,
		    struct progs *ret_before, struct progs *ret_after)
{
	const char *argv[MAX_WORDS + 3] = {};
	struct bench_tool tool = b->tools[t];
	char path[256], texts[MAX_WORDS][16];
	struct bench_usage usage;
	struct bench_run run;
	unsigned n = 1;
	int r, ended;

	if (t == 0) {
		argv[n++] = subject->name;
	} else {
		beside(tool.program, subject->name, path);
		tool.program = path;
	}
	for (unsigned i = 0; i < MAX_WORDS && subject->words[i]; i++)
		argv[n++] = word_of(subject->words[i], w, texts[i]);
	r = bench_start(&tool, argv, b->out, &run);
	if (r < 0)
		return r;
	r = measure_attached(&run, subject, w, n_batches, ret_ns, ret_other_ns, ret_before,
			     ret_after);
	if (r == -ETIMEDOUT)
		fprintf(stderr, "bench: its programs do not run\n");
	ended = bench_stop(&run, TIMEOUT_MS, &usage);
	if (r == 0)
		r = ended;
	if (r == 0 && counted(b->out, subject->rows) < w->n_calls) {
		fprintf(stderr, "bench: %s, %s: %llu of %llu events in its output\n", tool.name,
			subject->name, (unsigned long long)counted(b->out, subject->rows),
			(unsigned long long)w->n_calls);
		r = -EIO;
	}
	return r;
}

static int measure_round(struct bench *b, const struct subject *subject, struct workload *w,
			 struct cost_floors *floors, unsigned n_batches, unsigned round)
{
	int r = cost_time(w, n_batches, &untraced[round]);

	if (r == 0)
		r = time_other(w, &untraced_other[round]);
	for (unsigned i = 0; i < b->n_tools && r == 0; i++) {
		unsigned t = (i + round) % b->n_tools;
		struct cost_samples *s = &traced[t];
		struct progs before, after;
		double ns = 0, other_ns = 0;
		int failed;

		if (s->failed)
			continue;
		failed = run_tool(b, t, subject, w, n_batches, &ns, &other_ns, &before, &after);
		s->failed = failed < 0;
		if (failed < 0) {
			fprintf(stderr, "bench: %s, %s: %s; see %s.err\n", b->tools[t].name,
				subject->name, strerror(-failed), b->out);
			continue;
		}
		cost_add_account(s, &before, &after, subject->n_account, floors, w);
		other[t][s->n] = other_ns - untraced_other[round];
		s->wall[s->n++] = ns - untraced[round];
	}
	return r;
}

static void add_rows(struct bench *b, const struct subject *subject, unsigned n_rounds)
{
	struct report_row *wall = report_add(b->report, "tools", subject->name, "ns");
	struct report_row *run = report_add(b->report, "tools", "  in its programs", "ns");
	struct report_row *aside = report_add(b->report, "tools", "  to another system call", "ns");

	wall->kind = REPORT_RATIO;
	wall->target = 1;
	wall->target_text = "1";
	printf("%s: untraced %.0f ns", subject->name, bench_median(untraced, n_rounds));
	for (unsigned t = 0; t < b->n_tools; t++) {
		struct cost_samples *s = &traced[t];

		if (s->failed || !s->n)
			continue;
		wall->value[t] = bench_median(s->wall, s->n);
		run->value[t] = bench_median(s->account, s->n);
		aside->value[t] = bench_median(other[t], s->n);
		printf("; %s: %s instructions, %.2f runs an event", b->tools[t].name, s->kind,
		       bench_median(s->runs, s->n));
	}
	printf("\n");
	fflush(stdout);
}

static int measure_subject(struct bench *b, const struct subject *subject,
			   struct cost_floors *floors)
{
	unsigned n_rounds = b->n_rounds < COST_MAX_ROUNDS ? b->n_rounds : COST_MAX_ROUNDS;
	unsigned n_batches = (subject->n_batches + n_rounds - 1) / n_rounds;
	struct workload w;
	int r = workload_start(&w);

	if (r < 0)
		return r;
	w.kind = subject->kind;
	memset(traced, 0, sizeof(traced));
	for (unsigned round = 0; round < n_rounds && r == 0; round++)
		r = measure_round(b, subject, &w, floors, n_batches, round);
	workload_stop(&w);
	if (r == 0)
		add_rows(b, subject, n_rounds);
	return r;
}

int tools_measure(struct bench *b)
{
	struct cost_floors floors = {};
	int r = 0;

	for (unsigned i = 0; i < N_SUBJECTS && r == 0; i++) {
		if (b->only && !strstr(subjects[i].name, b->only))
			continue;
		if (subjects[i].kind == WORKLOAD_DISK && !getenv(WORKLOAD_DEVICE)) {
			fprintf(stderr, "bench: %s: there is no disk to write to\n",
				subjects[i].name);
			continue;
		}
		r = measure_subject(b, &subjects[i], &floors);
	}
	return r;
}
