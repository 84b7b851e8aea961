/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From pieces to lines.
 *
 * A statement a line; what stands in braces stays on one line if it was written so and fits, else it gets lines of its
 * own. Where lines end inside of a statement is decided here, behind commas and in front of operators: only attach points
 * and predicates keep theirs. At most one empty line stays between two things.
 */
#include "lang/fmt.h"

#include <errno.h>

#include "lang/ast.h"
#include "lang/fmt_priv.h"

#define TAB_COLUMNS 8
#define PARAMS 64

struct layout {
	const struct fmt *f;
	struct skep_str *out;
	struct skep_str line;
	size_t indent;
	size_t tabs; /* of the line */
	size_t brk;  /* where the line may be broken; 0: nowhere */
	size_t brk_tabs;
};

static const struct fmt_piece *piece(const struct layout *l, size_t i)
{
	return &l->f->pieces.data[i];
}

static bool is_piece(const struct layout *l, size_t i, enum skep_tok_kind tok)
{
	return fmt_is(l->f, i, tok);
}

/* ---- blanks between two pieces */

static bool parens_apart(const struct layout *l, size_t prev)
{
	static const char *const words[] = { "if",   "while",	 "for", "unroll", "return",
					     "else", "comptime", "in",	NULL };

	switch (piece(l, prev)->tok) {
	case SKEP_TOK_NAME:
		return fmt_is_any(l->f, prev, words);
	case SKEP_TOK_VAR:
	case SKEP_TOK_MAP:
	case SKEP_TOK_RPAREN:
	case SKEP_TOK_RBRACKET:
		return false;
	default:
		return true;
	}
}

/* Without a blank the two would be read as something else. */
static bool would_join(const struct layout *l, size_t prev, size_t cur)
{
	char a = l->f->text[piece(l, prev)->end - 1], b = l->f->text[piece(l, cur)->off];

	if (skep_lex_is_word(a))
		return skep_lex_is_word(b);
	if (!strchr("+-*&|<>/.=", a))
		return false;
	return (a == b && a != '*') || b == '=' || (a == '-' && b == '>') || (a == '/' && b == '*');
}

static bool no_blank_behind(const struct fmt_piece *p)
{
	switch (p->tok) {
	case SKEP_TOK_LPAREN:
	case SKEP_TOK_LBRACKET:
	case SKEP_TOK_DOT:
	case SKEP_TOK_ARROW:
	case SKEP_TOK_RANGE:
		return true;
	default:
		return p->role == FMT_PREFIX || p->role == FMT_CAST || p->role == FMT_OPEN_PRED;
	}
}

static bool no_blank_before(const struct fmt_piece *p)
{
	switch (p->tok) {
	case SKEP_TOK_RPAREN:
	case SKEP_TOK_RBRACKET:
	case SKEP_TOK_COMMA:
	case SKEP_TOK_SEMI:
	case SKEP_TOK_DOT:
	case SKEP_TOK_ARROW:
	case SKEP_TOK_RANGE:
		return true;
	default:
		return p->role == FMT_POSTFIX || p->role == FMT_CLOSE_PRED || p->role == FMT_LABEL;
	}
}

static bool blank_between(const struct layout *l, size_t prev, size_t cur)
{
	const struct fmt_piece *a = piece(l, prev), *b = piece(l, cur);

	if (fmt_is_comment(a) || fmt_is_comment(b))
		return true;
	if (a->kind == FMT_POINT || b->kind == FMT_POINT)
		return !is_piece(l, cur, SKEP_TOK_COMMA);
	if (no_blank_before(b) || (no_blank_behind(a) && !would_join(l, prev, cur)))
		return false;
	if (a->tok == SKEP_TOK_LBRACE && b->tok == SKEP_TOK_RBRACE)
		return false;
	if (a->role == FMT_POINTER)
		return b->tok == SKEP_TOK_ASSIGN || b->tok == SKEP_TOK_LBRACE;
	if (b->tok == SKEP_TOK_LPAREN)
		return parens_apart(l, prev);
	if (b->tok == SKEP_TOK_LBRACKET)
		return !(a->tok == SKEP_TOK_NAME || a->tok == SKEP_TOK_VAR ||
			 a->tok == SKEP_TOK_MAP || a->tok == SKEP_TOK_PARAM ||
			 a->tok == SKEP_TOK_STRING || a->tok == SKEP_TOK_RPAREN ||
			 a->tok == SKEP_TOK_RBRACKET);
	return true;
}

