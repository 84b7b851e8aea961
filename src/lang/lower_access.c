/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lowering, access: fields, indices, pointers. A place is followed without reading it until a number is needed.
 *
 *	args.filename->name.len     place of args ─field─► pointer ─deref─► place ─field─► number
 *
 * Typed kernel pointers (space BTF) are loaded from directly: the kernel makes such a load safe and it costs one
 * instruction. The verifier allows it at constant offsets only; where an offset is computed the whole path is taken
 * through probe_read instead (l->untyped).
 *
 * Of some arguments and members newer kernels know that they may be NULL, and want to see a test before such a pointer
 * is followed. Which ones is written in the kernel's own code, so every typed pointer is tested, but for those that are
 * never NULL.
 */
#include <errno.h>

#include "lang/lower_priv.h"
#include "lang/need.h"
#include "lang/packet.h"

#define OFFSET_NEEDS_MAX 16 /* members within one another */

/* The number in the @bit_size bits from @bit_off of a storage unit. */
static struct skep_val *bit_field(struct skep_lower *l, struct skep_val *unit,
				  const struct skep_field *f)
{
	struct skep_val *v = skep_ir_opi(l->fn, SKEP_OP_SHL, unit, 64u - f->bit_off - f->bit_size);

	return skep_ir_opi(l->fn, f->type->is_signed ? SKEP_OP_SAR : SKEP_OP_SHR, v,
			   64u - f->bit_size);
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

static enum skep_space place_space(const struct skep_lower *l, const struct skep_value *place)
{
	return place->space == SKEP_SPACE_BTF && l->untyped ? SKEP_SPACE_KERNEL : place->space;
}

struct skep_val *skep_lower_untype(struct skep_lower *l, struct skep_val *ptr)
{
	return skep_ir_number(l->fn, ptr);
}

static bool is_arg(const struct skep_expr *expr)
{
	const struct skep_expr *base = expr->kind == SKEP_EXPR_FIELD ? expr->field.base : NULL;

	return base && base->kind == SKEP_EXPR_NAME && skep_streq(base->call.name, "args");
}

static bool is_in_context(const struct skep_expr *expr)
{
	const struct skep_expr *base = expr->kind == SKEP_EXPR_FIELD ? expr->field.base : NULL;

	return base && (base->kind == SKEP_EXPR_NAME || base->kind == SKEP_EXPR_CALL) &&
	       skep_streq(base->call.name, "ctx");
}

/* A typed pointer that was not read from memory, but is an argument, a variable, a result. */
static bool is_origin(const struct skep_expr *ptr)
{
	switch (ptr->kind) {
	case SKEP_EXPR_CAST:
		return is_origin(ptr->cast.value);
	case SKEP_EXPR_NAME:
	case SKEP_EXPR_CALL:
	case SKEP_EXPR_VAR:
	case SKEP_EXPR_TERNARY:
		return true;
	default:
		return is_arg(ptr) || is_in_context(ptr);
	}
}

static bool is_btf(const struct skep_expr *ptr)
{
	return ptr->type && ptr->type->kind == SKEP_TYPE_PTR && ptr->type->space == SKEP_SPACE_BTF;
}

static bool is_current(const struct skep_expr *ptr)
{
	return (ptr->kind == SKEP_EXPR_NAME || ptr->kind == SKEP_EXPR_CALL) &&
	       skep_streq(ptr->call.name, "curtask");
}

/* The address in @ptr, on a path that is read untyped: what it starts from is typed all the same. */
static struct skep_val *bare(struct skep_lower *l, const struct skep_expr *ptr,
			     struct skep_val *val)
{
	if (!l->untyped || !is_btf(ptr) || !is_origin(ptr) || is_current(ptr))
		return val;
	return skep_lower_untype(l, val);
}

/* Whether the verifier may ask for a test before it lets this pointer be followed. */
static bool may_be_null(const struct skep_lower *l, const struct skep_expr *ptr)
{
	if (l->untyped || !is_btf(ptr))
		return false;
	if (ptr->kind == SKEP_EXPR_CAST)
		return may_be_null(l, ptr->cast.value);
	if (is_arg(ptr))
		return l->inst->provider->args_nullable;
	return !is_current(ptr);
}

/* Goes on in a block where @ptr is not NULL; *ret_join is where both ways are to meet again. */
static void unless_null(struct skep_lower *l, struct skep_val *ptr, struct skep_block **ret_join)
{
	struct skep_block *good = skep_ir_block(l->fn);

	*ret_join = skep_ir_block(l->fn);
	skep_ir_branch(l->fn, SKEP_CC_NE, ptr, skep_ir_const(l->fn, 0), good, *ret_join);
	skep_ir_at(l->fn, good);
}

/* How far behind a pointer something stands. */
struct offset {
	int off;
	const struct skep_field
		*needs[OFFSET_NEEDS_MAX]; /* members whose offsets are to be added, too */
	unsigned n_needs;
};

static bool add_member(struct offset *o, const struct skep_field *f)
{
	if (!f->need_plus1) {
		o->off += (int)f->offset;
		return true;
	}
	if (o->n_needs == OFFSET_NEEDS_MAX)
		return false;
	o->needs[o->n_needs++] = f;
	return true;
}

/* The address to which @o->off is still to be added. */
static struct skep_val *displace(struct skep_lower *l, struct skep_val *ptr, const struct offset *o)
{
	int none = 0;

	for (unsigned i = 0; i < o->n_needs; i++)
		ptr = skep_lower_member(l, ptr, &none, o->needs[i]);
	return ptr;
}

/* @ptr + @off, or 0 when @ptr is NULL: an address that nobody can read. */
static struct skep_val *address_if(struct skep_lower *l, struct skep_val *ptr,
				   const struct offset *o)
{
	struct skep_var *result = skep_ir_var(l->fn, "address");
	struct skep_block *join;

	skep_ir_set(l->fn, result, skep_ir_const(l->fn, 0));
	unless_null(l, ptr, &join);
	skep_ir_set(l->fn, result, skep_lower_at(l, displace(l, ptr, o), o->off));
	skep_ir_jump(l->fn, join);
	skep_ir_at(l->fn, join);
	return skep_ir_get(l->fn, result);
}

/*
 * What stands at @ptr + @o. A number behind NULL is 0; anything else stands at address 0 then,
 * where reading it fails and is counted.
 */
static int load_if(struct skep_lower *l, const struct skep_type *type, struct skep_val *ptr,
		   const struct offset *o, enum skep_space space, struct skep_value *ret_value)
{
	struct skep_block *join;
	struct skep_var *result;
	int r;

	if (space != SKEP_SPACE_BTF || !skep_type_is_scalar(type))
		return skep_lower_load(l, type, address_if(l, ptr, o), 0, SKEP_SPACE_KERNEL,
				       ret_value);
	result = skep_ir_var(l->fn, "behind");
	skep_ir_set(l->fn, result, skep_ir_const(l->fn, 0));
	unless_null(l, ptr, &join);
	r = skep_lower_load(l, type, displace(l, ptr, o), o->off, space, ret_value);
	if (r < 0)
		return r;
	skep_ir_set(l->fn, result, ret_value->val);
	skep_ir_jump(l->fn, join);
	skep_ir_at(l->fn, join);
	ret_value->val = skep_ir_get(l->fn, result);
	return 0;
}

/* Bytes between two elements; the elements of a string are its bytes. */
static uint32_t elem_size(struct skep_compiler *c, const struct skep_type *type)
{
	if (type->elem)
		skep_need_size(&c->types, type->elem);
	return type->elem ? type->elem->size : 1;
}

/*
 * The pointer behind which @expr stands, through members that are structs and elements that are arrays themselves
 * (p->a.b[2].c), and how far behind it; NULL when it is not of this kind. What stands behind a typed pointer that was
 * tested is thus read from that pointer: what is a typed pointer there is one for the verifier, too.
 */
static const struct skep_expr *root_pointer(struct skep_compiler *c, const struct skep_expr *expr,
					    struct offset *o)
{
	const struct skep_expr *base;

	if (expr->kind == SKEP_EXPR_FIELD && !is_arg(expr)) {
		base = expr->field.base;
		if (!add_member(o, &expr->field.field))
			return NULL;
	} else if (expr->kind == SKEP_EXPR_INDEX && expr->index.index->kind == SKEP_EXPR_INT &&
		   expr->index.base->type->kind != SKEP_TYPE_TUPLE) {
		base = expr->index.base;
		o->off += (int)((int64_t)expr->index.index->num.value *
				(int64_t)elem_size(c, base->type));
	} else {
		return NULL;
	}
	return base->type->kind == SKEP_TYPE_PTR ? base : root_pointer(c, base, o);
}

/* Whether @expr stands behind a typed pointer that may be NULL, and not at once. Then it is read: *ret_result. */
static bool load_nested(struct skep_lower *l, const struct skep_expr *expr, int *ret_result,
			struct skep_value *ret_value)
{
	const struct skep_expr *base =
		expr->kind == SKEP_EXPR_FIELD ? expr->field.base : expr->index.base;
	const struct skep_expr *root;
	struct offset o = {};
	struct skep_val *ptr;

	if (base->type->kind == SKEP_TYPE_PTR)
		return false;
	root = root_pointer(l->c, expr, &o);
	if (!root || !may_be_null(l, root))
		return false;
	*ret_result = skep_lower_scalar(l, root, &ptr);
	if (*ret_result == 0)
		*ret_result =
			load_if(l,
				expr->kind == SKEP_EXPR_FIELD ? expr->field.field.type : expr->type,
				ptr, &o, pointee_space(l, root->type), ret_value);
	return true;
}

int skep_lower_field(struct skep_lower *l, const struct skep_expr *expr,
		     struct skep_value *ret_value)
{
	const struct skep_expr *base = expr->field.base;
	const struct skep_field *f = &expr->field.field;
	struct skep_value value;
	struct offset o = {};
	int r;

	if (is_arg(expr)) {
		r = l->inst->provider->lower_args(l, expr, f, ret_value);
		if (r == 0)
			ret_value->type = expr->type;
		return r;
	}
	if (skep_packet_is(expr))
		return skep_packet_lower(l, expr, ret_value);
	if (load_nested(l, expr, &r, ret_value))
		goto loaded;
	r = skep_lower_expr(l, base, &value);
	if (r < 0)
		return r;
	if (value.parts) {
		*ret_value = value.parts[skep_type_element_named(value.type, expr->field.name)];
		return 0;
	}
	if (base->type->kind == SKEP_TYPE_PTR)
		value.val = bare(l, base, value.val);
	add_member(&o, f);
	if (may_be_null(l, base))
		r = load_if(l, f->type, value.val, &o, pointee_space(l, base->type), ret_value);
	else if (base->type->kind == SKEP_TYPE_PTR)
		r = skep_lower_load(l, f->type, displace(l, value.val, &o), o.off,
				    pointee_space(l, base->type), ret_value);
	else
		r = skep_lower_load(l, f->type, displace(l, value.val, &o), value.off + o.off,
				    place_space(l, &value), ret_value);
loaded:
	if (r < 0)
		return r;
	if (f->bit_size)
		ret_value->val = bit_field(l, ret_value->val, f);
	ret_value->type = expr->type;
	return 0;
}

int skep_lower_deref(struct skep_lower *l, const struct skep_expr *expr,
		     struct skep_value *ret_value)
{
	const struct skep_expr *operand = expr->unary.operand;
	struct offset none = {};
	struct skep_val *ptr;
	int r;

	r = skep_lower_scalar(l, operand, &ptr);
	if (r < 0)
		return r;
	ptr = bare(l, operand, ptr);
	if (may_be_null(l, operand))
		return load_if(l, expr->type, ptr, &none, pointee_space(l, operand->type),
			       ret_value);
	return skep_lower_load(l, expr->type, ptr, 0,
			       operand->type->kind == SKEP_TYPE_PTR
				       ? pointee_space(l, operand->type)
				       : skep_lower_pointed(l, operand->type),
			       ret_value);
}

/* Of a variable or the value of a map; 0 when the map has no such key. */
static int own_address(struct skep_lower *l, const struct skep_expr *expr,
		       struct skep_value *ret_value)
{
	const struct skep_expr *operand = expr->unary.operand;
	struct skep_val *addr;
	int r = 0;

	if (operand->kind == SKEP_EXPR_VAR) {
		skep_lower_local_home(l, operand->var.local, false);
		addr = skep_lower_at(l, operand->var.local->addr, operand->var.local->off);
	} else {
		r = skep_lower_map_place(l, operand, &addr);
	}
	if (r < 0)
		return r;
	*ret_value = (struct skep_value){ .type = expr->type, .val = skep_ir_number(l->fn, addr) };
	return 0;
}

/* The address of a place as a number. */
int skep_lower_addr(struct skep_lower *l, const struct skep_expr *expr,
		    struct skep_value *ret_value)
{
	struct skep_expr *operand = expr->unary.operand;
	struct offset o = {};
	struct skep_value base;
	int r;

	if (operand->kind == SKEP_EXPR_VAR || operand->kind == SKEP_EXPR_MAP)
		return own_address(l, expr, ret_value);
	if (operand->kind == SKEP_EXPR_FIELD && operand->field.base->type->kind == SKEP_TYPE_PTR) {
		r = skep_lower_expr(l, operand->field.base, &base);
		add_member(&o, &operand->field.field);
	} else if (operand->kind == SKEP_EXPR_FIELD &&
		   operand->field.base->type->kind == SKEP_TYPE_STRUCT) {
		r = skep_lower_expr(l, operand->field.base, &base);
		o.off = base.off;
		add_member(&o, &operand->field.field);
	} else {
		r = skep_lower_expr(l, operand, &base);
		if (r == 0 && skep_type_is_scalar(base.type))
			return skep_lower_bug(l, expr->loc, "the address of a number");
		o.off = base.off;
	}
	if (r < 0)
		return r;
	*ret_value = (struct skep_value){ .type = expr->type };
	if (operand->kind == SKEP_EXPR_FIELD && may_be_null(l, operand->field.base))
		ret_value->val = address_if(l, base.val, &o);
	else
		ret_value->val = skep_lower_at(l, displace(l, base.val, &o), o.off);
	return 0;
}

/* base[constant] of a place or pointer. */
static int index_at(struct skep_lower *l, const struct skep_expr *expr,
		    const struct skep_value *base, struct skep_value *ret_value)
{
	const struct skep_type *type = expr->index.base->type;
	int64_t off = (int64_t)expr->index.index->num.value * (int64_t)elem_size(l->c, type);
	struct offset o = { .off = (int)off };
	bool is_ptr = type->kind == SKEP_TYPE_PTR;

	if (may_be_null(l, expr->index.base))
		return load_if(l, expr->type, base->val, &o, pointee_space(l, type), ret_value);
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
	struct skep_val *at, *from = base->val;

	if (type->kind == SKEP_TYPE_PTR)
		from = space == SKEP_SPACE_BPF ? from : skep_lower_untype(l, from);
	if (space == SKEP_SPACE_BPF && type->kind != SKEP_TYPE_PTR) {
		struct skep_block *good = skep_ir_block(l->fn), *bad = skep_ir_block(l->fn),
				  *join = skep_ir_block(l->fn);
		struct skep_var *bounded = skep_ir_var(l->fn, "index");

		skep_ir_branch(l->fn, SKEP_CC_ULT, index,
			       skep_ir_const(l->fn, type->size / elem_size(l->c, type)), good, bad);
		skep_ir_at(l->fn, good);
		skep_ir_set(l->fn, bounded, index);
		skep_ir_jump(l->fn, join);
		skep_ir_at(l->fn, bad);
		skep_ir_set(l->fn, bounded, skep_ir_const(l->fn, 0));
		skep_ir_jump(l->fn, join);
		skep_ir_at(l->fn, join);
		index = skep_ir_get(l->fn, bounded);
	}
	at = skep_ir_opi(l->fn, SKEP_OP_MUL, index, elem_size(l->c, type));
	at = skep_ir_op(l->fn, SKEP_OP_ADD, from, at);
	return skep_lower_load(l, expr->type, at, off, space, ret_value);
}

int skep_lower_index(struct skep_lower *l, const struct skep_expr *expr,
		     struct skep_value *ret_value)
{
	bool constant = expr->index.index->kind == SKEP_EXPR_INT, outer = l->untyped;
	struct skep_value base;
	struct skep_val *index;
	int r;

	if (load_nested(l, expr, &r, ret_value))
		return r;
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
