/* SPDX-License-Identifier: Apache-2.0 */
/* Types by name in expressions: casts, sizeof, offsetof. */
#include <errno.h>
#include <string.h>

#include "lang/check_priv.h"
#include "lang/nearest.h"
#include "lang/need.h"
#include "lang/walk.h"

#define HINT_FIELDS 8

/* A type that the script defines and that is called nearly so: told as a hint. */
static bool nearest_own(struct skep_check *k, const char *wanted)
{
	const struct skep_hash *defs = &k->c->types.defs;
	struct skep_nearest near = { .wanted = wanted };
	bool found;

	for (size_t i = 0; i < defs->cap; i++) {
		const char *name = defs->entries[i].key;
		const char *blank = name ? strchr(name, ' ') : NULL;

		if (name)
			skep_nearest_add(&near, blank ? blank + 1 : name);
	}
	found = near.n;
	if (found) {
		const char *name = near.best[0].name;
		const char *tagged = skep_arena_printf(k->c->arena, "struct %s", name);

		skep_diag_hint(k->c->diag, "did you mean %s?",
			       skep_hash_get_str(defs, tagged) ? tagged : name);
	}
	skep_nearest_fini(&near);
	return found;
}

/* A name that serves twice, as in container_of, is complained about once. */
static bool is_told(const struct skep_diag *diag, struct skep_loc loc)
{
	const struct skep_diag_item *last =
		diag && diag->n_items ? &diag->items[diag->n_items - 1] : NULL;

	return last && last->loc.line == loc.line && last->loc.col == loc.col;
}

int skep_check_type_name(struct skep_check *k, const struct skep_type_name *name,
			 const struct skep_type **ret_type)
{
	const char *near = NULL, *last;
	int r;

	if (name->of) {
		r = skep_check_expr(k, name->of);
		*ret_type = skep_type_given(k->c->arena, name->of->type);
		return r;
	}
	*ret_type = skep_type_by_name(&k->c->types, name->name);
	if (*ret_type && (*ret_type)->kind == SKEP_TYPE_FLOAT) {
		r = skep_check_error(k, name->loc, "programs cannot compute with %s", name->name);
		skep_diag_hint(k->c->diag, "it may be a member of a struct");
		return r;
	}
	if (*ret_type)
		return 0;
	if (is_told(k->c->diag, name->loc))
		return -EINVAL;
	r = skep_check_error(k, name->loc, "there is no type '%s'", name->name);
	if (!k->c->diag)
		return r;
	if (!k->c->types.btf) {
		skep_diag_hint(k->c->diag, "this kernel does not describe its types (no BTF): only "
					   "plain types such as uint64 are known");
		return r;
	}
	last = skep_has_prefix(name->name, "struct ") ? name->name + 7 : name->name;
	near = skep_arena_strndup(k->c->arena, last, strcspn(last, " *["));
	if (nearest_own(k, near))
		return r;
	near = skep_btf_nearest(k->c->types.btf, near, SKEP_BTF_STRUCT);
	if (near)
		skep_diag_hint(k->c->diag, "did you mean struct %s?", near);
	else
		skep_diag_hint(k->c->diag, "types are int8 to int64, uint8 to uint64, bool, "
					   "string[N], and the kernel's: struct NAME *");
	return r;
}

static bool mentions_context(void *data, struct skep_expr *expr)
{
	if (expr->kind == SKEP_EXPR_NAME &&
	    (skep_has_prefix(expr->call.name, "arg") || skep_streq(expr->call.name, "retval")))
		*(bool *)data = true;
	return true;
}

/*
 * Whose memory a number points to that a cast makes a pointer: what a probe passes is in its own
 * space.
 */
static enum skep_space number_space(const struct skep_check *k, struct skep_expr *value)
{
	bool context = k->inst->attach.kind == SKEP_ATTACH_UPROBE ||
		       k->inst->attach.kind == SKEP_ATTACH_URETPROBE;

	skep_walk_expr(value, mentions_context, &context);
	if (!context ||
	    k->inst->args_space == SKEP_SPACE_BTF) /* of a number the verifier knows no type */
		return SKEP_SPACE_KERNEL;
	return k->inst->args_space;
}

/* What a pointer of @space points to: a pointer there leads into the same memory. */
static const struct skep_type *pointed(struct skep_check *k, const struct skep_type *type,
				       enum skep_space space)
{
	if (space == SKEP_SPACE_BTF)
		space = SKEP_SPACE_KERNEL; /* the verifier does not follow what is read from there */
	if (!type || type->kind != SKEP_TYPE_PTR)
		return type;
	return skep_type_ptr(&k->c->types, pointed(k, type->elem, space), space);
}