/* ---- the line that is being made */

static size_t columns(const struct layout *l)
{
	return l->tabs * TAB_COLUMNS + l->line.len;
}

static void end_line(struct layout *l)
{
	while (l->line.len && l->line.data[l->line.len - 1] == ' ')
		l->line.data[--l->line.len] = '\0';
	if (l->line.len)
		skep_str_pad(l->out, '\t', l->tabs);
	skep_str_addn(l->out, skep_str_text(&l->line), l->line.len);
	skep_str_addc(l->out, '\n');
	skep_str_reset(&l->line);
	l->brk = 0;
}

static void start_line(struct layout *l, size_t tabs)
{
	if (l->line.len)
		end_line(l);
	l->tabs = tabs;
}

/* The line is too long: breaks it where that was possible last. */
static void break_line(struct layout *l)
{
	size_t n = l->line.len - l->brk, tabs = l->brk_tabs;
	char *rest;

	if (!l->brk)
		return;
	rest = skep_arena_memdup(l->f->arena, l->line.data + l->brk, n);
	l->line.len = l->brk;
	l->line.data[l->brk] = '\0';
	end_line(l);
	l->tabs = tabs;
	skep_str_addn(&l->line, rest, n);
}

static bool may_break(const struct layout *l, size_t prev, size_t cur)
{
	const struct fmt_piece *a = piece(l, prev), *b = piece(l, cur);

	if (a->kind == FMT_TOKEN && a->tok == SKEP_TOK_COMMA)
		return true;
	if (b->kind != FMT_TOKEN)
		return false;
	return b->tok == SKEP_TOK_QUESTION || (b->tok == SKEP_TOK_COLON && b->role == FMT_PLAIN) ||
	       (b->tok == SKEP_TOK_OP && b->role == FMT_PLAIN);
}

static void put(struct layout *l, size_t i)
{
	const struct fmt_piece *p = piece(l, i);

	skep_str_addn(&l->line, l->f->text + p->off, p->end - p->off);
}

/* The piece behind the one before it, with what belongs between them. */
static void put_next(struct layout *l, size_t prev, size_t i)
{
	if (l->line.len && blank_between(l, prev, i)) {
		if (may_break(l, prev, i)) {
			l->brk = l->line.len + 1;
			l->brk_tabs = l->indent + (piece(l, i)->kind != FMT_POINT);
		}
		skep_str_addc(&l->line, ' ');
	}
	put(l, i);
	if (columns(l) > SKEP_FMT_COLUMNS)
		break_line(l);
}

/* ---- statements */

/* How many columns the pieces take on one line. */
static size_t flat_columns(const struct layout *l, size_t i, size_t end)
{
	size_t n = 0;

	for (size_t j = i; j < end; j++) {
		n += j > i && blank_between(l, j - 1, j);
		n += piece(l, j)->end - piece(l, j)->off;
	}
	return n;
}

static bool is_compound(const struct layout *l, size_t i)
{
	static const char *const words[] = { "if", "else",  "while",  "for", "unroll",
					     "fn", "macro", "config", NULL };
	size_t next = fmt_next(l->f, i + 1);

	if (piece(l, i)->kind == FMT_POINT || is_piece(l, i, SKEP_TOK_LBRACE))
		return true;
	if (fmt_is_word(l->f, i, "row"))
		return is_piece(l, next, SKEP_TOK_NAME) || is_piece(l, next, SKEP_TOK_LBRACE);
	return fmt_is_any(l->f, i, words);
}

