/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lowering, what an aggregation comes to: a program adds up what all CPUs have counted. It costs a look at the memory of
 * each of them, so scripts that need a number often are better off with @n += 1.
 */
#include "lang/lower_priv.h"

struct reader {
	struct skep_var *first, *second; /* as skep_plan_map.value_size lists them */
};

/* Takes one CPU's value at @at into account. */
static void combine(struct skep_lower *l, const struct skep_type *type, const struct reader *rd,
		    struct skep_val *at, struct skep_block *next)
{
	struct skep_val *first = skep_ir_get(l->fn, rd->first);
	struct skep_val *second = skep_ir_get(l->fn, rd->second);
	struct skep_block *is_set, *better, *take;
	struct skep_val *v;
	enum skep_cc cc;

	v = skep_ir_load(l->fn, at, 0, 8, 0);
	if (type->kind != SKEP_TYPE_MIN && type->kind != SKEP_TYPE_MAX) {
		skep_ir_set(l->fn, rd->first, skep_ir_op(l->fn, SKEP_OP_ADD, first, v));
		if (type->kind == SKEP_TYPE_AVG || type->kind == SKEP_TYPE_STATS)
			skep_ir_set(l->fn, rd->second,
				    skep_ir_op(l->fn, SKEP_OP_ADD, second,
					       skep_ir_load(l->fn, at, 8, 8, 0)));
		skep_ir_jump(l->fn, next);
		return;
	}
	is_set = skep_ir_block(l->fn);
	better = skep_ir_block(l->fn);
	take = skep_ir_block(l->fn);
	if (type->elem->is_signed)
		cc = type->kind == SKEP_TYPE_MIN ? SKEP_CC_SLT : SKEP_CC_SGT;
	else
		cc = type->kind == SKEP_TYPE_MIN ? SKEP_CC_ULT : SKEP_CC_UGT;
	skep_ir_branch(l->fn, SKEP_CC_NE, skep_ir_load(l->fn, at, 8, 8, 0), skep_ir_const(l->fn, 0),
		       is_set, next);
	skep_ir_at(l->fn, is_set);
	skep_ir_branch(l->fn, SKEP_CC_EQ, second, skep_ir_const(l->fn, 0), take, better);
	skep_ir_at(l->fn, better);
	skep_ir_branch(l->fn, cc, v, first, take, next);
	skep_ir_at(l->fn, take);
	skep_ir_set(l->fn, rd->first, v);
	skep_ir_set(l->fn, rd->second, skep_ir_const(l->fn, 1));
	skep_ir_jump(l->fn, next);
}

/* The address of CPU number @cpu's value; code goes on where it has one, else at @next. */
static struct skep_val *value_of(struct skep_lower *l, const struct skep_map_info *map,
				 struct skep_val *key, struct skep_val *cpu,
				 struct skep_block *next)
{
	struct skep_block *have;
	struct skep_val *at;

	if (!key)
		return skep_ir_op(l->fn, SKEP_OP_ADD, skep_ir_map_value(l->fn, map->spec_map, 0),
				  skep_ir_opi(l->fn, SKEP_OP_MUL, cpu, map->stripe_size));
	have = skep_ir_block(l->fn);
	at = skep_ir_call(l->fn, SKEP_HELPER_MAP_LOOKUP_PERCPU_ELEM, SKEP_CALL_NOEFFECT, 3,
			  skep_ir_map(l->fn, map->spec_map), key, cpu);
	skep_ir_branch(l->fn, SKEP_CC_NE, at, skep_ir_const(l->fn, 0), have, next);
	skep_ir_at(l->fn, have);
	return at;
}

/* total / count; 0 when there is nothing yet. */
static struct skep_val *mean(struct skep_lower *l, const struct skep_type *type,
			     const struct reader *rd)
{
	return skep_ir_op(l->fn, type->elem->is_signed ? SKEP_OP_SDIV : SKEP_OP_UDIV,
			  skep_ir_get(l->fn, rd->second), skep_ir_get(l->fn, rd->first));
}

struct skep_val *skep_lower_agg_read(struct skep_lower *l, const struct skep_map_info *map,
				     struct skep_val *key)
{
	struct skep_block *head = skep_ir_block(l->fn), *body = skep_ir_block(l->fn),
			  *next = skep_ir_block(l->fn), *done = skep_ir_block(l->fn);
	struct reader rd = { skep_ir_var(l->fn, "first"), skep_ir_var(l->fn, "second") };
	struct skep_var *cpu = skep_ir_var(l->fn, "cpu");
	struct skep_val *zero = skep_ir_const(l->fn, 0);
	const struct skep_type *type = map->value;

	skep_ir_set(l->fn, rd.first, zero);
	skep_ir_set(l->fn, rd.second, zero);
	skep_ir_set(l->fn, cpu, zero);
	skep_ir_jump(l->fn, head);
	skep_ir_at(l->fn, head);
	skep_ir_branch(l->fn, SKEP_CC_ULT, skep_ir_get(l->fn, cpu),
		       skep_ir_const(l->fn, MAX(l->c->world->n_cpus, 1u)), body, done);
	skep_ir_at(l->fn, body);
	combine(l, type, &rd, value_of(l, map, key, skep_ir_get(l->fn, cpu), next), next);
	skep_ir_at(l->fn, next);
	skep_ir_set(l->fn, cpu, skep_ir_opi(l->fn, SKEP_OP_ADD, skep_ir_get(l->fn, cpu), 1));
	skep_ir_jump(l->fn, head);
	skep_ir_at(l->fn, done);
	if (type->kind == SKEP_TYPE_AVG || type->kind == SKEP_TYPE_STATS)
		return mean(l, type, &rd);
	return skep_ir_get(l->fn, rd.first);
}
