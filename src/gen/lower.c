/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last change of form before registers: operands become what instructions can take. A constant
 * stays in its instruction where it fits; elsewhere a floating value gets a register just before
 * its use (MAT), shared by the uses up to the next call, since a register that survives calls costs
 * more than making the value again.
 */
#include "gen/ir.h"

/*
 * An edge from a block with two ways to a block with several gets a block of its own, where phi
 * moves can be.
 */
static void split_edge(struct skep_block *from, unsigned way)
{
	struct skep_fn *fn = from->fn;
	struct skep_block *to = from->succ[way], *mid = ir_block_new(fn);
	struct skep_val *jump = ir_new(fn, IR_JUMP, 0);

	jump->loc = from->last->loc;
	ir_append(mid, jump);
	mid->ended = true;
	mid->cold = to->cold || from->cold;
	mid->depth = MIN(from->depth, to->depth);
	mid->n_succ = 1;
	mid->succ[0] = to;
	ir_add_pred(mid, from);
	to->preds[ir_pred_index(to, from)] = mid;
	from->succ[way] = mid;
}

static void split_edges(struct skep_fn *fn)
{
	bool changed = false;

	for (unsigned i = 0; i < fn->n_order; i++) {
		struct skep_block *block = fn->order[i];

		for (unsigned k = 0; block->n_succ == 2 && k < 2; k++)
			if (block->succ[k]->first->kind == IR_PHI) {
				split_edge(block, k);
				changed = true;
			}
	}
	if (changed)
		ir_cfg(fn);
}

/* What was made since the last call, the newest last. */
struct made {
	struct skep_val *vals[16];
	unsigned n;
};

static void into_register(struct made *made, struct skep_val *v, unsigned k)
{
	struct skep_val *mat;

	for (unsigned i = made->n; i-- > 0;)
		if (ir_same(made->vals[i]->args[0], v->args[k])) {
			v->args[k] = made->vals[i];
			return;
		}
	mat = ir_new(v->block->fn, IR_MAT, 1);
	mat->args[0] = v->args[k];
	mat->loc = v->loc;
	ir_insert_before(v, mat);
	v->args[k] = mat;
	if (made->n == ARRAY_SIZE(made->vals))
		made->n = 0;
	made->vals[made->n++] = mat;
}

static void swap_args(struct skep_val *v)
{
	struct skep_val *a = v->args[0];

	v->args[0] = v->args[1];
	v->args[1] = a;
}

/* True when the second operand of an operation can be said within its instructions. */
static bool op_takes(const struct skep_val *v)
{
	const struct skep_val *b = v->args[1];

	if (b->kind == IR_SLOT)
		return v->sub == SKEP_OP_ADD && !ir_floats(v->args[0]);
	if (b->kind == IR_NEED)
		return b->size != 8 && (v->sub == SKEP_OP_ADD || v->sub == SKEP_OP_SUB);
	if (b->kind != IR_CONST)
		return false;
	switch (v->sub) {
	case SKEP_OP_SHL:
	case SKEP_OP_SHR:
	case SKEP_OP_SAR:
		return true; /* only the low 6 bits count */
	case SKEP_OP_UDIV:
	case SKEP_OP_SDIV:
	case SKEP_OP_UMOD:
	case SKEP_OP_SMOD:
		return b->imm && ir_fits_s32(b->imm); /* the kernel refuses a constant 0 here */
	case SKEP_OP_AND:
		return ir_fits_s32(b->imm) || (uint64_t)b->imm <= UINT32_MAX;
	default:
		return ir_fits_s32(b->imm);
	}
}

static void lower_val(struct made *made, struct skep_val *v)
{
	switch (v->kind) {
	case IR_OP:
		if (ir_commutes(v->sub) && ir_floats(v->args[0]) &&
		    (!ir_floats(v->args[1]) || ir_is_const(v->args[0])))
			swap_args(v);
		if (ir_floats(v->args[1]) && !op_takes(v))
			into_register(made, v, 1);
		break;
	case IR_CMP:
	case IR_BRANCH:
		if (ir_floats(v->args[0]) && !ir_floats(v->args[1]) && v->sub < SKEP_CC_MAX) {
			swap_args(v);
			v->sub = ir_cc_swap(v->sub);
		}
		if (ir_floats(v->args[0]))
			into_register(made, v, 0);
		if (ir_floats(v->args[1]) &&
		    (v->args[1]->kind != IR_CONST || (!v->size && !ir_fits_s32(v->args[1]->imm))))
			into_register(made, v, 1);
		break;
	case IR_STORE:
	case IR_ATOMIC:
		/* Kernels before 6.4 do not take constants for the context. */
		if (ir_floats(v->args[1]) &&
		    (v->kind == IR_ATOMIC || v->args[0]->kind == IR_PARAM ||
		     v->args[1]->kind != IR_CONST ||
		     (v->size == 8 && !ir_fits_s32(v->args[1]->imm))))
			into_register(made, v, 1);
		/* fallthrough */
	case IR_LOAD:
		if (ir_floats(v->args[0]) && v->args[0]->kind != IR_SLOT)
			into_register(made, v, 0);
		break;
	default:
		if (ir_is_call(v))
			made->n = 0;
	}
}

/* A phi that nobody reads would still keep its arguments alive. */
static void drop_unread_phis(struct skep_fn *fn)
{
	bool changed = true;

	while (changed) {
		changed = false;
		for (unsigned i = 0; i < fn->n_order; i++)
			for (struct skep_val *v = fn->order[i]->first, *next; v->kind == IR_PHI;
			     v = next) {
				next = v->next;
				if (v->n_uses)
					continue;
				for (unsigned k = 0; k < v->n_args; k++)
					v->args[k]->n_uses--;
				ir_remove(v);
				changed = true;
			}
	}
}

void ir_lower(struct skep_fn *fn)
{
	ir_count_uses(fn);
	drop_unread_phis(fn);
	if (fn->gen->options.opt_level)
		ir_fuse(fn);
	split_edges(fn);
	for (unsigned i = 0; i < fn->n_order; i++) {
		struct made made = {};

		for (struct skep_val *v = fn->order[i]->first; v; v = v->next)
			lower_val(&made, v);
	}
	ir_count_uses(fn);
}
