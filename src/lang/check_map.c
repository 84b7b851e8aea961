/* SPDX-License-Identifier: Apache-2.0 */
/* Maps: their keys and values, and assignments to maps and variables. */
#include <errno.h>

#include "lang/builtin.h"
#include "lang/check_priv.h"

/* "first used with another key at line 3" */
static void hint_place(struct skep_check *k, const char *what, struct skep_loc loc)
{
	skep_diag_hint(k->c->diag, "%s at line %u, column %u", what, loc.line, loc.col);
}

/* The type of the keys as written; NULL: one of them is not known yet. */
static int key_type(struct skep_check *k, struct skep_expr *expr, const struct skep_type **ret_type)
{
	const struct skep_expr_list *keys = &expr->map.keys;
	const struct skep_type **types;
	bool known = true;
	int r = 0;

	types = skep_arena_calloc(k->c->arena, keys->len, sizeof(*types));
	for (size_t i = 0; i < keys->len; i++) {
		int r2 = skep_check_expr(k, keys->data[i]);
		const struct skep_type *type = keys->data[i]->type;

		if (r2 >= 0 && type && (type->kind == SKEP_TYPE_VOID || !type->size))
			r2 = skep_check_want(k, keys->data[i], "a value");
		r = r < 0 ? r : r2;
		if (!type || r2 < 0)
			known = false;
		else
			types[i] = skep_check_promote(k, type, true);
	}
	*ret_type = NULL;
	if (r >= 0 && known)
		*ret_type =
			keys->len == 1 ? types[0] : skep_type_tuple(&k->c->types, types, keys->len);
	return r;
}

static unsigned n_keys(const struct skep_type *key)
{
	return key->kind == SKEP_TYPE_TUPLE && !key->is_record ? (unsigned)key->n_fields : 1;
}

static int wrong_key(struct skep_check *k, const struct skep_expr *expr,
		     const struct skep_type *key)
{
	const struct skep_map_info *m = expr->map.info;

	if (n_keys(key) != n_keys(m->key))
		(void)skep_check_error(k, expr->loc, "@%s has %u key%s here, but %u elsewhere",
				       m->name, n_keys(key), n_keys(key) == 1 ? "" : "s",
				       n_keys(m->key));
	else
		(void)skep_check_error(k, expr->loc, "the key of @%s is %s here, but %s elsewhere",
				       m->name, skep_check_type_text(k, key),
				       skep_check_type_text(k, m->key));
	hint_place(k, "its key was first seen", m->key_loc);
	return -EINVAL;
}

static int set_key(struct skep_check *k, struct skep_expr *expr, const struct skep_type *key)
{
	struct skep_map_info *m = expr->map.info;
	const struct skep_type *both;

	if (!m->key) {
		m->key = key;
		m->key_exprs = &expr->map.keys;
		m->key_loc = expr->loc;
		k->changed = true;
		return 0;
	}
	both = skep_check_unify(k, m->key, key);
	if (!both)
		return wrong_key(k, expr, key);
	if (!skep_type_same(both, m->key)) {
		m->key = both;
		k->changed = true;
	}
	return 0;
}

/* With or without keys: the same everywhere. */
static int set_keyed(struct skep_check *k, const struct skep_expr *expr)
{
	struct skep_map_info *m = expr->map.info;
	bool keyed = expr->map.keys.len > 0;

	if (!m->keyed_known) {
		m->keyed_known = true;
		m->keyed = keyed;
		m->key_loc = expr->loc;
		return 0;
	}
	if (m->keyed == keyed)
		return 0;
	if (keyed)
		(void)skep_check_error(k, expr->loc, "@%s has a key here, but none elsewhere",
				       m->name);
	else
		(void)skep_check_error(k, expr->loc, "@%s needs its key here", m->name);
	hint_place(k, keyed ? "it is used without a key" : "it is used with a key", m->key_loc);
	return -EINVAL;
}

