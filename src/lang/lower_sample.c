/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lowering, sampling: where tracing must stay within a budget (--max-cpu), each program first looks how many events are to
 * be kept, which user space may change at any time.
 *
 *	mask ── 0 ─► go on
 *	  └──── random & mask ── 0 ─► go on
 *	                └──────────► count as left out, done
 */
#include "lang/lower_priv.h"

static unsigned sample_map(struct skep_lower *l)
{
	struct skep_compiler *c = l->c;

	if (!c->sample_map_plus1)
		c->sample_map_plus1 = skep_gen_map(l->gen,
						   &(struct skep_spec_map){
							   .name = "sample",
							   .type = SKEP_MAP_ARRAY,
							   .key_size = 4,
							   .value_size = 8,
							   .max_entries = 1,
						   }) +
				      1;
	return c->sample_map_plus1 - 1;
}

void skep_lower_sample(struct skep_lower *l)
{
	struct skep_block *some = skep_ir_block(l->fn), *out = skep_ir_block(l->fn),
			  *go = skep_ir_block(l->fn);
	struct skep_val *zero = skep_ir_const(l->fn, 0), *mask, *dice;

	mask = skep_ir_load(l->fn, skep_ir_map_value(l->fn, sample_map(l), 0), 0, 8, 0);
	skep_ir_branch(l->fn, SKEP_CC_EQ, mask, zero, go, some);
	skep_ir_at(l->fn, some);
	dice = skep_ir_call(l->fn, SKEP_HELPER_GET_PRANDOM_U32, SKEP_CALL_NOEFFECT, 0);
	skep_ir_branch(l->fn, SKEP_CC_EQ, skep_ir_op(l->fn, SKEP_OP_AND, dice, mask), zero, go,
		       out);
	skep_ir_at(l->fn, out);
	skep_lower_loss(l, SKEP_LOSS_SAMPLED);
	skep_ir_jump(l->fn, l->done);
	skep_ir_at(l->fn, go);
}
