/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tseries(): one number for each of the last intervals of time.
 *
 * A value is a circle of slots, SKEP_SERIES_WORDS numbers each: which interval it is of (its number, from 1970 on, plus 1), the
 * value, and what the value needs besides. An interval has the slot that its number gives; what is older makes room. User
 * space puts the circles of all CPUs together.
 */
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>

#include "lang/builtin/builtins.h"
#include "lang/check_priv.h"
#include "lang/lower_priv.h"

#define SLOTS_MAX 1000

static const char *const words[] = {
	[SKEP_SERIES_LAST] = "last", [SKEP_SERIES_AVG] = "avg", [SKEP_SERIES_MIN] = "min",
	[SKEP_SERIES_MAX] = "max",   [SKEP_SERIES_SUM] = "sum",
};

static int check_agg(struct skep_check *k, const struct skep_expr *arg, int64_t *ret_agg)
{
	const char *word = skep_check_literal(k, arg);
	int r;

	if (!word)
		return skep_check_want(k, arg, "\"avg\", \"max\", \"min\" or \"sum\"");
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (!skep_streq(words[i], word))
			continue;
		*ret_agg = (int64_t)i;
		return 0;
	}
	r = skep_check_error(k, arg->loc, "tseries() cannot take the \"%s\" of an interval", word);
	skep_diag_hint(k->c->diag,
		       "it knows \"avg\", \"max\", \"min\" and \"sum\"; without any, the "
		       "last value stays");
	return r;
}

static int check_tseries(struct skep_check *k, struct skep_expr *call)
{
	struct skep_type type = { .kind = SKEP_TYPE_TSERIES, .size = 8 };
	struct skep_expr *const *args = call->call.args.data;
	const struct skep_type *of = args[0]->type;
	bool is_unsigned = of && of->kind == SKEP_TYPE_INT && !of->is_signed && of->size == 8;
	int64_t slots;

	if (of && of->kind != SKEP_TYPE_INT && of->kind != SKEP_TYPE_PTR)
		return skep_check_want(k, args[0], "a number");
	type.elem = skep_type_int(8, !is_unsigned);
	if (!skep_check_const(k, args[1], &type.lhist_step) || type.lhist_step <= 0)
		return skep_check_want(k, args[1], "a constant interval, such as 100ms");
	if (!skep_check_const(k, args[2], &slots) || slots < 1 || slots > SLOTS_MAX)
		return skep_check_want(k, args[2], "a constant number of intervals, 1 to 1000");
	type.param = (uint32_t)slots;
	type.lhist_min = SKEP_SERIES_LAST;
	if (call->call.args.len == 4 && check_agg(k, args[3], &type.lhist_min) < 0)
		return -EINVAL;
	call->type = skep_arena_memdup(k->c->arena, &type, sizeof(type));
	return 0;
}

/* The time since 1970, so that intervals begin when the clock on the wall shows round numbers. */
static struct skep_val *wall_ns(struct skep_lower *l)
{
	struct skep_val *boot =
		skep_ir_call(l->fn, SKEP_HELPER_KTIME_GET_BOOT_NS, SKEP_CALL_NOEFFECT, 0);

	return skep_ir_op(l->fn, SKEP_OP_ADD, boot,
			  skep_lower_global(l, offsetof(struct skep_plan_globals, wall_offset_ns),
					    8));
}

struct slot {
	struct skep_val *at;
	int off;
	struct skep_val *value, *now;
};

/* The first value of an interval. */
static void begin(struct skep_lower *l, enum skep_series agg, const struct slot *s,
		  struct skep_val *id)
{
	skep_ir_store(l->fn, s->at, s->off, 8, id);
	skep_ir_store(l->fn, s->at, s->off + 8, 8, s->value);
	skep_ir_store(l->fn, s->at, s->off + 16, 8,
		      agg == SKEP_SERIES_AVG ? skep_ir_const(l->fn, 1) : s->now);
}

