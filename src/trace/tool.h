/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tools: scripts that are part of the program, each a command of its own. A tool is one file in tools/; its head says
 * what everything else is made from: the list, --help, the manual, and how the command line becomes parameters.
 *
 *	// SPDX-License-Identifier: Apache-2.0
 *	// opensnoop - which files are opened, by whom, and whether that worked
 *	// area: files
 *	//
 *	// Each open() is shown when it returns.			any text, in paragraphs
 *	//
 *	// arguments:
 *	//   interval=1           seconds between two reports		$1, in this order; what they are when not given
 *	//   pattern              a probe				$1 of kprobe:$1, and what BCC has instead (tool_probe.h)
 *	// options:
 *	//   -x, --failed         only what failed			getopt("failed") of the script
 *	//   -p, --pid PID        only this process			one of skep trace: goes there
 *	//   -c, --command COMMAND  only it and its children	likewise, and --children with it
 *	//   -F, --frequency HZ=49  looks a second			a parameter behind those of arguments: $2
 *	//   -l, --line REGEX@path  only where it has this	--match path=REGEX of skep trace: one of these columns has it
 *	//   -s, --sort size|time  by which column		one of these words
 *	//   one of: --ipv4 --ipv6				each of them excludes the others
 *	// columns:
 *	//   fd                   the descriptor, or -1
 *	// examples:
 *	//   opensnoop -x         what programs look for and do not find
 *	// bcc:
 *	//   PID:-6 COMM:-16 FD:4 ERR:3 PATH	as BCC's tool prints it (record/shape.h), under whose name it was started;
 *	//   TIME=@time:-8?T	a word that is there when BCC's -T was given; ?!w: when -w was not
 *	//   -d, --duration SECONDS  --duration	what that tool's option is here: options of this tool or of skep trace,
 *	//   -i, --interval SECONDS  $interval	an argument of it,
 *	//   -C, --noclear  always		something that is so anyway,
 *	//   -r, --regexp  regexp		that its pattern is a regular expression, or
 *	//   -Y, --journal  no: --to syslog does it	nothing, and why
 *	//   [duration]  --duration		its words, when they are not the arguments of ours
 *
 * What a value is called says what it may be: PID, PORT, COUNT, CPU, SIGNAL, DISK and others of tool_value.c are checked.
 *
 * Under BCC's name an option of BCC is what it is there, and getopt("bcc") is true. Under the tool's own one it is taken, too, when nothing else is called so.
 *
 *	tool = skep_tool_find("opensnoop", arena);
 *	r = skep_tool_options(tool, argc, argv, arena, &options, diag);
 *	code = skep_trace_run(&options, context);
 *
 * The term and the text behind it are two blanks or more apart; a line that is indented further goes on with the text.
 */
#pragma once

#include "trace/trace.h"

struct skep_tool_term {
	const char *term; /* "fd", "opensnoop -x" */
	const char *text;
};

struct skep_tool_option {
	char letter;	   /* 0: none */
	const char *name;  /* without the two dashes */
	const char *value; /* as the help calls it: "PID"; NULL: it takes none */
	const char *
		preset; /* it is a parameter, for names of probes, and this when not given; NULL: for getopt() */
	const char *columns; /* of "REGEX@COLUMN,COLUMN": it is --match of these; or NULL */
	const char *text;
};

/* An argument of this name may be left out, or 0, when there is -c: it is that command's process then. */
#define SKEP_TOOL_PROCESS "PID"

/* One of this name is as --pid: 0, and there is -c: that command's; 0 without: all. */
#define SKEP_TOOL_PID "pid"

struct skep_tool_argument {
	const char *name;
	const char *preset; /* NULL: it must be given */
	const char *text;
};

/* Lives in the arena that it was found with. */
struct skep_tool {
	const char *name, *summary, *area;
	const char *about; /* paragraphs, "" when there are none */
	const char *script;
	const char *shape; /* record/shape.h; NULL: it looks the same under BCC's name */
	const char *given; /* an option that its name stands for: "--system=ext4"; or NULL */
	struct skep_tool_argument *arguments;
	size_t n_arguments;
	struct skep_tool_option *options, *bcc; /* bcc: text is what is meant */
	size_t n_options, n_bcc;
	struct skep_tool_term *columns, *examples;
	size_t n_columns, n_examples;
	const char **one_of; /* "--ipv4 --ipv6": lists of options that exclude each other */
	size_t n_one_of;
};

