/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of a tool, turned into one of skep trace. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "trace/tool.h"

struct command_line {
	int whom; /* the process that a tool is about */
	const struct skep_tool *tool;
	struct skep_arena *arena;
	struct skep_diag *diag;
	int argc;
	char **argv;
	int at; /* the word that is looked at */
	bool help;
	bool only_schema;
	bool own; /* a word or option of the tool's own was given */
	struct {
		SKEP_VEC(char *);
	} trace, params, words; /* for skep trace, for getopt(), for $1 and so on */
	const char **presets;	/* of each option that is a parameter, what it is now */
};

static int usage_error(struct command_line *c)
{
	skep_diag_hint(c->diag, "skep %s --help lists its options", c->tool->name);
	return -EINVAL;
}

static const struct skep_tool_option *by_letter(const struct skep_tool *tool, char letter)
{
	for (size_t i = 0; i < tool->n_options; i++)
		if (tool->options[i].letter == letter)
			return &tool->options[i];
	return NULL;
}

static const struct skep_tool_option *by_name(const struct skep_tool *tool, const char *name,
					      size_t len)
{
	for (size_t i = 0; i < tool->n_options; i++)
		if (strncmp(tool->options[i].name, name, len) == 0 && !tool->options[i].name[len])
			return &tool->options[i];
	return NULL;
}

/* Of what an option of the tool's own takes, these are numbers; a process may be that of -c. */
static int check_value(struct command_line *c, const struct skep_tool_option *option,
		       const char *value)
{
	static const char *const numbers[] = { "PID", "TID", "PORT", "HZ" };
	bool number = false, hertz = skep_streq(option->value, "HZ");
	char *end;
	double n;

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		number |= skep_streq(option->value, numbers[i]);
	if (!number || skep_trace_option(option->name, NULL) == 0 || skep_streq(value, "cpid"))
		return 0;
	n = strtod(value, &end);
	if (end > value && !*end && (!hertz || n > 0))
		return 0;
	skep_diag_error(c->diag, SKEP_NO_LOC, "--%s takes a number%s, not '%s'", option->name,
			hertz ? " above 0" : "", value);
	return usage_error(c);
}

/* Options that skep trace has narrow what is looked at, the others are the script's. */
static int take(struct command_line *c, const struct skep_tool_option *option, const char *name,
		const char *value)
{
	char *word = value ? skep_arena_printf(c->arena, "--%s=%s", name, value)
			   : skep_arena_printf(c->arena, "--%s", name);

	c->own |= option != NULL;
	if (option && value && check_value(c, option, value) < 0)
		return -EINVAL;
	if (option && option->preset)
		c->presets[option - c->tool->options] = value;
	else if (skep_trace_option(name, NULL) == 0)
		skep_vec_add(&c->trace, word);
	else
		skep_vec_add(&c->params, word);
	return 0;
}

/* The value of an option: @attached, or the next word. */
static int value_of(struct command_line *c, const char *name, const char *attached,
		    const char **ret_value)
{
	if (attached || c->at + 1 < c->argc) {
		*ret_value = attached ? attached : c->argv[++c->at];
		return 0;
	}
	skep_diag_error(c->diag, SKEP_NO_LOC, "option '%s' wants a value", name);
	return usage_error(c);
}

/* The tool's option whose name resembles @name most, or NULL; for messages. */
static const char *nearest(const struct command_line *c, const char *name)
{
	const char *found = NULL;
	unsigned best = 3;

	for (size_t i = 0; i < c->tool->n_options; i++) {
		unsigned d = skep_edit_distance(name, c->tool->options[i].name, best);

		if (d < best) {
			best = d;
			found = c->tool->options[i].name;
		}
	}
	return found;
}

/*
 * What --pid would keep is what happens while the process runs. A tool whose events are of the process but happen elsewhere
 * (it is woken, its disk answers) has --process, which asks who they are of: that is what is meant.
 */
static const struct skep_tool_option *meant_by(const struct skep_tool *tool, const char *name)
{
	return skep_streq(name, "pid") ? by_name(tool, "process", strlen("process")) : NULL;
}

