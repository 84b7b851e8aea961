/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UAPI: the layout of bpf(2) as we use it, independent of the headers of the distribution that
 * builds us, which may be older than the kernel that runs us (tcx, uprobe_multi, session links, raw
 * tracepoint cookies).
 *
 * One struct per command instead of the kernel's one large union: a call passes the size of its own
 * struct, the kernel takes what it does not get as zero. A kernel older than a field refuses a call
 * only when the field is not zero. Numbers and layouts: include/uapi/linux/bpf.h of Linux 6.18;
 * test_sys_uapi compares them with the header of the build machine as far as that one goes.
 *
 * Invariant: every struct is made of explicit fields without holes, so that `= {}` clears all that
 * is passed.
 */
#pragma once

#include "base/macros.h"

enum skep_bpf_cmd {
	SKEP_BPF_MAP_CREATE = 0,
	SKEP_BPF_MAP_LOOKUP = 1,
	SKEP_BPF_MAP_UPDATE = 2,
	SKEP_BPF_MAP_DELETE = 3,
	SKEP_BPF_MAP_NEXT_KEY = 4,
	SKEP_BPF_PROG_LOAD = 5,
	SKEP_BPF_OBJ_PIN = 6,
	SKEP_BPF_OBJ_GET = 7,
	SKEP_BPF_PROG_ATTACH = 8,
	SKEP_BPF_PROG_DETACH = 9,
	SKEP_BPF_TEST_RUN = 10,
	SKEP_BPF_PROG_NEXT_ID = 11,
	SKEP_BPF_MAP_NEXT_ID = 12,
	SKEP_BPF_PROG_FD_BY_ID = 13,
	SKEP_BPF_MAP_FD_BY_ID = 14,
	SKEP_BPF_OBJ_INFO = 15,
	SKEP_BPF_PROG_QUERY = 16,
	SKEP_BPF_RAW_TP_OPEN = 17,
	SKEP_BPF_BTF_LOAD = 18,
	SKEP_BPF_BTF_FD_BY_ID = 19,
	SKEP_BPF_TASK_FD_QUERY = 20,
	SKEP_BPF_MAP_LOOKUP_DELETE = 21,
	SKEP_BPF_MAP_FREEZE = 22,
	SKEP_BPF_BTF_NEXT_ID = 23,
	SKEP_BPF_MAP_LOOKUP_BATCH = 24,
	SKEP_BPF_MAP_LOOKUP_DELETE_BATCH = 25,
	SKEP_BPF_LINK_CREATE = 28,
	SKEP_BPF_LINK_UPDATE = 29,
	SKEP_BPF_LINK_FD_BY_ID = 30,
	SKEP_BPF_LINK_NEXT_ID = 31,
	SKEP_BPF_ENABLE_STATS = 32,
	SKEP_BPF_ITER_CREATE = 33,
};

/* Values of expected_attach_type and attach_type. Kinds of programs and maps are in isa. */
enum {
	SKEP_BPF_ATTACH_RAW_TP = 23,
	SKEP_BPF_ATTACH_FENTRY = 24,
	SKEP_BPF_ATTACH_FEXIT = 25,
	SKEP_BPF_ATTACH_LSM = 27,
	SKEP_BPF_ATTACH_ITER = 28,
	SKEP_BPF_ATTACH_XDP = 37,
	SKEP_BPF_ATTACH_PERF_EVENT = 41,
	SKEP_BPF_ATTACH_KPROBE_MULTI = 42,
	SKEP_BPF_ATTACH_TCX_INGRESS = 46,
	SKEP_BPF_ATTACH_TCX_EGRESS = 47,
	SKEP_BPF_ATTACH_UPROBE_MULTI = 48,
	SKEP_BPF_ATTACH_KPROBE_SESSION = 56,
	SKEP_BPF_ATTACH_UPROBE_SESSION = 57,
};

/* Map flags. */
enum {
	SKEP_BPF_F_NO_PREALLOC = 1 << 0,
	SKEP_BPF_F_RDONLY_PROG = 1 << 7,
	SKEP_BPF_F_MMAPABLE = 1 << 10,
};

/* Program flags. */
enum {
	SKEP_BPF_F_SLEEPABLE = 1 << 4,
	SKEP_BPF_F_XDP_HAS_FRAGS = 1 << 5,
};

/* Log levels: 1 the path that failed, 2 every state, 4 figures at the end. */
enum {
	SKEP_BPF_LOG_PATH = 1,
	SKEP_BPF_LOG_ALL = 2,
	SKEP_BPF_LOG_STATS = 4,
};

/* Flags of kprobe_multi and uprobe_multi links: fire on return. */
#define SKEP_BPF_F_MULTI_RETURN 1u

struct skep_bpf_map_create {
	uint32_t map_type, key_size, value_size, max_entries, map_flags, inner_map_fd, numa_node;
	char map_name[16];
	uint32_t map_ifindex, btf_fd, btf_key_type_id, btf_value_type_id, btf_vmlinux_value_type_id;
	uint64_t map_extra; /* since 5.16 */
};

