/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Live: runs a plan until it ends.
 *
 *	load ─► BEGIN ─► attach ─► release the child ─► [ ring, timers, signals, child ] ─► detach ─► END ─► maps ─► losses
 *
 * It ends when the script says exit(), at SIGINT or SIGTERM, when it takes more of a processor than it may, when the child of -c or the process of -p has ended, when
 * nobody reads its output any more, and at once when a plan has nothing that could still happen.
 *
 *	struct skep_live_options options = { .engine = skep_kernel_engine(), .output = &output };
 *	r = skep_live_run(plan, &options, diag, &result);
 *
 * Rows are shown in the order of the ring. exit() is obeyed when its row comes up: rows behind it are not shown, as
 * the script asked to stop there. Everything else that is not shown is in the ledger.
 */
#pragma once

#include "lang/plan.h"
#include "live/budget.h"
#include "live/child.h"
#include "live/losses.h"
#include "live/output.h"
#include "obj/engine.h"

struct skep_sink;

enum skep_live_format {
	SKEP_LIVE_TEXT,
	SKEP_LIVE_JSON,		 /* our own: time, probe, pid, comm, values by name */
	SKEP_LIVE_JSON_BPFTRACE, /* the records of bpftrace -f json */
	SKEP_LIVE_TABLE,	 /* as text, and maps as tables, too */
	SKEP_LIVE_CSV,
	SKEP_LIVE_PROM,	  /* maps in Prometheus' text; what is text goes to stderr, rows nowhere */
	SKEP_LIVE_FOLDED, /* maps and rows with stacks, for flame graphs; the same */
};

struct skep_live_options {
	const struct skep_engine *engine;
	enum skep_live_format format;
	struct skep_output *output;
	struct skep_child *child; /* started and waiting, or NULL */
	int pid;		  /* ends when this process ends; 0: none */
	uint64_t duration_ns;	  /* ends when so much time has passed; 0: none */
	/*
	 * Hundredths of a percent of one processor; above it the session ends. 0: no limit. Wants the kernel to keep
	 * statistics of programs.
	 */
	uint64_t max_cpu;
	struct skep_shape *
		shape; /* tables look like this; or NULL. Its rows are counted on: one run has it */
	struct skep_match *const
		*matches; /* rows that one of them does not take are not shown (live/match.h) */
	size_t n_matches;
	bool dns;	   /* names of addresses are learnt (live/extend.h shows them) */
	unsigned folded;   /* FOLDED: how stacks are marked (record/folded.h) */
	const char *scope; /* PROM: what names of maps begin with, or NULL */
	bool time; /* tables and CSV have a column for the time of a row; wants a plan with long rows */
	struct skep_sink *const
		*sinks; /* that get rows and maps, too; they want a plan with long rows */
	size_t n_sinks;
	bool bpftrace_shapes; /* text as that program shows it around the script's own */
	const char *script;   /* then: what places in the script are said to be in */
	bool quiet;	      /* no "Attached N probes" and no warnings */
	bool verbose;
	bool dry_run; /* load and attach, then end without having run anything */
	bool verifier_log;
	/* Called when everything is attached: what the compiler needed to find it may be released. */
	void (*attached)(void *data);
	void *data;
};

struct skep_live_result {
	uint64_t exit_status; /* of exit(status) */
	bool interrupted;     /* by SIGINT or SIGTERM */
	struct skep_budget_use budget;
	size_t n_failed_tests;
	size_t n_probes; /* attached, those that user space runs included */
	uint64_t load_ns, attach_ns, detach_ns;
	uint64_t n_rows;
	uint64_t run_ns, n_runs;   /* of the programs, when the kernel keeps such statistics */
	struct skep_losses losses; /* skep_losses_fini */
};

/*
 * -errno: it did not come to run, or broke off, and the diag says why. 0: it ran; *ret_result is valid. Signals SIGINT,
 * SIGTERM and, unless it is ignored, SIGHUP are blocked and taken while it runs.
 */
int skep_live_run(struct skep_plan *plan, const struct skep_live_options *options,
		  struct skep_diag *diag, struct skep_live_result *ret_result) _must_check_;
