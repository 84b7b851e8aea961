/* SPDX-License-Identifier: Apache-2.0 */
/* Lengths of instructions: one or more of each form; what an assembler made of the text behind. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "obj/code.h"

static const struct {
	const char *bytes, *text;
} whole[] = {
	{ "90", "nop" },
	{ "55", "push %rbp" },
	{ "c3", "ret" },
	{ "f30f1efa", "endbr64" },
	{ "4889e5", "mov %rsp,%rbp" },
	{ "488b4508", "mov 8(%rbp),%rax" },
	{ "488b0424", "mov (%rsp),%rax" },
	{ "488b0425f8ffffff", "mov 0xfffffffffffffff8,%rax" },
	{ "488d0511223344", "lea 0x44332211(%rip),%rax" },
	{ "8b848811223344", "mov 0x44332211(%rax,%rcx,4),%eax" },
	{ "8b4c2410", "mov 16(%rsp),%ecx" },
	{ "488b0c2d00000000", "mov 0x0(,%rbp,1),%rcx" },
	{ "b811223344", "mov $0x44332211,%eax" },
	{ "66b81122", "mov $0x2211,%ax" },
	{ "48b81122334455667788", "movabs $0x8877665544332211,%rax" },
	{ "a01122334455667788", "movabs 0x8877665544332211,%al" },
	{ "67a011223344", "addr32 mov 0x44332211,%al" },
	{ "c7042411223344", "movl $0x44332211,(%rsp)" },
	{ "66c704241122", "movw $0x2211,(%rsp)" },
	{ "c60011", "movb $0x11,(%rax)" },
	{ "83ec10", "sub $0x10,%esp" },
	{ "4881ec11223344", "sub $0x44332211,%rsp" },
	{ "6a01", "push $1" },
	{ "6811223344", "push $0x44332211" },
	{ "486bc003", "imul $3,%rax,%rax" },
	{ "69c011223344", "imul $0x44332211,%eax,%eax" },
	{ "f6c101", "test $1,%cl" },
	{ "f6d1", "not %cl" },
	{ "f7c111223344", "test $0x44332211,%ecx" },
	{ "66f7c11122", "test $0x2211,%cx" },
	{ "f7d9", "neg %ecx" },
	{ "eb10", "jmp +16" },
	{ "e911223344", "jmp far away" },
	{ "7410", "je +16" },
	{ "0f8411223344", "je far away" },
	{ "e811223344", "call" },
	{ "666648e811223344", "data16 data16 rex.W call" },
	{ "ff2511223344", "jmp *0x44332211(%rip)" },
	{ "41ff542408", "call *8(%r12)" },
	{ "c21000", "ret $16" },
	{ "c8100000", "enter $16,$0" },
	{ "cd80", "int $0x80" },
	{ "0f05", "syscall" },
	{ "0f0b", "ud2" },
	{ "0fa2", "cpuid" },
	{ "0fb6c0", "movzbl %al,%eax" },
	{ "0fba2f07", "btsl $7,(%rdi)" },
	{ "0fa4c207", "shld $7,%eax,%edx" },
	{ "660f70c0e4", "pshufd $0xe4,%xmm0,%xmm0" },
	{ "f20f10442408", "movsd 8(%rsp),%xmm0" },
	{ "660f3a0fc108", "palignr $8,%xmm1,%xmm0" },
	{ "660f3800c1", "pshufb %xmm1,%xmm0" },
	{ "660f1f440000", "nopw 0(%rax,%rax,1)" },
	{ "f0480fb10f", "lock cmpxchg %rcx,(%rdi)" },
	{ "64488b042528000000", "mov %fs:0x28,%rax" },
	{ "f3a4", "rep movsb" },
	{ "d9ee", "fldz" },
	{ "c5f877", "vzeroupper" },
	{ "c5f96fc1", "vmovdqa %xmm1,%xmm0" },
	{ "c5f970c0e4", "vpshufd $0xe4,%xmm0,%xmm0" },
	{ "c4e27918c0", "vbroadcastss %xmm0,%xmm0" },
	{ "c4e3fd00c04e", "vpermq $0x4e,%ymm0,%ymm0" },
	{ "62f1fd486f4001", "vmovdqa64 64(%rax),%zmm0" },
	{ "62f37d4823c04e", "vshuff32x4 $0x4e,%zmm0,%zmm0,%zmm0" },
	{ "8fe97812c0", "llwpcb %rax" },
	{ "8f4008", "pop 8(%rax)" },
};

static size_t parse(const char *hex, uint8_t out[32])
{
	size_t n = strlen(hex) / 2;

	for (size_t i = 0; i < n; i++) {
		unsigned byte;

		assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
		out[i] = (uint8_t)byte;
	}
	return n;
}

static void test_lengths(void **state)
{
	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
		uint8_t bytes[32] = {};
		size_t n = parse(whole[i].bytes, bytes);
		int r = skep_code_x86_64_length(bytes, sizeof(bytes));

		if (r != (int)n)
			print_error("%s (%s): %d, not %zu\n", whole[i].bytes, whole[i].text, r, n);
		assert_int_equal(r, n);
		/* Cut short it never ends, and nothing behind the end is read. */
		for (size_t cut = 0; cut < n; cut++) {
			uint8_t *exact = malloc(cut ? cut : 1);

			memcpy(exact, bytes, cut);
			assert_true(skep_code_x86_64_length(exact, cut) <= (int)cut);
			free(exact);
		}
	}
}

static void test_nothing(void **state)
{
	static const char *const none[] = { "06",   "9a", "ea",
					    "0f04", "d6", "6666666666666666666666666666666690",
					    "62",   "c4", "0f",
					    "48" };
	uint8_t bytes[32];

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		size_t n = parse(none[i], bytes);

		assert_int_equal(skep_code_x86_64_length(bytes, n), -EINVAL);
	}
	assert_int_equal(skep_code_x86_64_length(bytes, 0), -EINVAL);
}

static void test_begins(void **state)
{
	/* push %rbp; mov %rsp,%rbp; sub $0x10,%rsp; ret */
	static const uint8_t code[] = { 0x55, 0x48, 0x89, 0xe5, 0x48, 0x83, 0xec, 0x10, 0xc3 };
	static const int expected[] = { 1, 1, 0, 0, 1, 0, 0, 0, 1 };

	for (size_t i = 0; i < sizeof(code); i++)
		assert_int_equal(skep_code_begins(SKEP_CODE_X86_64, code, sizeof(code), i),
				 expected[i]);
	assert_int_equal(skep_code_begins(SKEP_CODE_X86_64, code, sizeof(code), sizeof(code)),
			 -EINVAL);
	assert_int_equal(skep_code_begins(SKEP_CODE_FIXED_4, code, sizeof(code), 4), 1);
	assert_int_equal(skep_code_begins(SKEP_CODE_FIXED_4, code, sizeof(code), 2), 0);
	assert_int_equal(skep_code_begins(SKEP_CODE_X86_64, "\x06\x90", 2, 1), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_begins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
