/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Long random programs: loops within loops, functions, maps, helpers, addresses made step by step. The interpreter and the
 * JIT, checked and unchecked, must give the same value and leave the same maps behind.
 *
 * The interpreter is watched, so instructions are counted. SKEP_LONG=INSTRUCTIONS[:SEED] runs until so many were compared;
 * by default half a million, with a seed that is printed.
 */
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <skep/vm.h>

#include "isa/disasm.h"
#include "isa/helper.h"
#include "isa/mapkind.h"
#include "isa/table.h"

#define INSNS_MAX 2048
#define SLOTS 8 /* words of stack for anything; loops count in the ones below */
#define FUNCS 3
#define ENTRIES 8

static uint64_t state;

static uint32_t next_random(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 16);
}

static unsigned below(unsigned n)
{
	return next_random() % n;
}

static uint64_t number(void)
{
	static const uint64_t values[] = { 0,	      1,	  2,	      7,
					   8,	      UINT64_MAX, INT64_MAX,  1ull << 63,
					   INT32_MAX, 1ull << 31, UINT32_MAX, 0xff,
					   0x8000,    1ull << 32, 31 };

	if (below(3) == 0)
		return values[below(ARRAY_SIZE(values))];
	return (uint64_t)next_random() << 32 | next_random();
}

struct program {
	struct skep_insn insns[INSNS_MAX];
	uint32_t n;
	uint32_t calls[64], n_calls; /* of functions, whose places are not known yet */
	bool in_func;
};

static void add(struct program *p, struct skep_insn insn)
{
	p->insns[p->n++] = insn;
}

static void add_pair(struct program *p, struct skep_insn_pair pair)
{
	add(p, pair.insn[0]);
	add(p, pair.insn[1]);
}

/* R0 to R5 get values after a call has lost them. */
static void add_values(struct program *p, unsigned first, unsigned last)
{
	for (unsigned r = first; r <= last; r++)
		if (below(2))
			add_pair(p, skep_insn_ld_imm64(r, number()));
		else
			add(p, skep_insn_load(SKEP_SIZE_DW, r, SKEP_R10,
					      -8 * (int)(1 + below(SLOTS))));
}

/* Arithmetic of any kind on R0 to R8. */
static void add_arithmetic(struct program *p)
{
	const struct skep_isa_row *row;
	struct skep_insn insn = {};
	unsigned class, op;

	do {
		row = skep_isa_op((enum skep_op)below(SKEP_N_OPS));
		class = row->opcode & SKEP_CLASS_MASK;
	} while ((class != SKEP_CLASS_ALU && class != SKEP_CLASS_ALU64) ||
		 row->op == SKEP_OP_ADDR_SPACE_CAST);
	insn.opcode = row->opcode;
	insn.dst = below(9);
	insn.src = row->fields & SKEP_FIELD_SRC ? below(9) : 0;
	insn.imm = row->fields & SKEP_FIELD_IMM ? (int32_t)number() : 0;
	if (row->select == SKEP_SELECT_OFF)
		insn.off = (int16_t)row->value;
	if (row->select == SKEP_SELECT_IMM)
		insn.imm = row->value;
	op = row->opcode & SKEP_OP_MASK;
	if (row->fields & SKEP_FIELD_IMM &&
	    (op == SKEP_ALU_LSH || op == SKEP_ALU_RSH || op == SKEP_ALU_ARSH))
		insn.imm &= class == SKEP_CLASS_ALU ? 31 : 63;
	if (row->fields & SKEP_FIELD_IMM && (op == SKEP_ALU_DIV || op == SKEP_ALU_MOD) &&
	    insn.imm == 0)
		insn.imm = 3;
	add(p, insn);
}

/* Copies, sums and small shifts, which the JIT puts off. */
static void add_sum(struct program *p)
{
	unsigned dst = below(9), src = below(9);

	switch (below(4)) {
	case 0:
		add(p, skep_insn_mov64_reg(dst, src));
		break;
	case 1:
		add(p, skep_insn_alu64_reg(SKEP_ALU_ADD, dst, src));
		break;
	case 2:
		add(p, skep_insn_alu64_imm(SKEP_ALU_ADD, dst, (int32_t)number()));
		break;
	default:
		add(p, skep_insn_alu64_imm(SKEP_ALU_LSH, dst, (int32_t)(1 + below(4))));
		break;
	}
}

