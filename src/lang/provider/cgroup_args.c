/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Places in a cgroup, as one table. The contexts are struct __sk_buff, bpf_sock_addr, bpf_sock, bpf_sysctl, bpf_sockopt
 * and bpf_cgroup_dev_ctx of the kernel's linux/bpf.h.
 */
#include "isa/attachtype.h"
#include "isa/progkind.h"
#include "lang/lower_priv.h"
#include "lang/provider/cgroup.h"

#define TEXT_SIZE 64 /* of names and values of settings, which have few more than 40 bytes */
#define FAMILY_INET 2
#define FAMILY_INET6 10

static const struct skep_cgroup_arg none[] = { {} };

#define ADDR_COMMON                                                         \
	{ "family", SKEP_CGROUP_U32, 28 }, { "type", SKEP_CGROUP_U32, 32 }, \
		{ "protocol", SKEP_CGROUP_U32, 36 },                        \
	{                                                                   \
		"port", SKEP_CGROUP_PORT, 24                                \
	}

static const struct skep_cgroup_arg addr4[] = {
	{ "ip", SKEP_CGROUP_INET4, 4 },
	ADDR_COMMON,
	{},
};
static const struct skep_cgroup_arg addr6[] = {
	{ "ip", SKEP_CGROUP_INET6, 8 },
	ADDR_COMMON,
	{},
};
static const struct skep_cgroup_arg send4[] = {
	{ "ip", SKEP_CGROUP_INET4, 4 },
	{ "src", SKEP_CGROUP_INET4, 40 },
	ADDR_COMMON,
	{},
};
static const struct skep_cgroup_arg send6[] = {
	{ "ip", SKEP_CGROUP_INET6, 8 },
	{ "src", SKEP_CGROUP_INET6, 44 },
	ADDR_COMMON,
	{},
};

#define SOCK_COMMON                                                                   \
	{ "family", SKEP_CGROUP_U32, 4 }, { "type", SKEP_CGROUP_U32, 8 },             \
		{ "protocol", SKEP_CGROUP_U32, 12 }, { "mark", SKEP_CGROUP_U32, 16 }, \
	{                                                                             \
		"priority", SKEP_CGROUP_U32, 20                                       \
	}

static const struct skep_cgroup_arg sock[] = { SOCK_COMMON, {} };
static const struct skep_cgroup_arg bound4[] = {
	{ "ip", SKEP_CGROUP_INET4, 24 },
	{ "port", SKEP_CGROUP_U32, 44 },
	SOCK_COMMON,
	{},
};
static const struct skep_cgroup_arg bound6[] = {
	{ "ip", SKEP_CGROUP_INET6, 28 },
	{ "port", SKEP_CGROUP_U32, 44 },
	SOCK_COMMON,
	{},
};
static const struct skep_cgroup_arg sysctl[] = {
	{ "name", SKEP_CGROUP_SYSCTL, SKEP_HELPER_SYSCTL_GET_NAME },
	{ "value", SKEP_CGROUP_SYSCTL, SKEP_HELPER_SYSCTL_GET_CURRENT_VALUE },
	{ "new_value", SKEP_CGROUP_SYSCTL, SKEP_HELPER_SYSCTL_GET_NEW_VALUE },
	{ "write", SKEP_CGROUP_U32, 0 },
	{},
};
static const struct skep_cgroup_arg getsockopt[] = {
	{ "level", SKEP_CGROUP_U32, 24 },
	{ "optname", SKEP_CGROUP_U32, 28 },
	{ "optlen", SKEP_CGROUP_U32, 32 },
	{ "retval", SKEP_CGROUP_U32, 36 },
	{},
};
static const struct skep_cgroup_arg setsockopt[] = {
	{ "level", SKEP_CGROUP_U32, 24 },
	{ "optname", SKEP_CGROUP_U32, 28 },
	{ "optlen", SKEP_CGROUP_U32, 32 },
	{},
};
static const struct skep_cgroup_arg device[] = {
	{ "type", SKEP_CGROUP_LOW16, 0 },
	{ "access", SKEP_CGROUP_HIGH16, 0 },
	{ "major", SKEP_CGROUP_U32, 4 },
	{ "minor", SKEP_CGROUP_U32, 8 },
	{},
};

