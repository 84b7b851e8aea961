/* SPDX-License-Identifier: Apache-2.0 */
#include "obj/link.h"

#include <errno.h>
#include <string.h>

struct linker {
	const struct skep_spec *spec;
	struct skep_arena *arena;
	struct skep_diag *diag;
	struct skep_linked_func funcs[SKEP_LINK_FUNCS_MAX];
	size_t n_funcs;
	uint32_t *place; /* by index in the spec: 1 + index in funcs; 0 when not reached */
	size_t n_insns, n_relocs, n_cores, n_lines;
};

static int refuse(struct linker *l, const struct skep_spec_prog *prog, uint32_t insn,
		  const char *what)
{
	skep_diag_error(l->diag, prog->loc, "program '%s', instruction %u: %s", prog->name, insn,
			what);
	skep_diag_at_insn(l->diag, (int)insn);
	return -EINVAL;
}

/* Checks that a relocation fits its instruction and what it refers to. */
static int check_reloc(struct linker *l, const struct skep_spec_prog *prog,
		       const struct skep_reloc *reloc)
{
	struct skep_insn insn;
	bool call, wide;

	if (reloc->insn >= prog->n_insns)
		return refuse(l, prog, reloc->insn, "a relocation lies beyond the end");
	insn = prog->insns[reloc->insn];
	call = skep_insn_is_call(insn);
	wide = skep_insn_is_wide(insn) && reloc->insn + 1 < prog->n_insns;
	switch (reloc->kind) {
	case SKEP_RELOC_MAP:
	case SKEP_RELOC_MAP_VALUE:
		if (!wide)
			return refuse(l, prog, reloc->insn, "a map relocation needs a 64-bit load");
		if (reloc->index >= l->spec->n_maps)
			return refuse(l, prog, reloc->insn, "refers to a map that does not exist");
		return 0;
	case SKEP_RELOC_FUNC:
		if (!call && !wide)
			return refuse(l, prog, reloc->insn,
				      "a function relocation needs a call or a 64-bit load");
		if (reloc->index >= l->spec->n_progs || l->spec->progs[reloc->index].type)
			return refuse(l, prog, reloc->insn,
				      "refers to a subprogram that does not exist");
		return 0;
	case SKEP_RELOC_KFUNC:
		if (!call || !reloc->name)
			return refuse(l, prog, reloc->insn,
				      "a kernel function relocation needs a call");
		return 0;
	case SKEP_RELOC_NEED:
		return refuse(l, prog, reloc->insn, "was made for another kernel, and not fitted");
	case SKEP_RELOC_KSYM:
	case SKEP_RELOC_KVAR:
		if (!wide || !reloc->name)
			return refuse(l, prog, reloc->insn,
				      "a kernel symbol relocation needs a 64-bit load");
		return 0;
	}
	return refuse(l, prog, reloc->insn, "a relocation of an unknown kind");
}

/* A call between functions that no relocation describes would go astray when the functions move. */
static int check_calls(struct linker *l, const struct skep_spec_prog *prog)
{
	_cleanup_free_ bool *known = calloc(prog->n_insns, sizeof(*known));

	if (!known)
		skep_oom();
	for (size_t i = 0; i < prog->n_relocs; i++)
		known[prog->relocs[i].insn] = prog->relocs[i].kind == SKEP_RELOC_FUNC;
	for (uint32_t i = 0; i < prog->n_insns; i++) {
		struct skep_insn insn = prog->insns[i];

		if (((skep_insn_is_call(insn) && insn.src == SKEP_CALL_LOCAL) ||
		     (skep_insn_is_wide(insn) && insn.src == SKEP_PSEUDO_FUNC)) &&
		    !known[i])
			return refuse(l, prog, i, "refers to a function without a relocation");
		if (skep_insn_is_wide(insn))
			i++;
	}
	return 0;
}

/* Places function progs[index] behind those that are there, once. */
static int place_func(struct linker *l, uint32_t index)
{
	const struct skep_spec_prog *prog = &l->spec->progs[index];

	if (l->place[index])
		return 0;
	if (l->n_funcs == SKEP_LINK_FUNCS_MAX || prog->n_insns > SKEP_LINK_INSNS_MAX - l->n_insns) {
		skep_diag_error(
			l->diag, prog->loc,
			"program '%s' is too large for a kernel: the limits are %u functions and "
			"%u instructions",
			l->spec->progs[l->funcs[0].prog].name, SKEP_LINK_FUNCS_MAX,
			SKEP_LINK_INSNS_MAX);
		return -E2BIG;
	}
	if (!prog->n_insns)
		return refuse(l, prog, 0, "there are no instructions");
	l->funcs[l->n_funcs++] = (struct skep_linked_func){ index, (uint32_t)l->n_insns };
	l->place[index] = (uint32_t)l->n_funcs;
	l->n_insns += prog->n_insns;
	l->n_relocs += prog->n_relocs;
	l->n_cores += prog->n_cores;
	l->n_lines += prog->n_lines + 1;
	return 0;
}

static int check_func(struct linker *l, const struct skep_spec_prog *prog)
{
	for (size_t i = 0; i < prog->n_relocs; i++) {
		int r = check_reloc(l, prog, &prog->relocs[i]);

		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < prog->n_cores; i++)
		if (prog->cores[i].insn >= prog->n_insns)
			return refuse(l, prog, prog->cores[i].insn,
				      "a CO-RE relocation lies beyond the end");
	return check_calls(l, prog);
}

/* A function whose relocations are being followed, and the next one of them. */
struct visit {
	uint32_t prog;
	size_t next;
};

