/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Loops without an end, and too many paths. */
#include "bpf.h"

unsigned char data[64];

/// endless: loop
///   hint: counter with a known end
SEC("xdp") int endless(struct xdp_md *ctx)
{
	volatile int x = 1;

#ifdef FIXED
	for (int i = 0; i < 8; i++)
#else
	while (1)
#endif
		x = 1;
	return x;
}

/// count_unbounded: limit
///   at: for (__u32 i = 0; i < n; i++)
///   hint: a constant and smaller bound
///   says: too many paths
SEC("xdp") int count_unbounded(struct xdp_md *ctx)
{
	volatile __u32 sum = 0;
	__u32 n = bpf_get_prandom_u32();

#ifdef FIXED
	for (int i = 0; i < 100; i++) {
		if (i >= n)
			break;
		sum += i;
	}
#else
	for (__u32 i = 0; i < n; i++)
		sum += i;
#endif
	return sum;
}

/// doubling: limit
///   at: for (int i = 0; i < 24; i++)
///   hint: fewer rounds
///   says: too many paths
SEC("xdp") int doubling(struct xdp_md *ctx)
{
	__u64 mix = 1;

	for (int i = 0; i < 24; i++) {
		if (data[i] & 1) {
			mix = mix * 3 + 1;
			asm volatile("" : "+r"(mix));
		} else {
			mix = mix * 2;
			asm volatile("" : "+r"(mix));
		}
#ifdef FIXED
		mix = bpf_get_prandom_u32();
#endif
	}
	return data[mix & 63];
}

char gpl[] SEC("license") = "GPL";
