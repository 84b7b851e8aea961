/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Meetings: whether what is known here was seen before, so that the path need not be walked again.
 *
 * A kept state covers the new one when every value of it that matters (read later on, and exact where that mattered) allows
 * all that the new one allows. Loops end either because numbers in them change until the condition is decided, or, around
 * callbacks and may_goto, because a round brings nothing new.
 */
#include <errno.h>

#include "verify/walk.h"

enum strictness {
	WHAT_MATTERS, /* numbers that are not marked precise may be anything */
	RANGES, /* every number has to be in range: the kept state's future is not fully known yet */
	SAME,	/* the very same knowledge: a loop that makes no progress */
};

#define IDS_MAX 600
/* States, and slots that these do not share with others, from which on fewer are kept. */
#define KEPT_MANY 2048
#define KEPT_SLOTS_MANY 16384

/* Ids of the two states, paired as they are met: the same relations have to hold in both. */
struct pairs {
	struct {
		uint32_t old, now;
		int32_t shift; /* numbers: how much more the new one's deltas are */
	} pair[IDS_MAX];
	uint32_t n;
	uint32_t fresh; /* stands for "no id" */
};

struct skep_pairs_space {
	struct pairs pairs;
};

struct skep_pairs_space *skep_walk_pairs_new(void)
{
	struct skep_pairs_space *space = malloc(sizeof(*space));

	if (!space)
		skep_oom();
	return space;
}

void skep_walk_pairs_free(struct skep_pairs_space *space)
{
	free(space);
}

static bool same_id(struct pairs *p, uint32_t old, uint32_t now)
{
	if (!old != !now)
		return false;
	if (!old)
		return true;
	for (uint32_t i = 0; i < p->n; i++) {
		if (p->pair[i].old == old)
			return p->pair[i].now == now;
		if (p->pair[i].now == now)
			return false;
	}
	if (p->n == IDS_MAX)
		return false;
	p->pair[p->n].old = old;
	p->pair[p->n++].now = now;
	return true;
}

/* A number without id is related to no other: as one with an id of its own. */
static bool same_number_id(struct pairs *p, uint32_t old, uint32_t now)
{
	if (!old)
		old = p->fresh++;
	if (!now)
		now = p->fresh++;
	return same_id(p, old, now);
}

static bool same_facts(const struct skep_value *old, const struct skep_value *now)
{
	return old->kind == now->kind && old->flags == now->flags && old->off == now->off &&
	       old->size == now->size && old->frame == now->frame &&
	       old->inner_map == now->inner_map;
}

