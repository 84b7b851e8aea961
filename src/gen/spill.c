/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Brings the number of values alive at once under the number of registers, class by class. What
 * does not fit is made again before each use where that is cheap (constants, context fields), else
 * kept in a stack slot.
 */
#include "gen/regs.h"

struct spiller {
	struct skep_fn *fn;
	struct ir_set live;
	unsigned count[2]; /* alive, by class */
	uint8_t *kept_at;  /* by position: values of class IR_KEPT */
	uint32_t pos;	   /* the place that is looked at */
	bool spilled;
};

static void enter(struct spiller *s, struct skep_val *v)
{
	if (v->spilled || ir_set_has(&s->live, v))
		return;
	ir_set_add(&s->live, v);
	s->count[ir_class_of(v)]++;
}

static void leave(struct spiller *s, struct skep_val *v)
{
	if (!ir_set_has(&s->live, v))
		return;
	ir_set_remove(&s->live, v);
	s->count[ir_class_of(v)]--;
}

static bool is_arg(const struct skep_val *v, const struct skep_val *user)
{
	for (unsigned k = 0; user && k < user->n_args; k++)
		if (user->args[k] == v)
			return true;
	return false;
}

/*
 * The value whose stay in a register is worth least, of one class or (-1) of any; not one that @at
 * is about to use. What is touched rarely and lives long from here on frees most.
 */
static struct skep_val *victim(struct spiller *s, int class, const struct skep_val *at)
{
	struct skep_val *best = NULL;
	float least = 0;

	for (uint32_t i = 0; i < s->live.n; i++) {
		struct skep_val *v = s->live.members[i];
		float cost = v->weight / (float)(v->end - s->pos + 1);

		if (v->pinned || (class >= 0 && (int)ir_class_of(v) != class))
			continue;
		/*
		 * Reading it again would need a register right here: no relief, unless it moves to
		 * the other class.
		 */
		if (v == at || (class != IR_KEPT && at && is_arg(v, at)))
			continue;
		if (ir_is_cheap(v))
			cost *= 0.3f;
		if (!best || cost < least || (cost == least && v->id < best->id)) {
			best = v;
			least = cost;
		}
	}
	return best;
}

/* True when one more value can be in the kept registers wherever @v lives. */
static bool has_room(const struct spiller *s, const struct skep_val *v)
{
	for (const struct ir_range *r = v->ranges; r; r = r->next)
		for (uint32_t pos = r->from; pos < r->to; pos++)
			if (s->kept_at[pos] >= IR_N_KEPT)
				return false;
	return true;
}

static void add_kept(struct spiller *s, const struct skep_val *v, int n)
{
	for (const struct ir_range *r = v->ranges; r; r = r->next)
		for (uint32_t pos = r->from; pos < r->to; pos++)
			s->kept_at[pos] = (uint8_t)MIN(s->kept_at[pos] + n, UINT8_MAX - 1);
}

/*
 * The longest living of the others for which the kept registers have room all its life moves there.
 */
static bool move_over(struct spiller *s)
{
	struct skep_val *best = NULL;

	for (uint32_t i = 0; i < s->live.n && !s->fn->no_moving; i++) {
		struct skep_val *v = s->live.members[i];

		if (ir_class_of(v) == IR_ANY && has_room(s, v) &&
		    (!best || v->span > best->span || (v->span == best->span && v->id < best->id)))
			best = v;
	}
	if (!best)
		return false;
	best->moved = true;
	s->count[IR_ANY]--;
	s->count[IR_KEPT]++;
	add_kept(s, best, 1);
	return true;
}

static void relieve(struct spiller *s, const struct skep_val *at)
{
	for (;;) {
		unsigned both = s->count[IR_ANY] + s->count[IR_KEPT];
		struct skep_val *v;

		if (s->count[IR_KEPT] > IR_N_KEPT)
			v = victim(s, IR_KEPT, at);
		else if (both > IR_N_BOTH)
			v = victim(s, -1, at);
		else if (s->count[IR_ANY] <= IR_N_ANY)
			return;
		else if (s->count[IR_KEPT] < IR_N_KEPT && move_over(s))
			continue;
		else
			v = victim(s, IR_ANY, at);
		if (!v)
			return;
		leave(s, v);
		if (ir_class_of(v) == IR_KEPT)
			add_kept(s, v, -1);
		v->spilled = true;
		s->spilled = true;
	}
}

static void choose(struct spiller *s, struct skep_block *block)
{
	struct skep_val *v = block->first;

	for (unsigned i = 0; i < block->n_live_in; i++)
		enter(s, block->live_in[i]);
	for (; v->kind == IR_PHI; v = v->next)
		enter(s, v);
	s->pos = block->first->pos;
	relieve(s, NULL);
	for (; v; v = v->next) {
		s->pos = v->pos;
		for (unsigned k = 0; k < v->n_args && k < 8; k++)
			if (v->dies >> k & 1 && ir_may_share(v, k))
				leave(s, v->args[k]);
		if (ir_has_result(v)) {
			enter(s, v);
			relieve(s, v);
		}
		for (unsigned k = 0; k < v->n_args && k < 8; k++)
			if (v->dies >> k & 1)
				leave(s, v->args[k]);
		if (v->dead)
			leave(s, v);
	}
	ir_set_clear(&s->live);
	s->count[IR_ANY] = s->count[IR_KEPT] = 0;
}

bool ir_spill(struct skep_fn *fn)
{
	struct spiller s = { .fn = fn };

	ir_set_init(&s.live, fn);
	s.kept_at = skep_arena_alloc(fn->scratch, fn->n_pos + 1);
	for (unsigned i = 0; i < fn->n_order; i++)
		for (struct skep_val *v = fn->order[i]->first; v; v = v->next)
			if (v->kept)
				add_kept(&s, v, 1);
	for (unsigned i = 0; i < fn->n_order; i++)
		choose(&s, fn->order[i]);
	if (s.spilled)
		ir_rewrite_spilled(fn);
	return s.spilled;
}
