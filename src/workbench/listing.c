/* SPDX-License-Identifier: Apache-2.0 */
/* What a listing shows, gathered: the instructions with their references, and a note for each. */
#include <errno.h>
#include <string.h>

#include "isa/helper.h"
#include "isa/lex.h"
#include "obj/core.h"
#include "obj/link.h"
#include "workbench/listing_priv.h"

const char **skep_listing_map_names(const struct skep_spec *spec, struct skep_arena *arena)
{
	const char **names = skep_arena_calloc(arena, spec->n_maps, sizeof(*names));

	for (size_t i = 0; i < spec->n_maps; i++) {
		const char *name = spec->maps[i].name;
		bool taken = !name || !skep_is_word(name);

		for (size_t k = 0; k < i && !taken; k++)
			taken = skep_streq(names[k], name);
		names[i] = taken ? skep_arena_printf(arena, "map.%zu", i) : name;
	}
	return names;
}

static bool name_number(void *ctx, enum skep_name_kind kind, int64_t value, struct skep_str *out)
{
	const struct skep_listing *l = ctx;
	uint64_t n = (uint64_t)value;

	if (kind == SKEP_NAME_MAP_FD && n < l->input->spec.n_maps)
		skep_str_add(out, l->maps[n]);
	else if (kind == SKEP_NAME_KFUNC && n < l->prog->n_relocs && l->kfuncs[n])
		skep_str_add(out, l->kfuncs[n]);
	else if (kind == SKEP_NAME_TARGET && n <= l->prog->n_insns && l->notes[n].label)
		skep_str_add(out, l->notes[n].label);
	else
		return false;
	return true;
}

size_t skep_listing_insn(const struct skep_listing *l, size_t at, struct skep_str *out)
{
	/* The disassembler gives the context back and writes nothing into it. */
	struct skep_disasm_hooks hooks = { .ctx = (void *)(uintptr_t)l, .name = name_number };

	return skep_disasm_insn(l->insns, l->prog->n_insns, at, &hooks, out);
}

/* The variable at that place of a map, for people. */
static const char *variable_at(const struct skep_listing *l, uint32_t map, uint32_t offset)
{
	const struct skep_spec *spec = &l->input->spec;

	for (size_t i = 0; i < spec->n_vars; i++) {
		const struct skep_spec_var *v = &spec->vars[i];

		if (v->map != map || offset < v->offset || offset - v->offset >= v->size_bytes)
			continue;
		if (offset == v->offset)
			return skep_arena_printf(l->arena, "&%s", v->name);
		return skep_arena_printf(l->arena, "&%s + %u", v->name, offset - v->offset);
	}
	return NULL;
}

/* Fills in what the instruction says once the reference is known, and notes what has no place in it. */
static void apply(struct skep_listing *l, size_t number)
{
	const struct skep_reloc *reloc = &l->prog->relocs[number];
	struct insn_note *note = &l->notes[reloc->insn];
	struct skep_insn *insn = &l->insns[reloc->insn];

	switch (reloc->kind) {
	case SKEP_RELOC_MAP:
	case SKEP_RELOC_MAP_VALUE:
		insn->src =
			reloc->kind == SKEP_RELOC_MAP ? SKEP_PSEUDO_MAP_FD : SKEP_PSEUDO_MAP_VALUE;
		insn[0].imm = (int32_t)reloc->index;
		insn[1].imm = reloc->kind == SKEP_RELOC_MAP ? 0 : (int32_t)reloc->addend;
		note->map = reloc->index + 1;
		if (reloc->kind == SKEP_RELOC_MAP_VALUE)
			note->about = variable_at(l, reloc->index, reloc->addend);
		break;
	case SKEP_RELOC_KFUNC:
		l->kfuncs[number] = reloc->name;
		insn->src = SKEP_CALL_KFUNC;
		insn->imm = (int32_t)number;
		break;
	case SKEP_RELOC_KSYM:
		note->about =
			skep_arena_printf(l->arena, "address of the kernel's %s", reloc->name);
		break;
	case SKEP_RELOC_KVAR:
		note->about = skep_arena_printf(l->arena, "the kernel's %s", reloc->name);
		break;
	default:
		break;
	}
}

static void note_cores(struct skep_listing *l)
{
	static const char *const states[] = { " (as compiled)", "", " (this kernel has none)" };
	const struct skep_spec *spec = &l->input->spec;
	_cleanup_(skep_btf_freep)
	struct skep_btf *btf = NULL;

	if (!l->prog->n_cores || !spec->btf ||
	    skep_btf_parse(spec->btf, spec->btf_size, NULL, NULL, NULL, &btf) < 0)
		return;
	for (size_t i = 0; i < l->prog->n_cores; i++) {
		const struct skep_core_reloc *core = &l->prog->cores[i];
		_cleanup_(skep_str_fini)
		struct skep_str text = {};

		skep_core_format(btf, core, &text);
		l->notes[core->insn].about = skep_arena_printf(
			l->arena, "CO-RE: %s%s", skep_str_text(&text), states[core->state]);
	}
}

