/* SPDX-License-Identifier: Apache-2.0 */
/* The instruction table: its own rules, the lookup, the check of encodings, targets and groups. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "isa/table.h"

/* The fields that a row's text has operands for. */
static unsigned fields_of_text(const char *text)
{
	unsigned fields = 0;

	for (const char *p = strchr(text, '%'); p; p = strchr(p + 1, '%')) {
		if (strchr("dDeE", p[1]))
			fields |= SKEP_FIELD_DST;
		else if (strchr("sSfF", p[1]))
			fields |= SKEP_FIELD_SRC;
		else if (strchr("moK", p[1]))
			fields |= SKEP_FIELD_OFF;
		else if (strchr("iIxabjclhkpv", p[1]))
			fields |= SKEP_FIELD_IMM;
		else if (p[1] == 'q')
			fields |= SKEP_FIELD_IMM | SKEP_FIELD_NEXT;
		else if (strchr("ng", p[1]))
			fields |= SKEP_FIELD_NEXT;
		else
			assert_int_equal(p[1], '=');
	}
	return fields;
}

static struct skep_insn insn_of(const struct skep_isa_row *row)
{
	struct skep_insn i = { .opcode = row->opcode };

	if (row->select == SKEP_SELECT_SRC)
		i.src = row->value & 15;
	else if (row->select == SKEP_SELECT_OFF)
		i.off = (int16_t)row->value;
	else if (row->select == SKEP_SELECT_IMM)
		i.imm = row->value;
	return i;
}

static void rows_follow_their_rules(void **state)
{
	for (unsigned op = 0; op < SKEP_N_OPS; op++) {
		const struct skep_isa_row *row = skep_isa_op(op);

		assert_int_equal(row->op, op);
		assert_int_equal(row->fields, fields_of_text(row->text));
		assert_in_range(row->cpu, 1, 4);
		assert_ptr_equal(skep_isa_row(insn_of(row)), row);
		for (unsigned other = 0; other < op; other++) {
			const struct skep_isa_row *before = skep_isa_op(other);

			assert_true(before->opcode <= row->opcode);
			if (before->opcode != row->opcode)
				continue;
			/* Forms of one opcode: told apart by one field, with different values. */
			assert_int_equal(before->select, row->select);
			assert_int_not_equal(row->select, SKEP_SELECT_NONE);
			assert_int_not_equal(before->value, row->value);
		}
	}
}

static void count_opcodes(unsigned counts[SKEP_N_GROUPS])
{
	for (unsigned op = 0; op < SKEP_N_OPS; op++)
		counts[skep_isa_op(op)->group]++;
}

/* Counted by hand in the registry of RFC 9669 and its text. */
static void every_group_is_complete(void **state)
{
	unsigned counts[SKEP_N_GROUPS] = {};

	count_opcodes(counts);
	/*
	 * 9 operations and NEG, MOVSX 2, END 6; 22 jumps, JA, JAL, 3 calls, EXIT; LDX, ST, STX,
	 * MEMSX.
	 */
	assert_int_equal(counts[SKEP_GROUP_BASE32], 9 * 2 + 1 + 2 + 6 + 22 + 2 + 3 + 1 + 4 * 3);
	assert_int_equal(counts[SKEP_GROUP_BASE64], 9 * 2 + 1 + 3 + 3 + 22 + 3 + 7);
	assert_int_equal(counts[SKEP_GROUP_DIVMUL32], 2 + 4 + 4);
	assert_int_equal(counts[SKEP_GROUP_DIVMUL64], 2 + 4 + 4);
	assert_int_equal(counts[SKEP_GROUP_ATOMIC32], 10);
	assert_int_equal(counts[SKEP_GROUP_ATOMIC64], 10);
	assert_int_equal(counts[SKEP_GROUP_PACKET], 6);
	/* 4 acquiring loads, 4 releasing stores, may_goto, gotox, the address space cast. */
	assert_int_equal(counts[SKEP_GROUP_LINUX], 4 + 4 + 3);
}

static void lookup_refuses_what_is_not(void **state)
{
	assert_null(skep_isa_row((struct skep_insn){}));
	assert_null(skep_isa_row((struct skep_insn){ .opcode = 0xff }));
	assert_null(skep_isa_row((struct skep_insn){ .opcode = 0x8d }));
	assert_null(skep_isa_row((struct skep_insn){ .opcode = 0x18, .src = 7 }));
	assert_null(skep_isa_row((struct skep_insn){ .opcode = 0xdb, .imm = 0xe0 }));
	assert_null(skep_isa_row((struct skep_insn){ .opcode = 0xbc, .off = 32 }));
}

