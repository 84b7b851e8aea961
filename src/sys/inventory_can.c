/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What programs may do to others. In the kernel a call has the distance of a function from __bpf_call_base in place of a
 * helper's number, so the functions that matter are looked up once, by one pass over the kernel's symbols.
 */
#include <stdlib.h>
#include <string.h>

#include "isa/insn.h"
#include "isa/progkind.h"
#include "sys/inventory_priv.h"
#include "sys/kallsyms.h"

#define CALL_BASE "__bpf_call_base"
#define BIT(ability) (1u << SKEP_CAN_##ability)
#define INSNS_MAX (1u << 20)

static const char *const words[SKEP_N_ABILITIES] = {
#define WORD(constant, word, means) word,
	SKEP_ABILITIES(WORD)
#undef WORD
};

static const char *const meanings[SKEP_N_ABILITIES] = {
#define MEANS(constant, word, means) means,
	SKEP_ABILITIES(MEANS)
#undef MEANS
};

const char *skep_ability_word(enum skep_ability ability)
{
	return words[ability];
}

const char *skep_ability_means(enum skep_ability ability)
{
	return meanings[ability];
}

/* Without their prefix "bpf_"; those of the second part do not have it. */
static const struct {
	enum skep_ability can;
	const char *names[32];
} functions[] = {
	{ SKEP_CAN_WRITE_USER, { "probe_write_user", "copy_to_user_str" } },
	{ SKEP_CAN_OVERRIDE, { "override_return" } },
	{ SKEP_CAN_SIGNAL, { "send_signal", "send_signal_thread", "send_signal_task" } },
	{ SKEP_CAN_REDIRECT,
	  { "redirect", "xdp_redirect", "xdp_redirect_map", "clone_redirect", "redirect_peer",
	    "redirect_neigh", "sk_redirect_map", "sk_redirect_hash", "msg_redirect_map",
	    "msg_redirect_hash" } },
	{ SKEP_CAN_PACKET,
	  { "skb_store_bytes",	    "skb_vlan_push",   "skb_vlan_pop",	     "skb_change_proto",
	    "skb_change_tail",	    "skb_change_head", "skb_adjust_room",    "skb_set_tunnel_key",
	    "skb_set_tunnel_opt",   "skb_ecn_set_ce",  "skb_set_tstamp",     "l3_csum_replace",
	    "l4_csum_replace",	    "xdp_adjust_head", "xdp_adjust_tail",    "xdp_store_bytes",
	    "msg_push_data",	    "msg_pop_data",    "lwt_in_push_encap",  "lwt_xmit_push_encap",
	    "lwt_seg6_store_bytes", "lwt_seg6_action", "lwt_seg6_adjust_srh" } },
	{ SKEP_CAN_SOCKET,
	  { "sk_setsockopt", "unlocked_sk_setsockopt", "sock_addr_setsockopt",
	    "sock_ops_setsockopt", "sock_ops_cb_flags_set", "bind", "sk_assign", "tc_sk_assign",
	    "sk_lookup_assign", "sk_select_reuseport", "sock_map_update", "sock_hash_update",
	    "tcp_send_ack", "sock_destroy", "sock_ops_store_hdr_opt", "sk_assign_tcp_reqsk" } },
	{ SKEP_CAN_DENY, { "sysctl_set_new_value", "set_retval" } },
	{ SKEP_CAN_BPF, { "sys_bpf", "kern_sys_bpf" } },
};

/* What redirect_map becomes, by the kind of its map; variants of helpers that have names of their own. */
static const struct {
	enum skep_ability can;
	const char *name;
} odd_functions[] = {
	{ SKEP_CAN_REDIRECT, "dev_map_redirect" }, { SKEP_CAN_REDIRECT, "dev_hash_map_redirect" },
	{ SKEP_CAN_REDIRECT, "cpu_map_redirect" }, { SKEP_CAN_REDIRECT, "xsk_map_redirect" },
	{ SKEP_CAN_PACKET, "sk_skb_change_tail" }, { SKEP_CAN_PACKET, "sk_skb_change_head" },
	{ SKEP_CAN_PACKET, "sk_skb_adjust_room" },
};

struct call {
	uint64_t address;
	enum skep_ability can;
};

struct skep_calls {
	uint64_t base; /* 0: hidden */
	struct {
		SKEP_VEC(struct call);
	} list;			/* ascending */
	struct skep_hash names; /* to an ability + 1, while the symbols are read */
};

static int look_at_symbol(void *data, const struct skep_ksym *symbol)
{
	struct skep_calls *calls = data;
	void *can;

	if (symbol->module || !symbol->address)
		return 0;
	if (skep_streq(symbol->name, CALL_BASE))
		calls->base = symbol->address;
	can = skep_hash_get_str(&calls->names, symbol->name);
	if (can)
		skep_vec_add(&calls->list,
			     (struct call){ symbol->address,
					    (enum skep_ability)((uintptr_t)can - 1) });
	return 0;
}

