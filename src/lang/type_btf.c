/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Types from BTF: what a struct's member or a function's argument is for a script.
 *
 * Pointers carry where they point. Kernel sources tag pointers to user memory (__user) and to
 * per-CPU memory (__percpu); BTF has these tags when the kernel's compiler could write them.
 * Pointers to structs that the verifier follows (space BTF) stay so from member to member; what
 * they say about numbers and text is read with a helper.
 */
#include "lang/need.h"

#define POINTER_DEPTH_MAX 8 /* levels of pointers and array dimensions that a type shows */

static const struct skep_type *from_btf(struct skep_types *types, const struct skep_btf *btf,
					uint32_t id, enum skep_space space, unsigned depth);

static const struct skep_type *make(struct skep_types *types, struct skep_type value)
{
	return skep_arena_memdup(types->arena, &value, sizeof(value));
}

/* The space that the modifiers and tags in front of a pointee name, or @space. */
static enum skep_space tagged_space(const struct skep_btf *btf, uint32_t pointee,
				    enum skep_space space)
{
	for (unsigned i = 0; i < 16; i++) {
		struct skep_btf_type t = skep_btf_type(btf, pointee);

		if (t.kind == SKEP_BTF_TYPE_TAG) {
			if (skep_streq(t.name, "user"))
				return SKEP_SPACE_USER;
			if (skep_streq(t.name, "percpu"))
				return SKEP_SPACE_KERNEL;
		} else if (t.kind != SKEP_BTF_CONST && t.kind != SKEP_BTF_VOLATILE &&
			   t.kind != SKEP_BTF_RESTRICT) {
			break;
		}
		pointee = t.type;
	}
	return space;
}

static const struct skep_type *pointer(struct skep_types *types, const struct skep_btf *btf,
				       uint32_t pointee, enum skep_space space, unsigned depth)
{
	enum skep_btf_kind kind = skep_btf_kind(btf, skep_btf_strip(btf, pointee, true));

	space = tagged_space(btf, pointee, space);
	if (space == SKEP_SPACE_BPF || space == SKEP_SPACE_CTX ||
	    (space == SKEP_SPACE_BTF && kind != SKEP_BTF_STRUCT && kind != SKEP_BTF_UNION))
		space = SKEP_SPACE_KERNEL;
	if (depth == POINTER_DEPTH_MAX)
		return skep_type_ptr(types, NULL, space);
	return skep_type_ptr(types, from_btf(types, btf, pointee, space, depth + 1), space);
}

/* char[N] is text; everything else is elements. */
static const struct skep_type *array(struct skep_types *types, const struct skep_btf *btf,
				     uint32_t id, enum skep_space space, unsigned depth)
{
	const struct skep_type *elem;
	uint32_t elem_id, count, stripped;

	if (skep_btf_array(btf, id, &elem_id, &count) < 0 || depth == POINTER_DEPTH_MAX)
		return &skep_type_void;
	stripped = skep_btf_strip(btf, elem_id, true);
	if (count && skep_btf_kind(btf, stripped) == SKEP_BTF_INT &&
	    skep_streq(skep_btf_name(btf, stripped), "char"))
		return skep_type_string(types, count);
	elem = from_btf(types, btf, elem_id, space, depth + 1);
	return skep_type_array(types, elem, count);
}

static const struct skep_type *integer(struct skep_types *types, const struct skep_btf_type *t)
{
	switch (t->size_bytes) {
	case 1:
		return t->is_bool ? skep_type_bool() : skep_type_int(1, t->is_signed);
	case 2:
	case 4:
	case 8:
		return skep_type_int(t->size_bytes, t->is_signed);
	case 16: /* no register holds it: its two halves */
		return skep_type_array(types, skep_type_int(8, false), 2);
	default:
		return &skep_type_void;
	}
}

static const struct skep_type *structure(struct skep_types *types, const struct skep_btf *btf,
					 const struct skep_btf_type *t)
{
	struct skep_struct *s = skep_arena_alloc(types->arena, sizeof(*s));

	s->name = t->name;
	s->size = t->size_bytes;
	s->is_union = t->kind == SKEP_BTF_UNION || t->is_union;
	s->btf = btf;
	s->btf_id = t->id;
	return make(types, (struct skep_type){
				   .kind = SKEP_TYPE_STRUCT,
				   .size = t->size_bytes,
				   .str = s,
			   });
}

