/* SPDX-License-Identifier: Apache-2.0 */
/* AArch64: arithmetic, which instruction goes where, and shared code. */
#include <sys/auxv.h>

#include "vm/jit/arm64.h"

#define HAS_LSE (1ul << 8) /* HWCAP_ATOMICS: atomics in one instruction (ARMv8.1) */

bool jit_cpu_here(void)
{
	return true;
}

unsigned a_value(struct jit *j, unsigned reg, unsigned spare)
{
	if (reg != SKEP_R10)
		return a_regs[reg];
	a_add(j, W64, spare, FRAME, SKEP_STACK_SIZE);
	return spare;
}

/* Arithmetic: dst = lhs op rhs. Division here gives what programs expect of 0 and of -1. */

struct operands {
	uint32_t w;
	unsigned dst, lhs, rhs; /* rhs: of operations with a register */
	bool reg;
	int64_t imm; /* of others */
};

/* The second operand in a register. */
static unsigned rhs(struct jit *j, const struct operands *o)
{
	if (o->reg)
		return o->rhs;
	if (o->imm == 0)
		return XZR;
	a_const(j, X9, o->w ? (uint64_t)o->imm : (uint32_t)o->imm);
	return X9;
}

static void divide(struct jit *j, const struct operands *o, bool mod, bool is_signed)
{
	uint64_t y = o->w ? (uint64_t)o->imm : (uint32_t)o->imm;
	unsigned by, quotient = mod ? X11 : o->dst, last = o->w ? 63 : 31;

	if (!o->reg && !is_signed && y && (y & (y - 1)) == 0) {
		if (mod)
			a_logic(j, o->w, A_AND, o->dst, o->lhs, y - 1);
		else
			a_bits(j, o->w, A_UBFM, o->dst, o->lhs, (unsigned)__builtin_ctzll(y), last);
		return;
	}
	by = rhs(j, o);
	a_rrr(j, o->w, is_signed ? A_SDIV : A_UDIV, quotient, o->lhs, by);
	if (mod)
		a_rrr(j, o->w, A_MSUB | A_PLUS(o->lhs), o->dst, quotient, by);
}

static void shift(struct jit *j, const struct operands *o, unsigned op)
{
	unsigned width = o->w ? 64 : 32, count = (unsigned)o->imm & (width - 1);

	if (o->reg)
		a_rrr(j, o->w,
		      op == SKEP_ALU_LSH   ? A_LSLV
		      : op == SKEP_ALU_RSH ? A_LSRV
					   : A_ASRV,
		      o->dst, o->lhs, o->rhs);
	else if (op == SKEP_ALU_LSH)
		a_bits(j, o->w, A_UBFM, o->dst, o->lhs, (width - count) % width, width - 1 - count);
	else
		a_bits(j, o->w, op == SKEP_ALU_RSH ? A_UBFM : A_SBFM, o->dst, o->lhs, count,
		       width - 1);
}

static void logic(struct jit *j, const struct operands *o, uint32_t op)
{
	if (o->reg)
		a_rrr(j, o->w, op, o->dst, o->lhs, o->rhs);
	else
		a_logic(j, o->w, op, o->dst, o->lhs, (uint64_t)o->imm);
}

static void byte_order(struct jit *j, struct skep_insn insn, const struct operands *o)
{
	bool swap = skep_insn_class(insn) == SKEP_CLASS_ALU64 || insn.opcode & SKEP_SRC_X;

	if (swap && insn.imm != 16)
		a_rrr(j, insn.imm == 64 ? W64 : 0, insn.imm == 64 ? A_REV64 : A_REV32, o->dst,
		      o->lhs, 0);
	else if (swap)
		a_rrr(j, 0, A_REV16, o->dst, o->lhs, 0);
	else if (insn.imm != 16)
		a_mov(j, insn.imm == 64 ? W64 : 0, o->dst, o->lhs);
	if (insn.imm == 16)
		a_bits(j, 0, A_UBFM, o->dst, swap ? o->dst : o->lhs, 0, 15);
}

static void move(struct jit *j, struct skep_insn insn, const struct operands *o)
{
	if (!o->reg)
		a_const(j, o->dst, o->w ? (uint64_t)o->imm : (uint32_t)o->imm);
	else if (insn.off)
		a_bits(j, o->w, A_SBFM, o->dst, o->rhs, 0, (unsigned)insn.off - 1);
	else
		a_mov(j, o->w, o->dst, o->rhs);
}

