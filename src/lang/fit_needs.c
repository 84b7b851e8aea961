/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "lang/fit_priv.h"
#include "lang/need.h"
#include "lang/provider/function.h"
#include "lang/tracepoint.h"
#include "obj/need.h"

#define PATH_MAX_PARTS 16

/* What a need turns out to be here: its value, or why there is none. */
struct answer {
	uint64_t value;
	const char *why;
};

static const char *say(struct skep_fit *fit, const char *text, const struct skep_need *need)
{
	return need->member
		       ? skep_arena_printf(fit->arena, "%s has no '%s' here%s", need->type,
					   need->member, text)
		       : skep_arena_printf(fit->arena, "there is no %s here%s", need->type, text);
}

/* --- what members are of ---------------------------------------------------------------------- */

static const struct skep_struct *event_args(struct skep_fit *fit, struct skep_types *types,
					    const char *path)
{
	const char *slash = strchr(path, '/'), *text;
	const struct skep_struct *args;
	char *category;

	if (!slash || !fit->world->tracepoint_format)
		return NULL;
	category = skep_arena_strndup(fit->arena, path, (size_t)(slash - path));
	if (fit->world->tracepoint_format(fit->world, category, slash + 1, &text) < 0 ||
	    skep_tracepoint_parse(types, slash + 1, text, SKEP_SPACE_KERNEL, NULL, &args) < 0)
		return NULL;
	return args;
}

/* The parameters, and the result as one more: "return" in the context of a typed program, "result" in its register. */
static const struct skep_struct *proto_args(struct skep_types *types, const struct skep_btf *btf,
					    uint32_t proto, unsigned skip, const char *name)
{
	const struct skep_struct *args =
		skep_proto_args(types, btf, proto, skip, SKEP_SPACE_BTF, name, NULL);
	struct skep_struct copy = *args;
	struct skep_field *fields, result;

	if (skip)
		return args;
	fields = skep_arena_calloc(types->arena, args->n_fields + 2, sizeof(*fields));
	memcpy(fields, args->fields, args->n_fields * sizeof(*fields));
	fields[copy.n_fields++] = (struct skep_field){
		.name = "result",
		.type = skep_type_from_btf(types, btf, skep_btf_type(btf, proto).type,
					   SKEP_SPACE_KERNEL),
	};
	if (skep_proto_result(types, btf, proto, args, &result))
		fields[copy.n_fields++] = result;
	copy.fields = fields;
	return skep_arena_memdup(types->arena, &copy, sizeof(copy));
}

static const struct skep_struct *function_args(struct skep_types *types, const char *name)
{
	uint32_t id, proto;

	if (!types->btf || skep_btf_find(types->btf, name, SKEP_BTF_FUNC, &id) < 0 ||
	    skep_btf_proto(types->btf, id, &proto) < 0)
		return NULL;
	return proto_args(types, types->btf, proto, 0, name);
}

static const struct skep_struct *raw_args(struct skep_types *types, const char *name)
{
	uint32_t proto;

	if (!types->btf || !skep_raw_event_proto(types->btf, types->arena, name, &proto))
		return NULL;
	return proto_args(types, types->btf, proto, 1, name);
}

/* "struct foo", or the arguments of a probe: as a type. NULL: there is no such thing here. */
static const struct skep_type *find_origin(struct skep_fit *fit, struct skep_types *types,
					   const char *name)
{
	const struct skep_struct *args = NULL;
	struct skep_type type = { .kind = SKEP_TYPE_STRUCT };

	if (skep_has_prefix(name, "tracepoint "))
		args = event_args(fit, types, name + strlen("tracepoint "));
	else if (skep_has_prefix(name, "function "))
		args = function_args(types, name + strlen("function "));
	else if (skep_has_prefix(name, "rawtracepoint "))
		args = raw_args(types, name + strlen("rawtracepoint "));
	else
		return types->btf ? skep_type_by_name(types, name) : NULL;
	if (!args)
		return NULL;
	type.str = args;
	type.size = args->size;
	return skep_arena_memdup(types->arena, &type, sizeof(type));
}

