/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/need.h"

#define SHAPE_DEPTH_MAX 8

void skep_needs_fini(struct skep_needs *needs)
{
	skep_vec_fini(&needs->list);
	skep_hash_fini(&needs->index);
}

/* The place in the list plus 1. */
static uint32_t note(struct skep_needs *needs, const struct skep_need *need)
{
	const char *key =
		skep_arena_printf(needs->arena, "%d %s %s", need->kind,
				  need->type ? need->type : "", need->member ? need->member : "");
	uintptr_t known = (uintptr_t)skep_hash_get_str(&needs->index, key);

	if (known)
		return (uint32_t)known;
	skep_vec_add(&needs->list, *need);
	skep_hash_set_str(&needs->index, key, (void *)(uintptr_t)needs->list.len);
	return (uint32_t)needs->list.len;
}

static struct skep_need *at(struct skep_needs *needs, uint32_t plus1)
{
	return &needs->list.data[plus1 - 1];
}

bool skep_need_refuse(struct skep_types *types, struct skep_loc at, const char *what,
		      const char *instead)
{
	struct skep_needs *needs = types->needs;

	if (!needs || needs->refused)
		return needs;
	needs->refused = what;
	needs->instead = instead;
	needs->refused_at = at;
	return true;
}

static void use(struct skep_types *types, uint32_t plus1, bool exact)
{
	struct skep_need *need = at(types->needs, plus1);

	need->used = true;
	need->exact |= exact;
	if (!need->type)
		skep_need_refuse(types, SKEP_NO_LOC,
				 skep_arena_printf(types->arena,
						   "'%s' of a type that has no name of its own",
						   need->member),
				 "reach it from a struct that has a name");
}

void skep_needs_give(struct skep_needs *needs, struct skep_spec *spec)
{
	uint32_t *place = skep_arena_calloc(needs->arena, needs->list.len, sizeof(*place));

	spec->needs = skep_arena_calloc(needs->arena, needs->list.len, sizeof(*spec->needs));
	spec->n_needs = 0;
	for (size_t i = 0; i < needs->list.len; i++) {
		place[i] = (uint32_t)spec->n_needs;
		if (needs->list.data[i].used)
			spec->needs[spec->n_needs++] = needs->list.data[i];
	}
	for (size_t i = 0; i < spec->n_progs; i++) {
		struct skep_spec_prog *prog = &spec->progs[i];

		for (size_t k = 0; k < prog->n_relocs; k++)
			if (prog->relocs[k].kind == SKEP_RELOC_NEED)
				prog->relocs[k].index = place[prog->relocs[k].index];
	}
}

/* --- names ------------------------------------------------------------------------------------ */

const char *skep_need_type_name(struct skep_types *types, const struct skep_struct *s)
{
	const struct skep_type *same;
	const char *name;

	if (!s->name || !s->name[0])
		return NULL;
	name = skep_arena_printf(types->arena, "%s %s", s->is_union ? "union" : "struct", s->name);
	same = skep_type_by_name(types, name);
	/* Not the one that is found under this name: of a module, or one of several. */
	if (!same || same->kind != SKEP_TYPE_STRUCT || same->str->btf_id != s->btf_id ||
	    same->str->btf != types->btf)
		return NULL;
	return name;
}

static bool has_shape_size(const struct skep_type *type)
{
	return type->kind == SKEP_TYPE_INT || type->kind == SKEP_TYPE_STRING ||
	       type->kind == SKEP_TYPE_PTR;
}

/* Whether char has a sign depends on the kernel's compiler; what text is read from does not. */
static bool is_text_pointer(const struct skep_type *type)
{
	return type->kind == SKEP_TYPE_PTR && type->elem && type->elem->kind == SKEP_TYPE_INT &&
	       type->elem->size == 1 && !type->elem->is_bool;
}

const char *skep_need_shape(struct skep_types *types, const struct skep_field *f)
{
	const struct skep_type *inner = f->type;
	const char *text = is_text_pointer(f->type) ? "char *" : skep_type_text(types, f->type);

	for (unsigned i = 0; inner->kind == SKEP_TYPE_ARRAY && i < SHAPE_DEPTH_MAX; i++)
		inner = inner->elem;
	if (has_shape_size(inner))
		text = skep_arena_printf(types->arena, "%s of %u bytes", text, f->type->size);
	if (f->bit_size)
		text = skep_arena_printf(types->arena, "%s, bits %u to %u", text, f->bit_off,
					 f->bit_off + f->bit_size - 1u);
	if (f->data_loc || f->rel_loc)
		text = skep_arena_printf(types->arena, "%s, elsewhere%s", text,
					 f->rel_loc ? " from there" : "");
	return text;
}

