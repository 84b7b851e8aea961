/* SPDX-License-Identifier: Apache-2.0 */
/* Values and operators. What arithmetic means is told in arith.h. */
#include <errno.h>
#include <string.h>

#include "lang/address.h"
#include "lang/arith.h"
#include "lang/check_priv.h"
#include "lang/expr_text.h"
#include "lang/nearest.h"
#include "lang/probe_name.h"

static bool is_int(const struct skep_type *type)
{
	return type->kind == SKEP_TYPE_INT;
}

static bool is_ptr(const struct skep_type *type)
{
	return type->kind == SKEP_TYPE_PTR;
}

static bool is_text(const struct skep_type *type)
{
	return type->kind == SKEP_TYPE_STRING;
}

/* A parameter of the command line that stands where a number should: the command line is what is wrong. */
bool skep_check_not_number(struct skep_check *k, const struct skep_expr *expr)
{
	const struct skep_expr *was = expr->was;

	if (expr->kind != SKEP_EXPR_STRING || !was || was->kind != SKEP_EXPR_PARAM)
		return false;
	(void)skep_check_error(k, expr->loc, "parameter $%u is \"%s\", which is not a number",
			       was->param.index, expr->text.data);
	skep_diag_hint(k->c->diag, "give a number on the command line; as text it is str($%u)",
		       was->param.index);
	return true;
}

bool skep_check_quoted_number(const struct skep_expr *expr)
{
	return expr->kind == SKEP_EXPR_STRING && expr->text.len &&
	       strspn(expr->text.data, "0123456789") == expr->text.len;
}

static int mismatch(struct skep_check *k, const struct skep_expr *expr, enum skep_binary op,
		    const struct skep_expr *left, const struct skep_expr *right)
{
	const struct skep_type *a = left->type, *b = right->type;

	if (skep_check_not_number(k, is_text(a) ? left : right))
		return -EINVAL;
	if (expr->kind == SKEP_EXPR_BINARY && expr->binary.unit) {
		(void)skep_check_error(k, expr->loc, "'as %s' takes a number, and this is %s",
				       expr->binary.unit, skep_check_type_text(k, a));
		skep_diag_hint(k->c->diag, "a field that is no number has no unit: leave it out");
		return -EINVAL;
	}
	(void)skep_check_error(k, expr->loc, "'%s' does not go between %s and %s",
			       skep_binary_text(op), skep_check_type_text(k, a),
			       skep_check_type_text(k, b));
	if (skep_check_quoted_number(left) || skep_check_quoted_number(right))
		skep_diag_hint(k->c->diag, "numbers stand without quotes");
	else if ((is_text(a) && is_int(b)) || (is_int(a) && is_text(b)))
		skep_diag_hint(k->c->diag, op >= SKEP_BINARY_EQ
						   ? "text is compared with text: == \"...\""
						   : "numbers come from numbers only");
	else if ((is_text(a) && is_ptr(b)) || (is_ptr(a) && is_text(b)))
		skep_diag_hint(k->c->diag, "str(pointer) reads the text that it points to");
	else if (is_text(a) && is_text(b) && op < SKEP_BINARY_EQ)
		skep_diag_hint(k->c->diag,
			       "texts are put together by str_concat(a, b), and in what is "
			       "printed by printf(\"%%s%%s\", a, b)");
	else if (a->kind == SKEP_TYPE_PROBE || b->kind == SKEP_TYPE_PROBE)
		skep_diag_hint(k->c->diag, "probe and func themselves are equal to a text or not: "
					   "probe == \"...\"");
	else if (a->kind == SKEP_TYPE_INET || b->kind == SKEP_TYPE_INET)
		skep_diag_hint(k->c->diag,
			       "addresses are equal to a text or not: == \"192.0.2.1\", "
			       "== \"192.0.2.0/24\"");
	else if (is_text(a) && is_text(b))
		skep_diag_hint(k->c->diag, "text can be compared with == and !=");
	else if (a->kind == SKEP_TYPE_STRUCT || b->kind == SKEP_TYPE_STRUCT)
		skep_diag_hint(k->c->diag, "take a field of the struct");
	else if (a->kind == SKEP_TYPE_TUPLE || b->kind == SKEP_TYPE_TUPLE)
		skep_diag_hint(k->c->diag,
			       "tuples are compared with tuples of the same types; take an "
			       "element: .0, or by its name");
	else
		skep_diag_hint(k->c->diag,
			       "both sides must be of one kind: a number, a text, a pointer");
	return -EINVAL;
}

