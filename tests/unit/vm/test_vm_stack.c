/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a run leaves on the stack is gone in the next one, however deep it was and whatever got it there: calls, recursion,
 * callbacks, tail calls. Engines clear only the frames that they know were used.
 *
 * Every function adds up what it finds at both ends of its frame, and leaves R1 there. So a run of marks that is followed
 * by a run with R1 = 0 through all frames has to give 0.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <skep/vm.h>

#include "isa/helper.h"
#include "isa/insn.h"
#include "isa/mapkind.h"

#define DEPTH 8 /* frames that there are */
#define INSNS_MAX 512

static struct skep_insn insns[INSNS_MAX];
static uint32_t n_insns;

static void add(struct skep_insn insn)
{
	assert_true(n_insns < INSNS_MAX);
	insns[n_insns++] = insn;
}

static void add_pair(struct skep_insn_pair pair)
{
	add(pair.insn[0]);
	add(pair.insn[1]);
}

/* R7 |= what is there; R6, which is the function's R1, goes there. */
static void use_frame(void)
{
	static const int16_t offsets[] = { -8, -512 };

	add(skep_insn_mov64_reg(SKEP_R6, SKEP_R1));
	add(skep_insn_mov64_imm(SKEP_R7, 0));
	for (size_t i = 0; i < ARRAY_SIZE(offsets); i++) {
		add(skep_insn_load(SKEP_SIZE_DW, SKEP_R0, SKEP_R10, offsets[i]));
		add(skep_insn_alu64_reg(SKEP_ALU_OR, SKEP_R7, SKEP_R0));
		add(skep_insn_store(SKEP_SIZE_DW, SKEP_R10, offsets[i], SKEP_R6));
	}
}

static void give_back(void)
{
	add(skep_insn_alu64_reg(SKEP_ALU_OR, SKEP_R0, SKEP_R7));
	add(skep_insn_exit());
}

static void call_next(void)
{
	add(skep_insn_mov64_reg(SKEP_R1, SKEP_R6));
	add(skep_insn_call_local(2)); /* behind give_back */
	give_back();
}

/* Functions that call one another, the first ones first. */
static void chain(unsigned depth)
{
	for (unsigned k = 1; k < depth; k++) {
		use_frame();
		call_next();
	}
	use_frame();
	add(skep_insn_mov64_imm(SKEP_R0, 0));
	give_back();
}

/* Likewise, the last ones first: calls lead backwards. */
static void chain_backwards(unsigned depth)
{
	uint32_t callee = 0, call;

	use_frame();
	add(skep_insn_mov64_reg(SKEP_R1, SKEP_R6));
	call = n_insns;
	add(skep_insn_call_local(0)); /* the last function, below */
	give_back();
	for (unsigned k = 2; k <= depth; k++) {
		uint32_t start = n_insns;

		use_frame();
		if (k == 2) {
			add(skep_insn_mov64_imm(SKEP_R0, 0));
		} else {
			add(skep_insn_mov64_reg(SKEP_R1, SKEP_R6));
			add(skep_insn_call_local((int32_t)callee - (int32_t)n_insns - 1));
		}
		give_back();
		callee = start;
	}
	insns[call].imm = (int32_t)callee - (int32_t)call - 1;
}

/* A function that calls itself until it has been there @depth times. */
static void recursion(unsigned depth)
{
	uint32_t start;

	add(skep_insn_mov64_imm(SKEP_R2, (int32_t)depth));
	add(skep_insn_call_local(1));
	add(skep_insn_exit());
	start = n_insns;
	use_frame();
	add(skep_insn_mov64_imm(SKEP_R0, 0));
	add(skep_insn_alu64_imm(SKEP_ALU_SUB, SKEP_R2, 1));
	add(skep_insn_jmp_imm(SKEP_JMP_JEQ, SKEP_R2, 0, 2));
	add(skep_insn_mov64_reg(SKEP_R1, SKEP_R6));
	add(skep_insn_call_local((int32_t)start - (int32_t)n_insns - 1));
	give_back();
}

/* Two functions that call each other. */
static void each_other(unsigned depth)
{
	uint32_t start[2];

	add(skep_insn_mov64_imm(SKEP_R2, (int32_t)depth));
	add(skep_insn_call_local(1));
	add(skep_insn_exit());
	for (unsigned k = 0; k < 2; k++) {
		start[k] = n_insns;
		use_frame();
		add(skep_insn_mov64_imm(SKEP_R0, 0));
		add(skep_insn_alu64_imm(SKEP_ALU_SUB, SKEP_R2, 1));
		add(skep_insn_jmp_imm(SKEP_JMP_JEQ, SKEP_R2, 0, 2));
		add(skep_insn_mov64_reg(SKEP_R1, SKEP_R6));
		/* the first one calls the second, which begins behind give_back */
		add(skep_insn_call_local(k ? (int32_t)start[0] - (int32_t)n_insns - 1 : 2));
		give_back();
	}
}

