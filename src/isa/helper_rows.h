/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The helpers, one row each, in the order of their numbers.
 *
 * SKEP_HELPERS(X) is the table. A row has
 *
 *	number	  the kernel's UAPI number
 *	constant  SKEP_HELPER_<constant> is the number
 *	name	  without the prefix "bpf_"
 *	n, args	  how many arguments it takes, and what each must be (SKEP_ARG_<kind>, isa/helper.h)
 *	ret	  what R0 holds afterwards (SKEP_HELPER_RET_<kind>)
 *	flags	  F_<flag> is SKEP_HELPER_<flag>; 0: none
 *	kinds	  SKEP_KINDS_<set>: the kinds of programs that may call it, below
 *
 * Which kinds may call a helper, and which helpers want a licence compatible with the GPL, was asked of
 * Linux 6.18 and 6.12 by loading a program for each pair; older kernels allow less.
 */
#pragma once

/* clang-format off */
#define SKEP_HELPERS(X) \
	X(1, MAP_LOOKUP_ELEM, map_lookup_elem, 2, (MAP, KEY), MAP_VALUE_OR_NULL, 0, ANY) \
	X(2, MAP_UPDATE_ELEM, map_update_elem, 4, (MAP, KEY, VALUE, ANY), INT, 0, ANY) \
	X(3, MAP_DELETE_ELEM, map_delete_elem, 2, (MAP, KEY), INT, 0, ANY) \
	X(4, PROBE_READ, probe_read, 3, (OUT, SIZE0, ANY), INT, F_GPL, TRACE) \
	X(5, KTIME_GET_NS, ktime_get_ns, 0, (), INT, 0, ANY) \
	X(6, TRACE_PRINTK, trace_printk, 5, (MEM, SIZE, ANY, ANY, ANY), INT, F_GPL, ANY) \
	X(7, GET_PRANDOM_U32, get_prandom_u32, 0, (), INT, 0, ANY) \
	X(8, GET_SMP_PROCESSOR_ID, get_smp_processor_id, 0, (), INT, 0, ANY) \
	X(9, SKB_STORE_BYTES, skb_store_bytes, 5, (CTX, ANY, MEM, SIZE, ANY), INT, \
	  F_PACKET, SKB_WRITE) \
	X(10, L3_CSUM_REPLACE, l3_csum_replace, 5, (CTX, ANY, ANY, ANY, ANY), INT, \
	  F_PACKET, TC_XMIT) \
	X(11, L4_CSUM_REPLACE, l4_csum_replace, 5, (CTX, ANY, ANY, ANY, ANY), INT, \
	  F_PACKET, TC_XMIT) \
	X(12, TAIL_CALL, tail_call, 3, (CTX, MAP, ANY), VOID, 0, ANY) \
	X(13, CLONE_REDIRECT, clone_redirect, 3, (CTX, ANY, ANY), INT, F_PACKET, TC_XMIT) \
	X(14, GET_CURRENT_PID_TGID, get_current_pid_tgid, 0, (), INT, 0, ANY) \
	X(15, GET_CURRENT_UID_GID, get_current_uid_gid, 0, (), INT, 0, ANY) \
	X(16, GET_CURRENT_COMM, get_current_comm, 2, (OUT, SIZE), INT, 0, ANY) \
	X(17, GET_CGROUP_CLASSID, get_cgroup_classid, 1, (CTX), INT, 0, ANY) \
	X(18, SKB_VLAN_PUSH, skb_vlan_push, 3, (CTX, ANY, ANY), INT, F_PACKET, TC) \
	X(19, SKB_VLAN_POP, skb_vlan_pop, 1, (CTX), INT, F_PACKET, TC) \
	X(20, SKB_GET_TUNNEL_KEY, skb_get_tunnel_key, 4, (CTX, OUT, SIZE, ANY), INT, 0, TC_XMIT) \
	X(21, SKB_SET_TUNNEL_KEY, skb_set_tunnel_key, 4, (CTX, MEM, SIZE, ANY), INT, 0, TC_XMIT) \
	X(22, PERF_EVENT_READ, perf_event_read, 2, (MAP, ANY), INT, F_GPL, ANY) \
	X(23, REDIRECT, redirect, 2, (ANY, ANY), INT, 0, REDIRECT) \
	X(24, GET_ROUTE_REALM, get_route_realm, 1, (CTX), INT, 0, TC_LWT) \
	X(25, PERF_EVENT_OUTPUT, perf_event_output, 5, (CTX, MAP, ANY, MEM, SIZE0), INT, \
	  F_GPL, OUTPUT) \
	X(26, SKB_LOAD_BYTES, skb_load_bytes, 4, (CTX, ANY, OUT, SIZE), INT, 0, SKB_LOAD) \
	X(27, GET_STACKID, get_stackid, 3, (CTX, MAP, ANY), INT, F_GPL, TRACE) \
	X(28, CSUM_DIFF, csum_diff, 5, (MEM_NULL, SIZE0, MEM_NULL, SIZE0, ANY), INT, 0, CSUM) \
	X(29, SKB_GET_TUNNEL_OPT, skb_get_tunnel_opt, 3, (CTX, OUT, SIZE), INT, 0, TC_XMIT) \
	X(30, SKB_SET_TUNNEL_OPT, skb_set_tunnel_opt, 3, (CTX, MEM, SIZE), INT, 0, TC_XMIT) \
	X(31, SKB_CHANGE_PROTO, skb_change_proto, 3, (CTX, ANY, ANY), INT, F_PACKET, TC) \
	X(32, SKB_CHANGE_TYPE, skb_change_type, 2, (CTX, ANY), INT, 0, TC) \
	X(33, SKB_UNDER_CGROUP, skb_under_cgroup, 3, (CTX, MAP, ANY), INT, 0, TC_LWT) \
	X(34, GET_HASH_RECALC, get_hash_recalc, 1, (CTX), INT, 0, TC_LWT) \
	X(35, GET_CURRENT_TASK, get_current_task, 0, (), INT, F_GPL, ANY) \
	X(36, PROBE_WRITE_USER, probe_write_user, 3, (ANY, MEM, SIZE), INT, F_GPL, TRACE) \
	X(37, CURRENT_TASK_UNDER_CGROUP, current_task_under_cgroup, 2, (MAP, ANY), INT, 0, ANY) \
	X(38, SKB_CHANGE_TAIL, skb_change_tail, 3, (CTX, ANY, ANY), INT, F_PACKET, SKB_WRITE) \
	X(39, SKB_PULL_DATA, skb_pull_data, 2, (CTX, ANY), INT, F_PACKET, SKB_PULL) \
	X(40, CSUM_UPDATE, csum_update, 2, (CTX, ANY), INT, 0, TC_XMIT) \
	X(41, SET_HASH_INVALID, set_hash_invalid, 1, (CTX), VOID, 0, TC_XMIT) \
	X(42, GET_NUMA_NODE_ID, get_numa_node_id, 0, (), INT, 0, ANY) \
	X(43, SKB_CHANGE_HEAD, skb_change_head, 3, (CTX, ANY, ANY), INT, F_PACKET, SKB_WRITE) \
	X(44, XDP_ADJUST_HEAD, xdp_adjust_head, 2, (CTX, ANY), INT, F_PACKET, XDP) \
	X(45, PROBE_READ_STR, probe_read_str, 3, (OUT, SIZE0, ANY), INT, F_GPL, TRACE) \
	X(46, GET_SOCKET_COOKIE, get_socket_cookie, 1, (CTX), INT, 0, SOCK_COOKIE) \
	X(47, GET_SOCKET_UID, get_socket_uid, 1, (CTX), INT, 0, SOCK_UID) \
	X(48, SET_HASH, set_hash, 2, (CTX, ANY), INT, 0, TC) \
	X(49, SETSOCKOPT, setsockopt, 5, (CTX, ANY, ANY, MEM, SIZE), INT, 0, SOCKOPT) \
	X(50, SKB_ADJUST_ROOM, skb_adjust_room, 4, (CTX, ANY, ANY, ANY), INT, F_PACKET, SKB_ROOM) \
	X(51, REDIRECT_MAP, redirect_map, 3, (MAP, ANY, ANY), INT, 0, XDP) \
	X(52, SK_REDIRECT_MAP, sk_redirect_map, 4, (CTX, MAP, ANY, ANY), INT, 0, SK_SKB) \
	X(53, SOCK_MAP_UPDATE, sock_map_update, 4, (CTX, MAP, KEY, ANY), INT, 0, SOCK_OPS) \
	X(54, XDP_ADJUST_META, xdp_adjust_meta, 2, (CTX, ANY), INT, F_PACKET, XDP) \
	X(55, PERF_EVENT_READ_VALUE, perf_event_read_value, 4, (MAP, ANY, OUT, SIZE), INT, \
	  F_GPL, ANY) \
	X(56, PERF_PROG_READ_VALUE, perf_prog_read_value, 3, (CTX, OUT, SIZE), INT, F_GPL, PERF) \
	X(57, GETSOCKOPT, getsockopt, 5, (CTX, ANY, ANY, OUT, SIZE), INT, 0, SOCKOPT) \
	X(58, OVERRIDE_RETURN, override_return, 2, (CTX, ANY), INT, F_GPL, KPROBE) \
	X(59, SOCK_OPS_CB_FLAGS_SET, sock_ops_cb_flags_set, 2, (CTX, ANY), INT, 0, SOCK_OPS) \
	X(60, MSG_REDIRECT_MAP, msg_redirect_map, 4, (CTX, MAP, ANY, ANY), INT, 0, SK_MSG) \
	X(61, MSG_APPLY_BYTES, msg_apply_bytes, 2, (CTX, ANY), INT, 0, SK_MSG) \
	X(62, MSG_CORK_BYTES, msg_cork_bytes, 2, (CTX, ANY), INT, 0, SK_MSG) \
	X(63, MSG_PULL_DATA, msg_pull_data, 4, (CTX, ANY, ANY, ANY), INT, F_PACKET, SK_MSG) \
	X(64, BIND, bind, 3, (CTX, MEM, SIZE), INT, 0, SOCK_ADDR) \
	X(65, XDP_ADJUST_TAIL, xdp_adjust_tail, 2, (CTX, ANY), INT, F_PACKET, XDP) \
	X(66, SKB_GET_XFRM_STATE, skb_get_xfrm_state, 5, (CTX, ANY, OUT, SIZE, ANY), INT, 0, TC) \
	X(67, GET_STACK, get_stack, 4, (CTX, OUT, SIZE0, ANY), INT, F_GPL, TRACE) \
	X(68, SKB_LOAD_BYTES_RELATIVE, skb_load_bytes_relative, 5, (CTX, ANY, OUT, SIZE, ANY), INT, \
	  0, SKB_LOAD_REL) \
	X(69, FIB_LOOKUP, fib_lookup, 4, (CTX, INOUT, SIZE, ANY), INT, F_GPL, TC_XDP) \
	X(70, SOCK_HASH_UPDATE, sock_hash_update, 4, (CTX, MAP, KEY, ANY), INT, 0, SOCK_OPS) \
	X(71, MSG_REDIRECT_HASH, msg_redirect_hash, 4, (CTX, MAP, KEY, ANY), INT, 0, SK_MSG) \
	X(72, SK_REDIRECT_HASH, sk_redirect_hash, 4, (CTX, MAP, KEY, ANY), INT, 0, SK_SKB) \
	X(73, LWT_PUSH_ENCAP, lwt_push_encap, 4, (CTX, ANY, MEM, SIZE), INT, F_PACKET, LWT_ENCAP) \
	X(74, LWT_SEG6_STORE_BYTES, lwt_seg6_store_bytes, 4, (CTX, ANY, MEM, SIZE), INT, \
	  F_PACKET, SEG6) \
	X(75, LWT_SEG6_ADJUST_SRH, lwt_seg6_adjust_srh, 3, (CTX, ANY, ANY), INT, F_PACKET, SEG6) \
	X(76, LWT_SEG6_ACTION, lwt_seg6_action, 4, (CTX, ANY, MEM, SIZE), INT, F_PACKET, SEG6) \
	X(77, RC_REPEAT, rc_repeat, 1, (CTX), INT, 0, LIRC) \
	X(78, RC_KEYDOWN, rc_keydown, 4, (CTX, ANY, ANY, ANY), INT, 0, LIRC) \
	X(79, SKB_CGROUP_ID, skb_cgroup_id, 1, (CTX), INT, 0, TC_CGROUP) \
	X(80, GET_CURRENT_CGROUP_ID, get_current_cgroup_id, 0, (), INT, 0, ANY) \
	X(81, GET_LOCAL_STORAGE, get_local_storage, 2, (MAP, ANY), MAP_VALUE, 0, CGROUP_LOCAL) \
	X(82, SK_SELECT_REUSEPORT, sk_select_reuseport, 4, (CTX, MAP, KEY, ANY), INT, \
	  0, REUSEPORT) \
	X(83, SKB_ANCESTOR_CGROUP_ID, skb_ancestor_cgroup_id, 2, (CTX, ANY), INT, 0, TC_CGROUP) \
	X(84, SK_LOOKUP_TCP, sk_lookup_tcp, 5, (CTX, MEM, SIZE0, ANY, ANY), SOCK_OR_NULL, \
	  F_ACQUIRE, SK_FIND) \
	X(85, SK_LOOKUP_UDP, sk_lookup_udp, 5, (CTX, MEM, SIZE0, ANY, ANY), SOCK_OR_NULL, \
	  F_ACQUIRE, SK_FIND) \
	X(86, SK_RELEASE, sk_release, 1, (SOCK), INT, F_RELEASE, SK_DROP) \
	X(87, MAP_PUSH_ELEM, map_push_elem, 3, (MAP, VALUE, ANY), INT, 0, ANY) \
	X(88, MAP_POP_ELEM, map_pop_elem, 2, (MAP, VALUE_OUT), INT, 0, ANY) \
	X(89, MAP_PEEK_ELEM, map_peek_elem, 2, (MAP, VALUE_OUT), INT, 0, ANY) \
	X(90, MSG_PUSH_DATA, msg_push_data, 4, (CTX, ANY, ANY, ANY), INT, F_PACKET, SK_MSG) \
	X(91, MSG_POP_DATA, msg_pop_data, 4, (CTX, ANY, ANY, ANY), INT, F_PACKET, SK_MSG) \
	X(92, RC_POINTER_REL, rc_pointer_rel, 3, (CTX, ANY, ANY), INT, 0, LIRC) \
	X(93, SPIN_LOCK, spin_lock, 1, (LOCK), VOID, 0, ANY) \
	X(94, SPIN_UNLOCK, spin_unlock, 1, (LOCK), VOID, 0, ANY) \
	X(95, SK_FULLSOCK, sk_fullsock, 1, (SOCK_COMMON), SOCK_OR_NULL, 0, TC_CGROUP) \
	X(96, TCP_SOCK, tcp_sock, 1, (SOCK_COMMON), TCP_SOCK_OR_NULL, 0, TCP_SOCK) \
	X(97, SKB_ECN_SET_CE, skb_ecn_set_ce, 1, (CTX), INT, 0, TC_CGROUP) \
	X(98, GET_LISTENER_SOCK, get_listener_sock, 1, (SOCK_COMMON), SOCK_OR_NULL, 0, TC_CGROUP) \
	X(99, SKC_LOOKUP_TCP, skc_lookup_tcp, 5, (CTX, MEM, SIZE0, ANY, ANY), SOCK_COMMON_OR_NULL, \
	  F_ACQUIRE, SK_FIND) \
	X(100, TCP_CHECK_SYNCOOKIE, tcp_check_syncookie, 5, (SOCK, MEM, SIZE, MEM, SIZE), INT, \
	  F_GPL, TC_XDP) \
	X(101, SYSCTL_GET_NAME, sysctl_get_name, 4, (CTX, OUT, SIZE, ANY), INT, 0, SYSCTL) \
	X(102, SYSCTL_GET_CURRENT_VALUE, sysctl_get_current_value, 3, (CTX, OUT, SIZE), INT, \
	  0, SYSCTL) \
	X(103, SYSCTL_GET_NEW_VALUE, sysctl_get_new_value, 3, (CTX, OUT, SIZE), INT, 0, SYSCTL) \
	X(104, SYSCTL_SET_NEW_VALUE, sysctl_set_new_value, 3, (CTX, MEM, SIZE), INT, 0, SYSCTL) \
	X(105, STRTOL, strtol, 4, (MEM, SIZE, ANY, OUT8), INT, 0, ANY) \
	X(106, STRTOUL, strtoul, 4, (MEM, SIZE, ANY, OUT8), INT, 0, ANY) \
	X(107, SK_STORAGE_GET, sk_storage_get, 4, (MAP, SOCK, VALUE_NULL, ANY), MAP_VALUE_OR_NULL, \
	  0, SK_STORAGE) \
	X(108, SK_STORAGE_DELETE, sk_storage_delete, 2, (MAP, SOCK), INT, 0, SK_STORAGE_DEL) \
	X(109, SEND_SIGNAL, send_signal, 1, (ANY), INT, 0, ANY) \
	X(110, TCP_GEN_SYNCOOKIE, tcp_gen_syncookie, 5, (SOCK, MEM, SIZE, MEM, SIZE), INT, \
	  F_GPL, TC_XDP) \
	X(111, SKB_OUTPUT, skb_output, 5, (CTX, MAP, ANY, MEM, SIZE0), INT, F_GPL, TRACE_BTF) \
	X(112, PROBE_READ_USER, probe_read_user, 3, (OUT, SIZE0, ANY), INT, F_GPL, ANY) \
	X(113, PROBE_READ_KERNEL, probe_read_kernel, 3, (OUT, SIZE0, ANY), INT, F_GPL, ANY) \
	X(114, PROBE_READ_USER_STR, probe_read_user_str, 3, (OUT, SIZE0, ANY), INT, F_GPL, ANY) \
	X(115, PROBE_READ_KERNEL_STR, probe_read_kernel_str, 3, (OUT, SIZE0, ANY), INT, \
	  F_GPL, ANY) \
	X(116, TCP_SEND_ACK, tcp_send_ack, 2, (CTX, ANY), INT, F_GPL, NONE) \
	X(117, SEND_SIGNAL_THREAD, send_signal_thread, 1, (ANY), INT, 0, ANY) \
	X(118, JIFFIES64, jiffies64, 0, (), INT, 0, ANY) \
	X(119, READ_BRANCH_RECORDS, read_branch_records, 4, (CTX, MEM_NULL, SIZE0, ANY), INT, \
	  F_GPL, PERF) \
	X(120, GET_NS_CURRENT_PID_TGID, get_ns_current_pid_tgid, 4, (ANY, ANY, OUT, SIZE), INT, \
	  0, ANY) \
	X(121, XDP_OUTPUT, xdp_output, 5, (CTX, MAP, ANY, MEM, SIZE0), INT, F_GPL, TRACE_BTF) \
	X(122, GET_NETNS_COOKIE, get_netns_cookie, 1, (CTX_NULL), INT, 0, NETNS) \
	X(123, GET_CURRENT_ANCESTOR_CGROUP_ID, get_current_ancestor_cgroup_id, 1, (ANY), INT, \
	  0, ANY) \
	X(124, SK_ASSIGN, sk_assign, 3, (CTX, SOCK, ANY), INT, 0, SK_ASSIGN) \
	X(125, KTIME_GET_BOOT_NS, ktime_get_boot_ns, 0, (), INT, 0, ANY) \
	X(126, SEQ_PRINTF, seq_printf, 5, (OBJECT, MEM, SIZE, MEM_NULL, SIZE0), INT, \
	  F_GPL, TRACING) \
	X(127, SEQ_WRITE, seq_write, 3, (OBJECT, MEM, SIZE0), INT, F_GPL, TRACING) \
	X(128, SK_CGROUP_ID, sk_cgroup_id, 1, (SOCK), INT, 0, CGROUP_SKB) \
	X(129, SK_ANCESTOR_CGROUP_ID, sk_ancestor_cgroup_id, 2, (SOCK, ANY), INT, 0, CGROUP_SKB) \
	X(130, RINGBUF_OUTPUT, ringbuf_output, 4, (MAP, MEM, SIZE0, ANY), INT, 0, ANY) \
	X(131, RINGBUF_RESERVE, ringbuf_reserve, 3, (MAP, CONST_SIZE, ANY), MEM_OR_NULL, \
	  F_ACQUIRE, ANY) \
	X(132, RINGBUF_SUBMIT, ringbuf_submit, 2, (RECORD, ANY), VOID, F_RELEASE, ANY) \
	X(133, RINGBUF_DISCARD, ringbuf_discard, 2, (RECORD, ANY), VOID, F_RELEASE, ANY) \
	X(134, RINGBUF_QUERY, ringbuf_query, 2, (MAP, ANY), INT, 0, ANY) \
	X(135, CSUM_LEVEL, csum_level, 2, (CTX, ANY), INT, 0, TC_XMIT) \
	X(136, SKC_TO_TCP6_SOCK, skc_to_tcp6_sock, 1, (SOCK), OBJECT_OR_NULL, 0, SK_CAST) \
	X(137, SKC_TO_TCP_SOCK, skc_to_tcp_sock, 1, (SOCK), OBJECT_OR_NULL, 0, SK_CAST) \
	X(138, SKC_TO_TCP_TIMEWAIT_SOCK, skc_to_tcp_timewait_sock, 1, (SOCK), OBJECT_OR_NULL, \
	  0, SK_CAST) \
	X(139, SKC_TO_TCP_REQUEST_SOCK, skc_to_tcp_request_sock, 1, (SOCK), OBJECT_OR_NULL, \
	  0, SK_CAST) \
	X(140, SKC_TO_UDP6_SOCK, skc_to_udp6_sock, 1, (SOCK), OBJECT_OR_NULL, 0, SK_CAST) \
	X(141, GET_TASK_STACK, get_task_stack, 4, (OBJECT, OUT, SIZE0, ANY), INT, 0, ANY) \
	X(142, LOAD_HDR_OPT, load_hdr_opt, 4, (CTX, INOUT, SIZE, ANY), INT, 0, SOCK_OPS) \
	X(143, STORE_HDR_OPT, store_hdr_opt, 4, (CTX, MEM, SIZE, ANY), INT, F_PACKET, SOCK_OPS) \
	X(144, RESERVE_HDR_OPT, reserve_hdr_opt, 3, (CTX, ANY, ANY), INT, 0, SOCK_OPS) \
	X(145, INODE_STORAGE_GET, inode_storage_get, 4, (MAP, OBJECT_NULL, VALUE_NULL, ANY), MAP_VALUE_OR_NULL, \
	  0, LSM) \
	X(146, INODE_STORAGE_DELETE, inode_storage_delete, 2, (MAP, OBJECT_NULL), INT, 0, LSM) \
	X(147, D_PATH, d_path, 3, (OBJECT, OUT, SIZE0), INT, 0, TRACE_BTF) \
	X(148, COPY_FROM_USER, copy_from_user, 3, (OUT, SIZE0, ANY), INT, F_SLEEP, ANY) \
	X(149, SNPRINTF_BTF, snprintf_btf, 5, (OUT, SIZE, MEM, SIZE, ANY), INT, 0, ANY) \
	X(150, SEQ_PRINTF_BTF, seq_printf_btf, 4, (OBJECT, MEM, SIZE0, ANY), INT, F_GPL, TRACING) \
	X(151, SKB_CGROUP_CLASSID, skb_cgroup_classid, 1, (CTX), INT, 0, TC) \
	X(152, REDIRECT_NEIGH, redirect_neigh, 4, (ANY, MEM_NULL, SIZE0, ANY), INT, 0, TC) \
	X(153, PER_CPU_PTR, per_cpu_ptr, 2, (PERCPU, ANY), OBJECT_OR_NULL, 0, ANY) \
	X(154, THIS_CPU_PTR, this_cpu_ptr, 1, (PERCPU), OBJECT, 0, ANY) \
	X(155, REDIRECT_PEER, redirect_peer, 2, (ANY, ANY), INT, 0, TC) \
	X(156, TASK_STORAGE_GET, task_storage_get, 4, (MAP, OBJECT_NULL, VALUE_NULL, ANY), MAP_VALUE_OR_NULL, \
	  0, ANY) \
	X(157, TASK_STORAGE_DELETE, task_storage_delete, 2, (MAP, OBJECT_NULL), INT, 0, ANY) \
	X(158, GET_CURRENT_TASK_BTF, get_current_task_btf, 0, (), OBJECT, F_GPL, ANY) \
	X(159, BPRM_OPTS_SET, bprm_opts_set, 2, (OBJECT, ANY), INT, 0, LSM) \
	X(160, KTIME_GET_COARSE_NS, ktime_get_coarse_ns, 0, (), INT, 0, COARSE) \
	X(161, IMA_INODE_HASH, ima_inode_hash, 3, (OBJECT, OUT, SIZE), INT, F_SLEEP, LSM) \
	X(162, SOCK_FROM_FILE, sock_from_file, 1, (OBJECT), OBJECT_OR_NULL, 0, TRACE_BTF) \
	X(163, CHECK_MTU, check_mtu, 5, (CTX, ANY, INOUT4, ANY, ANY), INT, F_GPL, TC_XDP) \
	X(164, FOR_EACH_MAP_ELEM, for_each_map_elem, 4, (MAP, FUNC, FUNC_CTX, ANY), INT, \
	  F_CALLBACK, ANY) \
	X(165, SNPRINTF, snprintf, 5, (OUT_NULL, SIZE0, STR, MEM_NULL, SIZE0), INT, F_GPL, ANY) \
	X(166, SYS_BPF, sys_bpf, 3, (ANY, INOUT, SIZE), INT, 0, SYSCALL) \
	X(167, BTF_FIND_BY_NAME_KIND, btf_find_by_name_kind, 4, (MEM, SIZE, ANY, ANY), INT, \
	  0, SYSCALL) \
	X(168, SYS_CLOSE, sys_close, 1, (ANY), INT, 0, SYSCALL) \
	X(169, TIMER_INIT, timer_init, 3, (TIMER, MAP, ANY), INT, F_GPL, ANY) \
	X(170, TIMER_SET_CALLBACK, timer_set_callback, 2, (TIMER, FUNC), INT, \
	  F_GPL | F_CALLBACK, ANY) \
	X(171, TIMER_START, timer_start, 3, (TIMER, ANY, ANY), INT, F_GPL, ANY) \
	X(172, TIMER_CANCEL, timer_cancel, 1, (TIMER), INT, F_GPL, ANY) \
	X(173, GET_FUNC_IP, get_func_ip, 1, (CTX), INT, F_GPL, TRACE) \
	X(174, GET_ATTACH_COOKIE, get_attach_cookie, 1, (CTX), INT, 0, COOKIE) \
	X(175, TASK_PT_REGS, task_pt_regs, 1, (OBJECT), OBJECT, F_GPL, ANY) \
	X(176, GET_BRANCH_SNAPSHOT, get_branch_snapshot, 3, (OUT, SIZE0, ANY), INT, F_GPL, ANY) \
	X(177, TRACE_VPRINTK, trace_vprintk, 4, (MEM, SIZE, MEM_NULL, SIZE0), INT, F_GPL, ANY) \
	X(178, SKC_TO_UNIX_SOCK, skc_to_unix_sock, 1, (SOCK), OBJECT_OR_NULL, 0, SK_CAST) \
	X(179, KALLSYMS_LOOKUP_NAME, kallsyms_lookup_name, 4, (MEM, SIZE0, ANY, OUT8), INT, \
	  0, SYSCALL) \
	X(180, FIND_VMA, find_vma, 5, (OBJECT, ANY, FUNC, FUNC_CTX, ANY), INT, F_CALLBACK, ANY) \
	X(181, LOOP, loop, 4, (ANY, FUNC, FUNC_CTX, ANY), INT, F_CALLBACK, ANY) \
	X(182, STRNCMP, strncmp, 3, (MEM, SIZE, STR), INT, 0, ANY) \
	X(183, GET_FUNC_ARG, get_func_arg, 3, (CTX, ANY, OUT8), INT, 0, FUNC_ARGS) \
	X(184, GET_FUNC_RET, get_func_ret, 2, (CTX, OUT8), INT, 0, FUNC_ARGS) \
	X(185, GET_FUNC_ARG_CNT, get_func_arg_cnt, 1, (CTX), INT, 0, FUNC_ARGS) \
	X(186, GET_RETVAL, get_retval, 0, (), INT, 0, RETVAL) \
	X(187, SET_RETVAL, set_retval, 1, (ANY), INT, 0, RETVAL) \
	X(188, XDP_GET_BUFF_LEN, xdp_get_buff_len, 1, (CTX), INT, 0, XDP_LEN) \
	X(189, XDP_LOAD_BYTES, xdp_load_bytes, 4, (CTX, ANY, OUT, SIZE), INT, 0, XDP) \
	X(190, XDP_STORE_BYTES, xdp_store_bytes, 4, (CTX, ANY, MEM, SIZE), INT, 0, XDP) \
	X(191, COPY_FROM_USER_TASK, copy_from_user_task, 5, (OUT, SIZE0, ANY, OBJECT, ANY), INT, \
	  F_GPL | F_SLEEP, ANY) \
	X(192, SKB_SET_TSTAMP, skb_set_tstamp, 3, (CTX, ANY, ANY), INT, 0, TC) \
	X(193, IMA_FILE_HASH, ima_file_hash, 3, (OBJECT, OUT, SIZE), INT, F_SLEEP, LSM) \
	X(194, KPTR_XCHG, kptr_xchg, 2, (KPTR, OBJECT_NULL), OBJECT_OR_NULL, \
	  F_ACQUIRE | F_RELEASE, ANY) \
	X(195, MAP_LOOKUP_PERCPU_ELEM, map_lookup_percpu_elem, 3, (MAP, KEY, ANY), MAP_VALUE_OR_NULL, \
	  0, ANY) \
	X(196, SKC_TO_MPTCP_SOCK, skc_to_mptcp_sock, 1, (SOCK), OBJECT_OR_NULL, 0, SK_CAST) \
	X(197, DYNPTR_FROM_MEM, dynptr_from_mem, 4, (INOUT, SIZE, ANY, DYNPTR_OUT), INT, 0, ANY) \
	X(198, RINGBUF_RESERVE_DYNPTR, ringbuf_reserve_dynptr, 4, (MAP, ANY, ANY, DYNPTR_OUT), INT, \
	  F_ACQUIRE, ANY) \
	X(199, RINGBUF_SUBMIT_DYNPTR, ringbuf_submit_dynptr, 2, (DYNPTR, ANY), VOID, \
	  F_RELEASE, ANY) \
	X(200, RINGBUF_DISCARD_DYNPTR, ringbuf_discard_dynptr, 2, (DYNPTR, ANY), VOID, \
	  F_RELEASE, ANY) \
	X(201, DYNPTR_READ, dynptr_read, 5, (OUT, SIZE0, DYNPTR, ANY, ANY), INT, 0, ANY) \
	X(202, DYNPTR_WRITE, dynptr_write, 5, (DYNPTR, ANY, MEM, SIZE0, ANY), INT, 0, ANY) \
	X(203, DYNPTR_DATA, dynptr_data, 3, (DYNPTR, ANY, CONST_SIZE), MEM_OR_NULL, 0, ANY) \
	X(204, TCP_RAW_GEN_SYNCOOKIE_IPV4, tcp_raw_gen_syncookie_ipv4, 3, (IN20, MEM, SIZE0), INT, \
	  F_GPL, TC_XDP) \
	X(205, TCP_RAW_GEN_SYNCOOKIE_IPV6, tcp_raw_gen_syncookie_ipv6, 3, (IN40, MEM, SIZE0), INT, \
	  F_GPL, TC_XDP) \
	X(206, TCP_RAW_CHECK_SYNCOOKIE_IPV4, tcp_raw_check_syncookie_ipv4, 2, (IN20, IN20), INT, \
	  F_GPL, TC_XDP) \
	X(207, TCP_RAW_CHECK_SYNCOOKIE_IPV6, tcp_raw_check_syncookie_ipv6, 2, (IN40, IN20), INT, \
	  F_GPL, TC_XDP) \
	X(208, KTIME_GET_TAI_NS, ktime_get_tai_ns, 0, (), INT, 0, ANY) \
	X(209, USER_RINGBUF_DRAIN, user_ringbuf_drain, 4, (MAP, FUNC, FUNC_CTX, ANY), INT, \
	  F_CALLBACK, ANY) \
	X(210, CGRP_STORAGE_GET, cgrp_storage_get, 4, (MAP, OBJECT_NULL, VALUE_NULL, ANY), MAP_VALUE_OR_NULL, \
	  0, ANY) \
	X(211, CGRP_STORAGE_DELETE, cgrp_storage_delete, 2, (MAP, OBJECT_NULL), INT, 0, ANY)

