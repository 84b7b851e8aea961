/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `skep top`: processes, containers, files and connections, again and again, on a screen or as lines.
 *
 *	scripts ──sensor──► watching ──view──► rows ─┬─ ui, frame ──screen──► terminal
 *						     └─ print ──► table, JSON, CSV
 *
 *	struct skep_top_options options = SKEP_TOP_OPTIONS;
 *	code = skep_top_run(&options, tell, need_root);
 *
 * A look is one pass of iterators in the kernel over all threads, and a few maps: what is shown costs nothing between two looks, but
 * for the network's bytes and for files, whose probes are there only while that view is shown.
 */
#pragma once

#include "live/scope.h"
#include "top/print.h"

struct skep_top_options {
	enum skep_top_kind kind;
	unsigned interval_ms;
	bool batch;	/* lines, also on a terminal */
	unsigned count; /* so many looks, then it ends; 0: no end */
	enum skep_top_format format;
	const char *sort; /* name of a column, or NULL */
	bool reversed;
	const char *filter; /* or NULL */
	struct skep_live_scope scope;
	const char *command; /* -c, or NULL */
	uint64_t max_cpu;    /* hundredths of a percent; 0: no limit */
};

#define SKEP_TOP_OPTIONS ((struct skep_top_options){ .interval_ms = 1000 })

/* @tell shows what a diag holds; @need_root that this wants rights. An exit code: 0, 1, 2, 3, or 4: over --max-cpu. */
int skep_top_run(const struct skep_top_options *options,
		 void (*tell)(struct skep_diag *diag, bool verbose), void (*need_root)(void));
/* 0, or -EINVAL: there is no such view. */
int skep_top_kind_find(const char *name, enum skep_top_kind *ret_kind) _must_check_;
