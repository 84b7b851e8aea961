/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One symbol's address from the kernel's own index, by a program that asks for it (5.16 and later): a thousandth of what reading the
 * whole list costs. What it does not know, such as the names of programs, only the list has.
 */
#include "sys/kallsyms.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "isa/helper.h"
#include "isa/insn.h"
#include "isa/progkind.h"
#include "sys/bpf.h"

#define NAME_MAX_BYTES 128 /* with the zero byte */

/* What the program is given, and writes to. */
struct answer {
	uint64_t address;
	int64_t error;
};

static size_t make(const char *name, struct skep_insn *insns)
{
	char text[NAME_MAX_BYTES] = {};
	size_t size = strlen(name) + 1, n = 0;
	int at = -8 - (int)((size + 7) / 8 * 8);

	memcpy(text, name, size);
	insns[n++] = skep_insn_mov64_reg(SKEP_R6, SKEP_R1);
	for (int i = 0; at + i < -8; i += 4) {
		int32_t part;

		memcpy(&part, text + i, sizeof(part));
		insns[n++] = skep_insn_store_imm(SKEP_SIZE_W, SKEP_R10, at + i, part);
	}
	insns[n++] = skep_insn_store_imm(SKEP_SIZE_DW, SKEP_R10, -8, 0);
	insns[n++] = skep_insn_mov64_reg(SKEP_R1, SKEP_R10);
	insns[n++] = skep_insn_alu64_imm(SKEP_ALU_ADD, SKEP_R1, at);
	insns[n++] = skep_insn_mov64_imm(SKEP_R2, (int32_t)size);
	insns[n++] = skep_insn_mov64_imm(SKEP_R3, 0);
	insns[n++] = skep_insn_mov64_reg(SKEP_R4, SKEP_R10);
	insns[n++] = skep_insn_alu64_imm(SKEP_ALU_ADD, SKEP_R4, -8);
	insns[n++] = skep_insn_call(SKEP_HELPER_KALLSYMS_LOOKUP_NAME);
	insns[n++] = skep_insn_load(SKEP_SIZE_DW, SKEP_R1, SKEP_R10, -8);
	insns[n++] =
		skep_insn_store(SKEP_SIZE_DW, SKEP_R6, offsetof(struct answer, address), SKEP_R1);
	insns[n++] =
		skep_insn_store(SKEP_SIZE_DW, SKEP_R6, offsetof(struct answer, error), SKEP_R0);
	insns[n++] = skep_insn_mov64_imm(SKEP_R0, 0);
	insns[n++] = skep_insn_exit();
	return n;
}

int skep_kallsyms_ask(const char *name, uint64_t *ret_address)
{
	struct skep_insn insns[NAME_MAX_BYTES / 4 + 16];
	struct skep_bpf_prog_load attr = {
		.prog_type = SKEP_PROG_SYSCALL,
		.prog_flags = SKEP_BPF_F_SLEEPABLE,
		.insns = skep_bpf_ptr(insns),
		.license = skep_bpf_ptr("GPL"),
	};
	struct answer answer = {};
	_cleanup_close_ int prog = -1;
	uint32_t value;
	int r;

	if (strlen(name) >= NAME_MAX_BYTES)
		return -E2BIG;
	attr.insn_cnt = (uint32_t)make(name, insns);
	prog = skep_bpf_prog_load(&attr, 0, NULL);
	if (prog < 0)
		return prog;
	r = skep_bpf_test_run(prog, &answer, sizeof(answer), &value);
	if (r < 0)
		return r;
	if (answer.error || !answer.address)
		return -ENOENT;
	*ret_address = answer.address;
	return 0;
}
