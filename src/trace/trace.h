/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `skep trace`: the tracing language on the command line.
 *
 *	options ──► script text ──► compile ──► live ──► report
 *
 *	r = skep_trace_options(&options, argc, argv, diag);	// -EINVAL: wrong usage
 *	code = skep_trace_run(&options, context);
 *	skep_trace_options_fini(&options);
 */
#pragma once

#include "base/diag.h"
#include "lang/compile.h"
#include "live/live.h"
#include "live/scope.h"

enum skep_trace_stage {
	SKEP_TRACE_AST = 1 << 0,
	SKEP_TRACE_TYPES = 1 << 1,
	SKEP_TRACE_IR = 1 << 2,
	SKEP_TRACE_CODE = 1 << 3,
	SKEP_TRACE_DIS = 1 << 4,
};

/* Strings are argv's own. */
#define SKEP_TRACE_INCLUDES_MAX 32
#define SKEP_TRACE_SINKS_MAX 8
#define SKEP_TRACE_MATCHES_MAX 8

struct skep_trace_options {
	const char *text; /* -e */
	const char
		*name; /* of the tool whose script the text is; NULL: somebody wrote it himself */
	const char *shape;   /* how tables look (record/shape.h), or NULL */
	bool name_alone;     /* it was given neither words nor options of its own */
	const char *file;    /* "-": stdin */
	const char *command; /* -c */
	const char *output;  /* -o */
	const char *to[SKEP_TRACE_SINKS_MAX]; /* --to but for "-" */
	size_t n_to;
	bool to_output;	     /* --to - */
	const char *spool;   /* --spool */
	const char *to_file; /* --to FILE, with what stands behind it; or NULL */
	size_t to_len;	     /* of its path alone */
	uint64_t to_size;    /* when it rotates; 0: never */
	unsigned to_keep;
	int whom;	  /* a tool is about this process; 0: none */
	const char *list; /* -l with its pattern; "" for all, or of the script; NULL: no listing */
	const char *const *params;
	size_t n_params;
	const char *include_dirs[SKEP_TRACE_INCLUDES_MAX]; /* -I */
	size_t n_include_dirs;
	const char *headers[SKEP_TRACE_INCLUDES_MAX]; /* --include */
	size_t n_headers;
	int pid;
	struct skep_live_scope scope;
	uint64_t duration_ns; /* 0: no end */
	uint64_t max_cpu;     /* hundredths of a percent */
	enum skep_live_format format;
	unsigned folded;	     /* how stacks are marked in it (record/folded.h) */
	unsigned n_formats;	     /* how often it was said */
	enum skep_compile_mode mode; /* --test, --bench */
	bool compile;		     /* write a file for other machines, run nothing */
	unsigned cpus;	  /* of --cpus: how many these machines have at most; 0: not said */
	bool schema;	  /* show the schemas of its rows and maps, run nothing */
	bool json_schema; /* with it: as one JSON Schema of its lines */
	bool time;	  /* a column for it */
	const char *match[SKEP_TRACE_MATCHES_MAX]; /* COLUMN[,COLUMN]=EXPRESSION: rows to show */
	size_t n_match;
	bool dns;      /* names of addresses */
	unsigned with; /* columns about the process: bits by enum skep_process_what */
	bool unsafe, dry_run, quiet, verbose, failed_reads;
	unsigned stages; /* of -d: enum skep_trace_stage */
	enum skep_buffering buffering;
	bool as_bpftrace;	  /* called by that name: its output shapes */
	bool help, version, info; /* nothing but that is wanted */
	bool fmt;		  /* show the script in one style, run nothing */
};

/*
 * @argv[0] is the command's name. What --no-feature lists is denied at once. -EINVAL, with the
 * diag.
 */
int skep_trace_options(struct skep_trace_options *options, int argc, char **argv,
		       struct skep_diag *diag) _must_check_;
/* The command line of bpftrace (0.14 up to the newest). */
int skep_trace_options_bpftrace(struct skep_trace_options *options, int argc, char **argv,
				struct skep_diag *diag) _must_check_;

/* Whether there is a long option of this name: 0, or -ENOENT. @ret_takes_value may be NULL. */
int skep_trace_option(const char *name, bool *ret_takes_value) _must_check_;

/* What the caller does for us. */
struct skep_trace_context {
	/* Shows what the diag holds and empties it. */
	void (*tell)(struct skep_diag *diag, bool verbose);
	/* Says that this needs rights, and which line would do. */
	void (*need_root)(void);
};

/* An exit code: 0 fine, 1 failed, 2 wrong usage, 3 this machine cannot, 4 over budget; or what the script said. */
int skep_trace_run(const struct skep_trace_options *options,
		   const struct skep_trace_context *context) _must_check_;
