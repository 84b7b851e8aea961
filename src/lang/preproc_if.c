/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditions of the preprocessor: C's constant expressions with defined(NAME). A name that stands for nothing that is
 * known is 0, as in C. Numbers have 64 bits and a sign.
 */
#include "lang/arith.h"
#include "lang/constants.h"
#include "lang/expand.h"
#include "lang/operators.h"

#define DEPTH_MAX 64

struct condition {
	struct skep_expand x;
	struct skep_lex_env *env;
	struct skep_tok tok; /* the next one */
	struct skep_loc loc; /* of the whole */
	unsigned depth;
	bool bad;
	bool skipped; /* this part does not count: 0 && 1 / 0 */
};

static void next(struct condition *c)
{
	c->tok = skep_expand_next(&c->x);
}

static int64_t wrong(struct condition *c, const char *what)
{
	if (!c->bad && c->tok.kind != SKEP_TOK_ERROR && skep_lex_error(c->env, c->loc, "%s", what))
		skep_lex_hint(c->env,
			      "conditions are made of numbers, names, defined(NAME) and C's "
			      "operators: #if defined(NAME) && LIMIT > 10");
	c->bad = true;
	return 0;
}

static bool take(struct condition *c, enum skep_tok_kind kind)
{
	if (c->tok.kind != kind)
		return false;
	next(c);
	return true;
}

static int64_t ternary(struct condition *c);

/* Behind `defined`: its operand is a name as it stands. */
static int64_t defined(struct condition *c)
{
	bool parens, value;

	c->x.raw = true;
	next(c);
	parens = take(c, SKEP_TOK_LPAREN);
	value = c->tok.kind == SKEP_TOK_NAME &&
		skep_lex_is_defined(c->env, c->tok.text, c->tok.len);
	c->x.raw = parens;
	if (c->tok.kind != SKEP_TOK_NAME)
		return wrong(c, "'defined' needs a name");
	next(c);
	c->x.raw = false;
	if (parens && !take(c, SKEP_TOK_RPAREN))
		return wrong(c, "')' is missing behind the name");
	return value;
}

/* KERNEL_VERSION(major, minor, patch), as the kernel's header packs it. */
static int64_t kernel_version(struct condition *c)
{
	int64_t parts[3] = {};

	next(c);
	if (!take(c, SKEP_TOK_LPAREN))
		return wrong(c, "KERNEL_VERSION needs three numbers");
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		parts[i] = ternary(c);
		if (!take(c, i + 1 < ARRAY_SIZE(parts) ? SKEP_TOK_COMMA : SKEP_TOK_RPAREN))
			return wrong(c, "KERNEL_VERSION needs three numbers");
	}
	return (parts[0] & 0xffff) << 16 | (parts[1] & 0xff) << 8 | MIN(parts[2] & 0xffff, 255);
}

static int64_t name(struct condition *c)
{
	int64_t value = 0;
	char *text;

	if (skep_tok_is(&c->tok, "defined"))
		return defined(c);
	if (skep_tok_is(&c->tok, "KERNEL_VERSION"))
		return kernel_version(c);
	text = skep_arena_strndup(c->env->arena, c->tok.text, c->tok.len);
	if (skep_tok_is(&c->tok, "LINUX_VERSION_CODE"))
		value = c->env->kernel_version;
	else if (skep_tok_is(&c->tok, "BPFTRACE_HAVE_BTF") || skep_tok_is(&c->tok, "true"))
		value = 1;
	else
		(void)skep_constant_find(text, &value);
	next(c);
	return value;
}

static int64_t unary(struct condition *c)
{
	int64_t value;

	if (c->bad || c->depth == DEPTH_MAX)
		return wrong(c, "this condition is nested too deep");
	c->depth++;
	if (take(c, SKEP_TOK_NOT)) {
		value = !unary(c);
	} else if (take(c, SKEP_TOK_BITNOT)) {
		value = ~unary(c);
	} else if (c->tok.kind == SKEP_TOK_OP &&
		   (c->tok.op == SKEP_BINARY_SUB || c->tok.op == SKEP_BINARY_ADD)) {
		bool minus = c->tok.op == SKEP_BINARY_SUB;

		next(c);
		value = unary(c);
		value = minus ? (int64_t)(0 - (uint64_t)value) : value;
	} else if (take(c, SKEP_TOK_LPAREN)) {
		value = ternary(c);
		if (!take(c, SKEP_TOK_RPAREN))
			value = wrong(c, "')' is missing in this condition");
	} else if (c->tok.kind == SKEP_TOK_INT) {
		value = (int64_t)c->tok.value;
		next(c);
	} else if (c->tok.kind == SKEP_TOK_NAME) {
		value = name(c);
	} else {
		value = wrong(c, "this is no condition for the preprocessor");
	}
	c->depth--;
	return value;
}

static int64_t apply(struct condition *c, enum skep_binary op, int64_t a, int64_t b)
{
	const struct skep_type *number = skep_type_int(8, true);
	int64_t value;

	if (op >= SKEP_BINARY_EQ)
		return skep_arith_compare(op, a, b, false);
	if (skep_arith_fold(op, number, a, number, b, &value))
		return value;
	return c->skipped ? 0 : wrong(c, "division by zero in this condition");
}

static int64_t binary(struct condition *c, unsigned min_precedence)
{
	int64_t left = unary(c);

	while (c->tok.kind == SKEP_TOK_OP && !c->bad) {
		enum skep_binary op = c->tok.op;
		bool skipped = c->skipped;
		int64_t right;

		if (skep_binary_precedence(op) < min_precedence)
			break;
		next(c);
		c->skipped |= op == SKEP_BINARY_LAND ? !left : op == SKEP_BINARY_LOR && left;
		right = binary(c, skep_binary_precedence(op) + 1);
		c->skipped = skipped;
		left = apply(c, op, left, right);
	}
	return left;
}

static int64_t ternary(struct condition *c)
{
	int64_t cond = binary(c, 1), yes, no;
	bool skipped = c->skipped;

	if (!take(c, SKEP_TOK_QUESTION))
		return cond;
	if (c->depth == DEPTH_MAX)
		return wrong(c, "this condition is nested too deep");
	c->depth++;
	c->skipped |= !cond;
	yes = ternary(c);
	if (!take(c, SKEP_TOK_COLON))
		return wrong(c, "':' is missing behind '?'");
	c->skipped = skipped || cond;
	no = ternary(c);
	c->skipped = skipped;
	c->depth--;
	return cond ? yes : no;
}

bool skep_lex_condition(struct skep_lex *lx, size_t off, size_t len, struct skep_loc loc)
{
	struct skep_lex inner;
	struct condition c = { .env = lx->env, .loc = loc };
	int64_t value;

	skep_lex_init(&inner, lx->env, lx->text, off + len);
	inner.pos = off;
	inner.line = loc.line;
	inner.line_start = off - (loc.col - 1);
	inner.in_define = true;
	c.x = (struct skep_expand){ .env = lx->env, .lx = &inner };
	next(&c);
	value = ternary(&c);
	if (!c.bad && c.tok.kind != SKEP_TOK_END)
		(void)wrong(&c, "this condition of the preprocessor has more than one value");
	skep_expand_fini(&c.x);
	return value && !c.bad;
}