static int long_option(struct command_line *c, const char *word)
{
	const char *name = word + 2, *equals = strchr(name, '='), *value = NULL, *near;
	size_t len = equals ? (size_t)(equals - name) : strlen(name);
	const struct skep_tool_option *option = by_name(c->tool, name, len);
	bool takes_value = option && option->value;
	int r = 0;

	name = skep_arena_strndup(c->arena, name, len);
	if (!option && (option = meant_by(c->tool, name))) {
		name = option->name;
		takes_value = true;
	}
	if (skep_streq(name, "help")) {
		c->help = true;
		return 0;
	}
	if (!option && skep_trace_option(name, &takes_value) < 0) {
		skep_diag_error(c->diag, SKEP_NO_LOC, "%s has no option '--%s'", c->tool->name,
				name);
		near = nearest(c, name);
		if (!near)
			return usage_error(c);
		skep_diag_hint(c->diag, "did you mean --%s?", near);
		return -EINVAL;
	}
	if (equals && !takes_value) {
		skep_diag_error(c->diag, SKEP_NO_LOC, "option '--%s' takes no value", name);
		return usage_error(c);
	}
	if (takes_value)
		r = value_of(c, word, equals ? equals + 1 : NULL, &value);
	if (r >= 0 && skep_has_prefix(word, "--pid") && skep_streq(name, "process") &&
	    strchr(value, ',')) {
		skep_diag_error(c->diag, SKEP_NO_LOC, "--pid of %s takes one process",
				c->tool->name);
		return usage_error(c);
	}
	return r < 0 ? r : take(c, option, name, value);
}

/* Letters of skep trace that every tool has, unless it says something else with them. */
static bool is_common(char letter, bool *ret_takes_value)
{
	*ret_takes_value = letter == 'o' || letter == 'f' || letter == 'B' || letter == 'c';
	return *ret_takes_value || letter == 'v' || letter == 'q';
}

/* "-x", "-xp4711", "-p" and a word. */
static int letters(struct command_line *c, const char *word)
{
	for (const char *p = word + 1; *p; p++) {
		const struct skep_tool_option *option = by_letter(c->tool, *p);
		bool takes_value = option && option->value;
		char name[] = { '-', *p, '\0' };
		const char *value = NULL;
		int r;

		if (!option && *p == 'h') {
			c->help = true;
			continue;
		}
		if (!option && !is_common(*p, &takes_value)) {
			skep_diag_error(c->diag, SKEP_NO_LOC, "%s has no option '-%c'",
					c->tool->name, *p);
			return usage_error(c);
		}
		if (takes_value) {
			r = value_of(c, name, p[1] ? p + 1 : NULL, &value);
			if (r < 0)
				return r;
		}
		if (option) {
			r = take(c, option, option->name, value);
			if (r < 0)
				return r;
		} else {
			skep_vec_add(&c->trace, skep_arena_strdup(c->arena, name));
			if (value)
				skep_vec_add(&c->trace, skep_arena_strdup(c->arena, value));
		}
		if (takes_value)
			break;
	}
	return 0;
}

static int read_words(struct command_line *c)
{
	bool only_words = false;
	int r = 0;

	for (c->at = 1; r >= 0 && c->at < c->argc; c->at++) {
		char *word = c->argv[c->at];

		if (only_words || word[0] != '-' || !word[1])
			skep_vec_add(&c->words, word);
		else if (skep_streq(word, "--"))
			only_words = true;
		else
			r = word[1] == '-' ? long_option(c, word) : letters(c, word);
	}
	return r;
}

static bool has_command(const struct command_line *c)
{
	for (size_t i = 0; i < c->trace.len; i++)
		if (skep_streq(c->trace.data[i], "-c"))
			return true;
	return false;
}

/* A process, or 0: that of -c. Whether it runs is looked at when the script begins. */
static int take_process(struct command_line *c, const char *word)
{
	c->whom = atoi(word);
	if (c->only_schema || !skep_streq(word, "0") || has_command(c))
		return 0;
	skep_diag_error(c->diag, SKEP_NO_LOC, "%s wants to know: PID, or -c COMMAND",
			c->tool->name);
	return usage_error(c);
}

/* What is a number when it is not given is one when it is; a report every 0 seconds there cannot be. */
static int check_number(struct command_line *c, const struct skep_tool_argument *argument,
			const char *word)
{
	bool interval = skep_streq(argument->name, "interval");
	char *end;
	double value;

	if (!argument->preset || argument->preset[strspn(argument->preset, "0123456789")])
		return 0;
	value = strtod(word, &end);
	if (end > word && !*end && !(interval && value <= 0))
		return 0;
	skep_diag_error(c->diag, SKEP_NO_LOC, "%s: %s is a number%s, not '%s'", c->tool->name,
			argument->name, interval ? " above 0" : "", word);
	skep_diag_hint(c->diag, "%s: %s", argument->name, argument->text);
	return -EINVAL;
}

