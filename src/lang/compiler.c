/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of one compilation, and how the language's types become the schemas that user space reads rows with.
 */
#include "lang/compiler.h"

#include <string.h>

#include "lang/need.h"

unsigned skep_compiler_probe(struct skep_compiler *c, const char *name)
{
	void *known;
	char *copy;

	if (c->options->as_bpftrace && (skep_streq(name, "BEGIN") || skep_streq(name, "END")))
		name = name[0] == 'B' ? "begin" : "end";
	known = skep_hash_get_str(&c->probe_index, name);
	if (known)
		return (unsigned)((uintptr_t)known - 1);
	copy = skep_arena_strdup(c->arena, name);
	skep_vec_add(&c->probe_names, copy);
	/* One more than the index: a table has no room for NULL. */
	skep_hash_set_str(&c->probe_index, copy, (void *)(uintptr_t)c->probe_names.len);
	return (unsigned)c->probe_names.len - 1;
}

struct skep_map_info *skep_compiler_map(struct skep_compiler *c, const char *name,
					struct skep_loc loc)
{
	struct skep_map_info *map;

	for (size_t i = 0; i < c->maps.len; i++)
		if (skep_streq(c->maps.data[i]->name, name))
			return c->maps.data[i];
	map = skep_arena_alloc(c->arena, sizeof(*map));
	map->name = name;
	map->loc = loc;
	map->index = (unsigned)c->maps.len;
	skep_vec_add(&c->maps, map);
	return map;
}

unsigned skep_compiler_time_format(struct skep_compiler *c, const char *format)
{
	for (size_t i = 0; i < c->time_formats.len; i++)
		if (skep_streq(c->time_formats.data[i], format))
			return (unsigned)i;
	skep_vec_add(&c->time_formats, skep_arena_strdup(c->arena, format));
	return (unsigned)c->time_formats.len - 1;
}

static enum skep_field_kind field_kind(const struct skep_type *type)
{
	switch (type->kind) {
	case SKEP_TYPE_INT:
		if (type->is_bool)
			return SKEP_FIELD_BOOL;
		return type->enum_btf || type->enum_own ? SKEP_FIELD_ENUM : SKEP_FIELD_INT;
	case SKEP_TYPE_STRING:
		return SKEP_FIELD_STRING;
	case SKEP_TYPE_BUFFER:
		return SKEP_FIELD_BUFFER;
	case SKEP_TYPE_PTR:
		return SKEP_FIELD_PTR;
	case SKEP_TYPE_STRUCT:
		return SKEP_FIELD_STRUCT;
	case SKEP_TYPE_ARRAY:
		return SKEP_FIELD_ARRAY;
	case SKEP_TYPE_TUPLE:
		return type->is_record ? SKEP_FIELD_STRUCT : SKEP_FIELD_TUPLE;
	case SKEP_TYPE_KSTACK:
		return SKEP_FIELD_KSTACK;
	case SKEP_TYPE_USTACK:
		return SKEP_FIELD_USTACK;
	case SKEP_TYPE_KSYM:
		return SKEP_FIELD_KSYM;
	case SKEP_TYPE_USYM:
		return SKEP_FIELD_USYM;
	case SKEP_TYPE_PROBE:
		return SKEP_FIELD_PROBE;
	case SKEP_TYPE_USERNAME:
		return SKEP_FIELD_USERNAME;
	case SKEP_TYPE_TIMESTAMP:
		return SKEP_FIELD_TIMESTAMP;
	case SKEP_TYPE_CGROUP_PATH:
		return SKEP_FIELD_CGROUP_PATH;
	case SKEP_TYPE_INET:
		return SKEP_FIELD_INET;
	case SKEP_TYPE_MAC:
		return SKEP_FIELD_MAC;
	case SKEP_TYPE_FLOAT:
	case SKEP_TYPE_VOID: /* a member that nothing is known of: shown as such */
		return SKEP_FIELD_FLOAT;
	default:
		/* An aggregation read inside a program is its number. */
		return SKEP_FIELD_INT;
	}
}

static void fill_enum(struct skep_compiler *c, const struct skep_type *type,
		      struct skep_schema_field *field)
{
	const struct skep_enum *own = type->enum_own;
	size_t n = own ? own->n : skep_btf_type(type->enum_btf, type->enum_id).vlen;
	struct skep_enum_name *names = skep_arena_calloc(c->arena, n, sizeof(*names));
	const char *name;

	for (size_t i = 0; i < n; i++) {
		struct skep_btf_enumerator e;

		if (own)
			names[field->n_enum_names++] =
				(struct skep_enum_name){ own->values[i], own->names[i] };
		else if (skep_btf_enumerator(type->enum_btf, type->enum_id, (uint32_t)i, &e) >= 0)
			names[field->n_enum_names++] = (struct skep_enum_name){
				.value = (int64_t)e.value,
				.name = skep_arena_strdup(c->arena, e.name),
			};
	}
	field->enum_names = names;
	if (own || !c->types.needs)
		return;
	name = skep_btf_name(type->enum_btf, type->enum_id);
	if (name[0])
		field->enum_type = skep_arena_printf(c->arena, "enum %s", name);
	/* One without a name is not found on another machine: its numbers must be the same there. */
	for (size_t i = 0; !name[0] && i < field->n_enum_names; i++)
		skep_need_enum_exact(&c->types,
				     skep_need_enum(&c->types, names[i].name, names[i].value));
}

