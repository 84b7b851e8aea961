/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Branches and comparisons take over what only they need: masks (jset) and 32-bit extensions
 * (jmp32).
 */
#include "gen/ir.h"

static bool is_u32(uint64_t n)
{
	return n <= UINT32_MAX;
}

/* An extension from 4 bytes that only @v needs. */
static bool is_ext32(const struct skep_val *a, bool is_signed)
{
	return a->kind == IR_EXT && a->size == 4 && a->n_uses == 1 &&
	       !(a->flags & SKEP_LOAD_SIGNED) == !is_signed;
}

/*
 * The low halves decide: the operands are the same numbers in 32 bits, in the order that @v asks
 * for.
 */
static void fuse_ext32(struct skep_val *v)
{
	struct skep_val *a = v->args[0], *b = v->args[1];
	bool is_signed = v->sub >= SKEP_CC_SLT, equality = v->sub <= SKEP_CC_NE;
	uint64_t n = (uint64_t)b->imm;

	if (ir_is_const(b)) {
		if ((equality || !is_signed) && is_u32(n) && is_ext32(a, false)) {
			v->args[0] = a->args[0];
			v->size = 4;
		} else if ((equality || is_signed) && ir_fits_s32(b->imm) && is_ext32(a, true)) {
			v->args[0] = a->args[0];
			v->size = 4;
		} else if (!is_signed && is_u32(n) && !ir_fits_s32(b->imm) &&
			   is_u32(ir_umax(a, IR_DEPTH))) {
			v->size = 4;
		}
		return;
	}
	if (a == b || ir_floats(a) || ir_floats(b))
		return;
	if ((!is_signed && is_ext32(a, false) && is_ext32(b, false)) ||
	    ((equality || is_signed) && is_ext32(a, true) && is_ext32(b, true))) {
		v->args[0] = a->args[0];
		v->args[1] = b->args[0];
		v->size = 4;
	}
}

/* (x & y) against 0 */
static void fuse_set(struct skep_val *v)
{
	struct skep_val *a = v->args[0], *b = v->args[1];
	struct skep_block *block = v->block, *yes = block->succ[0];

	if (v->sub > SKEP_CC_NE || v->size || !ir_is_const(b) || b->imm || a->kind != IR_OP ||
	    a->sub != SKEP_OP_AND || a->n_uses != 1 || a->block != block)
		return;
	if (ir_is_const(a->args[1]) && !ir_fits_s32(a->args[1]->imm))
		return;
	if (v->sub == SKEP_CC_EQ) {
		block->succ[0] = block->succ[1];
		block->succ[1] = yes;
	}
	v->sub = IR_CC_SET;
	v->args[0] = a->args[0];
	v->args[1] = a->args[1];
}

void ir_fuse(struct skep_fn *fn)
{
	for (unsigned i = 0; i < fn->n_order; i++)
		for (struct skep_val *v = fn->order[i]->first; v; v = v->next) {
			if (v->kind == IR_CMP || v->kind == IR_BRANCH)
				fuse_ext32(v);
			if (v->kind == IR_BRANCH)
				fuse_set(v);
		}
	ir_dce(fn);
	ir_count_uses(fn);
}
