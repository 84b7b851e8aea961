/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of a program before its code is made: functions, targets of jumps, which registers a function writes. */
#include <errno.h>

#include "vm/jit/emit.h"

struct jit_access jit_access_of(struct skep_insn insn)
{
	struct jit_access a = { .bytes = (uint8_t)skep_size_bytes(insn.opcode) };

	a.aligned = (insn.opcode & SKEP_MODE_MASK) == SKEP_MODE_ATOMIC;
	a.write = skep_insn_class(insn) != SKEP_CLASS_LDX &&
		  !(a.aligned && insn.imm == SKEP_ATOMIC_LOAD_ACQ);
	return a;
}

/* The register that an instruction writes, or -1; helpers and exchanges with R0 have R0. */
static int written(struct skep_insn insn, const struct vm_op *op)
{
	if (op->code == VM_CODE_CALLX || op->code == VM_CODE_TAIL_CALL)
		return SKEP_R0;
	switch (skep_insn_class(insn)) {
	case SKEP_CLASS_LD:
		return skep_insn_is_wide(insn) ? insn.dst : SKEP_R0;
	case SKEP_CLASS_LDX:
	case SKEP_CLASS_ALU:
	case SKEP_CLASS_ALU64:
		return insn.dst;
	case SKEP_CLASS_STX:
		if ((insn.opcode & SKEP_MODE_MASK) != SKEP_MODE_ATOMIC)
			return -1;
		if (insn.imm == SKEP_ATOMIC_LOAD_ACQ)
			return insn.dst;
		if (insn.imm == SKEP_ATOMIC_CMPXCHG || insn.imm == SKEP_ATOMIC_STORE_REL)
			return -1; /* R0, which belongs to nobody */
		return insn.imm & SKEP_ATOMIC_FETCH ? insn.src : -1;
	default:
		return -1;
	}
}

bool jit_is_jump(const struct jit *j, uint32_t i, int64_t *ret_target)
{
	struct skep_insn insn = j->prog->insns[i];
	unsigned class = skep_insn_class(insn);

	if (class != SKEP_CLASS_JMP && class != SKEP_CLASS_JMP32)
		return false;
	if (skep_insn_is_call(insn) || skep_insn_is_exit(insn) ||
	    j->prog->ops[i].code == VM_CODE_CALLX)
		return false;
	*ret_target = (int64_t)i + 1 + j->prog->ops[i].off;
	return true;
}

/* Needs neither its own frame pointer nor calls. */
static bool is_plain(const struct jit *j, uint32_t i)
{
	struct skep_insn insn = j->prog->insns[i];
	int64_t target;

	if (insn.dst == SKEP_R10 || (insn.src == SKEP_R10 && !skep_insn_is_wide(insn)))
		return false;
	if (j->prog->ops[i].code >= SKEP_N_OPS || j->prog->ops[i].code == SKEP_OP_JAX ||
	    j->prog->ops[i].code == SKEP_OP_ADDR_SPACE_CAST) /* these are faults */
		return false;
	switch (skep_insn_class(insn)) {
	case SKEP_CLASS_ALU:
	case SKEP_CLASS_ALU64:
		return true;
	case SKEP_CLASS_LD:
		return skep_insn_is_wide(insn);
	case SKEP_CLASS_LDX:
	case SKEP_CLASS_ST:
	case SKEP_CLASS_STX:
		return !j->checked;
	default:
		if (skep_insn_is_exit(insn))
			return true;
		return jit_is_jump(j, i, &target) && (target > i || !j->checked);
	}
}

static int plan_func(struct jit *j, struct jit_func *f, uint32_t *ret_insn)
{
	j->marks[f->start] |= JIT_TARGET;
	for (uint32_t i = f->start; i < f->end; i++) {
		struct skep_insn insn = j->prog->insns[i];
		const struct vm_op *op = &j->prog->ops[i];
		int reg = written(insn, op);
		int64_t target;

		if (reg == SKEP_R10) {
			*ret_insn = i;
			j->refused = "the frame pointer is read-only";
			return -EINVAL;
		}
		if (reg >= SKEP_R6)
			f->saves |= (uint8_t)(1u << (reg - SKEP_R6));
		f->frame |= !is_plain(j, i);
		if (jit_is_jump(j, i, &target))
			j->marks[target] |= target <= i ? JIT_TARGET | JIT_LOOP : JIT_TARGET;
		if (skep_insn_is_wide(insn))
			j->marks[++i] |= JIT_SECOND;
	}
	return 0;
}

/* Few instructions, one after the other, that need nothing of their own: they may as well stand where they are called. */
static bool is_small_leaf(const struct jit *j, const struct jit_func *f)
{
	int64_t target;

	if (f->frame || f->saves || f->end - f->start > JIT_INLINE_MAX)
		return false;
	for (uint32_t i = f->start; i < f->end; i++) {
		if (jit_is_jump(j, i, &target) ||
		    (i + 1 < f->end && j->prog->ops[i].code == SKEP_OP_EXIT))
			return false;
		i += skep_insn_is_wide(j->prog->insns[i]);
	}
	return true;
}

/* Longer chains are found in every turn; VM_FRAMES_MAX ends it for functions that call themselves. */
static void count_frames(struct jit *j)
{
	bool more = true;

	for (uint32_t k = 0; k < j->prog->n_funcs; k++)
		j->funcs[k].frames = j->funcs[k].frame;
	while (more && j->prog->n_funcs > 1) {
		more = false;
		for (uint32_t k = 0; k < j->prog->n_funcs; k++) {
			struct jit_func *f = &j->funcs[k];

			for (uint32_t i = f->start; i < f->end; i++) {
				const struct vm_op *op = &j->prog->ops[i];
				const struct vm_func *func;
				uint32_t frames;

				if (op->code != SKEP_OP_CALL_LOCAL)
					continue;
				func = (const struct vm_func *)(uintptr_t)op->imm;
				frames = f->frame + jit_func_at(j, func->start)->frames;
				frames = MIN(frames, (uint32_t)VM_FRAMES_MAX);
				if (frames <= f->frames)
					continue;
				f->frames = frames;
				more = true;
			}
		}
	}
}

int jit_plan(struct jit *j, uint32_t *ret_insn)
{
	const struct vm_prog *prog = j->prog;

	j->marks = calloc(prog->n_insns, 1);
	j->at = calloc(prog->n_insns + 1ull, sizeof(*j->at));
	j->funcs = calloc(prog->n_funcs, sizeof(*j->funcs));
	if (!j->marks || !j->at || !j->funcs)
		return -ENOMEM;
	for (uint32_t k = 0; k < prog->n_funcs; k++) {
		struct jit_func *f = &j->funcs[k];
		int r;

		f->start = prog->funcs[k].start;
		f->end = k + 1 < prog->n_funcs ? prog->funcs[k + 1].start : prog->n_insns;
		r = plan_func(j, f, ret_insn);
		if (r < 0)
			return r;
		f->inlined = is_small_leaf(j, f);
	}
	for (uint32_t i = 0; i < prog->n_insns; i++)
		j->tails |= prog->ops[i].code == VM_CODE_TAIL_CALL;
	j->tails_and_calls = j->tails && prog->n_funcs > 1;
	count_frames(j);
	return jit_live(j);
}

const struct jit_func *jit_func_at(const struct jit *j, uint32_t start)
{
	size_t lo = 0, hi = j->prog->n_funcs;

	while (hi - lo > 1) {
		size_t mid = (lo + hi) / 2;

		if (j->funcs[mid].start <= start)
			lo = mid;
		else
			hi = mid;
	}
	return &j->funcs[lo];
}
