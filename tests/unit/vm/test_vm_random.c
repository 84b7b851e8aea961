/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random programs: every engine of the machine and the kernel must give the same. Programs are straight or branch forward,
 * use all of arithmetic, jumps, and the stack, and end with all registers and the stack folded into R0.
 *
 * A third begins with constants, so that the kernel's verifier knows many values and cuts branches that it takes for dead;
 * the others begin with bytes of the packet, which it does not know. Atomics that give back what was in memory are only in
 * the last third, which the kernel is not asked about: Linux 6.18 forgets that what an exchange with a stack slot gives
 * back has to be known exactly where a branch depends on it, and cuts live branches.
 *
 * SKEP_RANDOM=COUNT[:SEED] runs more of them.
 */
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "engines.h"
#include "isa/disasm.h"
#include "isa/table.h"
#include "kernel.h"

#define UNITS 60 /* instructions, those of 64-bit constants counted once */
#define SLOTS 8	 /* words of stack */

static uint64_t state;

static uint32_t next_random(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 16);
}

static uint64_t interesting(void)
{
	static const uint64_t values[] = { 0,	       1,	   2,	       7,
					   UINT64_MAX, INT64_MAX,  1ull << 63, INT32_MAX,
					   1ull << 31, UINT32_MAX, 1ull << 32, 0xff,
					   0x80,       0x8000,	   0x7fff };

	if (next_random() % 3 == 0)
		return values[next_random() % ARRAY_SIZE(values)];
	return (uint64_t)next_random() << 32 | next_random();
}

struct program {
	struct skep_insn insns[256];
	size_t n;
	uint64_t mem[8];
	size_t starts[UNITS + 1]; /* of each unit */
	struct {
		size_t insn, unit;
	} jumps[UNITS];
	size_t n_jumps;
};

static void add(struct program *p, struct skep_insn insn)
{
	p->insns[p->n++] = insn;
}

static void add_constant(struct program *p, unsigned dst, uint64_t value)
{
	struct skep_insn_pair pair = skep_insn_ld_imm64(dst, value);

	add(p, pair.insn[0]);
	add(p, pair.insn[1]);
}

/* @fetch: also atomics that give back what was in memory. */
static bool usable(const struct skep_isa_row *row, bool fetch)
{
	unsigned class = row->opcode & SKEP_CLASS_MASK;

	switch (row->op) {
	case SKEP_OP_JAX:
	case SKEP_OP_CALL_HELPER:
	case SKEP_OP_CALL_LOCAL:
	case SKEP_OP_CALL_KFUNC:
	case SKEP_OP_EXIT:
	case SKEP_OP_MAY_GOTO:
	case SKEP_OP_ADDR_SPACE_CAST:
	case SKEP_OP_JA: /* what is behind it could not be reached */
	case SKEP_OP_JAL:
		return false;
	case SKEP_OP_LD_IMM64:
		return true;
	default:
		if (!fetch && row->select == SKEP_SELECT_IMM && class == SKEP_CLASS_STX &&
		    (row->value & SKEP_ATOMIC_FETCH))
			return false;
		return class != SKEP_CLASS_LD;
	}
}

static void add_random(struct program *p, size_t unit, bool fetch)
{
	const struct skep_isa_row *row;
	unsigned class;
	struct skep_insn insn = {};

	do
		row = skep_isa_op((enum skep_op)(next_random() % SKEP_N_OPS));
	while (!usable(row, fetch));
	class = row->opcode & SKEP_CLASS_MASK;
	insn.opcode = row->opcode;
	insn.dst = row->fields & SKEP_FIELD_DST ? next_random() % 10 : 0;
	insn.src = row->fields & SKEP_FIELD_SRC ? next_random() % 10 : 0;
	insn.imm = row->fields & SKEP_FIELD_IMM ? (int32_t)interesting() : 0;
	if (row->select == SKEP_SELECT_OFF)
		insn.off = (int16_t)row->value;
	if (row->select == SKEP_SELECT_IMM)
		insn.imm = row->value;
	if (row->op == SKEP_OP_LD_IMM64) {
		add_constant(p, insn.dst, interesting());
		return;
	}
	if (class == SKEP_CLASS_ALU || class == SKEP_CLASS_ALU64) {
		unsigned op = row->opcode & SKEP_OP_MASK, width = class == SKEP_CLASS_ALU ? 32 : 64;
		bool constant = row->fields & SKEP_FIELD_IMM;

		if (constant && (op == SKEP_ALU_LSH || op == SKEP_ALU_RSH || op == SKEP_ALU_ARSH))
			insn.imm = (int32_t)((uint32_t)insn.imm % width);
		if (constant && (op == SKEP_ALU_DIV || op == SKEP_ALU_MOD) && insn.imm == 0)
			insn.imm = 3;
	} else if (class == SKEP_CLASS_JMP || class == SKEP_CLASS_JMP32) {
		size_t target = unit + 1 + next_random() % 5;

		p->jumps[p->n_jumps].insn = p->n;
		p->jumps[p->n_jumps++].unit = target > UNITS ? UNITS : target;
	} else { /* memory: the stack, where it is aligned */
		unsigned bytes = skep_size_bytes(row->opcode);
		bool load = class == SKEP_CLASS_LDX ||
			    (row->select == SKEP_SELECT_IMM && row->value == 0x100);

		insn.off = (int16_t)(-8 * (int)(1 + next_random() % SLOTS) +
				     (int)(next_random() % (8 / bytes) * bytes));
		if (load)
			insn.src = SKEP_R10;
		else
			insn.dst = SKEP_R10;
	}
	add(p, insn);
}

