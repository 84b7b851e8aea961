/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Loads from the packet as old filters have them: in network order, and behind its end the program is over with 0. */
#include "../obj/types.h"

long load_byte(void *skb, long off) __asm__("llvm.bpf.load.byte");
long load_half(void *skb, long off) __asm__("llvm.bpf.load.half");
long load_word(void *skb, long off) __asm__("llvm.bpf.load.word");

/* At known places, and at one that the packet tells. */
SEC("tc") int within(void *skb)
{
	long at = load_byte(skb, 14) & 31;

	return (load_half(skb, 12) * 256 + load_word(skb, 16) + load_half(skb, at) +
		load_word(skb, at) + load_byte(skb, at + 1)) &
	       0x7fffffff;
}

/* The last two bytes are there, one behind them is not. */
SEC("tc") int behind(void *skb)
{
	return load_half(skb, 18) + load_half(skb, 19) + 1;
}

char _license[] SEC("license") = "GPL";
