/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operators, by precedence as in C.
 *
 * The slash. In a predicate `/ expression /` a slash divides and a slash ends. The rule: a slash at
 * the outermost level of the predicate ends it when a '{' follows (or nothing at all); every other
 * slash divides, and inside parentheses and brackets it always divides. A block can never be a
 * divisor there, so nothing that was meant as a division is lost.
 */
#include "lang/operators.h"
#include "lang/parse.h"

static bool at_predicate_end(struct skep_parser *p)
{
	enum skep_tok_kind next;

	if (!p->in_predicate || !skep_parse_at_op(p, SKEP_BINARY_DIV))
		return false;
	next = skep_parse_peek(p, 1)->kind;
	return next == SKEP_TOK_LBRACE || next == SKEP_TOK_END;
}

static struct skep_expr *parse_binary(struct skep_parser *p, unsigned min_precedence)
{
	struct skep_loc start = skep_parse_peek(p, 0)->loc;
	struct skep_expr *left = skep_parse_unary(p);

	while (left) {
		struct skep_tok *t = skep_parse_peek(p, 0);
		struct skep_expr *e;

		if (t->kind != SKEP_TOK_OP || skep_binary_precedence(t->op) < min_precedence ||
		    at_predicate_end(p))
			break;
		e = skep_parse_node(p, SKEP_EXPR_BINARY, start);
		e->binary.op = skep_parse_take(p).op;
		e->binary.left = left;
		e->binary.right = parse_binary(p, skep_binary_precedence(e->binary.op) + 1);
		if (!e->binary.right)
			return NULL;
		skep_parse_on(e, e->binary.left);
		skep_parse_on(e, e->binary.right);
		left = skep_parse_done(p, e, start);
	}
	return left;
}

static struct skep_expr *parse_ternary(struct skep_parser *p)
{
	struct skep_loc start = skep_parse_peek(p, 0)->loc;
	struct skep_expr *cond = parse_binary(p, 1), *e;

	if (!cond || !skep_parse_accept(p, SKEP_TOK_QUESTION))
		return cond;
	e = skep_parse_node(p, SKEP_EXPR_TERNARY, start);
	e->ternary.cond = cond;
	if (!skep_parse_at(p, SKEP_TOK_COLON)) {
		e->ternary.yes = skep_parse_expr(p);
		if (!e->ternary.yes)
			return NULL;
	}
	if (!skep_parse_expect(p, SKEP_TOK_COLON, "':' and the other value of '?'"))
		return NULL;
	e->ternary.no = skep_parse_expr(p);
	if (!e->ternary.no)
		return NULL;
	skep_parse_on(e, cond);
	skep_parse_on(e, e->ternary.yes);
	skep_parse_on(e, e->ternary.no);
	return skep_parse_done(p, e, start);
}

struct skep_expr *skep_parse_expr(struct skep_parser *p)
{
	struct skep_expr *e;

	if (!skep_parse_enter(p))
		return NULL;
	e = parse_ternary(p);
	p->depth--;
	return e;
}

/* The field behind '.' or '->': a name, or the number of a tuple's element. */
static struct skep_expr *parse_field(struct skep_parser *p, struct skep_expr *base,
				     struct skep_loc start)
{
	struct skep_expr *e = skep_parse_node(p, SKEP_EXPR_FIELD, start);
	struct skep_tok t;

	e->field.arrow = skep_parse_take(p).kind == SKEP_TOK_ARROW;
	t = *skep_parse_peek(p, 0);
	if (t.kind == SKEP_TOK_INT && !t.is_unsigned && t.value <= INT32_MAX) {
		e->field.name = skep_arena_printf(p->env.arena, "%u", (unsigned)t.value);
	} else if (t.kind == SKEP_TOK_NAME) {
		e->field.name = skep_parse_name(p, &t);
	} else {
		skep_parse_unexpected(p, "the name of a field");
		return NULL;
	}
	skep_parse_take(p);
	e->field.base = base;
	e->field.name_loc = t.loc;
	skep_parse_on(e, base);
	return skep_parse_done(p, e, start);
}

static struct skep_expr *parse_index(struct skep_parser *p, struct skep_expr *base,
				     struct skep_loc start)
{
	struct skep_expr *e = skep_parse_node(p, SKEP_EXPR_INDEX, start);
	bool outer = p->in_predicate;

