/* SPDX-License-Identifier: Apache-2.0 */
#include "live/typed.h"

#include <errno.h>
#include <string.h>

#include "base/vec.h"
#include "live/typed_priv.h"

#define TAG_PREFIX "skep:"

struct maker {
	const struct skep_btf *btf;
	const struct skep_typed_options *options;
	struct skep_arena *arena;
	bool has_tags;	 /* of ours, so that it is worth looking for them */
	size_t n_fields; /* made so far */
};

struct fields {
	SKEP_VEC(struct skep_schema_field);
};

/* The struct whose members are being made. */
struct owner {
	uint32_t id;   /* of the struct, or of the anonymous one inside of it */
	uint32_t base; /* where that begins, bytes */
	uint32_t size; /* of the whole */
	unsigned depth, nested;
	int32_t pid_at; /* of the member that names the process; -1: none */
	unsigned pid_rank;
};

static struct skep_schema_field make_field(struct maker *m, uint32_t id, const char *name,
					   const char *tag, unsigned depth);

struct skep_schema_field skep_typed_bytes(const char *name, uint32_t size)
{
	return (struct skep_schema_field){ .name = name, .kind = SKEP_FIELD_BYTES, .size = size };
}

/* What a tag of ours says of member @index of struct @id (-1: of the type itself), or NULL. */
static const char *find_tag(const struct maker *m, uint32_t id, int32_t index)
{
	for (uint32_t tag = 0;
	     m->has_tags && (tag = skep_btf_next(m->btf, tag, SKEP_BTF_DECL_TAG));) {
		struct skep_btf_type t = skep_btf_type(m->btf, tag);

		if (t.type == id && t.component == index && skep_has_prefix(t.name, TAG_PREFIX))
			return t.name + strlen(TAG_PREFIX);
	}
	return NULL;
}

static bool has_tags(const struct skep_btf *btf)
{
	for (uint32_t tag = 0; (tag = skep_btf_next(btf, tag, SKEP_BTF_DECL_TAG));)
		if (skep_has_prefix(skep_btf_name(btf, tag), TAG_PREFIX))
			return true;
	return false;
}

static bool is_char(const struct skep_btf_type *t)
{
	return t->kind == SKEP_BTF_INT && t->size_bytes == 1 && !t->is_bool &&
	       (t->is_char || skep_streq(t->name, "char"));
}

static void fill_enum(struct maker *m, const struct skep_btf_type *type,
		      struct skep_schema_field *field)
{
	struct skep_enum_name *names = skep_arena_calloc(m->arena, type->vlen, sizeof(*names));
	struct skep_btf_enumerator e;

	field->kind = SKEP_FIELD_ENUM;
	for (uint32_t i = 0; i < type->vlen; i++)
		if (skep_btf_enumerator(m->btf, type->id, i, &e) == 0)
			names[field->n_enum_names++] = (struct skep_enum_name){
				.value = (int64_t)e.value,
				.name = skep_arena_strdup(m->arena, e.name),
			};
	field->enum_names = names;
}

static void fill_array(struct maker *m, const struct skep_btf_type *type, unsigned depth,
		       struct skep_schema_field *field)
{
	struct skep_btf_type elem = skep_btf_type(m->btf, skep_btf_strip(m->btf, type->type, true));
	struct skep_schema_field *child;

	if (is_char(&elem)) {
		field->kind = SKEP_FIELD_STRING;
		return;
	}
	child = skep_arena_alloc(m->arena, sizeof(*child));
	*child = make_field(m, type->type, "", NULL, depth + 1);
	if (!child->size)
		return;
	field->kind = SKEP_FIELD_ARRAY;
	field->count = field->size / child->size;
	field->children = child;
	field->n_children = 1;
}

/*
 * Bits of a number that begins at a multiple of its size, or where that does not hold them (packed), in the 8 bytes from
 * there on. False: not in those either.
 */
static bool place_bits(const struct owner *o, uint64_t bit, uint32_t n_bits,
		       struct skep_schema_field *field)
{
	uint32_t size = field->size;
	uint64_t at = bit / 8 / size * size;