static int check_constant_right(struct skep_check *k, const struct skep_expr *expr,
				enum skep_binary op, const struct skep_expr *right)
{
	int64_t value;
	int r;

	if (!skep_check_const(k, right, &value))
		return 0;
	if ((op == SKEP_BINARY_DIV || op == SKEP_BINARY_MOD) && value == 0) {
		r = skep_check_error(k, right->loc, "division by zero");
		skep_diag_hint(k->c->diag, "the right side is 0 whatever happens");
		return r;
	}
	if ((op == SKEP_BINARY_SHL || op == SKEP_BINARY_SHR) && (value < 0 || value > 63)) {
		r = skep_check_error(k, right->loc, "numbers have 64 bits: they shift by 0 to 63");
		skep_diag_hint(k->c->diag, "shift by less, or write the number that you mean");
		return r;
	}
	return 0;
}

int skep_check_arith(struct skep_check *k, struct skep_expr *expr, enum skep_binary op,
		     struct skep_expr *left, struct skep_expr *right,
		     const struct skep_type **ret_type)
{
	const struct skep_type *a = left->type, *b = right->type;
	int r = check_constant_right(k, expr, op, right);

	if (r < 0)
		return r;
	if (is_ptr(a) && is_int(b) && (op == SKEP_BINARY_ADD || op == SKEP_BINARY_SUB)) {
		/* A computed address is no longer typed for the verifier. */
		*ret_type = skep_check_promote(k, a, true);
		return 0;
	}
	if (is_int(a) && is_ptr(b) && op == SKEP_BINARY_ADD) {
		*ret_type = skep_check_promote(k, b, true);
		return 0;
	}
	if (is_ptr(a) && is_ptr(b) && op == SKEP_BINARY_SUB) {
		*ret_type = skep_type_int(8, true);
		return 0;
	}
	/* Addresses as numbers, such as a bit of them that says something. */
	if ((is_ptr(a) || is_ptr(b)) && (is_ptr(a) || is_int(a)) && (is_ptr(b) || is_int(b)) &&
	    op >= SKEP_BINARY_AND && op <= SKEP_BINARY_SHR) {
		*ret_type = skep_type_int(8, false);
		return 0;
	}
	if (!is_int(a) || !is_int(b))
		return mismatch(k, expr, op, left, right);
	*ret_type = skep_arith_type(op, a, b);
	return 0;
}

static int check_compare(struct skep_check *k, struct skep_expr *expr)
{
	const struct skep_expr *left = expr->binary.left, *right = expr->binary.right;
	const struct skep_type *a = left->type, *b = right->type;
	bool equality = expr->binary.op == SKEP_BINARY_EQ || expr->binary.op == SKEP_BINARY_NE;

	expr->type = skep_type_bool();
	if ((is_int(a) || is_ptr(a)) && (is_int(b) || is_ptr(b))) {
		skep_check_never(k, expr);
		return 0;
	}
	if (skep_type_is_scalar(a) && skep_type_is_scalar(b) &&
	    (a->kind == b->kind || is_int(a) || is_int(b)))
		return 0;
	if (equality && skep_probe_name_compares(left, right)) {
		skep_probe_name_check(k, expr);
		return 0;
	}
	if (equality && skep_address_compares(left, right))
		return skep_address_check(k, left, right);
	if (equality && a->kind == b->kind && !skep_type_is_scalar(a) && !skep_type_is_agg(a)) {
		if (is_text(a) || a->kind == SKEP_TYPE_BUFFER)
			return 0;
		if (a->kind == SKEP_TYPE_TUPLE && skep_check_unify(k, a, b))
			return 0;
		if (a->kind != SKEP_TYPE_STRUCT && a->kind != SKEP_TYPE_VOID &&
		    skep_type_equal(a, b))
			return 0;
	}
	return mismatch(k, expr, expr->binary.op, left, right);
}

