/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/name.h"

#include <stdio.h>
#include <string.h>

#include "isa/table.h"
#include "verify/expr.h"

#define STEPS_BACK_MAX 20000
#define PARTS_MAX 6 /* instructions that one expression is made of */

/* A place in the path: what comes before step @i of @state. */
struct cursor {
	const struct skep_state *state;
	size_t i;
};

static bool name_at(struct skep_walk *walk, struct cursor at, unsigned depth, unsigned reg,
		    uint32_t insn, unsigned parts, struct skep_expr *ret_expr);

static const struct skep_step *step_back(struct cursor *c)
{
	while (c->i == 0) {
		if (!c->state->parent)
			return NULL;
		c->state = c->state->parent;
		c->i = c->state->trace.len;
	}
	return &c->state->trace.data[--c->i];
}

static uint32_t prog_of(const struct skep_walk *walk, uint32_t *insn)
{
	const struct skep_code_func *f = &walk->code.funcs[walk->code.info[*insn].func];

	*insn -= f->first;
	return f->prog;
}

static bool from_place(const struct skep_walk *walk, uint32_t insn, unsigned reg,
		       struct skep_expr *e)
{
	const struct skep_places *places = walk->options->places;
	uint32_t prog = prog_of(walk, &insn);
	const struct skep_place *p = skep_place_of_reg(places, prog, insn, reg);

	if (!p || !skep_expr_set(e, "%s", p->name))
		return false;
	skep_expr_type(e, places->btf, p->type);
	return true;
}

/* The variable that memory at @reg plus @off is reached through: perhaps another one than what the register is. */
static bool from_near(const struct skep_walk *walk, uint32_t insn, unsigned reg, int32_t off,
		      struct skep_expr *e)
{
	const struct skep_places *places = walk->options->places;
	uint32_t prog = prog_of(walk, &insn);
	const struct skep_place *p = skep_place_near(places, prog, insn, reg, off);

	if (!p || !skep_expr_set(e, "%s", p->name))
		return false;
	skep_expr_type(e, places->btf, p->type);
	e->off = -p->off;
	return true;
}

/* A parameter, by the types of the function that begins with the path. */
static bool from_prototype(const struct skep_walk *walk, unsigned reg, struct skep_expr *e)
{
	const struct skep_spec_prog *p = &walk->spec->progs[walk->code.funcs[walk->root].prog];
	struct skep_btf_param param;
	uint32_t proto;

	if (!walk->own_btf || !p->btf_func || reg < SKEP_R1 || reg > SKEP_R5 ||
	    skep_btf_proto(walk->own_btf, skep_btf_type(walk->own_btf, p->btf_func).type, &proto) <
		    0 ||
	    skep_btf_param(walk->own_btf, proto, reg - SKEP_R1, &param) < 0 || !param.name[0])
		return false;
	skep_expr_type(e, walk->own_btf, param.type);
	return skep_expr_set(e, "%s", param.name);
}

const struct skep_spec_var *skep_name_of_data(const struct skep_walk *walk, uint32_t map,
					      int64_t off)
{
	for (size_t i = 0; i < walk->spec->n_vars; i++) {
		const struct skep_spec_var *v = &walk->spec->vars[i];

		if (v->map == map && v->offset <= off && off < (int64_t)v->offset + v->size_bytes)
			return v;
	}
	return NULL;
}

/* The constant of a wide instruction: a map, or a place in an object's data. */
static bool from_constant(const struct skep_walk *walk, uint32_t insn, struct skep_expr *e)
{
	int32_t index = walk->code.info[insn].reloc;
	const struct skep_reloc *reloc = index < 0 ? NULL : &walk->code.relocs[index];
	const struct skep_spec_var *v;

	if (!reloc)
		return false;
	if (reloc->kind == SKEP_RELOC_MAP)
		return skep_expr_set(e, "&%s", walk->spec->maps[reloc->index].name);
	if (reloc->kind != SKEP_RELOC_MAP_VALUE)
		return false;
	v = skep_name_of_data(walk, reloc->index, reloc->addend);
	if (!v)
		return false;
	e->is_pointer = true;
	e->btf = walk->own_btf;
	e->target = v->type && walk->own_btf ? v->type : 0;
	if (e->target && skep_btf_kind(e->btf, e->target) == SKEP_BTF_VAR)
		e->target = skep_btf_type(e->btf, e->target).type;
	e->off = (int64_t)reloc->addend - v->offset;
	return skep_expr_set(e, "&%s", v->name);
}

