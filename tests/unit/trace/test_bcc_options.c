/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every option of BCC's tools, as these have it: taken, or refused with the reason. A line of the vector is a command line
 * under the name of BCC's tool, a tab and what comes of it. SKEP_REGENERATE=1 writes what does: read it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "record/shape.h"
#include "trace/tool.h"

#define VECTOR SKEP_VECTORS "/trace/bcc-options.txt"

static void taken(const struct skep_trace_options *o, struct skep_str *out)
{
	static const char *const formats[] = {
		[SKEP_LIVE_JSON] = "json", [SKEP_LIVE_CSV] = "csv", [SKEP_LIVE_FOLDED] = "folded"
	};

	for (size_t i = 0; i < o->n_params; i++)
		skep_str_addf(out, " %s", o->params[i]);
	if (o->n_formats)
		skep_str_addf(out, " | format %s", formats[o->format]);
	if (o->time)
		skep_str_add(out, " | time");
	if (o->folded)
		skep_str_addf(out, " | folded %u", o->folded);
	if (o->with)
		skep_str_addf(out, " | with %#x", o->with);
	if (o->duration_ns)
		skep_str_addf(out, " | duration %.0f", (double)o->duration_ns / 1e9);
	if (o->scope.pid)
		skep_str_addf(out, " | pid %s", o->scope.pid);
	if (o->scope.user)
		skep_str_addf(out, " | user %s", o->scope.user);
	if (o->scope.comm)
		skep_str_addf(out, " | comm %s", o->scope.comm);
	if (o->command)
		skep_str_addf(out, " | command %s", o->command);
	for (size_t i = 0; i < o->n_to; i++)
		skep_str_addf(out, " | to %s", o->to[i]);
	for (size_t i = 0; i < o->n_match; i++)
		skep_str_addf(out, " | match %s", o->match[i]);
	if (o->quiet)
		skep_str_add(out, " | quiet");
	if (o->verbose)
		skep_str_add(out, " | verbose");
}

/* What comes of @line, which is cut into words. */
static void judge(char *line, struct skep_str *out)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	_cleanup_(skep_shape_freep)
	struct skep_shape *shape = NULL;
	struct skep_trace_options o;
	struct skep_diag diag = {};
	const struct skep_tool *tool;
	char *argv[16], *rest = line, *word;
	int argc = 0;

	while ((word = strsep(&rest, " ")))
		argv[argc++] = word;
	argv[argc] = NULL;
	tool = skep_tool_find(argv[0], arena);
	assert_non_null(tool);
	if (skep_tool_options(tool, SKEP_TOOL_LINE_BCC, argc, argv, arena, &o, &diag) < 0) {
		/* A reason is as good as an option; "has no option" is none. */
		assert_true(diag.n_items && diag.items[0].hint);
		if (strstr(diag.items[0].hint, "lists its options"))
			fail_msg("%s: %s", argv[0], diag.items[0].what);
		skep_str_addf(out, "%s: %s", diag.items[0].what, diag.items[0].hint);
	} else {
		skep_str_add(out, "taken:");
		taken(&o, out);
		if (o.shape)
			assert_int_equal(skep_shape_new(o.shape, &shape), 0);
	}
	skep_diag_fini(&diag);
}

static void test_options(void **state)
{
	_cleanup_(skep_str_fini)
	struct skep_str all = {};
	FILE *f = fopen(VECTOR, "re");
	char line[1024];

	(void)state;
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		_cleanup_(skep_str_fini)
		struct skep_str now = {};
		char command[1024], *expected = line;

		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '#') {
			skep_str_addf(&all, "%s\n", line);
			continue;
		}
		expected = strchr(line, '\t');
		if (expected)
			*expected++ = '\0';
		snprintf(command, sizeof(command), "%s", line);
		judge(command, &now);
		if (!getenv("SKEP_REGENERATE") &&
		    !skep_streq(skep_str_text(&now), expected ? expected : ""))
			fail_msg("%s: %s, not %s", line, skep_str_text(&now), expected);
		skep_str_addf(&all, "%s\t%s\n", line, skep_str_text(&now));
	}
	fclose(f);
	if (!getenv("SKEP_REGENERATE"))
		return;
	f = fopen(VECTOR, "we");
	assert_non_null(f);
	fputs(skep_str_text(&all), f);
	assert_int_equal(fclose(f), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