static const struct skep_type *from_btf(struct skep_types *types, const struct skep_btf *btf,
					uint32_t id, enum skep_space space, unsigned depth)
{
	struct skep_btf_type t = skep_btf_type(btf, skep_btf_strip(btf, id, true));

	switch (t.kind) {
	case SKEP_BTF_INT:
		return integer(types, &t);
	case SKEP_BTF_ENUM:
	case SKEP_BTF_ENUM64:
		if (t.size_bytes != 1 && t.size_bytes != 2 && t.size_bytes != 4 &&
		    t.size_bytes != 8)
			return &skep_type_void;
		return make(types, (struct skep_type){
					   .kind = SKEP_TYPE_INT,
					   .size = t.size_bytes,
					   .is_signed = t.is_signed,
					   .enum_btf = t.vlen ? btf : NULL,
					   .enum_id = t.vlen ? t.id : 0,
				   });
	case SKEP_BTF_PTR:
		return pointer(types, btf, t.type, space, depth);
	case SKEP_BTF_ARRAY:
		return array(types, btf, t.id, space, depth);
	case SKEP_BTF_STRUCT:
	case SKEP_BTF_UNION:
	case SKEP_BTF_FWD:
		return structure(types, btf, &t);
	case SKEP_BTF_FLOAT:
		return t.size_bytes == 4 || t.size_bytes == 8 || t.size_bytes == 16
			       ? skep_type_float(types, t.size_bytes)
			       : &skep_type_void;
	default: /* void, functions: nothing that a script can compute with */
		return &skep_type_void;
	}
}

const struct skep_type *skep_type_from_btf(struct skep_types *types, const struct skep_btf *btf,
					   uint32_t id, enum skep_space space)
{
	const struct skep_type *type = from_btf(types, btf, id, space, 0);

	/* Passed in registers that programs do not see. */
	return type->kind == SKEP_TYPE_FLOAT ? &skep_type_void : type;
}

/*
 * The integer that a bit-field is cut from: of the declared type's size where the bits fit into
 * one of these, else (packed structs) 8 bytes from the byte in which it starts.
 */
bool skep_type_bit_field(uint64_t bit_offset, uint32_t bit_size, struct skep_field *f)
{
	uint32_t unit = f->type->size ? f->type->size : 4;
	uint64_t start = bit_offset / (unit * 8) * unit;

	if (f->type->kind != SKEP_TYPE_INT || bit_size > 64)
		return false;
	if (bit_offset - start * 8 + bit_size > unit * 8) {
		unit = 8;
		start = bit_offset / 8;
		if (bit_offset - start * 8 + bit_size > 64)
			return false;
		f->type = skep_type_int(8, f->type->is_signed);
	}
	f->offset = (uint32_t)start;
	f->bit_off = (uint16_t)(bit_offset - start * 8);
	f->bit_size = (uint16_t)bit_size;
	return true;
}

#define ALIGN_DEPTH_MAX 32

static uint32_t btf_align(const struct skep_btf *btf, uint32_t id, unsigned depth)
{
	struct skep_btf_type t = skep_btf_type(btf, skep_btf_strip(btf, id, true));
	uint32_t align = 1, elem, count;
	struct skep_btf_member m;

	if (depth == ALIGN_DEPTH_MAX)
		return 8;
	switch (t.kind) {
	case SKEP_BTF_ARRAY:
		return skep_btf_array(btf, t.id, &elem, &count) < 0
			       ? 1
			       : btf_align(btf, elem, depth + 1);
	case SKEP_BTF_STRUCT:
	case SKEP_BTF_UNION:
		for (uint32_t i = 0; i < t.vlen; i++)
			if (skep_btf_member(btf, t.id, i, &m) >= 0)
				align = MAX(align, btf_align(btf, m.type, depth + 1));
		/* A packed struct is as large as its members are, not as their alignment wants. */
		return t.size_bytes % align ? 1 : align;
	case SKEP_BTF_PTR:
		return 8;
	case SKEP_BTF_FLOAT:
		return MAX(MIN(t.size_bytes, 16u), 1u);
	default:
		return MAX(MIN(t.size_bytes, 8u), 1u);
	}
}