static void keep_extreme(struct skep_lower *l, const struct skep_type *type, const struct slot *s)
{
	struct skep_block *better = skep_ir_block(l->fn), *join = skep_ir_block(l->fn);
	bool is_min = type->lhist_min == SKEP_SERIES_MIN;
	enum skep_cc cc = is_min ? SKEP_CC_ULT : SKEP_CC_UGT;

	if (type->elem->is_signed)
		cc = is_min ? SKEP_CC_SLT : SKEP_CC_SGT;
	skep_ir_branch(l->fn, cc, s->value, skep_ir_load(l->fn, s->at, s->off + 8, 8, 0), better,
		       join);
	skep_ir_at(l->fn, better);
	skep_ir_store(l->fn, s->at, s->off + 8, 8, s->value);
	skep_ir_jump(l->fn, join);
	skep_ir_at(l->fn, join);
}

/* One more value of an interval. */
static void go_on(struct skep_lower *l, const struct skep_type *type, const struct slot *s)
{
	enum skep_series agg = (enum skep_series)type->lhist_min;

	if (agg == SKEP_SERIES_MIN || agg == SKEP_SERIES_MAX) {
		keep_extreme(l, type, s);
		return;
	}
	if (agg == SKEP_SERIES_LAST) {
		skep_ir_store(l->fn, s->at, s->off + 8, 8, s->value);
		skep_ir_store(l->fn, s->at, s->off + 16, 8, s->now);
		return;
	}
	skep_ir_store(l->fn, s->at, s->off + 8, 8,
		      skep_ir_op(l->fn, SKEP_OP_ADD, skep_ir_load(l->fn, s->at, s->off + 8, 8, 0),
				 s->value));
	if (agg == SKEP_SERIES_AVG)
		skep_ir_store(l->fn, s->at, s->off + 16, 8,
			      skep_ir_opi(l->fn, SKEP_OP_ADD,
					  skep_ir_load(l->fn, s->at, s->off + 16, 8, 0), 1));
}

static int lower_tseries(struct skep_lower *l, const struct skep_expr *call,
			 const struct skep_map_info *map, struct skep_val *addr, int off)
{
	const struct skep_type *type = map->value;
	struct skep_block *inside = skep_ir_block(l->fn), *old = skep_ir_block(l->fn),
			  *fresh = skep_ir_block(l->fn), *done = skep_ir_block(l->fn);
	struct slot s = { .off = off };
	struct skep_val *interval, *slot, *id;
	int r;

	r = skep_lower_number(l, call->call.args.data[0], &s.value);
	if (r < 0)
		return r;
	s.now = wall_ns(l);
	interval = skep_ir_opi(l->fn, SKEP_OP_UDIV, s.now, (uint64_t)type->lhist_step);
	id = skep_ir_opi(l->fn, SKEP_OP_ADD, interval, 1);
	slot = skep_ir_opi(l->fn, SKEP_OP_UMOD, interval, type->param);
	/* Always so; the comparison shows it to the verifier. */
	skep_ir_branch(l->fn, SKEP_CC_ULT, slot, skep_ir_const(l->fn, type->param), inside, done);
	skep_ir_at(l->fn, inside);
	s.at = skep_ir_op(l->fn, SKEP_OP_ADD, addr,
			  skep_ir_opi(l->fn, SKEP_OP_MUL, slot, SKEP_SERIES_WORDS * 8));
	skep_ir_branch(l->fn, SKEP_CC_EQ, skep_ir_load(l->fn, s.at, off, 8, 0), id, old, fresh);
	skep_ir_at(l->fn, fresh);
	begin(l, (enum skep_series)type->lhist_min, &s, id);
	skep_ir_jump(l->fn, done);
	skep_ir_at(l->fn, old);
	go_on(l, type, &s);
	skep_ir_jump(l->fn, done);
	skep_ir_at(l->fn, done);
	return 0;
}

const struct skep_builtin skep_builtin_tseries = {
	.name = "tseries",
	.usage = "tseries(number, interval, intervals[, \"avg|max|min|sum\"])",
	.min_args = 3,
	.max_args = 4,
	.flags = SKEP_BUILTIN_AGG,
	.check = check_tseries,
	.lower_agg = lower_tseries,
};
