/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Instructions: the 64-bit words of an eBPF program (RFC 9669), and one constructor for each form
 * of them.
 *
 *	 byte 0     1          2 3    4 5 6 7
 *	+--------+-----------+------+---------+
 *	| opcode | dst | src | off  |   imm   |	in the byte order of the machine that runs the program
 *	+--------+-----------+------+---------+
 *	 opcode of ALU and jumps:    operation << 4 | source (K, X) << 3 | class
 *	 opcode of loads and stores: mode << 5 | size << 3 | class
 *
 * Only the load of a 64-bit constant is two words long: the second word has no opcode and holds the
 * upper half.
 *
 * Invariants: struct skep_insn has the layout of the kernel's instruction, so an array of them is
 * what bpf(2) takes. A constructor never checks its arguments: skep_insn_check (isa/table.h) does.
 *
 *	struct skep_insn prog[] = {
 *		skep_insn_load(SKEP_SIZE_W, SKEP_R0, SKEP_R1, 0),
 *		skep_insn_alu64_imm(SKEP_ALU_ADD, SKEP_R0, 1),
 *		skep_insn_exit(),
 *	};
 */
#pragma once

#include "base/macros.h"

struct skep_insn {
	uint8_t opcode;
	uint8_t dst : 4; /* the lower half of the byte on little endian, the upper on big */
	uint8_t src : 4;
	int16_t off;
	int32_t imm;
};
_Static_assert(sizeof(struct skep_insn) == 8, "an instruction is 64 bits");

/* The load of a 64-bit constant. */
struct skep_insn_pair {
	struct skep_insn insn[2];
};

/*
 * Registers. R0 returns, R1 to R5 are arguments (lost in calls), R6 to R9 survive calls, R10 is the
 * frame.
 */
enum skep_reg {
	SKEP_R0,
	SKEP_R1,
	SKEP_R2,
	SKEP_R3,
	SKEP_R4,
	SKEP_R5,
	SKEP_R6,
	SKEP_R7,
	SKEP_R8,
	SKEP_R9,
	SKEP_R10,
	SKEP_N_REGS,
	SKEP_FP = SKEP_R10,
};

/* Bytes below the frame pointer that a program may use. */
#define SKEP_STACK_SIZE 512

/* Opcode bits 0-2. RFC 9669 section 3.3. */
enum skep_class {
	SKEP_CLASS_LD = 0x00,
	SKEP_CLASS_LDX = 0x01,
	SKEP_CLASS_ST = 0x02,
	SKEP_CLASS_STX = 0x03,
	SKEP_CLASS_ALU = 0x04, /* 32 bits wide, the upper half of dst becomes 0 */
	SKEP_CLASS_JMP = 0x05, /* compares 64 bits */
	SKEP_CLASS_JMP32 = 0x06,
	SKEP_CLASS_ALU64 = 0x07,
};
#define SKEP_CLASS_MASK 0x07

/* Opcode bit 3 of ALU and jumps: the second operand is the constant or a register. Section 4. */
enum skep_source {
	SKEP_SRC_K = 0x00,
	SKEP_SRC_X = 0x08,
};
#define SKEP_SRC_MASK 0x08

/* Opcode bits 4-7 of ALU and ALU64. Section 4.1. */
enum skep_alu_op {
	SKEP_ALU_ADD = 0x00,
	SKEP_ALU_SUB = 0x10,
	SKEP_ALU_MUL = 0x20,
	SKEP_ALU_DIV = 0x30, /* off 1: signed. Division by 0 gives 0. */
	SKEP_ALU_OR = 0x40,
	SKEP_ALU_AND = 0x50,
	SKEP_ALU_LSH = 0x60, /* the shift is taken modulo the width */
	SKEP_ALU_RSH = 0x70,
	SKEP_ALU_NEG = 0x80, /* no second operand */
	SKEP_ALU_MOD = 0x90, /* off 1: signed. Modulo 0 leaves dst alone. */
	SKEP_ALU_XOR = 0xa0,
	SKEP_ALU_MOV = 0xb0,  /* off 8, 16, 32: with sign extension from so many bits */
	SKEP_ALU_ARSH = 0xc0, /* keeps the sign */
	SKEP_ALU_END = 0xd0,  /* byte order; imm 16, 32, 64 is the width */
};
#define SKEP_OP_MASK 0xf0

/*
 * Opcode bits 4-7 of JMP and JMP32. Section 4.3. The target is off words after the next
 * instruction.
 */
