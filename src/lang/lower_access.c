/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lowering, access: fields, indices, pointers. A place is followed without reading it until a number is needed.
 *
 *	args.filename->name.len     place of args ─field─► pointer ─deref─► place ─field─► number
 *
 * Typed kernel pointers (space BTF) are loaded from directly: the kernel makes such a load safe and it costs one
 * instruction. The verifier allows it at constant offsets only; where an offset is computed the whole path is taken
 * through probe_read instead (l->untyped).
 */
#include <errno.h>

#include "lang/lower_priv.h"

/* The number in the @bit_size bits from @bit_off of a storage unit. */
static struct skep_val *bit_field(struct skep_lower *l, struct skep_val *unit,
				  const struct skep_field *f)
{
	struct skep_val *v = skep_ir_opi(l->fn, SKEP_OP_SHL, unit, 64u - f->bit_off - f->bit_size);

	return skep_ir_opi(l->fn, f->type->is_signed ? SKEP_OP_SAR : SKEP_OP_SHR, v,
			   64u - f->bit_size);
}

/* Member @f of the struct at @addr + @off. */
static int member(struct skep_lower *l, const struct skep_expr *expr, const struct skep_field *f,
		  struct skep_val *addr, int off, enum skep_space space,
		  struct skep_value *ret_value)
{
	int r;

	if (space == SKEP_SPACE_BTF && l->untyped)
		space = SKEP_SPACE_KERNEL;
	r = skep_lower_load(l, f->type, addr, off + (int)f->offset, space, ret_value);
	if (r < 0)
		return r;
	if (f->bit_size)
		ret_value->val = bit_field(l, ret_value->val, f);
	ret_value->type = expr->type;
	return 0;
}

/*
 * How memory behind this pointer is read. A pointer that the checker knows as typed is typed for the verifier too,
 * unless its path was read untyped.
 */
static enum skep_space pointee_space(const struct skep_lower *l, const struct skep_type *ptr)
{
	if (ptr->space == SKEP_SPACE_BTF && l->untyped)
		return SKEP_SPACE_KERNEL;
	return ptr->space;
}

int skep_lower_field(struct skep_lower *l, const struct skep_expr *expr,
		     struct skep_value *ret_value)
{
	const struct skep_expr *base = expr->field.base;
	const struct skep_field *f = &expr->field.field;
	struct skep_value value;
	int r;

	if (base->kind == SKEP_EXPR_NAME && skep_streq(base->call.name, "args")) {
		r = l->inst->provider->lower_args(l, expr, f, ret_value);
		if (r == 0)
			ret_value->type = expr->type;
		return r;
	}
	r = skep_lower_expr(l, base, &value);
	if (r < 0)
		return r;
	if (value.parts) {
		*ret_value = value.parts[strtoul(expr->field.name, NULL, 10)];
		return 0;
	}
	if (base->type->kind == SKEP_TYPE_PTR)
		return member(l, expr, f, value.val, 0, pointee_space(l, base->type), ret_value);
	return member(l, expr, f, value.val, value.off, value.space, ret_value);
}

int skep_lower_deref(struct skep_lower *l, const struct skep_expr *expr,
		     struct skep_value *ret_value)
{
	const struct skep_expr *operand = expr->unary.operand;
	struct skep_val *ptr;
	int r;

	r = skep_lower_scalar(l, operand, &ptr);
	if (r < 0)
		return r;
	return skep_lower_load(l, expr->type, ptr, 0,
			       operand->type->kind == SKEP_TYPE_PTR
				       ? pointee_space(l, operand->type)
				       : skep_lower_pointed(l, operand->type),
			       ret_value);
}

/* The address of a place as a number. */
int skep_lower_addr(struct skep_lower *l, const struct skep_expr *expr,
		    struct skep_value *ret_value)
{
	struct skep_expr *operand = expr->unary.operand;
	struct skep_value base;
	int r, off = 0;

	if (operand->kind == SKEP_EXPR_FIELD && operand->field.base->type->kind == SKEP_TYPE_PTR) {
		r = skep_lower_expr(l, operand->field.base, &base);
		off = (int)operand->field.field.offset;
	} else {
		r = skep_lower_expr(l, operand, &base);
		if (r == 0 && skep_type_is_scalar(base.type))
			return skep_lower_bug(l, expr->loc, "the address of a number");
		off = base.off;
	}
	if (r < 0)
		return r;
	*ret_value =
		(struct skep_value){ .type = expr->type, .val = skep_lower_at(l, base.val, off) };
	return 0;
}