/* A value on the stack: its variable, or what was stored there. */
static bool from_slot(struct skep_walk *walk, struct cursor at, const struct skep_step *load,
		      unsigned parts, struct skep_expr *e)
{
	uint32_t insn = load->insn, prog = prog_of(walk, &insn);
	struct skep_insn i = walk->code.insns[load->insn];
	const struct skep_places *places = walk->options->places;
	const struct skep_step *s;

	if (i.src == SKEP_R10) {
		const struct skep_place *p = skep_place_of_slot(places, prog, insn, i.off);
		struct skep_expr base = { .btf = places ? places->btf : NULL, .is_pointer = true };

		if (p && skep_expr_set(&base, "&%s", p->name)) {
			base.target = p->type;
			return skep_expr_memory(&base, i.off - p->off,
						skep_size_bytes(i.opcode & SKEP_SIZE_MASK), e);
		}
	}
	for (unsigned n = 0; n < STEPS_BACK_MAX && (s = step_back(&at)); n++)
		if (s->on_stack && s->frame == load->frame && s->slot == load->slot &&
		    skep_insn_class(walk->code.insns[s->insn]) == SKEP_CLASS_STX)
			return name_at(walk, at, s->depth, walk->code.insns[s->insn].src, s->insn,
				       parts, e);
	return false;
}

/* The pointer that an access of memory at @reg plus @off goes through. */
static bool memory_base(struct skep_walk *walk, struct cursor at, unsigned depth, unsigned reg,
			uint32_t insn, int32_t off, unsigned parts, struct skep_expr *e)
{
	struct skep_expr near = {};
	bool named = name_at(walk, at, depth, reg, insn, parts, e) && e->is_pointer;

	/* objects of the kernel have their own layout, which name_at has seen to */
	if (named && walk->options->btf && e->btf == walk->options->btf)
		return true;
	if (from_near(walk, insn, reg, off, &near)) {
		*e = near;
		return true;
	}
	return named;
}

static bool from_load(struct skep_walk *walk, struct cursor at, const struct skep_step *s,
		      unsigned parts, struct skep_expr *e)
{
	struct skep_insn insn = walk->code.insns[s->insn];
	struct skep_expr base = {};

	if (s->on_stack)
		return from_slot(walk, at, s, parts, e);
	return memory_base(walk, at, s->depth, insn.src, s->insn, insn.off, parts, &base) &&
	       skep_expr_memory(&base, insn.off, skep_size_bytes(insn.opcode & SKEP_SIZE_MASK), e);
}

/* bpf_map_lookup_elem(&counts), bpf_ktime_get_ns() */
static bool from_call(struct skep_walk *walk, struct cursor at, const struct skep_step *s,
		      unsigned parts, struct skep_expr *e)
{
	struct skep_insn insn = walk->code.insns[s->insn];
	const struct skep_helper *h = skep_helper_find(insn.imm);
	const struct skep_value *left = skep_walk_left(walk, s);
	struct skep_expr map = {};

	if (insn.src != SKEP_CALL_HELPER || !h)
		return false;
	if (h->args[0] == SKEP_ARG_MAP &&
	    !name_at(walk, at, s->depth, SKEP_R1, s->insn, parts, &map))
		map.text[0] = 0;
	if (left && left->kind == SKEP_VALUE_MAP_VALUE && !left->inner_map) {
		e->target = walk->spec->maps[left->map].btf_value_type;
		e->btf = walk->own_btf;
		e->is_pointer = true;
	}
	return skep_expr_set(e, "bpf_%s(%s)", h->name, map.text);
}

/* A shift up and then down only cuts the number: `x << 32 >> 32` is a conversion that the source does not show. */
static bool is_conversion(const struct skep_walk *walk, struct cursor *at,
			  const struct skep_step *s)
{
	struct skep_insn insn = walk->code.insns[s->insn], before;
	struct cursor c = *at;
	const struct skep_step *p = step_back(&c);
	unsigned op = insn.opcode & SKEP_OP_MASK;

	if (!p || (op != SKEP_ALU_RSH && op != SKEP_ALU_ARSH) || insn.opcode & SKEP_SRC_X)
		return false;
	before = walk->code.insns[p->insn];
	if (before.opcode != (SKEP_CLASS_ALU64 | SKEP_ALU_LSH | SKEP_SRC_K) ||
	    before.dst != insn.dst || before.imm != insn.imm || p->depth != s->depth)
		return false;
	*at = c;
	return true;
}

static bool from_alu(struct skep_walk *walk, struct cursor at, const struct skep_step *s,
		     unsigned parts, struct skep_expr *e)
{
	struct skep_insn insn = walk->code.insns[s->insn];
	unsigned op = insn.opcode & SKEP_OP_MASK;
	struct skep_expr a = {}, b = {};
	bool by_reg = insn.opcode & SKEP_SRC_X;

	if (op == SKEP_ALU_MOV)
		return by_reg && name_at(walk, at, s->depth, insn.src, s->insn, parts, e);
	if (op == SKEP_ALU_NEG)
		return false;
	if (op == SKEP_ALU_END || is_conversion(walk, &at, s))
		return name_at(walk, at, s->depth, insn.dst, s->insn, parts, e);
	if (!name_at(walk, at, s->depth, insn.dst, s->insn, parts, &a))
		return false;
	if (!by_reg)
		return skep_expr_constant(insn, &a, e);
	return name_at(walk, at, s->depth, insn.src, s->insn, parts, &b) &&
	       skep_expr_other(insn, &a, &b, e);
}

