/* SPDX-License-Identifier: Apache-2.0 */
/* x86-64: arithmetic, and which instruction goes where. */
#include "vm/jit/x86_64.h"

#include <cpuid.h>

#define LOOP_ALIGN 16u

bool jit_cpu_here(void)
{
	return true;
}

/* Division. */

enum {
	DIV_MOD = 1,
	DIV_64 = 2
}; /* extra of X_REST_ZERO and X_REST_MINUS, base is the register */

static void divide_by_zero(struct jit *j, unsigned dst, bool wide, bool mod)
{
	if (!mod)
		x_const(j, dst, 0);
	else if (!wide)
		x_mov(j, 0, dst, dst);
}

static void divide_by_minus_one(struct jit *j, unsigned dst, bool wide, bool mod)
{
	if (mod)
		x_const(j, dst, 0);
	else
		x_rr(j, wide ? W64 : 0, 0xf7, 3, dst);
}

/* Divides @dst by R11, which is neither 0 nor (signed) -1. R10 and RDI keep RAX and RDX. */
static void divide(struct jit *j, unsigned dst, bool wide, bool mod, bool is_signed)
{
	unsigned w = wide ? W64 : 0;

	if (dst != RAX) {
		x_mov(j, W64, RAX, R10);
		x_mov(j, W64, dst, RAX);
	}
	if (dst != RDX)
		x_mov(j, W64, RDX, RDI);
	if (is_signed)
		x_head(j, w, 0x99, 0, 0); /* cdq, cqo */
	else
		x_rr(j, 0, X_XOR, RDX, RDX);
	x_rr(j, w, 0xf7, is_signed ? 7 : 6, R11);
	if (dst != (mod ? RDX : RAX))
		x_mov(j, w, mod ? RDX : RAX, dst);
	if (dst != RAX)
		x_mov(j, W64, R10, RAX);
	if (dst != RDX)
		x_mov(j, W64, RDI, RDX);
}

static void divide_reg(struct jit *j, unsigned dst, unsigned src, bool wide, bool mod,
		       bool is_signed)
{
	unsigned w = wide ? W64 : 0;
	struct jit_rest *rest[2] = {};

	x_mov(j, w, src, R11);
	x_rr(j, w, X_TEST, R11, R11);
	rest[0] = x_rest(j, (enum jit_rest_kind)X_REST_ZERO, 0, CC_E);
	rest[0]->base = (uint8_t)dst;
	rest[0]->extra = (mod ? DIV_MOD : 0) | (wide ? DIV_64 : 0);
	if (is_signed) {
		x_ri(j, w, X_I_CMP, R11, -1);
		rest[1] = x_rest(j, (enum jit_rest_kind)X_REST_MINUS, 0, CC_E);
		rest[1]->base = (uint8_t)dst;
		rest[1]->extra = (mod ? DIV_MOD : 0) | (wide ? DIV_64 : 0);
	}
	/* The array may have moved: they are the last ones. */
	divide(j, dst, wide, mod, is_signed);
	for (size_t k = 1; k <= (is_signed ? 2u : 1u) && k <= j->n_rests; k++)
		j->rests[j->n_rests - k].back = (uint32_t)j->len;
}

static void shift_imm(struct jit *j, unsigned w, unsigned op, unsigned dst, unsigned count)
{
	count &= w ? 63 : 31;
	if (count == 0) {
		x_mov(j, w, dst, dst);
		return;
	}
	x_rr(j, w, 0xc1, op, dst);
	jit_byte(j, count);
}

static void divide_imm(struct jit *j, unsigned dst, int32_t imm, bool wide, bool mod,
		       bool is_signed)
{
	uint64_t y = wide ? (uint64_t)(int64_t)imm : (uint32_t)imm;
	unsigned w = wide ? W64 : 0;

	if (y == 0) {
		divide_by_zero(j, dst, wide, mod);
	} else if (is_signed && imm == -1) {
		divide_by_minus_one(j, dst, wide, mod);
	} else if (!is_signed && (y & (y - 1)) == 0 && y <= 1u << 31) {
		if (mod)
			x_ri(j, w, X_I_AND, dst, (int32_t)(y - 1));
		else
			shift_imm(j, w, 5, dst, (unsigned)__builtin_ctzll(y));
	} else {
		x_const(j, R11, y);
		divide(j, dst, wide, mod, is_signed);
	}
}

