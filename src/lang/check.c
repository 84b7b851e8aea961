/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rounds of checking.
 *
 *	round:  every instance ──► types of maps become known or wider ──► again while they change
 *	final:  every instance once more, with messages
 *
 * Within an instance the same happens for its variables. Outside of the final round c->diag is
 * NULL, which swallows every message, so that nobody who reports must know which round it is.
 * Types only ever grow, and there are few steps to grow, so the rounds end; a bound makes sure.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lang/builtin.h"
#include "lang/check_priv.h"
#include "lang/macro.h"
#include "lang/match.h"
#include "lang/walk.h"

#define ROUNDS_MAX 16
#define PATIENT_ROUNDS 4 /* before what still grows goes to its limit */

int skep_check_error(struct skep_check *k, struct skep_loc loc, const char *fmt, ...)
{
	char what[1024];
	va_list ap;

	if (!k->c->diag)
		return -EINVAL;
	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	skep_diag_error(k->c->diag, loc, "%s", what);
	return -EINVAL;
}

const char *skep_check_type_text(struct skep_check *k, const struct skep_type *type)
{
	return skep_type_text(&k->c->types, type);
}

/* A block without a value where one is wanted. */
static int no_value(struct skep_check *k, const struct skep_expr *expr)
{
	int r;

	if (expr->block.macro)
		r = skep_check_error(k, expr->loc, "macro %s gives no value", expr->block.macro);
	else
		r = skep_check_error(k, expr->loc, "this block gives no value");
	skep_diag_hint(k->c->diag, "its last line is the value, without ';': { $x = 1; $x + 1 }");
	return r;
}

int skep_check_want(struct skep_check *k, const struct skep_expr *expr, const char *what)
{
	if (expr->kind == SKEP_EXPR_BLOCK && expr->type && expr->type->kind == SKEP_TYPE_VOID)
		return no_value(k, expr);
	if (!expr->type)
		return skep_check_error(k, expr->loc, "this must be %s", what);
	if (expr->type->kind == SKEP_TYPE_STRING && strstr(what, "number") &&
	    skep_check_not_number(k, expr))
		return -EINVAL;
	(void)skep_check_error(k, expr->loc, "this must be %s, but it is %s", what,
			       skep_check_type_text(k, expr->type));
	if (expr->type->kind == SKEP_TYPE_VOID)
		skep_diag_hint(k->c->diag, "what has no value is a statement of its own");
	else if (expr->type->kind == SKEP_TYPE_STRING && strstr(what, "number"))
		skep_diag_hint(k->c->diag, skep_check_quoted_number(expr)
						   ? "numbers stand without quotes"
						   : "a text is no number: put one here");
	else if (expr->type->kind == SKEP_TYPE_INT && strstr(what, "text"))
		skep_diag_hint(k->c->diag, "texts stand in quotes; str(pointer) reads one");
	return -EINVAL;
}

bool skep_check_is_zero(const struct skep_expr *expr)
{
	return expr->kind == SKEP_EXPR_INT && expr->num.value == 0;
}

int skep_check_truth(struct skep_check *k, struct skep_expr *expr, const char *what)
{
	int r = skep_check_expr(k, expr);

	if (r < 0 || !expr->type || expr->type->kind == SKEP_TYPE_INT ||
	    expr->type->kind == SKEP_TYPE_PTR)
		return r;
	r = skep_check_error(k, expr->loc, "%s must be a number or a comparison, but it is %s",
			     what, skep_check_type_text(k, expr->type));
	if (expr->type->kind == SKEP_TYPE_STRING)
		skep_diag_hint(k->c->diag, "compare it: ... != \"\"");
	return r;
}

static int check_pass(struct skep_check *k)
{
	int r = 0, r2;

	k->locals.len = k->ended.len = 0;
	k->locals_changed = false;
	k->loop_depth = 0;
	k->c->n_passes++;
	if (k->inst->probe->predicate)
		r = skep_check_truth(k, k->inst->probe->predicate, "a predicate");
	r2 = skep_check_block(k, &k->inst->probe->body);
	k->fresh = false;
	return r < 0 ? r : r2;
}

static bool is_known(const struct skep_diag *diag, const struct skep_diag_item *item)
{
	for (size_t i = 0; i < diag->n_items; i++)
		if (diag->items[i].loc.line == item->loc.line &&
		    diag->items[i].loc.col == item->loc.col &&
		    skep_streq(diag->items[i].what, item->what))
			return true;
	return false;
}

/* What the instances of one body say alike is said once. */
static void merge(struct skep_diag *to, const struct skep_diag *from)
{
	bool known = false;

	for (size_t i = 0; to && i < from->n_items; i++) {
		const struct skep_diag_item *item = &from->items[i];

		skep_macro_show(item->what);
		if (item->hint)
			skep_macro_show(item->hint);
		/* A note belongs to what stands in front of it. */
		known = (known && item->level == SKEP_DIAG_NOTE) || is_known(to, item);
		if (known)
			continue;
		skep_diag_add(to, item->level, item->loc, "%s", item->what);
		if (item->hint)
			skep_diag_hint(to, "%s", item->hint);
	}
}

