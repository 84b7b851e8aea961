/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registers are given out block by block in reverse postorder: at a definition take a register that
 * nobody alive holds. Which one is a matter of saving moves: where a call wants the value, what a
 * phi and its arguments got, what the operand had that dies here.
 */
#include <errno.h>
#include <string.h>

#include "gen/regs.h"

#define KEPT_MASK 0x3c0u /* r6 to r9 */
#define ANY_MASK 0x03fu	 /* r0 to r5 */

/* --- wishes ----------------------------------------------------------------------------------- */

static struct skep_val *web_of(struct skep_val *v)
{
	while (v->web) {
		if (v->web->web)
			v->web = v->web->web;
		v = v->web;
	}
	return v;
}

static void join(struct skep_val *a, struct skep_val *b)
{
	a = web_of(a);
	b = web_of(b);
	if (a == b)
		return;
	b->web = a;
	/* A web with a member that crosses calls lives best in the kept registers altogether. */
	a->mark |= b->mark;
	if (a->hint < 0)
		a->hint = b->hint;
}

static void wish(struct skep_val *v)
{
	switch (v->kind) {
	case IR_CALL:
	case IR_KFUNC:
	case IR_LOCAL:
		for (unsigned k = 0; k < v->n_args; k++)
			if (!ir_floats(v->args[k]) && v->args[k]->hint < 0)
				v->args[k]->hint = (int8_t)(SKEP_R1 + k);
		break;
	case IR_RET:
		if (!ir_floats(v->args[0]) && v->args[0]->hint < 0)
			v->args[0]->hint = SKEP_R0;
		break;
	case IR_COPY:
	case IR_OP:
	case IR_EXT:
	case IR_BSWAP:
		for (unsigned k = 0; k < v->n_args; k++)
			if (v->dies >> k & 1 && ir_may_share(v, k) && !v->args[k]->like)
				v->args[k]->like = v;
		break;
	default:
		break;
	}
}

static void wishes(struct skep_fn *fn)
{
	for (unsigned i = 0; i < fn->n_order; i++)
		for (struct skep_val *v = fn->order[i]->first; v; v = v->next) {
			v->web = v->like = NULL;
			v->hint = v->want = v->reg = -1;
			v->mark = ir_class_of(v) == IR_KEPT;
		}
	for (unsigned i = fn->n_order; i-- > 0;)
		for (struct skep_val *v = fn->order[i]->last; v; v = v->prev)
			wish(v);
	for (unsigned i = 0; i < fn->n_order; i++)
		for (struct skep_val *v = fn->order[i]->first; v->kind == IR_PHI; v = v->next)
			for (unsigned k = 0; k < v->n_args; k++)
				if (!ir_floats(v->args[k]))
					join(v, v->args[k]);
}

/* --- choice ----------------------------------------------------------------------------------- */

struct colorer {
	struct skep_fn *fn;
	unsigned busy; /* mask of registers */
	bool soft;     /* may put what crosses no call into a kept register to save a move */
	bool stuck;
};

/* The register that @of, or what phis tie it to, should have, if it is allowed; else -1. */
static int wanted(struct skep_val *of, unsigned allowed)
{
	struct skep_val *web = web_of(of);

	if (web->want >= 0 && allowed >> web->want & 1)
		return web->want;
	if (web->hint >= 0 && allowed >> web->hint & 1)
		return web->hint;
	if (of->hint >= 0 && allowed >> of->hint & 1)
		return of->hint;
	return -1;
}

static int first_of(unsigned mask, const char *order)
{
	for (; *order; order++)
		if (mask >> (*order - '0') & 1)
			return *order - '0';
	return -1;
}

static int choose(struct colorer *c, struct skep_val *v)
{
	bool kept = ir_class_of(v) == IR_KEPT;
	unsigned own = ~c->busy & (kept ? KEPT_MASK : ANY_MASK);
	unsigned other = c->soft && !kept ? ~c->busy & KEPT_MASK : 0;
	struct skep_val *of = v;
	int reg;

	if (v->kind == IR_PARAM && own >> (SKEP_R1 + v->imm) & 1)
		return SKEP_R1 + (int)v->imm;
	for (unsigned i = 0; of && i < 8; i++, of = of->like) {
		unsigned allowed = own | (web_of(of)->mark ? other : 0);

		reg = wanted(of, allowed);
		if (reg < 0 && !kept && web_of(of)->mark)
			reg = first_of(other, "6789");
		if (reg >= 0)
			return reg;
	}
	if (ir_is_call(v) && own & 1)
		return SKEP_R0;
	for (unsigned k = 0; v->kind != IR_PHI && k < v->n_args; k++)
		if (v->dies >> k & 1 && ir_may_share(v, k) && (own | other) >> v->args[k]->reg & 1)
			return v->args[k]->reg;
	return first_of(own, "0543216789");
}

static void define(struct colorer *c, struct skep_val *v)
{
	int reg = choose(c, v);

	if (reg < 0) {
		c->stuck = true;
		return;
	}
	v->reg = (int8_t)reg;
	c->busy |= 1u << reg;
	if (web_of(v)->want < 0)
		web_of(v)->want = v->reg;
}

static void release(struct colorer *c, struct skep_val *v, bool shared)
{
	for (unsigned k = 0; k < v->n_args; k++)
		if (v->dies >> k & 1 && ir_may_share(v, k) == shared)
			c->busy &= ~(1u << v->args[k]->reg);
}

static void color_block(struct colorer *c, struct skep_block *block)
{
	struct skep_val *v = block->first;

	c->busy = 0;
	for (unsigned i = 0; i < block->n_live_in; i++)
		c->busy |= 1u << block->live_in[i]->reg;
	for (; v->kind == IR_PHI && !c->stuck; v = v->next)
		define(c, v);
	for (; v && !c->stuck; v = v->next) {
		release(c, v, true);
		if (ir_has_result(v))
			define(c, v);
		release(c, v, false);
		if (v->dead && v->reg >= 0)
			c->busy &= ~(1u << v->reg);
	}
}

static bool color(struct skep_fn *fn, bool soft)
{
	struct colorer c = { .fn = fn, .soft = soft };

	wishes(fn);
	for (unsigned i = 0; i < fn->n_order && !c.stuck; i++)
		color_block(&c, fn->order[i]);
	return !c.stuck;
}

/* Until everything fits; false when it never does. */
static bool fit(struct skep_fn *fn)
{
	enum {
		MAX_ROUNDS = 40
	};

	for (unsigned round = 0; round < MAX_ROUNDS; round++) {
		ir_live(fn);
		if (!ir_spill(fn))
			return color(fn, true) || color(fn, false);
	}
	return false;
}

int ir_regalloc(struct skep_fn *fn, struct skep_diag *diag)
{
	if (fit(fn))
		return 0;
	/* Moving values between the classes went wrong: without that, spilling alone decides. */
	fn->no_moving = true;
	if (fit(fn))
		return 0;
	skep_diag_error(diag, fn->proto.loc, "'%s' uses too many values at the same time",
			fn->proto.name);
	skep_diag_hint(diag, "split it into several probes or keep intermediate results in maps");
	return -E2BIG;
}
