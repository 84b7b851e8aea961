/* SPDX-License-Identifier: Apache-2.0 */
/* The heads of the scripts in tools/. */
#include "trace/tool.h"

#include <errno.h>
#include <string.h>

#include "base/vec.h"
#include "live/unpack.h"

extern const struct skep_embedded_pack skep_embedded_tools;

#define INDENT 2 /* of a term behind the comment's blank */
#define ONE_OF "one of: "
#define GOES_ON 6 /* from here on a line belongs to the term above */

enum section {
	ABOUT,
	ARGUMENTS,
	OPTIONS,
	COLUMNS,
	EXAMPLES,
	BCC,
};

struct head {
	struct skep_arena *arena;
	struct skep_tool *tool;
	const char *why;
	enum section section;
	struct skep_str about;
	const char **last; /* the text that a line may go on with */
	struct {
		SKEP_VEC(struct skep_tool_argument);
	} arguments;
	struct {
		SKEP_VEC(struct skep_tool_option);
	} options, bcc;
	struct {
		SKEP_VEC(struct skep_tool_term);
	} columns, examples;
	struct {
		SKEP_VEC(const char *);
	} one_of;
};

static int refuse(struct head *h, const char *why)
{
	h->why = why;
	return -EINVAL;
}

/* "term  text": where the two blanks are. */
static int split(struct head *h, const char *line, const char **ret_term, const char **ret_text)
{
	const char *gap = strstr(line, "  ");

	if (!gap)
		return refuse(h, "a term and its text are two blanks apart");
	*ret_term = skep_arena_strndup(h->arena, line, (size_t)(gap - line));
	*ret_text = skep_arena_strdup(h->arena, gap + strspn(gap, " "));
	return 0;
}

/* "interval=1", or "pattern" */
static void add_argument(struct head *h, const char *term, const char *text)
{
	const char *equals = strchr(term, '=');
	struct skep_tool_argument argument = { term, NULL, text };

	if (equals) {
		argument.name = skep_arena_strndup(h->arena, term, (size_t)(equals - term));
		argument.preset = equals + 1;
	}
	skep_vec_add(&h->arguments, argument);
	h->last = &skep_vec_last(&h->arguments).text;
}

/* Of "-x, --failed" what is behind the letter. */
static const char *take_letter(const char *term, struct skep_tool_option *option)
{
	if (term[0] != '-' || !term[1] || !skep_has_prefix(term + 2, ", "))
		return term;
	option->letter = term[1];
	return term + 4;
}

/* An option as it is in `options:`, "-x", "-x VALUE" or "[word]". */
static int add_bcc(struct head *h, const char *term, const char *text)
{
	struct skep_tool_option option = { .name = "", .text = text };
	const char *value;

	term = take_letter(term, &option);
	value = strchr(term, ' ');
	option.value = value ? value + 1 : NULL;
	if (term[0] == '[')
		option.value = term;
	else if (skep_has_prefix(term, "--"))
		option.name = skep_arena_strndup(h->arena, term + 2, strcspn(term + 2, " "));
	else if (term[0] == '-' && term[1])
		option.letter = term[1];
	else
		return refuse(h, "an option of BCC is written as: -x, --name VALUE");
	skep_vec_add(&h->bcc, option);
	h->last = &skep_vec_last(&h->bcc).text;
	return 0;
}

/* "-x, --failed", "--name TEXT", "--frequency HZ=49", "--line REGEX@args" */
static int add_option(struct head *h, const char *term, const char *text)
{
	struct skep_tool_option option = { .text = text };
	const char *value, *equals, *at;

	term = take_letter(term, &option);
	if (!skep_has_prefix(term, "--") || !term[2])
		return refuse(h, "an option is written as: -x, --name VALUE");
	value = strchr(term, ' ');
	option.name = value ? skep_arena_strndup(h->arena, term + 2, (size_t)(value - term - 2))
			    : term + 2;
	option.value = value ? value + 1 : NULL;
	equals = option.value ? strchr(option.value, '=') : NULL;
	if (equals) {
		option.value =
			skep_arena_strndup(h->arena, option.value, (size_t)(equals - option.value));
		option.preset = equals + 1;
	}
	at = option.value ? strchr(option.value, '@') : NULL;
	if (at) {
		option.value =
			skep_arena_strndup(h->arena, option.value, (size_t)(at - option.value));
		option.columns = at + 1;
	}
	skep_vec_add(&h->options, option);
	h->last = &skep_vec_last(&h->options).text;
	return 0;
}

