/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Maps as they were described before BTF; compiled without -g. */
#include "types.h"

struct bpf_map_def {
	unsigned int type, key_size, value_size, max_entries, map_flags;
};

struct bpf_map_def SEC("maps") first = { MAP_HASH, 4, 8, 100, 1 };
struct bpf_map_def SEC("maps") second = { MAP_ARRAY, 4, 16, 7, 0 };

SEC("socket")
int filter(void *ctx)
{
	__u32 key = 0;

	return bpf_map_lookup_elem(&second, &key) ? bpf_map_delete_elem(&first, &key) : 0;
}

char _license[] SEC("license") = "GPL";
