/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of a tool, turned into one of skep trace. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "live/binary.h"
#include "trace/tool.h"

#define HERTZ_MAX 50000
#define PORT_MAX 65535
#define ERRORS_MAX 134 /* numbers of errors are below it */

struct command_line {
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
	bool regexp; /* the first word is a regular expression */
	struct {
		SKEP_VEC(char *);
	} trace, params, words;	 /* for skep trace, for getopt(), for $1 and so on */
	const char **presets;	 /* of each option that is a parameter, what it is now */
	const char **named;	 /* of each argument, what an option of BCC said that it is */
	struct skep_str letters; /* that were given, for the shape */
};

static int usage_error(struct command_line *c)
{
	skep_diag_hint(c->diag, "skep %s --help lists its options", c->tool->name);
	return -EINVAL;
}

static const struct skep_tool_option *by_letter(const struct skep_tool_option *options, size_t n,
						char letter)
{
	for (size_t i = 0; i < n; i++)
		if (options[i].letter == letter)
			return &options[i];
	return NULL;
}

static const struct skep_tool_option *by_name(const struct skep_tool_option *options, size_t n,
					      const char *name, size_t len)
{
	for (size_t i = 0; len && i < n; i++)
		if (strncmp(options[i].name, name, len) == 0 && !options[i].name[len])
			return &options[i];
	return NULL;
}

static const struct skep_tool_option *own_by_name(const struct skep_tool *tool, const char *name,
						  size_t len)
{
	return by_name(tool->options, tool->n_options, name, len);
}

/* An option that the script asks for by getopt(), or that is a parameter of it; skep trace may have one of this name, too. */
static bool is_of_script(const struct command_line *c, const char *name)
{
	const char *asked = skep_arena_printf(c->arena, "getopt(\"%s\"", name);

	return skep_trace_option(name, NULL) < 0 || strstr(c->tool->script, asked);
}

/* Of what an option of the tool's own takes, these are numbers; a process may be that of -c. */
static int check_value(struct command_line *c, const struct skep_tool_option *option,
		       const char *value)
{
	static const char *const numbers[] = { "PID",	"TID",	"PORT",	  "HZ",	    "ERRNO",
					       "N",	"ROWS", "NUMBER", "US",	    "MS",
					       "BYTES", "CPU",	"INODE",  "PERCENT" };
	bool number = false, hertz = skep_streq(option->value, "HZ");
	bool port = skep_streq(option->value, "PORT");
	char *end;
	double n;
	const char *p;

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		number |= skep_streq(option->value, numbers[i]);
	if (!number || !is_of_script(c, option->name) || skep_streq(value, "cpid"))
		return 0;
	/* A list of them, unless it is the name of a probe. */
	for (p = value;; p = end + 1) {
		n = strtod(p, &end);
		if (end == p || (hertz && (n <= 0 || n > HERTZ_MAX)) ||
		    (port && (n < 1 || n > PORT_MAX)) || (*end && (*end != ',' || option->preset)))
			break;
		if (!*end)
			return 0;
	}
	skep_diag_error(c->diag, SKEP_NO_LOC, "--%s takes a number%s, not '%s'", option->name,
			port		? " from 1 to 65535"
			: !hertz	? ""
			: n > HERTZ_MAX ? " up to 50000"
					: " above 0",
			value);
	return usage_error(c);
}

/* "ENOENT" is 2. */
static const char *error_number(struct command_line *c, const char *name)
{
	for (int e = 1; e < ERRORS_MAX; e++)
		if (strerrorname_np(e) && skep_streq(strerrorname_np(e), name))
			return skep_arena_printf(c->arena, "%d", e);
	return name;
}

/* Options that skep trace has narrow what is looked at, the others are the script's. */
static int take(struct command_line *c, const struct skep_tool_option *option, const char *name,
		const char *value)
{
	char *word;

	if (option && value && skep_streq(option->value, "ERRNO"))
		value = error_number(c, value);
	if (value && skep_streq(name, "disk") && skep_has_prefix(value, "/dev/"))
		value += strlen("/dev/");
	word = value ? skep_arena_printf(c->arena, "--%s=%s", name, value)
		     : skep_arena_printf(c->arena, "--%s", name);
	c->own |= option && option->value;
	if (option && option->letter)
		skep_str_addc(&c->letters, option->letter);
	if (option && value && check_value(c, option, value) < 0)
		return -EINVAL;
	if (option && option->preset)
		c->presets[option - c->tool->options] = value;
	else if (!is_of_script(c, name))
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
	return skep_streq(name, "pid") ? own_by_name(tool, "process", strlen("process")) : NULL;
}