static void make(struct program *p, bool known, bool fetch)
{
	memset(p, 0, sizeof(*p));
	for (unsigned i = 0; i < 8; i++)
		p->mem[i] = interesting();
	if (!known)
		add(p, skep_insn_mov64_reg(SKEP_R9, SKEP_R1));
	for (unsigned r = 0; r < 10; r++)
		if (known || r == 8)
			add_constant(p, r, interesting());
		else
			add(p, skep_insn_load(SKEP_SIZE_DW, r, SKEP_R9, (int)(r % 8) * 8));
	for (int slot = 1; slot <= SLOTS; slot++)
		add(p, skep_insn_store(SKEP_SIZE_DW, SKEP_R10, -8 * slot, next_random() % 10));
	for (size_t unit = 0; unit < UNITS; unit++) {
		p->starts[unit] = p->n;
		add_random(p, unit, fetch);
	}
	p->starts[UNITS] = p->n;
	for (size_t i = 0; i < p->n_jumps; i++)
		p->insns[p->jumps[i].insn].off =
			(int16_t)(p->starts[p->jumps[i].unit] - p->jumps[i].insn - 1);
	for (unsigned r = 1; r < 10; r++) {
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

static void show(const struct program *p)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};

	skep_disasm_program(p->insns, p->n, NULL, &text);
	printf("%s", skep_str_text(&text));
}

static struct kernel kernel;

static bool kernel_differs(const struct program *p)
{
	struct answer a;
	uint64_t value = 0;

	engine_run(0, p->insns, p->n, p->mem, sizeof(p->mem), &a);
	return a.r == 0 &&
	       kernel_run(&kernel, p->insns, p->n, p->mem, sizeof(p->mem), &value) == 0 &&
	       value != a.value;
}

/* Takes out what makes no difference: jumps first, then everything else, as long as something goes. */
static void shrink(struct program *p)
{
	const struct skep_insn nothing = skep_insn_mov64_reg(SKEP_R0, SKEP_R0);
	bool less;

	do {
		less = false;
		for (size_t i = p->starts[0]; i < p->starts[UNITS]; i++) {
			struct skep_insn old = p->insns[i];

			if (skep_insn_is_wide(old)) {
				i++;
				continue;
			}
			if (memcmp(&old, &nothing, sizeof(old)) == 0)
				continue;
			p->insns[i] = nothing;
			if (kernel_differs(p))
				less = true;
			else
				p->insns[i] = old;
		}
	} while (less);
}

static void random_programs_agree(void **user)
{
	const char *wish = getenv("SKEP_RANDOM");
	unsigned long count = wish ? strtoul(wish, NULL, 0) : 1000, refused = 0, asked = 0;
	bool has_kernel = kernel_open(&kernel) == 0;
	static struct program p;

	state = 0x9e3779b97f4a7c15ull;
	if (wish && strchr(wish, ':'))
		state ^= strtoull(strchr(wish, ':') + 1, NULL, 0) * 0xd6e8feb86659fd93ull;
	for (unsigned long i = 0; i < count; i++) {
		struct answer a[N_ENGINES];
		uint64_t value = 0;
		int r = -EPERM;

		make(&p, i % 3 == 0, i % 3 == 2);
		for (unsigned engine = 0; engine < N_ENGINES; engine++) {
			engine_run(engine, p.insns, p.n, p.mem, sizeof(p.mem), &a[engine]);
			if (a[engine].r != 0 || a[engine].value != a[0].value) {
				show(&p);
				fail_msg("program %lu: %s gives %d 0x%" PRIx64 " %s, %s 0x%" PRIx64,
					 i, engine_names[engine], a[engine].r, a[engine].value,
					 a[engine].text, engine_names[0], a[0].value);
			}
		}
		if (has_kernel && i % 3 != 2)
			r = kernel_run(&kernel, p.insns, p.n, p.mem, sizeof(p.mem), &value);
		refused += r == -ENOEXEC;
		asked += r == 0;
		if (r == 0 && value != a[0].value) {
			shrink(&p);
			show(&p);
			fail_msg("program %lu: the kernel gives 0x%" PRIx64 ", %s 0x%" PRIx64, i,
				 value, engine_names[0], a[0].value);
		}
		if (r == -ENOEXEC && refused == 1)
			printf("one that the kernel refuses: %.600s\n", kernel.log);
	}
	printf("%lu programs, the kernel ran %lu and refused %lu\n", count, asked, refused);
	if (has_kernel) {
		assert_true(asked > count / 2);
		kernel_close(&kernel);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(random_programs_agree) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
