/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parts.h"

#define ROUNDS 5
#define TIMEOUT_MS 10000
#define SAYS "compile "

/* "…; compile 0.7 ms CPU, load …", which -v writes to standard error. */
static double told_ms(const char *path)
{
	FILE *f = fopen(path, "re");
	double ms = REPORT_NONE;
	char line[1024];

	while (f && fgets(line, sizeof(line), f)) {
		const char *at = strncmp(line, "skep: ", 6) == 0 ? strstr(line, SAYS) : NULL;

		if (at && strstr(at, " ms CPU"))
			ms = strtod(at + strlen(SAYS), NULL);
	}
	if (f)
		fclose(f);
	return ms;
}

static double compile_ms(struct bench *b, const char *script)
{
	const char *argv[] = { NULL, "trace", "--dry-run", "-v", script, NULL };
	double ms[ROUNDS];
	char err[4096];

	snprintf(err, sizeof(err), "%s.err", b->out);
	for (unsigned i = 0; i < ROUNDS; i++) {
		struct bench_usage usage;

		if (bench_run(&b->tools[0], argv, b->out, TIMEOUT_MS, &usage) < 0 ||
		    usage.status != 0)
			return REPORT_NONE;
		ms[i] = told_ms(err);
		if (ms[i] == REPORT_NONE)
			return REPORT_NONE;
	}
	return bench_median(ms, ROUNDS);
}

int compile_measure(struct bench *b, char *const scripts[], unsigned n_scripts)
{
	double *ms = calloc(n_scripts + 1, sizeof(*ms)), worst = 0;
	const char *slowest = "none";
	struct report_row *row;
	unsigned n = 0;
	char what[64];

	for (unsigned i = 0; i < n_scripts && !b->tool_0_missing && ms; i++) {
		double v = compile_ms(b, scripts[i]);
		const char *name = strrchr(scripts[i], '/');

		if (v == REPORT_NONE)
			continue; /* tests have scripts that must not compile, or not on this machine */
		ms[n++] = v;
		if (v < worst)
			continue;
		worst = v;
		slowest = name ? name + 1 : scripts[i];
	}
	snprintf(what, sizeof(what), "text to bytecode, slowest: %.30s", slowest);
	row = report_add(b->report, "compile", what, "ms");
	row->kind = REPORT_AT_MOST;
	row->target = 2;
	snprintf(what, sizeof(what), "text to bytecode, median of %u scripts", n);
	if (n)
		row->value[0] = worst;
	row = report_add(b->report, "compile", what, "ms");
	if (n)
		row->value[0] = bench_median(ms, n);
	free(ms);
	return 0;
}