	if (bit - at * 8 + n_bits > size * 8 || at + size > o->size) {
		size = 8;
		at = MIN(bit / 8, o->size >= 8 ? o->size - 8u : 0u);
	}
	if (bit - at * 8 + n_bits > size * 8 || at + size > o->size)
		return false;
	field->offset = (uint32_t)at;
	field->size = size;
	field->bit_size = (uint8_t)n_bits;
	field->bit_off = (uint8_t)(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
					   ? bit - at * 8
					   : size * 8 - (bit - at * 8) - n_bits);
	return true;
}

static void add_bits(struct maker *m, const struct owner *o, const struct skep_btf_member *member,
		     struct fields *fields)
{
	struct skep_schema_field field = make_field(m, member->type, member->name, NULL, o->depth);
	uint64_t bit = o->base * UINT64_C(8) + member->bit_offset;
	uint64_t first = bit / 8, end = (bit + member->bit_size + 7) / 8;

	if (end > o->size)
		return;
	if (field.size > 8 || !field.size || field.kind > SKEP_FIELD_ENUM ||
	    member->bit_size > 64 || !place_bits(o, bit, member->bit_size, &field)) {
		field = skep_typed_bytes(field.name, (uint32_t)(end - first));
		field.offset = (uint32_t)first;
	}
	skep_vec_add(fields, field);
}

/* The array without a size at the end of a record: as long as each record makes it. */
static void make_flexible(struct maker *m, uint32_t id, struct skep_schema_field *field)
{
	struct skep_btf_type type = skep_btf_type(m->btf, skep_btf_strip(m->btf, id, true));

	if (type.kind == SKEP_BTF_ARRAY)
		fill_array(m, &type, 0, field);
}

static void add_members(struct maker *m, struct owner *o, struct fields *fields);

/* An anonymous struct or union: its members stand among the others. */
static bool add_anonymous(struct maker *m, struct owner *o, const struct skep_btf_member *member,
			  uint32_t at, struct fields *fields)
{
	struct owner inner = *o;
	struct skep_btf_type t = skep_btf_type(m->btf, skep_btf_strip(m->btf, member->type, true));

	if (member->name[0] || o->nested >= SKEP_TYPED_DEPTH_MAX ||
	    (t.kind != SKEP_BTF_STRUCT && t.kind != SKEP_BTF_UNION))
		return false;
	inner.id = t.id;
	inner.base = at;
	inner.nested++;
	add_members(m, &inner, fields);
	o->pid_at = inner.pid_at;
	o->pid_rank = inner.pid_rank;
	return true;
}

static void add_member(struct maker *m, struct owner *o, uint32_t index,
		       const struct skep_btf_member *member, struct fields *fields)
{
	uint64_t at = o->base + member->bit_offset / 8;
	struct skep_schema_field field;
	struct typed_member named;
	unsigned rank;

	if (member->bit_size) {
		add_bits(m, o, member, fields);
		return;
	}
	if (at > o->size || add_anonymous(m, o, member, (uint32_t)at, fields))
		return;
	field = make_field(m, member->type, member->name, find_tag(m, o->id, (int32_t)index),
			   o->depth);
	if (!field.size && at == o->size && !o->nested && o->depth == 1)
		make_flexible(m, member->type, &field);
	else if (!field.size || field.size > o->size - at)
		return; /* hostile */
	field.offset = (uint32_t)at;
	skep_vec_add(fields, field);
	named = (struct typed_member){ m->btf, member->type, member->name, NULL, m->options };
	rank = typed_name_pid(&named, &field);
	if (rank > o->pid_rank) {
		o->pid_rank = rank;
		o->pid_at = (int32_t)at;
	}
}

static void add_members(struct maker *m, struct owner *o, struct fields *fields)
{
	uint32_t id = o->id;
	struct skep_btf_member member;

	for (uint32_t i = 0; skep_btf_member(m->btf, id, i, &member) == 0; i++)
		add_member(m, o, i, &member, fields);
}

/* Addresses of users and their stacks belong to a process: without one they are numbers. */
static void tie_to_process(const struct owner *o, struct skep_schema_field *fields, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct skep_schema_field *f = &fields[i];

		if (f->kind != SKEP_FIELD_USYM && f->kind != SKEP_FIELD_USTACK)
			continue;
		if (o->pid_at >= 0 && o->pid_at != (int32_t)f->offset)
			f->pid_at = o->pid_at - (int32_t)f->offset;
		else
			f->kind = f->kind == SKEP_FIELD_USYM ? SKEP_FIELD_PTR : SKEP_FIELD_INT;
	}
}

