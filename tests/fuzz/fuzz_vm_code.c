/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a program of the checked machine: it never touches what is not its own (the sanitizers would tell), it
 * ends, and what it leaves behind can be run again. In the interpreter, then in the JIT where there is one.
 *
 * First byte: kind of program, and whether the words are taken as they are or bent into valid instructions; then words of
 * 64 bits. At most 2048 words.
 */
#include <stdlib.h>
#include <string.h>

#include <skep/vm.h>

#include "isa/helper.h"
#include "isa/mapkind.h"
#include "isa/table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define WORDS_MAX 2048

static const struct skep_vm_map_def defs[] = {
	{ .kind = SKEP_MAP_HASH, .key_size = 4, .value_size = 12, .max_entries = 8 },
	{ .kind = SKEP_MAP_ARRAY,
	  .key_size = 4,
	  .value_size = 24,
	  .max_entries = 4,
	  .timer_off = 9,
	  .lock_off = 1 },
	{ .kind = SKEP_MAP_PERCPU_ARRAY, .key_size = 4, .value_size = 8, .max_entries = 2 },
	{ .kind = SKEP_MAP_LRU_HASH, .key_size = 8, .value_size = 4, .max_entries = 3 },
	{ .kind = SKEP_MAP_RINGBUF, .max_entries = 4096 },
	{ .kind = SKEP_MAP_PROG_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 2 },
	{ .kind = SKEP_MAP_QUEUE, .value_size = 8, .max_entries = 3 },
	{ .kind = SKEP_MAP_LPM_TRIE,
	  .key_size = 8,
	  .value_size = 4,
	  .max_entries = 4,
	  .flags = SKEP_MAP_F_NO_PREALLOC },
	{ .kind = SKEP_MAP_BLOOM_FILTER, .value_size = 4, .max_entries = 16 },
	{ .kind = SKEP_MAP_TASK_STORAGE,
	  .key_size = 4,
	  .value_size = 8,
	  .flags = SKEP_MAP_F_NO_PREALLOC },
	{ .kind = SKEP_MAP_STACK_TRACE, .key_size = 4, .value_size = 64, .max_entries = 4 },
	{ .kind = SKEP_MAP_PERF_EVENT_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1 },
	{ .kind = SKEP_MAP_ARRAY_OF_MAPS,
	  .key_size = 4,
	  .value_size = 4,
	  .max_entries = 2,
	  .inner = 0 },
	{ .kind = SKEP_MAP_USER_RINGBUF, .max_entries = 4096 },
	{ .kind = SKEP_MAP_DEVMAP, .key_size = 4, .value_size = 4, .max_entries = 2 },
};

/* A valid instruction near what the word says. Returns how many words. */
static size_t bend(struct skep_insn word, size_t left, struct skep_insn *out)
{
	const struct skep_isa_row *row =
		skep_isa_op((enum skep_op)((word.opcode * 7u + word.src) % SKEP_N_OPS));
	struct skep_insn insn = { .opcode = row->opcode };

	if (row->fields & SKEP_FIELD_DST)
		insn.dst = word.dst % 11;
	if (row->fields & SKEP_FIELD_SRC)
		insn.src = (word.src + (unsigned)word.imm) % 11;
	if (row->fields & SKEP_FIELD_OFF)
		insn.off = (int16_t)(word.off % 64);
	if (row->fields & SKEP_FIELD_IMM)
		insn.imm = word.imm;
	if (row->select == SKEP_SELECT_SRC)
		insn.src = (unsigned)row->value & 15;
	if (row->select == SKEP_SELECT_OFF)
		insn.off = (int16_t)row->value;
	if (row->select == SKEP_SELECT_IMM)
		insn.imm = row->value;
	if (row->op == SKEP_OP_CALL_HELPER)
		insn.imm = (int32_t)((uint32_t)word.imm % (SKEP_HELPER_END - 1)) + 1;
	if (row->op == SKEP_OP_CALL_LOCAL || row->op == SKEP_OP_LD_FUNC || row->op == SKEP_OP_JAL)
		insn.imm %= 32;
	if (row->op >= SKEP_OP_LD_MAP_FD && row->op <= SKEP_OP_LD_MAP_IDX_VALUE &&
	    row->op != SKEP_OP_LD_FUNC)
		insn.imm = (int32_t)((uint32_t)word.imm % ARRAY_SIZE(defs));
	out[0] = insn;
	if (!skep_insn_is_wide(insn))
		return 1;
	if (left < 2)
		return 0;
	out[1] = (struct skep_insn){ .imm = row->fields & SKEP_FIELD_NEXT ? word.off & 15 : 0 };
	return 2;
}

static uint32_t make_code(const uint8_t *data, size_t size, bool raw, struct skep_insn *code)
{
	uint32_t n = 0;

	for (; size >= 8 && n < WORDS_MAX - 2; data += 8, size -= 8) {
		struct skep_insn word;

		memcpy(&word, data, 8);
		if (raw)
			code[n++] = word;
		else
			n += (uint32_t)bend(word, WORDS_MAX - n, &code[n]);
	}
	code[n++] = skep_insn_exit();
	return n;
}

static void run_program(struct skep_vm *vm, uint32_t prog)
{
	uint8_t packet[64] = { 1, 2, 3 };
	struct skep_vm_input input = { .packet = packet, .packet_size = sizeof(packet) };
	struct skep_vm_result result;
	struct skep_vm_run *run;

	if (skep_vm_run_new(vm, &run) < 0)
		return;
	for (unsigned turn = 0; turn < 2; turn++) {
		int r = skep_vm_run_prog(run, prog, &input, &result);

		if (r == -22) { /* a kind without packets */
			input = (struct skep_vm_input){};
			r = skep_vm_run_prog(run, prog, &input, &result);
		}
		if (r == 0 && skep_vm_run_fault(run)->kind != SKEP_VM_FAULT_NONE)
			abort();
		if (r < 0 && !skep_vm_fault_text(run)[0])
			abort();
		(void)skep_vm_run_timers(run, UINT64_MAX);
	}
	skep_vm_run_free(run);
}

static void in_machine(const uint8_t *data, size_t size, bool jit)
{
	static const uint32_t kinds[] = { 0, 6, 3, 17, 5, 2, 26, 1 };
	static struct skep_insn code[WORDS_MAX];
	struct skep_vm_config config = {
		.n_cpus = 2,
		.max_maps = 16,
		.max_progs = 2,
		.max_steps = 2000,
		.memory_max = 1 << 26,
		.allow_callx = true,
		.jit = jit,
	};
	struct skep_vm_prog_def def = { .insns = code };
	struct skep_vm *vm;
	uint32_t index, zero = 0;
	char why[200];

	if (skep_vm_new(&config, &vm) < 0)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(defs); i++)
		if (skep_vm_add_map(vm, &defs[i], why, sizeof(why), &index) < 0)
			abort();
	(void)skep_vm_ring_send(vm, 13, "record", 6);
	def.kind = kinds[data[0] >> 1 & 7];
	def.n_insns = make_code(data + 1, size - 1, data[0] & 1, code);
	if (skep_vm_add_prog(vm, &def, why, sizeof(why), &index) == 0) {
		(void)skep_vm_map_set(vm, 5, &zero, &index, 0);
		(void)skep_vm_map_set(vm, 12, &zero, &zero, 0);
		run_program(vm, index);
	}
	skep_vm_free(vm);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 9)
		return 0;
	in_machine(data, size, false);
	in_machine(data, size, true);
	return 0;
}