static const struct skep_type *cast_pointer(struct skep_check *k, struct skep_expr *value,
					    const struct skep_type *to)
{
	const struct skep_type *from = value->type;
	enum skep_space space;

	if (from->kind == SKEP_TYPE_INT)
		return skep_type_ptr(&k->c->types, pointed(k, to->elem, number_space(k, value)),
				     number_space(k, value));
	if (from->kind != SKEP_TYPE_PTR)
		return NULL;
	space = from->space;
	/* The verifier keeps its own idea of what is there. */
	if (space == SKEP_SPACE_BTF &&
	    (!from->elem || !to->elem || !skep_type_equal(from->elem, to->elem)))
		space = SKEP_SPACE_KERNEL;
	return skep_type_ptr(&k->c->types, pointed(k, to->elem, space), space);
}

static bool can_cast(const struct skep_type *from, const struct skep_type *to)
{
	bool from_int_array = from->kind == SKEP_TYPE_ARRAY && from->elem->kind == SKEP_TYPE_INT;

	switch (to->kind) {
	case SKEP_TYPE_INT:
		if (from_int_array)
			return from->size == to->size;
		return skep_type_is_scalar(from);
	case SKEP_TYPE_ARRAY:
		if (to->elem->kind != SKEP_TYPE_INT)
			return false;
		if (from->kind == SKEP_TYPE_INT)
			return to->size <=
			       8; /* its lower bytes, or with its sign as many as there are */
		return (from_int_array || from->kind == SKEP_TYPE_STRING) && from->size >= to->size;
	case SKEP_TYPE_STRING:
		return (from->kind == SKEP_TYPE_STRING ||
			(from_int_array && from->elem->size == 1)) &&
		       from->size >= to->size;
	case SKEP_TYPE_KSYM:
	case SKEP_TYPE_USERNAME:
	case SKEP_TYPE_CGROUP_PATH:
		return from->kind == SKEP_TYPE_INT || from->kind == SKEP_TYPE_PTR;
	default:
		return skep_type_equal(from, to);
	}
}

/* (uint8[])value: as many elements as the value has bytes for. */
static bool array_of_all(struct skep_check *k, const struct skep_expr *expr,
			 const struct skep_type *from, const struct skep_type **ret_type)
{
	const char *name = expr->cast.to.name;
	const struct skep_type *elem;
	uint32_t size;

	if (!name || !skep_has_suffix(name, "[]"))
		return false;
	elem = skep_type_by_name(&k->c->types,
				 skep_arena_strndup(k->c->arena, name, strlen(name) - 2));
	if (!elem || elem->kind != SKEP_TYPE_INT)
		return false;
	size = from ? from->size : 0;
	*ret_type = from && size >= elem->size
			    ? skep_type_array(&k->c->types, elem, size / elem->size)
			    : NULL;
	return !from || *ret_type;
}

int skep_check_cast(struct skep_check *k, struct skep_expr *expr)
{
	struct skep_expr *value = expr->cast.value;
	const struct skep_type *to;
	int r2 = skep_check_expr(k, value);
	int r = array_of_all(k, expr, value->type, &to)
			? 0
			: skep_check_type_name(k, &expr->cast.to, &to);

	if (r < 0 || r2 < 0 || !to || !value->type)
		return r < 0 ? r : r2;
	if (to->kind == SKEP_TYPE_STRING &&
	    (value->type->kind == SKEP_TYPE_PTR ||
	     (value->type->kind == SKEP_TYPE_INT && value->kind != SKEP_EXPR_INT)))
		return skep_check_text_cast(k, expr, to->size);
	if (to->kind == SKEP_TYPE_PTR)
		expr->type = cast_pointer(k, value, to);
	else if (can_cast(value->type, to))
		expr->type = to;
	if (expr->type)
		return 0;
	r = skep_check_error(k, expr->loc, "%s cannot be made %s",
			     skep_check_type_text(k, value->type), skep_check_type_text(k, to));
	if (to->kind == SKEP_TYPE_STRUCT)
		skep_diag_hint(k->c->diag, "cast to a pointer: (%s *)",
			       skep_check_type_text(k, to));
	else if (to->kind == SKEP_TYPE_STRING)
		skep_diag_hint(k->c->diag, "str(pointer, %u) reads text", to->size);
	else if (value->type->kind == SKEP_TYPE_STRING)
		skep_diag_hint(k->c->diag, "text is not read as a number");
	else if (to->kind == SKEP_TYPE_ARRAY && value->type->kind == SKEP_TYPE_INT)
		skep_diag_hint(k->c->diag,
			       "a number becomes an array of numbers, of 8 bytes at most");
	return r;
}

