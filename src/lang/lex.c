/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/lex.h"

#include <stdarg.h>
#include <stdio.h>

#define SHOW_MAX 40

/* Longest first among those that share a beginning. */
static const struct {
	const char *text;
	enum skep_tok_kind kind;
	enum skep_binary op;
} puncts[] = {
	{ "<<=", SKEP_TOK_ASSIGN, SKEP_BINARY_SHL },
	{ ">>=", SKEP_TOK_ASSIGN, SKEP_BINARY_SHR },
	{ "++", SKEP_TOK_INC, 0 },
	{ "--", SKEP_TOK_DEC, 0 },
	{ "->", SKEP_TOK_ARROW, 0 },
	{ "..", SKEP_TOK_RANGE, 0 },
	{ "<<", SKEP_TOK_OP, SKEP_BINARY_SHL },
	{ ">>", SKEP_TOK_OP, SKEP_BINARY_SHR },
	{ "<=", SKEP_TOK_OP, SKEP_BINARY_LE },
	{ ">=", SKEP_TOK_OP, SKEP_BINARY_GE },
	{ "==", SKEP_TOK_OP, SKEP_BINARY_EQ },
	{ "!=", SKEP_TOK_OP, SKEP_BINARY_NE },
	{ "&&", SKEP_TOK_OP, SKEP_BINARY_LAND },
	{ "||", SKEP_TOK_OP, SKEP_BINARY_LOR },
	{ "+=", SKEP_TOK_ASSIGN, SKEP_BINARY_ADD },
	{ "-=", SKEP_TOK_ASSIGN, SKEP_BINARY_SUB },
	{ "*=", SKEP_TOK_ASSIGN, SKEP_BINARY_MUL },
	{ "/=", SKEP_TOK_ASSIGN, SKEP_BINARY_DIV },
	{ "%=", SKEP_TOK_ASSIGN, SKEP_BINARY_MOD },
	{ "&=", SKEP_TOK_ASSIGN, SKEP_BINARY_AND },
	{ "|=", SKEP_TOK_ASSIGN, SKEP_BINARY_OR },
	{ "^=", SKEP_TOK_ASSIGN, SKEP_BINARY_XOR },
	{ "=", SKEP_TOK_ASSIGN, SKEP_BINARY_NONE },
	{ "+", SKEP_TOK_OP, SKEP_BINARY_ADD },
	{ "-", SKEP_TOK_OP, SKEP_BINARY_SUB },
	{ "*", SKEP_TOK_OP, SKEP_BINARY_MUL },
	{ "/", SKEP_TOK_OP, SKEP_BINARY_DIV },
	{ "%", SKEP_TOK_OP, SKEP_BINARY_MOD },
	{ "&", SKEP_TOK_OP, SKEP_BINARY_AND },
	{ "|", SKEP_TOK_OP, SKEP_BINARY_OR },
	{ "^", SKEP_TOK_OP, SKEP_BINARY_XOR },
	{ "<", SKEP_TOK_OP, SKEP_BINARY_LT },
	{ ">", SKEP_TOK_OP, SKEP_BINARY_GT },
	{ "!", SKEP_TOK_NOT, 0 },
	{ "~", SKEP_TOK_BITNOT, 0 },
	{ "(", SKEP_TOK_LPAREN, 0 },
	{ ")", SKEP_TOK_RPAREN, 0 },
	{ "{", SKEP_TOK_LBRACE, 0 },
	{ "}", SKEP_TOK_RBRACE, 0 },
	{ "[", SKEP_TOK_LBRACKET, 0 },
	{ "]", SKEP_TOK_RBRACKET, 0 },
	{ ";", SKEP_TOK_SEMI, 0 },
	{ ",", SKEP_TOK_COMMA, 0 },
	{ ":", SKEP_TOK_COLON, 0 },
	{ "?", SKEP_TOK_QUESTION, 0 },
	{ ".", SKEP_TOK_DOT, 0 },
};

/*
 * Characters that editors, web pages and other keyboards put in place of ASCII ones: what was meant
 * is clear, so the parser goes on with it. A kind of END: a blank.
 */
