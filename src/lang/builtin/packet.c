/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skboutput(): a packet into a pcap file, which user space writes.
 *
 * The bytes come from the linear part of the struct sk_buff, in any probe that has a pointer to one; what a packet keeps in
 * fragments is not read. The row carries what is there of it, and how long the packet is.
 */
#include <errno.h>

#include "lang/builtin/builtins.h"
#include "lang/check_priv.h"
#include "lang/lower_priv.h"

/* Offsets in struct sk_buff. */
struct layout {
	struct skep_field len, data_len, data;
};

struct state {
	struct layout skb;
	const char *file;
};

static bool find_layout(struct skep_types *types, const struct skep_type *skb, struct layout *l)
{
	return skb && skep_type_field(types, skb, "len", SKEP_SPACE_KERNEL, &l->len) &&
	       skep_type_field(types, skb, "data_len", SKEP_SPACE_KERNEL, &l->data_len) &&
	       skep_type_field(types, skb, "data", SKEP_SPACE_KERNEL, &l->data);
}

static int check_skb(struct skep_check *k, struct skep_expr *call, struct state *state)
{
	const struct skep_type *skb = NULL;
	const struct skep_expr *arg = call->call.args.data[1];
	int r;

	if (k->c->types.btf)
		skb = skep_type_of_kernel(&k->c->types, "struct sk_buff");
	if (!find_layout(&k->c->types, skb, &state->skb)) {
		r = skep_check_error(k, call->loc, "skboutput() is not available here");
		skep_diag_hint(k->c->diag, "it needs a kernel that describes its packets (BTF)");
		return r;
	}
	if (arg->type && (arg->type->kind != SKEP_TYPE_PTR || !arg->type->elem ||
			  !skep_type_equal(arg->type->elem, skb))) {
		r = skep_check_want(k, arg, "a struct sk_buff *");
		skep_diag_hint(k->c->diag,
			       "a bare address becomes one by (struct sk_buff *)address");
		return r;
	}
	return 0;
}

static int check_skboutput(struct skep_check *k, struct skep_expr *call)
{
	struct skep_expr *const *args = call->call.args.data;
	struct state *state = skep_arena_calloc(k->c->arena, 1, sizeof(*state));

	call->type = skep_type_int(8, true);
	call->call.state = state;
	state->file = skep_check_literal(k, args[0]);
	if (!state->file || !state->file[0])
		return skep_check_want(k, args[0], "the name of a file in quotes");
	for (size_t i = 2; i < 4; i++)
		if (args[i]->type && args[i]->type->kind != SKEP_TYPE_INT)
			return skep_check_want(k, args[i], "a number of bytes");
	return check_skb(k, call, state);
}

static struct skep_val *read_u(struct skep_lower *l, struct skep_val *skb,
			       const struct skep_field *field, unsigned size)
{
	struct skep_val *slot = skep_ir_slot(l->fn, 8, "skb");
	int off = 0;

	skb = skep_lower_member(l, skb, &off, field);
	skep_lower_read(l, slot, 0, size, skep_lower_at(l, skb, off), SKEP_SPACE_KERNEL);
	return skep_ir_load(l->fn, slot, 0, size, 0);
}

/* a - b, but no less than 0; both below 2^63. */
static struct skep_val *minus(struct skep_lower *l, struct skep_val *a, struct skep_val *b)
{
	struct skep_block *more = skep_ir_block(l->fn), *join = skep_ir_block(l->fn);
	struct skep_var *v = skep_ir_var(l->fn, "rest");

	skep_ir_set(l->fn, v, skep_ir_const(l->fn, 0));
	skep_ir_branch(l->fn, SKEP_CC_SGT, a, b, more, join);
	skep_ir_at(l->fn, more);
	skep_ir_set(l->fn, v, skep_ir_op(l->fn, SKEP_OP_SUB, a, b));
	skep_ir_jump(l->fn, join);
	skep_ir_at(l->fn, join);
	return skep_ir_get(l->fn, v);
}

/* The smaller; @b is what the verifier goes by when it is constant. */
static struct skep_val *smaller(struct skep_lower *l, struct skep_val *a, struct skep_val *b)
{
	struct skep_block *less = skep_ir_block(l->fn), *join = skep_ir_block(l->fn);
	struct skep_var *v = skep_ir_var(l->fn, "smaller");

	skep_ir_set(l->fn, v, b);
	skep_ir_branch(l->fn, SKEP_CC_ULT, a, b, less, join);
	skep_ir_at(l->fn, less);
	skep_ir_set(l->fn, v, a);
	skep_ir_jump(l->fn, join);
	skep_ir_at(l->fn, join);
	return skep_ir_get(l->fn, v);
}

/* Fills the row; gives how many bytes of the packet it has. */
static int fill(struct skep_lower *l, const struct skep_expr *call, const struct state *state,
		const struct skep_row_build *row, struct skep_val **ret_size)
{
	struct skep_val *skb, *length, *offset, *len, *n;
	const struct layout *o = &state->skb;
	int r;

	r = skep_lower_scalar(l, call->call.args.data[1], &skb);
	if (r < 0)
		return r;
	r = skep_lower_scalar(l, call->call.args.data[2], &length);
	if (r < 0)
		return r;
	r = skep_lower_scalar(l, call->call.args.data[3], &offset);
	if (r < 0)
		return r;
	len = read_u(l, skb, &o->len, 4);
	n = minus(l, len, read_u(l, skb, &o->data_len, 4));
	n = smaller(l, minus(l, n, offset), length);
	n = smaller(l, n, skep_ir_const(l->fn, SKEP_PACKET_MAX));
	skep_ir_store(l->fn, row->addr, row->off, 8,
		      skep_ir_call(l->fn, SKEP_HELPER_KTIME_GET_BOOT_NS, SKEP_CALL_NOEFFECT, 0));
	skep_ir_store(l->fn, row->addr, row->off + 8, 4, minus(l, len, offset));
	skep_ir_store(l->fn, row->addr, row->off + 12, 4, n);
	skep_lower_check_read(
		l, skep_lower_read_call(
			   l, false, skep_lower_at(l, row->addr, row->off + SKEP_PACKET_HEAD), n,
			   skep_ir_op(l->fn, SKEP_OP_ADD, read_u(l, skb, &o->data, 8), offset),
			   SKEP_SPACE_KERNEL));
	*ret_size = n;
	return 0;
}

static int lower_skboutput(struct skep_lower *l, const struct skep_expr *call,
			   struct skep_value *ret_value)
{
	const struct state *state = call->call.state;
	struct skep_plan_action action = {
		.kind = SKEP_ACTION_PACKET,
		.text = state->file,
		.schema = { .name = "packet", .version = 1, .size = SKEP_PACKET_HEAD },
		.loc = call->loc,
	};
	struct skep_row_build row;
	struct skep_val *size;
	int r;

	r = skep_lower_row_open(l, &action, SKEP_PACKET_HEAD + SKEP_PACKET_MAX, &row);
	if (r < 0)
		return r;
	r = fill(l, call, state, &row, &size);
	if (r < 0)
		return r;
	size = skep_ir_opi(l->fn, SKEP_OP_ADD, size, SKEP_PACKET_HEAD);
	return skep_builtin_give(ret_value, call, skep_lower_row_send(l, &row, size));
}

const struct skep_builtin skep_builtin_skboutput = {
	.name = "skboutput",
	.usage = "skboutput(\"file\", skb, length, offset)",
	.min_args = 4,
	.max_args = 4,
	.check = check_skboutput,
	.lower = lower_skboutput,
};
