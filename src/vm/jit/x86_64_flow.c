/* SPDX-License-Identifier: Apache-2.0 */
/* x86-64: jumps, functions, calls. */
#include "vm/helpers/helpers.h"
#include "vm/jit/x86_64.h"
#include "vm/maps/maps.h"

static bool pads(const struct jit_func *f)
{
	return f->frame && __builtin_popcount(f->saves) % 2 == 0;
}

/* RSP is a multiple of 16 in functions with a frame. */
void x_enter(struct jit *j)
{
	for (unsigned k = 0; k < 4; k++)
		if (j->func->saves >> k & 1)
			x_push(j, x_regs[SKEP_R6 + k]);
	if (pads(j->func))
		x_ri(j, W64, X_I_SUB, RSP, 8);
	if (j->func->frame)
		x_ri(j, W64, X_I_SUB, RBP, SKEP_STACK_SIZE);
}

void x_exit(struct jit *j)
{
	if (j->func->frame)
		x_ri(j, W64, X_I_ADD, RBP, SKEP_STACK_SIZE);
	if (pads(j->func))
		x_ri(j, W64, X_I_ADD, RSP, 8);
	for (unsigned k = 4; k > 0; k--)
		if (j->func->saves >> (k - 1) & 1)
			x_pop(j, x_regs[SKEP_R6 + k - 1]);
}

static void fault(struct jit *j, uint32_t i, unsigned cc, enum skep_vm_fault_kind kind)
{
	x_rest(j, JIT_REST_FAULT, i, cc)->extra = (int32_t)kind;
}

static void jump_to(struct jit *j, uint32_t i, unsigned cc, uint32_t target)
{
	if (j->marks[i] & JIT_SHORT) {
		jit_byte(j, cc == CC_ALWAYS ? 0xeb : 0x70 | cc);
		jit_byte(j, 0);
		jit_fix(j, JIT_FIX_SHORT, (uint32_t)j->len - 1, target, i);
		return;
	}
	jit_fix(j, JIT_FIX_LONG, x_jump_long(j, cc), target, i);
}

/* Where checked programs go backwards, their steps are counted. */
static void jump(struct jit *j, uint32_t i, unsigned cc)
{
	int32_t off = j->prog->ops[i].off;
	uint32_t target = (uint32_t)((int64_t)i + 1 + off);
	size_t over = 0;

	if (!j->checked || off >= 0) {
		jump_to(j, i, cc, target);
		return;
	}
	if (cc != CC_ALWAYS)
		over = x_over(j, cc ^ 1);
	x_mi(j, W64, X_I_SUB, RUN, RUN_OFF(steps), 1);
	jump_to(j, i, CC_NS, target);
	fault(j, i, CC_ALWAYS, SKEP_VM_FAULT_STEPS);
	if (over)
		x_here(j, over);
}

/* Jumps when @cc. Over a jump, as clang ends loops: that one jumps otherwise. */
static uint32_t jump_if(struct jit *j, uint32_t i, unsigned cc)
{
	if (j->prog->ops[i].off != 1 || !jit_goes_on(j, i) ||
	    (j->prog->ops[i + 1].code != SKEP_OP_JA && j->prog->ops[i + 1].code != SKEP_OP_JAL)) {
		jump(j, i, cc);
		return 1;
	}
	jump(j, i + 1, cc ^ 1);
	return 2;
}