/* Calls itself; and, which never happens, a chain of functions that fills the stack without it. */
static void beyond(unsigned depth)
{
	uint32_t call, start, callee = 0;

	add(skep_insn_mov64_imm(SKEP_R2, (int32_t)depth));
	call = n_insns;
	add(skep_insn_call_local(0)); /* the last function, below */
	add(skep_insn_exit());
	for (unsigned k = 1; k <= DEPTH; k++) {
		start = n_insns;
		use_frame();
		if (k > 1)
			add(skep_insn_call_local((int32_t)callee - (int32_t)n_insns - 1));
		give_back();
		callee = start;
	}
	start = n_insns;
	insns[call].imm = (int32_t)start - (int32_t)call - 1;
	use_frame();
	add(skep_insn_mov64_imm(SKEP_R0, 0));
	add(skep_insn_alu64_imm(SKEP_ALU_SUB, SKEP_R2, 1));
	add(skep_insn_jmp_imm(SKEP_JMP_JEQ, SKEP_R2, 0, 4));
	add(skep_insn_mov64_reg(SKEP_R1, SKEP_R6));
	add(skep_insn_jmp_imm(SKEP_JMP_JNE, SKEP_R2, -1, 1));
	add(skep_insn_call_local((int32_t)callee - (int32_t)n_insns - 1));
	add(skep_insn_call_local((int32_t)start - (int32_t)n_insns - 1));
	give_back();
}

/* From the second frame, loop calls a function that calls another one. */
static void callback(unsigned depth)
{
	use_frame();
	call_next();
	use_frame();
	add(skep_insn_mov64_imm(SKEP_R1, 1));
	add_pair(skep_insn_ld_pseudo(SKEP_R2, SKEP_PSEUDO_FUNC, 7, 0));
	add(skep_insn_mov64_reg(SKEP_R3, SKEP_R6));
	add(skep_insn_mov64_imm(SKEP_R4, 0));
	add(skep_insn_call(SKEP_HELPER_LOOP));
	add(skep_insn_mov64_imm(SKEP_R0, 0));
	give_back();
	add(skep_insn_mov64_reg(SKEP_R1, SKEP_R2));
	chain(depth - 2);
}

/* From the second frame, which is as it was, to the program in slot 0 of the map. */
static void tail(unsigned depth)
{
	use_frame();
	call_next();
	add_pair(skep_insn_ld_pseudo(SKEP_R2, SKEP_PSEUDO_MAP_IDX, 0, 0));
	add(skep_insn_mov64_imm(SKEP_R3, 0));
	add(skep_insn_call(SKEP_HELPER_TAIL_CALL));
	add(skep_insn_mov64_imm(SKEP_R0, -1));
	add(skep_insn_exit());
}

static struct skep_vm *vm;
static struct skep_vm_run *run;

static uint32_t add_prog(void (*write)(unsigned depth), unsigned depth)
{
	char why[256] = "";
	uint32_t prog;

	n_insns = 0;
	write(depth);
	if (skep_vm_add_prog(vm, &(struct skep_vm_prog_def){ .insns = insns, .n_insns = n_insns },
			     why, sizeof(why), &prog) < 0)
		fail_msg("%s", why);
	return prog;
}

static uint64_t result_of(uint32_t prog, uint64_t mark)
{
	const uint64_t args[5] = { mark };
	struct skep_vm_result result = {};

	if (skep_vm_run_prog(run, prog, &(struct skep_vm_input){ .args = args }, &result) < 0)
		fail_msg("program %u: %s", prog, skep_vm_fault_text(run));
	return result.value;
}

static void begin(bool jit)
{
	struct skep_vm_config config = { .mode = SKEP_VM_CHECKED, .jit = jit };
	struct skep_vm_map_def slots = {
		.kind = SKEP_MAP_PROG_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1
	};
	uint32_t map;

	assert_int_equal(skep_vm_new(&config, &vm), 0);
	assert_int_equal(skep_vm_add_map(vm, &slots, NULL, 0, &map), 0);
	assert_int_equal(skep_vm_run_new(vm, &run), 0);
}

static void nothing_is_left(bool jit)
{
	static const struct {
		void (*write)(unsigned depth);
		const char *name;
		unsigned least, most;
	} ways[] = {
		{ chain, "chain", 1, DEPTH },
		{ chain_backwards, "backwards", 2, DEPTH },
		{ recursion, "recursion", 1, DEPTH - 1 },
		{ callback, "callback", 3, DEPTH },
		{ each_other, "each other", 1, DEPTH - 1 },
		{ beyond, "recursion beside a chain", 1, DEPTH - 1 },
		{ tail, "tail call", 2, 2 },
	};
	uint32_t all, slot = 0, target, progs[64], n = 0;

	begin(jit);
	all = add_prog(chain, DEPTH);
	target = add_prog(chain, DEPTH - 1);
	assert_int_equal(skep_vm_map_set(vm, 0, &slot, &target, 0), 0);
	for (size_t w = 0; w < ARRAY_SIZE(ways); w++)
		for (unsigned depth = ways[w].least; depth <= ways[w].most; depth++) {
			uint32_t prog = progs[n++] = add_prog(ways[w].write, depth);

			assert_int_equal(result_of(prog, UINT64_MAX), 0);
			if (result_of(all, 0) != 0)
				fail_msg("%s of %u frames left something", ways[w].name, depth);
		}
	/* Shallow runs in between clear nothing too little. */
	for (uint32_t a = 0; a < n; a++)
		for (uint32_t b = 0; b < n; b++) {
			assert_int_equal(result_of(progs[a], UINT64_MAX), 0);
			assert_int_equal(result_of(progs[b], UINT64_MAX), 0);
			assert_int_equal(result_of(all, 0), 0);
		}
	skep_vm_run_free(run);
	skep_vm_free(vm);
}

static void nothing_is_left_by_the_interpreter(void **state)
{
	nothing_is_left(false);
}

static void nothing_is_left_by_the_jit(void **state)
{
#if defined(__x86_64__) || defined(__aarch64__)
	nothing_is_left(true);
#else
	skip();
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_left_by_the_interpreter),
		cmocka_unit_test(nothing_is_left_by_the_jit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