static int add_term(struct head *h, const char *line)
{
	const char *term, *text;
	int r = split(h, line, &term, &text);

	if (r < 0)
		return r;
	switch (h->section) {
	case ARGUMENTS:
		add_argument(h, term, text);
		return 0;
	case OPTIONS:
		return add_option(h, term, text);
	case BCC:
		return add_bcc(h, term, text);
	case COLUMNS:
		skep_vec_add(&h->columns, (struct skep_tool_term){ term, text });
		h->last = &skep_vec_last(&h->columns).text;
		return 0;
	case EXAMPLES:
		skep_vec_add(&h->examples, (struct skep_tool_term){ term, text });
		h->last = &skep_vec_last(&h->examples).text;
		return 0;
	default:
		return refuse(h, "text stands where no list is");
	}
}

/* "options:" */
static bool begin_section(struct head *h, const char *line)
{
	static const char *const names[] = {
		[ARGUMENTS] = "arguments:", [OPTIONS] = "options:", [COLUMNS] = "columns:",
		[EXAMPLES] = "examples:",   [BCC] = "bcc:",
	};

	for (size_t i = ARGUMENTS; i < ARRAY_SIZE(names); i++) {
		if (!skep_streq(line, names[i]))
			continue;
		h->section = (enum section)i;
		h->last = NULL;
		return true;
	}
	return false;
}

/* @line is what stands behind the slashes and their blank. */
static int head_line(struct head *h, const char *line)
{
	size_t indent = strspn(line, " ");

	if (begin_section(h, line))
		return 0;
	if (h->section == ABOUT) {
		skep_str_addf(&h->about, "%s\n", line);
		return 0;
	}
	if (!line[indent])
		return 0;
	if (h->section == OPTIONS && skep_has_prefix(line + indent, ONE_OF)) {
		skep_vec_add(&h->one_of, line + indent + strlen(ONE_OF));
		return 0;
	}
	if (h->section == BCC && !strstr(line + indent, "  ") && indent == INDENT) {
		h->tool->shape = skep_arena_printf(
			h->arena, "%s %s", h->tool->shape ? h->tool->shape : "", line + indent);
		return 0;
	}
	if (indent >= GOES_ON && h->last) {
		*h->last = skep_arena_printf(h->arena, "%s %s", *h->last, line + indent);
		return 0;
	}
	if (indent != INDENT)
		return refuse(h, "a term stands behind two blanks");
	return add_term(h, line + indent);
}

/* "opensnoop - which files ..." */
static int first_line(struct head *h, const char *line)
{
	const char *dash = strstr(line, " - ");

	if (!dash || dash == line || !dash[3])
		return refuse(h, "it does not begin with: // NAME - SUMMARY");
	h->tool->name = skep_arena_strndup(h->arena, line, (size_t)(dash - line));
	h->tool->summary = dash + 3;
	return 0;
}

/* The next line of the head without its slashes, or NULL: the head has ended. */
static const char *next_line(struct head *h, const char **at)
{
	const char *line = *at;
	size_t len = strcspn(line, "\n");

	if (!skep_has_prefix(line, "//"))
		return NULL;
	*at += len + (line[len] ? 1 : 0);
	if (len > 2 && line[2] == ' ')
		return skep_arena_strndup(h->arena, line + 3, len - 3);
	return skep_arena_strndup(h->arena, line + 2, len - 2);
}

static int read_head(struct head *h, const char *script)
{
	const char *at = script, *line = next_line(h, &at);
	int r;

	if (line && skep_has_prefix(line, "SPDX-License-Identifier:"))
		line = next_line(h, &at);
	r = line ? first_line(h, line) : refuse(h, "it has no head of lines with //");
	if (r < 0)
		return r;
	line = next_line(h, &at);
	if (!line || !skep_has_prefix(line, "area: "))
		return refuse(h, "its second line does not say: // area: AREA");
	h->tool->area = line + strlen("area: ");
	while (r >= 0 && (line = next_line(h, &at)))
		r = head_line(h, line);
	return r;
}

/* Without the empty lines at both ends. */
static const char *trimmed(struct head *h)
{
	const char *text = skep_str_text(&h->about);
	size_t len;

	text += strspn(text, "\n");
	for (len = strlen(text); len && text[len - 1] == '\n';)
		len--;
	return skep_arena_strndup(h->arena, text, len);
}