/* A load, a store or an atomic, at a place on the stack that is known or computed. */
static void add_memory(struct program *p)
{
	const struct skep_isa_row *row;
	struct skep_insn insn = {};
	unsigned class, bytes, address = below(9), index = below(9);
	bool load;

	do {
		row = skep_isa_op((enum skep_op)below(SKEP_N_OPS));
		class = row->opcode & SKEP_CLASS_MASK;
	} while (class != SKEP_CLASS_LDX && class != SKEP_CLASS_ST && class != SKEP_CLASS_STX);
	bytes = skep_size_bytes(row->opcode);
	load = class == SKEP_CLASS_LDX || (row->select == SKEP_SELECT_IMM && row->value == 0x100);
	insn.opcode = row->opcode;
	insn.dst = below(9);
	insn.src = row->fields & SKEP_FIELD_SRC ? below(9) : 0;
	insn.imm = row->select == SKEP_SELECT_IMM ? row->value
		   : row->fields & SKEP_FIELD_IMM ? (int32_t)number()
						  : 0;
	if (below(2)) {
		insn.off =
			(int16_t)(-8 * (int)(1 + below(SLOTS)) + (int)(below(8 / bytes) * bytes));
		*(load ? &address : &index) = SKEP_R10;
		if (load)
			insn.src = SKEP_R10;
		else
			insn.dst = SKEP_R10;
		add(p, insn);
		return;
	}
	if (address == index)
		index = (index + 1) % 9;
	add(p, skep_insn_alu64_imm(SKEP_ALU_AND, index, SLOTS - 1));
	add(p, skep_insn_alu64_imm(SKEP_ALU_LSH, index, 3));
	add(p, skep_insn_mov64_reg(address, SKEP_R10));
	if (below(2)) {
		add(p, skep_insn_alu64_imm(SKEP_ALU_ADD, address, -8 * SLOTS));
		add(p, skep_insn_alu64_reg(SKEP_ALU_ADD, address, index));
	} else {
		add(p, skep_insn_alu64_reg(SKEP_ALU_ADD, address, index));
		insn.off = -8 * SLOTS;
	}
	if (load)
		insn.src = address & 15;
	else
		insn.dst = address & 15;
	add(p, insn);
	/* An address is another one in each engine. */
	add(p, skep_insn_mov64_imm(address, (int32_t)number()));
	if (load && insn.dst == address)
		return;
	if (!load && insn.src == address && class == SKEP_CLASS_STX)
		p->insns[p->n - 2].src = index & 15;
}

/* Looks an element up and changes it, updates or deletes one; what is returned is folded into R6. */
static void add_map(struct program *p)
{
	unsigned map = below(4), what = below(6);
	int32_t helper = what < 4    ? SKEP_HELPER_MAP_LOOKUP_ELEM
			 : what == 4 ? SKEP_HELPER_MAP_UPDATE_ELEM
				     : SKEP_HELPER_MAP_DELETE_ELEM;

	add(p, skep_insn_mov64_reg(SKEP_R0, below(9)));
	add(p, skep_insn_alu64_imm(SKEP_ALU_AND, SKEP_R0, ENTRIES * 2 - 1));
	add(p, skep_insn_store(SKEP_SIZE_DW, SKEP_R10, -8, SKEP_R0));
	add(p, skep_insn_mov64_reg(SKEP_R2, SKEP_R10));
	add(p, skep_insn_alu64_imm(SKEP_ALU_ADD, SKEP_R2, -8));
	add(p, skep_insn_mov64_reg(SKEP_R3, SKEP_R10));
	add(p, skep_insn_alu64_imm(SKEP_ALU_ADD, SKEP_R3, -16));
	add(p, skep_insn_mov64_imm(SKEP_R4, (int32_t)below(3)));
	add_pair(p, skep_insn_ld_map_fd(SKEP_R1, (int)map));
	add(p, skep_insn_call(helper));
	if (helper == SKEP_HELPER_MAP_LOOKUP_ELEM) {
		add(p, skep_insn_mov64_imm(SKEP_R1, 0));
		add(p,
		    skep_insn_make(SKEP_CLASS_JMP | SKEP_SRC_K | SKEP_JMP_JEQ, SKEP_R0, 0, 3, 0));
		add(p, skep_insn_load(SKEP_SIZE_DW, SKEP_R1, SKEP_R0, 0));
		add(p, skep_insn_alu64_imm(SKEP_ALU_ADD, SKEP_R1, 1));
		add(p, skep_insn_store(SKEP_SIZE_DW, SKEP_R0, 0, SKEP_R1));
		add(p, skep_insn_alu64_reg(SKEP_ALU_XOR, SKEP_R6, SKEP_R1));
	} else {
		add(p, skep_insn_alu64_reg(SKEP_ALU_ADD, SKEP_R6, SKEP_R0));
	}
	add_values(p, 0, 5);
}