/* Shifts by a register. */
static void shift_reg(struct jit *j, unsigned w, unsigned op, unsigned dst, unsigned src)
{
	/* Of op 4 shl, 5 shr, 7 sar: shlx, shrx, sarx. */
	static const uint8_t prefix[8] = { [4] = 1, [5] = 3, [7] = 2 };

	if (j->fast_shifts) {
		jit_byte(j, 0xc4);
		jit_byte(j, (dst & 8 ? 0 : 0x80) | 0x40 | (dst & 8 ? 0 : 0x20) | 2);
		jit_byte(j, (w ? 0x80 : 0) | (~src & 15) << 3 | prefix[op]);
		jit_byte(j, 0xf7);
		jit_byte(j, 0xc0 | (dst & 7) << 3 | (dst & 7));
		return;
	}
	x_mov(j, W64, dst, R11);
	x_mov(j, W64, RCX, R10);
	x_mov(j, W64, src, RCX);
	x_rr(j, w, 0xd3, op, R11);
	x_mov(j, W64, R10, RCX);
	x_mov(j, w, R11, dst);
}

static void swap_bytes(struct jit *j, unsigned dst, unsigned bits)
{
	if (bits == 16) {
		x_rr(j, WORD, 0xc1, 0, dst); /* rol */
		jit_byte(j, 8);
		x_rr(j, 0, X_MOVZX16, dst, dst);
		return;
	}
	x_head(j, bits == 64 ? W64 : 0, 0x0fc8 | (dst & 7), 0, dst);
}

static void byte_order(struct jit *j, struct skep_insn insn, unsigned dst)
{
	bool always = skep_insn_class(insn) == SKEP_CLASS_ALU64, be = insn.opcode & SKEP_SRC_X;

	if (always || be)
		swap_bytes(j, dst, (unsigned)insn.imm);
	else if (insn.imm == 16)
		x_rr(j, 0, X_MOVZX16, dst, dst);
	else if (insn.imm == 32)
		x_mov(j, 0, dst, dst);
}

static void move(struct jit *j, struct skep_insn insn, unsigned w, unsigned dst, unsigned src)
{
	if (!(insn.opcode & SKEP_SRC_X))
		x_const(j, dst, w ? (uint64_t)(int64_t)insn.imm : (uint32_t)insn.imm);
	else if (insn.off == 8)
		x_rr(j, w | BYTE, X_MOVSX8, dst, src);
	else if (insn.off == 16)
		x_rr(j, w, X_MOVSX16, dst, src);
	else if (insn.off == 32)
		x_rr(j, W64, X_MOVSXD, dst, src);
	else
		x_mov(j, w, src, dst);
}

static void multiply(struct jit *j, struct skep_insn insn, unsigned w, unsigned dst, unsigned src)
{
	if (insn.opcode & SKEP_SRC_X) {
		x_rr(j, w, X_IMUL, dst, src);
		return;
	}
	x_rr(j, w, x_fits8(insn.imm) ? 0x6b : 0x69, dst, dst);
	jit_bytes(j, (uint64_t)(int64_t)insn.imm, x_fits8(insn.imm) ? 1 : 4);
}

