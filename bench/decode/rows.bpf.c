/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* For bench/rows: each run fills a ring with as many rows as ctx says. */
typedef unsigned int __u32;
typedef int __s32;
typedef unsigned long long __u64;

#define SEC(name) __attribute__((section(name), used))
#define __uint(name, val) int(*name)[val]

#include "../../src/bpf/row.bpf.h"

static __u64 (*const bpf_ktime_get_ns)(void) = (void *)5;
static void *(*const bpf_ringbuf_reserve)(void *ring, __u64 size, __u64 flags) = (void *)131;
static void (*const bpf_ringbuf_submit)(void *data, __u64 flags) = (void *)132;
static long (*const bpf_loop)(__u32 n, void *callback, void *ctx, __u64 flags) = (void *)181;

/* What a tool that watches files would write. */
struct open {
	skep_pid_t pid;
	__u32 tid;
	__s32 ret;
	__u32 flags;
	skep_ns_t latency;
	char comm[16];
	char file[64];
};

/* The same with what has to be looked up. */
struct named {
	skep_ktime_t when;
	skep_pid_t pid;
	skep_uid_t uid;
	skep_ipv4_t addr;
	skep_port_t port;
	char comm[16];
};

struct {
	__uint(type, 27);
	SKEP_ROWS(1 << 27, struct open);
} opens SEC(".maps");

struct {
	__uint(type, 27);
	SKEP_ROWS(1 << 27, struct named);
} names SEC(".maps");

static int add_open(__u32 i, void *unused)
{
	struct open *o = bpf_ringbuf_reserve(&opens, sizeof(*o), 0);

	if (!o)
		return 1;
	*o = (struct open){
		.pid = 4000 + i % 512,
		.tid = 4000 + i,
		.ret = i % 16 ? 3 : -2,
		.latency = i * 31 + 1000,
		.comm = "postgres",
		.file = "/var/lib/postgresql/15/main/base",
	};
	bpf_ringbuf_submit(o, 0);
	return 0;
}

static int add_name(__u32 i, void *unused)
{
	struct named *n = bpf_ringbuf_reserve(&names, sizeof(*n), 0);

	if (!n)
		return 1;
	*n = (struct named){
		.when = bpf_ktime_get_ns(),
		.pid = 4000 + i % 512,
		.uid = i % 2,
		.addr = 0x0100007f + (i << 24),
		.port = i,
		.comm = "nginx",
	};
	bpf_ringbuf_submit(n, 0);
	return 0;
}

SEC("syscall")
int fill_opens(__u32 *n)
{
	bpf_loop(*n, add_open, 0, 0);
	return 0;
}

SEC("syscall")
int fill_names(__u32 *n)
{
	bpf_loop(*n, add_name, 0, 0);
	return 0;
}

char _license[] SEC("license") = "GPL";
