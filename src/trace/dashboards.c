/* SPDX-License-Identifier: Apache-2.0 */
#include "trace/dashboards.h"

#include <errno.h>
#include <string.h>

#include "live/import.h"
#include "record/dashboard.h"
#include "trace/ahead.h"
#include "trace/source.h"
#include "trace/tool.h"

#define OWN "skep"

static void add_plan(const struct skep_plan *plan, struct skep_dashboard *d)
{
	for (size_t i = 0; i < plan->n_maps; i++)
		if (skep_plan_is_result(plan, i))
			skep_dashboard_map(d, &plan->maps[i].shape);
	for (size_t i = 0; i < plan->n_actions; i++) {
		const struct skep_plan_action *a = &plan->actions[i];
		bool told = false;

		for (size_t k = 0; k < i; k++)
			told |= plan->actions[k].kind == SKEP_ACTION_ROW &&
				skep_streq(plan->actions[k].schema.name, a->schema.name);
		if (a->kind == SKEP_ACTION_ROW && !told)
			skep_dashboard_row(d, &a->schema);
	}
}

static int compile_file(const char *path, const struct skep_world *world, struct skep_arena *arena,
			struct skep_diag *diag, struct skep_plan **ret_plan)
{
	struct skep_trace_options o = { .file = path };
	struct skep_compile_options options = { .kernel_hz = skep_trace_kernel_hz,
						.import = skep_live_import,
						.has_cpid = true,
						.unsafe = true };
	const char *text;
	size_t len;
	int r = skep_trace_source(arena, &o, diag, &options.source_name, &text, &len);

	if (r < 0)
		return r;
	diag->source_name = options.source_name;
	diag->source_text = text;
	diag->source_len = len;
	return skep_compile(arena, world, text, len, &options, diag, ret_plan);
}

const char *skep_dashboards_name(const char *name, struct skep_arena *arena)
{
	const char *slash = strrchr(name, '/');

	name = slash ? slash + 1 : name;
	return skep_arena_strndup(arena, name, strcspn(name, "."));
}

int skep_dashboards_one(const char *name, const struct skep_world *world, struct skep_arena *arena,
			struct skep_diag *diag, struct skep_str *out)
{
	const struct skep_tool *tool = skep_tool_find(name, arena);
	struct skep_plan *plan = NULL;
	struct skep_dashboard d;
	int r = 0;

	if (tool)
		r = skep_tool_compile(tool, world, arena, diag, &plan);
	else if (strpbrk(name, "./"))
		r = compile_file(name, world, arena, diag, &plan);
	else if (!skep_streq(name, OWN))
		r = -ENOENT;
	if (r < 0)
		return r;
	skep_dashboard_begin(&d, skep_dashboards_name(name, arena), tool ? tool->summary : NULL,
			     out);
	if (plan)
		add_plan(plan, &d);
	else
		skep_dashboard_own(&d);
	skep_dashboard_end(&d);
	return 0;
}