#define STRUCT_FIELDS_MAX 256 /* members of a struct that is printed whole */
#define STRUCT_DEPTH_MAX 4

static struct skep_schema_field make_field(struct skep_compiler *c, const struct skep_type *type,
					   const char *name, uint32_t offset, unsigned depth);

/* @children NULL: counts only, as the next function. */
static void add_child(struct skep_compiler *c, const struct skep_field *f, unsigned depth,
		      struct skep_schema_field *field, struct skep_schema_field *children)
{
	struct skep_schema_field *child;

	field->n_children++;
	if (!children)
		return;
	child = &children[field->n_children - 1];
	*child = make_field(c, f->type, skep_arena_strdup(c->arena, f->name), f->offset, depth + 1);
	child->bit_off = (uint8_t)f->bit_off;
	child->bit_size = (uint8_t)f->bit_size;
}

/* Members of @id, which is the struct @type or an anonymous one inside it: they stand among the others. */
static void add_members(struct skep_compiler *c, const struct skep_type *type, uint32_t id,
			unsigned depth, unsigned nested, struct skep_schema_field *field,
			struct skep_schema_field *children)
{
	const struct skep_btf *btf = type->str->btf;
	uint32_t n = skep_btf_type(btf, id).vlen;

	for (uint32_t i = 0; i < n && field->n_children < STRUCT_FIELDS_MAX; i++) {
		struct skep_btf_member m;
		struct skep_field f;

		if (skep_btf_member(btf, id, i, &m) < 0)
			continue;
		if (!m.name[0] && nested < STRUCT_DEPTH_MAX)
			add_members(c, type, skep_btf_strip(btf, m.type, true), depth, nested + 1,
				    field, children);
		else if (m.name[0] &&
			 skep_type_field(&c->types, type, m.name, SKEP_SPACE_KERNEL, &f))
			add_child(c, &f, depth, field, children);
	}
}

/* Members of a struct printed whole. */
static void fill_struct(struct skep_compiler *c, const struct skep_type *type, unsigned depth,
			struct skep_schema_field *field)
{
	const struct skep_struct *s = type->str;
	struct skep_schema_field *children;

	if (depth == STRUCT_DEPTH_MAX)
		return;
	if (s->btf)
		skep_need_refuse(&c->types, SKEP_NO_LOC, "a struct of the kernel as a whole",
				 "print its members one by one");
	for (unsigned pass = 0; pass < 2; pass++) {
		children = pass ? skep_arena_calloc(c->arena, field->n_children, sizeof(*children))
				: NULL;
		field->n_children = 0;
		if (s->btf)
			add_members(c, type, s->btf_id, depth, 0, field, children);
		for (size_t i = 0; !s->btf && i < MIN(s->n_fields, (size_t)STRUCT_FIELDS_MAX); i++)
			add_child(c, &s->fields[i], depth, field, children);
		field->children = children;
	}
}

static void fill_tuple(struct skep_compiler *c, const struct skep_type *type, unsigned depth,
		       struct skep_schema_field *field)
{
	struct skep_schema_field *children =
		skep_arena_calloc(c->arena, type->n_fields, sizeof(*children));

	for (size_t i = 0; i < type->n_fields; i++)
		children[i] = make_field(c, type->fields[i].type, type->fields[i].name,
					 type->fields[i].offset, depth + 1);
	field->children = children;
	field->n_children = type->n_fields;
}

static struct skep_schema_field make_field(struct skep_compiler *c, const struct skep_type *type,
					   const char *name, uint32_t offset, unsigned depth)
{
	struct skep_schema_field field = {
		.name = name,
		.kind = field_kind(type),
		.offset = offset,
		.size = type->size,
		.is_signed = type->is_signed,
		.count = type->count,
		.param = type->param,
	};

	switch (field.kind) {
	case SKEP_FIELD_STRING:
		/* Only what str() reads without a length of its own has all the room that there is. */
		if (type->size == c->config.max_strlen ||
		    (type->is_path && type->size == c->path_size))
			field.trailer = c->config.str_trunc_trailer;
		break;
	case SKEP_FIELD_ENUM:
		fill_enum(c, type, &field);
		break;
	case SKEP_FIELD_STRUCT:
		if (type->is_record)
			fill_tuple(c, type, depth, &field);
		else
			fill_struct(c, type, depth, &field);
		break;
	case SKEP_FIELD_ARRAY: {
		struct skep_schema_field *elem = skep_arena_alloc(c->arena, sizeof(*elem));

		*elem = make_field(c, type->elem, "", 0, depth + 1);
		field.children = elem;
		field.n_children = 1;
		break;
	}
	case SKEP_FIELD_TUPLE:
		fill_tuple(c, type, depth, &field);
		break;
	default:
		break;
	}
	return field;
}

struct skep_schema_field skep_compiler_field(struct skep_compiler *c, const struct skep_type *type,
					     const char *name, uint32_t offset)
{
	return make_field(c, type, name, offset, 0);
}

uint32_t skep_compiler_stripes(const struct skep_compiler *c)
{
	uint32_t p = 1;

	while (p < c->world->n_cpus)
		p *= 2;
	return p;
}
