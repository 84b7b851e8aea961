/* SPDX-License-Identifier: Apache-2.0 */
/* x86-64: loads, stores, atomics, and what checks them. */
#include "vm/jit/x86_64.h"

/* Extra of JIT_REST_ACCESS: it was not aligned, so no other check helps. */
#define CHECK_ALIGNMENT 1

/* Sets flags: BE when the address is in the current frame. R11 is lost. */
static void test_stack(struct jit *j, struct x_address m, unsigned bytes)
{
	m.disp += SKEP_STACK_SIZE;
	x_mem(j, W64, X_LEA, R11, m);
	x_rr(j, W64, X_SUB, RBP, R11);
	x_ri(j, W64, X_I_CMP, R11, SKEP_STACK_SIZE - (int32_t)bytes);
}

/* Sets flags: B when it is in the window. */
static void test_window(struct jit *j, struct x_address m, struct jit_access a)
{
	int32_t window = a.write ? RUN_OFF(write) : RUN_OFF(read);
	int32_t count =
		window + (int32_t)offsetof(struct vm_window, count) + 8 * __builtin_ctz(a.bytes);

	x_mem(j, W64, X_LEA, R11, m);
	x_rm(j, W64, X_SUB_LOAD, R11, RUN, window + (int32_t)offsetof(struct vm_window, lo));
	x_rm(j, W64, X_CMP_LOAD, R11, RUN, count);
}

static bool in_frame(struct x_address m, struct jit_access a)
{
	return m.base == RBP && m.index == X_NO_REG && m.disp >= -SKEP_STACK_SIZE &&
	       m.disp + a.bytes <= 0 && (!a.aligned || m.disp % a.bytes == 0);
}

static void set_address(struct jit_rest *rest, struct x_address m)
{
	rest->base = m.base;
	rest->index = m.index;
	rest->scale = m.scale;
	rest->disp = m.disp;
}

/* In checked code: jumps away unless the access is fine. @reg: the program's register that is the address. */
static void check(struct jit *j, uint32_t i, unsigned reg, struct x_address m, struct jit_access a)
{
	struct jit_rest *rest;
	size_t first = j->n_rests;

	if (!j->checked || in_frame(m, a))
		return;
	if (a.aligned && a.bytes > 1) {
		x_mem(j, W64, X_LEA, R11, m);
		x_rr(j, BYTE, 0xf6, 0, R11);
		jit_byte(j, a.bytes - 1u);
		rest = x_rest(j, JIT_REST_ACCESS, i, CC_NE);
		set_address(rest, m);
		rest->extra = CHECK_ALIGNMENT;
	}
	if (j->stackish >> reg & 1) {
		test_stack(j, m, a.bytes);
		rest = x_rest(j, JIT_REST_ACCESS, i, CC_A);
	} else {
		test_window(j, m, a);
		rest = x_rest(j, JIT_REST_ACCESS, i, CC_AE);
	}
	set_address(rest, m);
	for (size_t k = first; k < j->n_rests; k++)
		j->rests[k].back = (uint32_t)j->len;
}

/* The other quick check, then memory.c. */
void x_rest_access(struct jit *j, const struct jit_rest *rest)
{
	struct skep_insn insn = j->prog->insns[rest->insn];
	struct jit_access a = jit_access_of(insn);
	struct x_address m = { rest->base, rest->index, rest->scale, rest->disp };

	if (!(rest->extra & CHECK_ALIGNMENT)) {
		test_stack(j, m, a.bytes);
		x_jump_back(j, CC_BE, rest->back);
		test_window(j, m, a);
		x_jump_back(j, CC_B, rest->back);
	}
	x_mem(j, W64, X_LEA, R10, m);
	x_call_shared(j, X_CALL_ACCESS, rest->insn);
	if (!rest->after)
		return;
	x_rm(j, 0, 0x80, X_I_CMP, RUN, RUN_OFF(absent));
	jit_byte(j, 0);
	x_jump_back(j, CC_E, rest->back);
	x_rm(j, 0, 0xc6, 0, RUN, RUN_OFF(absent));
	jit_byte(j, 0);
	x_const(j, x_regs[insn.dst], 0);
	x_jump_back(j, CC_ALWAYS, rest->after);
}

static void load(struct jit *j, unsigned bytes, bool sign, unsigned dst, struct x_address m)
{
	switch (bytes) {
	case 1:
		x_mem(j, sign ? W64 : 0, sign ? X_MOVSX8 : X_MOVZX8, dst, m);
		break;
	case 2:
		x_mem(j, sign ? W64 : 0, sign ? X_MOVSX16 : X_MOVZX16, dst, m);
		break;
	case 4:
		x_mem(j, sign ? W64 : 0, sign ? X_MOVSXD : X_LOAD, dst, m);
		break;
	default:
		x_mem(j, W64, X_LOAD, dst, m);
		break;
	}
}