/*
 * Sets of kinds; K(x) is the bit of SKEP_PROG_x. A set is named after what its helpers do, or after the
 * kind of program when there is one.
 */
#define SKEP_KINDS_ANY (~0ull)
#define SKEP_KINDS_TRACE (K(KPROBE) | K(TRACEPOINT) | K(PERF_EVENT) | K(RAW_TRACEPOINT) \
	| K(RAW_TRACEPOINT_WRITABLE) | K(TRACING) | K(LSM) | K(SYSCALL))
#define SKEP_KINDS_SKB_WRITE (K(SCHED_CLS) | K(SCHED_ACT) | K(LWT_XMIT) | K(SK_SKB))
#define SKEP_KINDS_TC_XMIT (K(SCHED_CLS) | K(SCHED_ACT) | K(LWT_XMIT))
#define SKEP_KINDS_TC (K(SCHED_CLS) | K(SCHED_ACT))
#define SKEP_KINDS_REDIRECT (K(SCHED_CLS) | K(SCHED_ACT) | K(XDP) | K(LWT_XMIT))
#define SKEP_KINDS_TC_LWT (K(SCHED_CLS) | K(SCHED_ACT) | K(LWT_IN) | K(LWT_OUT) | \
	K(LWT_XMIT) | K(LWT_SEG6LOCAL))
