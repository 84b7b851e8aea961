/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Folding: what can be computed now is, what has a cheaper form gets it, constant parts of
 * addresses move into the loads and stores.
 *
 * The kernel's verifier must still see the proofs of the source: an AND with a mask stays unless it
 * changes nothing that the machine itself guarantees, and a sum that others use too is not taken
 * apart (they may have checked it).
 */
#include "gen/ir.h"

static bool is_op(const struct skep_val *v, enum skep_ir_op op)
{
	return v->kind == IR_OP && v->sub == op;
}

/* @v is "x op constant". */
static bool is_op_const(const struct skep_val *v, enum skep_ir_op op)
{
	return is_op(v, op) && ir_is_const(v->args[1]);
}

static bool is_pow2(int64_t n)
{
	return n > 0 && !(n & (n - 1));
}

/* --- changing a value in place ---------------------------------------------------------------- */

static struct skep_val *become(struct skep_val *v, enum skep_ir_op op, struct skep_val *a,
			       int64_t n)
{
	v->kind = IR_OP;
	v->sub = op;
	v->size = v->flags = 0;
	v->n_args = 2;
	v->args[0] = a;
	v->args[1] = ir_const(v->block->fn, (uint64_t)n);
	return v;
}

static struct skep_val *become_ext(struct skep_val *v, struct skep_val *a, unsigned size,
				   bool is_signed)
{
	v->kind = IR_EXT;
	v->size = (uint8_t)size;
	v->flags = is_signed ? SKEP_LOAD_SIGNED : 0;
	v->n_args = 1;
	v->args[0] = a;
	return v;
}

static struct skep_val *number(struct skep_val *v, uint64_t n)
{
	return ir_const(v->block->fn, n);
}

/*
 * --- operations: each returns what @v is, which may be @v changed, or NULL when there is nothing
 * to do ---
 */

/* x op c that is x or a constant. */
static struct skep_val *fold_neutral(struct skep_val *v, struct skep_val *a, int64_t c)
{
	switch (v->sub) {
	case SKEP_OP_ADD:
	case SKEP_OP_SUB:
	case SKEP_OP_XOR:
		return c ? NULL : a;
	case SKEP_OP_OR:
		return c == 0 ? a : c == -1 ? number(v, UINT64_MAX) : NULL;
	case SKEP_OP_AND:
		return c == 0 ? number(v, 0) : c == -1 ? a : NULL;
	case SKEP_OP_MUL:
		return c == 0 ? number(v, 0) : c == 1 ? a : NULL;
	case SKEP_OP_UDIV:
	case SKEP_OP_SDIV:
		return c == 0 ? number(v, 0) : c == 1 ? a : NULL;
	case SKEP_OP_UMOD:
	case SKEP_OP_SMOD:
		return c == 0 ? a : c == 1 ? number(v, 0) : NULL;
	default:
		return c & 63 ? NULL : a;
	}
}

/* (x op c1) op c when nobody else uses the inner one. */
static struct skep_val *fold_nested(struct skep_val *v, struct skep_val *a, int64_t c)
{
	struct skep_val *x = a->n_args ? a->args[0] : NULL;
	int64_t c1;

	if (v->sub == SKEP_OP_AND && a->kind == IR_EXT && !(a->flags & SKEP_LOAD_SIGNED) &&
	    a->n_uses == 1 && (uint64_t)c <= ir_low_mask(a->size))
		return become(v, SKEP_OP_AND, x, c);
	if (a->kind != IR_OP || !ir_is_const(a->args[1]) || a->n_uses != 1)
		return NULL;
	c1 = a->args[1]->imm;
	if (v->sub == a->sub) {
		if (v->sub == SKEP_OP_ADD)
			return become(v, SKEP_OP_ADD, x, (int64_t)((uint64_t)c1 + (uint64_t)c));
		if (v->sub == SKEP_OP_AND)
			return become(v, SKEP_OP_AND, x, c1 & c);
		if (v->sub == SKEP_OP_OR)
			return become(v, SKEP_OP_OR, x, c1 | c);
		if (v->sub == SKEP_OP_XOR)
			return become(v, SKEP_OP_XOR, x, c1 ^ c);
		if ((v->sub == SKEP_OP_SHL || v->sub == SKEP_OP_SHR) && (c1 & 63) + (c & 63) < 64)
			return become(v, v->sub, x, (c1 & 63) + (c & 63));
	}
	if (a->sub == SKEP_OP_SHL && (c1 & 63) == (c & 63) && (c == 32 || c == 48 || c == 56) &&
	    (v->sub == SKEP_OP_SHR || v->sub == SKEP_OP_SAR))
		return become_ext(v, x, (unsigned)(64 - c) / 8, v->sub == SKEP_OP_SAR);
	return NULL;
}

