/* SPDX-License-Identifier: Apache-2.0 */
/* Tools: the list of them, and each as a command. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/words.h"
#include "live/world.h"
#include "sys/explain.h"
#include "trace/tool.h"

static const struct skep_trace_context context = {
	.tell = skep_cli_tell,
	.need_root = skep_cli_need_root,
};

static const char help[] =
	"usage: skep tools [AREA] [--format text|json]\n"
	"       skep tools --script TOOL | --man TOOL\n"
	"\n"
	"Lists the tools that are part of skep, by area. Each is a command: skep TOOL.\n"
	"Areas: cpu, memory, files, network, security, applications, kernel.\n"
	"\n"
	"  --format json   a line of JSON for each tool\n"
	"  --script TOOL   show its script, which skep trace runs: a start for your own\n"
	"  --man TOOL      show its manual's page; to a file or pipe as mdoc, to install it\n"
	"  -h, --help      this\n";

/* A page on a terminal, by whatever can set one here; false: nothing can. */
static bool set_page(const char *mdoc)
{
	static const struct {
		const char *is_there, *command;
	} setters[] = {
		{ "command -v mandoc >/dev/null 2>&1", "mandoc -a" },
		{ "man --version >/dev/null 2>&1", "man -l -" }, /* not that of busybox */
	};

	for (size_t i = 0; i < ARRAY_SIZE(setters); i++) {
		FILE *page =
			system(setters[i].is_there) == 0 ? popen(setters[i].command, "w") : NULL;

		if (!page)
			continue;
		signal(SIGPIPE, SIG_IGN); /* the reader may have seen enough */
		fputs(mdoc, page);
		if (pclose(page) == 0)
			return true;
	}
	return false;
}

static int show(const struct skep_tool *tool, bool man)
{
	_cleanup_(skep_str_fini)
	struct skep_str out = {};

	if (man)
		skep_tool_man(tool, &out);
	else
		skep_str_add(&out, tool->script);
	if (man && isatty(STDOUT_FILENO)) {
		if (set_page(skep_str_text(&out)))
			return SKEP_EXIT_FINE;
		skep_str_fini(&out);
		skep_tool_help(tool, &out);
		skep_cli_page(skep_str_text(&out));
		return SKEP_EXIT_FINE;
	}
	fputs(skep_str_text(&out), stdout);
	return SKEP_EXIT_FINE;
}

const char *skep_cli_nearest_tool(const char *name, unsigned *best, struct skep_arena *arena)
{
	const struct skep_tool *tool;
	const char *nearest = NULL;

	for (size_t i = 0; (tool = skep_tool_at(i, arena)); i++) {
		unsigned d = skep_edit_distance(name, tool->name, *best);

		if (d < *best) {
			*best = d;
			nearest = tool->name;
		}
	}
	return nearest;
}

int skep_cli_unknown_tool(const char *name, struct skep_arena *arena)
{
	unsigned best = 3;
	const char *nearest = skep_cli_nearest_tool(name, &best, arena);

	fprintf(stderr, "skep: there is no tool '%s'\n", name);
	if (nearest)
		fprintf(stderr, "       = did you mean '%s'?\n", nearest);
	else
		fprintf(stderr, "       = 'skep tools' lists them\n");
	return SKEP_EXIT_USAGE;
}

struct job {
	bool json, man;
	const char *tool, *area;
};

static const char *option(void *data, int c, char *value)
{
	static const char *const formats[] = { "text", "json" };
	struct job *job = data;
	int format;

	if (c != 'f') {
		job->man = c == 'm';
		job->tool = value;
		return NULL;
	}
	format = skep_cli_word(value, formats, ARRAY_SIZE(formats));
	job->json = format == 1;
	return format < 0 ? "--format takes text or json" : NULL;
}

/* Whether they can run only root can know. */
static int list(const struct job *job)
{
	_cleanup_(skep_str_fini)
	struct skep_str out = {};
	struct skep_diag ignored = {};
	struct skep_kernel_world *own = NULL;
	const struct skep_world *world = NULL;

	if (skep_explain_privileged() && skep_world_new(&ignored, &own) >= 0)
		world = skep_world_get(own);
	if (job->json) {
		skep_tool_list_json(world, job->area, &out);
		fputs(skep_str_text(&out), stdout);
	} else {
		skep_tool_list(world, job->area, &out);
		skep_cli_page(skep_str_text(&out));
	}
	skep_world_free(own);
	skep_diag_fini(&ignored);
	return SKEP_EXIT_FINE;
}

static bool is_area(const char *word)
{
	const char *area;

	for (size_t i = 0; (area = skep_tool_area(i)); i++)
		if (skep_streq(area, word))
			return true;
	return false;
}

int skep_cmd_tools(int argc, char **argv)
{
	static const struct option longs[] = { { "format", required_argument, NULL, 'f' },
					       { "script", required_argument, NULL, 's' },
					       { "man", required_argument, NULL, 'm' },
					       SKEP_CLI_WORDS_END };
	static const struct skep_cli_words words = { help, longs, option };
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	const struct skep_tool *tool;
	struct job job = {};
	int code;

	if (!skep_cli_words_parse(&words, &job, argc, argv, &code))
		return code;
	if (optind < argc)
		job.area = argv[optind++];
	if (optind < argc || (job.tool && (job.area || job.json)))
		return skep_cli_wrong(&words, "it is an area, or one tool");
	if (job.area && !is_area(job.area))
		return skep_cli_wrong(&words, "there is no such area of tools");
	if (!job.tool)
		return list(&job);
	tool = skep_tool_find(job.tool, arena);
	return tool ? show(tool, job.man) : skep_cli_unknown_tool(job.tool, arena);
}

bool skep_cli_is_tool(const char *name)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();

	return skep_tool_find(name, arena);
}

int skep_cmd_tool(const char *name, bool as_bcc, int argc, char **argv)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	const struct skep_tool *tool = skep_tool_find(name, arena);
	_cleanup_(skep_str_fini)
	struct skep_str text = {};
	struct skep_trace_options options;
	struct skep_diag diag = {};
	int r;

	skep_tool_files_release();
	if (!tool)
		return skep_cli_unknown_tool(name, arena);
	r = skep_tool_options(tool, as_bcc ? SKEP_TOOL_LINE_BCC : SKEP_TOOL_LINE_OWN, argc, argv,
			      arena, &options, &diag);
	skep_cli_tell(&diag, false);
	skep_diag_fini(&diag);
	if (r < 0)
		return SKEP_EXIT_USAGE;
	if (!options.help)
		return skep_trace_run(&options, &context);
	skep_tool_help(tool, &text);
	skep_cli_page(skep_str_text(&text));
	return SKEP_EXIT_FINE;
}
