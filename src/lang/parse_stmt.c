/* SPDX-License-Identifier: Apache-2.0 */
/* Statements. */
#include "lang/parse.h"

static struct skep_stmt *new_stmt(struct skep_parser *p, enum skep_stmt_kind kind,
				  struct skep_loc start)
{
	struct skep_stmt *s = skep_arena_alloc(p->env.arena, sizeof(*s));

	s->kind = kind;
	s->loc = start;
	return s;
}

/* int x: as C declares a variable. */
static bool is_declared(const struct skep_parser *p, const struct skep_tok *t)
{
	static const char *const types[] = { "int",    "long",	 "short",  "char",   "bool",
					     "u8",     "u16",	 "u32",	   "u64",    "s8",
					     "s16",    "s32",	 "s64",	   "int8",   "int16",
					     "int32",  "int64",	 "uint8",  "uint16", "uint32",
					     "uint64", "string", "size_t", "pid_t",  "var",
					     "auto",   "void" };

	for (size_t i = 0; t->kind == SKEP_TOK_NAME && i < ARRAY_SIZE(types); i++)
		if (skep_parse_prev_is(p, t, types[i]))
			return true;
	return false;
}

/*
 * The ';' behind a statement; it may be left out before a '}'. Where a line ends without it, it is
 * only missed.
 */
static bool end_stmt(struct skep_parser *p)
{
	struct skep_tok *t;

	p->ended = skep_parse_accept(p, SKEP_TOK_SEMI);
	if (p->ended)
		return true;
	t = skep_parse_peek(p, 0);
	if (t->kind == SKEP_TOK_RBRACE || t->kind == SKEP_TOK_END || skep_parse_at_head(p))
		return true;
	if (t->bol && t->kind != SKEP_TOK_ERROR) {
		if (skep_lex_error(&p->env, skep_parse_behind(p),
				   "expected ';' behind the statement, found %s in the next line",
				   skep_parse_describe(p, t)))
			skep_lex_hint(&p->env, "end each statement with ';'");
		return true;
	}
	if (!skep_parse_unexpected(p, "';' behind the statement"))
		return false;
	if (is_declared(p, t))
		skep_lex_hint(&p->env,
			      "variables begin with $ and have the type of their value: $%s = "
			      "...; or let $%s : uint64 = ...",
			      skep_parse_name(p, t), skep_parse_name(p, t));
	else if (skep_parse_starts_value(t))
		skep_lex_hint(&p->env, "statements are separated by ';'");
	return false;
}

/* Condition of `if` and `while`, and the number of `unroll`. */
static struct skep_expr *parse_condition(struct skep_parser *p)
{
	p->cond_off = skep_parse_peek(p, 0)->off;
	return skep_parse_expr(p);
}

/* `comptime` behind `if`, unless it is a value of that name. */
static bool accept_comptime(struct skep_parser *p)
{
	enum skep_tok_kind next;

	if (!skep_parse_at_word(p, "comptime"))
		return false;
	next = skep_parse_peek(p, 1)->kind;
	if (next == SKEP_TOK_OP || next == SKEP_TOK_LBRACE || next == SKEP_TOK_RPAREN)
		return false;
	skep_parse_take(p);
	return true;
}

struct skep_expr *skep_parse_if_value(struct skep_parser *p)
{
	struct skep_loc start = skep_parse_take(p).loc;
	struct skep_expr *e = skep_parse_node(p, SKEP_EXPR_TERNARY, start);

	e->ternary.comptime = accept_comptime(p);
	e->ternary.cond = parse_condition(p);
	if (!e->ternary.cond)
		return NULL;
	e->ternary.yes = skep_parse_block_value(p);
	if (!e->ternary.yes)
		return NULL;
	if (!skep_parse_at_word(p, "else")) {
		if (skep_parse_unexpected(p, "'else' and the other value"))
			skep_lex_hint(
				&p->env,
				"an 'if' that stands for a value needs both: if (x) { 1 } else { 2 }");
		return NULL;
	}
	skep_parse_take(p);
	e->ternary.no =
		skep_parse_at_word(p, "if") ? skep_parse_expr(p) : skep_parse_block_value(p);
	if (!e->ternary.no)
		return NULL;
	skep_parse_on(e, e->ternary.cond);
	skep_parse_on(e, e->ternary.yes);
	skep_parse_on(e, e->ternary.no);
	return skep_parse_done(p, e, start);
}

