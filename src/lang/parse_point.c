/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attach points, read from the raw text: they hold paths, wildcards and symbols that are no tokens
 * of the language.
 *
 *	uprobe:/usr/bin/bash:readline /pid == 1/ { ... }
 *	       `-- path ---'          `-- predicate
 *
 * The slash. A slash behind a blank starts the predicate, unless that blank follows a ':' and so
 * the slash starts a path. Without a blank in front it belongs to the attach point where the kind
 * of probe takes paths (uprobe, usdt, iter...), and starts the predicate for all others, whose
 * names hold no slashes. `//` and `/` with `*` start a comment exactly where a slash could start a
 * predicate.
 *
 * Quotes protect everything ("ns::f(int, char)"); blanks are allowed around ':' and ','.
 */
#include <stdio.h>
#include <strings.h>

#include "base/str.h"
#include "lang/parse.h"

#define POINT_BYTES_MAX 4096
#define POINT_PARTS_MAX 16
#define EXAMPLES "for example: kprobe:vfs_read, tracepoint:syscalls:sys_enter_openat, BEGIN"

static const struct {
	const char *name;
	bool paths;
} providers[] = {
	{ "begin", false },
	{ "end", false },
	{ "self", false },
	{ "test", false },
	{ "bench", false },
	{ "kprobe", false },
	{ "k", false },
	{ "kretprobe", false },
	{ "kr", false },
	{ "fentry", false },
	{ "f", false },
	{ "kfunc", false },
	{ "fexit", false },
	{ "fr", false },
	{ "kretfunc", false },
	{ "tracepoint", false },
	{ "t", false },
	{ "rawtracepoint", false },
	{ "rt", false },
	{ "uprobe", true },
	{ "u", true },
	{ "uretprobe", true },
	{ "ur", true },
	{ "usdt", true },
	{ "profile", false },
	{ "p", false },
	{ "interval", false },
	{ "i", false },
	{ "software", false },
	{ "s", false },
	{ "hardware", false },
	{ "h", false },
	{ "watchpoint", false },
	{ "w", false },
	{ "asyncwatchpoint", false },
	{ "aw", false },
	{ "iter", true },
	{ "it", true },
	{ "xdp", false },
	{ "tc", false },
	{ "cgroup", true },
	{ "lsm", false },
	{ "fmod_ret", false },
};

struct point {
	struct skep_parser *p;
	struct skep_str text;	      /* the whole */
	size_t part;		      /* where the last part starts in it */
	bool quoted;		      /* the last part is there, even if it is empty */
	size_t ends[POINT_PARTS_MAX]; /* of the parts in the text */
	size_t n_parts;		      /* finished ones */
	struct skep_loc loc;
	size_t off;
};

/* -1: no kind of probe is called so. */
static int find_provider(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(providers); i++)
		if (strlen(providers[i].name) == len && !strncasecmp(providers[i].name, name, len))
			return (int)i;
	return -1;
}

bool skep_parse_is_provider(const char *name, size_t len)
{
	return find_provider(name, len) >= 0;
}

static size_t part_len(const struct point *pt)
{
	return pt->text.len - pt->part;
}

static bool takes_paths(const struct point *pt)
{
	size_t len = pt->n_parts ? pt->ends[0] : pt->text.len;
	int i = find_provider(skep_str_text(&pt->text), len);

	/* Nobody knows what an unknown or still unnamed kind takes. */
	return i < 0 ? pt->n_parts > 0 : providers[i].paths;
}

static bool add_text(struct point *pt, const char *text, size_t len)
{
	if (pt->text.len + len <= POINT_BYTES_MAX) {
		skep_str_addn(&pt->text, text, len);
		return true;
	}
	skep_parse_error(pt->p, pt->loc, "this attach point is longer than %d bytes",
			 POINT_BYTES_MAX);
	return false;
}

static bool end_part(struct point *pt)
{
	if (pt->n_parts == POINT_PARTS_MAX - 1) {
		skep_parse_error(pt->p, pt->loc, "this attach point has more than %d parts",
				 POINT_PARTS_MAX - 1);
		return false;
	}
	pt->ends[pt->n_parts++] = pt->text.len;
	if (!add_text(pt, ":", 1))
		return false;
	pt->part = pt->text.len;
	pt->quoted = false;
	return true;
}

