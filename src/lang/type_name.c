/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Types by name, and types as text.
 */
#include "lang/type.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lang/world.h"

#define STARS_MAX 8
#define NAME_MAX_BYTES 128

/* Names that mean the same on every machine, with or without BTF. */
static const struct {
	const char *name;
	uint8_t size;
	bool is_signed;
} int_names[] = {
	{ "int8", 1, true },
	{ "int16", 2, true },
	{ "int32", 4, true },
	{ "int64", 8, true },
	{ "uint8", 1, false },
	{ "uint16", 2, false },
	{ "uint32", 4, false },
	{ "uint64", 8, false },
	{ "int8_t", 1, true },
	{ "int16_t", 2, true },
	{ "int32_t", 4, true },
	{ "int64_t", 8, true },
	{ "uint8_t", 1, false },
	{ "uint16_t", 2, false },
	{ "uint32_t", 4, false },
	{ "uint64_t", 8, false },
	{ "s8", 1, true },
	{ "s16", 2, true },
	{ "s32", 4, true },
	{ "s64", 8, true },
	{ "u8", 1, false },
	{ "u16", 2, false },
	{ "u32", 4, false },
	{ "u64", 8, false },
	{ "__s8", 1, true },
	{ "__s16", 2, true },
	{ "__s32", 4, true },
	{ "__s64", 8, true },
	{ "__u8", 1, false },
	{ "__u16", 2, false },
	{ "__u32", 4, false },
	{ "__u64", 8, false },
	{ "char", 1, true },
	{ "signed char", 1, true },
	{ "unsigned char", 1, false },
	{ "short", 2, true },
	{ "short int", 2, true },
	{ "unsigned short", 2, false },
	{ "short unsigned int", 2, false },
	{ "int", 4, true },
	{ "signed int", 4, true },
	{ "unsigned", 4, false },
	{ "unsigned int", 4, false },
	{ "long", 8, true },
	{ "long int", 8, true },
	{ "unsigned long", 8, false },
	{ "long unsigned int", 8, false },
	{ "long long", 8, true },
	{ "long long int", 8, true },
	{ "unsigned long long", 8, false },
	{ "long long unsigned int", 8, false },
	{ "size_t", 8, false },
	{ "ssize_t", 8, true },
	{ "pid_t", 4, true },
	{ "uid_t", 4, false },
	{ "gid_t", 4, false },
	{ "mode_t", 4, false },
	{ "umode_t", 2, false },
	{ "off_t", 8, true },
	{ "loff_t", 8, true },
	{ "dev_t", 4, false },
	{ "uintptr_t", 8, false },
};

static const struct {
	const char *name;
	uint8_t size;
} float_names[] = {
	{ "float", 4 },
	{ "double", 8 },
	{ "long double", 16 },
};

static const struct {
	const char *name;
	enum skep_type_kind kind;
} simple_names[] = {
	{ "kstack", SKEP_TYPE_KSTACK },
	{ "ustack", SKEP_TYPE_USTACK },
	{ "ksym", SKEP_TYPE_KSYM },
	{ "ksym_t", SKEP_TYPE_KSYM },
	{ "usym", SKEP_TYPE_USYM },
	{ "usym_t", SKEP_TYPE_USYM },
	{ "username", SKEP_TYPE_USERNAME },
	{ "timestamp", SKEP_TYPE_TIMESTAMP },
	{ "inet", SKEP_TYPE_INET },
	{ "macaddr_t", SKEP_TYPE_MAC },
	{ "cgroup_path_t", SKEP_TYPE_CGROUP_PATH },
};

/* The script's own definitions: "struct foo", "foo_t", and "foo" for a struct, as with the kernel's. */
static const struct skep_type *own_type(struct skep_types *types, const char *name)
{
	static const char *const tags[] = { "", "struct ", "union ", "enum " };
	char text[NAME_MAX_BYTES + 8];

	if (!types->defs.len)
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(tags); i++) {
		const struct skep_type *type;

		snprintf(text, sizeof(text), "%s%s", tags[i], name);
		type = skep_hash_get_str(&types->defs, text);
		if (type)
			return type;
	}
	return NULL;
}

static bool is_tagged(const char *name)
{
	return skep_has_prefix(name, "struct ") || skep_has_prefix(name, "union ") ||
	       skep_has_prefix(name, "enum ");
}

/*
 * A type of the program that is probed. Words that may be the kernel's without a tag are not looked for: to read all of
 * a program's debugging information for each "u32" would be slow.
 */
static const struct skep_type *program_type(struct skep_types *types, const char *name, bool tagged)
{
	const struct skep_btf *btf;
	uint32_t id;

	if (!types->binary || !types->world->user_type || tagged != is_tagged(name) ||
	    types->world->user_type(types->world, types->binary, name, &btf, &id) < 0)
		return NULL;
	return skep_type_from_btf(types, btf, id, SKEP_SPACE_USER);
}

