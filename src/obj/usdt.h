/* SPDX-License-Identifier: Apache-2.0 */
/*
 * USDT: the static probes that a program's author left in it, and where each finds its arguments.
 *
 * A probe is a nop in the code and a note in section .note.stapsdt: provider, name, the nop's
 * address, the address of a 16-bit counter that must be raised while somebody listens (its
 * semaphore, 0: none), and a text with one operand for each argument, in the assembler's words:
 *
 *	"-4@%eax 8@16(%rbp) 4@$7"	size in bytes (negative: signed) @ operand
 *
 * One name may have many notes: the compiler copies code. Format: SystemTap's sys/sdt.h, version 3
 * of the notes. Operands are those of x86-64; those of other CPUs are SKEP_USDT_UNKNOWN.
 *
 * The bytes are borrowed from the file and may be hostile: all is checked where it is read.
 *
 *	skep_usdt_begin(elf, &notes);
 *	while (skep_usdt_next(&notes, &probe) == 0)
 *		skep_usdt_args(elf, &probe, args, ARRAY_SIZE(args), &n_args);
 */
#pragma once

#include "obj/elf_sym.h"

#define SKEP_USDT_ARGS_MAX 12 /* what sys/sdt.h has macros for */

/* The notes of a file, and how far they were read. */
struct skep_usdt_notes {
	const uint8_t *data;
	size_t size;
	unsigned word; /* bytes of an address */
	uint64_t base; /* where .stapsdt.base is now: prelink moves all by the same distance */
	bool has_base;
};

struct skep_usdt {
	const char *provider, *name, *args; /* in the file's bytes */
	uint64_t address, semaphore;	    /* virtual, as linked; semaphore 0: none */
};

enum skep_usdt_kind {
	SKEP_USDT_UNKNOWN, /* cannot be read: another CPU's, a vector register, an unknown symbol */
	SKEP_USDT_CONST,   /* value */
	SKEP_USDT_REG,	   /* base, shifted right by `shift` bits */
	SKEP_USDT_MEM,	   /* at base + index * scale + value */
	SKEP_USDT_LINKED, /* in memory at the address `value` as linked, plus where the file was loaded */
};

struct skep_usdt_arg {
	enum skep_usdt_kind kind;
	uint8_t size; /* 1, 2, 4, 8 */
	bool is_signed;
	uint8_t shift, scale;
	const char *base,
		*index; /* registers by the names of struct pt_regs ("ax", "r8"), or NULL */
	int64_t value;
};

/* A file without notes is fine and has none. */
void skep_usdt_begin(const struct skep_elf *elf, struct skep_usdt_notes *ret_notes);
/* The next probe; notes of other kinds, and broken ones, are left out. -ENOENT at the end. */
int skep_usdt_next(struct skep_usdt_notes *notes, struct skep_usdt *ret_probe) _must_check_;
/*
 * Where the arguments of a probe are. @elf: for symbols among them, NULL leaves these unknown.
 * -E2BIG: more than @cap; an argument that cannot be understood is SKEP_USDT_UNKNOWN.
 */
int skep_usdt_args(const struct skep_elf *elf, const struct skep_usdt *probe,
		   struct skep_usdt_arg *args, size_t cap, size_t *ret_n) _must_check_;