/*
 * A body behind a head called @word. A single statement without braces is understood, but it is an
 * error.
 */
static bool parse_body(struct skep_parser *p, const char *word, struct skep_block_node *ret_block)
{
	struct skep_tok *t = skep_parse_peek(p, 0);
	bool statement =
		t->kind == SKEP_TOK_NAME || t->kind == SKEP_TOK_VAR || t->kind == SKEP_TOK_MAP;
	struct skep_stmt *s;

	if (t->kind == SKEP_TOK_LBRACE)
		return skep_parse_block(p, ret_block);
	if (skep_parse_unexpected(p, skep_arena_printf(p->env.arena, "'{' and the body of '%s'",
						       word)))
		skep_lex_hint(&p->env, "bodies always stand in braces: %s ... { ... }", word);
	if (!statement || p->abort || skep_tok_is(t, "and") || skep_tok_is(t, "or") ||
	    skep_tok_is(t, "is"))
		return false;
	if (skep_tok_is(t, "then") || skep_tok_is(t, "do"))
		skep_parse_take(p);
	p->env.quiet = false;
	s = skep_parse_stmt(p);
	if (!s)
		return false;
	ret_block->data = skep_arena_memdup(p->env.arena, &s, sizeof(s));
	ret_block->len = 1;
	return true;
}

/* The body behind a head that may be wrong. */
static bool parse_rest(struct skep_parser *p, bool head_ok, const char *word,
		       struct skep_block_node *ret_block)
{
	if (head_ok && parse_body(p, word, ret_block))
		return true;
	return skep_parse_recover_body(p) && skep_parse_block(p, ret_block);
}

static bool parse_else(struct skep_parser *p, struct skep_block_node *ret_block)
{
	struct skep_stmt *s;

	if (!skep_parse_at_word(p, "else"))
		return true;
	skep_parse_take(p);
	if (!skep_parse_at_word(p, "if"))
		return parse_rest(p, true, "else", ret_block);
	s = skep_parse_stmt(p);
	if (!s)
		return false;
	ret_block->data = skep_arena_memdup(p->env.arena, &s, sizeof(s));
	ret_block->len = 1;
	return true;
}

static struct skep_stmt *parse_if(struct skep_parser *p)
{
	struct skep_loc start = skep_parse_take(p).loc;
	struct skep_stmt *s = new_stmt(p, SKEP_STMT_IF, start);

	s->branch.comptime = accept_comptime(p);
	s->branch.cond = parse_condition(p);
	s->loc = skep_parse_span(p, start);
	if (!parse_rest(p, s->branch.cond, "if", &s->branch.yes))
		return NULL;
	return parse_else(p, &s->branch.no) ? s : NULL;
}

static struct skep_stmt *parse_counted(struct skep_parser *p, enum skep_stmt_kind kind,
				       const char *word)
{
	struct skep_loc start = skep_parse_take(p).loc;
	struct skep_stmt *s = new_stmt(p, kind, start);

	s->loop.count = parse_condition(p);
	s->loc = skep_parse_span(p, start);
	return parse_rest(p, s->loop.count, word, &s->loop.body) ? s : NULL;
}

/* for (i = 0; i < 10; i++), as in C. */
static bool c_style_for(struct skep_parser *p)
{
	if (skep_parse_unexpected(p, "$name : and what to walk through"))
		skep_lex_hint(
			&p->env,
			"loops are written: for $i : 0..10 { ... }, or for $kv : @map { ... }");
	/* Its semicolons would look like the end of the statement. */
	while (!skep_parse_at(p, SKEP_TOK_LBRACE) && !skep_parse_at(p, SKEP_TOK_RBRACE) &&
	       !skep_parse_at(p, SKEP_TOK_END) && !skep_parse_at_head(p))
		skep_parse_take(p);
	return false;
}