	skep_parse_take(p);
	p->in_predicate = false;
	e->index.base = base;
	e->index.index = skep_parse_expr(p);
	p->in_predicate = outer;
	if (!e->index.index || !skep_parse_expect(p, SKEP_TOK_RBRACKET, "']' behind the index"))
		return NULL;
	skep_parse_on(e, base);
	skep_parse_on(e, e->index.index);
	return skep_parse_done(p, e, start);
}

static struct skep_expr *unary_node(struct skep_parser *p, enum skep_unary op,
				    struct skep_expr *operand, struct skep_loc start)
{
	struct skep_expr *e = skep_parse_node(p, SKEP_EXPR_UNARY, start);

	e->unary.op = op;
	e->unary.operand = operand;
	skep_parse_on(e, operand);
	return skep_parse_done(p, e, start);
}

static bool check_step(struct skep_parser *p, const struct skep_expr *operand, const char *op)
{
	if (operand->kind == SKEP_EXPR_VAR || operand->kind == SKEP_EXPR_MAP)
		return true;
	if (skep_parse_error(p, operand->loc,
			     "'%s' changes a variable or a map, and this is neither", op))
		skep_lex_hint(&p->env,
			      operand->kind == SKEP_EXPR_NAME
				      ? "variables are written $%s, maps @%s"
				      : "write %s + 1 as a value of its own",
			      operand->kind == SKEP_EXPR_NAME ? operand->call.name : "it",
			      operand->kind == SKEP_EXPR_NAME ? operand->call.name : "");
	return false;
}

static struct skep_expr *parse_postfix(struct skep_parser *p)
{
	struct skep_loc start = skep_parse_peek(p, 0)->loc;
	struct skep_expr *e = skep_parse_primary(p);

	while (e) {
		struct skep_tok *t = skep_parse_peek(p, 0);

		if (t->kind == SKEP_TOK_DOT || t->kind == SKEP_TOK_ARROW) {
			e = parse_field(p, e, start);
		} else if (t->kind == SKEP_TOK_LBRACKET) {
			e = parse_index(p, e, start);
		} else if ((t->kind == SKEP_TOK_INC || t->kind == SKEP_TOK_DEC) && !t->bol) {
			bool inc = skep_parse_take(p).kind == SKEP_TOK_INC;

			if (!check_step(p, e, inc ? "++" : "--"))
				return NULL;
			e = unary_node(p, inc ? SKEP_UNARY_POSTINC : SKEP_UNARY_POSTDEC, e, start);
		} else {
			break;
		}
	}
	return e;
}

/* -5 is a number, so that it can stand wherever a literal must. */
static struct skep_expr *negate(struct skep_parser *p, struct skep_expr *operand,
				struct skep_loc start)
{
	bool fits = operand->kind == SKEP_EXPR_INT && !operand->num.is_bool &&
		    (!operand->num.is_unsigned || operand->num.value == UINT64_C(1) << 63);

	if (!fits)
		return unary_node(p, SKEP_UNARY_NEG, operand, start);
	operand->num.value = -operand->num.value;
	operand->num.is_unsigned = false;
	operand->loc = skep_parse_span(p, start);
	return operand;
}

static struct skep_expr *parse_cast(struct skep_parser *p)
{
	struct skep_loc start = skep_parse_take(p).loc;
	struct skep_expr *e = skep_parse_node(p, SKEP_EXPR_CAST, start);

	if (!skep_parse_type(p, &e->cast.to) ||
	    !skep_parse_expect(p, SKEP_TOK_RPAREN, "')' behind the type"))
		return NULL;
	e->cast.value = skep_parse_unary(p);
	if (!e->cast.value)
		return NULL;
	skep_parse_on(e, e->cast.value);
	skep_parse_on(e, e->cast.to.of);
	return skep_parse_done(p, e, start);
}

/* Which operator stands in front of a value; false: none. */
static bool prefix_of(const struct skep_tok *t, enum skep_unary *ret_op)
{
	if (t->kind == SKEP_TOK_NOT)
		*ret_op = SKEP_UNARY_NOT;
	else if (t->kind == SKEP_TOK_BITNOT)
		*ret_op = SKEP_UNARY_BITNOT;
	else if (t->kind == SKEP_TOK_INC)
		*ret_op = SKEP_UNARY_PREINC;
	else if (t->kind == SKEP_TOK_DEC)
		*ret_op = SKEP_UNARY_PREDEC;
	else if (t->kind == SKEP_TOK_OP && t->op == SKEP_BINARY_SUB)
		*ret_op = SKEP_UNARY_NEG;
	else if (t->kind == SKEP_TOK_OP && t->op == SKEP_BINARY_MUL)
		*ret_op = SKEP_UNARY_DEREF;
	else if (t->kind == SKEP_TOK_OP && t->op == SKEP_BINARY_AND)
		*ret_op = SKEP_UNARY_ADDR;
	else
		return false;
	return true;
}