/* Tool @index in the order of names; NULL behind the last. */
const struct skep_tool *skep_tool_at(size_t index, struct skep_arena *arena);
/*
 * The tool called @name, or NULL. Names of BCC for one kind of file system or language, ext4slower and rubycalls, are fsslower and
 * ucalls with that kind given.
 */
const struct skep_tool *skep_tool_find(const char *name, struct skep_arena *arena);
/* The script of file @index of tools/, and its name; NULL behind the last. */
const char *skep_tool_file(size_t index, const char **ret_name);
/* Gives back the memory of all of them, a third of a megabyte. What skep_tool_find() gave has a copy; what _file() and _at() gave is gone. */
void skep_tool_files_release(void);
/* What a file's head says. -EINVAL: it has none, or one that breaks the form; *ret_why (static text) says how. */
int skep_tool_parse(const char *script, struct skep_arena *arena, struct skep_tool *ret_tool,
		    const char **ret_why) _must_check_;

enum skep_tool_line {
	SKEP_TOOL_LINE_OWN,
	SKEP_TOOL_LINE_BCC,    /* it was started under the name of BCC's tool */
	SKEP_TOOL_LINE_SCHEMA, /* for skep schema, which needs no process to be named */
};

/*
 * The command line of a tool, as one of skep trace. @argv[0] is the tool's name. Strings are argv's, or in @arena.
 * options->help is set for --help. -EINVAL, with the diag.
 */
int skep_tool_options(const struct skep_tool *tool, enum skep_tool_line line, int argc, char **argv,
		      struct skep_arena *arena, struct skep_trace_options *ret_options,
		      struct skep_diag *diag) _must_check_;

/*
 * Whether *value is one that @option can have; *value is a number behind it where it was the name of one. -EINVAL, with the diag.
 */
int skep_tool_check_value(const struct skep_tool_option *option, struct skep_arena *arena,
			  const char **value, struct skep_diag *diag) _must_check_;
/* Whether @name is in @list, which has the form of skep_tool.one_of. */
bool skep_tool_is_listed(const char *list, const char *name);

/* With -c it is about that command and what it starts alone: its head has --command among its options. */
bool skep_tool_is_of_command(const struct skep_tool *tool);
/* "opensnoop [options] [interval]" */
void skep_tool_usage(const struct skep_tool *tool, struct skep_str *out);
/* What --help shows. */
void skep_tool_help(const struct skep_tool *tool, struct skep_str *out);
/* The manual's page, as mdoc. */
void skep_tool_man(const struct skep_tool *tool, struct skep_str *out);
/* Their areas; NULL behind the last. */
const char *skep_tool_area(size_t index);
/* All tools, by area, or those of one. With a @world those that cannot run in it are marked; NULL: nobody knows. */
void skep_tool_list(const struct skep_world *world, const char *area, struct skep_str *out);
/* {"name", "area", "summary", "works": true, false, or null when nobody knows}, a line each, by name. */
void skep_tool_list_json(const struct skep_world *world, const char *area, struct skep_str *out);

/* The plan of a tool as it is when nothing is said to it, or as its first example has it. -errno, with the diag. */
int skep_tool_compile(const struct skep_tool *tool, const struct skep_world *world,
		      struct skep_arena *arena, struct skep_diag *diag,
		      struct skep_plan **ret_plan) _must_check_;

enum skep_tool_works {
	SKEP_TOOL_WORKS,
	SKEP_TOOL_PARTLY, /* something of it is not there: *ret_why */
	SKEP_TOOL_NOT,
};

/* Compiles it, as it is when nothing is said to it, or as its first example has it. *ret_why is in @arena, "" when it works. */
enum skep_tool_works skep_tool_judge(const struct skep_tool *tool, const struct skep_world *world,
				     struct skep_arena *arena, const char **ret_why);
