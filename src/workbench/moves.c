/* SPDX-License-Identifier: Apache-2.0 */
#include "workbench/moves.h"

#include <string.h>

#include "vm/engine.h"

uint64_t skep_search_any(struct skep_search *s)
{
	s->random ^= s->random << 13;
	s->random ^= s->random >> 7;
	s->random ^= s->random << 17;
	return s->random * 0x2545f4914f6cdd1d;
}

/* Elements. */

static struct skep_witness_entry *find_entry(struct skep_witness *w,
					     const struct skep_trial_lookup *l)
{
	for (uint32_t i = 0; i < w->n_entries; i++)
		if (w->entries[i].map == l->map &&
		    memcmp(w->entries[i].key, l->key, sizeof(l->key)) == 0)
			return &w->entries[i];
	return NULL;
}

static struct skep_witness_entry *need_entry(struct skep_search *s, struct skep_witness *w,
					     const struct skep_trial_lookup *l)
{
	struct skep_witness_entry *e = find_entry(w, l);
	const uint8_t *first = s->trial->first[l->map];
	const struct skep_spec_map *map = &s->trial->spec->maps[l->map];
	uint32_t key, stride = ALIGN_UP(map->value_size, 8);

	if (e || w->n_entries == SKEP_WITNESS_ENTRIES_MAX)
		return e;
	e = &w->entries[w->n_entries++];
	memset(e, 0, sizeof(*e));
	e->map = l->map;
	memcpy(e->key, l->key, sizeof(e->key));
	memcpy(&key, l->key, 4);
	if (first && key < map->max_entries)
		memcpy(e->value, first + (size_t)key * stride,
		       MIN(map->value_size, (uint32_t)sizeof(e->value)));
	return e;
}

static void drop_entry(struct skep_witness *w, const struct skep_trial_lookup *l)
{
	struct skep_witness_entry *e = find_entry(w, l);

	if (e)
		*e = w->entries[--w->n_entries];
}

/* Atoms: what they are in @w now, and changing them. */

static uint64_t get(struct skep_search *s, struct skep_witness *w, const struct skep_atom *a)
{
	const struct skep_witness_entry *e;
	uint64_t value = 0;

	switch (a->kind) {
	case SKEP_ATOM_CTX:
		memcpy(&value, w->ctx + a->off, MIN(a->size, 8u));
		break;
	case SKEP_ATOM_PACKET:
		if (a->off + a->size <= sizeof(w->packet))
			memcpy(&value, w->packet + a->off, MIN(a->size, 8u));
		break;
	case SKEP_ATOM_LENGTH:
		return w->packet_size;
	case SKEP_ATOM_ANSWER:
		return a->index < w->n_answers ? w->answers[a->index].value : 0;
	case SKEP_ATOM_LOOKUP:
		return s->trace.lookups[a->index].address != 0;
	case SKEP_ATOM_VALUE:
		e = find_entry(w, &s->trace.lookups[a->index]);
		if (e)
			memcpy(&value, e->value + a->off, MIN(a->size, 8u));
		break;
	}
	return value;
}

void skep_search_set(struct skep_search *s, struct skep_witness *w, const struct skep_atom *a,
		     uint64_t value)
{
	const struct skep_trial_lookup *l = &s->trace.lookups[a->index % TRIAL_LOOKUPS_MAX];
	struct skep_witness_entry *e;

	switch (a->kind) {
	case SKEP_ATOM_CTX:
		memcpy(w->ctx + a->off, &value, MIN(a->size, 8u));
		break;
	case SKEP_ATOM_PACKET:
		if (a->off + a->size <= sizeof(w->packet)) {
			memcpy(w->packet + a->off, &value, MIN(a->size, 8u));
			w->packet_size = MAX(w->packet_size, a->off + a->size);
		}
		break;
	case SKEP_ATOM_LENGTH:
		w->packet_size = (uint32_t)MIN(value, sizeof(w->packet));
		break;
	case SKEP_ATOM_ANSWER:
		w->answers[a->index] =
			(struct skep_witness_answer){ s->trace.asked[a->index], value };
		w->n_answers = MAX(w->n_answers, a->index + 1);
		break;
	case SKEP_ATOM_LOOKUP:
		if (value & 1)
			(void)need_entry(s, w, l);
		else
			drop_entry(w, l);
		break;
	case SKEP_ATOM_VALUE:
		e = need_entry(s, w, l);
		if (e)
			memcpy(e->value + a->off, &value, MIN(a->size, 8u));
		break;
	}
}

