/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statements and variables. A variable lives from its first assignment (or let) to the end of its
 * block.
 */
#include <errno.h>

#include "lang/check_priv.h"
#include "lang/nearest.h"
#include "lang/need.h"

struct skep_local *skep_check_local(const struct skep_check *k, const char *name)
{
	for (size_t i = k->locals.len; i-- > 0;)
		if (skep_streq(k->locals.data[i]->name, name))
			return k->locals.data[i];
	return NULL;
}

void skep_check_scope_end(struct skep_check *k, size_t scope)
{
	for (size_t i = scope; i < k->locals.len; i++)
		if (!k->locals.data[i]->declared)
			skep_vec_add(&k->ended, k->locals.data[i]);
	k->locals.len = MIN(k->locals.len, scope);
}

static bool can_hold(struct skep_check *k, const struct skep_local *local,
		     const struct skep_expr *value)
{
	if (!local->type || !value->type)
		return true;
	if (local->type->kind == SKEP_TYPE_PTR && skep_check_is_zero(value))
		return true;
	return skep_check_unify(k, local->type, skep_check_promote(k, value->type, local->no_btf));
}

struct skep_local *skep_check_revive(struct skep_check *k, const char *name,
				     const struct skep_expr *value)
{
	struct skep_local *local = NULL;

	for (size_t i = k->ended.len; i-- > 0 && !local;)
		if (skep_streq(k->ended.data[i]->name, name))
			local = k->ended.data[i];
	if (!local || (value && !can_hold(k, local, value)))
		return NULL;
	skep_vec_add(&k->locals, local);
	if (value || local->outlives)
		return local;
	local->outlives = local->no_btf = true;
	if (local->type) {
		local->type = skep_check_promote(k, local->type, true);
		k->locals_changed = true;
	}
	return local;
}

struct skep_local *skep_check_declare(struct skep_check *k, const char *name, struct skep_loc loc,
				      struct skep_local **slot)
{
	struct skep_local *local = *slot;

	/*
	 * The tree may still hold the variable of another instance, or one that is declared
	 * elsewhere by now.
	 */
	if (k->fresh || !local || local->loc.line != loc.line || local->loc.col != loc.col) {
		local = skep_arena_alloc(k->c->arena, sizeof(*local));
		local->name = name;
		local->loc = loc;
		*slot = local;
	}
	skep_vec_add(&k->locals, local);
	return local;
}

static int wrong_type(struct skep_check *k, const struct skep_local *local,
		      const struct skep_type *type, struct skep_loc loc)
{
	(void)skep_check_error(k, loc, "$%s gets %s here, but it holds %s", local->name,
			       skep_check_type_text(k, type), skep_check_type_text(k, local->type));
	skep_diag_hint(k->c->diag, "a variable keeps one type; it got its first value at line %u",
		       local->loc.line);
	return -EINVAL;
}

/* What bswap() of the variable is to turn round: a port that was kept in it has two bytes. */
static void note_width(struct skep_check *k, struct skep_local *local,
		       const struct skep_expr *value)
{
	const struct skep_local *from = value->kind == SKEP_EXPR_VAR ? value->var.local : NULL;
	uint32_t width = value->type->size;

	if (value->type->kind != SKEP_TYPE_INT)
		return;
	if (value->kind == SKEP_EXPR_INT)
		skep_need_enum_exact(&k->c->types, value->num.need_plus1);
	if (value->kind == SKEP_EXPR_INT)
		for (width = 1; width < 8 && value->num.value >> (width * 8);)
			width *= 2;
	else if (from && from->width)
		width = from->width;
	if (width <= local->width)
		return;
	local->width = (uint8_t)width;
	k->locals_changed = true;
}

