/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Moves: how the input of a search for witnesses may be changed. Private to witness.c.
 *
 * A move gives one atom of the best run another value. The plan has those that may turn the comparison where the run left
 * the path, then what is worth trying on what its operands were made of, on the length of the packet and on look-ups.
 *
 *	skep_search_plan(s);
 *	s->next = s->best;
 *	skep_search_set(s, &s->next, &s->trace.atoms[s->moves[i].atom], s->moves[i].value);
 */
#pragma once

#include "workbench/trial.h"

#define CONSTANTS_MAX 128
#define MOVES_MAX 4096

struct skep_move {
	uint8_t atom;
	uint64_t value;
};

struct skep_search {
	struct skep_trial *trial;
	const struct skep_finding *finding;
	struct skep_witness best, next;
	struct skep_trace trace; /* of the best */
	uint32_t runs, max_runs;
	uint64_t constants[CONSTANTS_MAX];
	size_t n_constants;
	struct skep_move moves[MOVES_MAX];
	size_t n_moves;
	uint64_t random;
	bool finding_calculates; /* the rejected instruction accesses no memory */
	bool found;
};

/* Numbers of the program's own worth trying. */
void skep_search_begin(struct skep_search *s);
/* Fills s->moves for s->trace. */
void skep_search_plan(struct skep_search *s);
void skep_search_set(struct skep_search *s, struct skep_witness *w, const struct skep_atom *a,
		     uint64_t value);
/* Chance, the same in every run. */
uint64_t skep_search_any(struct skep_search *s);
