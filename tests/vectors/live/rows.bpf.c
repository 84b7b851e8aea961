/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Rows of every sort that tests/unit/live/test_feed.c and the cases rows-* and map-* look at. */
typedef unsigned int __u32;
typedef int __s32;
typedef unsigned short __u16;
typedef unsigned long long __u64;
typedef unsigned char __u8;
typedef __u16 __be16;
typedef __u32 __be32;

#define SEC(name) __attribute__((section(name), used))
#define __uint(name, val) int(*name)[val]
#define __type(name, val) typeof(val) *name

#include "../../../src/bpf/row.bpf.h"

static void *(*const bpf_map_lookup_elem)(void *map, const void *key) = (void *)1;
static long (*const bpf_map_update_elem)(void *map, const void *key, const void *value,
					 __u64 flags) = (void *)2;
static long (*const bpf_perf_event_output)(void *ctx, void *map, __u64 flags, void *data,
					   __u64 size) = (void *)25;
static long (*const bpf_ringbuf_output)(void *ring, void *data, __u64 size,
					__u64 flags) = (void *)130;

enum verdict {
	PASS,
	DROP = 7
};

struct event {
	skep_pid_t pid;
	enum verdict verdict;
	skep_ns_t latency;
	__be32 daddr;
	__be16 dport;
	_Bool retried;
	__u8 ttl;
	__u32 low : 3, high : 29;
	__s32 delta;
	skep_ipv6_t v6;
	char comm[16];
};

struct exec {
	__u16 kind;
	__u16 n_args;
	__u32 pid;
	char args[32];
};

struct exit {
	__u16 kind;
	__u16 code;
};

struct text {
	__u32 len;
	char text[];
};

struct {
	__uint(type, 27 /* RINGBUF */);
	SKEP_ROWS(65536, struct event);
} events SEC(".maps");

struct {
	__uint(type, 27);
	SKEP_ROWS_BY_TAG(65536, SKEP_ROW(1, exec, struct exec); SKEP_ROW(0, exit, struct exit));
} mixed SEC(".maps");

struct {
	__uint(type, 27);
	__uint(max_entries, 4096);
	__type(value, struct text);
} texts SEC(".maps");

struct {
	__uint(type, 27);
	__uint(max_entries, 4096);
} bare SEC(".maps");

struct {
	__uint(type, 4 /* PERF_EVENT_ARRAY */);
	SKEP_PERF_ROWS(struct exit);
} perf SEC(".maps");

struct key {
	skep_uid_t uid;
	char comm[8];
};

struct value {
	__u64 calls;
	skep_bytes_t bytes;
};

struct {
	__uint(type, 1 /* HASH */);
	__uint(max_entries, 16);
	__type(key, struct key);
	__type(value, struct value);
} counts SEC(".maps");

struct {
	__uint(type, 6 /* PERCPU_ARRAY */);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
} percpu SEC(".maps");

struct hist {
	__u32 slots[27];
	char comm[16];
};

struct {
	__uint(type, 1);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, struct hist);
} hists SEC(".maps");

__u64 total = 3;
__u32 slots[16];

SEC("tp_btf/sys_enter")
int rows(void *ctx)
{
	struct event event = {
		.pid = 77,
		.verdict = DROP,
		.latency = 1234,
		.daddr = 0x0100007f,
		.dport = 0x5000,
		.retried = 1,
		.ttl = 64,
		.low = 5,
		.high = 1000,
		.delta = -2,
		.v6 = { [15] = 1 },
		.comm = "sh",
	};
	struct exec exec = { .kind = 1, .n_args = 2, .pid = 78, .args = "ls -l" };
	struct exit exit = { .code = 3 };
	__u32 strange = 99;
	struct {
		__u32 len;
		char text[8];
	} text = { 5, "hello" };

	bpf_ringbuf_output(&events, &event, sizeof(event), 0);
	bpf_ringbuf_output(&mixed, &exec, sizeof(exec), 0);
	bpf_ringbuf_output(&mixed, &exec, 13, 0); /* cut inside of args */
	bpf_ringbuf_output(&mixed, &exit, sizeof(exit), 0);
	bpf_ringbuf_output(&mixed, &strange, sizeof(strange), 0);
	bpf_ringbuf_output(&texts, &text, 9, 0);
	bpf_ringbuf_output(&bare, &strange, sizeof(strange), 0);
	bpf_perf_event_output(ctx, &perf, 0xffffffff, &exit, sizeof(exit));
	return 0;
}

static void add_hist(__u32 key, __u32 slot)
{
	struct hist zero = { .comm = "dd" }, *hist;

	bpf_map_update_elem(&hists, &key, &zero, 1);
	hist = bpf_map_lookup_elem(&hists, &key);
	if (hist && slot < 27)
		hist->slots[slot] += 4;
}

SEC("tp_btf/sys_enter")
int maps(void *ctx)
{
	struct key key = { .uid = 0, .comm = "cat" };
	struct value value = { .calls = 2, .bytes = 4096 };
	__u32 index = 1;
	__u64 *number = bpf_map_lookup_elem(&percpu, &index);

	bpf_map_update_elem(&counts, &key, &value, 0);
	if (number)
		*number += 5;
	add_hist(10, 0);
	add_hist(10, 3);
	total++;
	slots[2] += 7;
	return 0;
}

char _license[] SEC("license") = "GPL";
