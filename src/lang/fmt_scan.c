/* SPDX-License-Identifier: Apache-2.0 */
/* From the text of a script to pieces. Where the attach points are, which are no tokens, is known from the parser. */
#include <errno.h>

#include "lang/fmt_priv.h"

struct span {
	size_t off, end;
};

struct scan {
	struct fmt *f;
	struct skep_lex_env env;
	struct skep_lex lx;
	struct {
		SKEP_VEC(struct span);
	} points;
	struct {
		SKEP_VEC(size_t);
	} open; /* brackets */
	size_t pos, newlines, point;
	bool bol;
};

static char at(const struct scan *s, size_t off)
{
	return off < s->f->len ? s->f->text[off] : '\0';
}

static bool starts_comment(const struct scan *s, size_t off)
{
	return at(s, off) == '/' && (at(s, off + 1) == '/' || at(s, off + 1) == '*');
}

/* The bytes of an attach point that ends in front of @end: a comment behind it is not of it. */
static struct span trim_point(const struct scan *s, size_t off, size_t end)
{
	bool quoted = false;

	for (size_t i = off; i < end; i++) {
		char c = at(s, i);

		if (quoted && c == '\\')
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (!quoted && skep_lex_is_blank(c) && starts_comment(s, i + 1))
			end = i;
	}
	while (end > off && skep_lex_is_blank(at(s, end - 1)))
		end--;
	return (struct span){ off, end };
}

static void find_points(struct scan *s, const struct skep_script *script)
{
	size_t line = 1, start = skep_has_prefix(s->f->text, "\xef\xbb\xbf") ? 3 : 0;

	for (size_t i = 0; i < script->n_probes; i++) {
		const struct skep_probe_node *probe = script->probes[i];

		for (size_t j = 0; j < probe->n_points; j++) {
			struct skep_loc loc = probe->points[j].loc;
			size_t off;

			while (line < loc.line && start < s->f->len)
				line += at(s, start++) == '\n';
			off = start + loc.col - 1;
			if (off + loc.len <= s->f->len)
				skep_vec_add(&s->points, trim_point(s, off, off + loc.len));
		}
	}
}

static void add(struct scan *s, struct fmt_piece p)
{
	p.newlines = s->newlines;
	skep_vec_add(&s->f->pieces, p);
	s->newlines = 0;
	s->bol = false;
	s->pos = p.end;
}

/* The end without the blanks in front of it. */
static size_t trim(const struct scan *s, size_t off, size_t end)
{
	while (end > off && skep_lex_is_blank(at(s, end - 1)))
		end--;
	return end;
}

static size_t line_end(const struct scan *s, size_t off)
{
	while (off < s->f->len && at(s, off) != '\n')
		off++;
	return off;
}

static void take_comment(struct scan *s)
{
	size_t end = s->pos + 2;

	if (at(s, s->pos + 1) == '/') {
		end = line_end(s, s->pos);
		add(s, (struct fmt_piece){
			       .kind = FMT_LINE, .off = s->pos, .end = trim(s, s->pos, end) });
		return;
	}
	while (end < s->f->len && !(at(s, end - 1) == '*' && at(s, end) == '/' && end > s->pos + 2))
		end++;
	end += end < s->f->len;
	add(s, (struct fmt_piece){ .kind = FMT_COMMENT, .off = s->pos, .end = end });
}

/* One directive: up to the end of the line, of those that a backslash joins to it, or to a comment. */
static size_t directive_end(const struct scan *s, size_t off)
{
	bool quoted = false;

	for (; off < s->f->len && at(s, off) != '\n'; off++) {
		char c = at(s, off);

		if (c == '\\')
			off++;
		else if (c == '"')
			quoted = !quoted;
		else if (!quoted && c == '/' && at(s, off + 1) == '*')
			break;
		else if (!quoted && c == '/' && at(s, off + 1) == '/')
			return line_end(s, off);
	}
	return MIN(off, s->f->len);
}

static bool directive_is(const struct scan *s, size_t off, const char *word)
{
	size_t n = strlen(word);

	for (off++; at(s, off) == ' ' || at(s, off) == '\t'; off++)
		;
	return s->f->len - off >= n && !memcmp(s->f->text + off, word, n);
}