static const struct {
	const char *bytes, *meant;
	enum skep_tok_kind kind;
	enum skep_binary op;
} lookalikes[] = {
	{ "\u201c", "\"", SKEP_TOK_STRING, 0 },
	{ "\u201d", "\"", SKEP_TOK_STRING, 0 },
	{ "\u201e", "\"", SKEP_TOK_STRING, 0 },
	{ "\u00ab", "\"", SKEP_TOK_STRING, 0 },
	{ "\u00bb", "\"", SKEP_TOK_STRING, 0 },
	{ "\uff02", "\"", SKEP_TOK_STRING, 0 },
	{ "\u2018", "\"", SKEP_TOK_STRING, 0 },
	{ "\u2019", "\"", SKEP_TOK_STRING, 0 },
	{ "\u2013", "-", SKEP_TOK_OP, SKEP_BINARY_SUB },
	{ "\u2014", "-", SKEP_TOK_OP, SKEP_BINARY_SUB },
	{ "\u2212", "-", SKEP_TOK_OP, SKEP_BINARY_SUB },
	{ "\u00d7", "*", SKEP_TOK_OP, SKEP_BINARY_MUL },
	{ "\u00f7", "/", SKEP_TOK_OP, SKEP_BINARY_DIV },
	{ "\u2260", "!=", SKEP_TOK_OP, SKEP_BINARY_NE },
	{ "\u2264", "<=", SKEP_TOK_OP, SKEP_BINARY_LE },
	{ "\u2265", ">=", SKEP_TOK_OP, SKEP_BINARY_GE },
	{ "\uff0c", ",", SKEP_TOK_COMMA, 0 },
	{ "\uff1b", ";", SKEP_TOK_SEMI, 0 },
	{ "\uff1a", ":", SKEP_TOK_COLON, 0 },
	{ "\uff08", "(", SKEP_TOK_LPAREN, 0 },
	{ "\uff09", ")", SKEP_TOK_RPAREN, 0 },
	{ "\uff5b", "{", SKEP_TOK_LBRACE, 0 },
	{ "\uff5d", "}", SKEP_TOK_RBRACE, 0 },
	{ "\uff1d", "=", SKEP_TOK_ASSIGN, SKEP_BINARY_NONE },
	{ "\u00a0", "blank", SKEP_TOK_END, 0 },
	{ "\u3000", "blank", SKEP_TOK_END, 0 },
	{ "\u200b", "blank", SKEP_TOK_END, 0 },
	{ "\ufeff", "blank", SKEP_TOK_END, 0 },
};

void skep_lex_init(struct skep_lex *lx, struct skep_lex_env *env, const char *text, size_t len)
{
	*lx = (struct skep_lex){ .env = env, .text = text, .len = len, .line = 1, .bol = true };
}

struct skep_loc skep_lex_loc(const struct skep_lex *lx, size_t off, size_t len)
{
	return (struct skep_loc){ lx->line, (uint32_t)(off - lx->line_start + 1), (uint32_t)len };
}

void skep_lex_step(struct skep_lex *lx)
{
	if (lx->pos == lx->len)
		return;
	if (lx->text[lx->pos++] == '\n') {
		lx->line++;
		lx->line_start = lx->pos;
		lx->bol = true;
	}
}

bool skep_lex_error(struct skep_lex_env *env, struct skep_loc loc, const char *fmt, ...)
{
	char buf[512];
	va_list ap;

	if (env->quiet)
		return false;
	env->n_errors++;
	va_start(ap, fmt);
	vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	skep_diag_error(env->diag, loc, "%s", buf);
	return true;
}

const char *skep_lex_show(struct skep_lex_env *env, const char *text, size_t len)
{
	char *copy = skep_arena_alloc(env->arena, SHOW_MAX + 4);
	size_t in = 0, out = 0;

	while (in < len && out < SHOW_MAX - 3) {
		size_t n = skep_utf8_shown(text + in, len - in);

		if (!n) {
			copy[out++] = '?';
			in++;
			continue;
		}
		memcpy(copy + out, text + in, n);
		out += n;
		in += n;
	}
	if (in < len)
		memcpy(copy + out, "...", 3);
	return copy;
}

static void skip_comment(struct skep_lex *lx)
{
	struct skep_loc open = skep_lex_loc(lx, lx->pos, 2);

	skep_lex_step(lx);
	skep_lex_step(lx);
	while (lx->pos < lx->len) {
		if (skep_lex_peek(lx, 0) == '*' && skep_lex_peek(lx, 1) == '/') {
			lx->pos += 2;
			return;
		}
		skep_lex_step(lx);
	}
	lx->env->truncated = true;
	if (skep_lex_error(lx->env, open, "this comment is never closed"))
		skep_lex_hint(lx->env, "close it with '*/', or start a one-line comment with '//'");
}

static void skip_line(struct skep_lex *lx)
{
	size_t start = lx->pos;

	while (lx->pos < lx->len && lx->text[lx->pos] != '\n')
		lx->pos++;
	if (memchr(lx->text + start, '}', lx->pos - start))
		lx->env->hidden = skep_lex_loc(lx, start, lx->pos - start);
}