static uint32_t branch(struct jit *j, uint32_t i)
{
	static const uint8_t conditions[16] = {
		[SKEP_JMP_JEQ >> 4] = CC_E,   [SKEP_JMP_JGT >> 4] = CC_A,
		[SKEP_JMP_JGE >> 4] = CC_AE,  [SKEP_JMP_JSET >> 4] = CC_NE,
		[SKEP_JMP_JNE >> 4] = CC_NE,  [SKEP_JMP_JSGT >> 4] = CC_G,
		[SKEP_JMP_JSGE >> 4] = CC_GE, [SKEP_JMP_JLT >> 4] = CC_B,
		[SKEP_JMP_JLE >> 4] = CC_BE,  [SKEP_JMP_JSLT >> 4] = CC_L,
		[SKEP_JMP_JSLE >> 4] = CC_LE,
	};
	struct skep_insn insn = j->prog->insns[i];
	unsigned op = insn.opcode & SKEP_OP_MASK, dst = x_regs[insn.dst];
	unsigned w = skep_insn_class(insn) == SKEP_CLASS_JMP ? W64 : 0;
	bool set = op == SKEP_JMP_JSET;

	if (insn.opcode & SKEP_SRC_X) {
		x_rr(j, w, set ? X_TEST : X_CMP, x_regs[insn.src], dst);
	} else if (set) {
		x_rr(j, w, 0xf7, 0, dst);
		jit_bytes(j, (uint64_t)(int64_t)insn.imm, 4);
	} else if (insn.imm == 0) {
		x_rr(j, w, X_TEST, dst, dst);
	} else {
		x_ri(j, w, X_I_CMP, dst, insn.imm);
	}
	return jump_if(j, i, conditions[op >> 4]);
}

static void may_goto(struct jit *j, uint32_t i)
{
	size_t over;

	x_mi(j, 0, X_I_CMP, RUN, RUN_OFF(may_goto), 0);
	over = x_over(j, CC_NE);
	jump(j, i, CC_ALWAYS);
	x_here(j, over);
	/* The jump's own code, where the count was 0, has left. */
	x_mi(j, 0, X_I_SUB, RUN, RUN_OFF(may_goto), 1);
}

/* The callee's instructions here and now; none of them can fail. */
static void put_here(struct jit *j, const struct jit_func *callee)
{
	const struct jit_func *caller = j->func;

	j->func = callee;
	for (uint32_t i = callee->start; i + 1 < callee->end;)
		i += jit_cpu_insn(j, i);
	x_settle_all(j, 1u << SKEP_R0);
	j->func = caller;
}

static void call_local(struct jit *j, uint32_t i)
{
	const struct vm_func *func = (const struct vm_func *)(uintptr_t)j->prog->ops[i].imm;
	const struct jit_func *callee = jit_func_at(j, func->start);

	if (j->checked) {
		x_mi(j, W64, X_I_SUB, RUN, RUN_OFF(steps), 1);
		fault(j, i, CC_S, SKEP_VM_FAULT_STEPS);
	}
	if (j->checked || !callee->inlined) {
		x_rm(j, W64, X_CMP_LOAD, RBP, RUN, RUN_OFF(stack_floor));
		fault(j, i, CC_BE, SKEP_VM_FAULT_DEPTH);
	}
	if (callee->inlined) {
		put_here(j, callee);
		return;
	}
	jit_byte(j, 0xe8);
	jit_bytes(j, 0, 4);
	jit_fix(j, JIT_FIX_CALL, (uint32_t)j->len - 4, func->start, i);
	if (j->tails_and_calls) {
		x_const(j, R10, (uint64_t)(uintptr_t)j->prog);
		x_rm(j, W64, X_MOV, R10, RUN, RUN_OFF(prog));
	}
}

static void tail_call(struct jit *j, uint32_t i)
{
	size_t over;

	x_call_shared(j, X_CALL_TAIL, i);
	x_rr(j, W64, X_TEST, R10, R10);
	over = x_over(j, CC_E);
	x_exit(j);
	x_rr(j, 0, 0xff, 4, R10);
	x_here(j, over);
}

/* The value's address from the index at R2. In checked code keys on the stack only; others go the long way. */
static void look_up_array(struct jit *j, uint32_t i, const struct skep_vm_map *map)
{
	size_t first = j->n_rests, null, over;

	x_mi(j, W64, X_I_CMP, RUN, RUN_OFF(env.helper), 0);
	x_rest(j, JIT_REST_HELPER, i, CC_NE);
	if (j->checked) {
		x_rm(j, W64, X_LEA, R11, RDX, SKEP_STACK_SIZE);
		x_rr(j, W64, X_SUB, RBP, R11);
		x_ri(j, W64, X_I_CMP, R11, SKEP_STACK_SIZE - 4);
		x_rest(j, JIT_REST_HELPER, i, CC_A);
	}
	x_rm(j, 0, X_LOAD, RAX, RDX, 0);
	x_rr(j, 0, 0x81, X_I_CMP, RAX);
	jit_bytes(j, map->max_entries, 4);
	null = x_over(j, CC_AE);
	x_rr(j, W64, 0x69, RAX, RAX);
	jit_bytes(j, map->stride, 4);
	x_const(j, R10, (uint64_t)(uintptr_t)map->values);
	x_rr(j, W64, X_ADD, R10, RAX);
	over = x_over(j, CC_ALWAYS);
	x_here(j, null);
	x_const(j, RAX, 0);
	x_here(j, over);
	for (size_t k = first; k < j->n_rests; k++)
		j->rests[k].back = (uint32_t)j->len;
}

