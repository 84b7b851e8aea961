/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conformance cases in the form that several eBPF machines share: a text with sections.
 *
 *	# comment				anywhere in a line
 *	-- asm		instructions: mov32 %r0, 5; ldxw %r1, [%r2+4]; jeq %r1, 0, exit; lock fetch add [%r1], %r2 ...
 *	-- raw		instead: each a whole 64-bit word
 *	-- mem		hexadecimal bytes: R1 points to them, R2 is how many
 *	-- result	what R0 must be, all 64 bits
 *	-- error	instead: it must fail
 *
 * Other sections (c, no register offset) are passed over; an unknown one drops the file. The first `exit` is also a label.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "isa/insn.h"

#define DATA_INSNS_MAX 4096
#define DATA_MEM_MAX 4096

struct data_case {
	struct skep_insn insns[DATA_INSNS_MAX];
	size_t n_insns;
	uint8_t mem[DATA_MEM_MAX];
	size_t mem_size;
	bool has_mem, has_result, has_error;
	uint64_t result;
	char error[256];
	char why[256]; /* when it cannot be read */
};

/* 0; -EINVAL with `why`: not such a text; -EOPNOTSUPP: dropped, for it has what nobody knows. */
int data_read(const char *text, size_t len, struct data_case *ret_case) _must_check_;
