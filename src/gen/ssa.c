/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Variables become values: each read finds the value that reaches it, and where several ways meet a
 * phi is made on demand (after Braun et al., "Simple and Efficient Construction of Static Single
 * Assignment Form"). The whole flow is known by now, so a read walks up single predecessors without
 * recursion, and phis are filled from a work list.
 */
#include <errno.h>

#include "gen/ir.h"

/* What a variable is worth at the end (while a block is walked: so far) of a block. */
struct def {
	uint64_t key; /* block << 32 | variable + 1; 0: free */
	struct skep_val *val;
};

struct ssa {
	struct skep_fn *fn;
	struct def *defs;
	size_t n_defs, cap;  /* a power of two */
	struct ir_vals phis; /* made; filled up to n_filled */
	struct skep_val *zero;
};

static struct def *find(struct ssa *ssa, uint64_t key)
{
	size_t i = (key * UINT64_C(0x9e3779b97f4a7c15)) >> 40 & (ssa->cap - 1);

	while (ssa->defs[i].key && ssa->defs[i].key != key)
		i = (i + 1) & (ssa->cap - 1);
	return &ssa->defs[i];
}

static void grow(struct ssa *ssa)
{
	struct def *old = ssa->defs;
	size_t n = ssa->cap;

	ssa->cap = MAX(n * 2, (size_t)64);
	ssa->defs = skep_arena_calloc(ssa->fn->scratch, ssa->cap, sizeof(*ssa->defs));
	for (size_t i = 0; i < n; i++)
		if (old[i].key)
			*find(ssa, old[i].key) = old[i];
}

static void write_var(struct ssa *ssa, struct skep_block *block, uint32_t var, struct skep_val *val)
{
	uint64_t key = (uint64_t)block->id << 32 | (var + 1);
	struct def *def;

	if (ssa->n_defs * 4 >= ssa->cap * 3)
		grow(ssa);
	def = find(ssa, key);
	if (!def->key)
		ssa->n_defs++;
	*def = (struct def){ key, val };
}

/* The value of @var at the end of @block. Gives it to all blocks it passed on the way up. */
static struct skep_val *read_var(struct ssa *ssa, struct skep_block *block, uint32_t var)
{
	struct skep_block *at = block, *fill;
	struct skep_val *val = NULL;

	for (;;) {
		struct def *def = find(ssa, (uint64_t)at->id << 32 | (var + 1));

		if (def->key) {
			val = def->val;
			break;
		}
		if (at->n_preds != 1)
			break;
		at = at->preds[0];
	}
	if (!val && at->n_preds) {
		val = ir_new(ssa->fn, IR_PHI, at->n_preds);
		val->imm = var;
		val->loc = at->first->loc;
		ir_insert_before(at->first, val);
		skep_vec_add(&ssa->phis, val);
	} else if (!val) {
		val = ssa->zero;
	}
	for (fill = block;; fill = fill->preds[0]) {
		write_var(ssa, fill, var, val);
		if (fill == at)
			break;
	}
	return val;
}

static void walk(struct ssa *ssa, struct skep_block *block)
{
	struct skep_val *next;

	for (struct skep_val *v = block->first; v; v = next) {
		next = v->next;
		if (v->kind == IR_GET)
			v->fwd = read_var(ssa, block, v->var->id);
		else if (v->kind == IR_SET)
			write_var(ssa, block, v->var->id, v->args[0]);
		else
			continue;
		ir_remove(v);
	}
}

/* A phi of one value only (itself aside) is that value. */
static struct skep_val *trivial(struct skep_val *phi)
{
	struct skep_val *only = NULL;

	for (unsigned i = 0; i < phi->n_args; i++) {
		struct skep_val *arg = phi->args[i] = ir_real(phi->args[i]);

		if (arg == phi || arg == only)
			continue;
		if (only)
			return NULL;
		only = arg;
	}
	return only;
}

static int by_block(const void *a, const void *b)
{
	const struct skep_val *x = *(struct skep_val *const *)a, *y = *(struct skep_val *const *)b;

	if (x->block->rpo != y->block->rpo)
		return x->block->rpo < y->block->rpo ? -1 : 1;
	return x->id < y->id ? -1 : 1;
}

/*
 * In the order of the code one round finds nearly everything: what a phi depends on comes first,
 * but for loops.
 */
static void drop_trivial(struct ssa *ssa)
{
	bool changed = true;

	if (ssa->phis.len)
		qsort(ssa->phis.data, ssa->phis.len, sizeof(*ssa->phis.data), by_block);
	while (changed) {
		changed = false;
		for (size_t i = 0; i < ssa->phis.len; i++) {
			struct skep_val *phi = ssa->phis.data[i], *val;

			if (phi->fwd)
				continue;
			val = trivial(phi);
			if (!val)
				continue;
			phi->fwd = val;
			ir_remove(phi);
			changed = true;
		}
	}
}

void ir_ssa(struct skep_fn *fn)
{
	struct ssa ssa = { .fn = fn };

	ssa.zero = ir_const(fn, 0);
	grow(&ssa);
	for (unsigned i = 0; i < fn->n_order; i++)
		walk(&ssa, fn->order[i]);
	for (size_t i = 0; i < ssa.phis.len; i++) {
		struct skep_val *phi = ssa.phis.data[i];

		for (unsigned k = 0; k < phi->n_args; k++)
			phi->args[k] = read_var(&ssa, phi->block->preds[k], (uint32_t)phi->imm);
	}
	drop_trivial(&ssa);
	skep_vec_fini(&ssa.phis);
	/* A value that was built behind the end of a block was never computed: it reads as 0. */
	for (unsigned i = 0; i < fn->n_order; i++)
		for (struct skep_val *v = fn->order[i]->first; v; v = v->next)
			for (unsigned k = 0; k < v->n_args; k++) {
				v->args[k] = ir_real(v->args[k]);
				if (!ir_floats(v->args[k]) && !v->args[k]->block)
					v->args[k] = ssa.zero;
			}
}

/* --- what a front end can get wrong ----------------------------------------------------------- */

static bool defined(const struct skep_val *arg, const struct skep_val *user,
		    const struct skep_block *at)
{
	if (ir_floats(arg))
		return true;
	if (!ir_has_result(arg) || arg->block->fn != at->fn || arg->block->rpo == UINT32_MAX)
		return false;
	if (arg->block == at)
		return user->kind == IR_PHI || arg->pos < user->pos;
	return ir_dominates(arg->block, at);
}

static const char *wrong(const struct skep_val *v)
{
	if ((v->kind == IR_OP && v->sub >= SKEP_OP_MAX) ||
	    ((v->kind == IR_CMP || v->kind == IR_BRANCH) && v->sub >= SKEP_CC_MAX))
		return "an operation that does not exist";
	if ((v->kind == IR_LOAD || v->kind == IR_STORE) && v->size != 1 && v->size != 2 &&
	    v->size != 4 && v->size != 8)
		return "an access that is not of 1, 2, 4 or 8 bytes";
	if (v->kind == IR_ATOMIC && v->size != 4 && v->size != 8)
		return "an atomic access that is not of 4 or 8 bytes";
	if (v->kind == IR_EXT && v->size != 1 && v->size != 2 && v->size != 4)
		return "an extension that is not from 1, 2 or 4 bytes";
	if (v->kind == IR_BSWAP && v->size != 2 && v->size != 4 && v->size != 8)
		return "a byte swap that is not of 2, 4 or 8 bytes";
	for (unsigned k = 0; k < v->n_args; k++)
		if (!defined(v->args[k], v, v->kind == IR_PHI ? v->block->preds[k] : v->block))
			return "a value that is not computed on every way to its use";
	return NULL;
}

int ir_check(struct skep_fn *fn, struct skep_diag *diag)
{
	uint32_t pos = 0;

	for (unsigned i = 0; i < fn->n_order; i++)
		for (struct skep_val *v = fn->order[i]->first; v; v = v->next)
			v->pos = pos++;
	for (unsigned i = 0; i < fn->n_order; i++) {
		struct skep_block *block = fn->order[i];

		for (struct skep_val *v = block->first; v; v = v->next) {
			const char *what = wrong(v);

			if (!what)
				continue;
			skep_diag_error(diag, v->loc, "internal error in '%s': %s (value %%%u)",
					fn->proto.name, what, v->id);
			skep_diag_hint(diag,
				       "this is a bug of skep, please report it with the script");
			return -EINVAL;
		}
	}
	return 0;
}