#define PLACE(text, kind, at, list, bits, view, how)                                                 \
	{                                                                                            \
		.name = text, .prog_type = SKEP_PROG_##kind, .attach_type = SKEP_AT_CGROUP_##at,   \
		.hook = {                                                                          \
			.name = "cgroup:...:" text,                                                \
			.verdicts = SKEP_VERDICT_BIT(PASS) | (bits),                               \
			.returns = { [SKEP_VERDICT_PASS] = 1 },                                    \
			.packet = view,                                                            \
			.deny = how,                                                               \
		},                                                                                 \
		.args = list, \
	}
#define PACKETS(text, at) \
	PLACE(text, CGROUP_SKB, at, none, SKEP_VERDICT_BIT(DROP), SKEP_PACKET_IP, SKEP_DENY_ALWAYS)
#define ASKS(text, kind, at, list) \
	PLACE(text, kind, at, list, SKEP_VERDICT_BIT(DENY), SKEP_PACKET_NONE, SKEP_DENY_RETVAL)
/* The kernel takes no other answer than yes. */
#define TELLS(text, kind, at, list) \
	PLACE(text, kind, at, list, 0, SKEP_PACKET_NONE, SKEP_DENY_ALWAYS)

/* clang-format off */
const struct skep_cgroup_place skep_cgroup_places[] = {
	PACKETS("ingress", INET_INGRESS),
	PACKETS("egress", INET_EGRESS),
	ASKS("connect4", CGROUP_SOCK_ADDR, INET4_CONNECT, addr4),
	ASKS("connect6", CGROUP_SOCK_ADDR, INET6_CONNECT, addr6),
	ASKS("bind4", CGROUP_SOCK_ADDR, INET4_BIND, addr4),
	ASKS("bind6", CGROUP_SOCK_ADDR, INET6_BIND, addr6),
	ASKS("sendmsg4", CGROUP_SOCK_ADDR, UDP4_SENDMSG, send4),
	ASKS("sendmsg6", CGROUP_SOCK_ADDR, UDP6_SENDMSG, send6),
	TELLS("recvmsg4", CGROUP_SOCK_ADDR, UDP4_RECVMSG, addr4),
	TELLS("recvmsg6", CGROUP_SOCK_ADDR, UDP6_RECVMSG, addr6),
	TELLS("getpeername4", CGROUP_SOCK_ADDR, INET4_GETPEERNAME, addr4),
	TELLS("getpeername6", CGROUP_SOCK_ADDR, INET6_GETPEERNAME, addr6),
	TELLS("getsockname4", CGROUP_SOCK_ADDR, INET4_GETSOCKNAME, addr4),
	TELLS("getsockname6", CGROUP_SOCK_ADDR, INET6_GETSOCKNAME, addr6),
	ASKS("sock_create", CGROUP_SOCK, INET_SOCK_CREATE, sock),
	ASKS("sock_release", CGROUP_SOCK, INET_SOCK_RELEASE, sock),
	ASKS("post_bind4", CGROUP_SOCK, INET4_POST_BIND, bound4),
	ASKS("post_bind6", CGROUP_SOCK, INET6_POST_BIND, bound6),
	ASKS("sysctl", CGROUP_SYSCTL, SYSCTL, sysctl),
	ASKS("getsockopt", CGROUP_SOCKOPT, GETSOCKOPT, getsockopt),
	ASKS("setsockopt", CGROUP_SOCKOPT, SETSOCKOPT, setsockopt),
	ASKS("device", CGROUP_DEVICE, DEVICE, device),
	{},
};
/* clang-format on */

static const struct skep_type *type_of(struct skep_types *types, enum skep_cgroup_value value)
{
	switch (value) {
	case SKEP_CGROUP_U32:
		return skep_type_int(4, false);
	case SKEP_CGROUP_LOW16:
	case SKEP_CGROUP_HIGH16:
	case SKEP_CGROUP_PORT:
		return skep_type_int(2, false);
	case SKEP_CGROUP_SYSCTL:
		return skep_type_string(types, TEXT_SIZE);
	default:
		return skep_type_simple(types, SKEP_TYPE_INET);
	}
}

const struct skep_struct *skep_cgroup_args(struct skep_types *types,
					   const struct skep_cgroup_place *place)
{
	struct skep_struct *str = skep_arena_alloc(types->arena, sizeof(*str));
	struct skep_field *fields;
	size_t n = 0;

	while (place->args[n].name)
		n++;
	if (!n)
		return NULL;
	fields = skep_arena_calloc(types->arena, n, sizeof(*fields));
	for (size_t i = 0; i < n; i++)
		fields[i] = (struct skep_field){
			.name = place->args[i].name,
			.type = type_of(types, place->args[i].value),
			.offset = (uint32_t)i,
		};
	*str = (struct skep_struct){
		.name = place->name,
		.size = 1,
		.fields = fields,
		.n_fields = n,
	};
	return str;
}