/* The one program that the instance's places are in; NULL: none, or several, whose types may differ. */
static const char *binary_of(const struct skep_instance *inst)
{
	enum skep_attach_kind kind = inst->attach.kind;
	const char *path;

	if ((kind != SKEP_ATTACH_UPROBE && kind != SKEP_ATTACH_URETPROBE) || !inst->n_matches)
		return NULL;
	path = inst->matches[0].target.name;
	for (size_t i = 1; i < inst->n_matches; i++)
		if (!skep_streq(inst->matches[i].target.name, path))
			return NULL;
	return path;
}

/* One instance until its variables settle; the last pass with messages when @final. */
static int check_one(struct skep_compiler *c, struct skep_instance *inst, bool final,
		     bool *ret_changed)
{
	struct skep_check k = { .c = c, .inst = inst, .fresh = true };
	struct skep_diag *diag = c->diag, own = {};
	int r;

	c->types.binary = binary_of(inst);
	c->diag = NULL;
	for (unsigned i = 0; i < ROUNDS_MAX; i++) {
		c->settling |= i >= PATIENT_ROUNDS;
		r = check_pass(&k);
		if (!k.locals_changed)
			break;
	}
	if (final) {
		k.final = true;
		c->diag = &own;
		r = check_pass(&k);
	}
	c->diag = diag;
	merge(diag, &own);
	skep_diag_fini(&own);
	skep_vec_fini(&k.locals);
	skep_vec_fini(&k.ended);
	*ret_changed |= k.changed;
	return r;
}

/* What is answered without a probe that fires: whether a function is there, and what the command line says. */
static bool needs_no_probe(void *data, struct skep_expr *expr)
{
	bool *needs_none = data;

	*needs_none &=
		expr->kind == SKEP_EXPR_INT || expr->kind == SKEP_EXPR_STRING ||
		expr->kind == SKEP_EXPR_UNARY || expr->kind == SKEP_EXPR_BINARY ||
		(expr->kind == SKEP_EXPR_CALL && (skep_streq(expr->call.name, "kfunc_exist") ||
						  skep_streq(expr->call.name, "getopt")));
	return *needs_none;
}

bool skep_check_is_for_others(struct skep_compiler *c, struct skep_probe_node *probe)
{
	struct skep_instance nobody = { .probe = probe, .point = &probe->points[0] };
	struct skep_check k = { .c = c, .inst = &nobody, .fresh = true };
	struct skep_diag *diag = c->diag;
	bool others = probe->body.len > 0, known = true, yes = false;

	c->diag = NULL;
	for (size_t i = 0; others && i < probe->body.len; i++) {
		struct skep_stmt *s = probe->body.data[i];

		others = s->kind == SKEP_STMT_IF && s->branch.comptime && !s->branch.no.len;
		if (others)
			skep_walk_expr(s->branch.cond, needs_no_probe, &others);
		others = others && skep_check_comptime(&k, s->branch.cond, &known, &yes) == 0 &&
			 known && !yes;
	}
	c->diag = diag;
	skep_vec_fini(&k.locals);
	skep_vec_fini(&k.ended);
	return others;
}

bool skep_check_has(struct skep_check *k, enum skep_world_feature feature)
{
	struct skep_instance *inst = k->inst;

	if (skep_world_has(k->c->world, feature))
		return true;
	if (!k->c->world->machine || !inst->user_run || inst->user.kind > SKEP_USER_SIGNAL)
		return false;
	inst->user.by_machine = true;
	return true;
}

int skep_check_instance(struct skep_compiler *c, struct skep_instance *inst)
{
	bool changed = false;

	inst->user.by_machine = false; /* what bodies of `if comptime` want is known by now */
	return check_one(c, inst, true, &changed);
}

/* Two programs add to a map at once when one can interrupt the other, or itself. */
static void find_atomic(struct skep_compiler *c)
{
	for (size_t i = 0; i < c->maps.len; i++) {
		struct skep_map_info *m = c->maps.data[i];

		m->atomic |= m->many_writers && m->interruptible_writer;
	}
}

int skep_check_all(struct skep_compiler *c)
{
	bool changed = true;
	int r = skep_check_fn_names(c);

	if (r < 0)
		return r;
	for (unsigned round = 0; changed && round < ROUNDS_MAX; round++) {
		changed = false;
		c->settling |= round >= PATIENT_ROUNDS;
		for (size_t i = 0; i < c->maps.len; i++)
			c->maps.data[i]->failed = false;
		for (size_t i = 0; i < c->instances.len; i++)
			(void)check_one(c, c->instances.data[i], false, &changed);
	}
	for (size_t i = 0; i < c->instances.len; i++) {
		int r2 = check_one(c, c->instances.data[i], true, &changed);

		r = r < 0 ? r : r2;
	}
	find_atomic(c);
	skep_check_fn_unused(c);
	if (r < 0 && c->diag && !c->diag->n_errors) {
		skep_diag_error(c->diag, c->script->probes[0]->loc,
				"the types of this script do not work out");
		skep_diag_hint(c->diag, "this is a gap in skep itself: please report it together "
					"with the script");
	}
	return r;
}
