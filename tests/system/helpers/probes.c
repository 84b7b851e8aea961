/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probes: a program with static probes (USDT).
 *
 *	probes [wait=PATH] 3	i from 1 to 3, once there is such a file, passes each of these once:
 *
 *	probes address	prints where the global is, which is the same in every run
 *
 *	shop:sale	arg0 -i (4 bytes), arg1 i + 0x100000000, arg2 -7, arg3 i * 10 of an array,
 *			arg4 a global, 100 * i, arg5 the second byte of a register, 0x12
 *	shop:twice	at two places: arg0 is i in one register there, i + 1000 in another here
 *	depot:sale	arg0 i, arg1 "apple" when it is even, else "pear"
 *	shop:gated	arg0 i; only while somebody listens. At the end it prints how often: "gated 3"
 *	shop:float	arg0 in a vector register
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "usdt.h"

#if defined(__x86_64__)

__attribute__((section(".probes"), used)) volatile unsigned short gate = 0;
volatile int global = 1; /* not among what the kernel clears when the program begins */
static const char *const fruits[] = { "apple", "pear" };

static void sale(long i)
{
	long tens[] = { 0, i * 10, 0 };
	int minus = (int)-i;

	global = (int)(100 * i);
	PROBE("shop", "sale", "0",
	      "-4@%%eax 8@%%rdx -4@$-7 8@-8(%%rsi,%%rcx,8) -4@global(%%rip) 1@%%bh", "a"(minus),
	      "d"(i + 0x100000000), "S"(tens), "c"(2L), "b"(0xff1234l));
}

static void sale_with_text(long i)
{
	register const char *fruit __asm__("r9") = fruits[i & 1];

	PROBE("depot", "sale", "0", "8@%%rdi 8@%%r9", "D"(i), "r"(fruit));
}

int main(int argc, char **argv)
{
	long n = argc > 1 ? atol(argv[argc - 1]) : 1, gated = 0;

	if (argc > 1 && strcmp(argv[1], "address") == 0)
		return printf("%p\n", (void *)&global) < 0;
	if (argc > 2 && strncmp(argv[1], "wait=", 5) == 0)
		while (access(argv[1] + 5, F_OK) != 0)
			usleep(10000);
	for (long i = 1; i <= n; i++) {
		sale(i);
		PROBE("shop", "twice", "0", "4@%%ecx", "c"(i));
		PROBE("shop", "twice", "0", "-4@%%edx", "d"(i + 1000));
		sale_with_text(i);
		if (gate) {
			gated++;
			PROBE("shop", "gated", "gate", "8@%%rdi", "D"(i));
		}
		PROBE("shop", "float", "0", "8f@%%xmm0 4@%%ecx", "c"(i));
	}
	printf("gated %ld\n", gated);
	return 0;
}

#else

int main(void)
{
	puts("no probes on this CPU");
	return 77;
}

#endif
