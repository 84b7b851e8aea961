/* SPDX-License-Identifier: Apache-2.0 */
/* Schema: what the JSON lines of a tool or script look like. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "cli/cli.h"
#include "trace/tool.h"

static const struct skep_trace_context context = {
	.tell = skep_cli_tell,
	.need_root = skep_cli_need_root,
};

static const char help[] =
	"usage: skep schema TOOL [its options and arguments]\n"
	"       skep schema FILE | -e 'SCRIPT'\n"
	"\n"
	"Shows the JSON Schema (draft 2020-12) of every line that the tool or script writes\n"
	"with --format json: rows, maps, texts, schemas, losses. Beside what validators\n"
	"know, fields have a description, x-unit (UCUM) and x-otel (the attribute of\n"
	"OpenTelemetry), maps x-prometheus (the metrics of --to prom). Nothing is run.\n"
	"\n"
	"  -o FILE        where it goes instead of stdout\n"
	"  -h, --help     this\n"
	"\n"
	"examples:\n"
	"  skep schema tcplife >tcplife.schema.json\n"
	"  skep schema biolatency -D\n";

int skep_cmd_schema(int argc, char **argv)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	struct skep_trace_options options;
	const struct skep_tool *tool;
	struct skep_diag diag = {};
	int r;

	if (argc < 2) {
		fprintf(stderr, "skep: of which tool or script?\n"
				"       = skep schema tcplife; 'skep tools' lists the tools\n");
		return SKEP_EXIT_USAGE;
	}
	if (skep_streq(argv[1], "-h") || skep_streq(argv[1], "--help")) {
		skep_cli_page(help);
		return SKEP_EXIT_FINE;
	}
	tool = skep_tool_find(argv[1], arena);
	if (!tool && argv[1][0] != '-' && !strpbrk(argv[1], "./") && access(argv[1], R_OK) < 0)
		return skep_cli_unknown_tool(argv[1], arena);
	r = tool ? skep_tool_options(tool, SKEP_TOOL_LINE_SCHEMA, argc - 1, argv + 1, arena,
				     &options, &diag)
		 : skep_trace_options(&options, argc, argv, &diag);
	if (r >= 0 && !options.help && options.n_formats && options.format != SKEP_LIVE_JSON) {
		skep_diag_error(&diag, SKEP_NO_LOC, "a schema is JSON");
		skep_diag_hint(&diag, "skep schema is about --format json, and is that itself");
		r = -1;
	}
	skep_cli_tell(&diag, false);
	skep_diag_fini(&diag);
	if (r < 0)
		return SKEP_EXIT_USAGE;
	if (options.help) {
		skep_cli_page(help);
		return SKEP_EXIT_FINE;
	}
	options.schema = options.json_schema = true;
	return skep_trace_run(&options, &context);
}
