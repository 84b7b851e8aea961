/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program's machine code does what the interpreter does: the same run of the same machine, so that all addresses are the
 * same, first with the JIT, then watched, which the interpreter does. Compared are the value or the fault and its place, the
 * steps, the context and the values of a map.
 *
 * The input is words of 64 bits, bent into valid instructions whose memory is mostly the stack and the context. At most 512.
 * Left out is what the instruction set leaves open (registers after tail calls and calls through registers).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <skep/vm.h>

#include "isa/helper.h"
#include "isa/mapkind.h"
#include "isa/table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define WORDS_MAX 512
#define CTX_BYTES 64
#define ENTRIES 4

static bool is_usable(enum skep_op op)
{
	return op != SKEP_OP_CALL_KFUNC && op != SKEP_OP_LD_FUNC && op != SKEP_OP_LD_BTF_ID;
}

/* Where memory is: the stack, the context, or whatever a register holds. */
static void place(struct skep_insn *insn, struct skep_insn word, bool from_src)
{
	unsigned reg = word.dst % 3 == 0   ? SKEP_R10
		       : word.dst % 3 == 1 ? SKEP_R6
					   : (unsigned)word.src % 11;

	if (reg == SKEP_R10)
		insn->off = (int16_t) - (1 + (word.off & 63));
	else
		insn->off = (int16_t)(word.off % 80);
	if ((insn->opcode & SKEP_MODE_MASK) == SKEP_MODE_ATOMIC && word.imm & 3)
		insn->off &= ~7;
	if (from_src)
		insn->src = reg;
	else
		insn->dst = reg;
}

/* Returns how many words. */
static uint32_t bend(struct skep_insn word, struct skep_insn *out)
{
	static const int32_t helpers[] = { SKEP_HELPER_MAP_LOOKUP_ELEM,
					   SKEP_HELPER_GET_SMP_PROCESSOR_ID,
					   SKEP_HELPER_GET_CURRENT_PID_TGID };
	enum skep_op op = (enum skep_op)(word.opcode % SKEP_N_OPS);
	const struct skep_isa_row *row = skep_isa_op(is_usable(op) ? op : SKEP_OP_JA);
	struct skep_insn insn = { .opcode = row->opcode };
	unsigned class = skep_insn_class(insn);

	/* R6 stays the context; R10 cannot be written. */
	insn.dst = row->fields & SKEP_FIELD_DST ? (word.dst % 10 == 6 ? 7 : word.dst % 10) : 0;
	insn.src = row->fields & SKEP_FIELD_SRC ? word.src % 11 : 0;
	insn.off = row->fields & SKEP_FIELD_OFF ? (int16_t)(word.off % 24) : 0;
	insn.imm = row->fields & SKEP_FIELD_IMM ? word.imm : 0;
	if (row->select == SKEP_SELECT_SRC)
		insn.src = (unsigned)row->value & 15;
	if (row->select == SKEP_SELECT_OFF)
		insn.off = (int16_t)row->value;
	if (row->select == SKEP_SELECT_IMM)
		insn.imm = row->value;
	if (class == SKEP_CLASS_LDX || class == SKEP_CLASS_ST || class == SKEP_CLASS_STX) {
		bool from_src = class == SKEP_CLASS_LDX || (row->select == SKEP_SELECT_IMM &&
							    insn.imm == SKEP_ATOMIC_LOAD_ACQ);

		if (class == SKEP_CLASS_STX && (insn.src == SKEP_R10 || insn.src == SKEP_R6))
			insn.src = SKEP_R0;
		place(&insn, word, from_src);
	}
	if (row->op == SKEP_OP_CALL_HELPER)
		insn.imm = helpers[(uint32_t)word.imm % ARRAY_SIZE(helpers)];
	if (row->op == SKEP_OP_CALL_LOCAL || row->op == SKEP_OP_JAL)
		insn.imm %= 24;
	if (skep_insn_is_wide(insn) && row->op != SKEP_OP_LD_IMM64)
		insn.imm = 0; /* the map */
	out[0] = insn;
	if (!skep_insn_is_wide(insn))
		return 1;
	out[1] = (struct skep_insn){ .imm = row->op == SKEP_OP_LD_IMM64 ? word.off : 0 };
	return 2;
}