static void add_call(struct program *p)
{
	static const int32_t helpers[] = { SKEP_HELPER_GET_PRANDOM_U32, SKEP_HELPER_KTIME_GET_NS,
					   SKEP_HELPER_GET_SMP_PROCESSOR_ID,
					   SKEP_HELPER_GET_CURRENT_PID_TGID };

	if (below(2)) {
		add(p, skep_insn_call(helpers[below(ARRAY_SIZE(helpers))]));
		add_values(p, 1, 5);
		return;
	}
	if (p->in_func || p->n_calls == ARRAY_SIZE(p->calls))
		return;
	p->calls[p->n_calls++] = p->n;
	add(p, skep_insn_call_local(0));
	add_values(p, 1, 5);
}

static void add_block(struct program *p, unsigned units, unsigned depth);

/* Counts in a slot of the stack of its own: R9 is the distance of nothing, a copy that loops compare. */
static void add_loop(struct program *p, unsigned depth)
{
	int16_t slot = (int16_t)(-8 * (SLOTS + 1 + (int)depth));
	uint32_t head;

	add(p, skep_insn_store_imm(SKEP_SIZE_DW, SKEP_R10, slot, (int32_t)(2 + below(12))));
	head = p->n;
	add_block(p, 3 + below(12), depth + 1);
	add(p, skep_insn_load(SKEP_SIZE_DW, SKEP_R9, SKEP_R10, slot));
	add(p, skep_insn_alu64_imm(SKEP_ALU_ADD, SKEP_R9, -1));
	add(p, skep_insn_store(SKEP_SIZE_DW, SKEP_R10, slot, SKEP_R9));
	add(p, skep_insn_make(below(2) ? SKEP_CLASS_JMP | SKEP_SRC_K | SKEP_JMP_JNE
				       : SKEP_CLASS_JMP | SKEP_SRC_K | SKEP_JMP_JSGT,
			      SKEP_R9, 0, (int)head - (int)p->n - 1, 0));
}

/* A condition of any kind over a few instructions. */
static void add_branch(struct program *p, unsigned depth)
{
	const struct skep_isa_row *row;
	struct skep_insn insn = {};
	unsigned class;
	uint32_t at = p->n;

	do {
		row = skep_isa_op((enum skep_op)below(SKEP_N_OPS));
		class = row->opcode & SKEP_CLASS_MASK;
	} while ((class != SKEP_CLASS_JMP && class != SKEP_CLASS_JMP32) ||
		 !(row->fields & SKEP_FIELD_DST) || !(row->fields & SKEP_FIELD_OFF));
	insn.opcode = row->opcode;
	insn.dst = below(9);
	insn.src = row->fields & SKEP_FIELD_SRC ? below(9) : 0;
	insn.imm = row->fields & SKEP_FIELD_IMM ? (int32_t)number() : 0;
	add(p, insn);
	add_block(p, 1 + below(4), depth + 1);
	p->insns[at].off = (int16_t)(p->n - at - 1);
}

static void add_block(struct program *p, unsigned units, unsigned depth)
{
	for (; units > 0 && p->n < INSNS_MAX / 2; units--) {
		unsigned what = below(20);

		if (what < 7)
			add_arithmetic(p);
		else if (what < 11)
			add_sum(p);
		else if (what < 15)
			add_memory(p);
		else if (what == 15 && depth < 3)
			add_loop(p, depth);
		else if (what == 16)
			add_map(p);
		else if (what == 17)
			add_call(p);
		else if (depth < 6)
			add_branch(p, depth);
	}
}

