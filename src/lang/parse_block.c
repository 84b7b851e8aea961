/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blocks, and where to go on after an error.
 *
 * The parser goes on behind the next ';', at the '}' of the block, at a keyword that starts a line,
 * or at the head of a probe that starts a line (then a '}' is missing, which is said where the
 * block was opened). A wrong head of `if`, `while`, `for` or `unroll` does not take its body with
 * it.
 */
#include <strings.h>

#include "lang/parse.h"

bool skep_parse_at_head(struct skep_parser *p)
{
	struct skep_tok *t = skep_parse_peek(p, 0);
	bool begin;

	if (t->kind != SKEP_TOK_NAME || !t->bol || !skep_parse_is_provider(t->text, t->len))
		return false;
	begin = (t->len == 5 && !strncasecmp(t->text, "begin", 5)) ||
		(t->len == 3 && !strncasecmp(t->text, "end", 3));
	t = skep_parse_peek(p, 1);
	return t->kind == SKEP_TOK_COLON || (begin && t->kind == SKEP_TOK_LBRACE);
}

static bool at_statement_word(struct skep_parser *p)
{
	struct skep_tok *t = skep_parse_peek(p, 0);

	return t->bol && skep_parse_is_keyword(t) && !skep_tok_is(t, "else") &&
	       !skep_tok_is(t, "struct") && !skep_tok_is(t, "union") && !skep_tok_is(t, "enum");
}

/*
 * Where the next statement may start; the end of an inner block that was passed counts as the end
 * of the bad one.
 */
static void recover(struct skep_parser *p)
{
	unsigned braces = 0;

	p->env.quiet = true;
	for (;;) {
		enum skep_tok_kind kind = skep_parse_peek(p, 0)->kind;

		if (kind == SKEP_TOK_END || skep_parse_at_head(p))
			break;
		if (p->env.broken_line && skep_parse_peek(p, 0)->bol)
			break;
		if (!braces && (kind == SKEP_TOK_RBRACE || at_statement_word(p)))
			break;
		skep_parse_take(p);
		if (kind == SKEP_TOK_LBRACE)
			braces++;
		else if ((kind == SKEP_TOK_RBRACE && !--braces) ||
			 (kind == SKEP_TOK_SEMI && !braces))
			break;
	}
	p->env.broken_line = false;
	p->env.quiet = p->abort;
}

/* After a bad head: at the '{' of the body, or false when the statement ends first. */
bool skep_parse_recover_body(struct skep_parser *p)
{
	p->env.quiet = true;
	for (;;) {
		enum skep_tok_kind kind = skep_parse_peek(p, 0)->kind;

		if (kind == SKEP_TOK_END || kind == SKEP_TOK_SEMI || kind == SKEP_TOK_RBRACE ||
		    skep_parse_at_head(p))
			return false;
		if (kind == SKEP_TOK_LBRACE)
			break;
		skep_parse_take(p);
	}
	p->env.quiet = p->abort;
	return true;
}

static bool at_block_end(struct skep_parser *p)
{
	return skep_parse_at(p, SKEP_TOK_RBRACE) || skep_parse_at(p, SKEP_TOK_END) ||
	       skep_parse_at_head(p);
}

static void hint_close(struct skep_parser *p, const struct skep_tok *open)
{
	struct skep_loc hidden = p->env.hidden;

	if (hidden.line == open->loc.line)
		skep_lex_hint(&p->env,
			      "the comment at %u:%u reaches to the end of its line and hides a '}'",
			      hidden.line, hidden.col);
	else
		skep_lex_hint(&p->env, "add a '}' where the block ends");
}

static void close_block(struct skep_parser *p, const struct skep_tok *open)
{
	struct skep_tok *t;

	if (skep_parse_accept(p, SKEP_TOK_RBRACE) || p->env.truncated)
		return;
	t = skep_parse_peek(p, 0);
	if (t->kind == SKEP_TOK_END) {
		if (skep_lex_error(&p->env, open->loc, "this '{' is never closed"))
			hint_close(p, open);
		p->env.truncated = true; /* the blocks around it are open for the same reason */
	} else if (skep_parse_error(p, open->loc,
				    "this '{' is not closed before the probe in line %u",
				    t->loc.line)) {
		skep_lex_hint(&p->env, "add a '}' in front of line %u", t->loc.line);
	}
}

/* ---- an `if` at the end of a block that stands for a value: `{ if x { 1 } else { 2 } }` */

static struct skep_expr *if_value(struct skep_parser *p, const struct skep_stmt *s);

/* NULL: the block has no value. */
static struct skep_expr *branch_value(struct skep_parser *p, const struct skep_block_node *block)
{
	const struct skep_stmt *last = block->len ? block->data[block->len - 1] : NULL;
	struct skep_expr *value = NULL, *e;