static bool ends_here(const struct layout *l, size_t i, enum fmt_brace kind)
{
	return is_piece(l, i, SKEP_TOK_SEMI) ||
	       (kind != FMT_STATEMENTS && is_piece(l, i, SKEP_TOK_COMMA));
}

/* Behind the } at @i: does the statement that starts at @first go on? */
static bool goes_on(const struct layout *l, size_t first, size_t i)
{
	static const char *const definitions[] = { "struct", "union", "enum", NULL };
	size_t next = fmt_next(l->f, i + 1);

	if (fmt_is_any(l->f, first, definitions))
		return next < l->f->pieces.len && !piece(l, next)->newlines;
	if (!is_compound(l, first))
		return true;
	return fmt_is_word(l->f, next, "else") ||
	       (fmt_is_word(l->f, first, "row") && fmt_is_word(l->f, next, "as")) ||
	       (next == i + 1 && is_piece(l, next, SKEP_TOK_SEMI));
}

/* The end of the statement that starts at @first, without comments behind it. */
static size_t find_end(const struct layout *l, size_t first, size_t limit, enum fmt_brace kind)
{
	size_t i = first;

	for (; i < limit; i++) {
		const struct fmt_piece *p = piece(l, i);

		if (i > first && (p->kind == FMT_VERBATIM || (kind == FMT_SETTINGS && p->newlines)))
			break;
		if (p->kind != FMT_TOKEN)
			continue;
		if (ends_here(l, i, kind))
			return i + 1;
		if (p->tok == SKEP_TOK_LPAREN || p->tok == SKEP_TOK_LBRACKET) {
			i = p->match;
		} else if (p->tok == SKEP_TOK_LBRACE) {
			i = p->match;
			if (!goes_on(l, first, i))
				return i + 1;
		}
	}
	while (i > first + 1 && fmt_is_comment(piece(l, i - 1)))
		i--;
	return i;
}

static void put_lines(struct layout *l, size_t i, size_t end, enum fmt_brace kind);

/* The braces at @i on one line; false: they do not fit, or were not written so. */
static bool put_flat(struct layout *l, size_t i)
{
	size_t brk = l->brk, brk_tabs = l->brk_tabs, close = piece(l, i)->match;

	if (piece(l, i)->multi && close != i + 1)
		return false;
	if (columns(l) + 1 + flat_columns(l, i, close + 1) + 1 > SKEP_FMT_COLUMNS)
		return false;
	for (size_t j = i; j <= close; j++)
		put_next(l, j - 1, j);
	l->brk = brk;
	l->brk_tabs = brk_tabs;
	return true;
}

static void put_braces(struct layout *l, size_t i)
{
	size_t close = piece(l, i)->match, body = i + 1;

	if (l->line.len && i && blank_between(l, i - 1, i))
		skep_str_addc(&l->line, ' ');
	put(l, i);
	for (; body < close && fmt_is_comment(piece(l, body)) && !piece(l, body)->newlines; body++)
		put_next(l, body - 1, body);
	end_line(l);
	l->indent++;
	put_lines(l, body, close, piece(l, i)->brace);
	l->indent--;
	start_line(l, l->indent);
	put(l, close);
}

/* The line of an attach point or a predicate starts where it was written to. */
static bool keeps_line(const struct layout *l, size_t i)
{
	const struct fmt_piece *p = piece(l, i);

	return p->newlines && (p->kind == FMT_POINT || p->role == FMT_OPEN_PRED);
}

static void put_statement(struct layout *l, size_t first, size_t end)
{
	start_line(l, l->indent);
	for (size_t i = first; i < end; i++) {
		bool behind_line = i > first && piece(l, i - 1)->kind == FMT_LINE;

		if (i > first && keeps_line(l, i)) {
			start_line(l, l->indent);
		} else if (behind_line) {
			bool same =
				is_piece(l, i, SKEP_TOK_LBRACE) || piece(l, i)->kind == FMT_POINT ||
				piece(l, i)->role == FMT_OPEN_PRED || fmt_is_word(l->f, i, "else");

			start_line(l, l->indent + !same);
		}
		if (!is_piece(l, i, SKEP_TOK_LBRACE)) {
			put_next(l, i - (i > first), i);
			continue;
		}
		if (i == first || !put_flat(l, i))
			put_braces(l, i);
		i = piece(l, i)->match;
	}
}