#define SKEP_KINDS_OUTPUT (K(SOCKET_FILTER) | K(KPROBE) | K(SCHED_CLS) | K(SCHED_ACT) | \
	K(TRACEPOINT) | K(XDP) | K(PERF_EVENT) | K(CGROUP_SKB) | K(CGROUP_SOCK) | K(LWT_IN) | \
	K(LWT_OUT) | K(LWT_XMIT) | K(SOCK_OPS) | K(SK_SKB) | K(CGROUP_DEVICE) | K(SK_MSG) | \
	K(RAW_TRACEPOINT) | K(CGROUP_SOCK_ADDR) | K(LWT_SEG6LOCAL) | K(CGROUP_SYSCTL) | \
	K(RAW_TRACEPOINT_WRITABLE) | K(CGROUP_SOCKOPT) | K(TRACING) | K(LSM) | K(SK_LOOKUP) | \
	K(SYSCALL))
#define SKEP_KINDS_SKB_LOAD (K(SOCKET_FILTER) | K(SCHED_CLS) | K(SCHED_ACT) | \
	K(CGROUP_SKB) | K(LWT_IN) | K(LWT_OUT) | K(LWT_XMIT) | K(SK_SKB) | K(LWT_SEG6LOCAL) | \
	K(SK_REUSEPORT) | K(FLOW_DISSECTOR))
