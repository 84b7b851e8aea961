/* SPDX-License-Identifier: Apache-2.0 */
/* Loops: how often they run, what this kernel can run, and what their variables are. */
#include <errno.h>
#include <inttypes.h>

#include "lang/check_priv.h"
#include "lang/walk.h"

#define UNROLL_MAX 100

#define COPIES_MAX 10000 /* of the body of nested unrolls */

int skep_check_unroll(struct skep_check *k, struct skep_stmt *stmt)
{
	int64_t count = 0;
	unsigned copies;
	int r = skep_check_expr(k, stmt->loop.count), r2;

	if (r >= 0 &&
	    (!skep_check_const(k, stmt->loop.count, &count) || count < 1 || count > UNROLL_MAX)) {
		r = skep_check_error(k, stmt->loop.count->loc,
				     "unroll needs a constant number from 1 to %d", UNROLL_MAX);
		skep_diag_hint(k->c->diag, "the body is copied that many times into the program");
	}
	if (r >= 0 && MAX(k->copies, 1u) * (uint64_t)count > COPIES_MAX) {
		r = skep_check_error(k, stmt->loc,
				     "the innermost body is copied %" PRIu64
				     " times into the program",
				     k->copies * (uint64_t)count);
		skep_diag_hint(
			k->c->diag,
			"at most %d copies are made; a loop does not copy: for $i : 0..%" PRId64,
			COPIES_MAX, count);
	}
	stmt->loop.n_rounds = r < 0 ? -1 : count;
	copies = k->copies;
	k->copies = (unsigned)MIN(MAX(copies, 1u) * (uint64_t)MAX(count, 1), (uint64_t)COPIES_MAX);
	k->loop_depth++;
	r2 = skep_check_block(k, &stmt->loop.body);
	k->loop_depth--;
	k->copies = copies;
	return r < 0 ? r : r2;
}

static int want_int(struct skep_check *k, struct skep_expr *expr)
{
	int r = skep_check_expr(k, expr);

	if (r >= 0 && expr->type && expr->type->kind != SKEP_TYPE_INT)
		return skep_check_want(k, expr, "a number");
	return r;
}

static int check_body(struct skep_check *k, struct skep_stmt *stmt)
{
	size_t scope = k->locals.len;
	int r;

	k->loop_depth++;
	r = skep_check_block(k, &stmt->loop.body);
	k->loop_depth--;
	skep_check_scope_end(k, scope);
	return r;
}

static struct skep_local *declare_loop(struct skep_check *k, struct skep_stmt *stmt)
{
	struct skep_local *local =
		skep_check_declare(k, stmt->loop.var, stmt->loc, &stmt->loop.local);

	local->declared = true;
	local->fixed = true;
	return local;
}

/* How many rounds, and whether this kernel can run them. */
static int count_rounds(struct skep_check *k, struct skep_stmt *stmt)
{
	int64_t from, to;
	uint64_t n;

	stmt->loop.n_rounds = -1;
	if (skep_check_const(k, stmt->loop.from, &from) &&
	    skep_check_const(k, stmt->loop.to, &to)) {
		n = to > from ? (uint64_t)to - (uint64_t)from : 0;
		if (n > SKEP_LOOP_ROUNDS_MAX) {
			int r = skep_check_error(
				k, stmt->loc, "a loop has %d rounds at most, this one has %" PRIu64,
				SKEP_LOOP_ROUNDS_MAX, n);

			skep_diag_hint(k->c->diag, "that is what the kernel allows; two loops in "
						   "each other make more");
			return r;
		}
		stmt->loop.n_rounds = (int64_t)n;
		return 0;
	}
	if (skep_check_has(k, SKEP_WORLD_LOOP))
		return 0;
	(void)skep_check_error(k, stmt->loc,
			       "not supported on this kernel: a range whose ends are not constant");
	skep_diag_hint(k->c->diag, "the helper loop came with Linux 5.17; here loop through a "
				   "constant range and leave it with break");
	return -ENOTSUP;
}

static int check_range(struct skep_check *k, struct skep_stmt *stmt)
{
	int r = want_int(k, stmt->loop.from);
	int r2 = want_int(k, stmt->loop.to);

	declare_loop(k, stmt)->type = skep_type_int(8, true);
	if (r >= 0 && r2 >= 0)
		r = count_rounds(k, stmt);
	return r < 0 ? r : r2;
}

