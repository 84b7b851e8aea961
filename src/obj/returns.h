/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Return instructions of a function, found by decoding its machine code from the first to the last byte.
 *
 * A uretprobe replaces the return address on the stack. Go moves stacks, finds an address that it does not know, and ends the
 * process. So returns of Go functions are probed at the instructions themselves.
 *
 * Either every byte is understood, and the last instruction ends where the function ends, or nothing is said: a
 * breakpoint in the midst of an instruction would break the program.
 *
 *	r = skep_returns_find(SKEP_CODE_X86_64, code, size, offsets, ARRAY_SIZE(offsets), &n);
 */
#pragma once

#include "obj/code.h"

/*
 * Offsets in @code, ascending; *ret_n may be 0 (a function that never returns, or goes on in another). -EILSEQ: code that is not
 * understood; -E2BIG: more than @max.
 */
int skep_returns_find(enum skep_code_machine machine, const uint8_t *code, size_t size,
		      uint32_t *offsets, size_t max, size_t *ret_n) _must_check_;
