/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Code: where the instructions of a machine program begin. A breakpoint in the midst of one makes
 * the program do something else, mostly crash, and for user programs the kernel does not look.
 *
 *	r = skep_code_begins(SKEP_CODE_X86_64, bytes, size, 12);		// 1: an instruction begins at byte 12
 *
 * Only lengths are decoded, from the function's beginning on; that the bytes are code is assumed.
 */
#pragma once

#include "base/macros.h"

enum skep_code_machine {
	SKEP_CODE_X86_64,
	SKEP_CODE_FIXED_4, /* every instruction has 4 bytes and begins at a multiple of 4: arm64 */
};

/*
 * @code: @size bytes from the beginning of a function. 1: an instruction begins at @offset, 0: none
 * does, -EINVAL: before it come bytes that are no instruction, or the code ends.
 */
int skep_code_begins(enum skep_code_machine machine, const void *code, size_t size,
		     uint64_t offset) _must_check_;

/* Bytes of the x86-64 instruction at @code; -EINVAL: none, or it does not end within @size bytes. */
int skep_code_x86_64_length(const void *code, size_t size) _must_check_;