/* @type with the way to it, when it leads to a struct without a name. */
static const struct skep_type *with_way(struct skep_types *types, const struct skep_type *type,
					const char *origin, const char *path, unsigned depth)
{
	struct skep_type copy = *type;
	const struct skep_type *elem;
	struct skep_struct s;

	if (depth == SHAPE_DEPTH_MAX)
		return type;
	if ((type->kind == SKEP_TYPE_PTR || type->kind == SKEP_TYPE_ARRAY) && type->elem) {
		elem = with_way(types, type->elem, origin, path, depth + 1);
		if (elem == type->elem)
			return type;
		copy.elem = elem;
		return skep_arena_memdup(types->arena, &copy, sizeof(copy));
	}
	if (type->kind != SKEP_TYPE_STRUCT || !type->str->btf || type->str->origin ||
	    (type->str->name && type->str->name[0]))
		return type;
	s = *type->str;
	s.origin = origin;
	s.path = path;
	copy.str = skep_arena_memdup(types->arena, &s, sizeof(s));
	return skep_arena_memdup(types->arena, &copy, sizeof(copy));
}

/* --- members and sizes ------------------------------------------------------------------------ */

void skep_need_member(struct skep_types *types, const struct skep_struct *s, struct skep_field *f)
{
	struct skep_need need = { .kind = SKEP_NEED_MEMBER, .value = f->offset };

	need.type = s->origin ? s->origin : skep_need_type_name(types, s);
	need.member =
		s->path ? skep_arena_printf(types->arena, "%s.%s", s->path, f->name) : f->name;
	need.shape = skep_need_shape(types, f);
	if (need.type)
		f->type = with_way(types, f->type, need.type, need.member, 0);
	f->need_plus1 = note(types->needs, &need);
}

void skep_need_exact(struct skep_types *types, const struct skep_field *f)
{
	if (types->needs && f->need_plus1)
		use(types, f->need_plus1, true);
}

struct skep_val *skep_need_at(struct skep_types *types, struct skep_fn *fn, struct skep_val *at,
			      int *off, const struct skep_field *f)
{
	if (!types->needs || !f->need_plus1) {
		*off += (int)f->offset;
		return at;
	}
	use(types, f->need_plus1, false);
	return skep_ir_op(fn, SKEP_OP_ADD, at,
			  skep_ir_need(fn, f->need_plus1 - 1, f->offset, false));
}

void skep_need_size(struct skep_types *types, const struct skep_type *type)
{
	struct skep_need need = { .kind = SKEP_NEED_SIZE, .exact = true };

	if (!types->needs)
		return;
	for (unsigned i = 0; type->kind == SKEP_TYPE_ARRAY && i < SHAPE_DEPTH_MAX; i++)
		type = type->elem;
	if (type->kind != SKEP_TYPE_STRUCT || !type->str->btf)
		return;
	need.type = type->str->origin ? type->str->origin : skep_need_type_name(types, type->str);
	need.member = type->str->path;
	need.value = type->size;
	use(types, note(types->needs, &need), true);
}

/* --- numbers ---------------------------------------------------------------------------------- */

static uint32_t note_constant(struct skep_types *types, enum skep_need_kind kind, const char *name,
			      int64_t value)
{
	struct skep_need need = {
		.kind = kind,
		.type = name,
		.value = (uint64_t)value,
	};

	return types->needs ? note(types->needs, &need) : 0;
}

uint32_t skep_need_enum(struct skep_types *types, const char *name, int64_t value)
{
	return note_constant(types, SKEP_NEED_ENUM, name, value);
}

uint32_t skep_need_ticks(struct skep_types *types, const char *name, int64_t value)
{
	return note_constant(types, SKEP_NEED_TICKS, name, value);
}

void skep_need_enum_exact(struct skep_types *types, uint32_t need_plus1)
{
	if (types->needs && need_plus1)
		use(types, need_plus1, true);
}

struct skep_val *skep_need_enum_value(struct skep_types *types, struct skep_fn *fn,
				      uint32_t need_plus1, uint64_t value)
{
	if (!types->needs || !need_plus1)
		return skep_ir_const(fn, value);
	use(types, need_plus1, false);
	return skep_ir_need(fn, need_plus1 - 1, value, true);
}

struct skep_val *skep_need_number(struct skep_types *types, struct skep_fn *fn,
				  enum skep_need_kind kind, const char *name, uint64_t value)
{
	struct skep_need need = { .kind = kind, .type = name };
	uint32_t plus1;

	if (!types->needs)
		return skep_ir_const(fn, value);
	plus1 = note(types->needs, &need);
	use(types, plus1, false);
	return skep_ir_need(fn, plus1 - 1, 0, true);
}
