/* SPDX-License-Identifier: Apache-2.0 */
/* Where parameters are when a function begins: as debugging information says, or as C passes them. */
#include "lang/provider/function.h"

#include <errno.h>

#include "isa/arch.h"
#include "lang/lower_priv.h"
#include "lang/provider/call.h"

/* The offset of a field whose place is on the stack: this, and the bytes above the stack pointer. */
#define ON_STACK 0x100000u

static bool fits_register(const struct skep_btf *btf, uint32_t type)
{
	uint32_t id = skep_btf_strip(btf, type, true), size;

	switch (skep_btf_kind(btf, id)) {
	case SKEP_BTF_INT:
	case SKEP_BTF_PTR:
	case SKEP_BTF_ENUM:
	case SKEP_BTF_ENUM64:
		return skep_btf_size(btf, id, &size) == 0 && size <= 8;
	default:
		return false;
	}
}

static bool is_float(const struct skep_btf *btf, uint32_t type)
{
	return skep_btf_kind(btf, skep_btf_strip(btf, type, true)) == SKEP_BTF_FLOAT;
}

/* The parameters of a function one by one; of the current one where it is, or why it is nowhere. */
struct params {
	const struct skep_proto_regs *f;
	struct skep_arena *arena;
	struct skep_calling call;
	unsigned next;
	struct skep_btf_param p;
	uint32_t offset; /* in struct pt_regs, or ON_STACK and more */
	const char *why_not;
};

/* Functions of the kernel: all is in registers, or the list ends. */
static void kernel_place(struct params *ps, const struct skep_call_place *place)
{
	ps->offset = place->number;
	if (place->in == SKEP_CALL_STACK)
		ps->why_not = "on the stack";
	else if (!fits_register(ps->f->btf, ps->p.type))
		ps->why_not = "passed by value";
	else if (ps->why_not || place->in == SKEP_CALL_LOST)
		ps->why_not = "behind one that is passed by value";
}

static void counted_place(struct params *ps, const struct skep_call_place *place)
{
	switch (place->in) {
	case SKEP_CALL_REG:
		ps->offset = place->number;
		break;
	case SKEP_CALL_STACK:
		ps->offset = ON_STACK + place->number;
		break;
	case SKEP_CALL_FLOAT:
	case SKEP_CALL_VALUE:
		ps->why_not = "passed by value";
		break;
	case SKEP_CALL_LOST:
		ps->why_not = fits_register(ps->f->btf, ps->p.type)
				      ? "behind one whose place is not known"
				      : "passed by value";
		break;
	}
}

static void told_place(struct params *ps, const struct skep_param_place *told,
		       const struct skep_call_place *counted)
{
	const struct skep_arch *arch = skep_arch();
	bool fits = fits_register(ps->f->btf, ps->p.type);

	ps->why_not = NULL;
	if (is_float(ps->f->btf, ps->p.type)) {
		ps->why_not = "a number with a point, which no general register holds";
		return;
	}
	switch (told->in) {
	case SKEP_PARAM_UNTOLD:
		if (ps->f->is_clone)
			ps->why_not =
				"in a place that is not told, and the compiler changed what this "
				"copy of the function takes";
		else
			counted_place(ps, counted);
		break;
	case SKEP_PARAM_REG:
		if (!fits)
			ps->why_not = "passed by value";
		else if ((uint64_t)told->number >= arch->n_dwarf_regs)
			ps->why_not = "in no general register";
		else
			ps->offset = arch->dwarf_regs[told->number];
		break;
	case SKEP_PARAM_CONSTANT:
		ps->why_not = skep_arena_printf(ps->arena,
						"not passed any more, the compiler knew that it is "
						"always %lld",
						(long long)told->number);
		break;
	case SKEP_PARAM_GONE:
		ps->why_not = "optimized out";
		break;
	case SKEP_PARAM_PARTS:
		ps->why_not = fits ? "in no general register" : "passed by value";
		break;
	case SKEP_PARAM_STRANGE:
		ps->why_not = fits ? "in a place that is not told" : "passed by value";
		break;
	}
}

