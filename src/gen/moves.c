/* SPDX-License-Identifier: Apache-2.0 */
/* Values into registers: one by one, and several at the same moment. */
#include "gen/emit.h"

static void put_pair(struct emitter *e, struct skep_insn_pair pair)
{
	ir_put(e, pair.insn[0]);
	ir_put(e, pair.insn[1]);
}

static void put_reloc(struct emitter *e, enum skep_reloc_kind kind, const struct skep_val *v,
		      uint32_t index)
{
	struct skep_reloc reloc = { .kind = kind, .insn = (uint32_t)e->insns.len, .index = index };

	if (kind == SKEP_RELOC_MAP_VALUE)
		reloc.addend = (uint32_t)v->imm;
	skep_vec_add(&e->relocs, reloc);
}

static void put_const(struct emitter *e, unsigned dst, int64_t n)
{
	if (ir_fits_s32(n))
		ir_put(e, skep_insn_mov64_imm(dst, (int32_t)n));
	else if ((uint64_t)n <= UINT32_MAX)
		ir_put(e, skep_insn_mov32_imm(dst, (int32_t)(uint32_t)n));
	else
		put_pair(e, skep_insn_ld_imm64(dst, (uint64_t)n));
}

void ir_put_needs(struct emitter *e, const struct skep_val *v)
{
	for (const struct ir_need *n = v->needs; n; n = n->next)
		put_reloc(e, SKEP_RELOC_NEED, v, n->index);
}

void ir_put_move(struct emitter *e, int to, struct skep_val *v)
{
	unsigned dst = (unsigned)to;
	int off;

	switch (v->kind) {
	case IR_CONST:
		put_const(e, dst, v->imm);
		break;
	case IR_NEED:
		ir_put_needs(e, v);
		if (v->size == 8)
			put_pair(e, skep_insn_ld_imm64(dst, (uint64_t)v->imm));
		else
			ir_put(e, skep_insn_mov64_imm(dst, (int32_t)v->imm));
		break;
	case IR_SLOT:
		off = v->slot->off + (int)v->imm;
		ir_put(e, skep_insn_mov64_reg(dst, SKEP_FP));
		if (off)
			ir_put(e, skep_insn_alu64_imm(SKEP_ALU_ADD, dst, off));
		break;
	case IR_MAP:
		put_reloc(e, SKEP_RELOC_MAP, v, v->map);
		put_pair(e, skep_insn_ld_pseudo(dst, SKEP_PSEUDO_MAP_FD, (int32_t)v->map, 0));
		break;
	case IR_MAPVAL:
		put_reloc(e, SKEP_RELOC_MAP_VALUE, v, v->map);
		put_pair(e, skep_insn_ld_pseudo(dst, SKEP_PSEUDO_MAP_VALUE, (int32_t)v->map,
						(int32_t)v->imm));
		break;
	case IR_FUNC:
		put_reloc(e, SKEP_RELOC_FUNC, v, v->callee->index);
		put_pair(e, skep_insn_ld_func(dst, -1));
		break;
	default:
		if (v->reg != to)
			ir_put(e, skep_insn_mov64_reg(dst, (unsigned)v->reg));
	}
}

void ir_moves_add(struct ir_moves *moves, int dst, struct skep_val *v)
{
	int src = ir_floats(v) ? -1 : v->reg;

	if (dst != src)
		moves->list[moves->n++] = (struct ir_move){ dst, src, v };
}

void ir_edge_moves(struct skep_block *block, struct ir_moves *ret_moves)
{
	struct skep_block *to = block->succ[0];
	unsigned k;

	ret_moves->n = 0;
	if (block->n_succ != 1 || to->first->kind != IR_PHI)
		return;
	k = ir_pred_index(to, block);
	for (struct skep_val *phi = to->first; phi->kind == IR_PHI; phi = phi->next)
		if (phi->reg >= 0)
			ir_moves_add(ret_moves, phi->reg, phi->args[k]);
}

unsigned ir_regs_in(const struct skep_block *block)
{
	unsigned mask = 0;

	for (unsigned i = 0; i < block->n_live_in; i++)
		mask |= 1u << block->live_in[i]->reg;
	for (const struct skep_val *v = block->first; v->kind == IR_PHI; v = v->next)
		if (v->reg >= 0)
			mask |= 1u << v->reg;
	return mask;
}

static bool is_source(const struct ir_moves *moves, int reg)
{
	for (unsigned i = 0; i < moves->n; i++)
		if (moves->list[i].src == reg)
			return true;
	return false;
}

/* A move whose target nobody still reads; -1 when only circles are left. */
static int next_move(const struct ir_moves *moves)
{
	for (unsigned i = 0; i < moves->n; i++)
		if (moves->list[i].src >= 0 && !is_source(moves, moves->list[i].dst))
			return (int)i;
	return -1;
}

/* Values are made last: by then their registers are no longer read. */
static void put_values(struct emitter *e, struct ir_moves *moves)
{
	for (unsigned i = 0; i < moves->n; i++)
		ir_put_move(e, moves->list[i].dst, moves->list[i].value);
	moves->n = 0;
}

void ir_moves_put(struct emitter *e, struct ir_moves *moves, unsigned free)
{
	for (;;) {
		int i = next_move(moves), from = -1;

		if (i >= 0) {
			ir_put(e, skep_insn_mov64_reg((unsigned)moves->list[i].dst,
						      (unsigned)moves->list[i].src));
			moves->list[i] = moves->list[--moves->n];
			continue;
		}
		for (unsigned k = 0; k < moves->n; k++)
			if (moves->list[k].src >= 0)
				from = moves->list[k].src;
		if (from < 0)
			break;
		/*
		 * A circle: one of its registers is read from a copy, which frees it as a target.
		 */
		ir_put(e, skep_insn_mov64_reg((unsigned)__builtin_ctz(free), (unsigned)from));
		for (unsigned k = 0; k < moves->n; k++)
			if (moves->list[k].src == from)
				moves->list[k].src = __builtin_ctz(free);
	}
	put_values(e, moves);
}