/* The (key, value) of a loop through @m. Histograms have no value that a program could use. */
static const struct skep_type *pair_type(struct skep_check *k, const struct skep_map_info *m)
{
	const struct skep_type *types[] = { m->key, m->value };

	if (skep_type_is_agg(m->value))
		types[1] = skep_type_agg_number(m->value);
	return skep_type_tuple(&k->c->types, types, types[1] ? 2 : 1);
}

static int check_elements(struct skep_check *k, struct skep_stmt *stmt)
{
	int r = skep_check_map(k, stmt->loop.map);
	const struct skep_map_info *m = stmt->loop.map->map.info;
	struct skep_local *local = declare_loop(k, stmt);

	local->failed = r < 0;
	local->element = true;
	if (r < 0)
		return r;
	if (m->key && m->value)
		local->type = pair_type(k, m);
	else if (k->final) {
		r = skep_check_error(k, stmt->loop.map->loc, "@%s has no keys to go through",
				     m->name);
		skep_diag_hint(k->c->diag, "give it keys wherever it is used, or read it: @%s",
			       m->name);
		return r;
	}
	if (m->value && skep_type_is_agg(m->value) &&
	    skep_walk_wants_value(&stmt->loop.body, stmt->loop.var)) {
		r = skep_check_agg_number(k, m, stmt->loop.map->loc);
		if (r < 0) {
			local->failed = true;
			local->type = NULL;
			return r;
		}
	}
	if (!k->final || !k->c->world->has || skep_check_has(k, SKEP_WORLD_FOR_EACH))
		return 0;
	(void)skep_check_error(k, stmt->loc,
			       "not supported on this kernel: loops through the elements of a map");
	skep_diag_hint(k->c->diag,
		       "the helper for_each_map_elem came with Linux 5.13; without it BEGIN, END, "
		       "interval and self can have such loops, and print(@%s) shows all of them",
		       m->name);
	return -ENOTSUP;
}

static bool find_exit(void *data, struct skep_expr *expr)
{
	/* Functions of the script end with themselves, but a block may stand for a value. */
	if (expr->kind == SKEP_EXPR_BLOCK ||
	    (expr->kind == SKEP_EXPR_CALL && skep_streq(expr->call.name, "exit")))
		*(bool *)data = true;
	return true;
}

/* Whether something in a loop's body may end it. @inner: inside of another loop. */
static bool may_leave(const struct skep_block_node *body, bool inner)
{
	bool found = false;

	for (size_t i = 0; i < body->len && !found; i++) {
		const struct skep_stmt *s = body->data[i];

		switch (s->kind) {
		case SKEP_STMT_RETURN:
			return true;
		case SKEP_STMT_BREAK:
			found = !inner;
			break;
		case SKEP_STMT_IF:
			found = may_leave(&s->branch.yes, inner) || may_leave(&s->branch.no, inner);
			break;
		case SKEP_STMT_BLOCK:
			found = may_leave(&s->block, inner);
			break;
		case SKEP_STMT_UNROLL:
		case SKEP_STMT_WHILE:
		case SKEP_STMT_FOR_RANGE:
		case SKEP_STMT_FOR_MAP:
			found = may_leave(&s->loop.body, true);
			break;
		default:
			break;
		}
	}
	if (!found)
		skep_walk_block(body, find_exit, &found);
	return found;
}

static int check_while(struct skep_check *k, struct skep_stmt *stmt)
{
	int r = skep_check_truth(k, stmt->loop.count, "the condition of while");
	int64_t value;

	if (k->c->diag && k->c->options->verbose)
		skep_diag_add(k->c->diag, SKEP_DIAG_NOTE, stmt->loop.count->loc,
			      "a loop that counts is written for $i : 0..N { ... } by now");
	if (r < 0 || !skep_check_const(k, stmt->loop.count, &value) || !value ||
	    may_leave(&stmt->loop.body, false))
		return r;
	r = skep_check_error(k, stmt->loop.count->loc,
			     "this loop never ends: nothing changes its condition or leaves it");
	skep_diag_hint(k->c->diag, "leave it with break, or write for $i : 0..N { ... }");
	return r;
}

int skep_check_loop(struct skep_check *k, struct skep_stmt *stmt)
{
	size_t scope = k->locals.len;
	int r, r2;

	if (stmt->kind == SKEP_STMT_WHILE)
		r = check_while(k, stmt);
	else if (stmt->kind == SKEP_STMT_FOR_RANGE)
		r = check_range(k, stmt);
	else
		r = check_elements(k, stmt);
	r2 = check_body(k, stmt);
	skep_check_scope_end(k, scope);
	return r < 0 ? r : r2;
}
