/* SPDX-License-Identifier: Apache-2.0 */
/* Instructions from lowered values with registers: selection, jumps, relocations, source lines. */
#include <errno.h>

#include "gen/emit.h"

static const uint8_t jumps[SKEP_CC_MAX + 1] = {
	[SKEP_CC_EQ] = SKEP_JMP_JEQ,   [SKEP_CC_NE] = SKEP_JMP_JNE,   [SKEP_CC_ULT] = SKEP_JMP_JLT,
	[SKEP_CC_ULE] = SKEP_JMP_JLE,  [SKEP_CC_UGT] = SKEP_JMP_JGT,  [SKEP_CC_UGE] = SKEP_JMP_JGE,
	[SKEP_CC_SLT] = SKEP_JMP_JSLT, [SKEP_CC_SLE] = SKEP_JMP_JSLE, [SKEP_CC_SGT] = SKEP_JMP_JSGT,
	[SKEP_CC_SGE] = SKEP_JMP_JSGE, [IR_CC_SET] = SKEP_JMP_JSET,
};

static const uint8_t alus[SKEP_OP_MAX] = {
	[SKEP_OP_ADD] = SKEP_ALU_ADD,  [SKEP_OP_SUB] = SKEP_ALU_SUB,  [SKEP_OP_MUL] = SKEP_ALU_MUL,
	[SKEP_OP_UDIV] = SKEP_ALU_DIV, [SKEP_OP_SDIV] = SKEP_ALU_DIV, [SKEP_OP_UMOD] = SKEP_ALU_MOD,
	[SKEP_OP_SMOD] = SKEP_ALU_MOD, [SKEP_OP_AND] = SKEP_ALU_AND,  [SKEP_OP_OR] = SKEP_ALU_OR,
	[SKEP_OP_XOR] = SKEP_ALU_XOR,  [SKEP_OP_SHL] = SKEP_ALU_LSH,  [SKEP_OP_SHR] = SKEP_ALU_RSH,
	[SKEP_OP_SAR] = SKEP_ALU_ARSH,
};

void ir_put(struct emitter *e, struct skep_insn insn)
{
	skep_vec_add(&e->insns, insn);
}

static void put_line(struct emitter *e, struct skep_loc loc)
{
	struct skep_spec_line line = { .insn = (uint32_t)e->insns.len, .loc = loc };

	if (!loc.line && !e->lines.len)
		line.loc = e->fn->proto.loc;
	if (!line.loc.line)
		return;
	if (e->lines.len) {
		struct skep_spec_line *last = &skep_vec_last(&e->lines);

		if (last->loc.line == line.loc.line && last->loc.col == line.loc.col)
			return;
		if (last->insn == line.insn) {
			last->loc = line.loc;
			return;
		}
	}
	skep_vec_add(&e->lines, line);
}

static void put_jump(struct emitter *e, struct skep_insn insn, struct skep_block *to)
{
	struct ir_fixup fixup = { .insn = (uint32_t)e->insns.len, .to = to };

	skep_vec_add(&e->fixups, fixup);
	ir_put(e, insn);
}

/* --- values ----------------------------------------------------------------------------------- */

static void put_op_const(struct emitter *e, const struct skep_val *v, unsigned dst)
{
	int64_t n = v->args[1]->imm;

	if (v->sub == SKEP_OP_SHL || v->sub == SKEP_OP_SHR || v->sub == SKEP_OP_SAR)
		n &= 63;
	if (v->sub == SKEP_OP_SDIV || v->sub == SKEP_OP_SMOD)
		ir_put(e, skep_insn_sdiv64_imm(alus[v->sub], dst, (int32_t)n));
	else if (v->sub == SKEP_OP_AND && !ir_fits_s32(n))
		ir_put(e, skep_insn_alu32_imm(SKEP_ALU_AND, dst, (int32_t)(uint32_t)n));
	else
		ir_put(e, skep_insn_alu64_imm(alus[v->sub], dst, (int32_t)n));
}