static struct params begin(const struct skep_proto_regs *f, struct skep_arena *arena)
{
	return (struct params){ .f = f, .arena = arena };
}

/* False: there is no other. */
static bool next(struct params *ps)
{
	const struct skep_proto_regs *f = ps->f;
	const struct skep_arch *arch = skep_arch();
	struct skep_call_place place;
	unsigned i = ps->next++;

	if (!arch || i >= skep_btf_type(f->btf, f->proto).vlen ||
	    skep_btf_param(f->btf, f->proto, i, &ps->p) < 0 || !ps->p.type)
		return false;
	ps->p.name = ps->p.name[0] ? skep_proto_param_name(ps->arena, &ps->p)
				   : skep_arena_printf(ps->arena, "arg%u", i);
	if (f->places && f->places[i].in == SKEP_PARAM_STRANGE)
		ps->call.lost = true;
	place = skep_call_next(&ps->call, arch, f->btf, ps->p.type);
	if (f->places)
		told_place(ps, &f->places[i], &place);
	else
		kernel_place(ps, &place);
	return true;
}

const struct skep_struct *skep_proto_args_at(struct skep_types *types,
					     const struct skep_proto_regs *f, enum skep_space space,
					     const char *name)
{
	unsigned n = skep_btf_type(f->btf, f->proto).vlen;
	struct skep_struct *s = skep_arena_alloc(types->arena, sizeof(*s));
	struct skep_field *fields = skep_arena_calloc(types->arena, n, sizeof(*fields));
	struct params ps = begin(f, types->arena);

	s->name = name;
	s->fields = fields;
	while (next(&ps)) {
		const struct skep_type *type = skep_type_from_btf(types, f->btf, ps.p.type, space);

		if (!ps.why_not && skep_type_is_scalar(type))
			fields[s->n_fields++] = (struct skep_field){
				.name = ps.p.name,
				.type = type,
				.offset = ps.offset,
			};
	}
	s->size = (uint32_t)n * 8;
	return s;
}

int skep_regs_lower_args_at(struct skep_lower *l, const struct skep_expr *expr,
			    const struct skep_field *field, struct skep_value *ret_value)
{
	struct skep_val *sp;

	if (field->offset < ON_STACK) {
		skep_regs_load(l, field->type, field->offset, ret_value);
		return 0;
	}
	sp = skep_ir_load(l->fn, skep_ir_ctx(l->fn), skep_arch()->sp, 8, SKEP_LOAD_PURE);
	return skep_lower_load(l, field->type, sp, (int)(field->offset - ON_STACK), SKEP_SPACE_USER,
			       ret_value);
}

const char *skep_proto_why_left_out(const struct skep_proto_regs *f, struct skep_arena *arena,
				    const char *name)
{
	struct params ps = begin(f, arena);

	while (f->btf && next(&ps))
		if (skep_streq(ps.p.name, name))
			return ps.why_not;
	return NULL;
}

const char *skep_proto_why_none(const struct skep_proto_regs *f, struct skep_arena *arena)
{
	struct params ps = begin(f, arena);

	while (f->btf && next(&ps))
		if (ps.why_not)
			return skep_arena_printf(arena, "%s is %s", ps.p.name, ps.why_not);
	return NULL;
}

void skep_proto_list_registers(struct skep_arena *arena, const struct skep_proto_regs *f,
			       struct skep_str *out)
{
	struct params ps = begin(f, arena);

	while (next(&ps)) {
		skep_str_add(out, "    ");
		skep_btf_format_decl(f->btf, ps.p.type, ps.p.name, out);
		if (ps.why_not)
			skep_str_addf(out, " // not in args: %s", ps.why_not);
		skep_str_add(out, "\n");
	}
}