#define SKEP_KINDS_CSUM (K(SCHED_CLS) | K(SCHED_ACT) | K(XDP) | K(LWT_IN) | K(LWT_OUT) | \
	K(LWT_XMIT) | K(LWT_SEG6LOCAL))
#define SKEP_KINDS_SKB_PULL (K(SCHED_CLS) | K(SCHED_ACT) | K(LWT_IN) | K(LWT_OUT) | \
	K(LWT_XMIT) | K(SK_SKB) | K(LWT_SEG6LOCAL))
#define SKEP_KINDS_XDP (K(XDP))
#define SKEP_KINDS_SOCK_COOKIE (K(SOCKET_FILTER) | K(SCHED_CLS) | K(SCHED_ACT) | \
	K(CGROUP_SKB) | K(CGROUP_SOCK) | K(SOCK_OPS) | K(SK_SKB) | K(CGROUP_SOCK_ADDR) | \
	K(SK_REUSEPORT) | K(TRACING) | K(LSM) | K(SYSCALL))
#define SKEP_KINDS_SOCK_UID (K(SOCKET_FILTER) | K(SCHED_CLS) | K(SCHED_ACT) | \
	K(CGROUP_SKB) | K(SK_SKB))
#define SKEP_KINDS_SOCKOPT (K(SOCK_OPS) | K(CGROUP_SOCK_ADDR) | K(CGROUP_SOCKOPT))
#define SKEP_KINDS_SKB_ROOM (K(SCHED_CLS) | K(SCHED_ACT) | K(SK_SKB))
#define SKEP_KINDS_SK_SKB (K(SK_SKB))
#define SKEP_KINDS_SOCK_OPS (K(SOCK_OPS))
#define SKEP_KINDS_PERF (K(PERF_EVENT))
#define SKEP_KINDS_KPROBE (K(KPROBE))
#define SKEP_KINDS_SK_MSG (K(SK_MSG))
#define SKEP_KINDS_SOCK_ADDR (K(CGROUP_SOCK_ADDR))
#define SKEP_KINDS_SKB_LOAD_REL (K(SOCKET_FILTER) | K(SCHED_CLS) | K(SCHED_ACT) | \
	K(CGROUP_SKB) | K(SK_REUSEPORT))