static unsigned width(unsigned bytes)
{
	return bytes == 8 ? W64 : bytes == 2 ? WORD : bytes == 1 ? BYTE : 0;
}

static void store_imm(struct jit *j, struct skep_insn insn, unsigned bytes, struct x_address m)
{
	x_mem(j, width(bytes), bytes == 1 ? 0xc6 : 0xc7, 0, m);
	jit_bytes(j, (uint64_t)(int64_t)insn.imm, bytes == 8 ? 4 : bytes);
}

static void store_reg(struct jit *j, struct skep_insn insn, unsigned bytes, struct x_address m)
{
	x_mem(j, width(bytes), bytes == 1 ? X_STORE8 : X_MOV, x_regs[insn.src], m);
}

/* or, and, xor that give the old value: until nobody came in between. */
static void fetch(struct jit *j, struct skep_insn insn, unsigned w, unsigned op)
{
	unsigned src = x_regs[insn.src], value = src == RAX ? R10 : src;
	size_t again;

	x_rm(j, W64, X_LEA, R11, x_regs[insn.dst], insn.off);
	x_mov(j, W64, RAX, R10);
	x_rm(j, w, X_LOAD, RAX, R11, 0);
	again = j->len;
	x_mov(j, W64, RAX, RDI);
	x_rr(j, w, op, value, RDI);
	x_rm(j, w | LOCK, X_CMPXCHG, RDI, R11, 0);
	x_over(j, CC_NE);
	j->code[j->len - 1] = (uint8_t)(again - j->len);
	x_mov(j, w, RAX, src);
	if (src != RAX)
		x_mov(j, W64, R10, RAX);
}

static void atomic(struct jit *j, struct skep_insn insn, unsigned bytes, struct x_address m)
{
	unsigned w = width(bytes), src = x_regs[insn.src], dst = x_regs[insn.dst];

	switch (insn.imm) {
	case SKEP_ATOMIC_ADD:
		x_rm(j, w | LOCK, X_ADD, src, dst, insn.off);
		break;
	case SKEP_ATOMIC_OR:
		x_rm(j, w | LOCK, X_OR, src, dst, insn.off);
		break;
	case SKEP_ATOMIC_AND:
		x_rm(j, w | LOCK, X_AND, src, dst, insn.off);
		break;
	case SKEP_ATOMIC_XOR:
		x_rm(j, w | LOCK, X_XOR, src, dst, insn.off);
		break;
	case SKEP_ATOMIC_ADD | SKEP_ATOMIC_FETCH:
		x_rm(j, w | LOCK, X_XADD, src, dst, insn.off);
		break;
	case SKEP_ATOMIC_OR | SKEP_ATOMIC_FETCH:
		fetch(j, insn, w, X_OR);
		break;
	case SKEP_ATOMIC_AND | SKEP_ATOMIC_FETCH:
		fetch(j, insn, w, X_AND);
		break;
	case SKEP_ATOMIC_XOR | SKEP_ATOMIC_FETCH:
		fetch(j, insn, w, X_XOR);
		break;
	case SKEP_ATOMIC_XCHG:
		x_rm(j, w, X_XCHG, src, dst, insn.off);
		break;
	case SKEP_ATOMIC_CMPXCHG:
		x_rm(j, w | LOCK, X_CMPXCHG, src, dst, insn.off);
		if (!(w & W64))
			x_mov(j, 0, RAX, RAX);
		break;
	case SKEP_ATOMIC_LOAD_ACQ: /* on this CPU loads and stores are in order */
		load(j, bytes, false, dst, m);
		break;
	case SKEP_ATOMIC_STORE_REL:
		store_reg(j, insn, bytes, m);
		break;
	default:
		break;
	}
}

void x_memory(struct jit *j, uint32_t i)
{
	struct skep_insn insn = j->prog->insns[i];
	struct jit_access a = jit_access_of(insn);
	unsigned class = skep_insn_class(insn);
	unsigned reg = class == SKEP_CLASS_LDX || !a.write ? insn.src : insn.dst;
	struct x_address m = x_address_of(j, reg, insn.off);
	size_t first = j->n_rests;

	check(j, i, reg, m, a);
	if (class == SKEP_CLASS_LDX) {
		load(j, a.bytes, (insn.opcode & SKEP_MODE_MASK) == SKEP_MODE_MEMSX,
		     x_regs[insn.dst], m);
		jit_may_be_absent(j, first);
	} else if (class == SKEP_CLASS_ST)
		store_imm(j, insn, a.bytes, m);
	else if (a.aligned)
		atomic(j, insn, a.bytes, m);
	else
		store_reg(j, insn, a.bytes, m);
}