/* Those that are not given are what the head says. */
static int fill_arguments(struct command_line *c)
{
	const struct skep_tool *tool = c->tool;
	int r;

	c->own |= c->words.len > 0;
	if (c->words.len > tool->n_arguments) {
		skep_diag_error(c->diag, SKEP_NO_LOC, "'%s' means nothing to %s",
				c->words.data[tool->n_arguments], tool->name);
		return usage_error(c);
	}
	for (size_t i = 0; i < c->words.len; i++) {
		r = check_number(c, &tool->arguments[i], c->words.data[i]);
		if (r < 0)
			return r;
	}
	for (size_t i = c->words.len; i < tool->n_arguments; i++) {
		const char *preset = tool->arguments[i].preset;

		/* What its lines look like does not depend on whose they are. */
		if (c->only_schema && skep_streq(tool->arguments[i].name, SKEP_TOOL_PROCESS))
			preset = "1";
		if (!preset) {
			skep_diag_error(c->diag, SKEP_NO_LOC, "%s wants to know: %s", tool->name,
					tool->arguments[i].name);
			return usage_error(c);
		}
		skep_vec_add(&c->words, skep_arena_strdup(c->arena, preset));
	}
	for (size_t i = 0; i < tool->n_arguments; i++) {
		if (!skep_streq(tool->arguments[i].name, SKEP_TOOL_PROCESS))
			continue;
		r = take_process(c, c->words.data[i]);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < tool->n_options; i++)
		if (c->presets[i])
			skep_vec_add(&c->words, skep_arena_strdup(c->arena, c->presets[i]));
	return 0;
}

/* skep trace's own reading of the words for it: one place knows what they mean. */
static int options_of_trace(struct command_line *c, struct skep_trace_options *o)
{
	static char name[] = "trace", dash_e[] = "-e", format[] = "--format=table";
	size_t n = c->trace.len + 4;
	char **argv = skep_arena_calloc(c->arena, n + 1, sizeof(*argv));

	argv[0] = name;
	argv[1] = format; /* a later one is obeyed */
	for (size_t i = 0; i < c->trace.len; i++)
		argv[2 + i] = c->trace.data[i];
	argv[n - 2] = dash_e;
	argv[n - 1] = skep_arena_strdup(c->arena, c->tool->script);
	return skep_trace_options(o, (int)n, argv, c->diag);
}

static int put_together(struct command_line *c, struct skep_trace_options *ret_options)
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
	o.name = c->tool->name;
	o.name_alone = !c->own;
	o.n_formats--; /* ours, see options_of_trace */
	*ret_options = o;
	return 0;
}

static int read_line(const struct skep_tool *tool, bool only_schema, int argc, char **argv,
		     struct skep_arena *arena, struct skep_trace_options *ret_options,
		     struct skep_diag *diag)
{
	struct command_line c = { .tool = tool,
				  .arena = arena,
				  .diag = diag,
				  .argc = argc,
				  .argv = argv,
				  .only_schema = only_schema };
	int r;

	c.presets = skep_arena_calloc(arena, tool->n_options + 1, sizeof(*c.presets));
	for (size_t i = 0; i < tool->n_options; i++)
		c.presets[i] = tool->options[i].preset;
	if (tool->given)
		skep_vec_add(&c.params, skep_arena_strdup(arena, tool->given));
	r = read_words(&c);
	if (r >= 0 && c.help)
		*ret_options = (struct skep_trace_options){ .help = true };
	else if (r >= 0)
		r = fill_arguments(&c);
	if (r >= 0 && !c.help)
		r = put_together(&c, ret_options);
	skep_vec_fini(&c.trace);
	skep_vec_fini(&c.params);
	skep_vec_fini(&c.words);
	return r;
}

int skep_tool_options(const struct skep_tool *tool, int argc, char **argv, struct skep_arena *arena,
		      struct skep_trace_options *ret_options, struct skep_diag *diag)
{
	return read_line(tool, false, argc, argv, arena, ret_options, diag);
}

int skep_tool_schema_options(const struct skep_tool *tool, int argc, char **argv,
			     struct skep_arena *arena, struct skep_trace_options *ret_options,
			     struct skep_diag *diag)
{
	return read_line(tool, true, argc, argv, arena, ret_options, diag);
}
