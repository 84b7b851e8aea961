/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/define.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "lang/check_priv.h"
#include "lang/constants.h"

#define ELEMENTS_MAX (1u << 20)
#define STRUCT_BYTES_MAX (1u << 24)
#define DEPTH_MAX 32 /* structs inside each other */

struct definer {
	struct skep_compiler *c;
	struct skep_check k;	 /* for constants */
	struct skep_hash bodies; /* "struct foo" ──► its skep_c_def, wherever it stands */
	bool failed;
};

/* A struct that grows member by member. */
struct layout {
	struct {
		SKEP_VEC(struct skep_field);
	} fields;
	uint64_t bits; /* where the next member may begin */
	uint64_t max_bits;
	uint32_t align;
	bool packed, is_union;
};

static const struct skep_type *define(struct definer *d, const struct skep_c_def *def,
				      unsigned depth);

static const char *key_of(struct definer *d, const struct skep_c_def *def)
{
	static const char *const tags[] = {
		[SKEP_C_STRUCT] = "struct ",
		[SKEP_C_UNION] = "union ",
		[SKEP_C_ENUM] = "enum ",
		[SKEP_C_TYPEDEF] = "",
	};

	return skep_arena_printf(d->c->arena, "%s%s", tags[def->kind], def->name);
}

static void wrong(struct definer *d, struct skep_loc loc, const char *fmt, ...) _printf_(3, 4);

static void wrong(struct definer *d, struct skep_loc loc, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	skep_diag_error(d->c->diag, loc, "%s", text);
	d->failed = true;
}

static bool constant(struct definer *d, struct skep_expr *expr, const char *what, int64_t min,
		     int64_t max, int64_t *ret_value)
{
	int64_t value;

	if (!skep_check_const(&d->k, expr, &value)) {
		wrong(d, expr->loc, "%s must be known when the script is compiled", what);
		skep_diag_hint(d->c->diag, "numbers, constants and sizeof are");
		return false;
	}
	if (value < min || value > max) {
		wrong(d, expr->loc, "%s must be from %lld to %lld, not %lld", what, (long long)min,
		      (long long)max, (long long)value);
		skep_diag_hint(d->c->diag, "write %lld, or another number of that range",
			       (long long)(value < min ? min : max));
		return false;
	}
	*ret_value = value;
	return true;
}

/* ---- names */

static void add_type(struct definer *d, const char *key, const struct skep_type *type)
{
	skep_hash_set_str(&d->c->types.defs, key, (void *)type);
}

/* A struct that is announced, here or by its definition further down: its size comes later. */
static const struct skep_type *announce(struct definer *d, const char *key, bool is_union)
{
	const struct skep_type *known = skep_hash_get_str(&d->c->types.defs, key);
	struct skep_struct *s;
	struct skep_type *type;

	if (known)
		return known;
	s = skep_arena_alloc(d->c->arena, sizeof(*s));
	type = skep_arena_alloc(d->c->arena, sizeof(*type));
	s->name = strchr(key, ' ') + 1;
	s->is_union = is_union;
	s->is_script = true;
	type->kind = SKEP_TYPE_STRUCT;
	type->str = s;
	add_type(d, key, type);
	return type;
}

static bool collect(struct definer *d, const struct skep_c_def *def, unsigned depth);

static bool collect_type(struct definer *d, const struct skep_c_type *type, unsigned depth)
{
	return !type->def || collect(d, type->def, depth);
}

/* Every body has one place. */
static bool collect(struct definer *d, const struct skep_c_def *def, unsigned depth)
{
	const struct skep_c_def *other;
	const char *key;

	if (depth == DEPTH_MAX) {
		wrong(d, def->loc, "more than %d definitions inside each other", DEPTH_MAX);
		return false;
	}
	for (size_t i = 0; i < def->n_members; i++)
		if (!collect_type(d, &def->members[i].type, depth + 1))
			return false;
	if (!def->name || !def->has_body)
		return true;
	key = key_of(d, def);
	other = skep_hash_get_str(&d->bodies, key);
	if (other && (def->kind != SKEP_C_TYPEDEF || def->type.def)) {
		wrong(d, def->loc, "%s is defined twice", key);
		skep_diag_hint(d->c->diag, "its first definition is in line %u", other->loc.line);
		return true;
	}
	if (!other)
		skep_hash_set_str(&d->bodies, key, (void *)def);
	if (def->kind == SKEP_C_STRUCT || def->kind == SKEP_C_UNION)
		(void)announce(d, key, def->kind == SKEP_C_UNION);
	return true;
}

