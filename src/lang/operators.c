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

bool skep_binary_fold(enum skep_binary op, int64_t a, int64_t b, int64_t *ret_value)
{
	uint64_t ua = (uint64_t)a, ub = (uint64_t)b;

	switch (op) {
	case SKEP_BINARY_ADD:
		*ret_value = (int64_t)(ua + ub);
		return true;
	case SKEP_BINARY_SUB:
		*ret_value = (int64_t)(ua - ub);
		return true;
	case SKEP_BINARY_MUL:
		*ret_value = (int64_t)(ua * ub);
		return true;
	case SKEP_BINARY_DIV:
	case SKEP_BINARY_MOD:
		if (!b || (a == INT64_MIN && b == -1))
			return false;
		*ret_value = op == SKEP_BINARY_DIV ? a / b : a % b;
		return true;
	case SKEP_BINARY_AND:
		*ret_value = a & b;
		return true;
	case SKEP_BINARY_OR:
		*ret_value = a | b;
		return true;
	case SKEP_BINARY_XOR:
		*ret_value = a ^ b;
		return true;
	case SKEP_BINARY_SHL:
		*ret_value = (int64_t)(ua << (ub & 63));
		return true;
	case SKEP_BINARY_SHR:
		*ret_value = a >> (ub & 63);
		return true;
	default:
		return false;
	}
}

int64_t skep_binary_compare(enum skep_binary op, int64_t a, int64_t b, bool is_unsigned)
{
	bool less = is_unsigned ? (uint64_t)a < (uint64_t)b : a < b;

	switch (op) {
	case SKEP_BINARY_EQ:
		return a == b;
	case SKEP_BINARY_NE:
		return a != b;
	case SKEP_BINARY_LT:
		return less;
	case SKEP_BINARY_LE:
		return less || a == b;
	case SKEP_BINARY_GT:
		return !less && a != b;
	case SKEP_BINARY_GE:
		return !less;
	case SKEP_BINARY_LAND:
		return a && b;
	case SKEP_BINARY_LOR:
		return a || b;
	default:
		return 0;
	}
}
