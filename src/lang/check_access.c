/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fields, indices, pointers, casts: how far an expression may reach into memory, and whose memory
 * it is.
 */
#include <errno.h>
#include <stdlib.h>

#include "lang/check_priv.h"
#include "lang/hook.h"
#include "lang/need.h"
#include "lang/packet.h"
#include "lang/provider.h"
#include "lang/provider/function.h"

#define HINT_FIELDS 8

static bool is_args(const struct skep_expr *expr)
{
	return expr->kind == SKEP_EXPR_NAME && skep_streq(expr->call.name, "args");
}

/* Where the memory of a struct or array is whose place @expr names. */
static enum skep_space place_space(const struct skep_check *k, const struct skep_expr *expr)
{
	for (;;) {
		const struct skep_expr *base;

		switch (expr->kind) {
		case SKEP_EXPR_FIELD:
			base = expr->field.base;
			if (is_args(base))
				return k->inst->args_space;
			break;
		case SKEP_EXPR_INDEX:
			base = expr->index.base;
			break;
		case SKEP_EXPR_CAST:
			base = expr->cast.value;
			break;
		case SKEP_EXPR_UNARY:
			base = expr->unary.operand;
			break;
		default:
			return SKEP_SPACE_KERNEL;
		}
		if (base->type && base->type->kind == SKEP_TYPE_PTR)
			return base->type->space;
		expr = base;
	}
}

int skep_check_no_args(struct skep_check *k, const struct skep_expr *expr, const char *field)
{
	struct skep_field f;
	struct skep_type context = { .kind = SKEP_TYPE_STRUCT, .str = k->inst->context };
	const struct skep_provider *p = k->inst->provider;
	int r = skep_check_error(k, expr->loc, "%s has no args", p->name);

	if (k->inst->no_args)
		skep_diag_hint(k->c->diag, "%s", k->inst->no_args);
	else if (p->arg && p->retval)
		skep_diag_hint(k->c->diag,
			       "its result is retval, its registers are arg0, arg1, ...");
	else if (p->arg)
		skep_diag_hint(k->c->diag, "its arguments are arg0, arg1, ...");
	else if (p->retval)
		skep_diag_hint(k->c->diag, "its result is retval");
	else if (k->inst->hook && k->inst->hook->packet)
		skep_diag_hint(k->c->diag, "what it sees is pkt, such as pkt.len or pkt.ip.saddr");
	else if (context.str && field &&
		 skep_type_field(&k->c->types, &context, field, SKEP_SPACE_KERNEL, &f))
		skep_diag_hint(k->c->diag, "write ctx.%s", field);
	else if (context.str)
		skep_diag_hint(k->c->diag, "what it sees are the fields of ctx, ctx->NAME: %s",
			       skep_type_field_names(&k->c->types, &context, NULL, HINT_FIELDS));
	else
		skep_diag_hint(k->c->diag, "nothing is passed to this kind of probe");
	return r;
}

static int no_such_argument(struct skep_check *k, const struct skep_expr *expr,
			    const struct skep_type *args)
{
	const struct skep_instance *inst = k->inst;
	const char *names =
		skep_type_field_names(&k->c->types, args, expr->field.name, HINT_FIELDS);
	const char *why = skep_proto_why_left_out(&inst->args_of, k->c->arena, expr->field.name);
	const char *probe = inst->n_matches ? inst->matches[0].name : inst->point->text;
	struct skep_field first;
	int r;

	/* Names that stand in for those that the types do not have. */
	if (skep_type_field(&k->c->types, args, "arg0", inst->args_space, &first)) {
		r = skep_check_error(k, expr->field.name_loc,
				     "the types do not tell which argument of %s is '%s'", probe,
				     expr->field.name);
		skep_diag_hint(k->c->diag, "they are %s", names);
		return r;
	}
	r = skep_check_error(k, expr->field.name_loc, "%s has no argument '%s'%s%s", probe,
			     expr->field.name, why ? " in args: it is " : "", why ? why : "");
	if (names[0])
		skep_diag_hint(k->c->diag, "its arguments are: %s", names);
	else if (why)
		skep_diag_hint(k->c->diag, "none of its arguments can be read by name; "
					   "reg(\"NAME\") reads a register");
	else
		skep_diag_hint(k->c->diag, "it has no arguments");
	return r;
}

