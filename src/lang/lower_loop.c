/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lowering, loops that the kernel runs: through the elements of a map, and through ranges that are too long for the verifier
 * to follow, or whose ends it does not know.
 */
#include <errno.h>

#include "lang/lower_priv.h"
#include "lang/walk.h"

/* --- for $i : from..to ------------------------------------------------------------------------------------ */

struct range {
	const struct skep_stmt *stmt;
	struct skep_local from; /* what round 0 starts with */
	struct skep_val *n;	/* rounds */
};

static int range_body(struct skep_lower *in, void *data)
{
	struct range *range = data;
	const struct skep_stmt *stmt = range->stmt;
	struct skep_value value = skep_lower_local_get(in, &range->from);
	int r;

	value.type = stmt->loop.local->type;
	value.val = skep_ir_op(in->fn, SKEP_OP_ADD, value.val, skep_ir_param(in->fn, 0));
	skep_lower_local_begin(in, stmt->loop.local);
	r = skep_lower_local_set(in, stmt->loop.local, &value);
	return r < 0 ? r : skep_lower_block(in, &stmt->loop.body);
}

static void call_loop(struct skep_lower *l, struct skep_fn *fn, struct skep_val *record, void *data)
{
	struct range *range = data;

	skep_ir_call(l->fn, SKEP_HELPER_LOOP, 0, 4, range->n, skep_ir_func(l->fn, fn), record,
		     skep_ir_const(l->fn, 0));
}

/* The number of rounds; code goes on where it is one that the helper takes. */
static struct skep_val *count_rounds(struct skep_lower *l, const struct skep_stmt *stmt,
				     struct skep_val *from, struct skep_val *to,
				     struct skep_block *stop)
{
	struct skep_block *some, *run, *excess;
	struct skep_val *n;

	if (stmt->loop.n_rounds >= 0)
		return skep_ir_const(l->fn, (uint64_t)stmt->loop.n_rounds);
	some = skep_ir_block(l->fn);
	run = skep_ir_block(l->fn);
	excess = skep_ir_block(l->fn);
	skep_ir_branch(l->fn, SKEP_CC_SLT, from, to, some, stop);
	skep_ir_at(l->fn, some);
	n = skep_ir_op(l->fn, SKEP_OP_SUB, to, from);
	skep_ir_branch(l->fn, SKEP_CC_ULE, n, skep_ir_const(l->fn, SKEP_LOOP_ROUNDS_MAX), run,
		       excess);
	skep_ir_at(l->fn, excess);
	skep_lower_loss(l, SKEP_LOSS_LOOP);
	skep_ir_jump(l->fn, stop);
	skep_ir_at(l->fn, run);
	return n;
}

int skep_lower_for_range(struct skep_lower *l, const struct skep_stmt *stmt)
{
	struct skep_block *stop = skep_ir_block(l->fn);
	struct range range = {
		.stmt = stmt,
		.from = { .name = "from", .loc = stmt->loc, .type = skep_type_int(8, true) },
	};
	struct skep_value from = { .type = range.from.type };
	struct skep_val *to;
	int r;

	r = skep_lower_scalar(l, stmt->loop.from, &from.val);
	if (r < 0)
		return r;
	r = skep_lower_scalar(l, stmt->loop.to, &to);
	if (r < 0)
		return r;
	range.n = count_rounds(l, stmt, from.val, to, stop);
	r = skep_lower_local_set(l, &range.from, &from);
	if (r < 0)
		return r;
	r = skep_lower_callback(l, &(struct skep_callback){
					   .name = "range",
					   .loc = stmt->loc,
					   .n_params = 2,
					   .ctx_param = 1,
					   .body = range_body,
					   .call = call_loop,
					   .data = &range,
				   });
	skep_ir_jump(l->fn, stop);
	skep_ir_at(l->fn, stop);
	return r;
}

/* --- while ------------------------------------------------------------------------------------------------ */

static int while_body(struct skep_lower *in, void *data)
{
	const struct skep_stmt *stmt = data;
	struct skep_block *body = skep_ir_block(in->fn);
	int r = skep_lower_cond(in, stmt->loop.count, body, in->stop);

	skep_ir_at(in->fn, body);
	return r < 0 ? r : skep_lower_block(in, &stmt->loop.body);
}

/* A loop that has run into the bound has not ended by itself: that is told. */
static void call_while(struct skep_lower *l, struct skep_fn *fn, struct skep_val *record,
		       void *data)
{
	struct skep_block *excess = skep_ir_block(l->fn), *fine = skep_ir_block(l->fn);
	struct skep_val *n = skep_ir_call(l->fn, SKEP_HELPER_LOOP, 0, 4,
					  skep_ir_const(l->fn, SKEP_WHILE_ROUNDS_MAX),
					  skep_ir_func(l->fn, fn), record, skep_ir_const(l->fn, 0));

	skep_ir_branch(l->fn, SKEP_CC_EQ, n, skep_ir_const(l->fn, SKEP_WHILE_ROUNDS_MAX), excess,
		       fine);
	skep_ir_at(l->fn, excess);
	skep_lower_loss(l, SKEP_LOSS_LOOP);
	skep_ir_jump(l->fn, fine);
	skep_ir_at(l->fn, fine);
}