static const struct skep_type *base_type(struct skep_types *types, const char *name,
					 bool array_follows)
{
	const struct skep_type *own = own_type(types, name), *program;
	uint32_t id;
	unsigned stars;

	/* What is only announced may be the kernel's. */
	if (own && (own->kind != SKEP_TYPE_STRUCT || own->size || !own->str->is_script ||
		    own->str->n_fields))
		return own;
	if (skep_streq(name, "void"))
		return &skep_type_void;
	if (skep_streq(name, "bool") || skep_streq(name, "_Bool"))
		return skep_type_bool();
	if (skep_streq(name, "string"))
		return skep_type_string(types, types->max_strlen);
	for (size_t i = 0; i < ARRAY_SIZE(int_names); i++)
		if (skep_streq(int_names[i].name, name))
			return skep_type_int(int_names[i].size, int_names[i].is_signed);
	for (size_t i = 0; i < ARRAY_SIZE(float_names); i++)
		if (skep_streq(float_names[i].name, name))
			return skep_type_float(types, float_names[i].size);
	if (!array_follows)
		for (size_t i = 0; i < ARRAY_SIZE(simple_names); i++)
			if (skep_streq(simple_names[i].name, name))
				return skep_type_simple(types, simple_names[i].kind);
	program = program_type(types, name, true);
	if (program)
		return program;
	if (!types->btf || skep_btf_find_c(types->btf, name, &id, &stars) < 0 || stars) {
		program = program_type(types, name, false);
		return program ? program : own;
	}
	return skep_type_from_btf(types, types->btf, id, SKEP_SPACE_KERNEL);
}

/* "[4]" at the end of @name: cuts it off. False: something else stands there. */
static bool cut_count(char *name, uint32_t *ret_count)
{
	char *open = strrchr(name, '['), *end;
	unsigned long count;

	if (!open || !isdigit((unsigned char)open[1]))
		return false;
	errno = 0;
	count = strtoul(open + 1, &end, 0);
	if (errno || count > 1 << 20 || !skep_streq(end, "]"))
		return false;
	while (open > name && open[-1] == ' ')
		open--;
	*open = '\0';
	*ret_count = (uint32_t)count;
	return true;
}

static unsigned cut_stars(char *name)
{
	size_t len = strlen(name);
	unsigned stars = 0;

	while (len && (name[len - 1] == '*' || name[len - 1] == ' '))
		stars += name[--len] == '*';
	name[len] = '\0';
	return stars;
}

#define TUPLE_MAX 64

/* "(int64,(string[4],bool))": the commas of its own level part it. */
static const struct skep_type *tuple_by_name(struct skep_types *types, const char *name)
{
	const struct skep_type *elems[TUPLE_MAX];
	const char *start = name + 1, *p = start;
	unsigned depth = 0;
	size_t n = 0;

	for (; *p; p++) {
		depth += *p == '(';
		if (depth && *p == ')') {
			depth--;
			continue;
		}
		if (depth || (*p != ',' && *p != ')'))
			continue;
		if (n == TUPLE_MAX)
			return NULL;
		elems[n] = skep_type_by_name(types, skep_arena_strndup(types->arena, start,
								       (size_t)(p - start)));
		if (!elems[n] || !elems[n]->size)
			return NULL;
		n++;
		start = p + 1;
		if (*p == ')')
			return p[1] ? NULL : skep_type_tuple(types, elems, n);
	}
	return NULL;
}

const struct skep_type *skep_type_by_name(struct skep_types *types, const char *name)
{
	char text[NAME_MAX_BYTES];
	const struct skep_type *type;
	uint32_t count = 0;
	unsigned stars;
	bool is_array;

	if (name[0] == '(')
		return tuple_by_name(types, name);
	if (strlen(name) >= sizeof(text))
		return NULL;
	strcpy(text, name);
	is_array = text[0] && text[strlen(text) - 1] == ']';
	if (is_array && !cut_count(text, &count))
		return NULL;
	stars = cut_stars(text);
	if (stars > STARS_MAX)
		return NULL;
	if (is_array && !stars && skep_streq(text, "string"))
		return count ? skep_type_string(types, count) : NULL;
	if (is_array && !stars && skep_streq(text, "buffer"))
		return skep_type_buffer(types, count);
	type = base_type(types, text, is_array);
	for (unsigned i = 0; type && i < stars; i++)
		type = skep_type_ptr(types, type, SKEP_SPACE_KERNEL);
	if (!type || !is_array)
		return type;
	return type->size ? skep_type_array(types, type, count) : NULL;
}

