/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/expr_text.h"

#include <inttypes.h>

#include "lang/macro.h"

#define TEXT_DEPTH_MAX 8  /* nested deeper it is "..." */
#define TEXT_BYTES_MAX 32 /* of a literal */

const char *skep_binary_text(enum skep_binary op)
{
	static const char *const texts[] = {
		[SKEP_BINARY_NONE] = "=", [SKEP_BINARY_ADD] = "+",  [SKEP_BINARY_SUB] = "-",
		[SKEP_BINARY_MUL] = "*",  [SKEP_BINARY_DIV] = "/",  [SKEP_BINARY_MOD] = "%",
		[SKEP_BINARY_AND] = "&",  [SKEP_BINARY_OR] = "|",   [SKEP_BINARY_XOR] = "^",
		[SKEP_BINARY_SHL] = "<<", [SKEP_BINARY_SHR] = ">>", [SKEP_BINARY_EQ] = "==",
		[SKEP_BINARY_NE] = "!=",  [SKEP_BINARY_LT] = "<",   [SKEP_BINARY_LE] = "<=",
		[SKEP_BINARY_GT] = ">",	  [SKEP_BINARY_GE] = ">=",  [SKEP_BINARY_LAND] = "&&",
		[SKEP_BINARY_LOR] = "||",
	};

	return texts[op];
}

static void add(struct skep_str *out, const struct skep_expr *e, unsigned depth);

static void add_list(struct skep_str *out, const struct skep_expr_list *list, unsigned depth)
{
	for (size_t i = 0; i < list->len; i++) {
		if (i)
			skep_str_add(out, ", ");
		add(out, list->data[i], depth);
	}
}

/* An operand: what binds less than what is around it needs its parentheses. */
static void add_operand(struct skep_str *out, const struct skep_expr *e, unsigned depth)
{
	bool loose = e && (e->kind == SKEP_EXPR_BINARY || e->kind == SKEP_EXPR_TERNARY ||
			   e->kind == SKEP_EXPR_ASSIGN || e->kind == SKEP_EXPR_CAST);

	if (loose)
		skep_str_addc(out, '(');
	add(out, e, depth);
	if (loose)
		skep_str_addc(out, ')');
}

/* The beginning of a literal, as it may be written. */
static void add_text(struct skep_str *out, const char *text, size_t len)
{
	size_t shown = MIN(len, (size_t)TEXT_BYTES_MAX);

	skep_str_addc(out, '"');
	for (size_t i = 0; i < shown; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '\n')
			skep_str_add(out, "\\n");
		else if (c == '"' || c == '\\')
			skep_str_addf(out, "\\%c", c);
		else if (c < ' ')
			skep_str_addf(out, "\\x%02x", c);
		else
			skep_str_addc(out, (char)c);
	}
	skep_str_add(out, shown < len ? "...\"" : "\"");
}

static void add_unary(struct skep_str *out, const struct skep_expr *e, unsigned depth)
{
	static const char *const before[] = {
		[SKEP_UNARY_NEG] = "-",	    [SKEP_UNARY_NOT] = "!",    [SKEP_UNARY_BITNOT] = "~",
		[SKEP_UNARY_DEREF] = "*",   [SKEP_UNARY_ADDR] = "&",   [SKEP_UNARY_PREINC] = "++",
		[SKEP_UNARY_PREDEC] = "--", [SKEP_UNARY_POSTINC] = "", [SKEP_UNARY_POSTDEC] = "",
	};

	skep_str_add(out, before[e->unary.op]);
	add_operand(out, e->unary.operand, depth);
	if (e->unary.op == SKEP_UNARY_POSTINC)
		skep_str_add(out, "++");
	if (e->unary.op == SKEP_UNARY_POSTDEC)
		skep_str_add(out, "--");
}

