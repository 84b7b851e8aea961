/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of the measurement; each adds its rows to the report. Tools take turns within each round, so that a busy
 * moment of the machine hits all of them.
 */
#pragma once

#include "report.h"

struct bench {
	const struct bench_tool *tools;
	unsigned n_tools;
	unsigned n_rounds;
	const char *only;    /* events: scripts with this in their name, or NULL */
	const char *out;     /* file for the tools' output */
	bool tool_0_missing; /* the judged tool is not built: its numbers stay empty */
	struct report *report;
};

/* From exec to exit of a one-liner over a short command: wall, CPU, peak memory. Then its memory while it waits. */
int startup_measure(struct bench *b);
int steady_measure(struct bench *b);

/* What an event costs, in the kernel's own accounts and in added time. */
int events_measure(struct bench *b);

/* Ready-made tools, by the name that all have, beside those of Debian's libbpf-tools and of BCC. */
int tools_measure(struct bench *b);

/* Stock tools, of the first tool alone: time to their first output, and memory. */
int stock_measure(struct bench *b, char *const scripts[], unsigned n_scripts);

/* CPU time from text to bytecode for each script, as the first tool itself tells it. */
int compile_measure(struct bench *b, char *const scripts[], unsigned n_scripts);

/* Ready-made tools, of the first tool alone, each a command line: time until it is attached, memory, CPU when idle. */
int first_measure(struct bench *b, char *const commands[], unsigned n_commands);