/* All registers and the stack become R0. */
static void add_fold(struct program *p)
{
	for (unsigned r = 1; r < 9; r++) {
		add(p, skep_insn_alu64_imm(SKEP_ALU_MUL, SKEP_R0, 31));
		add(p, skep_insn_alu64_reg(SKEP_ALU_ADD, SKEP_R0, r));
	}
	for (int slot = 1; slot <= SLOTS; slot++) {
		add(p, skep_insn_load(SKEP_SIZE_DW, SKEP_R1, SKEP_R10, -8 * slot));
		add(p, skep_insn_alu64_imm(SKEP_ALU_MUL, SKEP_R0, 31));
		add(p, skep_insn_alu64_reg(SKEP_ALU_XOR, SKEP_R0, SKEP_R1));
	}
	add(p, skep_insn_exit());
}

static void begin_frame(struct program *p)
{
	for (int slot = 1; slot <= SLOTS; slot++)
		add(p, skep_insn_store_imm(SKEP_SIZE_DW, SKEP_R10, -8 * slot, (int32_t)number()));
}

/* One without anything of its own, one with a frame, one that writes R6 to R8. */
static void add_func(struct program *p, unsigned k)
{
	p->in_func = true;
	if (k == 0) {
		add(p, skep_insn_mov64_reg(SKEP_R0, SKEP_R1));
		for (unsigned n = 1 + below(8); n > 0; n--) {
			add(p, skep_insn_alu64_reg(below(2) ? SKEP_ALU_ADD : SKEP_ALU_MUL, SKEP_R0,
						   1 + below(5)));
			add(p, skep_insn_alu64_imm(SKEP_ALU_LSH, below(6), (int32_t)below(4)));
		}
		add(p, skep_insn_exit());
		return;
	}
	begin_frame(p);
	add(p, skep_insn_mov64_imm(SKEP_R0, 1));
	for (unsigned r = SKEP_R6; k == 2 && r <= SKEP_R8; r++)
		add(p, skep_insn_mov64_reg(r, 1 + below(5)));
	add_block(p, 12, 4);
	add_fold(p);
}

static void make(struct program *p)
{
	uint32_t starts[FUNCS];

	memset(p, 0, sizeof(*p));
	for (unsigned r = 0; r < 9; r++)
		add_pair(p, skep_insn_ld_imm64(r, number()));
	begin_frame(p);
	add(p, skep_insn_mov64_imm(SKEP_R9, 0));
	while (p->n < 120)
		add_loop(p, 0);
	add_fold(p);
	for (unsigned k = 0; k < FUNCS; k++) {
		starts[k] = p->n;
		add_func(p, k);
	}
	for (uint32_t i = 0; i < p->n_calls; i++) {
		uint32_t at = p->calls[i];

		p->insns[at].imm = (int32_t)(starts[below(FUNCS)] - at - 1);
	}
}

/* Engines: the first counts. */

#define N_LONG 3

struct outcome {
	int r;
	uint64_t value, maps, steps;
	char text[400];
};

static int count(void *data, uint32_t prog, uint32_t insn, uint64_t regs[11])
{
	++*(uint64_t *)data;
	return 0;
}

static uint64_t fold_maps(struct skep_vm *vm)
{
	uint64_t hash = 7;

	for (uint32_t map = 0; map < 4; map++)
		for (uint64_t key = 0; key < ENTRIES * 2; key++) {
			uint64_t values[2] = { 0x55, 0x55 };

			if (skep_vm_map_get(vm, map, &key, values) < 0)
				values[0] = 0xdead;
			hash = hash * 0x100000001b3ull + values[0] * 31 + values[1];
		}
	return hash;
}

