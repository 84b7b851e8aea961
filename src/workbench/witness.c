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
#include "workbench/moves.h"

static bool is_fault(const struct skep_search *s, int r)
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
static bool try_next(struct skep_search *s, bool ties)
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

static bool may_go_on(const struct skep_search *s)
{
	return !s->found && s->runs < s->max_runs;
}

/* Every single move; true when one got further. */
static bool try_moves(struct skep_search *s)
{
	skep_search_plan(s);
	for (size_t i = 0; i < s->n_moves && may_go_on(s); i++) {
		s->next = s->best;
		skep_search_set(s, &s->next, &s->trace.atoms[s->moves[i].atom], s->moves[i].value);
		if (try_next(s, false))
			return true;
	}
	return false;
}

/* Some atoms at once: those of the plan, or any. */
static bool try_random(struct skep_search *s, uint32_t rounds)
{
	for (uint32_t i = 0; i < rounds && may_go_on(s) && s->trace.n_atoms; i++) {
		s->next = s->best;
		for (uint64_t n = 1 + skep_search_any(s) % 3; n > 0; n--) {
			const struct skep_move *m =
				s->n_moves ? &s->moves[skep_search_any(s) % s->n_moves] : NULL;
			unsigned atom = (unsigned)(skep_search_any(s) % s->trace.n_atoms);
			uint64_t value = skep_search_any(s) % 4
						 ? s->constants[skep_search_any(s) % s->n_constants]
						 : skep_search_any(s) >> (skep_search_any(s) & 63);

			if (m && skep_search_any(s) % 2 && m->atom < s->trace.n_atoms) {
				atom = m->atom;
				value = m->value;
			}
			skep_search_set(s, &s->next, &s->trace.atoms[atom], value);
		}
		if (try_next(s, skep_search_any(s) % 8 == 0))
			return true;
	}
	return false;
}

static void run_search(struct skep_search *s)
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

static bool calculates(const struct skep_search *s)
{
	const struct vm_prog *prog =
		s->trial->vm->progs[skep_vm_loaded_prog(s->trial->loaded, s->trial->prog)];
	unsigned class = s->finding->insn < prog->n_insns
				 ? skep_insn_class(prog->insns[s->finding->insn])
				 : SKEP_CLASS_LD;

	return class == SKEP_CLASS_ALU || class == SKEP_CLASS_ALU64;
}

static void begin(struct skep_search *s, const struct skep_spec *spec, size_t prog)
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
	skep_search_begin(s);
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
	_cleanup_free_ struct skep_search *s = calloc(1, sizeof(*s));
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