/* Bytes between two elements; the elements of a string are its bytes. */
static uint32_t elem_size(const struct skep_type *type)
{
	return type->elem ? type->elem->size : 1;
}

/* base[constant] of a place or pointer. */
static int index_at(struct skep_lower *l, const struct skep_expr *expr,
		    const struct skep_value *base, struct skep_value *ret_value)
{
	const struct skep_type *type = expr->index.base->type;
	int64_t off = (int64_t)expr->index.index->num.value * (int64_t)elem_size(type);
	bool is_ptr = type->kind == SKEP_TYPE_PTR;

	if (type->kind == SKEP_TYPE_TUPLE)
		off = type->fields[expr->index.index->num.value].offset;
	return skep_lower_load(l, expr->type, base->val, (is_ptr ? 0 : base->off) + (int)off,
			       is_ptr ? pointee_space(l, type) : base->space, ret_value);
}

/*
 * base[i]. In the program's own memory an index outside the array reads element 0 with the result cleared, as the verifier
 * wants a bound; other memory may be read anywhere, and a wild address reads as zero.
 */
static int index_computed(struct skep_lower *l, const struct skep_expr *expr,
			  const struct skep_value *base, struct skep_val *index,
			  struct skep_value *ret_value)
{
	const struct skep_type *type = expr->index.base->type;
	enum skep_space space = type->kind == SKEP_TYPE_PTR ? pointee_space(l, type) : base->space;
	int off = type->kind == SKEP_TYPE_PTR ? 0 : base->off;
	struct skep_val *at;

	if (space == SKEP_SPACE_BPF && type->kind != SKEP_TYPE_PTR) {
		struct skep_block *good = skep_ir_block(l->fn), *bad = skep_ir_block(l->fn),
				  *join = skep_ir_block(l->fn);
		struct skep_var *bounded = skep_ir_var(l->fn, "index");

		skep_ir_branch(l->fn, SKEP_CC_ULT, index,
			       skep_ir_const(l->fn, type->size / elem_size(type)), good, bad);
		skep_ir_at(l->fn, good);
		skep_ir_set(l->fn, bounded, index);
		skep_ir_jump(l->fn, join);
		skep_ir_at(l->fn, bad);
		skep_ir_set(l->fn, bounded, skep_ir_const(l->fn, 0));
		skep_ir_jump(l->fn, join);
		skep_ir_at(l->fn, join);
		index = skep_ir_get(l->fn, bounded);
	}
	at = skep_ir_opi(l->fn, SKEP_OP_MUL, index, elem_size(type));
	at = skep_ir_op(l->fn, SKEP_OP_ADD, base->val, at);
	return skep_lower_load(l, expr->type, at, off, space, ret_value);
}

int skep_lower_index(struct skep_lower *l, const struct skep_expr *expr,
		     struct skep_value *ret_value)
{
	bool constant = expr->index.index->kind == SKEP_EXPR_INT, outer = l->untyped;
	struct skep_value base;
	struct skep_val *index;
	int r;

	if (!constant)
		l->untyped = true;
	r = skep_lower_expr(l, expr->index.base, &base);
	if (r == 0 && !constant && base.space == SKEP_SPACE_BTF)
		base.space = SKEP_SPACE_KERNEL;
	if (r == 0 && base.parts) {
		l->untyped = outer;
		*ret_value = base.parts[expr->index.index->num.value];
		return 0;
	}
	if (r == 0 && constant)
		r = index_at(l, expr, &base, ret_value);
	l->untyped = outer;
	if (r < 0 || constant)
		return r;
	r = skep_lower_scalar(l, expr->index.index, &index);
	/* The context allows constant offsets only. */
	if (r == 0 && base.space == SKEP_SPACE_CTX)
		r = skep_lower_bytes(l, &base);
	if (r < 0)
		return r;
	l->untyped = true;
	r = index_computed(l, expr, &base, index, ret_value);
	l->untyped = outer;
	return r;
}