void skep_lex_skip(struct skep_lex *lx)
{
	if (!lx->pos && lx->len >= 3 && !memcmp(lx->text, "\xef\xbb\xbf", 3))
		lx->pos = lx->line_start = 3;
	for (;;) {
		char c = skep_lex_peek(lx, 0), next = skep_lex_peek(lx, 1);

		if (skep_lex_is_blank(c)) {
			skep_lex_step(lx);
		} else if (c == '\\' &&
			   (next == '\n' || (next == '\r' && skep_lex_peek(lx, 2) == '\n'))) {
			skep_lex_step(lx);
		} else if (c == '/' && next == '/') {
			skip_line(lx);
		} else if (c == '/' && next == '*') {
			skip_comment(lx);
		} else if (c == '#' && lx->bol && !lx->in_define) {
			if (next == '!' && lx->line == 1)
				skip_line(lx);
			else
				skep_lex_directive(lx);
		} else {
			return;
		}
	}
}

static size_t word_len(const struct skep_lex *lx, size_t ahead)
{
	size_t n = 0;

	while (skep_lex_is_word(skep_lex_peek(lx, ahead + n)))
		n++;
	return n;
}

static void take_name(struct skep_lex *lx, enum skep_tok_kind kind, size_t sigil,
		      struct skep_tok *t)
{
	size_t n = word_len(lx, sigil);

	t->kind = kind;
	t->text = lx->text + lx->pos + sigil;
	t->len = n;
	lx->pos += sigil + n;
}

static void take_dollar(struct skep_lex *lx, struct skep_tok *t)
{
	char next = skep_lex_peek(lx, 1);
	uint64_t value = 0;

	if (next == '#') {
		t->kind = SKEP_TOK_PARAM;
		lx->pos += 2;
		return;
	}
	if (!skep_lex_is_digit(next)) {
		take_name(lx, SKEP_TOK_VAR, 1, t);
		if (t->len)
			return;
		t->kind = SKEP_TOK_ERROR;
		if (skep_lex_error(lx->env, t->loc, "a '$' without a name"))
			skep_lex_hint(
				lx->env,
				"a variable is written $name, a parameter of the command line $1");
		return;
	}
	lx->pos++;
	for (; skep_lex_is_digit(skep_lex_peek(lx, 0)); lx->pos++)
		if (value < 1000000)
			value = value * 10 + (uint64_t)(skep_lex_peek(lx, 0) - '0');
	t->kind = SKEP_TOK_PARAM;
	t->value = value;
	t->loc.len = (uint32_t)(lx->pos - t->off);
	if (!value || value >= 1000000) {
		t->value = 1;
		if (skep_lex_error(lx->env, t->loc, "there is no such parameter"))
			skep_lex_hint(lx->env, "they are $1, $2 and so on, and $# is their number");
	}
}

static bool take_punct(struct skep_lex *lx, struct skep_tok *t)
{
	for (size_t i = 0; i < ARRAY_SIZE(puncts); i++) {
		size_t n = strlen(puncts[i].text);

		if (n > lx->len - lx->pos || memcmp(lx->text + lx->pos, puncts[i].text, n))
			continue;
		t->kind = puncts[i].kind;
		t->op = puncts[i].op;
		lx->pos += n;
		return true;
	}
	return false;
}

/* A lookalike of an ASCII character; false: the byte is none. */
static bool take_lookalike(struct skep_lex *lx, struct skep_tok *t)
{
	for (size_t i = 0; i < ARRAY_SIZE(lookalikes); i++) {
		size_t n = strlen(lookalikes[i].bytes);

		if (n > lx->len - lx->pos || memcmp(lx->text + lx->pos, lookalikes[i].bytes, n))
			continue;
		t->loc.len = (uint32_t)n;
		t->kind = lookalikes[i].kind;
		t->op = lookalikes[i].op;
		if (t->kind == SKEP_TOK_END) {
			if (skep_lex_error(lx->env, t->loc,
					   "an invisible character that only looks like a blank"))
				skep_lex_hint(lx->env, "delete it and type an ordinary blank");
		} else if (skep_lex_error(lx->env, t->loc, "'%s' only looks like %s",
					  lookalikes[i].bytes, lookalikes[i].meant)) {
			skep_lex_hint(
				lx->env,
				"type the plain character %s: word processors and web pages like to replace it",
				lookalikes[i].meant);
		}
		if (t->kind == SKEP_TOK_STRING)
			skep_lex_string(lx, t);
		else
			lx->pos += n;
		return true;
	}
	return false;
}

