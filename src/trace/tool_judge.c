/* SPDX-License-Identifier: Apache-2.0 */
/* Which tools can run here: each is compiled for this kernel, none is attached. */
#include <errno.h>
#include <string.h>

#include "lang/compile.h"
#include "sys/feature.h"
#include "trace/ahead.h"
#include "trace/tool.h"

#define WORDS_MAX 16

/* "funccount 'vfs_*' 5" */
static int words_of(char *line, char **ret_argv)
{
	int n = 0;

	while (*line && n < WORDS_MAX) {
		char end = ' ';

		if (*line == '\'' || *line == '"')
			end = *line++;
		ret_argv[n++] = line;
		line += strcspn(line, (char[]){ end, '\0' });
		if (*line)
			*line++ = '\0';
		line += strspn(line, " ");
	}
	ret_argv[n] = NULL;
	return n;
}

/* A command line that the tool takes: its name, or the first of its examples when it has to be told something. */
static int command_line(const struct skep_tool *tool, struct skep_arena *arena, char **ret_argv)
{
	const char *line = tool->name;

	for (size_t i = 0; i < tool->n_arguments; i++)
		if ((!tool->arguments[i].preset ||
		     skep_streq(tool->arguments[i].name, SKEP_TOOL_PROCESS)) &&
		    tool->n_examples)
			line = tool->examples[0].term;
	return words_of(skep_arena_strdup(arena, line), ret_argv);
}

static const char *first(const struct skep_diag *diag, enum skep_diag_level level)
{
	for (size_t i = 0; i < diag->n_items; i++)
		if (diag->items[i].level == level)
			return diag->items[i].what;
	return NULL;
}

int skep_tool_compile(const struct skep_tool *tool, const struct skep_world *world,
		      struct skep_arena *arena, struct skep_diag *diag, struct skep_plan **ret_plan)
{
	struct skep_compile_options options = { .kernel_hz = skep_trace_kernel_hz,
						.unsafe = true /* nothing is attached */ };
	struct skep_trace_options o;
	char *argv[WORDS_MAX + 1];
	int r = skep_tool_options(tool, SKEP_TOOL_LINE_OWN, command_line(tool, arena, argv), argv,
				  arena, &o, diag);

	if (r < 0)
		return r;
	options.params = o.params;
	options.n_params = o.n_params;
	options.has_cpid = o.command;
	options.source_name = tool->name;
	return skep_compile(arena, world, tool->script, strlen(tool->script), &options, diag,
			    ret_plan);
}

enum skep_tool_works skep_tool_judge(const struct skep_tool *tool, const struct skep_world *world,
				     struct skep_arena *arena, const char **ret_why)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *own = skep_arena_new();
	struct skep_diag diag = {};
	struct skep_plan *plan;
	enum skep_tool_works works = SKEP_TOOL_WORKS;
	const char *why;
	int r = skep_tool_compile(tool, world, own, &diag, &plan);

	if (r >= 0 && strstr(tool->script, "\nhardware:") &&
	    !skep_feature_has(SKEP_FEATURE_PERF_HARDWARE)) { /* noticed when it is attached */
		skep_diag_error(&diag, SKEP_NO_LOC, "this machine does not have such counters");
		r = -ENOTSUP;
	}
	why = first(&diag, r < 0 ? SKEP_DIAG_ERROR : SKEP_DIAG_WARNING);
	if (r < 0)
		works = SKEP_TOOL_NOT;
	else if (why)
		works = SKEP_TOOL_PARTLY;
	*ret_why = skep_arena_strdup(arena, why ? why : "");
	skep_diag_fini(&diag);
	return works;
}
