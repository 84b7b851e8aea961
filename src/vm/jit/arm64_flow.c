/* SPDX-License-Identifier: Apache-2.0 */
/* AArch64: jumps, functions, calls. */
#include "vm/helpers/helpers.h"
#include "vm/jit/arm64.h"
#include "vm/maps/maps.h"

/* What a function puts on the machine's stack: where it returns to, if it calls, and the registers it has to keep. */
static unsigned kept(const struct jit_func *f, uint8_t regs[6])
{
	unsigned n = 0;

	if (f->frame)
		regs[n++] = X30;
	for (unsigned k = 0; k < 4; k++)
		if (f->saves >> k & 1)
			regs[n++] = a_regs[SKEP_R6 + k];
	if (n % 2) /* SP is a multiple of 16 */
		regs[n++] = XZR;
	return n;
}

void jit_cpu_enter(struct jit *j)
{
	uint8_t regs[6];
	unsigned n = kept(j->func, regs);

	for (unsigned k = 0; k < n; k += 2)
		a_push(j, regs[k], regs[k + 1]);
	if (j->func->frame)
		a_add(j, W64, FRAME, FRAME, -SKEP_STACK_SIZE);
}

static void leave(struct jit *j)
{
	uint8_t regs[6];

	if (j->func->frame)
		a_add(j, W64, FRAME, FRAME, SKEP_STACK_SIZE);
	for (unsigned k = kept(j->func, regs); k > 0; k -= 2)
		a_pop(j, regs[k - 2], regs[k - 1]);
}

static void fault(struct jit *j, uint32_t i, uint32_t branch, enum skep_vm_fault_kind kind)
{
	a_rest(j, JIT_REST_FAULT, i, branch)->extra = (int32_t)kind;
}

static void count_step(struct jit *j)
{
	a_run_load(j, 8, X9, RUN_OFF(steps));
	a_count_down(j, X9);
	a_run_store(j, 8, X9, RUN_OFF(steps));
}

/* Where checked programs go backwards, their steps are counted. */
static void jump(struct jit *j, uint32_t i, uint32_t branch)
{
	int32_t off = j->prog->ops[i].off;
	uint32_t target = (uint32_t)((int64_t)i + 1 + off), over = 0;

	if (!j->checked || off >= 0) {
		jit_fix(j, JIT_FIX_LONG, a_branch(j, branch), target, i);
		return;
	}
	if (branch != A_B)
		over = a_over(j, a_opposite(branch));
	count_step(j);
	jit_fix(j, JIT_FIX_LONG, a_branch(j, A_BCC | CC_PL), target, i);
	fault(j, i, A_B, SKEP_VM_FAULT_STEPS);
	if (over)
		a_here(j, over);
}

/* Over a jump, as clang ends loops: that one jumps otherwise. */
static uint32_t jump_if(struct jit *j, uint32_t i, uint32_t branch)
{
	if (j->prog->ops[i].off != 1 || !jit_goes_on(j, i) ||
	    (j->prog->ops[i + 1].code != SKEP_OP_JA && j->prog->ops[i + 1].code != SKEP_OP_JAL)) {
		jump(j, i, branch);
		return 1;
	}
	jump(j, i + 1, a_opposite(branch));
	return 2;
}

