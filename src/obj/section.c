/* SPDX-License-Identifier: Apache-2.0 */
#include "obj/section.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "obj/btf.h"

#define S SKEP_SECTION_SLEEPABLE
#define F SKEP_SECTION_FRAGS
#define T SKEP_SECTION_TYPED
#define A SKEP_SECTION_PLACE_APART

/* name, kind of program, attach type, traits, target, how it is attached */
#define ROW(text, kind, at, has, wants, how)                                                    \
	{                                                                                       \
		.name = (text), .prog = SKEP_PROG_##kind, .attach_type = (at), .traits = (has), \
		.target = SKEP_TARGET_##wants, .attach = SKEP_ATTACH_##how                      \
	}

/* clang-format off */
static const struct skep_section_row rows[] = {
	ROW("tracepoint", TRACEPOINT, 0, 0, SOME, TP),
	ROW("tp", TRACEPOINT, 0, 0, SOME, TP),
	ROW("raw_tracepoint", RAW_TRACEPOINT, 0, 0, SOME, RAW_TP),
	ROW("raw_tp", RAW_TRACEPOINT, 0, 0, SOME, RAW_TP),
	ROW("raw_tracepoint.w", RAW_TRACEPOINT_WRITABLE, 0, 0, SOME, RAW_TP),
	ROW("raw_tp.w", RAW_TRACEPOINT_WRITABLE, 0, 0, SOME, RAW_TP),
	ROW("tp_btf", TRACING, SKEP_AT_TRACE_RAW_TP, T, SOME, TRACING),
	ROW("fentry", TRACING, SKEP_AT_TRACE_FENTRY, T, SOME, TRACING),
	ROW("fentry.s", TRACING, SKEP_AT_TRACE_FENTRY, T | S, SOME, TRACING),
	ROW("fexit", TRACING, SKEP_AT_TRACE_FEXIT, T, SOME, TRACING),
	ROW("fexit.s", TRACING, SKEP_AT_TRACE_FEXIT, T | S, SOME, TRACING),
	ROW("fmod_ret", TRACING, SKEP_AT_MODIFY_RETURN, T, SOME, TRACING),
	ROW("fmod_ret.s", TRACING, SKEP_AT_MODIFY_RETURN, T | S, SOME, TRACING),
	ROW("lsm", LSM, SKEP_AT_LSM_MAC, T, SOME, TRACING),
	ROW("lsm.s", LSM, SKEP_AT_LSM_MAC, T | S, SOME, TRACING),
	ROW("lsm_cgroup", LSM, SKEP_AT_LSM_CGROUP, T | A, SOME, CGROUP),
	ROW("iter", TRACING, SKEP_AT_TRACE_ITER, T, SOME, ITER),
	ROW("iter.s", TRACING, SKEP_AT_TRACE_ITER, T | S, SOME, ITER),
	ROW("freplace", EXT, 0, A, SOME, REPLACE),
	ROW("syscall", SYSCALL, 0, S, NONE, ONCE),
	ROW("perf_event", PERF_EVENT, 0, 0, NONE, PERF),

	ROW("kprobe", KPROBE, 0, 0, SOME, KPROBE),
	ROW("kretprobe", KPROBE, 0, 0, SOME, KRETPROBE),
	ROW("ksyscall", KPROBE, 0, 0, SOME, KPROBE),
	ROW("kretsyscall", KPROBE, 0, 0, SOME, KRETPROBE),
	ROW("kprobe.multi", KPROBE, SKEP_AT_TRACE_KPROBE_MULTI, 0, SOME, KPROBE),
	ROW("kretprobe.multi", KPROBE, SKEP_AT_TRACE_KPROBE_MULTI, 0, SOME, KRETPROBE),
	ROW("kprobe.session", KPROBE, SKEP_AT_TRACE_KPROBE_SESSION, 0, SOME, KPROBE),
	ROW("uprobe", KPROBE, 0, 0, SOME, UPROBE),
	ROW("uprobe.s", KPROBE, 0, S, SOME, UPROBE),
	ROW("uretprobe", KPROBE, 0, 0, SOME, URETPROBE),
	ROW("uretprobe.s", KPROBE, 0, S, SOME, URETPROBE),
	ROW("uprobe.multi", KPROBE, SKEP_AT_TRACE_UPROBE_MULTI, 0, SOME, UPROBE),
	ROW("uprobe.multi.s", KPROBE, SKEP_AT_TRACE_UPROBE_MULTI, S, SOME, UPROBE),
	ROW("uretprobe.multi", KPROBE, SKEP_AT_TRACE_UPROBE_MULTI, 0, SOME, URETPROBE),
	ROW("uretprobe.multi.s", KPROBE, SKEP_AT_TRACE_UPROBE_MULTI, S, SOME, URETPROBE),
	ROW("uprobe.session", KPROBE, SKEP_AT_TRACE_UPROBE_SESSION, 0, SOME, UPROBE),
	ROW("uprobe.session.s", KPROBE, SKEP_AT_TRACE_UPROBE_SESSION, S, SOME, UPROBE),
	ROW("usdt", KPROBE, 0, 0, SOME, USDT),
	ROW("usdt.s", KPROBE, 0, S, SOME, USDT),

	ROW("xdp", XDP, SKEP_AT_XDP, 0, NONE, XDP),
	ROW("xdp.frags", XDP, SKEP_AT_XDP, F, NONE, XDP),
	ROW("xdp/devmap", XDP, SKEP_AT_XDP_DEVMAP, 0, NONE, PROG_MAP),
	ROW("xdp.frags/devmap", XDP, SKEP_AT_XDP_DEVMAP, F, NONE, PROG_MAP),
	ROW("xdp/cpumap", XDP, SKEP_AT_XDP_CPUMAP, 0, NONE, PROG_MAP),
	ROW("xdp.frags/cpumap", XDP, SKEP_AT_XDP_CPUMAP, F, NONE, PROG_MAP),
	ROW("tc", SCHED_CLS, 0, 0, NONE, TC_INGRESS),
	ROW("classifier", SCHED_CLS, 0, 0, NONE, TC_INGRESS),
	ROW("action", SCHED_ACT, 0, 0, NONE, TC_ACTION),
	ROW("tc/ingress", SCHED_CLS, SKEP_AT_TCX_INGRESS, 0, NONE, TC_INGRESS),
	ROW("tc/egress", SCHED_CLS, SKEP_AT_TCX_EGRESS, 0, NONE, TC_EGRESS),
	ROW("tcx/ingress", SCHED_CLS, SKEP_AT_TCX_INGRESS, 0, NONE, TC_INGRESS),
	ROW("tcx/egress", SCHED_CLS, SKEP_AT_TCX_EGRESS, 0, NONE, TC_EGRESS),
	ROW("netkit/primary", SCHED_CLS, SKEP_AT_NETKIT_PRIMARY, 0, NONE, NETKIT),
	ROW("netkit/peer", SCHED_CLS, SKEP_AT_NETKIT_PEER, 0, NONE, NETKIT),
	ROW("netfilter", NETFILTER, SKEP_AT_NETFILTER, 0, NONE, NETFILTER),
	ROW("socket", SOCKET_FILTER, 0, 0, NONE, SOCKET),
	ROW("sk_reuseport", SK_REUSEPORT, SKEP_AT_SK_REUSEPORT_SELECT, 0, NONE, REUSEPORT),
	ROW("sk_reuseport/migrate", SK_REUSEPORT, SKEP_AT_SK_REUSEPORT_SELECT_OR_MIGRATE, 0, NONE, REUSEPORT),
	ROW("sk_lookup", SK_LOOKUP, SKEP_AT_SK_LOOKUP, 0, NONE, NETNS),
	ROW("sk_msg", SK_MSG, SKEP_AT_SK_MSG_VERDICT, 0, NONE, SOCKMAP),
	ROW("sk_skb", SK_SKB, 0, 0, NONE, SOCKMAP),
	ROW("sk_skb/stream_parser", SK_SKB, SKEP_AT_SK_SKB_STREAM_PARSER, 0, NONE, SOCKMAP),
	ROW("sk_skb/stream_verdict", SK_SKB, SKEP_AT_SK_SKB_STREAM_VERDICT, 0, NONE, SOCKMAP),
	ROW("sk_skb/verdict", SK_SKB, SKEP_AT_SK_SKB_VERDICT, 0, NONE, SOCKMAP),
	ROW("sockops", SOCK_OPS, SKEP_AT_CGROUP_SOCK_OPS, 0, NONE, CGROUP),
	ROW("flow_dissector", FLOW_DISSECTOR, SKEP_AT_FLOW_DISSECTOR, 0, NONE, NETNS),
	ROW("lirc_mode2", LIRC_MODE2, SKEP_AT_LIRC_MODE2, 0, NONE, LIRC),
	ROW("lwt_in", LWT_IN, 0, 0, NONE, LWT),
	ROW("lwt_out", LWT_OUT, 0, 0, NONE, LWT),
	ROW("lwt_xmit", LWT_XMIT, 0, 0, NONE, LWT),
	ROW("lwt_seg6local", LWT_SEG6LOCAL, 0, 0, NONE, LWT),

	ROW("cgroup_skb/ingress", CGROUP_SKB, SKEP_AT_CGROUP_INET_INGRESS, 0, NONE, CGROUP),
	ROW("cgroup_skb/egress", CGROUP_SKB, SKEP_AT_CGROUP_INET_EGRESS, 0, NONE, CGROUP),
	ROW("cgroup/skb", CGROUP_SKB, 0, 0, NONE, CGROUP),
	ROW("cgroup/sock", CGROUP_SOCK, SKEP_AT_CGROUP_INET_SOCK_CREATE, 0, NONE, CGROUP),
	ROW("cgroup/sock_create", CGROUP_SOCK, SKEP_AT_CGROUP_INET_SOCK_CREATE, 0, NONE, CGROUP),
	ROW("cgroup/sock_release", CGROUP_SOCK, SKEP_AT_CGROUP_INET_SOCK_RELEASE, 0, NONE, CGROUP),
	ROW("cgroup/post_bind4", CGROUP_SOCK, SKEP_AT_CGROUP_INET4_POST_BIND, 0, NONE, CGROUP),
	ROW("cgroup/post_bind6", CGROUP_SOCK, SKEP_AT_CGROUP_INET6_POST_BIND, 0, NONE, CGROUP),
	ROW("cgroup/bind4", CGROUP_SOCK_ADDR, SKEP_AT_CGROUP_INET4_BIND, 0, NONE, CGROUP),
	ROW("cgroup/bind6", CGROUP_SOCK_ADDR, SKEP_AT_CGROUP_INET6_BIND, 0, NONE, CGROUP),
	ROW("cgroup/connect4", CGROUP_SOCK_ADDR, SKEP_AT_CGROUP_INET4_CONNECT, 0, NONE, CGROUP),
	ROW("cgroup/connect6", CGROUP_SOCK_ADDR, SKEP_AT_CGROUP_INET6_CONNECT, 0, NONE, CGROUP),
	ROW("cgroup/connect_unix", CGROUP_SOCK_ADDR, SKEP_AT_CGROUP_UNIX_CONNECT, 0, NONE, CGROUP),
	ROW("cgroup/sendmsg4", CGROUP_SOCK_ADDR, SKEP_AT_CGROUP_UDP4_SENDMSG, 0, NONE, CGROUP),
	ROW("cgroup/sendmsg6", CGROUP_SOCK_ADDR, SKEP_AT_CGROUP_UDP6_SENDMSG, 0, NONE, CGROUP),
	ROW("cgroup/sendmsg_unix", CGROUP_SOCK_ADDR, SKEP_AT_CGROUP_UNIX_SENDMSG, 0, NONE, CGROUP),
	ROW("cgroup/recvmsg4", CGROUP_SOCK_ADDR, SKEP_AT_CGROUP_UDP4_RECVMSG, 0, NONE, CGROUP),
	ROW("cgroup/recvmsg6", CGROUP_SOCK_ADDR, SKEP_AT_CGROUP_UDP6_RECVMSG, 0, NONE, CGROUP),
	ROW("cgroup/recvmsg_unix", CGROUP_SOCK_ADDR, SKEP_AT_CGROUP_UNIX_RECVMSG, 0, NONE, CGROUP),
	ROW("cgroup/getpeername4", CGROUP_SOCK_ADDR, SKEP_AT_CGROUP_INET4_GETPEERNAME, 0, NONE, CGROUP),
	ROW("cgroup/getpeername6", CGROUP_SOCK_ADDR, SKEP_AT_CGROUP_INET6_GETPEERNAME, 0, NONE, CGROUP),
	ROW("cgroup/getpeername_unix", CGROUP_SOCK_ADDR, SKEP_AT_CGROUP_UNIX_GETPEERNAME, 0, NONE, CGROUP),
	ROW("cgroup/getsockname4", CGROUP_SOCK_ADDR, SKEP_AT_CGROUP_INET4_GETSOCKNAME, 0, NONE, CGROUP),
	ROW("cgroup/getsockname6", CGROUP_SOCK_ADDR, SKEP_AT_CGROUP_INET6_GETSOCKNAME, 0, NONE, CGROUP),
	ROW("cgroup/getsockname_unix", CGROUP_SOCK_ADDR, SKEP_AT_CGROUP_UNIX_GETSOCKNAME, 0, NONE, CGROUP),
	ROW("cgroup/sysctl", CGROUP_SYSCTL, SKEP_AT_CGROUP_SYSCTL, 0, NONE, CGROUP),
	ROW("cgroup/getsockopt", CGROUP_SOCKOPT, SKEP_AT_CGROUP_GETSOCKOPT, 0, NONE, CGROUP),
	ROW("cgroup/setsockopt", CGROUP_SOCKOPT, SKEP_AT_CGROUP_SETSOCKOPT, 0, NONE, CGROUP),
	ROW("cgroup/dev", CGROUP_DEVICE, SKEP_AT_CGROUP_DEVICE, 0, NONE, CGROUP),

	ROW("struct_ops", STRUCT_OPS, 0, 0, SOME, OPS),
	ROW("struct_ops.s", STRUCT_OPS, 0, S, SOME, OPS),
};
/* clang-format on */

