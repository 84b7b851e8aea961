/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/probe_name.h"

#include "lang/check_priv.h"
#include "lang/func_index.h"
#include "lang/lower_priv.h"
#include "lang/need.h"
#include "record/schema.h"

static bool is_name(const struct skep_expr *expr)
{
	return expr->kind == SKEP_EXPR_NAME && expr->type && expr->type->kind == SKEP_TYPE_PROBE;
}

bool skep_probe_name_compares(const struct skep_expr *a, const struct skep_expr *b)
{
	return (is_name(a) && b->kind == SKEP_EXPR_STRING) ||
	       (is_name(b) && a->kind == SKEP_EXPR_STRING);
}

static bool has_name(const struct skep_match *m, const struct skep_expr *name, const char *text)
{
	return skep_streq(skep_streq(name->call.name, "func") ? skep_func_name(m) : m->name, text);
}

static bool is_known(const struct skep_compiler *c, const struct skep_expr *name, const char *text)
{
	for (size_t i = 0; i < c->instances.len; i++)
		for (size_t m = 0; m < c->instances.data[i]->n_matches; m++)
			if (has_name(&c->instances.data[i]->matches[m], name, text))
				return true;
	return false;
}

void skep_probe_name_check(struct skep_check *k, const struct skep_expr *expr)
{
	const struct skep_expr *left = expr->binary.left, *right = expr->binary.right;
	const struct skep_expr *name = is_name(left) ? left : right;
	const struct skep_expr *text = name == left ? right : left;
	const struct skep_match *m;

	/* Which names a pattern stands for is only known where the script runs. */
	if (k->inst->open)
		skep_need_refuse(&k->c->types, expr->loc, "comparing a pattern's probe with a text",
				 "name the functions, each in a probe of its own");
	if (!k->final || k->c->types.needs || k->c->left_out ||
	    is_known(k->c, name, text->text.data))
		return;
	skep_diag_warn(k->c->diag, expr->loc, "no %s of this script is called '%s'",
		       name->call.name, text->text.data);
	m = k->inst->n_matches ? &k->inst->matches[0] : NULL;
	if (m)
		skep_diag_hint(k->c->diag, "here it is '%s'",
			       skep_streq(name->call.name, "func") ? skep_func_name(m) : m->name);
}

int skep_probe_name_lower(struct skep_lower *l, const struct skep_expr *a,
			  const struct skep_expr *b, struct skep_block *equal,
			  struct skep_block *different)
{
	const struct skep_expr *name = is_name(a) ? a : b, *text = name == a ? b : a;
	const struct skep_instance *inst = l->inst;
	struct skep_val *index;
	size_t n = 0;

	for (size_t i = 0; i < inst->n_matches; i++)
		n += has_name(&inst->matches[i], name, text->text.data);
	if (n == 0 || n == inst->n_matches) {
		skep_ir_jump(l->fn, n ? equal : different);
		return 0;
	}
	index = skep_lower_probe_index(l);
	for (size_t i = 0; i < inst->n_matches; i++) {
		struct skep_block *next;

		if (!has_name(&inst->matches[i], name, text->text.data))
			continue;
		next = --n ? skep_ir_block(l->fn) : different;
		skep_ir_branch(l->fn, SKEP_CC_EQ, index,
			       skep_ir_const(l->fn, inst->matches[i].probe_index), equal, next);
		if (n)
			skep_ir_at(l->fn, next);
	}
	return 0;
}