static uint32_t branch(struct jit *j, uint32_t i)
{
	static const uint8_t conditions[16] = {
		[SKEP_JMP_JEQ >> 4] = CC_EQ,  [SKEP_JMP_JGT >> 4] = CC_HI,
		[SKEP_JMP_JGE >> 4] = CC_HS,  [SKEP_JMP_JSET >> 4] = CC_NE,
		[SKEP_JMP_JNE >> 4] = CC_NE,  [SKEP_JMP_JSGT >> 4] = CC_GT,
		[SKEP_JMP_JSGE >> 4] = CC_GE, [SKEP_JMP_JLT >> 4] = CC_LO,
		[SKEP_JMP_JLE >> 4] = CC_LS,  [SKEP_JMP_JSLT >> 4] = CC_LT,
		[SKEP_JMP_JSLE >> 4] = CC_LE,
	};
	struct skep_insn insn = j->prog->insns[i];
	unsigned op = insn.opcode & SKEP_OP_MASK, dst = a_value(j, insn.dst, X9);
	uint32_t w = skep_insn_class(insn) == SKEP_CLASS_JMP ? W64 : 0;
	bool set = op == SKEP_JMP_JSET;

	if (insn.opcode & SKEP_SRC_X)
		a_rrr(j, w, set ? A_ANDS : A_SUBS, XZR, dst, a_value(j, insn.src, X10));
	else if (set)
		a_logic(j, w, A_ANDS, XZR, dst, (uint64_t)(int64_t)insn.imm);
	else if (insn.imm == 0 && (op == SKEP_JMP_JEQ || op == SKEP_JMP_JNE))
		return jump_if(j, i, (op == SKEP_JMP_JEQ ? A_CBZ : A_CBNZ) | w | A_ON(dst));
	else
		a_compare(j, w, dst, insn.imm);
	return jump_if(j, i, A_BCC | conditions[op >> 4]);
}

static void may_goto(struct jit *j, uint32_t i)
{
	uint32_t over;

	a_run_load(j, 4, X9, RUN_OFF(may_goto));
	over = a_over(j, A_CBNZ | A_ON(X9));
	jump(j, i, A_B);
	a_here(j, over);
	a_add(j, 0, X9, X9, -1);
	a_run_store(j, 4, X9, RUN_OFF(may_goto));
}

static void call_local(struct jit *j, uint32_t i)
{
	const struct vm_func *func = (const struct vm_func *)(uintptr_t)j->prog->ops[i].imm;

	if (j->checked) {
		count_step(j);
		fault(j, i, A_BCC | CC_MI, SKEP_VM_FAULT_STEPS);
	}
	/* Nothing is below the frame that begins with the stack. */
	a_add(j, W64, X9, RUN, -(int64_t)RUN_START);
	a_rrr(j, W64, A_SUBS, XZR, FRAME, X9);
	fault(j, i, A_BCC | CC_LS, SKEP_VM_FAULT_DEPTH);
	jit_fix(j, JIT_FIX_CALL, a_branch(j, A_BL), func->start, i);
	if (j->tails_and_calls) {
		a_const(j, X9, (uint64_t)(uintptr_t)j->prog);
		a_run_store(j, 8, X9, RUN_OFF(prog));
	}
}

static void tail_call(struct jit *j, uint32_t i)
{
	uint32_t over;

	a_call_shared(j, A_CALL_TAIL, i);
	over = a_over(j, A_CBZ | W64 | A_ON(X6));
	leave(j);
	a_branch_reg(j, A_BR, X6);
	a_here(j, over);
}

/* Unless the embedder has something to say. */
static void unless_embedder(struct jit *j, uint32_t i)
{
	a_run_load(j, 8, X9, RUN_OFF(env.helper));
	a_rest(j, JIT_REST_HELPER, i, A_CBNZ | W64 | A_ON(X9));
}

/* The value's address from the index at R2. In checked code keys on the stack only; others go the long way. */
static void look_up_array(struct jit *j, uint32_t i, const struct skep_vm_map *map)
{
	size_t first = j->n_rests;

	unless_embedder(j, i);
	if (j->checked) {
		a_rrr(j, W64, A_SUB, X9, X2, FRAME);
		a_compare(j, W64, X9, SKEP_STACK_SIZE - 4);
		a_rest(j, JIT_REST_HELPER, i, A_BCC | CC_HI);
	}
	a_mem(j, A_LDR, 4, X9, X2, 0);
	a_const(j, X11, (uint64_t)(uintptr_t)map->values);
	a_compare(j, 0, X9, map->max_entries);
	if ((map->stride & (map->stride - 1)) == 0) {
		a_rrr(j, W64, A_ADD | A_LEFT(__builtin_ctz(map->stride)), X0, X11, X9);
	} else {
		a_const(j, X10, map->stride);
		a_rrr(j, 0, A_UMADDL | A_PLUS(X11), X0, X9, X10);
	}
	a_rrr(j, W64, A_CSEL | A_WHEN(CC_LO), X0, X0, XZR);
	a_rests_here(j, first);
}