static void run(const struct program *p, unsigned engine, uint64_t *count_to, struct outcome *o)
{
	static const uint32_t kinds[] = { SKEP_MAP_ARRAY, SKEP_MAP_HASH, SKEP_MAP_PERCPU_ARRAY,
					  SKEP_MAP_LRU_HASH };
	struct skep_vm_config config = {
		.mode = engine == 2 ? SKEP_VM_UNCHECKED : SKEP_VM_CHECKED,
		.jit = engine > 0,
		.n_cpus = 2,
		.max_maps = 4,
		.max_progs = 1,
		.max_steps = 100000,
	};
	struct skep_vm_result result = {};
	struct skep_vm_run *vm_run;
	struct skep_vm *vm;
	uint32_t prog, index;

	memset(o, 0, sizeof(*o));
	assert_int_equal(skep_vm_new(&config, &vm), 0);
	skep_vm_env(vm)->cpu = 1;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct skep_vm_map_def def = { .kind = kinds[i],
					       .key_size = i % 2 ? 8 : 4,
					       .value_size = 8,
					       .max_entries = ENTRIES };

		assert_int_equal(skep_vm_add_map(vm, &def, NULL, 0, &index), 0);
	}
	o->r = skep_vm_add_prog(vm,
				&(struct skep_vm_prog_def){ .insns = p->insns, .n_insns = p->n },
				o->text, sizeof(o->text), &prog);
	if (o->r == 0) {
		assert_int_equal(skep_vm_run_new(vm, &vm_run), 0);
		if (engine == 0)
			skep_vm_run_watch(vm_run, count, count_to);
		o->r = skep_vm_run_prog(vm_run, prog, NULL, &result);
		o->value = result.value;
		o->steps = engine == 2 ? 0 : result.steps;
		if (o->r < 0)
			snprintf(o->text, sizeof(o->text), "%s", skep_vm_fault_text(vm_run));
		o->maps = fold_maps(vm);
		skep_vm_run_free(vm_run);
	}
	skep_vm_free(vm);
}

static void compare(const struct program *p, uint64_t seed, const struct outcome *a,
		    const struct outcome *b, unsigned engine)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};
	bool same = a->r == b->r && a->value == b->value && a->maps == b->maps &&
		    strcmp(a->text, b->text) == 0 && (engine == 2 || a->steps == b->steps);

	if (same)
		return;
	skep_disasm_program(p->insns, p->n, NULL, &text);
	printf("%s", skep_str_text(&text));
	fail_msg("seed 0x%" PRIx64 ", engine %u: %d 0x%" PRIx64 " maps 0x%" PRIx64
		 " %s, not %d 0x%" PRIx64 " maps 0x%" PRIx64 " %s",
		 seed, engine, b->r, b->value, b->maps, b->text, a->r, a->value, a->maps, a->text);
}

static void engines_agree(void **user)
{
	const char *wish = getenv("SKEP_LONG");
	uint64_t goal = wish ? strtoull(wish, NULL, 0) : 500000, counted = 0, programs = 0,
		 faults = 0;
	static struct program p;
	struct skep_vm *vm;
	struct timespec now;

	if (skep_vm_new(&(struct skep_vm_config){ .jit = true }, &vm) < 0) {
		printf("skipped, because there is no JIT for this CPU\n");
		skip();
	}
	skep_vm_free(vm);
	clock_gettime(CLOCK_REALTIME, &now);
	state = (uint64_t)now.tv_nsec * 0x9e3779b97f4a7c15ull ^ (uint64_t)now.tv_sec;
	if (wish && strchr(wish, ':'))
		state = strtoull(strchr(wish, ':') + 1, NULL, 0);
	state = state ? state : 1;
	printf("SKEP_LONG=%" PRIu64 ":0x%" PRIx64 "\n", goal, state);
	while (counted < goal) {
		uint64_t seed = state;
		struct outcome o[N_LONG];

		make(&p);
		for (unsigned engine = 0; engine < N_LONG; engine++) {
			if (engine == 2 && o[0].r < 0)
				continue; /* only what is right may run unchecked */
			run(&p, engine, &counted, &o[engine]);
			if (engine)
				compare(&p, seed, &o[0], &o[engine], engine);
		}
		faults += o[0].r < 0;
		programs++;
	}
	printf("%" PRIu64 " instructions in %" PRIu64 " programs, of which %" PRIu64
	       " ended with a fault\n",
	       counted, programs, faults);
	assert_true(faults < programs / 2 + 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(engines_agree) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
