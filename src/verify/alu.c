/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arithmetic: numbers with numbers, pointers with numbers.
 *
 * A pointer plus a known number moves its fixed offset; an unknown number is added to what is unknown of it. Everything
 * else makes a number of a pointer, or is refused.
 */
#include <errno.h>
#include <inttypes.h>

#include "verify/walk.h"

/* Distances that a pointer may be moved by: the kernel's bound, far above any object. */
#define OFFSET_MAX (1 << 29)

static const char *op_text(enum skep_alu_op op)
{
	static const char *const texts[] = { "+",  "-", "*", "/", "|", "&",   "<<",
					     ">>", "-", "%", "^", "=", "s>>", "bswap" };
	unsigned i = op >> 4;

	return i < ARRAY_SIZE(texts) ? texts[i] : "?";
}

void skep_link_number(struct skep_walk *walk, struct skep_value *v)
{
	if (v->kind != SKEP_VALUE_NUMBER || skep_value_is_const(v))
		return;
	if (v->has_delta)
		skep_value_unlink(v);
	if (!v->id)
		v->id = skep_walk_id(walk);
}

static bool fits_unsigned(const struct skep_value *v, unsigned bits)
{
	return bits >= 64 || v->num.r64.umax < 1ULL << bits;
}

/* Copies of numbers share what is learnt of them later, unless the copy is narrower than the number may be. */
static int move_reg(struct skep_walk *walk, struct skep_insn insn, unsigned width)
{
	struct skep_value *src = skep_walk_reg(walk, insn.src), v;
	unsigned from_bits = insn.off ? (unsigned)insn.off : width;
	bool same;
	int r = skep_need_set(walk, insn.src);

	if (r < 0)
		return r;
	if (skep_value_is_pointer(src)) {
		if (width == 64 && !insn.off)
			return skep_set_reg(walk, insn.dst, src);
		/* a part of an address is some number */
		v = skep_value_number();
		if (width == 32)
			skep_scalar_truncate(&v.num, 4);
		return skep_set_reg(walk, insn.dst, &v);
	}
	/* a sign bit that is 0 makes sign extension a plain copy */
	same = fits_unsigned(src, insn.off ? from_bits - 1 : width);
	if (same)
		skep_link_number(walk, src);
	v = *src;
	if (!same)
		skep_value_unlink(&v);
	if (width == 32)
		skep_scalar_zext32(&v.num); /* the upper half has no say */
	if (insn.off)
		skep_scalar_sign_extend(&v.num, from_bits / 8);
	if (insn.off && width == 32)
		skep_scalar_zext32(&v.num);
	return skep_set_reg(walk, insn.dst, &v);
}

static int move(struct skep_walk *walk, struct skep_insn insn, unsigned width)
{
	struct skep_value v;

	if ((insn.opcode & SKEP_SRC_MASK) == SKEP_SRC_X)
		return move_reg(walk, insn, width);
	v = skep_value_const(width == 64 ? (uint64_t)(int64_t)insn.imm : (uint32_t)insn.imm);
	return skep_set_reg(walk, insn.dst, &v);
}

/* NEG and END have one operand. */
static int unary(struct skep_walk *walk, struct skep_insn insn, unsigned width)
{
	struct skep_value v;
	int r = skep_need_set(walk, insn.dst);

	if (r < 0)
		return r;
	v = *skep_walk_reg(walk, insn.dst);
	if (skep_value_is_pointer(&v)) { /* what becomes of an address is some number */
		v = skep_value_number();
		return skep_set_reg(walk, insn.dst, &v);
	}
	skep_value_unlink(&v);
	if ((insn.opcode & SKEP_OP_MASK) == SKEP_ALU_NEG)
		skep_scalar_neg(width, &v.num);
	else
		v.num = skep_scalar_unknown();
	return skep_set_reg(walk, insn.dst, &v);
}

/* What is added to a pointer has to be bounded, and small. */
static int check_distance(struct skep_walk *walk, unsigned reg, const struct skep_value *pointer,
			  const struct skep_scalar *n)
{
	const char *what = skep_value_kind_text(pointer);

	if (n->r64.smin == INT64_MIN) {
		skep_report(walk, SKEP_REASON_BOUNDS, (int)reg,
			    "a number without lower bound is added to %s", what);
		skep_report_hint(
			walk,
			"compare the number with bounds first, as unsigned (an `unsigned` or `size_t` variable) "
			"or with both ends, or mask it (n &= 0xff)");
		return -EINVAL;
	}
	if (n->r64.smin <= -OFFSET_MAX || n->r64.smin >= OFFSET_MAX ||
	    (skep_scalar_is_const(n) && (int64_t)n->bits.value >= OFFSET_MAX)) {
		skep_report(walk, SKEP_REASON_BOUNDS, (int)reg,
			    "%" PRId64 "%s is too much to be added to %s", n->r64.smin,
			    skep_scalar_is_const(n) ? "" : ", which it may be here,", what);
		if (n->r64.smin < 0 && !skep_scalar_is_const(n))
			skep_report_hint(
				walk,
				"make the number unsigned, or check that it is not negative: if (n >= 0) ...");
		else
			skep_report_hint(walk, "distances up to %d are allowed", OFFSET_MAX - 1);
		return -EINVAL;
	}
	return 0;
}

