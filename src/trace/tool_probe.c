/* SPDX-License-Identifier: Apache-2.0 */
#include "trace/tool_probe.h"

#include <errno.h>
#include <string.h>

#include "base/vec.h"
#include "live/binary.h"
#include "trace/tool.h"

#define PATTERNS_MAX 64
#define DEPTH_MAX 16 /* groups inside of each other */

struct patterns {
	SKEP_VEC(const char *);
};

struct reader {
	const struct skep_tool *tool;
	struct skep_arena *arena;
	struct skep_diag *diag;
	const char *at; /* what is not read yet of the expression */
	unsigned depth;
};

/* Regular expressions */

static int unknown(struct reader *r, const char *what)
{
	skep_diag_error(
		r->diag, SKEP_NO_LOC,
		"of regular expressions %s knows .*, ^, $, (a|b), [abc], x? and \\x, not '%s'",
		r->tool->name, what);
	skep_diag_hint(r->diag, "without -r * is any text: 'vfs_*'");
	return -EINVAL;
}

static int too_many(struct reader *r)
{
	skep_diag_error(r->diag, SKEP_NO_LOC, "this expression stands for more than %d patterns",
			PATTERNS_MAX);
	return -E2BIG;
}

/* Each of @to with each of @with behind it. */
static int append(struct reader *r, struct patterns *to, const struct patterns *with)
{
	struct patterns all = {};

	if (to->len * with->len > PATTERNS_MAX)
		return too_many(r);
	for (size_t i = 0; i < to->len; i++)
		for (size_t j = 0; j < with->len; j++)
			skep_vec_add(&all, skep_arena_printf(r->arena, "%s%s", to->data[i],
							     with->data[j]));
	skep_vec_fini(to);
	*to = all;
	return 0;
}

static void add_char(struct reader *r, char c, struct patterns *to)
{
	skep_vec_add(to, skep_arena_strndup(r->arena, &c, 1));
}

/* "[a-c_]", from behind the bracket on. */
static int read_set(struct reader *r, struct patterns *ret)
{
	if (*r->at == '^')
		return unknown(r, "[^");
	while (*r->at && *r->at != ']') {
		char first = *r->at++, last = first;

		if (r->at[0] == '-' && r->at[1] && r->at[1] != ']') {
			last = r->at[1];
			r->at += 2;
		}
		if (last < first || (size_t)(last - first) + ret->len >= PATTERNS_MAX)
			return too_many(r);
		for (int c = first; c <= last; c++)
			add_char(r, (char)c, ret);
	}
	return *r->at++ ? 0 : unknown(r, "[ without ]");
}

static int read_choice(struct reader *r, struct patterns *ret);

/* A character, a group or a set, and the '?' behind it. */
static int read_atom(struct reader *r, struct patterns *ret)
{
	char c = *r->at++;
	int e = 0;

	if (c == '(') {
		if (r->at[0] == '?' && r->at[1] == ':')
			r->at += 2;
		if (++r->depth > DEPTH_MAX)
			return unknown(r, "groups so deep");
		e = read_choice(r, ret);
		r->depth--;
		if (e >= 0 && *r->at++ != ')')
			return unknown(r, "( without )");
	} else if (c == '[') {
		e = read_set(r, ret);
	} else if (c == '.' && *r->at == '*') {
		r->at++;
		add_char(r, '*', ret);
		return 0;
	} else if (c == '\\' && *r->at && strchr("._$-*+?()[]|^\\", *r->at)) {
		add_char(r, *r->at++, ret);
	} else if (strchr(".*+?{}^$\\", c)) {
		return unknown(r, (char[]){ c, '\0' });
	} else {
		add_char(r, c, ret);
	}
	if (e >= 0 && *r->at == '?') {
		r->at++;
		skep_vec_add(ret, "");
	}
	return e;
}

/* What stands between two '|'. */
static int read_sequence(struct reader *r, struct patterns *ret)
{
	int e = 0;

	skep_vec_add(ret, "");
	while (e >= 0 && *r->at && !strchr("|)", *r->at) && !(r->at[0] == '$' && !r->at[1])) {
		struct patterns atom = {};

		e = read_atom(r, &atom);
		if (e >= 0)
			e = append(r, ret, &atom);
		skep_vec_fini(&atom);
	}
	return e;
}

static int read_choice(struct reader *r, struct patterns *ret)
{
	int e;

	do {
		struct patterns some = {};

		e = read_sequence(r, &some);
		if (e >= 0 && ret->len + some.len > PATTERNS_MAX)
			e = too_many(r);
		for (size_t i = 0; e >= 0 && i < some.len; i++)
			skep_vec_add(ret, some.data[i]);
		skep_vec_fini(&some);
	} while (e >= 0 && *r->at == '|' && r->at++);
	return e;
}

/* "^vfs_(read|write)" is vfs_read, vfs_write. BCC has only functions of the kernel match to the end without a "$". */
static int read_expression(struct reader *r, bool whole, struct patterns *ret)
{
	int e;

	r->at += *r->at == '^';
	e = read_choice(r, ret);
	if (e < 0)
		return e;
	whole |= *r->at == '$';
	r->at += *r->at == '$';
	if (*r->at)
		return unknown(r, r->at);
	for (size_t i = 0; !whole && i < ret->len; i++)
		if (!skep_has_suffix(ret->data[i], "*"))
			ret->data[i] = skep_arena_printf(r->arena, "%s*", ret->data[i]);
	return 0;
}

/* Where they are */

