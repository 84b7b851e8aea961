/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions of the script. A function is checked where it is first called in a pass, with no variables in scope but its
 * parameters; a call that is met while its function is being checked is recursion.
 */
#include <errno.h>
#include <string.h>

#include "lang/builtin.h"
#include "lang/check_priv.h"
#include "lang/fn.h"
#include "lang/hook.h"
#include "lang/provider.h"

static bool is_macro(const struct skep_script *script, const char *name)
{
	for (size_t i = 0; i < script->n_macros; i++)
		if (skep_streq(script->macros[i]->name, name))
			return true;
	return false;
}

int skep_check_fn_names(struct skep_compiler *c)
{
	const struct skep_script *script = c->script;
	int r = 0;

	for (size_t i = 0; i < script->n_fns; i++) {
		const struct skep_fn_node *fn = script->fns[i];

		if (skep_builtin_find(fn->name)) {
			skep_diag_error(c->diag, fn->name_loc, "%s is a function of the language",
					fn->name);
			skep_diag_hint(c->diag, "take another name");
			r = -EINVAL;
		} else if (is_macro(script, fn->name)) {
			skep_diag_error(c->diag, fn->name_loc, "there is a macro %s, too",
					fn->name);
			skep_diag_hint(c->diag, "take another name for one of them");
			r = -EINVAL;
		} else if (skep_fn_find(script, fn->name) != fn) {
			skep_diag_error(c->diag, fn->name_loc, "there are two functions %s()",
					fn->name);
			skep_diag_hint(c->diag, "the first one is at line %u",
				       skep_fn_find(script, fn->name)->name_loc.line);
			r = -EINVAL;
		}
	}
	return r;
}

void skep_check_fn_unused(struct skep_compiler *c)
{
	/* Among mistakes a misspelt call is more likely. */
	if (c->incomplete || (c->diag && c->diag->n_errors))
		return;
	for (size_t i = 0; i < c->script->n_fns; i++) {
		const struct skep_fn_node *fn = c->script->fns[i];

		/* A library has more than one script uses. */
		if (fn->pass || (c->script->n_lines && fn->name_loc.line > c->script->n_lines))
			continue;
		skep_diag_warn(c->diag, fn->name_loc, "nothing calls %s()", fn->name);
		skep_diag_hint(c->diag, "it is not looked at any further");
	}
}

static int param_type(struct skep_check *k, struct skep_fn_param *param)
{
	const struct skep_type *type = NULL;
	int r = skep_check_type_name(k, &param->type, &type);

	param->as = NULL;
	if (r < 0 || !type)
		return r;
	if (type->kind == SKEP_TYPE_INT || type->kind == SKEP_TYPE_PTR ||
	    (type->kind == SKEP_TYPE_STRING && type->size)) {
		param->as = type;
		return 0;
	}
	r = skep_check_error(k, param->type.loc, "a parameter cannot be %s",
			     skep_check_type_text(k, type));
	skep_diag_hint(k->c->diag,
		       "parameters are numbers, pointers and string[N]; hand over a "
		       "pointer: %s *",
		       skep_check_type_text(k, type));
	return r;
}

static int result_type(struct skep_check *k, struct skep_fn_node *fn)
{
	const struct skep_type *type = &skep_type_void;
	int r = 0;

	fn->as = NULL;
	if (fn->result.name || fn->result.of)
		r = skep_check_type_name(k, &fn->result, &type);
	if (r < 0 || !type)
		return r;
	if (type->kind == SKEP_TYPE_VOID || type->kind == SKEP_TYPE_INT ||
	    type->kind == SKEP_TYPE_PTR) {
		fn->as = type;
		return 0;
	}
	r = skep_check_error(k, fn->result.loc, "a function cannot return %s",
			     skep_check_type_text(k, type));
	skep_diag_hint(k->c->diag, "it returns a number or a pointer, or nothing (void); others "
				   "can be left in a map: @name[tid] = ...");
	return r;
}

