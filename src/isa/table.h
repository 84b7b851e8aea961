/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The instruction set as a table: what an instruction is, which fields it uses, and why it is not
 * one.
 *
 * The rows are in isa/rows.h. A row's number is an enum skep_op, so that a switch over the
 * operations of a program (an interpreter, a verifier) gets a compiler warning for the ones it
 * forgets.
 *
 *	const struct skep_isa_row *row = skep_isa_row(insns[i]);
 *	enum skep_insn_fault fault = skep_insn_check(&insns[i], n - i);
 *
 *	if (fault != SKEP_INSN_OK)
 *		skep_diag_error(diag, SKEP_NO_LOC, "%s", skep_insn_fault_text(fault));
 *	switch (row->op) ...
 *
 * Invariants: rows of one opcode are neighbours; at most one of them fits an instruction; the
 * lookup is a table access and a walk over the forms of one opcode (14 at most).
 */
#pragma once

#include "isa/insn.h"
#include "isa/rows.h"

enum skep_op {
#define SKEP_ISA_ROW_(opcode, constant, select, value, fields, group, cpu, text) SKEP_OP_##constant,
	SKEP_ISA_ROWS(SKEP_ISA_ROW_, SKEP_ISA_ROW_)
#undef SKEP_ISA_ROW_
	SKEP_N_OPS,
};

/* Conformance groups. A group of 64 bits includes its 32-bit one. */
enum skep_isa_group {
	SKEP_GROUP_BASE32,
	SKEP_GROUP_BASE64,
	SKEP_GROUP_ATOMIC32,
	SKEP_GROUP_ATOMIC64,
	SKEP_GROUP_DIVMUL32,
	SKEP_GROUP_DIVMUL64,
	SKEP_GROUP_PACKET,
	SKEP_GROUP_LINUX, /* not of the RFC */
	SKEP_N_GROUPS,
};

/* Which field tells the forms of an opcode apart. */
enum skep_isa_select {
	SKEP_SELECT_NONE,
	SKEP_SELECT_SRC,
	SKEP_SELECT_OFF,
	SKEP_SELECT_IMM,
};

/* Fields that carry operands. */
enum skep_isa_field {
	SKEP_FIELD_DST = 1 << 0,
	SKEP_FIELD_SRC = 1 << 1,
	SKEP_FIELD_OFF = 1 << 2,
	SKEP_FIELD_IMM = 1 << 3,
	SKEP_FIELD_NEXT = 1 << 4, /* imm of the second word */
};

struct skep_isa_row {
	enum skep_op op;
	uint8_t opcode;
	enum skep_isa_select select;
	int32_t value;
	unsigned fields; /* of enum skep_isa_field */
	enum skep_isa_group group;
	unsigned cpu;	  /* 1 to 4 */
	const char *name; /* the constant without SKEP_OP_, "ADD64_IMM" */
	const char *text; /* see isa/rows.h */
};

enum skep_insn_fault {
	SKEP_INSN_OK,
	SKEP_INSN_NO_OPCODE,	/* no instruction has this opcode */
	SKEP_INSN_BAD_SRC_KIND, /* the opcode has forms, src selects none of them */
	SKEP_INSN_BAD_OFF_KIND, /* likewise off */
	SKEP_INSN_BAD_IMM_KIND, /* likewise imm */
	SKEP_INSN_BAD_DST,	/* no such register */
	SKEP_INSN_BAD_SRC,	/* no such register */
	SKEP_INSN_RESERVED_DST, /* a field that the form does not use is not 0 */
	SKEP_INSN_RESERVED_SRC,
	SKEP_INSN_RESERVED_OFF,
	SKEP_INSN_RESERVED_IMM,
	SKEP_INSN_RESERVED_NEXT, /* the second word has what does not belong there */
	SKEP_INSN_TRUNCATED,	 /* the second word is missing */
};

/* The row of a number. */
const struct skep_isa_row *skep_isa_op(enum skep_op op);
/*
 * The row that an instruction's opcode and selecting field mean, whatever its other fields hold; or
 * NULL.
 */
const struct skep_isa_row *skep_isa_row(struct skep_insn insn);

/*
 * Whether @insn, of which @n words are readable (at least 1), is a valid encoding. This is about
 * one instruction: where it jumps to, or whether it may write a register, is for a verifier to say.
 */
enum skep_insn_fault skep_insn_check(const struct skep_insn *insn, size_t n);
/* A sentence for a human, without final period. */
const char *skep_insn_fault_text(enum skep_insn_fault fault);

/*
 * Where the jump, local call or function address @insn at @index leads: an index, which may be
 * outside of the program. False when the instruction has no target (an exit, a jump to a register).
 */
bool skep_insn_target(struct skep_insn insn, size_t index, int64_t *ret_target);

/* "base32" and so on, as RFC 9669 spells it; "linux" for what it does not have. */
const char *skep_isa_group_name(enum skep_isa_group group);
/* Whether supporting @group means supporting @other as well (itself included). */
bool skep_isa_group_includes(enum skep_isa_group group, enum skep_isa_group other);