/* ---- types */

static const struct skep_type *base_type(struct definer *d, const struct skep_c_type *type,
					 unsigned depth)
{
	const struct skep_type *found;
	bool is_struct, is_union;

	if (type->def)
		return define(d, type->def, depth);
	found = skep_type_by_name(&d->c->types, type->name);
	is_struct = skep_has_prefix(type->name, "struct ");
	is_union = skep_has_prefix(type->name, "union ");
	if (found)
		return found;
	if (is_struct || is_union)
		return announce(d, type->name, is_union);
	(void)!skep_check_type_name(
		&d->k, &(struct skep_type_name){ .name = type->name, .loc = type->loc }, &found);
	d->failed = true;
	return NULL;
}

/* char[N] is text; everything else is elements. */
static const struct skep_type *array(struct definer *d, const struct skep_c_type *c_type,
				     const struct skep_type *elem)
{
	bool is_text = c_type->name && skep_streq(c_type->name, "char") && !c_type->stars;

	for (size_t i = c_type->n_dims; i-- > 0;) {
		int64_t count = 0;

		if (c_type->dims[i] && !constant(d, c_type->dims[i], "the number of elements", 0,
						 ELEMENTS_MAX, &count))
			return NULL;
		if (!elem->size && (i + 1 < c_type->n_dims || elem->kind == SKEP_TYPE_STRUCT ||
				    elem->kind == SKEP_TYPE_VOID)) {
			wrong(d, c_type->loc, "%s has no size, so there is no array of it",
			      skep_type_text(&d->c->types, elem));
			skep_diag_hint(d->c->diag, "an array of pointers has one: void *name[4]");
			return NULL;
		}
		if (is_text && count && i + 1 == c_type->n_dims)
			elem = skep_type_string(&d->c->types, (uint32_t)count);
		else
			elem = skep_type_array(&d->c->types, elem, (uint32_t)count);
		if (elem->size > STRUCT_BYTES_MAX) {
			wrong(d, c_type->loc, "this array has more than %u bytes",
			      STRUCT_BYTES_MAX);
			return NULL;
		}
	}
	return elem;
}

static const struct skep_type *type_of(struct definer *d, const struct skep_c_type *c_type,
				       unsigned depth)
{
	enum skep_space space = c_type->user ? SKEP_SPACE_USER : SKEP_SPACE_KERNEL;
	const struct skep_type *type = base_type(d, c_type, depth);

	for (unsigned i = 0; type && i < c_type->stars; i++)
		type = skep_type_ptr(&d->c->types, type, space);
	return type ? array(d, c_type, type) : NULL;
}

/* ---- structs and unions */

static bool add_bits(struct definer *d, struct layout *l, const struct skep_c_member *m,
		     const struct skep_type *type)
{
	struct skep_field f = { .name = m->name, .type = type };
	uint64_t unit = type->size * UINT64_C(8), start = l->is_union ? 0 : l->bits;
	int64_t width;

	if (type->kind != SKEP_TYPE_INT) {
		wrong(d, m->loc, "a bit-field is a number, and this is %s",
		      skep_type_text(&d->c->types, type));
		skep_diag_hint(d->c->diag, "leave out the ':' and the width");
		return false;
	}
	if (!constant(d, m->bits, "the width of a bit-field", m->name ? 1 : 0,
		      type->is_bool ? 1 : (int64_t)unit, &width))
		return false;
	/* Bits do not cross the border of a number of their type; a width of 0 goes up to the next. */
	if (!width || (!l->packed && start / unit != (start + (uint64_t)width - 1) / unit))
		start = ALIGN_UP(start, unit);
	if (m->name && !l->packed)
		l->align = MAX(l->align, skep_type_align(type));
	l->bits = start + (uint64_t)width;
	if (!m->name)
		return true;
	if (!skep_type_bit_field(start, (uint32_t)width, &f)) {
		wrong(d, m->loc, "this bit-field lies across 8 bytes, which cannot be read");
		return false;
	}
	skep_vec_add(&l->fields, f);
	return true;
}