static bool read_quoted(struct point *pt)
{
	struct skep_lex *lx = &pt->p->lx;
	struct skep_loc open = skep_lex_loc(lx, lx->pos, 1);
	size_t start = lx->pos;

	pt->quoted = true;
	for (lx->pos++; lx->pos < lx->len && lx->text[lx->pos] != '\n'; lx->pos++) {
		char c = lx->text[lx->pos];

		if (c == '"') {
			lx->pos++;
			return true;
		}
		if (c == '\\' && (skep_lex_peek(lx, 1) == '"' || skep_lex_peek(lx, 1) == '\\'))
			c = lx->text[++lx->pos];
		if (!c || !add_text(pt, &c, 1))
			break;
	}
	lx->pos = start + 1; /* the block may stand in this very line */
	if (skep_parse_error(pt->p, open, "this quote is never closed"))
		skep_lex_hint(&pt->p->env, "close it with '\"' in the same line");
	return false;
}

/* $1 and $# become the text that the command line gave. */
static bool read_param(struct point *pt)
{
	struct skep_parser *p = pt->p;
	struct skep_lex *lx = &p->lx;
	struct skep_tok t = skep_lex_next(lx);
	char number[24];

	lx->bol = false;
	if (t.kind != SKEP_TOK_PARAM)
		return false;
	pt->quoted = true;
	if (!t.value) {
		snprintf(number, sizeof(number), "%zu", p->options->n_params);
		return add_text(pt, number, strlen(number));
	}
	if (t.value <= p->options->n_params)
		return add_text(pt, p->options->params[t.value - 1],
				strlen(p->options->params[t.value - 1]));
	if (skep_parse_error(
		    p, t.loc,
		    "$%u is not given: the command line has %zu parameter%s for the script",
		    (unsigned)t.value, p->options->n_params, p->options->n_params == 1 ? "" : "s"))
		skep_lex_hint(
			&p->env,
			"add the value behind the script: FILE 1 2, or FILE -- 1 2 of verify, try, dis, asm");
	return false;
}

static bool bad_byte(struct point *pt)
{
	struct skep_parser *p = pt->p;
	struct skep_lex *lx = &p->lx;
	size_t n_errors = p->env.n_errors;
	struct skep_tok t = skep_lex_next(lx);
	const char *shown = skep_lex_show(&p->env, skep_str_text(&pt->text), pt->text.len);

	if (p->env.n_errors != n_errors) {
		p->env.quiet = true;
		return false;
	}
	if (!pt->text.len) {
		if (skep_parse_error(p, t.loc, "expected an attach point, found %s",
				     skep_parse_describe(p, &t)))
			skep_lex_hint(&p->env, EXAMPLES);
		return false;
	}
	if (!skep_parse_error(p, t.loc, "%s cannot be part of the attach point '%s'",
			      skep_parse_describe(p, &t), shown))
		return false;
	if (t.kind == SKEP_TOK_SEMI || t.kind == SKEP_TOK_RBRACE || t.kind == SKEP_TOK_LPAREN)
		skep_lex_hint(&p->env, "a probe is an attach point and a block: %s { ... }",
			      pt->n_parts ? shown : "kprobe:vfs_read");
	return false;
}

/* Something other than ',', '/' or '{' behind an attach point and a blank. */
static bool stray(struct point *pt)
{
	struct skep_parser *p = pt->p;
	size_t n_errors = p->env.n_errors;
	struct skep_tok t = skep_lex_next(&p->lx);
	const char *shown = skep_lex_show(&p->env, skep_str_text(&pt->text), pt->text.len);

	if (p->env.n_errors != n_errors) {
		p->env.quiet = true;
		return false;
	}
	if (!skep_parse_error(
		    p, t.loc,
		    "expected '{', a /predicate/ or ',' behind the attach point '%s', found %s",
		    shown, skep_parse_describe(p, &t)))
		return false;
	if (t.kind == SKEP_TOK_NAME && skep_parse_is_provider(t.text, t.len) &&
	    skep_lex_peek(&p->lx, 0) == ':')
		skep_lex_hint(&p->env, "several attach points of one block are separated by ','");
	else if (t.kind == SKEP_TOK_OP || t.kind == SKEP_TOK_ASSIGN)
		skep_lex_hint(&p->env, "a predicate is set off by a blank: %s /pid == 1/ { ... }",
			      shown);
	else
		skep_lex_hint(&p->env,
			      "what to do stands in braces: %s { printf(\"%%s\\n\", comm); }",
			      shown);
	return false;
}

/* A byte that may be part of the text of an attach point. */
static bool is_plain(const struct point *pt, char c)
{
	if ((unsigned char)c < 0x20 || c == 0x7f || c == '}' || c == ';' || c == '\'')
		return false;
	/*
	 * Names of kernel functions and events are plain words; paths and symbols may hold
	 * anything.
	 */
	return skep_lex_is_word(c) || strchr("*.+-@#?[]!~%$^", c) ||
	       (pt->n_parts && takes_paths(pt));
}

/* An optional `name=` in front is accepted and has no meaning yet. */
static bool drop_label(struct point *pt)
{
	if (pt->n_parts || !pt->text.len)
		return false;
	skep_str_reset(&pt->text);
	pt->p->lx.pos++;
	return true;
}

