/* SPDX-License-Identifier: Apache-2.0 */
/* How values are kept, and how two types become one that holds the values of both. */
#include "lang/check_priv.h"

static const struct skep_type *copy(struct skep_check *k, struct skep_type value)
{
	return skep_arena_memdup(k->c->arena, &value, sizeof(value));
}

static const struct skep_type *promote_tuple(struct skep_check *k, const struct skep_type *type,
					     bool in_map)
{
	const struct skep_type **elems =
		skep_arena_calloc(k->c->arena, type->n_fields, sizeof(*elems));

	for (size_t i = 0; i < type->n_fields; i++)
		elems[i] = skep_check_promote(k, type->fields[i].type, in_map);
	return skep_type_tuple_like(&k->c->types, type, elems);
}

const struct skep_type *skep_check_promote(struct skep_check *k, const struct skep_type *type,
					   bool in_map)
{
	switch (type->kind) {
	case SKEP_TYPE_INT:
		if (type->is_bool || type->size == 8)
			return type;
		if (type->enum_btf || type->enum_own) {
			struct skep_type wide = *type;

			wide.size = 8;
			wide.narrow = (uint8_t)type->size;
			return copy(k, wide);
		}
		return skep_type_narrow(k->c->arena, type->size, type->is_signed);
	case SKEP_TYPE_PTR:
		if (in_map && (type->space == SKEP_SPACE_BTF || type->space == SKEP_SPACE_BPF))
			return skep_type_ptr(&k->c->types, type->elem, SKEP_SPACE_KERNEL);
		return type;
	case SKEP_TYPE_STRING:
		/* Maps hold thousands of texts: as long as others, also when it is a path. */
		if (in_map && type->is_path && type->size > k->c->config.max_strlen)
			return skep_type_string(&k->c->types, k->c->config.max_strlen);
		return type;
	case SKEP_TYPE_TUPLE:
		return promote_tuple(k, type, in_map);
	default:
		return type;
	}
}

/* Of numbers that came from few bytes: the fewest that hold both, a sign taking one bit more. */
static const struct skep_type *unify_narrow(struct skep_check *k, const struct skep_type *a,
					    const struct skep_type *b)
{
	unsigned x = a->narrow, y = b->narrow, bytes;

	if (a->is_signed != b->is_signed) {
		x *= a->is_signed ? 1 : 2;
		y *= b->is_signed ? 1 : 2;
	}
	bytes = MAX(x, y);
	return bytes < 8 ? skep_type_narrow(k->c->arena, bytes, a->is_signed || b->is_signed)
			 : skep_type_int(8, true);
}

static const struct skep_type *unify_int(struct skep_check *k, const struct skep_type *a,
					 const struct skep_type *b)
{
	if (a->is_bool && b->is_bool)
		return a;
	if ((a->enum_btf || a->enum_own) && a->enum_btf == b->enum_btf &&
	    a->enum_id == b->enum_id && a->enum_own == b->enum_own)
		return a->narrow ? b : a;
	/* A bool has no sign of its own. */
	if (a->is_bool || b->is_bool)
		return skep_type_int(8, a->is_bool ? b->is_signed : a->is_signed);
	if (a->narrow && b->narrow)
		return unify_narrow(k, a, b);
	return skep_type_int(8, a->is_signed || b->is_signed);
}

/* A variable whose address was taken may have got another type meanwhile; its number is as wide as before. */
static const struct skep_type *unify_pointed(struct skep_check *k, const struct skep_type *a,
					     const struct skep_type *b)
{
	bool grows = a->kind == SKEP_TYPE_STRING || a->kind == SKEP_TYPE_TUPLE ||
		     (a->kind == SKEP_TYPE_INT && a->size == 8);

	if (skep_type_equal(a, b))
		return a;
	return grows && a->kind == b->kind && (a->kind != SKEP_TYPE_INT || a->size == b->size)
		       ? skep_check_unify(k, a, b)
		       : NULL;
}

static const struct skep_type *unify_ptr(struct skep_check *k, const struct skep_type *a,
					 const struct skep_type *b)
{
	const struct skep_type *elem = a->elem ? a->elem : b->elem;
	enum skep_space space = a->space;

	if (a->elem && b->elem && !skep_type_same(a->elem, b->elem)) {
		elem = unify_pointed(k, a->elem, b->elem);
		if (!elem)
			return NULL;
	}
	if (a->space != b->space) {
		if (a->space == SKEP_SPACE_USER || b->space == SKEP_SPACE_USER)
			return NULL;
		space = SKEP_SPACE_KERNEL;
	}
	return skep_type_ptr(&k->c->types, elem, space);
}

static const struct skep_type *unify_tuple(struct skep_check *k, const struct skep_type *a,
					   const struct skep_type *b)
{
	const struct skep_type **elems;

	if (a->n_fields != b->n_fields || a->is_record != b->is_record)
		return NULL;
	elems = skep_arena_calloc(k->c->arena, a->n_fields, sizeof(*elems));
	for (size_t i = 0; i < a->n_fields; i++) {
		size_t j = skep_type_element(b, a, i);

		elems[i] = j < b->n_fields
				   ? skep_check_unify(k, a->fields[i].type, b->fields[j].type)
				   : NULL;
		if (!elems[i])
			return NULL;
	}
	return skep_type_tuple_like(&k->c->types, a, elems);
}

const struct skep_type *skep_check_unify(struct skep_check *k, const struct skep_type *a,
					 const struct skep_type *b)
{
	if (skep_type_same(a, b))
		return a;
	if (a->kind != b->kind)
		return NULL;
	switch (a->kind) {
	case SKEP_TYPE_INT:
		return unify_int(k, a, b);
	case SKEP_TYPE_STRING:
	case SKEP_TYPE_BUFFER:
		return a->size >= b->size ? a : b;
	case SKEP_TYPE_PTR:
		return unify_ptr(k, a, b);
	case SKEP_TYPE_TUPLE:
		return unify_tuple(k, a, b);
	case SKEP_TYPE_STRUCT:
	case SKEP_TYPE_ARRAY:
	case SKEP_TYPE_HIST:
	case SKEP_TYPE_LHIST:
	case SKEP_TYPE_TSERIES:
		return NULL;
	case SKEP_TYPE_SUM:
	case SKEP_TYPE_MIN:
	case SKEP_TYPE_MAX:
	case SKEP_TYPE_AVG:
	case SKEP_TYPE_STATS:
		return a->is_signed ? a : b;
	default: /* ids: what differs is only how they are shown */
		return a;
	}
}
