/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Maps as a whole, and single keys of them. What concerns every key is done by user space; one key by the program.
 */
#include <errno.h>
#include <stddef.h>

#include "lang/builtin/builtins.h"
#include "lang/check_priv.h"
#include "lang/lower_priv.h"

/* A bare @map as an argument. */
static int map_argument(struct skep_check *k, struct skep_expr *call)
{
	struct skep_expr *map = call->call.args.data[0];

	if (map->kind != SKEP_EXPR_MAP)
		return skep_check_want(k, map, "a map");
	if (map->map.has_keys) {
		skep_diag_error(k->c->diag, map->loc, "%s() takes a whole map", call->call.name);
		skep_diag_hint(k->c->diag, "write %s(@%s); for a single key use delete(@%s, key)",
			       call->call.name, map->map.name, map->map.name);
		return -EINVAL;
	}
	return skep_check_map_whole(k, map);
}

/* --- clear, zero ------------------------------------------------------------------------------------------ */

static int check_whole(struct skep_check *k, struct skep_expr *call)
{
	call->type = &skep_type_void;
	return map_argument(k, call);
}

static int send_whole(struct skep_lower *l, const struct skep_expr *call,
		      enum skep_action_kind kind)
{
	struct skep_plan_action action = {
		.kind = kind,
		.map = call->call.args.data[0]->map.info->index,
		.schema = { .name = call->call.name, .version = 1 },
		.loc = call->loc,
	};

	return skep_lower_row(l, &action, NULL, 0);
}

static int lower_clear(struct skep_lower *l, const struct skep_expr *call,
		       struct skep_value *ret_value)
{
	return send_whole(l, call, SKEP_ACTION_CLEAR);
}

static int lower_zero(struct skep_lower *l, const struct skep_expr *call,
		      struct skep_value *ret_value)
{
	return send_whole(l, call, SKEP_ACTION_ZERO);
}

/* --- delete, has_key -------------------------------------------------------------------------------------- */

/* The key is an argument of its own, and not written behind the map. */
static bool has_own_key(const struct skep_expr *call)
{
	return call->call.args.data[0]->map.keys.data == &call->call.args.data[1];
}

/* delete(@m[1], @m[2]) of old scripts. */
static int check_elements(struct skep_check *k, struct skep_expr *call)
{
	for (size_t i = 0; i < call->call.args.len; i++) {
		struct skep_expr *arg = call->call.args.data[i];
		int r;

		if (arg->kind != SKEP_EXPR_MAP) {
			r = skep_check_error(k, arg->loc, "%s() takes a map and one key",
					     call->call.name);
			skep_diag_hint(k->c->diag, "several keys are one tuple: %s(@m, (1, 2))",
				       call->call.name);
			return r;
		}
		r = skep_check_map(k, arg);
		if (r < 0)
			return r;
	}
	if (k->c->diag && k->c->options->verbose)
		skep_diag_add(k->c->diag, SKEP_DIAG_NOTE, call->loc,
			      "%s() takes one map and its key by now: a call for each",
			      call->call.name);
	return 0;
}

/*
 * delete(@m, key) and the older delete(@m[key]) are the same tree from here on: the first argument becomes @m[key]. Checked
 * once for each instance, so it may already be so.
 */
static int check_key(struct skep_check *k, struct skep_expr *call)
{
	struct skep_expr *map = call->call.args.data[0];
	int r;

	call->type = skep_type_bool();
	if (map->kind != SKEP_EXPR_MAP)
		return skep_check_want(k, map, "a map");
	if (call->call.args.len == 2 && !map->map.has_keys) {
		map->map.keys = (struct skep_expr_list){ &call->call.args.data[1], 1 };
		map->map.has_keys = true;
	}
	if (call->call.args.len > 1 && !has_own_key(call))
		return check_elements(k, call);
	if (map->map.has_keys && !has_own_key(call) && k->c->diag && k->c->options->verbose)
		skep_diag_add(k->c->diag, SKEP_DIAG_NOTE, call->loc,
			      "%s() is written %s(@%s, key) by now", call->call.name,
			      call->call.name, map->map.name);
	r = skep_check_map(k, map);
	if (r < 0)
		return r;
	if (!map->map.has_keys && map->map.info->keyed_known && map->map.info->keyed) {
		skep_diag_error(k->c->diag, map->loc, "%s() needs a key of @%s", call->call.name,
				map->map.name);
		skep_diag_hint(k->c->diag, "write %s(@%s, key); clear(@%s) removes every key",
			       call->call.name, map->map.name, map->map.name);
		return -EINVAL;
	}
	return 0;
}

