/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Types: making, comparing. What comes from BTF is in type_btf.c, names and texts are in
 * type_name.c.
 */
#include "lang/type.h"

const struct skep_type skep_type_void = { .kind = SKEP_TYPE_VOID };

#define INT_TYPE(bytes, sign)                                                \
	{                                                                    \
		.kind = SKEP_TYPE_INT, .size = (bytes), .is_signed = (sign), \
	}

static const struct skep_type ints[2][4] = {
	{ INT_TYPE(1, false), INT_TYPE(2, false), INT_TYPE(4, false), INT_TYPE(8, false) },
	{ INT_TYPE(1, true), INT_TYPE(2, true), INT_TYPE(4, true), INT_TYPE(8, true) },
};
static const struct skep_type bool_type = { .kind = SKEP_TYPE_INT, .size = 1, .is_bool = true };

const struct skep_type *skep_type_int(unsigned size, bool is_signed)
{
	return &ints[is_signed][size <= 1 ? 0 : size <= 2 ? 1 : size <= 4 ? 2 : 3];
}

const struct skep_type *skep_type_narrow(struct skep_arena *arena, unsigned bytes, bool is_signed)
{
	struct skep_type type = *skep_type_int(8, is_signed);

	type.narrow = (uint8_t)bytes;
	return skep_arena_memdup(arena, &type, sizeof(type));
}

const struct skep_type *skep_type_given(struct skep_arena *arena, const struct skep_type *type)
{
	struct skep_type given;

	if (!type || type->kind != SKEP_TYPE_INT || !type->narrow)
		return type;
	given = *type;
	given.size = type->narrow;
	given.narrow = 0;
	return skep_arena_memdup(arena, &given, sizeof(given));
}

const struct skep_type *skep_type_bool(void)
{
	return &bool_type;
}

static const struct skep_type *make(struct skep_types *types, struct skep_type value)
{
	return skep_arena_memdup(types->arena, &value, sizeof(value));
}

const struct skep_type *skep_type_float(struct skep_types *types, uint32_t size)
{
	return make(types, (struct skep_type){ .kind = SKEP_TYPE_FLOAT, .size = size });
}

const struct skep_type *skep_type_string(struct skep_types *types, uint32_t size)
{
	return make(types, (struct skep_type){ .kind = SKEP_TYPE_STRING, .size = size });
}

const struct skep_type *skep_type_buffer(struct skep_types *types, uint32_t capacity)
{
	return make(types, (struct skep_type){ .kind = SKEP_TYPE_BUFFER, .size = capacity + 4 });
}

const struct skep_type *skep_type_ptr(struct skep_types *types, const struct skep_type *to,
				      enum skep_space space)
{
	return make(types, (struct skep_type){
				   .kind = SKEP_TYPE_PTR,
				   .size = 8,
				   .space = space,
				   .elem = to && to->kind == SKEP_TYPE_VOID ? NULL : to,
			   });
}

const struct skep_type *skep_type_array(struct skep_types *types, const struct skep_type *elem,
					uint32_t count)
{
	uint64_t size = (uint64_t)elem->size * count;

	return make(types, (struct skep_type){
				   .kind = SKEP_TYPE_ARRAY,
				   .size = (uint32_t)MIN(size, (uint64_t)UINT32_MAX),
				   .elem = elem,
				   .count = count,
			   });
}

/*
 * Numbers stand at multiples of their size, everything longer at multiples of 8, so that copies
 * take big steps.
 */
static uint32_t alignment(const struct skep_type *type)
{
	if (type->size <= 1)
		return 1;
	if (type->size <= 2)
		return 2;
	return type->size <= 4 ? 4 : 8;
}

static const struct skep_type *make_tuple(struct skep_types *types, const char *const *names,
					  const struct skep_type *const *elems, size_t n)
{
	struct skep_field *fields = skep_arena_calloc(types->arena, n, sizeof(*fields));
	uint32_t size = 0;

	for (size_t i = 0; i < n; i++) {
		size = ALIGN_UP(size, alignment(elems[i]));
		fields[i] = (struct skep_field){
			.name = names ? names[i] : skep_arena_printf(types->arena, "%zu", i),
			.type = elems[i],
			.offset = size,
		};
		size += elems[i]->size;
	}
	return make(types, (struct skep_type){
				   .kind = SKEP_TYPE_TUPLE,
				   .size = ALIGN_UP(size, 8u),
				   .fields = fields,
				   .n_fields = n,
				   .is_record = names,
			   });
}

const struct skep_type *skep_type_tuple(struct skep_types *types,
					const struct skep_type *const *elems, size_t n)
{
	return make_tuple(types, NULL, elems, n);
}

const struct skep_type *skep_type_record(struct skep_types *types, const char *const *names,
					 const struct skep_type *const *elems, size_t n)
{
	return make_tuple(types, names, elems, n);
}

const struct skep_type *skep_type_tuple_like(struct skep_types *types, const struct skep_type *like,
					     const struct skep_type *const *elems)
{
	const char **names = skep_arena_calloc(types->arena, like->n_fields, sizeof(*names));

	for (size_t i = 0; i < like->n_fields; i++)
		names[i] = like->fields[i].name;
	return make_tuple(types, like->is_record ? names : NULL, elems, like->n_fields);
}