/* Unchecked: straight into the helper, unless the embedder has something to say. */
static void call_direct(struct jit *j, uint32_t i, const struct vm_helper *helper)
{
	size_t first = j->n_rests;

	x_mi(j, W64, X_I_CMP, RUN, RUN_OFF(env.helper), 0);
	x_rest(j, JIT_REST_HELPER, i, CC_NE);
	x_const(j, R10, (uint64_t)(uintptr_t)&j->prog->ops[i]);
	x_rm(j, W64, X_MOV, R10, RUN, RUN_OFF(op));
	x_rm(j, W64, X_LEA, R10, RBP, -SKEP_STACK_SIZE);
	x_rm(j, W64, X_MOV, R10, RUN, RUN_OFF(stack_lo));
	x_rm(j, W64, X_LEA, RDI, RUN, -(int32_t)RUN_MIDDLE);
	x_const(j, R10, (uint64_t)(uintptr_t)helper->fn);
	x_rr(j, 0, 0xff, 2, R10);
	x_rm(j, 0, 0x80, X_I_CMP, RUN, RUN_OFF(stop));
	jit_byte(j, 0);
	x_jump_back(j, CC_NE, j->out);
	for (size_t k = first; k < j->n_rests; k++)
		j->rests[k].back = (uint32_t)j->len;
}

static void call_helper(struct jit *j, uint32_t i)
{
	const struct vm_helper *helper = vm_ptr((uint64_t)j->prog->ops[i].imm);
	const struct skep_vm_map *map = j->r1_map;

	if (helper->about->id == SKEP_HELPER_MAP_LOOKUP_ELEM && map &&
	    map->kind->id == SKEP_MAP_ARRAY && map->ops == &vm_array_ops &&
	    map->max_entries <= INT32_MAX && map->stride <= INT32_MAX)
		look_up_array(j, i, map);
	else if (!j->checked && helper->fn)
		call_direct(j, i, helper);
	else
		x_call_shared(j, X_CALL_HELPER, i);
}

/* The historical loads: the program ends with 0 when the packet is not that long. */
static void load_packet(struct jit *j, uint32_t i)
{
	struct skep_insn insn = j->prog->insns[i];

	if ((insn.opcode & SKEP_MODE_MASK) == SKEP_MODE_IND) {
		x_mov(j, 0, x_regs[insn.src], R10);
		x_ri(j, W64, X_I_ADD, R10, insn.imm);
	} else {
		x_const(j, R10, (uint64_t)(int64_t)insn.imm);
	}
	x_call_shared(j, X_CALL_PACKET, i);
	x_ri(j, W64, X_I_CMP, RAX, -1);
	x_jump_back(j, CC_E, j->out);
}

uint32_t x_flow(struct jit *j, uint32_t i)
{
	switch ((int)j->prog->ops[i].code) {
	case SKEP_OP_EXIT:
		x_exit(j);
		jit_byte(j, 0xc3);
		break;
	case SKEP_OP_JA:
	case SKEP_OP_JAL:
		jump(j, i, CC_ALWAYS);
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
		x_call_shared(j, X_CALL_OWN_HELPER, i);
		break;
	case VM_CODE_CALLX:
		x_mov(j, W64, x_regs[j->prog->insns[i].dst], R10);
		x_call_shared(j, X_CALL_CALLX, i);
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
		fault(j, i, CC_ALWAYS, SKEP_VM_FAULT_INSN);
		return skep_insn_is_wide(j->prog->insns[i]) ? 2 : 1;
	default:
		return branch(j, i);
	}
	return 1;
}
