/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of skep trace: one run, from its options to its exit code. trace.c leads it, list.c is -l, report.c tells how it went. */
#pragma once

#include "lang/compile.h"
#include "live/world.h"
#include "trace/nest.h"
#include "trace/trace.h"

enum {
	EXIT_FINE = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_CANNOT = 3,
	EXIT_BUDGET = 4,
};

struct job {
	const struct skep_trace_options *options;
	const struct skep_trace_context *context;
	struct skep_arena *arena;
	struct skep_kernel_world *world;
	struct skep_diag diag;
	struct skep_child child;
	struct skep_nest nest; /* of --children */
	struct skep_output output;
	struct skep_sink *sinks[SKEP_TRACE_SINKS_MAX];
	size_t n_sinks;
	struct skep_match *matches[SKEP_TRACE_MATCHES_MAX];
	struct skep_scope *scope;
	struct skep_plan *plan;
	bool misused; /* that it failed is the command line's fault */
	bool refused; /* a receiver has taken nothing at all */
};

/* Says what the diag has gathered. */
void skep_job_tell(struct job *job);
/*
 * tool_tell.c: what the diag says of a tool's script, said to one who runs it and did not write its lines; not with -v. @r is
 * what the job came to, and so is the result: -ENOTSUP when the tool as it is cannot run here.
 */
int skep_job_plain(struct job *job, int r);
/* The plan of the script. -errno, and the diag says why. */
int skep_job_compile(struct job *job) _must_check_;
/* -l: what can be probed, or what a script would attach. -ENOENT: nothing. */
int skep_job_list(struct job *job) _must_check_;
/* schema.c: the JSON Schema of its lines, to the output. */
void skep_job_schema(struct job *job);
/* outlets.c: what rows and maps are said to belong to, to schemas and sinks. */
const char *skep_job_name(struct job *job);
/* matches.c: the expressions of --match. -EINVAL: one is none, or no row has such columns; -ENOTSUP. */
int skep_job_open_matches(struct job *job) _must_check_;
void skep_job_close_matches(struct job *job);
/* -EINVAL: the format has no place for anything that the plan shows. */
int skep_job_check_format(struct job *job) _must_check_;
/* The sinks of --to. */
int skep_job_open_sinks(struct job *job) _must_check_;
/* Waits for what they still have to send; what was lost goes to @losses, which may be NULL. */
void skep_job_close_sinks(struct job *job, struct skep_losses *losses);
/* What a run cost and lost. Its exit code. */
int skep_job_report(struct job *job, struct skep_live_result *result);