static int check_logic(struct skep_check *k, struct skep_expr *expr)
{
	bool outer = k->never;
	int64_t value;
	int r = skep_check_truth(k, expr->binary.left, "each side of && and ||"), r2;

	if (r >= 0 && skep_check_const(k, expr->binary.left, &value))
		k->never |= !value == (expr->binary.op == SKEP_BINARY_LAND);
	r2 = skep_check_truth(k, expr->binary.right, "each side of && and ||");
	k->never = outer;
	expr->type = skep_type_bool();
	return r < 0 ? r : r2;
}

static int check_binary(struct skep_check *k, struct skep_expr *expr)
{
	enum skep_binary op = expr->binary.op;
	struct skep_expr *left = expr->binary.left, *right = expr->binary.right;
	int r, r2;

	if (op >= SKEP_BINARY_LAND)
		return check_logic(k, expr);
	r = skep_check_expr(k, left);
	r2 = skep_check_expr(k, right);
	if (r < 0 || r2 < 0)
		return r < 0 ? r : r2;
	if (!left->type || !right->type) {
		/* What is not known yet will mostly be a number: lets @x = @x + 1 settle. */
		expr->type = op >= SKEP_BINARY_EQ ? skep_type_bool() : skep_type_int(8, true);
		return 0;
	}
	if (op >= SKEP_BINARY_EQ)
		return check_compare(k, expr);
	return skep_check_arith(k, expr, op, left, right, &expr->type);
}

static int check_unary(struct skep_check *k, struct skep_expr *expr)
{
	struct skep_expr *operand = expr->unary.operand;
	int r;

	switch (expr->unary.op) {
	case SKEP_UNARY_NOT:
		expr->type = skep_type_bool();
		return skep_check_truth(k, operand, "what stands behind '!'");
	case SKEP_UNARY_DEREF:
		return skep_check_deref(k, expr);
	case SKEP_UNARY_ADDR:
		return skep_check_addr(k, expr);
	case SKEP_UNARY_NEG:
	case SKEP_UNARY_BITNOT:
		r = skep_check_expr(k, operand);
		if (r < 0 || !operand->type)
			return r;
		if (!is_int(operand->type))
			return skep_check_want(k, operand, "a number");
		expr->type = expr->unary.op == SKEP_UNARY_NEG
				     ? skep_type_int(8, true)
				     : skep_arith_not_type(k->c->arena, operand->type);
		return 0;
	default:
		return skep_check_step(k, expr);
	}
}

static int check_ternary_comptime(struct skep_check *k, struct skep_expr *expr)
{
	bool known, yes, as_stmt = k->as_stmt;
	int r;

	k->as_stmt = false;
	r = skep_check_comptime(k, expr->ternary.cond, &known, &yes);
	expr->ternary.chosen = NULL;
	if (r < 0 || !known)
		return r;
	expr->ternary.chosen = yes ? expr->ternary.yes : expr->ternary.no;
	k->as_stmt = as_stmt;
	r = skep_check_expr(k, expr->ternary.chosen);
	k->as_stmt = false;
	expr->type = expr->ternary.chosen->type;
	return r;
}

