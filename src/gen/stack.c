/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where each slot lies. A slot is in use from the first access on to the last one; slots that are
 * never in use at the same moment may share bytes. Whoever holds an address derived from a slot's
 * accesses that slot; an address that is put into memory may be used at any time, so its slot
 * shares with nobody.
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
	uint32_t *hits;	      /* slots that one instruction accesses */
	unsigned n_hits;
	uint32_t *live; /* slots in use during a walk */
	unsigned n_live;
	uint32_t *where; /* by slot: index in live + 1, or 0 */
	uint32_t *last;	 /* by slot: its last access in a block */
	uint32_t epoch;	 /* accesses below belong to earlier blocks */
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
	uint64_t grew = 0;

	for (unsigned w = 0; w < l->words; w++) {
		grew |= from[w] & ~to[w];
		to[w] |= from[w];
	}
	return grew;
}

static uint64_t *set_new(const struct layout *l, size_t n)
{
	return skep_arena_calloc(l->fn->scratch, n * l->words, sizeof(uint64_t));
}

/* --- who points where ------------------------------------------------------------------------- */

static bool derive_from(struct layout *l, struct skep_val *v, const struct skep_val *arg)
{
	bool grew;

	if (arg->kind != IR_SLOT && !l->derived[arg->id])
		return false;
	if (!l->derived[v->id])
		l->derived[v->id] = set_new(l, 1);
	if (arg->kind != IR_SLOT)
		return merge(l, l->derived[v->id], l->derived[arg->id]);
	grew = !has(l->derived[v->id], arg->slot->id);
	put(l->derived[v->id], arg->slot->id);
	return grew;
}

/* True when it has to be done again. */
static bool derive(struct layout *l)
{
	bool grew = false;

	for (unsigned i = 0; i < l->fn->n_order; i++)
		for (struct skep_val *v = l->fn->order[i]->first; v; v = v->next)
			if (v->kind == IR_OP || v->kind == IR_PHI || v->kind == IR_MAT ||
			    v->kind == IR_COPY || v->kind == IR_EXT)
				for (unsigned k = 0; k < v->n_args; k++)
					grew |= derive_from(l, v, v->args[k]);
	return grew;
}

static void hit(struct layout *l, uint32_t slot, bool is_stored)
{
	l->hits[l->n_hits++] = slot;
	if (is_stored)
		put(l->everywhere, slot);
}

/* Finds the slots that @v reads, writes or hands to a call; true when there are any. */
static bool accesses(struct layout *l, const struct skep_val *v)
{
	l->n_hits = 0;
	if (v->kind < IR_LOAD)
		return false;
	for (unsigned k = 0; k < v->n_args; k++) {
		const struct skep_val *arg = v->args[k];
		bool is_stored = (v->kind == IR_STORE && k == 1) || v->kind == IR_RET;

		if (arg->kind == IR_SLOT)
			hit(l, arg->slot->id, is_stored);
		else if (l->derived[arg->id])
			FOR_EACH_SLOT(l, s, l->derived[arg->id])
		hit(l, s, is_stored);
	}
	return l->n_hits;
}

/* --- what is in use when ---------------------------------------------------------------------- */