#define SKEP_KINDS_TC_XDP (K(SCHED_CLS) | K(SCHED_ACT) | K(XDP))
#define SKEP_KINDS_LWT_ENCAP (K(LWT_IN) | K(LWT_XMIT))
#define SKEP_KINDS_SEG6 (K(LWT_SEG6LOCAL))
#define SKEP_KINDS_LIRC (K(LIRC_MODE2))
#define SKEP_KINDS_TC_CGROUP (K(SCHED_CLS) | K(SCHED_ACT) | K(CGROUP_SKB))
#define SKEP_KINDS_CGROUP_LOCAL (K(CGROUP_SKB) | K(CGROUP_SOCK) | K(SOCK_OPS) | \
	K(CGROUP_DEVICE) | K(CGROUP_SOCK_ADDR) | K(CGROUP_SYSCTL) | K(CGROUP_SOCKOPT))
#define SKEP_KINDS_REUSEPORT (K(SK_REUSEPORT))
#define SKEP_KINDS_SK_FIND (K(SCHED_CLS) | K(SCHED_ACT) | K(XDP) | K(CGROUP_SKB) | \
	K(SK_SKB) | K(CGROUP_SOCK_ADDR))
#define SKEP_KINDS_SK_DROP (K(SCHED_CLS) | K(SCHED_ACT) | K(XDP) | K(CGROUP_SKB) | \
	K(SK_SKB) | K(CGROUP_SOCK_ADDR) | K(SK_LOOKUP))