/* Places everything that is reached from the program, each function before those that it refers to. */
static int reach(struct linker *l, uint32_t index)
{
	struct visit path[SKEP_LINK_FUNCS_MAX] = { { index, 0 } };
	size_t depth = 1;
	int r = place_func(l, index);

	if (r == 0)
		r = check_func(l, &l->spec->progs[index]);
	while (r == 0 && depth) {
		struct visit *v = &path[depth - 1];
		const struct skep_spec_prog *prog = &l->spec->progs[v->prog];
		const struct skep_reloc *reloc;

		if (v->next == prog->n_relocs) {
			depth--;
			continue;
		}
		reloc = &prog->relocs[v->next++];
		if (reloc->kind != SKEP_RELOC_FUNC || l->place[reloc->index])
			continue;
		r = place_func(l, reloc->index);
		if (r == 0)
			r = check_func(l, &l->spec->progs[reloc->index]);
		/* Every function is entered once, so the path is never longer than there are functions. */
		if (r == 0)
			path[depth++] = (struct visit){ reloc->index, 0 };
	}
	return r;
}

/*
 * Copies one function into place: instructions, relocations that stay, function references patched.
 */
static void copy_code(const struct linker *l, struct skep_spec_prog *out,
		      struct skep_linked_func func)
{
	const struct skep_spec_prog *prog = &l->spec->progs[func.prog];

	memcpy(out->insns + func.insn, prog->insns, prog->n_insns * sizeof(*out->insns));
	for (size_t i = 0; i < prog->n_relocs; i++) {
		struct skep_reloc reloc = prog->relocs[i];
		struct skep_insn *insn = out->insns + func.insn + reloc.insn;

		reloc.insn += func.insn;
		if (reloc.kind != SKEP_RELOC_FUNC) {
			out->relocs[out->n_relocs++] = reloc;
			continue;
		}
		insn->imm =
			(int32_t)l->funcs[l->place[reloc.index] - 1].insn - (int32_t)reloc.insn - 1;
		if (skep_insn_is_wide(*insn)) {
			insn->src = SKEP_PSEUDO_FUNC;
			insn[1].imm = 0;
		} else {
			insn->src = SKEP_CALL_LOCAL;
		}
	}
	for (size_t i = 0; i < prog->n_cores; i++) {
		out->cores[out->n_cores] = prog->cores[i];
		out->cores[out->n_cores++].insn += func.insn;
	}
}

/*
 * Copies the lines of one function; those that do not ascend, or lie outside or inside an
 * instruction, go.
 */
static void copy_lines(const struct linker *l, struct skep_spec_prog *out,
		       struct skep_linked_func func)
{
	const struct skep_spec_prog *prog = &l->spec->progs[func.prog];
	uint32_t next = 0; /* the first instruction that has no line yet */

	if (!prog->n_lines || prog->lines[0].insn) {
		out->lines[out->n_lines++] =
			(struct skep_spec_line){ .insn = func.insn, .loc = prog->loc };
		next = 1;
	}
	for (size_t i = 0; i < prog->n_lines; i++) {
		struct skep_spec_line line = prog->lines[i];

		if (line.insn < next || line.insn >= prog->n_insns)
			continue;
		if (line.insn && skep_insn_is_wide(prog->insns[line.insn - 1]) &&
		    !prog->insns[line.insn].opcode)
			continue;
		next = line.insn + 1;
		line.insn += func.insn;
		out->lines[out->n_lines++] = line;
	}
}

int skep_spec_link(const struct skep_spec *spec, size_t index, struct skep_arena *arena,
		   struct skep_diag *diag, struct skep_linked *ret_linked)
{
	struct linker l = { .spec = spec, .arena = arena, .diag = diag };
	_cleanup_free_ uint32_t *place = calloc(spec->n_progs + 1, sizeof(*place));
	struct skep_spec_prog out;
	int r;

	if (!place)
		skep_oom();
	l.place = place;
	if (index >= spec->n_progs || index > UINT32_MAX || !spec->progs[index].type) {
		skep_diag_error(diag, SKEP_NO_LOC,
				"program %zu of the spec cannot be loaded by itself", index);
		return -EINVAL;
	}
	r = reach(&l, (uint32_t)index);
	if (r < 0)
		return r;
	out = spec->progs[index];
	out.insns = skep_arena_calloc(arena, l.n_insns, sizeof(*out.insns));
	out.relocs = skep_arena_calloc(arena, l.n_relocs, sizeof(*out.relocs));
	out.cores = skep_arena_calloc(arena, l.n_cores, sizeof(*out.cores));
	out.lines = skep_arena_calloc(arena, l.n_lines, sizeof(*out.lines));
	out.n_insns = l.n_insns;
	out.n_relocs = out.n_cores = out.n_lines = 0;
	for (size_t i = 0; i < l.n_funcs; i++) {
		copy_code(&l, &out, l.funcs[i]);
		copy_lines(&l, &out, l.funcs[i]);
	}
	*ret_linked = (struct skep_linked){
		.prog = out,
		.funcs = skep_arena_memdup(arena, l.funcs, l.n_funcs * sizeof(*l.funcs)),
		.n_funcs = l.n_funcs,
	};
	return 0;
}

int skep_spec_link_all(const struct skep_spec *spec, struct skep_arena *arena,
		       struct skep_diag *diag, struct skep_linked **ret_linked)
{
	struct skep_linked *linked = skep_arena_calloc(arena, spec->n_progs, sizeof(*linked));
	int r;

	for (size_t i = 0; i < spec->n_progs; i++) {
		if (!spec->progs[i].type)
			continue;
		r = skep_spec_link(spec, i, arena, diag, &linked[i]);
		if (r < 0)
			return r;
	}
	*ret_linked = linked;
	return 0;
}