static int head_types(struct skep_check *k, struct skep_fn_node *fn)
{
	int r = result_type(k, fn);

	for (size_t i = 0; i < fn->n_params; i++) {
		int r2 = param_type(k, &fn->params[i]);

		r = r < 0 ? r : r2;
	}
	return r;
}

static void declare_params(struct skep_check *k, struct skep_fn_node *fn)
{
	for (size_t i = 0; i < fn->n_params; i++) {
		struct skep_fn_param *param = &fn->params[i];
		struct skep_local *local =
			skep_check_declare(k, param->name, param->loc, &param->local);

		local->declared = local->fixed = true;
		local->type = param->as;
		local->failed = !param->as;
		/* Texts stay where the caller has them. */
		local->given = param->as && param->as->kind == SKEP_TYPE_STRING;
	}
}

/* The body, in a scope of its own. */
static int check_body(struct skep_check *k, struct skep_fn_node *fn)
{
	struct skep_check outer = *k;
	int r, r2;

	memset(&k->locals, 0, sizeof(k->locals));
	memset(&k->ended, 0, sizeof(k->ended));
	k->loop_depth = 0;
	k->fn = fn;
	k->fn_depth++;
	r = head_types(k, fn);
	declare_params(k, fn);
	r2 = skep_check_block(k, &fn->body);
	skep_vec_fini(&k->locals);
	skep_vec_fini(&k->ended);
	memcpy(&k->locals, &outer.locals, sizeof(k->locals));
	memcpy(&k->ended, &outer.ended, sizeof(k->ended));
	k->loop_depth = outer.loop_depth;
	k->fn = outer.fn;
	k->fn_depth--;
	return r < 0 ? r : r2;
}

/* Once a pass, where it is first called. */
static int check_fn(struct skep_check *k, struct skep_fn_node *fn, struct skep_loc loc)
{
	int r;

	if (fn->checking) {
		r = skep_check_error(k, loc, "%s() calls itself%s", fn->name,
				     k->fn == fn ? "" : " through others");
		skep_diag_hint(k->c->diag,
			       "the kernel runs no recursion; use a loop: for $i : 0..N");
		return r;
	}
	if (fn->pass == k->c->n_passes)
		return fn->failed ? -EINVAL : 0;
	if (k->fn_depth == SKEP_FN_DEPTH_MAX) {
		r = skep_check_error(k, loc, "functions call each other more than %d deep",
				     SKEP_FN_DEPTH_MAX);
		skep_diag_hint(k->c->diag, "the kernel allows no more; put some of them together");
		return r;
	}
	fn->pass = k->c->n_passes;
	fn->checking = true;
	r = check_body(k, fn);
	fn->checking = false;
	fn->failed = r < 0;
	return r;
}

/* Whether a value of type @from can be handed over or returned as @to. */
static bool fits(struct skep_check *k, const struct skep_expr *value, const struct skep_type *to)
{
	const struct skep_type *from = value->type;

	if (to->kind == SKEP_TYPE_PTR && skep_check_is_zero(value))
		return true;
	if (to->kind == SKEP_TYPE_INT)
		return from->kind == SKEP_TYPE_INT;
	if (to->kind == SKEP_TYPE_STRING)
		return from->kind == SKEP_TYPE_STRING;
	/* What the checker knows of where it points, or nothing. */
	return from->kind == SKEP_TYPE_PTR &&
	       (!to->elem || !from->elem || skep_type_equal(to->elem, from->elem));
}

static int wrong_count(struct skep_check *k, const struct skep_expr *expr,
		       const struct skep_fn_node *fn)
{
	_cleanup_(skep_str_fini)
	struct skep_str usage = {};
	int r = skep_check_error(k, expr->loc, "%s() takes %zu argument%s, here %s %zu", fn->name,
				 fn->n_params, fn->n_params == 1 ? "" : "s",
				 expr->call.args.len == 1 ? "is" : "are", expr->call.args.len);

	for (size_t i = 0; i < fn->n_params; i++)
		skep_str_addf(&usage, "%s$%s", i ? ", " : "", fn->params[i].name);
	skep_diag_hint(k->c->diag, "it is written %s(%s)", fn->name, skep_str_text(&usage));
	return r;
}