static void flow(struct layout *l)
{
	struct skep_fn *fn = l->fn;
	bool changed = true;

	for (unsigned i = 0; i < fn->n_order; i++)
		for (struct skep_val *v = fn->order[i]->first; v; v = v->next) {
			accesses(l, v);
			for (unsigned k = 0; k < l->n_hits; k++) {
				put(row(l->started, l, i), l->hits[k]);
				put(row(l->needed, l, i), l->hits[k]);
			}
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

static void start(struct layout *l, uint32_t slot)
{
	if (l->where[slot])
		return;
	put(row(l->conflicts, l, slot), slot);
	for (unsigned i = 0; i < l->n_live; i++) {
		put(row(l->conflicts, l, slot), l->live[i]);
		put(row(l->conflicts, l, l->live[i]), slot);
	}
	l->live[l->n_live++] = slot;
	l->where[slot] = l->n_live;
}

static void stop(struct layout *l, uint32_t slot)
{
	uint32_t i = l->where[slot];

	l->live[i - 1] = l->live[--l->n_live];
	l->where[l->live[i - 1]] = i;
	l->where[slot] = 0;
}

/* True when a block behind @block accesses the slot. */
static bool is_needed(struct layout *l, const struct skep_block *block, uint32_t slot)
{
	for (unsigned k = 0; k < block->n_succ; k++)
		if (has(row(l->needed, l, block->succ[k]->rpo), slot))
			return true;
	return false;
}

/* Forward over a block with what is in use, which changes only at accesses. */
static void walk(struct layout *l, struct skep_block *block, uint64_t *set)
{
	uint32_t pos = l->epoch;

	memset(set, 0, l->words * sizeof(*set));
	for (unsigned k = 0; k < block->n_preds; k++)
		merge(l, set, row(l->started, l, block->preds[k]->rpo));
	for (unsigned w = 0; w < l->words; w++)
		set[w] &= row(l->needed, l, block->rpo)[w];
	FOR_EACH_SLOT(l, s, set)
	start(l, s);
	for (struct skep_val *v = block->first; v; v = v->next, pos++) {
		accesses(l, v);
		for (unsigned k = 0; k < l->n_hits; k++)
			l->last[l->hits[k]] = pos;
	}
	pos = l->epoch;
	for (struct skep_val *v = block->first; v; v = v->next, pos++) {
		if (!accesses(l, v))
			continue;
		for (unsigned k = 0; k < l->n_hits; k++)
			start(l, l->hits[k]);
		for (unsigned k = 0; k < l->n_hits; k++)
			if (l->last[l->hits[k]] == pos && l->where[l->hits[k]] &&
			    !is_needed(l, block, l->hits[k]))
				stop(l, l->hits[k]);
	}
	l->epoch = pos;
	while (l->n_live)
		stop(l, l->live[l->n_live - 1]);
}

static void find_conflicts(struct layout *l)
{
	struct skep_fn *fn = l->fn;
	uint64_t *set = set_new(l, 1);

	l->hits = skep_arena_calloc(fn->scratch, (size_t)fn->n_slots * 5, sizeof(*l->hits));
	l->live = skep_arena_calloc(fn->scratch, fn->n_slots, sizeof(*l->live));
	l->where = skep_arena_calloc(fn->scratch, fn->n_slots, sizeof(*l->where));
	l->last = skep_arena_calloc(fn->scratch, fn->n_slots, sizeof(*l->last));
	l->epoch = 1;
	while (derive(l))
		;
	flow(l);
	for (unsigned i = 0; i < fn->n_order; i++)
		walk(l, fn->order[i], set);
}

/* --- places ----------------------------------------------------------------------------------- */

/* The 8-byte units below r10 that a slot covers; all of them when it would not fit. */
static uint64_t units(int off, unsigned size)
{
	unsigned first = (unsigned)(-off - (int)size) / 8, n = size / 8;

	return (n >= 64 ? UINT64_MAX : (UINT64_C(1) << n) - 1) << first;
}

/*
 * The place nearest to r10 where no slot lies that is in use at the same time; 0 when there is
 * none.
 */
static int place(struct layout *l, const struct ir_slot *slot)
{
	const uint64_t *conflicts = row(l->conflicts, l, slot->id);
	uint64_t taken = 0;

	if (has(l->everywhere, slot->id)) {
		for (unsigned i = 0; i < l->fn->n_slots; i++)
			if (l->fn->slots[i]->off)
				taken |= units(l->fn->slots[i]->off, l->fn->slots[i]->size);
	} else {
		FOR_EACH_SLOT(l, s, conflicts)
		if (l->fn->slots[s]->off)
			taken |= units(l->fn->slots[s]->off, l->fn->slots[s]->size);
		FOR_EACH_SLOT(l, s, l->everywhere)
		if (l->fn->slots[s]->off)
			taken |= units(l->fn->slots[s]->off, l->fn->slots[s]->size);
	}
	for (int off = -(int)slot->size; off >= -SKEP_GEN_STACK_MAX; off -= 8)
		if (!(taken & units(off, slot->size)))
			return off;
	return 0;
}

/* The large ones first, and behind them those that have another place to go. */
static int by_size(const void *a, const void *b)
{
	const struct ir_slot *x = *(struct ir_slot *const *)a, *y = *(struct ir_slot *const *)b;

	if (x->movable != y->movable)
		return x->movable ? 1 : -1;
	if (x->size != y->size)
		return x->size < y->size ? 1 : -1;
	return x->id < y->id ? -1 : 1;
}

struct group {
	const char *name;
	unsigned n, bytes;
};

/* Objects of one name, which may be many small ones. The largest groups first. */
static unsigned group(struct ir_slot **slots, unsigned n, struct group *groups)
{
	unsigned n_groups = 0, k;

	for (unsigned i = 0; i < n; i++) {
		for (k = 0; k < n_groups; k++)
			if (skep_streq(groups[k].name, slots[i]->name))
				break;
		if (k == n_groups)
			groups[n_groups++] = (struct group){ .name = slots[i]->name };
		groups[k].n++;
		groups[k].bytes += slots[i]->size;
		for (; k > 0 && groups[k].bytes > groups[k - 1].bytes; k--) {
			struct group lesser = groups[k - 1];

			groups[k - 1] = groups[k];
			groups[k] = lesser;
		}
	}
	return n_groups;
}

static int too_much(struct skep_fn *fn, struct skep_diag *diag, struct ir_slot **slots, unsigned n)
{
	struct group *groups = skep_arena_calloc(fn->scratch, n, sizeof(*groups));
	unsigned n_groups = group(slots, n, groups);
	struct skep_str names = {};

	for (unsigned i = 0; i < MIN(n_groups, 4u); i++) {
		skep_str_addf(&names, "%s%s (%u bytes", i ? ", " : "", groups[i].name,
			      groups[i].bytes);
		if (groups[i].n > 1)
			skep_str_addf(&names, " in %u pieces", groups[i].n);
		skep_str_addc(&names, ')');
	}
	skep_diag_error(diag, fn->proto.loc, "'%s' needs more than the %d bytes of stack there are",
			fn->proto.name, SKEP_GEN_STACK_MAX);
	skep_diag_hint(diag,
		       "most of it takes: %s; keep what lasts in a map instead of variables, and "
		       "compute values where they are used",
		       skep_str_text(&names));
	skep_str_fini(&names);
	return -E2BIG;
}

int ir_stack(struct skep_fn *fn, struct skep_diag *diag)
{
	struct layout l = { .fn = fn, .words = (fn->n_slots + 63) / 64 };
	struct ir_slot **used;
	unsigned n = 0;
	unsigned bytes = 0;
	bool moves = false;

	if (!fn->n_slots)
		return 0;
	l.derived = skep_arena_calloc(fn->scratch, fn->n_vals, sizeof(*l.derived));
	l.started = set_new(&l, fn->n_order);
	l.needed = set_new(&l, fn->n_order);
	l.conflicts = set_new(&l, fn->n_slots);
	l.everywhere = set_new(&l, 1);
	find_conflicts(&l);
	used = skep_arena_calloc(fn->scratch, fn->n_slots, sizeof(*used));
	for (unsigned i = 0; i < fn->n_slots; i++)
		if (has(row(l.conflicts, &l, i), i))
			used[n++] = fn->slots[i];
	qsort(used, n, sizeof(*used), by_size);
	for (unsigned i = 0; i < n; i++) {
		used[i]->off = 0;
		if (used[i]->size <= SKEP_GEN_STACK_MAX)
			used[i]->off = place(&l, used[i]);
		if (!used[i]->off && !used[i]->movable)
			return too_much(fn, diag, used, n);
		used[i]->away = !used[i]->off;
		moves |= used[i]->away;
		bytes = MAX(bytes, (unsigned)-used[i]->off);
	}
	fn->stack = bytes;
	/* Some room besides: moving takes a slot, and may make others. */
	for (unsigned i = 0; i < n && moves; i++)
		used[i]->away |= used[i]->movable && used[i]->off < -(SKEP_GEN_STACK_MAX - 64);
	return moves;
}
