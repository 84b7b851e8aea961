/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All paths, one after the other: at a branch one way is walked on, the other waits.
 */
#include <errno.h>

#include "isa/context.h"
#include "isa/table.h"
#include "verify/walk.h"

#define RECORDED_MAX 200000 /* steps whose values are kept, some 200 bytes each */

static void end_path(struct skep_walk *walk)
{
	skep_close_path(walk, walk->state);
	skep_state_free(walk->state);
	walk->state = NULL;
}

/* 0: the path goes on at walk->next. 1: it is over. */
static int go(struct skep_walk *walk)
{
	bool known = false;
	int r = 0;

	if (walk->code.info[walk->insn].meeting)
		r = skep_meet(walk, &known);
	walk->counts[walk->insn].known += known;
	if (r < 0 || known)
		return 1;
	if (++walk->result->processed > walk->max_insns) {
		skep_report(walk, SKEP_REASON_LIMIT, -1,
			    "the program has too many paths: %u instructions were looked at",
			    walk->max_insns);
		skep_growth(walk);
		walk->given_up = true;
		return 1;
	}
	if (walk->options->visit)
		walk->options->visit(walk->options->data, walk->insn, walk->state->depth,
				     skep_walk_frame(walk)->regs);
	walk->ended = false;
	walk->counts[walk->insn].visits++;
	r = skep_step(walk);
	if (r == 0 && walk->next <= walk->insn)
		walk->counts[walk->insn].backs++;
	return r < 0 || walk->ended;
}

static bool has_enough(const struct skep_walk *walk)
{
	return walk->given_up || walk->result->n_findings >= walk->max_findings;
}

static void walk_paths(struct skep_walk *walk)
{
	while (walk->open.len && !has_enough(walk)) {
		struct skep_open_path path = skep_vec_pop(&walk->open);

		walk->state = path.state;
		walk->insn = path.insn;
		while (!go(walk))
			walk->insn = walk->next;
		end_path(walk);
	}
}

/* Functions that call each other in a circle are seen before any path is walked. */
static bool calls_itself(const struct skep_walk *walk, uint32_t func, uint8_t *seen,
			 uint32_t *ret_insn)
{
	const struct skep_code_func *f = &walk->code.funcs[func];

	seen[func] = 1;
	for (uint32_t i = f->first; i < f->end; i++) {
		struct skep_insn insn = walk->code.insns[i];
		int64_t target;
		uint32_t to;

		if (walk->code.info[i].second || !skep_insn_is_call(insn) ||
		    insn.src != SKEP_CALL_LOCAL)
			continue;
		(void)skep_insn_target(insn, i, &target);
		to = walk->code.info[target].func;
		if (seen[to] == 1) {
			*ret_insn = i;
			return true;
		}
		if (!seen[to] && calls_itself(walk, to, seen, ret_insn))
			return true;
	}
	seen[func] = 2;
	return false;
}

static void open_function(struct skep_walk *walk, uint32_t func)
{
	struct skep_state *state = skep_state_new();

	walk->root = func;
	walk->state = state;
	walk->insn = walk->code.funcs[func].first;
	skep_state_frame(state)->func = func;
	skep_state_frame(state)->instance = ++walk->next_instance;
	skep_state_frame(state)->regs[SKEP_R10] = skep_value_pointer(SKEP_VALUE_STACK, 0);
	skep_vec_add(&walk->open, (struct skep_open_path){ state, walk->insn });
}

/* The program, then the global functions that it calls, that these call, and so on. */
static void judge_all(struct skep_walk *walk)
{
	uint8_t *seen = skep_arena_calloc(walk->arena, walk->code.n_funcs, 1);
	bool *done = skep_arena_calloc(walk->arena, walk->code.n_funcs, sizeof(*done));
	uint32_t insn = 0;
	bool more = true;

	if (calls_itself(walk, 0, seen, &insn)) {
		walk->insn = insn;
		skep_report(
			walk, SKEP_REASON_LIMIT, -1,
			"`%s` calls itself, directly or through others",
			walk->spec->progs[walk->code.funcs[walk->code.info[insn].func].prog].name);
		skep_report_hint(walk, "write it as a loop with a known end");
		return;
	}
	if (skep_check_maps(walk) < 0)
		return;
	open_function(walk, 0);
	if (skep_context_enter(walk) == 0)
		walk_paths(walk);
	while (more && !has_enough(walk)) {
		more = false;
		for (uint32_t func = 1; func < walk->code.n_funcs && !has_enough(walk); func++) {
			if (!walk->called[func] || done[func])
				continue;
			done[func] = more = true;
			open_function(walk, func);
			if (skep_enter_global(walk, func) == 0)
				walk_paths(walk);
		}
	}
	skep_check_depth(walk);
}

static void fini(struct skep_walk *walk)
{
	for (size_t i = 0; i < walk->open.len; i++)
		skep_state_free(walk->open.data[i].state);
	for (size_t i = 0; i < walk->states.len; i++)
		skep_state_free(walk->states.data[i]);
	skep_vec_fini(&walk->open);
	skep_vec_fini(&walk->states);
	skep_vec_fini(&walk->links);
	skep_vec_fini(&walk->left);
	skep_walk_pairs_free(walk->pairs_space);
}

