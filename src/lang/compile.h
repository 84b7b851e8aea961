/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The language's front door: text in, plan out.
 *
 *	struct skep_compile_options options = { .long_rows = json };
 *	r = skep_compile(arena, world, text, len, &options, diag, &plan);
 *	if (r < 0) skep_diag_format(diag, ...);
 *
 * The steps, one folder file family each: parse (lex, parse), match (provider/: attach points to targets), check (types of
 * everything, over all probes until maps settle), lower (to gen), plan.
 */
#pragma once

#include "gen/scope.h"
#include "lang/ast.h"
#include "lang/plan.h"
#include "lang/world.h"

/* Which probes of the script are compiled. */
enum skep_compile_mode {
	SKEP_COMPILE_TRACE, /* all but test and bench */
	SKEP_COMPILE_TEST,  /* BEGIN, END and test */
	SKEP_COMPILE_BENCH, /* BEGIN, END and bench */
};

struct skep_compile_options {
	enum skep_compile_mode mode;
	const char *source_name;
	const char *const *params;
	size_t n_params;
	int pid;       /* -p: uprobes and perf events follow this process; elsewhere a filter */
	bool has_cpid; /* -c is given */
	/* As -p, for uprobes and static probes alone, when the scope is this one process; or 0. */
	int user_pid;
	/* As -p, for uprobes and perf events alone: the process of -c, where they follow it. 0: they follow none */
	int child;
	const struct skep_scope
		*scope; /* every probe but those of user space is narrowed to it, or NULL */
	const char *scope_option; /* what it came from, for messages; NULL: that is seen by it */
	bool unsafe;		  /* system() and friends are allowed */
	bool sampling; /* programs leave out events when user space says so: plan.sample_map_plus1 */
	bool long_rows;			/* rows carry time, pid, tid, comm */
	bool whose_rows;		/* and group, user and parent of that process */
	bool as_bpftrace;		/* print(@m[key]) shows the value alone, BEGIN is a begin */
	bool verbose;			/* hints about old syntax */
	const char *const *environment; /* for settings, BPFTRACE_NAME=value; or NULL */
	skep_import_fn import; /* reads what the script imports; NULL: nothing can be imported */
	void *import_data;
	const char *const *include_dirs; /* -I: where #include looks, too */
	size_t n_include_dirs;
	const char *const *headers; /* --include */
	size_t n_headers;
	struct skep_str *
		help; /* --help among the parameters describes the script's options here; or NULL */
	unsigned (*kernel_hz)(
		void); /* ticks a second, asked when the script says HZ; NULL or 0: not known */
	uint32_t kernel_version; /* LINUX_VERSION_CODE of #if; 0: not known */
	/*
	 * For other machines, too (plan->portable); @kernel is the build id of the kernel whose types the world has, or NULL, and
	 * @cpus how many CPUs these machines have at most, 0: SKEP_PORTABLE_CPUS or as many as here.
	 */
	bool portable;
	const char *kernel;
	unsigned cpus;
	unsigned opt_level_plus1; /* 0: the default; else level + 1 */
	/* Called between the steps with the name of the step done ("ast", "types", "ir", "code") and its text, when set. */
	void (*stage)(void *data, const char *stage, const char *text);
	void *stage_data;
};

/*
 * Parameters that begin with "--" are options of the script (getopt), the others are positional.
 * -ECANCELED: there was --help, options->help has its text.
 * -EINVAL: the diag says why, all errors of the script. -ENOTSUP: this machine cannot do it, and the diag says what can.
 */
int skep_compile(struct skep_arena *arena, const struct skep_world *world, const char *text,
		 size_t len, const struct skep_compile_options *options, struct skep_diag *diag,
		 struct skep_plan **ret_plan) _must_check_;

/*
 * Probes matching @pattern ("tracepoint:syscalls:*open*"; NULL: everything), one a line; @verbose adds arguments. "struct NAME",
 * "union NAME" and "enum NAME" are types of the kernel: their definitions, and of a pattern without @verbose their names.
 */
int skep_list_probes(const struct skep_world *world, const char *pattern, bool verbose, int pid,
		     struct skep_diag *diag, struct skep_str *out) _must_check_;