/* A directive; a condition with all up to its #endif. */
static void take_directive(struct scan *s)
{
	size_t end = directive_end(s, s->pos);
	unsigned depth = directive_is(s, s->pos, "if");

	while (depth && end < s->f->len) {
		size_t off = line_end(s, end);

		for (off += off < s->f->len; at(s, off) == ' ' || at(s, off) == '\t'; off++)
			;
		end = off;
		if (at(s, off) != '#')
			continue;
		end = directive_end(s, off);
		if (directive_is(s, off, "if"))
			depth++;
		else if (directive_is(s, off, "endif"))
			depth--;
	}
	add(s,
	    (struct fmt_piece){ .kind = FMT_VERBATIM, .off = s->pos, .end = trim(s, s->pos, end) });
}

static int unbalanced(struct scan *s)
{
	skep_diag_error(s->f->diag, SKEP_NO_LOC,
			"this script cannot be formatted: its brackets do not match");
	skep_diag_hint(
		s->f->diag,
		"a #define that stands for a bracket, or an #if around half a block, does that");
	return -EINVAL;
}

static int match(struct scan *s, size_t i)
{
	struct fmt_piece *p = &s->f->pieces.data[i], *o;

	if (p->tok == SKEP_TOK_LPAREN || p->tok == SKEP_TOK_LBRACE || p->tok == SKEP_TOK_LBRACKET) {
		skep_vec_add(&s->open, i);
		return 0;
	}
	if (p->tok != SKEP_TOK_RPAREN && p->tok != SKEP_TOK_RBRACE && p->tok != SKEP_TOK_RBRACKET)
		return 0;
	if (!s->open.len)
		return unbalanced(s);
	p->match = skep_vec_pop(&s->open);
	o = &s->f->pieces.data[p->match];
	/* Each closing kind follows its opening kind. */
	if (o->tok + 1 != p->tok)
		return unbalanced(s);
	o->match = i;
	for (size_t j = p->match + 1; j <= i; j++)
		o->multi |= s->f->pieces.data[j].newlines || s->f->pieces.data[j].kind == FMT_LINE;
	return 0;
}

static int take_token(struct scan *s)
{
	struct skep_tok t;

	s->lx.pos = s->pos;
	t = skep_lex_next(&s->lx);
	if (t.kind == SKEP_TOK_ERROR || t.kind == SKEP_TOK_END || t.off != s->pos)
		return unbalanced(s);
	add(s, (struct fmt_piece){ .tok = t.kind, .op = t.op, .off = t.off, .end = t.end });
	return match(s, s->f->pieces.len - 1);
}

static int take(struct scan *s)
{
	while (s->point < s->points.len && s->points.data[s->point].off < s->pos)
		s->point++;
	if (s->point < s->points.len && s->points.data[s->point].off == s->pos) {
		struct span span = s->points.data[s->point++];

		if (span.end == span.off)
			return unbalanced(s);
		add(s, (struct fmt_piece){ .kind = FMT_POINT, .off = span.off, .end = span.end });
		return 0;
	}
	if (starts_comment(s, s->pos)) {
		take_comment(s);
		return 0;
	}
	if (s->bol && at(s, s->pos) == '#') {
		take_directive(s);
		return 0;
	}
	return take_token(s);
}

static int scan_all(struct scan *s)
{
	s->bol = true;
	if (skep_has_prefix(s->f->text, "\xef\xbb\xbf"))
		s->pos = 3;
	while (s->pos < s->f->len) {
		char c = at(s, s->pos);

		if (skep_lex_is_blank(c) || (c == '\\' && skep_lex_is_blank(at(s, s->pos + 1)))) {
			s->newlines += c == '\n';
			s->bol |= c == '\n';
			s->pos++;
		} else {
			int r = take(s);

			if (r < 0)
				return r;
		}
	}
	return s->open.len ? unbalanced(s) : 0;
}

int fmt_scan(struct fmt *f, const struct skep_script *script)
{
	struct skep_diag ignored = {};
	struct scan s = { .f = f, .env = { .arena = f->arena, .diag = &ignored, .quiet = true } };
	int r;

	s.env.text = f->text;
	skep_lex_init(&s.lx, &s.env, f->text, f->len);
	s.lx.in_define = true; /* directives were taken out already */
	find_points(&s, script);
	r = scan_all(&s);
	skep_vec_fini(&s.points);
	skep_vec_fini(&s.open);
	skep_diag_fini(&ignored);
	return r;
}
