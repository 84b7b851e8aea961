/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of types: C has one space for the tags of structs, unions and enums, and one for typedefs and constants. A kernel's types
 * come from thousands of files, so that a name may mean several things; what a program defines itself comes first.
 */
#include <string.h>

#include "workbench/vmlinux_priv.h"

/* Who has a name, and how many wanted it. */
struct owner {
	uint32_t id; /* 0: the program itself, or the compiler */
	unsigned n;
	bool is_union, is_enum;
};

/* What C calls numbers. */
static const char *const numbers[] = {
	"char",
	"signed char",
	"unsigned char",
	"short int",
	"short unsigned int",
	"short",
	"unsigned short",
	"int",
	"unsigned int",
	"long int",
	"long unsigned int",
	"long",
	"unsigned long",
	"long long int",
	"long long unsigned int",
	"long long",
	"unsigned long long",
	"_Bool",
	"__int128",
	"__int128 unsigned",
	"unsigned __int128",
	"float",
	"double",
};

/* Compilers bring it along. */
static const char *const built_in[] = { "__builtin_va_list", "__int128_t", "__uint128_t" };

static struct owner *take(struct vmlinux *v, struct skep_hash *names, const char *name, uint32_t id)
{
	struct owner *o = skep_hash_get_str(names, name);

	if (!o) {
		o = skep_arena_alloc(v->arena, sizeof(*o));
		o->id = id;
		skep_hash_set_str(names, name, o);
	}
	o->n++;
	return o;
}

static const char *numbered(struct vmlinux *v, const char *name, const struct owner *o)
{
	return skep_arena_printf(v->arena, "%s___%u", name, o->n);
}

/* A number that C does not know by this name is one of its own of the same size. */
static const char *number_name(const struct skep_btf_type *t)
{
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (skep_streq(t->name, numbers[i]))
			return t->name;
	if (t->kind == SKEP_BTF_FLOAT)
		return t->size_bytes == 4 ? "float" : "double";
	switch (t->size_bytes) {
	case 1:
		return t->is_signed ? "signed char" : "unsigned char";
	case 2:
		return t->is_signed ? "short int" : "short unsigned int";
	case 4:
		return t->is_signed ? "int" : "unsigned int";
	case 16:
		return t->is_signed ? "__int128" : "__int128 unsigned";
	default:
		return t->is_signed ? "long int" : "long unsigned int";
	}
}

static const char *defined_name(struct vmlinux *v, struct skep_hash *names, uint32_t id,
				const struct skep_btf_type *t)
{
	struct owner *o = take(v, names, t->name, id);

	if (o->id != id)
		return numbered(v, t->name, o);
	o->is_union = t->kind == SKEP_BTF_UNION;
	o->is_enum = t->kind == SKEP_BTF_ENUM || t->kind == SKEP_BTF_ENUM64;
	return t->name;
}

/* One that is only declared is the one that is defined, if it is of the same kind. */
static const char *declared_name(struct vmlinux *v, uint32_t id, const struct skep_btf_type *t)
{
	struct owner *o = skep_hash_get_str(&v->tags, t->name);

	if (o && o->id && !o->is_enum && o->is_union == t->is_union)
		return t->name;
	o = take(v, &v->tags, t->name, id);
	o->is_union = t->is_union;
	return o->n == 1 ? t->name : numbered(v, t->name, o);
}

static void name_type(struct vmlinux *v, uint32_t id)
{
	struct skep_btf_type t = skep_btf_type(v->btf, id);
	struct skep_btf_enumerator e;

	switch (t.kind) {
	case SKEP_BTF_INT:
	case SKEP_BTF_FLOAT:
		v->names[id] = number_name(&t);
		return;
	case SKEP_BTF_STRUCT:
	case SKEP_BTF_UNION:
		v->names[id] = *t.name ? defined_name(v, &v->tags, id, &t) : NULL;
		return;
	case SKEP_BTF_TYPEDEF:
		v->names[id] = defined_name(v, &v->plain, id, &t);
		return;
	case SKEP_BTF_ENUM:
	case SKEP_BTF_ENUM64:
		v->names[id] = *t.name ? defined_name(v, &v->tags, id, &t) : NULL;
		for (uint32_t i = 0; i < t.vlen; i++)
			if (skep_btf_enumerator(v->btf, id, i, &e) == 0 &&
			    !skep_hash_get_str(&v->plain, e.name))
				take(v, &v->plain, e.name, id);
		return;
	default:
		return;
	}
}

static void reserve(struct vmlinux *v, struct skep_hash *names, const struct skep_hash *own)
{
	for (size_t i = 0; i < own->cap; i++)
		if (own->entries[i].value)
			take(v, names, own->entries[i].key, 0);
}

/*
 * An enum without a name is defined once, for its constants, and then needs a name where it is the type of something. CO-RE
 * takes one with a name for one without.
 */
static void name_referred(struct vmlinux *v, uint32_t id)
{
	enum skep_btf_kind kind = skep_btf_kind(v->btf, id);

	if ((kind == SKEP_BTF_ENUM || kind == SKEP_BTF_ENUM64) && !v->names[id])
		v->names[id] = skep_arena_printf(v->arena, "__enum_%u", id);
}

static void name_unnamed(struct vmlinux *v, uint32_t id)
{
	struct skep_btf_type t = skep_btf_type(v->btf, id);
	struct skep_btf_member m;
	struct skep_btf_param p;

	name_referred(v, t.type);
	for (uint32_t i = 0; t.kind == SKEP_BTF_FUNC_PROTO && i < t.vlen; i++)
		if (skep_btf_param(v->btf, id, i, &p) == 0)
			name_referred(v, p.type);
	for (uint32_t i = 0; (t.kind == SKEP_BTF_STRUCT || t.kind == SKEP_BTF_UNION) && i < t.vlen;
	     i++)
		if (skep_btf_member(v->btf, id, i, &m) == 0)
			name_referred(v, m.type);
}

void vmlinux_name_all(struct vmlinux *v)
{
	uint32_t n = skep_btf_n_types(v->btf);

	v->names[0] = "void";
	for (size_t i = 0; i < ARRAY_SIZE(built_in); i++)
		take(v, &v->plain, built_in[i], 0);
	if (v->words) {
		reserve(v, &v->tags, &v->words->own_tags);
		reserve(v, &v->plain, &v->words->own_constants);
	}
	for (uint32_t id = 1; id < n; id++)
		name_type(v, id);
	for (uint32_t id = 1; id < n; id++)
		name_unnamed(v, id);
	for (uint32_t id = 0; (id = skep_btf_next(v->btf, id, SKEP_BTF_FWD));) {
		struct skep_btf_type t = skep_btf_type(v->btf, id);

		v->names[id] = declared_name(v, id, &t);
	}
}

const char *vmlinux_constant(struct vmlinux *v, uint32_t id, const char *name)
{
	struct owner *o = skep_hash_get_str(&v->plain, name);

	if (!o || o->id == id)
		return name;
	o->n++;
	return numbered(v, name, o);
}