static void check_says_why(void **state)
{
	static const struct {
		struct skep_insn insn[2];
		size_t n;
		enum skep_insn_fault fault;
	} cases[] = {
		{ { { .opcode = 0x07, .dst = 10, .imm = -1 } }, 1, SKEP_INSN_OK },
		{ { { .opcode = 0xff } }, 1, SKEP_INSN_NO_OPCODE },
		{ { { .opcode = 0x85, .src = 3 } }, 1, SKEP_INSN_BAD_SRC_KIND },
		{ { { .opcode = 0xbf, .off = 7 } }, 1, SKEP_INSN_BAD_OFF_KIND },
		{ { { .opcode = 0xd4, .imm = 24 } }, 1, SKEP_INSN_BAD_IMM_KIND },
		{ { { .opcode = 0x07, .dst = 11 } }, 1, SKEP_INSN_BAD_DST },
		{ { { .opcode = 0x0f, .src = 11 } }, 1, SKEP_INSN_BAD_SRC },
		{ { { .opcode = 0x95, .dst = 1 } }, 1, SKEP_INSN_RESERVED_DST },
		{ { { .opcode = 0x07, .src = 1 } }, 1, SKEP_INSN_RESERVED_SRC },
		{ { { .opcode = 0x07, .off = 1 } }, 1, SKEP_INSN_RESERVED_OFF },
		{ { { .opcode = 0x0f, .imm = 1 } }, 1, SKEP_INSN_RESERVED_IMM },
		{ { { .opcode = 0x37, .off = 1, .imm = 3 } }, 1, SKEP_INSN_OK },
		{ { { .opcode = 0x18 } }, 1, SKEP_INSN_TRUNCATED },
		{ { { .opcode = 0x18 }, { .imm = 1 } }, 2, SKEP_INSN_OK },
		{ { { .opcode = 0x18 }, { .dst = 1 } }, 2, SKEP_INSN_RESERVED_NEXT },
		{ { { .opcode = 0x18, .src = 1 }, { .imm = 1 } }, 2, SKEP_INSN_RESERVED_NEXT },
		{ { { .opcode = 0x18, .src = 2 }, { .imm = 1 } }, 2, SKEP_INSN_OK },
		{ { { .opcode = 0x18, .off = 2 }, {} }, 2, SKEP_INSN_RESERVED_OFF },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		enum skep_insn_fault fault = skep_insn_check(cases[i].insn, cases[i].n);

		if (fault != cases[i].fault)
			fail_msg("case %zu: %s", i, skep_insn_fault_text(fault));
	}
	for (int fault = SKEP_INSN_OK; fault <= SKEP_INSN_TRUNCATED; fault++)
		assert_non_null(skep_insn_fault_text(fault));
}

static void check_op(struct skep_insn insn, enum skep_op op)
{
	const struct skep_isa_row *row = skep_isa_row(insn);

	assert_non_null(row);
	assert_int_equal(skep_insn_check(&insn, 1), SKEP_INSN_OK);
	if (row->op != op)
		fail_msg("made %s, wanted %s", row->name, skep_isa_op(op)->name);
}

