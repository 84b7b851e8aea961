/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lowering, statements.
 */
#include <errno.h>

#include "lang/hook.h"
#include "lang/lower_priv.h"
#include "lang/match.h"

#define UNROLL_MAX 100	  /* copies of a body, as bpftrace allows */
#define FOLLOW_MAX 128	  /* rounds of ranges, inner times outer, that the verifier is to follow */
#define FOLLOW_WEIGHT 512 /* the same, times what there is to follow in a round */

static int lower_stmt(struct skep_lower *l, const struct skep_stmt *stmt);

int skep_lower_block(struct skep_lower *l, const struct skep_block_node *block)
{
	for (size_t i = 0; i < block->len; i++) {
		int r = lower_stmt(l, block->data[i]);

		if (r < 0)
			return r;
	}
	return 0;
}

static int lower_branches(struct skep_lower *l, const struct skep_stmt *stmt)
{
	struct skep_block *yes = skep_ir_block(l->fn), *join = skep_ir_block(l->fn);
	struct skep_block *no = stmt->branch.no.len ? skep_ir_block(l->fn) : join;
	int r;

	r = skep_lower_cond(l, stmt->branch.cond, yes, no);
	if (r < 0)
		return r;
	l->conditional++;
	skep_ir_at(l->fn, yes);
	r = skep_lower_block(l, &stmt->branch.yes);
	if (r < 0)
		return r;
	skep_ir_jump(l->fn, join);
	if (no != join) {
		skep_ir_at(l->fn, no);
		r = skep_lower_block(l, &stmt->branch.no);
		if (r < 0)
			return r;
		skep_ir_jump(l->fn, join);
	}
	l->conditional--;
	skep_ir_at(l->fn, join);
	return 0;
}

static int lower_if(struct skep_lower *l, const struct skep_stmt *stmt)
{
	if (!stmt->branch.comptime)
		return lower_branches(l, stmt);
	return stmt->branch.chosen ? skep_lower_block(l, stmt->branch.chosen) : 0;
}

static int lower_let(struct skep_lower *l, const struct skep_stmt *stmt)
{
	struct skep_value value;
	int r;

	if (!stmt->let.value) {
		/* A declaration in a loop begins anew each time round. */
		if (stmt->let.local->type)
			skep_lower_local_clear(l, stmt->let.local);
		return 0;
	}
	skep_lower_local_begin(l, stmt->let.local);
	r = skep_lower_expr(l, stmt->let.value, &value);
	if (r < 0)
		return r;
	return skep_lower_local_set(l, stmt->let.local, &value);
}

static int lower_expr_stmt(struct skep_lower *l, const struct skep_expr *expr)
{
	if (expr->kind == SKEP_EXPR_ASSIGN && expr->binary.op == SKEP_BINARY_NONE &&
	    expr->binary.left->kind == SKEP_EXPR_VAR)
		skep_lower_local_begin(l, expr->binary.left->var.local);
	return skep_lower_expr(l, expr, NULL);
}

/* The body of a loop with its own targets for break and continue. */
static int loop_body(struct skep_lower *l, const struct skep_block_node *body,
		     struct skep_block *next, struct skep_block *stop)
{
	struct skep_block *outer_next = l->next, *outer_stop = l->stop;
	int r;

	l->next = next;
	l->stop = stop;
	r = skep_lower_block(l, body);
	l->next = outer_next;
	l->stop = outer_stop;
	if (r < 0)
		return r;
	skep_ir_jump(l->fn, next);
	return 0;
}

static int lower_unroll(struct skep_lower *l, const struct skep_stmt *stmt)
{
	struct skep_block *stop = skep_ir_block(l->fn);

	if (stmt->loop.n_rounds < 0)
		return skep_lower_bug(l, stmt->loop.count->loc,
				      "an unroll count that is not constant");
	for (int64_t i = 0; i < MIN(stmt->loop.n_rounds, (int64_t)UNROLL_MAX); i++) {
		struct skep_block *next = skep_ir_block(l->fn);
		int r = loop_body(l, &stmt->loop.body, next, stop);

		if (r < 0)
			return r;
		skep_ir_at(l->fn, next);
	}
	skep_ir_jump(l->fn, stop);
	skep_ir_at(l->fn, stop);
	return 0;
}

static bool has_loop(const struct skep_lower *l)
{
	return skep_world_has(l->c->world, SKEP_WORLD_LOOP) || l->inst->user.by_machine;
}

static int lower_while(struct skep_lower *l, const struct skep_stmt *stmt)
{
	struct skep_block *head, *body, *stop;
	int r;

	if (has_loop(l))
		return skep_lower_while(l, stmt);
	head = skep_ir_block(l->fn);
	body = skep_ir_block(l->fn);
	stop = skep_ir_block(l->fn);
	skep_ir_jump(l->fn, head);
	skep_ir_at(l->fn, head);
	r = skep_lower_cond(l, stmt->loop.count, body, stop);
	if (r < 0)
		return r;
	skep_ir_at(l->fn, body);
	r = loop_body(l, &stmt->loop.body, head, stop);
	skep_ir_at(l->fn, stop);
	return r;
}