/* The last member of the path; *ret_type is what it is. */
static bool follow(struct skep_fit *fit, struct skep_types *types, const struct skep_type *type,
		   const char *path, struct skep_field *ret_field)
{
	for (unsigned i = 0; i < PATH_MAX_PARTS; i++) {
		size_t len = strcspn(path, ".");
		const char *name = skep_arena_strndup(fit->arena, path, len);

		while (type && (type->kind == SKEP_TYPE_PTR || type->kind == SKEP_TYPE_ARRAY))
			type = type->elem;
		if (!type || !skep_type_field(types, type, name, SKEP_SPACE_KERNEL, ret_field))
			return false;
		if (!path[len])
			return true;
		type = ret_field->type;
		path += len + 1;
	}
	return false;
}

/* --- answers ---------------------------------------------------------------------------------- */

static struct answer find_member(struct skep_fit *fit, struct skep_types *types,
				 const struct skep_need *need)
{
	const struct skep_type *type = find_origin(fit, types, need->type);
	struct skep_field f;
	const char *shape;

	if (!type)
		return (struct answer){ .why = skep_arena_printf(fit->arena, "there is no %s here",
								 need->type) };
	if (!follow(fit, types, type, need->member, &f))
		return (struct answer){ .why = say(fit, "", need) };
	shape = skep_need_shape(types, &f);
	if (!skep_streq(shape, need->shape))
		return (struct answer){ .why = skep_arena_printf(
						fit->arena, "'%s' of %s is %s here, and was %s",
						need->member, need->type, shape, need->shape) };
	return (struct answer){ .value = f.offset };
}

static struct answer find_size(struct skep_fit *fit, struct skep_types *types,
			       const struct skep_need *need)
{
	const struct skep_type *type = find_origin(fit, types, need->type);
	struct skep_field f;

	if (type && need->member) {
		type = follow(fit, types, type, need->member, &f) ? f.type : NULL;
		while (type && (type->kind == SKEP_TYPE_PTR || type->kind == SKEP_TYPE_ARRAY))
			type = type->elem;
	}
	if (!type)
		return (struct answer){ .why = say(fit, "", need) };
	return (struct answer){ .value = type->size };
}

static struct answer find_enum(struct skep_fit *fit, const struct skep_need *need)
{
	struct skep_btf_enumerator e;
	uint32_t id;

	if (!fit->world->btf || skep_btf_find_enumerator(fit->world->btf, need->type, &id, &e) < 0)
		return (struct answer){ .why = say(fit, "", need) };
	/* Comparisons in the code go by its sign. */
	if (((int64_t)e.value < 0) != ((int64_t)need->value < 0))
		return (struct answer){ .why = skep_arena_printf(fit->arena,
								 "%s is %lld here, and was %lld",
								 need->type, (long long)e.value,
								 (long long)need->value) };
	return (struct answer){ .value = (uint64_t)(int64_t)e.value };
}

static struct answer find_interface(struct skep_fit *fit, const struct skep_need *need)
{
	const struct skep_world *w = fit->world;
	struct skep_world_interface to;

	if (!w->interface || w->interface(w, need->type, &to) < 0)
		return (struct answer){ .why = skep_arena_printf(fit->arena,
								 "there is no interface '%s'",
								 need->type) };
	return (struct answer){ .value = to.index };
}

