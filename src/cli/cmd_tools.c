/* SPDX-License-Identifier: Apache-2.0 */
/* Tools: the list of them, and each as a command. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "trace/tool.h"

static const struct skep_trace_context context = {
	.tell = skep_cli_tell,
	.need_root = skep_cli_need_root,
};

static const char help[] =
	"usage: skep tools [--script TOOL | --man TOOL]\n"
	"\n"
	"Lists the tools that are part of skep, by area. Each is a command: skep TOOL.\n"
	"\n"
	"  --script TOOL   show its script, which skep trace runs: a start for your own\n"
	"  --man TOOL      show its manual's page, as mdoc\n"
	"  -h, --help      this\n";

static int show(const struct skep_tool *tool, bool man)
{
	_cleanup_(skep_str_fini)
	struct skep_str out = {};

	if (man)
		skep_tool_man(tool, &out);
	else
		skep_str_add(&out, tool->script);
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

static int unknown_tool(const char *name, struct skep_arena *arena)
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

int skep_cmd_tools(int argc, char **argv)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	_cleanup_(skep_str_fini)
	struct skep_str out = {};
	const struct skep_tool *tool;
	bool man = argc > 1 && skep_streq(argv[1], "--man");

	if (argc == 1) {
		skep_tool_list(&out);
		fputs(skep_str_text(&out), stdout);
		return SKEP_EXIT_FINE;
	}
	if (skep_streq(argv[1], "--help") || skep_streq(argv[1], "-h")) {
		fputs(help, stdout);
		return SKEP_EXIT_FINE;
	}
	if (argc != 3 || (!man && !skep_streq(argv[1], "--script"))) {
		fprintf(stderr,
			"skep: '%s' means nothing to skep tools\n       = skep tools --help "
			"lists its options\n",
			argv[1]);
		return SKEP_EXIT_USAGE;
	}
	tool = skep_tool_find(argv[2], arena);
	return tool ? show(tool, man) : unknown_tool(argv[2], arena);
}

bool skep_cli_is_tool(const char *name)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();

	return skep_tool_find(name, arena);
}

int skep_cmd_tool(const char *name, int argc, char **argv)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	const struct skep_tool *tool = skep_tool_find(name, arena);
	_cleanup_(skep_str_fini)
	struct skep_str text = {};
	struct skep_trace_options options;
	struct skep_diag diag = {};
	int r;

	if (!tool)
		return unknown_tool(name, arena);
	r = skep_tool_options(tool, argc, argv, arena, &options, &diag);
	skep_cli_tell(&diag, false);
	skep_diag_fini(&diag);
	if (r < 0)
		return SKEP_EXIT_USAGE;
	if (!options.help)
		return skep_trace_run(&options, &context);
	skep_tool_help(tool, &text);
	fputs(skep_str_text(&text), stdout);
	return SKEP_EXIT_FINE;
}