	if (last && last->kind == SKEP_STMT_IF)
		value = if_value(p, last);
	else if (last && last->kind == SKEP_STMT_EXPR && last->open &&
		 last->expr->kind != SKEP_EXPR_ASSIGN)
		value = last->expr;
	if (!value || block->len == 1)
		return value;
	e = skep_parse_node(p, SKEP_EXPR_BLOCK, last->loc);
	e->block.body = (struct skep_block_node){ block->data, block->len - 1 };
	e->block.value = value;
	e->height = MAX(p->height, value->height) + 1;
	p->height = MAX(p->height, e->height);
	return e;
}

static struct skep_expr *if_value(struct skep_parser *p, const struct skep_stmt *s)
{
	struct skep_expr *yes = branch_value(p, &s->branch.yes);
	struct skep_expr *no = yes ? branch_value(p, &s->branch.no) : NULL;
	struct skep_expr *e;

	if (!no)
		return NULL;
	e = skep_parse_node(p, SKEP_EXPR_TERNARY, s->loc);
	e->ternary.cond = s->branch.cond;
	e->ternary.yes = yes;
	e->ternary.no = no;
	e->ternary.comptime = s->branch.comptime;
	e->ternary.loose = true;
	skep_parse_on(e, e->ternary.cond);
	skep_parse_on(e, yes);
	skep_parse_on(e, no);
	p->height = MAX(p->height, e->height);
	return e->height <= SKEP_PARSE_HEIGHT_MAX ? e : NULL;
}

/* What the last statement of a block gives; NULL: nothing. */
static struct skep_expr *last_value(struct skep_parser *p, const struct skep_stmt *s)
{
	if (!skep_parse_at(p, SKEP_TOK_RBRACE))
		return NULL;
	if (s->kind == SKEP_STMT_IF)
		return if_value(p, s);
	return s->kind == SKEP_STMT_EXPR && s->open ? s->expr : NULL;
}

/*
 * The statements up to the '}', which is taken. With @ret_value the last expression may lack its
 * ';' and is the value of the block.
 */
static void parse_stmts(struct skep_parser *p, struct skep_block_node *ret_block,
			struct skep_expr **ret_value)
{
	struct {
		SKEP_VEC(struct skep_stmt *);
	} list = {};
	struct skep_tok open = skep_parse_take(p);

	while (!at_block_end(p)) {
		struct skep_stmt *s;

		if (skep_parse_accept(p, SKEP_TOK_SEMI))
			continue;
		s = skep_parse_stmt(p);
		if (!s) {
			recover(p);
			continue;
		}
		s->open =
			s->kind == SKEP_STMT_EXPR && !p->ended && skep_parse_at(p, SKEP_TOK_RBRACE);
		if (ret_value)
			*ret_value = last_value(p, s);
		if (!ret_value || !*ret_value)
			skep_vec_add(&list, s);
	}
	close_block(p, &open);
	ret_block->len = list.len;
	ret_block->data = skep_arena_memdup(p->env.arena, list.data, list.len * sizeof(*list.data));
	skep_vec_fini(&list);
}

bool skep_parse_block(struct skep_parser *p, struct skep_block_node *ret_block)
{
	if (!skep_parse_at(p, SKEP_TOK_LBRACE)) {
		skep_parse_unexpected(p, "'{'");
		return false;
	}
	if (!skep_parse_enter(p))
		return false;
	parse_stmts(p, ret_block, NULL);
	p->depth--;
	return true;
}

bool skep_parse_block_open(struct skep_parser *p, struct skep_block_node *ret_block,
			   struct skep_expr **ret_value)
{
	if (!skep_parse_at(p, SKEP_TOK_LBRACE)) {
		skep_parse_unexpected(p, "'{'");
		return false;
	}
	if (!skep_parse_enter(p))
		return false;
	parse_stmts(p, ret_block, ret_value);
	p->depth--;
	return true;
}

struct skep_expr *skep_parse_block_value(struct skep_parser *p)
{
	struct skep_tok open = *skep_parse_peek(p, 0);
	bool may_lack = p->arg_block;
	struct skep_expr *e = skep_parse_node(p, SKEP_EXPR_BLOCK, open.loc);
	unsigned height = p->height;

	if (open.kind != SKEP_TOK_LBRACE) {
		skep_parse_unexpected(p, "'{' and a value");
		return NULL;
	}
	if (!skep_parse_enter(p))
		return NULL;
	p->height = 0;
	p->arg_block = false;
	parse_stmts(p, &e->block.body, &e->block.value);
	e->height = p->height + 1;
	p->height = MAX(p->height, height);
	p->depth--;
	if (e->block.value || may_lack)
		return skep_parse_done(p, e, open.loc);
	if (skep_parse_error(p, open.loc,
			     "this block stands for a value but does not end with one"))
		skep_lex_hint(&p->env,
			      "its last line is the value, without ';': { $x = 1; $x + 1 }");
	return NULL;
}
