/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skboutput(): a packet into a pcap file, which user space writes.
 *
 * The bytes come from the linear part of the struct sk_buff, in any probe that has a pointer to one; what a packet keeps in
 * fragments is not read. A hook's own packet is its ctx, and the kernel copies from it, wherever the bytes are. The row
 * carries what is there of it, and how long the packet is.
 */
#include <errno.h>

#include "lang/builtin/builtins.h"
#include "lang/check_priv.h"
#include "lang/hook.h"
#include "lang/lower_priv.h"

/* Offsets in struct xdp_md and struct __sk_buff. */
#define XDP_DATA 0
#define XDP_DATA_END 4
#define SKB_LEN 0

/* Offsets in struct sk_buff. */
struct layout {
	struct skep_field len, data_len, data;
};

struct state {
	struct layout skb;
	enum skep_packet_view view; /* of ctx; NONE: a struct sk_buff */
	const char *file;
};

/* What copies bytes of a hook's packet. */
static enum skep_helper_id copier(const struct state *state)
{
	return state->view == SKEP_PACKET_FRAME ? SKEP_HELPER_XDP_LOAD_BYTES
						: SKEP_HELPER_SKB_LOAD_BYTES;
}

static bool find_layout(struct skep_types *types, const struct skep_type *skb, struct layout *l)
{
	return skb && skep_type_field(types, skb, "len", SKEP_SPACE_KERNEL, &l->len) &&
	       skep_type_field(types, skb, "data_len", SKEP_SPACE_KERNEL, &l->data_len) &&
	       skep_type_field(types, skb, "data", SKEP_SPACE_KERNEL, &l->data);
}

/* Whether the packet is the hook's own, as `ctx`. */
static bool is_own_packet(const struct skep_check *k, const struct skep_expr *arg)
{
	return k->inst && k->inst->hook && k->inst->hook->packet && arg->kind == SKEP_EXPR_NAME &&
	       skep_streq(arg->call.name, "ctx");
}

static int check_own_packet(struct skep_check *k, struct skep_expr *call, struct state *state)
{
	state->view = k->inst->hook->packet;
	if (skep_hook_has_helper(k->c->world, k->inst, copier(state)))
		return 0;
	return skep_check_error(k, call->loc, "this kernel does not copy packets of %s",
				k->inst->hook->name);
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
			       k->inst && k->inst->hook && k->inst->hook->packet
				       ? "the packet of this probe is ctx"
				       : "a bare address becomes one by (struct sk_buff *)address");
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
	return is_own_packet(k, args[1]) ? check_own_packet(k, call, state)
					 : check_skb(k, call, state);
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

/* Bytes of the packet that is ctx. */
static struct skep_val *own_length(struct skep_lower *l, const struct state *state)
{
	struct skep_val *ctx = skep_ir_ctx(l->fn);

	if (state->view == SKEP_PACKET_FRAME)
		return skep_ir_op(l->fn, SKEP_OP_SUB,
				  skep_ir_load(l->fn, ctx, XDP_DATA_END, 4, SKEP_LOAD_PURE),
				  skep_ir_load(l->fn, ctx, XDP_DATA, 4, SKEP_LOAD_PURE));
	return skep_ir_load(l->fn, ctx, SKB_LEN, 4, SKEP_LOAD_PURE);
}

static void copy_own(struct skep_lower *l, const struct state *state, struct skep_val *to,
		     struct skep_val *n, struct skep_val *offset)
{
	struct skep_block *some = skep_ir_block(l->fn), *join = skep_ir_block(l->fn);

	skep_ir_branch(l->fn, SKEP_CC_UGT, n, skep_ir_const(l->fn, 0), some, join);
	skep_ir_at(l->fn, some);
	skep_lower_check_read(l, skep_ir_call(l->fn, copier(state), 0, 4, skep_ir_ctx(l->fn),
					      offset, to, n));
	skep_ir_jump(l->fn, join);
	skep_ir_at(l->fn, join);
}

/* Fills the row; gives how many bytes of the packet it has. Leaves for @outside where the packet ends before the offset. */
static int fill(struct skep_lower *l, const struct skep_expr *call, const struct state *state,
		const struct skep_row_build *row, struct skep_block *outside,
		struct skep_val **ret_size)
{
	struct skep_val *skb = NULL, *length, *offset, *len, *n, *to;
	struct skep_block *inside = skep_ir_block(l->fn);
	const struct layout *o = &state->skb;
	int r = 0;

	if (!state->view)
		r = skep_lower_scalar(l, call->call.args.data[1], &skb);
	if (r < 0)
		return r;
	r = skep_lower_scalar(l, call->call.args.data[2], &length);
	if (r < 0)
		return r;
	r = skep_lower_scalar(l, call->call.args.data[3], &offset);
	if (r < 0)
		return r;
	len = skb ? read_u(l, skb, &o->len, 4) : own_length(l, state);
	skep_ir_branch(l->fn, SKEP_CC_ULT, offset, len, inside, outside);
	skep_ir_at(l->fn, inside);
	n = skb ? minus(l, len, read_u(l, skb, &o->data_len, 4)) : len;
	n = smaller(l, minus(l, n, offset), length);
	n = smaller(l, n, skep_ir_const(l->fn, SKEP_PACKET_MAX));
	skep_ir_store(l->fn, row->addr, row->off, 8,
		      skep_ir_call(l->fn, SKEP_HELPER_KTIME_GET_BOOT_NS, SKEP_CALL_NOEFFECT, 0));
	skep_ir_store(l->fn, row->addr, row->off + 8, 4, minus(l, len, offset));
	skep_ir_store(l->fn, row->addr, row->off + 12, 4, n);
	to = skep_lower_at(l, row->addr, row->off + SKEP_PACKET_HEAD);
	if (skb)
		skep_lower_check_read(
			l, skep_lower_read_call(l, false, to, n,
						skep_ir_op(l->fn, SKEP_OP_ADD,
							   read_u(l, skb, &o->data, 8), offset),
						SKEP_SPACE_KERNEL));
	else
		copy_own(l, state, to, n, offset);
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
	struct skep_block *join = skep_ir_block(l->fn);
	struct skep_var *result = skep_ir_var(l->fn, "result");
	struct skep_row_build row;
	struct skep_val *size;
	int r;

	skep_ir_set(l->fn, result, skep_ir_const(l->fn, (uint64_t)-EINVAL));
	r = skep_lower_row_open(l, &action, SKEP_PACKET_HEAD + SKEP_PACKET_MAX, &row);
	if (r < 0)
		return r;
	r = fill(l, call, state, &row, join, &size);
	if (r < 0)
		return r;
	size = skep_ir_opi(l->fn, SKEP_OP_ADD, size, SKEP_PACKET_HEAD);
	skep_ir_set(l->fn, result, skep_lower_row_send(l, &row, size));
	skep_ir_jump(l->fn, join);
	skep_ir_at(l->fn, join);
	return skep_builtin_give(ret_value, call, skep_ir_get(l->fn, result));
}

const struct skep_builtin skep_builtin_skboutput = {
	.name = "skboutput",
	.usage = "skboutput(\"file\", skb, length, offset)",
	.min_args = 4,
	.max_args = 4,
	.check = check_skboutput,
	.lower = lower_skboutput,
};