/* Whether a value of @type can be put where @declared was written down: numbers are cut, texts are not. */
static bool fits(const struct skep_type *declared, const struct skep_type *type)
{
	if (declared->kind != type->kind)
		return false;
	if (type->kind == SKEP_TYPE_STRING)
		return type->size <= declared->size;
	if (type->kind != SKEP_TYPE_TUPLE)
		return type->kind == SKEP_TYPE_INT || skep_type_equal(declared, type);
	if (type->n_fields != declared->n_fields || type->is_record)
		return false;
	for (size_t i = 0; i < type->n_fields; i++)
		if (!fits(declared->fields[i].type, type->fields[i].type))
			return false;
	return true;
}

int skep_check_local_set(struct skep_check *k, struct skep_local *local,
			 const struct skep_expr *value, struct skep_loc loc)
{
	const struct skep_type *type = value->type, *both;

	if (local->element) {
		int r = skep_check_error(k, loc, "$%s is the loop's: it cannot be assigned to",
					 local->name);

		skep_diag_hint(k->c->diag, "assign to another variable, or to the map");
		return r;
	}
	if (local->given) {
		int r = skep_check_error(
			k, loc, "$%s is the caller's text: it cannot be assigned to", local->name);

		skep_diag_hint(k->c->diag, "assign to another variable");
		return r;
	}
	if (!type)
		return 0;
	if (type->kind == SKEP_TYPE_VOID || !type->size)
		return skep_check_want(k, value, "a value");
	note_width(k, local, value);
	type = skep_check_promote(k, type, local->no_btf);
	if (!local->type) {
		local->type = type;
		k->locals_changed = true;
		return 0;
	}
	if (local->type->kind == SKEP_TYPE_PTR && skep_check_is_zero(value))
		return 0;
	if (local->fixed && fits(local->type, type))
		return 0;
	both = skep_check_unify(k, local->type, type);
	if (!both || (local->fixed && !skep_type_equal(both, local->type)))
		return wrong_type(k, local, type, loc);
	if (!skep_type_same(both, local->type)) {
		local->type = both;
		k->locals_changed = true;
	}
	return 0;
}

static int check_let(struct skep_check *k, struct skep_stmt *stmt)
{
	const struct skep_type_name *name = &stmt->let.type;
	const struct skep_type *type = NULL;
	struct skep_local *local;
	int r = 0, r2;

	if (skep_check_local(k, stmt->let.name)) {
		r = skep_check_error(k, stmt->loc, "there is a $%s already", stmt->let.name);
		skep_diag_hint(k->c->diag, "take another name, or assign without let");
	}
	if (name->name || name->of) {
		r2 = skep_check_type_name(k, name, &type);
		r = r < 0 ? r : r2;
	}
	if (stmt->let.value) {
		r2 = skep_check_expr(k, stmt->let.value);
		r = r < 0 ? r : r2;
	}
	local = skep_check_declare(k, stmt->let.name, stmt->loc, &stmt->let.local);
	local->declared = true;
	local->no_btf = !stmt->let.value;
	if (type && !local->type) {
		local->type = type;
		local->fixed = true;
		k->locals_changed = true;
	}
	local->failed |= r < 0 && !local->type;
	if (r < 0 || !stmt->let.value)
		return r;
	return skep_check_local_set(k, local, stmt->let.value, stmt->let.value->loc);
}

static int check_expr_stmt(struct skep_check *k, struct skep_expr *expr)
{
	static const char *const harmless = "nothing is done with this value";
	int r;

	k->as_stmt = true;
	r = skep_check_expr(k, expr);
	k->as_stmt = false;
	if (r < 0 || !k->final || expr->unwanted ||
	    (expr->kind == SKEP_EXPR_TUPLE && !expr->tuple.len))
		return r;
	switch (expr->kind) {
	case SKEP_EXPR_ASSIGN:
	case SKEP_EXPR_CALL:
	case SKEP_EXPR_TERNARY:
	case SKEP_EXPR_BLOCK:
		return 0;
	case SKEP_EXPR_NAME:
		if (expr->type && expr->type->kind == SKEP_TYPE_VOID)
			return 0;
		break;
	case SKEP_EXPR_UNARY:
		if (expr->unary.op >= SKEP_UNARY_PREINC)
			return 0;
		break;
	default:
		break;
	}
	skep_diag_warn(k->c->diag, expr->loc, "%s", harmless);
	skep_diag_hint(k->c->diag, "print it: print(...), or keep it: @ = ...");
	return 0;
}