/* a / 2^k rounds towards zero: what is negative gets 2^k - 1 added first. */
static struct skep_val *fold_sdiv_pow2(struct skep_val *v, struct skep_val *a, int64_t c)
{
	struct skep_fn *fn = v->block->fn;
	unsigned k = (unsigned)__builtin_ctzll((uint64_t)c);
	struct skep_val *t;

	t = ir_op_before(v, SKEP_OP_SAR, a, ir_const(fn, 63));
	t = ir_op_before(v, SKEP_OP_SHR, t, ir_const(fn, 64 - k));
	t = ir_op_before(v, SKEP_OP_ADD, a, t);
	if (v->sub == SKEP_OP_SDIV)
		return become(v, SKEP_OP_SAR, t, k);
	v->args[1] = ir_op_before(v, SKEP_OP_AND, t, ir_const(fn, 0 - (uint64_t)c));
	v->sub = SKEP_OP_SUB;
	return v;
}

static struct skep_val *fold_strength(struct skep_val *v, struct skep_val *a, int64_t c)
{
	bool positive = ir_umax(a, IR_DEPTH) <= INT64_MAX;

	switch (v->sub) {
	case SKEP_OP_SUB:
		return become(v, SKEP_OP_ADD, a, (int64_t)(0 - (uint64_t)c));
	case SKEP_OP_AND:
		return (uint64_t)c == UINT32_MAX ? become_ext(v, a, 4, false) : NULL;
	case SKEP_OP_MUL:
		return is_pow2(c) ? become(v, SKEP_OP_SHL, a, __builtin_ctzll((uint64_t)c)) : NULL;
	case SKEP_OP_UDIV:
		return is_pow2(c) ? become(v, SKEP_OP_SHR, a, __builtin_ctzll((uint64_t)c)) : NULL;
	case SKEP_OP_UMOD:
		return is_pow2(c) ? become(v, SKEP_OP_AND, a, c - 1) : NULL;
	case SKEP_OP_SDIV:
	case SKEP_OP_SMOD:
		if (positive && c > 0)
			return become(v, v->sub == SKEP_OP_SDIV ? SKEP_OP_UDIV : SKEP_OP_UMOD, a,
				      c);
		return is_pow2(c) && c > 1 ? fold_sdiv_pow2(v, a, c) : NULL;
	default:
		return NULL;
	}
}

/* Address arithmetic on what has no register yet. */
static struct skep_val *fold_address(struct skep_val *v, struct skep_val *a, int64_t c)
{
	struct skep_fn *fn = v->block->fn;
	struct skep_spec_map *map;
	struct skep_val *n;

	if (v->sub != SKEP_OP_ADD || !ir_fits_s32(c))
		return NULL;
	if (a->kind == IR_SLOT && ir_fits_s16(a->imm + c))
		return ir_slot_addr(fn, a->slot, a->imm + c);
	map = a->kind == IR_MAPVAL ? skep_gen_map_at(fn->gen, a->map) : NULL;
	if (!map || a->imm + c < 0 || a->imm + c >= map->value_size)
		return NULL;
	n = ir_new(fn, IR_MAPVAL, 0);
	n->map = a->map;
	n->imm = a->imm + c;
	return n;
}

static struct skep_val *fold_op(struct skep_val *v)
{
	struct skep_val *a = v->args[0], *b = v->args[1], *n;
	int64_t c = b->imm;

	if (ir_is_const(a) && ir_is_const(b))
		return number(v, skep_ir_op_eval(v->sub, (uint64_t)a->imm, (uint64_t)b->imm));
	if (ir_commutes(v->sub) && ir_floats(a) && !ir_floats(b)) {
		v->args[0] = b;
		v->args[1] = a;
		return v;
	}
	if (ir_same(a, b) && !ir_is_const(a)) {
		if (v->sub == SKEP_OP_SUB || v->sub == SKEP_OP_XOR)
			return number(v, 0);
		if (v->sub == SKEP_OP_AND || v->sub == SKEP_OP_OR)
			return a;
	}
	if (!ir_is_const(b))
		return NULL;
	n = fold_neutral(v, a, c);
	if (!n)
		n = fold_address(v, a, c);
	if (!n)
		n = fold_nested(v, a, c);
	if (!n)
		n = fold_strength(v, a, c);
	return n;
}