#define SKEP_KINDS_TCP_SOCK (K(SCHED_CLS) | K(SCHED_ACT) | K(CGROUP_SKB) | K(SOCK_OPS) | \
	K(CGROUP_SOCKOPT))
#define SKEP_KINDS_SYSCTL (K(CGROUP_SYSCTL))
#define SKEP_KINDS_SK_STORAGE (K(SCHED_CLS) | K(SCHED_ACT) | K(CGROUP_SKB) | \
	K(CGROUP_SOCK) | K(SOCK_OPS) | K(SK_MSG) | K(CGROUP_SOCK_ADDR) | K(CGROUP_SOCKOPT) | \
	K(TRACING) | K(LSM) | K(SYSCALL))
#define SKEP_KINDS_SK_STORAGE_DEL (K(SCHED_CLS) | K(SCHED_ACT) | K(CGROUP_SKB) | \
	K(SOCK_OPS) | K(SK_MSG) | K(CGROUP_SOCK_ADDR) | K(CGROUP_SOCKOPT) | K(TRACING) | K(LSM) \
	| K(SYSCALL))
#define SKEP_KINDS_TRACE_BTF (K(TRACING) | K(LSM) | K(SYSCALL))
#define SKEP_KINDS_NONE (0)
#define SKEP_KINDS_NETNS (K(SOCKET_FILTER) | K(SCHED_CLS) | K(SCHED_ACT) | K(CGROUP_SKB) \
	| K(CGROUP_SOCK) | K(SOCK_OPS) | K(SK_MSG) | K(CGROUP_SOCK_ADDR) | K(CGROUP_SOCKOPT))
