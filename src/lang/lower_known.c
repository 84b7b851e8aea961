/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lowering, what is already known of maps: `/@start[tid]/ { ... nsecs - @start[tid] ... }` asks the map once.
 *
 * An element that was read where every later statement comes past it is remembered under its key's expression, until
 * this program writes the map. Another CPU may write meanwhile, but then the first answer is as good as the second.
 *
 * What is read only on some paths (l->conditional) is not remembered; a loop, whose end comes before its start again,
 * forgets everything.
 */
#include "lang/lower_priv.h"

static bool same_list(const struct skep_expr_list *a, const struct skep_expr_list *b);

/* Expressions that surely have the same value anywhere in one run of a program. */
static bool same(const struct skep_expr *a, const struct skep_expr *b)
{
	if (a->kind != b->kind)
		return false;
	switch (a->kind) {
	case SKEP_EXPR_INT:
		return a->num.value == b->num.value;
	case SKEP_EXPR_STRING:
		return a->text.len == b->text.len &&
		       memcmp(a->text.data, b->text.data, a->text.len) == 0;
	case SKEP_EXPR_PARAM:
		return a->param.index == b->param.index;
	case SKEP_EXPR_NAME:
		return a->call.builtin && a->call.builtin->flags & SKEP_BUILTIN_STEADY &&
		       skep_streq(a->call.name, b->call.name);
	case SKEP_EXPR_FIELD:
		return a->field.base->kind == SKEP_EXPR_NAME &&
		       skep_streq(a->field.name, b->field.name) &&
		       same(a->field.base, b->field.base);
	case SKEP_EXPR_TUPLE:
		return same_list(&a->tuple, &b->tuple);
	default:
		return false;
	}
}

static bool same_list(const struct skep_expr_list *a, const struct skep_expr_list *b)
{
	if (a->len != b->len)
		return false;
	for (size_t i = 0; i < a->len; i++)
		if (!same(a->data[i], b->data[i]))
			return false;
	return true;
}

bool skep_lower_known_find(const struct skep_lower *l, const struct skep_expr *map,
			   struct skep_value *ret_value)
{
	for (unsigned i = 0; i < l->n_known; i++) {
		const struct skep_known *k = &l->known[i];

		if (k->map->map.info == map->map.info &&
		    same_list(&k->map->map.keys, &map->map.keys)) {
			*ret_value = k->value;
			return true;
		}
	}
	return false;
}

void skep_lower_known_add(struct skep_lower *l, const struct skep_expr *map,
			  const struct skep_value *value)
{
	if (l->conditional || l->n_known == SKEP_KNOWN_MAX)
		return;
	l->known[l->n_known++] = (struct skep_known){ map, *value };
}

void skep_lower_known_forget(struct skep_lower *l, const struct skep_map_info *map)
{
	unsigned n = 0;

	for (unsigned i = 0; i < l->n_known; i++)
		if (map && l->known[i].map->map.info != map)
			l->known[n++] = l->known[i];
	l->n_known = n;
}