static struct skep_val *fold_ext(struct skep_val *v)
{
	struct skep_val *a = v->args[0];
	bool is_signed = v->flags & SKEP_LOAD_SIGNED;
	uint64_t mask = ir_low_mask(v->size);

	if (ir_is_const(a))
		return number(v, ir_extend_eval((uint64_t)a->imm, v->size, is_signed));
	if (ir_umax(a, IR_DEPTH) <= (is_signed ? mask / 2 : mask))
		return a;
	if (a->kind == IR_EXT && v->size <= a->size) {
		v->args[0] = a->args[0];
		return v;
	}
	if ((a->kind == IR_EXT || a->kind == IR_LOAD) && is_signed && a->size <= v->size &&
	    a->flags & SKEP_LOAD_SIGNED)
		return a;
	if (a->kind == IR_LOAD && is_signed && a->size == v->size && a->n_uses == 1 &&
	    v->block->fn->gen->options.cpu >= 4) {
		a->flags |= SKEP_LOAD_SIGNED;
		return a;
	}
	return NULL;
}

static struct skep_val *fold_bswap(struct skep_val *v)
{
	uint64_t n = (uint64_t)v->args[0]->imm;

	if (!ir_is_const(v->args[0]))
		return NULL;
	return number(v, v->size == 2	? __builtin_bswap16((uint16_t)n)
			 : v->size == 4 ? __builtin_bswap32((uint32_t)n)
					: __builtin_bswap64(n));
}

static void set_cond(struct skep_val *v, enum skep_cc cc, struct skep_val *a, struct skep_val *b)
{
	v->sub = cc;
	v->args[0] = a;
	v->args[1] = b;
}

/* True when the condition of @v got a simpler form. */
static bool fold_cond(struct skep_val *v)
{
	struct skep_val *a = v->args[0], *b = v->args[1];
	bool equality = v->sub == SKEP_CC_EQ || v->sub == SKEP_CC_NE;

	if (ir_floats(a) && !ir_floats(b)) {
		set_cond(v, ir_cc_swap(v->sub), b, a);
		return true;
	}
	if (!ir_is_const(b))
		return false;
	if ((b->imm == 0 && (v->sub == SKEP_CC_UGT || v->sub == SKEP_CC_ULE)) ||
	    (b->imm == 1 && (v->sub == SKEP_CC_UGE || v->sub == SKEP_CC_ULT))) {
		set_cond(v,
			 v->sub == SKEP_CC_UGT || v->sub == SKEP_CC_UGE ? SKEP_CC_NE : SKEP_CC_EQ,
			 a, ir_const(v->block->fn, 0));
		return true;
	}
	if (equality && a->kind == IR_CMP && (b->imm == 0 || b->imm == 1)) {
		bool same = (v->sub == SKEP_CC_NE) == (b->imm == 0);

		set_cond(v, same ? a->sub : ir_cc_not(a->sub), a->args[0], a->args[1]);
		return true;
	}
	if (equality && b->imm == 0 && a->n_uses == 1 &&
	    (is_op(a, SKEP_OP_SUB) || is_op(a, SKEP_OP_XOR))) {
		set_cond(v, v->sub, a->args[0], a->args[1]);
		return true;
	}
	return false;
}

/* The branch always goes one way: the other edge is cut. */
void ir_cut_branch(struct skep_val *v, bool yes)
{
	struct skep_block *block = v->block, *lost = block->succ[yes];

	ir_remove_pred(lost, ir_pred_index(lost, block));
	block->succ[0] = block->succ[!yes];
	block->n_succ = 1;
	v->kind = IR_JUMP;
	v->n_args = 0;
}

/* --- memory ----------------------------------------------------------------------------------- */

/* The numbers of both, as one. */
static const struct ir_need *join_needs(struct skep_fn *fn, const struct ir_need *a,
					const struct ir_need *b)
{
	struct ir_need *n;

	if (!a)
		return b;
	n = skep_arena_alloc(fn->arena, sizeof(*n));
	n->index = a->index;
	n->next = join_needs(fn, a->next, b);
	return n;
}

