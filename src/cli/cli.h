/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line: finds the command, shows what it has to say. No logic of its own.
 *
 *	skep COMMAND [options]		one row of the table in commands.c
 *	skep -e '...', skep FILE.bt	skep trace ...
 *	skep TOOL [options]		a script of tools/; also started under the tool's name
 *	bpftrace ...			started under that name: skep trace with that tool's options
 *
 * Exit codes: 0 fine, 1 the job failed, 2 wrong usage, 3 this machine cannot do it.
 */
#pragma once

#include "base/diag.h"
#include "base/fit.h"

enum {
	SKEP_EXIT_FINE = 0,
	SKEP_EXIT_FAILED = 1,
	SKEP_EXIT_USAGE = 2,
	SKEP_EXIT_CANNOT = 3,
};

struct skep_command {
	const char *name;
	const char *summary;		   /* one line for the list */
	const char *usage;		   /* for --help */
	int (*run)(int argc, char **argv); /* argv[0] is the command; an exit code */
};

extern const struct skep_command skep_commands[]; /* ends with a row without a name */

/* All of the program but main. */
int skep_cli_main(int argc, char **argv);

/* The arguments of the whole program, for messages that repeat them. */
extern int skep_cli_argc;
extern char **skep_cli_argv;

/* Writes a page to stdout, fitted to the terminal if it is one (base/fit.h). */
void skep_cli_page(const char *text);
/* Says that there is no such command, and which is nearest; an exit code. */
int skep_cli_unknown(const char *name);
/* Of the terminal that @fd is; 0: it is none. */
unsigned skep_cli_columns(int fd);
/* The same, and whether it shows colours. */
struct skep_look skep_cli_look(int fd);
/* Renders to stderr, coloured on a terminal, and empties the diag but for its source. */
void skep_cli_tell(struct skep_diag *diag, bool verbose);
/* For commands that take no arguments: 0, or the exit code after a word about the first one. */
int skep_cli_no_words(int argc, char **argv);
/* Says that this needs rights, and the exact line that would do. */
void skep_cli_need_root(void);
/*
 * All of a result to file @path; NULL or "-": to standard output. -errno: told, or will be at the end of the program when
 * it is standard output. A reader that went away has seen enough: 0.
 */
int skep_cli_write(const char *path, const void *data, size_t size) _must_check_;
/* The line for an output that could not be written. */
void skep_cli_output_failed(int error);
/* The arguments from @from on, quoted for a shell. */
void skep_cli_quote(int argc, char **argv, int from, struct skep_str *out);

/* The commands. */
int skep_cmd_trace(int argc, char **argv);
int skep_cmd_bpftrace(int argc, char **argv);
int skep_cmd_fmt(int argc, char **argv);
/* bpftrace --fmt: the script of these options, as skep fmt shows it. */
struct skep_trace_options;
int skep_cli_fmt(const struct skep_trace_options *options);
int skep_cmd_try(int argc, char **argv);
int skep_cmd_verify(int argc, char **argv);
int skep_cmd_dis(int argc, char **argv);
int skep_cmd_asm(int argc, char **argv);
int skep_cmd_new(int argc, char **argv);
int skep_cmd_explain(int argc, char **argv);
int skep_cmd_build(int argc, char **argv);
int skep_cmd_run(int argc, char **argv);
int skep_cmd_tools(int argc, char **argv);
int skep_cmd_dashboards(int argc, char **argv);
int skep_cmd_schema(int argc, char **argv);
/* The tool called @name; @argv[0] is not looked at. */
/* @as_bcc: its rows look as those of BCC's tool of this name. */
int skep_cmd_tool(const char *name, bool as_bcc, int argc, char **argv);
bool skep_cli_is_tool(const char *name);
struct skep_arena;
/* The tool whose name is nearer to @name than *@best, which becomes how near; or NULL. */
const char *skep_cli_nearest_tool(const char *name, unsigned *best, struct skep_arena *arena);
/* Says so, with the nearest one; an exit code. */
int skep_cli_unknown_tool(const char *name, struct skep_arena *arena);
int skep_cmd_top(int argc, char **argv);
int skep_cmd_ps(int argc, char **argv);
int skep_cmd_map(int argc, char **argv);
int skep_cmd_doctor(int argc, char **argv);
int skep_cmd_version(int argc, char **argv);
int skep_cmd_help(int argc, char **argv);
/* Of a tool of BCC that is no tool here: what does the same; NULL: it is none. */
const char *skep_cli_elsewhere(const char *name);
/* A file of texts/ (cmd_help.c); NULL: there is none of this name. */
const char *skep_cli_text(const char *name);
/* Bare `skep`: commands that work here. */
int skep_cmd_front(void);
