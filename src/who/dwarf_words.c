/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arguments of Go and Rust whose words are in registers one by one. Their compilers hand out registers in an order of their own, also
 * to arguments without a name, which are not described: counting would be wrong. So the places are those that the
 * debugging information tells for the first instruction.
 *
 *	func Price(q int, name string)	q: ax | name: bx, name_len: cx
 *	fn price(name: &str, q: u32)	name: di, name_len: si | q: dx
 */
#include "who/dwarf.h"

#if __has_include(<elfutils/libdw.h>)
#include <string.h>

#include "who/dwarf_priv.h"

#define DW_AT_GO_KIND 0x2900 /* Go's linker: what Go's reflection calls the type */
#define GO_KIND_SLICE 23
#define GO_KIND_STRING 24

#define WORDS_MAX 16 /* of one argument */
#define DEPTH_MAX 8  /* structs in each other */
#define NO_REG 255   /* a word that is in none */

/* The words of one argument: what they are, and where. */
struct words {
	struct skep_arena *arena;
	struct dwarf_param words[WORDS_MAX];
	size_t n, n_places;
	uint8_t places[WORDS_MAX];
	bool strange;
};

/* A text and a slice go by their own name, which is the address; "_len" and "_cap" are added to it for the others. */
static const char *word_name(struct words *w, const char *name, Dwarf_Die *member, bool is_text)
{
	const char *own = dwarf_lib.diename(member);

	if (!own || (is_text && (skep_streq(own, "str") || skep_streq(own, "array") ||
				 skep_streq(own, "data_ptr"))))
		return name;
	if (is_text && skep_streq(own, "length"))
		own = "len";
	return skep_arena_printf(w->arena, "%s_%s", name, own);
}

/* Of both languages: what refers to memory and knows its size. */
static bool is_text(Dwarf_Die *plain)
{
	const char *name = dwarf_lib.diename(plain);

	return dwarf_number(plain, DW_AT_GO_KIND) == GO_KIND_STRING ||
	       dwarf_number(plain, DW_AT_GO_KIND) == GO_KIND_SLICE || (name && name[0] == '&');
}

static void split(struct words *w, const char *name, Dwarf_Die type, unsigned depth)
{
	Dwarf_Die plain = dwarf_stripped(type), member, of;
	bool text = is_text(&plain);

	/* Arrays of one element are in registers; a larger one is in memory, where it has a single place without any. */
	if (dwarf_lib.tag(&plain) == DW_TAG_array_type && depth < DEPTH_MAX &&
	    dwarf_type_of(&plain, &of)) {
		split(w, name, of, depth + 1);
		return;
	}
	if (dwarf_lib.tag(&plain) != DW_TAG_structure_type) {
		if (w->n == WORDS_MAX)
			w->strange = true;
		else
			w->words[w->n++] = (struct dwarf_param){ .name = name, .type = type };
		return;
	}
	for (int more = dwarf_lib.child(&plain, &member); more == 0 && !w->strange;
	     more = dwarf_lib.siblingof(&member, &member)) {
		if (dwarf_lib.tag(&member) != DW_TAG_member)
			continue;
		if (depth == DEPTH_MAX || !dwarf_type_of(&member, &of))
			w->strange = true;
		else
			split(w, word_name(w, name, &member, text), of, depth + 1);
	}
}

static void add_place(struct words *w, uint8_t place)
{
	if (w->n_places == WORDS_MAX)
		w->strange = true;
	else
		w->places[w->n_places++] = place;
}

/* "reg0, piece 8, reg3, piece 8": a register for each word; what is not in one is nowhere. */
static void read_places(struct words *w, const Dwarf_Op *ops, size_t n)
{
	uint8_t place = NO_REG;

	for (size_t i = 0; i < n; i++) {
		if (ops[i].atom >= DW_OP_reg0 && ops[i].atom <= DW_OP_reg31)
			place = (uint8_t)(ops[i].atom - DW_OP_reg0);
		else if (ops[i].atom == DW_OP_piece)
			add_place(w, place);
		else if (ops[i].atom == DW_OP_bit_piece)
			w->strange = true;
		if (ops[i].atom == DW_OP_piece)
			place = NO_REG;
	}
	if (n && ops[n - 1].atom != DW_OP_piece)
		add_place(w, place);
}

/* Without optimization the bytes between members are places too, and in no register. */
static void leave_out_padding(struct words *w)
{
	size_t n = 0;

	for (size_t i = 0; i < w->n_places; i++)
		n += w->places[i] != NO_REG;
	if (w->n_places == w->n || n != w->n)
		return;
	n = 0;
	for (size_t i = 0; i < w->n_places; i++)
		if (w->places[i] != NO_REG)
			w->places[n++] = w->places[i];
	w->n_places = n;
}

/* Where words and places do not fit together, as for all that is in memory, the argument stays whole and nowhere. */
size_t dwarf_words(Dwarf_Die *param, struct skep_arena *arena, Dwarf_Addr begin,
		   struct dwarf_param *params, size_t max)
{
	struct words w = { .arena = arena };
	struct dwarf_param whole = { .name = dwarf_lib.diename(param),
				     .place.in = SKEP_PARAM_PARTS };
	bool somewhere = false;
	Dwarf_Op *ops;
	size_t n;

	if (!max || !whole.name || !dwarf_type_of(param, &whole.type))
		return 0;
	split(&w, whole.name, whole.type, 0);
	if (dwarf_ops_at(param, begin, &ops, &n))
		read_places(&w, ops, n);
	leave_out_padding(&w);
	for (size_t i = 0; i < w.n_places; i++)
		somewhere |= w.places[i] != NO_REG;
	if (w.strange || !somewhere || w.n != w.n_places || w.n > max) {
		params[0] = whole;
		return 1;
	}
	for (size_t i = 0; i < w.n; i++) {
		params[i] = w.words[i];
		if (w.places[i] != NO_REG)
			params[i].place = (struct skep_param_place){ SKEP_PARAM_REG, w.places[i] };
		else
			params[i].place.in = SKEP_PARAM_PARTS;
	}
	return w.n;
}

bool dwarf_go_is_result(Dwarf_Die *param)
{
	Dwarf_Attribute attr;
	bool yes = false;

	return dwarf_lib.attr_integrate(param, DW_AT_variable_parameter, &attr) &&
	       dwarf_lib.formflag(&attr, &yes) == 0 && yes;
}
#endif