/* One of "--format=csv --time" or "$interval". @value: what was given to BCC's option, or NULL. */
static int take_meant(struct command_line *c, const char *word, const char *value)
{
	const char *equals = strchr(word, '='), *name = word + 2;
	size_t len = equals ? (size_t)(equals - name) : strlen(name);
	const struct skep_tool_option *option;
	bool takes_value = false;

	for (size_t i = 0; *word == '$' && i < c->tool->n_arguments; i++)
		if (skep_streq(c->tool->arguments[i].name, word + 1))
			c->named[i] = value;
	if (*word == '$')
		return 0;
	/* Under BCC's name its shape has BCC's way of this. */
	if (c->as_bcc && c->tool->shape && skep_has_prefix(name, "format=csv") &&
	    strstr(c->tool->shape, "sep="))
		return 0;
	name = skep_arena_strndup(c->arena, name, len);
	option = own_by_name(c->tool, name, len);
	option = option ? option : meant_by(c->tool, name);
	if (option)
		takes_value = option->value;
	else if (skep_trace_option(name, &takes_value) < 0)
		return -EINVAL; /* the tests hold that each is one */
	return take(c, option, option ? option->name : name,
		    equals	  ? equals + 1
		    : takes_value ? value
				  : NULL);
}

/* An option of BCC's tool. */
static int take_bcc(struct command_line *c, const struct skep_tool_option *bcc, const char *value)
{
	const char *text = bcc->text;
	int r = 0;

	if (bcc->letter)
		skep_str_addc(&c->letters, bcc->letter);
	if (skep_streq(text, "regexp"))
		c->regexp = true;
	if (skep_streq(text, "regexp") || skep_streq(text, "always"))
		return 0;
	if (skep_has_prefix(text, "no: ")) {
		const char *dash = *bcc->name ? "--" : bcc->letter ? "-" : "";

		skep_diag_error(c->diag, SKEP_NO_LOC, "%s has nothing like '%s%s' of BCC",
				c->tool->name, dash,
				*bcc->name    ? bcc->name
				: bcc->letter ? (char[]){ bcc->letter, '\0' }
					      : bcc->value);
		skep_diag_hint(c->diag, "%s", text + 4);
		return -EINVAL;
	}
	for (size_t len; r >= 0 && *text; text += strspn(text, " ")) {
		len = strcspn(text, " ");
		r = take_meant(c, skep_arena_strndup(c->arena, text, len), value);
		text += len;
	}
	return r;
}