static bool may_be_moved(const struct skep_value *pointer, enum skep_alu_op op,
			 const struct skep_scalar *n)
{
	switch (pointer->kind) {
	case SKEP_VALUE_MAP:
		return op == SKEP_ALU_ADD && skep_scalar_is_const(n) && n->bits.value == 0;
	case SKEP_VALUE_FLOW_KEYS:
		return skep_scalar_is_const(n);
	case SKEP_VALUE_PACKET_END:
	case SKEP_VALUE_SOCK:
	case SKEP_VALUE_SOCK_COMMON:
	case SKEP_VALUE_TCP_SOCK:
	case SKEP_VALUE_XDP_SOCK:
		return false;
	default:
		return true;
	}
}

static int refuse_pointer(struct skep_walk *walk, struct skep_insn insn,
			  const struct skep_value *pointer, unsigned width)
{
	enum skep_alu_op op = insn.opcode & SKEP_OP_MASK;
	const char *what = skep_value_kind_text(pointer);

	if (width == 32)
		return skep_reject(walk, SKEP_REASON_TYPE, insn.dst, "32-bit arithmetic on %s",
				   what);
	if (skep_value_may_be_null(pointer)) {
		skep_report(walk, SKEP_REASON_NULL, insn.dst, "arithmetic on %s that may be NULL",
			    what);
		skep_report_hint(walk, "compare it with NULL first");
		return -EINVAL;
	}
	if (op == SKEP_ALU_SUB && pointer->kind == SKEP_VALUE_STACK)
		return skep_reject(walk, SKEP_REASON_TYPE, insn.dst,
				   "a number is subtracted from %s; add a negative one", what);
	return skep_reject(walk, SKEP_REASON_TYPE, insn.dst, "%s cannot be an operand of `%s`",
			   what, op_text(op));
}

/* The number is known and the fixed offset has room for it. */
static bool moves_fixed(const struct skep_value *pointer, const struct skep_scalar *n, bool minus,
			int32_t *ret_off)
{
	int64_t off;

	if (!skep_scalar_is_const(n))
		return false;
	off = minus ? pointer->off - (int64_t)n->bits.value : pointer->off + (int64_t)n->bits.value;
	if (off < INT32_MIN || off > INT32_MAX)
		return false;
	*ret_off = (int32_t)off;
	return true;
}

/* @pointer op @n into the destination. @exchanged: number op pointer. */
static int move_pointer(struct skep_walk *walk, struct skep_insn insn, unsigned width,
			const struct skep_value *pointer, const struct skep_scalar *n,
			unsigned number_reg, bool exchanged)
{
	enum skep_alu_op op = insn.opcode & SKEP_OP_MASK;
	struct skep_value v = *pointer;
	int r;

	if (width == 32 && op == SKEP_ALU_SUB) {
		v = skep_value_number();
		return skep_set_reg(walk, insn.dst, &v);
	}
	if (width == 32 || skep_value_may_be_null(pointer) ||
	    (op != SKEP_ALU_ADD && op != SKEP_ALU_SUB) ||
	    (op == SKEP_ALU_SUB && (exchanged || pointer->kind == SKEP_VALUE_STACK)) ||
	    !may_be_moved(pointer, op, n))
		return refuse_pointer(walk, insn, pointer, width);
	r = check_distance(walk, number_reg, pointer, n);
	if (r < 0)
		return r;
	if (op == SKEP_ALU_SUB || n->r64.smin < 0) /* back from the end, perhaps */
		v.flags &= (uint16_t) ~(SKEP_VALUE_AT_END | SKEP_VALUE_BEYOND_END);
	if (!moves_fixed(pointer, n, op == SKEP_ALU_SUB, &v.off)) {
		skep_scalar_alu(op, 64, &v.num, n);
		if (skep_value_is_packet(&v)) {
			/* another place in the packet: what was proven for the old one may not hold there */
			v.id = skep_walk_id(walk);
			v.flags &= (uint16_t) ~(SKEP_VALUE_AT_END | SKEP_VALUE_BEYOND_END);
			if (op == SKEP_ALU_ADD || n->r64.smin < 0)
				v.range = 0;
		}
		r = check_distance(walk, insn.dst, pointer, &v.num);
		if (r < 0)
			return r;
	}
	if (v.off <= -OFFSET_MAX || v.off >= OFFSET_MAX)
		return skep_reject(walk, SKEP_REASON_BOUNDS, insn.dst,
				   "%s was moved by %d, which is too far", skep_value_kind_text(&v),
				   v.off);
	return skep_set_reg(walk, insn.dst, &v);
}