static void put_verbatim(struct layout *l, size_t i)
{
	start_line(l, piece(l, i)->kind == FMT_VERBATIM ? 0 : l->indent);
	put(l, i);
}

/* One thing after the other, each on its line. */
static void put_lines(struct layout *l, size_t i, size_t end, enum fmt_brace kind)
{
	size_t first = i;

	while (i < end) {
		const struct fmt_piece *p = piece(l, i);
		size_t next = i + 1;

		if (i > first && p->newlines > 1) {
			start_line(l, l->indent);
			end_line(l);
		}
		if (p->kind == FMT_VERBATIM || fmt_is_comment(p)) {
			put_verbatim(l, i);
		} else {
			next = find_end(l, i, end, kind);
			put_statement(l, i, next);
		}
		for (; next < end && fmt_is_comment(piece(l, next)) && !piece(l, next)->newlines;
		     next++) {
			skep_str_addc(&l->line, ' ');
			put(l, next);
		}
		end_line(l);
		i = next;
	}
}

/* ---- the whole */

/* What a script imports is not looked at. */
static int no_files(void *data, struct skep_arena *arena, const char *path, const char *from,
		    struct skep_import_file **ret_files, size_t *ret_n, const char **ret_why)
{
	*ret_n = 0;
	return 0;
}

static int parse(struct skep_arena *arena, const char *text, size_t len, struct skep_diag *diag,
		 struct skep_script **ret_script)
{
	const char *params[PARAMS];
	struct skep_parse_options options = { .params = params,
					      .n_params = PARAMS,
					      .import = no_files };

	/* Any will do: attach points need some. */
	for (size_t i = 0; i < PARAMS; i++)
		params[i] = "1";
	return skep_parse(arena, text, len, &options, diag, ret_script);
}

/* The tree of the result is that of the text, or the result is wrong. */
static int compare(struct skep_arena *arena, const struct skep_script *script,
		   const struct skep_str *result, struct skep_diag *diag)
{
	_cleanup_(skep_str_fini)
	struct skep_str before = {}, after = {};
	_cleanup_(skep_diag_fini)
	struct skep_diag ignored = {};
	struct skep_script *again;
	bool same = false;

	if (parse(arena, skep_str_text(result), result->len, &ignored, &again) == 0) {
		skep_ast_dump(script, false, &before);
		skep_ast_dump(again, false, &after);
		same = skep_streq(skep_str_text(&before), skep_str_text(&after));
	}
	skep_str_fini(&after);
	after = (struct skep_str){};
	if (same)
		return 0;
	skep_diag_error(diag, SKEP_NO_LOC,
			"this script cannot be formatted: it would no longer mean the same");
	skep_diag_hint(diag, "nothing was changed; the likely cause is a #define that stands for "
			     "more than a value");
	return -EINVAL;
}

int skep_fmt(const char *text, size_t len, struct skep_diag *diag, struct skep_str *out)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	_cleanup_(skep_str_fini)
	struct skep_str result = {};
	/* A copy with an end: what only looks ahead may look there. */
	char *copy = skep_arena_alloc(arena, len + 1);
	struct fmt f = { .arena = arena, .diag = diag, .text = copy, .len = len };
	struct layout l = { .f = &f, .out = &result };
	struct skep_script *script;
	int r;

	memcpy(copy, text, len);
	r = parse(arena, copy, len, diag, &script);
	if (r < 0)
		return r;
	r = fmt_scan(&f, script);
	if (r == 0) {
		fmt_roles(&f);
		put_lines(&l, 0, f.pieces.len, FMT_STATEMENTS);
		r = compare(arena, script, &result, diag);
	}
	skep_str_fini(&l.line);
	skep_vec_fini(&f.pieces);
	if (r == 0)
		skep_str_addn(out, skep_str_text(&result), result.len);
	return r;
}