/* Finds the map and settles its key. */
static int resolve(struct skep_check *k, struct skep_expr *expr, bool bare_ok)
{
	const struct skep_type *key;
	int r;

	expr->map.info = skep_compiler_map(k->c, expr->map.name, expr->loc);
	if (bare_ok && !expr->map.keys.len)
		return 0;
	r = set_keyed(k, expr);
	if (!expr->map.keys.len)
		return r;
	if (r < 0) {
		(void)!key_type(k, expr, &key);
		return r;
	}
	r = key_type(k, expr, &key);
	if (r < 0 || !key)
		return r;
	return set_key(k, expr, key);
}

static int never_assigned(struct skep_check *k, const struct skep_expr *expr)
{
	struct skep_map_info *m = expr->map.info;
	struct skep_map_info *other = NULL;
	unsigned best = 3;

	if (m->failed || k->c->incomplete)
		return -EINVAL; /* told where it should have got its value */
	if (k->c->left_out) {	/* nobody is there to write it: it stays empty */
		m->value = skep_type_int(8, true);
		k->changed = true;
		return 0;
	}
	for (size_t i = 0; i < k->c->maps.len; i++) {
		struct skep_map_info *o = k->c->maps.data[i];
		unsigned d = skep_edit_distance(m->name, o->name, 2);

		if (o != m && o->value && o->name[0] && d < best) {
			best = d;
			other = o;
		}
	}
	(void)skep_check_error(k, expr->loc, "nothing in this script assigns @%s", m->name);
	if (other)
		skep_diag_hint(k->c->diag, "did you mean @%s?", other->name);
	else
		skep_diag_hint(k->c->diag, "give it a value somewhere: @%s = ...", m->name);
	return -EINVAL;
}

int skep_check_map(struct skep_check *k, struct skep_expr *expr)
{
	int r = resolve(k, expr, true);

	expr->map.info->looked_into = true;
	if (r < 0)
		return r;
	if (!expr->map.info->value && k->final)
		return never_assigned(k, expr);
	return 0;
}

int skep_check_map_whole(struct skep_check *k, struct skep_expr *expr)
{
	struct skep_map_info *m = skep_compiler_map(k->c, expr->map.name, expr->loc);
	bool looked_into = m->looked_into || expr->map.has_keys;
	int r = skep_check_map(k, expr);

	m->looked_into = looked_into;
	return r;
}

int skep_check_agg_number(struct skep_check *k, const struct skep_map_info *m, struct skep_loc loc)
{
	int r;

	if (!skep_type_agg_number(m->value)) {
		r = skep_check_error(k, loc, "@%s is a histogram (%s), which is no number", m->name,
				     skep_check_type_text(k, m->value));
		skep_diag_hint(k->c->diag, "print(@%s) shows it", m->name);
		return r;
	}
	if (!m->keyed || skep_check_has(k, SKEP_WORLD_PERCPU_ELEM))
		return 0;
	(void)skep_check_error(k, loc,
			       "not supported on this kernel: reading @%s, which has a value for "
			       "each CPU (%s)",
			       m->name, skep_check_type_text(k, m->value));
	skep_diag_hint(k->c->diag,
		       "the helper map_lookup_percpu_elem came with Linux 5.19; "
		       "print(@%s) shows it, and what is counted by @%s[...] += 1 can be read",
		       m->name, m->name);
	return -ENOTSUP;
}

static int read_agg(struct skep_check *k, struct skep_expr *expr)
{
	const struct skep_map_info *m = expr->map.info;
	int r = skep_check_agg_number(k, m, expr->loc);

	if (r == 0)
		expr->type = skep_type_agg_number(m->value);
	return r;
}

int skep_check_map_read(struct skep_check *k, struct skep_expr *expr)
{
	int r = resolve(k, expr, false);
	struct skep_map_info *m = expr->map.info;

	m->looked_into = true;
	if (r < 0)
		return r;
	if (!m->value) {
		r = k->final ? never_assigned(k, expr) : 0;
		if (r < 0 || !m->value)
			return r;
	}
	if (skep_type_is_agg(m->value))
		return read_agg(k, expr);
	expr->type = m->value;
	return 0;
}

