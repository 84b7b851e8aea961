/* SPDX-License-Identifier: Apache-2.0 */
/* Emission: the growing program, and moves that happen at the same time. Private to src/gen. */
#pragma once

#include "gen/regs.h"

struct emitter {
	struct skep_fn *fn;
	struct {
		SKEP_VEC(struct skep_insn);
	} insns;
	struct {
		SKEP_VEC(struct skep_reloc);
	} relocs;
	struct {
		SKEP_VEC(struct skep_spec_line);
	} lines;
	struct {
		SKEP_VEC(struct ir_fixup);
	} fixups;
	struct skep_block **layout;
	unsigned n_layout;
};

/* A jump whose distance is not known yet. */
struct ir_fixup {
	uint32_t insn;
	struct skep_block *to;
};

/*
 * One of several moves at the same moment: into register @dst, from @src (a register or a floating
 * value).
 */
struct ir_move {
	int dst, src; /* src -1: value */
	struct skep_val *value;
};

struct ir_moves {
	struct ir_move list[SKEP_N_REGS];
	unsigned n;
};

void ir_put(struct emitter *e, struct skep_insn insn);
/* @v (floating, or with a register) into @dst. */
void ir_put_move(struct emitter *e, int dst, struct skep_val *v);
/* Relocations of the instruction that comes next, for the numbers in it that are known when it is loaded. */
void ir_put_needs(struct emitter *e, const struct skep_val *v);
void ir_moves_add(struct ir_moves *moves, int dst, struct skep_val *v);
/* What the phis of the block behind @block take over from it. */
void ir_edge_moves(struct skep_block *block, struct ir_moves *ret_moves);
/* All of them at once; @free is a mask of registers that may be used to turn around a circle. */
void ir_moves_put(struct emitter *e, struct ir_moves *moves, unsigned free);
/* Registers in use at the start of @block, phis included. */
unsigned ir_regs_in(const struct skep_block *block);
/* layout.c: the order of blocks in the program. */
void ir_layout(struct emitter *e);
/* Where a jump to @block really leads: blocks that only jump on are skipped. */
struct skep_block *ir_target(struct skep_block *block);
/*
 * True when @block, with @next behind it, returns a constant itself instead of jumping to where
 * that is done.
 */
bool ir_returns_for(struct skep_block *block, struct skep_block *next);