static void constructors_make_what_they_say(void **state)
{
	check_op(skep_insn_alu64_imm(SKEP_ALU_XOR, 1, 5), SKEP_OP_XOR64_IMM);
	check_op(skep_insn_alu64_reg(SKEP_ALU_ARSH, 1, 2), SKEP_OP_ARSH64_REG);
	check_op(skep_insn_alu32_imm(SKEP_ALU_MUL, 1, 5), SKEP_OP_MUL32_IMM);
	check_op(skep_insn_alu32_reg(SKEP_ALU_DIV, 1, 2), SKEP_OP_DIV32_REG);
	check_op(skep_insn_mov64_imm(1, 5), SKEP_OP_MOV64_IMM);
	check_op(skep_insn_mov64_reg(1, 2), SKEP_OP_MOV64_REG);
	check_op(skep_insn_mov32_imm(1, 5), SKEP_OP_MOV32_IMM);
	check_op(skep_insn_mov32_reg(1, 2), SKEP_OP_MOV32_REG);
	check_op(skep_insn_neg64(1), SKEP_OP_NEG64);
	check_op(skep_insn_neg32(1), SKEP_OP_NEG32);
	check_op(skep_insn_movsx64(1, 2, 32), SKEP_OP_MOVSX32_64);
	check_op(skep_insn_movsx32(1, 2, 8), SKEP_OP_MOVSX8_32);
	check_op(skep_insn_sdiv64_imm(SKEP_ALU_DIV, 1, 5), SKEP_OP_SDIV64_IMM);
	check_op(skep_insn_sdiv64_reg(SKEP_ALU_MOD, 1, 2), SKEP_OP_SMOD64_REG);
	check_op(skep_insn_sdiv32_imm(SKEP_ALU_MOD, 1, 5), SKEP_OP_SMOD32_IMM);
	check_op(skep_insn_sdiv32_reg(SKEP_ALU_DIV, 1, 2), SKEP_OP_SDIV32_REG);
	check_op(skep_insn_to_le(1, 16), SKEP_OP_LE16);
	check_op(skep_insn_to_be(1, 64), SKEP_OP_BE64);
	check_op(skep_insn_bswap(1, 32), SKEP_OP_BSWAP32);
	check_op(skep_insn_load(SKEP_SIZE_H, 1, 2, -4), SKEP_OP_LDX_H);
	check_op(skep_insn_loadsx(SKEP_SIZE_W, 1, 2, -4), SKEP_OP_LDXS_W);
	check_op(skep_insn_store(SKEP_SIZE_DW, 10, -8, 1), SKEP_OP_STX_DW);
	check_op(skep_insn_store_imm(SKEP_SIZE_B, 10, -8, 1), SKEP_OP_ST_B);
	check_op(skep_insn_atomic(SKEP_SIZE_DW, SKEP_ATOMIC_ADD, 1, 0, 2), SKEP_OP_ATOMIC_ADD64);
	check_op(skep_insn_atomic(SKEP_SIZE_W, SKEP_ATOMIC_OR | SKEP_ATOMIC_FETCH, 1, 0, 2),
		 SKEP_OP_FETCH_OR32);
	check_op(skep_insn_atomic(SKEP_SIZE_B, SKEP_ATOMIC_LOAD_ACQ, 1, 0, 2), SKEP_OP_LOAD_ACQ8);
	check_op(skep_insn_ld_abs(SKEP_SIZE_H, 12), SKEP_OP_LD_ABS_H);
	check_op(skep_insn_ld_ind(SKEP_SIZE_B, 1, 12), SKEP_OP_LD_IND_B);
	check_op(skep_insn_ja(3), SKEP_OP_JA);
	check_op(skep_insn_jal(3), SKEP_OP_JAL);
	check_op(skep_insn_jmp_imm(SKEP_JMP_JSLE, 1, 5, 3), SKEP_OP_JSLE_IMM);
	check_op(skep_insn_jmp_reg(SKEP_JMP_JSET, 1, 2, 3), SKEP_OP_JSET_REG);
	check_op(skep_insn_jmp32_imm(SKEP_JMP_JLT, 1, 5, 3), SKEP_OP_JLT32_IMM);
	check_op(skep_insn_jmp32_reg(SKEP_JMP_JNE, 1, 2, 3), SKEP_OP_JNE32_REG);
	check_op(skep_insn_call(5), SKEP_OP_CALL_HELPER);
	check_op(skep_insn_call_local(5), SKEP_OP_CALL_LOCAL);
	check_op(skep_insn_call_kfunc(5, 1), SKEP_OP_CALL_KFUNC);
	check_op(skep_insn_exit(), SKEP_OP_EXIT);
}

static void check_pair(struct skep_insn_pair pair, enum skep_op op)
{
	assert_int_equal(skep_insn_check(pair.insn, 2), SKEP_INSN_OK);
	assert_int_equal(skep_isa_row(pair.insn[0])->op, op);
}

static void wide_constructors_make_two_words(void **state)
{
	struct skep_insn_pair pair = skep_insn_ld_imm64(3, 0xfedcba9876543210);

	check_pair(pair, SKEP_OP_LD_IMM64);
	assert_int_equal(pair.insn[0].dst, 3);
	assert_true(skep_insn_imm64(pair.insn[0], pair.insn[1]) == 0xfedcba9876543210);
	check_pair(skep_insn_ld_map_fd(1, 7), SKEP_OP_LD_MAP_FD);
	check_pair(skep_insn_ld_map_value(1, 7, 0xfffffff0), SKEP_OP_LD_MAP_VALUE);
	check_pair(skep_insn_ld_func(1, -5), SKEP_OP_LD_FUNC);
	check_pair(skep_insn_ld_pseudo(1, SKEP_PSEUDO_BTF_ID, 7, 3), SKEP_OP_LD_BTF_ID);
}