static void arithmetic(struct jit *j, uint32_t i)
{
	/* By operation >> 4: of a register, of a constant. */
	static const uint8_t regs[16] = { X_ADD, X_SUB, 0, 0, X_OR, X_AND, 0, 0, 0, 0, X_XOR };
	static const uint8_t imms[16] = { X_I_ADD, X_I_SUB, 0, 0, X_I_OR, X_I_AND,
					  0,	   0,	    0, 0, X_I_XOR };
	struct skep_insn insn = j->prog->insns[i];
	bool wide = skep_insn_class(insn) == SKEP_CLASS_ALU64, reg = insn.opcode & SKEP_SRC_X;
	unsigned w = wide ? W64 : 0, op = insn.opcode & SKEP_OP_MASK;
	unsigned dst = x_regs[insn.dst], src = reg ? x_regs[insn.src] : 0;
	unsigned shift = op == SKEP_ALU_LSH ? 4 : op == SKEP_ALU_RSH ? 5 : 7;

	switch (op) {
	case SKEP_ALU_MUL:
		multiply(j, insn, w, dst, src);
		break;
	case SKEP_ALU_DIV:
	case SKEP_ALU_MOD:
		if (reg)
			divide_reg(j, dst, src, wide, op == SKEP_ALU_MOD, insn.off == 1);
		else
			divide_imm(j, dst, insn.imm, wide, op == SKEP_ALU_MOD, insn.off == 1);
		break;
	case SKEP_ALU_LSH:
	case SKEP_ALU_RSH:
	case SKEP_ALU_ARSH:
		if (reg)
			shift_reg(j, w, shift, dst, src);
		else
			shift_imm(j, w, shift, dst, (unsigned)insn.imm);
		break;
	case SKEP_ALU_NEG:
		x_rr(j, w, 0xf7, 3, dst);
		break;
	case SKEP_ALU_MOV:
		move(j, insn, w, dst, src);
		break;
	case SKEP_ALU_END:
		byte_order(j, insn, dst);
		break;
	default:
		if (reg)
			x_rr(j, w, regs[op >> 4], src, dst);
		else
			x_ri(j, w, imms[op >> 4], dst, insn.imm);
		break;
	}
}

static uint32_t emit(struct jit *j, uint32_t i)
{
	struct skep_insn insn = j->prog->insns[i];
	uint16_t code = j->prog->ops[i].code;

	if (code >= SKEP_N_OPS || code == SKEP_OP_ADDR_SPACE_CAST || code == SKEP_OP_JAX)
		return x_flow(j, i);
	switch (skep_insn_class(insn)) {
	case SKEP_CLASS_ALU:
	case SKEP_CLASS_ALU64:
		arithmetic(j, i);
		return 1;
	case SKEP_CLASS_LDX:
	case SKEP_CLASS_ST:
	case SKEP_CLASS_STX:
		x_memory(j, i);
		return 1;
	default:
		if (!skep_insn_is_wide(insn))
			return x_flow(j, i);
		x_const(j, x_regs[insn.dst], (uint64_t)j->prog->ops[i].imm);
		return 2;
	}
}

/* The head of a loop begins at a multiple of 16. */
static void align(struct jit *j, uint32_t i)
{
	/* Recommended forms of no operation, by length. (Intel SDM volume 2, NOP) */
	static const uint8_t nops[][9] = {
		{ 0x90 },
		{ 0x66, 0x90 },
		{ 0x0f, 0x1f, 0x00 },
		{ 0x0f, 0x1f, 0x40, 0x00 },
		{ 0x0f, 0x1f, 0x44, 0x00, 0x00 },
		{ 0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00 },
		{ 0x0f, 0x1f, 0x80, 0x00, 0x00, 0x00, 0x00 },
		{ 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00 },
		{ 0x66, 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00 },
	};

	while (j->len % LOOP_ALIGN) {
		size_t n = MIN(LOOP_ALIGN - j->len % LOOP_ALIGN, ARRAY_SIZE(nops));

		for (size_t k = 0; k < n; k++)
			jit_byte(j, nops[n - 1][k]);
	}
	j->at[i] = (uint32_t)j->len;
}

uint32_t jit_cpu_insn(struct jit *j, uint32_t i)
{
	uint16_t live = jit_live_after(j, i);
	uint32_t n = 1;

	if (j->marks[i] & JIT_LOOP)
		align(j, i);
	if (!x_defer(j, i, live)) {
		x_prepare(j, i, live);
		n = emit(j, i);
		x_written(j, i);
	}
	x_keep_only(j, live);
	if (i + n < j->func->end && j->marks[i + n] & JIT_TARGET)
		x_settle_all(j, live);
	return n;
}

