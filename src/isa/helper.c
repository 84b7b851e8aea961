/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/str.h"
#include "isa/helper.h"

#define K(kind) SKEP_KIND(SKEP_PROG_##kind)
#define F_GPL SKEP_HELPER_GPL
#define F_PACKET SKEP_HELPER_PACKET
#define F_ACQUIRE SKEP_HELPER_ACQUIRE
#define F_RELEASE SKEP_HELPER_RELEASE
#define F_SLEEP SKEP_HELPER_SLEEP
#define F_CALLBACK SKEP_HELPER_CALLBACK

/* ARGS_2(MAP, KEY): the names become constants. */
#define A(kind) SKEP_ARG_##kind
#define ARGS_0(...) \
	{           \
	}
#define ARGS_1(a)    \
	{            \
		A(a) \
	}
#define ARGS_2(a, b)       \
	{                  \
		A(a), A(b) \
	}
#define ARGS_3(a, b, c)          \
	{                        \
		A(a), A(b), A(c) \
	}
#define ARGS_4(a, b, c, d)             \
	{                              \
		A(a), A(b), A(c), A(d) \
	}
#define ARGS_5(a, b, c, d, e)                \
	{                                    \
		A(a), A(b), A(c), A(d), A(e) \
	}

const struct skep_helper skep_helpers[SKEP_HELPER_END] = {
#define ROW(number, CONSTANT, text, n, list, kind, bits, set) \
	[number] = {                                          \
		.id = (number),                               \
		.name = #text,                                \
		.n_args = (n),                                \
		.args = ARGS_##n list,                        \
		.flags = (bits),                              \
		.ret = SKEP_HELPER_RET_##kind,                \
		.prog_kinds = SKEP_KINDS_##set,               \
	},
	SKEP_HELPERS(ROW)
#undef ROW
};

const struct skep_helper *skep_helper_find(int32_t id)
{
	if (id <= 0 || id >= SKEP_HELPER_END || !skep_helpers[id].name)
		return NULL;
	return &skep_helpers[id];
}

const struct skep_helper *skep_helper_find_name(const char *name)
{
	if (skep_has_prefix(name, "bpf_"))
		name += strlen("bpf_");
	for (size_t i = 1; i < SKEP_HELPER_END; i++)
		if (skep_helpers[i].name && strcmp(skep_helpers[i].name, name) == 0)
			return &skep_helpers[i];
	return NULL;
}

bool skep_helper_allowed(const struct skep_helper *helper, uint32_t prog_kind, uint32_t attach_type)
{
	enum {
		INET4_CONNECT = 10,
		INET6_CONNECT = 11,
		GETSOCKOPT = 21
	}; /* the kernel's numbers */

	if (prog_kind > SKEP_PROG_NETFILTER || !(helper->prog_kinds & SKEP_KIND(prog_kind)))
		return false;
	switch (helper->id) {
	case SKEP_HELPER_BIND:
		return attach_type == INET4_CONNECT || attach_type == INET6_CONNECT;
	case SKEP_HELPER_SETSOCKOPT:
	case SKEP_HELPER_GETSOCKOPT:
		return prog_kind != SKEP_PROG_CGROUP_SOCKOPT || attach_type != GETSOCKOPT;
	default:
		return true;
	}
}

/* Kinds whose context is a packet on its way through a device or a route. */
static bool has_routed_packet(uint32_t prog_kind)
{
	switch (prog_kind) {
	case SKEP_PROG_SCHED_CLS:
	case SKEP_PROG_SCHED_ACT:
	case SKEP_PROG_LWT_IN:
	case SKEP_PROG_LWT_OUT:
	case SKEP_PROG_LWT_XMIT:
	case SKEP_PROG_LWT_SEG6LOCAL:
		return true;
	default:
		return false;
	}
}

enum skep_helper_arg skep_helper_arg_for(const struct skep_helper *helper, unsigned index,
					 uint32_t prog_kind)
{
	enum skep_helper_arg arg = helper->args[index];
	bool by_btf = prog_kind == SKEP_PROG_TRACING || prog_kind == SKEP_PROG_LSM;

	if (index > 0)
		return arg;
	switch (helper->id) {
	case SKEP_HELPER_SETSOCKOPT:
	case SKEP_HELPER_GETSOCKOPT:
		return by_btf || prog_kind == SKEP_PROG_CGROUP_SOCKOPT ? SKEP_ARG_SOCK : arg;
	case SKEP_HELPER_GET_SOCKET_COOKIE:
		return by_btf || prog_kind == SKEP_PROG_SK_REUSEPORT ? SKEP_ARG_SOCK : arg;
	case SKEP_HELPER_GET_CGROUP_CLASSID: /* elsewhere it is the current task's and takes nothing */
		return has_routed_packet(prog_kind) ? arg : SKEP_ARG_NONE;
	default:
		return arg;
	}
}

const char *skep_helper_object(int32_t id)
{
	switch (id) {
	case SKEP_HELPER_GET_CURRENT_TASK_BTF:
		return "task_struct";
	case SKEP_HELPER_SKC_TO_TCP6_SOCK:
		return "tcp6_sock";
	case SKEP_HELPER_SKC_TO_TCP_SOCK:
		return "tcp_sock";
	case SKEP_HELPER_SKC_TO_TCP_TIMEWAIT_SOCK:
		return "tcp_timewait_sock";
	case SKEP_HELPER_SKC_TO_TCP_REQUEST_SOCK:
		return "tcp_request_sock";
	case SKEP_HELPER_SKC_TO_UDP6_SOCK:
		return "udp6_sock";
	case SKEP_HELPER_SKC_TO_UNIX_SOCK:
		return "unix_sock";
	case SKEP_HELPER_SKC_TO_MPTCP_SOCK:
		return "mptcp_sock";
	case SKEP_HELPER_SOCK_FROM_FILE:
		return "socket";
	case SKEP_HELPER_TASK_PT_REGS:
		return "pt_regs";
	default:
		return NULL;
	}
}

