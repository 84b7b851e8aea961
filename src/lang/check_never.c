/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Comparisons with a number that the other side cannot have: they have one answer whatever happens, and mostly something else was
 * meant. Only numbers that are written out are looked at: what a parameter or an option gives may well be out of the ordinary.
 */
#include "lang/arith.h"
#include "lang/check_priv.h"

struct comparison {
	enum skep_binary op; /* @what OP @value */
	const struct skep_expr *what;
	const struct skep_type *type; /* of what */
	int64_t value;
	bool below; /* the value is below zero, and written so */
};

/* Not an enumerator, whose number is another one on other kernels: nothing may depend on it but what is run. */
static bool is_written(const struct skep_expr *expr)
{
	if (expr->kind == SKEP_EXPR_UNARY)
		expr = expr->unary.operand;
	return expr->kind == SKEP_EXPR_INT && !expr->was && !expr->num.is_option &&
	       !expr->num.need_plus1;
}

static enum skep_binary mirrored(enum skep_binary op)
{
	switch (op) {
	case SKEP_BINARY_LT:
		return SKEP_BINARY_GT;
	case SKEP_BINARY_LE:
		return SKEP_BINARY_GE;
	case SKEP_BINARY_GT:
		return SKEP_BINARY_LT;
	case SKEP_BINARY_GE:
		return SKEP_BINARY_LE;
	default:
		return op;
	}
}

static bool take_apart(struct skep_check *k, const struct skep_expr *expr, struct comparison *ret_c)
{
	const struct skep_expr *left = expr->binary.left, *right = expr->binary.right;
	bool is_right = is_written(right);
	const struct skep_expr *number = is_right ? right : left;
	int64_t value;

	if (is_right == is_written(left) || !skep_check_const(k, number, &value))
		return false;
	*ret_c = (struct comparison){
		.op = is_right ? expr->binary.op : mirrored(expr->binary.op),
		.what = is_right ? left : right,
		.type = is_right ? left->type : right->type,
		.value = value,
		.below = value < 0 && number->type->is_signed,
	};
	return true;
}

/* A whole register, of which the function says how much of it counts, and which nobody knows. */
static bool is_register(const struct skep_check *k, const struct comparison *c)
{
	return !(k->inst && k->inst->result_of.btf) && c->what->kind == SKEP_EXPR_NAME &&
	       c->type->kind == SKEP_TYPE_INT && c->type->size == 8 && !c->type->is_signed &&
	       (skep_streq(c->what->call.name, "retval") ||
		skep_has_prefix(c->what->call.name, "arg"));
}

static void hint(struct skep_check *k, const struct comparison *c)
{
	if (is_register(k, c))
		skep_diag_hint(k->c->diag,
			       "it is a whole register: (int32)%s where the function says int, "
			       "(int64)%s where it says long",
			       c->what->call.name, c->what->call.name);
	else if (c->value <= 0 && !c->type->is_signed && !c->type->is_bool)
		skep_diag_hint(k->c->diag, "if it carries a negative number, say so: (int%u)...",
			       c->type->size * 8);
}

/* 1: always true, 0: never, -1: that depends. All values of the type are @low to @high. */
static int answer(const struct comparison *c, int64_t low, int64_t high)
{
	bool below = c->value<low, above = c->value> high;

	switch (c->op) {
	case SKEP_BINARY_EQ:
		return below || above ? 0 : -1;
	case SKEP_BINARY_NE:
		return below || above ? 1 : -1;
	case SKEP_BINARY_LT:
		return above ? 1 : c->value <= low ? 0 : -1;
	case SKEP_BINARY_LE:
		return c->value >= high ? 1 : below ? 0 : -1;
	case SKEP_BINARY_GT:
		return below ? 1 : c->value >= high ? 0 : -1;
	case SKEP_BINARY_GE:
		return c->value <= low ? 1 : above ? 0 : -1;
	default:
		return -1;
	}
}

/* Numbers of 64 bits without a sign, and pointers: both sides are taken for such. */
static void check_wide(struct skep_check *k, const struct skep_expr *expr,
		       const struct comparison *c)
{
	bool never = c->op == SKEP_BINARY_LT,
	     equality = c->op == SKEP_BINARY_EQ || c->op == SKEP_BINARY_NE;
	const char *type = skep_check_type_text(k, c->type);

	if (!c->value && (never || c->op == SKEP_BINARY_GE))
		skep_diag_warn(k->c->diag, expr->loc, "this is %s true: %s has no sign",
			       never ? "never" : "always", type);
	else if (c->below && (!equality || is_register(k, c)))
		skep_diag_warn(k->c->diag, expr->loc, "%s has no sign: %lld is taken for %llu",
			       type, (long long)c->value, (unsigned long long)c->value);
	else
		return;
	hint(k, c);
}

void skep_check_never(struct skep_check *k, const struct skep_expr *expr)
{
	const struct skep_type *type;
	struct comparison c;
	int64_t low, high;
	int r;

	if (!k->final || !take_apart(k, expr, &c))
		return;
	type = c.type;
	if (type->kind == SKEP_TYPE_PTR || (type->size == 8 && !type->is_signed)) {
		check_wide(k, expr, &c);
		return;
	}
	if (type->kind != SKEP_TYPE_INT || type->size >= 8)
		return;
	high = type->is_bool ? 1 : (int64_t)(UINT64_MAX >> (64 - type->size * 8 + type->is_signed));
	low = type->is_signed ? -high - 1 : 0;
	r = answer(&c, low, high);
	if (r < 0)
		return;
	if (!c.value && !low)
		skep_diag_warn(k->c->diag, expr->loc, "this is %s true: %s has no sign",
			       r ? "always" : "never", skep_check_type_text(k, type));
	else
		skep_diag_warn(k->c->diag, expr->loc, "this is %s true: %s is %lld to %lld",
			       r ? "always" : "never", skep_check_type_text(k, type),
			       (long long)low, (long long)high);
	hint(k, &c);
}
