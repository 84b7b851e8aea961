/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/provider/function.h"

#include <errno.h>
#include <string.h>

#include "isa/arch.h"
#include "lang/lower_priv.h"
#include "lang/need.h"

int skep_regs_arg(struct skep_check *k, unsigned n, const struct skep_type **ret_type)
{
	const struct skep_arch *arch = skep_arch();

	if (!arch || n >= arch->n_args) {
		skep_diag_error(
			k->c->diag, k->at,
			"arg%u is not in a register: on this CPU the first %u arguments are", n,
			arch ? arch->n_args : 0);
		skep_diag_hint(k->c->diag, "arguments beyond stand on the stack, where their place "
					   "depends on all the others");
		return -ENOENT;
	}
	*ret_type = skep_type_int(8, false);
	return 0;
}

static struct skep_value load_reg(struct skep_lower *l, unsigned offset)
{
	return (struct skep_value){
		.type = skep_type_int(8, false),
		.val = skep_ir_load(l->fn, skep_ir_ctx(l->fn), (int)offset, 8, SKEP_LOAD_PURE),
	};
}

int skep_regs_lower_arg(struct skep_lower *l, unsigned n, struct skep_value *ret_value)
{
	*ret_value = load_reg(l, skep_arch()->args[n]);
	return 0;
}

/* A register holds garbage above a narrow number. */
static void narrow(struct skep_lower *l, const struct skep_type *type, struct skep_value *value)
{
	value->type = type;
	if (type->kind == SKEP_TYPE_INT && type->size < 8)
		value->val = skep_ir_extend(l->fn, value->val, type->size, type->is_signed);
}

void skep_regs_load(struct skep_lower *l, const struct skep_type *type, unsigned offset,
		    struct skep_value *ret_value)
{
	*ret_value = load_reg(l, offset);
	narrow(l, type, ret_value);
}

int skep_regs_lower_args(struct skep_lower *l, const struct skep_expr *expr,
			 const struct skep_field *field, struct skep_value *ret_value)
{
	skep_need_exact(&l->c->types, field);
	*ret_value = load_reg(l, skep_arch()->args[field->offset / 8]);
	narrow(l, field->type, ret_value);
	return 0;
}

const char *skep_proto_param_name(struct skep_arena *arena, const struct skep_btf_param *p)
{
	static const char mark[] = "__nullable";
	size_t len = strlen(p->name), cut = sizeof(mark) - 1;

	if (len <= cut || !skep_streq(p->name + len - cut, mark))
		return p->name;
	return skep_arena_strndup(arena, p->name, len - cut);
}

const struct skep_struct *skep_proto_args(struct skep_types *types, const struct skep_btf *btf,
					  uint32_t proto, unsigned skip, enum skep_space space,
					  const char *name, const char *origin)
{
	unsigned n = skep_btf_type(btf, proto).vlen;
	struct skep_struct *s = skep_arena_alloc(types->arena, sizeof(*s));
	struct skep_field *fields = skep_arena_calloc(types->arena, n, sizeof(*fields));

	s->name = name;
	s->origin = origin;
	s->fields = fields;
	for (unsigned i = skip; i < n; i++) {
		struct skep_btf_param p;
		const struct skep_type *type;

		if (skep_btf_param(btf, proto, i, &p) < 0 || !p.type)
			break; /* "..." */
		type = skep_type_from_btf(types, btf, p.type, space);
		if (!skep_type_is_scalar(type))
			break;
		fields[s->n_fields++] = (struct skep_field){
			.name = p.name[0] ? skep_proto_param_name(types->arena, &p)
					  : skep_arena_printf(types->arena, "arg%u", i - skip),
			.type = type,
			.offset = (i - skip) * 8,
		};
	}
	s->size = (uint32_t)s->n_fields * 8;
	return s;
}

int skep_proto_lower(struct skep_lower *l, const struct skep_field *field,
		     struct skep_value *ret_value)
{
	int off = 0;
	struct skep_val *at = skep_lower_member(l, skep_ir_ctx(l->fn), &off, field);

	*ret_value = (struct skep_value){
		.val = skep_ir_load(l->fn, at, off, 8, SKEP_LOAD_PURE),
	};
	narrow(l, field->type, ret_value);
	return 0;
}

bool skep_proto_result(struct skep_types *types, const struct skep_btf *btf, uint32_t proto,
		       const struct skep_struct *args, struct skep_field *ret_field)
{
	struct skep_btf_type t = skep_btf_type(btf, proto);
	struct skep_field f = {
		.name = "return",
		.type = skep_type_from_btf(types, btf, t.type, SKEP_SPACE_BTF),
		.offset = t.vlen * 8,
	};

	if (!skep_type_is_scalar(f.type) || args->n_fields != t.vlen)
		return false;
	if (types->needs && args->origin)
		skep_need_member(types, args, &f);
	*ret_field = f;
	return true;
}

