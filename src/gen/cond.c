/* SPDX-License-Identifier: Apache-2.0 */
/* What operations and conditions mean, on numbers. */
#include "gen/ir.h"

enum skep_cc ir_cc_not(enum skep_cc cc)
{
	static const uint8_t table[SKEP_CC_MAX] = {
		[SKEP_CC_EQ] = SKEP_CC_NE,   [SKEP_CC_NE] = SKEP_CC_EQ,
		[SKEP_CC_ULT] = SKEP_CC_UGE, [SKEP_CC_ULE] = SKEP_CC_UGT,
		[SKEP_CC_UGT] = SKEP_CC_ULE, [SKEP_CC_UGE] = SKEP_CC_ULT,
		[SKEP_CC_SLT] = SKEP_CC_SGE, [SKEP_CC_SLE] = SKEP_CC_SGT,
		[SKEP_CC_SGT] = SKEP_CC_SLE, [SKEP_CC_SGE] = SKEP_CC_SLT,
	};
	return table[cc];
}

/* The condition on (b, a) that says what @cc says on (a, b). */
enum skep_cc ir_cc_swap(enum skep_cc cc)
{
	static const uint8_t table[SKEP_CC_MAX] = {
		[SKEP_CC_EQ] = SKEP_CC_EQ,   [SKEP_CC_NE] = SKEP_CC_NE,
		[SKEP_CC_ULT] = SKEP_CC_UGT, [SKEP_CC_ULE] = SKEP_CC_UGE,
		[SKEP_CC_UGT] = SKEP_CC_ULT, [SKEP_CC_UGE] = SKEP_CC_ULE,
		[SKEP_CC_SLT] = SKEP_CC_SGT, [SKEP_CC_SLE] = SKEP_CC_SGE,
		[SKEP_CC_SGT] = SKEP_CC_SLT, [SKEP_CC_SGE] = SKEP_CC_SLE,
	};
	return table[cc];
}

/* Outcomes that make a condition true: 1 less, 2 equal, 4 greater. */
static unsigned outcomes(enum skep_cc cc)
{
	static const uint8_t table[SKEP_CC_MAX] = {
		[SKEP_CC_EQ] = 2,  [SKEP_CC_NE] = 5,  [SKEP_CC_ULT] = 1, [SKEP_CC_ULE] = 3,
		[SKEP_CC_UGT] = 4, [SKEP_CC_UGE] = 6, [SKEP_CC_SLT] = 1, [SKEP_CC_SLE] = 3,
		[SKEP_CC_SGT] = 4, [SKEP_CC_SGE] = 6,
	};
	return table[cc];
}

static bool is_signed(enum skep_cc cc)
{
	return cc >= SKEP_CC_SLT;
}

static bool is_equality(enum skep_cc cc)
{
	return cc <= SKEP_CC_NE;
}

int ir_cc_implies(enum skep_cc known, enum skep_cc ask)
{
	unsigned may = outcomes(known), want = outcomes(ask);

	/* Between a signed and an unsigned order nothing carries over. */
	if (!is_equality(known) && !is_equality(ask) && is_signed(known) != is_signed(ask))
		return -1;
	if (!(may & ~want))
		return 1;
	return may & want ? -1 : 0;
}

bool skep_ir_cc_eval(enum skep_cc cc, uint64_t a, uint64_t b)
{
	int64_t sa = (int64_t)a, sb = (int64_t)b;
	unsigned u = a < b ? 1 : a == b ? 2 : 4, s = sa < sb ? 1 : sa == sb ? 2 : 4;

	return outcomes(cc) & (is_signed(cc) ? s : u);
}

static uint64_t sdiv(uint64_t a, uint64_t b, bool rest)
{
	int64_t sa = (int64_t)a, sb = (int64_t)b;

	if (sb == 0)
		return rest ? a : 0;
	if (sb == -1)
		return rest ? 0 : 0 - a;
	return (uint64_t)(rest ? sa % sb : sa / sb);
}

uint64_t skep_ir_op_eval(enum skep_ir_op op, uint64_t a, uint64_t b)
{
	switch (op) {
	case SKEP_OP_ADD:
		return a + b;
	case SKEP_OP_SUB:
		return a - b;
	case SKEP_OP_MUL:
		return a * b;
	case SKEP_OP_UDIV:
		return b ? a / b : 0;
	case SKEP_OP_UMOD:
		return b ? a % b : a;
	case SKEP_OP_SDIV:
		return sdiv(a, b, false);
	case SKEP_OP_SMOD:
		return sdiv(a, b, true);
	case SKEP_OP_AND:
		return a & b;
	case SKEP_OP_OR:
		return a | b;
	case SKEP_OP_XOR:
		return a ^ b;
	case SKEP_OP_SHL:
		return a << (b & 63);
	case SKEP_OP_SHR:
		return a >> (b & 63);
	case SKEP_OP_SAR:
		return (uint64_t)((int64_t)a >> (b & 63));
	default:
		return 0;
	}
}

uint64_t ir_extend_eval(uint64_t a, unsigned size, bool is_sign)
{
	unsigned unused = 64 - size * 8;

	if (size >= 8)
		return a;
	a <<= unused;
	return is_sign ? (uint64_t)((int64_t)a >> unused) : a >> unused;
}
