/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/operators.h"

unsigned skep_binary_precedence(enum skep_binary op)
{
	static const uint8_t precedences[] = {
		[SKEP_BINARY_LOR] = 1,	[SKEP_BINARY_LAND] = 2, [SKEP_BINARY_OR] = 3,
		[SKEP_BINARY_XOR] = 4,	[SKEP_BINARY_AND] = 5,	[SKEP_BINARY_EQ] = 6,
		[SKEP_BINARY_NE] = 6,	[SKEP_BINARY_LT] = 7,	[SKEP_BINARY_LE] = 7,
		[SKEP_BINARY_GT] = 7,	[SKEP_BINARY_GE] = 7,	[SKEP_BINARY_SHL] = 8,
		[SKEP_BINARY_SHR] = 8,	[SKEP_BINARY_ADD] = 9,	[SKEP_BINARY_SUB] = 9,
		[SKEP_BINARY_MUL] = 10, [SKEP_BINARY_DIV] = 10, [SKEP_BINARY_MOD] = 10,
	};

	return op < ARRAY_SIZE(precedences) ? precedences[op] : 0;
}