static struct skep_val *context(struct skep_lower *l, int off)
{
	return skep_ir_load(l->fn, skep_ir_ctx(l->fn), off, 4, SKEP_LOAD_PURE);
}

/* The words of an address are in the order of the network already. */
static struct skep_value address(struct skep_lower *l, const struct skep_cgroup_arg *arg)
{
	bool is_v6 = arg->value == SKEP_CGROUP_INET6;
	struct skep_value v = { .space = SKEP_SPACE_BPF };

	v.val = skep_lower_object(l, 20, arg->name, &v.off);
	skep_ir_store(l->fn, v.val, v.off, 4,
		      skep_ir_const(l->fn, is_v6 ? FAMILY_INET6 : FAMILY_INET));
	for (int i = 0; i < 4; i++)
		skep_ir_store(l->fn, v.val, v.off + 4 + i * 4, 4,
			      i == 0 || is_v6 ? context(l, arg->off + i * 4)
					      : skep_ir_const(l->fn, 0));
	return v;
}

/* What a value ends with in its file: the end of a line. @n bytes are at @addr, or there is an error. */
static void cut_line(struct skep_lower *l, struct skep_val *addr, struct skep_val *n)
{
	struct skep_block *some = skep_ir_block(l->fn), *fits = skep_ir_block(l->fn),
			  *line = skep_ir_block(l->fn), *done = skep_ir_block(l->fn);
	struct skep_val *last;

	skep_ir_branch(l->fn, SKEP_CC_SGT, n, skep_ir_const(l->fn, 0), some, done);
	skep_ir_at(l->fn, some);
	skep_ir_branch(l->fn, SKEP_CC_ULT, n, skep_ir_const(l->fn, TEXT_SIZE), fits, done);
	skep_ir_at(l->fn, fits);
	last = skep_ir_op(l->fn, SKEP_OP_ADD, addr, n);
	skep_ir_branch(l->fn, SKEP_CC_EQ, skep_ir_load(l->fn, last, -1, 1, 0),
		       skep_ir_const(l->fn, '\n'), line, done);
	skep_ir_at(l->fn, line);
	skep_ir_store(l->fn, last, -1, 1, skep_ir_const(l->fn, 0));
	skep_ir_jump(l->fn, done);
	skep_ir_at(l->fn, done);
}

/* What is too long is cut off. */
static struct skep_value text(struct skep_lower *l, const struct skep_cgroup_arg *arg)
{
	struct skep_value v = { .space = SKEP_SPACE_BPF };
	bool is_name = arg->off == SKEP_HELPER_SYSCTL_GET_NAME;
	struct skep_val *addr, *n, *size = skep_ir_const(l->fn, TEXT_SIZE);

	v.val = skep_lower_object(l, TEXT_SIZE, arg->name, &v.off);
	addr = skep_lower_at(l, v.val, v.off);
	skep_lower_clear(l, v.val, v.off, TEXT_SIZE);
	n = skep_ir_call(l->fn, arg->off, 0, is_name ? 4 : 3, skep_ir_ctx(l->fn), addr, size,
			 skep_ir_const(l->fn, 0));
	if (!is_name)
		cut_line(l, addr, n);
	return v;
}

int skep_cgroup_lower_args(struct skep_lower *l, const struct skep_expr *expr,
			   const struct skep_field *field, struct skep_value *ret_value)
{
	const struct skep_cgroup_place *place = l->inst->own;
	const struct skep_cgroup_arg *arg = &place->args[field->offset];
	struct skep_value v = {};

	switch (arg->value) {
	case SKEP_CGROUP_U32:
		v.val = context(l, arg->off);
		break;
	case SKEP_CGROUP_LOW16:
		v.val = skep_ir_opi(l->fn, SKEP_OP_AND, context(l, arg->off), 0xffff);
		break;
	case SKEP_CGROUP_HIGH16:
		v.val = skep_ir_opi(l->fn, SKEP_OP_SHR, context(l, arg->off), 16);
		break;
	case SKEP_CGROUP_PORT:
		v.val = context(l, arg->off);
		if (__BYTE_ORDER__ != __ORDER_BIG_ENDIAN__)
			v.val = skep_ir_bswap(l->fn, v.val, 2);
		break;
	case SKEP_CGROUP_SYSCTL:
		v = text(l, arg);
		break;
	default:
		v = address(l, arg);
		break;
	}
	v.type = field->type;
	*ret_value = v;
	return 0;
}