static void sizes_are_bytes(void **state)
{
	for (unsigned bytes = 1; bytes <= 8; bytes *= 2)
		assert_int_equal(skep_size_bytes(skep_size_from_bytes(bytes)), bytes);
	assert_int_equal(skep_size_bytes(skep_insn_load(SKEP_SIZE_H, 0, 1, 0).opcode), 2);
}

/* The words lie in memory as the kernel reads them. */
static void layout_is_the_kernels(void **state)
{
	struct skep_insn insn = skep_insn_make(0x61, 1, 10, -4, 0x11223344);
	unsigned char bytes[8];

	memcpy(bytes, &insn, sizeof(bytes));
	assert_int_equal(bytes[0], 0x61);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	assert_int_equal(bytes[1], 0xa1);
	assert_int_equal(bytes[2], 0xfc);
	assert_int_equal(bytes[4], 0x44);
#else
	assert_int_equal(bytes[1], 0x1a);
	assert_int_equal(bytes[3], 0xfc);
	assert_int_equal(bytes[7], 0x44);
#endif
}

static void check_target(struct skep_insn insn, size_t index, int64_t expected)
{
	int64_t target = -77;

	assert_true(skep_insn_target(insn, index, &target));
	assert_int_equal(target, expected);
}

static void targets_are_indices(void **state)
{
	int64_t target = -77;

	check_target(skep_insn_ja(3), 10, 14);
	check_target(skep_insn_ja(-32768), 10, -32757);
	check_target(skep_insn_jal(100000), 10, 100011);
	check_target(skep_insn_jmp32_imm(SKEP_JMP_JEQ, 1, 99, -1), 10, 10);
	check_target(skep_insn_call_local(5), 10, 16);
	check_target(skep_insn_ld_func(1, 5).insn[0], 10, 16);
	check_target((struct skep_insn){ .opcode = 0xe5, .off = 2 }, 10, 13);
	assert_false(skep_insn_target(skep_insn_exit(), 10, &target));
	assert_false(skep_insn_target(skep_insn_call(5), 10, &target));
	assert_false(skep_insn_target(skep_insn_call_kfunc(5, 7), 10, &target));
	assert_false(skep_insn_target(skep_insn_load(SKEP_SIZE_B, 0, 1, 5), 10, &target));
	assert_false(skep_insn_target((struct skep_insn){ .opcode = 0x0d }, 10, &target));
	assert_false(skep_insn_target((struct skep_insn){ .opcode = 0xff, .off = 1 }, 10, &target));
	assert_int_equal(target, -77);
}

static void groups_include_their_smaller_half(void **state)
{
	assert_true(skep_isa_group_includes(SKEP_GROUP_BASE64, SKEP_GROUP_BASE32));
	assert_true(skep_isa_group_includes(SKEP_GROUP_ATOMIC64, SKEP_GROUP_ATOMIC32));
	assert_true(skep_isa_group_includes(SKEP_GROUP_DIVMUL64, SKEP_GROUP_DIVMUL32));
	assert_true(skep_isa_group_includes(SKEP_GROUP_PACKET, SKEP_GROUP_PACKET));
	assert_false(skep_isa_group_includes(SKEP_GROUP_BASE32, SKEP_GROUP_BASE64));
	assert_false(skep_isa_group_includes(SKEP_GROUP_ATOMIC64, SKEP_GROUP_BASE32));
	assert_string_equal(skep_isa_group_name(SKEP_GROUP_DIVMUL64), "divmul64");
	assert_string_equal(skep_isa_group_name(SKEP_GROUP_LINUX), "linux");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_follow_their_rules),
		cmocka_unit_test(every_group_is_complete),
		cmocka_unit_test(lookup_refuses_what_is_not),
		cmocka_unit_test(check_says_why),
		cmocka_unit_test(constructors_make_what_they_say),
		cmocka_unit_test(wide_constructors_make_two_words),
		cmocka_unit_test(sizes_are_bytes),
		cmocka_unit_test(layout_is_the_kernels),
		cmocka_unit_test(targets_are_indices),
		cmocka_unit_test(groups_include_their_smaller_half),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