static int check_args_field(struct skep_check *k, struct skep_expr *expr)
{
	const struct skep_instance *inst = k->inst;
	struct skep_type type = { .kind = SKEP_TYPE_STRUCT, .str = inst->args };

	if (!inst->args || !inst->provider->lower_args)
		return skep_check_no_args(k, expr->field.base, expr->field.name);
	if (!skep_type_field(&k->c->types, &type, expr->field.name, inst->args_space,
			     &expr->field.field))
		return no_such_argument(k, expr, &type);
	if (expr->field.arrow && k->c->diag && k->c->options->verbose)
		skep_diag_add(k->c->diag, SKEP_DIAG_NOTE, expr->loc,
			      "args->%s is written args.%s by now", expr->field.name,
			      expr->field.name);
	expr->field.base->type = &skep_type_void;
	expr->type = expr->field.field.type;
	if (expr->type->kind == SKEP_TYPE_VOID || expr->type->kind == SKEP_TYPE_FLOAT)
		return skep_check_error(k, expr->field.name_loc,
					"argument '%s' has a type that scripts cannot read",
					expr->field.name);
	return 0;
}

static int no_element(struct skep_check *k, struct skep_expr *expr, const struct skep_type *type)
{
	const char *names = "";
	int r = skep_check_error(k, expr->field.name_loc, "%s has no %s '%s'",
				 skep_check_type_text(k, type),
				 type->is_record ? "field" : "element", expr->field.name);

	for (size_t i = 0; type->is_record && i < type->n_fields; i++)
		names = skep_arena_printf(k->c->arena, "%s%s%s", names, i ? ", " : "",
					  type->fields[i].name);
	if (type->is_record)
		skep_diag_hint(k->c->diag, "its fields are: %s", names);
	else
		skep_diag_hint(k->c->diag, "its elements are .0 to .%zu", type->n_fields - 1);
	return r;
}

static int tuple_field(struct skep_check *k, struct skep_expr *expr, const struct skep_type *type)
{
	size_t index = skep_type_element_named(type, expr->field.name);

	if (index == SIZE_MAX)
		return no_element(k, expr, type);
	expr->field.field = type->fields[index];
	expr->type = type->fields[index].type;
	return 0;
}

static int not_a_struct(struct skep_check *k, const struct skep_expr *expr)
{
	const struct skep_expr *base = expr->field.base;
	const struct skep_type *type = base->type;
	int r = skep_check_error(k, base->loc, "this is %s, which has no field '%s'",
				 skep_check_type_text(k, type), expr->field.name);

	if (type->kind == SKEP_TYPE_INT || (type->kind == SKEP_TYPE_PTR && !type->elem))
		skep_diag_hint(k->c->diag, "say what it points to: ((struct NAME *)...)%s%s",
			       expr->field.arrow ? "->" : ".", expr->field.name);
	else if (type->kind == SKEP_TYPE_PTR && type->elem->kind == SKEP_TYPE_PTR)
		skep_diag_hint(k->c->diag, "it points to a pointer: (*...)%s%s",
			       expr->field.arrow ? "->" : ".", expr->field.name);
	return r;
}

static int no_field(struct skep_check *k, const struct skep_expr *expr,
		    const struct skep_type *type)
{
	const char *names;
	int r;

	if (!type->size) {
		r = skep_check_error(k, expr->field.name_loc,
				     "the fields of %s are not known on this machine",
				     skep_check_type_text(k, type));
		skep_diag_hint(k->c->diag,
			       "the kernel only declares it; it may belong to a module");
		return r;
	}
	names = skep_type_field_names(&k->c->types, type, expr->field.name, HINT_FIELDS);
	r = skep_check_error(k, expr->field.name_loc, "%s has no field '%s'",
			     skep_check_type_text(k, type), expr->field.name);
	skep_diag_hint(k->c->diag, "its fields are: %s", names);
	return r;
}

