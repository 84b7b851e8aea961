/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files that read a tool's command line share. One after the other they look at it:
 *
 *	tool_words.c	  options, each to whom it belongs: skep trace, the script, its parameters
 *	tool_bcc.c	  options of BCC's tool among them
 *	tool_arguments.c  what is left, which is $1 and so on
 *	tool_probe.c	  one of them that is a probe
 *	tool_options.c	  all of it as a command line of skep trace
 */
#pragma once

#include "base/vec.h"
#include "trace/tool.h"

struct skep_tool_words {
	int whom; /* the process that a tool is about */
	const struct skep_tool *tool;
	struct skep_arena *arena;
	struct skep_diag *diag;
	int argc;
	char **argv;
	int at; /* the word that is looked at */
	bool help;
	bool only_schema, as_bcc;
	bool own;    /* a word or option of the tool's own was given */
	bool regexp; /* the pattern is a regular expression */
	struct {
		SKEP_VEC(char *);
	} trace, params, words;	 /* for skep trace, for getopt(), for $1 and so on */
	const char **presets;	 /* of each option that is a parameter, what it is now */
	const char **named;	 /* of each argument, what an option of BCC said that it is */
	struct skep_str letters; /* that were given, for the shape */
	struct skep_str given;	 /* "--failed --pid " */
};

/* -EINVAL, with the hint where the options are listed. */
int skep_tool_usage_error(struct skep_tool_words *c) _must_check_;
int skep_tool_read_words(struct skep_tool_words *c) _must_check_;
/* Options that skep trace has narrow what is looked at, the others are the script's. */
int skep_tool_take(struct skep_tool_words *c, const struct skep_tool_option *option,
		   const char *name, const char *value) _must_check_;
const struct skep_tool_option *skep_tool_own_option(const struct skep_tool *tool, const char *name,
						    size_t len);
/*
 * What --pid would keep is what happens while the process runs. A tool whose events are of the process but happen elsewhere
 * (it is woken, its disk answers) has --process, which asks who they are of: that is what is meant.
 */
const struct skep_tool_option *skep_tool_meant_by(const struct skep_tool *tool, const char *name);
/* What @letter is: an option of ours, or *ret_bcc; both NULL: of every tool, or nothing. */
const struct skep_tool_option *skep_tool_find_letter(const struct skep_tool_words *c, char letter,
						     const struct skep_tool_option **ret_bcc);
/* Word @index is one too many. */
int skep_tool_meaningless(struct skep_tool_words *c, size_t index) _must_check_;

/* An option of BCC's tool. */
int skep_tool_take_bcc(struct skep_tool_words *c, const struct skep_tool_option *bcc,
		       const char *value) _must_check_;
/* Under BCC's name words are what they are there, if that is something else. */
int skep_tool_take_bcc_words(struct skep_tool_words *c) _must_check_;
/* What several of BCC's tools have, and no tool of ours. */
const char *skep_tool_bcc_only(const char *name);

/* Those that are not given are what the head says. */
int skep_tool_fill_arguments(struct skep_tool_words *c) _must_check_;