uint32_t skep_type_align(const struct skep_type *type)
{
	switch (type->kind) {
	case SKEP_TYPE_STRING:
		return 1;
	case SKEP_TYPE_ARRAY:
		return skep_type_align(type->elem);
	case SKEP_TYPE_STRUCT:
		if (type->str->btf)
			return btf_align(type->str->btf, type->str->btf_id, 0);
		return MAX(type->str->align, 1u);
	case SKEP_TYPE_FLOAT:
		return type->size;
	default:
		return MAX(MIN(type->size, 8u), 1u);
	}
}

/* The pointers of a struct in the memory of a program lead to its memory, too. */
static const struct skep_type *in_space(struct skep_types *types, const struct skep_type *type,
					enum skep_space space, unsigned depth)
{
	const struct skep_type *elem;

	if (depth == POINTER_DEPTH_MAX || !type->elem)
		return type->kind == SKEP_TYPE_PTR && type->space != SKEP_SPACE_USER
			       ? skep_type_ptr(types, NULL, space)
			       : type;
	if (type->kind == SKEP_TYPE_PTR && type->space != SKEP_SPACE_USER) {
		elem = in_space(types, type->elem, space, depth + 1);
		return skep_type_ptr(types, elem, space);
	}
	if (type->kind != SKEP_TYPE_ARRAY)
		return type;
	elem = in_space(types, type->elem, space, depth + 1);
	return elem == type->elem ? type : skep_type_array(types, elem, type->count);
}

bool skep_type_field(struct skep_types *types, const struct skep_type *type, const char *name,
		     enum skep_space space, struct skep_field *ret_field)
{
	const struct skep_struct *s = type->kind == SKEP_TYPE_STRUCT ? type->str : NULL;
	struct skep_btf_member m;
	struct skep_field f;

	if (!s)
		return false;
	if (!s->btf) {
		for (size_t i = 0; i < s->n_fields; i++) {
			if (skep_streq(s->fields[i].name, name)) {
				*ret_field = s->fields[i];
				if (s->is_script && space != SKEP_SPACE_BPF)
					ret_field->type = in_space(types, s->fields[i].type,
								   space == SKEP_SPACE_USER
									   ? SKEP_SPACE_USER
									   : SKEP_SPACE_KERNEL,
								   0);
				if (types && types->needs && s->origin)
					skep_need_member(types, s, ret_field);
				return true;
			}
		}
		return false;
	}
	if (!name[0] || skep_btf_find_member(s->btf, s->btf_id, name, &m) < 0)
		return false;
	f = (struct skep_field){
		.name = m.name,
		.type = from_btf(types, s->btf, m.type, space, 0),
		.offset = (uint32_t)(m.bit_offset / 8),
	};
	if (m.bit_size && !skep_type_bit_field(m.bit_offset, m.bit_size, &f))
		return false;
	if (types->needs)
		skep_need_member(types, s, &f);
	*ret_field = f;
	return true;
}

static void list_fields(struct skep_types *types, const struct skep_struct *s, const char *wanted,
			size_t max, struct skep_str *out)
{
	bool *taken = skep_arena_calloc(types->arena, s->n_fields, sizeof(*taken));
	size_t n = 0;

	for (unsigned pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < s->n_fields && n < max; i++) {
			const char *name = s->fields[i].name;

			if (taken[i] ||
			    (!pass && wanted && skep_edit_distance(wanted, name, 2) > 2) ||
			    (!pass && !wanted) || skep_has_prefix(name, "common_"))
				continue;
			taken[i] = true;
			skep_str_addf(out, "%s%s", n++ ? ", " : "", name);
		}
	}
}

char *skep_type_field_names(struct skep_types *types, const struct skep_type *type,
			    const char *wanted, size_t max)
{
	_cleanup_(skep_str_fini)
	struct skep_str out = {};

	if (type->kind == SKEP_TYPE_STRUCT && type->str->btf)
		skep_btf_format_member_names(type->str->btf, type->str->btf_id, wanted,
					     (unsigned)max, &out);
	else if (type->kind == SKEP_TYPE_STRUCT)
		list_fields(types, type->str, wanted, max, &out);
	return skep_arena_strdup(types->arena, skep_str_text(&out));
}