/* Members of an anonymous struct or union are those of the struct around it. */
static void add_anonymous(struct layout *l, const struct skep_type *type, uint32_t offset)
{
	for (size_t i = 0; i < type->str->n_fields; i++) {
		struct skep_field f = type->str->fields[i];

		f.offset += offset;
		skep_vec_add(&l->fields, f);
	}
}

static bool add_member(struct definer *d, struct layout *l, const struct skep_c_member *m,
		       unsigned depth)
{
	const struct skep_type *type = type_of(d, &m->type, depth);
	uint64_t start = l->is_union ? 0 : l->bits;
	uint32_t align;
	bool flexible;

	if (!type)
		return false;
	if (m->bits)
		return add_bits(d, l, m, type);
	flexible = type->kind == SKEP_TYPE_ARRAY && !type->count;
	if (!type->size && !flexible &&
	    !(type->kind == SKEP_TYPE_STRUCT && m->type.def && m->type.def->has_body)) {
		wrong(d, m->loc, "the size of %s is not known here",
		      skep_type_text(&d->c->types, type));
		skep_diag_hint(d->c->diag, "define it further up, or make this a pointer to it");
		return false;
	}
	align = l->packed ? 1 : skep_type_align(type);
	start = ALIGN_UP(start, align * UINT64_C(8));
	l->align = MAX(l->align, align);
	l->bits = start + type->size * UINT64_C(8);
	if (l->bits / 8 > STRUCT_BYTES_MAX) {
		wrong(d, m->loc, "this struct has more than %u bytes", STRUCT_BYTES_MAX);
		return false;
	}
	if (!m->name && type->kind == SKEP_TYPE_STRUCT)
		add_anonymous(l, type, (uint32_t)(start / 8));
	else if (m->name)
		skep_vec_add(&l->fields, ((struct skep_field){ .name = m->name,
							       .type = type,
							       .offset = (uint32_t)(start / 8) }));
	return true;
}

static void check_names(struct definer *d, const struct skep_c_def *def, const struct layout *l)
{
	struct skep_hash seen = {};

	for (size_t i = 0; i < l->fields.len; i++) {
		const char *name = l->fields.data[i].name;

		if (skep_hash_get_str(&seen, name)) {
			wrong(d, def->loc, "two members are called '%s'", name);
			skep_diag_hint(d->c->diag, "take another name for one of them");
		}
		skep_hash_set_str(&seen, name, (void *)name);
	}
	skep_hash_fini(&seen);
}

/* @type was announced: it becomes whole here. */
static void fill_struct(struct definer *d, const struct skep_c_def *def, struct skep_type *type,
			unsigned depth)
{
	struct skep_struct *s = (struct skep_struct *)type->str;
	struct layout l = { .align = 1, .packed = def->packed, .is_union = s->is_union };
	int64_t align = 0;

	for (size_t i = 0; i < def->n_members; i++) {
		(void)add_member(d, &l, &def->members[i], depth + 1);
		l.max_bits = MAX(l.max_bits, l.bits);
	}
	if (def->align && constant(d, def->align, "the alignment", 1, 4096, &align)) {
		if (align & (align - 1)) {
			wrong(d, def->align->loc, "the alignment must be a power of two");
			skep_diag_hint(d->c->diag, "such as 1, 2, 4, 8 or 16");
		} else {
			l.align = MAX(l.align, (uint32_t)align);
		}
	}
	check_names(d, def, &l);
	s->align = l.align;
	s->size = (uint32_t)ALIGN_UP(ALIGN_UP(l.max_bits, UINT64_C(8)) / 8, (uint64_t)l.align);
	s->n_fields = l.fields.len;
	s->fields = skep_arena_memdup(d->c->arena, l.fields.data,
				      l.fields.len * sizeof(*l.fields.data));
	type->size = s->size;
	skep_vec_fini(&l.fields);
}

