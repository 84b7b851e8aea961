/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Started by bench/quality, here or in a guest: runs each script with each tool until its programs are in the kernel,
 * and says what the kernel says of them, one line each, fields parted by tabs:
 *
 *	script  tool  programs  instructions after load  processed by the verifier
 *
 *	programs --out FILE [--settle-ms N] --tool NAME=[ROOT:]PROGRAM... SCRIPT...
 *
 * BEGIN and END are left out: they run once, and some tools close them early. Instructions after load are those that
 * the kernel would interpret: helper calls resolved, lookups in arrays inlined, dead code removed. "-": it holds none.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>
#include <unistd.h>

#include "measure/progs.h"
#include "measure/tool.h"

#define STEP_MS 100
#define STOP_MS 20000

static bool ended(const struct bench_run *run)
{
	siginfo_t info = {};

	return waitid(P_PID, (id_t)run->pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid;
}

/* What it holds once that has not changed for `settle_ms`, or when it ends. */
static void settle(const struct bench_run *run, unsigned settle_ms, struct progs *ret_progs)
{
	unsigned quiet = 0;

	ret_progs->n = 0;
	for (unsigned waited = 0; quiet < settle_ms && waited < 20 * settle_ms; waited += STEP_MS) {
		static struct progs now;

		bench_sleep_ms(STEP_MS);
		if (ended(run) || progs_of(run->pid, &now) < 0)
			break;
		quiet = now.n && now.n == ret_progs->n ? quiet + STEP_MS : 0;
		*ret_progs = now;
	}
}

static bool runs_once(const struct prog *p)
{
	return strncasecmp(p->name, "begin", 5) == 0 || strncasecmp(p->name, "end", 3) == 0;
}

static void measure(const struct bench_tool *tool, const char *script, const char *out,
		    unsigned settle_ms)
{
	const char *argv[] = { NULL, script, NULL }, *slash = strrchr(script, '/');
	unsigned long long n = 0, insns = 0, verified = 0;
	static struct progs progs;
	struct bench_usage usage;
	struct bench_run run;

	if (bench_start(tool, argv, out, &run) < 0)
		return;
	settle(&run, settle_ms, &progs);
	for (unsigned i = 0; i < progs.n; i++) {
		const struct prog *p = &progs.v[i];

		if (getenv("BENCH_PROGRAMS"))
			fprintf(stderr, "%s %s: %s type %u, %u, %u\n", slash ? slash + 1 : script,
				tool->name, p->name, p->type, p->n_insns, p->n_verified);
		if (runs_once(p))
			continue;
		n++;
		insns += p->n_insns;
		verified += p->n_verified;
	}
	if (bench_stop(&run, STOP_MS, &usage) < 0)
		fprintf(stderr, "bench: %s does not end\n", tool->name);
	printf("%s\t%s\t", slash ? slash + 1 : script, tool->name);
	if (n)
		printf("%llu\t%llu\t%llu\n", n, insns, verified);
	else
		printf("-\t-\t-\n");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "out", required_argument, NULL, 'o' },
		{ "settle-ms", required_argument, NULL, 's' },
		{ "tool", required_argument, NULL, 't' },
		{},
	};
	static struct bench_tool tools[BENCH_MAX_TOOLS];
	unsigned n_tools = 0, settle_ms = 500;
	const char *out = NULL;
	int c, r = 0;

	while (r == 0 && (c = getopt_long(argc, argv, "", options, NULL)) >= 0)
		switch (c) {
		case 'o':
			out = optarg;
			break;
		case 's':
			settle_ms = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 't':
			if (n_tools == BENCH_MAX_TOOLS ||
			    bench_tool_parse(optarg, &tools[n_tools++]) < 0)
				r = -1;
			break;
		default:
			r = -1;
		}
	if (r < 0 || !out || !n_tools) {
		fprintf(stderr, "usage: see the head of bench/programs.c\n");
		return 2;
	}
	for (int i = optind; i < argc; i++)
		for (unsigned t = 0; t < n_tools; t++)
			measure(&tools[t], argv[i], out, settle_ms);
	return 0;
}
