/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Helpers: the functions that a kernel offers to programs by number, as one table.
 *
 * The numbers are the kernel's UAPI and never change; a kernel knows those up to some number, and
 * which of them a program may call depends on its kind (the kernel's feature probe tells).
 * SKEP_HELPERS is the table: a row has number, constant, name, arguments, and what R0 holds
 * afterwards.
 *
 *	skep_insn_call(SKEP_HELPER_KTIME_GET_NS);
 *	const struct skep_helper *h = skep_helper_find(insn.imm);
 *	skep_str_addf(&s, "call %s", h ? h->name : "?");
 */
#pragma once

#include "base/macros.h"

/*
 * What a helper returns in R0. A pointer that may be NULL has to be compared with 0 before it is
 * used.
 */
enum skep_helper_ret {
	SKEP_HELPER_RET_VOID, /* nothing of use */
	SKEP_HELPER_RET_INT,  /* a number, often 0 or -errno */
	SKEP_HELPER_RET_MAP_VALUE,
	SKEP_HELPER_RET_MAP_VALUE_OR_NULL,
	SKEP_HELPER_RET_MEM_OR_NULL, /* memory whose size was an argument */
	SKEP_HELPER_RET_OBJECT,	     /* a kernel structure described by BTF */
	SKEP_HELPER_RET_OBJECT_OR_NULL,
};

/* clang-format off */
#define SKEP_HELPERS(X) \
	X(1, MAP_LOOKUP_ELEM, map_lookup_elem, 2, MAP_VALUE_OR_NULL) \
	X(2, MAP_UPDATE_ELEM, map_update_elem, 4, INT) \
	X(3, MAP_DELETE_ELEM, map_delete_elem, 2, INT) \
	X(4, PROBE_READ, probe_read, 3, INT) \
	X(5, KTIME_GET_NS, ktime_get_ns, 0, INT) \
	X(6, TRACE_PRINTK, trace_printk, 5, INT) \
	X(7, GET_PRANDOM_U32, get_prandom_u32, 0, INT) \
	X(8, GET_SMP_PROCESSOR_ID, get_smp_processor_id, 0, INT) \
	X(9, SKB_STORE_BYTES, skb_store_bytes, 5, INT) \
	X(10, L3_CSUM_REPLACE, l3_csum_replace, 5, INT) \
	X(11, L4_CSUM_REPLACE, l4_csum_replace, 5, INT) \
	X(12, TAIL_CALL, tail_call, 3, INT) \
	X(13, CLONE_REDIRECT, clone_redirect, 3, INT) \
	X(14, GET_CURRENT_PID_TGID, get_current_pid_tgid, 0, INT) \
	X(15, GET_CURRENT_UID_GID, get_current_uid_gid, 0, INT) \
	X(16, GET_CURRENT_COMM, get_current_comm, 2, INT) \
	X(17, GET_CGROUP_CLASSID, get_cgroup_classid, 1, INT) \
	X(18, SKB_VLAN_PUSH, skb_vlan_push, 3, INT) \
	X(19, SKB_VLAN_POP, skb_vlan_pop, 1, INT) \
	X(20, SKB_GET_TUNNEL_KEY, skb_get_tunnel_key, 4, INT) \
	X(21, SKB_SET_TUNNEL_KEY, skb_set_tunnel_key, 4, INT) \
	X(22, PERF_EVENT_READ, perf_event_read, 2, INT) \
	X(23, REDIRECT, redirect, 2, INT) \
	X(24, GET_ROUTE_REALM, get_route_realm, 1, INT) \
	X(25, PERF_EVENT_OUTPUT, perf_event_output, 5, INT) \
	X(26, SKB_LOAD_BYTES, skb_load_bytes, 4, INT) \
	X(27, GET_STACKID, get_stackid, 3, INT) \
	X(28, CSUM_DIFF, csum_diff, 5, INT) \
	X(29, SKB_GET_TUNNEL_OPT, skb_get_tunnel_opt, 3, INT) \
	X(30, SKB_SET_TUNNEL_OPT, skb_set_tunnel_opt, 3, INT) \
	X(31, SKB_CHANGE_PROTO, skb_change_proto, 3, INT) \
	X(32, SKB_CHANGE_TYPE, skb_change_type, 2, INT) \
	X(33, SKB_UNDER_CGROUP, skb_under_cgroup, 3, INT) \
	X(34, GET_HASH_RECALC, get_hash_recalc, 1, INT) \
	X(35, GET_CURRENT_TASK, get_current_task, 0, INT) \
	X(36, PROBE_WRITE_USER, probe_write_user, 3, INT) \
	X(37, CURRENT_TASK_UNDER_CGROUP, current_task_under_cgroup, 2, INT) \
	X(38, SKB_CHANGE_TAIL, skb_change_tail, 3, INT) \
	X(39, SKB_PULL_DATA, skb_pull_data, 2, INT) \
	X(40, CSUM_UPDATE, csum_update, 2, INT) \
	X(41, SET_HASH_INVALID, set_hash_invalid, 1, VOID) \
	X(42, GET_NUMA_NODE_ID, get_numa_node_id, 0, INT) \
	X(43, SKB_CHANGE_HEAD, skb_change_head, 3, INT) \
	X(44, XDP_ADJUST_HEAD, xdp_adjust_head, 2, INT) \
	X(45, PROBE_READ_STR, probe_read_str, 3, INT) \
	X(46, GET_SOCKET_COOKIE, get_socket_cookie, 1, INT) \
	X(47, GET_SOCKET_UID, get_socket_uid, 1, INT) \
	X(48, SET_HASH, set_hash, 2, INT) \
	X(49, SETSOCKOPT, setsockopt, 5, INT) \
	X(50, SKB_ADJUST_ROOM, skb_adjust_room, 4, INT) \
	X(51, REDIRECT_MAP, redirect_map, 3, INT) \
	X(52, SK_REDIRECT_MAP, sk_redirect_map, 4, INT) \
	X(53, SOCK_MAP_UPDATE, sock_map_update, 4, INT) \
	X(54, XDP_ADJUST_META, xdp_adjust_meta, 2, INT) \
	X(55, PERF_EVENT_READ_VALUE, perf_event_read_value, 4, INT) \
	X(56, PERF_PROG_READ_VALUE, perf_prog_read_value, 3, INT) \
	X(57, GETSOCKOPT, getsockopt, 5, INT) \
	X(58, OVERRIDE_RETURN, override_return, 2, INT) \
	X(59, SOCK_OPS_CB_FLAGS_SET, sock_ops_cb_flags_set, 2, INT) \
	X(60, MSG_REDIRECT_MAP, msg_redirect_map, 4, INT) \
	X(61, MSG_APPLY_BYTES, msg_apply_bytes, 2, INT) \
	X(62, MSG_CORK_BYTES, msg_cork_bytes, 2, INT) \
	X(63, MSG_PULL_DATA, msg_pull_data, 4, INT) \
	X(64, BIND, bind, 3, INT) \
	X(65, XDP_ADJUST_TAIL, xdp_adjust_tail, 2, INT) \
	X(66, SKB_GET_XFRM_STATE, skb_get_xfrm_state, 5, INT) \
	X(67, GET_STACK, get_stack, 4, INT) \
	X(68, SKB_LOAD_BYTES_RELATIVE, skb_load_bytes_relative, 5, INT) \
	X(69, FIB_LOOKUP, fib_lookup, 4, INT) \
	X(70, SOCK_HASH_UPDATE, sock_hash_update, 4, INT) \
	X(71, MSG_REDIRECT_HASH, msg_redirect_hash, 4, INT) \
	X(72, SK_REDIRECT_HASH, sk_redirect_hash, 4, INT) \
	X(73, LWT_PUSH_ENCAP, lwt_push_encap, 4, INT) \
	X(74, LWT_SEG6_STORE_BYTES, lwt_seg6_store_bytes, 4, INT) \
	X(75, LWT_SEG6_ADJUST_SRH, lwt_seg6_adjust_srh, 3, INT) \
	X(76, LWT_SEG6_ACTION, lwt_seg6_action, 4, INT) \
	X(77, RC_REPEAT, rc_repeat, 1, INT) \
	X(78, RC_KEYDOWN, rc_keydown, 4, INT) \
	X(79, SKB_CGROUP_ID, skb_cgroup_id, 1, INT) \
	X(80, GET_CURRENT_CGROUP_ID, get_current_cgroup_id, 0, INT) \
	X(81, GET_LOCAL_STORAGE, get_local_storage, 2, MAP_VALUE) \
	X(82, SK_SELECT_REUSEPORT, sk_select_reuseport, 4, INT) \
	X(83, SKB_ANCESTOR_CGROUP_ID, skb_ancestor_cgroup_id, 2, INT) \
	X(84, SK_LOOKUP_TCP, sk_lookup_tcp, 5, OBJECT_OR_NULL) \
	X(85, SK_LOOKUP_UDP, sk_lookup_udp, 5, OBJECT_OR_NULL) \
	X(86, SK_RELEASE, sk_release, 1, INT) \
	X(87, MAP_PUSH_ELEM, map_push_elem, 3, INT) \
	X(88, MAP_POP_ELEM, map_pop_elem, 2, INT) \
	X(89, MAP_PEEK_ELEM, map_peek_elem, 2, INT) \
	X(90, MSG_PUSH_DATA, msg_push_data, 4, INT) \
	X(91, MSG_POP_DATA, msg_pop_data, 4, INT) \
	X(92, RC_POINTER_REL, rc_pointer_rel, 3, INT) \
	X(93, SPIN_LOCK, spin_lock, 1, VOID) \
	X(94, SPIN_UNLOCK, spin_unlock, 1, VOID) \
	X(95, SK_FULLSOCK, sk_fullsock, 1, OBJECT_OR_NULL) \
	X(96, TCP_SOCK, tcp_sock, 1, OBJECT_OR_NULL) \
	X(97, SKB_ECN_SET_CE, skb_ecn_set_ce, 1, INT) \
	X(98, GET_LISTENER_SOCK, get_listener_sock, 1, OBJECT_OR_NULL) \
	X(99, SKC_LOOKUP_TCP, skc_lookup_tcp, 5, OBJECT_OR_NULL) \
	X(100, TCP_CHECK_SYNCOOKIE, tcp_check_syncookie, 5, INT) \
	X(101, SYSCTL_GET_NAME, sysctl_get_name, 4, INT) \
	X(102, SYSCTL_GET_CURRENT_VALUE, sysctl_get_current_value, 3, INT) \
	X(103, SYSCTL_GET_NEW_VALUE, sysctl_get_new_value, 3, INT) \
	X(104, SYSCTL_SET_NEW_VALUE, sysctl_set_new_value, 3, INT) \
	X(105, STRTOL, strtol, 4, INT) \
	X(106, STRTOUL, strtoul, 4, INT) \
	X(107, SK_STORAGE_GET, sk_storage_get, 4, MAP_VALUE_OR_NULL) \
	X(108, SK_STORAGE_DELETE, sk_storage_delete, 2, INT) \
	X(109, SEND_SIGNAL, send_signal, 1, INT) \
	X(110, TCP_GEN_SYNCOOKIE, tcp_gen_syncookie, 5, INT) \
	X(111, SKB_OUTPUT, skb_output, 5, INT) \
	X(112, PROBE_READ_USER, probe_read_user, 3, INT) \
	X(113, PROBE_READ_KERNEL, probe_read_kernel, 3, INT) \
	X(114, PROBE_READ_USER_STR, probe_read_user_str, 3, INT) \
	X(115, PROBE_READ_KERNEL_STR, probe_read_kernel_str, 3, INT) \
	X(116, TCP_SEND_ACK, tcp_send_ack, 2, INT) \
	X(117, SEND_SIGNAL_THREAD, send_signal_thread, 1, INT) \
	X(118, JIFFIES64, jiffies64, 0, INT) \
	X(119, READ_BRANCH_RECORDS, read_branch_records, 4, INT) \
	X(120, GET_NS_CURRENT_PID_TGID, get_ns_current_pid_tgid, 4, INT) \
	X(121, XDP_OUTPUT, xdp_output, 5, INT) \
	X(122, GET_NETNS_COOKIE, get_netns_cookie, 1, INT) \
	X(123, GET_CURRENT_ANCESTOR_CGROUP_ID, get_current_ancestor_cgroup_id, 1, INT) \
	X(124, SK_ASSIGN, sk_assign, 3, INT) \
	X(125, KTIME_GET_BOOT_NS, ktime_get_boot_ns, 0, INT) \
	X(126, SEQ_PRINTF, seq_printf, 5, INT) \
	X(127, SEQ_WRITE, seq_write, 3, INT) \
	X(128, SK_CGROUP_ID, sk_cgroup_id, 1, INT) \
	X(129, SK_ANCESTOR_CGROUP_ID, sk_ancestor_cgroup_id, 2, INT) \
	X(130, RINGBUF_OUTPUT, ringbuf_output, 4, INT) \
	X(131, RINGBUF_RESERVE, ringbuf_reserve, 3, MEM_OR_NULL) \
	X(132, RINGBUF_SUBMIT, ringbuf_submit, 2, VOID) \
	X(133, RINGBUF_DISCARD, ringbuf_discard, 2, VOID) \
	X(134, RINGBUF_QUERY, ringbuf_query, 2, INT) \
	X(135, CSUM_LEVEL, csum_level, 2, INT) \
	X(136, SKC_TO_TCP6_SOCK, skc_to_tcp6_sock, 1, OBJECT_OR_NULL) \
	X(137, SKC_TO_TCP_SOCK, skc_to_tcp_sock, 1, OBJECT_OR_NULL) \
	X(138, SKC_TO_TCP_TIMEWAIT_SOCK, skc_to_tcp_timewait_sock, 1, OBJECT_OR_NULL) \
	X(139, SKC_TO_TCP_REQUEST_SOCK, skc_to_tcp_request_sock, 1, OBJECT_OR_NULL) \
	X(140, SKC_TO_UDP6_SOCK, skc_to_udp6_sock, 1, OBJECT_OR_NULL) \
	X(141, GET_TASK_STACK, get_task_stack, 4, INT) \
	X(142, LOAD_HDR_OPT, load_hdr_opt, 4, INT) \
	X(143, STORE_HDR_OPT, store_hdr_opt, 4, INT) \
	X(144, RESERVE_HDR_OPT, reserve_hdr_opt, 3, INT) \
	X(145, INODE_STORAGE_GET, inode_storage_get, 4, MAP_VALUE_OR_NULL) \
	X(146, INODE_STORAGE_DELETE, inode_storage_delete, 2, INT) \
	X(147, D_PATH, d_path, 3, INT) \
	X(148, COPY_FROM_USER, copy_from_user, 3, INT) \
	X(149, SNPRINTF_BTF, snprintf_btf, 5, INT) \
	X(150, SEQ_PRINTF_BTF, seq_printf_btf, 4, INT) \
	X(151, SKB_CGROUP_CLASSID, skb_cgroup_classid, 1, INT) \
	X(152, REDIRECT_NEIGH, redirect_neigh, 4, INT) \
	X(153, PER_CPU_PTR, per_cpu_ptr, 2, OBJECT_OR_NULL) \
	X(154, THIS_CPU_PTR, this_cpu_ptr, 1, OBJECT) \
	X(155, REDIRECT_PEER, redirect_peer, 2, INT) \
	X(156, TASK_STORAGE_GET, task_storage_get, 4, MAP_VALUE_OR_NULL) \
	X(157, TASK_STORAGE_DELETE, task_storage_delete, 2, INT) \
	X(158, GET_CURRENT_TASK_BTF, get_current_task_btf, 0, OBJECT) \
	X(159, BPRM_OPTS_SET, bprm_opts_set, 2, INT) \
	X(160, KTIME_GET_COARSE_NS, ktime_get_coarse_ns, 0, INT) \
	X(161, IMA_INODE_HASH, ima_inode_hash, 3, INT) \
	X(162, SOCK_FROM_FILE, sock_from_file, 1, OBJECT_OR_NULL) \
	X(163, CHECK_MTU, check_mtu, 5, INT) \
	X(164, FOR_EACH_MAP_ELEM, for_each_map_elem, 4, INT) \
	X(165, SNPRINTF, snprintf, 5, INT) \
	X(166, SYS_BPF, sys_bpf, 3, INT) \
	X(167, BTF_FIND_BY_NAME_KIND, btf_find_by_name_kind, 4, INT) \
	X(168, SYS_CLOSE, sys_close, 1, INT) \
	X(169, TIMER_INIT, timer_init, 3, INT) \
	X(170, TIMER_SET_CALLBACK, timer_set_callback, 2, INT) \
	X(171, TIMER_START, timer_start, 3, INT) \
	X(172, TIMER_CANCEL, timer_cancel, 1, INT) \
	X(173, GET_FUNC_IP, get_func_ip, 1, INT) \
	X(174, GET_ATTACH_COOKIE, get_attach_cookie, 1, INT) \
	X(175, TASK_PT_REGS, task_pt_regs, 1, INT) \
	X(176, GET_BRANCH_SNAPSHOT, get_branch_snapshot, 3, INT) \
	X(177, TRACE_VPRINTK, trace_vprintk, 4, INT) \
	X(178, SKC_TO_UNIX_SOCK, skc_to_unix_sock, 1, OBJECT_OR_NULL) \
	X(179, KALLSYMS_LOOKUP_NAME, kallsyms_lookup_name, 4, INT) \
	X(180, FIND_VMA, find_vma, 5, INT) \
	X(181, LOOP, loop, 4, INT) \
	X(182, STRNCMP, strncmp, 3, INT) \
	X(183, GET_FUNC_ARG, get_func_arg, 3, INT) \
	X(184, GET_FUNC_RET, get_func_ret, 2, INT) \
	X(185, GET_FUNC_ARG_CNT, get_func_arg_cnt, 1, INT) \
	X(186, GET_RETVAL, get_retval, 0, INT) \
	X(187, SET_RETVAL, set_retval, 1, INT) \
	X(188, XDP_GET_BUFF_LEN, xdp_get_buff_len, 1, INT) \
	X(189, XDP_LOAD_BYTES, xdp_load_bytes, 4, INT) \
	X(190, XDP_STORE_BYTES, xdp_store_bytes, 4, INT) \
	X(191, COPY_FROM_USER_TASK, copy_from_user_task, 5, INT) \
	X(192, SKB_SET_TSTAMP, skb_set_tstamp, 3, INT) \
	X(193, IMA_FILE_HASH, ima_file_hash, 3, INT) \
	X(194, KPTR_XCHG, kptr_xchg, 2, OBJECT_OR_NULL) \
	X(195, MAP_LOOKUP_PERCPU_ELEM, map_lookup_percpu_elem, 3, MAP_VALUE_OR_NULL) \
	X(196, SKC_TO_MPTCP_SOCK, skc_to_mptcp_sock, 1, OBJECT_OR_NULL) \
	X(197, DYNPTR_FROM_MEM, dynptr_from_mem, 4, INT) \
	X(198, RINGBUF_RESERVE_DYNPTR, ringbuf_reserve_dynptr, 4, INT) \
	X(199, RINGBUF_SUBMIT_DYNPTR, ringbuf_submit_dynptr, 2, VOID) \
	X(200, RINGBUF_DISCARD_DYNPTR, ringbuf_discard_dynptr, 2, VOID) \
	X(201, DYNPTR_READ, dynptr_read, 5, INT) \
	X(202, DYNPTR_WRITE, dynptr_write, 5, INT) \
	X(203, DYNPTR_DATA, dynptr_data, 3, MEM_OR_NULL) \
	X(204, TCP_RAW_GEN_SYNCOOKIE_IPV4, tcp_raw_gen_syncookie_ipv4, 3, INT) \
	X(205, TCP_RAW_GEN_SYNCOOKIE_IPV6, tcp_raw_gen_syncookie_ipv6, 3, INT) \
	X(206, TCP_RAW_CHECK_SYNCOOKIE_IPV4, tcp_raw_check_syncookie_ipv4, 2, INT) \
	X(207, TCP_RAW_CHECK_SYNCOOKIE_IPV6, tcp_raw_check_syncookie_ipv6, 2, INT) \
	X(208, KTIME_GET_TAI_NS, ktime_get_tai_ns, 0, INT) \
	X(209, USER_RINGBUF_DRAIN, user_ringbuf_drain, 4, INT) \
	X(210, CGRP_STORAGE_GET, cgrp_storage_get, 4, MAP_VALUE_OR_NULL) \
	X(211, CGRP_STORAGE_DELETE, cgrp_storage_delete, 2, INT)
/* clang-format on */

enum skep_helper_id {
	SKEP_HELPER_UNSPEC = 0,
#define SKEP_HELPER_ROW_(id, CONSTANT, name, n_args, ret) SKEP_HELPER_##CONSTANT = (id),
	SKEP_HELPERS(SKEP_HELPER_ROW_)
#undef SKEP_HELPER_ROW_
	SKEP_HELPER_END, /* one more than the last number of the table */
};

struct skep_helper {
	int32_t id;
	const char *name; /* without prefix: "ktime_get_ns" */
	uint8_t n_args;	  /* the most it takes: 5 for trace_printk */
	enum skep_helper_ret ret;
};

/* The row of a number, or NULL when the table has none. */
const struct skep_helper *skep_helper_find(int32_t id);
/* The row of a name, given with or without the prefix "bpf_"; or NULL. */
const struct skep_helper *skep_helper_find_name(const char *name);
