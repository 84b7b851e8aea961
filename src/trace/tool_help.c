/* SPDX-License-Identifier: Apache-2.0 */
/* What a tool's head says, for people: --help, the manual, the list of all. */
#include <string.h>

#include "trace/tool.h"

#define WIDTH 80
#define COLUMN_MAX 26 /* a longer term has a line of its own */

void skep_tool_usage(const struct skep_tool *tool, struct skep_str *out)
{
	skep_str_addf(out, "%s [options]", tool->name);
	for (size_t i = 0; i < tool->n_arguments; i++)
		skep_str_addf(out, tool->arguments[i].preset ? " [%s]" : " %s",
			      tool->arguments[i].name);
}

/* @text from column @at on, broken between words; lines after the first are indented as far. */
static void wrap(const char *text, size_t at, struct skep_str *out)
{
	size_t used = at;

	while (*text) {
		size_t len = strcspn(text, " ");

		if (used > at && used + 1 + len > WIDTH) {
			skep_str_addc(out, '\n');
			skep_str_pad(out, ' ', at);
			used = at;
		} else if (used > at) {
			skep_str_addc(out, ' ');
			used++;
		}
		skep_str_addn(out, text, len);
		used += len;
		text += len;
		text += strspn(text, " ");
	}
	skep_str_addc(out, '\n');
}

static void line(const char *term, const char *text, size_t column, struct skep_str *out)
{
	size_t len = strlen(term);

	skep_str_addf(out, "  %s", term);
	if (len > column) {
		skep_str_addc(out, '\n');
		len = 0;
		skep_str_pad(out, ' ', 2);
	}
	skep_str_pad(out, ' ', column - len + 2);
	wrap(text, column + 4, out);
}

static void option_term(const struct skep_tool_option *option, struct skep_str *out)
{
	if (option->letter)
		skep_str_addf(out, "-%c, ", option->letter);
	skep_str_addf(out, "--%s", option->name);
	if (option->value)
		skep_str_addf(out, " %s", option->value);
}

/* Paragraphs, each filled anew; what is indented stays as it is. */
static void paragraphs(const char *text, struct skep_str *out)
{
	while (*text) {
		const char *end = strstr(text, "\n\n");
		size_t len = end ? (size_t)(end - text) : strlen(text);
		_cleanup_(skep_str_fini)
		struct skep_str one = {};

		skep_str_addn(&one, text, len);
		if (text[0] == ' ') {
			skep_str_addf(out, "%s\n", skep_str_text(&one));
		} else {
			for (char *p = one.data; p && *p; p++)
				if (*p == '\n')
					*p = ' ';
			wrap(skep_str_text(&one), 0, out);
		}
		text += len;
		text += strspn(text, "\n");
		if (*text)
			skep_str_addc(out, '\n');
	}
}

static size_t width_of(size_t widest, const char *term)
{
	size_t len = strlen(term);

	return len > widest && len <= COLUMN_MAX ? len : widest;
}

static void list(const char *title, const struct skep_tool_term *terms, size_t n,
		 struct skep_str *out)
{
	size_t column = 0;

	if (n)
		skep_str_addf(out, "\n%s:\n", title);
	for (size_t i = 0; i < n; i++)
		column = width_of(column, terms[i].term);
	for (size_t i = 0; i < n; i++)
		line(terms[i].term, terms[i].text, column, out);
}

/* Arguments and options are lists of terms, too. */
static struct skep_tool_term *argument_terms(const struct skep_tool *tool, struct skep_arena *arena)
{
	struct skep_tool_term *terms =
		skep_arena_calloc(arena, tool->n_arguments + 1, sizeof(*terms));

	for (size_t i = 0; i < tool->n_arguments; i++) {
		terms[i].term = tool->arguments[i].name;
		terms[i].text = tool->arguments[i].text;
	}
	return terms;
}

/* What an option does, and which others it excludes. */
static const char *option_text(const struct skep_tool *tool, const struct skep_tool_option *option,
			       struct skep_arena *arena)
{
	const char *text = option->text, *before = "; not with";

	for (size_t i = 0; i < tool->n_one_of; i++) {
		if (!skep_tool_is_listed(tool->one_of[i], option->name))
			continue;
		for (size_t k = 0; k < tool->n_options; k++) {
			const char *other = tool->options[k].name;

			if (other == option->name || !skep_tool_is_listed(tool->one_of[i], other))
				continue;
			text = skep_arena_printf(arena, "%s%s --%s", text, before, other);
			before = ",";
		}
	}
	return text;
}