/* A script's own text for what the instruction does. */
static bool from_source(const struct skep_walk *walk, uint32_t insn, struct skep_expr *e)
{
	const struct skep_spec_line *line = skep_walk_line(walk, insn);
	const char *text = walk->spec->source_text;

	if (!text || !line || line->text || !line->loc.len || line->loc.len >= SKEP_EXPR_MAX)
		return false;
	for (uint32_t n = 1; text && n < line->loc.line; n++) {
		text = memchr(text, '\n',
			      walk->spec->source_len - (size_t)(text - walk->spec->source_text));
		text = text ? text + 1 : NULL;
	}
	if (!text || !line->loc.col ||
	    (size_t)(text - walk->spec->source_text) + line->loc.col - 1 + line->loc.len >
		    walk->spec->source_len)
		return false;
	text += line->loc.col - 1;
	if (memchr(text, '\n', line->loc.len) || memchr(text, '{', line->loc.len))
		return false;
	return skep_expr_set(e, "%.*s", (int)line->loc.len, text);
}

static bool from_step(struct skep_walk *walk, struct cursor at, const struct skep_step *s,
		      unsigned parts, struct skep_expr *e)
{
	struct skep_insn insn = walk->code.insns[s->insn];

	if (from_source(walk, s->insn, e))
		return true;
	switch (skep_insn_class(insn)) {
	case SKEP_CLASS_ALU:
	case SKEP_CLASS_ALU64:
		return from_alu(walk, at, s, parts, e);
	case SKEP_CLASS_LDX:
		return from_load(walk, at, s, parts, e);
	case SKEP_CLASS_LD:
		return skep_insn_is_wide(insn) && from_constant(walk, s->insn, e);
	case SKEP_CLASS_JMP:
		return skep_insn_is_call(insn) && from_call(walk, at, s, parts, e);
	default:
		return false;
	}
}

/*
 * The step before @at that gave register @reg of the frame at *depth its value, with the frame that it is in then: an
 * argument comes from the caller, a result from the function that was called. NULL: it is there from the start.
 */
static const struct skep_step *find_writer(const struct skep_walk *walk, struct cursor *at,
					   unsigned *depth, unsigned *reg)
{
	const struct skep_step *s;

	for (unsigned n = 0; n < STEPS_BACK_MAX && (s = step_back(at)); n++) {
		struct skep_insn insn = walk->code.insns[s->insn];
		unsigned uses, sets;

		if (s->depth > *depth) {
			if (*reg == SKEP_R0 && s->depth == *depth + 1 && skep_insn_is_exit(insn))
				++*depth;
			continue;
		}
		if (s->depth < *depth) { /* the call that this function began with */
			if (insn.src != SKEP_CALL_LOCAL || *reg < SKEP_R1 || *reg > SKEP_R5)
				return NULL;
			*depth = s->depth;
			continue;
		}
		skep_code_uses(insn, &uses, &sets);
		if (sets & 1u << *reg)
			return s;
	}
	return NULL;
}

/* What the step wrote was a variable at first, even if its place was another one later. */
static bool from_place_after(const struct skep_walk *walk, const struct skep_step *s, unsigned reg,
			     struct skep_expr *e)
{
	uint32_t next = s->insn + (skep_insn_is_wide(walk->code.insns[s->insn]) ? 2 : 1);

	return next < walk->code.n_insns &&
	       walk->code.info[next].func == walk->code.info[s->insn].func &&
	       from_place(walk, next, reg, e);
}

/* What register @reg holds before the instruction @insn that comes after @at. */
static bool name_at(struct skep_walk *walk, struct cursor at, unsigned depth, unsigned reg,
		    uint32_t insn, unsigned parts, struct skep_expr *e)
{
	const struct skep_value *left;
	const struct skep_step *s;
	bool named;

	*e = (struct skep_expr){};
	if (!parts || reg == SKEP_R10)
		return false;
	named = from_place(walk, insn, reg, e);
	s = find_writer(walk, &at, &depth, &reg);
	if (!named && s)
		named = from_place_after(walk, s, reg, e) || from_step(walk, at, s, parts - 1, e);
	else if (!named)
		named = depth == 0 && from_prototype(walk, reg, e);
	/* an object of the kernel is laid out as this kernel has it, not as the program was compiled */
	left = s ? skep_walk_left(walk, s) : NULL;
	if (named && left && left->kind == SKEP_VALUE_OBJECT) {
		e->btf = walk->options->btf;
		e->target = left->type;
		e->off = left->off;
		e->is_pointer = true;
	}
	return named;
}