static int check_ternary(struct skep_check *k, struct skep_expr *expr)
{
	struct skep_expr *yes = expr->ternary.yes, *no = expr->ternary.no;
	const struct skep_type *a, *b;
	bool as_stmt = k->as_stmt;
	int r, r2 = 0, r3;

	k->as_stmt = false;
	r = skep_check_truth(k, expr->ternary.cond, "the condition of ?:");
	if (yes) {
		k->as_stmt = as_stmt;
		r2 = skep_check_expr(k, yes);
	}
	k->as_stmt = as_stmt;
	r3 = skep_check_expr(k, no);
	k->as_stmt = false;
	if (r < 0 || r2 < 0 || r3 < 0)
		return -EINVAL;
	a = yes ? yes->type : expr->ternary.cond->type;
	b = no->type;
	if (!a || !b)
		return 0;
	if (a->kind == SKEP_TYPE_VOID && b->kind == SKEP_TYPE_VOID) {
		expr->type = &skep_type_void;
		return 0;
	}
	if (is_ptr(a) && skep_check_is_zero(no))
		expr->type = skep_check_promote(k, a, true);
	else if (yes && is_ptr(b) && skep_check_is_zero(yes))
		expr->type = skep_check_promote(k, b, true);
	else
		expr->type = skep_check_unify(k, skep_check_promote(k, a, true),
					      skep_check_promote(k, b, true));
	if (!expr->type && expr->ternary.loose && as_stmt)
		expr->type = &skep_type_void;
	if (expr->type)
		return 0;
	r = skep_check_error(k, expr->loc, "the two sides of ?: have different types: %s and %s",
			     skep_check_type_text(k, a), skep_check_type_text(k, b));
	skep_diag_hint(k->c->diag, "use if and else for two different things");
	return r;
}

static int check_var(struct skep_check *k, struct skep_expr *expr)
{
	struct skep_local *local = skep_check_local(k, expr->var.name);
	struct skep_nearest near = { .wanted = expr->var.name };
	bool in_macro = strchr(expr->var.name, '\''); /* see macro.h */

	if (!local)
		local = skep_check_revive(k, expr->var.name, NULL);
	expr->var.local = local;
	if (local && local->type) {
		expr->type = local->type;
		return 0;
	}
	if (local && local->failed)
		return -EINVAL; /* told where it should have got its value */
	if (!k->final)
		return local ? 0 : -EINVAL;
	(void)skep_check_error(
		k, expr->loc, local ? "$%s is used before it gets a value" : "there is no $%s here",
		expr->var.name);
	for (size_t i = 0; i < k->locals.len && !in_macro; i++)
		if (!strchr(k->locals.data[i]->name, '\''))
			skep_nearest_add(&near, k->locals.data[i]->name);
	if (in_macro && !local)
		skep_diag_hint(k->c->diag,
			       "a macro sees only its own variables: make this one a "
			       "parameter, macro name($%s)",
			       expr->var.name);
	else if (near.n && !local)
		skep_diag_hint(k->c->diag, "did you mean $%s?",
			       skep_nearest_text(&near, k->c->arena));
	else
		skep_diag_hint(k->c->diag,
			       "a variable begins with its first assignment and ends with the "
			       "probe; what lasts from probe to probe is a map: @%s",
			       expr->var.name);
	skep_nearest_fini(&near);
	return -EINVAL;
}

/* A number, or text where it is not one: str($1) and comparisons with text take it so. */
static int check_param(struct skep_check *k, struct skep_expr *expr)
{
	int64_t value;

	expr->type = skep_type_int(8, true);
	if (!skep_check_const(k, expr, &value))
		skep_check_become_text(k, expr, skep_check_literal(k, expr));
	return 0;
}

int skep_check_tuple(struct skep_check *k, struct skep_expr *expr)
{
	const struct skep_type **types =
		skep_arena_calloc(k->c->arena, expr->tuple.len, sizeof(*types));
	bool known = true;
	int r = 0;

	if (!expr->tuple.len) {
		expr->type = &skep_type_void;
		return 0;
	}
	for (size_t i = 0; i < expr->tuple.len; i++) {
		struct skep_expr *e = expr->tuple.data[i];
		int r2 = skep_check_expr(k, e);

		if (r2 >= 0 && e->type && (e->type->kind == SKEP_TYPE_VOID || !e->type->size))
			r2 = skep_check_want(k, e, "a value");
		r = r < 0 ? r : r2;
		known &= e->type != NULL;
		if (e->type)
			types[i] = skep_check_promote(k, e->type, false);
	}
	if (r >= 0 && known && expr->tuple_names)
		expr->type =
			skep_type_record(&k->c->types, expr->tuple_names, types, expr->tuple.len);
	else if (r >= 0 && known)
		expr->type = skep_type_tuple(&k->c->types, types, expr->tuple.len);
	return r;
}