static bool parse_for_head(struct skep_parser *p, struct skep_stmt *s)
{
	bool parens = skep_parse_accept(p, SKEP_TOK_LPAREN);
	struct skep_tok t = *skep_parse_peek(p, 0);
	struct skep_expr *from;

	if (t.kind != SKEP_TOK_VAR || skep_parse_peek(p, 1)->kind != SKEP_TOK_COLON)
		return c_style_for(p);
	skep_parse_take(p);
	skep_parse_take(p);
	s->loop.var = skep_parse_name(p, &t);
	from = skep_parse_expr(p);
	if (!from)
		return false;
	if (skep_parse_accept(p, SKEP_TOK_RANGE)) {
		s->loop.from = from;
		s->loop.to = skep_parse_expr(p);
		if (!s->loop.to)
			return false;
	} else if (from->kind == SKEP_EXPR_MAP && !from->map.has_keys) {
		s->kind = SKEP_STMT_FOR_MAP;
		s->loop.map = from;
	} else {
		if (skep_parse_error(p, from->loc, "a loop walks through a range or a whole map"))
			skep_lex_hint(&p->env,
				      "write for $%s : 0..10 { ... }, or for $%s : @map { ... }",
				      s->loop.var, s->loop.var);
		return false;
	}
	return !parens || skep_parse_expect(p, SKEP_TOK_RPAREN, "')' behind the range or map");
}

static struct skep_stmt *parse_for(struct skep_parser *p)
{
	struct skep_loc start = skep_parse_take(p).loc;
	struct skep_stmt *s = new_stmt(p, SKEP_STMT_FOR_RANGE, start);
	bool ok = parse_for_head(p, s);

	s->loc = skep_parse_span(p, start);
	return parse_rest(p, ok, "for", &s->loop.body) ? s : NULL;
}

static struct skep_stmt *parse_let(struct skep_parser *p)
{
	struct skep_loc start = skep_parse_take(p).loc;
	struct skep_stmt *s = new_stmt(p, SKEP_STMT_LET, start);
	struct skep_tok t = *skep_parse_peek(p, 0);

	if (t.kind != SKEP_TOK_VAR) {
		if (skep_parse_unexpected(p, "a variable behind 'let'") && t.kind == SKEP_TOK_NAME)
			skep_lex_hint(&p->env, "variables are written with a '$': let $%s",
				      skep_parse_name(p, &t));
		else if (t.kind == SKEP_TOK_MAP)
			skep_lex_hint(&p->env, "maps need no declaration: assign to @%s",
				      skep_parse_name(p, &t));
		return NULL;
	}
	skep_parse_take(p);
	s->let.name = skep_parse_name(p, &t);
	if (skep_parse_accept(p, SKEP_TOK_COLON) && !skep_parse_type(p, &s->let.type))
		return NULL;
	if (skep_parse_at(p, SKEP_TOK_ASSIGN) && skep_parse_peek(p, 0)->op == SKEP_BINARY_NONE) {
		skep_parse_take(p);
		s->let.value = skep_parse_expr(p);
		if (!s->let.value)
			return NULL;
	}
	s->loc = skep_parse_span(p, start);
	return end_stmt(p) ? s : NULL;
}

static struct skep_stmt *parse_jump(struct skep_parser *p, enum skep_stmt_kind kind)
{
	struct skep_loc start = skep_parse_take(p).loc;
	struct skep_stmt *s = new_stmt(p, kind, start);
	struct skep_tok *t = skep_parse_peek(p, 0);

