/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ahead of time: the two ends of a compiled script on the command line, `skep trace --compile SCRIPT -o FILE.skep` here and
 * `skep FILE.skep` there. What is in the file is lang/plan_file.h's matter, how it fits a machine lang/fit.h's.
 */
#pragma once

#include "lang/plan.h"
#include "lang/world.h"
#include "trace/trace.h"

/* Whether these options go together with --compile. */
int skep_trace_ahead_check(const struct skep_trace_options *options,
			   struct skep_diag *diag) _must_check_;
/* Ticks a second of the running kernel, CONFIG_HZ; 0: nobody says. */
unsigned skep_trace_kernel_hz(void);
/* What this kernel is called in a plan. */
const char *skep_trace_ahead_kernel(struct skep_arena *arena);
/* Writes options->output, whole or not at all. */
int skep_trace_ahead_write(const struct skep_plan *plan, const struct skep_trace_options *options,
			   struct skep_diag *diag) _must_check_;
/* A plan from a file's bytes, not yet fitted. From then on messages show the lines of its script. */
int skep_trace_ahead_read(struct skep_arena *arena, const void *bytes, size_t len,
			  struct skep_diag *diag, struct skep_plan **ret_plan) _must_check_;
/* The probes of the file @path, one a line. */
int skep_trace_ahead_list(struct skep_arena *arena, const char *path, struct skep_diag *diag,
			  struct skep_str *out) _must_check_;
/* Makes it fit the world and the options, or says why it does not. @child: as of skep_compile_options. */
int skep_trace_ahead_fit(struct skep_arena *arena, const struct skep_world *world,
			 const struct skep_trace_options *options, int child,
			 struct skep_diag *diag, struct skep_plan *plan) _must_check_;