int skep_check_field(struct skep_check *k, struct skep_expr *expr)
{
	struct skep_expr *base = expr->field.base;
	const struct skep_type *type;
	enum skep_space space;
	int r;

	if (is_args(base))
		return check_args_field(k, expr);
	if (skep_packet_is(expr))
		return skep_packet_check(k, expr);
	r = skep_check_expr(k, base);
	if (r < 0 || !base->type)
		return r;
	type = base->type;
	if (type->kind == SKEP_TYPE_TUPLE)
		return tuple_field(k, expr, type);
	space = type->kind == SKEP_TYPE_PTR ? type->space : place_space(k, base);
	/* A context that the kernel describes holds typed pointers. */
	if (space == SKEP_SPACE_CTX && k->inst->context)
		space = SKEP_SPACE_BTF;
	if (type->kind == SKEP_TYPE_PTR && type->elem)
		type = type->elem;
	if (type->kind != SKEP_TYPE_STRUCT)
		return not_a_struct(k, expr);
	if (!skep_type_field(&k->c->types, type, expr->field.name, space, &expr->field.field))
		return no_field(k, expr, type);
	expr->type = expr->field.field.type;
	if (expr->type->kind == SKEP_TYPE_VOID ||
	    (expr->type->kind == SKEP_TYPE_FLOAT && k->addressed != expr)) {
		r = skep_check_error(k, expr->field.name_loc,
				     "field '%s' has a type that scripts cannot read",
				     expr->field.name);
		if (expr->type->kind == SKEP_TYPE_FLOAT)
			skep_diag_hint(k->c->diag,
				       "buf(&pointer->%s, %u) shows its bytes; print(*pointer) "
				       "shows the number, among the others",
				       expr->field.name, expr->type->size);
		return r;
	}
	return 0;
}

static int no_float(struct skep_check *k, const struct skep_expr *expr)
{
	int r = skep_check_error(k, expr->loc, "programs cannot read %s",
				 skep_check_type_text(k, expr->type));

	skep_diag_hint(k->c->diag, "buf(pointer, %u) shows its bytes", expr->type->size);
	return r;
}

static int out_of_range(struct skep_check *k, const struct skep_expr *expr, size_t n)
{
	int r = skep_check_error(k, expr->index.index->loc, "there is no element %lld in %s",
				 (long long)expr->index.index->num.value,
				 skep_check_type_text(k, expr->index.base->type));

	if (n)
		skep_diag_hint(k->c->diag, "they are numbered from 0 to %zu", n - 1);
	return r;
}

int skep_check_index(struct skep_check *k, struct skep_expr *expr)
{
	struct skep_expr *base = expr->index.base, *index = expr->index.index;
	int64_t element;
	bool constant;
	uint64_t value;
	int r, r2;

	r = skep_check_expr(k, base);
	r2 = skep_check_expr(k, index);
	if (r < 0 || r2 < 0 || !base->type || !index->type)
		return r < 0 ? r : r2;
	if (index->type->kind != SKEP_TYPE_INT)
		return skep_check_want(k, index, "a number");
	if (base->type->kind == SKEP_TYPE_TUPLE && index->kind != SKEP_EXPR_INT &&
	    skep_check_const(k, index, &element))
		skep_check_become_number(k, index, element);
	constant = index->kind == SKEP_EXPR_INT;
	if (constant)
		skep_need_enum_exact(&k->c->types, index->num.need_plus1);
	value = constant ? index->num.value : 0;
	switch (base->type->kind) {
	case SKEP_TYPE_TUPLE:
		if (base->type->is_record) {
			r = skep_check_error(k, index->loc,
					     "the fields of a record have names, not numbers");
			skep_diag_hint(k->c->diag, "such as .%s", base->type->fields[0].name);
			return r;
		}
		if (!constant)
			return skep_check_error(
				k, index->loc,
				"an element of a tuple needs a constant number: [0]");
		if (value >= base->type->n_fields)
			return out_of_range(k, expr, base->type->n_fields);
		expr->type = base->type->fields[value].type;
		return 0;
	case SKEP_TYPE_ARRAY:
		if (constant && base->type->count && value >= base->type->count)
			return out_of_range(k, expr, base->type->count);
		expr->type = base->type->elem;
		break;
	case SKEP_TYPE_PTR:
		expr->type = base->type->elem;
		break;
	case SKEP_TYPE_STRING:
		if (constant && value >= base->type->size)
			return out_of_range(k, expr, base->type->size);
		expr->type = skep_type_int(1, false);
		return 0;
	default:
		r = skep_check_error(k, base->loc, "this is %s, which has no elements",
				     skep_check_type_text(k, base->type));
		if (base->type->kind == SKEP_TYPE_INT)
			skep_diag_hint(k->c->diag, "say what it points to: ((uint64 *)...)[0]");
		return r;
	}
	if (expr->type && expr->type->kind == SKEP_TYPE_FLOAT)
		return no_float(k, expr);
	if (expr->type && expr->type->size)
		return 0;
	expr->type = NULL;
	return skep_check_error(k, base->loc, "the size of what this points to is not known");
}

