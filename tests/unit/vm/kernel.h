/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The live kernel as an engine: a program is loaded as an XDP program and run once by BPF_PROG_TEST_RUN.
 *
 * What is run is a function; a frame around it gives it R1 and R2 (packet and length, or 0) and stores all 64 bits of what
 * it returns in a map.
 *
 *	if (kernel_open(&k) < 0) ... not allowed here
 *	r = kernel_run(&k, insns, n, mem, mem_size, &value);	// -ENOEXEC: the verifier refuses it
 */
#pragma once

#include "isa/insn.h"

struct kernel {
	int map; /* array of one 64-bit value */
	char log[65536];
};

/* 0, or why not. */
int kernel_open(struct kernel *k) _must_check_;
void kernel_close(struct kernel *k);
/* @mem is padded to the length that an XDP packet needs; R2 is @mem_size. */
int kernel_run(struct kernel *k, const struct skep_insn *insns, size_t n, const void *mem,
	       size_t mem_size, uint64_t *ret_value) _must_check_;