static const char *keep(struct skep_walk *walk, bool named, const struct skep_expr *e)
{
	return named ? skep_arena_strdup(walk->arena, e->text) : NULL;
}

/* Where the walk is: the current step is the last one of the trace. */
static bool is_here(const struct skep_walk *walk, struct cursor *ret_at)
{
	if (!walk->state || !walk->state->trace.len)
		return false;
	*ret_at = (struct cursor){ walk->state, walk->state->trace.len - 1 };
	return true;
}

const char *skep_name_of(struct skep_walk *walk, unsigned reg)
{
	struct skep_expr e = {};
	struct cursor at;

	return is_here(walk, &at)
		       ? keep(walk,
			      name_at(walk, at, walk->state->depth, reg, walk->insn, PARTS_MAX, &e),
			      &e)
		       : NULL;
}

const char *skep_name_of_memory(struct skep_walk *walk, unsigned reg, int32_t off, uint32_t size)
{
	struct skep_expr base = {}, e = {};
	struct cursor at;

	if (!is_here(walk, &at) ||
	    !memory_base(walk, at, walk->state->depth, reg, walk->insn, off, PARTS_MAX, &base))
		return NULL;
	return keep(walk, skep_expr_memory(&base, off, size, &e), &e);
}

const char *skep_name_of_added(struct skep_walk *walk, unsigned reg)
{
	const struct skep_step *s;
	struct skep_expr e = {};
	struct cursor at;
	unsigned depth;

	if (!is_here(walk, &at))
		return NULL;
	depth = walk->state->depth;
	for (unsigned n = 0; n < PARTS_MAX && (s = find_writer(walk, &at, &depth, &reg)); n++) {
		struct skep_insn insn = walk->code.insns[s->insn];
		unsigned op = insn.opcode & SKEP_OP_MASK, class = skep_insn_class(insn);
		bool by_reg = insn.opcode & SKEP_SRC_X;

		if (class != SKEP_CLASS_ALU64 || (op != SKEP_ALU_ADD && op != SKEP_ALU_MOV) ||
		    (op == SKEP_ALU_MOV && !by_reg))
			return NULL;
		if (op == SKEP_ALU_ADD && by_reg) {
			/* which of the two was the number is told by the other, which is known as a pointer */
			bool named = name_at(walk, at, depth, insn.src, s->insn, PARTS_MAX, &e);

			if (named && !e.is_pointer)
				return keep(walk, named, &e);
			named = name_at(walk, at, depth, insn.dst, s->insn, PARTS_MAX, &e);
			return keep(walk, named && !e.is_pointer, &e);
		}
		if (op == SKEP_ALU_MOV)
			reg = insn.src;
	}
	return NULL;
}

const char *skep_name_after(struct skep_walk *walk, const struct skep_state *state, size_t index,
			    unsigned reg)
{
	const struct skep_step *s = &state->trace.data[index];
	struct skep_expr e = {};

	if (from_place_after(walk, s, reg, &e))
		return keep(walk, true, &e);
	return keep(walk, from_step(walk, (struct cursor){ state, index }, s, PARTS_MAX, &e), &e);
}

const struct skep_helper *skep_helper_that_lost(struct skep_walk *walk, unsigned reg)
{
	const struct skep_helper *last = NULL;
	const struct skep_step *s;
	struct cursor at;

	if (!is_here(walk, &at))
		return NULL;
	for (unsigned n = 0; n < STEPS_BACK_MAX && (s = step_back(&at)); n++) {
		struct skep_insn insn = walk->code.insns[s->insn];
		const struct skep_helper *h =
			skep_insn_is_call(insn) && insn.src == SKEP_CALL_HELPER
				? skep_helper_find(insn.imm)
				: NULL;
		unsigned uses, sets;

		skep_code_uses(insn, &uses, &sets);
		if (s->depth == walk->state->depth && sets & 1u << reg) {
			bool copies = insn.opcode == (SKEP_CLASS_ALU64 | SKEP_ALU_MOV | SKEP_SRC_X);

			if (last || !copies)
				return last;
			reg = insn.src;
		}
		if (h && h->flags & (SKEP_HELPER_PACKET | SKEP_HELPER_RELEASE))
			last = h;
	}
	return NULL;
}

const char *skep_name_of_result(struct skep_walk *walk, uint32_t insn)
{
	const struct skep_step *s;
	struct cursor at;

	if (!is_here(walk, &at))
		return NULL;
	for (unsigned n = 0; n < STEPS_BACK_MAX && (s = step_back(&at)); n++)
		if (s->insn == insn)
			return skep_name_after(walk, at.state, at.i, SKEP_R0);
	return NULL;
}
