/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * PROGRAM: lets one socket see nothing but UDP.
 *
 * A socket filter decides how much of each packet its socket gets: 0 bytes, or all. It reads through the helper, for the packet
 * may lie in pieces.
 */
#include "vmlinux.h" /* types of the kernel; skep build makes it */
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define ETH_P_IP 0x0800
#define IPPROTO_AT (14 + 9) /* behind the Ethernet header, in the IP header */

/* Variables are shown, too: skep run tells their values at the end. */
u64 udp, other;

SEC("socket")
int PROGRAM(struct __sk_buff *skb)
{
	u8 protocol = 0;

	if (skb->protocol != bpf_htons(ETH_P_IP) ||
	    bpf_skb_load_bytes(skb, IPPROTO_AT, &protocol, sizeof(protocol)) < 0)
		protocol = 0;
	__sync_fetch_and_add(protocol == IPPROTO_UDP ? &udp : &other, 1);
	return protocol == IPPROTO_UDP ? skb->len : 0;
}

/* Most helpers are for programs under the GPL, or a license that goes with it. */
char LICENSE[] SEC("license") = "GPL";