/* Mistakes in the body of a macro lie where it was written: which call made it is said behind them. */
static void note_macro(struct skep_check *k, const struct skep_expr *expr, size_t n_items)
{
	if (expr->block.macro && k->c->diag && k->c->diag->n_items > n_items)
		skep_diag_add(k->c->diag, SKEP_DIAG_NOTE, expr->loc, "in macro %s, used here",
			      expr->block.macro);
}

static int check_block_expr(struct skep_check *k, struct skep_expr *expr, bool as_stmt)
{
	size_t scope = k->locals.len, n_items = k->c->diag ? k->c->diag->n_items : 0;
	int r = 0, r2 = 0;

	/* The value sees the variables of the block. */
	for (size_t i = 0; i < expr->block.body.len; i++) {
		r2 = skep_check_stmt(k, expr->block.body.data[i]);
		r = r < 0 ? r : r2;
	}
	if (expr->block.value) {
		k->as_stmt = as_stmt;
		r2 = skep_check_expr(k, expr->block.value);
		k->as_stmt = false;
		expr->type = expr->block.value->type;
	} else {
		expr->type = &skep_type_void;
	}
	skep_check_scope_end(k, scope);
	note_macro(k, expr, n_items);
	return r < 0 ? r : r2;
}

int skep_check_expr(struct skep_check *k, struct skep_expr *expr)
{
	bool as_stmt = k->as_stmt;

	if (expr->was)
		*expr = *expr->was;
	if (expr->kind != SKEP_EXPR_CALL && expr->kind != SKEP_EXPR_NAME) {
		k->agg_ok = false;
		if (expr->kind != SKEP_EXPR_TERNARY)
			k->as_stmt = false;
	}
	expr->type = NULL;
	switch (expr->kind) {
	case SKEP_EXPR_INT:
		expr->type = expr->num.is_bool ? skep_type_bool()
			     : expr->num.of    ? expr->num.of
					       : skep_type_int(8, !expr->num.is_unsigned);
		return 0;
	case SKEP_EXPR_STRING:
		expr->type = skep_type_string(&k->c->types, (uint32_t)expr->text.len + 1);
		return 0;
	case SKEP_EXPR_NAME:
	case SKEP_EXPR_CALL:
		return skep_check_call(k, expr);
	case SKEP_EXPR_VAR:
		return check_var(k, expr);
	case SKEP_EXPR_MAP:
		return skep_check_map_read(k, expr);
	case SKEP_EXPR_PARAM:
		return check_param(k, expr);
	case SKEP_EXPR_UNARY:
		return check_unary(k, expr);
	case SKEP_EXPR_BINARY:
		return check_binary(k, expr);
	case SKEP_EXPR_TERNARY:
		k->as_stmt = as_stmt;
		if (expr->ternary.comptime)
			return check_ternary_comptime(k, expr);
		return check_ternary(k, expr);
	case SKEP_EXPR_ASSIGN:
		return skep_check_assign(k, expr);
	case SKEP_EXPR_FIELD:
		return skep_check_field(k, expr);
	case SKEP_EXPR_INDEX:
		return skep_check_index(k, expr);
	case SKEP_EXPR_CAST:
		return skep_check_cast(k, expr);
	case SKEP_EXPR_SIZEOF:
	case SKEP_EXPR_OFFSETOF:
		return skep_check_layout(k, expr);
	case SKEP_EXPR_TUPLE:
		return skep_check_tuple(k, expr);
	case SKEP_EXPR_BLOCK:
		return check_block_expr(k, expr, as_stmt);
	default:
		return skep_check_error(k, expr->loc, "this expression is not supported");
	}
}
