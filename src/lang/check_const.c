/* SPDX-License-Identifier: Apache-2.0 */
/* Constants: what an expression is before any program runs. */
#include <errno.h>
#include <string.h>

#include "lang/arith.h"
#include "lang/builtin.h"
#include "lang/check_priv.h"
#include "lang/constants.h"
#include "lang/need.h"

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

const struct skep_type *skep_check_wide_enum(struct skep_compiler *c, const struct skep_type *type)
{
	struct skep_type wide = *type;

	wide.size = 8;
	return type->size == 8 ? type : skep_arena_memdup(c->arena, &wide, sizeof(wide));
}

bool skep_check_constant(struct skep_compiler *c, const char *name, int64_t *ret_value,
			 const struct skep_type **ret_of, uint32_t *ret_need)
{
	const struct skep_constant *own = skep_hash_get_str(&c->constants, name);
	/* Of C's headers most are macros; that the kernel has these as enums gives their numbers names. */
	bool is_enum = skep_has_prefix(name, "TCP_") || skep_has_prefix(name, "IPPROTO_");
	const struct skep_type *of = NULL;
	struct skep_btf_enumerator e;
	uint32_t id, need = 0;

	if (own) {
		*ret_value = own->value;
		of = own->of;
	} else if (skep_streq(name, "HZ") && c->options->kernel_hz) {
		*ret_value = c->options->kernel_hz();
		if (!*ret_value)
			return false;
		need = skep_need_ticks(&c->types, name, *ret_value);
	} else if (is_enum || !skep_constant_find(name, ret_value)) {
		if (c->types.btf && skep_btf_find_enumerator(c->types.btf, name, &id, &e) >= 0) {
			*ret_value = (int64_t)e.value;
			need = skep_need_enum(&c->types, name, *ret_value);
			of = skep_type_from_btf(&c->types, c->types.btf, id, SKEP_SPACE_KERNEL);
		} else if (!skep_constant_find(name, ret_value)) {
			return false;
		}
	}
	if (ret_need)
		*ret_need = need;
	else
		skep_need_enum_exact(&c->types, need);
	if (ret_of)
		*ret_of = of && of->kind == SKEP_TYPE_INT ? skep_check_wide_enum(c, of) : NULL;
	return true;
}

/* The type of what is looked at before it was checked, too. */
static const struct skep_type *type_of(const struct skep_expr *expr)
{
	bool is_unsigned = expr->kind == SKEP_EXPR_INT && expr->num.is_unsigned;

	return expr->type && expr->type->kind == SKEP_TYPE_INT ? expr->type
							       : skep_type_int(8, !is_unsigned);
}

static bool const_unary(struct skep_check *k, const struct skep_expr *expr, int64_t *ret_value)
{
	int64_t a;

	if (!skep_check_const(k, expr->unary.operand, &a))
		return false;
	if (expr->unary.op == SKEP_UNARY_NEG)
		*ret_value = (int64_t)(0 - (uint64_t)a);
	else if (expr->unary.op == SKEP_UNARY_BITNOT)
		*ret_value = a ^ (int64_t)skep_arith_not_mask(type_of(expr->unary.operand));
	else if (expr->unary.op == SKEP_UNARY_NOT)
		*ret_value = !a;
	else
		return false;
	return true;
}

/* A text that is known: a literal, a parameter as str($1), or the element of a tuple of such. */
static const char *known_text(struct skep_check *k, const struct skep_expr *expr)
{
	const struct skep_expr *base = expr->kind == SKEP_EXPR_FIELD ? expr->field.base : NULL;
	size_t i;

	if (expr->kind == SKEP_EXPR_CALL && expr->call.args.len == 1 &&
	    skep_streq(expr->call.name, "str"))
		return skep_check_literal(k, expr->call.args.data[0]);
	if (expr->kind == SKEP_EXPR_STRING)
		return expr->text.data;
	if (!base || base->kind != SKEP_EXPR_TUPLE || !base->type)
		return NULL;
	i = skep_type_element_named(base->type, expr->field.name);
	return i < base->tuple.len ? known_text(k, base->tuple.data[i]) : NULL;
}

static bool const_texts(struct skep_check *k, const struct skep_expr *expr, int64_t *ret_value)
{
	enum skep_binary op = expr->binary.op;
	const char *a, *b;

	if (op != SKEP_BINARY_EQ && op != SKEP_BINARY_NE)
		return false;
	a = known_text(k, expr->binary.left);
	b = known_text(k, expr->binary.right);
	if (!a || !b)
		return false;
	*ret_value = skep_streq(a, b) == (op == SKEP_BINARY_EQ);
	return true;
}

