/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that read the command line share. */
#pragma once

#include <errno.h>
#include <getopt.h>

#include "trace/trace.h"

/* Options without a letter, behind the codes of those that have one. */
enum skep_option {
	OPT_UNSAFE = 256,
	OPT_DRY_RUN,
	OPT_VERSION,
	OPT_INFO,
	OPT_NO_FEATURE,
	OPT_FORMAT,
	OPT_SCHEMA,
	OPT_PID,
	OPT_CHILDREN,
	OPT_COMM,
	OPT_USER,
	OPT_CGROUP,
	OPT_CONTAINER,
	OPT_MAX_CPU,
	OPT_DURATION,
	OPT_TO,
	OPT_SPOOL,
	OPT_TIME,
	OPT_COMPILE,
	OPT_CPUS,
	OPT_IGNORED,
	OPT_INCLUDE,
	OPT_MODE,
	OPT_FMT,
	OPT_REFUSED,
	OPT_TEST,
	OPT_BENCH,
	OPT_DNS,
	OPT_MATCH,
	OPT_WITH,
	OPT_FOLDED,
	OPT_DELIMITED,
	OPT_ANNOTATIONS,
};

/* -EINVAL, with the hint behind what the diag says already. */
static inline int skep_usage_error(struct skep_diag *diag, const char *hint)
{
	skep_diag_hint(diag, "%s", hint);
	return -EINVAL;
}

/* options_to.c: the value of one --to. */
int skep_option_to(struct skep_trace_options *o, const char *to,
		   struct skep_diag *diag) _must_check_;

/* options_value.c: the value of an option. 0, or -EINVAL with the diag. */
int skep_option_pid(const char *text, int *ret_pid, struct skep_diag *diag) _must_check_;
int skep_option_format(struct skep_trace_options *o, const char *text,
		       struct skep_diag *diag) _must_check_;
int skep_option_percent(const char *text, uint64_t *ret_hundredths,
			struct skep_diag *diag) _must_check_;
int skep_option_duration(const char *text, uint64_t *ret_ns, struct skep_diag *diag) _must_check_;
int skep_option_cpus(const char *text, unsigned *ret_cpus, struct skep_diag *diag) _must_check_;
int skep_option_buffering(const char *text, enum skep_buffering *ret_buffering,
			  struct skep_diag *diag) _must_check_;
int skep_option_stages(const char *text, unsigned *stages, struct skep_diag *diag) _must_check_;
int skep_option_with(const char *text, unsigned *with, struct skep_diag *diag) _must_check_;
int skep_option_features(const char *text, bool as_bpftrace, struct skep_diag *diag) _must_check_;

/* options.c: what both command lines have in common. */
/* 1: it is not one of these. */
int skep_option_common(struct skep_trace_options *o, int c, struct skep_diag *diag) _must_check_;
int skep_option_mode(struct skep_trace_options *o, enum skep_compile_mode mode,
		     struct skep_diag *diag) _must_check_;
/* Tells what getopt() found wrong at @c. */
int skep_option_bad(const struct skep_trace_options *o, char **argv, int c,
		    const struct option *longs, struct skep_diag *diag) _must_check_;
/* What is left behind the options. */
int skep_option_rest(struct skep_trace_options *o, int argc, char **argv,
		     struct skep_diag *diag) _must_check_;