static int delete_one(struct skep_lower *l, const struct skep_expr *call,
		      const struct skep_expr *expr, struct skep_value *ret_value)
{
	const struct skep_map_info *map = expr->map.info;
	struct skep_val *key, *was;
	int r;

	switch (map->store) {
	case SKEP_STORE_STRIPED:
		r = send_whole(l, call, SKEP_ACTION_CLEAR);
		return r < 0 ? r : skep_builtin_give(ret_value, call, skep_ir_const(l->fn, 1));
	case SKEP_STORE_SCALAR:
		key = skep_lower_map_scalar(l, map);
		was = skep_ir_load(l->fn, key, 0, 8, 0);
		skep_lower_clear(l, key, 0, 8 + ALIGN_UP(map->value_size, 8u));
		return skep_builtin_give(ret_value, call, was);
	default:
		r = skep_lower_map_key(l, expr, &key);
		if (r < 0)
			return r;
		skep_lower_known_forget(l, map);
		was = skep_ir_call(l->fn, SKEP_HELPER_MAP_DELETE_ELEM, 0, 2,
				   skep_ir_map(l->fn, map->spec_map), key);
		if (!ret_value)
			return 0;
		return skep_builtin_give(ret_value, call,
					 skep_ir_cmp(l->fn, SKEP_CC_EQ, was,
						     skep_ir_const(l->fn, 0)));
	}
}

static int lower_delete(struct skep_lower *l, const struct skep_expr *call,
			struct skep_value *ret_value)
{
	size_t n = has_own_key(call) ? 1 : call->call.args.len;
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++)
		r = delete_one(l, call, call->call.args.data[i], ret_value);
	return r;
}

static int lower_has_key(struct skep_lower *l, const struct skep_expr *call,
			 struct skep_value *ret_value)
{
	const struct skep_expr *expr = call->call.args.data[0];
	const struct skep_map_info *map = expr->map.info;
	struct skep_val *key, *found;
	int r;

	if (map->store == SKEP_STORE_SCALAR)
		return skep_builtin_give(ret_value, call,
					 skep_ir_load(l->fn, skep_lower_map_scalar(l, map), 0, 8,
						      0));
	if (map->store == SKEP_STORE_STRIPED)
		return skep_lower_bug(l, call->loc, "has_key() of an aggregation without keys");
	r = skep_lower_map_key(l, expr, &key);
	if (r < 0)
		return r;
	found = skep_ir_call(l->fn, SKEP_HELPER_MAP_LOOKUP_ELEM, SKEP_CALL_NOEFFECT, 2,
			     skep_ir_map(l->fn, map->spec_map), key);
	return skep_builtin_give(ret_value, call,
				 skep_ir_cmp(l->fn, SKEP_CC_NE, found, skep_ir_const(l->fn, 0)));
}

/* --- len -------------------------------------------------------------------------------------------------- */

static int check_len_stack(struct skep_check *k, struct skep_expr *call)
{
	struct skep_expr *arg = call->call.args.data[0];
	int r = skep_check_expr(k, arg);

	if (r < 0 || !arg->type)
		return r;
	if (arg->type->kind != SKEP_TYPE_KSTACK && arg->type->kind != SKEP_TYPE_USTACK) {
		r = skep_check_want(k, arg, "a map or a stack");
		if (arg->type->kind == SKEP_TYPE_STRING)
			skep_diag_hint(k->c->diag, "the length of a text is strlen()");
		return r;
	}
	k->c->stack_lens = true;
	return 0;
}

