/* SPDX-License-Identifier: Apache-2.0 */
/* The arguments of a tool: $1 and so on of its script. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "live/binary.h"
#include "trace/tool_priv.h"
#include "trace/tool_probe.h"

static bool has(const struct skep_tool_words *c, const char *option)
{
	for (size_t i = 0; i < c->trace.len; i++)
		if (skep_streq(c->trace.data[i], option))
			return true;
	return false;
}

/* A process, or 0: that of -c. Whether it runs is looked at when the script begins. */
static int take_process(struct skep_tool_words *c, const char *word)
{
	c->whom = atoi(word);
	if (c->only_schema || !skep_streq(word, "0") || has(c, "-c"))
		return 0;
	skep_diag_error(c->diag, SKEP_NO_LOC, "%s wants to know: PID, or -c COMMAND",
			c->tool->name);
	return skep_tool_usage_error(c);
}

/* The same, but what other processes do is left out by the kernel. */
static void take_pid(struct skep_tool_words *c, const char *word)
{
	if (c->only_schema || (skep_streq(word, "0") && (!has(c, "-c") || has(c, "--children"))))
		return;
	skep_vec_add(&c->trace, skep_arena_printf(c->arena, "--pid=%s",
						  skep_streq(word, "0") ? "cpid" : word));
}

/* Arguments that are whole numbers of a range. */
static const struct range {
	const char *name;
	double least, most;
	const char *text;
} ranges[] = {
	{ "interval", 1, 1e9, " of whole seconds above 0" },
	{ "seconds", 1, 1e9, " of whole seconds above 0" },
	{ "duration", 1, 1e9, " of whole seconds above 0" },
	{ "bits", 0, 32, " from 0 to 32" },
	{ "calls", 1, 1000, " from 1 to 1000" },
};

static const struct range *range_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++)
		if (skep_streq(name, ranges[i].name))
			return &ranges[i];
	return NULL;
}

/* What is a number when it is not given is one when it is. */
static int check_number(struct skep_tool_words *c, const struct skep_tool_argument *argument,
			const char *word)
{
	const struct range *range = range_of(argument->name);
	char *end;
	double value;

	if (!argument->preset || argument->preset[strspn(argument->preset, "0123456789")])
		return 0;
	value = strtod(word, &end);
	if (end > word && !*end &&
	    (!range || (value >= range->least && value <= range->most &&
			word[strspn(word, "0123456789")] == '\0')))
		return 0;
	skep_diag_error(c->diag, SKEP_NO_LOC, "%s: %s is a number%s, not '%s'", c->tool->name,
			argument->name, range ? range->text : "", word);
	skep_diag_hint(c->diag, "%s: %s", argument->name, argument->text);
	return -EINVAL;
}

/* The process that --pid names; 0: none, or that of -c, or several. */
static int one_pid(const struct skep_tool_words *c)
{
	for (size_t i = 0; i < c->trace.len; i++)
		if (skep_has_prefix(c->trace.data[i], "--pid="))
			return strchr(c->trace.data[i], ',')
				       ? 0
				       : atoi(c->trace.data[i] + strlen("--pid="));
	return 0;
}

/* What is probed: see tool_probe.h. */
static int take_pattern(struct skep_tool_words *c, char **pattern)
{
	struct skep_tool_probe probe;
	struct skep_tool *tool;
	int r = skep_tool_probe(c->tool, *pattern, c->regexp, one_pid(c), !c->only_schema, c->arena,
				c->diag, &probe);

	if (r < 0)
		return r;
	tool = skep_arena_memdup(c->arena, c->tool, sizeof(*tool));
	tool->script = probe.script;
	c->tool = tool;
	*pattern = skep_arena_strdup(c->arena, probe.pattern);
	if (probe.is_program && strstr(tool->script, "getopt(\"program\")"))
		skep_vec_add(&c->params, skep_arena_strdup(c->arena, "--program"));
	if (probe.is_event)
		skep_vec_add(&c->params, skep_arena_strdup(c->arena, "--event"));
	return 0;
}

