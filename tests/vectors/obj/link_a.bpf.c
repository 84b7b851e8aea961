/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One half of two objects that are linked; the other is link_b.bpf.c. */
#include "types.h"

struct {
	__uint(type, MAP_ARRAY);
	__uint(max_entries, 3);
	__type(key, __u32);
	__type(value, __u64);
} shared SEC(".maps");

__u64 counter = 40;
extern __u64 other_counter;
extern int scale(int x);

__attribute__((weak, noinline)) int both(int x)
{
	return x + 1;
}

SEC("raw_tp/sys_enter")
int main_a(void *ctx)
{
	__u32 key = 1;

	counter += scale(3) + both(1) + other_counter;
	return bpf_map_lookup_elem(&shared, &key) != 0;
}

char _license[] SEC("license") = "GPL";
