/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Run: a file with programs in C is a command. Objects are loaded and attached by what their sections say, records of
 * their rings are shown as they come, until somebody ends it. Made of nothing but <skep/skep.h>.
 *
 *	open ─► set, at, use ─► load ─► attach ─► [ rows, signals, time ] ─► detach
 *
 *	struct skep_run_options options = { .paths = argv + optind, .n_paths = 1, .look = skep_cli_look(STDERR_FILENO) };
 *	code = skep_run(&options);
 *
 * stdout is the data, stderr is for people.
 */
#pragma once

#include <skep/skep.h>

#include "base/fit.h"

#define SKEP_RUN_WORDS_MAX 256 /* of each of --at, --set, --prog */

struct skep_run_words {
	const char *words[SKEP_RUN_WORDS_MAX];
	size_t n;
};

struct skep_run_options {
	char **paths;
	size_t n_paths;
	struct skep_run_words at;   /* [PROG=]PLACE */
	struct skep_run_words set;  /* name=value */
	struct skep_run_words prog; /* names */
	struct skep_run_words
		to; /* where rows and maps go: otlp, prom=PORT; "-" is standard output */
	/* Directories of the BPF file system, at most one of them; NULL: none. */
	const char *pin, *reload, *list, *unload;
	bool detach; /* with pin or reload: ends once it is attached */
	enum skep_app_format format;
	bool has_format;	 /* it was said */
	uint64_t duration_ns;	 /* 0: until a signal */
	uint64_t watch_ns;	 /* maps are shown that often; 0: at the end only */
	unsigned columns, lines; /* of the terminal that it is shown on; 0: none */
	double max_cpu;		 /* percent of one processor; 0: no limit */
	struct skep_look look;	 /* of standard error */
	bool verbose;
};

enum skep_run_end {
	SKEP_RUN_FINE,
	SKEP_RUN_FAILED,
	SKEP_RUN_WRONG,	 /* what it was told makes no sense for these programs */
	SKEP_RUN_CANNOT, /* not on this machine, or not with these rights */
};

enum skep_run_end skep_run(const struct skep_run_options *options);
