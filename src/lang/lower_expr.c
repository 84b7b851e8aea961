/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lowering, expressions.
 */
#include <errno.h>
#include <string.h>

#include "lang/arith.h"
#include "lang/import.h"
#include "lang/lower_priv.h"
#include "lang/need.h"

int skep_lower_bug(struct skep_lower *l, struct skep_loc loc, const char *what)
{
	skep_diag_error(l->c->diag, loc, "cannot make code for %s here", what);
	skep_diag_hint(l->c->diag,
		       "this is a gap in skep itself: please report it together with the script");
	return -EINVAL;
}

static struct skep_value scalar(const struct skep_type *type, struct skep_val *val)
{
	return (struct skep_value){ .type = type, .val = val };
}

int skep_lower_scalar(struct skep_lower *l, const struct skep_expr *expr, struct skep_val **ret_val)
{
	struct skep_value value;
	int r = skep_lower_expr(l, expr, &value);

	if (r < 0)
		return r;
	if (!skep_type_is_scalar(value.type))
		return skep_lower_bug(l, expr->loc, "this value as a number");
	*ret_val = value.val;
	return 0;
}

int skep_lower_number(struct skep_lower *l, const struct skep_expr *expr, struct skep_val **ret_val)
{
	int r = skep_lower_scalar(l, expr, ret_val);

	if (r == 0 && expr->type->kind == SKEP_TYPE_PTR)
		*ret_val = skep_lower_untype(l, *ret_val);
	return r;
}

/* Bytes that a pointer's arithmetic counts in. */
static uint64_t stride(struct skep_compiler *c, const struct skep_type *ptr)
{
	if (ptr->elem)
		skep_need_size(&c->types, ptr->elem);
	return ptr->elem && ptr->elem->size ? ptr->elem->size : 1;
}

struct skep_val *skep_lower_arith(struct skep_lower *l, enum skep_binary op,
				  const struct skep_type *left_type, struct skep_val *left,
				  const struct skep_type *right_type, struct skep_val *right)
{
	/* Also of a pointer that is bare by its type: it may have been computed from a typed one. */
	if (left_type->kind == SKEP_TYPE_PTR)
		left = skep_lower_untype(l, left);
	if (right_type->kind == SKEP_TYPE_PTR)
		right = skep_lower_untype(l, right);
	if (op == SKEP_BINARY_ADD || op == SKEP_BINARY_SUB) {
		if (left_type->kind == SKEP_TYPE_PTR && right_type->kind != SKEP_TYPE_PTR)
			right = skep_ir_opi(l->fn, SKEP_OP_MUL, right, stride(l->c, left_type));
		else if (right_type->kind == SKEP_TYPE_PTR && left_type->kind != SKEP_TYPE_PTR)
			left = skep_ir_opi(l->fn, SKEP_OP_MUL, left, stride(l->c, right_type));
	}
	return skep_ir_op(l->fn, skep_arith_op(op, left_type, right_type), left, right);
}

static int lower_binary(struct skep_lower *l, const struct skep_expr *expr,
			struct skep_value *ret_value)
{
	const struct skep_expr *a = expr->binary.left, *b = expr->binary.right;
	struct skep_val *left, *right;
	int r;

	r = skep_lower_scalar(l, a, &left);
	if (r < 0)
		return r;
	r = skep_lower_scalar(l, b, &right);
	if (r < 0)
		return r;
	*ret_value = scalar(expr->type,
			    skep_lower_arith(l, expr->binary.op, a->type, left, b->type, right));
	return 0;
}

/* A condition used as a number: 1 or 0. */
static int truth(struct skep_lower *l, const struct skep_expr *expr, struct skep_value *ret_value)
{
	struct skep_block *yes = skep_ir_block(l->fn), *no = skep_ir_block(l->fn),
			  *join = skep_ir_block(l->fn);
	struct skep_var *var = skep_ir_var(l->fn, "truth");
	int r;

	r = skep_lower_cond(l, expr, yes, no);
	if (r < 0)
		return r;
	skep_ir_at(l->fn, yes);
	skep_ir_set(l->fn, var, skep_ir_const(l->fn, 1));
	skep_ir_jump(l->fn, join);
	skep_ir_at(l->fn, no);
	skep_ir_set(l->fn, var, skep_ir_const(l->fn, 0));
	skep_ir_jump(l->fn, join);
	skep_ir_at(l->fn, join);
	*ret_value = scalar(expr->type, skep_ir_get(l->fn, var));
	return 0;
}

/* What is read inside is not read on every path past the predicate that it may stand in. */
static int lower_truth(struct skep_lower *l, const struct skep_expr *expr,
		       struct skep_value *ret_value)
{
	bool in_predicate = l->in_predicate;
	int r;