static int can_walk(struct skep_check *k, const struct skep_expr *call)
{
	if (!k->c->world->has || skep_check_has(k, SKEP_WORLD_FOR_EACH))
		return 0;
	skep_diag_error(k->c->diag, call->loc, "not supported on this kernel: len() of a map");
	skep_diag_hint(k->c->diag, "the helper for_each_map_elem came with Linux 5.13; without it "
				   "BEGIN, END, interval and self can ask");
	return -ENOTSUP;
}

static int check_len(struct skep_check *k, struct skep_expr *call)
{
	const struct skep_expr *map = call->call.args.data[0];
	int r;

	call->type = skep_type_int(8, true);
	if (map->kind != SKEP_EXPR_MAP || map->map.has_keys)
		return check_len_stack(k, call);
	r = map_argument(k, call);
	if (map->map.info)
		map->map.info->looked_into = true;
	if (r >= 0 && map->map.info->value && !map->map.info->keyed &&
	    (map->map.info->value->kind == SKEP_TYPE_KSTACK ||
	     map->map.info->value->kind == SKEP_TYPE_USTACK))
		return check_len_stack(k, call);
	if (r < 0 || !k->final)
		return r;
	if (map->map.info->keyed)
		return can_walk(k, call);
	skep_diag_error(k->c->diag, map->loc, "@%s has no keys that could be counted",
			map->map.name);
	skep_diag_hint(k->c->diag, "len() is the number of keys of a map such as @m[pid]");
	return -EINVAL;
}

/* The kernel's walk over a map tells how many elements it has seen; there is nothing to do at each. */
static struct skep_fn *visitor(struct skep_lower *l)
{
	struct skep_compiler *c = l->c;

	if (!c->visitor) {
		c->visitor = skep_gen_subprog(l->gen, "visit", 4);
		skep_lower_name(c, c->visitor, "callback of len()");
		skep_ir_ret(c->visitor, skep_ir_const(c->visitor, 0));
	}
	return c->visitor;
}

static int lower_len(struct skep_lower *l, const struct skep_expr *call,
		     struct skep_value *ret_value)
{
	const struct skep_expr *arg = call->call.args.data[0];
	const struct skep_map_info *map;

	if (arg->kind != SKEP_EXPR_MAP || arg->map.has_keys || !arg->map.info->key)
		return skep_builtin_stack_len(l, call, ret_value);
	map = arg->map.info;
	if (map->store != SKEP_STORE_HASH && map->store != SKEP_STORE_PERCPU_HASH)
		return skep_lower_bug(l, call->loc, "len() of a map without keys");
	return skep_builtin_give(
		ret_value, call,
		skep_ir_call(l->fn, SKEP_HELPER_FOR_EACH_MAP_ELEM, SKEP_CALL_NOEFFECT, 4,
			     skep_ir_map(l->fn, map->spec_map), skep_ir_func(l->fn, visitor(l)),
			     skep_ir_const(l->fn, 0), skep_ir_const(l->fn, 0)));
}

#define ON_MAP(word, text, least, most, extra, check_fn, lower_fn) \
	const struct skep_builtin skep_builtin_##word = {          \
		.name = #word,                                     \
		.usage = text,                                     \
		.min_args = least,                                 \
		.max_args = most,                                  \
		.flags = SKEP_BUILTIN_RAW | (extra),               \
		.check = check_fn,                                 \
		.lower = lower_fn,                                 \
	}

ON_MAP(clear, "clear(@map)", 1, 1, SKEP_BUILTIN_STATEMENT, check_whole, lower_clear);
ON_MAP(zero, "zero(@map)", 1, 1, SKEP_BUILTIN_STATEMENT, check_whole, lower_zero);
ON_MAP(delete, "delete(@map, key)", 1, 16, 0, check_key, lower_delete);
ON_MAP(has_key, "has_key(@map, key)", 2, 2, 0, check_key, lower_has_key);
ON_MAP(len, "len(@map) or len(stack)", 1, 1, 0, check_len, lower_len);