enum skep_jmp_op {
	SKEP_JMP_JA = 0x00, /* JMP32: the distance is imm instead of off */
	SKEP_JMP_JEQ = 0x10,
	SKEP_JMP_JGT = 0x20,
	SKEP_JMP_JGE = 0x30,
	SKEP_JMP_JSET = 0x40, /* jumps if dst & src */
	SKEP_JMP_JNE = 0x50,
	SKEP_JMP_JSGT = 0x60, /* S: signed */
	SKEP_JMP_JSGE = 0x70,
	SKEP_JMP_CALL = 0x80, /* JMP, K only; src is an enum skep_call */
	SKEP_JMP_EXIT = 0x90, /* JMP, K only */
	SKEP_JMP_JLT = 0xa0,
	SKEP_JMP_JLE = 0xb0,
	SKEP_JMP_JSLT = 0xc0,
	SKEP_JMP_JSLE = 0xd0,
	SKEP_JMP_JCOND = 0xe0, /* Linux 6.9: may_goto, the kernel decides */
};

/* Opcode bits 3-4 of loads and stores. Section 5. */
enum skep_size {
	SKEP_SIZE_W = 0x00,  /* 4 bytes */
	SKEP_SIZE_H = 0x08,  /* 2 */
	SKEP_SIZE_B = 0x10,  /* 1 */
	SKEP_SIZE_DW = 0x18, /* 8 */
};
#define SKEP_SIZE_MASK 0x18

/* Opcode bits 5-7 of loads and stores. Section 5. */
enum skep_mode {
	SKEP_MODE_IMM = 0x00,	 /* LD, DW: 64-bit constant */
	SKEP_MODE_ABS = 0x20,	 /* LD: packet at a constant offset (historical) */
	SKEP_MODE_IND = 0x40,	 /* LD: packet at an offset plus register (historical) */
	SKEP_MODE_MEM = 0x60,	 /* LDX, ST, STX */
	SKEP_MODE_MEMSX = 0x80,	 /* LDX: with sign extension */
	SKEP_MODE_ATOMIC = 0xc0, /* STX; imm is the operation */
};
#define SKEP_MODE_MASK 0xe0

/* imm of an atomic instruction. Section 5.3; the last two since Linux 6.15. */
enum skep_atomic_op {
	SKEP_ATOMIC_ADD = 0x00,
	SKEP_ATOMIC_OR = 0x40,
	SKEP_ATOMIC_AND = 0x50,
	SKEP_ATOMIC_XOR = 0xa0,
	SKEP_ATOMIC_FETCH = 0x01, /* or-ed to the above: src receives the old value */
	SKEP_ATOMIC_XCHG = 0xe1,
	SKEP_ATOMIC_CMPXCHG = 0xf1,   /* compares with R0, which receives the old value */
	SKEP_ATOMIC_LOAD_ACQ = 0x100, /* dst = memory at src + off */
	SKEP_ATOMIC_STORE_REL = 0x110,
};

/* src of a 64-bit constant load: what the constant means. Section 5.4. */
enum skep_pseudo {
	SKEP_PSEUDO_NONE = 0,	   /* itself */
	SKEP_PSEUDO_MAP_FD = 1,	   /* map with file descriptor imm */
	SKEP_PSEUDO_MAP_VALUE = 2, /* address next_imm bytes into the first value of map fd imm */
	SKEP_PSEUDO_BTF_ID =
		3, /* address of the kernel variable with BTF id imm, object fd next_imm */
	SKEP_PSEUDO_FUNC = 4,	 /* address of the function imm words after the first of the two */
	SKEP_PSEUDO_MAP_IDX = 5, /* as MAP_FD, imm counts in the load call's fd array */
	SKEP_PSEUDO_MAP_IDX_VALUE = 6, /* as MAP_VALUE, likewise */
	SKEP_N_PSEUDO,
};

/* src of a call: what imm means. Section 4.3.1 and 4.3.2. */
enum skep_call {
	SKEP_CALL_HELPER = 0, /* helper number (isa/helper.h) */
	SKEP_CALL_LOCAL = 1,  /* function imm words after the next instruction */
	SKEP_CALL_KFUNC =
		2, /* kernel function with BTF id imm; off 0: vmlinux, else index in the fd array */
};

static inline unsigned skep_insn_class(struct skep_insn i)
{
	return i.opcode & SKEP_CLASS_MASK;
}

/* The first word of a 64-bit constant load, which has a second one. */
static inline bool skep_insn_is_wide(struct skep_insn i)
{
	return i.opcode == (SKEP_CLASS_LD | SKEP_MODE_IMM | SKEP_SIZE_DW);
}