	l->in_predicate = false;
	r = truth(l, expr, ret_value);
	l->in_predicate = in_predicate;
	return r;
}

/*
 * A variable's home in this body: an SSA variable, or memory. Memory is set up in l->start, which runs before
 * every use, so that a variable which only one branch assigns has a home everywhere: of zeroes, unless it is assigned
 * before anybody can see it (@begins).
 */
void skep_lower_local_home(struct skep_lower *l, struct skep_local *local, bool begins)
{
	struct skep_block *here = skep_ir_here(l->fn);

	if (local->instance == l->instance || skep_lower_capture(l, local))
		return;
	local->instance = l->instance;
	local->written = false;
	local->var = NULL;
	local->addr = NULL;
	local->parts = NULL;
	if (skep_type_is_scalar(local->type) && !local->addressed) {
		local->var = skep_ir_var(l->fn, local->name);
		return;
	}
	skep_ir_at(l->fn, l->start);
	if (local->addressed) {
		local->addr = skep_lower_lasting(l, local->type->size);
		local->off = 0;
	} else {
		local->addr = skep_lower_object(l, local->type->size, local->name, &local->off);
	}
	if (!begins || local->outlives)
		skep_lower_clear(l, local->addr, local->off, local->type->size);
	l->start = skep_ir_here(l->fn);
	skep_ir_at(l->fn, here);
}

void skep_lower_local_begin(struct skep_lower *l, struct skep_local *local)
{
	if (local && local->type)
		skep_lower_local_home(l, local, true);
}

void skep_lower_local_clear(struct skep_lower *l, struct skep_local *local)
{
	skep_lower_local_home(l, local, true);
	local->written = true;
	if (local->var)
		skep_ir_set(l->fn, local->var, skep_ir_const(l->fn, 0));
	else
		skep_lower_clear(l, local->addr, local->off, local->type->size);
}

/* The memory of a variable as a value. A number is loaded from there. */
static struct skep_value local_place(struct skep_lower *l, const struct skep_local *local)
{
	bool is_signed = local->type->kind == SKEP_TYPE_INT && local->type->is_signed;

	if (skep_type_is_scalar(local->type))
		return scalar(local->type,
			      skep_ir_load(l->fn, local->addr, local->off, local->type->size,
					   is_signed ? SKEP_LOAD_SIGNED : 0));
	return (struct skep_value){
		.type = local->type,
		.val = local->addr,
		.off = local->off,
		.space = SKEP_SPACE_BPF,
		.parts = local->parts,
	};
}

static int assign_var(struct skep_lower *l, const struct skep_expr *target,
		      const struct skep_value *value, struct skep_value *ret_value)
{
	struct skep_local *local = target->var.local;
	int r;

	skep_lower_local_home(l, local, false);
	local->written = true;
	if (local->var) {
		struct skep_val *v = value->val;

		if (local->type->kind == SKEP_TYPE_INT && local->type->size < 8)
			v = skep_ir_extend(l->fn, v, local->type->size, local->type->is_signed);
		skep_ir_set(l->fn, local->var, v);
		if (ret_value)
			*ret_value = scalar(local->type, v);
		return 0;
	}
	r = skep_lower_store(l, value, local->type, local->addr, local->off);
	if (r >= 0 && ret_value)
		*ret_value = local_place(l, local);
	return r;
}

int skep_lower_local_set(struct skep_lower *l, struct skep_local *local,
			 const struct skep_value *value)
{
	struct skep_expr target = { .kind = SKEP_EXPR_VAR,
				    .var = { .name = local->name, .local = local } };

	return assign_var(l, &target, value, NULL);
}

struct skep_value skep_lower_local_get(struct skep_lower *l, struct skep_local *local)
{
	skep_lower_local_home(l, local, false);
	if (local->var)
		return scalar(local->type, skep_ir_get(l->fn, local->var));
	return local_place(l, local);
}

static int lower_var(struct skep_lower *l, const struct skep_expr *expr,
		     struct skep_value *ret_value)
{
	*ret_value = skep_lower_local_get(l, expr->var.local);
	return 0;
}

static int lower_assign(struct skep_lower *l, const struct skep_expr *expr,
			struct skep_value *ret_value)
{
	const struct skep_expr *target = expr->binary.left;
	struct skep_value value, now;
	int r;

