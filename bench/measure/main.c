/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Measures tracers side by side. Started by bench/trace and bench/tools, which prepare the peers.
 *
 *	measure --rounds N --out FILE [--parts start,memory,stock,compile,events,tools,first] [--only TEXT] [--json FILE --stamp MEMBERS]
 *		[--value PART,WHAT,UNIT,VALUE,TARGET]... [--stock SCRIPT]... --tool NAME=[ROOT:]PROGRAM...
 *		[SCRIPT...]
 *
 * The first tool is judged against the others; if its program does not exist its column stays empty. --value adds a
 * number of the first tool that was measured elsewhere. The scripts are those to compile, or of --stock, to run; of the
 * part first they are command lines of ready-made tools. --only: what has the text in its name.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "parts.h"

static struct bench_tool tools[BENCH_MAX_TOOLS];
static struct report report = { .tools = tools };

static int add_tool(char *text, unsigned *n)
{
	return *n == BENCH_MAX_TOOLS ? -EINVAL : bench_tool_parse(text, &tools[(*n)++]);
}

static int add_value(char *text)
{
	char *field[5] = {};
	struct report_row *row;

	for (unsigned i = 0; i < 5; i++)
		field[i] = strsep(&text, ",");
	if (!field[4])
		return -EINVAL;
	row = report_add(&report, field[0], field[1], field[2]);
	row->value[0] = *field[3] ? strtod(field[3], NULL) : REPORT_NONE;
	row->kind = REPORT_AT_MOST;
	row->target = strtod(field[4], NULL);
	return 0;
}

struct arguments {
	struct bench bench;
	const char *parts, *json, *stamp;
	char *values[16], *stock[128];
	unsigned n_values, n_stock;
};

static int take_option(struct arguments *a, int c)
{
	switch (c) {
	case 'r':
		a->bench.n_rounds = (unsigned)strtoul(optarg, NULL, 10);
		return 0;
	case 'p':
		a->parts = optarg;
		return 0;
	case 'o':
		a->bench.out = optarg;
		return 0;
	case 'j':
		a->json = optarg;
		return 0;
	case 's':
		a->stamp = optarg;
		return 0;
	case 'n':
		a->bench.only = optarg;
		return 0;
	case 't':
		return add_tool(optarg, &a->bench.n_tools);
	case 'k':
		if (a->n_stock == 128)
			return -E2BIG;
		a->stock[a->n_stock++] = optarg;
		return 0;
	case 'v':
		if (a->n_values == 16)
			return -E2BIG;
		a->values[a->n_values++] = optarg;
		return 0;
	default:
		return -EINVAL;
	}
}

static int parse(int argc, char **argv, struct arguments *a)
{
	static const struct option options[] = {
		{ "rounds", required_argument, NULL, 'r' },
		{ "only", required_argument, NULL, 'n' },
		{ "parts", required_argument, NULL, 'p' },
		{ "out", required_argument, NULL, 'o' },
		{ "json", required_argument, NULL, 'j' },
		{ "stamp", required_argument, NULL, 's' },
		{ "tool", required_argument, NULL, 't' },
		{ "stock", required_argument, NULL, 'k' },
		{ "value", required_argument, NULL, 'v' },
		{},
	};
	int c, r = 0;

	while (r == 0 && (c = getopt_long(argc, argv, "", options, NULL)) >= 0)
		r = take_option(a, c);
	if (r < 0 || !a->bench.n_tools || !a->bench.n_rounds || !a->bench.out)
		return -EINVAL;
	return 0;
}

static int measure(struct arguments *a, char *const scripts[], unsigned n_scripts)
{
	struct bench *b = &a->bench;
	int r = 0;

	if (strstr(a->parts, "start"))
		r = startup_measure(b);
	if (r == 0 && strstr(a->parts, "memory"))
		r = steady_measure(b);
	for (unsigned i = 0; i < a->n_values && r == 0; i++)
		r = add_value(a->values[i]);
	if (r == 0 && strstr(a->parts, "stock"))
		r = stock_measure(b, a->stock, a->n_stock);
	if (r == 0 && strstr(a->parts, "compile"))
		r = compile_measure(b, scripts, n_scripts);
	if (r == 0 && strstr(a->parts, "events"))
		r = events_measure(b);
	if (r == 0 && strstr(a->parts, "tools"))
		r = tools_measure(b);
	if (r == 0 && strstr(a->parts, "first"))
		r = first_measure(b, scripts, n_scripts);
	return r;
}

int main(int argc, char **argv)
{
	struct arguments a = {
		.parts = "start,memory,stock,compile,events",
		.stamp = "\"by\":\"bench\"",
		.bench = { .report = &report, .tools = tools },
	};
	int r = parse(argc, argv, &a);

	if (r < 0) {
		fprintf(stderr, "usage: see the head of bench/measure/main.c\n");
		return 2;
	}
	report.n_tools = a.bench.n_tools;
	a.bench.tool_0_missing = access(tools[0].program, X_OK) < 0;
	r = measure(&a, argv + optind, (unsigned)(argc - optind));
	if (r < 0) {
		fprintf(stderr, "bench: %s\n", strerror(-r));
		return 1;
	}
	report_print(&report);
	r = a.json ? report_append(&report, a.json, a.stamp) : 0;
	if (r < 0)
		fprintf(stderr, "bench: cannot write %s: %s\n", a.json, strerror(-r));
	return r < 0;
}