/* for $i : from..to, with the bounds evaluated once, in short: the verifier follows every round. */
static int lower_short_range(struct skep_lower *l, const struct skep_stmt *stmt)
{
	struct skep_block *head = skep_ir_block(l->fn), *body = skep_ir_block(l->fn),
			  *next = skep_ir_block(l->fn), *stop = skep_ir_block(l->fn);
	struct skep_var *at = skep_ir_var(l->fn, "range");
	struct skep_value value = { .type = stmt->loop.local->type };
	struct skep_val *from, *to;
	int r;

	r = skep_lower_scalar(l, stmt->loop.from, &from);
	if (r < 0)
		return r;
	r = skep_lower_scalar(l, stmt->loop.to, &to);
	if (r < 0)
		return r;
	skep_ir_set(l->fn, at, from);
	skep_ir_jump(l->fn, head);
	skep_ir_at(l->fn, head);
	skep_ir_branch(l->fn, SKEP_CC_SLT, skep_ir_get(l->fn, at), to, body, stop);
	skep_ir_at(l->fn, body);
	value.val = skep_ir_get(l->fn, at);
	r = skep_lower_local_set(l, stmt->loop.local, &value);
	if (r < 0)
		return r;
	r = loop_body(l, &stmt->loop.body, next, stop);
	if (r < 0)
		return r;
	skep_ir_at(l->fn, next);
	skep_ir_set(l->fn, at, skep_ir_opi(l->fn, SKEP_OP_ADD, skep_ir_get(l->fn, at), 1));
	skep_ir_jump(l->fn, head);
	skep_ir_at(l->fn, stop);
	return 0;
}

/* Whether the verifier can follow all rounds of a range one by one, which costs least when it runs. */
static bool can_follow(const struct skep_lower *l, const struct skep_stmt *stmt)
{
	uint64_t n = (uint64_t)stmt->loop.n_rounds, most = FOLLOW_MAX / l->rounds;

	if (stmt->loop.n_rounds < 0 || n > most)
		return false;
	return n * l->rounds * skep_lower_weight(&stmt->loop.body) <= FOLLOW_WEIGHT;
}

static int lower_range(struct skep_lower *l, const struct skep_stmt *stmt)
{
	uint64_t outer = l->rounds, n = (uint64_t)stmt->loop.n_rounds;
	int r;

	if (!can_follow(l, stmt) && has_loop(l))
		return skep_lower_for_range(l, stmt);
	l->rounds = MAX(outer * n, UINT64_C(1));
	r = lower_short_range(l, stmt);
	l->rounds = outer;
	return r;
}

/* What was known before a loop may change in it, and what is read in it may never be read. */
static int lower_loop(struct skep_lower *l, const struct skep_stmt *stmt,
		      int (*lower)(struct skep_lower *l, const struct skep_stmt *stmt))
{
	int r;

	skep_lower_known_forget(l, NULL);
	l->conditional++;
	r = lower(l, stmt);
	l->conditional--;
	return r;
}

/* Code behind a jump is unreachable: the builder drops it. */
static int lower_jump(struct skep_lower *l, const struct skep_stmt *stmt, struct skep_block *to)
{
	if (!to)
		return skep_lower_bug(l, stmt->loc, "break or continue outside a loop");
	skep_ir_jump(l->fn, to);
	return 0;
}

/* Of probes only a test has somebody to return a value to. */
static int lower_return(struct skep_lower *l, const struct skep_stmt *stmt)
{
	struct skep_val *status;
	struct skep_value value;
	int r;

	if (stmt->expr && !l->result && l->inst->user.kind == SKEP_USER_TEST && l->verdict) {
		r = skep_lower_scalar(l, stmt->expr, &status);
		if (r < 0)
			return r;
		skep_hook_set_verdict(l, status);
	} else if (stmt->expr) {
		r = skep_lower_expr(l, stmt->expr, &value);
		if (r == 0 && l->result)
			r = skep_lower_local_set(l, l->result, &value);
		if (r < 0)
			return r;
	}
	skep_ir_jump(l->fn, l->done);
	return 0;
}

static int lower_stmt(struct skep_lower *l, const struct skep_stmt *stmt)
{
	skep_ir_loc(l->fn, stmt->loc);
	switch (stmt->kind) {
	case SKEP_STMT_EXPR:
		return lower_expr_stmt(l, stmt->expr);
	case SKEP_STMT_IF:
		return lower_if(l, stmt);
	case SKEP_STMT_LET:
		return lower_let(l, stmt);
	case SKEP_STMT_BLOCK:
		return skep_lower_block(l, &stmt->block);
	case SKEP_STMT_UNROLL:
		return lower_loop(l, stmt, lower_unroll);
	case SKEP_STMT_WHILE:
		return lower_loop(l, stmt, lower_while);
	case SKEP_STMT_FOR_RANGE:
		return lower_loop(l, stmt, lower_range);
	case SKEP_STMT_FOR_MAP:
		return lower_loop(l, stmt, skep_lower_for_map);
	case SKEP_STMT_RETURN:
		return lower_return(l, stmt);
	case SKEP_STMT_BREAK:
		return lower_jump(l, stmt, l->stop);
	case SKEP_STMT_CONTINUE:
		return lower_jump(l, stmt, l->next);
	default:
		return skep_lower_bug(l, stmt->loc, "this statement");
	}
}