	if (target->kind == SKEP_EXPR_MAP)
		return skep_lower_map_assign(l, expr, ret_value);
	if (target->kind != SKEP_EXPR_VAR)
		return skep_lower_bug(l, expr->loc, "an assignment to this");
	r = skep_lower_expr(l, expr->binary.right, &value);
	if (r < 0)
		return r;
	if (expr->binary.op != SKEP_BINARY_NONE) {
		r = lower_var(l, target, &now);
		if (r < 0)
			return r;
		value = scalar(target->type, skep_lower_arith(l, expr->binary.op, target->type,
							      now.val, value.type, value.val));
	}
	return assign_var(l, target, &value, ret_value);
}

static int lower_step(struct skep_lower *l, const struct skep_expr *expr,
		      struct skep_value *ret_value)
{
	const struct skep_expr *target = expr->unary.operand;
	enum skep_unary op = expr->unary.op;
	int delta = op == SKEP_UNARY_PREINC || op == SKEP_UNARY_POSTINC ? 1 : -1;
	bool before = op == SKEP_UNARY_POSTINC || op == SKEP_UNARY_POSTDEC;
	struct skep_value old, new;
	int r;

	if (target->kind == SKEP_EXPR_MAP)
		return skep_lower_map_step(l, target, delta, before, ret_value);
	if (target->kind != SKEP_EXPR_VAR)
		return skep_lower_bug(l, expr->loc, "++ or -- of this");
	r = lower_var(l, target, &old);
	if (r < 0)
		return r;
	if (target->type->kind == SKEP_TYPE_PTR) {
		delta *= (int)stride(l->c, target->type);
		old.val = skep_lower_untype(l, old.val);
	}
	new = scalar(target->type,
		     skep_ir_opi(l->fn, SKEP_OP_ADD, old.val, (uint64_t)(int64_t)delta));
	r = assign_var(l, target, &new, &new);
	if (r < 0)
		return r;
	*ret_value = before ? old : new;
	return 0;
}

static int lower_unary(struct skep_lower *l, const struct skep_expr *expr,
		       struct skep_value *ret_value)
{
	struct skep_val *v;
	int r;

	switch (expr->unary.op) {
	case SKEP_UNARY_NOT:
		return lower_truth(l, expr, ret_value);
	case SKEP_UNARY_DEREF:
		return skep_lower_deref(l, expr, ret_value);
	case SKEP_UNARY_ADDR:
		return skep_lower_addr(l, expr, ret_value);
	case SKEP_UNARY_NEG:
	case SKEP_UNARY_BITNOT:
		break;
	default:
		return lower_step(l, expr, ret_value);
	}
	r = skep_lower_scalar(l, expr->unary.operand, &v);
	if (r < 0)
		return r;
	if (expr->unary.op == SKEP_UNARY_NEG)
		v = skep_ir_op(l->fn, SKEP_OP_SUB, skep_ir_const(l->fn, 0), v);
	else
		v = skep_ir_opi(l->fn, SKEP_OP_XOR, v,
				skep_arith_not_mask(expr->unary.operand->type));
	*ret_value = scalar(expr->type, v);
	return 0;
}

static int lower_cast(struct skep_lower *l, const struct skep_expr *expr,
		      struct skep_value *ret_value)
{
	const struct skep_type *to = expr->type;
	struct skep_value value;
	int r;

	r = skep_lower_expr(l, expr->cast.value, &value);
	if (r < 0)
		return r;
	if (skep_type_is_scalar(to) && skep_type_is_scalar(value.type)) {
		if (to->kind == SKEP_TYPE_INT && value.type->kind == SKEP_TYPE_PTR)
			value.val = skep_lower_untype(l, value.val);
		if (to->is_bool && !value.type->is_bool)
			value.val =
				skep_ir_cmp(l->fn, SKEP_CC_NE, value.val, skep_ir_const(l->fn, 0));
		else if (to->kind == SKEP_TYPE_INT && to->size < 8)
			value.val = skep_ir_extend(l->fn, value.val, to->size, to->is_signed);
		value.type = to;
		*ret_value = value;
		return 0;
	}
	if (skep_type_is_scalar(to)) {
		/* An array of the same size as a number. */
		return skep_lower_load(l, to, value.val, value.off, value.space, ret_value);
	}
	if (skep_type_is_scalar(value.type)) {
		/* A number as an array of bytes. */
		struct skep_value own = { .type = to, .space = SKEP_SPACE_BPF };

		own.val = skep_lower_object(l, MAX(to->size, 8u), "cast", &own.off);
		skep_ir_store(l->fn, own.val, own.off, 8, value.val);
		*ret_value = own;
		return 0;
	}
	value.type = to;
	*ret_value = value;
	return 0;
}

static int lower_tuple(struct skep_lower *l, const struct skep_expr *expr,
		       struct skep_value *ret_value)
{
	struct skep_value *parts = skep_arena_calloc(l->c->arena, expr->tuple.len, sizeof(*parts));