static void put_op(struct emitter *e, const struct skep_val *v)
{
	struct skep_val *a = v->args[0], *b = v->args[1];
	unsigned dst = (unsigned)v->reg;

	if (ir_is_neg(v)) {
		ir_put_move(e, v->reg, b);
		ir_put(e, skep_insn_neg64(dst));
		return;
	}
	if (!ir_floats(b) && b->reg == v->reg && ir_commutes(v->sub)) {
		b = a;
		a = v->args[1];
	}
	ir_put_move(e, v->reg, a);
	if (b->kind == IR_NEED) {
		ir_put_needs(e, b);
		ir_put(e, skep_insn_alu64_imm(alus[v->sub], dst, (int32_t)b->imm));
	} else if (ir_is_const(b)) {
		put_op_const(e, v, dst);
	} else if (b->kind == IR_SLOT) {
		ir_put(e, skep_insn_alu64_reg(SKEP_ALU_ADD, dst, SKEP_FP));
		ir_put(e, skep_insn_alu64_imm(SKEP_ALU_ADD, dst, b->slot->off + (int)b->imm));
	} else if (v->sub == SKEP_OP_SDIV || v->sub == SKEP_OP_SMOD) {
		ir_put(e, skep_insn_sdiv64_reg(alus[v->sub], dst, (unsigned)b->reg));
	} else {
		ir_put(e, skep_insn_alu64_reg(alus[v->sub], dst, (unsigned)b->reg));
	}
}

static void put_extend(struct emitter *e, const struct skep_val *v)
{
	unsigned dst = (unsigned)v->reg, unused = 64 - v->size * 8u;
	bool is_signed = v->flags & SKEP_LOAD_SIGNED, in_reg = !ir_floats(v->args[0]);

	if (is_signed && in_reg && e->fn->gen->options.cpu >= 4) {
		ir_put(e, skep_insn_movsx64(dst, (unsigned)v->args[0]->reg, v->size * 8u));
		return;
	}
	/* The only one that the kernel allows on pointers, of which this is the lower half as a number. */
	if (!is_signed && v->size == 4) {
		if (!in_reg)
			ir_put_move(e, v->reg, v->args[0]);
		ir_put(e, skep_insn_mov32_reg(dst, in_reg ? (unsigned)v->args[0]->reg : dst));
		return;
	}
	ir_put_move(e, v->reg, v->args[0]);
	if (!is_signed && v->size < 4) {
		ir_put(e, skep_insn_alu64_imm(SKEP_ALU_AND, dst, v->size == 1 ? 0xff : 0xffff));
		return;
	}
	ir_put(e, skep_insn_alu64_imm(SKEP_ALU_LSH, dst, (int32_t)unused));
	ir_put(e,
	       skep_insn_alu64_imm(is_signed ? SKEP_ALU_ARSH : SKEP_ALU_RSH, dst, (int32_t)unused));
}

