/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Maps in every way that .maps describes them, data in every section, functions of all kinds. */
#include "types.h"

struct value {
	__u64 count;
	char comm[16];
};

struct {
	__uint(type, MAP_HASH);
	__uint(max_entries, 1024);
	__uint(map_flags, 1); /* no preallocation */
	__type(key, __u32);
	__type(value, struct value);
} counts SEC(".maps");

struct {
	__uint(type, MAP_ARRAY);
	__uint(max_entries, 2);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
	__type(key, __u32);
	__type(value, __u64);
} skep_test_kept SEC(".maps");

struct {
	__uint(type, MAP_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} events SEC(".maps");

struct inner {
	__uint(type, MAP_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
} inner_one SEC(".maps"), inner_two SEC(".maps");

struct {
	__uint(type, MAP_ARRAY_OF_MAPS);
	__uint(max_entries, 3);
	__type(key, __u32);
	__array(values, struct inner);
} outer SEC(".maps") = { .values = { [0] = &inner_one, [2] = &inner_two } };

int tail_one(void *ctx);

struct {
	__uint(type, MAP_PROG_ARRAY);
	__uint(max_entries, 8);
	__uint(key_size, sizeof(__u32));
	__array(values, int(void *));
} jumps SEC(".maps") = { .values = { [5] = (void *)&tail_one } };

struct {
	__uint(type, MAP_RINGBUF);
	__uint(max_entries, 4096);
} ring SEC(".maps");

const volatile __u32 limit = 17;
const volatile char name[8] = "skep";
__u64 total;
static volatile __u32 hidden_data = 5;
__u32 started = 1;
__u64 cold SEC(".data.cold") = 99;

static __attribute__((noinline)) int add(int a, int b)
{
	hidden_data += a;
	return a + b;
}

__attribute__((noinline)) int global_sum(int a, int b)
{
	return add(a, b) + (int)limit;
}

SEC("tracepoint/syscalls/sys_enter_openat")
int on_open(void *ctx)
{
	__u32 key = (__u32)bpf_get_current_pid_tgid();
	struct value *v = bpf_map_lookup_elem(&counts, &key);

	if (v)
		v->count += name[0];
	total += global_sum((int)key, 2) + started + cold;
	bpf_tail_call(ctx, &jumps, 5);
	return 0;
}

SEC("tracepoint/syscalls/sys_enter_openat")
int tail_one(void *ctx)
{
	__u32 zero = 0, value = 7;
	void *inner = bpf_map_lookup_elem(&outer, &zero);

	if (inner)
		bpf_map_update_elem(inner, &zero, &total, 0);
	bpf_perf_event_output(ctx, &events, 0xffffffff, &value, sizeof(value));
	bpf_ringbuf_output(&ring, &value, sizeof(value), 0);
	return 0;
}

SEC("?kprobe/vfs_read+0x10")
int off(void *ctx)
{
	return 1;
}

SEC("xdp")
int drop(void *ctx)
{
	return 1;
}

static long each(__u32 i, void *ctx)
{
	return add((int)i, 1) > 100;
}

SEC("raw_tp/sys_enter")
int loops(void *ctx)
{
	return (int)bpf_loop(10, each, 0, 0);
}

char _license[] SEC("license") = "Dual BSD/GPL";