	for (size_t i = 0; i < expr->tuple.len; i++) {
		int r = skep_lower_expr(l, expr->tuple.data[i], &parts[i]);

		if (r < 0)
			return r;
	}
	*ret_value =
		(struct skep_value){ .type = expr->type, .space = SKEP_SPACE_BPF, .parts = parts };
	return 0;
}

static int lower_call(struct skep_lower *l, const struct skep_expr *expr,
		      struct skep_value *ret_value)
{
	const struct skep_builtin *builtin = expr->call.builtin;

	if (expr->kind == SKEP_EXPR_CALL && expr->call.fn)
		return skep_lower_fn_call(l, expr, ret_value);
	if (!builtin && skep_import_has(l->c, expr->call.name))
		return skep_import_lower(l, expr, ret_value);
	if (!builtin || !builtin->lower)
		return skep_lower_bug(l, expr->loc, expr->call.name);
	return builtin->lower(l, expr, ret_value);
}

struct skep_value skep_lower_text(struct skep_lower *l, const char *text, size_t len)
{
	return (struct skep_value){
		.type = skep_type_string(&l->c->types, (uint32_t)len + 1),
		.val = skep_lower_literal(l, text, len),
		.space = SKEP_SPACE_BPF,
		.literal = text,
		.literal_len = len,
	};
}

static int lower_param(struct skep_lower *l, const struct skep_expr *expr,
		       struct skep_value *ret_value)
{
	const struct skep_compile_options *o = l->c->options;
	unsigned i = expr->param.index;
	const char *text = i && i <= o->n_params ? o->params[i - 1] : "0";
	uint64_t value = i ? strtoull(text, NULL, 0) : o->n_params;

	if (text[0] == '-')
		value = (uint64_t)strtoll(text, NULL, 0);
	*ret_value = scalar(expr->type, skep_ir_const(l->fn, value));
	return 0;
}

static int lower_any(struct skep_lower *l, const struct skep_expr *expr,
		     struct skep_value *ret_value)
{
	int r;

	switch (expr->kind) {
	case SKEP_EXPR_INT:
		*ret_value = scalar(expr->type,
				    skep_need_enum_value(&l->c->types, l->fn, expr->num.need_plus1,
							 expr->num.value));
		return 0;
	case SKEP_EXPR_STRING:
		*ret_value = skep_lower_text(l, expr->text.data, expr->text.len);
		return 0;
	case SKEP_EXPR_NAME:
	case SKEP_EXPR_CALL:
		return lower_call(l, expr, ret_value);
	case SKEP_EXPR_VAR:
		return lower_var(l, expr, ret_value);
	case SKEP_EXPR_MAP:
		return skep_lower_map_get(l, expr, ret_value);
	case SKEP_EXPR_PARAM:
		return lower_param(l, expr, ret_value);
	case SKEP_EXPR_UNARY:
		return lower_unary(l, expr, ret_value);
	case SKEP_EXPR_BINARY:
		return skep_lower_is_cond(expr) ? lower_truth(l, expr, ret_value)
						: lower_binary(l, expr, ret_value);
	case SKEP_EXPR_TERNARY:
		if (expr->ternary.comptime)
			return skep_lower_expr(l, expr->ternary.chosen, ret_value);
		return skep_lower_ternary(l, expr, ret_value);
	case SKEP_EXPR_ASSIGN:
		return lower_assign(l, expr, ret_value);
	case SKEP_EXPR_FIELD:
		return skep_lower_field(l, expr, ret_value);
	case SKEP_EXPR_INDEX:
		return skep_lower_index(l, expr, ret_value);
	case SKEP_EXPR_CAST:
		return lower_cast(l, expr, ret_value);
	case SKEP_EXPR_TUPLE:
		return lower_tuple(l, expr, ret_value);
	case SKEP_EXPR_BLOCK:
		r = skep_lower_block(l, &expr->block.body);
		if (r < 0)
			return r;
		return expr->block.value ? skep_lower_expr(l, expr->block.value, ret_value) : 0;
	default:
		return skep_lower_bug(l, expr->loc, "this expression");
	}
}

/* What the kernel says of an instruction is told at the smallest expression that it belongs to, so an expression that
 * goes on behind its parts must get its place back. */
int skep_lower_expr(struct skep_lower *l, const struct skep_expr *expr,
		    struct skep_value *ret_value)
{
	struct skep_loc around = skep_ir_loc(l->fn, expr->loc);
	struct skep_value unused;
	int r;

	if (!ret_value)
		ret_value = &unused;
	*ret_value = (struct skep_value){ .type = expr->type };
	r = lower_any(l, expr, ret_value);
	skep_ir_loc(l->fn, around);
	return r;
}