void jit_cpu_enter(struct jit *j)
{
	x_keep_only(j, 0);
	x_enter(j);
}

void jit_cpu_rest(struct jit *j, const struct jit_rest *rest)
{
	bool wide = rest->extra & DIV_64, mod = rest->extra & DIV_MOD;

	x_set_long(j, rest->at, (uint32_t)j->len);
	switch ((int)rest->kind) {
	case JIT_REST_ACCESS:
		x_rest_access(j, rest);
		break;
	case JIT_REST_FAULT:
		x_const(j, R10, (uint64_t)rest->extra);
		x_call_shared(j, X_CALL_FAULT, rest->insn);
		return; /* it does not come back */
	case JIT_REST_HELPER:
		x_call_shared(j, X_CALL_HELPER, rest->insn);
		break;
	case X_REST_ZERO:
		divide_by_zero(j, rest->base, wide, mod);
		break;
	case X_REST_MINUS:
		divide_by_minus_one(j, rest->base, wide, mod);
		break;
	default:
		break;
	}
	x_jump_back(j, CC_ALWAYS, rest->back);
}

bool jit_cpu_patch(struct jit *j, const struct jit_fix *fix, uint32_t target)
{
	int64_t distance = (int64_t)target - fix->at - 1;

	if (fix->kind != JIT_FIX_SHORT) {
		x_set_long(j, fix->at, target);
		return true;
	}
	if (!x_fits8(distance))
		return false;
	j->code[fix->at] = (uint8_t)distance;
	return true;
}

/* Bytes that aligning loops may put between two instructions. */
static int64_t padding(const struct jit *j, uint32_t a, uint32_t b)
{
	int64_t bytes = 0;

	for (uint32_t i = MIN(a, b); i <= MAX(a, b); i++)
		bytes += j->marks[i] & JIT_LOOP ? LOOP_ALIGN - 1 : 0;
	return bytes;
}

/* With all jumps long, everything but padding is at most nearer later on: what is near now stays so. */
bool jit_cpu_again(struct jit *j)
{
	for (size_t k = 0; k < j->n_fixes; k++) {
		const struct jit_fix *fix = &j->fixes[k];
		int64_t distance = (int64_t)j->at[fix->insn] - fix->at, more;

		if (fix->kind != JIT_FIX_LONG || distance <= -120 || distance >= 120)
			continue;
		more = padding(j, fix->jumps, fix->insn);
		if (distance - more > -120 && distance + more < 120)
			j->marks[fix->jumps] |= JIT_SHORT;
	}
	return true;
}

/* Shared code. */

/* Keeps R1 to R5, and R0 where C gives nothing back for it; R11: the instruction's number. */
static void begin_call(struct jit *j, enum x_call which, jit_glue_fn *fn, bool keeps_r0)
{
	static const uint8_t kept[] = { RSI, RDX, RCX, R8, R9, RAX, R10 };

	j->calls[which] = (uint32_t)j->len;
	for (size_t k = 0; k < ARRAY_SIZE(kept); k++)
		x_push(j, kept[k]);
	/* run->op = run->prog->ops + R11; run->stack_lo = RBP - 512 */
	_Static_assert(sizeof(struct vm_op) == 16, "shifted by 4");
	x_rr(j, 0, 0xc1, 4, R11);
	jit_byte(j, 4);
	x_rm(j, W64, X_LOAD, R10, RUN, RUN_OFF(prog));
	x_rm(j, W64, 0x03, R11, R10, offsetof(struct vm_prog, ops));
	x_rm(j, W64, X_MOV, R11, RUN, RUN_OFF(op));
	x_rm(j, W64, X_LEA, R10, RBP, -SKEP_STACK_SIZE);
	x_rm(j, W64, X_MOV, R10, RUN, RUN_OFF(stack_lo));
	x_rm(j, W64, X_LEA, RDI, RUN, -(int32_t)RUN_MIDDLE);
	x_const(j, R10, (uint64_t)(uintptr_t)fn);
	x_rr(j, 0, 0xff, 2, R10);
	if (keeps_r0)
		x_mov(j, W64, RAX, R10);
	x_ri(j, W64, X_I_ADD, RSP, keeps_r0 ? 8 : 16);
	for (size_t k = keeps_r0 ? 6 : 5; k > 0; k--)
		x_pop(j, kept[k - 1]);
	x_rm(j, 0, 0x80, X_I_CMP, RUN, RUN_OFF(stop));
	jit_byte(j, 0);
	x_jump_back(j, CC_NE, j->out);
	jit_byte(j, 0xc3);
}

