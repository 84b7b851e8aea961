/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small eBPF machine for the tests of gen: runs a spec's functions on real memory with mock
 * helpers. It is strict: registers that a call destroys hold garbage afterwards and memory outside
 * known regions is an error.
 */
#pragma once

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "gen/gen.h"

struct machine;
typedef uint64_t (*machine_helper)(struct machine *m, int id, uint64_t *args);

struct region {
	uint64_t start, size;
};

struct machine {
	const struct skep_spec *spec;
	machine_helper helper;
	void *data;
	struct region regions[32];
	unsigned n_regions;
	uint8_t map_values[8][16384];
	unsigned depth;
	uint64_t steps, max_steps;
	char error[256];
};

#define FAIL(m, ...)                                                           \
	do {                                                                   \
		if (!(m)->error[0])                                            \
			snprintf((m)->error, sizeof((m)->error), __VA_ARGS__); \
		return 0;                                                      \
	} while (0)

static inline void machine_allow(struct machine *m, const void *p, uint64_t size)
{
	m->regions[m->n_regions++] = (struct region){ (uint64_t)(uintptr_t)p, size };
}

static inline bool machine_ok(struct machine *m, uint64_t addr, uint64_t size)
{
	for (unsigned i = 0; i < m->n_regions; i++)
		if (addr >= m->regions[i].start &&
		    addr + size <= m->regions[i].start + m->regions[i].size)
			return true;
	return false;
}

static inline uint64_t machine_garbage(struct machine *m, unsigned i)
{
	return UINT64_C(0xdead000000000000) + m->steps * 16 + i;
}

static inline const struct skep_reloc *machine_reloc(const struct skep_spec_prog *p, size_t pc)
{
	for (size_t i = 0; i < p->n_relocs; i++)
		if (p->relocs[i].insn == pc)
			return &p->relocs[i];
	return NULL;
}

static inline uint64_t machine_alu(unsigned op, uint64_t a, uint64_t b, bool is64, bool is_signed)
{
	unsigned mask = is64 ? 63 : 31;

	if (!is64) {
		a = (uint32_t)a;
		b = (uint32_t)b;
	}
	switch (op) {
	case SKEP_ALU_ADD:
		return a + b;
	case SKEP_ALU_SUB:
		return a - b;
	case SKEP_ALU_MUL:
		return a * b;
	case SKEP_ALU_DIV:
		if (is_signed && is64)
			return !b		 ? 0
			       : b == UINT64_MAX ? 0 - a
						 : (uint64_t)((int64_t)a / (int64_t)b);
		return b ? a / b : 0;
	case SKEP_ALU_MOD:
		if (is_signed && is64)
			return !b ? a : b == UINT64_MAX ? 0 : (uint64_t)((int64_t)a % (int64_t)b);
		return b ? a % b : a;
	case SKEP_ALU_OR:
		return a | b;
	case SKEP_ALU_AND:
		return a & b;
	case SKEP_ALU_XOR:
		return a ^ b;
	case SKEP_ALU_LSH:
		return a << (b & mask);
	case SKEP_ALU_RSH:
		return a >> (b & mask);
	case SKEP_ALU_ARSH:
		return is64 ? (uint64_t)((int64_t)a >> (b & mask))
			    : (uint64_t)((int32_t)a >> (b & mask));
	case SKEP_ALU_NEG:
		return 0 - a;
	default:
		return b;
	}
}

static inline bool machine_jump(unsigned op, uint64_t a, uint64_t b, bool is64)
{
	int64_t sa = is64 ? (int64_t)a : (int32_t)a, sb = is64 ? (int64_t)b : (int32_t)b;

	if (!is64) {
		a = (uint32_t)a;
		b = (uint32_t)b;
	}
	switch (op) {
	case SKEP_JMP_JA:
		return true;
	case SKEP_JMP_JEQ:
		return a == b;
	case SKEP_JMP_JNE:
		return a != b;
	case SKEP_JMP_JGT:
		return a > b;
	case SKEP_JMP_JGE:
		return a >= b;
	case SKEP_JMP_JLT:
		return a < b;
	case SKEP_JMP_JLE:
		return a <= b;
	case SKEP_JMP_JSET:
		return a & b;
	case SKEP_JMP_JSGT:
		return sa > sb;
	case SKEP_JMP_JSGE:
		return sa >= sb;
	case SKEP_JMP_JSLT:
		return sa < sb;
	case SKEP_JMP_JSLE:
		return sa <= sb;
	default:
		return false;
	}
}

static inline uint64_t machine_swap(uint64_t v, int bits)
{
	return bits == 16   ? __builtin_bswap16((uint16_t)v)
	       : bits == 32 ? __builtin_bswap32((uint32_t)v)
			    : __builtin_bswap64(v);
}

static inline uint64_t machine_read(uint64_t addr, unsigned size, bool is_signed)
{
	uint64_t v = 0;

	memcpy(&v, (void *)(uintptr_t)addr, size);
	if (is_signed && size < 8) {
		v <<= 64 - size * 8;
		v = (uint64_t)((int64_t)v >> (64 - size * 8));
	}
	return v;
}