/*
 * x + constant stays linked with x: bounds of one are bounds of the other. In 32 bits only when nothing is cut off, so that
 * the way back is as exact. @fits: x had no more than 32 bits.
 */
static void keep_link(struct skep_value *dst, enum skep_alu_op op, unsigned width,
		      const struct skep_scalar *n, bool fits)
{
	int64_t x = width == 64 ? (int64_t)n->bits.value : (int32_t)n->bits.value;
	bool known = width == 64 ? skep_scalar_is_const(n) : skep_scalar_is_const32(n);

	known = known && x >= INT32_MIN && x <= INT32_MAX &&
		!(op == SKEP_ALU_SUB && x == INT32_MIN);
	if ((op == SKEP_ALU_ADD || op == SKEP_ALU_SUB) && dst->id && !dst->has_delta && known &&
	    (width == 64 || fits)) {
		dst->has_delta = true;
		dst->delta = (int32_t)(op == SKEP_ALU_SUB ? -x : x);
		dst->delta_wraps = width == 32;
	} else {
		skep_value_unlink(dst);
	}
}

/* Kernels keep what a number differs by where a pointer has its offset, with the same bound. */
static int check_delta(struct skep_walk *walk, unsigned reg)
{
	const struct skep_value *v = skep_walk_reg(walk, reg);

	if (!v->id || !v->has_delta || (v->delta > -OFFSET_MAX && v->delta < OFFSET_MAX))
		return 0;
	return skep_reject(walk, SKEP_REASON_BOUNDS, (int)reg,
			   "r%u was moved by %d before it is added to a pointer, which is too far",
			   reg, v->delta);
}

static int binary(struct skep_walk *walk, struct skep_insn insn, unsigned width)
{
	enum skep_alu_op op = insn.opcode & SKEP_OP_MASK;
	bool by_reg = (insn.opcode & SKEP_SRC_MASK) == SKEP_SRC_X;
	struct skep_value dst, src;
	bool fits;
	int r = skep_need_set(walk, insn.dst);

	if (r == 0 && by_reg)
		r = skep_need_set(walk, insn.src);
	if (r < 0)
		return r;
	dst = *skep_walk_reg(walk, insn.dst);
	src = by_reg ? *skep_walk_reg(walk, insn.src)
		     : skep_value_const((uint64_t)(int64_t)insn.imm);
	if (skep_value_is_pointer(&dst) && skep_value_is_pointer(&src)) {
		if (op != SKEP_ALU_SUB)
			return skep_reject(walk, SKEP_REASON_TYPE, insn.dst, "`%s` of two pointers",
					   op_text(op));
		dst = skep_value_number();
		return skep_set_reg(walk, insn.dst, &dst);
	}
	if (skep_value_is_pointer(&src)) {
		r = check_delta(walk, insn.dst);
		if (r == 0)
			r = skep_need_precise(walk, insn.dst);
		return r < 0 ? r : move_pointer(walk, insn, width, &src, &dst.num, insn.dst, true);
	}
	if (skep_value_is_pointer(&dst)) {
		r = by_reg ? check_delta(walk, insn.src) : 0;
		if (r == 0 && by_reg)
			r = skep_need_precise(walk, insn.src);
		return r < 0 ? r : move_pointer(walk, insn, width, &dst, &src.num, insn.src, false);
	}
	fits = fits_unsigned(&dst, 32);
	dst.flags = 0;
	skep_scalar_alu(op, width, &dst.num, &src.num);
	keep_link(&dst, op, width, &src.num, fits);
	return skep_set_reg(walk, insn.dst, &dst);
}

static int check_constant(struct skep_walk *walk, struct skep_insn insn, unsigned width)
{
	enum skep_alu_op op = insn.opcode & SKEP_OP_MASK;

	if ((insn.opcode & SKEP_SRC_MASK) == SKEP_SRC_X)
		return 0;
	if ((op == SKEP_ALU_DIV || op == SKEP_ALU_MOD) && insn.imm == 0)
		return skep_reject(walk, SKEP_REASON_CODE, insn.dst, "division by the constant 0");
	if ((op == SKEP_ALU_LSH || op == SKEP_ALU_RSH || op == SKEP_ALU_ARSH) &&
	    (insn.imm < 0 || insn.imm >= (int32_t)width))
		return skep_reject(walk, SKEP_REASON_CODE, insn.dst,
				   "a shift by %d bits of a %u-bit number", insn.imm, width);
	return 0;
}

int skep_step_alu(struct skep_walk *walk, struct skep_insn insn)
{
	unsigned width = skep_insn_class(insn) == SKEP_CLASS_ALU64 ? 64 : 32;
	int r = check_constant(walk, insn, width);

	if (r < 0)
		return r;
	switch (insn.opcode & SKEP_OP_MASK) {
	case SKEP_ALU_MOV:
		return move(walk, insn, width);
	case SKEP_ALU_NEG:
	case SKEP_ALU_END:
		return unary(walk, insn, width);
	default:
		return binary(walk, insn, width);
	}
}