/* Who writes decides whether aggregations must be atomic. */
static void note_writer(struct skep_check *k, struct skep_map_info *m)
{
	m->atomic |= k->inst->preemptible;
	m->interruptible_writer |= k->inst->interruptible;
	m->hasty_writer |= !k->inst->can_wait;
	m->event_writer |= !k->inst->user_run;
	if (!m->writer)
		m->writer = k->inst;
	else if (m->writer != k->inst)
		m->many_writers = true;
}

static int wrong_value(struct skep_check *k, const struct skep_expr *expr,
		       const struct skep_type *type)
{
	const struct skep_map_info *m = expr->map.info;

	(void)skep_check_error(k, expr->loc, "@%s gets %s here, but it holds %s", m->name,
			       skep_check_type_text(k, type), skep_check_type_text(k, m->value));
	hint_place(k, "a map keeps one type of value; its first one came", m->value_loc);
	return -EINVAL;
}

static int set_value(struct skep_check *k, const struct skep_expr *expr,
		     const struct skep_type *type, const struct skep_expr *value)
{
	struct skep_map_info *m = expr->map.info;
	bool is_result =
		value && value->kind == SKEP_EXPR_NAME && skep_streq(value->call.name, "retval");
	const struct skep_type *both, *number = skep_type_int(8, false);

	note_writer(k, m);
	type = skep_check_promote(k, type, true);
	if (!m->value) {
		m->of_result = is_result;
		m->value = type;
		m->value_loc = expr->loc;
		k->changed = true;
		return 0;
	}
	/* 0 is the null pointer, whichever came first. */
	if (m->value->kind == SKEP_TYPE_PTR && value && skep_check_is_zero(value))
		return 0;
	m->of_result &= is_result;
	both = skep_check_unify(k, m->value, type);
	if (!both)
		return wrong_value(k, expr, type);
	/* Of results that no signed number holds all are shown without a sign, as registers are. */
	if (m->of_result && both->kind == SKEP_TYPE_INT &&
	    (skep_type_same(m->value, number) || skep_type_same(type, number)))
		both = number;
	if (!skep_type_same(both, m->value)) {
		m->value = both;
		k->changed = true;
	}
	return 0;
}

/* One map, one unit; where none is said it is that of the others. */
static int set_unit(struct skep_check *k, const struct skep_expr *expr, const char *unit)
{
	struct skep_map_info *m = expr->map.info;
	int r;

	if (!unit || !m->unit || skep_streq(unit, m->unit)) {
		m->unit = unit ? unit : m->unit;
		return 0;
	}
	r = skep_check_error(k, expr->loc, "@%s gets numbers in %s here, but it holds %s", m->name,
			     unit, m->unit);
	hint_place(k, "a map has one unit; it came", m->value_loc);
	return r;
}

static int assign_map(struct skep_check *k, struct skep_expr *expr)
{
	struct skep_expr *target = expr->binary.left, *value = expr->binary.right;
	const struct skep_type *type;
	struct skep_map_info *m;
	int r, r2;

	r = resolve(k, target, false);
	m = target->map.info;
	k->agg_ok = expr->binary.op == SKEP_BINARY_NONE;
	r2 = skep_check_expr(k, value);
	k->agg_ok = false;
	type = value->type;
	if (r2 >= 0 && type && expr->binary.op != SKEP_BINARY_NONE) {
		target->type = m->value ? m->value : skep_type_int(8, true);
		r2 = skep_check_arith(k, expr, expr->binary.op, target, value, &type);
	} else if (r2 >= 0 && type && (type->kind == SKEP_TYPE_VOID || !type->size)) {
		r2 = skep_check_want(k, value, "a value");
	}
	if (r2 >= 0 && type)
		r2 = set_value(k, target, type, value);
	if (r2 >= 0 && value->kind == SKEP_EXPR_CALL)
		r2 = set_unit(k, target, value->call.unit);
	else if (r2 < 0 && !m->value)
		m->failed = true;
	if (r < 0 || r2 < 0)
		return r < 0 ? r : r2;
	target->type = expr->type = m->value;
	return 0;
}

