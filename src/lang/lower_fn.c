/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lowering, functions of the script: a subprogram for each instance that calls it. Numbers and pointers are handed over as
 * they are, texts by where they are; one more parameter carries the context of the program where the function asks for it.
 */
#include <errno.h>

#include "lang/fn.h"
#include "lang/lower_priv.h"

static int take_params(struct skep_lower *in, const struct skep_fn_node *fn)
{
	for (size_t i = 0; i < fn->n_params; i++) {
		struct skep_local *local = fn->params[i].local;
		struct skep_value value = {
			.type = local->type,
			.val = skep_ir_param(in->fn, (unsigned)i),
		};
		int r;

		if (!skep_type_is_scalar(local->type)) {
			local->instance = in->instance;
			local->var = NULL;
			local->parts = NULL;
			local->addr = value.val;
			local->off = 0;
			continue;
		}
		skep_lower_local_begin(in, local);
		r = skep_lower_local_set(in, local, &value);
		if (r < 0)
			return r;
	}
	return 0;
}

static int no_room(struct skep_lower *in, const struct skep_fn_node *fn)
{
	skep_diag_error(in->c->diag, fn->loc,
			"%s() has %d parameters, and asks for something of the probe", fn->name,
			SKEP_FN_PARAMS_MAX);
	skep_diag_hint(
		in->c->diag,
		"functions that use arguments, stacks or the probe's name have one parameter less");
	return -EINVAL;
}

static int lower_body(struct skep_lower *in, struct skep_fn_node *fn)
{
	bool room = fn->n_params < SKEP_FN_PARAMS_MAX;
	struct skep_var *ctx = skep_ir_var(in->fn, "context");
	struct skep_block *first = skep_ir_block(in->fn);
	struct skep_value result = { .val = skep_ir_const(in->fn, 0) };
	int r;

	skep_ir_set_ctx(in->fn, ctx);
	in->start = skep_ir_block(in->fn);
	in->done = skep_ir_block(in->fn);
	skep_ir_jump(in->fn, in->start);
	skep_ir_at(in->fn, first);
	if (in->result)
		skep_lower_local_home(in, in->result, false); /* known to loops that return */
	r = take_params(in, fn);
	if (r == 0)
		r = skep_lower_block(in, &fn->body);
	if (r < 0)
		return r;
	skep_ir_jump(in->fn, in->done);
	skep_ir_at(in->fn, in->done);
	if (in->result)
		result = skep_lower_local_get(in, in->result);
	skep_ir_ret(in->fn, result.val);
	fn->uses_ctx = skep_ir_ctx_used(in->fn);
	skep_ir_at(in->fn, in->start);
	if (fn->uses_ctx && !room)
		return no_room(in, fn);
	if (fn->uses_ctx)
		skep_ir_set(in->fn, ctx, skep_ir_param(in->fn, (unsigned)fn->n_params));
	skep_ir_jump(in->fn, first);
	return 0;
}

/* The subprogram, made when this instance first calls it. */
static int lower_fn(struct skep_lower *l, struct skep_fn_node *fn)
{
	struct skep_local result = { .name = "result", .loc = fn->loc, .type = fn->as };
	struct skep_lower in = {
		.c = l->c,
		.inst = l->inst,
		.gen = l->gen,
		.prog = l->prog,
		.result = fn->as->kind == SKEP_TYPE_VOID ? NULL : &result,
		.rounds = 1,
	};
	int r;

	if (fn->code && fn->code_of == l->inst)
		return 0;
	in.fn = skep_gen_subprog(l->gen, fn->name, (unsigned)fn->n_params + 1);
	in.instance = ++l->c->n_bodies;
	skep_ir_loc(in.fn, fn->loc);
	skep_lower_name(l->c, in.fn, skep_arena_printf(l->c->arena, "%s()", fn->name));
	r = lower_body(&in, fn);
	fn->code = in.fn;
	fn->code_of = l->inst;
	return r;
}

/* A text, where it is or as its parameter wants it. */
static int text_argument(struct skep_lower *l, const struct skep_value *value,
			 const struct skep_type *as, struct skep_val **ret_val)
{
	struct skep_value own = { .type = as, .space = SKEP_SPACE_BPF };
	int r;

	if (value->space == SKEP_SPACE_BPF && !value->literal && skep_type_equal(value->type, as)) {
		*ret_val = skep_lower_at(l, value->val, value->off);
		return 0;
	}
	own.val = skep_lower_object(l, as->size, "argument", &own.off);
	r = skep_lower_store(l, value, as, own.val, own.off);
	if (r < 0)
		return r;
	*ret_val = skep_lower_at(l, own.val, own.off);
	return 0;
}

int skep_lower_fn_call(struct skep_lower *l, const struct skep_expr *expr,
		       struct skep_value *ret_value)
{
	struct skep_fn_node *fn = expr->call.fn;
	struct skep_val *args[SKEP_FN_PARAMS_MAX] = {};
	unsigned n = (unsigned)fn->n_params;
	int r;

	for (unsigned i = 0; i < n; i++) {
		const struct skep_type *as = fn->params[i].as;
		struct skep_value value;

		r = skep_lower_expr(l, expr->call.args.data[i], &value);
		if (r == 0 && !skep_type_is_scalar(as))
			r = text_argument(l, &value, as, &args[i]);
		else if (r == 0 && value.type->kind == SKEP_TYPE_PTR && as->kind == SKEP_TYPE_INT)
			args[i] = skep_lower_untype(l, value.val);
		else
			args[i] = value.val;
		if (r < 0)
			return r;
	}
	r = lower_fn(l, fn);
	if (r < 0)
		return r;
	if (fn->uses_ctx)
		args[n++] = skep_ir_ctx(l->fn);
	/* It may write maps. */
	skep_lower_known_forget(l, NULL);
	*ret_value = (struct skep_value){
		.type = expr->type,
		.val = skep_ir_call_local(l->fn, fn->code, n, args[0], args[1], args[2], args[3],
					  args[4]),
	};
	return 0;
}
