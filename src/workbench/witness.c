/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The search. The best run so far is the one that followed the failing path furthest. Moves change one atom of where it
 * left the path; when none helps, several atoms at random.
 */
#include "workbench/witness.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "isa/context.h"
#include "vm/engine.h"
#include "workbench/trial.h"

#define CONSTANTS_MAX 128
#define MOVES_MAX 4096

struct move {
	uint8_t atom;
	uint64_t value;
};

struct search {
	struct skep_trial *trial;
	const struct skep_finding *finding;
	struct skep_witness best, next;
	struct skep_trace trace; /* of the best */
	uint32_t runs, max_runs;
	uint64_t constants[CONSTANTS_MAX];
	size_t n_constants;
	struct move moves[MOVES_MAX];
	size_t n_moves;
	uint64_t random;
	bool finding_calculates; /* the rejected instruction accesses no memory */
	bool found;
};

static uint64_t any(struct search *s)
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

static struct skep_witness_entry *need_entry(struct search *s, struct skep_witness *w,
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

static uint64_t get(struct search *s, struct skep_witness *w, const struct skep_atom *a)
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

static void set(struct search *s, struct skep_witness *w, const struct skep_atom *a, uint64_t value)
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
static void collect_constants(struct search *s)
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

static void add_move(struct search *s, unsigned atom, uint64_t value)
{
	if (s->n_moves < MOVES_MAX)
		s->moves[s->n_moves++] = (struct move){ (uint8_t)atom, value };
}

/* @x was made of the atom somehow: values that may make it @target. */
static void add_moves_to(struct search *s, unsigned atom, uint64_t x, uint64_t target)
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

static void add_general_moves(struct search *s, unsigned atom)
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
		add_move(s, atom, any(s) >> (any(s) & 63));
}

static void plan(struct search *s)
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

static bool is_fault(const struct search *s, int r)
{
	const struct skep_vm_fault *f = skep_vm_run_fault(s->trial->run);

	if (r != -EFAULT)
		return false;
	if (s->trial->unset || s->trial->outside)
		return true;
	if (s->finding->reason == SKEP_REASON_LOOP)
		return f->kind == SKEP_VM_FAULT_STEPS;
	/* A pointer that was calculated wrongly does harm only where it is used. */
	return (f->insn == s->finding->insn ||
		(s->finding_calculates && s->trial->trace.reached)) &&
	       (f->kind == SKEP_VM_FAULT_READ || f->kind == SKEP_VM_FAULT_WRITE ||
		f->kind == SKEP_VM_FAULT_ARG || f->kind == SKEP_VM_FAULT_LEAK);
}

static uint64_t score(const struct skep_trace *trace)
{
	return (uint64_t)trace->matched * 2 + trace->reached;
}

/* Runs s->next. True: it got further than the best, and is the best now. */
static bool try_next(struct search *s, bool ties)
{
	int r = skep_trial_run(s->trial, &s->next);
	bool further;

	s->runs++;
	s->found = is_fault(s, r);
	further = score(&s->trial->trace) > score(&s->trace);
	if (s->found || further || (ties && score(&s->trial->trace) == score(&s->trace))) {
		s->best = s->next;
		s->trace = s->trial->trace;
	}
	if (s->found && !s->trial->unset)
		s->best.insn = s->trial->outside ? s->trial->outside_at
						 : skep_vm_run_fault(s->trial->run)->insn;
	return further;
}

static bool may_go_on(const struct search *s)
{
	return !s->found && s->runs < s->max_runs;
}

/* Every single move; true when one got further. */
static bool try_moves(struct search *s)
{
	plan(s);
	for (size_t i = 0; i < s->n_moves && may_go_on(s); i++) {
		s->next = s->best;
		set(s, &s->next, &s->trace.atoms[s->moves[i].atom], s->moves[i].value);
		if (try_next(s, false))
			return true;
	}
	return false;
}

/* Some atoms at once: those of the plan, or any. */
static bool try_random(struct search *s, uint32_t rounds)
{
	for (uint32_t i = 0; i < rounds && may_go_on(s) && s->trace.n_atoms; i++) {
		s->next = s->best;
		for (uint64_t n = 1 + any(s) % 3; n > 0; n--) {
			const struct move *m = s->n_moves ? &s->moves[any(s) % s->n_moves] : NULL;
			unsigned atom = (unsigned)(any(s) % s->trace.n_atoms);
			uint64_t value = any(s) % 4 ? s->constants[any(s) % s->n_constants]
						    : any(s) >> (any(s) & 63);

			if (m && any(s) % 2 && m->atom < s->trace.n_atoms) {
				atom = m->atom;
				value = m->value;
			}
			set(s, &s->next, &s->trace.atoms[atom], value);
		}
		if (try_next(s, any(s) % 8 == 0))
			return true;
	}
	return false;
}

