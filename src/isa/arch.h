/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What providers must know of a CPU: where struct pt_regs keeps arguments, and how system calls
 * come in.
 *
 * Offsets are bytes in the kernel's struct pt_regs, which for kprobes and uprobes is the context
 * as programs see it (on arm64 programs see its beginning, struct user_pt_regs).
 */
#pragma once

#include "base/macros.h"

#define SKEP_ARCH_ARGS_MAX 8
#define SKEP_SYSCALL_ARGS_MAX 6

struct skep_arch_reg {
	const char *name;
	uint16_t offset;
};

struct skep_arch {
	const char *name;
	uint16_t args[SKEP_ARCH_ARGS_MAX]; /* of a function call */
	unsigned n_args;
	unsigned
		stack_args; /* the first argument on the stack: bytes above the stack pointer, when a function begins */
	bool counts_structs; /* call.c knows how it passes structs by value */
	uint16_t retval, ip, sp;
	uint16_t syscall_args[SKEP_SYSCALL_ARGS_MAX];
	uint16_t syscall_nr; /* 4 bytes are enough */
	/*
	 * A task that runs a system call of the 32-bit table has this bit in this field of
	 * task_struct.
	 */
	const char *const *compat_path;
	unsigned n_compat_path;
	uint64_t compat_mask;
	const uint16_t *dwarf_regs; /* general registers, by the numbers that DWARF gives them */
	size_t n_dwarf_regs;
	const struct skep_arch_reg *regs; /* for reg("name") */
	size_t n_regs;
};

/* The CPU this program is built for; NULL: none that we know. */
const struct skep_arch *skep_arch(void);
/* The byte offset of a register by its name, or -1. */
int skep_arch_reg_offset(const struct skep_arch *arch, const char *name);