static void operate(struct jit *j, struct skep_insn insn, const struct operands *o)
{
	unsigned op = insn.opcode & SKEP_OP_MASK;

	switch (op) {
	case SKEP_ALU_ADD:
	case SKEP_ALU_SUB:
		if (o->reg)
			a_rrr(j, o->w, op == SKEP_ALU_ADD ? A_ADD : A_SUB, o->dst, o->lhs, o->rhs);
		else
			a_add(j, o->w, o->dst, o->lhs, op == SKEP_ALU_ADD ? o->imm : -o->imm);
		break;
	case SKEP_ALU_MUL:
		a_rrr(j, o->w, A_MADD | A_PLUS(XZR), o->dst, o->lhs, rhs(j, o));
		break;
	case SKEP_ALU_DIV:
	case SKEP_ALU_MOD:
		divide(j, o, op == SKEP_ALU_MOD, insn.off == 1);
		break;
	case SKEP_ALU_OR:
		logic(j, o, A_ORR);
		break;
	case SKEP_ALU_AND:
		logic(j, o, A_AND);
		break;
	case SKEP_ALU_XOR:
		logic(j, o, A_EOR);
		break;
	case SKEP_ALU_LSH:
	case SKEP_ALU_RSH:
	case SKEP_ALU_ARSH:
		shift(j, o, op);
		break;
	case SKEP_ALU_NEG:
		a_rrr(j, o->w, A_SUB, o->dst, XZR, o->lhs);
		break;
	case SKEP_ALU_MOV:
		move(j, insn, o);
		break;
	case SKEP_ALU_END:
		byte_order(j, insn, o);
		break;
	default:
		break;
	}
}

static struct operands operands(struct jit *j, struct skep_insn insn)
{
	bool reg = insn.opcode & SKEP_SRC_X && (insn.opcode & SKEP_OP_MASK) != SKEP_ALU_END;
	struct operands o = {
		.w = skep_insn_class(insn) == SKEP_CLASS_ALU64 ? W64 : 0,
		.dst = a_regs[insn.dst],
		.lhs = a_regs[insn.dst],
		.reg = reg,
		.imm = insn.imm,
	};

	if (reg)
		o.rhs = a_value(j, insn.src, X9);
	return o;
}

/* r1 = r2; r1 += 5: this CPU has operations of three registers. */
static bool move_and_operate(struct jit *j, uint32_t i)
{
	struct skep_insn mov = j->prog->insns[i], next = j->prog->insns[i + 1];
	unsigned wide = SKEP_CLASS_ALU64 | SKEP_SRC_X | SKEP_ALU_MOV;
	struct operands o;

	if (!jit_goes_on(j, i) || mov.opcode != wide || mov.off || next.dst != mov.dst ||
	    (skep_insn_class(next) != SKEP_CLASS_ALU64 &&
	     skep_insn_class(next) != SKEP_CLASS_ALU) ||
	    (next.opcode & SKEP_OP_MASK) == SKEP_ALU_MOV)
		return false;
	if (mov.src == SKEP_R10 && next.opcode == (SKEP_CLASS_ALU64 | SKEP_SRC_K | SKEP_ALU_ADD)) {
		a_add(j, W64, a_regs[mov.dst], FRAME, (int64_t)next.imm + SKEP_STACK_SIZE);
	} else {
		if (next.opcode & SKEP_SRC_X && next.src == next.dst)
			next.src = mov.src;
		o = operands(j, next);
		o.lhs = a_value(j, mov.src, X10);
		operate(j, next, &o);
	}
	return true;
}

static uint32_t arithmetic(struct jit *j, uint32_t i)
{
	struct operands o;

	if (move_and_operate(j, i))
		return 2;
	o = operands(j, j->prog->insns[i]);
	operate(j, j->prog->insns[i], &o);
	return 1;
}

uint32_t jit_cpu_insn(struct jit *j, uint32_t i)
{
	struct skep_insn insn = j->prog->insns[i];
	uint16_t code = j->prog->ops[i].code;

	if (code >= SKEP_N_OPS || code == SKEP_OP_ADDR_SPACE_CAST || code == SKEP_OP_JAX)
		return a_flow(j, i);
	switch (skep_insn_class(insn)) {
	case SKEP_CLASS_ALU:
	case SKEP_CLASS_ALU64:
		return arithmetic(j, i);
	case SKEP_CLASS_LDX:
	case SKEP_CLASS_ST:
	case SKEP_CLASS_STX:
		a_memory(j, i);
		return 1;
	default:
		if (!skep_insn_is_wide(insn))
			return a_flow(j, i);
		a_const(j, a_regs[insn.dst], (uint64_t)j->prog->ops[i].imm);
		return 2;
	}
}

/* Code at the end, and distances. */

struct jit_rest *a_rest(struct jit *j, enum jit_rest_kind kind, uint32_t insn, uint32_t branch)
{
	uint32_t at = a_branch(j, branch);
	struct jit_rest *rest = jit_rest(j, kind, insn);

	rest->at = at;
	rest->back = (uint32_t)j->len;
	return rest;
}

void jit_cpu_rest(struct jit *j, const struct jit_rest *rest)
{
	a_set(j, rest->at, (uint32_t)j->len);
	switch (rest->kind) {
	case JIT_REST_ACCESS:
		a_rest_access(j, rest);
		break;
	case JIT_REST_FAULT:
		a_const(j, X6, (uint64_t)rest->extra);
		a_call_shared(j, A_CALL_FAULT, rest->insn);
		return; /* it does not come back */
	case JIT_REST_HELPER:
		a_call_shared(j, A_CALL_HELPER, rest->insn);
		break;
	default:
		break;
	}
	a_back(j, A_B, rest->back);
}