static int compare_calls(const void *a, const void *b)
{
	const struct call *x = a, *y = b;

	return x->address < y->address ? -1 : x->address > y->address;
}

struct skep_calls *skep_calls_new(void)
{
	struct skep_calls *calls = calloc(1, sizeof(*calls));
	struct skep_arena *arena;

	if (!calls)
		return NULL;
	arena = skep_arena_new();
	for (size_t i = 0; i < ARRAY_SIZE(functions); i++)
		for (size_t n = 0; n < ARRAY_SIZE(functions[i].names) && functions[i].names[n]; n++)
			skep_hash_set_str(&calls->names,
					  skep_arena_printf(arena, "bpf_%s", functions[i].names[n]),
					  (void *)(uintptr_t)(functions[i].can + 1));
	for (size_t i = 0; i < ARRAY_SIZE(odd_functions); i++)
		skep_hash_set_str(&calls->names, odd_functions[i].name,
				  (void *)(uintptr_t)(odd_functions[i].can + 1));
	if (skep_kallsyms_each(look_at_symbol, calls) < 0)
		calls->base = 0;
	skep_hash_fini(&calls->names);
	skep_arena_free(arena);
	if (calls->list.len)
		qsort(calls->list.data, calls->list.len, sizeof(*calls->list.data), compare_calls);
	return calls;
}

void skep_calls_free(struct skep_calls *calls)
{
	if (!calls)
		return;
	skep_vec_fini(&calls->list);
	free(calls);
}

/* What any program of a kind may do, whatever it calls. */
static uint32_t kind_can(uint32_t type)
{
	switch (type) {
	case SKEP_PROG_XDP:
	case SKEP_PROG_SCHED_CLS:
	case SKEP_PROG_SCHED_ACT:
	case SKEP_PROG_CGROUP_SKB:
	case SKEP_PROG_SK_SKB:
	case SKEP_PROG_SK_MSG:
	case SKEP_PROG_SOCKET_FILTER:
	case SKEP_PROG_LWT_IN:
	case SKEP_PROG_LWT_OUT:
	case SKEP_PROG_LWT_XMIT:
	case SKEP_PROG_NETFILTER:
		return BIT(DROP);
	case SKEP_PROG_CGROUP_SOCK:
	case SKEP_PROG_CGROUP_SOCK_ADDR:
	case SKEP_PROG_CGROUP_DEVICE:
	case SKEP_PROG_CGROUP_SYSCTL:
	case SKEP_PROG_CGROUP_SOCKOPT:
	case SKEP_PROG_LSM:
		return BIT(DENY);
	case SKEP_PROG_SK_LOOKUP:
	case SKEP_PROG_SK_REUSEPORT:
		return BIT(REDIRECT);
	case SKEP_PROG_STRUCT_OPS:
	case SKEP_PROG_EXT:
		return BIT(REPLACE);
	default:
		return 0;
	}
}

static uint32_t call_can(const struct skep_calls *calls, uint64_t address)
{
	struct call key = { .address = address };
	const struct call *call = calls->list.len ? bsearch(&key, calls->list.data, calls->list.len,
							    sizeof(key), compare_calls)
						  : NULL;

	return call ? 1u << call->can : 0;
}

uint32_t skep_calls_can(const struct skep_calls *calls, int prog_fd,
			const struct skep_bpf_prog_info *has, bool *ret_hidden)
{
	_cleanup_free_ struct skep_insn *insns = NULL;
	struct skep_bpf_prog_info info = {};
	uint32_t can = kind_can(has->type), size = sizeof(info);
	size_t n;

	*ret_hidden = true;
	if (!calls || !calls->base || has->xlated_len / sizeof(*insns) > INSNS_MAX)
		return can;
	insns = malloc(MAX(has->xlated_len, (uint32_t)sizeof(*insns)));
	info.xlated_len = has->xlated_len;
	info.xlated_insns = skep_bpf_ptr(insns);
	if (!insns || skep_bpf_obj_info(prog_fd, &info, &size) < 0 || !info.xlated_insns)
		return can;
	*ret_hidden = false;
	n = MIN(info.xlated_len, has->xlated_len) / sizeof(*insns);
	for (size_t i = 0; i < n; i++) {
		if (skep_insn_is_wide(insns[i])) {
			i++;
			continue;
		}
		if (skep_insn_is_call(insns[i]) && insns[i].src != SKEP_CALL_LOCAL)
			can |= call_can(calls, calls->base + (uint64_t)(int64_t)insns[i].imm);
	}
	return can;
}