struct skep_bpf_map_elem {
	uint32_t map_fd, pad;
	uint64_t key;
	uint64_t value; /* or where the next key goes */
	uint64_t flags;
};

struct skep_bpf_map_batch {
	uint64_t in_batch, out_batch, keys, values;
	uint32_t count, map_fd;
	uint64_t elem_flags, flags;
};

struct skep_bpf_prog_load {
	uint32_t prog_type, insn_cnt;
	uint64_t insns, license;
	uint32_t log_level, log_size;
	uint64_t log_buf;
	uint32_t kern_version, prog_flags;
	char prog_name[16];
	uint32_t prog_ifindex, expected_attach_type;
	uint32_t prog_btf_fd, func_info_rec_size;
	uint64_t func_info;
	uint32_t func_info_cnt, line_info_rec_size;
	uint64_t line_info;
	uint32_t line_info_cnt, attach_btf_id;
	uint32_t attach_btf_obj_fd, core_relo_cnt;
	uint64_t fd_array;
};

struct skep_bpf_test_run {
	uint32_t prog_fd, retval, data_size_in, data_size_out;
	uint64_t data_in, data_out;
	uint32_t repeat, duration, ctx_size_in, ctx_size_out;
	uint64_t ctx_in, ctx_out;
	uint32_t flags, cpu, batch_size, pad;
};

struct skep_bpf_id {
	uint32_t id; /* start_id of the next-id commands */
	uint32_t next_id, open_flags;
};

struct skep_bpf_obj_info {
	uint32_t fd, info_len;
	uint64_t info;
};

struct skep_bpf_raw_tp {
	uint64_t name;
	uint32_t prog_fd, pad;
	uint64_t cookie; /* since 6.10 */
};

struct skep_bpf_btf_load {
	uint64_t btf, log_buf;
	uint32_t btf_size, log_size, log_level, log_true_size;
};

struct skep_bpf_link_create {
	uint32_t prog_fd, target_fd, attach_type, flags;
	union {
		uint64_t room[6]; /* first, so that `= {}` clears the whole union */
		struct {
			uint64_t cookie;
		} perf_event;
		struct {
			uint32_t flags, cnt;
			uint64_t syms, addrs, cookies;
		} kprobe_multi;
		struct {
			uint32_t target_btf_id, pad;
			uint64_t cookie;
		} tracing;
		struct {
			uint64_t path, offsets, ref_ctr_offsets, cookies;
			uint32_t cnt, flags, pid, pad;
		} uprobe_multi;
		struct {
			uint64_t info; /* struct skep_bpf_iter_task */
			uint32_t info_len, pad;
		} iter;
		struct {
			uint32_t relative_fd, pad;
			uint64_t expected_revision;
		} tcx, netkit;
		struct {
			uint32_t pf, hook;
			int32_t priority;
			uint32_t flags;
		} netfilter;
	};
};

struct skep_bpf_link_update {
	uint32_t link_fd, new_prog_fd, flags, old_prog_fd;
};

/* Flags of traffic control's links: where among the others. Without a program to compare with: first, last. */
enum {
	SKEP_BPF_F_BEFORE = 1 << 3,
	SKEP_BPF_F_AFTER = 1 << 4,
};

#define SKEP_BPF_F_NETFILTER_DEFRAG 1u

/* Of hooks that are older than links. */
struct skep_bpf_prog_attach {
	uint32_t target_fd, prog_fd, attach_type, flags, replace_fd;
};

/* Which tasks an iterator visits (since 6.1); 0: all. */
struct skep_bpf_iter_task {
	uint32_t tid, pid, pid_fd, pad;
};

/* Which map an iterator of elements visits. */
struct skep_bpf_iter_map {
	uint32_t map_fd;
};

/* Which cgroups, and in which order (since 6.1). */
struct skep_bpf_iter_cgroup {
	uint32_t order, cgroup_fd;
	uint64_t cgroup_id;
};

#define SKEP_BPF_CGROUP_ITER_DESCENDANTS_PRE 2u

/* Its size says which it is. */
union skep_bpf_iter_info {
	struct skep_bpf_iter_cgroup cgroup; /* first, as the largest */
	struct skep_bpf_iter_task task;
	struct skep_bpf_iter_map map;
};

struct skep_bpf_iter_create {
	uint32_t link_fd, flags;
};

struct skep_bpf_obj_pin {
	uint64_t path;
	uint32_t fd, flags;
};

/* Which programs are attached to a cgroup, a map of sockets, a network namespace. */
struct skep_bpf_prog_query {
	uint32_t target_fd, attach_type, query_flags, attach_flags;
	uint64_t prog_ids;
	uint32_t prog_cnt, pad;
};

/* What a descriptor of another process traces. */
struct skep_bpf_task_fd_query {
	uint32_t pid, fd, flags, buf_len;
	uint64_t buf;
	uint32_t prog_id, fd_type;
	uint64_t probe_offset, probe_addr;
};

struct skep_bpf_enable_stats {
	uint32_t type; /* 0: run time of programs */
};

