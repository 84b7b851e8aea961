/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/fn.h"

#include <string.h>

#include "base/str.h"
#include "lang/walk.h"

struct skep_fn_node *skep_fn_find(const struct skep_script *script, const char *name)
{
	for (size_t i = 0; i < script->n_fns; i++)
		if (skep_streq(script->fns[i]->name, name))
			return script->fns[i];
	return NULL;
}

const struct skep_fn_node *skep_fn_nearest(const struct skep_script *script, const char *name)
{
	const struct skep_fn_node *near = NULL;
	unsigned best = 3;

	for (size_t i = 0; i < script->n_fns; i++) {
		unsigned d = skep_edit_distance(name, script->fns[i]->name, 2);

		if (d >= best || d >= strlen(name))
			continue;
		best = d;
		near = script->fns[i];
	}
	return near;
}

struct reach {
	const struct skep_script *script;
	struct skep_probe_node *probe;
};

static bool find_call(void *data, struct skep_expr *expr)
{
	struct reach *r = data;
	struct skep_fn_node *fn = NULL;

	if (expr->kind == SKEP_EXPR_CALL)
		fn = skep_fn_find(r->script, expr->call.name);
	for (size_t i = 0; fn && i < r->probe->n_fns; i++)
		if (r->probe->fns[i] == fn)
			return true;
	if (fn)
		r->probe->fns[r->probe->n_fns++] = fn;
	return true;
}

void skep_fn_reach(struct skep_arena *arena, struct skep_script *script)
{
	for (size_t i = 0; script->n_fns && i < script->n_probes; i++) {
		struct reach r = { script, script->probes[i] };

		r.probe->fns = skep_arena_calloc(arena, script->n_fns, sizeof(*r.probe->fns));
		r.probe->n_fns = 0;
		skep_walk_expr(r.probe->predicate, find_call, &r);
		skep_walk_block(&r.probe->body, find_call, &r);
		/* The list grows meanwhile. */
		for (size_t j = 0; j < r.probe->n_fns; j++)
			skep_walk_block(&r.probe->fns[j]->body, find_call, &r);
	}
}
