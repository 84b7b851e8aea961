/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * PROGRAM: counts packets by protocol, before the kernel has looked at them.
 *
 * XDP runs in the driver of a network interface. It may let a packet pass, drop it, send it back or elsewhere, and change it.
 * The packet lies between data and data_end; each read is behind a check that it is inside.
 */
#include "vmlinux.h" /* types of the kernel; skep build makes it */
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define ETH_P_IP 0x0800

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 256);
	__type(key, u32);
	__type(value, u64);
} packets SEC(".maps");

SEC("xdp")
int PROGRAM(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *ethernet = data;
	struct iphdr *ip = data + sizeof(*ethernet);
	u32 protocol;
	u64 *count;

	/* Without this line the verifier refuses the next ones. */
	if ((void *)(ip + 1) > end || ethernet->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	protocol = ip->protocol;
	count = bpf_map_lookup_elem(&packets, &protocol);
	if (count)
		(*count)++;
	return XDP_PASS;
}

/* Most helpers are for programs under the GPL, or a license that goes with it. */
char LICENSE[] SEC("license") = "GPL";
