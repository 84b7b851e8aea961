/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of a tool, turned into one of skep trace. */
#include <errno.h>
#include <string.h>

#include "trace/tool_priv.h"

/*
 * A tool that has --command among its own options is about that command and all that it starts, as BCC's of this name is,
 * unless processes are named.
 */
static void narrow_to_command(struct skep_tool_words *c)
{
	static char children[] = "--children";
	bool command = false, pid = false;

	for (size_t i = 0; i < c->trace.len; i++) {
		command |= skep_has_prefix(c->trace.data[i], "--command=");
		pid |= skep_has_prefix(c->trace.data[i], "--pid=");
	}
	if (command && !pid && skep_tool_is_of_command(c->tool))
		skep_vec_add(&c->trace, children);
}

/* skep trace's own reading of the words for it: one place knows what they mean. */
static int options_of_trace(struct skep_tool_words *c, struct skep_trace_options *o)
{
	static char name[] = "trace", dash_e[] = "-e", format[] = "--format=table";
	size_t n;
	char **argv;

	narrow_to_command(c);
	n = c->trace.len + 4;
	argv = skep_arena_calloc(c->arena, n + 1, sizeof(*argv));
	argv[0] = name;
	argv[1] = format; /* a later one is obeyed */
	for (size_t i = 0; i < c->trace.len; i++)
		argv[2 + i] = c->trace.data[i];
	argv[n - 2] = dash_e;
	argv[n - 1] = skep_arena_strdup(c->arena, c->tool->script);
	return skep_trace_options(o, (int)n, argv, c->diag);
}

/* The shape of BCC without the words that are there on a condition which does not hold. */
static const char *shape_of(const struct skep_tool_words *c)
{
	char *shape = skep_arena_strdup(c->arena, c->tool->shape ? c->tool->shape : "");
	const char *given = skep_str_text(&c->letters);
	char *to = shape;

	for (const char *p = shape; *p; p += strspn(p, " ")) {
		size_t len = strcspn(p, " "), shown = strcspn(p, " ?");
		bool no = shown < len && p[shown + 1] == '!', found = shown == len;

		for (size_t i = shown + 1 + no; i < len; i++)
			found |= strchr(given, p[i]) != NULL;
		if (found != no) {
			memmove(to, p, shown);
			to += shown;
			*to++ = ' ';
		}
		p += len;
	}
	*to = '\0';
	return c->as_bcc && to > shape ? shape : NULL;
}

static int put_together(struct skep_tool_words *c, struct skep_trace_options *ret_options)
{
	struct skep_trace_options o;
	const char **params;
	size_t n = c->params.len + c->words.len;
	int r = options_of_trace(c, &o);

	if (r < 0)
		return r;
	params = skep_arena_calloc(c->arena, n + 1, sizeof(*params));
	for (size_t i = 0; i < n; i++)
		params[i] =
			i < c->params.len ? c->params.data[i] : c->words.data[i - c->params.len];
	o.params = params;
	o.n_params = n;
	o.whom = c->whom;
	o.shape = shape_of(c);
	o.name = c->tool->name;
	o.name_alone = !c->own;
	o.n_formats--; /* ours, see options_of_trace */
	*ret_options = o;
	return 0;
}

int skep_tool_options(const struct skep_tool *tool, enum skep_tool_line line, int argc, char **argv,
		      struct skep_arena *arena, struct skep_trace_options *ret_options,
		      struct skep_diag *diag)
{
	struct skep_tool_words c = { .tool = tool,
				     .arena = arena,
				     .diag = diag,
				     .argc = argc,
				     .argv = argv,
				     .only_schema = line == SKEP_TOOL_LINE_SCHEMA,
				     .as_bcc = line == SKEP_TOOL_LINE_BCC };
	static char bcc[] = "--bcc"; /* a script may have to know under which name it runs */
	int r;

	c.presets = skep_arena_calloc(arena, tool->n_options + 1, sizeof(*c.presets));
	c.named = skep_arena_calloc(arena, tool->n_arguments + 1, sizeof(*c.named));
	for (size_t i = 0; i < tool->n_options; i++)
		c.presets[i] = tool->options[i].preset;
	if (tool->given)
		skep_vec_add(&c.params, skep_arena_strdup(arena, tool->given));
	if (c.as_bcc && strstr(tool->script, "getopt(\"bcc\")"))
		skep_vec_add(&c.params, bcc);
	r = skep_tool_read_words(&c);
	if (r >= 0 && c.help)
		*ret_options = (struct skep_trace_options){ .help = true };
	else if (r >= 0)
		r = skep_tool_fill_arguments(&c);
	if (r >= 0 && !c.help)
		r = put_together(&c, ret_options);
	skep_vec_fini(&c.trace);
	skep_vec_fini(&c.params);
	skep_vec_fini(&c.words);
	skep_str_fini(&c.letters);
	skep_str_fini(&c.given);
	return r;
}
