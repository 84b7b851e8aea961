/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was measured: rows of one number a tool, with a target either for the number itself or for its ratio to the
 * better one of the peers. Shown as a table for people, and appended as JSON lines to a file for comparisons over
 * time.
 *
 * The first tool is the one that is judged. 10 % are allowed for noise.
 */
#pragma once

#include <stdbool.h>

#include "tool.h"

#define REPORT_MAX_ROWS 1024
#define REPORT_NONE (-1e300) /* not measured */

enum report_target {
	REPORT_INFORM,	/* no target */
	REPORT_AT_MOST, /* the number */
	REPORT_RATIO,	/* the number divided by the better peer's */
};

struct report_row {
	char part[16], what[64], unit[16];
	double value[BENCH_MAX_TOOLS];
	enum report_target kind;
	double target;
	const char *target_text; /* "1/5" */
	bool brief;		 /* one of many: it stands in the table only when it is missed */
	double aim;		 /* RATIO: beyond the target, where it should go; 0: none */
};

struct report {
	const struct bench_tool *tools;
	unsigned n_tools;
	unsigned n_rows;
	struct report_row rows[REPORT_MAX_ROWS];
};

/* A row to fill in: all its numbers are REPORT_NONE. Never NULL: too many is a mistake of this program and ends it. */
struct report_row *report_add(struct report *report, const char *part, const char *what,
			      const char *unit);

/* Prints the table; returns how many targets were missed. */
unsigned report_print(const struct report *report);

/* `stamp`: members that every line starts with, such as "\"time\":1". */
int report_append(const struct report *report, const char *path, const char *stamp);