int skep_check_fn_call(struct skep_check *k, struct skep_expr *expr, struct skep_fn_node *fn)
{
	const struct skep_expr_list *args = &expr->call.args;
	int r = check_fn(k, fn, expr->call.name_loc), r2 = 0;

	expr->call.fn = fn;
	if (fn->checking)
		return r;
	for (size_t i = 0; i < args->len; i++) {
		const struct skep_type *to = i < fn->n_params ? fn->params[i].as : NULL;
		struct skep_expr *arg = args->data[i];

		r2 = skep_check_expr(k, arg);
		if (r2 >= 0 && to && arg->type && !fits(k, arg, to)) {
			r2 = skep_check_error(k, arg->loc, "$%s of %s() is %s, but this is %s",
					      fn->params[i].name, fn->name,
					      skep_check_type_text(k, to),
					      skep_check_type_text(k, arg->type));
			if (skep_type_is_scalar(to) && skep_type_is_scalar(arg->type))
				skep_diag_hint(k->c->diag, "cast it: (%s)...",
					       skep_check_type_text(k, to));
			else
				skep_diag_hint(k->c->diag, "give it what line %u asks for",
					       fn->params[i].loc.line);
		}
		r = r < 0 ? r : r2;
	}
	if (r >= 0 && args->len != fn->n_params)
		r = wrong_count(k, expr, fn);
	if (r >= 0)
		expr->type = fn->as;
	return r;
}

int skep_check_return(struct skep_check *k, struct skep_stmt *stmt)
{
	const struct skep_fn_node *fn = k->fn;
	int r = stmt->expr ? skep_check_expr(k, stmt->expr) : 0;

	if (!fn && r >= 0 && stmt->expr && k->inst->hook) {
		r = skep_check_error(k, stmt->expr->loc,
				     "this probe returns a verdict, not a value");
		skep_diag_hint(k->c->diag, "its verdicts are %s",
			       skep_hook_verdicts(k->c->arena, k->inst->hook));
		return r;
	}
	if (!fn && r >= 0 && stmt->expr && k->final && !k->inst->provider->returns) {
		skep_diag_warn(k->c->diag, stmt->expr->loc,
			       "a probe returns to nobody: this value is dropped");
		skep_diag_hint(k->c->diag, "write return; exit(1) ends tracing with a status");
	}
	if (!fn && r >= 0 && stmt->expr && stmt->expr->type &&
	    k->inst->user.kind == SKEP_USER_TEST && stmt->expr->type->kind != SKEP_TYPE_INT) {
		r = skep_check_error(k, stmt->expr->loc, "a test returns a number: 0, it passed");
		skep_diag_hint(k->c->diag,
			       "assert(CONDITION, \"what is wrong\") fails with a text");
		return r;
	}
	if (!fn || r < 0 || !fn->as)
		return r;
	if (!stmt->expr) {
		if (fn->as->kind == SKEP_TYPE_VOID)
			return 0;
		r = skep_check_error(k, stmt->loc, "%s() returns %s: the value is missing",
				     fn->name, skep_check_type_text(k, fn->as));
		skep_diag_hint(k->c->diag, "write return with a value");
		return r;
	}
	if (!stmt->expr->type)
		return 0;
	if (fn->as->kind == SKEP_TYPE_VOID) {
		r = skep_check_error(k, stmt->expr->loc, "%s() returns nothing", fn->name);
		skep_diag_hint(
			k->c->diag, "say what it returns behind its parameters: fn %s(...) : %s",
			fn->name,
			skep_check_type_text(k, skep_check_promote(k, stmt->expr->type, true)));
		return r;
	}
	if (fits(k, stmt->expr, fn->as))
		return 0;
	r = skep_check_error(k, stmt->expr->loc, "%s() returns %s, but this is %s", fn->name,
			     skep_check_type_text(k, fn->as),
			     skep_check_type_text(k, stmt->expr->type));
	skep_diag_hint(k->c->diag, "return %s, or say in line %u that it returns something else",
		       skep_check_type_text(k, fn->as), fn->name_loc.line);
	return r;
}