int skep_check_comptime(struct skep_check *k, struct skep_expr *cond, bool *ret_known,
			bool *ret_value)
{
	int64_t value;
	int r = skep_check_truth(k, cond, "the condition of if");

	*ret_known = false;
	if (r < 0 || !cond->type)
		return r;
	if (!skep_check_const(k, cond, &value)) {
		r = skep_check_error(k, cond->loc,
				     "the condition of 'if comptime' must be known when the script "
				     "is compiled");
		skep_diag_hint(k->c->diag, "what is known only while the script runs is decided "
					   "by an 'if' without comptime");
		return r;
	}
	*ret_known = true;
	*ret_value = value;
	return 0;
}

/* What is not chosen need not make sense. */
static int check_if_comptime(struct skep_check *k, struct skep_stmt *stmt)
{
	bool known, yes;
	int r = skep_check_comptime(k, stmt->branch.cond, &known, &yes);

	stmt->branch.chosen = NULL;
	if (r < 0 || !known)
		return r;
	stmt->branch.chosen = yes ? &stmt->branch.yes : &stmt->branch.no;
	return skep_check_block(k, stmt->branch.chosen);
}

static int check_if(struct skep_check *k, struct skep_stmt *stmt)
{
	bool outer = k->never, known;
	int64_t value;
	int r, r2, r3;

	if (stmt->branch.comptime)
		return check_if_comptime(k, stmt);
	r = skep_check_truth(k, stmt->branch.cond, "the condition of if");
	known = r >= 0 && skep_check_const(k, stmt->branch.cond, &value);
	k->never = outer || (known && !value);
	r2 = skep_check_block(k, &stmt->branch.yes);
	k->never = outer || (known && value);
	r3 = skep_check_block(k, &stmt->branch.no);
	k->never = outer;
	return r < 0 ? r : r2 < 0 ? r2 : r3;
}

int skep_check_stmt(struct skep_check *k, struct skep_stmt *stmt)
{
	switch (stmt->kind) {
	case SKEP_STMT_EXPR:
		return check_expr_stmt(k, stmt->expr);
	case SKEP_STMT_IF:
		return check_if(k, stmt);
	case SKEP_STMT_LET:
		return check_let(k, stmt);
	case SKEP_STMT_BLOCK:
		return skep_check_block(k, &stmt->block);
	case SKEP_STMT_UNROLL:
		return skep_check_unroll(k, stmt);
	case SKEP_STMT_WHILE:
	case SKEP_STMT_FOR_RANGE:
	case SKEP_STMT_FOR_MAP:
		return skep_check_loop(k, stmt);
	case SKEP_STMT_RETURN:
		return skep_check_return(k, stmt);
	case SKEP_STMT_BREAK:
	case SKEP_STMT_CONTINUE:
		if (!k->loop_depth) {
			int r = skep_check_error(k, stmt->loc, "%s stands outside of a loop",
						 stmt->kind == SKEP_STMT_BREAK ? "break"
									       : "continue");
			skep_diag_hint(k->c->diag, "to leave the probe: return");
			return r;
		}
		return 0;
	default:
		return 0;
	}
}

/* Every statement is looked at, whatever is wrong with those before it. */
int skep_check_block(struct skep_check *k, const struct skep_block_node *block)
{
	size_t scope = k->locals.len;
	int r = 0;

	for (size_t i = 0; i < block->len; i++) {
		int r2 = skep_check_stmt(k, block->data[i]);

		r = r < 0 ? r : r2;
	}
	skep_check_scope_end(k, scope);
	return r;
}