/* One message for a run of bytes that mean nothing: junk should not fill the screen. */
static void take_junk(struct skep_lex *lx, struct skep_tok *t)
{
	unsigned char c = (unsigned char)skep_lex_peek(lx, 0);

	t->kind = SKEP_TOK_ERROR;
	do
		lx->pos++;
	while (lx->pos < lx->len && ((unsigned char)lx->text[lx->pos] >= 0x7f ||
				     ((unsigned char)lx->text[lx->pos] < 0x20 &&
				      !skep_lex_is_blank(lx->text[lx->pos]))));
	t->loc.len = (uint32_t)(lx->pos - t->off);
	if (!skep_utf8_shown(lx->text + t->off, lx->len - t->off)) {
		if (skep_lex_error(lx->env, t->loc, "the byte 0x%02x has no place in a script", c))
			skep_lex_hint(
				lx->env,
				"is this file really a script, and not a program or a compressed file?");
	} else if (c >= 0x80) {
		if (skep_lex_error(lx->env, t->loc, "'%s' may stand only in strings and comments",
				   skep_lex_show(lx->env, lx->text + t->off, lx->pos - t->off)))
			skep_lex_hint(lx->env,
				      "names are made of the letters a to z, digits and '_'");
	} else {
		if (skep_lex_error(lx->env, t->loc, "the character '%c' has no meaning here", c))
			skep_lex_hint(lx->env, "take it out; in a text it stands in double quotes");
	}
}

static void take_other(struct skep_lex *lx, struct skep_tok *t)
{
	char c = skep_lex_peek(lx, 0);

	if (c == '#' && lx->in_define) {
		t->kind = skep_lex_peek(lx, 1) == '#' ? SKEP_TOK_PASTE : SKEP_TOK_HASH;
		lx->pos += t->kind == SKEP_TOK_PASTE ? 2 : 1;
	} else if (c == '#') {
		lx->pos++;
		t->kind = SKEP_TOK_ERROR;
		if (skep_lex_error(lx->env, t->loc,
				   "a '#' has a meaning only at the start of a line"))
			skep_lex_hint(lx->env, "a comment starts with '//'");
	} else if (c == '\'') {
		if (skep_lex_error(lx->env, t->loc,
				   "strings stand in double quotes, not in single ones"))
			skep_lex_hint(lx->env, "write \"...\"");
		skep_lex_string(lx, t);
	} else if (!take_punct(lx, t) && !take_lookalike(lx, t)) {
		take_junk(lx, t);
	}
}

struct skep_tok skep_lex_next(struct skep_lex *lx)
{
	struct skep_tok t;
	char c;

	do {
		skep_lex_skip(lx);
		c = skep_lex_peek(lx, 0);
		t = (struct skep_tok){ .off = lx->pos,
				       .bol = lx->bol,
				       .n_conds = (uint8_t)lx->n_conds };
		t.loc = skep_lex_loc(lx, lx->pos, lx->pos < lx->len);
		lx->bol = false;
		if (lx->pos == lx->len)
			break;
		if (skep_lex_is_digit(c))
			skep_lex_number(lx, &t);
		else if (skep_lex_is_word(c))
			take_name(lx, SKEP_TOK_NAME, 0, &t);
		else if (c == '"')
			skep_lex_string(lx, &t);
		else if (c == '$')
			take_dollar(lx, &t);
		else if (c == '@')
			take_name(lx, SKEP_TOK_MAP, 1, &t);
		else
			take_other(lx, &t);
	} while (t.kind == SKEP_TOK_END);
	t.end = lx->pos;
	if (t.kind != SKEP_TOK_STRING && t.kind != SKEP_TOK_ERROR)
		t.loc.len = (uint32_t)(t.end - t.off);
	lx->last = t.kind;
	return t;
}

void skep_lex_rewind(struct skep_lex *lx, const struct skep_tok *t)
{
	lx->pos = t->off;
	lx->line = t->loc.line;
	lx->line_start = t->off - (t->loc.col - 1);
	lx->bol = t->bol;
	lx->n_conds = t->n_conds;
	lx->last = SKEP_TOK_END;
}

void skep_lex_finish(struct skep_lex *lx)
{
	while (lx->n_conds) {
		if (skep_lex_error(lx->env, lx->conds[--lx->n_conds].loc,
				   "this condition is never closed"))
			skep_lex_hint(lx->env, "close it with a line #endif");
	}
}