int skep_tool_parse(const char *script, struct skep_arena *arena, struct skep_tool *ret_tool,
		    const char **ret_why)
{
	struct skep_tool tool = { .script = script };
	struct head h = { .arena = arena, .tool = &tool };
	int r = read_head(&h, script);

#define TAKE(list)                   \
	(tool.n_##list = h.list.len, \
	 tool.list = skep_arena_memdup(arena, h.list.data, h.list.len * sizeof(*h.list.data)))
	if (r >= 0) {
		TAKE(arguments);
		TAKE(options);
		TAKE(bcc);
		TAKE(columns);
		TAKE(examples);
		TAKE(one_of);
		tool.about = trimmed(&h);
		*ret_tool = tool;
	} else {
		*ret_why = h.why;
	}
#undef TAKE
	skep_vec_fini(&h.arguments);
	skep_vec_fini(&h.options);
	skep_vec_fini(&h.bcc);
	skep_vec_fini(&h.columns);
	skep_vec_fini(&h.examples);
	skep_vec_fini(&h.one_of);
	skep_str_fini(&h.about);
	return r;
}

bool skep_tool_is_listed(const char *list, const char *name)
{
	size_t len = strlen(name);

	for (const char *p = list; (p = strstr(p, "--"));) {
		p += 2;
		if (strncmp(p, name, len) == 0 && (!p[len] || p[len] == ' '))
			return true;
	}
	return false;
}

static struct skep_unpacked files = { &skep_embedded_tools, NULL };

const char *skep_tool_file(size_t index, const char **ret_name)
{
	return skep_unpacked_at(&files, index, ret_name);
}

void skep_tool_files_release(void)
{
	skep_unpacked_release(&files);
}

/* The tests hold that each one can be parsed. */
static const struct skep_tool *parsed(const char *script, struct skep_arena *arena)
{
	struct skep_tool *tool = skep_arena_alloc(arena, sizeof(*tool));
	const char *why;

	return skep_tool_parse(script, arena, tool, &why) < 0 ? NULL : tool;
}

const struct skep_tool *skep_tool_at(size_t index, struct skep_arena *arena)
{
	const char *name, *script = skep_tool_file(index, &name);

	return script ? parsed(script, arena) : NULL;
}

static const struct skep_tool *find(const char *name, struct skep_arena *arena)
{
	size_t len = strlen(name);
	const char *file, *script;

	for (size_t i = 0; (script = skep_tool_file(i, &file)); i++)
		if (strncmp(file, name, len) == 0 && skep_streq(file + len, ".bt"))
			return parsed(skep_arena_strdup(arena, script), arena);
	return NULL;
}

/*
 * Names that stand for a tool and an option of it: "ext4slower" is fsslower of ext4, "rubycalls" ucalls of Ruby. The words are
 * parted by blanks.
 */
static const struct {
	const char *kinds, *whats, *prefix, *option;
} families[] = {
	{ "bcachefs btrfs ext4 f2fs fuse nfs xfs zfs", " slower dist ", "fs", "system" },
	{ "java node perl php python ruby tcl c", " calls flow gc objnew stat threads ", "u",
	  "language" },
};

static const struct skep_tool *of_family(const char *name, struct skep_arena *arena)
{
	for (size_t i = 0; i < ARRAY_SIZE(families); i++)
		for (const char *kind = families[i].kinds; *kind;) {
			size_t len = strcspn(kind, " ");
			const char *what = name + len;
			const struct skep_tool *any = NULL;
			struct skep_tool *tool;

			if (strncmp(name, kind, len) == 0 && *what &&
			    strstr(families[i].whats, skep_arena_printf(arena, " %s ", what)))
				any = find(skep_arena_printf(arena, "%s%s", families[i].prefix,
							     what),
					   arena);
			if (any) {
				tool = skep_arena_memdup(arena, any, sizeof(*any));
				tool->name = skep_arena_strdup(arena, name);
				tool->given = skep_arena_printf(arena, "--%s=%.*s",
								families[i].option, (int)len, kind);
				return tool;
			}
			kind += len + (kind[len] ? 1 : 0);
		}
	return NULL;
}

const struct skep_tool *skep_tool_find(const char *name, struct skep_arena *arena)
{
	const struct skep_tool *tool = find(name, arena);

	return tool ? tool : of_family(name, arena);
}