/* "c" is libc, as BCC has it, and "bash" a program. */
static const char *find_binary(struct reader *r, const char *name, int pid, bool look)
{
	const char *library = skep_arena_printf(r->arena, "lib%s", name);

	if (!look || strpbrk(name, "/*") || !skep_binary_is_there(r->arena, library, pid))
		return name;
	return library;
}

/* A part of a probe's name, in quotes when it has more than words and patterns have. */
static void add_part(const char *part, struct skep_str *out)
{
	bool plain = part[strspn(part, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "0123456789_*./+-")] == '\0';

	skep_str_addc(out, ':');
	if (plain) {
		skep_str_add(out, part);
		return;
	}
	skep_str_addc(out, '"');
	for (; *part; part++) {
		if (*part == '"' || *part == '\\')
			skep_str_addc(out, '\\');
		skep_str_addc(out, *part);
	}
	skep_str_addc(out, '"');
}

static bool is_event(char kind)
{
	return kind == 't' || kind == 'u';
}

/* "uprobe:libc:read,\nuprobe:libc:write" */
static void add_points(struct reader *r, char kind, bool at_return, const char *where,
		       const struct patterns *names, struct skep_str *out)
{
	for (size_t i = 0; i < names->len; i++) {
		const char *name, *colon;

		skep_str_add(out, i ? ",\n" : "");
		skep_str_add(out, kind == 't'	? "tracepoint"
				  : kind == 'u' ? "usdt"
				  : !*where	? at_return ? "kretprobe" : "kprobe"
				  : at_return	? "uretprobe"
						: "uprobe");
		if (*where)
			add_part(where, out);
		name = names->data[i];
		colon = kind == 'u' ? strchr(name, ':')
				    : NULL; /* behind what the probes are kept under */
		if (colon)
			add_part(skep_arena_strndup(r->arena, name, (size_t)(colon - name)), out);
		else if (kind == 'u')
			skep_str_add(out, ":*");
		add_part(colon ? colon + 1 : name, out);
	}
}

static const char *with_points(struct reader *r, char kind, const char *where,
			       const struct patterns *names)
{
	static const char entry[] = "kprobe:$1", at_return[] = "kretprobe:$1";
	_cleanup_(skep_str_fini)
	struct skep_str out = {};

	for (const char *p = r->tool->script; *p;) {
		bool is_entry = skep_has_prefix(p, entry),
		     is_return = skep_has_prefix(p, at_return);

		if (!is_entry && !is_return) {
			skep_str_addc(&out, *p++);
			continue;
		}
		add_points(r, kind, is_return, where, names, &out);
		p += is_entry ? strlen(entry) : strlen(at_return);
	}
	return skep_arena_strdup(r->arena, skep_str_text(&out));
}

/* "t:block:*" is of kind 't'; "c:malloc" of a library "c". *@ret_where: "", or a binary or category. */
static char split(struct reader *r, const char *text, const char **ret_where, const char **ret_name)
{
	const char *colon = strchr(text, ':');
	bool has_kind = colon == text + 1 && strchr("ptur", *text) && strchr(colon + 1, ':');
	char kind = 'p';

	if (has_kind) {
		kind = *text;
		text += 2;
		colon = strchr(text, ':');
	}
	*ret_where = colon ? skep_arena_strndup(r->arena, text, (size_t)(colon - text)) : "";
	*ret_name = colon ? colon + 1 : text;
	return kind;
}

static int refuse(struct reader *r, const char *text, char kind)
{
	if (kind == 'r') {
		skep_diag_error(r->diag, SKEP_NO_LOC, "%s has no use for returns alone",
				r->tool->name);
		skep_diag_hint(r->diag, "in the language it is a line: skep -e "
					"'kretprobe:vfs_read { @[retval] = count(); }'");
	} else {
		skep_diag_error(r->diag, SKEP_NO_LOC,
				"%s is about functions, which return, and '%s' is none",
				r->tool->name, text);
		skep_diag_hint(r->diag, "skep funccount counts it");
	}
	return -EINVAL;
}

int skep_tool_probe(const struct skep_tool *tool, const char *text, bool regexp, int pid, bool look,
		    struct skep_arena *arena, struct skep_diag *diag,
		    struct skep_tool_probe *ret_probe)
{
	struct reader r = { .tool = tool, .arena = arena, .diag = diag };
	struct patterns names = {};
	const char *where, *name;
	char kind = split(&r, text, &where, &name);
	int e = 0;

	if (!*name || (is_event(kind) && !*where)) {
		skep_diag_error(diag, SKEP_NO_LOC, "%s: the pattern is empty", tool->name);
		skep_diag_hint(diag, "'vfs_*', 'c:mem*', 't:block:*', 'u:PROGRAM:*'");
		return -EINVAL;
	}
	if (kind == 'r' || (is_event(kind) && strstr(tool->script, "kretprobe:$1")))
		return refuse(&r, text, kind);
	r.at = name;
	if (regexp)
		e = read_expression(&r, !*where, &names);
	else
		skep_vec_add(&names, name);
	if (e >= 0) {
		if (*where && kind != 't')
			where = find_binary(&r, where, pid, look);
		*ret_probe = (struct skep_tool_probe){
			.script = *where || names.len > 1 ? with_points(&r, kind, where, &names)
							  : tool->script,
			.pattern = names.data[0],
			.is_program = *where && kind != 't',
			.is_event = is_event(kind),
		};
	}
	skep_vec_fini(&names);
	return e < 0 ? -EINVAL : 0;
}