static struct answer find(struct skep_fit *fit, struct skep_types *types,
			  const struct skep_need *need)
{
	const struct skep_world *w = fit->world;
	struct answer a = {};

	switch (need->kind) {
	case SKEP_NEED_MEMBER:
		return find_member(fit, types, need);
	case SKEP_NEED_SIZE:
		return find_size(fit, types, need);
	case SKEP_NEED_ENUM:
		return find_enum(fit, need);
	case SKEP_NEED_SYMBOL:
		if (!w->kernel_symbol || w->kernel_symbol(w, need->type, &a.value) < 0)
			a.why = skep_arena_printf(fit->arena, "no kernel symbol '%s'", need->type);
		return a;
	case SKEP_NEED_CGROUP:
		if (!w->cgroup_id || w->cgroup_id(w, need->type, &a.value) < 0)
			a.why = skep_arena_printf(fit->arena, "there is no cgroup '%s'",
						  need->type);
		return a;
	case SKEP_NEED_INTERFACE:
		return find_interface(fit, need);
	case SKEP_NEED_TICKS:
		a.value = fit->options->kernel_hz ? fit->options->kernel_hz() : 0;
		if (!a.value)
			a.why = skep_arena_printf(
				fit->arena, "it does not say what %s is (CONFIG_HZ)", need->type);
		return a;
	default:
		a.why = "it needs something unknown";
		return a;
	}
}

static bool is_of_kernel(const struct skep_need *need)
{
	return need->kind == SKEP_NEED_MEMBER || need->kind == SKEP_NEED_SIZE ||
	       need->kind == SKEP_NEED_ENUM || need->kind == SKEP_NEED_TICKS;
}

static struct answer answer(struct skep_fit *fit, struct skep_types *types,
			    const struct skep_need *need)
{
	struct answer a = { .value = need->value };

	if (fit->same_kernel && is_of_kernel(need))
		return a;
	a = find(fit, types, need);
	if (!a.why && need->exact && a.value != need->value)
		a.why = skep_arena_printf(fit->arena, "%s%s%s is %llu here, and was %llu",
					  need->type, need->member ? "." : "",
					  need->member ? need->member : "",
					  (unsigned long long)a.value,
					  (unsigned long long)need->value);
	return a;
}

/* --- into the code ---------------------------------------------------------------------------- */

static int refuse(struct skep_fit *fit, struct skep_loc loc, const char *why)
{
	skep_diag_error(fit->diag, loc,
			"this kernel is too different from the one it was compiled "
			"for: %s",
			why);
	skep_diag_hint(fit->diag, "run the script itself, or compile it on this kernel");
	return -ENOTSUP;
}

static struct skep_loc place_of(const struct skep_spec_prog *prog, uint32_t insn)
{
	struct skep_loc loc = prog->loc;

	for (size_t i = 0; i < prog->n_lines && prog->lines[i].insn <= insn; i++)
		loc = prog->lines[i].loc;
	return loc;
}

static int apply(struct skep_fit *fit, struct skep_spec_prog *prog, const struct answer *answers)
{
	const struct skep_need *needs = fit->plan->spec->needs;

	for (size_t i = 0; i < prog->n_relocs; i++) {
		const struct skep_reloc *reloc = &prog->relocs[i];
		const struct answer *a;
		int r;

		if (reloc->kind != SKEP_RELOC_NEED)
			continue;
		a = &answers[reloc->index];
		if (a->why && needs[reloc->index].kind == SKEP_NEED_INTERFACE) {
			skep_diag_error(fit->diag, place_of(prog, reloc->insn), "%s", a->why);
			skep_diag_hint(fit->diag, "ip link lists those that there are");
			return -EINVAL;
		}
		if (a->why)
			return refuse(fit, place_of(prog, reloc->insn), a->why);
		r = skep_need_apply(prog, reloc, a->value - needs[reloc->index].value);
		if (r < 0)
			return refuse(fit, place_of(prog, reloc->insn),
				      skep_arena_printf(fit->arena,
							"'%s' is too far from the beginning of %s",
							needs[reloc->index].member
								? needs[reloc->index].member
								: "it",
							needs[reloc->index].type));
	}
	return 0;
}