static struct skep_tool_term *option_terms(const struct skep_tool *tool, struct skep_arena *arena)
{
	struct skep_tool_term *terms =
		skep_arena_calloc(arena, tool->n_options + 1, sizeof(*terms));

	for (size_t i = 0; i < tool->n_options; i++) {
		_cleanup_(skep_str_fini)
		struct skep_str term = {};

		option_term(&tool->options[i], &term);
		terms[i].term = skep_arena_strdup(arena, skep_str_text(&term));
		terms[i].text = option_text(tool, &tool->options[i], arena);
	}
	return terms;
}

/* Of the options that BCC's users know those that have another name here, or no letter. */
static struct skep_tool_term *bcc_terms(const struct skep_tool *tool, struct skep_arena *arena,
					size_t *ret_n)
{
	struct skep_tool_term *terms = skep_arena_calloc(arena, tool->n_bcc + 1, sizeof(*terms));
	size_t n = 0;

	for (size_t i = 0; i < tool->n_bcc; i++) {
		const struct skep_tool_option *o = &tool->bcc[i];
		_cleanup_(skep_str_fini)
		struct skep_str term = {};

		if (skep_has_prefix(o->text, "no: ") || (!o->letter && !*o->name))
			continue;
		if (*o->name)
			option_term(o, &term);
		else
			skep_str_addf(&term, "-%c%s%s", o->letter, o->value ? " " : "",
				      o->value ? o->value : "");
		terms[n].term = skep_arena_strdup(arena, skep_str_text(&term));
		terms[n++].text = skep_streq(o->text, "always") ? "it is always so"
				  : skep_streq(o->text, "regexp")
					  ? "the pattern is a regular expression"
					  : o->text;
	}
	*ret_n = n;
	return terms;
}

bool skep_tool_is_of_command(const struct skep_tool *tool)
{
	for (size_t i = 0; i < tool->n_options; i++)
		if (skep_streq(tool->options[i].name, "command"))
			return true;
	return false;
}

static bool has_letter(const struct skep_tool *tool, char letter)
{
	for (size_t i = 0; i < tool->n_options; i++)
		if (tool->options[i].letter == letter)
			return true;
	return false;
}

void skep_tool_help(const struct skep_tool *tool, struct skep_str *out)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	struct skep_tool_term *bcc;
	size_t n_bcc;

	skep_str_add(out, "usage: skep ");
	skep_tool_usage(tool, out);
	skep_str_addf(out, "\n\n%s\n", tool->summary);
	if (tool->about[0]) {
		skep_str_addc(out, '\n');
		paragraphs(tool->about, out);
	}
	list("arguments", argument_terms(tool, arena), tool->n_arguments, out);
	list("options", option_terms(tool, arena), tool->n_options, out);
	bcc = bcc_terms(tool, arena, &n_bcc);
	list("as BCC calls them, and wholly so under the name of its tool", bcc, n_bcc, out);
	list("columns", tool->columns, tool->n_columns, out);
	list("examples", tool->examples, tool->n_examples, out);
	skep_str_add(
		out,
		"\nEvery tool also takes --pid, --comm, --user, --cgroup, --container, --children,\n"
		"--format text|table|json|csv|prom|folded, --schema, --to PLACE, --duration SECONDS,\n"
		"--max-cpu PERCENT, -c COMMAND, -o FILE, -q and -v, as skep trace --help tells.\n");
	if (!skep_tool_is_of_command(tool))
		skep_str_addf(
			out,
			"%sWith %s the whole machine is shown while COMMAND runs; --children narrows it to\n"
			"COMMAND and what that starts.\n",
			has_letter(tool, 'c')
				? "Here -c is something else: --command COMMAND does it.\n"
				: "",
			has_letter(tool, 'c') ? "it" : "-c");
	skep_str_addf(out, "Its script is shown by\nskep tools --script %s\n", tool->name);
}

/* Without what mdoc would take for a request or a macro; a sentence has a line of its own, as mdoc wants it. */
static void escaped(const char *text, struct skep_str *out)
{
	bool begins = true;

	for (; *text; text++) {
		if (*text == '\n' && begins) {
			skep_str_add(out, ".Pp\n");
			continue;
		}
		if (begins && (*text == '.' || *text == '\''))
			skep_str_add(out, "\\&");
		if (*text == '\\')
			skep_str_add(out, "\\e");
		else if (*text == '-')
			skep_str_add(out, "\\-");
		else
			skep_str_addc(out, *text);
		begins = *text == '\n';
		if (*text == '.' && text[1] == ' ') {
			skep_str_addc(out, '\n');
			text += strspn(text + 1, " ");
			begins = true;
		}
	}
}

