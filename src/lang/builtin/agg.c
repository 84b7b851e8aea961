/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aggregations: values that maps keep per CPU and user space adds up.
 */
#include <errno.h>
#include <inttypes.h>

#include "lang/builtin/builtins.h"

#define LHIST_STEPS_MAX 1000
#define HIST_BITS_MAX 5

/* *(addr + off) += value, atomically where a program may be interrupted by another that adds to the same map. */
static void add(struct skep_lower *l, const struct skep_map_info *map, struct skep_val *addr,
		int off, struct skep_val *value)
{
	if (map->atomic) {
		skep_ir_atomic_add(l->fn, addr, off, 8, value);
		return;
	}
	skep_ir_store(l->fn, addr, off, 8,
		      skep_ir_op(l->fn, SKEP_OP_ADD, skep_ir_load(l->fn, addr, off, 8, 0), value));
}

static int check_number(struct skep_check *k, const struct skep_expr *arg)
{
	if (!arg->type)
		return 0;
	if (arg->type->kind != SKEP_TYPE_INT && arg->type->kind != SKEP_TYPE_PTR)
		return skep_check_want(k, arg, "a number");
	return 0;
}

/* The type of an aggregation over the first argument's values. */
static int set_agg(struct skep_check *k, struct skep_expr *call, enum skep_type_kind kind)
{
	const struct skep_type *of = skep_type_int(8, true);
	int r;

	if (call->call.args.len) {
		const struct skep_expr *arg = call->call.args.data[0];

		r = check_number(k, arg);
		if (r < 0)
			return r;
		if (arg->type && arg->type->kind == SKEP_TYPE_INT && !arg->type->is_signed &&
		    arg->type->size == 8)
			of = skep_type_int(8, false);
	}
	call->type = skep_type_agg(&k->c->types, kind, of);
	return 0;
}

static int check_count(struct skep_check *k, struct skep_expr *call)
{
	return set_agg(k, call, SKEP_TYPE_COUNT);
}

static int check_sum(struct skep_check *k, struct skep_expr *call)
{
	return set_agg(k, call, SKEP_TYPE_SUM);
}

static int check_min(struct skep_check *k, struct skep_expr *call)
{
	return set_agg(k, call, SKEP_TYPE_MIN);
}

static int check_max(struct skep_check *k, struct skep_expr *call)
{
	return set_agg(k, call, SKEP_TYPE_MAX);
}

static int check_avg(struct skep_check *k, struct skep_expr *call)
{
	return set_agg(k, call, SKEP_TYPE_AVG);
}

static int check_stats(struct skep_check *k, struct skep_expr *call)
{
	return set_agg(k, call, SKEP_TYPE_STATS);
}

static int lower_count(struct skep_lower *l, const struct skep_expr *call,
		       const struct skep_map_info *map, struct skep_val *addr, int off)
{
	add(l, map, addr, off, skep_ir_const(l->fn, 1));
	return 0;
}

static int lower_sum(struct skep_lower *l, const struct skep_expr *call,
		     const struct skep_map_info *map, struct skep_val *addr, int off)
{
	struct skep_val *v;
	int r = skep_lower_number(l, call->call.args.data[0], &v);

	if (r < 0)
		return r;
	add(l, map, addr, off, v);
	return 0;
}

/* AVG and STATS: count, total. */
static int lower_avg(struct skep_lower *l, const struct skep_expr *call,
		     const struct skep_map_info *map, struct skep_val *addr, int off)
{
	struct skep_val *v;
	int r = skep_lower_number(l, call->call.args.data[0], &v);

	if (r < 0)
		return r;
	add(l, map, addr, off, skep_ir_const(l->fn, 1));
	add(l, map, addr, off + 8, v);
	return 0;
}

/* MIN and MAX: value, is_set. @better: when the new value replaces the old. */
static int lower_extreme(struct skep_lower *l, const struct skep_expr *call, struct skep_val *addr,
			 int off, enum skep_cc better)
{
	struct skep_block *old = skep_ir_block(l->fn), *take = skep_ir_block(l->fn),
			  *done = skep_ir_block(l->fn);
	struct skep_val *v;
	int r = skep_lower_number(l, call->call.args.data[0], &v);

	if (r < 0)
		return r;
	skep_ir_branch(l->fn, SKEP_CC_EQ, skep_ir_load(l->fn, addr, off + 8, 8, 0),
		       skep_ir_const(l->fn, 0), take, old);
	skep_ir_at(l->fn, old);
	skep_ir_branch(l->fn, better, v, skep_ir_load(l->fn, addr, off, 8, 0), take, done);
	skep_ir_at(l->fn, take);
	skep_ir_store(l->fn, addr, off, 8, v);
	skep_ir_store(l->fn, addr, off + 8, 8, skep_ir_const(l->fn, 1));
	skep_ir_jump(l->fn, done);
	skep_ir_at(l->fn, done);
	return 0;
}