static void from_fault(struct skep_walk *walk, const struct skep_code_fault *fault)
{
	walk->insn = fault->insn;
	skep_report(walk, SKEP_REASON_CODE, -1, "%s", fault->what);
	if (fault->hint)
		skep_report_hint(walk, "%s", fault->hint);
}

/* Objects name what a program hangs at; its type tells what the arguments are. */
static void find_attachment(struct skep_spec_prog *prog, const struct skep_btf *btf)
{
	uint32_t id;

	if (prog->attach_btf_id || !prog->attach_btf_name || !btf)
		return;
	if (skep_btf_find(btf, prog->attach_btf_name,
			  skep_has_prefix(prog->attach_btf_name, "btf_trace_") ? SKEP_BTF_TYPEDEF
									       : SKEP_BTF_FUNC,
			  &id) == 0)
		prog->attach_btf_id = id;
}

static void init(struct skep_walk *walk, const struct skep_linked *linked)
{
	const struct skep_verify_options *options = walk->options;
	size_t n = walk->code.n_insns, n_funcs = walk->code.n_funcs;

	walk->max_insns = options->max_insns ? options->max_insns : 1000000;
	walk->max_findings = options->max_findings ? options->max_findings : 1;
	walk->lines = linked->prog.lines;
	walk->n_lines = linked->prog.n_lines;
	walk->result->n_insns = (uint32_t)linked->prog.n_insns;
	walk->result->findings =
		skep_arena_calloc(walk->arena, walk->max_findings, sizeof(struct skep_finding));
	walk->kind = skep_prog_kind_find(walk->prog->type);
	walk->kept = skep_arena_calloc(walk->arena, n, sizeof(struct skep_kept *));
	walk->counts = skep_arena_calloc(walk->arena, n, sizeof(*walk->counts));
	walk->address_kind = skep_arena_calloc(walk->arena, n, 1);
	walk->stack_depth = skep_arena_calloc(walk->arena, n_funcs, sizeof(uint32_t));
	walk->special = skep_arena_calloc(walk->arena, 2 * walk->spec->n_maps,
					  sizeof(struct skep_special *));
	walk->called = skep_arena_calloc(walk->arena, n_funcs, sizeof(bool));
	walk->pairs_space = skep_walk_pairs_new();
}

static uint32_t count_unreached(const struct skep_walk *walk)
{
	uint32_t n = 0;

	for (size_t i = 0; i < walk->code.n_insns; i++)
		n += !walk->counts[walk->code.info[i].second ? i - 1 : i].visits;
	return n;
}

/*
 * Once more, with constants that could be any: where that comes to an instruction that was on no path before, or to a fault,
 * which may hide such a one, the verdict is about their values.
 */
static void look_behind_constants(const struct skep_walk *from, const struct skep_linked *linked,
				  const struct skep_walk *walk)
{
	struct skep_verify_options options = *walk->options;
	struct skep_verify_result other = {};
	struct skep_walk any = *from;
	uint32_t n = count_unreached(walk);
	bool more = false;

	if (!n)
		return;
	options.visit = NULL;
	options.max_findings = 64;
	any.options = &options;
	any.result = &other;
	any.any_constants = true;
	init(&any, linked);
	judge_all(&any);
	for (size_t i = 0; i < walk->code.n_insns; i++)
		more |= any.counts[i].visits && !walk->counts[i].visits;
	fini(&any);
	if (!more && !other.n_findings)
		return;
	walk->result->unreached = n;
	walk->result->constant = walk->several_constants ? NULL : walk->constant;
}

/* One walk over everything. @fault: what is wrong with the code as such, or NULL. */
static struct skep_verify_result judge(const struct skep_walk *from,
				       const struct skep_linked *linked,
				       const struct skep_code_fault *fault, bool records)
{
	struct skep_verify_result result = {};
	struct skep_walk walk = *from;

	walk.result = &result;
	walk.records = records;
	init(&walk, linked);
	if (fault)
		from_fault(&walk, fault);
	else
		judge_all(&walk);
	fini(&walk);
	if (walk.options->explain && walk.read_constants && result.verdict == SKEP_VERDICT_SAFE)
		look_behind_constants(from, linked, &walk);
	return result;
}

int skep_verify(const struct skep_spec *spec, size_t prog,
		const struct skep_verify_options *options, struct skep_arena *arena,
		struct skep_verify_result *ret_result)
{
	struct skep_verify_result result;
	struct skep_linked linked;
	struct skep_code_fault fault;
	struct skep_walk walk = { .spec = spec, .options = options, .arena = arena };
	bool faulty;
	int r = skep_spec_link(spec, prog, arena, options->diag, &linked);

	if (r < 0)
		return r;
	find_attachment(&linked.prog, options->btf);
	walk.prog = &linked.prog;
	faulty = skep_code_study(&linked, arena, &walk.code, &fault) < 0;
	if (spec->btf &&
	    skep_btf_parse(spec->btf, spec->btf_size, NULL, NULL, NULL, &walk.own_btf) < 0)
		walk.own_btf = NULL;
	result = judge(&walk, &linked, faulty ? &fault : NULL, false);
	/* Values are noted at each step only when somebody wants to hear of them. */
	if (options->explain && !faulty && result.n_findings && result.processed < RECORDED_MAX)
		result = judge(&walk, &linked, NULL, true);
	skep_btf_free(walk.own_btf);
	*ret_result = result;
	return 0;
}
