/* SPDX-License-Identifier: Apache-2.0 */
/* Facts: Intel's manual, volume 2, RET; Arm's manual, C6.2, RET and RETAA. */
#include "obj/returns.h"

#include <errno.h>

/* C3, or C2 and two bytes; with prefixes that mean nothing here (F3: a hint to old CPUs, F2: bounds). */
static bool is_x86_return(const uint8_t *p, size_t length)
{
	if (length == 2 && (p[0] == 0xf3 || p[0] == 0xf2))
		p++, length--;
	return (length == 1 && p[0] == 0xc3) || (length == 3 && p[0] == 0xc2);
}

static bool is_arm64_return(const uint8_t *p)
{
	uint32_t insn =
		(uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;

	/* To any register, or to a signed address. */
	return (insn & 0xfffffc1f) == 0xd65f0000 || insn == 0xd65f0bff || insn == 0xd65f0fff;
}

int skep_returns_find(enum skep_code_machine machine, const uint8_t *code, size_t size,
		      uint32_t *offsets, size_t max, size_t *ret_n)
{
	size_t n = 0;
	int length;

	for (size_t at = 0; at < size; at += (size_t)length) {
		if (machine == SKEP_CODE_FIXED_4)
			length = size - at < 4 ? -EINVAL : 4;
		else
			length = skep_code_x86_64_length(code + at, size - at);
		if (length <= 0)
			return -EILSEQ;
		if (machine == SKEP_CODE_FIXED_4 ? !is_arm64_return(code + at)
						 : !is_x86_return(code + at, (size_t)length))
			continue;
		if (n >= max)
			return -E2BIG;
		offsets[n++] = (uint32_t)at;
	}
	*ret_n = n;
	return 0;
}