static int lower_min(struct skep_lower *l, const struct skep_expr *call,
		     const struct skep_map_info *map, struct skep_val *addr, int off)
{
	return lower_extreme(l, call, addr, off,
			     map->value->elem->is_signed ? SKEP_CC_SLT : SKEP_CC_ULT);
}

static int lower_max(struct skep_lower *l, const struct skep_expr *call,
		     const struct skep_map_info *map, struct skep_val *addr, int off)
{
	return lower_extreme(l, call, addr, off,
			     map->value->elem->is_signed ? SKEP_CC_SGT : SKEP_CC_UGT);
}

/* Adds one to bucket @index of @n; what is beyond goes to the last. The comparison proves the bound to the verifier. */
static void add_bucket(struct skep_lower *l, const struct skep_map_info *map, struct skep_val *addr,
		       int off, struct skep_val *index, size_t n)
{
	struct skep_block *inside = skep_ir_block(l->fn), *beyond = skep_ir_block(l->fn),
			  *join = skep_ir_block(l->fn);
	struct skep_var *bounded = skep_ir_var(l->fn, "bounded");
	struct skep_val *at;

	skep_ir_branch(l->fn, SKEP_CC_ULT, index, skep_ir_const(l->fn, n), inside, beyond);
	skep_ir_at(l->fn, inside);
	skep_ir_set(l->fn, bounded, index);
	skep_ir_jump(l->fn, join);
	skep_ir_at(l->fn, beyond);
	skep_ir_set(l->fn, bounded, skep_ir_const(l->fn, n - 1));
	skep_ir_jump(l->fn, join);
	skep_ir_at(l->fn, join);
	at = skep_ir_opi(l->fn, SKEP_OP_SHL, skep_ir_get(l->fn, bounded), 3);
	add(l, map, skep_ir_op(l->fn, SKEP_OP_ADD, addr, at), off, skep_ir_const(l->fn, 1));
}

static int check_hist(struct skep_check *k, struct skep_expr *call)
{
	struct skep_type type = { .kind = SKEP_TYPE_HIST,
				  .size = 8,
				  .elem = skep_type_int(8, true) };
	int64_t bits = 0;
	int r;

	r = check_number(k, call->call.args.data[0]);
	if (r < 0)
		return r;
	if (call->call.args.len == 2) {
		const struct skep_expr *arg = call->call.args.data[1];

		if (!skep_check_const(k, arg, &bits))
			return skep_check_want(k, arg, "a constant from 0 to 5");
		if (bits < 0 || bits > HIST_BITS_MAX) {
			skep_diag_error(k->c->diag, arg->loc,
					"this must be from 0 to %d, but it is %" PRId64,
					HIST_BITS_MAX, bits);
			return -EINVAL;
		}
	}
	type.param = (uint32_t)bits;
	call->type = skep_arena_memdup(k->c->arena, &type, sizeof(type));
	return 0;
}

/*
 * The bucket of skep_hist_bucket without branches: with e the highest bit of v | 1 << bits and d = e - bits, it is
 * 1 + (d << bits) + (v >> d). Negative numbers have bucket 0, by one branch.
 */
static int lower_hist(struct skep_lower *l, const struct skep_expr *call,
		      const struct skep_map_info *map, struct skep_val *addr, int off)
{
	const struct skep_expr *arg = call->call.args.data[0];
	uint32_t bits = map->value->param;
	struct skep_var *index = skep_ir_var(l->fn, "bucket");
	struct skep_val *v, *d, *i;
	struct skep_block *done = NULL;
	bool is_signed = arg->type->kind == SKEP_TYPE_INT && arg->type->is_signed;
	int r = skep_lower_number(l, arg, &v);

	if (r < 0)
		return r;
	if (is_signed) {
		struct skep_block *counting = skep_ir_block(l->fn);

		done = skep_ir_block(l->fn);
		skep_ir_set(l->fn, index, skep_ir_const(l->fn, 0));
		skep_ir_branch(l->fn, SKEP_CC_SGE, v, skep_ir_const(l->fn, 0), counting, done);
		skep_ir_at(l->fn, counting);
	}
	d = skep_ir_log2(l->fn, skep_ir_opi(l->fn, SKEP_OP_OR, v, 1u << bits));
	d = skep_ir_opi(l->fn, SKEP_OP_SUB, d, bits);
	i = skep_ir_op(l->fn, SKEP_OP_ADD, skep_ir_opi(l->fn, SKEP_OP_SHL, d, bits),
		       skep_ir_op(l->fn, SKEP_OP_SHR, v, d));
	skep_ir_set(l->fn, index, skep_ir_opi(l->fn, SKEP_OP_ADD, i, 1));
	if (is_signed) {
		skep_ir_jump(l->fn, done);
		skep_ir_at(l->fn, done);
	}
	add_bucket(l, map, addr, off, skep_ir_get(l->fn, index), skep_hist_buckets(bits));
	return 0;
}