size_t skep_type_element(const struct skep_type *of, const struct skep_type *as, size_t i)
{
	if (!of->is_record || !as->is_record)
		return i;
	for (size_t j = 0; j < of->n_fields; j++)
		if (skep_streq(of->fields[j].name, as->fields[i].name))
			return j;
	return SIZE_MAX;
}

const struct skep_type *skep_type_simple(struct skep_types *types, enum skep_type_kind kind)
{
	struct skep_type type = { .kind = kind, .size = 8 };

	switch (kind) {
	case SKEP_TYPE_USTACK:
	case SKEP_TYPE_USYM:
		type.size = 16;
		break;
	case SKEP_TYPE_USERNAME:
		type.size = 4;
		break;
	case SKEP_TYPE_INET:
		type.size = 20;
		break;
	case SKEP_TYPE_MAC:
		type.size = 6;
		break;
	default:
		break;
	}
	return make(types, type);
}

const struct skep_type *skep_type_agg(struct skep_types *types, enum skep_type_kind kind,
				      const struct skep_type *of)
{
	return make(types, (struct skep_type){
				   .kind = kind,
				   .size = 8,
				   .elem = of,
				   .is_signed = of && of->is_signed,
			   });
}

size_t skep_type_element_named(const struct skep_type *type, const char *name)
{
	char *end;
	unsigned long index;

	for (size_t i = 0; type->is_record && i < type->n_fields; i++)
		if (skep_streq(type->fields[i].name, name))
			return i;
	index = strtoul(name, &end, 10);
	return type->is_record || end == name || *end || index >= type->n_fields ? SIZE_MAX : index;
}

static bool same_elem(const struct skep_type *a, const struct skep_type *b)
{
	if (!a || !b)
		return a == b;
	return skep_type_equal(a, b);
}

static bool same_struct(const struct skep_struct *a, const struct skep_struct *b)
{
	if (a == b)
		return true;
	if (!a || !b || a->btf != b->btf)
		return false;
	if (a->btf)
		return a->btf_id == b->btf_id;
	return a->size == b->size && skep_streq(a->name, b->name);
}

/*
 * Pointers: one level is compared by what it points to; structs behind it by identity, so this
 * ends.
 */
bool skep_type_equal(const struct skep_type *a, const struct skep_type *b)
{
	if (a == b)
		return true;
	if (a->kind != b->kind || a->size != b->size || a->is_signed != b->is_signed ||
	    a->is_bool != b->is_bool || a->param != b->param || a->count != b->count)
		return false;
	switch (a->kind) {
	case SKEP_TYPE_INT:
		return a->enum_btf == b->enum_btf && a->enum_id == b->enum_id &&
		       a->enum_own == b->enum_own;
	case SKEP_TYPE_PTR:
		return a->space == b->space && same_elem(a->elem, b->elem);
	case SKEP_TYPE_STRUCT:
		return same_struct(a->str, b->str);
	case SKEP_TYPE_TUPLE:
		if (a->n_fields != b->n_fields || a->is_record != b->is_record)
			return false;
		for (size_t i = 0; i < a->n_fields; i++)
			if ((a->is_record && !skep_streq(a->fields[i].name, b->fields[i].name)) ||
			    !skep_type_equal(a->fields[i].type, b->fields[i].type))
				return false;
		return true;
	case SKEP_TYPE_LHIST:
	case SKEP_TYPE_TSERIES:
		return a->lhist_min == b->lhist_min && a->lhist_max == b->lhist_max &&
		       a->lhist_step == b->lhist_step;
	default:
		return same_elem(a->elem, b->elem);
	}
}

bool skep_type_same(const struct skep_type *a, const struct skep_type *b)
{
	if (!skep_type_equal(a, b) || a->narrow != b->narrow)
		return false;
	for (size_t i = 0; a->kind == SKEP_TYPE_TUPLE && i < a->n_fields; i++)
		if (!skep_type_same(a->fields[i].type, b->fields[i].type))
			return false;
	return true;
}

bool skep_type_is_scalar(const struct skep_type *type)
{
	switch (type->kind) {
	case SKEP_TYPE_INT:
	case SKEP_TYPE_PTR:
	case SKEP_TYPE_KSTACK:
	case SKEP_TYPE_KSYM:
	case SKEP_TYPE_PROBE:
	case SKEP_TYPE_USERNAME:
	case SKEP_TYPE_TIMESTAMP:
	case SKEP_TYPE_CGROUP_PATH:
		return true;
	default:
		return false;
	}
}

bool skep_type_is_agg(const struct skep_type *type)
{
	return type->kind >= SKEP_TYPE_COUNT && type->kind <= SKEP_TYPE_TSERIES;
}

const struct skep_type *skep_type_agg_number(const struct skep_type *type)
{
	if (type->kind >= SKEP_TYPE_HIST && type->kind <= SKEP_TYPE_TSERIES)
		return NULL;
	return type->elem ? type->elem : skep_type_int(8, true);
}
