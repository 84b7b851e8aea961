/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of values: bounds, identity, the outcome of conditions. */
#include "gen/ir.h"

static uint64_t umax_op(const struct skep_val *v, unsigned depth)
{
	uint64_t a = ir_umax(ir_real(v->args[0]), depth), b = ir_umax(ir_real(v->args[1]), depth);
	bool by_const = ir_is_const(ir_real(v->args[1]));

	switch (v->sub) {
	case SKEP_OP_ADD:
		return a + b < a ? UINT64_MAX : a + b;
	case SKEP_OP_AND:
		return MIN(a, b);
	case SKEP_OP_OR:
		a |= b;
		return a ? UINT64_MAX >> __builtin_clzll(a) : 0;
	case SKEP_OP_SHR:
		return by_const ? a >> (b & 63) : UINT64_MAX;
	case SKEP_OP_SHL:
		return by_const && a <= UINT64_MAX >> (b & 63) ? a << (b & 63) : UINT64_MAX;
	default:
		return UINT64_MAX;
	}
}

/*
 * Only by what every kernel's verifier knows as well: a check that it needs must not vanish because
 * we know better (it knows nothing of remainders and swapped bytes, for one).
 */
uint64_t ir_umax(const struct skep_val *v, unsigned depth)
{
	uint64_t n;

	if (v->kind == IR_CONST)
		return (uint64_t)v->imm;
	if (!depth)
		return UINT64_MAX;
	switch (v->kind) {
	case IR_LOAD:
		return v->flags & SKEP_LOAD_SIGNED ? UINT64_MAX : ir_low_mask(v->size);
	case IR_EXT:
		n = ir_umax(ir_real(v->args[0]), depth - 1);
		if (v->flags & SKEP_LOAD_SIGNED)
			return n <= ir_low_mask(v->size) / 2 ? n : UINT64_MAX;
		return MIN(n, ir_low_mask(v->size));
	case IR_CMP:
		return 1;
	case IR_OP:
		return umax_op(v, depth - 1);
	default:
		return UINT64_MAX;
	}
}

bool ir_same_needs(const struct ir_need *a, const struct ir_need *b)
{
	for (; a && b && a->index == b->index; a = a->next)
		b = b->next;
	return !a && !b;
}

bool ir_same(const struct skep_val *a, const struct skep_val *b)
{
	if (a == b)
		return true;
	if (a->kind != b->kind || !ir_floats(a) || a->imm != b->imm)
		return false;
	switch (a->kind) {
	case IR_SLOT:
		return a->slot == b->slot;
	case IR_MAP:
	case IR_MAPVAL:
		return a->map == b->map;
	case IR_FUNC:
		return a->callee == b->callee;
	case IR_NEED:
		return a->size == b->size && ir_same_needs(a->needs, b->needs);
	default:
		return true;
	}
}

/* Whether "@a cc constant" holds for every value up to @max, or for none: 1, 0, or -1. */
static int decide_range(enum skep_cc cc, uint64_t max, uint64_t c)
{
	bool low, high;

	if (max == UINT64_MAX && cc >= SKEP_CC_SLT)
		return -1;
	/* From 0 to max in one direction of the order, so the ends decide. */
	if (cc >= SKEP_CC_SLT && max > INT64_MAX)
		return -1;
	if (cc == SKEP_CC_EQ || cc == SKEP_CC_NE)
		return c > max ? cc == SKEP_CC_NE : -1;
	low = skep_ir_cc_eval(cc, 0, c);
	high = skep_ir_cc_eval(cc, max, c);
	return low == high ? low : -1;
}

int ir_decide(const struct skep_val *v)
{
	const struct skep_val *a = v->args[0], *b = v->args[1];

	if (ir_is_const(a) && ir_is_const(b))
		return skep_ir_cc_eval(v->sub, (uint64_t)a->imm, (uint64_t)b->imm);
	if (ir_same(a, b))
		return skep_ir_cc_eval(v->sub, 0, 0);
	if (!ir_is_const(b))
		return -1;
	if ((a->kind == IR_SLOT || a->kind == IR_MAPVAL) && !b->imm && v->sub <= SKEP_CC_NE)
		return v->sub == SKEP_CC_NE; /* never NULL */
	return decide_range(v->sub, ir_umax(a, IR_DEPTH), (uint64_t)b->imm);
}
