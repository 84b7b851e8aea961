/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/arith.h"

/* Bytes of a number without a sign. */
static unsigned width(const struct skep_type *type)
{
	return type->narrow ? type->narrow : type->size;
}

static bool wide_unsigned(const struct skep_type *type)
{
	return type->kind != SKEP_TYPE_INT || (!type->is_signed && width(type) == 8);
}

bool skep_arith_unsigned(const struct skep_type *a, const struct skep_type *b)
{
	return wide_unsigned(a) || wide_unsigned(b);
}

static bool is_neutral(const struct skep_expr *expr)
{
	return expr->kind == SKEP_EXPR_INT && (int64_t)expr->num.value >= 0;
}

bool skep_arith_unsigned_compare(const struct skep_expr *a, const struct skep_expr *b)
{
	if (is_neutral(a))
		a = b;
	else if (is_neutral(b))
		b = a;
	return skep_arith_unsigned(a->type, b->type);
}

static bool is_narrow(const struct skep_type *type)
{
	return !type->is_signed && !type->is_bool && width(type) < 8;
}

const struct skep_type *skep_arith_type(enum skep_binary op, const struct skep_type *a,
					const struct skep_type *b)
{
	if (op == SKEP_BINARY_SUB)
		return skep_type_int(8, true);
	if (op == SKEP_BINARY_SHL || op == SKEP_BINARY_SHR)
		return skep_type_int(8, a->is_signed);
	/* Two of 32 bits have a product that only fits without a sign. */
	if (op == SKEP_BINARY_MUL && is_narrow(a) && is_narrow(b) && width(a) + width(b) >= 8)
		return skep_type_int(8, false);
	return skep_type_int(8, !skep_arith_unsigned(a, b));
}

enum skep_ir_op skep_arith_op(enum skep_binary op, const struct skep_type *a,
			      const struct skep_type *b)
{
	bool is_unsigned = skep_arith_unsigned(a, b);

	switch (op) {
	case SKEP_BINARY_SUB:
		return SKEP_OP_SUB;
	case SKEP_BINARY_MUL:
		return SKEP_OP_MUL;
	case SKEP_BINARY_DIV:
		return is_unsigned ? SKEP_OP_UDIV : SKEP_OP_SDIV;
	case SKEP_BINARY_MOD:
		return is_unsigned ? SKEP_OP_UMOD : SKEP_OP_SMOD;
	case SKEP_BINARY_AND:
		return SKEP_OP_AND;
	case SKEP_BINARY_OR:
		return SKEP_OP_OR;
	case SKEP_BINARY_XOR:
		return SKEP_OP_XOR;
	case SKEP_BINARY_SHL:
		return SKEP_OP_SHL;
	case SKEP_BINARY_SHR:
		return a->kind == SKEP_TYPE_INT && a->is_signed ? SKEP_OP_SAR : SKEP_OP_SHR;
	default:
		return SKEP_OP_ADD;
	}
}

enum skep_cc skep_arith_cc(enum skep_binary op, bool is_unsigned)
{
	switch (op) {
	case SKEP_BINARY_EQ:
		return SKEP_CC_EQ;
	case SKEP_BINARY_NE:
		return SKEP_CC_NE;
	case SKEP_BINARY_LT:
		return is_unsigned ? SKEP_CC_ULT : SKEP_CC_SLT;
	case SKEP_BINARY_LE:
		return is_unsigned ? SKEP_CC_ULE : SKEP_CC_SLE;
	case SKEP_BINARY_GT:
		return is_unsigned ? SKEP_CC_UGT : SKEP_CC_SGT;
	default:
		return is_unsigned ? SKEP_CC_UGE : SKEP_CC_SGE;
	}
}

bool skep_arith_fold(enum skep_binary op, const struct skep_type *a, int64_t x,
		     const struct skep_type *b, int64_t y, int64_t *ret_value)
{
	bool divides = op == SKEP_BINARY_DIV || op == SKEP_BINARY_MOD;

	if (op < SKEP_BINARY_ADD || op > SKEP_BINARY_SHR ||
	    (divides && (!y || (x == INT64_MIN && y == -1 && !skep_arith_unsigned(a, b)))))
		return false;
	*ret_value = (int64_t)skep_ir_op_eval(skep_arith_op(op, a, b), (uint64_t)x, (uint64_t)y);
	return true;
}

int64_t skep_arith_compare(enum skep_binary op, int64_t x, int64_t y, bool is_unsigned)
{
	if (op == SKEP_BINARY_LAND)
		return x && y;
	if (op == SKEP_BINARY_LOR)
		return x || y;
	return skep_ir_cc_eval(skep_arith_cc(op, is_unsigned), (uint64_t)x, (uint64_t)y);
}

const struct skep_type *skep_arith_not_type(struct skep_arena *arena, const struct skep_type *type)
{
	if (is_narrow(type))
		return skep_type_narrow(arena, width(type), false);
	return skep_type_int(8, type->is_signed || type->is_bool);
}

uint64_t skep_arith_not_mask(const struct skep_type *type)
{
	return is_narrow(type) ? (UINT64_C(1) << width(type) * 8) - 1 : UINT64_MAX;
}