static void note_function(struct skep_listing *l, uint32_t at, const char *name)
{
	bool taken = !name || !skep_is_word(name) || skep_streq(name, "pc") ||
		     skep_helper_find_name(name);

	if (at > l->prog->n_insns)
		return;
	for (size_t i = 0; i < l->prog->n_insns && !taken; i++)
		taken = l->notes[i].function && skep_streq(l->notes[i].function, name);
	l->notes[at].function = taken ? skep_arena_printf(l->arena, "func.%u", at) : name;
}

/* Where the functions begin that a run of instructions was split into. */
static void note_split(struct skep_listing *l)
{
	const struct skep_spec *spec = &l->input->spec;
	uint32_t at = 0;

	for (size_t i = l->index; i < spec->n_progs; i++) {
		if (i > l->index && spec->progs[i].type)
			break;
		note_function(l, at, spec->progs[i].name);
		at += (uint32_t)spec->progs[i].n_insns;
	}
}

/* Everything that a jump or a call leads to gets a name. */
static void note_labels(struct skep_listing *l)
{
	size_t n = l->prog->n_insns;

	for (size_t i = 0; i < n; i++) {
		bool valid = skep_insn_check(&l->insns[i], n - i) == SKEP_INSN_OK;
		int64_t target;

		if (valid && skep_insn_target(l->insns[i], i, &target) && target >= 0 &&
		    (uint64_t)target <= n && !l->notes[target].label)
			l->notes[target].label =
				target && l->notes[target].function
					? l->notes[target].function
					: skep_arena_printf(l->arena, "L%lld", (long long)target);
		if (valid && skep_insn_is_wide(l->insns[i]))
			i++;
	}
	for (size_t i = 0; i < n; i++) /* inside of a 64-bit constant no line begins */
		if (skep_insn_check(&l->insns[i], n - i) == SKEP_INSN_OK &&
		    skep_insn_is_wide(l->insns[i]))
			l->notes[++i].label = NULL;
}

/* Instructions that no program can have: the kernel's verifier makes them for itself. */
static const char *kernels_own(struct skep_insn insn)
{
	if (insn.opcode == (SKEP_CLASS_ALU64 | SKEP_SRC_X | SKEP_ALU_MOV) && insn.off == -1)
		return "the address on this CPU of what is there once for each";
	if (insn.opcode == 0xc2 || insn.opcode == 0xc0)
		return "nothing behind is done ahead of time";
	return NULL;
}

static void note_loaded(struct skep_listing *l)
{
	for (size_t i = 0; i < l->prog->n_insns; i++) {
		l->notes[i].about = l->input->loaded->calls[i] ? l->input->loaded->calls[i]
							       : kernels_own(l->insns[i]);
		if (skep_insn_is_wide(l->insns[i]))
			i++;
	}
}

static int gather(struct skep_listing *l, struct skep_diag *diag)
{
	const struct skep_input *input = l->input;
	struct skep_spec_prog *prog = skep_arena_alloc(l->arena, sizeof(*prog));
	struct skep_linked linked = {};
	int r = 0;

	if (input->whole)
		*prog = input->whole[l->index];
	else if ((r = skep_spec_link(&input->spec, l->index, l->arena, diag, &linked)) == 0)
		*prog = linked.prog;
	if (r < 0)
		return r;
	l->prog = prog;
	l->insns = skep_arena_memdup(l->arena, prog->insns, prog->n_insns * sizeof(*prog->insns));
	l->notes = skep_arena_calloc(l->arena, prog->n_insns + 1, sizeof(*l->notes));
	l->kfuncs = skep_arena_calloc(l->arena, prog->n_relocs + 1, sizeof(*l->kfuncs));
	if (input->whole)
		note_split(l);
	for (size_t i = 0; i < linked.n_funcs; i++)
		note_function(l, linked.funcs[i].insn,
			      input->spec.progs[linked.funcs[i].prog].name);
	for (size_t i = 0; i < prog->n_relocs; i++)
		apply(l, i);
	/* the text of an assembler's line is the instruction itself */
	for (size_t i = 0; input->kind != SKEP_INPUT_ASSEMBLER && i < prog->n_lines; i++)
		if (prog->lines[i].insn < prog->n_insns && prog->lines[i].loc.line)
			l->notes[prog->lines[i].insn].line = &prog->lines[i];
	if (input->loaded)
		note_loaded(l);
	note_cores(l);
	note_labels(l);
	return 0;
}

int skep_listing_new(const struct skep_input *input, size_t prog, unsigned flags,
		     struct skep_arena *arena, struct skep_diag *diag,
		     struct skep_listing **ret_listing)
{
	struct skep_listing *l = skep_arena_alloc(arena, sizeof(*l));
	int r;

	l->input = input;
	l->index = prog;
	l->arena = arena;
	l->maps = skep_listing_map_names(&input->spec, arena);
	r = gather(l, diag);
	if (r == 0 && flags & SKEP_LISTING_NATIVE) {
		l->native = true;
		r = skep_listing_native(l, diag);
	}
	if (r == 0)
		*ret_listing = l;
	return r;
}

const struct skep_insn *skep_listing_insns(const struct skep_listing *l, size_t *ret_n)
{
	*ret_n = l->prog->n_insns;
	return l->insns;
}
