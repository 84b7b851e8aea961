/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Rows: what a program writes into a ring, so that it is shown as a table, JSON or CSV without code in user space.
 *
 *	struct event {
 *		skep_ktime_t when;		// bpf_ktime_get_ns()
 *		skep_pid_t pid;
 *		skep_uid_t uid;
 *		skep_ns_t latency;
 *		skep_ipv4_t daddr;
 *		char comm[16];
 *	};
 *
 *	struct {
 *		__uint(type, BPF_MAP_TYPE_RINGBUF);
 *		SKEP_ROWS(256 * 1024, struct event);	// instead of __uint(max_entries, 256 * 1024)
 *	} events SEC(".maps");
 *
 * Several types share a ring when each begins with a number that tells which it is. It is the first member, and what
 * stands first in SKEP_ROW:
 *
 *	enum { EXEC, EXIT };
 *	struct exec { __u32 kind; ... };
 *	struct exit { __u32 kind; ... };
 *	...
 *		SKEP_ROWS_BY_TAG(256 * 1024, SKEP_ROW(EXEC, exec, struct exec); SKEP_ROW(EXIT, exit, struct exit));
 *
 * A perf buffer:
 *
 *	struct {
 *		__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
 *		SKEP_PERF_ROWS(struct event);
 *	} events SEC(".maps");
 *
 * A record is reserved with SKEP_RESERVE, which counts those that find no room; of a ring buffer the kernel does not. skep
 * tells how many were lost. What bpf_ringbuf_reserve() itself refuses is in nobody's count.
 *
 *		struct event *e = SKEP_RESERVE(&events, struct event);	// NULL: no room
 *		...
 *		bpf_ringbuf_submit(e, 0);
 *
 * SKEP_SEND(&events, &event) does it with a record that is there already: 0, or negative when there was no room.
 *
 * How it works: `__uint(max_entries, N)` is a pointer to an array of N ints, of which loaders look at N alone. Here the
 * elements are something else: arrays of no records (none, for the kernel takes no types of 4 GiB). It costs nothing at run
 * time, libbpf loads such an object as any other, and the compiler puts the type into BTF by itself. `__type(value, struct event)` in a ring says the same to skep, but not to libbpf.
 */
#ifndef SKEP_ROW_BPF_H
#define SKEP_ROW_BPF_H

#define SKEP_ROWS(bytes, type) type(*max_entries)[bytes][0]

#define SKEP_ROWS_BY_TAG(bytes, ...) \
	union {                      \
		__VA_ARGS__;         \
	}(*max_entries)[bytes][0]
#define SKEP_ROW(tag, name, type) type(*name)[tag]

#define SKEP_PERF_ROWS(type) \
	int(*key_size)[4];   \
	type(*value_size)[4][0]
#define SKEP_PERF_ROWS_BY_TAG(...) \
	int(*key_size)[4];         \
	union {                    \
		__VA_ARGS__;       \
	}(*value_size)[4][0]

/* Records that found no room, of all rings of this file; it is there when the macros below are used. */
static unsigned long long skep_rows_lost __attribute__((unused));

#define SKEP_RESERVE(ring, type)                                                  \
	({                                                                        \
		type *skep_reserved = bpf_ringbuf_reserve(ring, sizeof(type), 0); \
                                                                                  \
		if (!skep_reserved)                                               \
			__sync_fetch_and_add(&skep_rows_lost, 1);                 \
		skep_reserved;                                                    \
	})
#define SKEP_SEND(ring, record)                                                          \
	({                                                                               \
		long skep_sent = bpf_ringbuf_output(ring, record, sizeof(*(record)), 0); \
                                                                                         \
		if (skep_sent < 0)                                                       \
			__sync_fetch_and_add(&skep_rows_lost, 1);                        \
		skep_sent;                                                               \
	})

/*
 * Types that say what a number is. On a member of another type __attribute__((btf_decl_tag("skep:ipv4"))) says the same,
 * with the word in the middle of the name.
 *
 * Without them skep knows uid_t, __be16, __be32 and __be64 (numbers), struct in_addr, struct in6_addr, and members that are
 * called uid, cgroup_id, saddr, daddr (_v4, _v6), or end with _ns, _us, _ms, _bytes. A __be32 is an address of IPv4 when its
 * name ends with addr, or when its last word is address, ip, srcip, dstip, src, dst, source, dest, gw, gateway, nexthop, local,
 * remote, peer, netmask or broadcast, with or without a number (src_ip, ipv4, saddr_v4).
 */
/* clang-format off */
typedef unsigned int skep_pid_t;		 /* the process that skep_usym_t and skep_ustack_t belong to */
typedef unsigned int skep_uid_t;		 /* a user, by name */
typedef unsigned long long skep_cgroup_t;	 /* bpf_get_current_cgroup_id(), by path */
typedef unsigned long long skep_ksym_t;		 /* address of the kernel, by name */
typedef unsigned long long skep_usym_t;		 /* address of the process that skep_pid_t, tgid or pid names */
typedef int skep_kstack_t;			 /* bpf_get_stackid() with the object's first map of stacks */
typedef int skep_ustack_t;			 /* likewise with BPF_F_USER_STACK */
typedef unsigned int skep_ipv4_t;		 /* an address as packets have it */
typedef unsigned char skep_ipv6_t[16];		 /* likewise */
typedef unsigned char skep_mac_t[6];		 /* likewise */
typedef unsigned short skep_port_t;		 /* a port as packets have it */
typedef unsigned long long skep_ktime_t;	 /* bpf_ktime_get_ns(), as time of day */
typedef unsigned long long skep_boottime_t;	 /* bpf_ktime_get_boot_ns(), likewise */
typedef unsigned long long skep_ns_t;		 /* how long: nanoseconds */
typedef unsigned long long skep_us_t;		 /* microseconds */
typedef unsigned long long skep_ms_t;		 /* milliseconds */
typedef unsigned long long skep_bytes_t;	 /* how much */
typedef unsigned long long skep_hex_t;		 /* shown in hexadecimal digits */
/* clang-format on */

#endif
