/* SPDX-License-Identifier: Apache-2.0 */
/* Lowering, how much a loop's body gives the verifier to follow: the ways through it, roughly. */
#include "lang/lower_priv.h"
#include "lang/walk.h"

#define LOOP_WEIGHT \
	256 /* of a loop that is a function of its own: the verifier goes through it several times */

static bool weigh_expr(void *data, struct skep_expr *expr)
{
	uint64_t *weight = data;

	switch (expr->kind) {
	case SKEP_EXPR_NAME: /* it may be a walk through tables */
		*weight += skep_streq(expr->call.name, "ustack") ? LOOP_WEIGHT : 0;
		break;
	case SKEP_EXPR_CALL:
	case SKEP_EXPR_MAP:
	case SKEP_EXPR_FIELD: /* a pointer on the way may be NULL */
		*weight += 2;
		break;
	case SKEP_EXPR_TERNARY:
		*weight += 1;
		break;
	case SKEP_EXPR_BINARY:
		*weight += expr->binary.op >= SKEP_BINARY_EQ;
		break;
	default:
		break;
	}
	return true;
}

static uint64_t weigh_loops(const struct skep_block_node *block)
{
	uint64_t weight = 0;

	for (size_t i = 0; i < block->len; i++) {
		const struct skep_stmt *s = block->data[i];

		switch (s->kind) {
		case SKEP_STMT_IF:
			weight += weigh_loops(&s->branch.yes) + weigh_loops(&s->branch.no);
			break;
		case SKEP_STMT_BLOCK:
			weight += weigh_loops(&s->block);
			break;
		case SKEP_STMT_UNROLL:
			weight += (uint64_t)MAX(s->loop.n_rounds, 1) *
				  skep_lower_weight(&s->loop.body);
			break;
		case SKEP_STMT_WHILE:
		case SKEP_STMT_FOR_RANGE:
		case SKEP_STMT_FOR_MAP:
			weight += LOOP_WEIGHT;
			break;
		default:
			break;
		}
	}
	return weight;
}

uint64_t skep_lower_weight(const struct skep_block_node *body)
{
	uint64_t weight = 1;

	skep_walk_block(body, weigh_expr, &weight);
	return weight + weigh_loops(body);
}
