/* SPDX-License-Identifier: Apache-2.0 */
#include "obj/split.h"

#include <errno.h>

#include "isa/table.h"

struct split {
	const struct skep_spec_prog *prog;
	struct skep_arena *arena;
	uint32_t *func_of; /* per instruction: the function that begins there, plus 1; or 0 */
	size_t n_funcs;
};

static bool refers_to_function(struct skep_insn insn)
{
	return (skep_insn_is_call(insn) && insn.src == SKEP_CALL_LOCAL) ||
	       (skep_insn_is_wide(insn) && insn.src == SKEP_PSEUDO_FUNC);
}

static int find_functions(struct split *s, struct skep_diag *diag)
{
	const struct skep_spec_prog *prog = s->prog;
	bool *second = skep_arena_calloc(s->arena, prog->n_insns + 1, sizeof(*second));
	bool *starts = skep_arena_calloc(s->arena, prog->n_insns, sizeof(*starts));

	for (size_t i = 0; i < prog->n_insns; i++)
		if (skep_insn_is_wide(prog->insns[i]))
			second[++i] = true;
	starts[0] = true;
	for (size_t i = 0; i < prog->n_insns; i++) {
		int64_t target;

		if (second[i] || !refers_to_function(prog->insns[i]) ||
		    !skep_insn_target(prog->insns[i], i, &target))
			continue;
		if (target < 0 || target >= (int64_t)prog->n_insns || second[target]) {
			skep_diag_error(
				diag, prog->loc,
				"instruction %zu calls instruction %lld, where no function can begin",
				i, (long long)target);
			skep_diag_at_insn(diag, (int)i);
			return -EINVAL;
		}
		starts[target] = true;
	}
	for (size_t i = 0; i < prog->n_insns; i++)
		if (starts[i])
			s->func_of[i] = (uint32_t)++s->n_funcs;
	return 0;
}

/* The relocations of one function: those of the whole that lie in it, and the calls that were distances. */
static void relocate(struct split *s, struct skep_spec_prog *out, size_t first)
{
	const struct skep_spec_prog *prog = s->prog;
	size_t known = 0;

	out->relocs = skep_arena_calloc(s->arena, out->n_insns, sizeof(*out->relocs));
	for (size_t i = 0; i < out->n_insns; i++) {
		struct skep_insn insn = out->insns[i];
		int64_t target;

		while (known < prog->n_relocs && prog->relocs[known].insn < first + i)
			known++;
		if (known < prog->n_relocs && prog->relocs[known].insn == first + i) {
			out->relocs[out->n_relocs] = prog->relocs[known];
			out->relocs[out->n_relocs++].insn = (uint32_t)i;
		} else if (refers_to_function(insn) && skep_insn_target(insn, first + i, &target)) {
			out->relocs[out->n_relocs++] = (struct skep_reloc){
				.kind = SKEP_RELOC_FUNC,
				.insn = (uint32_t)i,
				.index = s->func_of[target] - 1,
			};
		}
		if (skep_insn_is_wide(insn))
			i++;
	}
}

static void cut_lines(struct split *s, struct skep_spec_prog *out, size_t first)
{
	const struct skep_spec_prog *prog = s->prog;

	out->lines = skep_arena_calloc(s->arena, prog->n_lines, sizeof(*out->lines));
	for (size_t i = 0; i < prog->n_lines; i++) {
		if (prog->lines[i].insn < first || prog->lines[i].insn >= first + out->n_insns)
			continue;
		out->lines[out->n_lines] = prog->lines[i];
		out->lines[out->n_lines++].insn -= (uint32_t)first;
	}
}

int skep_spec_split(const struct skep_spec_prog *prog, struct skep_arena *arena,
		    struct skep_diag *diag, struct skep_spec_prog **ret_progs, size_t *ret_n_progs)
{
	struct split s = { .prog = prog, .arena = arena };
	struct skep_spec_prog *progs;
	size_t n = 0;
	int r;

	if (!prog->n_insns) {
		skep_diag_error(diag, prog->loc, "program '%s' has no instructions", prog->name);
		return -EINVAL;
	}
	s.func_of = skep_arena_calloc(arena, prog->n_insns, sizeof(*s.func_of));
	r = find_functions(&s, diag);
	if (r < 0)
		return r;
	progs = skep_arena_calloc(arena, s.n_funcs, sizeof(*progs));
	for (size_t i = 0, end; i < prog->n_insns; i = end) {
		struct skep_spec_prog *out = &progs[n];

		for (end = i + 1; end < prog->n_insns && !s.func_of[end];)
			end++;
		if (n == 0)
			*out = *prog;
		else
			out->name = skep_arena_printf(arena, "%s.%zu", prog->name, n);
		out->insns = prog->insns + i;
		out->n_insns = end - i;
		out->n_relocs = out->n_lines = 0;
		relocate(&s, out, i);
		cut_lines(&s, out, i);
		n++;
	}
	*ret_progs = progs;
	*ret_n_progs = n;
	return 0;
}