static void put_bswap(struct emitter *e, const struct skep_val *v)
{
	unsigned dst = (unsigned)v->reg, bits = v->size * 8u;

	ir_put_move(e, v->reg, v->args[0]);
	/* Code runs on the machine that makes it, so the order that is not its own means a swap. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	ir_put(e, skep_insn_to_be(dst, bits));
#else
	ir_put(e, skep_insn_to_le(dst, bits));
#endif
}

static struct skep_insn compare(const struct skep_val *v, enum skep_cc cc, int off)
{
	const struct skep_val *a = v->args[0], *b = v->args[1];
	unsigned dst = (unsigned)a->reg;

	if (ir_is_const(b))
		return v->size == 4 ? skep_insn_jmp32_imm(jumps[cc], dst, (int32_t)b->imm, off)
				    : skep_insn_jmp_imm(jumps[cc], dst, (int32_t)b->imm, off);
	return v->size == 4 ? skep_insn_jmp32_reg(jumps[cc], dst, (unsigned)b->reg, off)
			    : skep_insn_jmp_reg(jumps[cc], dst, (unsigned)b->reg, off);
}

/* 1, unless the comparison fails. */
static void put_cmp(struct emitter *e, const struct skep_val *v)
{
	ir_put(e, skep_insn_mov64_imm((unsigned)v->reg, 1));
	ir_put(e, compare(v, v->sub, 1));
	ir_put(e, skep_insn_mov64_imm((unsigned)v->reg, 0));
}

/* Base register of an access; the slot's place goes into *off. */
static unsigned base(const struct skep_val *v, int *ret_off)
{
	const struct skep_val *addr = v->args[0];

	*ret_off = (int)v->imm;
	if (addr->kind != IR_SLOT)
		return (unsigned)addr->reg;
	*ret_off += addr->slot->off + (int)addr->imm;
	return SKEP_FP;
}

static void put_access(struct emitter *e, const struct skep_val *v)
{
	enum skep_size size = skep_size_from_bytes(v->size);
	int off;
	unsigned reg = base(v, &off);

	ir_put_needs(e, v);
	if (v->kind == IR_LOAD && v->flags & SKEP_LOAD_SIGNED && v->size < 8)
		ir_put(e, skep_insn_loadsx(size, (unsigned)v->reg, reg, off));
	else if (v->kind == IR_LOAD)
		ir_put(e, skep_insn_load(size, (unsigned)v->reg, reg, off));
	else if (v->kind == IR_ATOMIC)
		ir_put(e, skep_insn_atomic(size, SKEP_ATOMIC_ADD, reg, off,
					   (unsigned)v->args[1]->reg));
	else if (ir_is_const(v->args[1]))
		ir_put(e, skep_insn_store_imm(size, reg, off,
					      (int32_t)ir_extend_eval((uint64_t)v->args[1]->imm,
								      v->size, true)));
	else
		ir_put(e, skep_insn_store(size, reg, off, (unsigned)v->args[1]->reg));
}

static void put_call(struct emitter *e, const struct skep_val *v)
{
	struct skep_reloc reloc = {};
	struct ir_moves moves = {};

	for (unsigned k = 0; k < v->n_args; k++)
		ir_moves_add(&moves, (int)(SKEP_R1 + k), v->args[k]);
	/* r0 is nobody's target and is about to be overwritten. */
	ir_moves_put(e, &moves, 1u << SKEP_R0);
	reloc.insn = (uint32_t)e->insns.len;
	if (v->kind == IR_CALL) {
		ir_put(e, skep_insn_call((int32_t)v->imm));
	} else if (v->kind == IR_KFUNC) {
		reloc.kind = SKEP_RELOC_KFUNC;
		reloc.name = v->name;
		ir_put(e, skep_insn_call_kfunc(-1, 0));
		skep_vec_add(&e->relocs, reloc);
	} else {
		reloc.kind = SKEP_RELOC_FUNC;
		reloc.index = v->callee->index;
		ir_put(e, skep_insn_call_local(-1));
		skep_vec_add(&e->relocs, reloc);
	}
	if (v->reg > 0 && !v->dead)
		ir_put(e, skep_insn_mov64_reg((unsigned)v->reg, SKEP_R0));
}

/* Parameters arrive in r1 to r5 all at once. Returns the last of them. */
static struct skep_val *put_params(struct emitter *e, struct skep_val *v)
{
	struct ir_moves moves = {};
	unsigned used = 0;

	for (;; v = v->next) {
		if (!v->dead && v->reg >= 0) {
			int src = SKEP_R1 + (int)v->imm;

			used |= 1u << v->reg | 1u << src;
			if (v->reg != src)
				moves.list[moves.n++] = (struct ir_move){ v->reg, src, v };
		}
		if (v->next->kind != IR_PARAM)
			break;
	}
	ir_moves_put(e, &moves, ~used & 0x3ff);
	return v;
}

/* Emits one value; returns the last one that was covered. */
static struct skep_val *put_val(struct emitter *e, struct skep_val *v)
{
	put_line(e, v->loc);
	switch (v->kind) {
	case IR_PARAM:
		return put_params(e, v);
	case IR_MAT:
		ir_put_move(e, v->reg, v->args[0]);
		break;
	case IR_COPY:
		ir_put(e, skep_insn_mov64_reg((unsigned)v->reg, (unsigned)v->args[0]->reg));
		break;
	case IR_OP:
		put_op(e, v);
		break;
	case IR_EXT:
		put_extend(e, v);
		break;
	case IR_BSWAP:
		put_bswap(e, v);
		break;
	case IR_CMP:
		put_cmp(e, v);
		break;
	case IR_LOAD:
	case IR_STORE:
	case IR_ATOMIC:
		put_access(e, v);
		break;
	case IR_CALL:
	case IR_KFUNC:
	case IR_LOCAL:
		put_call(e, v);
		break;
	default:
		break;
	}
	return v;
}

/* --- ends of blocks --------------------------------------------------------------------------- */

static void put_ret(struct emitter *e, struct skep_val *v)
{
	put_line(e, v->loc);
	ir_put_move(e, SKEP_R0, v->args[0]);
	ir_put(e, skep_insn_exit());
}

static void put_goto(struct emitter *e, struct skep_block *to, struct skep_block *next)
{
	if (to != next)
		put_jump(e, skep_insn_ja(0), to);
}

/*
 * Kernels before 6.8 take no way back that is not a jump: a loop's end in front of its head jumps
 * there all the same, over nothing, which the kernel removes.
 */
static void put_onward(struct emitter *e, struct skep_block *block, struct skep_block *next)
{
	struct skep_block *to = ir_target(block->succ[0]);

	if (to == next && to->rpo <= block->rpo)
		put_jump(e, skep_insn_ja(0), to);
	else
		put_goto(e, to, next);
}

static void put_branch(struct emitter *e, struct skep_block *block, struct skep_block *next)
{
	struct skep_val *v = block->last;
	struct skep_block *yes = ir_target(block->succ[0]), *no = ir_target(block->succ[1]);

	put_line(e, v->loc);
	if (yes == next && v->sub != IR_CC_SET) {
		put_jump(e, compare(v, ir_cc_not(v->sub), 0), no);
		return;
	}
	put_jump(e, compare(v, v->sub, 0), yes);
	put_goto(e, no, next);
}

static void put_end(struct emitter *e, struct skep_block *block, struct skep_block *next)
{
	struct ir_moves moves;

	switch (block->last->kind) {
	case IR_RET:
		put_ret(e, block->last);
		break;
	case IR_BRANCH:
		put_branch(e, block, next);
		break;
	default:
		ir_edge_moves(block, &moves);
		if (moves.n)
			put_line(e, block->last->loc);
		ir_moves_put(e, &moves, ~ir_regs_in(block->succ[0]) & 0x3ff);
		if (ir_returns_for(block, next))
			put_ret(e, ir_target(block->succ[0])->first);
		else
			put_onward(e, block, next);
	}
}

static int fix_jumps(struct emitter *e, struct skep_diag *diag)
{
	for (size_t i = 0; i < e->fixups.len; i++) {
		struct ir_fixup *f = &e->fixups.data[i];
		struct skep_insn *insn = &e->insns.data[f->insn];
		int64_t off = (int64_t)f->to->at - f->insn - 1;

		if (ir_fits_s16(off)) {
			insn->off = (int16_t)off;
			continue;
		}
		skep_diag_error(diag, e->fn->proto.loc,
				"'%s' is too long: a jump of %lld instructions", e->fn->proto.name,
				(long long)off);
		skep_diag_hint(diag, "split it into several probes or shorten unrolled loops");
		return -E2BIG;
	}
	return 0;
}

static void finish(struct emitter *e, struct skep_spec_prog *ret_prog)
{
	struct skep_arena *arena = e->fn->arena;
	struct skep_spec_prog prog = e->fn->proto;

	prog.n_insns = e->insns.len;
	prog.insns = skep_arena_memdup(arena, e->insns.data, e->insns.len * sizeof(*e->insns.data));
	prog.n_relocs = e->relocs.len;
	prog.relocs =
		skep_arena_memdup(arena, e->relocs.data, e->relocs.len * sizeof(*e->relocs.data));
	prog.n_lines = e->lines.len;
	prog.lines = skep_arena_memdup(arena, e->lines.data, e->lines.len * sizeof(*e->lines.data));
	*ret_prog = prog;
}

int ir_emit(struct skep_fn *fn, struct skep_diag *diag, struct skep_spec_prog *ret_prog)
{
	struct emitter e = { .fn = fn };
	int r;

	ir_layout(&e);
	for (unsigned i = 0; i < e.n_layout; i++) {
		struct skep_block *block = e.layout[i];
		struct skep_val *v = block->first;

		block->at = (uint32_t)e.insns.len;
		for (; v != block->last; v = v->next)
			v = put_val(&e, v);
		put_end(&e, block, i + 1 < e.n_layout ? e.layout[i + 1] : NULL);
	}
	r = fix_jumps(&e, diag);
	if (r >= 0)
		finish(&e, ret_prog);
	skep_vec_fini(&e.insns);
	skep_vec_fini(&e.relocs);
	skep_vec_fini(&e.lines);
	skep_vec_fini(&e.fixups);
	return r;
}