static void fill_struct(struct maker *m, const struct skep_btf_type *type, unsigned depth,
			struct skep_schema_field *field)
{
	struct owner o = { .id = type->id, .size = field->size, .depth = depth + 1, .pid_at = -1 };
	struct fields fields = {};

	add_members(m, &o, &fields);
	tie_to_process(&o, fields.data, fields.len);
	field->kind = SKEP_FIELD_STRUCT;
	field->n_children = fields.len;
	field->children = fields.len ? skep_arena_memdup(m->arena, fields.data,
							 fields.len * sizeof(*fields.data))
				     : NULL;
	skep_vec_fini(&fields);
}

/* By the type alone. */
static void fill(struct maker *m, const struct skep_btf_type *type, unsigned depth,
		 struct skep_schema_field *field)
{
	switch (type->kind) {
	case SKEP_BTF_INT:
		if (field->size > 8)
			return;
		field->kind = type->is_bool ? SKEP_FIELD_BOOL : SKEP_FIELD_INT;
		field->is_signed = type->is_signed;
		return;
	case SKEP_BTF_ENUM:
	case SKEP_BTF_ENUM64:
		if (field->size > 8)
			return;
		field->is_signed = type->is_signed;
		fill_enum(m, type, field);
		return;
	case SKEP_BTF_PTR:
		field->kind = SKEP_FIELD_PTR;
		return;
	case SKEP_BTF_FLOAT:
		if (field->size == 4 || field->size == 8 || field->size == 16)
			field->kind = SKEP_FIELD_FLOAT;
		return;
	case SKEP_BTF_ARRAY:
		fill_array(m, type, depth, field);
		return;
	case SKEP_BTF_STRUCT:
	case SKEP_BTF_UNION:
		fill_struct(m, type, depth, field);
		return;
	default:
		return;
	}
}

/* Size 0: the type has none. */
static struct skep_schema_field make_field(struct maker *m, uint32_t id, const char *name,
					   const char *tag, unsigned depth)
{
	struct skep_btf_type type = skep_btf_type(m->btf, skep_btf_strip(m->btf, id, true));
	struct skep_schema_field field = skep_typed_bytes(skep_arena_strdup(m->arena, name), 0);
	struct typed_member member = { m->btf, id, name, tag, m->options };

	if (skep_btf_size(m->btf, id, &field.size) < 0)
		field.size = 0;
	if (!field.size || depth > SKEP_TYPED_DEPTH_MAX || m->n_fields >= SKEP_TYPED_FIELDS_MAX)
		return field;
	m->n_fields++;
	fill(m, &type, depth, &field);
	typed_name_apply(&member, &field);
	return field;
}

int skep_typed_field(const struct skep_btf *btf, uint32_t id, const char *name,
		     const struct skep_typed_options *options, struct skep_arena *arena,
		     struct skep_schema_field *ret_field)
{
	static const struct skep_typed_options none = {};
	struct maker m = { .btf = btf, .options = options ? options : &none, .arena = arena };
	struct skep_schema_field field;

	if (!btf || !id)
		return -EINVAL;
	m.has_tags = has_tags(btf);
	field = make_field(&m, id, name ? name : skep_btf_name(btf, skep_btf_strip(btf, id, false)),
			   find_tag(&m, id, -1), 0);
	if (!field.size)
		return -EINVAL;
	tie_to_process(&(struct owner){ .pid_at = -1 }, &field, 1);
	*ret_field = field;
	return 0;
}

int skep_typed_schema(const struct skep_btf *btf, uint32_t id, const char *name,
		      const struct skep_typed_options *options, struct skep_arena *arena,
		      struct skep_schema *ret_schema)
{
	struct skep_schema_field *field = skep_arena_alloc(arena, sizeof(*field));
	struct skep_schema schema = { .version = 1, .n_fields = 1, .fields = field };
	const char *own;
	int r;

	r = skep_typed_field(btf, id, "value", options, arena, field);
	if (r < 0)
		return r;
	own = skep_btf_name(btf, skep_btf_strip(btf, id, false));
	schema.name = skep_arena_strdup(arena, own[0] || !name ? own : name);
	schema.size = field->size;
	if (field->kind == SKEP_FIELD_STRUCT) {
		schema.fields = field->children;
		schema.n_fields = field->n_children;
	}
	*ret_schema = schema;
	return 0;
}
