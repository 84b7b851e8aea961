/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attach types: at which of its places a program of a kind is run, as one table. The verifier lets a program do what
 * that place allows, so it is told when the program is loaded, and again when it is attached.
 *
 * The numbers are the kernel's UAPI (enum bpf_attach_type) and never change. SKEP_ATTACH_TYPES is the table: number,
 * constant, name.
 *
 *	prog->type = SKEP_PROG_CGROUP_SOCK_ADDR;
 *	prog->attach_type = SKEP_AT_CGROUP_INET4_CONNECT;
 *	printf("%s\n", skep_attach_type_name(prog->attach_type));	// "cgroup_inet4_connect"
 */
#pragma once

#include "base/macros.h"

/* clang-format off */
#define SKEP_ATTACH_TYPES(X) \
	X(0, CGROUP_INET_INGRESS, "cgroup_inet_ingress") \
	X(1, CGROUP_INET_EGRESS, "cgroup_inet_egress") \
	X(2, CGROUP_INET_SOCK_CREATE, "cgroup_inet_sock_create") \
	X(3, CGROUP_SOCK_OPS, "cgroup_sock_ops") \
	X(4, SK_SKB_STREAM_PARSER, "sk_skb_stream_parser") \
	X(5, SK_SKB_STREAM_VERDICT, "sk_skb_stream_verdict") \
	X(6, CGROUP_DEVICE, "cgroup_device") \
	X(7, SK_MSG_VERDICT, "sk_msg_verdict") \
	X(8, CGROUP_INET4_BIND, "cgroup_inet4_bind") \
	X(9, CGROUP_INET6_BIND, "cgroup_inet6_bind") \
	X(10, CGROUP_INET4_CONNECT, "cgroup_inet4_connect") \
	X(11, CGROUP_INET6_CONNECT, "cgroup_inet6_connect") \
	X(12, CGROUP_INET4_POST_BIND, "cgroup_inet4_post_bind") \
	X(13, CGROUP_INET6_POST_BIND, "cgroup_inet6_post_bind") \
	X(14, CGROUP_UDP4_SENDMSG, "cgroup_udp4_sendmsg") \
	X(15, CGROUP_UDP6_SENDMSG, "cgroup_udp6_sendmsg") \
	X(16, LIRC_MODE2, "lirc_mode2") \
	X(17, FLOW_DISSECTOR, "flow_dissector") \
	X(18, CGROUP_SYSCTL, "cgroup_sysctl") \
	X(19, CGROUP_UDP4_RECVMSG, "cgroup_udp4_recvmsg") \
	X(20, CGROUP_UDP6_RECVMSG, "cgroup_udp6_recvmsg") \
	X(21, CGROUP_GETSOCKOPT, "cgroup_getsockopt") \
	X(22, CGROUP_SETSOCKOPT, "cgroup_setsockopt") \
	X(23, TRACE_RAW_TP, "trace_raw_tp") \
	X(24, TRACE_FENTRY, "trace_fentry") \
	X(25, TRACE_FEXIT, "trace_fexit") \
	X(26, MODIFY_RETURN, "modify_return") \
	X(27, LSM_MAC, "lsm_mac") \
	X(28, TRACE_ITER, "trace_iter") \
	X(29, CGROUP_INET4_GETPEERNAME, "cgroup_inet4_getpeername") \
	X(30, CGROUP_INET6_GETPEERNAME, "cgroup_inet6_getpeername") \
	X(31, CGROUP_INET4_GETSOCKNAME, "cgroup_inet4_getsockname") \
	X(32, CGROUP_INET6_GETSOCKNAME, "cgroup_inet6_getsockname") \
	X(33, XDP_DEVMAP, "xdp_devmap") \
	X(34, CGROUP_INET_SOCK_RELEASE, "cgroup_inet_sock_release") \
	X(35, XDP_CPUMAP, "xdp_cpumap") \
	X(36, SK_LOOKUP, "sk_lookup") \
	X(37, XDP, "xdp") \
	X(38, SK_SKB_VERDICT, "sk_skb_verdict") \
	X(39, SK_REUSEPORT_SELECT, "sk_reuseport_select") \
	X(40, SK_REUSEPORT_SELECT_OR_MIGRATE, "sk_reuseport_select_or_migrate") \
	X(41, PERF_EVENT, "perf_event") \
	X(42, TRACE_KPROBE_MULTI, "trace_kprobe_multi") \
	X(43, LSM_CGROUP, "lsm_cgroup") \
	X(44, STRUCT_OPS, "struct_ops") \
	X(45, NETFILTER, "netfilter") \
	X(46, TCX_INGRESS, "tcx_ingress") \
	X(47, TCX_EGRESS, "tcx_egress") \
	X(48, TRACE_UPROBE_MULTI, "trace_uprobe_multi") \
	X(49, CGROUP_UNIX_CONNECT, "cgroup_unix_connect") \
	X(50, CGROUP_UNIX_SENDMSG, "cgroup_unix_sendmsg") \
	X(51, CGROUP_UNIX_RECVMSG, "cgroup_unix_recvmsg") \
	X(52, CGROUP_UNIX_GETPEERNAME, "cgroup_unix_getpeername") \
	X(53, CGROUP_UNIX_GETSOCKNAME, "cgroup_unix_getsockname") \
	X(54, NETKIT_PRIMARY, "netkit_primary") \
	X(55, NETKIT_PEER, "netkit_peer") \
	X(56, TRACE_KPROBE_SESSION, "trace_kprobe_session") \
	X(57, TRACE_UPROBE_SESSION, "trace_uprobe_session") \
	X(58, TRACE_FSESSION, "trace_fsession")
/* clang-format on */

enum skep_attach_type {
#define SKEP_AT_ROW_(number, constant, name) SKEP_AT_##constant = (number),
	SKEP_ATTACH_TYPES(SKEP_AT_ROW_)
#undef SKEP_AT_ROW_
};

/* NULL: not known. 0 is a type as well as the number of kinds that have none. */
const char *skep_attach_type_name(uint32_t type);
