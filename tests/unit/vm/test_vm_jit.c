/* SPDX-License-Identifier: Apache-2.0 */
/* What is hard for a JIT and not for an interpreter: constants that have short forms, and code that is far away. */
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engines.h"
#include "isa/asm.h"

#define INSNS_MAX 200000

static struct skep_insn insns[INSNS_MAX];
static size_t n_insns;

static void add(struct skep_insn insn)
{
	assert_true(n_insns < INSNS_MAX);
	insns[n_insns++] = insn;
}

static void add_constant(unsigned dst, uint64_t value)
{
	struct skep_insn_pair pair = skep_insn_ld_imm64(dst, value);

	add(pair.insn[0]);
	add(pair.insn[1]);
}

/* Folds R1 into R0. */
static void fold(void)
{
	add(skep_insn_alu64_imm(SKEP_ALU_MUL, SKEP_R0, 31));
	add(skep_insn_alu64_reg(SKEP_ALU_ADD, SKEP_R0, SKEP_R1));
}

static void same_everywhere(const void *mem, size_t mem_size, uint64_t *ret_value)
{
	struct answer first, other;

	engine_run(0, insns, n_insns, mem, mem_size, &first);
	if (first.r != 0)
		fail_msg("%s", first.text);
	for (unsigned engine = 1; engine < N_ENGINES; engine++) {
		engine_run(engine, insns, n_insns, mem, mem_size, &other);
		if (other.r != 0 || other.value != first.value)
			fail_msg("%s gives %d 0x%" PRIx64 " %s, not 0x%" PRIx64,
				 engine_names[engine], other.r, other.value, other.text,
				 first.value);
	}
	*ret_value = first.value;
}

static void begin(void)
{
	n_insns = 0;
	add(skep_insn_mov64_imm(SKEP_R0, 0));
	add_constant(SKEP_R2, 0x0123456789abcdefull);
	add_constant(SKEP_R3, 0xfedcba9876543210ull);
}

static void finish(void)
{
	uint64_t value;

	add(skep_insn_exit());
	same_everywhere(NULL, 0, &value);
}

static void use_imm(int32_t imm)
{
	static const enum skep_alu_op ops[] = { SKEP_ALU_AND, SKEP_ALU_OR, SKEP_ALU_XOR,
						SKEP_ALU_ADD, SKEP_ALU_SUB };

	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		add(skep_insn_mov64_reg(SKEP_R1, i % 2 ? SKEP_R2 : SKEP_R3));
		add(skep_insn_alu64_imm(ops[i], SKEP_R1, imm));
		add(skep_insn_alu32_imm(ops[(i + 1) % ARRAY_SIZE(ops)], SKEP_R2, imm));
		fold();
	}
	add(skep_insn_mov64_imm(SKEP_R1, imm));
	add(skep_insn_jmp_imm(SKEP_JMP_JSET, SKEP_R3, imm, 1));
	add(skep_insn_alu64_imm(SKEP_ALU_XOR, SKEP_R1, 1));
	add(skep_insn_jmp_imm(SKEP_JMP_JSGT, SKEP_R3, imm, 1));
	add(skep_insn_alu64_reg(SKEP_ALU_ADD, SKEP_R3, SKEP_R0));
	add(skep_insn_jmp_imm(SKEP_JMP_JGE, SKEP_R2, imm, 1));
	add(skep_insn_alu64_reg(SKEP_ALU_XOR, SKEP_R2, SKEP_R0));
	fold();
}

/* Runs of ones, rotated, and repeated: what arm64 has a form for, up to 32 bits. */
static void constants_of_32_bits(void **state)
{
	for (unsigned size = 2; size <= 32; size *= 2) {
		begin();
		for (unsigned ones = 1; ones < size; ones++)
			for (unsigned rotate = 0; rotate < size; rotate++) {
				uint64_t run = (1ull << ones) - 1, element, value = 0;

				element = (run << rotate | run >> (size - rotate)) &
					  ((1ull << size) - 1);
				for (unsigned at = 0; at < 32; at += size)
					value |= element << at;
				use_imm((int32_t)(uint32_t)value);
			}
		finish();
	}
}

/* Around every power of two, where encodings of sums and of moves change. */
static void constants_around_powers(void **state)
{
	begin();
	for (unsigned bit = 0; bit < 32; bit++)
		for (int64_t near = -2; near <= 2; near++) {
			use_imm((int32_t)(uint32_t)((1ll << bit) + near));
			use_imm((int32_t)(uint32_t)(-(1ll << bit) + near));
		}
	finish();
}

static void constants_of_64_bits(void **state)
{
	begin();
	for (unsigned size = 2; size <= 64; size *= 2)
		for (unsigned ones = 1; ones < size; ones++)
			for (unsigned rotate = 0; rotate < size; rotate++) {
				uint64_t run = (1ull << ones) - 1, element, value = 0;

				element = rotate ? run << rotate | run >> (size - rotate) : run;
				if (size < 64)
					element &= (1ull << size) - 1;
				for (unsigned at = 0; at < 64; at += size)
					value |= element << at;
				add_constant(SKEP_R1, value);
				fold();
				add_constant(SKEP_R1, value ^ 1ull << (ones + rotate) % 64);
				fold();
			}
	finish();
}

#define FILLER 150000

/* A check whose other way is megabytes away, and a jump over as much. */
static void far_code(void **state)
{
	const uint64_t seven = 7, eight = 8;
	struct answer a;
	uint64_t value;

	n_insns = 0;
	add(skep_insn_load(SKEP_SIZE_DW, SKEP_R0, SKEP_R1, 0));
	add(skep_insn_jmp_imm(SKEP_JMP_JNE, SKEP_R0, 7, 1));
	add(skep_insn_make(SKEP_CLASS_JMP32 | SKEP_JMP_JA, 0, 0, 0, FILLER));
	for (unsigned i = 0; i < FILLER; i++)
		add(skep_insn_alu64_imm(SKEP_ALU_ADD, SKEP_R0, 0x12345678));
	add(skep_insn_alu64_imm(SKEP_ALU_XOR, SKEP_R0, 1));
	add(skep_insn_exit());
	same_everywhere(&seven, sizeof(seven), &value);
	assert_int_equal(value, 6);
	same_everywhere(&eight, sizeof(eight), &value);
	assert_int_equal(value, (8 + FILLER * 0x12345678ull) ^ 1);
	for (unsigned engine = 0; engine < N_ENGINES; engine++) {
		if (IS_UNCHECKED(engine))
			continue;
		engine_run(engine, insns, n_insns, NULL, 0, &a);
		assert_int_equal(a.r, -EFAULT);
		if (!strstr(a.text, "null pointer") || !strstr(a.text, "instruction 0"))
			fail_msg("%s says '%s'", engine_names[engine], a.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(constants_of_32_bits),
		cmocka_unit_test(constants_around_powers),
		cmocka_unit_test(constants_of_64_bits),
		cmocka_unit_test(far_code),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