const struct skep_section_row *skep_section_row(size_t index)
{
	return index < ARRAY_SIZE(rows) ? &rows[index] : NULL;
}

const struct skep_section_row *skep_section_find(const char *name, const char **ret_target)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t len = strlen(rows[i].name);

		if (strncmp(name, rows[i].name, len) != 0)
			continue;
		if (name[len] == '/' && name[len + 1] && rows[i].target == SKEP_TARGET_SOME) {
			*ret_target = name + len + 1;
			return &rows[i];
		}
		if (!name[len]) {
			*ret_target = NULL;
			return &rows[i];
		}
	}
	return NULL;
}

/* Names from before libbpf 1.0, when anything could follow: "xdp_prog", "socket1". */
static const struct skep_section_row *find_loosely(const char *name)
{
	const struct skep_section_row *best = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t len = strlen(rows[i].name);

		if (!strncmp(name, rows[i].name, len) && !isalpha((unsigned char)name[len]) &&
		    (!best || len > strlen(best->name)))
			best = &rows[i];
	}
	return best;
}

const struct skep_section_row *skep_section_of(const char *section, const char **ret_target,
					       bool *ret_loosely)
{
	const char *name = section + (*section == '?');
	const struct skep_section_row *row = skep_section_find(name, ret_target);

	*ret_loosely = !row;
	if (row)
		return row;
	*ret_target = NULL;
	return find_loosely(name);
}

const char *skep_section_nearest(const char *name)
{
	unsigned best = 3;
	const char *found = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char word[64];
		unsigned distance;

		/* Of a name with a target only what is before it, where the row has one, too. */
		snprintf(word, sizeof(word), "%.*s",
			 (int)(rows[i].target == SKEP_TARGET_SOME ? strcspn(name, "/")
								  : strlen(name)),
			 name);
		distance = skep_edit_distance(rows[i].name, word, best);
		if (distance < best) {
			best = distance;
			found = rows[i].name;
		}
	}
	return found;
}

const char *skep_section_btf_prefix(uint32_t attach_type, unsigned *ret_kind)
{
	*ret_kind = SKEP_BTF_FUNC;
	switch (attach_type) {
	case SKEP_AT_TRACE_RAW_TP:
		*ret_kind = SKEP_BTF_TYPEDEF;
		return "btf_trace_";
	case SKEP_AT_LSM_MAC:
	case SKEP_AT_LSM_CGROUP:
		return "bpf_lsm_";
	case SKEP_AT_TRACE_ITER:
		return "bpf_iter_";
	default:
		return "";
	}
}