/* What a number becomes that is counted in place: it may outgrow the bytes that it was given with. */
static const struct skep_type *counted(const struct skep_type *type)
{
	bool grows = type && type->kind == SKEP_TYPE_INT && type->narrow && !type->enum_btf &&
		     !type->enum_own;

	return grows ? skep_type_int(8, true) : type;
}

static void count_local(struct skep_check *k, struct skep_local *local)
{
	const struct skep_type *type = counted(local->type);

	if (local->fixed || type == local->type)
		return;
	local->type = type;
	k->locals_changed = true;
}

static int assign_var(struct skep_check *k, struct skep_expr *expr)
{
	struct skep_expr *target = expr->binary.left, *value = expr->binary.right;
	struct skep_local *local = skep_check_local(k, target->var.name);
	int r;

	if (expr->binary.op != SKEP_BINARY_NONE) {
		const struct skep_type *type;

		r = skep_check_expr(k, target);
		if (r >= 0)
			r = skep_check_expr(k, value);
		if (r < 0 || !value->type)
			return r;
		if (!target->type)
			target->type = skep_type_int(8, true);
		r = skep_check_arith(k, expr, expr->binary.op, target, value, &type);
		if (r < 0 || !type)
			return r;
		count_local(k, target->var.local);
		expr->type = target->type;
		return 0;
	}
	r = skep_check_expr(k, value);
	if (!local && r >= 0)
		local = skep_check_revive(k, target->var.name, value);
	if (!local)
		local = skep_check_declare(k, target->var.name, target->loc, &target->var.local);
	target->var.local = local;
	if (r < 0) {
		local->failed |= !local->type;
		return r;
	}
	r = skep_check_local_set(k, local, value, expr->loc);
	target->type = expr->type = local->type;
	return r;
}

int skep_check_assign(struct skep_check *k, struct skep_expr *expr)
{
	struct skep_expr *target = expr->binary.left;
	int r;

	if (target->kind == SKEP_EXPR_MAP)
		return assign_map(k, expr);
	if (target->kind == SKEP_EXPR_VAR)
		return assign_var(k, expr);
	r = skep_check_error(k, target->loc, "this cannot be assigned to");
	if (target->kind == SKEP_EXPR_FIELD || target->kind == SKEP_EXPR_INDEX ||
	    (target->kind == SKEP_EXPR_UNARY && target->unary.op == SKEP_UNARY_DEREF))
		skep_diag_hint(k->c->diag, "programs only read the memory that they look at");
	else
		skep_diag_hint(k->c->diag, "only maps (@name) and variables ($name) hold values");
	return r;
}

int skep_check_step(struct skep_check *k, struct skep_expr *expr)
{
	struct skep_expr *target = expr->unary.operand;
	const struct skep_type *type;
	int r;

	if (target->kind == SKEP_EXPR_MAP) {
		r = resolve(k, target, false);
		if (r < 0)
			return r;
		type = target->map.info->value;
		if (type && type->kind != SKEP_TYPE_INT && type->kind != SKEP_TYPE_PTR) {
			r = skep_check_error(k, target->loc,
					     "@%s holds %s, which cannot be counted up",
					     target->map.info->name, skep_check_type_text(k, type));
			if (skep_type_is_agg(type))
				skep_diag_hint(k->c->diag, "use either ++ or %s() for this map",
					       skep_check_type_text(k, type));
			return r;
		}
		r = set_value(k, target, type ? counted(type) : skep_type_int(8, true), NULL);
		target->type = expr->type = target->map.info->value;
		return r;
	}
	if (target->kind != SKEP_EXPR_VAR)
		return skep_check_error(k, target->loc, "++ and -- need a map or a variable");
	r = skep_check_expr(k, target);
	if (r < 0 || !target->type)
		return r;
	if (target->type->kind != SKEP_TYPE_INT && target->type->kind != SKEP_TYPE_PTR)
		return skep_check_want(k, target, "a number");
	count_local(k, target->var.local);
	expr->type = target->type;
	return 0;
}
