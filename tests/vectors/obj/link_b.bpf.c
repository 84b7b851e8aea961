/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The other half of link_a.bpf.c: what that one declares is here, and the other way round. */
#include "types.h"

extern struct {
	__uint(type, MAP_ARRAY);
	__uint(max_entries, 3);
	__type(key, __u32);
	__type(value, __u64);
} shared SEC(".maps");

extern __u64 counter;
__u64 other_counter = 7;
__u8 byte = 3;

__attribute__((noinline)) int both(int x)
{
	return x + 100;
}

static __attribute__((noinline)) int helper(int x)
{
	byte += x;
	return x * 2;
}

__attribute__((noinline)) int scale(int x)
{
	__u32 key = 2;

	bpf_map_lookup_elem(&shared, &key);
	return helper(x) * (int)counter;
}

SEC("raw_tp/sys_exit")
int main_b(void *ctx)
{
	return scale(2);
}

char _license[] SEC("license") = "GPL";