/* Unchecked: straight into the helper. */
static void call_direct(struct jit *j, uint32_t i, const struct vm_helper *helper)
{
	size_t first = j->n_rests;

	unless_embedder(j, i);
	a_const(j, X9, (uint64_t)(uintptr_t)&j->prog->ops[i]);
	a_run_store(j, 8, X9, RUN_OFF(op));
	a_run_store(j, 8, FRAME, RUN_OFF(stack_lo));
	a_add(j, W64, X0, RUN, -(int64_t)RUN_START);
	a_const(j, X17, (uint64_t)(uintptr_t)helper->fn);
	a_branch_reg(j, A_BLR, X17);
	a_run_load(j, 1, X9, RUN_OFF(stop));
	a_back(j, A_CBNZ | A_ON(X9), j->out);
	a_rests_here(j, first);
}

static void call_helper(struct jit *j, uint32_t i)
{
	const struct vm_helper *helper = vm_ptr((uint64_t)j->prog->ops[i].imm);
	const struct skep_vm_map *map = j->r1_map;

	if (helper->about->id == SKEP_HELPER_MAP_LOOKUP_ELEM && map &&
	    map->kind->id == SKEP_MAP_ARRAY && map->ops == &vm_array_ops &&
	    map->max_entries <= INT32_MAX)
		look_up_array(j, i, map);
	else if (!j->checked && helper->fn)
		call_direct(j, i, helper);
	else
		a_call_shared(j, A_CALL_HELPER, i);
}

/* The historical loads: the program ends with 0 when the packet is not that long. */
static void load_packet(struct jit *j, uint32_t i)
{
	struct skep_insn insn = j->prog->insns[i];

	if ((insn.opcode & SKEP_MODE_MASK) == SKEP_MODE_IND) {
		a_mov(j, 0, X6, a_value(j, insn.src, X6));
		a_add(j, W64, X6, X6, insn.imm);
	} else {
		a_const(j, X6, (uint64_t)(int64_t)insn.imm);
	}
	a_call_shared(j, A_CALL_PACKET, i);
	a_compare(j, W64, X0, -1);
	a_back(j, A_BCC | CC_EQ, j->out);
}

uint32_t a_flow(struct jit *j, uint32_t i)
{
	switch ((int)j->prog->ops[i].code) {
	case SKEP_OP_EXIT:
		leave(j);
		a_branch_reg(j, A_RET, X30);
		break;
	case SKEP_OP_JA:
	case SKEP_OP_JAL:
		jump(j, i, A_B);
		break;
	case SKEP_OP_MAY_GOTO:
		may_goto(j, i);
		break;
	case SKEP_OP_CALL_HELPER:
		call_helper(j, i);
		break;
	case SKEP_OP_CALL_LOCAL:
		call_local(j, i);
		break;
	case VM_CODE_TAIL_CALL:
		tail_call(j, i);
		break;
	case VM_CODE_OWN_HELPER:
		a_call_shared(j, A_CALL_OWN_HELPER, i);
		break;
	case VM_CODE_CALLX:
		a_mov(j, W64, X6, a_value(j, j->prog->insns[i].dst, X6));
		a_call_shared(j, A_CALL_CALLX, i);
		break;
	case SKEP_OP_LD_ABS_B:
	case SKEP_OP_LD_ABS_H:
	case SKEP_OP_LD_ABS_W:
	case SKEP_OP_LD_IND_B:
	case SKEP_OP_LD_IND_H:
	case SKEP_OP_LD_IND_W:
		load_packet(j, i);
		break;
	case SKEP_OP_JAX:
	case SKEP_OP_ADDR_SPACE_CAST:
	case SKEP_OP_CALL_KFUNC:
	case VM_CODE_TRAP:
		fault(j, i, A_B, SKEP_VM_FAULT_INSN);
		return skep_insn_is_wide(j->prog->insns[i]) ? 2 : 1;
	default:
		return branch(j, i);
	}
	return 1;
}