bool skep_split_offset(struct skep_arena *arena, const char *text, const char **ret_name,
		       uint64_t *ret_offset, bool *ret_has_offset)
{
	const char *plus = strrchr(text, '+');
	char *end;

	*ret_name = text;
	*ret_offset = 0;
	*ret_has_offset = false;
	if (!plus || plus == text)
		return true;
	errno = 0;
	*ret_offset = strtoull(plus + 1, &end, 0);
	if (errno || end == plus + 1 || *end || plus[1] == '-' || plus[1] == '+')
		return false;
	*ret_name = skep_arena_strndup(arena, text, (size_t)(plus - text));
	*ret_has_offset = true;
	return true;
}

static int collect(void *data, const struct skep_world_symbol *symbol)
{
	struct skep_kfuncs *funcs = data;
	struct skep_kfunc f = {
		.name = skep_arena_strdup(funcs->arena, symbol->name),
		.module = symbol->module ? skep_arena_strdup(funcs->arena, symbol->module) : NULL,
	};

	if (skep_hash_get_str(&funcs->seen, f.name))
		return 0;
	skep_hash_set_str(&funcs->seen, f.name, (void *)f.name);
	skep_vec_add(funcs, f);
	return 0;
}

int skep_kfuncs_find(const struct skep_world *world, const struct skep_attach_point *point,
		     const char *function, struct skep_kfuncs *ret_funcs)
{
	const char *module = point->n_parts > 2 ? point->parts[1] : "*";

	if (!world->each_kernel_function)
		return 0;
	return world->each_kernel_function(world, module, function, collect, ret_funcs);
}

void skep_kfuncs_fini(struct skep_kfuncs *funcs)
{
	skep_hash_fini(&funcs->seen);
	skep_vec_fini(funcs);
}

struct elsewhere {
	struct skep_arena *arena;
	struct skep_nearest near;
	const char *module; /* another one that has this very function */
};

static int look_elsewhere(void *data, const struct skep_world_symbol *symbol)
{
	struct elsewhere *e = data;

	if (skep_streq(symbol->name, e->near.wanted))
		e->module =
			skep_arena_strdup(e->arena, symbol->module ? symbol->module : "vmlinux");
	else
		skep_nearest_add(&e->near, symbol->name);
	return 0;
}

int skep_kfuncs_missing(struct skep_compiler *c, const struct skep_attach_point *point,
			const char *function)
{
	const struct skep_world *w = c->world;
	struct elsewhere e = { .arena = c->arena, .near.wanted = function };
	const char *module = point->n_parts > 2 ? point->parts[1] : NULL;
	int r;

	if (w->each_kernel_function)
		(void)!w->each_kernel_function(w, "*", "*", look_elsewhere, &e);
	r = skep_match_missing(c, point, &e.near,
			       skep_match_is_glob(function)
				       ? "no kernel function that can be probed matches %s%s%s"
				       : "there is no kernel function %s%s%s that can be probed",
			       function, module ? " in module " : "", module ? module : "");
	if (module && e.module && c->config.missing_probes != 2)
		skep_diag_hint(c->diag, "it is in %s: %s:%s:%s", e.module, point->parts[0],
			       e.module, function);
	skep_nearest_fini(&e.near);
	return r;
}

bool skep_kfunc_proto(const struct skep_world *world, const struct skep_kfunc *func,
		      const struct skep_btf **ret_btf, uint32_t *ret_func, uint32_t *ret_proto)
{
	const struct skep_btf *btf = world->btf;

	if (func->module && !skep_streq(func->module, "vmlinux"))
		btf = world->module_btf ? world->module_btf(world, func->module) : NULL;
	if (!btf || skep_btf_find(btf, func->name, SKEP_BTF_FUNC, ret_func) < 0 ||
	    skep_btf_proto(btf, *ret_func, ret_proto) < 0)
		return false;
	*ret_btf = btf;
	return true;
}

void skep_proto_list(struct skep_arena *arena, const struct skep_btf *btf, uint32_t proto,
		     unsigned skip, bool with_return, struct skep_str *out)
{
	struct skep_btf_type t = skep_btf_type(btf, proto);
	struct skep_btf_param p;

	for (unsigned i = skip; i < t.vlen && skep_btf_param(btf, proto, i, &p) == 0; i++) {
		skep_str_add(out, "    ");
		skep_btf_format_decl(btf, p.type, skep_proto_param_name(arena, &p), out);
		skep_str_add(out, "\n");
	}
	if (!with_return)
		return;
	skep_str_add(out, "    ");
	skep_btf_format_decl(btf, t.type, "retval", out);
	skep_str_add(out, "\n");
}