/* Numbers worth trying: those of the program, with their neighbours. */
void skep_search_begin(struct skep_search *s)
{
	static const uint64_t edges[] = { 0,
					  1,
					  2,
					  UINT64_MAX,
					  7,
					  8,
					  63,
					  64,
					  255,
					  256,
					  4096,
					  65535,
					  65536,
					  INT32_MAX,
					  0x80000000,
					  UINT32_MAX,
					  0x100000000,
					  INT64_MAX,
					  0x8000000000000000 };
	const struct vm_prog *prog =
		s->trial->vm->progs[skep_vm_loaded_prog(s->trial->loaded, s->trial->prog)];

	for (size_t i = 0; i < ARRAY_SIZE(edges); i++)
		s->constants[s->n_constants++] = edges[i];
	for (uint32_t i = 0; i < prog->n_insns; i++) {
		struct skep_insn insn = prog->insns[i];
		unsigned class = skep_insn_class(insn);
		bool is_call = skep_insn_is_call(insn);
		uint64_t c = (uint64_t)(int64_t)insn.imm;
		bool known = is_call || class < SKEP_CLASS_ALU;

		for (size_t k = 0; k < s->n_constants && !known; k++)
			known = s->constants[k] == c;
		for (int d = -1; d <= 1 && !known && s->n_constants < CONSTANTS_MAX; d++)
			s->constants[s->n_constants++] = c + (uint64_t)(int64_t)d;
	}
}

static void add_move(struct skep_search *s, unsigned atom, uint64_t value)
{
	if (s->n_moves < MOVES_MAX)
		s->moves[s->n_moves++] = (struct skep_move){ (uint8_t)atom, value };
}

/* @x was made of the atom somehow: values that may make it @target. */
static void add_moves_to(struct skep_search *s, unsigned atom, uint64_t x, uint64_t target)
{
	const struct skep_atom *a = &s->trace.atoms[atom];
	uint64_t now = get(s, &s->best, a);

	add_move(s, atom, target);
	add_move(s, atom, now + (target - x));
	add_move(s, atom, now - (target - x));
	add_move(s, atom, now ^ (target ^ x));
	if (a->kind == SKEP_ATOM_LENGTH || a->kind == SKEP_ATOM_LOOKUP)
		return;
	add_move(s, atom, __builtin_bswap16((uint16_t)target));
	add_move(s, atom, __builtin_bswap32((uint32_t)target));
	add_move(s, atom, __builtin_bswap64(target));
	add_move(s, atom, ~target);
	add_move(s, atom, 0 - target);
	for (unsigned shift = 1; shift < 64; shift++) {
		add_move(s, atom, target << shift);
		if (target >> shift)
			add_move(s, atom, target >> shift);
	}
}

static void add_general_moves(struct skep_search *s, unsigned atom)
{
	const struct skep_atom *a = &s->trace.atoms[atom];

	if (a->kind == SKEP_ATOM_LOOKUP) {
		add_move(s, atom, !get(s, &s->best, a));
		return;
	}
	if (a->kind == SKEP_ATOM_LENGTH)
		for (uint64_t n = 0; n <= 160; n++)
			add_move(s, atom, n);
	for (size_t i = 0; i < s->n_constants; i++) {
		add_move(s, atom, s->constants[i]);
		if (a->size == 2)
			add_move(s, atom, __builtin_bswap16((uint16_t)s->constants[i]));
		else if (a->size == 4)
			add_move(s, atom, __builtin_bswap32((uint32_t)s->constants[i]));
	}
	for (int i = 0; i < 16; i++)
		add_move(s, atom, skep_search_any(s) >> (skep_search_any(s) & 63));
}

void skep_search_plan(struct skep_search *s)
{
	const struct skep_trial_stop *stop = &s->trace.stop;

	s->n_moves = 0;
	for (unsigned i = 0; i < s->trace.n_atoms; i++) {
		if (s->trace.diverged && stop->x_atoms & 1ull << i)
			for (int d = -1; d <= 1; d++)
				add_moves_to(s, i, stop->x, stop->y + (uint64_t)(int64_t)d);
		if (s->trace.diverged && stop->y_atoms & 1ull << i)
			for (int d = -1; d <= 1; d++)
				add_moves_to(s, i, stop->y, stop->x + (uint64_t)(int64_t)d);
		if ((stop->x_atoms | stop->y_atoms) & 1ull << i)
			add_general_moves(s, i);
	}
	for (unsigned i = 0; i < s->trace.n_atoms; i++)
		if (s->trace.atoms[i].kind == SKEP_ATOM_LENGTH ||
		    s->trace.atoms[i].kind == SKEP_ATOM_LOOKUP)
			add_general_moves(s, i);
}