static void add(struct skep_str *out, const struct skep_expr *e, unsigned depth)
{
	if (!e || depth == TEXT_DEPTH_MAX) {
		skep_str_add(out, "...");
		return;
	}
	depth++;
	switch (e->kind) {
	case SKEP_EXPR_INT:
		skep_str_addf(out, "%" PRId64, (int64_t)e->num.value);
		return;
	case SKEP_EXPR_STRING:
		add_text(out, e->text.data, e->text.len);
		return;
	case SKEP_EXPR_NAME:
		skep_str_add(out, e->call.name);
		return;
	case SKEP_EXPR_CALL:
		skep_str_addf(out, "%s(", e->call.name);
		add_list(out, &e->call.args, depth);
		skep_str_addc(out, ')');
		return;
	case SKEP_EXPR_VAR:
		skep_str_addf(out, "$%s", e->var.name);
		return;
	case SKEP_EXPR_MAP:
		skep_str_addf(out, "@%s", e->map.name);
		if (e->map.has_keys) {
			skep_str_addc(out, '[');
			add_list(out, &e->map.keys, depth);
			skep_str_addc(out, ']');
		}
		return;
	case SKEP_EXPR_PARAM:
		skep_str_addf(out, "$%u", e->param.index);
		return;
	case SKEP_EXPR_UNARY:
		add_unary(out, e, depth);
		return;
	case SKEP_EXPR_BINARY:
	case SKEP_EXPR_ASSIGN:
		add_operand(out, e->binary.left, depth);
		skep_str_addf(out, " %s ", skep_binary_text(e->binary.op));
		add_operand(out, e->binary.right, depth);
		return;
	case SKEP_EXPR_TERNARY:
		add_operand(out, e->ternary.cond, depth);
		skep_str_add(out, " ? ");
		if (e->ternary.yes)
			add_operand(out, e->ternary.yes, depth);
		skep_str_add(out, " : ");
		add_operand(out, e->ternary.no, depth);
		return;
	case SKEP_EXPR_FIELD:
		add_operand(out, e->field.base, depth);
		skep_str_addf(out, ".%s", e->field.name);
		return;
	case SKEP_EXPR_INDEX:
		add_operand(out, e->index.base, depth);
		skep_str_addc(out, '[');
		add(out, e->index.index, depth);
		skep_str_addc(out, ']');
		return;
	case SKEP_EXPR_CAST:
		skep_str_addf(out, "(%s)", e->cast.to.name ? e->cast.to.name : "typeof(...)");
		add_operand(out, e->cast.value, depth);
		return;
	case SKEP_EXPR_TUPLE:
		if (e->was) { /* args, config: what the checker made a tuple of */
			add(out, e->was, depth);
			return;
		}
		skep_str_addc(out, '(');
		for (size_t i = 0; i < e->tuple.len; i++) {
			skep_str_add(out, i ? ", " : "");
			if (e->tuple_names)
				skep_str_addf(out, "%s=", e->tuple_names[i]);
			add(out, e->tuple.data[i], depth);
		}
		skep_str_addc(out, ')');
		return;
	case SKEP_EXPR_BLOCK:
		if (e->block.macro)
			skep_str_addf(out, "%s(...)", e->block.macro);
		else
			skep_str_add(out, "...");
		return;
	default:
		skep_str_add(out, "...");
		return;
	}
}

char *skep_expr_text(struct skep_arena *arena, const struct skep_expr *expr)
{
	_cleanup_(skep_str_fini)
	struct skep_str s = {};

	add(&s, expr, 0);
	if (s.data)
		skep_macro_show(s.data);
	return skep_arena_strdup(arena, skep_str_text(&s));
}

bool skep_expr_is_literal(const struct skep_expr *expr)
{
	if (expr->kind == SKEP_EXPR_UNARY && expr->unary.op <= SKEP_UNARY_BITNOT)
		expr = expr->unary.operand;
	return expr->kind == SKEP_EXPR_INT || expr->kind == SKEP_EXPR_STRING;
}