/* Runs function @index with up to 5 arguments; m->error says what went wrong. */
static inline uint64_t machine_run(struct machine *m, unsigned index, const uint64_t *args,
				   unsigned n_args)
{
	const struct skep_spec_prog *p = &m->spec->progs[index];
	uint64_t r[11];
	_Alignas(8) uint8_t stack[512];
	unsigned n_regions = m->n_regions;

	if (m->depth >= 8)
		FAIL(m, "too many frames");
	m->depth++;
	memset(stack, 0xa5, sizeof(stack));
	machine_allow(m, stack, sizeof(stack));
	for (unsigned i = 0; i < 11; i++)
		r[i] = machine_garbage(m, i);
	for (unsigned i = 0; i < n_args; i++)
		r[i + 1] = args[i];
	r[10] = (uint64_t)(uintptr_t)(stack + sizeof(stack));
	for (size_t pc = 0;; pc++) {
		struct skep_insn in;
		unsigned cls, op, size;
		uint64_t src, addr;
		bool is64;

		if (pc >= p->n_insns)
			FAIL(m, "pc %zu is outside of '%s'", pc, p->name);
		if (++m->steps > m->max_steps)
			FAIL(m, "does not end");
		in = p->insns[pc];
		cls = skep_insn_class(in);
		op = in.opcode & SKEP_OP_MASK;
		size = skep_size_bytes(in.opcode);
		src = in.opcode & SKEP_SRC_X ? r[in.src] : (uint64_t)(int64_t)in.imm;
		if (in.dst > 10 || in.src > 10)
			FAIL(m, "register out of range at %zu", pc);
		switch (cls) {
		case SKEP_CLASS_ALU:
		case SKEP_CLASS_ALU64:
			is64 = cls == SKEP_CLASS_ALU64;
			if (in.dst == 10)
				FAIL(m, "writes r10 at %zu", pc);
			if ((op == SKEP_ALU_DIV || op == SKEP_ALU_MOD) &&
			    !(in.opcode & SKEP_SRC_X) && !in.imm)
				FAIL(m, "constant division by zero at %zu", pc);
			if ((op == SKEP_ALU_LSH || op == SKEP_ALU_RSH || op == SKEP_ALU_ARSH) &&
			    !(in.opcode & SKEP_SRC_X) && (in.imm < 0 || in.imm >= (is64 ? 64 : 32)))
				FAIL(m, "shift out of range at %zu", pc);
			if (op == SKEP_ALU_END) {
				r[in.dst] = machine_swap(r[in.dst], in.imm);
			} else if (op == SKEP_ALU_MOV && in.off) {
				r[in.dst] = machine_read((uint64_t)(uintptr_t)&r[in.src],
							 (unsigned)in.off / 8, true);
			} else {
				r[in.dst] = machine_alu(op, r[in.dst], src, is64, in.off == 1);
				if (!is64)
					r[in.dst] = (uint32_t)r[in.dst];
			}
			break;
		case SKEP_CLASS_LDX:
			addr = r[in.src] + (uint64_t)(int64_t)in.off;
			if (!machine_ok(m, addr, size))
				FAIL(m, "bad read of %#" PRIx64 " at %zu", addr, pc);
			r[in.dst] = machine_read(addr, size,
						 (in.opcode & SKEP_MODE_MASK) == SKEP_MODE_MEMSX);
			break;
		case SKEP_CLASS_ST:
		case SKEP_CLASS_STX:
			addr = r[in.dst] + (uint64_t)(int64_t)in.off;
			if (!machine_ok(m, addr, size))
				FAIL(m, "bad write of %#" PRIx64 " at %zu", addr, pc);
			if (in.dst == 10 && addr % size)
				FAIL(m, "misaligned write to the stack at %zu", pc);
			src = cls == SKEP_CLASS_ST ? (uint64_t)(int64_t)in.imm : r[in.src];
			if ((in.opcode & SKEP_MODE_MASK) == SKEP_MODE_ATOMIC)
				src += machine_read(addr, size, false);
			memcpy((void *)(uintptr_t)addr, &src, size);
			break;
		case SKEP_CLASS_LD: {
			const struct skep_reloc *rel = machine_reloc(p, pc);

			if (rel && rel->kind == SKEP_RELOC_MAP)
				r[in.dst] = 0x1000 + rel->index;
			else if (rel && rel->kind == SKEP_RELOC_MAP_VALUE)
				r[in.dst] = (uint64_t)(uintptr_t)m->map_values[rel->index] +
					    rel->addend;
			else if (rel)
				r[in.dst] = 0x2000 + rel->index;
			else
				r[in.dst] = (uint32_t)in.imm |
					    (uint64_t)(uint32_t)p->insns[pc + 1].imm << 32;
			pc++;
			break;
		}
		default:
			is64 = cls == SKEP_CLASS_JMP;
			if (op == SKEP_JMP_EXIT) {
				m->n_regions = n_regions;
				m->depth--;
				return r[0];
			}
			if (op == SKEP_JMP_CALL) {
				const struct skep_reloc *rel = machine_reloc(p, pc);
				uint64_t a[5] = { r[1], r[2], r[3], r[4], r[5] };

				if (rel && rel->kind == SKEP_RELOC_FUNC)
					r[0] = machine_run(m, rel->index, a, 5);
				else
					r[0] = m->helper(m, rel ? -1 : in.imm, a);
				if (m->error[0])
					return 0;
				for (unsigned i = 1; i < 6; i++)
					r[i] = machine_garbage(m, i);
			} else if (machine_jump(op, r[in.dst], src, is64)) {
				pc += (size_t)(int64_t)in.off;
			}
		}
	}
}

/* The instructions of a function, for a failing test. */
static inline void machine_print(const struct skep_spec_prog *p)
{
	for (size_t i = 0; i < p->n_insns; i++) {
		struct skep_insn in = p->insns[i];

		fprintf(stderr, "%4zu: op %02x dst r%u src r%u off %d imm %d\n", i, in.opcode,
			in.dst, in.src, in.off, in.imm);
	}
}
