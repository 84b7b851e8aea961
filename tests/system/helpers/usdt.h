/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Static probes (USDT) for helpers, on x86-64. Their notes are written by hand, as sys/sdt.h may be absent.
 *
 *	PROBE("shop", "sale", "0", "8@%%rdi", "D"(i));	provider, name, semaphore, arguments, and what is in which register
 */
#ifndef HELPERS_USDT_H
#define HELPERS_USDT_H

#define PROBE(provider, name, semaphore, args, ...)                              \
	__asm__ volatile("990:	nop\n"                                            \
			 ".pushsection .note.stapsdt, \"\", \"note\"\n"          \
			 ".balign 4\n"                                           \
			 ".4byte 992f - 991f, 994f - 993f, 3\n"                  \
			 "991: .asciz \"stapsdt\"\n"                             \
			 "992: .balign 4\n"                                      \
			 "993: .8byte 990b, 0, " semaphore "\n"                  \
			 ".asciz \"" provider "\", \"" name "\", \"" args "\"\n" \
			 "994: .balign 4\n"                                      \
			 ".popsection\n" ::__VA_ARGS__                           \
			 : "memory")

#endif
