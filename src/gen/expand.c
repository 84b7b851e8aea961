/* SPDX-License-Identifier: Apache-2.0 */
/* What the machine has no instruction for, in terms of what it has. */
#include "gen/ir.h"

/*
 * The index of the highest bit, by halving: (bound - v) is negative exactly when v is over the
 * bound, which gives the next bit of the answer without a jump. The last 4 bits are looked up in a
 * constant: 2 bits of answer for each.
 */
struct skep_val *skep_ir_log2(struct skep_fn *fn, struct skep_val *a)
{
	static const uint64_t bounds[] = { 0xffff, 0xff, 0xf };
	const uint32_t table = 0xffffaa50; /* 3 3 3 3 3 3 3 3 2 2 2 2 1 1 0 0 */
	struct skep_val *t, *sum, *zero = ir_const(fn, 0);

	t = skep_ir_op(fn, SKEP_OP_SUB, zero, skep_ir_opi(fn, SKEP_OP_SHR, a, 32));
	t = skep_ir_opi(fn, SKEP_OP_AND, skep_ir_opi(fn, SKEP_OP_SHR, t, 58), 32);
	sum = t;
	a = skep_ir_op(fn, SKEP_OP_SHR, a, t);
	for (unsigned i = 0; i < ARRAY_SIZE(bounds); i++) {
		unsigned bit = 16 >> i;

		t = skep_ir_op(fn, SKEP_OP_SUB, ir_const(fn, bounds[i]), a);
		t = skep_ir_opi(fn, SKEP_OP_SHR, t, 64 - 5 + i);
		t = skep_ir_opi(fn, SKEP_OP_AND, t, bit);
		a = skep_ir_op(fn, SKEP_OP_SHR, a, t);
		sum = skep_ir_op(fn, SKEP_OP_OR, sum, t);
	}
	t = skep_ir_opi(fn, SKEP_OP_SHL, a, 1);
	t = skep_ir_op(fn, SKEP_OP_SHR, ir_const(fn, table), t);
	return skep_ir_op(fn, SKEP_OP_OR, sum, skep_ir_opi(fn, SKEP_OP_AND, t, 3));
}

/* |v| given its sign as 0 or -1. */
static struct skep_val *magnitude(struct skep_val *at, struct skep_val *v, struct skep_val *sign)
{
	return ir_op_before(at, SKEP_OP_SUB, ir_op_before(at, SKEP_OP_XOR, v, sign), sign);
}

/*
 * Division of the magnitudes, then the sign put back; by zero it comes out as the machine has it.
 */
static void expand_div(struct skep_val *v)
{
	struct skep_fn *fn = v->block->fn;
	struct skep_val *a = v->args[0], *b = v->args[1], *sa, *sb, *q;
	bool rest = v->sub == SKEP_OP_SMOD;

	sa = ir_op_before(v, SKEP_OP_SAR, a, ir_const(fn, 63));
	if (ir_is_const(b)) {
		sb = ir_const(fn, b->imm < 0 ? UINT64_MAX : 0);
		b = ir_const(fn, b->imm < 0 ? 0 - (uint64_t)b->imm : (uint64_t)b->imm);
	} else {
		sb = ir_op_before(v, SKEP_OP_SAR, b, ir_const(fn, 63));
		b = magnitude(v, b, sb);
	}
	q = ir_op_before(v, rest ? SKEP_OP_UMOD : SKEP_OP_UDIV, magnitude(v, a, sa), b);
	if (!rest)
		sa = ir_op_before(v, SKEP_OP_XOR, sa, sb);
	v->fwd = magnitude(v, q, sa);
	ir_remove(v);
}

static void expand_load(struct skep_val *v)
{
	struct skep_val *ext = ir_new(v->block->fn, IR_EXT, 1);
	struct skep_val *load = ir_new(v->block->fn, IR_LOAD, 1);

	load->args[0] = v->args[0];
	load->imm = v->imm;
	load->needs = v->needs;
	load->size = v->size;
	load->flags = v->flags & ~SKEP_LOAD_SIGNED;
	load->loc = ext->loc = v->loc;
	ir_insert_before(v, load);
	ext->args[0] = load;
	ext->size = v->size;
	ext->flags = SKEP_LOAD_SIGNED;
	ir_insert_before(v, ext);
	v->fwd = ext;
	ir_remove(v);
}

void ir_expand(struct skep_fn *fn)
{
	struct skep_val *next;

	if (fn->gen->options.cpu >= 4)
		return;
	for (unsigned i = 0; i < fn->n_order; i++)
		for (struct skep_val *v = fn->order[i]->first; v; v = next) {
			next = v->next;
			for (unsigned k = 0; k < v->n_args; k++)
				v->args[k] = ir_real(v->args[k]);
			if (v->kind == IR_OP && (v->sub == SKEP_OP_SDIV || v->sub == SKEP_OP_SMOD))
				expand_div(v);
			else if (v->kind == IR_LOAD && v->flags & SKEP_LOAD_SIGNED && v->size < 8)
				expand_load(v);
		}
}