/* What several of BCC's tools have, and no tool of ours. */
static const char *bcc_only(const char *name)
{
	static const char *const known[][2] = {
		{ "cgroupmap", "--cgroup PATH or --container NAME keep others out" },
		{ "mntnsmap", "--container NAME keeps others out" },
		{ "debug-source", "skep tools --script TOOL shows it" },
		{ "ebpf",
		  "skep tools --script TOOL shows it; skep trace -d code what comes of it" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (skep_streq(known[i][0], name))
			return known[i][1];
	return NULL;
}

static int long_option(struct command_line *c, const char *word)
{
	const char *name = word + 2, *equals = strchr(name, '='), *value = NULL, *near;
	size_t len = equals ? (size_t)(equals - name) : strlen(name);
	const struct skep_tool_option *option = own_by_name(c->tool, name, len);
	const struct skep_tool_option *bcc = by_name(c->tool->bcc, c->tool->n_bcc, name, len);
	bool takes_value = option && option->value;
	int r = 0;

	name = skep_arena_strndup(c->arena, name, len);
	if (bcc && !c->as_bcc && (option || skep_trace_option(name, NULL) == 0))
		bcc = NULL;
	if (bcc)
		option = NULL;
	if (!option && !bcc && (option = meant_by(c->tool, name))) {
		name = option->name;
		takes_value = true;
	}
	if (skep_streq(name, "help")) {
		c->help = true;
		return 0;
	}
	if (bcc)
		takes_value = bcc->value;
	if (!option && !bcc && skep_trace_option(name, &takes_value) < 0) {
		skep_diag_error(c->diag, SKEP_NO_LOC, "%s has no option '--%s'", c->tool->name,
				name);
		near = bcc_only(name);
		if (near) {
			skep_diag_hint(c->diag, "%s", near);
			return -EINVAL;
		}
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
	if (r >= 0 && bcc)
		return take_bcc(c, bcc, value);
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
	return *ret_takes_value || letter == 'v' || letter == 'q' || letter == 'h';
}

/* What @letter is: an option of ours, or *ret_bcc; both NULL: of every tool, or nothing. */
static const struct skep_tool_option *find_letter(const struct command_line *c, char letter,
						  const struct skep_tool_option **ret_bcc)
{
	const struct skep_tool *tool = c->tool;
	const struct skep_tool_option *own = by_letter(tool->options, tool->n_options, letter);
	bool ignored;

	*ret_bcc = by_letter(tool->bcc, tool->n_bcc, letter);
	if (*ret_bcc && !c->as_bcc && (own || is_common(letter, &ignored)))
		*ret_bcc = NULL;
	return *ret_bcc ? NULL : own;
}

/* "-x", "-xp4711", "-p" and a word. */
static int letters(struct command_line *c, const char *word)
{
	for (const char *p = word + 1; *p; p++) {
		const struct skep_tool_option *bcc, *option = find_letter(c, *p, &bcc);
		bool takes_value = (option && option->value) || (bcc && bcc->value);
		char name[] = { '-', *p, '\0' };
		const char *value = NULL;
		int r;

		if (!option && !bcc && *p == 'h') {
			c->help = true;
			continue;
		}
		if (!option && !bcc && !is_common(*p, &takes_value)) {
			skep_diag_error(c->diag, SKEP_NO_LOC, "%s has no option '-%c'",
					c->tool->name, *p);
			return usage_error(c);
		}
		if (takes_value) {
			r = value_of(c, name, p[1] ? p + 1 : NULL, &value);
			if (r < 0)
				return r;
		}
		if (option || bcc) {
			r = option ? take(c, option, option->name, value) : take_bcc(c, bcc, value);
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

/* Word @index is one too many. */
static int meaningless(struct command_line *c, size_t index)
{
	const struct skep_tool_option *bcc, *own = find_letter(c, 'c', &bcc);

	skep_diag_error(c->diag, SKEP_NO_LOC, "'%s' means nothing to %s", c->words.data[index],
			c->tool->name);
	if ((!own && !bcc) || skep_tool_is_of_command(c->tool))
		return usage_error(c);
	skep_diag_hint(c->diag, "if it is to be run: --command; -c is --%s here",
		       own ? own->name : bcc->name);
	return -EINVAL;
}

/* Under BCC's name words are what they are there, if that is something else. */
static int take_bcc_words(struct command_line *c)
{
	size_t n = 0, n_words = c->words.len;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < c->tool->n_bcc; i++) {
		const struct skep_tool_option *bcc = &c->tool->bcc[i];

		if (bcc->letter || *bcc->name)
			continue;
		if (n < n_words)
			r = take_bcc(c, bcc, c->words.data[n]);
		n++;
	}
	if (r < 0 || !n)
		return r;
	if (n_words > n) {
		return meaningless(c, n);
	}
	c->words.len = 0;
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
	return r >= 0 && c->as_bcc ? take_bcc_words(c) : r;
}

/* "^vfs_.*" -> "vfs_*". */
static int pattern_of(struct command_line *c, const char *expression, char **ret_pattern)
{
	char *pattern = skep_arena_strdup(c->arena, expression), *to = pattern;
	const char *p = expression + (*expression == '^');

	for (; *p && !(*p == '$' && !p[1]); p++) {
		if (*p == '.' && p[1] == '*') {
			*to++ = '*';
			p++;
		} else if (*p == '.') {
			*to++ = '?';
		} else if (strchr("*+?[](){}|^$\\", *p)) {
			skep_diag_error(c->diag, SKEP_NO_LOC,
					"of regular expressions %s knows ., .*, ^ and $, not '%c'",
					c->tool->name, *p);
			skep_diag_hint(c->diag, "without -r * is any text: 'vfs_*'");
			return -EINVAL;
		} else {
			*to++ = *p;
		}
	}
	*to = '\0';
	*ret_pattern = pattern;
	return 0;
}

static bool has(const struct command_line *c, const char *option)
{
	for (size_t i = 0; i < c->trace.len; i++)
		if (skep_streq(c->trace.data[i], option))
			return true;
	return false;
}

/* A process, or 0: that of -c. Whether it runs is looked at when the script begins. */
static int take_process(struct command_line *c, const char *word)
{
	c->whom = atoi(word);
	if (c->only_schema || !skep_streq(word, "0") || has(c, "-c"))
		return 0;
	skep_diag_error(c->diag, SKEP_NO_LOC, "%s wants to know: PID, or -c COMMAND",
			c->tool->name);
	return usage_error(c);
}

/* The same, but what other processes do is left out by the kernel. */
static void take_pid(struct command_line *c, const char *word)
{
	if (c->only_schema || (skep_streq(word, "0") && (!has(c, "-c") || has(c, "--children"))))
		return;
	skep_vec_add(&c->trace, skep_arena_printf(c->arena, "--pid=%s",
						  skep_streq(word, "0") ? "cpid" : word));
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

/* Functions of the kernel; BCC has other kinds of probes here, which are lines of the language: "t:sched:*", "c:malloc". */
static int check_pattern(struct command_line *c, char **pattern)
{
	const char *text = *pattern;

	if (skep_has_prefix(text, "p::"))
		*pattern += 3;
	if (**pattern && (text[1] != ':' || *pattern > text))
		return 0;
	if (!*text)
		skep_diag_error(c->diag, SKEP_NO_LOC, "%s: the pattern is empty", c->tool->name);
	else
		skep_diag_error(c->diag, SKEP_NO_LOC,
				"%s is about functions of the kernel, and '%s' is none",
				c->tool->name, text);
	skep_diag_hint(c->diag, "of libraries and events it is a line: "
				"skep -e 'uprobe:libc:malloc { @[ustack] = count(); }', "
				"'tracepoint:sched:* { @[probe] = count(); }'");
	return -EINVAL;
}

/* What argument @index is, or NULL: *@next is the next word. */
static int given_argument(struct command_line *c, size_t index, const char *preset, size_t *next,
			  char **ret_value)
{
	char *value = c->named[index]	     ? skep_arena_strdup(c->arena, c->named[index])
		      : *next < c->words.len ? c->words.data[(*next)++]
					     : NULL;
	int r = value ? check_number(c, &c->tool->arguments[index], value) : 0;

	if (r >= 0 && value && c->regexp && index == 0)
		r = pattern_of(c, value, &value);
	if (r >= 0 && value && skep_streq(c->tool->arguments[index].name, "pattern"))
		r = check_pattern(c, &value);
	*ret_value = value || !preset ? value : skep_arena_strdup(c->arena, preset);
	/* "0.5": scripts count in whole numbers, of microseconds then. */
	if (r >= 0 && *ret_value && skep_streq(c->tool->arguments[index].name, "min_ms"))
		*ret_value = skep_arena_printf(c->arena, "%.0f", strtod(*ret_value, NULL) * 1000);
	return r;
}

static int is_there(void *data, const char *path)
{
	(void)data, (void)path;
	return 1;
}

/*
 * A program or library that was named instead of the tool's own: "ssl" is libssl, as BCC has it. With --pid it is one of that
 * process, which the script looks for.
 */
static int check_binary(struct command_line *c, const struct skep_tool_option *option,
			const char **value)
{
	const char *library;

	if (!skep_streq(option->value, "PATH") || *value == option->preset || c->only_schema)
		return 0;
	for (size_t i = 0; i < c->trace.len; i++)
		if (skep_has_prefix(c->trace.data[i], "--pid="))
			return 0;
	if (skep_binary_find(c->arena, *value, 0, NULL, is_there, NULL) >= 0)
		return 0;
	library = skep_arena_printf(c->arena, "lib%s", *value);
	if (!strchr(*value, '/') &&
	    skep_binary_find(c->arena, library, 0, NULL, is_there, NULL) >= 0) {
		*value = library;
		return 0;
	}
	skep_diag_error(c->diag, SKEP_NO_LOC, "--%s: there is no program or library '%s'",
			option->name, *value);
	return usage_error(c);
}

/* Those that are not given are what the head says. */
static int fill_arguments(struct command_line *c)
{
	const struct skep_tool *tool = c->tool;
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
			return usage_error(c);
		}
	}
	if (next < c->words.len) {
		return meaningless(c, next);
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

/*
 * A tool that has --command among its own options is about that command and all that it starts, as BCC's of this name is,
 * unless processes are named.
 */
static void narrow_to_command(struct command_line *c)
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
static int options_of_trace(struct command_line *c, struct skep_trace_options *o)
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
static const char *shape_of(const struct command_line *c)
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
	struct command_line c = { .tool = tool,
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
	skep_str_fini(&c.letters);
	return r;
}