static bool same_scalar(const struct skep_scalar *a, const struct skep_scalar *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/*
 * What numbers have to do with each other in the old state holds in the new one: those of one id differ by as much. More
 * relations than the old one's do no harm.
 */
static bool keeps_relation(struct pairs *p, const struct skep_value *old,
			   const struct skep_value *now)
{
	uint32_t id = now->id ? now->id : p->fresh++;
	int32_t shift = (now->has_delta ? now->delta : 0) - (old->has_delta ? old->delta : 0);

	if (!old->id)
		return true;
	if (skep_value_wraps(old) != skep_value_wraps(now))
		return false;
	for (uint32_t i = 0; i < p->n; i++)
		if (p->pair[i].old == old->id)
			return p->pair[i].now == id && p->pair[i].shift == shift;
	if (p->n == IDS_MAX)
		return false;
	p->pair[p->n].old = old->id;
	p->pair[p->n].now = id;
	p->pair[p->n++].shift = shift;
	return true;
}

/* @precise: something depended on the old one's number. */
static bool covers_number(const struct skep_value *old, bool precise, const struct skep_value *now,
			  struct pairs *p, enum strictness how)
{
	if (how == SAME)
		return same_scalar(&old->num, &now->num) && old->has_delta == now->has_delta &&
		       skep_value_wraps(old) == skep_value_wraps(now) && old->delta == now->delta &&
		       same_number_id(p, old->id, now->id);
	if (how == WHAT_MATTERS && !precise)
		return true;
	return skep_scalar_includes(&old->num, &now->num) && keeps_relation(p, old, now);
}

static bool covers_value(const struct skep_value *old, bool precise, const struct skep_value *now,
			 struct pairs *p, enum strictness how)
{
	if (how == SAME && old->kind == SKEP_VALUE_NOTHING)
		return now->kind == SKEP_VALUE_NOTHING;
	if (old->kind == SKEP_VALUE_NOTHING)
		return true;
	if (old->kind != now->kind)
		return false;
	if (old->kind == SKEP_VALUE_NUMBER)
		return covers_number(old, precise, now, p, how);
	if (!same_facts(old, now) || !same_id(p, old->id, now->id) ||
	    !same_id(p, old->ref, now->ref))
		return false;
	if (skep_value_is_packet(old))
		return (how == SAME ? old->range == now->range : old->range <= now->range) &&
		       (how == SAME ? same_scalar(&old->num, &now->num)
				    : skep_scalar_includes(&old->num, &now->num));
	switch (old->kind) {
	case SKEP_VALUE_MAP_VALUE:
	case SKEP_VALUE_MAP_KEY:
	case SKEP_VALUE_MEM:
	case SKEP_VALUE_BUF:
	case SKEP_VALUE_TP_BUFFER:
		if (how != SAME)
			return skep_scalar_includes(&old->num, &now->num);
		break;
	default:
		break;
	}
	return same_scalar(&old->num, &now->num);
}

static bool is_misc(const struct skep_slot *slot)
{
	for (unsigned i = 0; i < 8; i++)
		if (slot->bytes[i] != SKEP_BYTE_ANY && slot->bytes[i] != SKEP_BYTE_NOTHING)
			return false;
	return true;
}

/* The slot as a number of 64 bits, if it is one: saved whole, or eight bytes of any value. */
static bool as_number(const struct skep_slot *slot, struct skep_value *ret_number)
{
	if (skep_slot_is_saved_whole(slot) && slot->value.kind == SKEP_VALUE_NUMBER) {
		*ret_number = slot->value;
		return true;
	}
	if (is_misc(slot)) {
		*ret_number = skep_value_number();
		return true;
	}
	return false;
}

static bool covers_slot(const struct skep_slot *old, bool precise, const struct skep_slot *now,
			struct pairs *p, enum strictness how)
{
	struct skep_value a, b;
	bool nothing = true;

	for (unsigned i = 0; i < 8; i++)
		nothing &= old->bytes[i] == SKEP_BYTE_NOTHING ||
			   (how != SAME && old->bytes[i] == SKEP_BYTE_ANY);
	if (nothing && how != SAME)
		return true;
	if (as_number(old, &a) && as_number(now, &b))
		return covers_value(&a, precise, &b, p, how);
	for (unsigned i = 0; i < 8; i++) {
		uint8_t o = old->bytes[i], n = now->bytes[i];

		if (how != SAME && (o == SKEP_BYTE_NOTHING || o == SKEP_BYTE_ANY))
			continue;
		if (o != n)
			return false;
	}
	return !skep_slot_is_saved(old) || covers_value(&old->value, precise, &now->value, p, how);
}

/* Which slots of the old state matter: those read later, when that is known. */
static bool slot_matters(const struct skep_state *old, unsigned frame, unsigned slot,
			 enum strictness how)
{
	return how != WHAT_MATTERS || old->open > 0 || old->read[frame] & 1ULL << slot;
}

static bool covers_frame(struct skep_walk *walk, const struct skep_state *old,
			 const struct skep_state *now, unsigned f, struct pairs *p,
			 enum strictness how)
{
	const struct skep_frame *a = old->frames[f], *b = now->frames[f];
	uint32_t at = f == old->depth ? walk->insn : old->frames[f + 1]->callsite;
	uint16_t live = walk->code.info[at].live;

	if (a->func != b->func || a->callsite != b->callsite || a->callback != b->callback ||
	    a->callback_depth > b->callback_depth)
		return false;
	for (unsigned reg = 0; reg < SKEP_R10; reg++)
		if (live & 1u << reg &&
		    !covers_value(&a->regs[reg], old->precise_regs[f] & 1u << reg, &b->regs[reg], p,
				  how))
			return false;
	if (how == SAME && skep_frame_n_slots(a) != skep_frame_n_slots(b))
		return false;
	for (unsigned slot = 0; slot < skep_frame_n_slots(a); slot++)
		if (slot_matters(old, f, slot, how) &&
		    !covers_slot(skep_frame_slot(a, slot), old->precise_slots[f] & 1ULL << slot,
				 skep_frame_slot(b, slot), p, how))
			return false;
	return true;
}

static bool covers_refs(const struct skep_state *old, const struct skep_state *now, struct pairs *p)
{
	if (old->n_refs != now->n_refs)
		return false;
	for (uint32_t i = 0; i < old->n_refs; i++)
		if (!same_id(p, old->refs[i].id, now->refs[i].id))
			return false;
	return true;
}

static bool covers(struct skep_walk *walk, const struct skep_state *old,
		   const struct skep_state *now, enum strictness how)
{
	struct pairs *p = &walk->pairs_space->pairs;

	if (old->depth != now->depth || old->lock_map != now->lock_map || old->rcu != now->rcu)
		return false;
	p->n = 0;
	p->fresh = walk->next_id + 1;
	if (!covers_refs(old, now, p) || !same_id(p, old->lock, now->lock))
		return false;
	/* what changed most recently is in the frame that runs */
	for (unsigned f = old->depth + 1; f-- > 0;)
		if (!covers_frame(walk, old, now, f, p, how))
			return false;
	return true;
}

void skep_close_path(struct skep_walk *walk, struct skep_state *state)
{
	(void)walk;
	for (state = state->parent; state; state = state->parent)
		if (--state->open)
			break;
}

/* What the kept state's paths read and relied on, this path would have read and relied on, too. */
static void inherit(struct skep_walk *walk, const struct skep_state *old)
{
	struct skep_needs needs = {};

	for (unsigned f = 0; f <= old->depth; f++) {
		for (unsigned slot = 0; slot < SKEP_SLOTS_MAX; slot++)
			if (old->read[f] & 1ULL << slot)
				skep_state_note_read(walk->state, f, slot);
		needs.regs[f] = old->precise_regs[f];
		needs.slots[f] = old->precise_slots[f];
	}
	skep_need_precise_of(walk, walk->state, needs);
}

/* The outermost kept state that @state was found like while that one was open, if it still is. */
static struct skep_state *open_loop(struct skep_state *state)
{
	struct skep_state *loop = state->loop;

	while (loop && loop->loop)
		loop = loop->loop;
	return loop && loop->open ? loop : NULL;
}

/* This path ends at @loop, which is open: what lies between has seen only a part of what can follow. */
static void note_loop(struct skep_state *state, struct skep_state *loop)
{
	for (state = state->parent; state && state != loop; state = state->parent)
		if (!state->loop)
			state->loop = loop;
}

enum meeting {
	MEETING_OTHER, /* not covered */
	MEETING_KNOWN,
	MEETING_ENDLESS,
	MEETING_OPEN, /* not covered, and the kept state is on this path: keep fewer of these */
};

static bool allows_rounds(const struct skep_walk *walk)
{
	struct skep_insn insn = walk->code.insns[walk->insn];

	return walk->code.info[walk->insn].calls_back ||
	       (skep_insn_class(insn) == SKEP_CLASS_JMP &&
		(insn.opcode & SKEP_OP_MASK) == SKEP_JMP_JCOND);
}

static enum meeting compare(struct skep_walk *walk, struct skep_state *old)
{
	struct skep_state *now = walk->state, *loop;
	bool iterates = walk->code.info[walk->insn].iterates;

	if (old->open) {
		/* of an iterator that has ended nothing more comes: rounds with it are no progress */
		if (iterates && old->unrolled != now->unrolled && skep_iter_is_active(old) &&
		    covers(walk, old, now, RANGES)) {
			note_loop(now, old);
			return MEETING_KNOWN;
		}
		if (allows_rounds(walk)) {
			if (old->unrolled == now->unrolled || !covers(walk, old, now, RANGES))
				return MEETING_OPEN;
			note_loop(now, old);
			return MEETING_KNOWN;
		}
		if (old->unrolled == now->unrolled && covers(walk, old, now, SAME))
			return MEETING_ENDLESS;
		return MEETING_OPEN;
	}
	loop = open_loop(old);
	if (!covers(walk, old, now, loop ? RANGES : WHAT_MATTERS))
		return MEETING_OTHER;
	if (loop)
		note_loop(now, loop);
	return MEETING_KNOWN;
}

/* An id that only one number of the state has relates it to nothing. */
static void drop_lonely_ids(struct skep_state *state)
{
	SKEP_FOR_EACH_VALUE(v, at, state)
	{
		uint32_t same = 0;

		if (v->kind != SKEP_VALUE_NUMBER || !v->id)
			continue;
		SKEP_FOR_EACH_VALUE(other, where, state)
		same += other->kind == SKEP_VALUE_NUMBER && other->id == v->id;
		if (same == 1)
			skep_value_unlink(skep_state_edit(state, at));
	}
}

/* Slots of the kept state that it does not share with the one before it. */
static uint32_t count_own_slots(const struct skep_state *kept)
{
	const struct skep_state *parent = kept->parent;
	uint32_t n = 0;

	for (uint32_t f = 0; f <= kept->depth; f++) {
		const struct skep_frame *now = kept->frames[f];
		const struct skep_frame *before =
			parent && f <= parent->depth ? parent->frames[f] : NULL;

		if (!now->stack || (before && before->stack == now->stack))
			continue;
		for (uint32_t i = 0; i < now->stack->n_slots; i++)
			n += now->stack->slots[i] &&
			     (!before || i >= skep_frame_n_slots(before) ||
			      before->stack->slots[i] != now->stack->slots[i]);
	}
	return n;
}

/* Keeps a copy of this state here; the path goes on below it. */
static void keep(struct skep_walk *walk)
{
	struct skep_state *now = walk->state, *kept;
	struct skep_kept *entry = skep_arena_alloc(walk->arena, sizeof(*entry));

	drop_lonely_ids(now);
	kept = skep_state_copy(now);
	kept->parent = now->parent;
	kept->insn = walk->insn;
	kept->open = 1;
	memcpy(kept->wrote, now->wrote, sizeof(kept->wrote));
	/* the steps that led here belong to the kept state from now on */
	memcpy(&kept->trace, &now->trace, sizeof(kept->trace));
	skep_vec_trim(&kept->trace);
	memset(&now->trace, 0, sizeof(now->trace));
	memset(now->wrote, 0, sizeof(now->wrote));
	now->parent = kept;
	walk->kept_slots += count_own_slots(kept);
	skep_vec_add(&walk->states, kept);
	entry->state = kept;
	entry->next = walk->kept[walk->insn];
	walk->kept[walk->insn] = entry;
	walk->kept_jumps = walk->n_jumps;
	walk->kept_steps = walk->result->processed;
	walk->result->kept++;
}

static int meet(struct skep_walk *walk, bool *ret_known)
{
	/* the more are kept, the longer the ways between them: a bound on the memory of endless walks */
	uint32_t sparse = 1 + walk->result->kept / KEPT_MANY + walk->kept_slots / KEPT_SLOTS_MANY;
	bool must = walk->code.info[walk->insn].must_keep ||
		    walk->state->trace.len > 40 * (size_t)sparse;
	uint32_t jumps = (walk->n_jumps - walk->kept_jumps) / sparse,
		 steps = (walk->result->processed - walk->kept_steps) / sparse;
	bool add = must || (jumps >= 2 && steps >= 8);

	for (struct skep_kept **at = &walk->kept[walk->insn], *entry; (entry = *at);) {
		uint32_t patience =
			walk->code.info[walk->insn].must_keep && entry->state->open ? 64 : 3;

		switch (compare(walk, entry->state)) {
		case MEETING_KNOWN:
			entry->hits++;
			walk->result->pruned++;
			inherit(walk, entry->state);
			*ret_known = true;
			return 0;
		case MEETING_ENDLESS:
			skep_report(walk, SKEP_REASON_LOOP, -1,
				    "this loop never ends: a round changes nothing that is known");
			skep_report_hint(walk, "let a counter with a known end decide");
			return -EINVAL;
		case MEETING_OPEN:
			if (!must && jumps < 20 && steps < 100)
				add = false;
			break;
		default:
			break;
		}
		if (add)
			entry->misses++;
		if (entry->misses > entry->hits * patience + patience)
			*at = entry->next; /* it has not helped so far: no more comparisons with it */
		else
			at = &entry->next;
	}
	if (add)
		keep(walk);
	*ret_known = false;
	return 0;
}

int skep_meet(struct skep_walk *walk, bool *ret_known)
{
	*ret_known = false;
	if (walk->options->keep_all_paths)
		return 0;
	return meet(walk, ret_known);
}