int skep_fit_needs(struct skep_fit *fit)
{
	struct skep_spec *spec = fit->plan->spec;
	struct answer *answers = skep_arena_calloc(fit->arena, spec->n_needs, sizeof(*answers));
	struct skep_types types = {
		.arena = fit->arena,
		.btf = fit->world->btf,
		.max_strlen = fit->plan->config.max_strlen,
	};
	int r;

	for (size_t i = 0; i < spec->n_needs; i++) {
		answers[i] = answer(fit, &types, &spec->needs[i]);
		if (answers[i].why && spec->needs[i].exact)
			return refuse(fit, SKEP_NO_LOC, answers[i].why);
	}
	for (size_t i = 0; i < spec->n_progs; i++) {
		r = fit->dead[i] ? 0 : apply(fit, &spec->progs[i], answers);
		if (r < 0)
			return r;
		skep_need_drop(&spec->progs[i]);
	}
	spec->n_needs = 0;
	return 0;
}

/* --- types of programs ------------------------------------------------------------------------ */

static int fit_attach_type(struct skep_fit *fit, struct skep_spec_prog *p)
{
	const struct skep_btf *btf = fit->world->btf;
	enum skep_btf_kind kind = skep_has_prefix(p->attach_btf_name, "btf_trace_")
					  ? SKEP_BTF_TYPEDEF
					  : SKEP_BTF_FUNC;

	if (p->attach_module)
		btf = fit->world->module_btf ? fit->world->module_btf(fit->world, p->attach_module)
					     : NULL;
	if (btf && skep_btf_find(btf, p->attach_btf_name, kind, &p->attach_btf_id) == 0)
		return 0;
	return refuse(fit, p->loc,
		      skep_arena_printf(fit->arena, "it does not describe %s", p->attach_btf_name));
}

int skep_fit_attach_types(struct skep_fit *fit)
{
	struct skep_spec *spec = fit->plan->spec;

	for (size_t i = 0; i < spec->n_progs; i++) {
		int r = spec->progs[i].attach_btf_name && !fit->dead[i]
				? fit_attach_type(fit, &spec->progs[i])
				: 0;

		if (r < 0)
			return r;
	}
	return 0;
}

/* --- names of enums --------------------------------------------------------------------------- */

static void rename_enum(struct skep_fit *fit, struct skep_schema_field *f)
{
	const struct skep_btf *btf = fit->world->btf;
	struct skep_enum_name *names;
	uint32_t id, n;
	unsigned stars;

	f->n_enum_names = 0;
	if (!btf || skep_btf_find_c(btf, f->enum_type, &id, &stars) < 0)
		return;
	n = skep_btf_type(btf, id).vlen;
	names = skep_arena_calloc(fit->arena, n, sizeof(*names));
	for (uint32_t i = 0; i < n; i++) {
		struct skep_btf_enumerator e;

		if (skep_btf_enumerator(btf, id, i, &e) < 0)
			continue;
		names[f->n_enum_names++] = (struct skep_enum_name){
			.value = (int64_t)e.value,
			.name = skep_arena_strdup(fit->arena, e.name),
		};
	}
	f->enum_names = names;
}

static void rename_fields(struct skep_fit *fit, const struct skep_schema_field *fields, size_t n)
{
	/* They are the arena's, as all of a plan that was read. */
	struct skep_schema_field *f = (struct skep_schema_field *)fields;

	for (size_t i = 0; i < n; i++) {
		if (f[i].enum_type)
			rename_enum(fit, &f[i]);
		rename_fields(fit, f[i].children, f[i].n_children);
	}
}

void skep_fit_enums(struct skep_fit *fit)
{
	struct skep_plan *plan = fit->plan;

	for (size_t i = 0; i < plan->n_actions; i++)
		rename_fields(fit, plan->actions[i].schema.fields,
			      plan->actions[i].schema.n_fields);
	for (size_t i = 0; i < plan->n_maps; i++) {
		rename_fields(fit, plan->maps[i].shape.keys, plan->maps[i].shape.n_keys);
		rename_fields(fit, &plan->maps[i].shape.value_field, 1);
	}
}