static void man_list(const char *title, const struct skep_tool_term *terms, size_t n,
		     struct skep_str *out)
{
	if (!n)
		return;
	skep_str_addf(out, ".Sh %s\n.Bl -tag -width Ds\n", title);
	for (size_t i = 0; i < n; i++) {
		skep_str_add(out, ".It ");
		escaped(terms[i].term, out);
		skep_str_addc(out, '\n');
		escaped(terms[i].text, out);
		skep_str_addc(out, '\n');
	}
	skep_str_add(out, ".El\n");
}

void skep_tool_man(const struct skep_tool *tool, struct skep_str *out)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	_cleanup_(skep_str_fini)
	struct skep_str usage = {};
	struct skep_tool_term *bcc;
	size_t n_bcc;

	skep_tool_usage(tool, &usage);
	skep_str_add(out, ".Dd $Mdocdate$\n.Dt SKEP-");
	for (const char *p = tool->name; *p; p++)
		skep_str_addc(out, *p >= 'a' && *p <= 'z' ? (char)(*p - 'a' + 'A') : *p);
	skep_str_addf(out, " 8\n.Os\n.Sh NAME\n.Nm skep\\-%s\n.Nd ", tool->name);
	escaped(tool->summary, out);
	skep_str_add(out, "\n.Sh SYNOPSIS\n.Nm skep ");
	escaped(skep_str_text(&usage), out);
	skep_str_add(out, "\n.Sh DESCRIPTION\n");
	escaped(tool->about[0] ? tool->about : tool->summary, out);
	skep_str_addc(out, '\n');
	man_list("ARGUMENTS", argument_terms(tool, arena), tool->n_arguments, out);
	man_list("OPTIONS", option_terms(tool, arena), tool->n_options, out);
	bcc = bcc_terms(tool, arena, &n_bcc);
	man_list("OPTIONS OF BCC", bcc, n_bcc, out);
	man_list("COLUMNS", tool->columns, tool->n_columns, out);
	man_list("EXAMPLES", tool->examples, tool->n_examples, out);
	skep_str_add(out, ".Sh SEE ALSO\n.Xr skep\\-trace 1 ,\n.Xr skep\\-lang 7\n");
}

/* Areas in the order in which they are listed; others come behind. */
static const struct {
	const char *name, *title;
} areas[] = {
	{ "cpu", "CPU and scheduler" }, { "memory", "Memory" },
	{ "files", "Files and disks" }, { "network", "Network" },
	{ "security", "Security" },	{ "applications", "Applications" },
	{ "kernel", "Kernel" },
};

static bool is_marked(const struct skep_tool *tool, const struct skep_world *world,
		      struct skep_arena *arena)
{
	const char *why;

	return world && skep_tool_judge(tool, world, arena, &why) == SKEP_TOOL_NOT;
}

const char *skep_tool_area(size_t index)
{
	return index < ARRAY_SIZE(areas) ? areas[index].name : NULL;
}

void skep_tool_list_json(const struct skep_world *world, const char *area, struct skep_str *out)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	const struct skep_tool *tool;

	for (size_t i = 0; (tool = skep_tool_at(i, arena)); i++) {
		if (area && !skep_streq(tool->area, area))
			continue;
		skep_str_addf(out, "{\"name\": \"%s\", \"area\": \"%s\", \"summary\": ", tool->name,
			      tool->area);
		skep_json_string(tool->summary, strlen(tool->summary), out);
		skep_str_addf(out, ", \"works\": %s}\n",
			      !world			      ? "null"
			      : is_marked(tool, world, arena) ? "false"
							      : "true");
	}
}

void skep_tool_list(const struct skep_world *world, const char *area, struct skep_str *out)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	const struct skep_tool *tool;
	size_t marked = 0;

	for (size_t a = 0; a < ARRAY_SIZE(areas); a++) {
		bool begun = false;

		for (size_t i = 0; (tool = skep_tool_at(i, arena)); i++) {
			if (!skep_streq(tool->area, areas[a].name) ||
			    (area && !skep_streq(tool->area, area)))
				continue;
			if (!begun)
				skep_str_addf(out, "%s%s\n", out->len ? "\n" : "", areas[a].title);
			begun = true;
			skep_str_addf(out, "  %-15s %s", tool->name, tool->summary);
			if (is_marked(tool, world, arena)) {
				skep_str_add(out, " [not here]");
				marked++;
			}
			skep_str_addc(out, '\n');
		}
	}
	if (marked)
		skep_str_addf(
			out,
			"\n[not here]: %zu of them want what this kernel has not: skep doctor "
			"says what\n",
			marked);
}