static struct skep_expr *parse_prefix(struct skep_parser *p, enum skep_unary op)
{
	struct skep_tok t = skep_parse_take(p);
	bool literal = skep_parse_at(p, SKEP_TOK_INT);
	struct skep_expr *operand = skep_parse_unary(p);

	if (!operand)
		return NULL;
	if (op == SKEP_UNARY_NEG && literal)
		return negate(p, operand, t.loc);
	if ((op == SKEP_UNARY_PREINC || op == SKEP_UNARY_PREDEC) &&
	    !check_step(p, operand, op == SKEP_UNARY_PREINC ? "++" : "--"))
		return NULL;
	return unary_node(p, op, operand, t.loc);
}

struct skep_expr *skep_parse_unary(struct skep_parser *p)
{
	enum skep_unary op;
	bool prefix = prefix_of(skep_parse_peek(p, 0), &op);
	struct skep_expr *e;

	if (!prefix && !skep_parse_at_cast(p))
		return parse_postfix(p);
	if (!skep_parse_enter(p))
		return NULL;
	e = prefix ? parse_prefix(p, op) : parse_cast(p);
	p->depth--;
	return e;
}

static bool check_target(struct skep_parser *p, const struct skep_expr *target)
{
	switch (target->kind) {
	case SKEP_EXPR_VAR:
	case SKEP_EXPR_MAP:
		return true;
	case SKEP_EXPR_NAME:
		if (skep_parse_error(p, target->loc, "'%s' cannot be assigned to",
				     target->call.name))
			skep_lex_hint(
				&p->env,
				"variables are written $%s, maps, which keep values between probes, @%s",
				target->call.name, target->call.name);
		return false;
	case SKEP_EXPR_FIELD:
	case SKEP_EXPR_INDEX:
		if (target->kind == SKEP_EXPR_INDEX && target->index.base->kind == SKEP_EXPR_NAME) {
			const char *name = target->index.base->call.name;

			if (skep_parse_error(p, target->loc, "'%s' is no map", name))
				skep_lex_hint(&p->env, "names of maps begin with @: @%s[...]",
					      name);
			return false;
		}
		if (skep_parse_error(
			    p, target->loc,
			    "only a whole variable or map entry can be assigned to, not a part of it"))
			skep_lex_hint(
				&p->env,
				"tracing reads the kernel's and programs' data and never changes it; keep results in $name or @name[key]");
		return false;
	default:
		if (skep_parse_error(p, target->loc, "this cannot be assigned to"))
			skep_lex_hint(
				&p->env,
				"assign to a variable ($name) or a map (@name, @name[key]); to compare, write '=='");
		return false;
	}
}

static struct skep_expr *parse_assignment(struct skep_parser *p)
{
	struct skep_loc start = skep_parse_peek(p, 0)->loc;
	struct skep_expr *left, *e;

	/* `_ = f()`: the value is not wanted. */
	if (skep_parse_at_word(p, "_") && skep_parse_peek(p, 1)->kind == SKEP_TOK_ASSIGN &&
	    skep_parse_peek(p, 1)->op == SKEP_BINARY_NONE) {
		skep_parse_take(p);
		skep_parse_take(p);
		e = skep_parse_expr(p);
		if (e)
			e->unwanted = true;
		return e;
	}
	left = skep_parse_expr(p);
	if (!left || !skep_parse_at(p, SKEP_TOK_ASSIGN))
		return left;
	if (!check_target(p, left))
		return NULL;
	e = skep_parse_node(p, SKEP_EXPR_ASSIGN, start);
	e->binary.op = skep_parse_take(p).op;
	e->binary.left = left;
	e->binary.right = skep_parse_assignment(p);
	if (!e->binary.right)
		return NULL;
	skep_parse_on(e, left);
	skep_parse_on(e, e->binary.right);
	return skep_parse_done(p, e, start);
}

struct skep_expr *skep_parse_assignment(struct skep_parser *p)
{
	struct skep_expr *e;

	if (!skep_parse_enter(p))
		return NULL;
	e = parse_assignment(p);
	p->depth--;
	return e;
}
