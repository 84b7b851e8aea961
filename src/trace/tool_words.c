/* SPDX-License-Identifier: Apache-2.0 */
/* The words of a tool's command line: its options and those of skep trace, by name and by letter. */
#include <errno.h>
#include <string.h>

#include "trace/tool_priv.h"

int skep_tool_usage_error(struct skep_tool_words *c)
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

const struct skep_tool_option *skep_tool_own_option(const struct skep_tool *tool, const char *name,
						    size_t len)
{
	return by_name(tool->options, tool->n_options, name, len);
}

/* An option that the script asks for by getopt(), or that is a parameter of it; skep trace may have one of this name, too. */
static bool is_of_script(const struct skep_tool_words *c, const char *name)
{
	const char *asked = skep_arena_printf(c->arena, "getopt(\"%s\"", name);

	return skep_trace_option(name, NULL) < 0 || strstr(c->tool->script, asked);
}

/* Options that skep trace has narrow what is looked at, the others are the script's. */
int skep_tool_take(struct skep_tool_words *c, const struct skep_tool_option *option,
		   const char *name, const char *value)
{
	char *word;

	if (value && skep_streq(name, "disk") && skep_has_prefix(value, "/dev/"))
		value += strlen("/dev/");
	if (option && value && is_of_script(c, name) && !skep_streq(value, "cpid") &&
	    skep_tool_check_value(option, c->arena, &value, c->diag) < 0)
		return skep_tool_usage_error(c);
	skep_str_addf(&c->given, "--%s ", name);
	word = value ? skep_arena_printf(c->arena, "--%s=%s", name, value)
		     : skep_arena_printf(c->arena, "--%s", name);
	c->own |= option && option->value;
	if (option && option->letter)
		skep_str_addc(&c->letters, option->letter);
	if (option && option->columns)
		skep_vec_add(&c->trace,
			     skep_arena_printf(c->arena, "--match=%s=%s", option->columns, value));
	else if (option && option->preset)
		c->presets[option - c->tool->options] = value;
	else if (!is_of_script(c, name))
		skep_vec_add(&c->trace, word);
	else
		skep_vec_add(&c->params, word);
	return 0;
}

/* The value of an option: @attached, or the next word. */
static int value_of(struct skep_tool_words *c, const char *name, const char *attached,
		    const char **ret_value)
{
	if (attached || c->at + 1 < c->argc) {
		*ret_value = attached ? attached : c->argv[++c->at];
		return 0;
	}
	skep_diag_error(c->diag, SKEP_NO_LOC, "option '%s' wants a value", name);
	return skep_tool_usage_error(c);
}

/* The tool's option whose name resembles @name most, or NULL; for messages. */
static const char *nearest(const struct skep_tool_words *c, const char *name)
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
const struct skep_tool_option *skep_tool_meant_by(const struct skep_tool *tool, const char *name)
{
	return skep_streq(name, "pid") ? skep_tool_own_option(tool, "process", strlen("process"))
				       : NULL;
}

static int long_option(struct skep_tool_words *c, const char *word)
{
	const char *name = word + 2, *equals = strchr(name, '='), *value = NULL, *near;
	size_t len = equals ? (size_t)(equals - name) : strlen(name);
	const struct skep_tool_option *option = skep_tool_own_option(c->tool, name, len);
	const struct skep_tool_option *bcc = by_name(c->tool->bcc, c->tool->n_bcc, name, len);
	bool takes_value = option && option->value;
	int r = 0;

	name = skep_arena_strndup(c->arena, name, len);
	if (bcc && !c->as_bcc && (option || skep_trace_option(name, NULL) == 0))
		bcc = NULL;
	if (bcc)
		option = NULL;
	if (!option && !bcc && (option = skep_tool_meant_by(c->tool, name))) {
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
		near = skep_tool_bcc_only(name);
		if (near) {
			skep_diag_hint(c->diag, "%s", near);
			return -EINVAL;
		}
		near = nearest(c, name);
		if (!near)
			return skep_tool_usage_error(c);
		skep_diag_hint(c->diag, "did you mean --%s?", near);
		return -EINVAL;
	}
	if (equals && !takes_value) {
		skep_diag_error(c->diag, SKEP_NO_LOC, "option '--%s' takes no value", name);
		return skep_tool_usage_error(c);
	}
	if (takes_value)
		r = value_of(c, word, equals ? equals + 1 : NULL, &value);
	if (r >= 0 && bcc)
		return skep_tool_take_bcc(c, bcc, value);
	if (r >= 0 && skep_has_prefix(word, "--pid") && skep_streq(name, "process") &&
	    strchr(value, ',')) {
		skep_diag_error(c->diag, SKEP_NO_LOC, "--pid of %s takes one process",
				c->tool->name);
		return skep_tool_usage_error(c);
	}
	return r < 0 ? r : skep_tool_take(c, option, name, value);
}

