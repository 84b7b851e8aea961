/* SPDX-License-Identifier: Apache-2.0 */
/*
 * network(): which of some networks an address is in. The list is read when the script is compiled; the answer is a number
 * that is shown as its name, so it is a small key.
 *
 *	network(pkt.saddr, "office=10.1.0.0/16,office=10.2.0.0/16,2001:db8::/32")
 *		0: in none of them; 1: office; 2: 2001:db8::/32
 */
#include <errno.h>
#include <string.h>

#include "base/vec.h"
#include "lang/address.h"
#include "lang/builtin/builtins.h"
#include "lang/check_priv.h"
#include "lang/lower_priv.h"

#define NETWORKS_MAX 128

struct network {
	const char *text; /* "10.1.0.0/16" */
	int64_t value;
};

struct networks {
	struct skep_enum names;
	struct network *list;
	size_t n;
};

/* "office=10.1.0.0/16", or without a name of its own. The same name is the same number. */
static void add(struct skep_check *k, struct networks *n, const char **names, const char *entry)
{
	const char *equals = strchr(entry, '=');
	const char *name =
		equals ? skep_arena_strndup(k->c->arena, entry, (size_t)(equals - entry)) : entry;
	size_t i = 1;

	while (i < n->names.n && !skep_streq(names[i], name))
		i++;
	if (i == n->names.n)
		names[n->names.n++] = name;
	n->list[n->n++] = (struct network){ equals ? equals + 1 : entry, (int64_t)i };
}

static int read_list(struct skep_check *k, const struct skep_expr *arg, const char *text,
		     struct networks **ret)
{
	struct skep_arena *arena = k->c->arena;
	struct networks *n = skep_arena_calloc(arena, 1, sizeof(*n));
	const char **names = skep_arena_calloc(arena, NETWORKS_MAX + 1, sizeof(*names));
	int64_t *values = skep_arena_calloc(arena, NETWORKS_MAX + 1, sizeof(*values));
	const char *bad = NULL;

	n->list = skep_arena_calloc(arena, NETWORKS_MAX, sizeof(*n->list));
	names[n->names.n++] = "other";
	for (size_t len; *text && !bad; text += len + (text[len] == ',')) {
		len = strcspn(text, ",");
		if (n->n == NETWORKS_MAX)
			return skep_check_error(k, arg->loc, "these are more than %d networks",
						NETWORKS_MAX);
		add(k, n, names, skep_arena_strndup(arena, text, len));
		if (!skep_address_is_network(n->list[n->n - 1].text))
			bad = n->list[n->n - 1].text;
	}
	if (bad || !n->n) {
		int r = skep_check_error(k, arg->loc, "\"%s\" is no IP address or network",
					 bad ? bad : "");

		skep_diag_hint(k->c->diag, "a list of networks, with names or without: "
					   "\"office=10.1.0.0/16,2001:db8::/32\"");
		return r;
	}
	for (size_t i = 0; i < n->names.n; i++)
		values[i] = (int64_t)i;
	n->names.name = "";
	n->names.names = names;
	n->names.values = values;
	*ret = n;
	return 0;
}

/* The same list is the same type, wherever it stands. */
static int find_list(struct skep_check *k, const struct skep_expr *arg, const char *text,
		     struct networks **ret)
{
	int r;

	*ret = skep_hash_get_str(&k->c->networks, text);
	if (*ret)
		return 0;
	r = read_list(k, arg, text, ret);
	if (r == 0)
		skep_hash_set_str(&k->c->networks, text, *ret);
	return r;
}

static int check_network(struct skep_check *k, struct skep_expr *call)
{
	const struct skep_expr *address = call->call.args.data[0], *list = call->call.args.data[1];
	struct skep_type type = { .kind = SKEP_TYPE_INT, .size = 4 };
	const char *text = skep_check_literal(k, list);
	struct networks *n;
	int r;

	call->type = skep_type_int(4, false);
	if (!text)
		return skep_check_want(k, list, "a list of networks in quotes");
	if (address->type && address->type->kind != SKEP_TYPE_INET)
		return skep_check_want(k, address,
				       "an IP address, such as pkt.saddr or what ntop() gives");
	r = find_list(k, list, text, &n);
	if (r < 0)
		return r;
	type.enum_own = &n->names;
	call->type = skep_arena_memdup(k->c->arena, &type, sizeof(type));
	call->call.state = n;
	return 0;
}

static int lower_network(struct skep_lower *l, const struct skep_expr *call,
			 struct skep_value *ret_value)
{
	const struct networks *n = call->call.state;
	struct skep_block *done = skep_ir_block(l->fn);
	struct skep_var *which = skep_ir_var(l->fn, "network");
	struct skep_value address;
	int r = skep_lower_expr(l, call->call.args.data[0], &address);

	if (r >= 0)
		r = skep_lower_bytes(l, &address);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n->n; i++) {
		struct skep_block *in = skep_ir_block(l->fn), *not = skep_ir_block(l->fn);

		skep_address_match(l, &address, n->list[i].text, in, not );
		skep_ir_at(l->fn, in);
		skep_ir_set(l->fn, which, skep_ir_const(l->fn, (uint64_t)n->list[i].value));
		skep_ir_jump(l->fn, done);
		skep_ir_at(l->fn, not );
	}
	skep_ir_set(l->fn, which, skep_ir_const(l->fn, 0));
	skep_ir_jump(l->fn, done);
	skep_ir_at(l->fn, done);
	return skep_builtin_give(ret_value, call, skep_ir_get(l->fn, which));
}

const struct skep_builtin skep_builtin_network = {
	.name = "network",
	.usage = "network(address, \"list\")",
	.min_args = 2,
	.max_args = 2,
	.check = check_network,
	.lower = lower_network,
};