int skep_check_deref(struct skep_check *k, struct skep_expr *expr)
{
	struct skep_expr *operand = expr->unary.operand;
	int r = skep_check_expr(k, operand);

	if (r < 0 || !operand->type)
		return r;
	/* A computed number, such as kaddr(), is the address of one. */
	if (operand->type->kind == SKEP_TYPE_INT && operand->type->size == 8 &&
	    operand->kind != SKEP_EXPR_INT) {
		expr->type = skep_type_int(8, false);
		return 0;
	}
	if (operand->type->kind != SKEP_TYPE_PTR) {
		r = skep_check_want(k, operand, "a pointer");
		if (operand->type->kind == SKEP_TYPE_INT)
			skep_diag_hint(k->c->diag, "say what it points to: *(uint64 *)...");
		return r;
	}
	if (!operand->type->elem || !operand->type->elem->size) {
		r = skep_check_error(k, operand->loc, "%s points to nothing that has a size",
				     skep_check_type_text(k, operand->type));
		skep_diag_hint(k->c->diag, "say what it points to: *(uint64 *)...");
		return r;
	}
	expr->type = operand->type->elem;
	return expr->type->kind == SKEP_TYPE_FLOAT ? no_float(k, expr) : 0;
}

/* A field of it has an address: it is a pointer, or a struct to which one leads. */
static bool is_behind_pointer(const struct skep_check *k, const struct skep_expr *base)
{
	enum skep_space space;

	while (base->kind == SKEP_EXPR_FIELD && base->type &&
	       base->type->kind == SKEP_TYPE_STRUCT && !is_args(base->field.base))
		base = base->field.base;
	if (!base->type || base->type->kind != SKEP_TYPE_PTR)
		return false;
	space = base->type->space;
	return space == SKEP_SPACE_KERNEL || space == SKEP_SPACE_USER || space == SKEP_SPACE_BTF;
}

static int variable_address(struct skep_check *k, struct skep_expr *expr)
{
	struct skep_expr *operand = expr->unary.operand;
	struct skep_local *local = operand->var.local;

	if (local->element || local->given) {
		int r = skep_check_error(k, operand->loc, "$%s has no address of its own",
					 local->name);

		skep_diag_hint(k->c->diag, "assign it to another variable, and take that one's");
		return r;
	}
	/* In memory a pointer is a number to the verifier. */
	if (!local->addressed) {
		local->addressed = local->no_btf = true;
		local->type = skep_check_promote(k, local->type, true);
		k->locals_changed = true;
	}
	expr->type = skep_type_ptr(&k->c->types, local->type, SKEP_SPACE_KERNEL);
	return 0;
}

static int map_address(struct skep_check *k, struct skep_expr *expr)
{
	struct skep_expr *operand = expr->unary.operand;
	const struct skep_map_info *m = operand->map.info;

	if (m->value && (skep_type_is_agg(m->value) || m->percpu)) {
		int r = skep_check_error(k, operand->loc,
					 "@%s has no address: each CPU has a value of its own",
					 m->name);

		skep_diag_hint(k->c->diag, "assign @%s to a variable, and take that one's",
			       m->name);
		return r;
	}
	expr->type = skep_type_ptr(&k->c->types, operand->type, SKEP_SPACE_KERNEL);
	return 0;
}

int skep_check_addr(struct skep_check *k, struct skep_expr *expr)
{
	struct skep_expr *operand = expr->unary.operand;
	bool place;
	int r;

	k->addressed = operand;
	r = skep_check_expr(k, operand);
	if (r < 0 || !operand->type)
		return r;
	if (operand->kind == SKEP_EXPR_VAR)
		return variable_address(k, expr);
	if (operand->kind == SKEP_EXPR_MAP)
		return map_address(k, expr);
	place = operand->kind == SKEP_EXPR_FIELD && !is_args(operand->field.base) &&
		operand->field.base->type->kind != SKEP_TYPE_TUPLE;
	if (place && operand->field.field.bit_size) {
		r = skep_check_error(k, operand->loc, "a bit-field has no address");
		skep_diag_hint(k->c->diag, "leave out the '&': its value is a number");
		return r;
	}
	if (!place ||
	    (skep_type_is_scalar(operand->type) && !is_behind_pointer(k, operand->field.base))) {
		r = skep_check_error(k, operand->loc, "this has no address");
		skep_diag_hint(k->c->diag, "fields behind a pointer have one: &pointer->field; so "
					   "have variables and maps");
		return r;
	}
	expr->type = skep_type_ptr(&k->c->types, operand->type, SKEP_SPACE_KERNEL);
	if (place_space(k, operand) == SKEP_SPACE_USER)
		expr->type = skep_type_ptr(&k->c->types, operand->type, SKEP_SPACE_USER);
	return 0;
}