static bool const_binary(struct skep_check *k, const struct skep_expr *expr, int64_t *ret_value)
{
	enum skep_binary op = expr->binary.op;
	struct skep_expr left = *expr->binary.left, right = *expr->binary.right;
	int64_t a, b;

	left.type = type_of(&left);
	right.type = type_of(&right);
	if (const_texts(k, expr, ret_value))
		return true;
	if (!skep_check_const(k, expr->binary.left, &a))
		return false;
	/* One side decides: the other need not be constant. */
	if ((op == SKEP_BINARY_LAND && !a) || (op == SKEP_BINARY_LOR && a)) {
		*ret_value = op == SKEP_BINARY_LOR;
		return true;
	}
	if (!skep_check_const(k, expr->binary.right, &b))
		return false;
	if (op < SKEP_BINARY_EQ)
		return skep_arith_fold(op, left.type, a, right.type, b, ret_value);
	*ret_value = skep_arith_compare(op, a, b, skep_arith_unsigned_compare(&left, &right));
	return true;
}

static bool const_cast(struct skep_check *k, const struct skep_expr *expr, int64_t *ret_value)
{
	const struct skep_type *to = expr->type;
	int64_t a;

	if (!to && expr->cast.to.name)
		to = skep_type_by_name(&k->c->types, expr->cast.to.name);
	if (!to || to->kind != SKEP_TYPE_INT || !skep_check_const(k, expr->cast.value, &a))
		return false;
	if (to->is_bool) {
		a = a != 0;
	} else if (to->size < 8) {
		unsigned shift = 64 - to->size * 8;

		a = to->is_signed ? (int64_t)((uint64_t)a << shift) >> shift
				  : (int64_t)((uint64_t)a << shift >> shift);
	}
	*ret_value = a;
	return true;
}

static bool const_layout(struct skep_check *k, const struct skep_expr *expr, int64_t *ret_value)
{
	const struct skep_type *type = expr->layout.expr ? expr->layout.expr->type : NULL;
	uint64_t value;

	if (expr->layout.of.name)
		type = skep_type_by_name(&k->c->types, expr->layout.of.name);
	else if (expr->layout.of.of)
		type = expr->layout.of.of->type;
	if (!type || !skep_check_layout_of(k, expr, type, &value))
		return false;
	*ret_value = (int64_t)value;
	return true;
}

bool skep_check_const(struct skep_check *k, const struct skep_expr *expr, int64_t *ret_value)
{
	int64_t a;

	switch (expr->kind) {
	case SKEP_EXPR_INT:
		skep_need_enum_exact(&k->c->types, expr->num.need_plus1);
		*ret_value = (int64_t)expr->num.value;
		return true;
	case SKEP_EXPR_NAME:
		if (skep_streq(expr->call.name, "has_cpid")) {
			*ret_value = k->c->options->has_cpid;
			return true;
		}
		return !skep_builtin_find(expr->call.name) &&
		       skep_check_constant(k->c, expr->call.name, ret_value, NULL, NULL);
	case SKEP_EXPR_PARAM:
		return param_number(k->c, expr->param.index, ret_value);
	case SKEP_EXPR_UNARY:
		return const_unary(k, expr, ret_value);
	case SKEP_EXPR_BINARY:
		return const_binary(k, expr, ret_value);
	case SKEP_EXPR_TERNARY:
		if (!skep_check_const(k, expr->ternary.cond, &a))
			return false;
		*ret_value = a;
		if (a && !expr->ternary.yes)
			return true;
		return skep_check_const(k, a ? expr->ternary.yes : expr->ternary.no, ret_value);
	case SKEP_EXPR_CALL:
		*ret_value = expr->call.state != NULL;
		return expr->type && expr->call.builtin &&
		       (expr->call.builtin->flags & SKEP_BUILTIN_COMPTIME);
	case SKEP_EXPR_BLOCK:
		return !expr->block.body.len && expr->block.value &&
		       skep_check_const(k, expr->block.value, ret_value);
	case SKEP_EXPR_CAST:
		return const_cast(k, expr, ret_value);
	case SKEP_EXPR_SIZEOF:
	case SKEP_EXPR_OFFSETOF:
		return const_layout(k, expr, ret_value);
	default:
		return false;
	}
}

const char *skep_compiler_literal(const struct skep_compiler *c, const struct skep_expr *expr)
{
	const struct skep_compile_options *o = c->options;

	if (expr->kind == SKEP_EXPR_STRING)
		return expr->text.data;
	if (expr->kind != SKEP_EXPR_PARAM)
		return NULL;
	if (!expr->param.index)
		return skep_arena_printf(c->arena, "%zu", o->n_params);
	return expr->param.index <= o->n_params ? o->params[expr->param.index - 1] : "";
}

const char *skep_check_literal(struct skep_check *k, const struct skep_expr *expr)
{
	return skep_compiler_literal(k->c, expr);
}
