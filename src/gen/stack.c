/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where each slot lies. A slot is in use from the first access on to the last one; slots that are never in use at
 * the same moment may share bytes. Whoever holds an address derived from a slot's accesses that slot; an address
 * that is put into memory may be used at any time, so its slot shares with nobody.
 */
#include <errno.h>
#include <string.h>

#include "gen/ir.h"

struct layout {
	struct skep_fn *fn;
	unsigned words;	      /* of a set of slots */
	uint64_t **derived;   /* by value id: slots that the value may point into, or NULL */
	uint64_t *started;    /* by block: accessed on some way to its end */
	uint64_t *needed;     /* by block: accessed on some way from its start */
	uint64_t *conflicts;  /* by slot */
	uint64_t *everywhere; /* slots whose address is in memory */
};

static uint64_t *row(uint64_t *sets, const struct layout *l, unsigned i)
{
	return sets + (size_t)i * l->words;
}

/* Runs the statement for each member @s of @set. */
#define FOR_EACH_SLOT(l, s, set)                                                      \
	for (unsigned _w = 0, s; _w < (l)->words; _w++)                               \
		for (uint64_t _left = (set)[_w];                                      \
		     _left && (s = _w * 64 + (unsigned)__builtin_ctzll(_left), true); \
		     _left &= _left - 1)

static bool has(const uint64_t *set, unsigned i)
{
	return set[i / 64] >> (i % 64) & 1;
}

static void put(uint64_t *set, unsigned i)
{
	set[i / 64] |= UINT64_C(1) << (i % 64);
}

/* True when @to grew. */
static bool merge(const struct layout *l, uint64_t *to, const uint64_t *from)
{
	bool grew = false;

	for (unsigned w = 0; w < l->words; w++) {
		grew |= (from[w] & ~to[w]) != 0;
		to[w] |= from[w];
	}
	return grew;
}

static uint64_t *set_new(const struct layout *l, size_t n)
{
	return skep_arena_calloc(l->fn->arena, n * l->words, sizeof(uint64_t));
}

/* Adds the slots that @arg may point into. */
static bool merge_arg(const struct layout *l, uint64_t *to, const struct skep_val *arg)
{
	bool grew;

	if (arg->kind == IR_SLOT) {
		grew = !has(to, arg->slot->id);
		put(to, arg->slot->id);
		return grew;
	}
	return l->derived[arg->id] && merge(l, to, l->derived[arg->id]);
}

static bool points(const struct layout *l, const struct skep_val *v)
{
	return v->kind == IR_SLOT || l->derived[v->id];
}

static bool derive(struct layout *l)
{
	bool grew = false;

	for (unsigned i = 0; i < l->fn->n_order; i++)
		for (struct skep_val *v = l->fn->order[i]->first; v; v = v->next) {
			if (v->kind != IR_OP && v->kind != IR_PHI && v->kind != IR_MAT &&
			    v->kind != IR_EXT)
				continue;
			for (unsigned k = 0; k < v->n_args; k++) {
				if (!points(l, v->args[k]))
					continue;
				if (!l->derived[v->id])
					l->derived[v->id] = set_new(l, 1);
				grew |= merge_arg(l, l->derived[v->id], v->args[k]);
			}
		}
	return grew;
}

/* The slots that @v reads, writes or hands to a call. */
static bool accesses(struct layout *l, const struct skep_val *v, uint64_t *ret_set)
{
	bool any = false;

	if (v->kind < IR_LOAD)
		return false;
	memset(ret_set, 0, l->words * sizeof(*ret_set));
	for (unsigned k = 0; k < v->n_args; k++) {
		if (!points(l, v->args[k]))
			continue;
		any = true;
		merge_arg(l, ret_set, v->args[k]);
		if ((v->kind == IR_STORE && k == 1) || v->kind == IR_RET)
			merge_arg(l, l->everywhere, v->args[k]);
	}
	return any;
}

static void flow(struct layout *l)
{
	struct skep_fn *fn = l->fn;
	uint64_t *set = set_new(l, 1);
	bool changed = true;

	for (unsigned i = 0; i < fn->n_order; i++)
		for (struct skep_val *v = fn->order[i]->first; v; v = v->next)
			if (accesses(l, v, set)) {
				merge(l, row(l->started, l, i), set);
				merge(l, row(l->needed, l, i), set);
			}
	while (changed) {
		changed = false;
		for (unsigned i = 0; i < fn->n_order; i++)
			for (unsigned k = 0; k < fn->order[i]->n_preds; k++)
				changed |= merge(l, row(l->started, l, i),
						 row(l->started, l, fn->order[i]->preds[k]->rpo));
		for (unsigned i = fn->n_order; i-- > 0;)
			for (unsigned k = 0; k < fn->order[i]->n_succ; k++)
				changed |= merge(l, row(l->needed, l, i),
						 row(l->needed, l, fn->order[i]->succ[k]->rpo));
	}
}

static void conflict(struct layout *l, const uint64_t *live)
{
	FOR_EACH_SLOT(l, s, live)
	merge(l, row(l->conflicts, l, s), live);
}