/* Reads one attach point; the text is left at ',', '{', '/' or the end. */
static bool read_point(struct point *pt)
{
	struct skep_lex *lx = &pt->p->lx;

	for (;;) {
		bool empty = !part_len(pt) && !pt->quoted,
		     blank = skep_lex_is_blank(skep_lex_peek(lx, 0));
		char c;

		/* A comment may start wherever a predicate may. */
		if (blank || (skep_lex_peek(lx, 0) == '/' && !empty && !takes_paths(pt)))
			skep_lex_skip(lx);
		c = skep_lex_peek(lx, 0);
		if (lx->pos == lx->len || c == ',' || c == '{')
			return true;
		if (c == '/' && !(empty && pt->n_parts) && (blank || !takes_paths(pt)))
			return true;
		lx->bol = false;
		if (c == ':') {
			lx->pos++;
			if (!end_part(pt))
				return false;
		} else if (blank && !empty) {
			return stray(pt);
		} else if (c == '"') {
			if (!read_quoted(pt))
				return false;
		} else if (c == '$' && (skep_lex_is_digit(skep_lex_peek(lx, 1)) ||
					skep_lex_peek(lx, 1) == '#')) {
			if (!read_param(pt))
				return false;
		} else if (c == '=' && drop_label(pt)) {
			continue;
		} else if (!is_plain(pt, c) && c != '/') {
			return bad_byte(pt);
		} else {
			if (!add_text(pt, &c, 1))
				return false;
			lx->pos++;
		}
	}
}

static void finish_point(struct point *pt, struct skep_attach_point *ret_point)
{
	struct skep_arena *arena = pt->p->env.arena;
	const char **parts = skep_arena_calloc(arena, pt->n_parts + 1, sizeof(*parts));
	const char *text = skep_str_text(&pt->text);
	size_t start = 0;

	pt->ends[pt->n_parts] = pt->text.len;
	for (size_t i = 0; i <= pt->n_parts; i++) {
		parts[i] = skep_arena_strndup(arena, text + start, pt->ends[i] - start);
		start = pt->ends[i] + 1;
	}
	ret_point->text = skep_arena_strdup(arena, text);
	ret_point->parts = parts;
	ret_point->n_parts = pt->n_parts + 1;
	ret_point->loc = pt->loc;
}

/* Where the text of the attach point ends, without blanks in front of what follows. */
static void measure(struct point *pt)
{
	const struct skep_lex *lx = &pt->p->lx;
	size_t end = pt->off;

	while (end < lx->pos && lx->text[end] != '\n')
		end++;
	while (end > pt->off && skep_lex_is_blank(lx->text[end - 1]))
		end--;
	pt->loc.len = (uint32_t)(end - pt->off);
}

static bool parse_point(struct skep_parser *p, struct skep_attach_point *ret_point)
{
	_cleanup_(skep_str_fini)
	struct skep_str owned = {};
	struct point pt = { .p = p };
	bool ok;

	skep_lex_skip(&p->lx);
	pt.off = p->lx.pos;
	pt.loc = skep_lex_loc(&p->lx, pt.off, 1);
	ok = read_point(&pt);
	owned = pt.text;
	measure(&pt);
	if (!ok)
		return false;
	if (pt.n_parts && !pt.ends[0]) {
		if (skep_parse_error(p, pt.loc, "the kind of probe is missing in front of ':'"))
			skep_lex_hint(&p->env, EXAMPLES);
		return false;
	}
	if (!pt.text.len) {
		char c = skep_lex_peek(&p->lx, 0);

		if (skep_parse_error(p, skep_lex_loc(&p->lx, p->lx.pos, c != 0),
				     "expected an attach point, found %s",
				     c == '{'	? "'{'"
				     : c == ',' ? "','"
				     : c == '/' ? "'/'"
						: "the end of the script"))
			skep_lex_hint(&p->env, EXAMPLES);
		return false;
	}
	finish_point(&pt, ret_point);
	p->prev = pt.loc;
	return true;
}

bool skep_parse_points(struct skep_parser *p, struct skep_probe_node *probe)
{
	struct {
		SKEP_VEC(struct skep_attach_point);
	} points = {};
	bool ok = true;

	while (ok) {
		struct skep_attach_point point = {};

		ok = parse_point(p, &point);
		if (ok)
			skep_vec_add(&points, point);
		if (!ok || skep_lex_peek(&p->lx, 0) != ',')
			break;
		p->lx.pos++;
	}
	probe->n_points = points.len;
	probe->points =
		skep_arena_memdup(p->env.arena, points.data, points.len * sizeof(*points.data));
	skep_vec_fini(&points);
	return ok;
}