/* A call of a kernel helper or kernel function or of a function of the program. */
static inline bool skep_insn_is_call(struct skep_insn i)
{
	return i.opcode == (SKEP_CLASS_JMP | SKEP_JMP_CALL);
}

static inline bool skep_insn_is_exit(struct skep_insn i)
{
	return i.opcode == (SKEP_CLASS_JMP | SKEP_JMP_EXIT);
}

/* Bytes of an enum skep_size, or of the size bits of an opcode. */
static inline unsigned skep_size_bytes(unsigned size)
{
	switch (size & SKEP_SIZE_MASK) {
	case SKEP_SIZE_B:
		return 1;
	case SKEP_SIZE_H:
		return 2;
	case SKEP_SIZE_W:
		return 4;
	default:
		return 8;
	}
}

/* The size of an access of @bytes, which must be 1, 2, 4 or 8 (anything else counts as 8). */
static inline enum skep_size skep_size_from_bytes(unsigned bytes)
{
	return bytes == 1   ? SKEP_SIZE_B
	       : bytes == 2 ? SKEP_SIZE_H
	       : bytes == 4 ? SKEP_SIZE_W
			    : SKEP_SIZE_DW;
}

/* Any instruction from its fields. */
static inline struct skep_insn skep_insn_make(unsigned opcode, unsigned dst, unsigned src, int off,
					      int32_t imm)
{
	return (struct skep_insn){ .opcode = (uint8_t)opcode,
				   .dst = dst & 15,
				   .src = src & 15,
				   .off = (int16_t)off,
				   .imm = imm };
}

/*
 * Arithmetic. The 64-bit forms sign-extend their constant; the 32-bit forms clear the upper half of
 * dst.
 */

/* dst op= imm */
static inline struct skep_insn skep_insn_alu64_imm(enum skep_alu_op op, unsigned dst, int32_t imm)
{
	return skep_insn_make(SKEP_CLASS_ALU64 | SKEP_SRC_K | op, dst, 0, 0, imm);
}

/* dst op= src */
static inline struct skep_insn skep_insn_alu64_reg(enum skep_alu_op op, unsigned dst, unsigned src)
{
	return skep_insn_make(SKEP_CLASS_ALU64 | SKEP_SRC_X | op, dst, src, 0, 0);
}

static inline struct skep_insn skep_insn_alu32_imm(enum skep_alu_op op, unsigned dst, int32_t imm)
{
	return skep_insn_make(SKEP_CLASS_ALU | SKEP_SRC_K | op, dst, 0, 0, imm);
}

static inline struct skep_insn skep_insn_alu32_reg(enum skep_alu_op op, unsigned dst, unsigned src)
{
	return skep_insn_make(SKEP_CLASS_ALU | SKEP_SRC_X | op, dst, src, 0, 0);
}

static inline struct skep_insn skep_insn_mov64_imm(unsigned dst, int32_t imm)
{
	return skep_insn_alu64_imm(SKEP_ALU_MOV, dst, imm);
}

static inline struct skep_insn skep_insn_mov64_reg(unsigned dst, unsigned src)
{
	return skep_insn_alu64_reg(SKEP_ALU_MOV, dst, src);
}

static inline struct skep_insn skep_insn_mov32_imm(unsigned dst, int32_t imm)
{
	return skep_insn_alu32_imm(SKEP_ALU_MOV, dst, imm);
}

static inline struct skep_insn skep_insn_mov32_reg(unsigned dst, unsigned src)
{
	return skep_insn_alu32_reg(SKEP_ALU_MOV, dst, src);
}

static inline struct skep_insn skep_insn_neg64(unsigned dst)
{
	return skep_insn_alu64_imm(SKEP_ALU_NEG, dst, 0);
}

static inline struct skep_insn skep_insn_neg32(unsigned dst)
{
	return skep_insn_alu32_imm(SKEP_ALU_NEG, dst, 0);
}

/* dst = src sign-extended from @bits: 8, 16 or 32 (32 only to 64). cpu v4. */
static inline struct skep_insn skep_insn_movsx64(unsigned dst, unsigned src, unsigned bits)
{
	return skep_insn_make(SKEP_CLASS_ALU64 | SKEP_SRC_X | SKEP_ALU_MOV, dst, src, (int)bits, 0);
}

static inline struct skep_insn skep_insn_movsx32(unsigned dst, unsigned src, unsigned bits)
{
	return skep_insn_make(SKEP_CLASS_ALU | SKEP_SRC_X | SKEP_ALU_MOV, dst, src, (int)bits, 0);
}

