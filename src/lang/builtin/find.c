/* SPDX-License-Identifier: Apache-2.0 */
/*
 * find(): has_key() and a read in one look at the map.
 */
#include <errno.h>

#include "lang/builtin/builtins.h"
#include "lang/check_priv.h"
#include "lang/lower_priv.h"

/* The variable that takes the value: any that there is, or a new one. */
static int check_out(struct skep_check *k, struct skep_expr *out, const struct skep_map_info *map)
{
	struct skep_expr value = { .kind = SKEP_EXPR_MAP, .loc = out->loc, .type = map->value };
	struct skep_local *local;

	if (out->kind != SKEP_EXPR_VAR) {
		int r = skep_check_expr(k, out);

		return r < 0 ? r
			     : skep_check_want(k, out,
					       "a variable such as $value, for what is found");
	}
	local = skep_check_local(k, out->var.name);
	if (!local)
		local = skep_check_declare(k, out->var.name, out->loc, &out->var.local);
	out->var.local = local;
	if (map->value && skep_type_is_agg(map->value)) {
		int r = skep_check_error(k, out->loc, "find() does not add up the aggregation @%s",
					 map->name);

		skep_diag_hint(k->c->diag, "ask has_key(@%s, key), then read @%s[key]", map->name,
			       map->name);
		return r;
	}
	return skep_check_local_set(k, local, &value, out->loc);
}

/* As of delete(): from here on the first argument is @map[key]. */
static int check_find(struct skep_check *k, struct skep_expr *call)
{
	struct skep_expr *map = call->call.args.data[0];
	int r;

	call->type = skep_type_bool();
	if (map->kind != SKEP_EXPR_MAP) {
		r = skep_check_expr(k, map);
		return r < 0 ? r : skep_check_want(k, map, "a map");
	}
	if (!map->map.has_keys) {
		map->map.keys = (struct skep_expr_list){ &call->call.args.data[1], 1 };
		map->map.has_keys = true;
	}
	r = skep_check_map(k, map);
	return r < 0 ? r : check_out(k, call->call.args.data[2], map->map.info);
}

static int lower_find(struct skep_lower *l, const struct skep_expr *call,
		      struct skep_value *ret_value)
{
	const struct skep_expr *expr = call->call.args.data[0];
	const struct skep_map_info *map = expr->map.info;
	struct skep_local *local = call->call.args.data[2]->var.local;
	struct skep_block *hit = skep_ir_block(l->fn), *miss = skep_ir_block(l->fn),
			  *join = skep_ir_block(l->fn);
	struct skep_var *found = skep_ir_var(l->fn, "found");
	struct skep_value value;
	struct skep_val *key, *at;
	int r;

	if (map->store != SKEP_STORE_HASH)
		return skep_lower_bug(l, call->loc, "find() in a map of this kind");
	skep_lower_local_home(l, local, false);
	r = skep_lower_map_key(l, expr, &key);
	if (r < 0)
		return r;
	at = skep_ir_call(l->fn, SKEP_HELPER_MAP_LOOKUP_ELEM, SKEP_CALL_NOEFFECT, 2,
			  skep_ir_map(l->fn, map->spec_map), key);
	skep_ir_branch(l->fn, SKEP_CC_NE, at, skep_ir_const(l->fn, 0), hit, miss);
	skep_ir_at(l->fn, hit);
	r = skep_lower_load(l, map->value, at, 0, SKEP_SPACE_BPF, &value);
	if (r < 0)
		return r;
	r = skep_lower_local_set(l, local, &value);
	if (r < 0)
		return r;
	skep_ir_set(l->fn, found, skep_ir_const(l->fn, 1));
	skep_ir_jump(l->fn, join);
	skep_ir_at(l->fn, miss);
	skep_ir_set(l->fn, found, skep_ir_const(l->fn, 0));
	skep_ir_jump(l->fn, join);
	skep_ir_at(l->fn, join);
	return skep_builtin_give(ret_value, call, skep_ir_get(l->fn, found));
}

const struct skep_builtin skep_builtin_find_value = {
	.name = "find",
	.usage = "find(@map, key, $value)",
	.min_args = 3,
	.max_args = 3,
	.flags = SKEP_BUILTIN_RAW,
	.check = check_find,
	.lower = lower_find,
};