static void format_struct(const struct skep_struct *s, struct skep_str *out)
{
	skep_str_add(out, s->is_union ? "union" : "struct");
	skep_str_addf(out, " %s", s->name && s->name[0] ? s->name : "(anonymous)");
}

static void format_int(const struct skep_type *type, struct skep_str *out)
{
	const char *name = type->enum_btf   ? skep_btf_name(type->enum_btf, type->enum_id)
			   : type->enum_own ? type->enum_own->name
					    : "";

	if (type->is_bool)
		skep_str_add(out, "bool");
	else if (type->enum_btf || type->enum_own)
		skep_str_addf(out, "enum %s", name[0] ? name : "(anonymous)");
	else
		skep_str_addf(out, "%sint%u", type->is_signed ? "" : "u", type->size * 8);
}

static const char *const kind_names[SKEP_TYPE_KIND_MAX] = {
	[SKEP_TYPE_VOID] = "void",
	[SKEP_TYPE_KSTACK] = "kstack",
	[SKEP_TYPE_USTACK] = "ustack",
	[SKEP_TYPE_KSYM] = "ksym",
	[SKEP_TYPE_USYM] = "usym",
	[SKEP_TYPE_PROBE] = "probe",
	[SKEP_TYPE_USERNAME] = "username",
	[SKEP_TYPE_TIMESTAMP] = "timestamp",
	[SKEP_TYPE_CGROUP_PATH] = "cgroup_path",
	[SKEP_TYPE_INET] = "inet",
	[SKEP_TYPE_MAC] = "macaddr",
	[SKEP_TYPE_COUNT] = "count",
	[SKEP_TYPE_SUM] = "sum",
	[SKEP_TYPE_MIN] = "min",
	[SKEP_TYPE_MAX] = "max",
	[SKEP_TYPE_AVG] = "avg",
	[SKEP_TYPE_STATS] = "stats",
};

/* Depth is bounded: types are built from the inside out by functions that have their own bounds. */
void skep_type_format(const struct skep_type *type, struct skep_str *out)
{
	switch (type->kind) {
	case SKEP_TYPE_INT:
		format_int(type, out);
		break;
	case SKEP_TYPE_FLOAT:
		skep_str_add(out, type->size == 4   ? "float"
				  : type->size == 8 ? "double"
						    : "long double");
		break;
	case SKEP_TYPE_STRING:
		skep_str_addf(out, "string[%u]", type->size);
		break;
	case SKEP_TYPE_BUFFER:
		skep_str_addf(out, "buffer[%u]", type->size - 4);
		break;
	case SKEP_TYPE_PTR:
		if (type->elem)
			skep_type_format(type->elem, out);
		else
			skep_str_add(out, "void");
		skep_str_add(out, type->elem && type->elem->kind == SKEP_TYPE_PTR ? "*" : " *");
		break;
	case SKEP_TYPE_STRUCT:
		format_struct(type->str, out);
		break;
	case SKEP_TYPE_ARRAY:
		skep_type_format(type->elem, out);
		skep_str_addf(out, "[%u]", type->count);
		break;
	case SKEP_TYPE_LHIST:
		skep_str_addf(out, "lhist(%lld, %lld, %lld)", (long long)type->lhist_min,
			      (long long)type->lhist_max, (long long)type->lhist_step);
		break;
	case SKEP_TYPE_TSERIES:
		skep_str_addf(out, "tseries of %u intervals of %lld ns", type->param,
			      (long long)type->lhist_step);
		break;
	case SKEP_TYPE_HIST:
		skep_str_add(out, "hist");
		if (type->param)
			skep_str_addf(out, " with %u bits", type->param);
		break;
	case SKEP_TYPE_TUPLE:
		skep_str_addc(out, '(');
		for (size_t i = 0; i < type->n_fields; i++) {
			skep_str_add(out, i ? "," : "");
			if (type->is_record)
				skep_str_addf(out, "%s=", type->fields[i].name);
			skep_type_format(type->fields[i].type, out);
		}
		skep_str_addc(out, ')');
		break;
	default:
		skep_str_add(out, kind_names[type->kind] ? kind_names[type->kind] : "?");
	}
}

char *skep_type_text(struct skep_types *types, const struct skep_type *type)
{
	_cleanup_(skep_str_fini)
	struct skep_str out = {};

	if (!type)
		return skep_arena_strdup(types->arena, "unknown");
	skep_type_format(type, &out);
	return skep_arena_strdup(types->arena, skep_str_text(&out));
}

const struct skep_type *skep_type_of_kernel(struct skep_types *types, const char *name)
{
	const char *binary = types->binary;
	const struct skep_type *type;

	types->binary = NULL;
	type = skep_type_by_name(types, name);
	types->binary = binary;
	return type;
}