/* An offset that is known when the program is loaded: room is left for the difference. */
static bool fold_base_need(struct skep_val *v)
{
	const struct skep_val *addr = v->args[0], *need = addr->n_args == 2 ? addr->args[1] : NULL;

	/* What is read and written of the stack must be known by then. */
	if (!is_op(addr, SKEP_OP_ADD) || need->kind != IR_NEED || need->size == 8 ||
	    addr->args[0]->kind == IR_SLOT || !ir_fits_s16(v->imm + need->imm))
		return false;
	v->imm += need->imm;
	v->needs = join_needs(v->block->fn, v->needs, need->needs);
	v->args[0] = addr->args[0];
	return true;
}

static bool fold_base(struct skep_val *v)
{
	struct skep_val *addr = v->args[0], *n;

	if (is_op_const(addr, SKEP_OP_ADD) && ir_fits_s32(addr->args[1]->imm) &&
	    ir_fits_s16(v->imm + addr->args[1]->imm)) {
		v->imm += addr->args[1]->imm;
		v->args[0] = addr->args[0];
		return true;
	}
	if (fold_base_need(v))
		return true;
	/* One address serves all accesses to a map's value. */
	if (addr->kind == IR_MAPVAL && addr->imm && ir_fits_s16(v->imm + addr->imm)) {
		n = ir_new(v->block->fn, IR_MAPVAL, 0);
		n->map = addr->map;
		v->imm += addr->imm;
		v->args[0] = n;
		return true;
	}
	return false;
}

/* What only changes bits that are not stored need not be done. */
static bool fold_stored(struct skep_val *v)
{
	struct skep_val *value = v->args[1];
	uint64_t mask = ir_low_mask(v->size);

	if ((value->kind == IR_EXT && value->size >= v->size && !(value->flags & IR_KEPT_EXT)) ||
	    (is_op_const(value, SKEP_OP_AND) && ((uint64_t)value->args[1]->imm & mask) == mask)) {
		v->args[1] = value->args[0];
		return true;
	}
	return false;
}

static struct skep_val *fold_phi(struct skep_val *v)
{
	struct skep_val *only = NULL;

	for (unsigned k = 0; k < v->n_args; k++) {
		if (v->args[k] == v || (only && ir_same(only, v->args[k])))
			continue;
		if (only)
			return NULL;
		only = v->args[k];
	}
	return only;
}

/* --- the pass --------------------------------------------------------------------------------- */

static struct skep_val *fold_val(struct skep_val *v)
{
	int known;

	switch (v->kind) {
	case IR_PHI:
		return fold_phi(v);
	case IR_OP:
		return fold_op(v);
	case IR_EXT:
		return fold_ext(v);
	case IR_BSWAP:
		return fold_bswap(v);
	case IR_CMP:
		known = ir_decide(v);
		if (known >= 0)
			return number(v, (uint64_t)known);
		return fold_cond(v) ? v : NULL;
	case IR_LOAD:
		return fold_base(v) ? v : NULL;
	case IR_STORE:
		return fold_stored(v) || fold_base(v) ? v : NULL;
	case IR_ATOMIC:
		return fold_base(v) ? v : NULL;
	case IR_BRANCH:
		known = ir_decide(v);
		if (known >= 0) {
			ir_cut_branch(v, known);
			return v;
		}
		return fold_cond(v) ? v : NULL;
	default:
		return NULL;
	}
}

/* Until @v has its final form; true when anything happened. */
static bool fold_fully(struct skep_val *v)
{
	bool changed = false;
	struct skep_val *n;

	for (unsigned i = 0; i < 16; i++) {
		for (unsigned k = 0; k < v->n_args; k++)
			v->args[k] = ir_real(v->args[k]);
		n = fold_val(v);
		if (!n)
			break;
		changed = true;
		/* Counts of uses only ever grow here: too many is safe, too few is not. */
		if (n == v) {
			for (unsigned k = 0; k < v->n_args; k++)
				v->args[k]->n_uses++;
			continue;
		}
		n->n_uses += v->n_uses;
		v->fwd = n;
		ir_remove(v);
		break;
	}
	return changed;
}

bool ir_fold(struct skep_fn *fn)
{
	struct skep_val *next;
	bool changed = false;

	ir_count_uses(fn);
	for (unsigned i = 0; i < fn->n_order; i++)
		for (struct skep_val *v = fn->order[i]->first; v; v = next) {
			next = v->next;
			changed |= fold_fully(v);
		}
	return changed;
}
