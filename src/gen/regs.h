/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registers: what live, spill, regalloc and emit share. Private to src/gen.
 *
 * A value has one register from its definition to its last use. Values that live across a call are
 * of class IR_KEPT (r6 to r9), all others IR_ANY (r0 to r5). In SSA the values of a class need no
 * more registers than are alive at once, and giving them out along the dominator tree never gets
 * stuck; so spill first brings the number alive under the limit everywhere, then regalloc only has
 * to choose well.
 */
#pragma once

#include "gen/ir.h"

#define IR_N_ANY 6
#define IR_N_KEPT 4
/* One register less than there are: moves in a circle need one to turn around. */
#define IR_N_BOTH 9

struct ir_uses {
	struct skep_val **user;
	uint32_t *start;
};

/* A set of values: members in a list, and where each stands in it. */
struct ir_set {
	struct skep_val **members;
	uint32_t n;
	uint32_t *where; /* by value id: index + 1, or 0 */
};

static inline enum ir_class ir_class_of(const struct skep_val *v)
{
	return v->kept || v->moved ? IR_KEPT : IR_ANY;
}

/* 0 - x has an instruction of its own. */
static inline bool ir_is_neg(const struct skep_val *v)
{
	return v->kind == IR_OP && v->sub == SKEP_OP_SUB && ir_is_const(v->args[0]) &&
	       !v->args[0]->imm && !ir_floats(v->args[1]);
}

/* True when the result may take the register of argument @k, which dies here. */
static inline bool ir_may_share(const struct skep_val *v, unsigned k)
{
	if (v->kind == IR_CMP)
		return false; /* the result is set before the operands are compared */
	if (v->kind == IR_OP && k == 1)
		return v->args[0] == v->args[1] || ir_is_neg(v) ||
		       (ir_commutes(v->sub) && !ir_floats(v->args[0]));
	return true;
}

static inline bool ir_set_has(const struct ir_set *set, const struct skep_val *v)
{
	return set->where[v->id];
}

static inline void ir_set_add(struct ir_set *set, struct skep_val *v)
{
	if (set->where[v->id])
		return;
	set->members[set->n++] = v;
	set->where[v->id] = set->n;
}

static inline void ir_set_remove(struct ir_set *set, struct skep_val *v)
{
	uint32_t i = set->where[v->id];

	if (!i)
		return;
	set->members[i - 1] = set->members[--set->n];
	set->where[set->members[i - 1]->id] = i;
	set->where[v->id] = 0;
}

static inline void ir_set_clear(struct ir_set *set)
{
	while (set->n)
		set->where[set->members[--set->n]->id] = 0;
}

void ir_set_init(struct ir_set *set, struct skep_fn *fn);
void ir_uses_collect(struct skep_fn *fn, struct ir_uses *ret_uses);
/* What is alive at the end of @block, arguments of the phis behind it included. */
void ir_live_out(struct skep_block *block, struct ir_set *set);
/*
 * reload.c: what can be made again with one instruction and no slot; the code for all spilled
 * values.
 */
bool ir_is_cheap(const struct skep_val *v);
void ir_rewrite_spilled(struct skep_fn *fn);
void ir_judge_spilled(struct skep_fn *fn); /* away.c */
