/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/parse.h"

#include <stdarg.h>
#include <stdio.h>

struct skep_tok *skep_parse_peek(struct skep_parser *p, unsigned ahead)
{
	if (p->abort) {
		p->n_toks = 0;
		p->toks[0] = (struct skep_tok){
			.kind = SKEP_TOK_END, .loc = p->prev, .off = p->lx.len, .end = p->lx.len
		};
		return &p->toks[0];
	}
	while (p->n_toks <= ahead)
		p->toks[p->n_toks++] = skep_expand_next(&p->x);
	return &p->toks[ahead];
}

struct skep_tok skep_parse_take(struct skep_parser *p)
{
	struct skep_tok t = *skep_parse_peek(p, 0);

	if (p->n_toks)
		memmove(p->toks, p->toks + 1, --p->n_toks * sizeof(*p->toks));
	if (t.kind != SKEP_TOK_END) {
		p->prev = t.loc;
		p->prev_kind = t.kind;
		p->prev_from = t.from;
	}
	return t;
}

bool skep_parse_at(struct skep_parser *p, enum skep_tok_kind kind)
{
	return skep_parse_peek(p, 0)->kind == kind;
}

bool skep_parse_at_word(struct skep_parser *p, const char *word)
{
	return skep_tok_is(skep_parse_peek(p, 0), word);
}

bool skep_parse_at_op(struct skep_parser *p, enum skep_binary op)
{
	struct skep_tok *t = skep_parse_peek(p, 0);

	return t->kind == SKEP_TOK_OP && t->op == op;
}

bool skep_parse_accept(struct skep_parser *p, enum skep_tok_kind kind)
{
	if (!skep_parse_at(p, kind))
		return false;
	skep_parse_take(p);
	return true;
}

bool skep_parse_expect(struct skep_parser *p, enum skep_tok_kind kind, const char *what)
{
	if (skep_parse_accept(p, kind))
		return true;
	skep_parse_unexpected(p, what);
	return false;
}

bool skep_parse_error(struct skep_parser *p, struct skep_loc loc, const char *fmt, ...)
{
	char buf[512];
	va_list ap;
	bool told;

	va_start(ap, fmt);
	vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	told = skep_lex_error(&p->env, loc, "%s", buf);
	p->env.quiet = true;
	return told;
}

const char *skep_parse_describe(struct skep_parser *p, const struct skep_tok *t)
{
	const char *text = skep_lex_show(&p->env, p->env.text + t->off, t->end - t->off);

	switch (t->kind) {
	case SKEP_TOK_END:
		return "the end of the script";
	case SKEP_TOK_NAME:
		return skep_arena_printf(p->env.arena, "%s '%s'",
					 skep_parse_is_keyword(t) ? "the keyword" : "the name",
					 text);
	case SKEP_TOK_INT:
		return skep_arena_printf(p->env.arena, "the number %s", text);
	case SKEP_TOK_STRING:
		return skep_arena_printf(p->env.arena, "the string %s", text);
	default:
		return skep_arena_printf(p->env.arena, "'%s'", text);
	}
}

bool skep_parse_prev_is(const struct skep_parser *p, const struct skep_tok *t, const char *word)
{
	const char *text = p->env.text;
	size_t end = t->off, len = strlen(word);

	if (p->prev_kind != SKEP_TOK_NAME || t->kind != SKEP_TOK_NAME)
		return false;
	while (end > 0 && text[end - 1] == ' ')
		end--;
	return end > len && !memcmp(text + end - len, word, len) &&
	       !skep_lex_is_word(text[end - len - 1]);
}

/* What people who come from other languages meant. */
static bool hint_for(struct skep_parser *p, const struct skep_tok *t)
{
	static const struct {
		const char *word, *hint;
	} words[] = {
		{ "and", "'and' is written '&&'" },
		{ "or", "'or' is written '||'" },
		{ "not", "'not' is written '!'" },
		{ "is", "a comparison is written '=='" },
		{ "then", "there is no 'then': a body follows in braces: if (x) { ... }" },
		{ "do", "there is no 'do': a body follows in braces: while (x) { ... }" },
		{ "else", "an 'else' stands right behind the '}' of its 'if'" },
		{ "elif", "write 'else if'" },
		{ "elsif", "write 'else if'" },
		{ "elseif", "write 'else if'" },
	};

	const char *hint = NULL;

	if (t->kind == SKEP_TOK_ASSIGN && t->op == SKEP_BINARY_NONE)
		hint = "'=' assigns a value and is a statement of its own; to compare, write '=='";
	else if (t->kind == SKEP_TOK_ASSIGN)
		hint = "an assignment is a statement of its own, not part of an expression";
	else if (t->kind == SKEP_TOK_STRING && !t->bol && p->prev_kind == SKEP_TOK_NAME)
		hint = "arguments of a function stand in parentheses: printf(\"...\")";
	else if (t->kind == SKEP_TOK_OP && p->prev_kind == SKEP_TOK_OP &&
		 skep_has_prefix(p->env.text + t->off - 1, "<>"))
		hint = "'is not' is written '!='";
	else if (t->kind == SKEP_TOK_DOT && t->off >= 2 && p->prev_kind == SKEP_TOK_RANGE)
		hint = "a range has two dots: 0..10, up to but without 10";
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (skep_tok_is(t, words[i].word) || skep_parse_prev_is(p, t, words[i].word))
			hint = words[i].hint;
	if (hint)
		skep_lex_hint(&p->env, "%s", hint);
	return hint;
}