bool jit_cpu_patch(struct jit *j, const struct jit_fix *fix, uint32_t target)
{
	a_set(j, fix->at, target);
	return !j->too_far;
}

/* Most programs are small: only one that is not has its conditions the long way. */
bool jit_cpu_again(struct jit *j)
{
	if (!j->too_far || j->far)
		return false;
	j->far = true;
	return true;
}

/* Shared code. */

void a_call_shared(struct jit *j, enum a_call which, uint32_t insn)
{
	a_const(j, X17, insn);
	a_back(j, A_BL, j->calls[which]);
}

/* Keeps R1 to R5; what C gives back is R0, or, when that is kept too, in X6. X17: the instruction's number. */
static void begin_call(struct jit *j, enum a_call which, jit_glue_fn *fn, bool keeps_r0)
{
	j->calls[which] = (uint32_t)j->len;
	a_add(j, W64, XSP, XSP, -64);
	a_store_pair(j, X30, X0, XSP, 0);
	a_store_pair(j, X1, X2, XSP, 16);
	a_store_pair(j, X3, X4, XSP, 32);
	a_mem(j, A_STR, 8, X5, XSP, 48);
	/* run->op = run->prog->ops + X17; run->stack_lo = FRAME */
	_Static_assert(sizeof(struct vm_op) == 16, "shifted by 4");
	a_run_load(j, 8, X9, RUN_OFF(prog));
	a_mem(j, A_LDR, 8, X9, X9, offsetof(struct vm_prog, ops));
	a_rrr(j, W64, A_ADD | A_LEFT(4), X9, X9, X17);
	a_run_store(j, 8, X9, RUN_OFF(op));
	a_run_store(j, 8, FRAME, RUN_OFF(stack_lo));
	a_add(j, W64, X0, RUN, -(int64_t)RUN_START);
	a_const(j, X17, (uint64_t)(uintptr_t)fn);
	a_branch_reg(j, A_BLR, X17);
	if (keeps_r0)
		a_mov(j, W64, X6, X0);
	a_load_pair(j, X30, keeps_r0 ? X0 : X9, XSP, 0);
	a_load_pair(j, X1, X2, XSP, 16);
	a_load_pair(j, X3, X4, XSP, 32);
	a_mem(j, A_LDR, 8, X5, XSP, 48);
	a_add(j, W64, XSP, XSP, 64);
	a_run_load(j, 1, X9, RUN_OFF(stop));
	a_back(j, A_CBNZ | A_ON(X9), j->out);
	a_branch_reg(j, A_RET, X30);
}

/* How C enters (jit.c, enter_fn), and how a program ends early. */
static void begin_program(struct jit *j)
{
	uint32_t over;

	a_push(j, X29, X30);
	a_push(j, X19, X20);
	a_push(j, X21, X22);
	a_push(j, FRAME, RUN);
	a_add(j, W64, RUN, X0, (int64_t)RUN_START);
	a_add(j, W64, FRAME, X3, -SKEP_STACK_SIZE);
	a_mov(j, W64, X17, X2);
	a_mov(j, W64, X16, X1);
	a_add(j, W64, X9, XSP, 0);
	a_run_store(j, 8, X9, RUN_OFF(native_sp));
	a_load_pair(j, X1, X2, X16, 0);
	a_load_pair(j, X3, X4, X16, 16);
	a_mem(j, A_LDR, 8, X5, X16, 32);
	a_const(j, X0, 0);
	for (unsigned reg = SKEP_R6; reg <= SKEP_R9; reg++)
		a_const(j, a_regs[reg], 0);
	a_branch_reg(j, A_BLR, X17);
	over = a_over(j, A_B);
	j->out = (uint32_t)j->len;
	a_run_load(j, 8, X9, RUN_OFF(native_sp));
	a_add(j, W64, XSP, X9, 0);
	a_const(j, X0, 0);
	a_here(j, over);
	a_pop(j, FRAME, RUN);
	a_pop(j, X21, X22);
	a_pop(j, X19, X20);
	a_pop(j, X29, X30);
	a_branch_reg(j, A_RET, X30);
}

void jit_cpu_begin(struct jit *j)
{
	j->lse = getauxval(AT_HWCAP) & HAS_LSE;
	begin_program(j);
	begin_call(j, A_CALL_HELPER, jit_glue_helper, false);
	begin_call(j, A_CALL_OWN_HELPER, jit_glue_own_helper, false);
	begin_call(j, A_CALL_CALLX, jit_glue_callx, false);
	begin_call(j, A_CALL_ACCESS, jit_glue_access, true);
	begin_call(j, A_CALL_FAULT, jit_glue_fault, true);
	begin_call(j, A_CALL_PACKET, jit_glue_packet, false);
	begin_call(j, A_CALL_TAIL, jit_glue_tail, true);
}