/* Signed division and modulo: @op is SKEP_ALU_DIV or SKEP_ALU_MOD. cpu v4. */
static inline struct skep_insn skep_insn_sdiv64_imm(enum skep_alu_op op, unsigned dst, int32_t imm)
{
	return skep_insn_make(SKEP_CLASS_ALU64 | SKEP_SRC_K | op, dst, 0, 1, imm);
}

static inline struct skep_insn skep_insn_sdiv64_reg(enum skep_alu_op op, unsigned dst, unsigned src)
{
	return skep_insn_make(SKEP_CLASS_ALU64 | SKEP_SRC_X | op, dst, src, 1, 0);
}

static inline struct skep_insn skep_insn_sdiv32_imm(enum skep_alu_op op, unsigned dst, int32_t imm)
{
	return skep_insn_make(SKEP_CLASS_ALU | SKEP_SRC_K | op, dst, 0, 1, imm);
}

static inline struct skep_insn skep_insn_sdiv32_reg(enum skep_alu_op op, unsigned dst, unsigned src)
{
	return skep_insn_make(SKEP_CLASS_ALU | SKEP_SRC_X | op, dst, src, 1, 0);
}

/*
 * Between the machine's byte order and little or big endian; @bits is 16, 32 or 64, the rest
 * becomes 0.
 */
static inline struct skep_insn skep_insn_to_le(unsigned dst, unsigned bits)
{
	return skep_insn_make(SKEP_CLASS_ALU | SKEP_SRC_K | SKEP_ALU_END, dst, 0, 0, (int32_t)bits);
}

static inline struct skep_insn skep_insn_to_be(unsigned dst, unsigned bits)
{
	return skep_insn_make(SKEP_CLASS_ALU | SKEP_SRC_X | SKEP_ALU_END, dst, 0, 0, (int32_t)bits);
}

/* Swaps the bytes whatever the machine's order is. cpu v4. */
static inline struct skep_insn skep_insn_bswap(unsigned dst, unsigned bits)
{
	return skep_insn_make(SKEP_CLASS_ALU64 | SKEP_SRC_K | SKEP_ALU_END, dst, 0, 0,
			      (int32_t)bits);
}

/*
 * Memory.
 */

/* dst = *(size *)(src + off), zero-extended */
static inline struct skep_insn skep_insn_load(enum skep_size size, unsigned dst, unsigned src,
					      int off)
{
	return skep_insn_make(SKEP_CLASS_LDX | SKEP_MODE_MEM | size, dst, src, off, 0);
}

/* The same sign-extended; B, H or W. cpu v4. */
static inline struct skep_insn skep_insn_loadsx(enum skep_size size, unsigned dst, unsigned src,
						int off)
{
	return skep_insn_make(SKEP_CLASS_LDX | SKEP_MODE_MEMSX | size, dst, src, off, 0);
}

/* *(size *)(dst + off) = src */
static inline struct skep_insn skep_insn_store(enum skep_size size, unsigned dst, int off,
					       unsigned src)
{
	return skep_insn_make(SKEP_CLASS_STX | SKEP_MODE_MEM | size, dst, src, off, 0);
}

/* *(size *)(dst + off) = imm */
static inline struct skep_insn skep_insn_store_imm(enum skep_size size, unsigned dst, int off,
						   int32_t imm)
{
	return skep_insn_make(SKEP_CLASS_ST | SKEP_MODE_MEM | size, dst, 0, off, imm);
}

/*
 * Atomic @op (an enum skep_atomic_op, or-ed with SKEP_ATOMIC_FETCH as wanted) on W or DW at dst +
 * off.
 */
static inline struct skep_insn skep_insn_atomic(enum skep_size size, int op, unsigned dst, int off,
						unsigned src)
{
	return skep_insn_make(SKEP_CLASS_STX | SKEP_MODE_ATOMIC | size, dst, src, off, op);
}

/*
 * r0 = bytes of the packet at @imm (plus register @src), in the machine's order; needs the context
 * in R6.
 */
static inline struct skep_insn skep_insn_ld_abs(enum skep_size size, int32_t imm)
{
	return skep_insn_make(SKEP_CLASS_LD | SKEP_MODE_ABS | size, 0, 0, 0, imm);
}

static inline struct skep_insn skep_insn_ld_ind(enum skep_size size, unsigned src, int32_t imm)
{
	return skep_insn_make(SKEP_CLASS_LD | SKEP_MODE_IND | size, 0, src, 0, imm);
}

/*
 * 64-bit constants: two words.
 */