/* Names from #define at this place: the text there is not what the parser sees. */
static const char *origin(struct skep_parser *p, const struct skep_tok *t)
{
	struct skep_lex_env *env = &p->env;

	if (t->from)
		return skep_arena_printf(env->arena, " in %s", skep_expand_origin(env, t->from));
	if (t->behind_nothing)
		return skep_arena_printf(env->arena, " behind %s",
					 skep_expand_origin(env, t->behind_nothing));
	if (p->prev_from)
		return skep_arena_printf(env->arena, " behind %s",
					 skep_expand_origin(env, p->prev_from));
	return "";
}

/* What to do when nobody knows it better: write what is missing, or take away what is there. */
static void hint_expected(struct skep_parser *p, const char *what, const struct skep_tok *t)
{
	static const char *const behind[] = { " behind ", " in ", " and ", " at ", " for " };
	size_t len = strlen(what);

	if (skep_streq(what, "a value") || skep_has_prefix(what, "a value ")) {
		skep_lex_hint(&p->env,
			      "a value is a number, \"text\", $variable, @map, a word such as "
			      "pid, or a call such as str(...)");
		return;
	}
	for (size_t i = 0; what[0] == '\'' && i < ARRAY_SIZE(behind); i++) {
		const char *at = strstr(what, behind[i]);

		if (at)
			len = MIN(len, (size_t)(at - what));
	}
	if (t->kind == SKEP_TOK_END)
		skep_lex_hint(&p->env, "write %.*s here", (int)len, what);
	else
		skep_lex_hint(&p->env, "write %.*s here, or take out %s", (int)len, what,
			      skep_parse_describe(p, t));
}

bool skep_parse_unexpected(struct skep_parser *p, const char *what)
{
	struct skep_tok *t = skep_parse_peek(p, 0);
	struct skep_loc loc = t->loc;

	if (t->kind == SKEP_TOK_ERROR || p->env.quiet) {
		p->env.quiet = true;
		return false;
	}
	if (t->kind == SKEP_TOK_END)
		loc = skep_parse_behind(p);
	if (!skep_parse_error(p, loc, "expected %s, found %s%s", what, skep_parse_describe(p, t),
			      origin(p, t)))
		return false;
	if (hint_for(p, t))
		return false;
	hint_expected(p, what, t);
	return true;
}

void skep_parse_abort(struct skep_parser *p)
{
	p->abort = true;
	p->env.quiet = true;
}

bool skep_parse_enter(struct skep_parser *p)
{
	if (p->depth < SKEP_PARSE_DEPTH_MAX) {
		p->depth++;
		return true;
	}
	if (skep_parse_error(p, skep_parse_peek(p, 0)->loc, "more than %d levels of nesting",
			     SKEP_PARSE_DEPTH_MAX))
		skep_lex_hint(
			&p->env,
			"keep parts in variables or in probes of their own; the rest of the script was not looked at");
	skep_parse_abort(p);
	return false;
}

void skep_parse_rewind(struct skep_parser *p)
{
	/* What is left of a #define has no place in the text to go back to. */
	for (unsigned i = 0; i < p->n_toks; i++) {
		if (p->toks[i].from)
			continue;
		skep_lex_rewind(&p->lx, &p->toks[i]);
		break;
	}
	skep_expand_drop(&p->x);
	p->n_toks = 0;
}

struct skep_loc skep_parse_span(const struct skep_parser *p, struct skep_loc start)
{
	if (p->prev.line == start.line && p->prev.col >= start.col)
		start.len = p->prev.col + p->prev.len - start.col;
	return start;
}

struct skep_loc skep_parse_behind(const struct skep_parser *p)
{
	if (!p->prev.line)
		return (struct skep_loc){ 1, 1, 1 };
	return (struct skep_loc){ p->prev.line, p->prev.col + p->prev.len, 1 };
}

const char *skep_parse_name(struct skep_parser *p, const struct skep_tok *t)
{
	return skep_arena_strndup(p->env.arena, t->text, t->len);
}

struct skep_expr *skep_parse_node(struct skep_parser *p, enum skep_expr_kind kind,
				  struct skep_loc start)
{
	struct skep_expr *e = skep_arena_alloc(p->env.arena, sizeof(*e));

	e->kind = kind;
	e->loc = start;
	e->height = 1;
	return e;
}

void skep_parse_on(struct skep_expr *e, const struct skep_expr *child)
{
	if (child)
		e->height = MAX(e->height, child->height + 1);
}

struct skep_expr *skep_parse_done(struct skep_parser *p, struct skep_expr *e, struct skep_loc start)
{
	e->loc = skep_parse_span(p, start);
	p->height = MAX(p->height, e->height);
	if (e->height <= SKEP_PARSE_HEIGHT_MAX)
		return e;
	if (skep_parse_error(p, start, "this expression has more than %d operators in a row",
			     SKEP_PARSE_HEIGHT_MAX))
		skep_lex_hint(
			&p->env,
			"keep parts of it in variables; the rest of the script was not looked at");
	skep_parse_abort(p);
	return NULL;
}

bool skep_parse_is_keyword(const struct skep_tok *t)
{
	static const char *const keywords[] = { "if",	 "else",   "unroll",  "while",	  "for",
						"let",	 "return", "break",   "continue", "struct",
						"union", "enum",   "typedef", "switch",	  "goto" };

	for (size_t i = 0; i < ARRAY_SIZE(keywords); i++)
		if (skep_tok_is(t, keywords[i]))
			return true;
	return false;
}
