/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ps: what runs in the kernel: every program with who holds it, where it is attached, what it takes and what it may do;
 * likewise links and maps.
 *
 *	inventory (sys) ──► rows, with names of processes and containers ──► table, JSON, CSV
 *	   └─ twice, a moment apart, with the kernel's statistics on ──► runs and time per second
 *
 * The kernel counts runs and time only while somebody wants it to, which costs each run of each program some 20 ns. So rates
 * are of the time between two looks.
 *
 *	struct skep_ps_options options = { .measure_ms = 1000, .sort = SKEP_PS_CPU };
 *	r = skep_ps(&options, diag);
 */
#pragma once

#include "base/diag.h"

enum skep_ps_what {
	SKEP_PS_PROGS,
	SKEP_PS_LINKS,
	SKEP_PS_MAPS,
};

enum skep_ps_sort {
	SKEP_PS_CPU,
	SKEP_PS_RUNS,
	SKEP_PS_MEM,
	SKEP_PS_ID,
	SKEP_PS_NAME,
	SKEP_PS_N_SORTS,
};

enum skep_ps_format {
	SKEP_PS_TABLE,
	SKEP_PS_JSON,
	SKEP_PS_CSV,
};

struct skep_ps_options {
	enum skep_ps_what what;
	enum skep_ps_sort sort;
	enum skep_ps_format format;
	/* Only rows for which these match, or NULL; '*' is any text. */
	const char *owner, *kind, *name; /* owner: a process' name or id, or a container */
	bool once;			 /* one look and no rates: statistics stay as they are */
	unsigned measure_ms;		 /* between two looks */
	unsigned looks;			 /* 0: until a signal comes */
	bool quiet;
};

const char *skep_ps_sort_name(enum skep_ps_sort sort);
/* 0: all was shown. -EPERM, -EPIPE... */
int skep_ps(const struct skep_ps_options *options, struct skep_diag *diag) _must_check_;

/*
 * Shows loads and unloads of programs as they happen, until a signal comes. @pid: only what this process and those it starts
 * do; 0: all. -EPERM.
 */
int skep_ps_loads(enum skep_ps_format format, uint32_t pid, struct skep_diag *diag) _must_check_;