#define SKEP_KINDS_SK_ASSIGN (K(SCHED_CLS) | K(SCHED_ACT) | K(SK_LOOKUP))
#define SKEP_KINDS_TRACING (K(TRACING))
#define SKEP_KINDS_CGROUP_SKB (K(CGROUP_SKB))
#define SKEP_KINDS_SK_CAST (K(SOCKET_FILTER) | K(SCHED_CLS) | K(SCHED_ACT) | K(XDP) | \
	K(CGROUP_SKB) | K(LWT_IN) | K(LWT_OUT) | K(LWT_XMIT) | K(SOCK_OPS) | K(SK_SKB) | \
	K(SK_MSG) | K(CGROUP_SOCK_ADDR) | K(LWT_SEG6LOCAL) | K(FLOW_DISSECTOR) | K(TRACING) | \
	K(LSM) | K(SK_LOOKUP) | K(SYSCALL))
#define SKEP_KINDS_LSM (K(LSM))
#define SKEP_KINDS_COARSE (K(SOCKET_FILTER) | K(SCHED_CLS) | K(SCHED_ACT) | K(XDP) | \
	K(CGROUP_SKB) | K(CGROUP_SOCK) | K(LWT_IN) | K(LWT_OUT) | K(LWT_XMIT) | K(SOCK_OPS) | \
	K(SK_SKB) | K(SK_MSG) | K(CGROUP_SOCK_ADDR) | K(LWT_SEG6LOCAL) | K(SK_REUSEPORT) | \
	K(FLOW_DISSECTOR) | K(CGROUP_SYSCTL) | K(SK_LOOKUP))
#define SKEP_KINDS_SYSCALL (K(SYSCALL))
#define SKEP_KINDS_COOKIE (K(KPROBE) | K(TRACEPOINT) | K(PERF_EVENT) | K(RAW_TRACEPOINT) \
	| K(RAW_TRACEPOINT_WRITABLE) | K(TRACING) | K(LSM))
#define SKEP_KINDS_FUNC_ARGS (K(TRACING) | K(LSM))
#define SKEP_KINDS_RETVAL (K(CGROUP_SOCK) | K(CGROUP_SOCK_ADDR) | K(CGROUP_SOCKOPT))
#define SKEP_KINDS_XDP_LEN (K(XDP) | K(TRACING) | K(LSM) | K(SYSCALL))
/* clang-format on */
