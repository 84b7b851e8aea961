/* SPDX-License-Identifier: Apache-2.0 */
/* Constants: what an expression is before any program runs. */
#include <errno.h>
#include <string.h>

#include "lang/check_priv.h"
#include "lang/operators.h"

static bool param_number(const struct skep_compiler *c, unsigned index, int64_t *ret_value)
{
	const struct skep_compile_options *o = c->options;
	const char *text;
	char *end;

	if (!index) {
		*ret_value = (int64_t)o->n_params;
		return true;
	}
	if (index > o->n_params) {
		*ret_value = 0;
		return true;
	}
	text = o->params[index - 1];
	errno = 0;
	*ret_value = text[0] == '-' ? strtoll(text, &end, 0) : (int64_t)strtoull(text, &end, 0);
	return !errno && end != text && !*end;
}

bool skep_check_const(struct skep_check *k, const struct skep_expr *expr, int64_t *ret_value)
{
	int64_t a, b;

	switch (expr->kind) {
	case SKEP_EXPR_INT:
		*ret_value = (int64_t)expr->num.value;
		return true;
	case SKEP_EXPR_PARAM:
		return param_number(k->c, expr->param.index, ret_value);
	case SKEP_EXPR_UNARY:
		if (!skep_check_const(k, expr->unary.operand, &a))
			return false;
		if (expr->unary.op == SKEP_UNARY_NEG)
			*ret_value = (int64_t)(0 - (uint64_t)a);
		else if (expr->unary.op == SKEP_UNARY_BITNOT)
			*ret_value = ~a;
		else
			return false;
		return true;
	case SKEP_EXPR_BINARY:
		return skep_check_const(k, expr->binary.left, &a) &&
		       skep_check_const(k, expr->binary.right, &b) &&
		       skep_binary_fold(expr->binary.op, a, b, ret_value);
	default:
		return false;
	}
}

const char *skep_check_literal(struct skep_check *k, const struct skep_expr *expr)
{
	const struct skep_compile_options *o = k->c->options;

	if (expr->kind == SKEP_EXPR_STRING)
		return expr->text.data;
	if (expr->kind != SKEP_EXPR_PARAM)
		return NULL;
	if (!expr->param.index)
		return skep_arena_printf(k->c->arena, "%zu", o->n_params);
	return expr->param.index <= o->n_params ? o->params[expr->param.index - 1] : "";
}