static uint32_t make_code(const uint8_t *data, size_t size, struct skep_insn *code)
{
	uint32_t n = 0;

	code[n++] = skep_insn_mov64_reg(SKEP_R6, SKEP_R1);
	for (; size >= 8 && n < WORDS_MAX - 3; data += 8, size -= 8) {
		struct skep_insn word;

		memcpy(&word, data, 8);
		n += bend(word, &code[n]);
	}
	code[n++] = skep_insn_exit();
	return n;
}

static int same(void *data, uint32_t prog, uint32_t insn, uint64_t regs[11])
{
	return 0;
}

struct outcome {
	int r;
	uint64_t value, steps;
	struct skep_vm_fault fault;
	uint8_t ctx[CTX_BYTES];
	uint64_t values[ENTRIES];
};

static void run_once(struct skep_vm *vm, struct skep_vm_run *run, uint32_t prog,
		     struct outcome *ret)
{
	static uint64_t ctx[CTX_BYTES / 8]; /* aligned, and at one address */
	struct skep_vm_input input = { .ctx = ctx, .ctx_size = sizeof(ctx) };
	struct skep_vm_result result = {};
	size_t size;
	void *values;

	for (size_t i = 0; i < ARRAY_SIZE(ctx); i++)
		ctx[i] = 0x0101010101010101ull * (i * 37 + 1);
	if (skep_vm_map_memory(vm, 0, &values, &size) < 0 || size != sizeof(ret->values))
		abort();
	memset(values, 0, size);
	memset(ret, 0, sizeof(*ret));
	ret->r = skep_vm_run_prog(run, prog, &input, &result);
	ret->value = result.value;
	ret->steps = result.steps;
	ret->fault = *skep_vm_run_fault(run);
	memcpy(ret->ctx, ctx, sizeof(ctx));
	memcpy(ret->values, values, size);
}

static void compare(struct skep_vm *vm, uint32_t prog)
{
	struct outcome native, interpreted;
	struct skep_vm_run *run;

	if (skep_vm_run_new(vm, &run) < 0)
		return;
	run_once(vm, run, prog, &native);
	skep_vm_run_watch(run, same, NULL);
	run_once(vm, run, prog, &interpreted);
	if (native.r != interpreted.r || native.value != interpreted.value ||
	    native.steps != interpreted.steps || native.fault.kind != interpreted.fault.kind ||
	    native.fault.insn != interpreted.fault.insn ||
	    native.fault.address != interpreted.fault.address ||
	    memcmp(native.ctx, interpreted.ctx, sizeof(native.ctx)) != 0 ||
	    memcmp(native.values, interpreted.values, sizeof(native.values)) != 0)
		abort();
	skep_vm_run_free(run);
}

/* What the loader refuses (jumps out of functions, mostly) becomes an exit, one instruction after the other. */
static int add(struct skep_vm *vm, struct skep_insn *code, uint32_t n, uint32_t *ret_prog)
{
	struct skep_vm_prog_def def = { .insns = code, .n_insns = n };
	char why[200];
	unsigned insn;
	int r;

	while ((r = skep_vm_add_prog(vm, &def, why, sizeof(why), ret_prog)) < 0 &&
	       sscanf(why, "instruction %u", &insn) == 1) {
		if (insn >= n || skep_insn_is_exit(code[insn]))
			return r;
		if (skep_insn_is_wide(code[insn]))
			code[insn + 1] = skep_insn_exit();
		code[insn] = skep_insn_exit();
	}
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct skep_vm_map_def array = {
		.kind = SKEP_MAP_ARRAY, .key_size = 4, .value_size = 8, .max_entries = ENTRIES
	};
	static struct skep_insn code[WORDS_MAX];
	struct skep_vm_config config = {
		.max_maps = 1, .max_progs = 1, .max_steps = 500, .jit = true
	};
	struct skep_vm *vm;
	uint32_t index, n = make_code(data, size, code);

	if (skep_vm_new(&config, &vm) < 0) /* no JIT for this CPU */
		return 0;
	if (skep_vm_add_map(vm, &array, NULL, 0, &index) < 0)
		abort();
	if (add(vm, code, n, &index) == 0)
		compare(vm, index);
	skep_vm_free(vm);
	return 0;
}