/* Letters of skep trace that every tool has, unless it says something else with them. */
static bool is_common(char letter, bool *ret_takes_value)
{
	*ret_takes_value = letter == 'o' || letter == 'f' || letter == 'B' || letter == 'c';
	return *ret_takes_value || letter == 'v' || letter == 'q' || letter == 'h';
}

/* What @letter is: an option of ours, or *ret_bcc; both NULL: of every tool, or nothing. */
const struct skep_tool_option *skep_tool_find_letter(const struct skep_tool_words *c, char letter,
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
static int letters(struct skep_tool_words *c, const char *word)
{
	for (const char *p = word + 1; *p; p++) {
		const struct skep_tool_option *bcc, *option = skep_tool_find_letter(c, *p, &bcc);
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
			return skep_tool_usage_error(c);
		}
		if (takes_value) {
			r = value_of(c, name, p[1] ? p + 1 : NULL, &value);
			if (r < 0)
				return r;
		}
		if (option || bcc) {
			r = option ? skep_tool_take(c, option, option->name, value)
				   : skep_tool_take_bcc(c, bcc, value);
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
int skep_tool_meaningless(struct skep_tool_words *c, size_t index)
{
	const struct skep_tool_option *bcc, *own = skep_tool_find_letter(c, 'c', &bcc);
	_cleanup_(skep_str_fini)
	struct skep_str usage = {};
	bool given_c;

	skep_diag_error(c->diag, SKEP_NO_LOC, "'%s' means nothing to %s", c->words.data[index],
			c->tool->name);
	given_c = own ? skep_tool_is_listed(skep_str_text(&c->given), own->name)
		      : bcc && strchr(skep_str_text(&c->letters), 'c');
	if (given_c && !skep_tool_is_of_command(c->tool)) {
		skep_diag_hint(c->diag, "if it is to be run: --command; -c is --%s here",
			       own ? own->name : bcc->name);
		return -EINVAL;
	}
	if (c->as_bcc)
		return skep_tool_usage_error(c);
	skep_tool_usage(c->tool, &usage);
	skep_diag_hint(c->diag, "it takes no more than: skep %s; --help lists the options",
		       skep_str_text(&usage));
	return -EINVAL;
}

/* Options that exclude each other. */
static int check_choices(struct skep_tool_words *c)
{
	const char *given = skep_str_text(&c->given);

	for (size_t i = 0; i < c->tool->n_one_of; i++) {
		const char *list = c->tool->one_of[i], *first = NULL;

		for (size_t k = 0; k < c->tool->n_options; k++) {
			const char *name = c->tool->options[k].name;

			if (!skep_tool_is_listed(list, name) || !skep_tool_is_listed(given, name))
				continue;
			if (first) {
				skep_diag_error(c->diag, SKEP_NO_LOC,
						"--%s and --%s exclude each other", first, name);
				return skep_tool_usage_error(c);
			}
			first = name;
		}
	}
	return 0;
}

int skep_tool_read_words(struct skep_tool_words *c)
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
	if (r >= 0 && c->as_bcc)
		r = skep_tool_take_bcc_words(c);
	return r < 0 ? r : check_choices(c);
}
