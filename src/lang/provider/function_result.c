/* SPDX-License-Identifier: Apache-2.0 */
/* What a function returns: its type where BTF or debugging information tells it, else a register. */
#include "lang/provider/function.h"

#include <errno.h>

#include "isa/arch.h"
#include "lang/lower_priv.h"
#include "lang/need.h"
#include "lang/provider.h"
#include "lang/walk.h"

bool skep_result_is_wanted(const struct skep_compiler *c, const struct skep_probe_node *probe)
{
	return !c->options->as_bpftrace && skep_probe_uses(probe, "retval");
}

const char *skep_result_signature(struct skep_compiler *c, const struct skep_proto_regs *of)
{
	_cleanup_(skep_str_fini)
	struct skep_str out = {};

	if (of->btf)
		skep_btf_format_decl(of->btf, skep_btf_type(of->btf, of->proto).type, "", &out);
	return skep_arena_strdup(c->arena, skep_str_text(&out));
}

void skep_result_list(const struct skep_proto_regs *of, struct skep_str *out)
{
	uint32_t type = skep_btf_type(of->btf, of->proto).type;

	if (!skep_btf_strip(of->btf, type, true))
		return;
	skep_str_add(out, "    ");
	skep_btf_format_decl(of->btf, type, "retval", out);
	skep_str_add(out, "\n");
}

static bool is_retval(const struct skep_expr *expr)
{
	return expr->kind == SKEP_EXPR_NAME && skep_streq(expr->call.name, "retval");
}

static bool find_followed(void *data, struct skep_expr *expr)
{
	bool *found = data;

	if ((expr->kind == SKEP_EXPR_FIELD && is_retval(expr->field.base)) ||
	    (expr->kind == SKEP_EXPR_INDEX && is_retval(expr->index.base)) ||
	    (expr->kind == SKEP_EXPR_UNARY && expr->unary.op == SKEP_UNARY_DEREF &&
	     is_retval(expr->unary.operand)))
		*found = true;
	return !*found;
}

/*
 * Whether the probe goes where its result points to. Else a pointer stays a number, as arg0 is one: scripts keep both in one map, such
 * as what malloc() returned and free() is given.
 */
static bool is_followed(const struct skep_instance *inst)
{
	bool found = false;

	skep_walk_probe(inst->probe, find_followed, &found);
	return found;
}

/* NULL: it is not known, or no single register holds it. */
static const struct skep_type *result_type(struct skep_types *types,
					   const struct skep_instance *inst)
{
	const struct skep_proto_regs *of = &inst->result_of;
	const struct skep_type *type;

	if (!of->btf)
		return NULL;
	type = skep_type_from_btf(types, of->btf, skep_btf_type(of->btf, of->proto).type,
				  inst->args_space);
	if (type->kind == SKEP_TYPE_PTR && !is_followed(inst))
		return NULL;
	return skep_type_is_scalar(type) && type->size <= 8 ? type : NULL;
}

static const char *name_of(const struct skep_check *k)
{
	return k->inst->matches[0].func ? k->inst->matches[0].func : k->inst->matches[0].name;
}

int skep_regs_retval(struct skep_check *k, const struct skep_type **ret_type)
{
	const struct skep_proto_regs *of = &k->inst->result_of;
	const struct skep_type *type = result_type(&k->c->types, k->inst);
	uint32_t id;

	*ret_type = type ? type : skep_type_int(8, false);
	if (type || !of->btf)
		return 0;
	id = skep_btf_strip(of->btf, skep_btf_type(of->btf, of->proto).type, true);
	if (skep_btf_kind(of->btf, id) == SKEP_BTF_FLOAT) {
		skep_diag_error(k->c->diag, k->at,
				"%s returns a number with a point, which no general register holds",
				name_of(k));
		skep_diag_hint(k->c->diag,
			       "programs of the kernel cannot compute with such numbers; "
			       "retval would be what the register happens to hold");
		return -ENOENT;
	}
	if (!id && k->final) {
		skep_diag_warn(k->c->diag, k->at, "%s returns nothing", name_of(k));
		skep_diag_hint(k->c->diag, "retval is what the register happens to hold");
	}
	return 0;
}

int skep_regs_lower_retval(struct skep_lower *l, struct skep_value *ret_value)
{
	const struct skep_instance *inst = l->inst;
	const struct skep_type *type = result_type(&l->c->types, inst);
	struct skep_struct function = {};
	struct skep_field f = { .name = "result", .type = type };

	if (type && l->c->types.needs) {
		function.origin =
			skep_arena_printf(l->c->arena, "function %s", inst->matches[0].func);
		skep_need_member(&l->c->types, &function, &f);
		skep_need_exact(&l->c->types, &f);
	}
	skep_regs_load(l, type ? type : skep_type_int(8, false), skep_arch()->retval, ret_value);
	return 0;
}
