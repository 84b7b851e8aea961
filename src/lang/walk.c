/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/walk.h"

static void walk_list(const struct skep_expr_list *list, skep_walk_fn fn, void *data)
{
	for (size_t i = 0; i < list->len; i++)
		skep_walk_expr(list->data[i], fn, data);
}

void skep_walk_expr(struct skep_expr *expr, skep_walk_fn fn, void *data)
{
	if (!expr || !fn(data, expr))
		return;
	switch (expr->kind) {
	case SKEP_EXPR_CALL:
		walk_list(&expr->call.args, fn, data);
		break;
	case SKEP_EXPR_MAP:
		walk_list(&expr->map.keys, fn, data);
		break;
	case SKEP_EXPR_UNARY:
		skep_walk_expr(expr->unary.operand, fn, data);
		break;
	case SKEP_EXPR_BINARY:
	case SKEP_EXPR_ASSIGN:
		skep_walk_expr(expr->binary.left, fn, data);
		skep_walk_expr(expr->binary.right, fn, data);
		break;
	case SKEP_EXPR_TERNARY:
		skep_walk_expr(expr->ternary.cond, fn, data);
		if (expr->ternary.chosen) {
			skep_walk_expr(expr->ternary.chosen, fn, data);
			break;
		}
		skep_walk_expr(expr->ternary.yes, fn, data);
		skep_walk_expr(expr->ternary.no, fn, data);
		break;
	case SKEP_EXPR_FIELD:
		skep_walk_expr(expr->field.base, fn, data);
		break;
	case SKEP_EXPR_INDEX:
		skep_walk_expr(expr->index.base, fn, data);
		skep_walk_expr(expr->index.index, fn, data);
		break;
	case SKEP_EXPR_CAST:
		skep_walk_expr(expr->cast.to.of, fn, data);
		skep_walk_expr(expr->cast.value, fn, data);
		break;
	case SKEP_EXPR_SIZEOF:
	case SKEP_EXPR_OFFSETOF:
		skep_walk_expr(expr->layout.of.of, fn, data);
		skep_walk_expr(expr->layout.expr, fn, data);
		break;
	case SKEP_EXPR_TUPLE:
		walk_list(&expr->tuple, fn, data);
		break;
	case SKEP_EXPR_BLOCK:
		skep_walk_block(&expr->block.body, fn, data);
		skep_walk_expr(expr->block.value, fn, data);
		break;
	default:
		break;
	}
}

static void walk_stmt(const struct skep_stmt *stmt, skep_walk_fn fn, void *data)
{
	switch (stmt->kind) {
	case SKEP_STMT_EXPR:
	case SKEP_STMT_RETURN:
		skep_walk_expr(stmt->expr, fn, data);
		break;
	case SKEP_STMT_IF:
		skep_walk_expr(stmt->branch.cond, fn, data);
		if (stmt->branch.chosen) {
			skep_walk_block(stmt->branch.chosen, fn, data);
			break;
		}
		skep_walk_block(&stmt->branch.yes, fn, data);
		skep_walk_block(&stmt->branch.no, fn, data);
		break;
	case SKEP_STMT_LET:
		skep_walk_expr(stmt->let.type.of, fn, data);
		skep_walk_expr(stmt->let.value, fn, data);
		break;
	case SKEP_STMT_BLOCK:
		skep_walk_block(&stmt->block, fn, data);
		break;
	case SKEP_STMT_UNROLL:
	case SKEP_STMT_WHILE:
	case SKEP_STMT_FOR_RANGE:
	case SKEP_STMT_FOR_MAP:
		skep_walk_expr(stmt->loop.count, fn, data);
		skep_walk_expr(stmt->loop.from, fn, data);
		skep_walk_expr(stmt->loop.to, fn, data);
		skep_walk_expr(stmt->loop.map, fn, data);
		skep_walk_block(&stmt->loop.body, fn, data);
		break;
	default:
		break;
	}
}

void skep_walk_block(const struct skep_block_node *block, skep_walk_fn fn, void *data)
{
	for (size_t i = 0; i < block->len; i++)
		walk_stmt(block->data[i], fn, data);
}

void skep_walk_probe(const struct skep_probe_node *probe, skep_walk_fn fn, void *data)
{
	skep_walk_expr(probe->predicate, fn, data);
	skep_walk_block(&probe->body, fn, data);
	for (size_t i = 0; i < probe->n_fns; i++)
		skep_walk_block(&probe->fns[i]->body, fn, data);
}

struct value_search {
	const char *name;
	bool found;
};

static bool is_key(const struct skep_expr *expr)
{
	if (expr->kind == SKEP_EXPR_FIELD)
		return skep_streq(expr->field.name, "0");
	return expr->kind == SKEP_EXPR_INDEX && expr->index.index->kind == SKEP_EXPR_INT &&
	       !expr->index.index->num.value;
}

static bool wants_value(void *data, struct skep_expr *expr)
{
	struct value_search *s = data;
	const struct skep_expr *base = NULL;

	if (expr->kind == SKEP_EXPR_VAR)
		s->found |= skep_streq(expr->var.name, s->name);
	if (is_key(expr))
		base = expr->kind == SKEP_EXPR_FIELD ? expr->field.base : expr->index.base;
	return !(base && base->kind == SKEP_EXPR_VAR && skep_streq(base->var.name, s->name));
}

bool skep_walk_wants_value(const struct skep_block_node *body, const char *name)
{
	struct value_search s = { .name = name };

	skep_walk_block(body, wants_value, &s);
	return s.found;
}
