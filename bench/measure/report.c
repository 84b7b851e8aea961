/* SPDX-License-Identifier: Apache-2.0 */
#include "report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOISE 1.10
/* A difference of two noisy numbers: below this a ratio means nothing, so a value under it counts as reached. */
#define SMALLEST_NS 3.0

struct report_row *report_add(struct report *report, const char *part, const char *what,
			      const char *unit)
{
	struct report_row *row;

	if (report->n_rows == REPORT_MAX_ROWS)
		abort();
	row = &report->rows[report->n_rows++];
	*row = (struct report_row){};
	snprintf(row->part, sizeof(row->part), "%s", part);
	snprintf(row->what, sizeof(row->what), "%s", what);
	snprintf(row->unit, sizeof(row->unit), "%s", unit);
	for (unsigned i = 0; i < BENCH_MAX_TOOLS; i++)
		row->value[i] = REPORT_NONE;
	return row;
}

static double better_peer(const struct report *report, const struct report_row *row)
{
	double best = REPORT_NONE;

	for (unsigned i = 1; i < report->n_tools; i++)
		if (row->value[i] != REPORT_NONE && (best == REPORT_NONE || row->value[i] < best))
			best = row->value[i];
	return best;
}

/* REPORT_NONE without a peer, or when the peer's number is too small to divide by. */
static double ratio(const struct report *report, const struct report_row *row)
{
	double peer = better_peer(report, row);

	if (row->value[0] == REPORT_NONE || peer == REPORT_NONE || peer <= 0)
		return REPORT_NONE;
	return row->value[0] / peer;
}

static const char *verdict(const struct report *report, const struct report_row *row)
{
	double r = ratio(report, row);

	if (row->kind == REPORT_INFORM)
		return "";
	if (row->value[0] == REPORT_NONE)
		return "not measured";
	if (row->kind == REPORT_AT_MOST)
		return row->value[0] <= row->target * NOISE ? "reached" : "MISSED";
	if (strcmp(row->unit, "ns") == 0 && row->value[0] < SMALLEST_NS)
		return "reached";
	if (r == REPORT_NONE)
		return "no peer";
	if (r > row->target * NOISE)
		return "MISSED";
	return row->aim && r > row->aim * NOISE ? "reached, not the aim" : "reached";
}

static void print_number(double v, int width)
{
	int decimals = v == REPORT_NONE ? 0 : v >= 100 || v <= -100 ? 0 : v >= 10 ? 1 : 2;

	if (v == REPORT_NONE)
		printf(" %*s", width, "-");
	else
		printf(" %*.*f", width, decimals, v);
}

static void print_row(const struct report *report, const struct report_row *row)
{
	char target[32] = "";

	printf("%-46s %-4s", row->what, row->unit);
	for (unsigned i = 0; i < report->n_tools; i++)
		print_number(row->value[i], 15);
	print_number(ratio(report, row), 7);
	if (row->kind == REPORT_RATIO)
		snprintf(target, sizeof(target), "%s", row->target_text);
	else if (row->kind == REPORT_AT_MOST)
		snprintf(target, sizeof(target), "%g %s", row->target, row->unit);
	printf("  %-10s %s\n", target, verdict(report, row));
}

unsigned report_print(const struct report *report)
{
	unsigned n_missed = 0, n_judged = 0;
	const char *part = "";

	for (unsigned i = 0; i < report->n_rows; i++) {
		const struct report_row *row = &report->rows[i];
		bool reached = strncmp(verdict(report, row), "reached", 7) == 0;

		n_judged += row->kind != REPORT_INFORM;
		n_missed += row->kind != REPORT_INFORM && !reached;
		if (row->brief && reached)
			continue;
		if (strcmp(part, row->part) != 0) {
			part = row->part;
			printf("\n%-51s", part);
			for (unsigned t = 0; t < report->n_tools; t++)
				printf(" %15s", report->tools[t].name);
			printf(" %7s  %-10s\n", "ratio", "at most");
		}
		print_row(report, row);
	}
	printf("\n%u of %u figures reached.%s 10 %% are allowed for noise.\n", n_judged - n_missed,
	       n_judged,
	       report->n_tools > 1 ? " The ratio is to the better one of the peers;" : "");
	return n_missed;
}

static void write_json(const struct report *report, const struct report_row *row, const char *stamp,
		       FILE *f)
{
	double r = ratio(report, row);

	fprintf(f, "{%s,\"part\":\"%s\",\"what\":\"%s\",\"unit\":\"%s\"", stamp, row->part,
		row->what, row->unit);
	for (unsigned i = 0; i < report->n_tools; i++)
		if (row->value[i] != REPORT_NONE)
			fprintf(f, ",\"%s\":%.4g", report->tools[i].name, row->value[i]);
	if (r != REPORT_NONE)
		fprintf(f, ",\"ratio\":%.4g", r);
	if (row->kind != REPORT_INFORM)
		fprintf(f, ",\"target\":%.4g,\"verdict\":\"%s\"", row->target,
			verdict(report, row));
	fprintf(f, "}\n");
}

int report_append(const struct report *report, const char *path, const char *stamp)
{
	FILE *f = fopen(path, "ae");

	if (!f)
		return -errno;
	for (unsigned i = 0; i < report->n_rows; i++)
		write_json(report, &report->rows[i], stamp, f);
	return fclose(f) == 0 ? 0 : -errno;
}