/* What a kernel tells of a program; `since` fields stay 0 on older ones. */
struct skep_bpf_prog_info {
	uint32_t type, id;
	uint8_t tag[8];
	uint32_t jited_len, xlated_len;
	uint64_t jited_insns, xlated_insns, load_time;
	uint32_t created_by_uid, nr_map_ids;
	uint64_t map_ids;
	char name[16];
	uint32_t ifindex, bits; /* bit 0: GPL compatible */
	uint64_t netns_dev, netns_ino;
	uint32_t nr_jited_ksyms, nr_jited_func_lens;
	uint64_t jited_ksyms, jited_func_lens;
	uint32_t btf_id, func_info_rec_size;
	uint64_t func_info;
	uint32_t nr_func_info, nr_line_info;
	uint64_t line_info, jited_line_info;
	uint32_t nr_jited_line_info, line_info_rec_size, jited_line_info_rec_size, nr_prog_tags;
	uint64_t prog_tags, run_time_ns, run_cnt;
	uint64_t recursion_misses; /* since 5.12 */
	uint32_t verified_insns;   /* since 5.16 */
	uint32_t attach_btf_obj_id, attach_btf_id, pad;
};

/* What a kernel tells of a map, as far as we look. */
struct skep_bpf_map_info {
	uint32_t type, id, key_size, value_size, max_entries, map_flags;
	char name[16];
	uint32_t ifindex, btf_vmlinux_value_type_id;
	uint64_t netns_dev, netns_ino;
	uint32_t btf_id, btf_key_type_id, btf_value_type_id, btf_vmlinux_id;
};

struct skep_bpf_btf_info {
	uint64_t btf;
	uint32_t btf_size, id;
	uint64_t name;
	uint32_t name_len, kernel_btf;
};

/* Kinds of links. */
enum {
	SKEP_BPF_LINK_RAW_TP = 1,
	SKEP_BPF_LINK_TRACING = 2,
	SKEP_BPF_LINK_CGROUP = 3,
	SKEP_BPF_LINK_ITER = 4,
	SKEP_BPF_LINK_NETNS = 5,
	SKEP_BPF_LINK_XDP = 6,
	SKEP_BPF_LINK_PERF_EVENT = 7,
	SKEP_BPF_LINK_KPROBE_MULTI = 8,
	SKEP_BPF_LINK_STRUCT_OPS = 9,
	SKEP_BPF_LINK_NETFILTER = 10,
	SKEP_BPF_LINK_TCX = 11,
	SKEP_BPF_LINK_UPROBE_MULTI = 12,
	SKEP_BPF_LINK_NETKIT = 13,
	SKEP_BPF_LINK_SOCKMAP = 14,
};

/* What perf_event links point at. */
enum {
	SKEP_BPF_PERF_UPROBE = 1,
	SKEP_BPF_PERF_URETPROBE = 2,
	SKEP_BPF_PERF_KPROBE = 3,
	SKEP_BPF_PERF_KRETPROBE = 4,
	SKEP_BPF_PERF_TRACEPOINT = 5,
	SKEP_BPF_PERF_EVENT = 6,
};

struct skep_bpf_link_info {
	uint32_t type, id, prog_id, pad;
	union {
		uint64_t room[32];
		struct {
			uint64_t addrs;
			uint32_t count, flags;
			uint64_t missed; /* since 6.7 */
			uint64_t cookies;
		} kprobe_multi;
		struct {
			uint32_t type, pad;
			uint64_t func_name;
			uint32_t name_len, offset;
			uint64_t addr;
			uint64_t missed; /* since 6.7 */
			uint64_t cookie;
		} perf_kprobe;
		struct {
			uint32_t type, pad;
			uint64_t file_name;
			uint32_t name_len, offset;
			uint64_t cookie;
		} perf_uprobe;
		struct {
			uint32_t type, pad;
			uint64_t tp_name;
			uint32_t name_len, pad2;
			uint64_t cookie;
		} perf_tracepoint;
		struct {
			uint32_t type, pad;
			uint64_t config;
			uint32_t event_type, pad2;
			uint64_t cookie;
		} perf_event;
		struct {
			uint64_t tp_name;
			uint32_t name_len, pad;
			uint64_t cookie;
		} raw_tp;
		struct {
			uint32_t attach_type, target_obj_id, target_btf_id, pad;
			uint64_t cookie;
		} tracing;
		struct {
			uint64_t cgroup_id;
			uint32_t attach_type, pad;
		} cgroup;
		struct {
			uint64_t target_name;
			uint32_t name_len, map_id;
			uint32_t tid, pid; /* of iterators over tasks */
		} iter;
		struct {
			uint32_t ino, attach_type;
		} netns;
		struct {
			uint32_t ifindex, attach_type; /* XDP has no type */
		} net;				       /* XDP, TCX, NETKIT */
		struct {
			uint32_t map_id, attach_type;
		} map; /* STRUCT_OPS (without a type), SOCKMAP */
		struct {
			uint32_t pf, hook;
			int32_t priority;
			uint32_t flags;
		} netfilter;
		struct {
			uint64_t path, offsets, ref_ctr_offsets, cookies;
			uint32_t path_size, count, flags, pid;
		} uprobe_multi;
	};
};