int skep_lower_while(struct skep_lower *l, const struct skep_stmt *stmt)
{
	return skep_lower_callback(l, &(struct skep_callback){
					      .name = "while",
					      .loc = stmt->loc,
					      .n_params = 2,
					      .ctx_param = 1,
					      .body = while_body,
					      .call = call_while,
					      .data = (void *)stmt,
				      });
}

/* --- for $kv : @map --------------------------------------------------------------------------------------- */

struct elements {
	const struct skep_stmt *stmt;
	bool needs_value; /* the body asks for more than $kv.0 */
	bool changes; /* the body changes the map: an element may become another while it runs */
};

static void note_change(struct elements *e, const struct skep_expr *target)
{
	if (target->kind == SKEP_EXPR_MAP && target->map.info == e->stmt->loop.map->map.info)
		e->changes = true;
}

static bool look(void *data, struct skep_expr *expr)
{
	struct elements *e = data;

	switch (expr->kind) {
	case SKEP_EXPR_ASSIGN:
		note_change(e, expr->binary.left);
		break;
	case SKEP_EXPR_UNARY:
		note_change(e, expr->unary.operand);
		break;
	case SKEP_EXPR_CALL:
		/* Functions of the script do what they like. */
		e->changes |= !expr->call.builtin;
		for (size_t i = 0; i < expr->call.args.len; i++)
			note_change(e, expr->call.args.data[i]);
		break;
	default:
		break;
	}
	return true;
}

/* A key or value: numbers are taken out of the map, the rest stays there unless the body may change it. */
static int element(struct skep_lower *in, const struct elements *e, const struct skep_type *type,
		   unsigned param, struct skep_value *ret_value)
{
	struct skep_value place, own;
	int r;

	r = skep_lower_load(in, type, skep_ir_param(in->fn, param), 0, SKEP_SPACE_BPF, &place);
	if (r < 0)
		return r;
	if (skep_type_is_scalar(type) || !e->changes) {
		*ret_value = place;
		return 0;
	}
	own = (struct skep_value){ .type = type, .space = SKEP_SPACE_BPF };
	own.val = skep_lower_object(in, type->size, "element", &own.off);
	r = skep_lower_store(in, &place, type, own.val, own.off);
	if (r < 0)
		return r;
	*ret_value = own;
	return 0;
}

static int map_body(struct skep_lower *in, void *data)
{
	const struct elements *e = data;
	const struct skep_map_info *map = e->stmt->loop.map->map.info;
	struct skep_local *local = e->stmt->loop.local;
	struct skep_value *parts = skep_arena_calloc(in->c->arena, 2, sizeof(*parts));
	int r;

	r = element(in, e, map->key, 1, &parts[0]);
	if (r < 0)
		return r;
	if (map->store == SKEP_STORE_HASH) {
		r = element(in, e, map->value, 2, &parts[1]);
		if (r < 0)
			return r;
	} else if (local->type->n_fields > 1) {
		parts[1].type = local->type->fields[1].type;
		parts[1].val = e->needs_value
				       ? skep_lower_agg_read(in, map, skep_ir_param(in->fn, 1))
				       : skep_ir_const(in->fn, 0);
	}
	local->parts = parts;
	local->instance = in->instance;
	local->var = NULL;
	local->addr = NULL;
	return skep_lower_block(in, &e->stmt->loop.body);
}

static void call_for_each(struct skep_lower *l, struct skep_fn *fn, struct skep_val *record,
			  void *data)
{
	const struct elements *e = data;

	skep_ir_call(l->fn, SKEP_HELPER_FOR_EACH_MAP_ELEM, 0, 4,
		     skep_ir_map(l->fn, e->stmt->loop.map->map.info->spec_map),
		     skep_ir_func(l->fn, fn), record, skep_ir_const(l->fn, 0));
}

int skep_lower_for_map(struct skep_lower *l, const struct skep_stmt *stmt)
{
	struct elements e = {
		.stmt = stmt,
		.needs_value = skep_walk_wants_value(&stmt->loop.body, stmt->loop.var),
	};

	skep_walk_block(&stmt->loop.body, look, &e);
	return skep_lower_callback(l, &(struct skep_callback){
					      .name = "elements",
					      .loc = stmt->loc,
					      .n_params = 4,
					      .ctx_param = 3,
					      .body = map_body,
					      .call = call_for_each,
					      .data = &e,
				      });
}
