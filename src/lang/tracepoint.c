/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/tracepoint.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/vec.h"

#define DECL_MAX 256	     /* bytes of one declaration */
#define RECORD_MAX (1 << 16) /* bytes of a record; the kernel's own limit is 8 KiB */

/* One line, taken apart. */
struct line {
	char decl[DECL_MAX]; /* "const char * filename" */
	uint32_t offset, size;
	bool is_signed;
};

/* The number behind @key ("offset:") in @text before @end. */
static bool number(const char *text, const char *end, const char *key, uint32_t *ret_value)
{
	size_t len = strlen(key);

	for (; text + len < end; text++) {
		char *stop;
		unsigned long value;

		if (strncmp(text, key, len) != 0)
			continue;
		if (!isdigit((unsigned char)text[len]))
			return false;
		value = strtoul(text + len, &stop, 10);
		if (value > RECORD_MAX)
			return false;
		*ret_value = (uint32_t)value;
		return true;
	}
	return false;
}

static bool split_line(const char *text, const char *end, struct line *ret_line)
{
	const char *decl, *semicolon;
	uint32_t is_signed = 0;

	while (text < end && isspace((unsigned char)*text))
		text++;
	if (end - text < 6 || strncmp(text, "field:", 6) != 0)
		return false;
	decl = text + 6;
	semicolon = memchr(decl, ';', (size_t)(end - decl));
	if (!semicolon || semicolon - decl >= DECL_MAX)
		return false;
	if (!number(semicolon, end, "offset:", &ret_line->offset) ||
	    !number(semicolon, end, "size:", &ret_line->size))
		return false;
	if (number(semicolon, end, "signed:", &is_signed))
		ret_line->is_signed = is_signed;
	memcpy(ret_line->decl, decl, (size_t)(semicolon - decl));
	ret_line->decl[semicolon - decl] = '\0';
	return true;
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static void trim(char *s)
{
	size_t len = strlen(s);

	while (len && isspace((unsigned char)s[len - 1]))
		s[--len] = '\0';
}

/* Cuts the name (and "[16]" behind it) off a declaration. The rest is its type. */
static char *cut_name(char *decl, bool *ret_array)
{
	size_t len;
	char *open;

	trim(decl);
	len = strlen(decl);
	*ret_array = len && decl[len - 1] == ']';
	if (*ret_array) {
		open = strrchr(decl, '[');
		if (!open)
			return NULL;
		*open = '\0';
		trim(decl);
		len = strlen(decl);
	}
	while (len && is_word(decl[len - 1]))
		len--;
	if (!len || !decl[len])
		return NULL;
	return decl + len;
}

/* Drops @prefix and the blanks behind it. */
static bool drop(char **text, const char *prefix)
{
	size_t len = strlen(prefix);

	if (strncmp(*text, prefix, len) != 0 || is_word((*text)[len]))
		return false;
	*text += len;
	while (isspace((unsigned char)**text))
		(*text)++;
	return true;
}

static const struct skep_type *named(struct skep_types *types, char *name)
{
	while (drop(&name, "const") || drop(&name, "volatile"))
		;
	trim(name);
	return skep_type_by_name(types, name);
}

/* The same pointer into another space, the pointers behind it too. */
static const struct skep_type *in_space(struct skep_types *types, const struct skep_type *type,
					enum skep_space space)
{
	if (type->kind != SKEP_TYPE_PTR)
		return type;
	return skep_type_ptr(types, type->elem ? in_space(types, type->elem, space) : NULL, space);
}

static const struct skep_type *pointer_type(struct skep_types *types, char *name,
					    enum skep_space space)
{
	const struct skep_type *type = named(types, name);

	if (!type || type->kind != SKEP_TYPE_PTR)
		return skep_type_ptr(types, NULL, space);
	return in_space(types, type, space);
}

static bool is_register_size(uint32_t size)
{
	return size == 1 || size == 2 || size == 4 || size == 8;
}

/*
 * A system call's argument stands in a slot of a register's width, and the kernel looks only at the part that its
 * type has: openat's "int dfd" of AT_FDCWD is -100, whatever the upper half holds. Little endian: that part comes first.
 */
static bool is_narrow(const struct skep_type *type, const struct line *line)
{
	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ && type->kind == SKEP_TYPE_INT &&
	       line->size == 8 && type->size < 8 && is_register_size(type->size);
}

static const struct skep_type *plain_type(struct skep_types *types, char *name,
					  const struct line *line)
{
	const struct skep_type *type = named(types, name);

	if (type && is_narrow(type, line))
		return type->is_bool || type->enum_btf ? type
						       : skep_type_int(type->size, type->is_signed);
	if (type && type->kind == SKEP_TYPE_INT && type->size == line->size &&
	    (type->is_bool || type->enum_btf))
		return type;
	if (type && type->kind != SKEP_TYPE_INT && type->size == line->size)
		return type;
	if (is_register_size(line->size))
		return skep_type_int(line->size, line->is_signed);
	return skep_type_array(types, skep_type_int(1, false), line->size);
}

static const struct skep_type *array_type(struct skep_types *types, char *name,
					  const struct line *line)
{
	const struct skep_type *elem = named(types, name);

	trim(name);
	if (skep_streq(name, "char") && line->size)
		return skep_type_string(types, line->size);
	if (!elem || !elem->size || line->size % elem->size)
		elem = skep_type_int(1, false);
	return skep_type_array(types, elem, line->size / elem->size);
}

/* "char[]" of a __data_loc is text, all others a pointer to the elements in the record. */
static const struct skep_type *dynamic_type(struct skep_types *types, char *name)
{
	const struct skep_type *elem;
	char *open = strchr(name, '[');

	if (open)
		*open = '\0';
	elem = named(types, name);
	trim(name);
	if (skep_streq(name, "char"))
		return skep_type_string(types, types->max_strlen);
	return skep_type_ptr(types, elem ? elem : skep_type_int(1, false), SKEP_SPACE_KERNEL);
}

static bool make_field(struct skep_types *types, struct line *line, enum skep_space space,
		       struct skep_field *ret_field)
{
	struct skep_field f = { .offset = line->offset };
	char *type = line->decl, *name;
	bool is_array;

	while (isspace((unsigned char)*type))
		type++;
	f.data_loc = drop(&type, "__data_loc");
	f.rel_loc = !f.data_loc && drop(&type, "__rel_loc");
	name = cut_name(type, &is_array);
	if (!name)
		return false;
	f.name = skep_arena_strdup(types->arena, name);
	*name = '\0';
	trim(type);
	if (f.data_loc || f.rel_loc) {
		if (line->size != 4)
			return false;
		f.type = dynamic_type(types, type);
	} else if (is_array) {
		f.type = array_type(types, type, line);
	} else if (strchr(type, '*') && line->size == 8) {
		f.type = pointer_type(types, type, space);
	} else {
		f.type = plain_type(types, type, line);
	}
	*ret_field = f;
	return true;
}

/* The kernel overwrites the head of a record before programs see it; who runs is known without. */
static bool is_readable(const struct skep_field *f)
{
	return !skep_has_prefix(f->name, "common_") || skep_streq(f->name, "common_pid");
}

int skep_tracepoint_parse(struct skep_types *types, const char *name, const char *text,
			  enum skep_space space, struct skep_diag *diag,
			  const struct skep_struct **ret_struct)
{
	struct {
		SKEP_VEC(struct skep_field);
	} fields = {};
	struct skep_struct *s;
	uint32_t size = 0;

	while (*text && fields.len < SKEP_TRACEPOINT_FIELDS_MAX) {
		const char *end = text + strcspn(text, "\n");
		struct skep_field field;
		struct line line = {};

		if (split_line(text, end, &line)) {
			uint32_t stop = line.offset + line.size;

			if (make_field(types, &line, space, &field) && is_readable(&field)) {
				skep_vec_add(&fields, field);
				size = MAX(size, stop);
			}
		}
		text = *end ? end + 1 : end;
	}
	if (!fields.len) {
		skep_diag_error(diag, SKEP_NO_LOC, "the format of tracepoint %s has no fields",
				name);
		return -EINVAL;
	}
	s = skep_arena_alloc(types->arena, sizeof(*s));
	s->name = name;
	s->size = size;
	s->fields = skep_arena_memdup(types->arena, fields.data, fields.len * sizeof(*fields.data));
	s->n_fields = fields.len;
	skep_vec_fini(&fields);
	*ret_struct = s;
	return 0;
}

void skep_tracepoint_list(const char *text, struct skep_str *out)
{
	while (*text) {
		const char *end = text + strcspn(text, "\n");
		struct line line = {};
		char decl[DECL_MAX], *name;
		bool is_array;

		if (split_line(text, end, &line)) {
			memcpy(decl, line.decl, sizeof(decl));
			name = cut_name(decl, &is_array);
			if (name && !skep_has_prefix(name, "common_"))
				skep_str_addf(out, "    %s\n", line.decl);
		}
		text = *end ? end + 1 : end;
	}
}
