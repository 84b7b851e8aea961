/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * PROGRAM: bytes by protocol, of packets that come in.
 *
 * A program for traffic control sees each packet that a network interface takes (tc/ingress) or sends (tc/egress), and decides
 * what becomes of it.
 */
#include "vmlinux.h" /* types of the kernel; skep build makes it */
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define ETH_P_IP 0x0800
#define TC_ACT_OK 0 /* it goes on its way; 2 (TC_ACT_SHOT) drops it */

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 256);
	__type(key, u32);
	__type(value, u64);
} bytes SEC(".maps");

SEC("tc")
int PROGRAM(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	struct ethhdr *ethernet = data;
	struct iphdr *ip = data + sizeof(*ethernet);
	u32 protocol;
	u64 *sum;

	/* Without this line the verifier refuses the next ones. */
	if ((void *)(ip + 1) > end || ethernet->h_proto != bpf_htons(ETH_P_IP))
		return TC_ACT_OK;
	protocol = ip->protocol;
	sum = bpf_map_lookup_elem(&bytes, &protocol);
	if (sum)
		*sum += skb->len;
	return TC_ACT_OK;
}

/* Most helpers are for programs under the GPL, or a license that goes with it. */
char LICENSE[] SEC("license") = "GPL";