const char *skep_helper_arg_object(int32_t id, uint32_t prog_kind)
{
	bool by_btf = prog_kind == SKEP_PROG_TRACING || prog_kind == SKEP_PROG_LSM;

	switch (id) {
	case SKEP_HELPER_SEQ_PRINTF:
	case SKEP_HELPER_SEQ_WRITE:
	case SKEP_HELPER_SEQ_PRINTF_BTF:
		return "seq_file";
	case SKEP_HELPER_GET_TASK_STACK:
	case SKEP_HELPER_TASK_STORAGE_GET:
	case SKEP_HELPER_TASK_STORAGE_DELETE:
	case SKEP_HELPER_TASK_PT_REGS:
	case SKEP_HELPER_FIND_VMA:
	case SKEP_HELPER_COPY_FROM_USER_TASK:
		return "task_struct";
	case SKEP_HELPER_INODE_STORAGE_GET:
	case SKEP_HELPER_INODE_STORAGE_DELETE:
	case SKEP_HELPER_IMA_INODE_HASH:
		return "inode";
	case SKEP_HELPER_IMA_FILE_HASH:
	case SKEP_HELPER_SOCK_FROM_FILE:
		return "file";
	case SKEP_HELPER_D_PATH:
		return "path";
	case SKEP_HELPER_BPRM_OPTS_SET:
		return "linux_binprm";
	case SKEP_HELPER_CGRP_STORAGE_GET:
	case SKEP_HELPER_CGRP_STORAGE_DELETE:
		return "cgroup";
	case SKEP_HELPER_SKB_OUTPUT:
		return by_btf ? "sk_buff" : NULL;
	case SKEP_HELPER_XDP_OUTPUT:
	case SKEP_HELPER_XDP_GET_BUFF_LEN:
		return by_btf ? "xdp_buff" : NULL;
	default:
		return NULL;
	}
}

unsigned skep_helper_arg_size(enum skep_helper_arg arg)
{
	switch (arg) {
	case SKEP_ARG_INOUT4:
		return 4;
	case SKEP_ARG_OUT8:
		return 8;
	case SKEP_ARG_IN20:
		return 20;
	case SKEP_ARG_IN40:
		return 40;
	default:
		return 0;
	}
}

const char *skep_helper_arg_text(enum skep_helper_arg arg)
{
	static const char *const texts[] = {
		[SKEP_ARG_NONE] = "nothing",
		[SKEP_ARG_ANY] = "an initialized register",
		[SKEP_ARG_MAP] = "a map",
		[SKEP_ARG_KEY] = "a pointer to a key of the map",
		[SKEP_ARG_VALUE] = "a pointer to a value of the map",
		[SKEP_ARG_VALUE_NULL] = "a pointer to a value of the map, or NULL",
		[SKEP_ARG_VALUE_OUT] = "a pointer to room for a value of the map",
		[SKEP_ARG_MEM] = "a pointer to memory that is read",
		[SKEP_ARG_MEM_NULL] = "a pointer to memory that is read, or NULL",
		[SKEP_ARG_OUT] = "a pointer to memory that is written",
		[SKEP_ARG_OUT_NULL] = "a pointer to memory that is written, or NULL",
		[SKEP_ARG_INOUT] = "a pointer to memory that is read and written",
		[SKEP_ARG_OUT8] = "a pointer to 8 bytes that are written",
		[SKEP_ARG_INOUT4] = "a pointer to 4 bytes that are read and written",
		[SKEP_ARG_IN20] = "a pointer to 20 bytes that are read",
		[SKEP_ARG_IN40] = "a pointer to 40 bytes that are read",
		[SKEP_ARG_SIZE] = "the size of the memory, at least 1",
		[SKEP_ARG_SIZE0] = "the size of the memory",
		[SKEP_ARG_CONST_SIZE] = "a constant size",
		[SKEP_ARG_STR] = "a constant string in read-only memory",
		[SKEP_ARG_CTX] = "the context",
		[SKEP_ARG_CTX_NULL] = "the context, or NULL",
		[SKEP_ARG_FUNC] = "a function of the program",
		[SKEP_ARG_FUNC_CTX] = "a pointer into the stack, or NULL",
		[SKEP_ARG_LOCK] = "a pointer to a struct bpf_spin_lock in a map's value",
		[SKEP_ARG_TIMER] = "a pointer to a struct bpf_timer in a map's value",
		[SKEP_ARG_KPTR] = "a pointer to a kernel pointer in a map's value",
		[SKEP_ARG_RECORD] = "a record that ringbuf_reserve returned",
		[SKEP_ARG_SOCK] = "a socket",
		[SKEP_ARG_SOCK_COMMON] = "a socket of any state",
		[SKEP_ARG_OBJECT] = "a kernel object",
		[SKEP_ARG_OBJECT_NULL] = "a kernel object, or NULL",
		[SKEP_ARG_PERCPU] = "a per-CPU variable of the kernel",
		[SKEP_ARG_DYNPTR] = "a dynptr",
		[SKEP_ARG_DYNPTR_OUT] = "a pointer to room for a dynptr on the stack",
	};

	return (size_t)arg < ARRAY_SIZE(texts) ? texts[arg] : "?";
}