/* What argument @index is, or NULL: *@next is the next word. */
static int given_argument(struct skep_tool_words *c, size_t index, const char *preset, size_t *next,
			  char **ret_value)
{
	char *value = c->named[index]	     ? skep_arena_strdup(c->arena, c->named[index])
		      : *next < c->words.len ? c->words.data[(*next)++]
					     : NULL;
	int r = value ? check_number(c, &c->tool->arguments[index], value) : 0;

	if (r >= 0 && value && skep_streq(c->tool->arguments[index].name, "pattern"))
		r = take_pattern(c, &value);
	*ret_value = value || !preset ? value : skep_arena_strdup(c->arena, preset);
	/* "0.5": scripts count in whole numbers, of microseconds then. */
	if (r >= 0 && *ret_value && skep_streq(c->tool->arguments[index].name, "min_ms"))
		*ret_value = skep_arena_printf(c->arena, "%.0f", strtod(*ret_value, NULL) * 1000);
	return r;
}

/*
 * A program or library that was named instead of the tool's own: "ssl" is libssl, as BCC has it. With --pid it is one of that
 * process, which the script looks for.
 */
static int check_binary(struct skep_tool_words *c, const struct skep_tool_option *option,
			const char **value)
{
	const char *library;

	if (!skep_streq(option->value, "PATH") || *value == option->preset || c->only_schema)
		return 0;
	for (size_t i = 0; i < c->trace.len; i++)
		if (skep_has_prefix(c->trace.data[i], "--pid="))
			return 0;
	if (skep_binary_is_there(c->arena, *value, 0))
		return 0;
	library = skep_arena_printf(c->arena, "lib%s", *value);
	if (!strchr(*value, '/') && skep_binary_is_there(c->arena, library, 0)) {
		*value = library;
		return 0;
	}
	skep_diag_error(c->diag, SKEP_NO_LOC, "--%s: there is no program or library '%s'",
			option->name, *value);
	return skep_tool_usage_error(c);
}

/* Those that are not given are what the head says. */
int skep_tool_fill_arguments(struct skep_tool_words *c)
{
	const struct skep_tool *tool = c->tool; /* whose script may become another one */
	size_t next = 0;
	char **values = skep_arena_calloc(c->arena, tool->n_arguments + 1, sizeof(*values));
	int r;

	c->own |= c->words.len > 0;
	for (size_t i = 0; i < tool->n_arguments; i++) {
		const char *preset = tool->arguments[i].preset;

		/* What its lines look like does not depend on whose they are. */
		if (c->only_schema && skep_streq(tool->arguments[i].name, SKEP_TOOL_PROCESS))
			preset = "1";
		r = given_argument(c, i, preset, &next, &values[i]);
		if (r < 0)
			return r;
		if (!values[i]) {
			skep_diag_error(c->diag, SKEP_NO_LOC, "%s wants to know: %s", tool->name,
					tool->arguments[i].name);
			return skep_tool_usage_error(c);
		}
	}
	if (next < c->words.len) {
		return skep_tool_meaningless(c, next);
	}
	c->words.len = 0;
	for (size_t i = 0; i < tool->n_arguments; i++)
		skep_vec_add(&c->words, values[i]);
	for (size_t i = 0; i < tool->n_arguments; i++) {
		if (skep_streq(tool->arguments[i].name, SKEP_TOOL_PID))
			take_pid(c, c->words.data[i]);
		if (!skep_streq(tool->arguments[i].name, SKEP_TOOL_PROCESS))
			continue;
		r = take_process(c, c->words.data[i]);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < tool->n_options; i++) {
		if (!c->presets[i])
			continue;
		r = check_binary(c, &tool->options[i], &c->presets[i]);
		if (r < 0)
			return r;
		skep_vec_add(&c->words, skep_arena_strdup(c->arena, c->presets[i]));
	}
	return 0;
}
