/* SPDX-License-Identifier: Apache-2.0 */
/* Which parameters are in registers when a function begins: as C passes them, or as debugging information says. */
#include "lang/provider/function.h"

#include "lang/provider/arch.h"

static const char ON_STACK[] = "on the stack";

static bool fits_register(const struct skep_btf *btf, uint32_t type)
{
	switch (skep_btf_kind(btf, skep_btf_strip(btf, type, true))) {
	case SKEP_BTF_INT:
	case SKEP_BTF_PTR:
	case SKEP_BTF_ENUM:
	case SKEP_BTF_ENUM64:
		return true;
	default:
		return false;
	}
}

/* Where one parameter is in struct pt_regs; or why it is not. */
struct place {
	uint16_t offset;
	const char *why_not;
};

/* From the first parameter on: @before is what was said of the one before. */
static struct place place_of(const struct skep_proto_regs *f, unsigned i, uint32_t type,
			     const char *before)
{
	const struct skep_arch *arch = skep_arch();

	if (f->regs && f->regs[i] < arch->n_dwarf_regs && fits_register(f->btf, type))
		return (struct place){ .offset = arch->dwarf_regs[f->regs[i]] };
	if (f->regs)
		return (struct place){ .why_not = "in no general register" };
	/* Which registers the ones behind a struct are in depends on what is in it. */
	if (before && !skep_streq(before, ON_STACK))
		return (struct place){ .why_not = "behind one that is passed by value" };
	if (!fits_register(f->btf, type))
		return (struct place){ .why_not = "passed by value" };
	if (i >= arch->n_args)
		return (struct place){ .why_not = ON_STACK };
	return (struct place){ .offset = arch->args[i] };
}

/* The next parameter, from *at 0 on. */
static bool next(const struct skep_proto_regs *f, struct skep_arena *arena, unsigned *at,
		 struct skep_btf_param *ret_param, struct place *place)
{
	unsigned i = (*at)++;

	if (!skep_arch() || i >= skep_btf_type(f->btf, f->proto).vlen ||
	    skep_btf_param(f->btf, f->proto, i, ret_param) < 0 || !ret_param->type)
		return false;
	ret_param->name = ret_param->name[0] ? skep_proto_param_name(arena, ret_param)
					     : skep_arena_printf(arena, "arg%u", i);
	*place = place_of(f, i, ret_param->type, place->why_not);
	return true;
}

const struct skep_struct *skep_proto_args_at(struct skep_types *types,
					     const struct skep_proto_regs *f, enum skep_space space,
					     const char *name)
{
	unsigned n = skep_btf_type(f->btf, f->proto).vlen, at = 0;
	struct skep_struct *s = skep_arena_alloc(types->arena, sizeof(*s));
	struct skep_field *fields = skep_arena_calloc(types->arena, n, sizeof(*fields));
	struct skep_btf_param p;
	struct place place = {};

	s->name = name;
	s->fields = fields;
	while (next(f, types->arena, &at, &p, &place)) {
		const struct skep_type *type = skep_type_from_btf(types, f->btf, p.type, space);

		if (!place.why_not && skep_type_is_scalar(type))
			fields[s->n_fields++] = (struct skep_field){
				.name = p.name,
				.type = type,
				.offset = place.offset,
			};
	}
	s->size = (uint32_t)n * 8;
	return s;
}

const char *skep_proto_why_left_out(const struct skep_proto_regs *f, struct skep_arena *arena,
				    const char *name)
{
	struct skep_btf_param p;
	struct place place = {};
	unsigned at = 0;

	while (f->btf && next(f, arena, &at, &p, &place))
		if (skep_streq(p.name, name))
			return place.why_not;
	return NULL;
}

void skep_proto_list_registers(struct skep_arena *arena, const struct skep_proto_regs *f,
			       struct skep_str *out)
{
	struct skep_btf_param p;
	struct place place = {};
	unsigned at = 0;

	while (next(f, arena, &at, &p, &place)) {
		skep_str_add(out, "    ");
		skep_btf_format_decl(f->btf, p.type, p.name, out);
		if (place.why_not)
			skep_str_addf(out, " // not in args: %s", place.why_not);
		skep_str_add(out, "\n");
	}
}