/* The general form: the two immediates as they are. */
static inline struct skep_insn_pair skep_insn_ld_pseudo(unsigned dst, enum skep_pseudo pseudo,
							int32_t imm, int32_t next_imm)
{
	return (struct skep_insn_pair){ {
		skep_insn_make(SKEP_CLASS_LD | SKEP_MODE_IMM | SKEP_SIZE_DW, dst, pseudo, 0, imm),
		skep_insn_make(0, 0, 0, 0, next_imm),
	} };
}

static inline struct skep_insn_pair skep_insn_ld_imm64(unsigned dst, uint64_t value)
{
	return skep_insn_ld_pseudo(dst, SKEP_PSEUDO_NONE, (int32_t)(uint32_t)value,
				   (int32_t)(uint32_t)(value >> 32));
}

static inline struct skep_insn_pair skep_insn_ld_map_fd(unsigned dst, int fd)
{
	return skep_insn_ld_pseudo(dst, SKEP_PSEUDO_MAP_FD, fd, 0);
}

/* The address @off bytes into the value of an array map. */
static inline struct skep_insn_pair skep_insn_ld_map_value(unsigned dst, int fd, uint32_t off)
{
	return skep_insn_ld_pseudo(dst, SKEP_PSEUDO_MAP_VALUE, fd, (int32_t)off);
}

/* The address of a function of this program, @rel words after the first of these two. */
static inline struct skep_insn_pair skep_insn_ld_func(unsigned dst, int32_t rel)
{
	return skep_insn_ld_pseudo(dst, SKEP_PSEUDO_FUNC, rel, 0);
}

/* The constant that a wide load holds. */
static inline uint64_t skep_insn_imm64(struct skep_insn first, struct skep_insn second)
{
	return (uint32_t)first.imm | (uint64_t)(uint32_t)second.imm << 32;
}

/*
 * Control. Distances count words from the next instruction.
 */

static inline struct skep_insn skep_insn_ja(int off)
{
	return skep_insn_make(SKEP_CLASS_JMP | SKEP_JMP_JA, 0, 0, off, 0);
}

/* A jump with 32-bit distance. cpu v4. */
static inline struct skep_insn skep_insn_jal(int32_t distance)
{
	return skep_insn_make(SKEP_CLASS_JMP32 | SKEP_JMP_JA, 0, 0, 0, distance);
}

/* if (dst op imm) goto off */
static inline struct skep_insn skep_insn_jmp_imm(enum skep_jmp_op op, unsigned dst, int32_t imm,
						 int off)
{
	return skep_insn_make(SKEP_CLASS_JMP | SKEP_SRC_K | op, dst, 0, off, imm);
}

/* if (dst op src) goto off */
static inline struct skep_insn skep_insn_jmp_reg(enum skep_jmp_op op, unsigned dst, unsigned src,
						 int off)
{
	return skep_insn_make(SKEP_CLASS_JMP | SKEP_SRC_X | op, dst, src, off, 0);
}

/* The same on the lower 32 bits. cpu v3. */
static inline struct skep_insn skep_insn_jmp32_imm(enum skep_jmp_op op, unsigned dst, int32_t imm,
						   int off)
{
	return skep_insn_make(SKEP_CLASS_JMP32 | SKEP_SRC_K | op, dst, 0, off, imm);
}

static inline struct skep_insn skep_insn_jmp32_reg(enum skep_jmp_op op, unsigned dst, unsigned src,
						   int off)
{
	return skep_insn_make(SKEP_CLASS_JMP32 | SKEP_SRC_X | op, dst, src, off, 0);
}

/* @id is an enum skep_helper_id. */
static inline struct skep_insn skep_insn_call(int32_t id)
{
	return skep_insn_make(SKEP_CLASS_JMP | SKEP_JMP_CALL, 0, SKEP_CALL_HELPER, 0, id);
}

static inline struct skep_insn skep_insn_call_local(int32_t rel)
{
	return skep_insn_make(SKEP_CLASS_JMP | SKEP_JMP_CALL, 0, SKEP_CALL_LOCAL, 0, rel);
}

/*
 * @fd_idx is 0 for the kernel itself, else the index of a module's BTF fd in the load call's array.
 */
static inline struct skep_insn skep_insn_call_kfunc(int32_t btf_id, int fd_idx)
{
	return skep_insn_make(SKEP_CLASS_JMP | SKEP_JMP_CALL, 0, SKEP_CALL_KFUNC, fd_idx, btf_id);
}

static inline struct skep_insn skep_insn_exit(void)
{
	return skep_insn_make(SKEP_CLASS_JMP | SKEP_JMP_EXIT, 0, 0, 0, 0);
}
