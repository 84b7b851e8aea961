/* SPDX-License-Identifier: Apache-2.0 */
#include "who/dwarf_places.h"

#include <errno.h>

#if __has_include(<elfutils/libdw.h>)
#include <libelf.h>

#include "base/vec.h"
#include "isa/insn.h"
#include "who/dwarf_priv.h"

#define DEPTH_MAX 32	    /* blocks and inlined functions in each other */
#define DIES_MAX (1u << 20) /* looked at */
#define RANGES_MAX 4096	    /* of one variable */
#define OPERATIONS_MAX 16   /* of one place */

struct collector {
	const struct skep_spec *spec;
	struct skep_arena *arena;
	uint32_t prog;	/* the function that is looked at */
	Dwarf_Addr low; /* where it begins */
	int32_t frame;	/* bytes of its stack */
	unsigned n_dies;
	struct {
		SKEP_VEC(struct skep_place);
	} places; /* their types are numbers of `vars` */
	struct {
		SKEP_VEC(Dwarf_Die);
	} vars;
};

/* How deep the function reaches below its frame pointer: compilers count variables from there. */
static int32_t frame_bytes(const struct skep_spec_prog *p)
{
	int32_t deepest = 0;

	for (size_t i = 0; i < p->n_insns; i++) {
		struct skep_insn insn = p->insns[i],
				 next = i + 1 < p->n_insns ? p->insns[i + 1] : insn;
		unsigned class = skep_insn_class(insn);
		bool copies = insn.opcode == (SKEP_CLASS_ALU64 | SKEP_ALU_MOV | SKEP_SRC_X) &&
			      insn.src == SKEP_FP;

		if (skep_insn_is_wide(insn)) {
			i++;
			continue;
		}
		if ((class == SKEP_CLASS_LDX && insn.src == SKEP_FP) ||
		    ((class == SKEP_CLASS_ST || class == SKEP_CLASS_STX) && insn.dst == SKEP_FP))
			deepest = MIN(deepest, insn.off);
		else if (copies && next.dst == insn.dst && next.imm > -SKEP_STACK_SIZE - 1 &&
			 next.opcode == (SKEP_CLASS_ALU64 | SKEP_ALU_ADD | SKEP_SRC_K))
			deepest = MIN(deepest, next.imm);
	}
	return (-deepest + 7) / 8 * 8;
}

/* Operations that change only how wide the value is. */
static bool keeps_value(const Dwarf_Op *op)
{
	switch (op->atom) {
	case DW_OP_stack_value:
	case DW_OP_convert:
	case DW_OP_and:
	case DW_OP_constu:
		return true;
	default:
		return false;
	}
}

/* False: the variable is nowhere that has a name here. */
static bool read_place(const struct collector *c, const Dwarf_Op *ops, size_t n,
		       struct skep_place *place)
{
	int64_t off;

	if (n == 0 || n > OPERATIONS_MAX)
		return false;
	if (n == 1 && ops[0].atom >= DW_OP_reg0 && ops[0].atom <= DW_OP_reg0 + SKEP_R9) {
		place->reg = (uint8_t)(ops[0].atom - DW_OP_reg0);
		return true;
	}
	off = (int64_t)ops[0].number;
	if (n > 1 && ops[0].atom >= DW_OP_breg0 && ops[0].atom <= DW_OP_breg0 + SKEP_R9 &&
	    off == (int16_t)off) {
		for (size_t i = 1; i < n; i++)
			if (!keeps_value(&ops[i]))
				return false;
		place->reg = (uint8_t)(ops[0].atom - DW_OP_breg0);
		place->off = (int32_t)off;
		return true;
	}
	if (n != 1 || (ops[0].atom != DW_OP_breg0 + SKEP_FP && ops[0].atom != DW_OP_fbreg))
		return false;
	if (off >= 0)
		off -= c->frame; /* LLVM counts from the lowest byte of the frame */
	place->on_stack = true;
	place->off = (int32_t)off;
	return off < 0 && off >= -SKEP_STACK_SIZE;
}

static void add_place(struct collector *c, const struct skep_place *from, Dwarf_Addr start,
		      Dwarf_Addr end, const Dwarf_Op *ops, size_t n)
{
	const struct skep_spec_prog *p = &c->spec->progs[c->prog];
	struct skep_place place = *from;
	uint64_t first = start > c->low ? (start - c->low) / 8 : 0;
	uint64_t last = end > c->low ? (end - c->low + 7) / 8 : 0;

	place.first = (uint32_t)MIN(first, (uint64_t)p->n_insns);
	place.end = (uint32_t)MIN(last, (uint64_t)p->n_insns);
	if (place.first < place.end && c->places.len < SKEP_DWARF_PLACES_MAX &&
	    read_place(c, ops, n, &place))
		skep_vec_add(&c->places, place);
}