static const struct skep_type *define_struct(struct definer *d, const struct skep_c_def *def,
					     unsigned depth)
{
	struct skep_type *type;

	if (def->name) {
		const char *key = key_of(d, def);

		type = (struct skep_type *)announce(d, key, def->kind == SKEP_C_UNION);
		if (skep_hash_get_str(&d->bodies, key) != def)
			return type; /* the second of two definitions */
	} else {
		struct skep_struct *s = skep_arena_alloc(d->c->arena, sizeof(*s));

		type = skep_arena_alloc(d->c->arena, sizeof(*type));
		type->kind = SKEP_TYPE_STRUCT;
		type->str = s;
		s->name = "";
		s->is_union = def->kind == SKEP_C_UNION;
		s->is_script = true;
	}
	fill_struct(d, def, type, depth);
	return type;
}

/* ---- enums */

static void add_constant(struct definer *d, const struct skep_c_enumerator *e, int64_t value,
			 const struct skep_type *of)
{
	const struct skep_constant constant = { value, of };
	struct skep_constant *kept = skep_arena_memdup(d->c->arena, &constant, sizeof(constant));

	if (skep_hash_get_str(&d->c->constants, e->name)) {
		wrong(d, e->loc, "there is a constant %s already", e->name);
		skep_diag_hint(d->c->diag, "take another name, or use the one that there is");
	}
	skep_hash_set_str(&d->c->constants, e->name, kept);
}

static const struct skep_type *define_enum(struct definer *d, const struct skep_c_def *def)
{
	struct skep_enum *own = skep_arena_alloc(d->c->arena, sizeof(*own));
	const char **names = skep_arena_calloc(d->c->arena, def->n_enumerators, sizeof(*names));
	int64_t *values = skep_arena_calloc(d->c->arena, def->n_enumerators, sizeof(*values));
	struct skep_type type = { .kind = SKEP_TYPE_INT, .size = 4, .enum_own = own };
	struct skep_type *kept = skep_arena_alloc(d->c->arena, sizeof(*kept));
	int64_t next = 0;

	for (size_t i = 0; i < def->n_enumerators; i++) {
		const struct skep_c_enumerator *e = &def->enumerators[i];

		if (e->value && !constant(d, e->value, "a constant", INT64_MIN, INT64_MAX, &next))
			next = 0;
		add_constant(d, e, next, kept);
		names[i] = e->name;
		values[i] = next;
		if (next < 0)
			type.is_signed = true;
		if (next < INT32_MIN || next > (int64_t)UINT32_MAX)
			type.size = 8;
		next = (int64_t)((uint64_t)next + 1);
	}
	own->name = def->name ? def->name : "";
	own->names = names;
	own->values = values;
	own->n = def->n_enumerators;
	*kept = type;
	if (def->name)
		add_type(d, key_of(d, def), kept);
	return kept;
}

/* ---- all of it */

static const struct skep_type *define(struct definer *d, const struct skep_c_def *def,
				      unsigned depth)
{
	const struct skep_type *type;

	switch (def->kind) {
	case SKEP_C_ENUM:
		return def->has_body ? define_enum(d, def) : NULL;
	case SKEP_C_TYPEDEF:
		type = type_of(d, &def->type, depth);
		if (type)
			add_type(d, def->name, type);
		return type;
	default:
		if (def->has_body)
			return define_struct(d, def, depth);
		return announce(d, key_of(d, def), def->kind == SKEP_C_UNION);
	}
}

int skep_define_types(struct skep_compiler *c)
{
	struct definer d = { .c = c, .k = { .c = c, .final = true } };
	const struct skep_script *script = c->script;
	bool ok = true;

	for (size_t i = 0; ok && i < script->n_defs; i++)
		ok = collect(&d, script->defs[i], 0);
	for (size_t i = 0; ok && i < script->n_defs; i++)
		(void)define(&d, script->defs[i], 0);
	skep_hash_fini(&d.bodies);
	return d.failed ? -EINVAL : 0;
}