	if (kind == SKEP_STMT_RETURN && t->kind != SKEP_TOK_SEMI && t->kind != SKEP_TOK_RBRACE &&
	    !t->bol) {
		s->expr = skep_parse_expr(p);
		if (!s->expr)
			return NULL;
	}
	s->loc = skep_parse_span(p, start);
	return end_stmt(p) ? s : NULL;
}

/* Words that look like statements elsewhere. */
static bool reject_foreign(struct skep_parser *p)
{
	static const struct {
		const char *word, *what, *hint;
	} words[] = {
		{ "else", "an 'else' without an 'if'",
		  "it stands right behind the '}' of an 'if'" },
		{ "elif", "there is no 'elif'", "write 'else if'" },
		{ "elsif", "there is no 'elsif'", "write 'else if'" },
		{ "elseif", "there is no 'elseif'", "write 'else if'" },
		{ "switch", "there is no 'switch'", "write if (...) { } else if (...) { }" },
		{ "foreach", "there is no 'foreach'", "write for $kv : @map { ... }" },
		{ "import", "an import stands in front of the probes",
		  "move it to the top of the script" },
		{ "goto", "there is no 'goto'", "use if, for, break, continue and return" },
		{ "struct", "a struct cannot be defined inside a block",
		  "define it in front of the probes; a variable is declared by let $name : type" },
		{ "union", "a union cannot be defined inside a block",
		  "define it in front of the probes" },
		{ "enum", "an enum cannot be defined inside a block",
		  "define it in front of the probes" },
		{ "typedef", "a type cannot be defined inside a block",
		  "write the typedef in front of the probes" },
	};
	struct skep_tok *t = skep_parse_peek(p, 0);

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (!skep_tok_is(t, words[i].word))
			continue;
		if (skep_parse_error(p, t->loc, "%s", words[i].what))
			skep_lex_hint(&p->env, "%s", words[i].hint);
		skep_parse_take(p);
		return true;
	}
	return false;
}

static struct skep_stmt *parse_expr_stmt(struct skep_parser *p)
{
	struct skep_loc start = skep_parse_peek(p, 0)->loc;
	struct skep_stmt *s = new_stmt(p, SKEP_STMT_EXPR, start);

	s->expr = skep_parse_assignment(p);
	if (!s->expr)
		return NULL;
	s->loc = skep_parse_span(p, start);
	return end_stmt(p) ? s : NULL;
}

static struct skep_stmt *parse_block_stmt(struct skep_parser *p)
{
	struct skep_stmt *s = new_stmt(p, SKEP_STMT_BLOCK, skep_parse_peek(p, 0)->loc);

	return skep_parse_block(p, &s->block) ? s : NULL;
}

static struct skep_stmt *dispatch(struct skep_parser *p)
{
	if (skep_parse_at(p, SKEP_TOK_LBRACE))
		return parse_block_stmt(p);
	if (skep_parse_at_word(p, "if"))
		return parse_if(p);
	if (skep_parse_at_word(p, "unroll"))
		return parse_counted(p, SKEP_STMT_UNROLL, "unroll");
	if (skep_parse_at_word(p, "while"))
		return parse_counted(p, SKEP_STMT_WHILE, "while");
	if (skep_parse_at_word(p, "for"))
		return parse_for(p);
	if (skep_parse_at_word(p, "let"))
		return parse_let(p);
	if (skep_parse_at_word(p, "return"))
		return parse_jump(p, SKEP_STMT_RETURN);
	if (skep_parse_at_word(p, "break"))
		return parse_jump(p, SKEP_STMT_BREAK);
	if (skep_parse_at_word(p, "continue"))
		return parse_jump(p, SKEP_STMT_CONTINUE);
	if (skep_parse_at_row(p))
		return skep_parse_row(p);
	if (reject_foreign(p))
		return NULL;
	return parse_expr_stmt(p);
}

struct skep_stmt *skep_parse_stmt(struct skep_parser *p)
{
	struct skep_stmt *s;

	if (!skep_parse_enter(p))
		return NULL;
	p->ended = true;
	s = dispatch(p);
	p->depth--;
	return s;
}