static void add_variable(struct collector *c, Dwarf_Die *die)
{
	const char *name = dwarf_lib.diename(die);
	struct skep_place place = { .prog = c->prog };
	size_t before = c->places.len;
	Dwarf_Attribute attr;
	Dwarf_Addr base, start, end;
	Dwarf_Op *ops;
	size_t n_ops;
	ptrdiff_t at = 0;

	if (!name || !*name || !dwarf_lib.attr_integrate(die, DW_AT_location, &attr))
		return;
	place.name = skep_arena_strdup(c->arena, name);
	place.type = (uint32_t)c->vars.len;
	for (unsigned i = 0; i < RANGES_MAX; i++) {
		at = dwarf_lib.getlocations(&attr, at, &base, &start, &end, &ops, &n_ops);
		if (at <= 0)
			break;
		add_place(c, &place, start, end, ops, n_ops);
	}
	if (c->places.len > before)
		skep_vec_add(&c->vars, *die);
}

static void look_into(struct collector *c, Dwarf_Die *parent, unsigned depth)
{
	Dwarf_Die die;

	for (int more = dwarf_lib.child(parent, &die); more == 0 && c->n_dies++ < DIES_MAX;
	     more = dwarf_lib.siblingof(&die, &die)) {
		switch (dwarf_lib.tag(&die)) {
		case DW_TAG_variable:
		case DW_TAG_formal_parameter:
			add_variable(c, &die);
			break;
		case DW_TAG_lexical_block:
		case DW_TAG_inlined_subroutine:
			if (depth < DEPTH_MAX)
				look_into(c, &die, depth + 1);
			break;
		}
	}
}

static void look_at_function(struct collector *c, Dwarf_Die *die)
{
	const char *name = dwarf_lib.diename(die);
	Dwarf_Addr low, high;

	if (!name || dwarf_lib.lowpc(die, &low) != 0 || dwarf_lib.highpc(die, &high) != 0)
		return;
	for (uint32_t i = 0; i < c->spec->n_progs; i++) {
		const struct skep_spec_prog *p = &c->spec->progs[i];

		if (!skep_streq(p->name, name) || high - low != p->n_insns * 8)
			continue;
		c->prog = i;
		c->low = low;
		c->frame = frame_bytes(p);
		look_into(c, die, 0);
		return;
	}
}

static void look_at_units(struct collector *c, Dwarf *dwarf)
{
	Dwarf_Off at = 0, next;
	size_t head;

	while (dwarf_lib.nextcu(dwarf, at, &next, &head, NULL, NULL, NULL) == 0) {
		Dwarf_Die unit, die;

		if (dwarf_lib.offdie(dwarf, at + head, &unit))
			for (int more = dwarf_lib.child(&unit, &die);
			     more == 0 && c->n_dies++ < DIES_MAX;
			     more = dwarf_lib.siblingof(&die, &die))
				if (dwarf_lib.tag(&die) == DW_TAG_subprogram)
					look_at_function(c, &die);
		if (next <= at)
			break;
		at = next;
	}
}

/* Types: the places' numbers of variables become numbers of types. */
static int take_types(struct collector *c, struct skep_places *places)
{
	uint32_t *types = skep_arena_calloc(c->arena, c->vars.len + 1, sizeof(*types));
	int r = dwarf_types_to_btf(c->vars.data, c->vars.len, &places->btf, types);

	for (size_t i = 0; i < c->places.len; i++)
		c->places.data[i].type = r < 0 ? 0 : types[c->places.data[i].type];
	return r;
}

int skep_dwarf_places(const void *object, size_t size, const struct skep_spec *spec,
		      struct skep_arena *arena, struct skep_places *ret_places)
{
	struct collector c = { .spec = spec, .arena = arena };
	struct skep_places places = {};
	Dwarf *dwarf;
	Elf *elf;
	int r = dwarf_open_library();

	if (r < 0)
		return r;
	elf_version(EV_CURRENT);
	/* libelf wants bytes that it may change, though it does not without being asked to */
	elf = elf_memory((char *)object, size);
	dwarf = elf ? dwarf_lib.begin_elf(elf, DWARF_C_READ, NULL) : NULL;
	if (dwarf) {
		look_at_units(&c, dwarf);
		if (take_types(&c, &places) < 0)
			places.btf = NULL;
		dwarf_lib.end(dwarf);
	}
	elf_end(elf);
	places.n = c.places.len;
	places.places =
		skep_arena_memdup(arena, c.places.data, c.places.len * sizeof(*places.places));
	skep_vec_fini(&c.places);
	skep_vec_fini(&c.vars);
	if (!dwarf)
		return -ENOENT;
	*ret_places = places;
	return 0;
}

#else /* built without elfutils' headers */

int skep_dwarf_places(const void *object, size_t size, const struct skep_spec *spec,
		      struct skep_arena *arena, struct skep_places *ret_places)
{
	return -ENOTSUP;
}
#endif