/* Where in the block each slot is accessed for the last time; never, when a later block accesses it. */
static void find_last(struct layout *l, struct skep_block *block, uint64_t *set, uint32_t *last)
{
	uint32_t pos = 1;

	for (struct skep_val *v = block->first; v; v = v->next, pos++)
		if (accesses(l, v, set))
			FOR_EACH_SLOT(l, s, set)
	last[s] = pos;
	for (unsigned k = 0; k < block->n_succ; k++)
		FOR_EACH_SLOT(l, s, row(l->needed, l, block->succ[k]->rpo))
	last[s] = UINT32_MAX;
}

/* Forward over a block with what is in use, which changes only at accesses. */
static void walk(struct layout *l, struct skep_block *block, uint64_t *live, uint64_t *set,
		 uint32_t *last)
{
	uint32_t pos = 1;

	memset(live, 0, l->words * sizeof(*live));
	for (unsigned k = 0; k < block->n_preds; k++)
		merge(l, live, row(l->started, l, block->preds[k]->rpo));
	for (unsigned w = 0; w < l->words; w++)
		live[w] &= row(l->needed, l, block->rpo)[w];
	find_last(l, block, set, last);
	conflict(l, live);
	for (struct skep_val *v = block->first; v; v = v->next, pos++) {
		if (!accesses(l, v, set))
			continue;
		if (merge(l, live, set))
			conflict(l, live);
		FOR_EACH_SLOT(l, s, set)
		if (last[s] <= pos)
			live[s / 64] &= ~(UINT64_C(1) << (s % 64));
	}
}

/* The 8-byte units below r10 that a slot covers; all of them when it would not fit. */
static uint64_t units(int off, unsigned size)
{
	unsigned first = (unsigned)(-off - (int)size) / 8, n = size / 8;

	return (n >= 64 ? UINT64_MAX : (UINT64_C(1) << n) - 1) << first;
}

/* The place nearest to r10 where no slot lies that is in use at the same time; 0 when there is none. */
static int place(struct layout *l, struct ir_slot **placed, unsigned n, const struct ir_slot *slot)
{
	const uint64_t *conflicts = row(l->conflicts, l, slot->id);
	bool alone = has(l->everywhere, slot->id);
	uint64_t taken = 0;

	for (unsigned i = 0; i < n; i++)
		if (alone || has(conflicts, placed[i]->id) || has(l->everywhere, placed[i]->id))
			taken |= units(placed[i]->off, placed[i]->size);
	for (int off = -(int)slot->size; off >= -SKEP_GEN_STACK_MAX; off -= 8)
		if (!(taken & units(off, slot->size)))
			return off;
	return 0;
}

static int by_size(const void *a, const void *b)
{
	const struct ir_slot *x = *(struct ir_slot *const *)a, *y = *(struct ir_slot *const *)b;

	if (x->size != y->size)
		return x->size < y->size ? 1 : -1;
	return x->id < y->id ? -1 : 1;
}

static int too_much(struct skep_fn *fn, struct skep_diag *diag, struct ir_slot **slots, unsigned n)
{
	struct skep_str names = {};

	for (unsigned i = 0; i < MIN(n, 4u); i++)
		skep_str_addf(&names, "%s%s (%u bytes)", i ? ", " : "", slots[i]->name,
			      slots[i]->size);
	skep_diag_error(diag, fn->proto.loc, "'%s' needs more than the %d bytes of stack there are",
			fn->proto.name, SKEP_GEN_STACK_MAX);
	skep_diag_hint(diag, "the largest objects are: %s; make them smaller or fewer",
		       skep_str_text(&names));
	skep_str_fini(&names);
	return -E2BIG;
}

static void find_conflicts(struct layout *l)
{
	struct skep_fn *fn = l->fn;
	uint64_t *live = set_new(l, 1), *set = set_new(l, 1);
	uint32_t *last = skep_arena_calloc(fn->arena, fn->n_slots, sizeof(*last));

	while (derive(l))
		;
	flow(l);
	for (unsigned i = 0; i < fn->n_order; i++)
		walk(l, fn->order[i], live, set, last);
}

int ir_stack(struct skep_fn *fn, struct skep_diag *diag)
{
	struct layout l = { .fn = fn, .words = (fn->n_slots + 63) / 64 };
	struct ir_slot **used;
	unsigned n = 0;
	unsigned bytes = 0;

	if (!fn->n_slots)
		return 0;
	l.derived = skep_arena_calloc(fn->arena, fn->n_vals, sizeof(*l.derived));
	l.started = set_new(&l, fn->n_order);
	l.needed = set_new(&l, fn->n_order);
	l.conflicts = set_new(&l, fn->n_slots);
	l.everywhere = set_new(&l, 1);
	find_conflicts(&l);
	used = skep_arena_calloc(fn->arena, fn->n_slots, sizeof(*used));
	for (unsigned i = 0; i < fn->n_slots; i++)
		if (has(row(l.conflicts, &l, i), i))
			used[n++] = fn->slots[i];
	qsort(used, n, sizeof(*used), by_size);
	for (unsigned i = 0; i < n; i++) {
		if (used[i]->size <= SKEP_GEN_STACK_MAX)
			used[i]->off = place(&l, used, i, used[i]);
		if (!used[i]->off)
			return too_much(fn, diag, used, n);
		bytes = MAX(bytes, (unsigned)-used[i]->off);
	}
	fn->stack = bytes;
	return 0;
}
