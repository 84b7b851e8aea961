/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Program kinds: what a program is run for, and what R1 points to when it starts, as one table.
 *
 * The numbers are the kernel's UAPI and never change. SKEP_PROG_KINDS is the table: number,
 * constant, name, and the type of the context as C knows it ("" where it depends on the place of
 * attachment).
 *
 *	const struct skep_prog_kind *kind = skep_prog_kind_find(SKEP_PROG_XDP);
 *	printf("%s gets %s\n", kind->name, kind->context);
 */
#pragma once

#include "base/macros.h"

/* clang-format off */
#define SKEP_PROG_KINDS(X) \
	X(1, SOCKET_FILTER, "socket_filter", "struct __sk_buff") \
	X(2, KPROBE, "kprobe", "struct pt_regs") \
	X(3, SCHED_CLS, "sched_cls", "struct __sk_buff") \
	X(4, SCHED_ACT, "sched_act", "struct __sk_buff") \
	X(5, TRACEPOINT, "tracepoint", "") \
	X(6, XDP, "xdp", "struct xdp_md") \
	X(7, PERF_EVENT, "perf_event", "struct bpf_perf_event_data") \
	X(8, CGROUP_SKB, "cgroup_skb", "struct __sk_buff") \
	X(9, CGROUP_SOCK, "cgroup_sock", "struct bpf_sock") \
	X(10, LWT_IN, "lwt_in", "struct __sk_buff") \
	X(11, LWT_OUT, "lwt_out", "struct __sk_buff") \
	X(12, LWT_XMIT, "lwt_xmit", "struct __sk_buff") \
	X(13, SOCK_OPS, "sock_ops", "struct bpf_sock_ops") \
	X(14, SK_SKB, "sk_skb", "struct __sk_buff") \
	X(15, CGROUP_DEVICE, "cgroup_device", "struct bpf_cgroup_dev_ctx") \
	X(16, SK_MSG, "sk_msg", "struct sk_msg_md") \
	X(17, RAW_TRACEPOINT, "raw_tracepoint", "struct bpf_raw_tracepoint_args") \
	X(18, CGROUP_SOCK_ADDR, "cgroup_sock_addr", "struct bpf_sock_addr") \
	X(19, LWT_SEG6LOCAL, "lwt_seg6local", "struct __sk_buff") \
	X(20, LIRC_MODE2, "lirc_mode2", "__u32") \
	X(21, SK_REUSEPORT, "sk_reuseport", "struct sk_reuseport_md") \
	X(22, FLOW_DISSECTOR, "flow_dissector", "struct __sk_buff") \
	X(23, CGROUP_SYSCTL, "cgroup_sysctl", "struct bpf_sysctl") \
	X(24, RAW_TRACEPOINT_WRITABLE, "raw_tracepoint_writable", "struct bpf_raw_tracepoint_args") \
	X(25, CGROUP_SOCKOPT, "cgroup_sockopt", "struct bpf_sockopt") \
	X(26, TRACING, "tracing", "") \
	X(27, STRUCT_OPS, "struct_ops", "") \
	X(28, EXT, "ext", "") \
	X(29, LSM, "lsm", "") \
	X(30, SK_LOOKUP, "sk_lookup", "struct bpf_sk_lookup") \
	X(31, SYSCALL, "syscall", "") \
	X(32, NETFILTER, "netfilter", "struct bpf_nf_ctx")
/* clang-format on */

enum skep_prog_kind_id {
	SKEP_PROG_UNSPEC = 0,
#define SKEP_PROG_ROW_(number, constant, name, context) SKEP_PROG_##constant = (number),
	SKEP_PROG_KINDS(SKEP_PROG_ROW_)
#undef SKEP_PROG_ROW_
};

/* A set of kinds is a bit each in 64 bits. */
#define SKEP_KIND(id) (1ull << (id))

struct skep_prog_kind {
	uint32_t id;
	const char *name;
	const char *context;
};

/* The row of a number or a name, or NULL. */
const struct skep_prog_kind *skep_prog_kind_find(uint32_t id);
const struct skep_prog_kind *skep_prog_kind_find_name(const char *name);

/* What R0 at the end means for packets: "XDP_PASS", "TC_ACT_OK"; NULL: no such number, or another kind. */
const char *skep_prog_kind_verdict(uint32_t id, uint32_t value);