/* The member @i of the path, counted from 0; *type becomes its type. */
static bool step_into(struct skep_check *k, const struct skep_expr *expr, size_t i,
		      const struct skep_type **type, uint64_t *offset)
{
	struct skep_field f;

	if ((*type)->kind == SKEP_TYPE_PTR && (*type)->elem && !i)
		*type = (*type)->elem;
	if (!skep_type_field(&k->c->types, *type, expr->layout.path[i], SKEP_SPACE_KERNEL, &f))
		return false;
	skep_need_exact(&k->c->types, &f);
	*offset += f.offset;
	*type = f.type;
	return true;
}

/* What bpftrace 0.27 says: a literal has as few bytes as its value, and tuples are laid out as structs of C. */
static uint32_t size_in_bpftrace(struct skep_check *k, const struct skep_expr *expr,
				 uint32_t *ret_align)
{
	const struct skep_type *type = skep_type_given(k->c->arena, expr->type);
	uint32_t size = 0, align = 1, each;
	int64_t v;

	if (expr->kind == SKEP_EXPR_TUPLE && !expr->was) {
		for (size_t i = 0; i < expr->tuple.len; i++) {
			uint32_t more = size_in_bpftrace(k, expr->tuple.data[i], &each);

			size = (size + each - 1) / each * each + more;
			align = MAX(align, each);
		}
		*ret_align = align;
		return (size + align - 1) / align * align;
	}
	size = type->size;
	if ((expr->kind == SKEP_EXPR_INT || expr->kind == SKEP_EXPR_UNARY) &&
	    skep_check_const(k, expr, &v))
		size = v == (int8_t)v ? 1 : v == (int16_t)v ? 2 : v == (int32_t)v ? 4 : 8;
	*ret_align = type->kind == SKEP_TYPE_INT ? size : skep_type_align(type);
	return size;
}

bool skep_check_layout_of(struct skep_check *k, const struct skep_expr *expr,
			  const struct skep_type *type, uint64_t *ret_value)
{
	uint64_t offset = 0;
	uint32_t align;

	if (expr->kind == SKEP_EXPR_SIZEOF) {
		if (expr->layout.expr && expr->layout.expr->kind == SKEP_EXPR_FIELD)
			skep_need_exact(&k->c->types, &expr->layout.expr->field.field);
		skep_need_size(&k->c->types, type);
		*ret_value = skep_type_given(k->c->arena, type)->size;
		if (k->c->options->as_bpftrace && expr->layout.expr)
			*ret_value = size_in_bpftrace(k, expr->layout.expr, &align);
		return true;
	}
	for (size_t i = 0; i < expr->layout.n_path; i++)
		if (!step_into(k, expr, i, &type, &offset))
			return false;
	*ret_value = offset;
	return true;
}

static int no_member(struct skep_check *k, const struct skep_expr *expr,
		     const struct skep_type *type)
{
	uint64_t offset = 0;
	size_t i = 0;
	int r;

	while (i < expr->layout.n_path && step_into(k, expr, i, &type, &offset))
		i++;
	r = skep_check_error(k, expr->loc, "%s has no field '%s'", skep_check_type_text(k, type),
			     expr->layout.path[i]);
	if (type->kind == SKEP_TYPE_STRUCT)
		skep_diag_hint(k->c->diag, "its fields are: %s",
			       skep_type_field_names(&k->c->types, type, expr->layout.path[i],
						     HINT_FIELDS));
	return r;
}

/* sizeof and offsetof are numbers from here on. */
int skep_check_layout(struct skep_check *k, struct skep_expr *expr)
{
	const struct skep_type *type = NULL;
	uint64_t value;
	int r;

	if (expr->layout.expr) {
		r = skep_check_expr(k, expr->layout.expr);
		type = expr->layout.expr->type;
	} else {
		type = expr->layout.of.name ? skep_type_by_name(&k->c->types, expr->layout.of.name)
					    : NULL;
		r = type ? 0 : skep_check_type_name(k, &expr->layout.of, &type);
	}
	if (r < 0 || !type)
		return r;
	if (!skep_check_layout_of(k, expr, type, &value))
		return no_member(k, expr, type);
	/* Only now: what it is of may grow until the last round. */
	if (k->final) {
		expr->was = skep_arena_memdup(k->c->arena, expr, sizeof(*expr));
		expr->kind = SKEP_EXPR_INT;
		memset(&expr->num, 0, sizeof(expr->num));
		expr->num.value = value;
	}
	expr->type = skep_type_int(8, true);
	return 0;
}