/* R6 to R9, as bits, as far as the program has to do with them; what it jumps to may have with all. */
static unsigned kept_regs(const struct jit *j)
{
	unsigned named = 0;

	if (j->tails)
		return 15;
	for (uint32_t i = 0; i < j->prog->n_insns; i++)
		named |= 1u << j->prog->insns[i].dst | 1u << j->prog->insns[i].src;
	return named >> SKEP_R6 & 15;
}

/*
 * How C enters (jit.c, enter_fn), and how a program ends early: it returns to behind the call here, wherever it is, or to
 * that of the program that jumped to it. Of two programs each knows only what it pushed itself.
 */
static void begin_program(struct jit *j)
{
	unsigned kept = kept_regs(j);
	bool pad = __builtin_popcount(kept) % 2 == 0;

	x_push(j, RBP);
	x_push(j, R12);
	for (unsigned k = 0; k < 4; k++)
		if (kept >> k & 1)
			x_push(j, x_regs[SKEP_R6 + k]);
	if (pad)
		x_ri(j, W64, X_I_SUB, RSP, 8);
	x_rm(j, W64, X_LEA, RUN, RDI, (int32_t)RUN_MIDDLE);
	x_mov(j, W64, RCX, RBP);
	x_mov(j, W64, RDX, R10);
	x_mov(j, W64, RSI, R11);
	x_rm(j, W64, X_MOV, RSP, RUN, RUN_OFF(native_sp));
	for (unsigned k = 0; k < 5; k++)
		x_rm(j, W64, X_LOAD, x_regs[1 + k], R11, (int32_t)k * 8);
	x_const(j, RAX, 0);
	for (unsigned k = 0; k < 4; k++)
		if (kept >> k & 1)
			x_const(j, x_regs[SKEP_R6 + k], 0);
	x_rr(j, 0, 0xff, 2, R10);
	if (pad)
		x_ri(j, W64, X_I_ADD, RSP, 8);
	for (unsigned k = 4; k > 0; k--)
		if (kept >> (k - 1) & 1)
			x_pop(j, x_regs[SKEP_R6 + k - 1]);
	x_pop(j, R12);
	x_pop(j, RBP);
	jit_byte(j, 0xc3);
	j->out = (uint32_t)j->len;
	x_rm(j, W64, X_LOAD, RSP, RUN, RUN_OFF(native_sp));
	x_ri(j, W64, X_I_SUB, RSP, 8);
	x_const(j, RAX, 0);
	jit_byte(j, 0xc3);
}

/* BMI2 has shifts by a register. CPUID takes microseconds in virtual machines, so it is asked once. */
static bool has_fast_shifts(void)
{
	static int has = -1;
	unsigned a, b = 0, c, d;

	if (has < 0)
		has = __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_BMI2);
	return has;
}

void jit_cpu_begin(struct jit *j)
{
	j->fast_shifts = has_fast_shifts();
	begin_program(j);
	begin_call(j, X_CALL_HELPER, jit_glue_helper, false);
	begin_call(j, X_CALL_OWN_HELPER, jit_glue_own_helper, false);
	begin_call(j, X_CALL_CALLX, jit_glue_callx, false);
	begin_call(j, X_CALL_ACCESS, jit_glue_access, true);
	begin_call(j, X_CALL_FAULT, jit_glue_fault, true);
	begin_call(j, X_CALL_PACKET, jit_glue_packet, false);
	begin_call(j, X_CALL_TAIL, jit_glue_tail, true);
}