static void run_search(struct search *s)
{
	s->next = s->best;
	(void)try_next(s, true);
	s->trace = s->trial->trace;
	while (may_go_on(s)) {
		if (try_moves(s))
			continue;
		if (may_go_on(s) && !s->trace.n_atoms)
			break; /* nothing that could be given would change anything */
		(void)try_random(s, 2000);
	}
}

/* Reasons that are about what happens when the program runs. */
static bool is_about_running(const struct skep_finding *f)
{
	switch (f->reason) {
	case SKEP_REASON_UNSET:
	case SKEP_REASON_TYPE:
	case SKEP_REASON_NULL:
	case SKEP_REASON_BOUNDS:
	case SKEP_REASON_ACCESS:
	case SKEP_REASON_REFERENCE:
	case SKEP_REASON_LOOP:
		/* objects of the kernel are not in the machine */
		return f->kind != SKEP_VALUE_OBJECT;
	default:
		return false;
	}
}

static bool calculates(const struct search *s)
{
	const struct vm_prog *prog =
		s->trial->vm->progs[skep_vm_loaded_prog(s->trial->loaded, s->trial->prog)];
	unsigned class = s->finding->insn < prog->n_insns
				 ? skep_insn_class(prog->insns[s->finding->insn])
				 : SKEP_CLASS_LD;

	return class == SKEP_CLASS_ALU || class == SKEP_CLASS_ALU64;
}

static void begin(struct search *s, const struct skep_spec *spec, size_t prog)
{
	const struct skep_context *context = skep_context_find(spec->progs[prog].type);

	snprintf(s->best.prog, sizeof(s->best.prog), "%s", spec->progs[prog].name);
	s->best.insn = s->finding->insn;
	s->best.unset_reg = s->finding->reason == SKEP_REASON_UNSET ? s->finding->reg : -1;
	s->best.ctx_size = context ? MIN(context->size, SKEP_WITNESS_CTX_MAX) : 0;
	s->best.packet_size = s->trial->run->packet.buffer ? 64 : 0;
	s->trial->goal = s->finding->insn;
	s->trial->unset_reg = s->best.unset_reg;
	s->trial->path = s->finding->path;
	s->trial->n_path = s->finding->n_path;
	s->random = 0x9e3779b97f4a7c15;
	s->finding_calculates = s->trial->all_after = calculates(s);
	collect_constants(s);
}

/* What was found has to hold as it is written down, in a machine that has run nothing else. */
static bool holds(const struct skep_spec *spec, size_t prog, const struct skep_witness *w)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {}, fault = {};
	_cleanup_free_ struct skep_witness *again = calloc(1, sizeof(*again));
	struct skep_diag diag = {};
	bool ok;

	if (!again)
		return false;
	skep_witness_format(spec, w, &text);
	ok = skep_witness_parse(spec, prog, skep_str_text(&text), &diag, again) == 0 &&
	     skep_witness_replay(spec, prog, again, &fault) == -EFAULT;
	skep_diag_fini(&diag);
	return ok;
}

int skep_witness_find(const struct skep_spec *spec, size_t prog, const struct skep_finding *finding,
		      uint32_t runs, struct skep_witness *ret_witness,
		      struct skep_witness_search *ret_search)
{
	_cleanup_(skep_trial_freep)
	struct skep_trial *trial = NULL;
	_cleanup_free_ struct search *s = calloc(1, sizeof(*s));
	int r = -ENOENT;

	*ret_search = (struct skep_witness_search){ .not_tried = true };
	if (!s)
		return -ENOMEM;
	if (!is_about_running(finding) || skep_trial_new(spec, prog, &trial) < 0)
		return -ENOENT;
	s->trial = trial;
	s->finding = finding;
	s->max_runs = runs ? runs : SKEP_WITNESS_RUNS;
	if (finding->reason == SKEP_REASON_LOOP) /* these runs are long */
		s->max_runs = MIN(s->max_runs, 100u);
	begin(s, spec, prog);
	run_search(s);
	ret_search->not_tried = false;
	ret_search->runs = s->runs;
	if (s->found && holds(spec, prog, &s->best)) {
		snprintf(ret_search->fault, sizeof(ret_search->fault), "%s", trial->fault);
		*ret_witness = s->best;
		r = 0;
	}
	return r;
}

int skep_witness_replay(const struct skep_spec *spec, size_t prog,
			const struct skep_witness *witness, struct skep_str *ret_fault)
{
	_cleanup_(skep_trial_freep)
	struct skep_trial *trial = NULL;
	int r = skep_trial_new(spec, prog, &trial);

	if (r < 0)
		return r;
	trial->goal = witness->insn;
	trial->unset_reg = witness->unset_reg;
	r = skep_trial_run(trial, witness);
	if (r == -EFAULT)
		skep_str_add(ret_fault, trial->fault);
	return r;
}
