/* SPDX-License-Identifier: Apache-2.0 */
/* Options that a tool of BCC has and ours has not: what they are here. */
#include <errno.h>
#include <string.h>

#include "trace/tool_priv.h"

/* One of "--format=csv --time" or "$interval". @value: what was given to BCC's option, or NULL. */
static int take_meant(struct skep_tool_words *c, const char *word, const char *value)
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
	option = skep_tool_own_option(c->tool, name, len);
	option = option ? option : skep_tool_meant_by(c->tool, name);
	if (option)
		takes_value = option->value;
	else if (skep_trace_option(name, &takes_value) < 0)
		return -EINVAL; /* the tests hold that each is one */
	return skep_tool_take(c, option, option ? option->name : name,
			      equals	    ? equals + 1
			      : takes_value ? value
					    : NULL);
}

/* An option of BCC's tool. */
int skep_tool_take_bcc(struct skep_tool_words *c, const struct skep_tool_option *bcc,
		       const char *value)
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
const char *skep_tool_bcc_only(const char *name)
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

/* Under BCC's name words are what they are there, if that is something else. */
int skep_tool_take_bcc_words(struct skep_tool_words *c)
{
	size_t n = 0, n_words = c->words.len;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < c->tool->n_bcc; i++) {
		const struct skep_tool_option *bcc = &c->tool->bcc[i];

		if (bcc->letter || *bcc->name)
			continue;
		if (n < n_words)
			r = skep_tool_take_bcc(c, bcc, c->words.data[n]);
		n++;
	}
	if (r < 0 || !n)
		return r;
	if (n_words > n) {
		return skep_tool_meaningless(c, n);
	}
	c->words.len = 0;
	return 0;
}