static int check_lhist(struct skep_check *k, struct skep_expr *call)
{
	struct skep_type type = { .kind = SKEP_TYPE_LHIST,
				  .size = 8,
				  .elem = skep_type_int(8, true) };
	int64_t *const out[] = { &type.lhist_min, &type.lhist_max, &type.lhist_step };
	const struct skep_expr *const *args = (const struct skep_expr *const *)call->call.args.data;
	int r;

	r = check_number(k, args[0]);
	if (r < 0)
		return r;
	for (size_t i = 0; i < 3; i++)
		if (!skep_check_const(k, args[i + 1], out[i]))
			return skep_check_want(k, args[i + 1], "a constant number");
	if (type.lhist_step <= 0 || type.lhist_max <= type.lhist_min) {
		const struct skep_expr *wrong = type.lhist_step <= 0 ? args[3] : args[2];

		skep_diag_error(k->c->diag, wrong->loc,
				type.lhist_step <= 0 ? "the step must be above 0"
						     : "the maximum must be above the minimum");
		skep_diag_hint(k->c->diag,
			       "lhist(number, min, max, step): lhist(retval, 0, 1000, 100)");
		return -EINVAL;
	}
	if ((uint64_t)(type.lhist_max - type.lhist_min) / (uint64_t)type.lhist_step >
	    LHIST_STEPS_MAX) {
		skep_diag_error(k->c->diag, call->loc,
				"lhist() with %" PRId64 " buckets: at most %d are possible",
				(type.lhist_max - type.lhist_min) / type.lhist_step,
				LHIST_STEPS_MAX);
		skep_diag_hint(k->c->diag, "choose a larger step or a smaller range");
		return -EINVAL;
	}
	call->type = skep_arena_memdup(k->c->arena, &type, sizeof(type));
	return 0;
}

/* Buckets: below min, the steps, at or above max. */
static int lower_lhist(struct skep_lower *l, const struct skep_expr *call,
		       const struct skep_map_info *map, struct skep_val *addr, int off)
{
	const struct skep_type *type = map->value;
	uint64_t steps = (uint64_t)((type->lhist_max - type->lhist_min) / type->lhist_step);
	struct skep_block *above = skep_ir_block(l->fn), *within = skep_ir_block(l->fn),
			  *high = skep_ir_block(l->fn), *join = skep_ir_block(l->fn);
	struct skep_var *index = skep_ir_var(l->fn, "bucket");
	struct skep_val *v, *i;
	int r = skep_lower_number(l, call->call.args.data[0], &v);

	if (r < 0)
		return r;
	skep_ir_set(l->fn, index, skep_ir_const(l->fn, 0));
	skep_ir_branch(l->fn, SKEP_CC_SLT, v, skep_ir_const(l->fn, (uint64_t)type->lhist_min), join,
		       above);
	skep_ir_at(l->fn, above);
	skep_ir_branch(l->fn, SKEP_CC_SLT, v, skep_ir_const(l->fn, (uint64_t)type->lhist_max),
		       within, high);
	skep_ir_at(l->fn, within);
	i = skep_ir_op(l->fn, SKEP_OP_SUB, v, skep_ir_const(l->fn, (uint64_t)type->lhist_min));
	i = skep_ir_opi(l->fn, SKEP_OP_UDIV, i, (uint64_t)type->lhist_step);
	skep_ir_set(l->fn, index, skep_ir_opi(l->fn, SKEP_OP_ADD, i, 1));
	skep_ir_jump(l->fn, join);
	skep_ir_at(l->fn, high);
	skep_ir_set(l->fn, index, skep_ir_const(l->fn, steps + 1));
	skep_ir_jump(l->fn, join);
	skep_ir_at(l->fn, join);
	add_bucket(l, map, addr, off, skep_ir_get(l->fn, index), steps + 2);
	return 0;
}

#define AGG(word, text, least, most)                      \
	const struct skep_builtin skep_builtin_##word = { \
		.name = #word,                            \
		.usage = text,                            \
		.min_args = least,                        \
		.max_args = most,                         \
		.flags = SKEP_BUILTIN_AGG,                \
		.check = check_##word,                    \
		.lower_agg = lower_##word,                \
	}

AGG(count, "count()", 0, 0);
AGG(sum, "sum(number)", 1, 1);
AGG(min, "min(number)", 1, 1);
AGG(max, "max(number)", 1, 1);
AGG(hist, "hist(number[, bits])", 1, 2);
AGG(lhist, "lhist(number, min, max, step)", 4, 4);
AGG(avg, "avg(number)", 1, 1);

const struct skep_builtin skep_builtin_stats = {
	.name = "stats",
	.usage = "stats(number)",
	.min_args = 1,
	.max_args = 1,
	.flags = SKEP_BUILTIN_AGG,
	.check = check_stats,
	.lower_agg = lower_avg,
};
